use std::path::PathBuf;
use std::time::{Duration, Instant};

use roadstead_collect::{ReadingOutcome, connect, test};
use roadstead_model::{Endpoint, EngineContainerId, FaultCause};

use crate::fake::{FakeEngine, INFO, Reply, Then, VERSION, options};

/// Longer than the time allowed by [`options`], by what a busy machine may add.
const WITHIN: Duration = Duration::from_secs(3);

/// The cause `connect` and `test` give for a server that answers everything with `reply`.
async fn cause_of(reply: Reply) -> FaultCause {
    let server = FakeEngine::unix(move |_| reply.clone());
    let options = options(&server.dir);
    let started = Instant::now();
    let connected = connect(&server.endpoint, &options).await.unwrap_err();
    assert!(started.elapsed() < WITHIN, "connect took {:?}", started.elapsed());
    let started = Instant::now();
    let tested = test(&server.endpoint, &options).await.unwrap_err();
    assert!(started.elapsed() < WITHIN, "test took {:?}", started.elapsed());
    assert_eq!(connected.cause, tested.cause, "{connected} and {tested}");
    connected.cause
}

#[tokio::test]
async fn a_healthy_engine_passes_the_test() {
    let server = FakeEngine::healthy_but(|_| None);
    let found = test(&server.endpoint, &options(&server.dir)).await.unwrap();
    assert_eq!(found.facts.engine_version, "20.10.24+dfsg1");
    assert_eq!(found.facts.api_version, "1.41");
    assert_eq!((found.containers_total, found.containers_running), (6, 4));
    assert!(found.round_trip_ms > 0.0);
}

#[tokio::test]
async fn a_socket_nobody_listens_on_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let fault = connect(&Endpoint::Unix { path }, &options(&dir))
        .await
        .unwrap_err();
    assert_eq!(fault.cause, FaultCause::Refused);
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let endpoint = Endpoint::parse(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let fault = connect(&endpoint, &options(&dir)).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::Refused);
}

#[tokio::test]
async fn a_socket_that_does_not_exist_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = PathBuf::from("/nowhere/docker.sock");
    let fault = connect(&Endpoint::Unix { path }, &options(&dir))
        .await
        .unwrap_err();
    assert_eq!(fault.cause, FaultCause::SocketMissing);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::parse("tcp://no-such-host.invalid:2375").unwrap();
    let mut patient = options(&dir);
    patient.timeout = Duration::from_secs(20);
    let fault = connect(&endpoint, &patient).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::NameNotFound);
}

#[tokio::test]
async fn a_server_that_hangs_times_out() {
    assert_eq!(cause_of(Reply::hang()).await, FaultCause::TimedOut);
}

#[tokio::test]
async fn a_server_that_is_too_slow_times_out() {
    let slow = Reply::json(VERSION).after(Duration::from_secs(30));
    assert_eq!(cause_of(slow).await, FaultCause::TimedOut);
}

#[tokio::test]
async fn a_server_that_hangs_in_the_middle_of_an_answer_times_out() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"ApiVersion\"";
    assert_eq!(
        cause_of(Reply::raw(half).then(Then::Hang)).await,
        FaultCause::TimedOut
    );
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_a_lost_connection() {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let cut = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n40\r\n{{\"ApiVersion\"");
        let cause = cause_of(Reply::raw(cut).then(Then::Close)).await;
        assert_eq!(cause, FaultCause::ConnectionLost, "{head}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_at_once_is_a_lost_connection() {
    assert_eq!(
        cause_of(Reply::raw("").then(Then::Close)).await,
        FaultCause::ConnectionLost
    );
}

#[tokio::test]
async fn something_else_that_listens_is_not_an_engine() {
    for (what, reply) in [
        ("an ssh server", Reply::raw("SSH-2.0-OpenSSH_9.2p1\r\n\r\n")),
        ("noise", Reply::raw(vec![0_u8, 255, 7, 13, 10, 13, 10])),
        (
            "a web page",
            Reply::status(200, "text/html", "<html>hello</html>"),
        ),
        (
            "a web server's error page",
            Reply::status(502, "text/html", "<html>502</html>"),
        ),
        (
            "a redirect",
            Reply::raw("HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("another service", Reply::json(r#"{"status":"up"}"#)),
        (
            "not found",
            Reply::status(404, "text/plain", "404 page not found"),
        ),
        ("text", Reply::status(200, "text/plain", "hello")),
        ("an empty answer", Reply::json("")),
    ] {
        assert_eq!(
            cause_of(reply.then(Then::Close)).await,
            FaultCause::NotAnEngine,
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_huge_version_answer_is_not_an_engine() {
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    assert_eq!(cause_of(Reply::raw(endless)).await, FaultCause::NotAnEngine);
}

#[tokio::test]
async fn an_engine_in_trouble_says_so_itself() {
    let reply = Reply::status(
        500,
        "application/json",
        r#"{"message":"disk http://bob:pw@h/ is full"}"#,
    );
    let server = FakeEngine::unix(move |_| reply.clone());
    let fault = connect(&server.endpoint, &options(&server.dir))
        .await
        .unwrap_err();
    assert_eq!(fault.cause, FaultCause::EngineError);
    assert!(fault.detail.contains("is full"), "{fault}");
    assert!(!fault.detail.contains("pw"), "{fault}");
}

#[tokio::test]
async fn an_old_engine_is_too_old() {
    let old = VERSION.replace("\"1.41\"", "\"1.39\"");
    assert_eq!(cause_of(Reply::json(&old)).await, FaultCause::ApiTooOld);
}

#[tokio::test]
async fn an_engine_that_wants_tls_is_not_mistaken_for_a_stranger() {
    let reply = Reply::status(
        400,
        "text/plain",
        "Client sent an HTTP request to an HTTPS server.\n",
    );
    assert_eq!(cause_of(reply).await, FaultCause::TlsClientRefused);
}

#[tokio::test]
async fn a_test_ends_in_time_when_only_the_last_question_hangs() {
    let server = FakeEngine::healthy_but(|path| path.starts_with("/info").then(Reply::hang));
    let started = Instant::now();
    let fault = test(&server.endpoint, &options(&server.dir)).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::TimedOut);
    assert!(started.elapsed() < WITHIN);
}

#[tokio::test]
async fn each_answer_has_its_largest_size() {
    let padding = format!("{{\"Name\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    let server = FakeEngine::healthy_but(move |path| {
        (path.starts_with("/info") || path.contains("/stats")).then(|| Reply::json(&padding))
    });
    let mut patient = options(&server.dir);
    patient.answer_timeout = Duration::from_secs(20);
    let connection = connect(&server.endpoint, &patient).await.unwrap();
    let fault = connection.host_facts().await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::AnswerTooLarge);
    let readings = connection
        .readings(&[EngineContainerId("aa".to_owned())], 1)
        .await;
    assert!(
        matches!(&readings[0].1, ReadingOutcome::Failed(fault) if fault.cause == FaultCause::AnswerTooLarge),
        "{readings:?}"
    );
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_its_largest_size() {
    let mut body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..80 {
        body.extend_from_slice(b"10000\r\n");
        body.extend(std::iter::repeat_n(b' ', 0x10000));
        body.extend_from_slice(b"\r\n");
    }
    let server = FakeEngine::healthy_but(move |path| {
        path.starts_with("/info")
            .then(|| Reply::raw(body.clone()).then(Then::Hang))
    });
    let mut patient = options(&server.dir);
    patient.answer_timeout = Duration::from_secs(20);
    let connection = connect(&server.endpoint, &patient).await.unwrap();
    let fault = connection.host_facts().await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::AnswerTooLarge);
}

#[tokio::test]
async fn an_answer_that_stops_making_sense_later_is_a_bad_answer() {
    let server = FakeEngine::healthy_but(|path| {
        path.starts_with("/info")
            .then(|| Reply::json(&INFO.replace("\"NCPU\": 2", "\"NCPU\": \"hunter2\"")))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let fault = connection.host_facts().await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::BadAnswer);
    assert!(
        !fault.detail.contains("hunter2"),
        "no part of an answer is repeated: {fault}"
    );
}

#[tokio::test]
async fn a_connection_works_again_after_a_fault() {
    let server =
        FakeEngine::healthy_but(|path| path.contains("/_ping").then(|| Reply::raw("").then(Then::Close)));
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    assert_eq!(
        connection.ping().await.unwrap_err().cause,
        FaultCause::ConnectionLost
    );
    assert!(connection.host_facts().await.is_ok());
}

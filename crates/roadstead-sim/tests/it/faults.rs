use std::time::{Duration, Instant};

use hyper::StatusCode;
use roadstead_sim::{Fault, FleetPlan, SimClock, SimHost};

use crate::support::{NOON_MS, Served, fleet, serve};

/// A served host with this fault, given a moment to take hold.
async fn failing(fault: Fault) -> Served {
    let served = serve(&fleet(FleetPlan::default()), 0, &SimClock::stepped(NOON_MS));
    served.host.set_fault(fault);
    tokio::time::sleep(Duration::from_millis(50)).await;
    served
}

async fn is_well(served: &Served) -> bool {
    matches!(served.get("/_ping").await, Ok((StatusCode::OK, body)) if body == "OK")
}

/// Waits for the socket to follow the fault.
async fn healed(served: &Served) {
    served.host.heal();
    for _ in 0..100 {
        if is_well(served).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not become well again");
}

fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<std::io::ErrorKind> {
    error.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

#[tokio::test]
async fn a_refusing_host_has_a_socket_nobody_listens_on() {
    let served = failing(Fault::Refuse).await;
    assert!(served.host.socket_path().exists());
    let error = served.get("/_ping").await.unwrap_err();
    assert_eq!(
        io_kind(error.as_ref()),
        Some(std::io::ErrorKind::ConnectionRefused)
    );
    healed(&served).await;
}

#[tokio::test]
async fn a_gone_socket_is_not_found() {
    let served = failing(Fault::SocketGone).await;
    let error = served.get("/_ping").await.unwrap_err();
    assert_eq!(io_kind(error.as_ref()), Some(std::io::ErrorKind::NotFound));
    healed(&served).await;
}

#[tokio::test]
async fn a_hanging_host_accepts_and_does_not_answer() {
    let served = failing(Fault::Hang).await;
    let waited = tokio::time::timeout(Duration::from_millis(300), served.get("/_ping")).await;
    assert!(waited.is_err(), "no answer, no error");
    assert_eq!(served.host.sim().requests(), 1, "the request arrived");
    healed(&served).await;
}

#[tokio::test]
async fn a_slow_host_answers_late() {
    let served = failing(Fault::Slow(Duration::from_millis(200))).await;
    let asked = Instant::now();
    assert!(is_well(&served).await);
    assert!(asked.elapsed() >= Duration::from_millis(200));
    healed(&served).await;
}

#[tokio::test]
async fn a_cut_answer_announces_more_than_it_brings() {
    let served = failing(Fault::Cut).await;
    for path in ["/version", "/containers/json", "/containers/json?all=1"] {
        let error = served.get(path).await.unwrap_err().to_string();
        assert!(
            error.contains("body") || error.contains("closed"),
            "{path}: {error}"
        );
    }
    healed(&served).await;
}

#[tokio::test]
async fn garbage_is_no_http() {
    let served = failing(Fault::Garbage).await;
    let error = served.get("/version").await.unwrap_err();
    let error = error.downcast_ref::<hyper::Error>().unwrap();
    assert!(error.is_parse(), "{error:?}");
    healed(&served).await;
}

#[tokio::test]
async fn bad_json_comes_with_a_good_status() {
    let served = failing(Fault::BadJson).await;
    let (status, body) = served.get("/version").await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err());
    healed(&served).await;
}

#[tokio::test]
async fn an_engine_error_has_the_engines_form() {
    let served = failing(Fault::Error500).await;
    let (status, body) = served.get("/v1.41/containers/json").await.unwrap();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(body["message"].as_str().unwrap().contains("simulated failure"));
    healed(&served).await;
}

#[tokio::test]
async fn an_old_engine_says_so_and_refuses_newer_questions() {
    let served = failing(Fault::WrongVersion).await;
    let version = served.json("/version").await;
    assert_eq!(version["ApiVersion"], "1.23");
    let (status, body) = served.get("/v1.41/containers/json").await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("Maximum supported API version is 1.23"));
    healed(&served).await;
}

#[tokio::test]
async fn a_huge_answer_does_not_end() {
    use http_body_util::BodyExt;

    let served = failing(Fault::Huge).await;
    assert!(is_well(&served).await, "it still greets");
    let stream = tokio::net::UnixStream::connect(served.host.socket_path())
        .await
        .unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("/containers/json?all=1")
        .body(http_body_util::Empty::<hyper::body::Bytes>::new())
        .unwrap();
    let mut body = sender.send_request(request).await.unwrap().into_body();
    let mut bytes = 0;
    let mut first = true;
    while bytes < 100 << 20 {
        let frame = body.frame().await.expect("it has not ended").unwrap();
        let data = frame.into_data().unwrap();
        assert!(
            !std::mem::take(&mut first) || data.starts_with(b"["),
            "it begins as a list"
        );
        bytes += data.len();
    }
    drop(body);
    healed(&served).await;
}

#[tokio::test]
async fn a_web_server_is_not_an_engine() {
    let served = failing(Fault::NotAnEngine).await;
    for path in ["/_ping", "/version", "/v1.41/containers/json"] {
        let (status, body) = served.get(path).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(body.starts_with(b"<!doctype html>"), "{path}");
    }
    healed(&served).await;
}

#[tokio::test]
async fn a_flapping_host_comes_and_goes_and_comes() {
    let served = failing(Fault::Flapping {
        up: Duration::from_millis(200),
        down: Duration::from_millis(200),
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..70 {
        let well = is_well(&served).await;
        if seen.last() != Some(&well) {
            seen.push(well);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(seen.starts_with(&[true, false, true, false]), "{seen:?}");
    healed(&served).await;
}

#[tokio::test]
async fn a_fault_drops_the_connections_that_are_open() {
    let served = serve(&fleet(FleetPlan::default()), 0, &SimClock::stepped(NOON_MS));
    let stream = tokio::net::UnixStream::connect(served.host.socket_path())
        .await
        .unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let ask = || {
        hyper::Request::get("/_ping")
            .body(http_body_util::Empty::<hyper::body::Bytes>::new())
            .unwrap()
    };
    for _ in 0..3 {
        assert!(sender.send_request(ask()).await.is_ok());
        sender.ready().await.unwrap();
    }
    assert_eq!(
        served.host.sim().connections(),
        1,
        "one connection served all of them"
    );
    served.host.set_fault(Fault::Refuse);
    let ended = tokio::time::timeout(Duration::from_secs(2), connection).await;
    assert!(ended.is_ok(), "the connection ended");
}

#[tokio::test]
async fn a_connection_made_after_healing_is_served() {
    for _ in 0..50 {
        let served = serve(&fleet(FleetPlan::default()), 0, &SimClock::stepped(NOON_MS));
        assert!(is_well(&served).await, "the first connection of a new service");
        served.host.set_fault(Fault::Error500);
        let (status, _) = served.get("/_ping").await.unwrap();
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        served.host.heal();
        assert!(is_well(&served).await, "the first connection after healing");
    }
}

#[tokio::test]
async fn stopping_closes_the_socket_and_frees_its_place() {
    let fleet = fleet(FleetPlan::default());
    let Served { host, directory } = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let path = host.socket_path().to_owned();
    let sim = SimHost::new(&fleet, 1, SimClock::real()).unwrap();
    let taken = sim.serve(&path).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    host.stop().await;
    assert!(!path.exists());
    let again = sim.serve(&path).unwrap();
    drop(again);
    assert!(!path.exists(), "dropping removes the socket too");
    std::fs::write(&path, "a file").unwrap();
    let refused = sim.serve(&path).unwrap_err();
    assert_eq!(
        refused.kind(),
        std::io::ErrorKind::AlreadyExists,
        "a file is not replaced"
    );
    drop(directory);
}

use std::sync::atomic::Ordering;
use std::time::Duration;

use roadstead_collect::connect;
use roadstead_model::{Endpoint, EngineContainerId};

use crate::fake::{FakeEngine, Reply, STATS, Then, healthy, options};

fn ids(count: usize) -> Vec<EngineContainerId> {
    (0..count)
        .map(|n| EngineContainerId(format!("{n:064x}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_requests_one_after_another_use_one_connection() {
    for server in [FakeEngine::unix(healthy), FakeEngine::tcp(healthy).await] {
        let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
        for _ in 0..100 {
            connection.ping().await.unwrap();
        }
        assert_eq!(server.seen.requests().len(), 101);
        assert_eq!(server.seen.connections(), 1, "{}", server.endpoint);
    }
}

#[tokio::test]
async fn requests_at_once_use_no_more_connections_than_asked_for() {
    let server = FakeEngine::unix(|path| {
        let slow = Duration::from_millis(if path.contains("/stats") { 20 } else { 0 });
        healthy(path).after(slow)
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(connection.readings(&ids(60), 6).await.len(), 60);
    }
    assert_eq!(server.seen.most_open.load(Ordering::SeqCst), 6);
    assert_eq!(server.seen.connections(), 6, "later rounds reuse them");
}

#[tokio::test]
async fn the_hosts_own_bound_holds_whatever_the_caller_asks_for() {
    let server = FakeEngine::unix(|path| {
        let slow = Duration::from_millis(if path.contains("/stats") { 20 } else { 0 });
        healthy(path).after(slow)
    });
    let mut narrow = options(&server.dir);
    narrow.max_connections = 4;
    narrow.answer_timeout = Duration::from_secs(10);
    let connection = connect(&server.endpoint, &narrow).await.unwrap();
    connection.readings(&ids(50), 50).await;
    assert_eq!(server.seen.most_open.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_connection_the_engine_closed_in_the_meantime_is_replaced_unnoticed() {
    let server = FakeEngine::healthy_but(|path| {
        // Says nothing of closing, as an engine that is restarted.
        path.contains("/stats")
            .then(|| Reply::json(STATS).then(Then::Close))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    for _ in 0..20 {
        let readings = connection.readings(&ids(1), 1).await;
        assert!(
            matches!(readings[0].1, roadstead_collect::ReadingOutcome::Measured(_)),
            "{readings:?}"
        );
    }
    assert!(server.seen.connections() >= 20);
}

#[tokio::test]
async fn dropping_the_last_clone_closes_every_socket() {
    let server = FakeEngine::unix(healthy);
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let clone = connection.clone();
    connection.readings(&ids(10), 5).await;
    drop(connection);
    clone.ping().await.unwrap();
    assert!(server.seen.open.load(Ordering::SeqCst) > 0);
    drop(clone);
    for _ in 0..100 {
        if server.seen.open.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{} sockets are still open",
        server.seen.open.load(Ordering::SeqCst)
    );
}

#[tokio::test]
async fn a_request_given_up_closes_its_socket() {
    let server = FakeEngine::healthy_but(|path| path.contains("/_ping").then(Reply::hang));
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    for _ in 0..3 {
        connection.ping().await.unwrap_err();
    }
    for _ in 0..100 {
        if server.seen.open.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{} sockets are still open",
        server.seen.open.load(Ordering::SeqCst)
    );
}

#[tokio::test]
async fn an_address_that_does_not_answer_does_not_hide_one_that_does() {
    // `localhost` is ::1 and 127.0.0.1 where IPv6 exists; the server listens on the second alone.
    let server = FakeEngine::tcp(healthy).await;
    let Endpoint::Tcp { port, .. } = server.endpoint else {
        panic!("a tcp server has a port")
    };
    let endpoint = Endpoint::parse(&format!("tcp://localhost:{port}")).unwrap();
    connect(&endpoint, &options(&server.dir)).await.unwrap();
}

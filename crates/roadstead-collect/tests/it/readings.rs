use roadstead_collect::{ReadingOutcome, connect};
use roadstead_model::{EngineContainerId, FaultCause};

use crate::fake::{FakeEngine, Reply, Then, options};

const STOPPED: &str = include_str!("../fixtures/docker20-stopped-stats.json");

fn id(text: &str) -> EngineContainerId {
    EngineContainerId(text.to_owned())
}

#[tokio::test]
async fn each_container_has_its_own_outcome() {
    let server = FakeEngine::healthy_but(|path| {
        let container = path.split('/').nth(2)?;
        match container {
            "gone" => Some(Reply::status(
                404,
                "application/json",
                r#"{"message":"No such container: gone"}"#,
            )),
            "stopped" => Some(Reply::json(STOPPED)),
            "broken" => Some(Reply::status(
                500,
                "application/json",
                r#"{"message":"no cgroup"}"#,
            )),
            "garbled" => Some(Reply::json("{\"read\":")),
            "cut" => Some(Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{").then(Then::Close)),
            "hanging" => Some(Reply::hang()),
            _ => None,
        }
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let all = [
        "gone", "stopped", "broken", "garbled", "cut", "hanging", "well", "../info",
    ];
    let ids: Vec<_> = all.iter().map(|name| id(name)).collect();
    let readings = connection.readings(&ids, 4).await;
    assert_eq!(readings.len(), all.len());
    let outcome = |name: &str| &readings.iter().find(|(id, _)| id.0 == name).unwrap().1;
    let cause = |name: &str| match outcome(name) {
        ReadingOutcome::Failed(fault) => fault.cause,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(outcome("gone"), &ReadingOutcome::Gone);
    assert_eq!(outcome("stopped"), &ReadingOutcome::NotRunning);
    assert_eq!(cause("broken"), FaultCause::EngineError);
    assert_eq!(cause("garbled"), FaultCause::BadAnswer);
    assert_eq!(cause("cut"), FaultCause::ConnectionLost);
    assert_eq!(cause("hanging"), FaultCause::TimedOut);
    assert_eq!(cause("../info"), FaultCause::BadAnswer, "it never becomes a path");
    let ReadingOutcome::Measured(reading) = outcome("well") else {
        panic!("{:?}", outcome("well"))
    };
    assert_eq!(reading.engine_id, id("well"));
    assert_eq!(reading.memory.unwrap().used_bytes, 419_430_400);
    assert!(
        !server.seen.requests().iter().any(|line| line.contains("..")),
        "{:?}",
        server.seen.requests()
    );
}

#[tokio::test]
async fn readings_are_asked_for_once_and_not_as_a_stream() {
    let server = FakeEngine::healthy_but(|_| None);
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    connection.readings(&[id("aa")], 8).await;
    let asked = server.seen.requests().pop().unwrap();
    assert_eq!(
        asked,
        "GET /v1.41/containers/aa/stats?stream=false&one-shot=true HTTP/1.1"
    );
}

#[tokio::test]
async fn no_containers_need_no_request() {
    let server = FakeEngine::healthy_but(|_| None);
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    assert!(connection.readings(&[], 0).await.is_empty());
    assert_eq!(server.seen.requests().len(), 1);
}

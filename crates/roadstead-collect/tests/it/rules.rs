use std::path::Path;

use roadstead_collect::{EventCursor, Inventory, connect};
use roadstead_model::EngineContainerId;

use crate::fake::{FakeEngine, options};

fn sources(dir: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            into.push((path.display().to_string(), text));
        }
    }
}

/// Nothing in this room can change an engine: `GET` is written once, and no other verb anywhere.
#[test]
fn only_get_requests_exist() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 10, "the sources were found");
    let uses = |needle: &str| -> Vec<&str> {
        all.iter()
            .flat_map(|(path, text)| text.matches(needle).map(|_| path.as_str()))
            .collect()
    };
    let verbs = uses("Method::");
    assert_eq!(verbs.len(), 1, "{verbs:?}");
    assert_eq!(uses("Method::GET").len(), 1);
    for builder in [
        "Request::post",
        "Request::put",
        "Request::delete",
        "Request::patch",
        ".method(\"",
    ] {
        assert_eq!(uses(builder), Vec::<&str>::new(), "{builder}");
    }
}

#[tokio::test]
async fn everything_the_room_can_do_is_asked_with_get() {
    let server = FakeEngine::healthy_but(|_| None);
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    connection.ping().await.unwrap();
    connection.host_facts().await.unwrap();
    connection.containers().await.unwrap();
    Inventory::new().refresh(&connection).await.unwrap();
    connection
        .readings(&[EngineContainerId("aa".to_owned())], 1)
        .await;
    // The healthy engine of these tests has no events, so this one is answered 404; what counts is how it was asked.
    assert!(connection.events(EventCursor::default()).await.is_err());
    let requests = server.seen.requests();
    assert!(requests.len() > 15, "{requests:?}");
    assert!(
        requests.iter().all(|line| line.starts_with("GET /")),
        "{requests:?}"
    );
}

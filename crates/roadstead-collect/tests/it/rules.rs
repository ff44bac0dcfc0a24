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

fn all() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&dir, &mut all);
    for (path, text) in &mut all {
        *path = Path::new(path).strip_prefix(&dir).unwrap().display().to_string();
        // What tests say is said to no engine.
        if let Some(at) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(at);
        }
    }
    assert!(all.len() > 10, "the sources were found");
    all.sort();
    all.retain(|(path, _)| !path.ends_with("tests.rs"));
    all
}

/// Paths of the files that say this, once for each time.
fn uses<'a>(all: &'a [(String, String)], needle: &str) -> Vec<&'a str> {
    all.iter()
        .flat_map(|(path, text)| text.matches(needle).map(|_| path.as_str()))
        .collect()
}

/// Reading cannot change an engine: outside of the writing side `GET` is written once, and no other verb anywhere.
#[test]
fn only_the_writer_can_say_anything_but_get() {
    let all = all();
    assert_eq!(
        uses(&all, "Method::GET"),
        ["transport/pool.rs", "write/change.rs"]
    );
    let mut verbs = uses(&all, "Method::");
    verbs.retain(|path| *path != "write/change.rs");
    assert_eq!(verbs, ["transport/pool.rs"]);
    for builder in [
        "Request::post",
        "Request::put",
        "Request::delete",
        "Request::patch",
        ".method(\"",
        "Method::PUT",
        "Method::PATCH",
    ] {
        assert_eq!(uses(&all, builder), Vec::<&str>::new(), "{builder}");
    }
    let (_, change) = all.iter().find(|(path, _)| path == "write/change.rs").unwrap();
    let made: Vec<&str> = change.lines().filter(|line| line.contains("-> Self {")).collect();
    assert_eq!(made.len(), 5, "{made:?}");
    assert!(
        made.iter()
            .all(|line| line.trim_start().starts_with("pub(super) fn")),
        "nothing outside of the writing side can make a change: {made:?}"
    );
}

/// Whatever else a deploy does, it removes no volume, no image and no network.
#[test]
fn nothing_can_be_removed_but_a_container_without_its_volumes() {
    let all = all();
    assert_eq!(uses(&all, "Change::delete("), ["write/mod.rs"]);
    let (_, writer) = all.iter().find(|(path, _)| path == "write/mod.rs").unwrap();
    assert!(writer.contains("?v=false&link=false&force={force}"));
    for word in ["v=true", "v=1", "/volumes", "prune"] {
        assert_eq!(uses(&all, word), Vec::<&str>::new(), "{word}");
    }
}

#[tokio::test]
async fn everything_that_reads_is_asked_with_get() {
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

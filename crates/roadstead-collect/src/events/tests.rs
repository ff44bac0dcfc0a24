//! Recorded sessions of events, and what nobody should send.

use proptest::prelude::*;

use super::*;

const DOCKER: &str = include_str!("../../tests/fixtures/docker20-events.ndjson");
const PODMAN: &str = include_str!("../../tests/fixtures/podman4-events.ndjson");

fn events(text: &str) -> Vec<EngineEvent> {
    text.lines()
        .filter_map(|line| read_event(line.as_bytes()).unwrap())
        .collect()
}

fn words(text: &str) -> Vec<&'static str> {
    events(text).iter().map(|event| kind_word(event.kind)).collect()
}

#[test]
fn a_session_of_docker_is_read_in_order() {
    assert_eq!(
        words(DOCKER),
        [
            "pause", "unpause", "update", "rename", "die", "start", "restart", "destroy", "create", "start",
            "oom", "die", "destroy"
        ]
    );
    let all = events(DOCKER);
    assert_eq!(all[4].kind, EventKind::Die { exit_code: Some(137) });
    assert_eq!(all[0].name.as_deref(), Some("web-1"));
    assert_eq!(all[3].name.as_deref(), Some("tty2"), "the new name");
    assert_eq!(all[3].at.ns, 1_795_229_796_476_861_366);
    assert_eq!(all[3].at.ms(), 1_795_229_796_476);
    assert!(
        !format!("{all:?}").contains("hunter2"),
        "other labels are not kept"
    );
}

#[test]
fn podmans_own_words_mean_the_same() {
    assert_eq!(
        words(PODMAN),
        [
            "pause", "unpause", "restart", "die", "start", "rename", "destroy", "create", "start", "die",
            "destroy"
        ],
        "its init, cleanup and attach are of no use here"
    );
}

#[test]
fn health_is_read_from_the_action() {
    let read = |action: &str| {
        let line = format!(
            r#"{{"Type":"container","Action":"{action}","Actor":{{"ID":"aa"}},"time":1,"timeNano":1000000001}}"#
        );
        read_event(line.as_bytes()).unwrap().unwrap().kind
    };
    assert_eq!(
        read("health_status: unhealthy"),
        EventKind::HealthStatus(Some(Health::Unhealthy))
    );
    assert_eq!(read("health_status"), EventKind::HealthStatus(None));
}

#[test]
fn each_event_passes_a_cursor_once() {
    let all = events(DOCKER);
    let mut cursor = EventCursor::default();
    assert!(all.iter().all(|event| cursor.admit(event)));
    assert_eq!(cursor.time(), all.last().map(|event| event.at));
    assert!(
        !all.iter().any(|event| cursor.admit(event)),
        "an engine that repeats them all tells nothing new"
    );
    let mut late = all[0].clone();
    late.at.ns += 1;
    assert!(cursor.admit(&late), "out of order is not repeated");
    assert_eq!(
        cursor.time(),
        all.last().map(|event| event.at),
        "and does not turn time back"
    );
}

#[test]
fn a_cursor_does_not_grow() {
    let mut cursor = EventCursor::default();
    let mut event = events(DOCKER).remove(0);
    for _ in 0..10_000 {
        event.at.ns += 1;
        cursor.admit(&event);
    }
    assert_eq!(cursor.recent.len(), REMEMBERED);
}

#[test]
fn the_query_starts_where_the_cursor_stands() {
    let cursor = EventCursor::at(EventTime {
        ns: 1_795_229_797_006_749_713,
    });
    let docker = query(EngineKind::Docker, &cursor);
    assert!(docker.ends_with("&since=1795229797.006749713"), "{docker}");
    assert!(docker.contains("health_status"), "{docker}");
    let podman = query(EngineKind::Podman, &EventCursor::default());
    assert_eq!(podman, "filters=%7B%22type%22%3A%5B%22container%22%5D%7D");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_event(&line);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(at in 0..400_usize, byte in any::<u8>()) {
        let mut line = DOCKER.lines().next().unwrap_or_default().as_bytes().to_vec();
        let at = at % line.len();
        line[at] = byte;
        let _ = read_event(&line);
    }
}

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use roadstead_collect::{EngineConnection, EngineEvent, EventKind, EventTime, Inventory, connect};
use roadstead_model::{ContainerState, EngineContainerId, FaultCause, Health};
use serde_json::{Value, json};

use crate::fake::{FakeEngine, Reply, Seen, Then, healthy, options};

/// Containers of an engine the test changes under the inventory.
#[derive(Clone, Default)]
struct Fleet(Arc<Mutex<Vec<Value>>>);

impl Fleet {
    fn put(&self, id: &str, state: &str, status: &str) {
        let mut all = self.0.lock().unwrap();
        all.retain(|container| container["Id"] != id);
        all.push(json!({"Id": id, "Names": [format!("/{id}")], "ImageID": "sha256:1", "State": state, "Status": status}));
    }

    fn remove(&self, id: &str) {
        self.0.lock().unwrap().retain(|container| container["Id"] != id);
    }

    fn answer(&self, path: &str) -> Reply {
        let all = self.0.lock().unwrap();
        if path.starts_with("/containers/json") {
            return Reply::json(&json!(*all).to_string());
        }
        let asked = path.split('/').nth(2).unwrap_or_default();
        match all.iter().find(|container| container["Id"] == asked) {
            Some(container) => Reply::json(
                &json!({
                    "Id": asked, "Name": container["Names"][0], "Created": "2026-01-01T00:00:00Z", "Image": "sha256:1",
                    "RestartCount": 0, "State": {"Status": container["State"], "StartedAt": "2026-01-01T00:00:01Z"},
                    "HostConfig": {"Memory": 0}, "Config": {"Labels": null}
                })
                .to_string(),
            ),
            None => Reply::status(404, "application/json", r#"{"message":"no such container"}"#),
        }
    }
}

async fn engine(fleet: &Fleet) -> (FakeEngine, EngineConnection) {
    let fleet = fleet.clone();
    let server =
        FakeEngine::healthy_but(move |path| path.starts_with("/containers").then(|| fleet.answer(path)));
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    (server, connection)
}

/// Ids inspected since the last call.
fn inspected(seen: &Seen, from: &mut usize) -> BTreeSet<String> {
    let all = seen.requests();
    let fresh = all[*from..]
        .iter()
        .filter_map(|line| line.split("/containers/").nth(1)?.split_once("/json"))
        .map(|(id, _)| id.to_owned())
        .collect();
    *from = all.len();
    fresh
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn event(id: &str, kind: EventKind) -> EngineEvent {
    EngineEvent {
        at: EventTime { ns: 1 },
        kind,
        engine_id: EngineContainerId(id.to_owned()),
        name: None,
        image: None,
    }
}

#[tokio::test]
async fn only_what_changed_is_inspected_again() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    fleet.put("bb", "running", "Up 3 hours");
    fleet.put("cc", "exited", "Exited (0) 2 days ago");
    let (server, connection) = engine(&fleet).await;
    let (mut inventory, mut from) = (Inventory::new(), 0);

    let first = inventory.refresh(&connection).await.unwrap();
    assert_eq!(first.inspected, 3);
    assert_eq!(inspected(&server.seen, &mut from), set(&["aa", "bb", "cc"]));

    inventory.refresh(&connection).await.unwrap();
    assert_eq!(inspected(&server.seen, &mut from), set(&[]), "nothing happened");

    fleet.put("aa", "running", "Up 4 hours");
    fleet.put("bb", "running", "Up 4 hours (unhealthy)");
    fleet.put("cc", "exited", "Exited (1) 2 days ago");
    fleet.put("dd", "created", "Created");
    inventory.refresh(&connection).await.unwrap();
    assert_eq!(
        inspected(&server.seen, &mut from),
        set(&["bb", "cc", "dd"]),
        "a greater age alone is no change"
    );

    fleet.remove("dd");
    inventory.refresh(&connection).await.unwrap();
    assert_eq!(inventory.facts().count(), 3);
    let running: Vec<_> = inventory.running().into_iter().map(|id| id.0).collect();
    assert_eq!(running, ["aa", "bb"]);
}

#[tokio::test]
async fn a_container_that_ran_shorter_than_we_looked_away_is_inspected_again() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    let (server, connection) = engine(&fleet).await;
    let (mut inventory, mut from) = (Inventory::new(), 0);
    inventory.refresh(&connection).await.unwrap();
    inspected(&server.seen, &mut from);
    fleet.put("aa", "running", "Up Less than a second");
    inventory.refresh(&connection).await.unwrap();
    assert_eq!(
        inspected(&server.seen, &mut from),
        set(&["aa"]),
        "it was restarted while no event told so"
    );
}

#[tokio::test]
async fn events_have_only_their_container_inspected() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    fleet.put("bb", "running", "Up 3 hours");
    let (server, connection) = engine(&fleet).await;
    let (mut inventory, mut from) = (Inventory::new(), 0);
    inventory.refresh(&connection).await.unwrap();
    inspected(&server.seen, &mut from);

    fleet.put("cc", "running", "Up 1 second");
    assert!(inventory.apply(&event("cc", EventKind::Create)));
    assert!(inventory.apply(&event("cc", EventKind::Start)));
    fleet.put("aa", "exited", "Exited (137) 1 second ago");
    assert!(inventory.apply(&event("aa", EventKind::Die { exit_code: Some(137) })));
    let outcome = inventory.inspect_touched(&connection).await.unwrap();
    assert_eq!(outcome.inspected, 2);
    assert_eq!(inspected(&server.seen, &mut from), set(&["aa", "cc"]));
    let state = |id: &str| inventory.get(&EngineContainerId(id.to_owned())).unwrap().state;
    assert_eq!(state("aa"), ContainerState::Exited);
    assert_eq!(state("cc"), ContainerState::Running);
    assert_eq!(
        inventory.inspect_touched(&connection).await.unwrap().inspected,
        0,
        "once is enough"
    );
}

#[tokio::test]
async fn what_an_event_says_in_full_needs_no_inspection() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    let (_server, connection) = engine(&fleet).await;
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await.unwrap();
    let aa = EngineContainerId("aa".to_owned());

    assert!(!inventory.apply(&event("aa", EventKind::Pause)));
    assert_eq!(inventory.get(&aa).unwrap().state, ContainerState::Paused);
    assert!(!inventory.apply(&event("aa", EventKind::Unpause)));
    assert_eq!(inventory.get(&aa).unwrap().state, ContainerState::Running);
    assert!(!inventory.apply(&event("aa", EventKind::HealthStatus(Some(Health::Unhealthy)))));
    assert_eq!(inventory.get(&aa).unwrap().health, Some(Health::Unhealthy));
    assert!(!inventory.apply(&event("aa", EventKind::Destroy)));
    assert_eq!(inventory.facts().count(), 0);
}

#[tokio::test]
async fn a_container_that_vanishes_between_event_and_look_is_forgotten() {
    let fleet = Fleet::default();
    let (_server, connection) = engine(&fleet).await;
    let mut inventory = Inventory::new();
    inventory.apply(&event("short-lived", EventKind::Start));
    let outcome = inventory.inspect_touched(&connection).await.unwrap();
    assert_eq!((outcome.inspected, outcome.problems.len()), (0, 0));
    assert_eq!(inventory.facts().count(), 0);
}

#[tokio::test]
async fn a_doubted_inventory_is_inspected_whole() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    fleet.put("bb", "exited", "Exited (0) 3 hours ago");
    let (_server, connection) = engine(&fleet).await;
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await.unwrap();
    inventory.doubt_all();
    assert_eq!(inventory.refresh(&connection).await.unwrap().inspected, 2);
}

#[tokio::test]
async fn one_container_that_cannot_be_inspected_does_not_hide_the_others() {
    let fleet = Fleet::default();
    for id in ["aa", "bad", "cc"] {
        fleet.put(id, "running", "Up 3 hours");
    }
    let answers = fleet.clone();
    let server = FakeEngine::healthy_but(move |path| {
        if path.starts_with("/containers/bad") {
            return Some(Reply::status(
                500,
                "application/json",
                r#"{"message":"layer lost"}"#,
            ));
        }
        path.starts_with("/containers").then(|| answers.answer(path))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut inventory = Inventory::new();
    for round in 0..2 {
        let outcome = inventory.refresh(&connection).await.unwrap();
        assert_eq!(outcome.problems.len(), 1, "round {round}: it is tried again");
        assert_eq!(outcome.problems[0].engine_id.0, "bad");
        assert_eq!(outcome.problems[0].fault.cause, FaultCause::EngineError);
        assert_eq!(inventory.facts().count(), 2);
    }
}

#[tokio::test]
async fn a_host_that_fails_in_the_middle_keeps_what_was_known() {
    let fleet = Fleet::default();
    fleet.put("aa", "running", "Up 3 hours");
    let answers = fleet.clone();
    let server = FakeEngine::healthy_but(move |path| {
        if path.starts_with("/containers/bb") {
            return Some(Reply::raw("").then(Then::Close));
        }
        path.starts_with("/containers").then(|| answers.answer(path))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await.unwrap();
    fleet.put("bb", "running", "Up 1 second");
    let fault = inventory.refresh(&connection).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::ConnectionLost);
    assert_eq!(inventory.facts().count(), 1);
}

#[tokio::test]
async fn a_recorded_list_and_its_inspections_become_facts() {
    let server = FakeEngine::unix(healthy);
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    assert_eq!(connection.containers().await.unwrap().len(), 6);
}

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use roadstead_collect::{ConnectOptions, EngineConnection, Inventory, connect};
use roadstead_model::{ContainerConfig, EngineContainerId};
use serde_json::{Value, json};

use crate::fake::{FakeEngine, Reply, options};

const CONTAINER: &str = include_str!("../fixtures/docker20-given-inspect.json");
const IMAGE: &str = include_str!("../fixtures/docker20-given-image.json");
const OLD: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// Containers by id with the image each runs from, and what the engine says when it is asked about an image.
#[derive(Clone, Default)]
struct World {
    containers: Arc<Mutex<Vec<(String, String)>>>,
    images_fail: Arc<AtomicBool>,
    images_gone: Arc<AtomicBool>,
}

impl World {
    fn run(&self, id: &str, image: &str) {
        let mut all = self.containers.lock().unwrap();
        all.retain(|(known, _)| known != id);
        all.push((id.to_owned(), image.to_owned()));
    }

    fn answer(&self, path: &str) -> Option<Reply> {
        let path = path.split('?').next().unwrap_or_default();
        let all = self.containers.lock().unwrap();
        if path == "/containers/json" {
            let list: Vec<Value> = all
                .iter()
                .map(|(id, image)| json!({"Id": id, "ImageID": image, "State": "running", "Status": "Up 3 hours"}))
                .collect();
            return Some(Reply::json(&json!(list).to_string()));
        }
        let asked = path.split('/').nth(2).unwrap_or_default();
        if path.starts_with("/images/") {
            return Some(if self.images_fail.load(Ordering::SeqCst) {
                Reply::status(500, "application/json", r#"{"message":"input/output error"}"#)
            } else if self.images_gone.load(Ordering::SeqCst) {
                Reply::status(404, "application/json", r#"{"message":"No such image"}"#)
            } else {
                let mut image: Value = serde_json::from_str(IMAGE).unwrap();
                image["Id"] = json!(asked);
                image["RepoDigests"] = json!([
                    format!("mirror.example/app@{NEW}"),
                    format!("registry.example:5000/app@{asked}")
                ]);
                Reply::json(&image.to_string())
            });
        }
        let (id, image) = all.iter().find(|(id, _)| id == asked)?;
        let mut container: Value = serde_json::from_str(CONTAINER).unwrap();
        container["Id"] = json!(id);
        container["Image"] = json!(image);
        Some(Reply::json(&container.to_string()))
    }

    async fn engine(&self) -> (FakeEngine, EngineConnection) {
        let world = self.clone();
        let server = FakeEngine::healthy_but(move |path| world.answer(path));
        let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
        (server, connection)
    }
}

fn images_asked(server: &FakeEngine) -> usize {
    let is_image = |line: &&String| line.contains("/images/");
    server.seen.requests().iter().filter(is_image).count()
}

fn id(text: &str) -> EngineContainerId {
    EngineContainerId(text.to_owned())
}

#[tokio::test]
async fn an_image_is_asked_about_once_however_many_containers_run_from_it() {
    let world = World::default();
    for number in 0..20 {
        world.run(&format!("a{number}"), OLD);
    }
    world.run("bb", NEW);
    let (server, connection) = world.engine().await;
    let mut inventory = Inventory::new();
    assert_eq!(inventory.refresh(&connection).await.unwrap().inspected, 21);
    assert_eq!(images_asked(&server), 2);
    let facts = inventory.get(&id("a7")).unwrap();
    assert_eq!(
        facts.image_digest,
        Some(format!("registry.example:5000/app@{OLD}")),
        "of the repository that its reference names"
    );
    assert!(facts.image_created_ms.is_some() && facts.config.is_some());

    inventory.doubt_all();
    assert_eq!(inventory.refresh(&connection).await.unwrap().inspected, 21);
    assert_eq!(images_asked(&server), 2, "known already");
}

#[tokio::test]
async fn a_container_made_again_keeps_its_configuration_and_has_another_image() {
    let world = World::default();
    world.run("aa", OLD);
    let (_server, connection) = world.engine().await;
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await.unwrap();
    let before = inventory.get(&id("aa")).unwrap().clone();
    world.containers.lock().unwrap().clear();
    world.run("bb", NEW);
    inventory.refresh(&connection).await.unwrap();
    let after = inventory.get(&id("bb")).unwrap();
    assert_eq!(after.config, before.config);
    assert_ne!(after.image_digest, before.image_digest);
}

#[tokio::test]
async fn images_nobody_runs_from_are_forgotten() {
    let world = World::default();
    world.run("aa", OLD);
    let (server, connection) = world.engine().await;
    let mut inventory = Inventory::new();
    for image in [OLD, NEW, OLD] {
        world.run("aa", image);
        inventory.refresh(&connection).await.unwrap();
    }
    assert_eq!(images_asked(&server), 3, "the first was forgotten meanwhile");
}

#[tokio::test]
async fn an_engine_that_does_not_tell_of_an_image_is_asked_again_and_nothing_else_is_lost() {
    let world = World::default();
    world.run("aa", OLD);
    world.images_fail.store(true, Ordering::SeqCst);
    let (_server, connection) = world.engine().await;
    let mut inventory = Inventory::new();
    let refreshed = inventory.refresh(&connection).await.unwrap();
    assert_eq!((refreshed.inspected, refreshed.problems.len()), (1, 0));
    let facts = inventory.get(&id("aa")).unwrap();
    assert_eq!(facts.image_id, OLD);
    assert_eq!((&facts.image_digest, &facts.config), (&None, &None));

    world.images_fail.store(false, Ordering::SeqCst);
    inventory.refresh(&connection).await.unwrap();
    let facts = inventory.get(&id("aa")).unwrap();
    assert!(facts.image_digest.is_some() && facts.config.is_some());
}

#[tokio::test]
async fn an_image_that_is_gone_is_not_asked_about_again() {
    let world = World::default();
    world.run("aa", OLD);
    world.images_gone.store(true, Ordering::SeqCst);
    let (server, connection) = world.engine().await;
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await.unwrap();
    inventory.doubt_all();
    inventory.refresh(&connection).await.unwrap();
    assert_eq!(images_asked(&server), 1);
    let facts = inventory.get(&id("aa")).unwrap();
    assert_eq!(
        facts.config, None,
        "what the container was given cannot be told from what its image brought"
    );
}

#[tokio::test]
async fn hashes_of_two_stores_cannot_be_compared() {
    let world = World::default();
    world.run("aa", OLD);
    let (server, _connection) = world.engine().await;
    let of = async |config_key| -> ContainerConfig {
        let options = ConnectOptions {
            config_key,
            ..options(&server.dir)
        };
        let connection = connect(&server.endpoint, &options).await.unwrap();
        let facts = connection.containers().await.unwrap().remove(0);
        facts.config.as_deref().unwrap().clone()
    };
    let (one, same, other) = (of([1; 16]).await, of([1; 16]).await, of([2; 16]).await);
    assert_eq!(one, same);
    assert_ne!(one.hash, other.hash);
    assert_ne!(one.env, other.env);
    assert!(one.env.keys().eq(other.env.keys()));
}

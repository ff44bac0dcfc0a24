use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use roadstead_collect::{ConnectOptions, PullProgress, RegistryOptions, Writer, connect};
use roadstead_model::{ContainerState, DeployCause, EngineContainerId};
use serde_json::{Value, json};

use crate::fake::{FakeEngine, Reply, Then, options};

const CONTAINER: &str = include_str!("../fixtures/docker20-given-inspect.json");
const IMAGE: &str = include_str!("../fixtures/docker20-given-image.json");
const PODMAN: &str = include_str!("../fixtures/podman4-version.json");
const OLD: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MADE: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const DIGEST: &str = "sha256:e6536972d60a64240fc4068c964a75fac84fe7c2596025c3f7b1c1ac427cbeec";

fn refused(status: u16, message: &str) -> Reply {
    Reply::status(
        status,
        "application/json",
        &json!({"message": message}).to_string(),
    )
}

/// A container as recorded, under another id.
fn container() -> Value {
    let recorded: Value = serde_json::from_str(CONTAINER).unwrap();
    let id = recorded["Id"].as_str().unwrap();
    let text = CONTAINER.replace(id, OLD).replace(&id[..12], &OLD[..12]);
    serde_json::from_str(&text).unwrap()
}

/// Answers of an engine that does as it is told, changed by the script where it answers.
fn willing(script: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> FakeEngine {
    FakeEngine::healthy_but(move |path| {
        if let Some(reply) = script(path) {
            return Some(reply);
        }
        let path = path.split('?').next().unwrap_or_default();
        Some(match path {
            "/containers/create" => Reply::status(
                201,
                "application/json",
                &json!({"Id": MADE, "Warnings": []}).to_string(),
            ),
            _ if path.starts_with("/images/") && path.ends_with("/json") => Reply::json(IMAGE),
            _ if path.starts_with("/containers/")
                && path.ends_with("/json")
                && path != "/containers/json" =>
            {
                Reply::json(&container().to_string())
            }
            _ if path.starts_with("/containers/") && path != "/containers/json" => {
                Reply::raw("HTTP/1.1 204 No Content\r\n\r\n")
            }
            _ if path.ends_with("/connect") => Reply::json("{}"),
            _ => return None,
        })
    })
}

async fn writer_with(server: &FakeEngine, change: impl FnOnce(&mut ConnectOptions)) -> Writer {
    let mut options = options(&server.dir);
    change(&mut options);
    connect(&server.endpoint, &options)
        .await
        .unwrap()
        .writer()
        .unwrap()
}

async fn writer(server: &FakeEngine) -> Writer {
    writer_with(server, |_| {}).await
}

fn id(text: &str) -> EngineContainerId {
    EngineContainerId(text.to_owned())
}

#[tokio::test]
async fn a_container_is_created_with_its_first_network_and_connected_to_the_others() {
    let server = willing(|_| None);
    let writer = writer(&server).await;
    let blueprint = writer.blueprint(&id(OLD)).await.unwrap();
    let body = blueprint.body_for("registry.example:5000/app:2", None);
    let made = writer.create("web-1-next", &body).await.unwrap();
    assert_eq!(made, id(MADE));

    let created = &server.seen.said("/containers/create")[0];
    assert!(
        created
            .head
            .starts_with("POST /v1.41/containers/create?name=web-1-next HTTP/1.1"),
        "{}",
        created.head
    );
    assert!(
        created
            .head
            .to_ascii_lowercase()
            .contains("content-type: application/json"),
        "{}",
        created.head
    );
    let said: Value = serde_json::from_str(&created.body).unwrap();
    assert_eq!(said["Image"], "registry.example:5000/app:2");
    assert_eq!(
        said["NetworkingConfig"]["EndpointsConfig"]
            .as_object()
            .unwrap()
            .len(),
        1,
        "older engines take one"
    );
    let connected = server.seen.said("/networks/back/connect");
    assert_eq!(connected.len(), 1);
    let said: Value = serde_json::from_str(&connected[0].body).unwrap();
    assert_eq!(
        said,
        json!({"Container": MADE, "EndpointConfig": {"Aliases": ["weba"]}})
    );
}

#[tokio::test]
async fn a_container_whose_network_cannot_be_connected_does_not_stay() {
    let server = willing(|path| {
        path.ends_with("/connect")
            .then(|| refused(404, "network back not found"))
    });
    let writer = writer(&server).await;
    let body = writer.blueprint(&id(OLD)).await.unwrap().body_for("app:2", None);
    let refusal = writer.create("web-1-next", &body).await.unwrap_err();
    assert_eq!(refusal.cause, DeployCause::ResourceMissing);
    let removed = server.seen.said("DELETE ");
    assert_eq!(removed.len(), 1);
    assert!(
        removed[0].head.starts_with(&format!(
            "DELETE /v1.41/containers/{MADE}?v=false&link=false&force=true "
        )),
        "{}",
        removed[0].head
    );
}

#[tokio::test]
async fn a_volume_is_never_removed() {
    let server = willing(|_| None);
    let writer = writer(&server).await;
    writer.remove(&id(OLD)).await.unwrap();
    writer.discard(&id(MADE)).await.unwrap();
    for said in server.seen.said("DELETE ") {
        assert!(said.head.contains("?v=false&"), "{}", said.head);
    }
    assert!(
        server.seen.said(&format!("/{OLD}?"))[0]
            .head
            .contains("force=false"),
        "what somebody else made is only removed when it does not run"
    );
}

#[tokio::test]
async fn a_container_is_stopped_by_its_own_signal_and_time() {
    let server = willing(|_| None);
    let writer = writer(&server).await;
    writer.stop(&id(OLD)).await.unwrap();
    writer.start(&id(OLD)).await.unwrap();
    writer.rename(&id(OLD), "web-1-before").await.unwrap();
    let posts: Vec<String> = server
        .seen
        .said("POST ")
        .iter()
        .map(|said| said.head.lines().next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        posts,
        [
            format!("POST /v1.41/containers/{OLD}/stop HTTP/1.1"),
            format!("POST /v1.41/containers/{OLD}/start HTTP/1.1"),
            format!("POST /v1.41/containers/{OLD}/rename?name=web-1-before HTTP/1.1"),
        ],
        "neither a signal nor a time of ours"
    );
}

#[tokio::test]
async fn what_is_so_already_is_left_so() {
    let server = willing(|path| {
        let unchanged = path.ends_with("/stop") || path.ends_with("/start");
        if unchanged {
            return Some(Reply::raw("HTTP/1.1 304 Not Modified\r\n\r\n"));
        }
        if path.contains("/rename") {
            return Some(refused(
                400,
                "Renaming a container with the same name as its current name",
            ));
        }
        path.contains("?v=false")
            .then(|| refused(404, "No such container: x"))
    });
    let writer = writer(&server).await;
    writer.stop(&id(OLD)).await.unwrap();
    writer.start(&id(OLD)).await.unwrap();
    writer.rename(&id(OLD), "web-1").await.unwrap();
    writer.remove(&id(OLD)).await.unwrap();
}

#[tokio::test]
async fn a_change_is_said_once_even_when_no_answer_comes() {
    let server = willing(|path| path.ends_with("/start").then(|| Reply::raw("").then(Then::Close)));
    let writer = writer(&server).await;
    let refusal = writer.start(&id(OLD)).await.unwrap_err();
    assert_eq!(refusal.cause, DeployCause::HostLost);
    assert_eq!(server.seen.said("/start").len(), 1);
}

#[tokio::test]
async fn what_is_not_there_has_a_name_of_its_own() {
    let server = willing(|path| {
        let of_container = path.starts_with("/containers/") && !path.starts_with("/containers/json");
        of_container.then(|| refused(404, "No such container: x"))
    });
    let writer = writer(&server).await;
    assert_eq!(writer.look("web-1").await.unwrap(), None);
    for outcome in [
        writer.stop(&id(OLD)).await,
        writer.start(&id(OLD)).await,
        writer.rename(&id(OLD), "x").await,
        writer.blueprint(&id(OLD)).await.map(drop),
    ] {
        assert_eq!(outcome.unwrap_err().cause, DeployCause::ChangedMeanwhile);
    }
}

#[tokio::test]
async fn a_name_that_would_leave_its_place_is_not_said() {
    let server = willing(|_| None);
    let writer = writer(&server).await;
    let bad = id("../images/x");
    assert!(writer.start(&bad).await.is_err());
    assert!(writer.look("a/../b").await.is_err());
    assert!(writer.rename(&id(OLD), "x&y=z").await.is_err());
    assert!(writer.image("../containers/x").await.is_err());
    assert!(writer.pull("a?b", |_| {}).await.is_err());
    assert_eq!(
        server.seen.requests().len(),
        1,
        "nothing but the version was asked"
    );
}

#[tokio::test]
async fn a_look_tells_how_a_container_is() {
    let server = willing(|_| None);
    let look = writer(&server).await.look("web-1").await.unwrap().unwrap();
    assert_eq!((look.engine_id, look.name.as_str()), (id(OLD), "web-1"));
    assert_eq!(look.state, ContainerState::Running);
    assert_eq!(look.exit_code, None);
    assert!(look.health.is_some() && look.started_at_ms.is_some());
}

#[tokio::test]
async fn a_container_without_its_image_has_no_blueprint() {
    let server = willing(|path| {
        path.starts_with("/images/")
            .then(|| refused(404, "No such image"))
    });
    let refusal = writer(&server).await.blueprint(&id(OLD)).await.unwrap_err();
    assert_eq!(refusal.cause, DeployCause::ImageNotFound);
}

#[tokio::test]
async fn a_blueprint_hashes_as_the_inventory_does() {
    let server = willing(|_| None);
    let options = options(&server.dir);
    let connection = connect(&server.endpoint, &options).await.unwrap();
    let facts = connection.containers().await.unwrap().remove(0);
    let blueprint = connection
        .writer()
        .unwrap()
        .blueprint(&facts.engine_id)
        .await
        .unwrap();
    assert_eq!(Some(blueprint.config()), facts.config.as_deref());
    assert_eq!(blueprint.facts().image_digest, facts.image_digest);
}

#[tokio::test]
async fn podman_is_refused_with_a_reason() {
    let server = FakeEngine::healthy_but(|path| path.starts_with("/version").then(|| Reply::json(PODMAN)));
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let refused = connection.writer().unwrap_err();
    assert_eq!(refused.engine, "Podman 4.3.1");
    assert!(refused.reason.contains("log driver"));
}

fn chunked(lines: &[&str]) -> Reply {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for line in lines {
        bytes.extend(format!("{:x}\r\n{line}\r\n", line.len()).into_bytes());
    }
    bytes.extend(b"0\r\n\r\n");
    Reply::raw(bytes)
}

const DOWNLOAD: &str =
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":4,\"total\":10},\"id\":\"a\"}\r\n";

#[tokio::test]
async fn a_pull_is_told_as_it_goes_and_gives_the_image() {
    let server = willing(|path| {
        path.starts_with("/images/create").then(|| {
            let digest = format!("{{\"status\":\"Digest: {DIGEST}\"}}\n");
            let (head, tail) = DOWNLOAD.split_at(20);
            chunked(&[
                "{\"status\":\"Pulling from app\",\"id\":\"1\"}\n",
                head,
                tail,
                "{\"status\":\"Download complete\",\"id\":\"a\"}\n",
                &digest,
            ])
        })
    });
    let told: Arc<Mutex<Vec<PullProgress>>> = Arc::default();
    let into = told.clone();
    let image = writer(&server)
        .await
        .pull("registry.example:5000/app:1", move |progress| {
            into.lock().unwrap().push(progress);
        })
        .await
        .unwrap();
    let of = |done_bytes| PullProgress {
        done_bytes,
        total_bytes: 10,
    };
    assert_eq!(*told.lock().unwrap(), [of(4), of(10)]);
    assert_eq!(
        image.digest_for("registry.example:5000/app:1"),
        Some(format!("registry.example:5000/app@{DIGEST}"))
    );
    let said = &server.seen.said("/images/create")[0].head;
    assert!(
        said.contains("fromImage=registry.example%3A5000%2Fapp&tag=1 "),
        "{said}"
    );
}

#[tokio::test]
async fn a_reference_without_a_tag_pulls_one_image_and_not_all() {
    let server = willing(|path| path.starts_with("/images/create").then(|| chunked(&["{}\n"])));
    writer(&server).await.pull("app", |_| {}).await.unwrap();
    assert!(server.seen.said("/images/create")[0].head.contains("tag=latest "));
}

#[tokio::test]
async fn what_was_pulled_by_digest_must_be_of_that_digest() {
    let server = willing(|path| path.starts_with("/images/create").then(|| chunked(&["{}\n"])));
    let writer = writer(&server).await;
    let other = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";
    let refusal = writer
        .pull(&format!("registry.example:5000/app@{other}"), |_| {})
        .await
        .unwrap_err();
    assert_eq!(refusal.cause, DeployCause::DigestDiffers);
    let right = format!("registry.example:5000/app@{DIGEST}");
    let image = writer.pull(&right, |_| {}).await.unwrap();
    assert_eq!(image.digest_for(&right), Some(right));
}

#[tokio::test]
async fn an_error_after_success_was_told_is_a_refusal() {
    for (reply, cause) in [
        (
            chunked(&[
                DOWNLOAD,
                "{\"errorDetail\":{\"message\":\"x\"},\"error\":\"write /blob: no space left on device\"}\n",
            ]),
            DeployCause::PullFailed,
        ),
        (
            chunked(&["{\"error\":\"write /blob: no space left on device\"}"]),
            DeployCause::DiskFull,
        ),
        (chunked(&[&"x".repeat(70_000)]), DeployCause::PullFailed),
        (
            Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta").then(Then::Close),
            DeployCause::HostLost,
        ),
        (
            refused(
                404,
                "manifest for app:9 not found: manifest unknown: manifest unknown",
            ),
            DeployCause::ImageNotFound,
        ),
    ] {
        let server = willing(move |path| path.starts_with("/images/create").then(|| reply.clone()));
        let refusal = writer(&server).await.pull("app:9", |_| {}).await.unwrap_err();
        assert_eq!(refusal.cause, cause);
    }
}

#[tokio::test]
async fn a_pull_that_is_dropped_hangs_up() {
    let server = willing(|path| {
        path.starts_with("/images/create")
            .then(|| Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").then(Then::Hang))
    });
    let writer = writer(&server).await;
    let pull = writer.pull("app:1", |_| {});
    assert!(
        tokio::time::timeout(Duration::from_millis(300), pull)
            .await
            .is_err()
    );
    let began = Instant::now();
    while server.seen.open.load(std::sync::atomic::Ordering::SeqCst) > 1 {
        assert!(began.elapsed() < Duration::from_secs(5), "the connection stays");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_operators_login_goes_with_a_pull_and_shows_nowhere() {
    let server = willing(|path| {
        path.starts_with("/images/create").then(|| {
            refused(
                500,
                "Get \"https://r.example/v2/\": unauthorized: hunter2 is wrong",
            )
        })
    });
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("config.json"),
        r#"{"auths":{"r.example":{"auth":"Ym9iOmh1bnRlcjI="}}}"#,
    )
    .unwrap();
    let writer = writer_with(&server, |options| {
        options.registry = RegistryOptions {
            config_dir: Some(dir.path().to_owned()),
            search_path: None,
        };
    })
    .await;
    let refusal = writer.pull("r.example/app:1", |_| {}).await.unwrap_err();
    assert_eq!(refusal.cause, DeployCause::PullDenied);
    let shown = format!("{refusal} {refusal:?} {writer:?}");
    let raw = refusal.into_raw_text_to_be_redacted();
    assert!(
        !shown.contains("hunter2") && !raw.contains("hunter2"),
        "{shown} {raw}"
    );
    assert!(raw.contains("unauthorized"), "{raw}");
    let head = server.seen.said("/images/create")[0].head.to_ascii_lowercase();
    assert!(head.contains("x-registry-auth: "), "{head}");

    writer.pull("other.example/app:1", |_| {}).await.unwrap_err();
    let head = server.seen.said("other.example")[0].head.to_ascii_lowercase();
    assert!(
        !head.contains("x-registry-auth"),
        "a registry is told its own login only"
    );
}

#[tokio::test]
async fn a_registry_is_asked_whether_it_still_offers_an_image() {
    for (reply, offered) in [
        (Reply::json(r#"{"Descriptor":{},"Platforms":[]}"#), Ok(true)),
        (refused(404, "manifest unknown: manifest unknown"), Ok(false)),
        (
            refused(401, "unauthorized: authentication required"),
            Err(DeployCause::PullDenied),
        ),
        (
            refused(500, "dial tcp 192.0.2.1:443: connect: connection refused"),
            Err(DeployCause::RegistryUnreachable),
        ),
    ] {
        let server = willing(move |path| path.starts_with("/distribution/").then(|| reply.clone()));
        let reference = format!("registry.example:5000/app@{DIGEST}");
        let outcome = writer(&server).await.offers(&reference).await;
        assert_eq!(outcome.map_err(|refusal| refusal.cause), offered);
        assert!(
            server.seen.said("/distribution/")[0]
                .head
                .starts_with(&format!("GET /v1.41/distribution/{reference}/json ")),
        );
    }
}

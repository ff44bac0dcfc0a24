//! A real engine with images of two versions, the app that watches it, and what a test asks of both.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::wire::*;
use roadstead_engine::{
    Clock, ConnectOptions, DeployHook, DiscoverSources, Engine, EngineOptions, RegistryOptions,
};
use roadstead_model::{DeployId, DeployState, HostId};
use roadstead_tests::{RealEngine, until};
use serde_json::Value;

/// A deploy without a pull over a network, on a busy machine of two cores.
pub(crate) const DEPLOYED: Duration = Duration::from_secs(90);
/// The app has seen something that was done by hand.
pub(crate) const SEEN: Duration = Duration::from_secs(45);

/// Starts the app with its data in `dir`.
pub(crate) async fn start(dir: &Path, hook: Option<DeployHook>) -> Result<Engine> {
    Ok(Engine::start(EngineOptions {
        deploy_hook: hook,
        ..options(dir)
    })
    .await?)
}

/// Starts the app of an operator who is logged in to registries as a docker CLI's configuration in `login` says.
pub(crate) async fn start_with_login(dir: &Path, login: &Path) -> Result<Engine> {
    let connect = ConnectOptions {
        registry: RegistryOptions {
            config_dir: Some(login.to_owned()),
            search_path: None,
        },
        ..ConnectOptions::new(dir.join("r"))
    };
    Ok(Engine::start(EngineOptions {
        connect: Some(connect),
        ..options(dir)
    })
    .await?)
}

fn options(dir: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: dir.join("data"),
        run_dir: dir.join("r"),
        discover: DiscoverSources {
            root: dir.join("no-root"),
            ..DiscoverSources::default()
        },
        clock: Clock::default(),
        connect: None,
        deploy_hook: None,
    }
}

/// Adds the engine as a host on which changes are allowed.
pub(crate) async fn add(app: &Engine, docker: &RealEngine) -> Result<HostId> {
    add_at(app, docker.socket()).await
}

/// Adds what listens on a socket as a host on which changes are allowed.
pub(crate) async fn add_at(app: &Engine, socket: &Path) -> Result<HostId> {
    let draft = HostDraft {
        name: "quay".to_owned(),
        customer: String::new(),
        address: format!("unix://{}", socket.display()),
        tls: None,
        accept_plain_text: false,
        tick_interval_s: Some(5),
    };
    let host = app.add_host(draft).await?.id;
    app.set_host_writing(SetHostWriting { host, on: true }).await?;
    Ok(host)
}

/// Makes an image that says which version it is: `/version`, and what it runs unless told otherwise.
pub(crate) async fn image(
    docker: &RealEngine,
    reference: &str,
    version: &str,
    changes: &[&str],
) -> Result<String> {
    let name: String = format!("make-{version}")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    docker
        .docker(&[
            "run",
            "--name",
            &name,
            "--network=none",
            "local/busybox",
            "sh",
            "-c",
            &format!("echo {version} > /version"),
        ])
        .await?;
    let mut commit = vec!["commit"];
    let changes: Vec<String> = changes
        .iter()
        .map(|change| format!("--change={change}"))
        .collect();
    commit.extend(changes.iter().map(String::as_str));
    commit.extend([name.as_str(), reference]);
    let id = docker.docker(&commit).await?.trim().to_owned();
    docker.docker(&["rm", &name]).await?;
    Ok(id)
}

/// What `docker inspect` says of a container.
pub(crate) async fn inspect(docker: &RealEngine, name: &str) -> Result<Value> {
    let text = docker.docker(&["inspect", "--type=container", name]).await?;
    let mut all: Vec<Value> = serde_json::from_str(&text)?;
    all.pop().with_context(|| format!("{name} is not there"))
}

/// A text of an inspection, by its path.
pub(crate) fn at<'a>(inspected: &'a Value, pointer: &str) -> Result<&'a str> {
    let found = inspected.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("nothing at {pointer}"))
}

/// The version that runs in a container.
pub(crate) async fn version(docker: &RealEngine, name: &str) -> Result<String> {
    Ok(docker
        .docker(&["exec", name, "cat", "/version"])
        .await?
        .trim()
        .to_owned())
}

/// Names of all containers, sorted.
pub(crate) async fn names(docker: &RealEngine) -> Result<Vec<String>> {
    let text = docker.docker(&["ps", "--all", "--format={{.Names}}"]).await?;
    let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// The ledger of an app, newest first.
pub(crate) async fn ledger(app: &Engine, name: &str) -> Result<Vec<DeployRow>> {
    let page = app
        .list_deploys(DeploysRequest {
            app: name.to_owned(),
            host: None,
            state: None,
            before: None,
            limit: 50,
        })
        .await?;
    Ok(page.rows)
}

/// Waits until the ledger has so many rows, and gives them.
pub(crate) async fn rows(app: &Engine, name: &str, count: usize) -> Result<Vec<DeployRow>> {
    until("rows of the ledger", SEEN, async || {
        let rows = ledger(app, name).await?;
        let told: Vec<_> = rows.iter().map(|row| (row.kind, row.state)).collect();
        ensure!(rows.len() == count, "{name} has {told:?}, not {count}");
        Ok(rows)
    })
    .await
}

/// Waits until a deploy has ended and nothing is left to repair, and gives its row.
pub(crate) async fn ended(app: &Engine, name: &str, deploy: DeployId) -> Result<DeployRow> {
    until("the end of a deploy", DEPLOYED, async || {
        let rows = ledger(app, name).await?;
        let row = rows.into_iter().find(|row| row.id == deploy);
        let row = row.with_context(|| format!("deploy {deploy} is not in the ledger"))?;
        ensure!(
            row.state != DeployState::Running && !row.repair_waits,
            "it is {:?}, {:?}",
            row.state,
            row.progress
        );
        Ok(row)
    })
    .await
}

/// Runs a container of an image that sleeps, and ends at once when it is stopped.
pub(crate) async fn asleep(engine: &RealEngine, name: &str, image: &str) -> Result<()> {
    let name = format!("--name={name}");
    let run = [
        "run",
        "--detach",
        "--network=none",
        "--stop-signal=KILL",
        &name,
        image,
        "sleep",
        "86400",
    ];
    engine.docker(&run).await?;
    Ok(())
}

/// Another image for a service.
pub(crate) fn update(app: &str, host: HostId, service: &str, image: &str) -> PlanRequest {
    PlanRequest {
        app: app.to_owned(),
        host,
        target: DeployTarget::Update {
            images: vec![ServiceImage {
                service: service.to_owned(),
                image: image.to_owned(),
            }],
        },
    }
}

/// Back to an earlier deploy.
pub(crate) fn back_to(app: &str, host: HostId, deploy: DeployId) -> PlanRequest {
    PlanRequest {
        app: app.to_owned(),
        host,
        target: DeployTarget::Rollback { deploy },
    }
}

/// Starts a deploy and waits for its end.
pub(crate) async fn carry_out(app: &Engine, request: PlanRequest) -> Result<DeployRow> {
    let name = request.app.clone();
    let row = app.start_deploy(request).await?;
    ended(app, &name, row.id).await
}

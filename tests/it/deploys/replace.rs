//! What a replacement keeps, what it puts back, and who may ask for one.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::wire::*;
use roadstead_model::{DeployCause, DeployKind, DeployState};
use roadstead_tests::{EngineKind, RealEngine, Scratch, until};
use serde_json::Value;

use super::harbor::*;

/// Nobody listens there: what is on the engine is used.
const GOOD: &str = "127.0.0.1:1/harbor:1";
const ILL: &str = "127.0.0.1:1/harbor:2";

/// A container with everything a replacement has to keep. It is healthy unless its image says that it is ill.
async fn berth(docker: &RealEngine) -> Result<()> {
    for network in [["front", "10.211.1.0/24"], ["back", "10.211.2.0/24"]] {
        docker
            .docker(&[
                "network",
                "create",
                &format!("--subnet={}", network[1]),
                network[0],
            ])
            .await?;
    }
    docker
        .docker(&[
            "create",
            "--name=berth",
            "--network=front",
            "--network-alias=quay",
            "--ip=10.211.1.7",
            "--publish=127.0.0.1:18991:80",
            "--volume=/anonymous",
            "--volume=cargo:/named",
            "--env=TIDE=high",
            "--memory=64m",
            "--cpus=0.5",
            "--restart=on-failure:3",
            "--cap-drop=NET_RAW",
            "--log-opt=max-size=1m",
            "--stop-signal=KILL",
            "--health-cmd=test ! -e /ill",
            "--health-interval=1s",
            "--health-retries=2",
            "--label=harbor.owner=mole",
            GOOD,
            "sh",
            "-c",
            "[ -e /anonymous/a ] || { date > /anonymous/a; date > /named/b; }; exec sleep 86400",
        ])
        .await?;
    docker
        .docker(&[
            "network",
            "connect",
            "--alias=shed",
            "--ip=10.211.2.9",
            "back",
            "berth",
        ])
        .await?;
    docker.docker(&["start", "berth"]).await?;
    healthy(docker).await
}

async fn healthy(docker: &RealEngine) -> Result<()> {
    until("health", Duration::from_secs(20), async || {
        let inspected = inspect(docker, "berth").await?;
        let health = at(&inspected, "/State/Health/Status")?.to_owned();
        ensure!(health == "healthy", "{health}");
        Ok(())
    })
    .await
}

async fn data(docker: &RealEngine) -> Result<String> {
    docker
        .docker(&["exec", "berth", "cat", "/anonymous/a", "/named/b"])
        .await
}

/// An inspection without what differs between any two containers.
fn kept(mut inspected: Value) -> Value {
    let Some(all) = inspected.as_object_mut() else {
        return inspected;
    };
    for key in [
        "Id",
        "Created",
        "State",
        "Image",
        "ResolvConfPath",
        "HostnamePath",
        "HostsPath",
        "LogPath",
        "GraphDriver",
        "ExecIDs",
        "RestartCount",
    ] {
        all.remove(key);
    }
    if let Some(config) = all.get_mut("Config").and_then(Value::as_object_mut) {
        config.remove("Hostname");
        config.remove("Image");
        config.remove("Volumes");
    }
    if let Some(host) = all.get_mut("HostConfig").and_then(Value::as_object_mut) {
        // The anonymous volume is named now: `Mounts` is what counts.
        host.remove("Binds");
        host.remove("Mounts");
    }
    if let Some(mounts) = all.get_mut("Mounts").and_then(Value::as_array_mut) {
        mounts.sort_by_key(|mount| mount["Destination"].to_string());
        for mount in mounts {
            if let Some(mount) = mount.as_object_mut() {
                mount.remove("Mode");
            }
        }
    }
    if let Some(networks) = all.get_mut("NetworkSettings").and_then(Value::as_object_mut) {
        networks.retain(|key, _| key == "Networks" || key == "Ports");
        if let Some(of) = networks.get_mut("Networks").and_then(Value::as_object_mut) {
            for network in of.values_mut().filter_map(Value::as_object_mut) {
                network.remove("EndpointID");
                if let Some(aliases) = network.get_mut("Aliases").and_then(Value::as_array_mut) {
                    // The engine adds the container's short id.
                    aliases.retain(|alias| alias.as_str().is_none_or(|alias| alias.len() != 12));
                    aliases.sort_by_key(ToString::to_string);
                }
            }
        }
    }
    without_empty(&mut inspected);
    inspected
}

/// Takes out what says no more than its absence: engines tell the same thing as null and as an empty list.
fn without_empty(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    match value {
        Value::Array(list) => list.iter_mut().for_each(without_empty),
        Value::Object(members) => {
            members.values_mut().for_each(without_empty);
            members.retain(|_, value| !is_empty(value));
        }
        _ => {}
    }
}

/// Where two inspections differ, by path.
fn differences(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                differences(&format!("{path}/{key}"), &one[key], &other[key], found);
            }
        }
        _ if one != other => found.push(format!("{path}: {one} became {other}")),
        _ => {}
    }
}

fn same(before: &Value, after: Value) -> Vec<String> {
    let mut found = Vec::new();
    differences("", &kept(before.clone()), &kept(after), &mut found);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_is_ill_gives_way_to_the_old_one_with_its_data() -> Result<()> {
    let docker = RealEngine::start(EngineKind::First).await?;
    image(&docker, GOOD, "1", &[]).await?;
    image(&docker, "local/ill", "2 > /ill; echo 2", &[]).await?;
    docker.docker(&["tag", "local/ill", ILL]).await?;
    berth(&docker).await?;
    let (before, cargo) = (inspect(&docker, "berth").await?, data(&docker).await?);
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    rows(&app, "berth", 1).await?;
    let failed = carry_out(&app, update("berth", host, "berth", ILL)).await?;
    assert_eq!(failed.state, DeployState::Failed);
    assert_eq!(failed.fault.context("no fault")?.cause, DeployCause::Unhealthy);
    healthy(&docker).await?;
    let after = inspect(&docker, "berth").await?;
    assert_eq!(at(&after, "/Id")?, at(&before, "/Id")?, "the same container");
    assert_eq!(same(&before, after), Vec::<String>::new());
    assert_eq!(data(&docker).await?, cargo);
    assert_eq!(names(&docker).await?, ["berth"]);

    // A good one takes everything over.
    image(&docker, "local/good-2", "3", &[]).await?;
    docker.docker(&["tag", "local/good-2", ILL]).await?;
    let volumes = docker.docker(&["volume", "ls", "--quiet"]).await?;
    let done = carry_out(&app, update("berth", host, "berth", ILL)).await?;
    assert_eq!(done.state, DeployState::Success, "{done:?}");
    healthy(&docker).await?;
    let after = inspect(&docker, "berth").await?;
    assert_ne!(at(&after, "/Id")?, at(&before, "/Id")?, "another container");
    assert_eq!(same(&before, after), Vec::<String>::new());
    assert_eq!(version(&docker, "berth").await?, "3");
    assert_eq!(data(&docker).await?, cargo);
    assert_eq!(
        docker.docker(&["volume", "ls", "--quiet"]).await?,
        volumes,
        "no volume came or went"
    );

    // And back: the same image, name and data as in the beginning.
    let first = ledger(&app, "berth").await?.last().context("no row")?.id;
    let back = carry_out(&app, back_to("berth", host, first)).await?;
    assert_eq!(back.state, DeployState::Success, "{back:?}");
    healthy(&docker).await?;
    let after = inspect(&docker, "berth").await?;
    assert_eq!(at(&after, "/Image")?, at(&before, "/Image")?);
    assert_eq!(same(&before, after), Vec::<String>::new());
    assert_eq!(data(&docker).await?, cargo);
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rollbacks_at_once_one_runs_and_the_other_is_told_which() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    image(&docker, GOOD, "1", &[]).await?;
    image(&docker, ILL, "2", &[]).await?;
    asleep(&docker, "berth", GOOD).await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    let first = rows(&app, "berth", 1).await?[0].id;
    let done = carry_out(&app, update("berth", host, "berth", ILL)).await?;
    assert_eq!(done.state, DeployState::Success, "{done:?}");
    let (one, other) = tokio::join!(
        app.start_deploy(back_to("berth", host, first)),
        app.start_deploy(back_to("berth", host, first))
    );
    let (ran, refused) = match (one, other) {
        (Ok(row), Err(error)) | (Err(error), Ok(row)) => (row, error),
        both => anyhow::bail!("not one of each: {both:?}"),
    };
    assert_eq!(refused.key, "error.deploy.busy");
    assert_eq!(refused.params["deploy"], ran.id.to_string());
    let ran = ended(&app, "berth", ran.id).await?;
    assert_eq!(ran.state, DeployState::Success);

    // What cannot be done is refused by name, and nothing is touched.
    let plan = app.plan_deploy(back_to("berth", host, first)).await?;
    assert_eq!(plan.refusals, [DeployRefusal::IsCurrent]);
    app.set_host_writing(SetHostWriting { host, on: false }).await?;
    let plan = app.plan_deploy(back_to("berth", host, done.id)).await?;
    assert_eq!(plan.refusals, [DeployRefusal::WritingOff]);
    let refused = app
        .start_deploy(back_to("berth", host, done.id))
        .await
        .unwrap_err();
    assert_eq!(refused.key, "error.deploy.writing_off");
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_carried_out_although_whoever_asked_for_it_left() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    image(&docker, GOOD, "1", &[]).await?;
    image(&docker, ILL, "2", &[]).await?;
    asleep(&docker, "berth", GOOD).await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    rows(&app, "berth", 1).await?;
    // It goes on only while it is polled: it is left at the very moment its row is in the ledger.
    let mut asked = Box::pin(app.start_deploy(update("berth", host, "berth", ILL)));
    let begun = until("the row of a deploy", DEPLOYED, async || {
        let newest = ledger(&app, "berth").await?.remove(0);
        if newest.kind == DeployKind::Update {
            return Ok(newest.id);
        }
        let answer = futures_util::poll!(asked.as_mut());
        anyhow::bail!("no row, and the answer is {answer:?}");
    })
    .await?;
    drop(asked);
    let done = ended(&app, "berth", begun).await?;
    assert_eq!(done.state, DeployState::Success, "{done:?}");
    assert_eq!(version(&docker, "berth").await?, "2");
    app.stop().await;
    Ok(())
}

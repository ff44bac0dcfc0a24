//! Containers of a real engine made again from their blueprints: nothing is lost on the way, and none on the way back.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_collect::{ConnectOptions, CreateBody, EngineConnection, Writer, connect};
use roadstead_model::{
    ContainerConfig, ContainerFacts, ContainerState, DeployCause, Endpoint, EngineContainerId, Health,
};
use roadstead_tests::busybox::IMAGE;
use roadstead_tests::{
    ContainerSpec, EngineKind, Network, PodmanSocket, RealEngine, Registry, Scratch, until,
};
use serde_json::{Map, Value, json};

const LIMIT: Duration = Duration::from_secs(30);

async fn connection(socket: &Path, scratch: &Scratch) -> Result<EngineConnection> {
    let options = ConnectOptions {
        timeout: LIMIT,
        config_key: *b"a key of a test.",
        ..ConnectOptions::new(scratch.join("p"))
    };
    let endpoint = Endpoint::Unix {
        path: socket.to_owned(),
    };
    Ok(connect(&endpoint, &options).await?)
}

fn writer(connection: &EngineConnection) -> Result<Writer> {
    connection
        .writer()
        .map_err(|refused| anyhow::anyhow!("{refused:?}"))
}

async fn facts(connection: &EngineConnection, name: &str) -> Result<ContainerFacts> {
    let all = connection.containers().await?;
    all.into_iter()
        .find(|facts| facts.name == name)
        .with_context(|| format!("no container {name}"))
}

async fn inspect(engine: &RealEngine, name: &str) -> Result<Value> {
    let text = engine.docker(&["container", "inspect", name]).await?;
    let mut all: Vec<Value> = serde_json::from_str(&text)?;
    all.pop().context("nothing was inspected")
}

fn sorted(value: &mut Value) {
    if let Some(items) = value.as_array_mut() {
        items.sort_by_key(Value::to_string);
    }
}

/// An inspection without what is another one in each container: ids, times, what the engine chose, and the image.
fn settled(mut told: Value) -> Value {
    let id = told["Id"].as_str().unwrap_or_default().to_owned();
    let short = id.get(..12).unwrap_or_default().to_owned();
    let text = told.to_string().replace(&id, "ID").replace(&short, "ID");
    told = serde_json::from_str(&text).unwrap_or_default();
    let asked = told["HostConfig"]["PortBindings"].clone();
    let mut kept = Map::new();
    for part in [
        "Name",
        "RestartCount",
        "Platform",
        "HostConfig",
        "Config",
        "Mounts",
    ] {
        kept.insert(part.into(), told[part].take());
    }
    let mut told_networks = told["NetworkSettings"]["Networks"].take();
    for (_, endpoint) in told_networks.as_object_mut().into_iter().flatten() {
        sorted(&mut endpoint["Aliases"]);
        let is_fixed = endpoint["IPAMConfig"]["IPv4Address"].is_string();
        let mut changing = vec!["EndpointID"];
        if !is_fixed {
            changing.extend(["IPAddress", "MacAddress"]);
        }
        for part in changing {
            endpoint[part].take();
        }
        // The engine writes nothing as `null` or as `{}`, as it was asked.
        for part in ["IPAMConfig", "DriverOpts"] {
            if endpoint[part].as_object().is_some_and(Map::is_empty) {
                endpoint[part].take();
            }
        }
    }
    kept.insert("Networks".into(), told_networks);
    // Where no port of the host was asked for, the engine chooses another one each time.
    let mut ports = told["NetworkSettings"]["Ports"].take();
    for (port, bindings) in ports.as_object_mut().into_iter().flatten() {
        if asked[port][0]["HostPort"].as_str().is_none_or(str::is_empty) {
            bindings.take();
        }
    }
    kept.insert("Ports".into(), ports);
    let mut told = Value::Object(kept);
    told["Config"]["Image"].take();
    sorted(&mut told["Config"]["Env"]);
    let labels = &mut told["Config"]["Labels"];
    if labels["com.docker.compose.image"].is_string() {
        labels["com.docker.compose.image"] = json!("the image's id");
    }
    // A volume without a name is bound by the engine's name for it: the same volume, asked for in another way.
    told["HostConfig"]["Mounts"].take();
    sorted(&mut told["Mounts"]);
    for mount in told["Mounts"].as_array_mut().into_iter().flatten() {
        mount["Mode"].take();
    }
    sorted(&mut told["Mounts"]);
    without_nulls(told)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null() && member != &json!([]))
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        other => other,
    }
}

/// Where two inspections differ: each place with what it was and what it is.
fn differences(before: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                differences(&of(one), &of(other), &format!("{at}/{name}"), found);
            }
        }
        _ if before != now => found.push(format!("{at}: {before} became {now}")),
        _ => {}
    }
}

fn same(before: &Value, now: &Value, what: &str) {
    let mut found = Vec::new();
    differences(before, now, "", &mut found);
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Puts a container in the place of another, as a deploy does.
async fn replace(
    writer: &Writer,
    old: &EngineContainerId,
    name: &str,
    body: &CreateBody,
) -> Result<EngineContainerId> {
    let new = writer.create(&format!("{name}-next"), body).await?;
    let look = writer.look(&new.0).await?.context("created, and not there")?;
    assert_eq!(look.state, ContainerState::Created);
    assert_eq!((look.started_at_ms, look.exit_code), (None, None));
    writer.stop(old).await?;
    writer.rename(old, &format!("{name}-before")).await?;
    writer.rename(&new, name).await?;
    writer.start(&new).await?;
    until("health of the new container", LIMIT, async || {
        let look = writer.look(name).await?.context("gone")?;
        ensure!(look.health == Some(Health::Healthy), "{look:?}");
        assert_eq!(look.engine_id, new);
        Ok(())
    })
    .await?;
    Ok(new)
}

/// What runs in the container: it answers when asked for its data.
const SERVE: &str = r#"CMD ["sh","-c","trap 'exit 0' TERM; while true; do sleep 0.1; done"]"#;
const CHECK: &str = "HEALTHCHECK --interval=1s CMD true";

/// Two versions of an image under one tag, in a registry and on the engine: the digest of each.
async fn two_versions(engine: &RealEngine, registry: &Registry) -> Result<[String; 2]> {
    let image = |version: &str| {
        [
            format!("ENV VERSION={version} PATH=/bin"),
            format!("LABEL org.opencontainers.image.version={version}"),
        ]
    };
    let mut digests = Vec::new();
    for version in ["1", "2"] {
        let [env, label] = image(version);
        let changes = [env.as_str(), &label, SERVE, CHECK, "VOLUME /data", "EXPOSE 8080"];
        digests.push(registry.publish(engine, "app:1", &changes).await?);
    }
    digests
        .try_into()
        .map_err(|digests| anyhow::anyhow!("two versions, and {digests:?}"))
}

/// A container with about everything that can be asked for on a command line.
async fn furnished(engine: &mut RealEngine, image: &str, bound: &Path) -> Result<u16> {
    let front = engine.make_network("front").await?;
    engine.make_network("back").await?;
    let port = roadstead_tests::engine::free_port()?;
    let options = [
        "--name=shop-web-1".to_owned(),
        "--hostname=harbour".to_owned(),
        "--network=front".to_owned(),
        format!("--ip={front}.9"),
        "--network-alias=web".to_owned(),
        format!("--publish=127.0.0.1:{port}:8080"),
        "--publish=9090".to_owned(),
        "--volume=named:/named".to_owned(),
        "--volume=/anonymous".to_owned(),
        format!("--volume={}:/bound:ro", bound.display()),
        "--mount=type=volume,dst=/mounted".to_owned(),
        "--tmpfs=/scratch:size=1m".to_owned(),
        "--env=GREETING=ahoy".to_owned(),
        "--env=PASSWORD=hunter2".to_owned(),
        "--label=com.docker.compose.project=shop".to_owned(),
        "--label=com.docker.compose.service=web".to_owned(),
        "--label=com.docker.compose.container-number=1".to_owned(),
        "--label=com.docker.compose.oneoff=False".to_owned(),
        "--label=com.docker.compose.config-hash=0123".to_owned(),
        "--label=com.docker.compose.image=sha256:old".to_owned(),
        "--label=traefik.enable=true".to_owned(),
        "--memory=64m".to_owned(),
        "--cpus=0.5".to_owned(),
        "--pids-limit=100".to_owned(),
        "--shm-size=32m".to_owned(),
        "--health-interval=500ms".to_owned(),
        "--restart=on-failure:3".to_owned(),
        "--log-opt=max-size=1m".to_owned(),
        "--log-opt=max-file=2".to_owned(),
        "--cap-add=NET_ADMIN".to_owned(),
        "--cap-drop=MKNOD".to_owned(),
        "--device=/dev/null:/dev/moored".to_owned(),
        "--ulimit=nofile=1000:1001".to_owned(),
        "--sysctl=net.ipv4.ip_forward=1".to_owned(),
        "--dns=192.0.2.53".to_owned(),
        "--add-host=lighthouse:192.0.2.1".to_owned(),
        "--mac-address=02:11:22:33:44:55".to_owned(),
        "--user=0:0".to_owned(),
        "--workdir=/named".to_owned(),
        "--stop-timeout=5".to_owned(),
        "--stop-signal=TERM".to_owned(),
        "--tty".to_owned(),
        "--interactive".to_owned(),
        "--group-add=7".to_owned(),
        "--oom-score-adj=100".to_owned(),
    ];
    let mut arguments = vec!["create"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.push(image);
    engine.docker(&arguments).await?;
    engine
        .docker(&["network", "connect", "--alias=weba", "back", "shop-web-1"])
        .await?;
    engine.docker(&["start", "shop-web-1"]).await?;
    Ok(port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_made_again_is_the_same_in_everything_but_its_image_and_so_is_the_way_back() -> Result<()>
{
    let (engine, registry) = tokio::join!(RealEngine::start(EngineKind::First), Registry::start());
    let (mut engine, registry) = (engine?, registry?);
    let [first, second] = two_versions(&engine, &registry).await?;
    let tag = registry.reference("app:1");
    let scratch = Scratch::new()?;
    let bound = scratch.make_dir("bound")?;
    let connection = connection(engine.socket(), &scratch).await?;
    let writer = writer(&connection)?;
    // The tag as it was when the container was made.
    engine.docker(&["tag", &first, &tag]).await?;
    let port = furnished(&mut engine, &tag, &bound).await?;
    for at in ["/data", "/anonymous", "/mounted", "/named"] {
        let write = format!("echo cargo of {at} > {at}/cargo");
        engine.docker(&["exec", "shop-web-1", "sh", "-c", &write]).await?;
    }
    let before = inspect(&engine, "shop-web-1").await?;
    let facts_before = facts(&connection, "shop-web-1").await?;
    assert_eq!(facts_before.image_digest.as_ref(), Some(&first));
    let config: &ContainerConfig = facts_before.config.as_deref().context("no configuration")?;
    assert_eq!(config.env.keys().collect::<Vec<_>>(), ["GREETING", "PASSWORD"]);

    let mut replaced = EngineContainerId(before["Id"].as_str().unwrap_or_default().to_owned());
    let blueprint = writer.blueprint(&replaced).await?;
    assert_eq!(blueprint.config(), config);
    assert_eq!(blueprint.volumes().len(), 4);
    // Forward by the tag, whose image is another one now; back by digest.
    for (reference, digest, version) in [(&tag, &second, "2"), (&first, &first, "1")] {
        let image = writer.pull(reference, |_| {}).await?;
        assert_eq!(image.digest_for(reference).as_ref(), Some(digest));
        let blueprint = writer.blueprint(&replaced).await?;
        let body = blueprint.body_for(reference, Some(&image));
        let new = replace(&writer, &replaced, "shop-web-1", &body).await?;

        let now = inspect(&engine, "shop-web-1").await?;
        assert_eq!(now["Image"], image.id);
        assert_eq!(now["Config"]["Labels"]["com.docker.compose.image"], image.id);
        let (mut left, mut right) = (settled(before.clone()), settled(now));
        for told in [&mut left, &mut right] {
            // What the image brings is the image's: its own version.
            let env = told["Config"]["Env"].take();
            let brought: Vec<&str> = env
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|entry| !entry.starts_with("VERSION="))
                .collect();
            told["Config"]["Env"] = json!(brought);
            told["Config"]["Labels"]["org.opencontainers.image.version"].take();
        }
        same(&left, &right, &format!("to version {version}"));
        let facts_now = facts(&connection, "shop-web-1").await?;
        assert_eq!(
            facts_now.config.as_deref(),
            Some(config),
            "the same configuration by its hashes"
        );
        assert_eq!(facts_now.image_digest.as_ref(), Some(digest));
        let env = engine.docker(&["exec", "shop-web-1", "env"]).await?;
        assert!(env.contains(&format!("VERSION={version}")), "{env}");
        assert!(env.contains("GREETING=ahoy"), "{env}");
        for at in ["/data", "/anonymous", "/mounted", "/named"] {
            let cargo = engine
                .docker(&["exec", "shop-web-1", "cat", &format!("{at}/cargo")])
                .await?;
            assert_eq!(
                cargo.trim(),
                format!("cargo of {at}"),
                "data outlive their container"
            );
        }
        let listed = engine
            .docker(&[
                "ps",
                "--filter=label=com.docker.compose.project=shop",
                "--format={{.Names}} {{.Ports}}",
            ])
            .await?;
        assert!(listed.starts_with("shop-web-1 "), "{listed}");
        assert!(
            listed.contains(&format!("127.0.0.1:{port}->8080/tcp")),
            "{listed}"
        );
        writer.remove(&replaced).await?;
        assert_eq!(writer.look("shop-web-1-before").await?, None);
        replaced = new;
    }
    let volumes = engine.docker(&["volume", "ls", "--quiet"]).await?;
    assert_eq!(
        volumes.lines().count(),
        4,
        "none was removed, and none was made: {volumes}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_container_goes_on_as_it_was_when_it_is_put_back() -> Result<()> {
    let engine = RealEngine::start(EngineKind::First).await?;
    let spec = ContainerSpec::named("lantern")
        .network(Network::Bridge)
        .option("--volume=/data")
        .option("--restart=always")
        .running("date +%s%N >> /data/starts; trap 'exit 0' TERM; while true; do sleep 0.1; done");
    let old = EngineContainerId(engine.run(&spec).await?);
    let scratch = Scratch::new()?;
    let connection = connection(engine.socket(), &scratch).await?;
    let writer = writer(&connection)?;
    let before = settled(inspect(&engine, "lantern").await?);

    // Its command is its own; the new image's entry point is what fails.
    engine
        .make_image("app:none", &[r#"ENTRYPOINT ["/nowhere"]"#])
        .await?;
    let body = writer.blueprint(&old).await?.body_for("app:none", None);
    let new = writer.create("lantern-next", &body).await?;
    writer.stop(&old).await?;
    writer.rename(&old, "lantern-before").await?;
    writer.rename(&new, "lantern").await?;
    let refusal = writer.start(&new).await.err().context("it was started")?;
    assert_eq!(refusal.cause, DeployCause::StartFailed);
    let look = writer.look(&old.0).await?.context("gone")?;
    assert_eq!(look.state, ContainerState::Exited, "stopped by hand, it stays so");

    writer.discard(&new).await?;
    writer.rename(&old, "lantern").await?;
    writer.start(&old).await?;
    let after = settled(inspect(&engine, "lantern").await?);
    assert_eq!(after, before);
    let starts = engine.docker(&["exec", "lantern", "cat", "/data/starts"]).await?;
    assert_eq!(starts.lines().count(), 2, "the same data, started twice");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_has_its_name() -> Result<()> {
    let mut engine = RealEngine::start(EngineKind::First).await?;
    let prefix = engine.make_network("front").await?;
    engine.make_network("gone").await?;
    let scratch = Scratch::new()?;
    let connection = connection(engine.socket(), &scratch).await?;
    let writer = writer(&connection)?;
    let port = roadstead_tests::engine::free_port()?;
    let create = async |name: &str, options: &[&str]| -> Result<EngineContainerId> {
        let name = format!("--name={name}");
        let mut arguments = vec!["create", name.as_str()];
        arguments.extend(options);
        arguments.extend([IMAGE, "sleep", "86400"]);
        Ok(EngineContainerId(
            engine.docker(&arguments).await?.trim().to_owned(),
        ))
    };
    let address = format!("--ip={prefix}.9");
    let publish = format!("--publish=127.0.0.1:{port}:80");
    let holder = create(
        "holder",
        &["--network=front", &address, &publish, "--stop-signal=KILL"],
    )
    .await?;
    writer.start(&holder).await?;
    writer.start(&holder).await?;

    let refused = async |id: &EngineContainerId| -> Result<DeployCause> {
        let refusal = writer.start(id).await.err().context("it was started")?;
        Ok(refusal.cause)
    };
    let same_port = create("same-port", &[&publish]).await?;
    assert_eq!(refused(&same_port).await?, DeployCause::PortInUse);
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let publish = format!("--publish=127.0.0.1:{}:80", taken.local_addr()?.port());
    let same_as_process = create("same-as-process", &[&publish]).await?;
    assert_eq!(refused(&same_as_process).await?, DeployCause::PortInUse);
    let same_address = create("same-address", &["--network=front", &address]).await?;
    assert_eq!(refused(&same_address).await?, DeployCause::AddressInUse);
    let no_network = create("no-network", &["--network=gone"]).await?;
    engine.docker(&["network", "rm", "gone"]).await?;
    assert_eq!(refused(&no_network).await?, DeployCause::ResourceMissing);
    let no_device = create("no-device", &["--device=/dev/nowhere"]).await?;
    assert_eq!(refused(&no_device).await?, DeployCause::ResourceMissing);

    let body = writer.blueprint(&holder).await?.body_for(IMAGE, None);
    let refusal = writer.create("holder", &body).await.err().context("created")?;
    assert_eq!(refusal.cause, DeployCause::NameInUse);
    let refusal = writer
        .rename(&same_port, "holder")
        .await
        .err()
        .context("renamed")?;
    assert_eq!(refusal.cause, DeployCause::NameInUse);
    writer.rename(&same_port, "same-port").await?;
    let body = writer.blueprint(&holder).await?.body_for("app:nowhere", None);
    let refusal = writer.create("x", &body).await.err().context("created")?;
    assert_eq!(refusal.cause, DeployCause::ImageNotFound);
    let body = writer.blueprint(&no_network).await?.body_for(IMAGE, None);
    let made = writer.create("no-network-next", &body).await;
    let cause = match made {
        Ok(id) => refused(&id).await?,
        Err(refusal) => refusal.cause,
    };
    assert_eq!(cause, DeployCause::ResourceMissing);

    let refusal = writer.remove(&holder).await.err().context("it was removed")?;
    assert_eq!(refusal.cause, DeployCause::ChangedMeanwhile, "it runs");
    writer.stop(&holder).await?;
    writer.stop(&holder).await?;
    writer.remove(&holder).await?;
    writer.remove(&holder).await?;
    let refusal = writer.start(&holder).await.err().context("it was started")?;
    assert_eq!(refusal.cause, DeployCause::ChangedMeanwhile);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_containers_are_made_again_alike() -> Result<()> {
    let mut engine = RealEngine::start(EngineKind::First).await?;
    engine.make_network("front").await?;
    let scratch = Scratch::new()?;
    let connection = connection(engine.socket(), &scratch).await?;
    let writer = writer(&connection)?;
    engine
        .make_image("app:2", &["ENTRYPOINT [\"/bin/sh\",\"-c\"]"])
        .await?;
    let provider = engine
        .run(&ContainerSpec::named("provider").option("--volume=/shared"))
        .await?;
    let beside = format!("--network=container:{provider}");
    let all: [(&str, &[&str]); 8] = [
        ("default", &[]),
        ("host", &["--network=host"]),
        ("host-named", &["--network=host", "--hostname=byhand"]),
        ("none", &["--network=none", "--read-only"]),
        ("beside", &[&beside, "--pid=host", "--ipc=host"]),
        ("borrower", &["--network=front", "--volumes-from=provider"]),
        // A confined machine gives no container all rights, so this one is not started.
        (
            "privileged",
            &["--privileged", "--publish-all", "--expose=7000-7002"],
        ),
        (
            "entered",
            &["--entrypoint=/bin/sleep", "--security-opt=no-new-privileges"],
        ),
    ];
    for (name, options) in all {
        let named = format!("--name={name}");
        let starts = name != "privileged";
        let mut arguments = vec!["create", "--stop-signal=KILL", named.as_str()];
        arguments.extend(options);
        arguments.push(IMAGE);
        arguments.extend(if name == "entered" {
            vec!["86400"]
        } else {
            vec!["/bin/sleep", "86400"]
        });
        let old = EngineContainerId(engine.docker(&arguments).await?.trim().to_owned());
        if starts {
            writer.start(&old).await?;
        }
        let before = settled(inspect(&engine, name).await?);
        let config = facts(&connection, name).await?.config;
        let body = writer.blueprint(&old).await?.body_for(IMAGE, None);
        let new = writer
            .create(&format!("{name}-next"), &body)
            .await
            .with_context(|| name.to_owned())?;
        writer.stop(&old).await?;
        writer.remove(&old).await?;
        writer.rename(&new, name).await?;
        if starts {
            writer.start(&new).await?;
        }
        same(&before, &settled(inspect(&engine, name).await?), name);
        assert_eq!(facts(&connection, name).await?.config, config, "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn podman_is_refused_because_it_does_not_tell_all_that_was_given() -> Result<()> {
    let podman = PodmanSocket::start().await?;
    let spec = ContainerSpec::named("berth").option("--log-opt=max-size=1m");
    podman.run(&spec).await?;
    let told = podman
        .podman(&["inspect", "--format={{json .HostConfig.LogConfig}}", "berth"])
        .await?;
    assert!(told.contains("1MB"), "Podman itself knows: {told}");
    let scratch = Scratch::new()?;
    let connection = connection(podman.socket(), &scratch).await?;
    let refused = connection.writer().err().context("a writer for Podman")?;
    assert!(refused.engine.starts_with("Podman 4"), "{refused:?}");
    assert!(refused.reason.contains("log driver"), "{refused:?}");
    let first = facts(&connection, "berth")
        .await?
        .config
        .context("no configuration")?;
    let spec = ContainerSpec::named("berth").option("--log-opt=max-size=2m");
    podman.podman(&["rm", "--force", "--time=0", "berth"]).await?;
    podman.run(&spec).await?;
    let second = facts(&connection, "berth")
        .await?
        .config
        .context("no configuration")?;
    assert_eq!(
        second, first,
        "what its compatible API tells is the same with another option: nobody could keep it"
    );
    podman.stop().await
}

//! Real engines by every way of reaching them: two hosts at once, ssh, TLS, Podman; and their events.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use roadstead_collect::{
    ConnectOptions, EngineConnection, EventCursor, EventKind, Inventory, ReadingOutcome, connect, test,
};
use roadstead_model::{ContainerState, Endpoint, EngineContainerId, FaultCause, HostFacts, Reading};
use roadstead_tests::{
    Authority, ContainerSpec, EngineKind, KnownHost, Network, Offer, PodmanSocket, RealEngine, Scratch, Sshd,
    sshd,
};

const LIMIT: Duration = Duration::from_secs(20);

/// A unix endpoint.
fn unix(socket: &Path) -> Endpoint {
    Endpoint::Unix {
        path: socket.to_owned(),
    }
}

fn options(private: &Scratch) -> ConnectOptions {
    ConnectOptions {
        timeout: LIMIT,
        ..ConnectOptions::new(private.join("p"))
    }
}

/// Names of the containers of each app.
async fn apps(connection: &EngineConnection) -> Result<BTreeMap<String, Vec<String>>> {
    let mut apps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for container in connection.containers().await? {
        apps.entry(container.app.0).or_default().push(container.name);
    }
    apps.values_mut().for_each(|names| names.sort());
    Ok(apps)
}

fn measured(outcome: &ReadingOutcome) -> Result<&Reading> {
    match outcome {
        ReadingOutcome::Measured(reading) => Ok(reading),
        other => anyhow::bail!("not measured: {other:?}"),
    }
}

fn same_engine(facts: &HostFacts, others: &HostFacts) {
    assert_eq!(facts.engine_id, others.engine_id);
    assert_eq!(facts.engine_version, others.engine_version);
    assert_eq!(facts.memory_bytes, others.memory_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_of_two_engines_come_from_their_compose_labels() -> Result<()> {
    let (first, second) = tokio::join!(
        RealEngine::start(EngineKind::First),
        RealEngine::start(EngineKind::Second)
    );
    let (first, second) = (first?, second?);
    first
        .run(
            &ContainerSpec::named("immich-server-1")
                .of_project("immich", "server")
                .memory_bytes(256 << 20),
        )
        .await?;
    first
        .run(&ContainerSpec::named("immich-db-1").of_project("immich", "db"))
        .await?;
    first.run(&ContainerSpec::named("lantern")).await?;
    second
        .run(
            &ContainerSpec::named("immich-server-1")
                .of_project("immich", "server")
                .network(Network::Host),
        )
        .await?;

    let private = Scratch::new()?;
    let on_first = connect(&unix(first.socket()), &options(&private)).await?;
    let on_second = connect(&unix(second.socket()), &options(&private)).await?;
    assert_eq!(
        apps(&on_first).await?,
        BTreeMap::from([
            (
                "immich".to_owned(),
                vec!["immich-db-1".to_owned(), "immich-server-1".to_owned()]
            ),
            ("lantern".to_owned(), vec!["lantern".to_owned()]),
        ])
    );
    assert_eq!(
        apps(&on_second).await?,
        BTreeMap::from([("immich".to_owned(), vec!["immich-server-1".to_owned()])])
    );
    let facts = on_first.containers().await?;
    let server = facts
        .iter()
        .find(|c| c.name == "immich-server-1")
        .context("no server")?;
    assert_eq!(server.service.as_deref(), Some("server"));
    assert_eq!(server.memory_limit_bytes, Some(256 << 20));
    assert_eq!(server.state, ContainerState::Running);
    let lantern = facts.iter().find(|c| c.name == "lantern").context("no lantern")?;
    assert_eq!(
        lantern.memory_limit_bytes, None,
        "no limit is none, never the machine's memory"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_readings_at_once_over_ssh_are_one_login() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let server = Sshd::start(true).await?;
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(EngineContainerId(
            engine
                .run(&ContainerSpec::named(&format!("berth-{number}")))
                .await?,
        ));
    }
    let private = Scratch::new()?;
    let mut options = options(&private);
    options.ssh.config_file = Some(server.client_config(KnownHost::Right, Offer::Accepted)?);
    let endpoint = Endpoint::Ssh {
        destination: sshd::ALIAS.to_owned(),
        port: None,
        socket: Some(engine.socket().to_owned()),
    };
    let connection = connect(&endpoint, &options).await?;
    let direct = connect(&unix(engine.socket()), &self::options(&private)).await?;
    same_engine(&connection.host_facts().await?, &direct.host_facts().await?);

    let forty: Vec<EngineContainerId> = ids.iter().cycle().take(40).cloned().collect();
    let started = Instant::now();
    let readings = connection.readings(&forty, 40).await;
    let took = started.elapsed();
    assert_eq!(readings.len(), 40);
    for (id, outcome) in &readings {
        assert_eq!(measured(outcome)?.engine_id, *id);
    }
    // This engine answers each reading on its own tick of up to a second: one after another they would take forty.
    assert!(took < Duration::from_secs(15), "not at once: {took:?}");
    let pings = join_all((0..40).map(|_| connection.ping())).await;
    assert!(pings.iter().all(Result::is_ok), "{pings:?}");
    assert_eq!(server.logins(), 1, "{}", server.log_text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ssh_alias_may_have_a_command_and_forwardings_of_its_own() -> Result<()> {
    let engine = RealEngine::start(EngineKind::First).await?;
    let server = Sshd::start(true).await?;
    let private = Scratch::new()?;
    // The operator's own terminal has the port already.
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let config = server.client_config(KnownHost::Right, Offer::Accepted)?;
    let own = format!(
        "{}  LocalForward {} 127.0.0.1:9\n  ExitOnForwardFailure yes\n  RemoteCommand tmux attach\n  RequestTTY yes\n",
        std::fs::read_to_string(&config)?,
        taken.local_addr()?,
    );
    let mut options = options(&private);
    options.ssh.config_file = Some(private.write("own-config", own)?);
    let endpoint = |socket: std::path::PathBuf| Endpoint::Ssh {
        destination: sshd::ALIAS.to_owned(),
        port: None,
        socket: Some(socket),
    };
    let found = test(&endpoint(engine.socket().to_owned()), &options).await?;
    assert_eq!(found.containers_total, 0);
    let missing = test(&endpoint("/nonexistent/engine.sock".into()), &options).await;
    let cause = missing.err().context("reached what is not there")?.cause;
    assert_eq!(
        cause,
        FaultCause::SocketMissing,
        "and a fault still has its own name"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_endpoint_is_the_same_engine() -> Result<()> {
    let authority = Authority::new("harbor authority")?;
    let engine = RealEngine::start_with_tls(EngineKind::Second, authority.server(&["127.0.0.1"])?).await?;
    let id = EngineContainerId(
        engine
            .run(&ContainerSpec::named("berth").of_project("gitea", "server"))
            .await?,
    );
    let private = Scratch::new()?;
    let endpoint = Endpoint::Tcp {
        host: "127.0.0.1".to_owned(),
        port: engine.tls_port().context("no TLS port")?,
        tls: Some(authority.client("operator", &authority)?),
    };
    let found = test(&endpoint, &options(&private)).await?;
    let direct = test(&unix(engine.socket()), &options(&private)).await?;
    same_engine(&found.facts, &direct.facts);
    assert_eq!((found.containers_total, found.containers_running), (1, 1));
    assert!(found.round_trip_ms > 0.0);
    let connection = connect(&endpoint, &options(&private)).await?;
    let readings = connection
        .readings(&[id], connection.reading_concurrency(1))
        .await;
    assert!(measured(&readings[0].1)?.memory.is_some());
    assert!(apps(&connection).await?.contains_key("gitea"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_podman_socket_is_a_host_too() -> Result<()> {
    let podman = PodmanSocket::start().await?;
    let spec = ContainerSpec::named("berth")
        .of_project("gitea", "server")
        .memory_bytes(64 << 20);
    let id = EngineContainerId(podman.run(&spec).await?);
    let private = Scratch::new()?;
    let connection = connect(&unix(podman.socket()), &options(&private)).await?;
    let facts = connection.host_facts().await?;
    assert_eq!(facts.engine_kind, "Podman");
    assert!(facts.memory_bytes > 0 && facts.cpu_cores > 0);
    let containers = connection.containers().await?;
    assert_eq!(containers.len(), 1);
    assert_eq!(containers[0].app.0, "gitea");
    assert_eq!(containers[0].engine_id, id);
    assert_eq!(containers[0].memory_limit_bytes, Some(64 << 20));
    let readings = connection
        .readings(std::slice::from_ref(&id), connection.reading_concurrency(1))
        .await;
    let reading = measured(&readings[0].1)?;
    let memory = reading.memory.context("no memory")?;
    assert!(
        memory.used_bytes > 0 && memory.used_bytes < 64 << 20,
        "{memory:?}"
    );
    assert!(reading.cpu.is_some_and(|cpu| cpu.total_ns > 0), "{reading:?}");
    podman.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_keep_the_inventory_fresh_and_tell_of_an_oom_kill() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    engine.run(&ContainerSpec::named("old")).await?;
    let private = Scratch::new()?;
    let connection = connect(&unix(engine.socket()), &options(&private)).await?;
    let mut events = connection.events(EventCursor::default()).await?;
    let mut inventory = Inventory::new();
    inventory.refresh(&connection).await?;
    assert_eq!(inventory.facts().count(), 1);

    let greedy = ContainerSpec::named("greedy")
        .memory_bytes(16 << 20)
        .shm_bytes(64 << 20)
        // The engine attaches its watch for OOM kills a moment after the start, and misses those before.
        .running("sleep 2; exec dd if=/dev/zero of=/dev/shm/cargo bs=1M count=48");
    let greedy = EngineContainerId(engine.run(&greedy).await?);
    engine.docker(&["rm", "--force", "old"]).await?;

    let mut kinds = Vec::new();
    let deadline = Instant::now() + LIMIT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let event = tokio::time::timeout(left, events.next())
            .await
            .with_context(|| format!("no more events after {kinds:?}"))?
            .context("the stream ended")??;
        inventory.apply(&event);
        kinds.push((event.name.clone().unwrap_or_default(), event.kind));
        let has = |kind| kinds.contains(&("greedy".to_owned(), kind));
        let old_gone = kinds.contains(&("old".to_owned(), EventKind::Destroy));
        if has(EventKind::Oom) && has(EventKind::Die { exit_code: Some(137) }) && old_gone {
            break;
        }
    }
    inventory.inspect_touched(&connection).await?;
    let names: Vec<&str> = inventory.facts().map(|facts| facts.name.as_str()).collect();
    assert_eq!(names, ["greedy"]);
    let facts = inventory.get(&greedy).context("not known")?;
    assert!(facts.oom_killed, "{facts:?}");
    assert_eq!(facts.exit_code, Some(137));
    ensure!(inventory.running().is_empty(), "nothing runs");

    let readings = connection.readings(&[greedy], 1).await;
    assert_eq!(
        readings[0].1,
        ReadingOutcome::NotRunning,
        "nothing is measured of it, and no fault either"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_subscription_tells_what_happened_meanwhile_once() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let private = Scratch::new()?;
    let connection = connect(&unix(engine.socket()), &options(&private)).await?;
    let mut events = connection.events(EventCursor::default()).await?;
    engine.run(&ContainerSpec::named("first")).await?;
    let next = async |events: &mut roadstead_collect::EventStream| -> Result<(String, EventKind)> {
        let event = tokio::time::timeout(LIMIT, events.next())
            .await?
            .context("the stream ended")??;
        Ok((event.name.unwrap_or_default(), event.kind))
    };
    assert_eq!(next(&mut events).await?, ("first".to_owned(), EventKind::Create));
    assert_eq!(next(&mut events).await?, ("first".to_owned(), EventKind::Start));
    let cursor = events.cursor();
    drop(events);
    engine.run(&ContainerSpec::named("second")).await?;
    let mut again = connection.events(cursor).await?;
    assert_eq!(
        next(&mut again).await?,
        ("second".to_owned(), EventKind::Create),
        "no event of the first again"
    );
    assert_eq!(next(&mut again).await?, ("second".to_owned(), EventKind::Start));
    Ok(())
}

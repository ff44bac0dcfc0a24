//! The whole engine over hosts that come and go: real ones by every transport, simulated ones with every fault.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::wire::*;
use roadstead_engine::{Clock, ConnectOptions, DiscoverSources, Engine, EngineOptions};
use roadstead_model::{FaultCause, HostId, Period};
use roadstead_sim::{Fault as SimFault, Fleet, FleetPlan, SimClock, serve_fleet};
use roadstead_tests::{
    Authority, ContainerSpec, EngineKind, KnownHost, Network, Offer, RealEngine, Scratch, Sshd, leftovers,
    sshd, until,
};
use rustix::process::{Signal, kill_process};

/// Most tests tick as fast as the product allows.
const TICK_S: u32 = 5;
/// What the product promises: a fault shows within two intervals. A second for the machine under test.
const TWO_INTERVALS: Duration = Duration::from_secs(2 * TICK_S as u64 + 1);
/// Two of the usual intervals: some faults take an attempt's whole time limit to be told from a slow answer.
const TWO_USUAL_INTERVALS: Duration = Duration::from_secs(2 * 15 + 1);
/// A host answers and has ticked.
const SETTLED: Duration = Duration::from_secs(60);

struct House {
    engine: Engine,
    scratch: Scratch,
}

impl House {
    async fn open(config_file: Option<PathBuf>) -> Result<Self> {
        let scratch = Scratch::new()?;
        let run_dir = scratch.join("r");
        let mut connect = ConnectOptions::new(run_dir.clone());
        connect.ssh.config_file = config_file;
        let engine = Engine::start(EngineOptions {
            data_dir: scratch.join("data"),
            run_dir,
            discover: DiscoverSources {
                root: scratch.join("no-root"),
                ..DiscoverSources::default()
            },
            clock: Clock::default(),
            connect: Some(connect),
            deploy_hook: None,
        })
        .await?;
        Ok(Self { engine, scratch })
    }

    async fn add(&self, name: &str, address: String) -> Result<HostId> {
        self.add_with(name, address, None, Some(TICK_S)).await
    }

    async fn add_with(
        &self,
        name: &str,
        address: String,
        tls: Option<TlsDraft>,
        tick_interval_s: Option<u32>,
    ) -> Result<HostId> {
        let draft = HostDraft {
            name: name.to_owned(),
            customer: String::new(),
            address,
            tls,
            accept_plain_text: false,
            tick_interval_s,
        };
        Ok(self.engine.add_host(draft).await?.id)
    }

    async fn row(&self, host: HostId) -> Result<HostRow> {
        let list = self.engine.list_hosts(()).await?;
        list.hosts
            .into_iter()
            .find(|row| row.id == host)
            .context("the host is not listed")
    }

    /// Waits until the host answers and has ticked after `since_ms`.
    async fn ticking(&self, host: HostId, since_ms: i64) -> Result<HostRow> {
        until("a host that ticks", SETTLED, async || {
            let row = self.row(host).await?;
            let connected = matches!(row.connection.state, HostState::Connected { .. });
            let ticked = row.last_tick_ms.is_some_and(|at| at > since_ms);
            ensure!(connected && ticked, "{:?}", row.connection);
            Ok(row)
        })
        .await
    }

    /// Waits until the host is unreachable for one of these causes. The first that is seen may be the connection that
    /// broke; the next attempt names why no new one is made.
    async fn lost(&self, host: HostId, causes: &[FaultCause], within: Duration) -> Result<()> {
        until("a host that is unreachable by name", within, async || match self
            .row(host)
            .await?
            .connection
            .state
        {
            HostState::Unreachable { fault, .. } if causes.contains(&fault.cause) => Ok(()),
            other => anyhow::bail!("{other:?} is none of {causes:?}"),
        })
        .await
    }
}

fn unix(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_engine_is_lost_by_name_keeps_its_data_and_comes_back_while_the_other_ticks_on()
-> Result<()> {
    let (first, second) = tokio::join!(
        RealEngine::start(EngineKind::First),
        RealEngine::start(EngineKind::Second)
    );
    let (first, mut second) = (first?, second?);
    let server = ContainerSpec::named("immich-server-1").of_project("immich", "server");
    first
        .run(&server.clone().network(Network::Bridge).memory_bytes(256 << 20))
        .await?;
    second.run(&server.option("--restart=always")).await?;
    second.run(&ContainerSpec::named("lantern")).await?;
    let house = House::open(None).await?;
    let near = house.add("near", unix(first.socket())).await?;
    let far = house.add("far", unix(second.socket())).await?;
    house.ticking(near, 0).await?;
    house.ticking(far, 0).await?;

    let app = AppRequest {
        app: "immich".to_owned(),
        period: Period::Day,
    };
    let page = house.engine.app(app.clone()).await?;
    assert_eq!(page.row.deployments_active, 2, "one app, two hosts");
    assert!(
        page.containers
            .iter()
            .all(|row| row.container.memory_used_bytes.is_some()),
        "{:?}",
        page.containers
    );

    let steady = house.row(near).await?.connection;
    // Not a shutdown: that would stop the containers first, and the last tick might have measured none.
    second.crash()?;
    house
        .lost(
            far,
            &[FaultCause::SocketMissing, FaultCause::Refused],
            TWO_INTERVALS,
        )
        .await?;
    let lost = house.row(far).await?;
    let age_of = lost.last_tick_ms.context("its age is known")?;
    assert!(lost.memory_used_bytes.is_some(), "what was seen of it stays");
    assert_eq!(lost.apps, 2);
    house.ticking(near, age_of + 10_000).await?;
    let near_now = house.row(near).await?.connection;
    assert!(near_now.ticks > steady.ticks, "the other host ticks on");
    assert_eq!(near_now.ticks_missed, steady.ticks_missed, "and misses none");
    let later = house.row(far).await?;
    assert_eq!(later.last_tick_ms, Some(age_of), "no tick is made up");
    assert!(later.stale, "and it says so");
    let page = house.engine.app(app).await?;
    assert_eq!(page.row.deployments_seen, 2, "its deployment is still there");

    second.start_again().await?;
    let back = house.ticking(far, age_of).await?;
    assert!(back.connection.reconnects >= 1);
    assert!(
        back.connection.last_fault.is_some(),
        "the last fault stays in sight"
    );
    house.engine.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ssh_host_logs_in_once_and_again_only_when_its_tunnel_died() -> Result<()> {
    let real = RealEngine::start(EngineKind::Second).await?;
    for number in 0..5 {
        real.run(&ContainerSpec::named(&format!("berth-{number}")))
            .await?;
    }
    let server = Sshd::start(true).await?;
    let house = House::open(Some(server.client_config(KnownHost::Right, Offer::Accepted)?)).await?;
    let address = format!("ssh://{}{}", sshd::ALIAS, real.socket().display());
    let host = house.add("over-ssh", address).await?;
    let row = house.ticking(host, 0).await?;
    let row = house.ticking(host, row.last_tick_ms.unwrap_or_default()).await?;
    assert_eq!(row.transport, Transport::Ssh);
    assert_eq!(row.containers_running, 5);
    assert_eq!(
        server.logins(),
        1,
        "rounds, inventory and events share one login: {}",
        server.log_text()
    );

    // The tunnel is the process that names the private directory of this house.
    let tunnels = leftovers::processes_naming(house.scratch.path());
    assert_eq!(tunnels.len(), 1, "one ssh per host");
    kill_process(tunnels[0], Signal::KILL)?;
    let back = until("a new tunnel", SETTLED, async || {
        let row = house.row(host).await?;
        ensure!(row.connection.reconnects >= 1, "{:?}", row.connection);
        Ok(row)
    })
    .await?;
    house.ticking(host, back.last_tick_ms.unwrap_or_default()).await?;
    assert_eq!(server.logins(), 2, "{}", server.log_text());
    house.engine.stop().await;
    until("the end of every ssh", Duration::from_secs(10), async || {
        let left = leftovers::processes_naming(house.scratch.path());
        ensure!(left.is_empty(), "{left:?} still run");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_host_ticks_and_its_key_is_nowhere_in_the_data_folder() -> Result<()> {
    let authority = Authority::new("harbor authority")?;
    let real = RealEngine::start_with_tls(EngineKind::Second, authority.server(&["127.0.0.1"])?).await?;
    real.run(&ContainerSpec::named("berth").of_project("gitea", "server"))
        .await?;
    let port = real.tls_port().context("no TLS port")?;
    let files = authority.client("operator", &authority)?;
    let house = House::open(None).await?;
    let tls = TlsDraft {
        ca: files.ca.display().to_string(),
        cert: files.cert.display().to_string(),
        key: files.key.display().to_string(),
    };
    let host = house
        .add_with(
            "over-tls",
            format!("tcp://127.0.0.1:{port}"),
            Some(tls),
            Some(TICK_S),
        )
        .await?;
    let row = house.ticking(host, 0).await?;
    assert_eq!(row.transport, Transport::Tls);
    assert_eq!(row.apps, 1);
    house.engine.stop().await;

    let secret = std::fs::read_to_string(&files.key)?;
    let secret = secret.lines().nth(1).context("an empty key")?.as_bytes();
    let mut looked_at = 0;
    let mut folders = vec![house.scratch.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path)?;
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "the key is in {}", path.display());
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 0, "there is a store to look at");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_at_once_shows_by_name_while_the_others_tick_and_all_heal() -> Result<()> {
    use FaultCause::*;
    let faults: Vec<(SimFault, Vec<FaultCause>)> = vec![
        (SimFault::Refuse, vec![Refused]),
        (SimFault::SocketGone, vec![SocketMissing]),
        (SimFault::Hang, vec![TimedOut]),
        (SimFault::Cut, vec![ConnectionLost]),
        // Who hangs up while we still write may have sent garbage that was never read.
        (SimFault::Garbage, vec![BadAnswer, NotAnEngine, ConnectionLost]),
        (SimFault::BadJson, vec![BadAnswer, NotAnEngine]),
        (SimFault::Error500, vec![EngineError]),
        (SimFault::WrongVersion, vec![ApiTooOld]),
        (SimFault::Huge, vec![AnswerTooLarge]),
        (SimFault::NotAnEngine, vec![NotAnEngine]),
    ];
    let house = House::open(None).await?;
    let sockets = house.scratch.make_dir("s")?;
    let fleet = Fleet::scripted(FleetPlan {
        hosts: faults.len() + 1,
        containers_per_host: 3,
        ..FleetPlan::default()
    })?;
    let served = serve_fleet(&fleet, &SimClock::real(), &sockets)?;
    let mut hosts = Vec::new();
    for host in &served {
        hosts.push(
            house
                .add_with(host.sim().host().name(), unix(host.socket_path()), None, None)
                .await?,
        );
    }
    for host in &hosts {
        house.ticking(*host, 0).await?;
    }
    let well = *hosts.last().context("no hosts")?;

    let well_before = house.row(well).await?;
    let since = Instant::now();
    for ((fault, _), host) in faults.iter().zip(&served) {
        host.set_fault(*fault);
    }
    let mut last_seen = Vec::new();
    for ((fault, causes), host) in faults.iter().zip(&hosts) {
        let left = TWO_USUAL_INTERVALS.saturating_sub(since.elapsed());
        house
            .lost(*host, causes, left)
            .await
            .with_context(|| format!("{fault:?}"))?;
        let row = house.row(*host).await?;
        assert!(row.memory_used_bytes.is_some(), "{fault:?}: what was seen stays");
        last_seen.push(row.last_tick_ms.context("its age is known")?);
    }
    let seen_ms = well_before.last_tick_ms.context("it has ticked")?;
    let well_now = house.ticking(well, seen_ms).await?.connection;
    assert_eq!(
        well_now.ticks_missed, well_before.connection.ticks_missed,
        "faults of others are not its own"
    );
    assert_eq!(well_now.reconnects, 0);

    for host in &served {
        host.heal();
    }
    for (host, seen) in hosts.iter().zip(last_seen) {
        house.ticking(*host, seen).await?;
    }
    house.engine.stop().await;
    Ok(())
}

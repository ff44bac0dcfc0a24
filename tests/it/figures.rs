//! Our figures against what `docker stats --no-stream` shows of the same containers.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_collect::{ConnectOptions, EngineConnection, ReadingOutcome, connect};
use roadstead_model::{Counters, Endpoint, EngineContainerId, Reading, rate};
use roadstead_tests::docker_stats::CliStats;
use roadstead_tests::{ContainerSpec, EngineKind, Network, RealEngine, Scratch, until};

/// Agreement asked for.
const WITHIN: f64 = 0.02;
/// What the kernel grants a limited container at once: 0.2 cores come as 20 ms of each 100 ms, so a window of one
/// second (the CLI's) may hold one grant more or less.
const GRANT_CORES: f64 = 0.02;
const ROUNDS: usize = 5;

/// What the CLI showed, and our readings right before and right after it.
struct Side {
    before: Vec<Reading>,
    cli: Vec<CliStats>,
    after: Vec<Reading>,
}

impl Side {
    /// Our figure of one container before and after, each present.
    fn ours(&self, at: usize, figure: impl Fn(&Reading) -> Option<u64>) -> Result<[f64; 2]> {
        let of = |reading: &Reading| {
            figure(reading).with_context(|| format!("a figure is missing in {reading:?}"))
        };
        Ok([of(&self.before[at])? as f64, of(&self.after[at])? as f64])
    }
}

async fn readings(connection: &EngineConnection, ids: &[EngineContainerId]) -> Result<Vec<Reading>> {
    let mut found: HashMap<EngineContainerId, Reading> = HashMap::new();
    for (id, outcome) in connection.readings(ids, 40).await {
        match outcome {
            ReadingOutcome::Measured(reading) => found.insert(id, reading),
            other => anyhow::bail!("{id} was not measured: {other:?}"),
        };
    }
    ids.iter()
        .map(|id| found.remove(id).context("no answer for a container"))
        .collect()
}

/// The CLI's rows between two readings of ours, all in the order of `ids`.
async fn side_by_side(
    engine: &RealEngine,
    connection: &EngineConnection,
    ids: &[EngineContainerId],
) -> Result<Side> {
    let names: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
    let before = readings(connection, ids).await?;
    let mut cli = engine.stats_cli(&names).await?;
    let after = readings(connection, ids).await?;
    cli.sort_by_key(|row| names.iter().position(|name| *name == row.engine_id));
    ensure!(cli.len() == ids.len(), "the CLI left a container out: {cli:?}");
    Ok(Side { before, cli, after })
}

fn close(ours: f64, cli: f64, step: f64) -> bool {
    (ours - cli).abs() <= (cli.abs() * WITHIN).max(step)
}

/// Whether the CLI's figure agrees with one of ours, or lies between the two: the kernel gives and takes memory in
/// between (what a finished copy left behind is freed late), and that is the one sampling step.
fn agrees([before, after]: [f64; 2], cli: f64, step: f64) -> bool {
    let (low, high) = (before.min(after), before.max(after));
    (low..=high).contains(&cli) || close(before, cli, step) || close(after, cli, step)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn connected(engine: &RealEngine, private: &Scratch) -> Result<EngineConnection> {
    let endpoint = Endpoint::Unix {
        path: engine.socket().to_owned(),
    };
    Ok(connect(&endpoint, &ConnectOptions::new(private.join("p"))).await?)
}

async fn started(engine: &RealEngine, specs: &[ContainerSpec]) -> Result<Vec<EngineContainerId>> {
    let mut ids = Vec::new();
    for spec in specs {
        ids.push(EngineContainerId(engine.run(spec).await?));
    }
    Ok(ids)
}

/// Waits for the word each container logs once it holds what it should.
async fn all_ready(engine: &RealEngine, ids: &[EngineContainerId]) -> Result<()> {
    for id in ids {
        until(
            "a container holds what it should",
            Duration::from_secs(60),
            async || {
                let log = engine.docker(&["logs", &id.0]).await?;
                ensure!(log.contains("moored"), "it says: {log}");
                Ok(())
            },
        )
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_what_docker_stats_shows() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let specs = [
        ContainerSpec::named("anon").memory_bytes(256 << 20).running(
            // A shell variable is heap: anonymous memory.
            "cargo=$(head -c 25000000 /dev/zero | tr '\\0' x); echo moored; while :; do sleep 3600; done; echo $cargo",
        ),
        ContainerSpec::named("shm").memory_bytes(256 << 20).shm_bytes(128 << 20).running(
            "dd if=/dev/zero of=/dev/shm/cargo bs=1M count=64 2>/dev/null; echo moored; exec sleep 86400",
        ),
        ContainerSpec::named("cache").running(
            "dd if=/dev/zero of=/cargo bs=1M count=64 2>/dev/null; sync; echo moored; exec sleep 86400",
        ),
        ContainerSpec::named("idle").running("echo moored; exec sleep 86400"),
    ];
    let ids = started(&engine, &specs).await?;
    all_ready(&engine, &ids).await?;
    let private = Scratch::new()?;
    let connection = connected(&engine, &private).await?;
    let side = side_by_side(&engine, &connection, &ids).await?;
    for (at, name) in ["anon", "shm", "cache", "idle"].into_iter().enumerate() {
        let cli = &side.cli[at];
        let used = side.ours(at, |reading| Some(reading.memory?.used_bytes))?;
        println!(
            "{name}: {used:?} bytes around {} of the CLI",
            cli.memory_used_bytes
        );
        // The CLI prints four digits: 64 KiB is no step of anything measured here.
        assert!(
            agrees(used, cli.memory_used_bytes, 65_536.0),
            "{name}: {used:?} around {} of the CLI",
            cli.memory_used_bytes
        );
        let limit = side.ours(at, |reading| reading.memory?.limit_bytes)?;
        assert!(
            agrees(limit, cli.memory_limit_bytes, 0.0),
            "{name}: limit {limit:?} {cli:?}"
        );
        assert_eq!(side.after[at].pids, Some(cli.pids), "{name}");
    }
    let part = |at: usize| side.after[at].memory.context("no memory");
    let (anon, shm, cache, idle) = (part(0)?, part(1)?, part(2)?, part(3)?);
    assert!(
        anon.anon_bytes.is_some_and(|bytes| bytes > 24 << 20),
        "a heap is anonymous memory: {anon:?}"
    );
    assert!(shm.used_bytes > 64 << 20, "shared memory is in use: {shm:?}");
    // cgroup v1 of this kernel counts shared memory in the cache and has no figure of its own for it.
    if let Some(shmem) = shm.shmem_bytes {
        assert!(shmem >= 64 << 20, "{shm:?}");
    }
    assert!(
        cache.usage_bytes > cache.used_bytes + (32 << 20),
        "dropped file cache is not in use: {cache:?}"
    );
    assert!(idle.used_bytes < 8 << 20, "{idle:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cpu_is_what_docker_stats_shows() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    // A limit makes the load steady on a machine that others use too.
    let specs = [
        ContainerSpec::named("busy")
            .option("--cpus=0.2")
            .running("while :; do :; done"),
        ContainerSpec::named("idle"),
    ];
    let ids = started(&engine, &specs).await?;
    let private = Scratch::new()?;
    let connection = connected(&engine, &private).await?;
    let (mut ours, mut cli) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        let side = side_by_side(&engine, &connection, &ids).await?;
        for at in 0..ids.len() {
            let rates = rate::rates(&Counters::of(&side.before[at]), &Counters::of(&side.after[at]));
            ours[at].push(rates.cpu_cores.context("no CPU figure")?);
            cli[at].push(side.cli[at].cpu_cores);
        }
    }
    let shown = format!("ours {ours:?}, the CLI's {cli:?}");
    let ([our_busy, our_idle], [cli_busy, cli_idle]) = (ours.map(median), cli.map(median));
    println!("cores, busy and idle: {our_busy} and {our_idle}; the CLI {cli_busy} and {cli_idle}");
    assert!(our_busy > 0.1, "a burner burns: {shown}");
    assert!(close(our_busy, cli_busy, GRANT_CORES), "{shown}");
    assert!(close(our_idle, cli_idle, 0.005), "{shown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn network_is_what_docker_stats_shows_and_absent_where_there_is_none_of_its_own() -> Result<()> {
    let engine = RealEngine::start(EngineKind::First).await?;
    let specs = [
        ContainerSpec::named("bridged").network(Network::Bridge).running(
            "gateway=$(ip route | awk '/default/ {print $3}'); ping -c 20 -i 0.05 -s 1000 $gateway; echo moored; exec sleep 86400",
        ),
        ContainerSpec::named("on-host").network(Network::Host).running("echo moored; exec sleep 86400"),
    ];
    let ids = started(&engine, &specs).await?;
    all_ready(&engine, &ids).await?;
    let private = Scratch::new()?;
    let connection = connected(&engine, &private).await?;
    let side = side_by_side(&engine, &connection, &ids).await?;
    let (rx, tx) = (
        side.ours(0, |reading| Some(reading.network?.rx_bytes))?,
        side.ours(0, |reading| Some(reading.network?.tx_bytes))?,
    );
    assert!(tx[0] > 20_000.0, "the pings were sent: {tx:?}");
    // Neighbours on the bridge speak now and then: one packet is the step.
    let cli = &side.cli[0];
    assert!(agrees(rx, cli.network_rx_bytes, 200.0), "{rx:?} {cli:?}");
    assert!(agrees(tx, cli.network_tx_bytes, 200.0), "{tx:?} {cli:?}");
    assert_eq!(
        side.after[1].network, None,
        "the host's own network is not the container's"
    );
    Ok(())
}

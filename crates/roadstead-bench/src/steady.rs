//! `steady`: the backend over a simulated fleet, as long as an operator would leave it running, in miniature.
//!
//! The simulated engines are another process: their CPU and memory are not on the backend's bill.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::{HostList, HostState, Settings};
use roadstead_sim::FleetPlan;

use crate::engine_door::EngineDoor;
use crate::figure::{Figure, Findings, Reach};
use crate::simulation::Simulation;
use crate::timing::{Whose, cpu_time, resident_memory};

/// How long connecting all hosts may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(180);

/// The backend over a simulated fleet.
#[derive(Debug, Args)]
pub(crate) struct SteadyArgs {
    /// Simulated hosts, up to 1 000.
    #[arg(long, default_value_t = 100)]
    hosts: u32,
    /// Containers of each host.
    #[arg(long, default_value_t = 20)]
    containers: u32,
    /// Seconds between ticks, 5 to 300.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(5..=300))]
    interval: u32,
    /// Minutes measured, after the warm-up.
    #[arg(long, default_value_t = 3)]
    minutes: u32,
    /// Seconds of warm-up after the last host has connected.
    #[arg(long, default_value_t = 60)]
    warm_up: u32,
}

pub(crate) async fn run(args: &SteadyArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(
        args.hosts > 0 && args.containers > 0 && args.minutes > 0,
        "hosts, containers and minutes are at least 1"
    );
    // Sockets have short paths only.
    let world = tempfile::Builder::new().prefix("rsb-").tempdir()?;
    let sockets = world.path().join("hosts");
    std::fs::create_dir(&sockets)?;
    let plan = FleetPlan {
        hosts: args.hosts as usize,
        containers_per_host: args.containers as usize,
        ..FleetPlan::default()
    };
    let simulation = Simulation::start(&plan, &sockets)?;

    let dir = data.join("steady");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).context("cannot remove the store of an earlier run")?;
    }
    let door = EngineDoor::start(&dir).await?;
    door.save_settings(Settings {
        tick_interval_s: args.interval,
        ..Settings::default()
    })
    .await?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&sockets)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    ensure!(
        paths.len() == args.hosts as usize,
        "{} of {} simulated hosts are served",
        paths.len(),
        args.hosts
    );
    for (number, path) in paths.iter().enumerate() {
        door.add_host(&format!("simulated-{:04}", number + 1), path)
            .await?;
    }
    let connecting = Instant::now();
    while connected(&door.list_hosts().await?) < args.hosts {
        ensure!(
            connecting.elapsed() < CONNECT_WITHIN,
            "not every host connected within {} s",
            CONNECT_WITHIN.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let connect_s = connecting.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(u64::from(args.warm_up))).await;

    let before = Totals::of(&door.list_hosts().await?);
    let (cpu_before, started) = (cpu_time(Whose::Ours)?, Instant::now());
    tokio::time::sleep(Duration::from_secs(u64::from(args.minutes) * 60)).await;
    let spent = cpu_time(Whose::Ours)?.saturating_sub(cpu_before);
    let span = started.elapsed();
    let memory = resident_memory()?;
    let hosts = door.list_hosts().await?;
    let after = Totals::of(&hosts);
    ensure!(
        connected(&hosts) == args.hosts,
        "a host was lost while it was measured"
    );
    door.close().await;
    drop(simulation);

    let ticks = after.ticks - before.ticks;
    let due = u64::from(args.hosts) * span.as_secs() / u64::from(args.interval);
    // A tick at either end of the span may fall on the other side.
    let unseen = (due.saturating_sub(u64::from(args.hosts))).saturating_sub(ticks);
    let missed = (after.missed - before.missed).max(unseen);
    let figure = |name: &str, value: f64, unit| Figure::new("steady", name, value, unit);
    let budget = args.hosts <= 100 && args.containers <= 20 && args.interval >= 15;
    let reach = |figure: Figure, most: f64| {
        if budget {
            figure.reach(Reach::AtMost(most))
        } else {
            figure
        }
    };
    Ok(Findings {
        title: format!(
            "steady: {} simulated hosts x {} containers every {} s, measured for {} min",
            args.hosts, args.containers, args.interval, args.minutes
        ),
        notes: vec![
            format!(
                "{ticks} ticks taken, {due} due; all hosts connected {connect_s:.1} s after the last was added"
            ),
            format!("failed readings in the last rounds: {}", after.failures),
            "the backend alone; simulated engines are another process".to_owned(),
        ],
        figures: vec![
            figure("missed_ticks", missed as f64, "ticks").reach(Reach::AtMost(0.0)),
            reach(
                figure("cpu_cores", spent.as_secs_f64() / span.as_secs_f64(), "cores"),
                0.05,
            ),
            reach(figure("rss_bytes", memory.now_bytes as f64, "bytes"), 80e6),
            figure("rss_peak_bytes", memory.peak_bytes as f64, "bytes"),
            figure("longest_round_ms", after.longest_round_ms, "ms"),
        ],
    })
}

fn connected(hosts: &HostList) -> u32 {
    let connected = hosts
        .hosts
        .iter()
        .filter(|host| matches!(host.connection.state, HostState::Connected { .. }));
    connected.count() as u32
}

/// Counters of all hosts together.
#[derive(Debug)]
struct Totals {
    ticks: u64,
    missed: u64,
    failures: u64,
    longest_round_ms: f64,
}

impl Totals {
    fn of(hosts: &HostList) -> Self {
        let connections = || hosts.hosts.iter().map(|host| &host.connection);
        Self {
            ticks: connections().map(|connection| u64::from(connection.ticks)).sum(),
            missed: connections()
                .map(|connection| u64::from(connection.ticks_missed))
                .sum(),
            failures: connections()
                .map(|connection| u64::from(connection.last_round_failures))
                .sum(),
            longest_round_ms: connections()
                .filter_map(|connection| connection.last_round_ms)
                .fold(0.0, f64::max),
        }
    }
}

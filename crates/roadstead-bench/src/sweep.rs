//! `sweep`: one collection round over the containers of a real engine, beside `docker stats --no-stream`.
//!
//! Both are asked in turn, so that a busy machine slows both. Ours is a round as it is in use: the connection and the
//! list of containers are there already (they are kept, not asked for each round), and every running container is read
//! once. The engine's own CPU is on neither's bill.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use roadstead_collect::{ConnectOptions, EngineConnection, ReadingOutcome, connect};
use roadstead_model::{Endpoint, EngineContainerId};

use crate::figure::{Figure, Findings, Reach};
use crate::real_engine::RealEngine;
use crate::timing::{Latencies, Whose, cpu_time, elapsed_ms};

/// What the containers of the own engine do: wake up now and then.
const IDLE: &str = "while :; do /bin/busybox sleep 10; done";

/// One round beside docker stats.
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Socket of an engine that runs; an own one is started (and stopped) when absent.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// Containers of the own engine.
    #[arg(long, default_value_t = 40)]
    containers: u32,
    /// Rounds of each side.
    #[arg(long, default_value_t = 9)]
    rounds: u32,
    /// The docker CLI.
    #[arg(long, default_value = "docker")]
    docker: PathBuf,
}

/// What one side's rounds took.
#[derive(Debug, Default)]
struct Rounds {
    wall_ms: Vec<f64>,
    cpu_ms: Vec<f64>,
}

impl Rounds {
    fn medians(self) -> anyhow::Result<(f64, f64)> {
        let median = |ms| Latencies::of(ms).percentile_ms(50);
        median(self.wall_ms)
            .zip(median(self.cpu_ms))
            .context("no round was taken")
    }
}

pub(crate) async fn run(args: &SweepArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(
        args.rounds > 0 && args.containers > 0,
        "rounds and containers are at least 1"
    );
    let own = match &args.socket {
        Some(_) => None,
        None => {
            let mut engine = RealEngine::start(&args.docker)?;
            engine.run_containers(args.containers, &[IDLE])?;
            Some(engine)
        }
    };
    let socket = match (&args.socket, &own) {
        (Some(socket), _) => socket.clone(),
        (None, Some(engine)) => engine.socket(),
        (None, None) => bail!("there is no engine"),
    };
    let endpoint = Endpoint::Unix { path: socket.clone() };
    let connection = connect(&endpoint, &ConnectOptions::new(data.join("run")))
        .await
        .map_err(|fault| told(&fault))?;
    let listed = connection.containers().await.map_err(|fault| told(&fault))?;
    let running: Vec<EngineContainerId> = listed
        .into_iter()
        .filter(|facts| facts.state.is_running())
        .map(|facts| facts.engine_id)
        .collect();
    ensure!(!running.is_empty(), "no container runs on {}", socket.display());

    let mut ours = Rounds::default();
    let mut theirs = Rounds::default();
    // The first round opens the pooled connections, as the first tick of a host does: told, not counted.
    let (first_ms, _) = our_round(&connection, &running).await?;
    docker_stats(&args.docker, &socket, running.len())?;
    for _ in 0..args.rounds {
        let (wall_ms, cpu_ms) = our_round(&connection, &running).await?;
        ours.wall_ms.push(wall_ms);
        ours.cpu_ms.push(cpu_ms);
        let (wall_ms, cpu_ms) = docker_stats(&args.docker, &socket, running.len())?;
        theirs.wall_ms.push(wall_ms);
        theirs.cpu_ms.push(cpu_ms);
    }
    let facts = connection.host_facts().await.map_err(|fault| told(&fault))?;
    drop(connection);
    let (our_wall, our_cpu) = ours.medians()?;
    let (their_wall, their_cpu) = theirs.medians()?;
    let figure = |name: &str, value: f64, against: f64| {
        Figure::new("sweep", name, value, "ms").against("docker_stats", against)
    };
    Ok(Findings {
        title: format!(
            "sweep: one round over {} containers of {} {}, median of {} rounds",
            running.len(),
            facts.engine_kind,
            facts.engine_version,
            args.rounds
        ),
        notes: vec![
            format!("docker_stats: {} stats --no-stream", cli_version(&args.docker)),
            format!("our first round, which opens the connections: {first_ms:.0} ms"),
        ],
        figures: vec![
            figure("wall_ms", our_wall, their_wall).reach(Reach::RatioAtMost(0.6)),
            figure("cpu_ms", our_cpu, their_cpu).reach(Reach::RatioAtMost(0.5)),
        ],
    })
}

fn told(fault: &roadstead_model::Fault) -> anyhow::Error {
    anyhow::anyhow!("the engine cannot be reached: {fault}")
}

/// Wall and CPU milliseconds of one round of ours, every container answered.
async fn our_round(
    connection: &EngineConnection,
    running: &[EngineContainerId],
) -> anyhow::Result<(f64, f64)> {
    let cpu_before = cpu_time(Whose::Ours)?;
    let started = Instant::now();
    let readings = connection
        .readings(running, connection.reading_concurrency(running.len()))
        .await;
    let wall_ms = elapsed_ms(started);
    let cpu = cpu_time(Whose::Ours)?.saturating_sub(cpu_before);
    let measured = readings
        .iter()
        .filter(|(_, outcome)| matches!(outcome, ReadingOutcome::Measured(_)))
        .count();
    ensure!(
        measured == running.len(),
        "{measured} of {} containers were measured",
        running.len()
    );
    Ok((wall_ms, milliseconds(cpu)))
}

/// The same of the docker CLI.
fn docker_stats(docker: &Path, socket: &Path, containers: usize) -> anyhow::Result<(f64, f64)> {
    let cpu_before = cpu_time(Whose::EndedChildren)?;
    let started = Instant::now();
    let output = Command::new(docker)
        .arg("-H")
        .arg(format!("unix://{}", socket.display()))
        .args([
            "stats",
            "--no-stream",
            "--format",
            "{{.ID}} {{.MemUsage}} {{.CPUPerc}}",
        ])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", docker.display()))?;
    let wall_ms = elapsed_ms(started);
    let cpu = cpu_time(Whose::EndedChildren)?.saturating_sub(cpu_before);
    ensure!(
        output.status.success(),
        "docker stats: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let rows = String::from_utf8_lossy(&output.stdout).lines().count();
    ensure!(
        rows == containers,
        "docker stats showed {rows} of {containers} containers"
    );
    Ok((wall_ms, milliseconds(cpu)))
}

fn cli_version(docker: &Path) -> String {
    let output = Command::new(docker).arg("--version").output();
    output.map_or_else(
        |_| docker.display().to_string(),
        |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

//! A simulated fleet in a process of its own: its CPU and memory are not on the backend's bill.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use roadstead_sim::{Fleet, FleetPlan, LogLoad, SimClock, serve_fleet};

/// A simulated fleet to serve.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    #[arg(long)]
    hosts: u32,
    #[arg(long)]
    containers: u32,
    #[arg(long)]
    dir: PathBuf,
    /// Containers only print, so many lines a second each.
    #[arg(long, requires_all = ["log_from_ms", "log_seconds"])]
    log_lines_per_s: Option<u32>,
    #[arg(long)]
    log_from_ms: Option<i64>,
    #[arg(long)]
    log_seconds: Option<u32>,
}

/// Serves a simulated fleet until the standard input ends: it ends with the process that started us, however that ends.
pub(crate) async fn simulate(args: &SimulateArgs) -> anyhow::Result<()> {
    let plan = FleetPlan {
        hosts: args.hosts as usize,
        containers_per_host: args.containers as usize,
        log_load: (args.log_lines_per_s.zip(args.log_from_ms).zip(args.log_seconds)).map(
            |((lines_per_s, from_ms), seconds)| LogLoad {
                lines_per_s,
                from_ms,
                seconds,
            },
        ),
        ..FleetPlan::default()
    };
    let serving = serve_fleet(&Fleet::scripted(plan)?, &SimClock::real(), &args.dir)?;
    println!("ready {}", serving.len());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// The process that serves the simulated fleet.
#[derive(Debug)]
pub(crate) struct Simulation {
    child: Child,
}

impl Simulation {
    /// Serves a fleet of this plan's size and load (all else is as by default) on sockets in `dir`.
    pub(crate) fn start(plan: &FleetPlan, dir: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("simulate")
            .args(["--hosts", &plan.hosts.to_string()])
            .args(["--containers", &plan.containers_per_host.to_string()])
            .arg("--dir")
            .arg(dir);
        if let Some(load) = &plan.log_load {
            command
                .args(["--log-lines-per-s", &load.lines_per_s.to_string()])
                .args(["--log-from-ms", &load.from_ms.to_string()])
                .args(["--log-seconds", &load.seconds.to_string()]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the simulated fleet")?;
        let stdout = child.stdout.take().context("the simulated fleet has no output")?;
        let mut simulation = Self { child };
        let mut first = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut first)?;
        if !first.starts_with("ready") {
            let status = simulation.child.wait()?;
            bail!("the simulated fleet did not start: {status}");
        }
        Ok(simulation)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("the simulated fleet did not end: {error}");
        }
    }
}

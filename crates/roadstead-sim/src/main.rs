//! Serves a simulated fleet until it is interrupted: `roadstead-sim --hosts 3 --dir DIR`.

// This binary's output is its face.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use roadstead_sim::{EngineFlavour, Fault, Fleet, FleetPlan, LogLoad, SimClock, serve_fleet};

/// A simulated fleet: the Docker Engine API on one unix socket for each host.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Hosts, 1 to 1000.
    #[arg(long, default_value_t = 5)]
    hosts: usize,
    /// Containers of each host, 1 to 1000.
    #[arg(long, default_value_t = 12)]
    containers: usize,
    /// Another number is another fleet.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where the sockets go, one `<host name>.sock` each; made when missing, for this user alone.
    #[arg(long)]
    dir: PathBuf,
    /// How many times as fast as the real clock the fleet lives.
    #[arg(long)]
    speed: Option<f64>,
    /// Where a fast clock begins: seconds back from now.
    #[arg(long, default_value_t = 0, requires = "speed")]
    back: u32,
    /// Pretend to be Docker 20.10 on cgroup v1, instead of 27.3 on v2.
    #[arg(long)]
    docker20: bool,
    /// Containers that do nothing but print, so many lines a second each, 10 to 100000, from now on.
    #[arg(long, value_name = "LINES")]
    print: Option<u32>,
    /// For how many seconds they print.
    #[arg(long, default_value_t = 60, requires = "print")]
    print_seconds: u32,
    /// A host that fails: `host-3=hang`, `sim-pier-03=slow:500`. Can be given several times.
    #[arg(long = "fault", value_name = "HOST=FAULT")]
    faults: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            tracing::error!("{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let clock = match arguments.speed {
        None => SimClock::real(),
        Some(speed) if (0.001..=1e6).contains(&speed) => SimClock::fast(
            SimClock::real().now_ms() - i64::from(arguments.back) * 1_000,
            speed,
        ),
        Some(speed) => return Err(format!("a speed of {speed} is not possible: 0.001 to 1000000 is")),
    };
    let log_load = arguments.print.map(|lines_per_s| LogLoad {
        lines_per_s,
        from_ms: clock.now_ms(),
        seconds: arguments.print_seconds,
    });
    let fleet = Fleet::scripted(FleetPlan {
        hosts: arguments.hosts,
        containers_per_host: arguments.containers,
        seed: arguments.seed,
        flavour: if arguments.docker20 {
            EngineFlavour::Docker20CgroupV1
        } else {
            EngineFlavour::Docker27CgroupV2
        },
        log_load,
        ..FleetPlan::default()
    })
    .map_err(|error| error.to_string())?;
    let faults = arguments
        .faults
        .iter()
        .map(|text| named_fault(&fleet, text))
        .collect::<Result<Vec<_>, _>>()?;
    make_private(&arguments.dir)?;
    let serving = serve_fleet(&fleet, &clock, &arguments.dir).map_err(|error| error.to_string())?;
    for (host, fault) in faults {
        if let Some(host) = serving.get(host) {
            host.set_fault(fault);
        }
    }
    for host in &serving {
        println!(
            "{}  unix://{}",
            host.sim().host().name(),
            host.socket_path().display()
        );
    }
    if let Some(load) = log_load {
        let totals = load.totals();
        println!(
            "each container prints {} lines with {} errors and {} warnings",
            totals.lines, totals.errors, totals.warnings
        );
    }
    interrupted()
        .await
        .map_err(|error| format!("cannot wait for an interrupt: {error}"))?;
    for host in serving {
        host.stop().await;
    }
    Ok(())
}

/// Ctrl-C, or the signal a supervisor stops programs with.
async fn interrupted() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// `host-3=hang` as (2, hang).
fn named_fault(fleet: &Fleet, text: &str) -> Result<(usize, Fault), String> {
    let (host, fault) = text
        .split_once('=')
        .ok_or_else(|| format!("“{text}” names no fault: write HOST=FAULT, such as host-3=hang"))?;
    let index = fleet.host_named(host).ok_or_else(|| {
        format!(
            "there is no host “{host}”: use host-1 to host-{}",
            fleet.hosts().len()
        )
    })?;
    Ok((
        index,
        fault
            .parse()
            .map_err(|error: roadstead_sim::FaultError| error.to_string())?,
    ))
}

/// The directory, made for this user alone when it is missing.
fn make_private(directory: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))
}

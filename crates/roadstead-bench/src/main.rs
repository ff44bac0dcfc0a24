//! `roadstead-bench`: measures the product, each figure beside what a user would use instead, from the same run.
//!
//! Prints a table to read; with `--json` one object per figure and line on the standard output, and the table on the
//! standard error. Ends with 0 when every reach is met, 1 when one is missed, 2 when something could not be measured.
//!
//! What it deliberately does not do: it holds no figure of an earlier run or another machine as a comparison, and
//! nothing here is used by the product.

// A bench is a program that prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod answers;
mod append;
mod container_shape;
mod engine_door;
mod figure;
mod fleet;
mod fleet_shape;
mod fleet_store;
mod history;
mod issue_seed;
mod issue_shape;
mod issue_store;
mod issues;
mod log_flow;
mod log_text;
mod logs;
mod metrics;
mod pack;
mod pack_csv;
mod plain_samples;
mod real_engine;
mod record;
mod sample_fleet;
mod seed_sql;
mod simulation;
mod steady;
mod sweep;
mod timing;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use figure::Findings;

/// Measures Roadstead beside what a user would use instead.
#[derive(Debug, Parser)]
#[command(name = "roadstead-bench", version)]
struct Cli {
    /// One JSON object per figure and line on the standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Folder for the data that is made, kept and used again; a folder that is removed afterwards when absent.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The Apps page over 24 hours to 90 days of a whole fleet: command to serialized answer.
    Fleet(fleet::FleetArgs),
    /// The trend of one app over 30 days, by the hour, over all hosts.
    History(history::HistoryArgs),
    /// One app tick by tick over six hours.
    Window(window::WindowArgs),
    /// Live metrics of an app of twenty containers, and a page of its ledger: command to serialized answer.
    Metrics(metrics::MetricsArgs),
    /// Bytes per pair of memory and CPU of a file.
    Pack(pack::PackArgs),
    /// One collection round over the containers of a real engine, beside `docker stats`.
    Sweep(sweep::SweepArgs),
    /// Ticks, CPU and memory of the backend over a simulated fleet.
    Steady(steady::SteadyArgs),
    /// Samples per second into the store.
    Append(append::AppendArgs),
    /// The classifier over a large file of ordinary log lines, beside `rg`.
    Logs(logs::LogsArgs),
    /// The Issues page over a fleet with many issues: command to serialized answer.
    Issues(issues::IssuesArgs),
    /// The logs of many containers that print a lot, from a simulated engine to the store: nothing lost, nothing doubled.
    LogFlow(log_flow::LogFlowArgs),
    /// All of them, each in a process of its own.
    All(AllArgs),
    /// Serves a simulated fleet until the standard input ends.
    #[command(hide = true)]
    Simulate(simulation::SimulateArgs),
}

/// Runs every bench.
#[derive(Debug, clap::Args)]
struct AllArgs {
    /// Comparisons at full size too: takes an hour instead of some minutes.
    #[arg(long)]
    full: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("roadstead-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every reach was met.
fn run(cli: &Cli) -> anyhow::Result<bool> {
    let kept;
    let removed;
    let data = match &cli.data {
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            kept = dir.canonicalize()?;
            &kept
        }
        None => {
            removed = tempfile::Builder::new().prefix("roadstead-bench-").tempdir()?;
            &removed.path().to_owned()
        }
    };
    if let Bench::All(args) = &cli.bench {
        return run_all(cli.json, args, data);
    }
    let busy = timing::busy_note()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut findings = runtime.block_on(async {
        match &cli.bench {
            Bench::Fleet(args) => fleet::run(args, data).await,
            Bench::History(args) => history::run(args, data).await,
            Bench::Window(args) => window::run(args, data).await,
            Bench::Metrics(args) => metrics::run(args, data).await,
            Bench::Pack(args) => pack::run(args, data).await,
            Bench::Sweep(args) => sweep::run(args, data).await,
            Bench::Steady(args) => steady::run(args, data).await,
            Bench::Append(args) => append::run(args, data).await,
            Bench::Logs(args) => logs::run(args, data),
            Bench::Issues(args) => issues::run(args, data).await,
            Bench::LogFlow(args) => log_flow::run(args, data).await,
            Bench::Simulate(args) => simulation::simulate(args).await.map(|()| Findings::default()),
            Bench::All(_) => Ok(Findings::default()),
        }
    })?;
    findings.notes.extend(busy);
    show(&findings, cli.json)?;
    Ok(findings.is_reached())
}

fn show(findings: &Findings, json: bool) -> anyhow::Result<()> {
    if findings.title.is_empty() {
        return Ok(());
    }
    if json {
        eprintln!("{}", findings.table());
        print!("{}", findings.json_lines()?);
    } else {
        println!("{}", findings.table());
    }
    Ok(())
}

/// Each bench in a process of its own: memory and CPU of one are not on another's bill. One that fails does not keep
/// the others from being measured.
fn run_all(json: bool, args: &AllArgs, data: &std::path::Path) -> anyhow::Result<bool> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let full: &[&str] = if args.full { &["--full"] } else { &[] };
    let benches: [(&str, &[&str]); 11] = [
        ("append", &[]),
        ("pack", &[]),
        ("window", full),
        ("fleet", full),
        ("history", full),
        ("metrics", &[]),
        ("sweep", &[]),
        ("steady", &[]),
        ("logs", &[]),
        ("issues", &[]),
        ("log-flow", &[]),
    ];
    let mut reached = true;
    let mut failed = Vec::new();
    for (bench, more) in benches {
        let mut command = std::process::Command::new(&program);
        command
            .arg("--data")
            .arg(data)
            .args(json.then_some("--json"))
            .arg(bench)
            .args(more);
        match command
            .status()
            .with_context(|| format!("cannot start {bench}"))?
            .code()
        {
            Some(0) => {}
            Some(1) => reached = false,
            _ => failed.push(bench),
        }
    }
    anyhow::ensure!(failed.is_empty(), "could not be measured: {}", failed.join(", "));
    Ok(reached)
}

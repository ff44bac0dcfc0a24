//! `append`: samples per second into the store, sealing included, beside plain row inserts.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_model::time::DAY_MS;
use roadstead_store::{OpenOptions, Store};

use crate::figure::{Figure, Findings, Reach};
use crate::fleet_store::{folder_bytes, give_space_back, seal_all};
use crate::plain_samples::PlainSamples;
use crate::sample_fleet::{INTERVAL_MS, SampleFleet};
use crate::timing::{Whose, cpu_time};

/// The engine looks for something to seal this often (two minutes of ticks).
const SEAL_EVERY_ROUNDS: u32 = 8;
/// A midnight, so that spans are as they are in use.
const START_MS: i64 = 1_767_225_600_000;

/// Samples per second.
#[derive(Debug, Args)]
pub(crate) struct AppendArgs {
    /// Hosts that tick together.
    #[arg(long, default_value_t = 100)]
    hosts: u32,
    /// Containers of each host.
    #[arg(long, default_value_t = 20)]
    containers: u32,
    /// Rounds of ticks to append: 1 440 are six hours at 15 s.
    #[arg(long, default_value_t = 1_440)]
    rounds: u32,
    /// Rounds given to the plain table.
    #[arg(long, default_value_t = 120)]
    plain_rounds: u32,
}

pub(crate) async fn run(args: &AppendArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(
        args.hosts > 0 && args.containers > 0 && args.rounds > 0 && args.plain_rounds > 0,
        "all sizes are at least 1"
    );
    let dir = data.join("append");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).context("cannot remove the store of an earlier run")?;
    }
    let options = OpenOptions {
        dir: dir.clone(),
        now_ms: START_MS,
    };
    let store = Store::open(options).await?.store;
    let mut fleet = SampleFleet::place(&store, args.hosts, args.containers, START_MS).await?;

    let cpu_before = cpu_time(Whose::Ours)?;
    let mut appending = Duration::ZERO;
    let mut sealing = Duration::ZERO;
    let mut end_ms = START_MS;
    for round in 0..args.rounds {
        end_ms = START_MS + i64::from(round) * INTERVAL_MS;
        let ticks = fleet.next_round(end_ms);
        let started = Instant::now();
        store.append_ticks(&ticks).await?;
        appending += started.elapsed();
        if round % SEAL_EVERY_ROUNDS == 0 {
            let started = Instant::now();
            seal_all(&store, end_ms).await?;
            sealing += started.elapsed();
        }
    }
    // Whatever is still fresh is sealed on the clock as well: no sample is left for later.
    let started = Instant::now();
    seal_all(&store, end_ms + 2 * DAY_MS).await?;
    sealing += started.elapsed();

    let samples = f64::from(args.hosts) * f64::from(args.containers) * f64::from(args.rounds);
    let stored = store
        .sizes()
        .await?
        .kinds
        .iter()
        .find(|kind| kind.kind == "samples")
        .map(|kind| kind.entries);
    ensure!(
        stored == Some(samples as u64),
        "{stored:?} of {samples} samples are in the store"
    );
    give_space_back(&store, end_ms).await?;
    store.close().await?;
    let bytes = folder_bytes(&dir)? as f64;
    std::fs::remove_dir_all(&dir).context("cannot remove the store of this run")?;

    let cpu = cpu_time(Whose::Ours)?.saturating_sub(cpu_before);
    let plain = plain_rows_per_s(args, &data.join("append-plain.sqlite")).await?;
    let whole = (appending + sealing).as_secs_f64();
    let figure = |name: &str, value: f64, unit| Figure::new("append", name, value, unit);
    Ok(Findings {
        title: format!(
            "append: {} hosts x {} containers, {} rounds = {samples} samples of 15 columns",
            args.hosts, args.containers, args.rounds
        ),
        notes: vec![
            format!(
                "appending {:.1} s, sealing {:.1} s, everything sealed at the end",
                appending.as_secs_f64(),
                sealing.as_secs_f64()
            ),
            "cpu_us_per_sample counts all threads, and making the samples too".to_owned(),
            format!(
                "plain_rows: one INSERT of 7 columns per sample, one transaction per round, {} rounds",
                args.plain_rounds
            ),
        ],
        figures: vec![
            figure("samples_per_s", samples / whole, "1/s")
                .against("plain_rows", plain)
                .reach(Reach::AtLeast(200_000.0)),
            figure("cpu_us_per_sample", cpu.as_secs_f64() * 1e6 / samples, "us"),
            figure("bytes_per_sample", bytes / samples, "bytes"),
        ],
    })
}

async fn plain_rows_per_s(args: &AppendArgs, path: &Path) -> anyhow::Result<f64> {
    remove_database(path)?;
    let mut table = PlainSamples::open(path).await?;
    let names: Vec<String> = (0..args.hosts * args.containers)
        .map(|number| format!("container-{number:06}"))
        .collect();
    for name in &names {
        table.add_container(name, name).await?;
    }
    let mut walks: Vec<_> = (0..names.len() as u64)
        .map(crate::container_shape::ContainerWalk::new)
        .collect();
    let mut spent = Duration::ZERO;
    for round in 0..args.plain_rounds {
        let samples: Vec<_> = names
            .iter()
            .zip(&mut walks)
            .map(|(name, walk)| {
                (
                    name.clone(),
                    walk.next_sample(roadstead_model::ContainerId(0), roadstead_model::DeploymentId(0)),
                )
            })
            .collect();
        let started = Instant::now();
        table
            .insert_tick(START_MS + i64::from(round) * INTERVAL_MS, &samples)
            .await?;
        spent += started.elapsed();
    }
    table.close().await?;
    remove_database(path)?;
    Ok(names.len() as f64 * f64::from(args.plain_rounds) / spent.as_secs_f64())
}

/// Removes a SQLite file with its log, when there is one.
pub(crate) fn remove_database(path: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot remove {}", Path::new(&name).display()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_few_samples_are_appended_sealed_and_counted() {
        let data = tempfile::tempdir().unwrap();
        let args = AppendArgs {
            hosts: 2,
            containers: 5,
            rounds: 30,
            plain_rounds: 2,
        };
        let findings = run(&args, data.path()).await.unwrap();
        assert!(findings.title.contains("300 samples"), "{findings:?}");
        assert_eq!(
            std::fs::read_dir(data.path()).unwrap().count(),
            0,
            "nothing is left behind"
        );
    }
}

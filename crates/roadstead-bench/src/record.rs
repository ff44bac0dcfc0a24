//! A file of pairs recorded from real containers: our own engine, busy in four different ways.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use roadstead_collect::{ConnectOptions, ReadingOutcome, connect};
use roadstead_model::{ContainerId, Counters, Endpoint, RateTracker};

use crate::pack_csv::percent_of;
use crate::real_engine::RealEngine;

/// Pause between two rounds; the engine's own answer takes up to a second of it.
const EVERY: Duration = Duration::from_secs(2);
const CONTAINERS: u32 = 40;

/// What the containers do: nothing, bursts of work, memory that grows and falls, files that are written.
const WORK: [&str; 4] = [
    "while :; do /bin/busybox sleep 10; done",
    "while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; /bin/busybox sleep 3; done",
    "s=x; while :; do s=$s$s; if [ ${#s} -gt 4000000 ]; then s=x; fi; /bin/busybox sleep 2; done",
    "while :; do /bin/busybox dd if=/dev/zero of=/f bs=64k count=40 2>/dev/null; /bin/busybox sleep 7; done",
];

/// Records rows of real containers for some minutes; gives their number.
pub(crate) async fn record(
    output: impl Write,
    minutes: u32,
    docker: &Path,
    run_dir: &Path,
) -> anyhow::Result<u64> {
    let mut engine = RealEngine::start(docker)?;
    engine.run_containers(CONTAINERS, &WORK)?;
    let endpoint = Endpoint::Unix {
        path: engine.socket(),
    };
    let refused = |fault| anyhow::anyhow!("the engine cannot be reached: {fault}");
    let connection = connect(&endpoint, &ConnectOptions::new(run_dir.to_owned()))
        .await
        .map_err(refused)?;
    let listed = connection.containers().await.map_err(refused)?;
    let ids: Vec<_> = listed.iter().map(|facts| facts.engine_id.clone()).collect();

    let mut output = BufWriter::new(output);
    let mut rates = RateTracker::default();
    let mut rows = 0;
    for _ in 0..u64::from(minutes) * 60 / EVERY.as_secs() {
        let next_round = tokio::time::Instant::now() + EVERY;
        let now_s = chrono::Utc::now().timestamp();
        let readings = connection
            .readings(&ids, connection.reading_concurrency(ids.len()))
            .await;
        for (id, outcome) in readings {
            let number = listed.iter().position(|facts| facts.engine_id == id);
            let number = number.context("the engine read a container it does not list")?;
            let ReadingOutcome::Measured(reading) = outcome else {
                continue;
            };
            let cores = rates
                .observe(ContainerId(number as i64), Counters::of(&reading))
                .cpu_cores;
            // The first reading of a container gives no rate.
            let (Some(cores), Some(memory)) = (cores, reading.memory) else {
                continue;
            };
            let percent = percent_of(cores).context("cores have no percentage")?;
            writeln!(
                output,
                "{},{now_s},{},{percent:.2}",
                listed[number].name, memory.used_bytes
            )?;
            rows += 1;
        }
        tokio::time::sleep_until(next_round).await;
    }
    output.flush()?;
    Ok(rows)
}

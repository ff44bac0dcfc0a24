//! `history`: the trend of one app over 30 days, by the hour, over all hosts, beside the seed's own SQL.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::History;
use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{Period, TimeRange};

use crate::answers::Answers;
use crate::engine_door::EngineDoor;
use crate::figure::Findings;
use crate::fleet::FleetSize;
use crate::fleet_shape::app_name;

/// The seed hands every report to the page, which takes a second or so: its best of this many runs is compared.
const SEED_RUNS: u32 = 3;

/// The trend of one app.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    size: FleetSize,
    /// Runs; each asks for another app than the one before.
    #[arg(long, default_value_t = 200)]
    runs: u32,
}

pub(crate) async fn run(args: &HistoryArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(args.runs > 0, "runs are at least 1");
    let built = args.size.store(data).await?;
    let shape = built.shape;
    let days = i64::from(shape.days.min(30));
    let (seed, seed_name) = args.size.seed(data, shape).await?;
    let period = match days {
        30 => Period::Month,
        _ => Period::Free(TimeRange {
            from_ms: shape.end_ms - days * DAY_MS,
            to_ms: shape.end_ms,
        }),
    };

    let door = EngineDoor::open(&built.dir, shape.end_ms).await?;
    let answer: History = serde_json::from_slice(&door.history(&app_name(0), period).await?)?;
    check(&answer, days)?;
    let names: Vec<String> = (0..shape.apps).map(app_name).collect();
    let answers = Answers::ask(args.runs, |run| {
        door.history(&names[run as usize % names.len()], period)
    })
    .await?;
    door.close().await;

    let theirs = seed
        .history(&app_name(0), seed.shape.end_ms - days * DAY_MS, SEED_RUNS)
        .await?
        .best_ms();
    let theirs = theirs.context("the seed's SQL was not run")?;
    Ok(Findings {
        title: format!(
            "history: one app, {days} days by the hour over {} hosts, of {} reports; {} runs",
            shape.hosts,
            shape.report_count(),
            args.runs
        ),
        notes: vec![
            format!(
                "the answer has {} points and {} bytes",
                answer.times_ms.len(),
                answers.bytes
            ),
            format!(
                "{seed_name}: every report of {} hosts, as the seed's page is given them",
                seed.shape.hosts
            ),
        ],
        figures: answers.figures("history", "", (&seed_name, theirs), 30.0)?.into(),
    })
}

/// A fast answer without its points is no result.
fn check(answer: &History, days: i64) -> anyhow::Result<()> {
    ensure!(
        answer.bucket_ms == HOUR_MS,
        "buckets are {} ms long, not an hour",
        answer.bucket_ms
    );
    let line = answer.lines.first().context("the answer has no line")?;
    let measured = line.avg_bytes.iter().flatten().count();
    let wanted = (days * 24) as usize;
    ensure!(
        measured >= wanted - 1,
        "{measured} of {wanted} hours have a value"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_small_history_is_measured_end_to_end() {
        let data = tempfile::tempdir().unwrap();
        let size = FleetSize {
            hosts: 2,
            apps: 2,
            days: 4,
            seed_pct: 50,
            full: false,
        };
        let findings = run(&HistoryArgs { size, runs: 3 }, data.path()).await.unwrap();
        assert!(findings.figures.iter().any(|figure| figure.is_named("p99_ms")));
        assert!(
            findings.notes[1].starts_with("seed_sql_at_50pct"),
            "a share is named: {findings:?}"
        );
    }
}

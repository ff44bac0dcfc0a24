//! `metrics`: the live chart of an app of twenty containers, and a page of a long ledger, from the command to the serialized answer;
//! beside the seed's way, which sends every row of the span.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::{
    DeploysPage, DeploysRequest, MetricsRequest, MetricsSeries, MetricsSource, MetricsSplit,
};
use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, WINDOW_MS, align_down};
use roadstead_model::{
    DeployChange, DeployId, DeployKind, Deployed, EngineContainerId, Tick, TimeRange, Window,
};
use roadstead_store::{NewDeploy, OpenOptions, Store};

use crate::answers::Answers;
use crate::append::remove_database;
use crate::container_shape::container_facts;
use crate::engine_door::{EngineDoor, store_dir};
use crate::figure::{Figure, Findings, Reach};
use crate::fleet_store::{add_silent_host, give_space_back, seal_all};
use crate::plain_samples::PlainSamples;
use crate::sample_fleet::{INTERVAL_MS, SampleFleet, app_of_size};

/// Containers of the app.
const CONTAINERS: u32 = 20;
/// Hosts with such an app; one of them is asked about.
const HOSTS: u32 = 2;
/// Ticks are kept for so long.
const TICKS_MS: i64 = 48 * HOUR_MS;
/// The long span.
const LONG_MS: i64 = 30 * DAY_MS;
/// The short span.
const SHORT_MS: i64 = 6 * HOUR_MS;
/// Pixels of a chart.
const POINTS: u32 = 1_440;
/// Most milliseconds of the short and the long span, and of a page of the ledger.
const MOST_MS: [f64; 3] = [10.0, 20.0, 5.0];
/// Deployments of the app with the long ledger; each keeps fifty rows.
const LEDGERS: u32 = 200;
/// Rows of each.
const ROWS_EACH: i64 = 50;
/// Rows of a page.
const PAGE: u32 = 50;
/// The app with the long ledger.
const LEDGER_APP: &str = "ledger";
/// The engine looks for something to seal this often while the store is filled.
const SEAL_EVERY_ROUNDS: i64 = 240;

/// Live metrics and the ledger.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Runs of each question.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Days of reports, 4 to 60; less than 30 is for a quick look.
    #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(4..=60))]
    days: u32,
}

/// The filled store, and the plain table beside it.
struct Filled {
    dir: PathBuf,
    plain: PathBuf,
    end_ms: i64,
}

pub(crate) async fn run(args: &MetricsArgs, data: &Path) -> anyhow::Result<Findings> {
    eprintln!(
        "filling a store with {} days of reports and two of ticks …",
        args.days
    );
    let filled = fill(args, data).await?;
    let mut table = PlainSamples::open(&filled.plain).await?;
    let app = app_of_size(0, 0, CONTAINERS);
    let asked = vec![(app.clone(), (filled.end_ms - SHORT_MS) / 1_000); 20];
    let theirs = table.time_history(&asked).await?;
    table.close().await?;
    let theirs_ms = theirs
        .percentile_ms(50)
        .context("the plain table was not asked")?;

    let door = EngineDoor::open(&filled.dir, filled.end_ms).await?;
    let long_ms = LONG_MS.min(i64::from(args.days - 1) * DAY_MS);
    let shapes = [
        (
            "_6h",
            SHORT_MS,
            MetricsSplit::Whole,
            MetricsSource::Ticks,
            MOST_MS[0],
        ),
        (
            "_6h_by_container",
            SHORT_MS,
            MetricsSplit::Container,
            MetricsSource::Ticks,
            MOST_MS[0],
        ),
        (
            "_30d",
            long_ms,
            MetricsSplit::Whole,
            MetricsSource::Reports,
            MOST_MS[1],
        ),
    ];
    let mut findings = Findings {
        title: format!(
            "metrics: an app of {CONTAINERS} containers at 15 s, and a ledger of {} rows; command to serialized answer, {} runs each",
            i64::from(LEDGERS) * ROWS_EACH,
            args.runs
        ),
        notes: vec!["seed_rows: the seed's SQL for the same six hours, every row of it (P50)".to_owned()],
        ..Findings::default()
    };
    for (name, span_ms, split, source, most_ms) in shapes {
        let request = |run: u32| MetricsRequest {
            app: app.clone(),
            host: None,
            range: TimeRange {
                from_ms: filled.end_ms - span_ms - i64::from(run % 8) * MINUTE_MS,
                to_ms: filled.end_ms - i64::from(run % 8) * MINUTE_MS,
            },
            points: POINTS,
            split,
            bucket_ms: None,
            rates: false,
        };
        // A fast answer without its points is no result.
        let series: MetricsSeries = serde_json::from_slice(&door.metrics(&request(0)).await?)?;
        ensure!(
            series.source == source,
            "{name} is drawn from {:?}",
            series.source
        );
        let line = series.lines.first().context("a chart without a line")?;
        let measured = line.memory_avg_bytes.iter().flatten().count();
        ensure!(measured > 150, "{name} has {measured} points");
        let answers = Answers::ask(args.runs, |run| {
            let (door, request) = (&door, request(run));
            async move { door.metrics(&request).await }
        })
        .await?;
        findings
            .figures
            .extend(answers.figures("metrics", name, ("seed_rows", theirs_ms), most_ms)?);
        findings.notes.push(format!(
            "{}: {} lines of {measured} points, {} bytes",
            name.trim_start_matches('_'),
            series.lines.len(),
            answers.bytes
        ));
    }
    findings.figures.extend(ledger(&door, args.runs).await?);
    door.close().await;
    Ok(findings)
}

/// Pages of the ledger from its beginning and its middle.
async fn ledger(door: &EngineDoor, runs: u32) -> anyhow::Result<Vec<Figure>> {
    let mut before: Option<DeployId> = None;
    let mut pages = vec![None];
    for _ in 0..4 {
        let page: DeploysPage = serde_json::from_slice(&door.list_deploys(&page_after(before)).await?)?;
        ensure!(
            page.rows.len() == PAGE as usize && page.more,
            "a page of the ledger is short"
        );
        ensure!(
            i64::from(page.total) == i64::from(LEDGERS) * ROWS_EACH,
            "the ledger has {} rows",
            page.total
        );
        before = page.rows.last().map(|row| row.id);
        pages.push(before);
    }
    let answers = Answers::ask(runs, |run| {
        let request = page_after(pages[run as usize % pages.len()]);
        async move { door.list_deploys(&request).await }
    })
    .await?;
    let of = |percent: u64| {
        answers
            .latencies
            .percentile_ms(percent)
            .context("no run was made")
    };
    Ok(vec![
        Figure::new("metrics", "p50_ms_ledger", of(50)?, "ms"),
        Figure::new("metrics", "p99_ms_ledger", of(99)?, "ms").reach(Reach::AtMost(MOST_MS[2])),
        Figure::new("metrics", "cpu_ms_ledger", answers.cpu_ms, "ms"),
    ])
}

fn page_after(before: Option<DeployId>) -> DeploysRequest {
    DeploysRequest {
        app: LEDGER_APP.to_owned(),
        host: None,
        state: None,
        before,
        limit: PAGE,
    }
}

async fn fill(args: &MetricsArgs, data: &Path) -> anyhow::Result<Filled> {
    let marker = data.join(format!("metrics-{}", args.days));
    let dir = data.join(format!("metrics-{}-store", args.days));
    let plain = data.join(format!("metrics-{}-plain.sqlite", args.days));
    // The end is written down last: what was broken off is made anew.
    if let Ok(end) = std::fs::read_to_string(&marker) {
        let end_ms = end
            .trim()
            .parse()
            .with_context(|| format!("{} holds no time", marker.display()))?;
        return Ok(Filled { dir, plain, end_ms });
    }
    if dir.exists() {
        std::fs::remove_dir_all(&dir).context("cannot remove an unfinished store")?;
    }
    remove_database(&plain)?;
    std::fs::create_dir_all(&dir)?;
    let end_ms = align_down(chrono::Utc::now().timestamp_millis(), WINDOW_MS);
    let start_ms = end_ms - i64::from(args.days) * DAY_MS;
    let store = Store::open(OpenOptions {
        dir: store_dir(&dir),
        now_ms: end_ms,
    })
    .await?
    .store;
    let mut fleet = SampleFleet::place_apps(&store, HOSTS, CONTAINERS, CONTAINERS, start_ms).await?;
    let mut table = PlainSamples::open(&plain).await?;
    for container in 0..CONTAINERS {
        let app = app_of_size(0, container, CONTAINERS);
        table
            .add_container(&format!("{app}-{}", container + 1), &app)
            .await?;
    }
    let mut rows = Vec::new();
    let mut open_window: Vec<Vec<Tick>> = Vec::new();
    let rounds = (end_ms - start_ms) / INTERVAL_MS;
    for round in 0..rounds {
        let tick_ms = start_ms + round * INTERVAL_MS;
        let ticks = fleet.next_round(tick_ms);
        if tick_ms >= end_ms - SHORT_MS {
            let named = fleet.named(&ticks, 1);
            rows.extend(named.into_iter().map(|(name, sample)| (tick_ms, name, sample)));
        }
        if tick_ms >= end_ms - TICKS_MS {
            store.append_ticks(&ticks).await?;
        }
        open_window.push(ticks);
        let window = Window::holding(tick_ms);
        if tick_ms + INTERVAL_MS == window.end_ms() {
            fleet.close_window(&store, window, &open_window).await?;
            open_window.clear();
        }
        if round % SEAL_EVERY_ROUNDS == 0 {
            seal_all(&store, tick_ms).await?;
        }
    }
    table.insert_many(&rows).await?;
    table.close().await?;
    write_ledger(&store, end_ms).await?;
    seal_all(&store, end_ms).await?;
    give_space_back(&store, end_ms).await?;
    store.close().await?;
    std::fs::write(&marker, end_ms.to_string())?;
    Ok(Filled { dir, plain, end_ms })
}

/// One app on many hosts, each deployed as often as its ledger keeps.
async fn write_ledger(store: &Store, end_ms: i64) -> anyhow::Result<()> {
    let start_ms = end_ms - ROWS_EACH * HOUR_MS;
    for host in 0..LEDGERS {
        let id = add_silent_host(store, format!("berth-{:04}", host + 1), start_ms).await?;
        let facts = container_facts("ledger-web-1", LEDGER_APP, u64::from(host) << 32, start_ms, None);
        let refs = store.observe_containers(id, start_ms, &[facts]).await?;
        let deployment = refs.first().context("the store lost a container")?.deployment;
        let deploys: Vec<NewDeploy> = (0..ROWS_EACH)
            .map(|at| {
                let (from, to) = (format!("ledger:1.{at}"), format!("ledger:1.{}", at + 1));
                NewDeploy {
                    deployment,
                    kind: DeployKind::Observed,
                    started_ms: start_ms + at * HOUR_MS + i64::from(host) * 1_000,
                    services: ["web", "worker"]
                        .iter()
                        .map(|service| Deployed {
                            service: (*service).to_owned(),
                            container_name: format!("ledger-{service}-1"),
                            engine_id: EngineContainerId(format!("{host:032x}{at:032x}")),
                            image: to.clone(),
                            digest: Some(format!("ledger@sha256:{host:032x}{at:032x}")),
                            image_id: format!("sha256:{at:064x}"),
                            image_created_ms: Some(start_ms + at * HOUR_MS),
                            memory_limit_bytes: Some(512 << 20),
                            cpu_limit_cores: None,
                            config: None,
                        })
                        .collect(),
                    changes: vec![DeployChange::Image {
                        service: "web".to_owned(),
                        from,
                        to,
                    }],
                    rollback_of: None,
                    journal_json: None,
                }
            })
            .collect();
        store.record_deploys(&deploys).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_short_store_is_measured_end_to_end() {
        let data = tempfile::tempdir().unwrap();
        let findings = run(&MetricsArgs { runs: 3, days: 4 }, data.path()).await.unwrap();
        for name in [
            "p99_ms_6h",
            "p99_ms_6h_by_container",
            "p99_ms_30d",
            "p99_ms_ledger",
        ] {
            assert!(
                findings.figures.iter().any(|figure| figure.is_named(name)),
                "{name} is missing"
            );
        }
    }
}

//! `window`: one app tick by tick over six hours, beside the same samples as rows of a plain table.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::WindowSeries;
use roadstead_model::time::{HOUR_MS, WINDOW_MS, align_down};
use roadstead_model::{Sample, Tick, TimeRange, Window};
use roadstead_store::{OpenOptions, Store};

use crate::answers::Answers;
use crate::append::remove_database;
use crate::engine_door::{EngineDoor, store_dir};
use crate::figure::{Figure, Findings};
use crate::fleet_store::{folder_bytes, give_space_back, seal_all};
use crate::plain_samples::PlainSamples;
use crate::sample_fleet::{CONTAINERS_PER_APP, INTERVAL_MS, SampleFleet, app_of};

/// The span a page shows.
const SPAN_MS: i64 = 6 * HOUR_MS;
/// The engine looks for something to seal this often while the store is filled.
const SEAL_EVERY_ROUNDS: i64 = 240;
/// Rows of the plain table per transaction.
const ROWS_PER_INSERT: usize = 60_000;

/// One app tick by tick.
#[derive(Debug, Args)]
pub(crate) struct WindowArgs {
    /// Hosts.
    #[arg(long, default_value_t = 100)]
    hosts: u32,
    /// Containers of each host, five to an app.
    #[arg(long, default_value_t = 20)]
    containers: u32,
    /// Hours of samples, 7 to 48: an engine keeps no more by default.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u32).range(7..=48))]
    hours: u32,
    /// Runs; each asks for another app.
    #[arg(long, default_value_t = 200)]
    runs: u32,
    /// Share of the hosts the plain table is filled with; its figures are named after it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    plain_pct: u32,
    /// The plain table at full size: some minutes and 3 GB more.
    #[arg(long)]
    full: bool,
}

impl WindowArgs {
    fn plain_hosts(&self) -> u32 {
        let pct = if self.full { 100 } else { self.plain_pct };
        (self.hosts * pct / 100).max(1)
    }

    fn sample_count(&self, hosts: u32) -> u64 {
        u64::from(hosts) * u64::from(self.containers) * u64::from(self.hours) * (HOUR_MS / INTERVAL_MS) as u64
    }
}

/// The filled store, and the plain table beside it.
#[derive(Debug)]
struct Filled {
    dir: PathBuf,
    plain: PathBuf,
    end_ms: i64,
}

pub(crate) async fn run(args: &WindowArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(args.runs > 0 && args.hosts > 0, "runs and hosts are at least 1");
    ensure!(
        args.containers >= CONTAINERS_PER_APP,
        "an app has {CONTAINERS_PER_APP} containers"
    );
    let plain_hosts = args.plain_hosts();
    let plain_name = match plain_hosts == args.hosts {
        true => "plain_rows".to_owned(),
        false => format!("plain_rows_at_{}pct", args.plain_pct),
    };
    eprintln!("filling a store with {} samples …", args.sample_count(args.hosts));
    let filled = fill(args, plain_hosts, data).await?;

    let apps_per_host = args.containers / CONTAINERS_PER_APP;
    let asked = |hosts: u32, run: u32| {
        // Steps that share no factor with the counts go through all of them.
        let app = app_of(run * 37 % hosts, run % apps_per_host * CONTAINERS_PER_APP);
        let steps = (i64::from(args.hours) * HOUR_MS - SPAN_MS) / HOUR_MS + 1;
        // Every fourth asks for the newest hours, as a page that is left open does.
        let back_h = if run.is_multiple_of(4) {
            0
        } else {
            i64::from(run) * 11 % steps
        };
        let to_ms = filled.end_ms - back_h * HOUR_MS;
        (
            app,
            TimeRange {
                from_ms: to_ms - SPAN_MS,
                to_ms,
            },
        )
    };

    let door = EngineDoor::open(&filled.dir, filled.end_ms).await?;
    let points = (SPAN_MS / INTERVAL_MS) as u32;
    // Each answer is looked at once, so that a fast empty one is no result; then they are timed.
    for run in 0..args.runs {
        let (app, range) = asked(args.hosts, run);
        check(
            &serde_json::from_slice(&door.window(&app, range, points).await?)?,
            points,
        )?;
    }
    let answers = Answers::ask(args.runs, |run| {
        let (app, range) = asked(args.hosts, run);
        let door = &door;
        async move { door.window(&app, range, points).await }
    })
    .await?;
    door.close().await;

    // The seed asks for everything since a moment: the newest six hours are the only window it can give.
    let since_s = (filled.end_ms - SPAN_MS) / 1_000;
    let plain_asked: Vec<_> = (0..args.runs.min(50))
        .map(|run| (asked(plain_hosts, run).0, since_s))
        .collect();
    let mut table = PlainSamples::open(&filled.plain).await?;
    let theirs = table.time_history(&plain_asked).await?;
    table.close().await?;

    let (our_bytes, their_bytes) = (
        folder_bytes(&store_dir(&filled.dir))? as f64,
        std::fs::metadata(&filled.plain)?.len() as f64,
    );
    let (our_count, their_count) = (
        args.sample_count(args.hosts) as f64,
        args.sample_count(plain_hosts) as f64,
    );
    let theirs_ms = theirs
        .percentile_ms(50)
        .context("the plain table was not asked")?;
    let mut figures = Vec::from(answers.figures("window", "", (&plain_name, theirs_ms), 10.0)?);
    figures.push(
        Figure::new("window", "bytes_per_sample", our_bytes / our_count, "bytes")
            .against(&plain_name, their_bytes / their_count),
    );
    let mut notes = vec![format!(
        "the answer has {points} points and {} bytes",
        answers.bytes
    )];
    if plain_hosts < args.hosts {
        notes.push(format!(
            "{plain_name}: the plain table holds {plain_hosts} of {} hosts, {their_count} rows",
            args.hosts
        ));
    }
    Ok(Findings {
        title: format!(
            "window: one app of {CONTAINERS_PER_APP} containers, 6 h at 15 s, of {} h of {} containers = {our_count} samples; {} runs",
            args.hours,
            args.hosts * args.containers,
            args.runs
        ),
        notes,
        figures,
    })
}

/// A fast answer without its points is no result.
fn check(answer: &WindowSeries, points: u32) -> anyhow::Result<()> {
    let measured = answer.memory_avg_bytes.iter().flatten().count();
    ensure!(
        measured == points as usize,
        "{measured} of {points} ticks have a value"
    );
    ensure!(
        answer.complete.iter().all(|complete| *complete),
        "a tick is marked incomplete"
    );
    Ok(())
}

/// The store and the plain table, made or found. The newest ticks are left as fresh as they are in use.
async fn fill(args: &WindowArgs, plain_hosts: u32, data: &Path) -> anyhow::Result<Filled> {
    let size = format!("{}x{}x{}", args.hosts, args.containers, args.hours);
    let marker = data.join(format!("window-{size}-{plain_hosts}"));
    let dir = data.join(format!("window-{size}-{plain_hosts}-store"));
    let plain = data.join(format!("window-{size}-{plain_hosts}-plain.sqlite"));
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

    let rounds = i64::from(args.hours) * HOUR_MS / INTERVAL_MS;
    let end_ms = align_down(chrono::Utc::now().timestamp_millis(), WINDOW_MS);
    let start_ms = end_ms - rounds * INTERVAL_MS;
    std::fs::create_dir_all(&dir)?;
    let store = Store::open(OpenOptions {
        dir: store_dir(&dir),
        now_ms: end_ms,
    })
    .await?
    .store;
    let mut fleet = SampleFleet::place(&store, args.hosts, args.containers, start_ms).await?;
    let mut table = PlainSamples::open(&plain).await?;
    let mut rows: Vec<(i64, String, Sample)> = Vec::with_capacity(ROWS_PER_INSERT);
    let mut open_window: Vec<Vec<Tick>> = Vec::new();
    for round in 0..rounds {
        let tick_ms = start_ms + round * INTERVAL_MS;
        let ticks = fleet.next_round(tick_ms);
        let named = fleet.named(&ticks, plain_hosts as usize);
        if round == 0 {
            for (index, (name, _)) in (0..).zip(&named) {
                let (host, container) = (index / args.containers, index % args.containers);
                table.add_container(name, &app_of(host, container)).await?;
            }
        }
        rows.extend(named.into_iter().map(|(name, sample)| (tick_ms, name, sample)));
        if rows.len() >= ROWS_PER_INSERT {
            table.insert_many(&rows).await?;
            rows.clear();
        }
        store.append_ticks(&ticks).await?;
        open_window.push(ticks);
        let window = Window::holding(tick_ms);
        if tick_ms + INTERVAL_MS == window.end_ms() {
            // As the engine does: else it would be busy closing two days of windows while it is measured.
            fleet.close_window(&store, window, &open_window).await?;
            open_window.clear();
        }
        if round % SEAL_EVERY_ROUNDS == 0 {
            seal_all(&store, tick_ms).await?;
        }
    }
    table.insert_many(&rows).await?;
    table.close().await?;
    seal_all(&store, end_ms).await?;
    give_space_back(&store, end_ms).await?;
    store.close().await?;
    std::fs::write(&marker, end_ms.to_string())?;
    Ok(Filled { dir, plain, end_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_small_window_is_measured_end_to_end() {
        let data = tempfile::tempdir().unwrap();
        let args = WindowArgs {
            hosts: 2,
            containers: 5,
            hours: 7,
            runs: 4,
            plain_pct: 50,
            full: false,
        };
        let findings = run(&args, data.path()).await.unwrap();
        assert!(
            findings.figures.iter().any(|figure| figure.is_named("p99_ms")),
            "{findings:?}"
        );
        let again = fill(&args, 1, data.path()).await.unwrap();
        assert_eq!(again.end_ms % WINDOW_MS, 0, "what was filled is found again");
    }
}

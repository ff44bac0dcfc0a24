//! `log-flow`: the logs of many containers that print a lot, from a simulated engine through the real backend into the
//! store, pass after pass.
//!
//! The simulated engine is another process, so that printing is not on the backend's bill. What was printed is known by
//! arithmetic; when the last line has been read, what the store has counted must be exactly that.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use roadstead_engine::wire::{
    HostPage, IssueFilter, IssueSort, IssuesPage, IssuesRequest, LogScan, LogScanState, Settings,
};
use roadstead_model::{HostId, TimeRange};
use roadstead_sim::{FleetPlan, LogLoad};
use roadstead_store::{OpenOptions, Store};

use crate::engine_door::{EngineDoor, store_dir};
use crate::figure::{Figure, Findings, Reach};
use crate::simulation::Simulation;
use crate::timing::{Whose, cpu_time, resident_memory};

/// From the start of the simulated engine to the first line: connecting comes before.
const BEFORE_FIRST_LINE_MS: i64 = 4_000;
/// How often the state of the logs is looked at. Each look is work on our bill.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long after the last line everything must have been read, in passes.
const DRAIN_PASSES: u32 = 10;
/// Rows of the largest page of issues.
const MOST_ROWS: u32 = 500;

/// Logs from the engine to the store.
#[derive(Debug, Args)]
pub(crate) struct LogFlowArgs {
    /// Containers, all on one host.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    containers: u32,
    /// Lines a second of each.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    lines_per_s: u32,
    /// Minutes they print.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    minutes: u32,
    /// Seconds between two passes over the logs.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(10..=3_600))]
    pass: u32,
}

/// What the state of the logs showed while they were printed.
#[derive(Debug, Default)]
struct Seen {
    passes: u32,
    /// When the last look of the last complete pass was.
    pass_ended_ms: i64,
    /// The largest age of the oldest unread line at the end of a pass.
    longest_lag_ms: i64,
    /// The same at any moment.
    longest_age_ms: i64,
    /// Looks at which some container was in this state.
    behind: u32,
    in_trouble: u32,
    peak_bytes: u64,
}

impl Seen {
    fn look(
        &mut self,
        scans: &[&LogScan],
        containers: usize,
        load: &LogLoad,
        now_ms: i64,
    ) -> anyhow::Result<()> {
        self.peak_bytes = self.peak_bytes.max(resident_memory()?.now_bytes);
        let has = |state| scans.iter().any(|scan| scan.state == state);
        self.behind += u32::from(has(LogScanState::Behind));
        self.in_trouble += u32::from(
            has(LogScanState::Timeout) || has(LogScanState::Unreadable) || has(LogScanState::Truncated),
        );
        let first_looked_ms = scans.iter().map(|scan| scan.looked_at_ms).min();
        if scans.len() < containers {
            return Ok(());
        }
        let (Some(first_looked_ms), Some(last_looked_ms)) =
            (first_looked_ms, scans.iter().map(|scan| scan.looked_at_ms).max())
        else {
            return Ok(());
        };
        // Lines unread since then; before the first line nothing can be unread, after the last nothing is added.
        let unread_ms = oldest_unread_ms(scans).max(load.from_ms);
        if unread_ms < load.end_ms() {
            self.longest_age_ms = self.longest_age_ms.max(now_ms - unread_ms);
        }
        if first_looked_ms > self.pass_ended_ms {
            self.passes += 1;
            self.pass_ended_ms = last_looked_ms;
            if unread_ms < load.end_ms() {
                self.longest_lag_ms = self.longest_lag_ms.max(last_looked_ms - unread_ms);
            }
        }
        Ok(())
    }
}

/// Everything before this moment was read, of every container.
fn oldest_unread_ms(scans: &[&LogScan]) -> i64 {
    let of = |scan: &&LogScan| scan.read_until_ms.unwrap_or(0);
    scans.iter().map(of).min().unwrap_or(0)
}

/// What the store holds in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    lines: u64,
    errors: u64,
    warnings: u64,
    /// Events of all issues together.
    of_issues: u64,
}

pub(crate) async fn run(args: &LogFlowArgs, data: &Path) -> anyhow::Result<Findings> {
    // Sockets have short paths only.
    let world = tempfile::Builder::new().prefix("rsb-").tempdir()?;
    let sockets = world.path().join("hosts");
    std::fs::create_dir(&sockets)?;
    let load = LogLoad {
        lines_per_s: args.lines_per_s,
        from_ms: now_ms() + BEFORE_FIRST_LINE_MS,
        seconds: args.minutes * 60,
    };
    let plan = FleetPlan {
        hosts: 1,
        containers_per_host: args.containers as usize,
        log_load: Some(load),
        ..FleetPlan::default()
    };
    let simulation = Simulation::start(&plan, &sockets)?;
    let dir = data.join("log-flow");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).context("cannot remove the store of an earlier run")?;
    }
    let door = EngineDoor::start(&dir).await?;
    door.save_settings(Settings {
        log_pass_s: args.pass,
        ..Settings::default()
    })
    .await?;
    let socket = std::fs::read_dir(&sockets)?
        .next()
        .context("no host is served")??;
    door.add_host("printers", &socket.path()).await?;
    let host = door.list_hosts().await?.hosts.first().map(|host| host.id);
    let host = host.context("the host was not added")?;

    let before_bytes = resident_memory()?.now_bytes;
    let until_begin = u64::try_from(load.from_ms - now_ms()).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(until_begin)).await;
    let (cpu_before, started) = (cpu_time(Whose::Ours)?, Instant::now());
    let seen = follow(&door, host, args, &load).await?;
    let span = started.elapsed();
    let cpu = cpu_time(Whose::Ours)?.saturating_sub(cpu_before);
    let drained_ms = now_ms() - load.end_ms();
    let page = door.host(host).await?;
    let lines = scans(&page).iter().map(|scan| scan.lines).sum();
    let (issues, of_issues) = issues_counted(&door).await?;
    door.close().await;
    drop(simulation);
    let counted = in_store(&dir, lines, of_issues).await?;
    let per_container = load.totals();
    let all = |count: u64| count * u64::from(args.containers);
    let printed = Counted {
        lines: all(per_container.lines),
        errors: all(per_container.errors),
        warnings: all(per_container.warnings),
        of_issues: all(per_container.errors + per_container.warnings),
    };
    let figure = |name: &str, value: f64, unit| Figure::new("log-flow", name, value, unit);
    let events = |counted: &Counted| (counted.errors + counted.warnings) as f64;
    let difference = |ours: u64, theirs: u64| ours.abs_diff(theirs) as f64;
    let exact = |name: &str, ours: u64, theirs: u64| {
        figure(name, difference(ours, theirs), "events").reach(Reach::AtMost(0.0))
    };
    let cpu_s = cpu.as_secs_f64();
    Ok(Findings {
        title: format!(
            "log-flow: {} containers x {} lines a second for {} min through a simulated engine into the store, a pass every {} s",
            args.containers, args.lines_per_s, args.minutes, args.pass
        ),
        notes: vec![
            format!("counted {counted:?}"),
            format!("printed {printed:?}"),
            format!(
                "{} passes, all read {:.1} s after the last line; {issues} issues; some container was behind at {} looks, \
                 late, broken or truncated at {}",
                seen.passes,
                drained_ms as f64 / 1_000.0,
                seen.behind,
                seen.in_trouble
            ),
            format!(
                "resident before the first line: {before_bytes} bytes; simulated engine is another process"
            ),
        ],
        figures: vec![
            exact("errors_wrong", counted.errors, printed.errors),
            exact("warnings_wrong", counted.warnings, printed.warnings),
            exact("issue_events_wrong", counted.of_issues, printed.of_issues),
            figure("lines_wrong", difference(counted.lines, printed.lines), "lines")
                .reach(Reach::AtMost(0.0)),
            figure("events", events(&counted), "events").against("printed", events(&printed)),
            figure("lag_s", seen.longest_lag_ms as f64 / 1_000.0, "s")
                .reach(Reach::AtMost(f64::from(args.pass))),
            figure("longest_unread_s", seen.longest_age_ms as f64 / 1_000.0, "s"),
            figure("lines_per_s", counted.lines as f64 / span.as_secs_f64(), "1/s")
                .against("printed", f64::from(args.lines_per_s * args.containers)),
            figure("cpu_cores", cpu_s / f64::from(load.seconds), "cores"),
            figure("lines_per_cpu_s", counted.lines as f64 / cpu_s, "1/s"),
            figure("rss_bytes", seen.peak_bytes as f64, "bytes"),
            figure("rss_peak_bytes", resident_memory()?.peak_bytes as f64, "bytes"),
        ],
    })
}

/// Looks on until every line was read.
async fn follow(door: &EngineDoor, host: HostId, args: &LogFlowArgs, load: &LogLoad) -> anyhow::Result<Seen> {
    let give_up_ms = load.end_ms() + i64::from(args.pass * DRAIN_PASSES) * 1_000;
    let mut seen = Seen::default();
    loop {
        let page = door.host(host).await?;
        let (scans, now_ms) = (scans(&page), now_ms());
        seen.look(&scans, args.containers as usize, load, now_ms)?;
        if scans.len() == args.containers as usize && oldest_unread_ms(&scans) > load.end_ms() {
            return Ok(seen);
        }
        if now_ms > give_up_ms {
            let faults = scans.iter().filter_map(|scan| scan.fault.as_ref()).next();
            bail!(
                "not read to the end {} passes after the last line: {} of {} containers read, {} ms behind; {faults:?}",
                DRAIN_PASSES,
                scans.len(),
                args.containers,
                now_ms - oldest_unread_ms(&scans)
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn scans(page: &HostPage) -> Vec<&LogScan> {
    page.containers
        .iter()
        .filter_map(|row| row.log.as_ref())
        .collect()
}

/// How many issues there are, and the events of all of them.
async fn issues_counted(door: &EngineDoor) -> anyhow::Result<(u32, u64)> {
    let (mut offset, mut events) = (0, 0);
    loop {
        let request = IssuesRequest {
            app: None,
            host: None,
            severity: None,
            filter: IssueFilter::All,
            search: String::new(),
            sort: IssueSort::FirstSeen,
            descending: false,
            offset,
            limit: MOST_ROWS,
        };
        let page: IssuesPage = serde_json::from_slice(&door.list_issues(&request).await?)?;
        events += page.rows.iter().map(|row| row.count).sum::<u64>();
        offset += MOST_ROWS;
        if offset >= page.total {
            return Ok((page.total, events));
        }
    }
}

async fn in_store(dir: &Path, lines: u64, of_issues: u64) -> anyhow::Result<Counted> {
    let store = Store::open(OpenOptions {
        dir: store_dir(dir),
        now_ms: now_ms(),
    })
    .await?
    .store;
    let ever = TimeRange::new(0, i64::MAX).context("there is no such span")?;
    let mut counts = Vec::new();
    for host in store.hosts().await? {
        counts.extend(store.log_counts(host.id, ever).await?);
    }
    store.close().await?;
    ensure!(!counts.is_empty(), "the store has counted nothing");
    Ok(Counted {
        lines,
        errors: counts.iter().map(|count| count.errors).sum(),
        warnings: counts.iter().map(|count| count.warnings).sum(),
        of_issues,
    })
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

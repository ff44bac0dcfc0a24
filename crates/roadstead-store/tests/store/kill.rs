//! `kill -9` at random moments while writing: the file stays whole and everything committed is there.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use roadstead_model::TimeRange;
use roadstead_model::time::{DAY_MS, MINUTE_MS, WINDOW_MS};
use roadstead_model::{DeployId, DeployState};
use roadstead_store::{Begun, LogPosition, Store};

use crate::deploys::{end, update};
use crate::fixture::{MIDNIGHT_MS, facts, new_host, open, report, tick, window};
use crate::logbook::{self, Log, all, many_errors};

const DIR: &str = "ROADSTEAD_TEST_WRITER_DIR";
const START: &str = "ROADSTEAD_TEST_WRITER_START";
const KILLS: u64 = 50;
/// Ticks five minutes apart: spans become complete, are sealed and joined while the writer runs.
const STEP_MS: i64 = 5 * MINUTE_MS;
/// Three ticks are a window.
const TICKS_PER_WINDOW: i64 = WINDOW_MS / STEP_MS;

#[tokio::test]
async fn nothing_committed_is_lost_when_the_writer_is_killed_fifty_times() {
    if let Some(dir) = std::env::var_os(DIR) {
        return write_until_killed(Path::new(&dir)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut random = SmallRng::seed_from_u64(7);
    let mut said = Said::default();
    for round in 0..KILLS {
        let start = said.ticks.last().map_or(0, |last| last + 2);
        let new = run_and_kill(dir.path(), start, random.random_range(5..60));
        assert!(
            round > 0 || !new.ticks.is_empty(),
            "the first writer wrote nothing before it was killed"
        );
        said.ticks.extend(new.ticks);
        said.reports.extend(new.reports);
        said.lines = said.lines.max(new.lines);
        said.deploy = new.deploy.or(said.deploy);
        integrity(dir.path()).await;
        if round % 10 == 9 {
            everything_is_there(dir.path(), &said).await;
        }
    }
    assert!(
        said.ticks.len() > 200 && said.lines > 200,
        "too little was written to prove anything: {} ticks, {} lines",
        said.ticks.len(),
        said.lines
    );
}

/// What a writer said it had committed.
#[derive(Debug, Default)]
struct Said {
    ticks: BTreeSet<i64>,
    reports: BTreeSet<i64>,
    /// Lines of the log that were counted, from its beginning.
    lines: u64,
    /// The last deploy that began, and whether it ended.
    deploy: Option<(i64, bool)>,
}

/// Runs a writer for some milliseconds after its first commit; gives what it said it had committed.
fn run_and_kill(dir: &Path, start: i64, for_ms: u64) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::nothing_committed_is_lost_when_the_writer_is_killed_fifty_times",
            "--nocapture",
        ])
        .env(DIR, dir)
        .env(START, start.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut committed_in_all = Said::default();
    let mut keep = |line: String| {
        // A line the kill cut short has no end mark.
        let Some(said) = line.strip_suffix('.') else {
            return;
        };
        if let Some(nth) = said.strip_prefix("tick ") {
            committed_in_all.ticks.insert(nth.parse().unwrap());
        } else if let Some(nth) = said.strip_prefix("report ") {
            committed_in_all.reports.insert(nth.parse().unwrap());
        } else if let Some(lines) = said.strip_prefix("lines ") {
            committed_in_all.lines = lines.parse().unwrap();
        } else if let Some(deploy) = said.strip_prefix("begun ") {
            committed_in_all.deploy = Some((deploy.parse().unwrap(), false));
        } else if let Some(deploy) = said.strip_prefix("ended ") {
            committed_in_all.deploy = Some((deploy.parse().unwrap(), true));
        }
    };
    for line in lines.by_ref() {
        let line = line.unwrap();
        let committed = line.starts_with("tick ");
        keep(line);
        if committed {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(for_ms));
    child.kill().unwrap();
    for line in lines {
        keep(line.unwrap());
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "the writer ended by itself: {status}");
    committed_in_all
}

async fn write_until_killed(dir: &Path) {
    let opened = open(dir).await;
    assert_eq!(opened.set_aside, None);
    let store = opened.store;
    let host = match store.hosts().await.unwrap().first() {
        Some(host) => host.id,
        None => store.add_host(new_host("one")).await.unwrap(),
    };
    let of = store
        .observe_containers(host, MIDNIGHT_MS, &[facts("app", "app-1")])
        .await
        .unwrap()[0]
        .clone();
    let mut out = std::io::stdout();
    let mut log = Log::of(host, &of, "app-1");
    let cursors = store.log_cursors(host).await.unwrap();
    log.at = cursors.first().map(|cursor| cursor.position);
    let start: i64 = std::env::var(START).unwrap().parse().unwrap();
    // What the writer before left under way, as a program does at its start.
    for left in store.unfinished_deploys(None).await.unwrap() {
        let interrupted = end(DeployState::Interrupted, MIDNIGHT_MS);
        store.end_deploy(left.id, &interrupted).await.unwrap();
    }
    for nth in start.. {
        let now_ms = MIDNIGHT_MS + nth * STEP_MS;
        store
            .append_ticks(&[tick(host, now_ms, &[(&of, Some(nth as u64))])])
            .await
            .unwrap();
        writeln!(out, "tick {nth}.").unwrap();
        out.flush().unwrap();
        // Every line of the log is an error of one kind.
        let read = log.read(vec![many_errors(1, 1, now_ms)]);
        let lines = line_of(&read.cursor.position);
        let recorded = store.record_logs(&[read]).await.unwrap();
        assert_eq!(recorded.left_out, []);
        writeln!(out, "lines {lines}.").unwrap();
        out.flush().unwrap();
        if nth % TICKS_PER_WINDOW == 0 {
            let at = window(nth / TICKS_PER_WINDOW);
            store
                .save_reports(host, at, &[report(of.deployment, at, Some(nth as u64))])
                .await
                .unwrap();
            writeln!(out, "report {}.", nth / TICKS_PER_WINDOW).unwrap();
            out.flush().unwrap();
        }
        if nth % TICKS_PER_WINDOW == 1 {
            let new = update(of.deployment, now_ms, "app:2");
            let Begun::Begun(deploy) = store.begin_deploy(&new).await.unwrap() else {
                panic!("a deploy that ended is in the way");
            };
            writeln!(out, "begun {deploy}.").unwrap();
            out.flush().unwrap();
            store.journal_deploy(deploy, r#"{"step":"stop"}"#).await.unwrap();
            let done = end(DeployState::Success, now_ms);
            store.end_deploy(deploy, &done).await.unwrap();
            writeln!(out, "ended {deploy}.").unwrap();
            out.flush().unwrap();
        }
        store.seal(now_ms).await.unwrap();
    }
}

/// Which line of its log a cursor stands behind.
fn line_of(position: &LogPosition) -> u64 {
    position.stdout.at_ns.map_or(0, |ns| ns as u64)
}

async fn integrity(dir: &Path) {
    use sqlx::{ConnectOptions, Connection};
    let path = dir.join("roadstead.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    connection.close().await.unwrap();
}

async fn everything_is_there(dir: &Path, said: &Said) {
    let opened = open(dir).await;
    assert_eq!(opened.set_aside, None, "a killed writer damages nothing");
    let store = opened.store;
    let host = store.hosts().await.unwrap()[0].id;
    let deployment = store.deployments().await.unwrap()[0].id;
    let range = TimeRange {
        from_ms: MIDNIGHT_MS,
        to_ms: MIDNIGHT_MS + 10_000 * DAY_MS,
    };
    let kept = store.ticks_between(host, range).await.unwrap();
    let kept: BTreeSet<(i64, Option<u64>)> = kept
        .iter()
        .map(|tick| (tick.tick_ms, tick.samples[0].memory_used_bytes))
        .collect();
    for nth in &said.ticks {
        assert!(
            kept.contains(&(MIDNIGHT_MS + nth * STEP_MS, Some(*nth as u64))),
            "tick {nth} was committed and is lost"
        );
    }
    let kept = store.reports(&[deployment], range).await.unwrap();
    let kept: BTreeSet<i64> = kept
        .iter()
        .map(|report| (report.window.start_ms - MIDNIGHT_MS) / WINDOW_MS)
        .collect();
    for nth in &said.reports {
        assert!(kept.contains(nth), "report {nth} was committed and is lost");
    }
    // Wherever the kill came, the counts are those of the lines before the cursor.
    let cursor = &store.log_cursors(host).await.unwrap()[0];
    let lines = line_of(&cursor.position);
    assert!(
        lines >= said.lines,
        "{} lines were committed, {lines} are counted",
        said.lines
    );
    assert_eq!(cursor.lines, lines);
    let issues = store.issues(&all()).await.unwrap().rows;
    assert_eq!(issues.iter().map(|row| row.count).collect::<Vec<_>>(), [lines]);
    let full = store
        .issue(issues[0].id, MIDNIGHT_MS, range, DAY_MS)
        .await
        .unwrap();
    assert_eq!(full.record.spark.iter().sum::<u64>(), lines);
    assert_eq!(full.places[0].count, lines);
    let counts = logbook::counts(&store).await;
    assert_eq!(counts.iter().map(|count| count.errors).sum::<u64>(), lines);
    ledger_is_whole(&store, said).await;
    store.close().await.unwrap();
}

/// The last deploy is there as far as it came, and at most one is to be repaired.
async fn ledger_is_whole(store: &Store, said: &Said) {
    let (id, ended) = said.deploy.unwrap();
    let deploy = store.deploy(DeployId(id)).await.unwrap();
    assert!(
        !ended || deploy.state == DeployState::Success && deploy.journal_json.is_none(),
        "{deploy:?}"
    );
    let unfinished = store.unfinished_deploys(None).await.unwrap();
    assert!(unfinished.len() <= 1, "{unfinished:?}");
    for left in unfinished {
        assert!(left.state == DeployState::Running && left.journal_json.is_some());
    }
}

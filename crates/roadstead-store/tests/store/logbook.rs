//! What a pass over a log hands to the store, in a few words.

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use roadstead_model::{ContainerFacts, ContainerState, HostId, IssueId, TimeRange, Window};
use roadstead_store::{
    ContainerRef, FoundInWindow, FoundIssue, FoundSample, Generation, IssueFilter, IssueInFull, IssueQuery,
    IssueRecord, IssueSeverity, IssueSort, LogCount, LogCursor, LogPosition, LogRead, LogStream, Recorded,
    SAMPLES_KEPT, Store, StreamPosition,
};

use crate::fixture::{Fixture, MIDNIGHT_MS, facts};

/// Noon of the fixture's day: what is new began within the day before.
pub(crate) const NOW_MS: i64 = MIDNIGHT_MS + 12 * HOUR_MS;

/// The log of one container, and where its cursor stands.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) host: HostId,
    pub(crate) of: ContainerRef,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) generation: Generation,
    pub(crate) at: Option<LogPosition>,
}

impl Log {
    pub(crate) fn of(host: HostId, of: &ContainerRef, name: &str) -> Self {
        Self {
            host,
            of: of.clone(),
            name: name.to_owned(),
            image: "local/app:1".to_owned(),
            generation: Generation {
                engine_id: of.engine_id.clone(),
                image_id: "sha256:1".to_owned(),
                created_at_ms: 1,
            },
            at: None,
        }
    }

    /// A read from where the cursor stands; it moves on by one line.
    pub(crate) fn read(&mut self, issues: Vec<FoundIssue>) -> LogRead {
        let before = self.at;
        let next_ns = before.and_then(|at| at.stdout.at_ns).unwrap_or(0) + 1;
        let position = LogPosition {
            from_ns: 0,
            stdout: StreamPosition {
                at_ns: Some(next_ns),
                seen: 1,
                top_ns: Some(next_ns),
            },
            stderr: StreamPosition::default(),
        };
        self.at = Some(position);
        LogRead {
            container: self.of.container,
            deployment: self.of.deployment,
            app: self.of.app,
            host: self.host,
            container_name: self.name.clone(),
            image: self.image.clone(),
            generation: self.generation.clone(),
            before,
            cursor: LogCursor {
                container: self.of.container,
                position,
                lines: 1,
                read_until_ms: Some(NOW_MS),
                looked_at_ms: NOW_MS,
                state: "ok".to_owned(),
                fault_json: None,
                lost: None,
                drained: false,
            },
            losses: Vec::new(),
            issues,
        }
    }

    /// Reads and records at once; the read must count.
    pub(crate) async fn record(&mut self, fixture: &Fixture, issues: Vec<FoundIssue>) -> Recorded {
        let read = self.read(issues);
        let recorded = fixture.store.record_logs(&[read]).await.unwrap();
        assert_eq!(recorded.left_out, []);
        recorded
    }
}

/// A container as listed, of an app, with a name of its own.
pub(crate) fn listed(app: &str, name: &str) -> ContainerFacts {
    ContainerFacts {
        state: ContainerState::Running,
        ..facts(app, name)
    }
}

/// One host with one app of one container, and its log.
pub(crate) async fn one_log() -> (Fixture, Log) {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    (fixture, Log::of(host, &of, "app-1"))
}

/// Errors of one kind at these moments, each a sample of one line.
pub(crate) fn errors(kind: u64, at_ms: &[i64]) -> FoundIssue {
    found(kind, IssueSeverity::Error, at_ms)
}

/// Warnings of one kind at these moments.
pub(crate) fn warnings(kind: u64, at_ms: &[i64]) -> FoundIssue {
    found(kind, IssueSeverity::Warning, at_ms)
}

fn found(kind: u64, severity: IssueSeverity, at_ms: &[i64]) -> FoundIssue {
    let samples = at_ms.iter().rev().take(SAMPLES_KEPT).rev();
    FoundIssue {
        fingerprints: vec![(1, kind)],
        severity,
        message: format!("trouble {kind}"),
        masked: format!("trouble <{kind}>"),
        windows: windows_of(severity, at_ms),
        samples: samples.map(|at_ms| sample(*at_ms, &["the line"])).collect(),
    }
}

/// So many errors of one kind at one moment, without samples.
pub(crate) fn many_errors(kind: u64, count: u64, at_ms: i64) -> FoundIssue {
    let mut found = errors(kind, &[at_ms]);
    found.windows[0].errors = count;
    found.samples.clear();
    found
}

pub(crate) fn sample(at_ms: i64, lines: &[&str]) -> FoundSample {
    FoundSample {
        at_ms,
        stream: LogStream::Stderr,
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        line_count: lines.len() as u64,
    }
}

fn windows_of(severity: IssueSeverity, at_ms: &[i64]) -> Vec<FoundInWindow> {
    let mut windows: Vec<FoundInWindow> = Vec::new();
    for at_ms in at_ms.iter().copied() {
        let window = Window::holding(at_ms);
        let nth = windows
            .iter()
            .position(|of| of.window == window)
            .unwrap_or_else(|| {
                windows.push(FoundInWindow {
                    window,
                    errors: 0,
                    warnings: 0,
                    first_ms: at_ms,
                    last_ms: at_ms,
                });
                windows.len() - 1
            });
        let of = &mut windows[nth];
        match severity {
            IssueSeverity::Error => of.errors += 1,
            IssueSeverity::Warning => of.warnings += 1,
        }
        of.first_ms = of.first_ms.min(at_ms);
        of.last_ms = of.last_ms.max(at_ms);
    }
    windows
}

/// So many minutes before [`NOW_MS`].
pub(crate) fn ago(minutes: i64) -> i64 {
    NOW_MS - minutes * MINUTE_MS
}

/// The day around [`NOW_MS`] by the hour.
pub(crate) fn day() -> TimeRange {
    TimeRange {
        from_ms: NOW_MS - DAY_MS + HOUR_MS,
        to_ms: NOW_MS + HOUR_MS,
    }
}

/// All issues, newest first.
pub(crate) fn all() -> IssueQuery {
    IssueQuery {
        now_ms: NOW_MS,
        app: None,
        host: None,
        severity: None,
        filter: IssueFilter::All,
        search: String::new(),
        sort: IssueSort::LastSeen,
        descending: true,
        offset: 0,
        limit: 100,
        spark: day(),
        spark_bucket_ms: HOUR_MS,
    }
}

/// The only issue there is.
pub(crate) async fn only_issue(fixture: &Fixture) -> IssueRecord {
    let list = fixture.store.issues(&all()).await.unwrap();
    assert_eq!((list.rows.len(), list.total), (1, 1), "{:#?}", list.rows);
    list.rows.into_iter().next().unwrap()
}

/// An issue in full, over the day by the hour.
pub(crate) async fn in_full(fixture: &Fixture, issue: IssueId) -> IssueInFull {
    let full = fixture.store.issue(issue, NOW_MS, day(), HOUR_MS).await.unwrap();
    assert_eq!(full.record.id, issue);
    full
}

/// The counts of all hosts.
pub(crate) async fn counts(store: &Store) -> Vec<LogCount> {
    let ever = TimeRange::new(0, i64::MAX).unwrap();
    let mut counts = Vec::new();
    for host in store.hosts().await.unwrap() {
        counts.extend(store.log_counts(host.id, ever).await.unwrap());
    }
    counts
}

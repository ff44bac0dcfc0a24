//! What the store is given and gives back of logs and issues.

use roadstead_model::{
    AppId, ContainerId, DeploymentId, EngineContainerId, HostId, IssueId, TimeRange, Window,
};

/// How bad the events of an issue are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueSeverity {
    /// Warnings only.
    Warning,
    /// At least one error.
    Error,
}

/// The stream an event was printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Standard output, and all output of a container with a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How far one stream has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamPosition {
    /// The engine's stamp of the last line counted, nanoseconds since 1970 UTC; absent before the first.
    pub at_ns: Option<i64>,
    /// Lines with exactly this stamp that were counted.
    pub seen: u32,
    /// The highest stamp counted: above `at_ns` only after the engine's clock was set back.
    pub top_ns: Option<i64>,
}

impl StreamPosition {
    /// The engine's clock was set back since the highest stamp counted: lines of before have later stamps than the last one.
    #[must_use]
    pub fn is_behind_top(&self) -> bool {
        self.top_ns > self.at_ns
    }
}

/// How far a container's log has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// Nothing older is ever read.
    pub from_ns: i64,
    /// Standard output.
    pub stdout: StreamPosition,
    /// Standard error.
    pub stderr: StreamPosition,
}

/// A container's cursor as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCursor {
    /// The container.
    pub container: ContainerId,
    /// How far it has been counted.
    pub position: LogPosition,
    /// Lines counted, of any severity.
    pub lines: u64,
    /// Everything printed before this moment was read.
    pub read_until_ms: Option<i64>,
    /// When the log was last looked at.
    pub looked_at_ms: i64,
    /// One short word, the caller's own.
    pub state: String,
    /// What else there is to say of the state, as JSON; the caller's own.
    pub fault_json: Option<String>,
    /// The newest stretch of its log that was rotated away unread.
    pub lost: Option<TimeRange>,
    /// It has ended and was read to its end: nothing is lost when it is removed.
    pub drained: bool,
}

/// Why lines of a log can never be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossCause {
    /// The engine had thrown them away before they were read.
    Rotated,
    /// Their container was removed before its last lines were read.
    Removed,
    /// They are older than a container never seen is read.
    LookBack,
}

/// A stretch of which lines were lost: what is counted of it is a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLoss {
    /// Whose lines.
    pub deployment: DeploymentId,
    /// Why.
    pub cause: LossCause,
    /// When they were printed.
    pub range: TimeRange,
}

/// Which of the containers that had a name one after the other, and what it ran: a tag that was pulled again names another image.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Generation {
    /// The engine's id of the container.
    pub engine_id: EngineContainerId,
    /// The id of its image.
    pub image_id: String,
    /// When it was created, UTC epoch milliseconds.
    pub created_at_ms: i64,
}

/// What is another in a place of an issue since its newest event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceChange {
    /// Nothing: the same container, the same image.
    Nothing,
    /// The container was created anew, from the same image.
    Container,
    /// The image, by its name or by what its name stands for.
    Image,
    /// It was never seen there.
    Place,
}

/// What one pass over one container's log found.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRead {
    /// The container.
    pub container: ContainerId,
    /// Its deployment.
    pub deployment: DeploymentId,
    /// Its app.
    pub app: AppId,
    /// Its host.
    pub host: HostId,
    /// Its name.
    pub container_name: String,
    /// The image it runs.
    pub image: String,
    /// Which container of its name it is.
    pub generation: Generation,
    /// Where the stored cursor stood when the read began; absent for a container never read.
    pub before: Option<LogPosition>,
    /// Where it stands now; `lines` are those of this read alone, and so is what was lost.
    pub cursor: LogCursor,
    /// Lines found to be lost, by when they were printed.
    pub losses: Vec<(LossCause, TimeRange)>,
    /// What was found, one entry per fingerprint.
    pub issues: Vec<FoundIssue>,
}

/// The events of one read that have one fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIssue {
    /// Version and value of its fingerprint by each algorithm still in use, the newest first; at least one.
    pub fingerprints: Vec<(u16, u64)>,
    /// The worst of its events.
    pub severity: IssueSeverity,
    /// First line of an event, secrets taken out.
    pub message: String,
    /// What was hashed.
    pub masked: String,
    /// Events by 15-minute window, each with its first and newest moment.
    pub windows: Vec<FoundInWindow>,
    /// Some of the events, the newest, at most [`SAMPLES_KEPT`].
    pub samples: Vec<FoundSample>,
}

/// Events of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundInWindow {
    /// The window.
    pub window: Window,
    /// Error events.
    pub errors: u64,
    /// Warning events.
    pub warnings: u64,
    /// First event, UTC epoch milliseconds.
    pub first_ms: i64,
    /// Newest event.
    pub last_ms: i64,
}

/// One event with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSample {
    /// When its first line was printed.
    pub at_ms: i64,
    /// Where.
    pub stream: LogStream,
    /// Its lines, secrets taken out.
    pub lines: Vec<String>,
    /// Lines it had.
    pub line_count: u64,
}

/// Samples kept per issue, the newest.
pub const SAMPLES_KEPT: usize = 20;

/// What keeping reads led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Issues never seen before.
    pub new: Vec<IssueId>,
    /// Resolved issues that came back.
    pub regressed: Vec<IssueId>,
    /// Reads that were left out, because the cursor no longer stood where they began or the container is forgotten.
    pub left_out: Vec<ContainerId>,
}

/// Until when an issue is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredUntil {
    /// Until it is seen in another container than before, also one that was created anew under the same name, or with another image,
    /// also one that the same tag names now.
    Change,
    /// Until this moment, UTC epoch milliseconds.
    Moment(i64),
    /// For ever.
    Never,
}

/// What the operator said of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueState {
    /// Nothing, or that it is open again.
    Open,
    /// It is mended.
    Resolved,
    /// It does not matter.
    Ignored(IgnoredUntil),
}

/// What was said of an issue, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueStateRecord {
    /// The issue.
    pub issue: IssueId,
    /// What.
    pub state: IssueState,
    /// When; absent when nothing was ever said.
    pub state_at_ms: Option<i64>,
    /// Where and when it came back.
    pub regressed: Option<Regression>,
}

/// Where and when a resolved issue came back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Regression {
    /// The first event after it was resolved.
    pub at_ms: i64,
    /// The host, by id.
    pub host: HostId,
    /// The container's name.
    pub container_name: String,
    /// The image it ran.
    pub image: String,
    /// Which container of its name; absent for what came back before that was kept.
    #[serde(default)]
    pub generation: Option<Generation>,
    /// What was another than at the newest event there before; absent where that is not known.
    #[serde(default)]
    pub change: Option<PlaceChange>,
}

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRecord {
    /// Its id.
    pub id: IssueId,
    /// Its app.
    pub app: AppId,
    /// The worst of its events.
    pub severity: IssueSeverity,
    /// First line of an event.
    pub message: String,
    /// First event.
    pub first_seen_ms: i64,
    /// Newest event.
    pub last_seen_ms: i64,
    /// Events.
    pub count: u64,
    /// Hosts it was seen on.
    pub hosts: u32,
    /// Containers it was seen in.
    pub containers: u32,
    /// What the operator said, as in force at the moment asked for.
    pub state: IssueState,
    /// When.
    pub state_at_ms: Option<i64>,
    /// Where and when it came back.
    pub regressed: Option<Regression>,
    /// Lines of its app were lost since it was first seen, the last of them at this moment: its count is a lower bound.
    pub lines_lost_until_ms: Option<i64>,
    /// Events per bucket of the span asked for.
    pub spark: Vec<u64>,
}

/// Which issues are wanted, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueFilter {
    /// Open ones.
    Open,
    /// Open ones first seen within 24 hours.
    New,
    /// Open ones that had been resolved.
    Regressed,
    /// Resolved ones.
    Resolved,
    /// Ignored ones.
    Ignored,
    /// All.
    All,
}

impl IssueFilter {
    /// The condition on the state, over the columns of the issues found.
    pub(crate) const fn condition(self) -> &'static str {
        match self {
            Self::Open => "is_open",
            Self::New => "is_open AND is_new",
            Self::Regressed => "is_open AND returned",
            Self::Resolved => "state = 'resolved'",
            Self::Ignored => "state = 'ignored' AND NOT is_open",
            Self::All => "TRUE",
        }
    }
}

/// By what issues are ordered; equal ones by newest event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueSort {
    /// Newest event.
    LastSeen,
    /// First event.
    FirstSeen,
    /// Events.
    Count,
    /// Hosts, then containers.
    Spread,
    /// Name of the app.
    App,
}

impl IssueSort {
    /// The terms of an `ORDER BY` over the issues.
    pub(crate) const fn order(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Self::LastSeen, true) => "last_seen_ms DESC, issue_id",
            (Self::LastSeen, false) => "last_seen_ms, issue_id",
            (Self::FirstSeen, true) => "first_seen_ms DESC, last_seen_ms DESC, issue_id",
            (Self::FirstSeen, false) => "first_seen_ms, last_seen_ms DESC, issue_id",
            (Self::Count, true) => "event_count DESC, last_seen_ms DESC, issue_id",
            (Self::Count, false) => "event_count, last_seen_ms DESC, issue_id",
            (Self::Spread, true) => "host_count DESC, container_count DESC, last_seen_ms DESC, issue_id",
            (Self::Spread, false) => "host_count, container_count, last_seen_ms DESC, issue_id",
            (Self::App, true) => {
                "(SELECT name FROM app WHERE app.app_id = found.app_id) DESC, last_seen_ms DESC, issue_id"
            }
            (Self::App, false) => {
                "(SELECT name FROM app WHERE app.app_id = found.app_id), last_seen_ms DESC, issue_id"
            }
        }
    }
}

/// Which issues a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueQuery {
    /// Now: what is ignored until a moment, and what is new.
    pub now_ms: i64,
    /// One app.
    pub app: Option<AppId>,
    /// One host.
    pub host: Option<HostId>,
    /// One severity.
    pub severity: Option<IssueSeverity>,
    /// By state.
    pub filter: IssueFilter,
    /// Text in the message or in the masked form, in any case; empty for all.
    pub search: String,
    /// Order.
    pub sort: IssueSort,
    /// Highest or newest first.
    pub descending: bool,
    /// Rows left out at the beginning.
    pub offset: u32,
    /// Most rows.
    pub limit: u32,
    /// Span of the sparklines, its ends whole hours.
    pub spark: TimeRange,
    /// Length of their buckets, whole hours.
    pub spark_bucket_ms: i64,
}

/// Issues by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IssueCounts {
    /// Open.
    pub open: u32,
    /// Of these, with an error.
    pub open_errors: u32,
    /// Open and first seen within 24 hours.
    pub new: u32,
    /// Open and resolved before.
    pub regressed: u32,
    /// Resolved.
    pub resolved: u32,
    /// Ignored.
    pub ignored: u32,
}

/// A page of issues.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssueList {
    /// The rows wanted.
    pub rows: Vec<IssueRecord>,
    /// Issues that match.
    pub total: u32,
    /// Issues of the app, host and severity, by state.
    pub counts: IssueCounts,
}

/// Where an issue was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuePlaceRecord {
    /// The host.
    pub host: HostId,
    /// The container's name.
    pub container_name: String,
    /// The image at the newest event.
    pub image: String,
    /// Which container of its name had the newest event; absent for what was seen before that was kept.
    pub generation: Option<Generation>,
    /// Events.
    pub count: u64,
    /// First event there.
    pub first_seen_ms: i64,
    /// Newest event there.
    pub last_seen_ms: i64,
}

/// One event of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueSampleRecord {
    /// The host.
    pub host: HostId,
    /// The container's name.
    pub container_name: String,
    /// The event.
    pub sample: FoundSample,
}

/// One issue in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueInFull {
    /// The issue; its sparkline is the span asked for.
    pub record: IssueRecord,
    /// What was hashed.
    pub masked: String,
    /// Version and value of its newest fingerprint.
    pub fingerprint: (u16, u64),
    /// Where it was seen, most events first.
    pub places: Vec<IssuePlaceRecord>,
    /// Its newest events, newest first.
    pub samples: Vec<IssueSampleRecord>,
}

/// Error and warning events of a deployment in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCount {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The window.
    pub window: Window,
    /// Error events.
    pub errors: u64,
    /// Warning events.
    pub warnings: u64,
}

/// Error and warning events of a container in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerLogCount {
    /// The container.
    pub container: ContainerId,
    /// Error events.
    pub errors: u64,
    /// Warning events.
    pub warnings: u64,
}

/// An issue in the report of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedIssue {
    /// The issue.
    pub issue: IssueId,
    /// Version and value of its newest fingerprint.
    pub fingerprint: (u16, u64),
    /// Its worst severity.
    pub severity: IssueSeverity,
    /// First line of an event.
    pub message: String,
    /// Events in the window.
    pub count: u64,
    /// Newest event in the window.
    pub last_seen_ms: i64,
    /// Containers it was seen in within the window, at most 50; none for what was counted before this was kept.
    pub containers: Vec<ContainerId>,
}

//! Issues: what goes wrong in the logs of an app, grouped, and what the operator said of it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::time::DAY_MS;
use roadstead_model::{Fault, HostId, IssueId};

/// How bad the events of an issue are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IssueSeverity {
    /// Warnings only.
    Warning,
    /// At least one event was an error.
    Error,
}

/// Until when an issue is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "until", rename_all = "snake_case")]
pub enum IgnoreUntil {
    /// Until it happens in another container than before, also one created anew under the same name, or with another image, also one
    /// that the same tag names now.
    Change,
    /// Until this moment.
    Moment {
        /// UTC epoch milliseconds.
        at_ms: i64,
    },
    /// For ever.
    Never,
}

/// What the operator said of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum IssueState {
    /// Nothing, or that it is open again.
    Open,
    /// It is mended: an event after that moment makes it return.
    Resolved,
    /// It does not matter for now.
    Ignored(IgnoreUntil),
}

/// Where and when a resolved issue came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Regression {
    /// The first event after it was resolved.
    pub at_ms: i64,
    /// The host it happened on.
    pub host: HostId,
    /// That host's name.
    pub host_name: String,
    /// The container it happened in.
    pub container_name: String,
    /// The image that container ran.
    pub image: String,
    /// Which container of its name; absent for what came back before that was kept.
    pub generation: Option<ContainerGeneration>,
    /// What was another than at the newest event there before; absent where that is not known.
    pub change: Option<PlaceChange>,
}

/// Which of the containers that had a name one after the other, and what it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContainerGeneration {
    /// The engine's id of the container.
    pub engine_id: String,
    /// The id of its image: a tag that was pulled again names another one.
    pub image_id: String,
    /// When it was created.
    pub created_at_ms: i64,
}

/// What is another in a place of an issue since its newest event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
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

/// Which issues are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IssueFilter {
    /// Open ones, returned ones among them.
    #[default]
    Open,
    /// Open ones first seen in the last 24 hours.
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

/// By what issues are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IssueSort {
    /// Newest event.
    #[default]
    LastSeen,
    /// First event.
    FirstSeen,
    /// Events.
    Count,
    /// Hosts it was seen on, then containers.
    Spread,
    /// Name of the app.
    App,
}

/// Which issues the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssuesRequest {
    /// One app, by its name.
    pub app: Option<String>,
    /// One host: issues seen there.
    pub host: Option<HostId>,
    /// One severity.
    pub severity: Option<IssueSeverity>,
    /// By state.
    pub filter: IssueFilter,
    /// Text that the message or the masked form contains, in any case; empty for all.
    pub search: String,
    /// Order.
    pub sort: IssueSort,
    /// Highest or newest first.
    pub descending: bool,
    /// Rows left out at the beginning.
    pub offset: u32,
    /// Most rows wanted, 1 to 500.
    pub limit: u32,
}

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueRow {
    /// Its id.
    pub issue: IssueId,
    /// The app.
    pub app: String,
    /// The app's name to show.
    pub display_name: String,
    /// The worst of its events.
    pub severity: IssueSeverity,
    /// First line of an event, secrets taken out. Hostile text: show it as text.
    pub message: String,
    /// What the operator said of it.
    pub state: IssueState,
    /// First seen in the last 24 hours.
    pub is_new: bool,
    /// It was resolved and came back.
    pub regressed: Option<Regression>,
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
    /// Lines of its app's logs were lost since it was first seen, the last of them at this moment: `count` is a lower bound.
    pub lines_lost_until_ms: Option<i64>,
    /// Events per bucket of the page's span, oldest first.
    pub spark: Vec<u64>,
}

/// Issues by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct IssueCounts {
    /// Open.
    pub open: u32,
    /// Of these, with an error.
    pub open_errors: u32,
    /// Open and first seen in the last 24 hours.
    pub new: u32,
    /// Open and resolved before.
    pub regressed: u32,
    /// Resolved.
    pub resolved: u32,
    /// Ignored.
    pub ignored: u32,
}

/// The Issues page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssuesPage {
    /// When this was answered.
    pub now_ms: i64,
    /// Start of the sparklines.
    pub spark_from_ms: i64,
    /// Length of a sparkline bucket.
    pub spark_bucket_ms: i64,
    /// The rows wanted.
    pub rows: Vec<IssueRow>,
    /// Issues that match, on all pages.
    pub total: u32,
    /// Issues of the app, host and severity asked for, by state.
    pub counts: IssueCounts,
    /// Containers whose logs are read, of the app and host asked for; 0 says that no count means anything.
    pub containers_read: u32,
    /// Containers whose logs cannot be read, or not completely, now.
    pub containers_in_trouble: u32,
}

/// One issue is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueRequest {
    /// Which.
    pub issue: IssueId,
}

/// Where an issue was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssuePlace {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub host_name: String,
    /// The container's name.
    pub container_name: String,
    /// The image it ran at the newest event.
    pub image: String,
    /// Which container of its name had the newest event; absent for what was seen before that was kept.
    pub generation: Option<ContainerGeneration>,
    /// Events.
    pub count: u64,
    /// First event there.
    pub first_seen_ms: i64,
    /// Newest event there.
    pub last_seen_ms: i64,
}

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogStreamName {
    /// Standard output, and all output of a container with a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One event of an issue, with its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueSample {
    /// When its first line was printed.
    pub at_ms: i64,
    /// The host.
    pub host: HostId,
    /// Its name.
    pub host_name: String,
    /// The container's name.
    pub container_name: String,
    /// Where it was printed.
    pub stream: LogStreamName,
    /// Its lines, secrets taken out. Hostile text: show it as text.
    pub lines: Vec<String>,
    /// Lines it had; more than `lines` holds when it was very long.
    pub lines_total: u64,
}

/// One issue in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssuePage {
    /// When this was answered.
    pub now_ms: i64,
    /// The issue.
    pub row: IssueRow,
    /// When the operator last said something of it.
    pub state_at_ms: Option<i64>,
    /// What was hashed: the message without what varies. Hostile text.
    pub masked: String,
    /// The fingerprint, 16 hexadecimal digits.
    pub fingerprint: String,
    /// Version of the algorithm that made it.
    pub fingerprint_version: u16,
    /// Length of a bucket of `counts`.
    pub bucket_ms: i64,
    /// Bucket starts, without a gap, oldest first.
    pub times_ms: Vec<i64>,
    /// Events per bucket.
    pub counts: Vec<u64>,
    /// Where it was seen, most events first, at most 500.
    pub places: Vec<IssuePlace>,
    /// Its newest events, newest first, at most 20.
    pub samples: Vec<IssueSample>,
}

/// Says something of issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetIssueState {
    /// Which, at most 1,000.
    pub issues: Vec<IssueId>,
    /// What.
    pub state: IssueState,
}

/// What was said of an issue, and when: enough to take a change back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueStateBefore {
    /// Which.
    pub issue: IssueId,
    /// What.
    pub state: IssueState,
    /// When.
    pub state_at_ms: Option<i64>,
    /// Its return before the change.
    pub regressed: Option<Regression>,
}

/// States of issues before a change: give them back to `restore_issue_states` to undo it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct IssueStates {
    /// One per issue that was changed.
    pub states: Vec<IssueStateBefore>,
}

/// How far a container's log has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogScanState {
    /// Up to the last pass.
    Ok,
    /// More was printed than a pass may read: the rest is read by the next ones.
    Behind,
    /// Lines were lost in the last 24 hours before they could be read: the engine had rotated them away.
    Truncated,
    /// The engine did not answer in time.
    Timeout,
    /// The engine answered with something that cannot be read, or refused.
    Unreadable,
    /// The container's log driver keeps no log that the engine could give.
    NoLogs,
}

/// How far a container's log has been read, and why not further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogScan {
    /// State of the last pass, or that lines were lost in the last 24 hours.
    pub state: LogScanState,
    /// Everything printed before this moment was read.
    pub read_until_ms: Option<i64>,
    /// When the last pass looked.
    pub looked_at_ms: i64,
    /// Lines read since the container was first seen.
    pub lines: u64,
    /// Why it could not be read.
    pub fault: Option<Fault>,
    /// When lines were printed that were rotated away unread, the newest such stretch.
    pub lost: Option<LogLoss>,
}

impl LogScan {
    /// As the pages show it: that lines were lost stays for 24 hours, however well the passes since then went.
    pub(crate) fn shown(&self, now_ms: i64) -> Self {
        let lost_lately = self.lost.is_some_and(|lost| lost.until_ms > now_ms - DAY_MS);
        let mut shown = self.clone();
        if lost_lately && matches!(self.state, LogScanState::Ok | LogScanState::Behind) {
            shown.state = LogScanState::Truncated;
        }
        shown
    }

    /// It cannot be read, or not completely, or lines of it were lost in the last 24 hours.
    pub(crate) fn is_in_trouble(&self, now_ms: i64) -> bool {
        self.shown(now_ms).state != LogScanState::Ok
    }
}

/// A stretch of a log of which lines were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLoss {
    /// What was printed before was read.
    pub from_ms: i64,
    /// What was printed since was read.
    pub until_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_lines_were_lost_is_shown_for_a_day_unless_there_is_worse() {
        let scan = |state| LogScan {
            state,
            read_until_ms: Some(0),
            looked_at_ms: 0,
            lines: 7,
            fault: None,
            lost: Some(LogLoss {
                from_ms: 0,
                until_ms: 1_000,
            }),
        };
        for (state, shown, a_day_later) in [
            (LogScanState::Ok, LogScanState::Truncated, LogScanState::Ok),
            (
                LogScanState::Behind,
                LogScanState::Truncated,
                LogScanState::Behind,
            ),
            (
                LogScanState::Timeout,
                LogScanState::Timeout,
                LogScanState::Timeout,
            ),
            (LogScanState::NoLogs, LogScanState::NoLogs, LogScanState::NoLogs),
        ] {
            assert_eq!(scan(state).shown(DAY_MS + 999).state, shown);
            assert_eq!(scan(state).shown(DAY_MS + 1_000).state, a_day_later);
        }
        assert!(scan(LogScanState::Ok).is_in_trouble(DAY_MS));
        assert!(!scan(LogScanState::Ok).is_in_trouble(2 * DAY_MS));
    }
}

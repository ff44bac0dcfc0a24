//! Marks on the charts of an app, and what a deploy changed.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{DeployChange, DeployId, DeployKind, DeployState, HostId, IssueId, TimeRange};

use super::IssueSeverity;

/// Marks of an app in a span, for its charts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MarksRequest {
    /// The app.
    pub app: String,
    /// On one host, or on all.
    pub host: Option<HostId>,
    /// The span.
    pub range: TimeRange,
}

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MarkKind {
    /// A deploy.
    Deploy {
        /// Which.
        deploy: DeployId,
        /// How it came to be.
        how: DeployKind,
        /// How far it is.
        state: DeployState,
        /// What it changed.
        changes: Vec<DeployChange>,
    },
    /// A container was killed for memory.
    OomKill,
    /// A container restarted by its policy.
    Restart,
    /// A container ended with a code other than zero.
    Exit {
        /// The code.
        code: i64,
    },
    /// A health check turned.
    Health {
        /// True: it passes now.
        healthy: bool,
    },
    /// An issue was seen for the first time.
    NewIssue {
        /// Which.
        issue: IssueId,
        /// How bad.
        severity: IssueSeverity,
        /// Its message, redacted.
        message: String,
    },
    /// An issue that was resolved came back.
    RegressedIssue {
        /// Which.
        issue: IssueId,
        /// How bad.
        severity: IssueSeverity,
        /// Its message, redacted.
        message: String,
    },
}

/// A mark on a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Mark {
    /// When.
    pub at_ms: i64,
    /// Where; absent for an issue seen on several hosts.
    pub host: Option<HostId>,
    /// The host's name; empty where there is no one host.
    pub host_name: String,
    /// The container's name, where one is concerned.
    pub container_name: Option<String>,
    /// What it says.
    pub mark: MarkKind,
    /// How many of the same kind, host and container in the same minute it stands for: 1 or more.
    pub count: u32,
}

/// Marks of an app, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Marks {
    /// The span.
    pub range: TimeRange,
    /// At most 500: of more, deploys and the newest of the others.
    pub marks: Vec<Mark>,
    /// Marks that were left out. Of what is too much to be read, each row counts as one.
    pub left_out: u32,
}

/// What a deployment showed in a span. What was not measured is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpanFigures {
    /// The span.
    pub range: TimeRange,
    /// Part of the span that was measured, 0 to 1.
    pub measured_ratio: f64,
    /// Mean memory.
    pub memory_avg_bytes: Option<u64>,
    /// P95 of memory.
    pub memory_p95_bytes: Option<u64>,
    /// Highest memory.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores.
    pub cpu_avg_cores: Option<f64>,
    /// Error events per hour; absent when logs were not read.
    pub errors_per_hour: Option<f64>,
    /// Issues first seen in it; absent when logs were not read.
    pub new_issues: Option<u32>,
    /// Restarts.
    pub restarts: u32,
    /// OOM kills.
    pub oom_kills: u32,
}

/// Why before and after cannot be compared yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EffectWithheld {
    /// The deploy is not done.
    UnderWay,
    /// Too little was measured since.
    TooYoung {
        /// Time that has to be measured on each side.
        needed_ms: i64,
        /// Time measured since.
        measured_ms: i64,
    },
    /// Too little was measured before.
    NothingBefore,
}

/// Before and after a deploy, over equal spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployEffect {
    /// The deploy.
    pub deploy: DeployId,
    /// Why there is nothing to compare yet.
    pub withheld: Option<EffectWithheld>,
    /// Before; absent when withheld.
    pub before: Option<SpanFigures>,
    /// After; absent when withheld.
    pub after: Option<SpanFigures>,
}

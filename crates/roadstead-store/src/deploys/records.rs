//! What the ledger is given and gives back.

use roadstead_model::{
    AppId, DeployChange, DeployFault, DeployId, DeployKind, DeployState, Deployed, DeploymentId, HostId,
};

/// A deploy that begins, or that was observed and is over.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeploy {
    /// The deployment.
    pub deployment: DeploymentId,
    /// How it came to be. [`DeployKind::Update`] and [`DeployKind::Rollback`] begin as running, the others are done.
    pub kind: DeployKind,
    /// When.
    pub started_ms: i64,
    /// What runs after it, or is to run.
    pub services: Vec<Deployed>,
    /// What it changes.
    pub changes: Vec<DeployChange>,
    /// The deploy it puts back.
    pub rollback_of: Option<DeployId>,
    /// What it takes to repair it after a crash, as JSON of the caller's own; for those that begin as running.
    pub journal_json: Option<String>,
}

/// Whether a deploy could begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It did.
    Begun(DeployId),
    /// Another one of the same deployment is running, or still has a journal to be repaired by.
    Busy(DeployId),
}

/// How a deploy ended.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployEnd {
    /// Success, failed or interrupted; never running.
    pub state: DeployState,
    /// When.
    pub ended_ms: i64,
    /// What runs now; absent: what was said at the beginning stays.
    pub services: Option<Vec<Deployed>>,
    /// What changed; absent: what was said at the beginning stays.
    pub changes: Option<Vec<DeployChange>>,
    /// Why it failed.
    pub fault: Option<DeployFault>,
    /// The journal is not needed any more. False: it still has to be repaired, and blocks other deploys until then.
    pub repaired: bool,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployRecord {
    /// Its id.
    pub id: DeployId,
    /// The deployment.
    pub deployment: DeploymentId,
    /// The host.
    pub host: HostId,
    /// The app.
    pub app: AppId,
    /// How it came to be.
    pub kind: DeployKind,
    /// How far it is.
    pub state: DeployState,
    /// When it began.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// What runs after it.
    pub services: Vec<Deployed>,
    /// What it changed.
    pub changes: Vec<DeployChange>,
    /// Why it failed.
    pub fault: Option<DeployFault>,
    /// The deploy it put back.
    pub rollback_of: Option<DeployId>,
    /// What it takes to repair it; absent when there is nothing to repair.
    pub journal_json: Option<String>,
    /// It is the success of its deployment that ended last: what runs now.
    pub is_current: bool,
}

/// Which rows of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployQuery {
    /// Of this app.
    pub app: AppId,
    /// On this host, or on all.
    pub host: Option<HostId>,
    /// Only these.
    pub state: Option<DeployState>,
    /// Only older than this one (by start, then id).
    pub before: Option<DeployId>,
    /// At most so many.
    pub limit: u32,
}

/// A page of the ledger, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployPage {
    /// The rows.
    pub rows: Vec<DeployRecord>,
    /// Rows in all with the same app, host and state.
    pub total: u32,
}

/// A deploy as a mark on a chart: a row of the ledger without what ran.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployMark {
    /// Its id.
    pub id: DeployId,
    /// The deployment.
    pub deployment: DeploymentId,
    /// The host.
    pub host: HostId,
    /// How it came to be.
    pub kind: DeployKind,
    /// How far it is.
    pub state: DeployState,
    /// When it began.
    pub started_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// What it changed.
    pub changes: Vec<DeployChange>,
}

/// An issue that was new or came back in a span.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueMark {
    /// When.
    pub at_ms: i64,
    /// The issue.
    pub issue: roadstead_model::IssueId,
    /// How bad.
    pub severity: crate::IssueSeverity,
    /// Its message.
    pub message: String,
    /// It came back after it was resolved; else it was new.
    pub regressed: bool,
    /// The one host it was seen on, when it was one.
    pub host: Option<HostId>,
}

/// What happened to an app in a span, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarkTotals {
    /// Deploys that began in it.
    pub deploys: u64,
    /// Changes of the kinds asked for.
    pub changes: u64,
    /// Issues that were new, and those that came back.
    pub issues: u64,
}

/// Sums over a deployment's log counts in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSums {
    /// Error events.
    pub errors: u64,
    /// Warning events.
    pub warnings: u64,
    /// Issues first seen in the span.
    pub new_issues: u32,
}

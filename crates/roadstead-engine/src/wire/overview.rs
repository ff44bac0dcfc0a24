//! The Overview page and the app's own state.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{HostId, MemoryLevel};

use super::{HostRow, IssueCounts, IssueRow, Language, Theme};

/// Whose fleet is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The operator's own.
    Own,
    /// The simulated one, in its own store.
    Demo,
}

/// Something the operator should know wherever they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Banner {
    /// No space: collecting is paused and goes on by itself.
    DiskFull {
        /// Since when.
        since_ms: i64,
    },
    /// The store was damaged, set aside, and a new one was started.
    StoreSetAside {
        /// Where the damaged file is.
        path: String,
        /// What was wrong.
        reason: String,
    },
    /// A long task keeps failing.
    TaskFailing {
        /// Which.
        task: String,
        /// Why.
        reason: String,
    },
}

/// Takes a banner away until it happens again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DismissBanner {
    /// The banner, as it was given.
    pub banner: Banner,
}

/// What the frame of the window needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppState {
    /// Whose fleet.
    pub mode: Mode,
    /// No host was ever added: show the welcome.
    pub first_run: bool,
    /// Hosts.
    pub hosts: u32,
    /// Banners, most urgent first.
    pub banners: Vec<Banner>,
    /// Chosen language.
    pub language: Language,
    /// Chosen theme.
    pub theme: Theme,
    /// The app's version.
    pub version: String,
}

/// What is wrong with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// Killed for memory in the last 24 hours.
    OomKilled,
    /// P95 of the last 7 days above the limit.
    OverLimit,
    /// Restarting now, or restarted three times or more in the last 24 hours.
    Restarting,
    /// Its health check fails.
    Unhealthy,
    /// Memory now above 95 % of the limit.
    NearLimit,
    /// A container ended with an error and stayed down.
    Exited,
    /// Issues that were resolved came back in the last 24 hours.
    Regressed,
    /// Issues that were never seen before the last 24 hours.
    NewIssues,
}

/// An app with trouble on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppTrouble {
    /// The app.
    pub app: String,
    /// Its name to show.
    pub display_name: String,
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// What is wrong.
    pub kind: TroubleKind,
    /// How many times, or how many containers.
    pub count: u32,
    /// Memory concerned, where it is about memory.
    pub memory_bytes: Option<u64>,
    /// Limit concerned.
    pub limit_bytes: Option<u64>,
}

/// Memory of a host at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostMemory {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub host_name: String,
    /// Memory of its containers at its last tick.
    pub used_bytes: Option<u64>,
    /// Memory of the machine.
    pub total_bytes: Option<u64>,
    /// One against the other.
    pub level: MemoryLevel,
    /// Its last tick is older than two intervals.
    pub stale: bool,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeKind {
    /// A container appeared.
    ContainerCreated,
    /// A container was started.
    ContainerStarted,
    /// A container ended.
    ContainerStopped {
        /// Its exit code, when known.
        exit_code: Option<i64>,
    },
    /// A container was removed.
    ContainerRemoved,
    /// A container was killed for memory.
    OomKilled,
    /// A container restarted by its policy.
    Restarted,
    /// Its health check turned.
    HealthChanged {
        /// True: it passes now.
        healthy: bool,
    },
    /// A service runs another image.
    ImageChanged {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// A service has another memory limit.
    LimitChanged {
        /// Before; absent: unlimited.
        from_bytes: Option<u64>,
        /// Now; absent: unlimited.
        to_bytes: Option<u64>,
    },
    /// The host answers.
    HostConnected,
    /// The host stopped answering.
    HostLost {
        /// Why.
        cause: roadstead_model::FaultCause,
    },
}

/// Something that changed, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeRow {
    /// When.
    pub at_ms: i64,
    /// What.
    pub change: ChangeKind,
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// The app, where one is concerned.
    pub app: Option<String>,
    /// The container's name, where one is concerned.
    pub container_name: Option<String>,
}

/// An app by its memory now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TopApp {
    /// The app.
    pub app: String,
    /// Its name to show.
    pub display_name: String,
    /// Memory now over the fleet.
    pub memory_bytes: u64,
    /// Cores now over the fleet.
    pub cpu_cores: Option<f64>,
}

/// The Overview page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// When this was answered.
    pub now_ms: i64,
    /// Hosts that answer.
    pub hosts_connected: u32,
    /// Hosts being connected for the first time.
    pub hosts_connecting: u32,
    /// Hosts that do not answer.
    pub hosts_unreachable: u32,
    /// Paused hosts.
    pub hosts_paused: u32,
    /// Apps with a deployment.
    pub apps_total: u32,
    /// Running containers, as last seen.
    pub containers_running: u32,
    /// The hosts that do not answer, in full, at most 50.
    pub unreachable: Vec<HostRow>,
    /// Apps with trouble, most urgent first, at most 50.
    pub trouble: Vec<AppTrouble>,
    /// Issues by state; absent when logs were never read.
    pub issues: Option<IssueCounts>,
    /// The issues worth a look first: returned, then new, then by count; at most 10.
    pub top_issues: Vec<IssueRow>,
    /// Memory of all containers on hosts with fresh data.
    pub memory_used_bytes: Option<u64>,
    /// Memory of the machines with fresh data.
    pub memory_total_bytes: Option<u64>,
    /// Cores used on hosts with fresh data.
    pub cpu_cores: Option<f64>,
    /// Cores of those machines.
    pub cpu_cores_total: Option<u32>,
    /// Memory by host, fullest first, at most 100.
    pub host_memory: Vec<HostMemory>,
    /// Apps by memory now, at most 10.
    pub top_apps: Vec<TopApp>,
    /// What changed last, newest first, at most 50.
    pub changes: Vec<ChangeRow>,
}

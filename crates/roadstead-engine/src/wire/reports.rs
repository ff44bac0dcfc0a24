//! What a host did in one 15-minute window, as it would be handed on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{HostId, IssueId};

use super::IssueSeverity;

/// Which report is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostReportRequest {
    /// Of this host.
    pub host: HostId,
    /// Start of the window; its newest closed one when absent.
    pub window_start_ms: Option<i64>,
}

/// What a host's apps did in a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostReport {
    /// The host's name.
    pub host_name: String,
    /// Its customer label.
    pub customer: String,
    /// Start of the window.
    pub window_start_ms: i64,
    /// End of the window.
    pub window_end_ms: i64,
    /// Its apps, by name.
    pub apps: Vec<AppReport>,
}

/// What an app did on the host. What was not measured is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AppReport {
    /// The app.
    pub app: String,
    /// Its name to show.
    pub display_name: String,
    /// Ticks in which all its running containers were measured.
    pub sample_count: u32,
    /// Memory at the last tick.
    pub memory_current_bytes: Option<u64>,
    /// Mean memory.
    pub memory_avg_bytes: Option<u64>,
    /// Highest memory at one tick.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores.
    pub cpu_avg_cores: Option<f64>,
    /// Estimate in force.
    pub estimate_bytes: Option<u64>,
    /// Limit in force; absent when a container is unlimited.
    pub limit_bytes: Option<u64>,
    /// OOM kills.
    pub oom_kills: u32,
    /// Restarts.
    pub restarts: u32,
    /// Error events; absent when logs were not read.
    pub log_errors: Option<u32>,
    /// Warning events; absent when logs were not read.
    pub log_warnings: Option<u32>,
    /// Lines of its logs of this window were lost before they could be read: what is counted of them is a lower bound.
    pub log_lines_lost: bool,
    /// Its containers.
    pub containers: Vec<ContainerInReport>,
    /// Its issues in the window: most events first, then the newest; at most 10, and at most 50 over all apps.
    pub issues: Vec<IssueInReport>,
}

/// A container's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ContainerInReport {
    /// Its name; absent when it is forgotten by now.
    pub name: Option<String>,
    /// Its samples with memory.
    pub sample_count: u32,
    /// Memory at its last sample.
    pub memory_current_bytes: Option<u64>,
    /// Mean memory.
    pub memory_avg_bytes: Option<u64>,
    /// Highest memory.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores.
    pub cpu_avg_cores: Option<f64>,
    /// Error events; absent when logs were not read.
    pub log_errors: Option<u32>,
    /// Warning events; absent when logs were not read.
    pub log_warnings: Option<u32>,
}

/// An issue's part, merged over the app's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueInReport {
    /// The issue.
    pub issue: IssueId,
    /// The fingerprint, 16 hexadecimal digits.
    pub fingerprint: String,
    /// Version of the algorithm that made it.
    pub fingerprint_version: u16,
    /// The worst of its events.
    pub severity: IssueSeverity,
    /// First line of an event, secrets taken out.
    pub message: String,
    /// Events in the window.
    pub count: u64,
    /// Newest event in the window.
    pub last_seen_ms: i64,
    /// Names of the containers it was seen in within the window, at most 50.
    pub containers: Vec<String>,
}

//! Apps over the fleet, one app in full, and its history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{Accuracy, HostId, MemoryLevel, Period, SizeSource, Suggestion, TimeRange, Withheld};

use super::ContainerRow;

/// Which span the Apps page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppsRequest {
    /// The span.
    pub period: Period,
}

/// A size that may differ between hosts: "256 MiB … 1 GiB".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct SizeSpan {
    /// Smallest, where there is one.
    pub min_bytes: Option<u64>,
    /// Largest, where there is one.
    pub max_bytes: Option<u64>,
    /// Active deployments without one (unlimited, or no estimate).
    pub without: u32,
    /// The most trusted source of any.
    pub source: Option<SizeSource>,
}

/// One app over the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AppRow {
    /// Its name: what links and filters use.
    pub app: String,
    /// Its name to show.
    pub display_name: String,
    /// Deployments that reported within two report windows, on hosts that may be unreachable now.
    pub deployments_active: u32,
    /// Deployments seen in the span.
    pub deployments_seen: u32,
    /// Memory now, over deployments whose last sample is younger than two intervals.
    pub memory_current_bytes: Option<u64>,
    /// Mean over deployments of each deployment's mean.
    pub memory_avg_bytes: Option<u64>,
    /// P95 of the 15-minute peaks of all deployments (relative error at most 1 %).
    pub memory_p95_bytes: Option<u64>,
    /// P95 of the deployment that needs most.
    pub worst_p95_bytes: Option<u64>,
    /// The host of that deployment.
    pub worst_host: Option<String>,
    /// Highest peak of any deployment.
    pub memory_peak_bytes: Option<u64>,
    /// Mean over deployments of cores used.
    pub cpu_avg_cores: Option<f64>,
    /// Estimates.
    pub estimate: SizeSpan,
    /// Limits.
    pub limit: SizeSpan,
    /// The worst deployment's P95 against its own limit.
    pub accuracy: Accuracy,
    /// The worst deployment's P95 over its estimate: 0.33 means over-estimated threefold.
    pub p95_to_estimate_ratio: Option<f64>,
    /// Error events in the last 24 hours; absent when logs are not read.
    pub errors_24h: Option<u32>,
    /// Warning events in the last 24 hours; absent when logs are not read.
    pub warnings_24h: Option<u32>,
    /// Lines of its logs were lost in the last 24 hours before they could be read: these counts are lower bounds.
    pub events_are_at_least: bool,
    /// OOM kills in the span.
    pub oom_kills: u32,
    /// Restarts in the span.
    pub restarts: u32,
    /// 15-minute reports behind these numbers.
    pub reports: u32,
    /// End of the newest report window.
    pub last_report_ms: Option<i64>,
    /// Mean memory per bucket of the span, for the sparkline; `null` where nothing was measured.
    pub spark_avg_bytes: Vec<Option<u64>>,
}

/// The Apps page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AppsPage {
    /// When this was answered.
    pub now_ms: i64,
    /// The span, resolved.
    pub range: TimeRange,
    /// Length of a sparkline bucket.
    pub spark_bucket_ms: i64,
    /// Ordered by active deployments, then average memory, highest first, then name.
    pub rows: Vec<AppRow>,
    /// Apps.
    pub apps_total: u32,
    /// Active deployments of all apps.
    pub deployments_total: u32,
    /// Apps with errors in the last 24 hours; absent when logs are not read.
    pub apps_with_errors: Option<u32>,
}

/// One app, and which span to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppRequest {
    /// Its name.
    pub app: String,
    /// The span.
    pub period: Period,
}

/// One deployment: an app on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeploymentRow {
    /// The app.
    pub app: Arc<str>,
    /// The app's name to show.
    pub display_name: Arc<str>,
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: Arc<str>,
    /// The host's customer label.
    pub customer: Arc<str>,
    /// Reported within two report windows.
    pub active: bool,
    /// Containers running, of how many.
    pub containers_running: u32,
    /// Containers known.
    pub containers_total: u32,
    /// Memory now; absent when nothing runs or the last sample is older than two intervals.
    pub memory_current_bytes: Option<u64>,
    /// Mean, weighted by samples.
    pub memory_avg_bytes: Option<u64>,
    /// P95 of its 15-minute peaks.
    pub memory_p95_bytes: Option<u64>,
    /// Highest peak.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores used.
    pub cpu_avg_cores: Option<f64>,
    /// Estimate in force.
    pub estimate_bytes: Option<u64>,
    /// Where the estimate comes from.
    pub estimate_source: Option<SizeSource>,
    /// Limit in force; absent when unlimited.
    pub limit_bytes: Option<u64>,
    /// Where the limit comes from.
    pub limit_source: Option<SizeSource>,
    /// P95 against the limit.
    pub accuracy: Accuracy,
    /// Current (else average) memory against the limit.
    pub level: MemoryLevel,
    /// Error events in the last 24 hours.
    pub errors_24h: Option<u32>,
    /// Warning events in the last 24 hours.
    pub warnings_24h: Option<u32>,
    /// Lines of its logs were lost in the last 24 hours before they could be read: these counts are lower bounds.
    pub events_are_at_least: bool,
    /// OOM kills in the span.
    pub oom_kills: u32,
    /// Restarts in the span.
    pub restarts: u32,
    /// Reports in the span.
    pub reports: u32,
    /// End of the newest report window.
    pub last_report_ms: Option<i64>,
}

/// The suggested limit, or why there is none yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SuggestionCard {
    /// The suggestion.
    pub suggestion: Option<Suggestion>,
    /// Why there is none yet.
    pub withheld: Option<Withheld>,
    /// The host whose deployment decided.
    pub worst_host: Option<String>,
    /// Lines for the compose file, ready to be pasted, when there is a suggestion.
    pub compose_lines: Option<String>,
}

/// Sizes typed by the user, as text (`512M`); empty means not set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct TypedSizes {
    /// Name to show.
    pub display_name: String,
    /// Estimate.
    pub estimate: String,
    /// Limit.
    pub limit: String,
}

/// Sets what the user types of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetAppSizes {
    /// The app.
    pub app: String,
    /// The sizes; empty text takes a size back.
    pub sizes: TypedSizes,
    /// The span of the page to answer with.
    pub period: Period,
}

/// One app in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AppPage {
    /// When this was answered.
    pub now_ms: i64,
    /// The span, resolved.
    pub range: TimeRange,
    /// The app over the fleet.
    pub row: AppRow,
    /// The suggested limit.
    pub suggestion: SuggestionCard,
    /// What the user typed.
    pub typed: TypedSizes,
    /// Its deployments, worst first: by accuracy, then P95.
    pub deployments: Vec<DeploymentRow>,
    /// Its containers on all hosts, with the host of each.
    pub containers: Vec<AppContainerRow>,
}

/// A container of an app and where it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AppContainerRow {
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// The container.
    pub container: ContainerRow,
}

/// The trend of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HistoryRequest {
    /// The app.
    pub app: String,
    /// Hosts to show one line each, at most 8; none means one line over the fleet.
    pub hosts: Vec<HostId>,
    /// The span.
    pub period: Period,
}

/// A line of a trend. Columns have the length of `times_ms`; `null` where nothing was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HistoryLine {
    /// The host; absent for the fleet.
    pub host: Option<HostId>,
    /// Its name; empty for the fleet.
    pub host_name: String,
    /// Mean memory (over the fleet: mean over hosts of each host's mean).
    pub avg_bytes: Vec<Option<u64>>,
    /// Highest memory.
    pub peak_bytes: Vec<Option<u64>>,
    /// Limit in force (over the fleet: the lowest).
    pub limit_bytes: Vec<Option<u64>>,
    /// Mean cores.
    pub cpu_cores: Vec<Option<f64>>,
}

/// The trend of an app, by bucket (UTC aligned).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct History {
    /// The span, resolved.
    pub range: TimeRange,
    /// Length of a bucket: 15 minutes, an hour, six hours or a day.
    pub bucket_ms: i64,
    /// Bucket starts.
    pub times_ms: Vec<i64>,
    /// One line over the fleet, or one per host asked for.
    pub lines: Vec<HistoryLine>,
}

/// An app tick by tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WindowRequest {
    /// The app.
    pub app: String,
    /// One host, or the whole app.
    pub host: Option<HostId>,
    /// The span, at most the retention of samples.
    pub range: TimeRange,
    /// Most points wanted, 10 to 4000: the pixels there are.
    pub points: u32,
}

/// An app tick by tick, downsampled so that a spike is never lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WindowSeries {
    /// The span.
    pub range: TimeRange,
    /// Length of a bucket: the tick interval when nothing was merged.
    pub bucket_ms: i64,
    /// Bucket starts. Buckets without a tick are missing or `null`.
    pub times_ms: Vec<i64>,
    /// Mean of the sums per tick.
    pub memory_avg_bytes: Vec<Option<u64>>,
    /// Highest sum per tick.
    pub memory_peak_bytes: Vec<Option<u64>>,
    /// Mean cores.
    pub cpu_avg_cores: Vec<Option<f64>>,
    /// Highest cores.
    pub cpu_peak_cores: Vec<Option<f64>>,
    /// Every container of every tick of the bucket was measured.
    pub complete: Vec<bool>,
    /// Sum of limits now; absent when one is unlimited.
    pub limit_bytes: Option<u64>,
}

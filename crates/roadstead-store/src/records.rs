//! What the store is given and gives back, apart from the model's own words.

use std::path::PathBuf;

use roadstead_model::{
    AppId, AppName, ContainerFacts, ContainerId, DeploymentId, Endpoint, EngineContainerId, HostFacts,
    HostId, Report, TimeRange, Window,
};

/// A host to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHost {
    /// Its name, unique among hosts that are not removed, whatever the case.
    pub name: String,
    /// Its customer label.
    pub customer: String,
    /// Where its engine listens. Holds no secret by construction.
    pub endpoint: Endpoint,
    /// The operator has read the warning about plain text.
    pub accept_plain_text: bool,
    /// Its own tick interval; absent: the general one.
    pub interval_override_ms: Option<i64>,
    /// Now, UTC epoch milliseconds.
    pub created_at_ms: i64,
}

/// What can be changed of a host; everything is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEdit {
    /// Its name.
    pub name: String,
    /// Its customer label.
    pub customer: String,
    /// Where its engine listens.
    pub endpoint: Endpoint,
    /// The operator has read the warning about plain text.
    pub accept_plain_text: bool,
    /// Its own tick interval; absent: the general one.
    pub interval_override_ms: Option<i64>,
}

/// A host as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct HostRecord {
    /// Its id, ours.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// Its customer label.
    pub customer: String,
    /// Where its engine listens.
    pub endpoint: Endpoint,
    /// The operator has read the warning about plain text.
    pub accept_plain_text: bool,
    /// Its own tick interval; absent: the general one.
    pub interval_override_ms: Option<i64>,
    /// Not collected from now.
    pub paused: bool,
    /// Deploys may be asked for: the operator turned it on, for this endpoint.
    pub writing: bool,
    /// When it was added.
    pub created_at_ms: i64,
    /// When it was removed; its history is kept until it is purged.
    pub removed_at_ms: Option<i64>,
    /// What its engine last said of itself.
    pub facts: Option<HostFacts>,
    /// When it said so.
    pub facts_at_ms: Option<i64>,
    /// Its newest tick.
    pub last_tick_ms: Option<i64>,
    /// The newest window whose reports were saved (also when there were none to save).
    pub last_closed_window: Option<Window>,
}

/// Where an observed container belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRef {
    /// Our id of it.
    pub container: ContainerId,
    /// Its deployment.
    pub deployment: DeploymentId,
    /// Its app.
    pub app: AppId,
    /// The engine's id of it.
    pub engine_id: EngineContainerId,
}

/// A container as last observed.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerRecord {
    /// Our id.
    pub id: ContainerId,
    /// Its host.
    pub host: HostId,
    /// Its app.
    pub app: AppId,
    /// Its deployment.
    pub deployment: DeploymentId,
    /// What the engine last said of it.
    pub facts: ContainerFacts,
    /// When it was first listed.
    pub first_seen_ms: i64,
    /// When it was found to be listed no longer.
    pub gone_at_ms: Option<i64>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRecord {
    /// Its id.
    pub id: AppId,
    /// Its name.
    pub name: AppName,
    /// Its name to show, from the newest label that says one.
    pub display_name: Option<String>,
    /// When it was first seen.
    pub first_seen_ms: i64,
}

/// One app on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// Its id.
    pub id: DeploymentId,
    /// The app.
    pub app: AppId,
    /// The host.
    pub host: HostId,
    /// When it was first seen.
    pub first_seen_ms: i64,
}

/// What the user typed of an app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppSizes {
    /// Name to show.
    pub display_name: Option<String>,
    /// Memory estimate of one deployment.
    pub estimate_bytes: Option<u64>,
    /// Memory limit of one deployment.
    pub limit_bytes: Option<u64>,
}

/// What the user typed, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSizesRecord {
    /// The app.
    pub app: AppId,
    /// One host only; absent: all hosts.
    pub host: Option<HostId>,
    /// The sizes.
    pub sizes: AppSizes,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at_ms: i64,
    /// The host.
    pub host: HostId,
    /// The app, where one is concerned.
    pub app: Option<AppId>,
    /// The container, where one is concerned.
    pub container: Option<ContainerId>,
    /// One short word, the caller's own (`container_started`, …).
    pub kind: String,
    /// What else there is to say, as JSON; the caller's own.
    pub detail_json: String,
}

/// Which changes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangesOf {
    /// Of one app on all hosts.
    App(AppId),
    /// Of one host.
    Host(HostId),
}

/// The newest report of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestReport {
    /// The app.
    pub app: AppId,
    /// The host.
    pub host: HostId,
    /// The report.
    pub report: Report,
}

/// How long each kind of history is kept, before `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Hours samples are kept.
    pub samples_h: u32,
    /// Days reports are kept.
    pub reports_days: u32,
    /// Days daily aggregates are kept.
    pub daily_days: u32,
    /// Days changes are kept (and at most the newest 20,000).
    pub changes_days: u32,
    /// Days an issue is kept after it was last seen.
    pub issues_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            samples_h: 48,
            reports_days: 90,
            daily_days: 730,
            changes_days: 90,
            issues_days: 30,
        }
    }
}

/// What one bounded call of upkeep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// Rows sealed, or removed.
    pub rows: u64,
    /// There is more to do: call again.
    pub more: bool,
}

/// What one kind of history takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSize {
    /// `samples`, `reports`, `aggregates`, `changes`, `issues`.
    pub kind: &'static str,
    /// Samples, reports, aggregates, changes or issues kept.
    pub entries: u64,
    /// Bytes of their values in the file, without the file's own overhead.
    pub bytes: u64,
    /// The oldest, when there is one.
    pub oldest_ms: Option<i64>,
}

/// What the store takes on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSizes {
    /// The database file.
    pub path: PathBuf,
    /// Its size.
    pub file_bytes: u64,
    /// Size of its write-ahead log.
    pub wal_bytes: u64,
    /// Part of the file that is free for new values.
    pub free_bytes: u64,
    /// What each kind of history takes.
    pub kinds: Vec<KindSize>,
}

/// What a fleet page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetQuery {
    /// The span, its ends multiples of fifteen minutes (else [`crate::StoreError::Invalid`]). A report belongs to it
    /// when its window starts in it.
    pub range: TimeRange,
    /// Length of a sparkline bucket: a multiple of fifteen minutes. Whole days are answered from the coarsest
    /// sums, whole hours from those of six hours, less from the reports themselves. See [`spark_bucket_ms`].
    pub spark_bucket_ms: i64,
    /// Span of `log_errors_recent`, `log_warnings_recent`, `oom_kills_recent` and `restarts_recent`; ends as those
    /// of `range`.
    pub recent: Option<TimeRange>,
}

/// A sparkline bucket that suits a span: an hour up to two days, six hours up to ten days, one day up to 45 days,
/// then whole days so that there are at most about 45 buckets.
#[must_use]
pub fn spark_bucket_ms(range: TimeRange) -> i64 {
    use roadstead_model::time::{DAY_MS, HOUR_MS};
    let length_ms = range.length_ms();
    if length_ms <= 2 * DAY_MS {
        HOUR_MS
    } else if length_ms <= 10 * DAY_MS {
        6 * HOUR_MS
    } else {
        (length_ms / (45 * DAY_MS) + 1) * DAY_MS
    }
}

/// What the reports of one deployment say together. What no report measured is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentAggregate {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its host.
    pub host: HostId,
    /// Reports.
    pub reports: u32,
    /// Mean memory, weighted by samples.
    pub memory_avg_bytes: Option<u64>,
    /// P95 of the reports' peaks by nearest rank, from a sketch (relative error < 1 %).
    pub memory_p95_bytes: Option<u64>,
    /// Highest peak, exact.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores, weighted by samples (a report without memory weighs one sample).
    pub cpu_avg_cores: Option<f64>,
    /// Sum of error events; absent when no report's logs were read.
    pub log_errors: Option<u64>,
    /// Sum of warning events; absent when no report's logs were read.
    pub log_warnings: Option<u64>,
    /// Sum of OOM kills.
    pub oom_kills: u64,
    /// Sum of restarts.
    pub restarts: u64,
    /// As `log_errors`, over the recent span.
    pub log_errors_recent: Option<u64>,
    /// As `log_warnings`, over the recent span.
    pub log_warnings_recent: Option<u64>,
    /// As `oom_kills`, over the recent span.
    pub oom_kills_recent: u64,
    /// As `restarts`, over the recent span.
    pub restarts_recent: u64,
    /// Oldest window with a report.
    pub first_window: Window,
    /// Newest window with a report.
    pub last_window: Window,
    /// Estimate in the newest report.
    pub estimate_bytes: Option<u64>,
    /// Limit in the newest report.
    pub limit_bytes: Option<u64>,
}

/// What the reports of one app say together, over the hosts asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct AppAggregate {
    /// The app.
    pub app: AppId,
    /// Its name.
    pub name: AppName,
    /// Its name to show, from the newest label that says one.
    pub display_name: Option<String>,
    /// Reports.
    pub reports: u64,
    /// Mean over deployments of each deployment's mean.
    pub memory_avg_bytes: Option<u64>,
    /// P95 of the reports' peaks of all deployments by nearest rank, from a sketch (relative error < 1 %).
    pub memory_p95_bytes: Option<u64>,
    /// Highest peak of any deployment, exact.
    pub memory_peak_bytes: Option<u64>,
    /// Mean over deployments of each deployment's mean cores.
    pub cpu_avg_cores: Option<f64>,
    /// Sum over deployments; absent when no report's logs were read.
    pub log_errors: Option<u64>,
    /// Sum over deployments; absent when no report's logs were read.
    pub log_warnings: Option<u64>,
    /// Sum over deployments.
    pub oom_kills: u64,
    /// Sum over deployments.
    pub restarts: u64,
    /// Mean memory of the reports of each bucket, weighted by samples; absent where nothing was measured. The first
    /// bucket starts at the span's start rounded down to a bucket (UTC). Empty when one host was asked for.
    pub spark_avg_bytes: Vec<Option<u64>>,
    /// Its deployments with a report in the span, by id.
    pub deployments: Vec<DeploymentAggregate>,
}

/// The trend of an app by bucket. Columns have the length of `times_ms`; what was not measured is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryColumns {
    /// Bucket starts, UTC aligned, without a gap.
    pub times_ms: Vec<i64>,
    /// Mean over hosts of each host's mean, which is weighted by samples.
    pub memory_avg_bytes: Vec<Option<u64>>,
    /// Highest peak of any host.
    pub memory_peak_bytes: Vec<Option<u64>>,
    /// Lowest limit of any host.
    pub limit_bytes: Vec<Option<u64>>,
    /// Mean over hosts of each host's mean cores.
    pub cpu_avg_cores: Vec<Option<f64>>,
    /// Reports in the bucket.
    pub reports: Vec<u32>,
}

/// Deployments tick by tick, or by bucket when there are more ticks than points. A sum is only ever taken within a
/// tick; where one of the tick's samples was not measured there is no sum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowColumns {
    /// Length of a bucket; the ticks' interval when nothing was merged; 0 without any tick.
    pub bucket_ms: i64,
    /// Bucket starts, ascending; buckets without a tick are left out.
    pub times_ms: Vec<i64>,
    /// Lowest sum per tick.
    pub memory_min_bytes: Vec<Option<u64>>,
    /// Mean of the sums per tick.
    pub memory_avg_bytes: Vec<Option<u64>>,
    /// Highest sum per tick.
    pub memory_peak_bytes: Vec<Option<u64>>,
    /// Mean of the sums of cores per tick.
    pub cpu_avg_cores: Vec<Option<f64>>,
    /// Highest sum of cores per tick.
    pub cpu_peak_cores: Vec<Option<f64>>,
    /// Sum of the containers' limits at the bucket's last tick; absent when one is unlimited.
    pub limit_bytes: Vec<Option<u64>>,
    /// Most containers in a tick of the bucket.
    pub containers: Vec<u32>,
    /// Most deployments in a tick of the bucket: fewer than before explains a dip of a sum over hosts.
    pub deployments: Vec<u32>,
    /// Every sample of every tick of the bucket has memory.
    pub complete: Vec<bool>,
}

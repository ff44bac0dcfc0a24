//! Live metrics of an app: whole, by service or by container, never more points than pixels.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{HostId, LeakCheck, LeakWithheld, TimeRange};

/// What the lines of a chart are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MetricsSplit {
    /// One line for all of it.
    Whole,
    /// One line per service.
    Service,
    /// One line per container.
    Container,
}

/// A chart of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MetricsRequest {
    /// The app.
    pub app: String,
    /// One host, or the whole app.
    pub host: Option<HostId>,
    /// The span, at most 400 days. When `bucket_ms` is given, only the part that is to be appended.
    pub range: TimeRange,
    /// Most points wanted, 10 to 4000: the pixels there are.
    pub points: u32,
    /// What the lines are of.
    pub split: MetricsSplit,
    /// Length of a bucket of the chart that is appended to; absent for a new chart.
    pub bucket_ms: Option<i64>,
    /// Network and block rates too.
    pub rates: bool,
}

/// Where the points come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MetricsSource {
    /// Ticks.
    Ticks,
    /// 15-minute reports: older spans. No network, block or container lines.
    Reports,
}

/// One line. Columns have the length of `times_ms`, or are empty where nothing is told: rates that were not asked for, and lowest and
/// highest where no bucket holds more than one tick. `null` where it was not measured, or where a container that is a part of it was
/// not. When a whole host has been silent for a while, the others' sums go on, and the buckets are marked as incomplete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricsLine {
    /// Service or container name; empty for the whole.
    pub name: String,
    /// The host's name, for a container's line over several hosts.
    pub host_name: Option<String>,
    /// Lowest memory of a tick.
    pub memory_min_bytes: Vec<Option<u64>>,
    /// Mean memory.
    pub memory_avg_bytes: Vec<Option<u64>>,
    /// Highest memory of a tick.
    pub memory_peak_bytes: Vec<Option<u64>>,
    /// Mean cores.
    pub cpu_avg_cores: Vec<Option<f64>>,
    /// Highest cores of a tick.
    pub cpu_peak_cores: Vec<Option<f64>>,
    /// Mean network received per second.
    pub network_rx_bytes_per_s: Vec<Option<f64>>,
    /// Mean network sent per second.
    pub network_tx_bytes_per_s: Vec<Option<f64>>,
    /// Mean block reads per second.
    pub block_read_bytes_per_s: Vec<Option<f64>>,
    /// Mean block writes per second.
    pub block_write_bytes_per_s: Vec<Option<f64>>,
    /// Sum of limits; `null` where one is unlimited.
    pub limit_bytes: Vec<Option<u64>>,
}

/// From one moment on, the ticks of a chart have this interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TickInterval {
    /// The first moment with it.
    pub from_ms: i64,
    /// Until the next tick is due; over several hosts the longest.
    pub interval_ms: i64,
}

/// A chart of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricsSeries {
    /// When this was answered.
    pub now_ms: i64,
    /// The span.
    pub range: TimeRange,
    /// Where the points come from.
    pub source: MetricsSource,
    /// Length of a bucket: the tick interval when nothing was merged.
    pub bucket_ms: i64,
    /// Bucket starts that hold a tick, ascending. Times without a tick are not here: nothing is made up between them.
    pub times_ms: Vec<i64>,
    /// Containers measured, of the most complete tick of each bucket.
    pub containers: Vec<u32>,
    /// Containers that should have been.
    pub expected: Vec<u32>,
    /// Every container of every tick of the bucket was measured.
    pub complete: Vec<bool>,
    /// Intervals of the ticks, ascending: neighbours further apart have a gap between them. Empty for a chart of reports.
    pub intervals: Vec<TickInterval>,
    /// The whole, or one line per service or container: the 20 that need most memory.
    pub lines: Vec<MetricsLine>,
    /// Lines that were left out.
    pub lines_left_out: u32,
    /// Memory of the hosts, to be drawn as the ceiling, labelled so, where a container is unlimited.
    pub host_memory_bytes: Option<u64>,
    /// Whether its memory grows without end; only with a new chart of the whole.
    pub leak: Option<LeakAnswer>,
}

/// Whether memory grows without end, or why that cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct LeakAnswer {
    /// What the data say.
    pub check: Option<LeakCheck>,
    /// Why they say nothing yet.
    pub withheld: Option<LeakWithheld>,
}

//! What a chart asks for and gets.

use std::collections::HashMap;
use std::sync::Arc;

use roadstead_model::ContainerId;

/// How a chart is cut.
#[derive(Debug, Clone)]
pub struct MetricsSpec {
    /// Most buckets, 2 or more: the pixels there are. Passed over when `bucket_ms` is given.
    pub max_points: u32,
    /// Length of a bucket of the chart that is appended to; absent for a new chart.
    pub bucket_ms: Option<i64>,
    /// What its lines are of.
    pub lines: MetricsLines,
    /// Network and block rates too: reading them costs more than all the rest.
    pub rates: bool,
}

/// What the lines of a chart are of.
#[derive(Debug, Clone)]
pub enum MetricsLines {
    /// One line for all containers, as group 0.
    Whole,
    /// One line per group of containers.
    Groups {
        /// The group of each container. One without a group is in no line.
        group_of: Arc<HashMap<ContainerId, u32>>,
        /// Lines wanted at most: the ones that need most memory.
        most: u32,
    },
}

impl MetricsLines {
    pub(super) fn group_of(&self, container: ContainerId) -> Option<u32> {
        match self {
            Self::Whole => Some(0),
            Self::Groups { group_of, .. } => group_of.get(&container).copied(),
        }
    }

    pub(super) fn most(&self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Groups { most, .. } => *most as usize,
        }
    }
}

/// From one moment on, the ticks of a chart have this interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickInterval {
    /// The first moment with it.
    pub from_ms: i64,
    /// Until the next tick is due; over several hosts the longest.
    pub interval_ms: i64,
}

/// A chart: columns by bucket. Every column has the length of `times_ms`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricsColumns {
    /// Length of a bucket; 0 when nothing was found to take it from.
    pub bucket_ms: i64,
    /// Bucket starts, multiples of `bucket_ms` since 1970, ascending; buckets without a tick are left out.
    pub times_ms: Vec<i64>,
    /// Containers measured at the most complete moment of the bucket, those of no line too; of a chart of reports, the deployments
    /// measured.
    pub containers: Vec<u32>,
    /// Containers that ran at that moment; of a chart of reports, the deployments that did.
    pub expected: Vec<u32>,
    /// At every moment of the bucket, all of them were measured.
    pub complete: Vec<bool>,
    /// The intervals of the ticks, ascending: neighbours further apart have a gap between them. Empty for a chart of reports.
    pub intervals: Vec<TickInterval>,
    /// The lines, the one that needs most memory first.
    pub lines: Vec<LineColumns>,
    /// Lines that were left out.
    pub lines_left_out: u32,
}

/// A line of a chart. Absent is what was not measured, or not all of it. Lowest and highest are empty where no bucket holds more than
/// one moment, for they are the mean; rates are empty where they were not asked for. Of reports, a lowest, a highest of the cores and
/// rates are not known at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineColumns {
    /// Its group.
    pub group: u32,
    /// Lowest sum of a moment.
    pub memory_min_bytes: Vec<Option<u64>>,
    /// Mean of the sums.
    pub memory_avg_bytes: Vec<Option<u64>>,
    /// Highest sum of a moment.
    pub memory_peak_bytes: Vec<Option<u64>>,
    /// Mean of the sums of cores, to a ten-thousandth.
    pub cpu_avg_cores: Vec<Option<f64>>,
    /// Highest sum of cores of a moment, to a ten-thousandth.
    pub cpu_peak_cores: Vec<Option<f64>>,
    /// Mean network received per second, whole bytes, of the containers that have a network of their own.
    pub network_rx_bytes_per_s: Vec<Option<f64>>,
    /// Mean network sent per second.
    pub network_tx_bytes_per_s: Vec<Option<f64>>,
    /// Mean block reads per second, of the containers whose engine counts them.
    pub block_read_bytes_per_s: Vec<Option<f64>>,
    /// Mean block writes per second.
    pub block_write_bytes_per_s: Vec<Option<f64>>,
    /// Sum of the limits at the bucket's last moment; absent when one is unlimited.
    pub limit_bytes: Vec<Option<u64>>,
}

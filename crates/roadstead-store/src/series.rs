//! Columns of samples as they are asked for and given, and the order of a sample's fields in stored values.

use roadstead_model::{ContainerId, DeploymentId, Sample};

use crate::codec::bytes::Damage;

/// A column of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SampleField {
    /// `memory_used_bytes`.
    MemoryUsed,
    /// `memory_usage_bytes`.
    MemoryUsage,
    /// `memory_inactive_file_bytes`.
    MemoryInactiveFile,
    /// `memory_anon_bytes`.
    MemoryAnon,
    /// `memory_shmem_bytes`.
    MemoryShmem,
    /// `memory_limit_bytes`.
    MemoryLimit,
    /// `memory_failcnt`.
    MemoryFailcnt,
    /// `pids`.
    Pids,
    /// `restart_count`.
    RestartCount,
    /// `oom_kills`.
    OomKills,
    /// `cpu_cores`.
    CpuCores,
    /// `network_rx_bytes_per_s`.
    NetworkRx,
    /// `network_tx_bytes_per_s`.
    NetworkTx,
    /// `block_read_bytes_per_s`.
    BlockRead,
    /// `block_write_bytes_per_s`.
    BlockWrite,
}

/// The values of one column, one per time.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Whole numbers.
    Whole(Vec<Option<u64>>),
    /// Cores and rates.
    Real(Vec<Option<f64>>),
}

/// Columns of one container's samples.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerSeries {
    /// The container.
    pub container: ContainerId,
    /// Its deployment.
    pub deployment: DeploymentId,
    /// Ticks, ascending.
    pub times_ms: Vec<i64>,
    /// The columns asked for, in the order asked for.
    pub columns: Vec<(SampleField, ColumnValues)>,
}

/// Whole-number fields of a sample, in stored order: that of [`SampleField`].
pub(crate) const WHOLE_FIELDS: usize = 10;
/// Real-number fields of a sample, in stored order: that of [`SampleField`] after the whole ones.
pub(crate) const REAL_FIELDS: usize = 5;

impl SampleField {
    /// Position among all fields in stored order.
    pub(crate) const fn position(self) -> usize {
        self as usize
    }
}

/// A choice of fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields(u64);

impl Fields {
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) const fn of(fields: &[SampleField]) -> Self {
        let mut chosen = 0;
        let mut at = 0;
        while at < fields.len() {
            chosen |= 1 << fields[at].position();
            at += 1;
        }
        Self(chosen)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the field at a stored position is chosen.
    pub(crate) const fn has(self, position: usize) -> bool {
        self.0 >> position & 1 == 1
    }
}

/// A sample's whole numbers in stored order.
pub(crate) fn wholes(sample: &Sample) -> [Option<u64>; WHOLE_FIELDS] {
    [
        sample.memory_used_bytes,
        sample.memory_usage_bytes,
        sample.memory_inactive_file_bytes,
        sample.memory_anon_bytes,
        sample.memory_shmem_bytes,
        sample.memory_limit_bytes,
        sample.memory_failcnt,
        sample.pids.map(u64::from),
        sample.restart_count.map(u64::from),
        sample.oom_kills.map(u64::from),
    ]
}

/// A sample's real numbers in stored order.
pub(crate) fn reals(sample: &Sample) -> [Option<f64>; REAL_FIELDS] {
    [
        sample.cpu_cores,
        sample.network_rx_bytes_per_s,
        sample.network_tx_bytes_per_s,
        sample.block_read_bytes_per_s,
        sample.block_write_bytes_per_s,
    ]
}

/// Sets the whole number at a stored position.
pub(crate) fn set_whole(sample: &mut Sample, at: usize, value: Option<u64>) -> Result<(), Damage> {
    let small = |value: Option<u64>| {
        value
            .map(u32::try_from)
            .transpose()
            .map_err(|_| Damage("a small count is too large"))
    };
    match at {
        0 => sample.memory_used_bytes = value,
        1 => sample.memory_usage_bytes = value,
        2 => sample.memory_inactive_file_bytes = value,
        3 => sample.memory_anon_bytes = value,
        4 => sample.memory_shmem_bytes = value,
        5 => sample.memory_limit_bytes = value,
        6 => sample.memory_failcnt = value,
        7 => sample.pids = small(value)?,
        8 => sample.restart_count = small(value)?,
        _ => sample.oom_kills = small(value)?,
    }
    Ok(())
}

/// Sets the real number at a stored position (counted from the first real one).
pub(crate) fn set_real(sample: &mut Sample, at: usize, value: Option<f64>) {
    match at {
        0 => sample.cpu_cores = value,
        1 => sample.network_rx_bytes_per_s = value,
        2 => sample.network_tx_bytes_per_s = value,
        3 => sample.block_read_bytes_per_s = value,
        _ => sample.block_write_bytes_per_s = value,
    }
}

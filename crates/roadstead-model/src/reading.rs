//! What one stats answer of the engine says, before any rate is taken.

use serde::{Deserialize, Serialize};

use crate::EngineContainerId;

/// One container's raw numbers at one moment. Counters are cumulative since the container's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Whose numbers these are.
    pub engine_id: EngineContainerId,
    /// When the engine read them, UTC epoch milliseconds.
    pub read_at_ms: i64,
    /// Memory, when the engine reported any.
    pub memory: Option<MemoryReading>,
    /// CPU counters, when reported.
    pub cpu: Option<CpuCounters>,
    /// Network counters summed over the container's interfaces; absent with host networking.
    pub network: Option<NetworkCounters>,
    /// Block device counters; absent when the engine reports none.
    pub block: Option<BlockCounters>,
    /// Processes and threads in the container.
    pub pids: Option<u32>,
}

/// Memory numbers of one container, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryReading {
    /// What `docker stats` shows: usage less inactive file cache (see [`MemoryReading::used_bytes`]).
    pub used_bytes: u64,
    /// What the cgroup is charged with: what the OOM killer looks at.
    pub usage_bytes: u64,
    /// File cache that can be dropped without IO pressure.
    pub inactive_file_bytes: Option<u64>,
    /// Anonymous memory (heap, stack).
    pub anon_bytes: Option<u64>,
    /// tmpfs and shared memory.
    pub shmem_bytes: Option<u64>,
    /// The limit the engine reports: the machine's memory when the container is unlimited.
    pub limit_bytes: Option<u64>,
    /// cgroup v1: times the limit was hit; v2: OOM events. Not comparable with each other.
    pub failcnt: Option<u64>,
}

impl MemoryReading {
    /// The docker CLI's formula (`calculateMemUsageUnixNoCache`, docker/cli since 20.10): `usage` less
    /// `total_inactive_file` (cgroup v1) or `inactive_file` (v2) when that is smaller than usage, else `usage`.
    #[must_use]
    pub fn used_bytes(usage_bytes: u64, inactive_file_bytes: Option<u64>) -> u64 {
        match inactive_file_bytes {
            Some(inactive) if inactive < usage_bytes => usage_bytes - inactive,
            _ => usage_bytes,
        }
    }
}

/// Cumulative CPU counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuCounters {
    /// CPU time used by the container, nanoseconds.
    pub total_ns: u64,
    /// CPU time of the whole machine, nanoseconds, when the engine reports it.
    pub system_ns: Option<u64>,
    /// Cores the container may use.
    pub online_cpus: u32,
}

/// Cumulative network counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NetworkCounters {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

/// Cumulative block device counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BlockCounters {
    /// Read from devices.
    pub read_bytes: u64,
    /// Written to devices.
    pub write_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_memory_is_the_docker_cli_formula() {
        assert_eq!(MemoryReading::used_bytes(100, Some(30)), 70);
        assert_eq!(
            MemoryReading::used_bytes(100, Some(100)),
            100,
            "cache not smaller than usage is ignored"
        );
        assert_eq!(
            MemoryReading::used_bytes(100, Some(130)),
            100,
            "never an underflow"
        );
        assert_eq!(MemoryReading::used_bytes(100, None), 100);
    }
}

//! What one container showed at one tick, and the tick that holds a host's samples.

use serde::{Deserialize, Serialize};

use crate::{ContainerId, DeploymentId, HostId};

/// What one container showed at one tick. What was not measured is absent, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The container.
    pub container: ContainerId,
    /// The deployment it belongs to, stamped at write time so that a redeploy keeps its history.
    pub deployment: DeploymentId,
    /// Memory by the docker CLI's formula.
    pub memory_used_bytes: Option<u64>,
    /// cgroup usage: what the OOM killer looks at.
    pub memory_usage_bytes: Option<u64>,
    /// Inactive file cache.
    pub memory_inactive_file_bytes: Option<u64>,
    /// Anonymous memory.
    pub memory_anon_bytes: Option<u64>,
    /// tmpfs and shared memory.
    pub memory_shmem_bytes: Option<u64>,
    /// The container's hard limit; absent when unlimited.
    pub memory_limit_bytes: Option<u64>,
    /// cgroup fail counter as read.
    pub memory_failcnt: Option<u64>,
    /// CPU cores used since the previous reading (1.0 = one core busy).
    pub cpu_cores: Option<f64>,
    /// Network received per second.
    pub network_rx_bytes_per_s: Option<f64>,
    /// Network sent per second.
    pub network_tx_bytes_per_s: Option<f64>,
    /// Block reads per second.
    pub block_read_bytes_per_s: Option<f64>,
    /// Block writes per second.
    pub block_write_bytes_per_s: Option<f64>,
    /// Processes and threads.
    pub pids: Option<u32>,
    /// Restarts by policy since creation.
    pub restart_count: Option<u32>,
    /// OOM kills seen in this container since we know it.
    pub oom_kills: Option<u32>,
}

impl Sample {
    /// A sample of this container with nothing measured yet.
    #[must_use]
    pub fn empty(container: ContainerId, deployment: DeploymentId) -> Self {
        Self {
            container,
            deployment,
            memory_used_bytes: None,
            memory_usage_bytes: None,
            memory_inactive_file_bytes: None,
            memory_anon_bytes: None,
            memory_shmem_bytes: None,
            memory_limit_bytes: None,
            memory_failcnt: None,
            cpu_cores: None,
            network_rx_bytes_per_s: None,
            network_tx_bytes_per_s: None,
            block_read_bytes_per_s: None,
            block_write_bytes_per_s: None,
            pids: None,
            restart_count: None,
            oom_kills: None,
        }
    }
}

/// One collection round of a host, stamped once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The host.
    pub host: HostId,
    /// Start of the round, aligned to the interval, UTC epoch milliseconds.
    pub tick_ms: i64,
    /// The interval in force.
    pub interval_ms: i64,
    /// One sample per container that ran, in no particular order. A container whose reading failed is here with
    /// nothing measured, so that a sum over its deployment is known to be incomplete.
    pub samples: Vec<Sample>,
}

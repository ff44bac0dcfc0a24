//! A reading and what the inventory says beside it, made into a sample.

use roadstead_model::{ContainerId, Counters, DeploymentId, RateTracker, Reading, Sample};

/// Where a reading belongs, and what the inventory says beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Our id of the container.
    pub(crate) container: ContainerId,
    /// Its deployment.
    pub(crate) deployment: DeploymentId,
    /// Its hard limit; absent when unlimited.
    pub(crate) limit_bytes: Option<u64>,
    /// Restarts by policy.
    pub(crate) restart_count: u32,
    /// OOM kills counted.
    pub(crate) oom_kills: u32,
}

impl Place {
    /// A sample with what is known without a reading.
    pub(crate) fn unmeasured(&self) -> Sample {
        Sample {
            memory_limit_bytes: self.limit_bytes,
            restart_count: Some(self.restart_count),
            oom_kills: Some(self.oom_kills),
            ..Sample::empty(self.container, self.deployment)
        }
    }

    /// The sample of a reading, with rates since the one before.
    pub(crate) fn sample(&self, rates: &mut RateTracker, reading: &Reading) -> Sample {
        let rates = rates.observe(self.container, Counters::of(reading));
        let [network_rx, network_tx, block_read, block_write] = rates.io_bytes_per_s;
        let memory = reading.memory;
        Sample {
            memory_used_bytes: memory.map(|m| m.used_bytes),
            memory_usage_bytes: memory.map(|m| m.usage_bytes),
            memory_inactive_file_bytes: memory.and_then(|m| m.inactive_file_bytes),
            memory_anon_bytes: memory.and_then(|m| m.anon_bytes),
            memory_shmem_bytes: memory.and_then(|m| m.shmem_bytes),
            memory_failcnt: memory.and_then(|m| m.failcnt),
            cpu_cores: rates.cpu_cores,
            network_rx_bytes_per_s: network_rx,
            network_tx_bytes_per_s: network_tx,
            block_read_bytes_per_s: block_read,
            block_write_bytes_per_s: block_write,
            pids: reading.pids,
            ..self.unmeasured()
        }
    }
}

//! Believable samples of containers, tick after tick, and the inventory they belong to.
//!
//! Memory moves by pages and rests for several ticks; CPU of an idle container is a few hundredths of a percent with
//! bursts; file cache, rates and counters move as they do in real containers. A container's series is the same for the
//! same number, and is walked forwards only.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use roadstead_model::sizing::MIB;
use roadstead_model::{
    AppName, ContainerFacts, ContainerId, ContainerState, DeploymentId, EngineContainerId, Sample,
};

use crate::fleet_shape::{PAGE_BYTES, mix, to_step};

/// The series of one container.
#[derive(Debug, Clone)]
pub(crate) struct ContainerWalk {
    rng: SmallRng,
    level_pages: u64,
    used_pages: u64,
    cache_pages: u64,
    shmem_pages: u64,
    restless: f64,
    step_pages: u64,
    limit_bytes: Option<u64>,
    cpu_cores: f64,
    traffic_bytes_per_s: f64,
    disk_chance: f64,
    pids: u32,
    ticks: u64,
}

impl ContainerWalk {
    /// The `number`-th container.
    pub(crate) fn new(number: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(mix(number));
        // From a few MiB to a few GiB, most of them small.
        let level_mib = 4.0 * 2.0_f64.powf(rng.random_range(0.0..8.5));
        let level_pages = (level_mib * (MIB / PAGE_BYTES) as f64) as u64;
        let limit_mib = ((level_mib * 2.0) as u64).next_power_of_two().max(16);
        Self {
            level_pages,
            used_pages: level_pages,
            cache_pages: rng.random_range(0..level_pages),
            shmem_pages: rng.random_range(0..64),
            restless: rng.random_range(0.15..0.95),
            step_pages: rng.random_range(1..=level_pages / 200 + 8),
            limit_bytes: rng.random_bool(0.7).then_some(limit_mib * MIB),
            cpu_cores: 0.000_8 * 2.0_f64.powf(rng.random_range(0.0..9.5)),
            traffic_bytes_per_s: 2.0_f64.powf(rng.random_range(4.0..16.0)),
            disk_chance: rng.random_range(0.0..0.4),
            pids: rng.random_range(1..60),
            ticks: 0,
            rng,
        }
    }

    fn step(&mut self) {
        self.ticks += 1;
        let rng = &mut self.rng;
        if rng.random_bool(self.restless) {
            let step = rng.random_range(0..=self.step_pages);
            // Pulled back to its level, so that it wanders and does not run away.
            let upwards = if self.used_pages < self.level_pages {
                0.65
            } else {
                0.35
            };
            self.used_pages = match rng.random_bool(upwards) {
                true => self.used_pages + step,
                false => self.used_pages.saturating_sub(step).max(1),
            };
        }
        if rng.random_bool(0.2) {
            self.cache_pages = (self.cache_pages + rng.random_range(0..32)) % (2 * self.level_pages + 64);
        }
    }

    fn cpu_now(&mut self) -> f64 {
        let burst = if self.rng.random_bool(0.02) {
            self.rng.random_range(2.0..30.0)
        } else {
            1.0
        };
        to_step(self.cpu_cores * self.rng.random_range(0.7..1.4) * burst)
    }

    /// Memory and CPU of the next tick alone.
    pub(crate) fn next_pair(&mut self) -> (u64, f64) {
        self.step();
        (self.used_pages * PAGE_BYTES, self.cpu_now())
    }

    /// The sample of the next tick, every column of it.
    pub(crate) fn next_sample(&mut self, container: ContainerId, deployment: DeploymentId) -> Sample {
        let (used, cpu_cores) = self.next_pair();
        let cache = self.cache_pages * PAGE_BYTES;
        let shmem = (self.shmem_pages * PAGE_BYTES).min(used);
        let mut rate = |per_s: f64| Some((per_s * self.rng.random_range(0.2..1.8)).round());
        let (received, sent) = (
            rate(self.traffic_bytes_per_s),
            rate(self.traffic_bytes_per_s * 0.6),
        );
        let mut disk = |pages: u64| match self.rng.random_bool(self.disk_chance) {
            true => Some((self.rng.random_range(1..pages) * PAGE_BYTES / 15) as f64),
            false => Some(0.0),
        };
        Sample {
            container,
            deployment,
            memory_used_bytes: Some(used),
            memory_usage_bytes: Some(used + cache),
            memory_inactive_file_bytes: Some(cache),
            memory_anon_bytes: Some(used - shmem),
            memory_shmem_bytes: Some(shmem),
            memory_limit_bytes: self.limit_bytes,
            memory_failcnt: Some(0),
            // The first reading of a container gives no rate.
            cpu_cores: (self.ticks > 1).then_some(cpu_cores),
            network_rx_bytes_per_s: received.filter(|_| self.ticks > 1),
            network_tx_bytes_per_s: sent.filter(|_| self.ticks > 1),
            block_read_bytes_per_s: disk(64).filter(|_| self.ticks > 1),
            block_write_bytes_per_s: disk(512).filter(|_| self.ticks > 1),
            pids: Some(self.pids),
            restart_count: Some(0),
            oom_kills: Some(0),
        }
    }
}

/// What an engine would say of a running container of this app.
pub(crate) fn container_facts(
    name: &str,
    app: &str,
    number: u64,
    started_at_ms: i64,
    memory_limit_bytes: Option<u64>,
) -> ContainerFacts {
    let engine_id: String = (0..4)
        .map(|part| format!("{:016x}", mix(number << 2 | part)))
        .collect();
    ContainerFacts {
        engine_id: EngineContainerId(engine_id),
        name: name.to_owned(),
        app: AppName(app.to_owned()),
        display_name: None,
        service: None,
        image: format!("{app}:latest"),
        image_id: format!("sha256:{:064x}", mix(number)),
        state: ContainerState::Running,
        health: None,
        created_at_ms: started_at_ms,
        started_at_ms: Some(started_at_ms),
        restart_count: 0,
        oom_killed: false,
        exit_code: None,
        memory_limit_bytes,
        memory_reservation_bytes: None,
        cpu_limit_cores: None,
        label_estimate_bytes: None,
        label_limit_bytes: None,
        protected: false,
        tty: false,
        log_driver: "json-file".to_owned(),
        image_digest: None,
        image_created_ms: None,
        config: None,
        fleeting: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_the_same_for_the_same_number_and_differs_for_another() {
        let walk = |number| {
            let mut walk = ContainerWalk::new(number);
            (0..500)
                .map(|_| walk.next_sample(ContainerId(1), DeploymentId(1)))
                .collect::<Vec<_>>()
        };
        assert_eq!(walk(7), walk(7));
        assert_ne!(walk(7), walk(8));
    }

    #[test]
    fn every_sample_could_have_been_read() {
        for number in 0..50 {
            let mut walk = ContainerWalk::new(number);
            for tick in 0..2_000 {
                let sample = walk.next_sample(ContainerId(1), DeploymentId(1));
                let (used, usage) = (
                    sample.memory_used_bytes.unwrap(),
                    sample.memory_usage_bytes.unwrap(),
                );
                assert!(used > 0 && used % PAGE_BYTES == 0);
                assert_eq!(usage - sample.memory_inactive_file_bytes.unwrap(), used);
                assert_eq!(
                    sample.cpu_cores.is_none(),
                    tick == 0,
                    "the first reading gives no rate"
                );
            }
        }
    }

    #[test]
    fn engine_ids_are_unique() {
        let ids: std::collections::HashSet<String> = (0..5_000)
            .map(|number| container_facts("c", "a", number, 0, None).engine_id.0)
            .collect();
        assert_eq!(ids.len(), 5_000);
        assert!(ids.iter().all(|id| id.len() == 64));
    }
}

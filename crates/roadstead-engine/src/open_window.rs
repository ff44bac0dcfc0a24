//! The report window that is still open, kept in memory so that a page need not wait for it to close. Pure.

use std::collections::{HashMap, HashSet};

use roadstead_model::{ContainerId, DeploymentId, Tick, Window};

/// What a deployment did so far in the open window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct SoFar {
    /// Whole ticks: every container of the deployment was measured.
    pub(crate) ticks: u32,
    /// Sum of memory over those ticks.
    pub(crate) memory_sum_bytes: u128,
    /// Highest of them.
    pub(crate) memory_peak_bytes: u64,
    /// Ticks with every container's CPU known.
    pub(crate) cpu_ticks: u32,
    /// Sum of cores over those.
    pub(crate) cpu_sum_cores: f64,
}

impl SoFar {
    /// Mean memory; absent without a whole tick.
    #[must_use]
    pub(crate) fn memory_avg_bytes(&self) -> Option<u64> {
        (self.ticks > 0).then(|| (self.memory_sum_bytes / u128::from(self.ticks)) as u64)
    }

    /// Peak memory; absent without a whole tick.
    #[must_use]
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        (self.ticks > 0).then_some(self.memory_peak_bytes)
    }

    /// Mean cores; absent when never known.
    #[must_use]
    pub(crate) fn cpu_avg_cores(&self) -> Option<f64> {
        (self.cpu_ticks > 0).then(|| self.cpu_sum_cores / f64::from(self.cpu_ticks))
    }
}

/// The open window of one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenWindow {
    window: Option<Window>,
    deployments: HashMap<DeploymentId, SoFar>,
}

impl OpenWindow {
    /// Takes in a tick. One of a later window starts anew; one of an earlier window is left to the reports. Containers in
    /// `left_out` (protected ones) count in none.
    pub(crate) fn add(&mut self, tick: &Tick, left_out: &HashSet<ContainerId>) {
        let window = Window::holding(tick.tick_ms);
        match self.window {
            Some(open) if window < open => return,
            Some(open) if window == open => {}
            _ => {
                self.window = Some(window);
                self.deployments.clear();
            }
        }
        let mut sums: HashMap<DeploymentId, (Option<u64>, Option<f64>)> = HashMap::new();
        for sample in tick
            .samples
            .iter()
            .filter(|sample| !left_out.contains(&sample.container))
        {
            let (memory, cpu) = sums.entry(sample.deployment).or_insert((Some(0), Some(0.0)));
            *memory = memory.zip(sample.memory_used_bytes).map(|(a, b)| a + b);
            *cpu = cpu.zip(sample.cpu_cores).map(|(a, b)| a + b);
        }
        for (deployment, (memory, cpu)) in sums {
            let so_far = self.deployments.entry(deployment).or_default();
            if let Some(bytes) = memory {
                so_far.ticks += 1;
                so_far.memory_sum_bytes += u128::from(bytes);
                so_far.memory_peak_bytes = so_far.memory_peak_bytes.max(bytes);
            }
            if let Some(cores) = cpu {
                so_far.cpu_ticks += 1;
                so_far.cpu_sum_cores += cores;
            }
        }
    }

    /// What the deployment did so far, when the open window is this one.
    #[must_use]
    pub(crate) fn of(&self, deployment: DeploymentId, window: Window) -> Option<SoFar> {
        self.deployments
            .get(&deployment)
            .copied()
            .filter(|_| self.window == Some(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{HostId, Sample};

    fn tick(tick_ms: i64, memory: [Option<u64>; 2]) -> Tick {
        let samples = memory
            .into_iter()
            .zip(1..)
            .map(|(memory_used_bytes, id)| Sample {
                memory_used_bytes,
                ..Sample::empty(ContainerId(id), DeploymentId(1))
            })
            .collect();
        Tick {
            host: HostId(1),
            tick_ms,
            interval_ms: 15_000,
            samples,
        }
    }

    #[test]
    fn only_whole_ticks_count_and_a_new_window_starts_anew() {
        let (mut open, none) = (OpenWindow::default(), HashSet::new());
        open.add(&tick(900_000, [Some(10), Some(20)]), &none);
        open.add(&tick(915_000, [Some(10), None]), &none);
        open.add(&tick(930_000, [Some(30), Some(30)]), &none);
        let so_far = open.of(DeploymentId(1), Window { start_ms: 900_000 }).unwrap();
        assert_eq!(
            (so_far.ticks, so_far.memory_avg_bytes(), so_far.peak_bytes()),
            (2, Some(45), Some(60))
        );
        assert_eq!(so_far.cpu_avg_cores(), None);
        assert_eq!(open.of(DeploymentId(1), Window { start_ms: 0 }), None);
        open.add(&tick(1_800_000, [Some(1), Some(1)]), &none);
        open.add(&tick(915_000, [Some(500), Some(500)]), &none);
        assert_eq!(
            open.of(DeploymentId(1), Window { start_ms: 1_800_000 })
                .unwrap()
                .peak_bytes(),
            Some(2)
        );
    }

    #[test]
    fn a_protected_container_of_a_deployment_counts_in_nothing() {
        let mut open = OpenWindow::default();
        open.add(
            &tick(900_000, [Some(10), Some(70)]),
            &HashSet::from([ContainerId(2)]),
        );
        let so_far = open.of(DeploymentId(1), Window { start_ms: 900_000 }).unwrap();
        assert_eq!(
            (so_far.memory_avg_bytes(), so_far.peak_bytes()),
            (Some(10), Some(10))
        );
    }
}

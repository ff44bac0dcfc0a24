//! From a host's ticks to its reports. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadstead_model::report::WindowFacts;
use roadstead_model::{ContainerId, DeploymentId, Report, Sample, Tick, Window, close_window};

/// Sizes in force for a deployment at the end of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SizesInForce {
    /// Memory estimate.
    pub(crate) estimate_bytes: Option<u64>,
    /// Sum of limits; absent when a container is unlimited.
    pub(crate) limit_bytes: Option<u64>,
}

/// Events in the logs of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogEvents {
    /// Errors.
    pub(crate) errors: u32,
    /// Warnings.
    pub(crate) warnings: u32,
}

/// Reports of one host and window, ordered by deployment. `ticks` ascending; those before the window only tell where
/// the counts of restarts and OOM kills stood. Containers in `left_out` (protected ones) count in none, and
/// `told_oom_kills` are the kills told of each deployment in the window, whether or not its container was ever sampled. `log_events` has
/// the deployments whose logs were read.
#[must_use]
pub(crate) fn reports_of_window(
    window: Window,
    ticks: &[Tick],
    sizes: &HashMap<DeploymentId, SizesInForce>,
    left_out: &HashSet<ContainerId>,
    told_oom_kills: &HashMap<DeploymentId, u32>,
    log_events: &HashMap<DeploymentId, LogEvents>,
) -> Vec<Report> {
    let mut counts = CountsInWindow::default();
    let mut by_deployment: BTreeMap<DeploymentId, Vec<Vec<Sample>>> = BTreeMap::new();
    for tick in ticks {
        let inside = (window.start_ms..window.end_ms()).contains(&tick.tick_ms);
        let mut of_tick: BTreeMap<DeploymentId, Vec<Sample>> = BTreeMap::new();
        for sample in &tick.samples {
            counts.observe(sample, inside);
            if inside && !left_out.contains(&sample.container) {
                of_tick.entry(sample.deployment).or_default().push(sample.clone());
            }
        }
        for (deployment, samples) in of_tick {
            by_deployment.entry(deployment).or_default().push(samples);
        }
    }
    by_deployment
        .into_iter()
        .filter_map(|(deployment, ticks)| {
            let in_force = sizes.get(&deployment).copied().unwrap_or_default();
            let (oom_kills, restarts) = counts.of(deployment);
            let facts = WindowFacts {
                estimate_bytes: in_force.estimate_bytes,
                limit_bytes: in_force.limit_bytes,
                log_errors: log_events.get(&deployment).map(|events| events.errors),
                log_warnings: log_events.get(&deployment).map(|events| events.warnings),
                oom_kills: oom_kills.max(told_oom_kills.get(&deployment).copied().unwrap_or(0)),
                restarts,
            };
            close_window(deployment, window, facts, ticks.iter().map(Vec::as_slice))
        })
        .collect()
}

/// How far cumulative counts grew within a window. A count that falls (a recreated container, a restarted app of
/// ours) is a new baseline.
#[derive(Default)]
struct CountsInWindow {
    last: HashMap<ContainerId, (Option<u32>, Option<u32>)>,
    grown: HashMap<DeploymentId, (u32, u32)>,
}

impl CountsInWindow {
    fn observe(&mut self, sample: &Sample, inside: bool) {
        let now = (sample.oom_kills, sample.restart_count);
        let before = self.last.insert(sample.container, now);
        if let Some((oom_kills, restarts)) = before.filter(|_| inside) {
            let grown = self.grown.entry(sample.deployment).or_default();
            grown.0 += growth(oom_kills, now.0);
            grown.1 += growth(restarts, now.1);
        }
    }

    fn of(&self, deployment: DeploymentId) -> (u32, u32) {
        self.grown.get(&deployment).copied().unwrap_or_default()
    }
}

fn growth(before: Option<u32>, now: Option<u32>) -> u32 {
    match (before, now) {
        (Some(before), Some(now)) => now.saturating_sub(before),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::HostId;

    const WEB: DeploymentId = DeploymentId(1);
    const DB: DeploymentId = DeploymentId(2);

    fn sample(container: i64, deployment: DeploymentId, memory: u64, restarts: u32, oom: u32) -> Sample {
        Sample {
            memory_used_bytes: Some(memory),
            restart_count: Some(restarts),
            oom_kills: Some(oom),
            ..Sample::empty(ContainerId(container), deployment)
        }
    }

    fn tick(tick_ms: i64, samples: Vec<Sample>) -> Tick {
        Tick {
            host: HostId(1),
            tick_ms,
            interval_ms: 15_000,
            samples,
        }
    }

    #[test]
    fn counts_are_what_grew_within_the_window() {
        let window = Window { start_ms: 900_000 };
        let ticks = [
            tick(885_000, vec![sample(1, WEB, 10, 3, 1)]),
            tick(900_000, vec![sample(1, WEB, 20, 4, 1), sample(2, DB, 5, 0, 0)]),
            tick(915_000, vec![sample(1, WEB, 40, 5, 2), sample(2, DB, 5, 0, 0)]),
            tick(930_000, vec![sample(3, WEB, 30, 0, 0), sample(2, DB, 5, 0, 0)]),
            tick(1_800_000, vec![sample(3, WEB, 900, 9, 9)]),
        ];
        let sizes = HashMap::from([(
            WEB,
            SizesInForce {
                estimate_bytes: Some(1),
                limit_bytes: Some(2),
            },
        )]);
        let reports = reports_of_window(
            window,
            &ticks,
            &sizes,
            &HashSet::new(),
            &HashMap::from([(DB, 1)]),
            &HashMap::new(),
        );
        assert_eq!(reports.len(), 2);
        assert_eq!(
            (reports[0].restarts, reports[0].oom_kills),
            (2, 1),
            "3 → 4 → 5, then a new container"
        );
        assert_eq!(
            reports[0].memory_peak_bytes,
            Some(40),
            "the next window's tick is not in it"
        );
        assert_eq!(reports[0].limit_bytes, Some(2));
        assert_eq!(reports[1].limit_bytes, None);
        assert_eq!(
            reports[1].oom_kills, 1,
            "a kill that no sample shows is still a kill"
        );
    }

    #[test]
    fn a_protected_container_is_in_no_report() {
        let ticks = [tick(0, vec![sample(1, WEB, 10, 0, 0)])];
        let reports = reports_of_window(
            Window { start_ms: 0 },
            &ticks,
            &HashMap::new(),
            &HashSet::from([ContainerId(1)]),
            &HashMap::new(),
            &HashMap::new(),
        );
        assert_eq!(reports, []);
    }
}

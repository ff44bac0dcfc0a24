//! What one deployment did in one 15-minute window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ContainerId, DeploymentId, Sample, Window};

/// What one deployment did in one window. Memory and CPU are summed over the deployment's containers within a tick
/// first; average and peak are then taken over ticks, so that a peak is one that truly happened at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The window.
    pub window: Window,
    /// Ticks in which every running container of the deployment was measured.
    pub sample_count: u32,
    /// Memory at the last such tick.
    pub memory_current_bytes: Option<u64>,
    /// Mean over such ticks, rounded to a byte.
    pub memory_avg_bytes: Option<u64>,
    /// Highest over such ticks.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores used, over ticks in which every container's CPU is known.
    pub cpu_avg_cores: Option<f64>,
    /// Memory estimate in force at the end of the window.
    pub estimate_bytes: Option<u64>,
    /// Sum of the containers' limits at the end of the window; absent when one is unlimited.
    pub limit_bytes: Option<u64>,
    /// Error events in the containers' logs; absent when logs were not read.
    pub log_errors: Option<u32>,
    /// Warning events in the containers' logs; absent when logs were not read.
    pub log_warnings: Option<u32>,
    /// OOM kills seen in the window.
    pub oom_kills: u32,
    /// Restarts seen in the window.
    pub restarts: u32,
    /// The same per container, ordered by container.
    pub containers: Vec<ContainerReport>,
}

/// One container's part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerReport {
    /// The container.
    pub container: ContainerId,
    /// Its last measured memory in the window.
    pub memory_current_bytes: Option<u64>,
    /// Mean over its own samples.
    pub memory_avg_bytes: Option<u64>,
    /// Highest of its own samples.
    pub memory_peak_bytes: Option<u64>,
    /// Mean cores over its own samples.
    pub cpu_avg_cores: Option<f64>,
    /// Its own samples with memory.
    pub sample_count: u32,
}

/// What is known of a deployment beside its samples when its window closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowFacts {
    /// Memory estimate.
    pub estimate_bytes: Option<u64>,
    /// Sum of limits, absent when one container is unlimited.
    pub limit_bytes: Option<u64>,
    /// Error events, when logs were read.
    pub log_errors: Option<u32>,
    /// Warning events, when logs were read.
    pub log_warnings: Option<u32>,
    /// OOM kills.
    pub oom_kills: u32,
    /// Restarts.
    pub restarts: u32,
}

/// A running mean, last and peak of bytes.
#[derive(Default)]
struct Bytes {
    count: u32,
    sum: u128,
    last: Option<u64>,
    peak: Option<u64>,
}

impl Bytes {
    fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum += u128::from(value);
        self.last = Some(value);
        self.peak = self.peak.max(Some(value));
    }

    fn mean(&self) -> Option<u64> {
        let count = u128::from(self.count);
        (count > 0).then(|| ((self.sum + count / 2) / count) as u64)
    }
}

/// A running mean of cores.
#[derive(Default)]
struct Cores {
    count: u32,
    sum: f64,
}

impl Cores {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum / f64::from(self.count) * 10_000.0).round() / 10_000.0)
    }
}

/// The report of one deployment and window from its samples, given tick by tick in ascending order (each item: the
/// deployment's samples of one tick). `None` when there is not one tick: what was not seen is not reported.
#[must_use]
pub fn close_window<'a>(
    deployment: DeploymentId,
    window: Window,
    facts: WindowFacts,
    ticks: impl IntoIterator<Item = &'a [Sample]>,
) -> Option<Report> {
    let mut whole_memory = Bytes::default();
    let mut whole_cpu = Cores::default();
    let mut parts: BTreeMap<ContainerId, (Bytes, Cores)> = BTreeMap::new();
    let mut seen = false;

    for samples in ticks.into_iter().filter(|samples| !samples.is_empty()) {
        seen = true;
        let memory_sum: Option<u64> = samples.iter().map(|s| s.memory_used_bytes).sum();
        let cpu_sum: Option<f64> = samples.iter().map(|s| s.cpu_cores).sum();
        if let Some(bytes) = memory_sum {
            whole_memory.add(bytes);
        }
        if let Some(cores) = cpu_sum {
            whole_cpu.add(cores);
        }
        for sample in samples {
            let (memory, cpu) = parts.entry(sample.container).or_default();
            if let Some(bytes) = sample.memory_used_bytes {
                memory.add(bytes);
            }
            if let Some(cores) = sample.cpu_cores {
                cpu.add(cores);
            }
        }
    }
    if !seen {
        return None;
    }
    let containers = parts
        .into_iter()
        .map(|(container, (memory, cpu))| ContainerReport {
            container,
            memory_current_bytes: memory.last,
            memory_avg_bytes: memory.mean(),
            memory_peak_bytes: memory.peak,
            cpu_avg_cores: cpu.mean(),
            sample_count: memory.count,
        })
        .collect();
    Some(Report {
        deployment,
        window,
        sample_count: whole_memory.count,
        memory_current_bytes: whole_memory.last,
        memory_avg_bytes: whole_memory.mean(),
        memory_peak_bytes: whole_memory.peak,
        cpu_avg_cores: whole_cpu.mean(),
        estimate_bytes: facts.estimate_bytes,
        limit_bytes: facts.limit_bytes,
        log_errors: facts.log_errors,
        log_warnings: facts.log_warnings,
        oom_kills: facts.oom_kills,
        restarts: facts.restarts,
        containers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENT: DeploymentId = DeploymentId(7);
    const WINDOW: Window = Window { start_ms: 0 };

    fn sample(container: i64, memory: Option<u64>, cores: Option<f64>) -> Sample {
        Sample {
            memory_used_bytes: memory,
            cpu_cores: cores,
            ..Sample::empty(ContainerId(container), DEPLOYMENT)
        }
    }

    fn close(ticks: &[Vec<Sample>]) -> Option<Report> {
        close_window(
            DEPLOYMENT,
            WINDOW,
            WindowFacts::default(),
            ticks.iter().map(Vec::as_slice),
        )
    }

    #[test]
    fn the_peak_of_an_app_is_the_highest_sum_and_not_the_sum_of_peaks() {
        let report = close(&[
            vec![sample(1, Some(100), Some(0.1)), sample(2, Some(10), Some(0.2))],
            vec![sample(1, Some(10), Some(0.1)), sample(2, Some(90), Some(0.2))],
        ])
        .unwrap();
        assert_eq!(report.memory_peak_bytes, Some(110));
        assert_eq!(report.memory_avg_bytes, Some(105));
        assert_eq!(report.memory_current_bytes, Some(100));
        assert_eq!(report.cpu_avg_cores, Some(0.3));
        assert_eq!(report.sample_count, 2);
        assert_eq!(report.containers[1].memory_peak_bytes, Some(90));
    }

    #[test]
    fn a_tick_with_a_container_missing_is_not_summed_as_if_whole() {
        let report = close(&[
            vec![sample(1, Some(100), None), sample(2, Some(100), None)],
            vec![sample(1, Some(100), None), sample(2, None, None)],
        ])
        .unwrap();
        assert_eq!(
            report.memory_avg_bytes,
            Some(200),
            "the half tick would have pulled it to 150"
        );
        assert_eq!(report.sample_count, 1);
        assert_eq!(report.cpu_avg_cores, None);
        assert_eq!(report.containers[0].sample_count, 2);
    }

    #[test]
    fn nothing_measured_is_absent_and_never_zero() {
        let report = close(&[vec![sample(1, None, None)]]).unwrap();
        assert_eq!(report.sample_count, 0);
        assert_eq!(report.memory_avg_bytes, None);
        assert_eq!(report.memory_peak_bytes, None);
        assert_eq!(close(&[]), None);
    }
}

//! Sums over containers within a tick, then minimum, mean and maximum over the ticks of a bucket: a spike of one tick is
//! still there when a day is drawn in a thousand points.

use std::collections::HashMap;

use roadstead_model::TimeRange;
use roadstead_model::time::align_down;

use crate::WindowColumns;

/// The sum of one tick.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    memory_bytes: u64,
    memory_unknown: bool,
    cpu_cores: f64,
    cpu_unknown: bool,
    limit_bytes: u64,
    unlimited: bool,
    containers: u32,
    deployments: u32,
    newest_deployment: Option<i64>,
}

/// Sums by tick.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    at: HashMap<i64, usize>,
    ticks: Vec<(i64, Sum)>,
    shortest_interval_ms: Option<i64>,
}

impl Sums {
    /// Adds one container's sample. A deployment's samples of a tick come one after the other.
    pub(crate) fn add(
        &mut self,
        tick_ms: i64,
        interval_ms: i64,
        deployment: i64,
        memory_bytes: Option<u64>,
        cpu_cores: Option<f64>,
        limit_bytes: Option<u64>,
    ) {
        let interval_ms = interval_ms.max(1);
        self.shortest_interval_ms = Some(
            self.shortest_interval_ms
                .map_or(interval_ms, |known| known.min(interval_ms)),
        );
        let at = *self.at.entry(tick_ms).or_insert_with(|| {
            self.ticks.push((tick_ms, Sum::default()));
            self.ticks.len() - 1
        });
        let sum = &mut self.ticks[at].1;
        sum.containers += 1;
        if sum.newest_deployment != Some(deployment) {
            sum.deployments += 1;
            sum.newest_deployment = Some(deployment);
        }
        match memory_bytes {
            Some(bytes) => sum.memory_bytes = sum.memory_bytes.saturating_add(bytes),
            None => sum.memory_unknown = true,
        }
        match cpu_cores {
            Some(cores) => sum.cpu_cores += cores,
            None => sum.cpu_unknown = true,
        }
        match limit_bytes {
            Some(bytes) => sum.limit_bytes = sum.limit_bytes.saturating_add(bytes),
            None => sum.unlimited = true,
        }
    }

    /// At most `max_points` buckets, each a whole number of intervals long, counted from 1970.
    pub(crate) fn into_columns(mut self, range: TimeRange, max_points: u32) -> WindowColumns {
        let Some(interval_ms) = self.shortest_interval_ms else {
            return WindowColumns::default();
        };
        self.ticks.sort_unstable_by_key(|(tick_ms, _)| *tick_ms);
        let fits = self.ticks.len() <= max_points as usize;
        let bucket_ms = if fits {
            interval_ms
        } else {
            // A span that is not aligned touches one bucket more than its length says.
            let points = i64::from(max_points - 1).max(1);
            let raw = range.length_ms() / points + i64::from(range.length_ms() % points > 0);
            (raw / interval_ms + i64::from(raw % interval_ms > 0)).max(1) * interval_ms
        };
        let bucket_of = |tick_ms: i64| {
            if fits {
                tick_ms
            } else if max_points == 1 {
                range.from_ms
            } else {
                align_down(tick_ms, bucket_ms)
            }
        };
        let mut columns = WindowColumns {
            bucket_ms,
            ..WindowColumns::default()
        };
        for bucket in self.ticks.chunk_by(|a, b| bucket_of(a.0) == bucket_of(b.0)) {
            columns.push(bucket_of(bucket[0].0), bucket);
        }
        columns
    }
}

impl WindowColumns {
    fn push(&mut self, time_ms: i64, ticks: &[(i64, Sum)]) {
        let memory = || {
            ticks
                .iter()
                .map(|(_, sum)| sum)
                .filter(|sum| !sum.memory_unknown)
                .map(|sum| sum.memory_bytes)
        };
        let cpu = || {
            ticks
                .iter()
                .map(|(_, sum)| sum)
                .filter(|sum| !sum.cpu_unknown)
                .map(|sum| sum.cpu_cores)
        };
        let measured = memory().count() as u128;
        let mean = |total: u128| (measured > 0).then(|| ((total + measured / 2) / measured) as u64);
        let cpu_measured = cpu().count();
        self.times_ms.push(time_ms);
        self.memory_min_bytes.push(memory().min());
        self.memory_avg_bytes.push(mean(memory().map(u128::from).sum()));
        self.memory_peak_bytes.push(memory().max());
        self.cpu_avg_cores
            .push((cpu_measured > 0).then(|| cpu().sum::<f64>() / cpu_measured as f64));
        self.cpu_peak_cores.push(cpu().reduce(f64::max));
        self.limit_bytes.push(
            ticks
                .last()
                .filter(|(_, sum)| !sum.unlimited)
                .map(|(_, sum)| sum.limit_bytes),
        );
        self.containers.push(
            ticks
                .iter()
                .map(|(_, sum)| sum.containers)
                .max()
                .unwrap_or_default(),
        );
        self.deployments.push(
            ticks
                .iter()
                .map(|(_, sum)| sum.deployments)
                .max()
                .unwrap_or_default(),
        );
        self.complete.push(measured as usize == ticks.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from_ms: i64, to_ms: i64) -> TimeRange {
        TimeRange { from_ms, to_ms }
    }

    #[test]
    fn a_spike_of_one_tick_survives_downsampling() {
        let mut sums = Sums::default();
        for at in 0..1_000_i64 {
            let memory = if at == 777 { 9_000 } else { 100 };
            sums.add(at * 15_000, 15_000, 1, Some(memory), Some(0.5), Some(10_000));
        }
        let columns = sums.into_columns(window(0, 15_000_000), 50);
        assert!(columns.times_ms.len() <= 50, "{}", columns.times_ms.len());
        assert_eq!(columns.memory_peak_bytes.iter().flatten().max(), Some(&9_000));
        assert_eq!(columns.memory_min_bytes.iter().flatten().max(), Some(&100));
        assert_eq!(columns.limit_bytes[0], Some(10_000));
        assert_eq!(columns.bucket_ms % 15_000, 0);
    }

    #[test]
    fn a_tick_with_a_container_unmeasured_has_no_sum() {
        let mut sums = Sums::default();
        sums.add(0, 15_000, 1, Some(100), Some(0.1), None);
        sums.add(0, 15_000, 1, None, Some(0.2), Some(5));
        sums.add(15_000, 15_000, 1, Some(100), None, Some(5));
        sums.add(15_000, 15_000, 2, Some(50), Some(0.2), Some(5));
        let columns = sums.into_columns(window(0, 30_000), 100);
        assert_eq!(columns.times_ms, [0, 15_000]);
        assert_eq!(columns.memory_avg_bytes, [None, Some(150)]);
        assert_eq!(columns.cpu_avg_cores, [Some(0.1 + 0.2), None]);
        assert_eq!(
            columns.limit_bytes,
            [None, Some(10)],
            "unlimited plus limited is unlimited"
        );
        assert_eq!(columns.complete, [false, true]);
        assert_eq!(columns.containers, [2, 2]);
        assert_eq!(columns.deployments, [1, 2]);
    }

    #[test]
    fn one_point_holds_everything_and_no_tick_gives_none() {
        let mut sums = Sums::default();
        sums.add(5, 1, 1, Some(1), None, None);
        sums.add(99, 1, 1, Some(3), None, None);
        let columns = sums.into_columns(window(0, 100), 1);
        assert_eq!(columns.times_ms, [0]);
        assert_eq!(columns.memory_avg_bytes, [Some(2)]);
        assert_eq!(
            Sums::default().into_columns(window(0, 100), 10),
            WindowColumns::default()
        );
    }
}

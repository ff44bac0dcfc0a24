//! Sums over the deployments of each window of a span, and their buckets. Pure.

use roadstead_model::TimeRange;
use roadstead_model::time::{WINDOW_MS, align_down};

use super::buckets::cores;
use super::{LineColumns, MetricsColumns};

/// What a chart needs of one report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    pub(super) samples: u64,
    pub(super) memory_bytes: Option<u64>,
    pub(super) peak_bytes: Option<u64>,
    pub(super) cpu_cores: Option<f64>,
    pub(super) limit_bytes: Option<u64>,
}

/// The sum of one window.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    memory_bytes: u64,
    peak_bytes: Option<u64>,
    cpu_cores: f64,
    limit_bytes: u64,
    /// Of the deployment with fewest: the sum speaks for no more.
    samples: u64,
    reported: u32,
    measured: u32,
    expected: u32,
    cpu_unknown: bool,
    unlimited: bool,
    missed: bool,
}

/// Sums by window, for windows that start in a span.
#[derive(Debug)]
pub(super) struct WindowSums {
    from_ms: i64,
    sums: Vec<Sum>,
    /// By host: whether it reported in each window.
    seen: Vec<Vec<bool>>,
}

impl WindowSums {
    /// Nothing yet; the span is aligned.
    pub(super) fn over(range: TimeRange, hosts: usize) -> Self {
        let windows = usize::try_from(range.length_ms() / WINDOW_MS).unwrap_or_default();
        Self {
            from_ms: range.from_ms,
            sums: vec![Sum::default(); windows],
            seen: vec![vec![false; windows]; hosts],
        }
    }

    /// Adds the windows that follow.
    pub(super) fn append(&mut self, later: Self) {
        self.sums.extend(later.sums);
        for (seen, later) in self.seen.iter_mut().zip(later.seen) {
            seen.extend(later);
        }
    }

    /// Adds one deployment's report of a window; one outside of the span is passed over.
    pub(super) fn add(&mut self, window_ms: i64, host: usize, shown: &Shown) {
        let at = usize::try_from((window_ms - self.from_ms).div_euclid(WINDOW_MS)).ok();
        let Some((at, sum)) = at.and_then(|at| Some((at, self.sums.get_mut(at)?))) else {
            return;
        };
        self.seen[host][at] = true;
        let samples = shown.samples.max(1);
        sum.samples = if sum.reported == 0 {
            samples
        } else {
            sum.samples.min(samples)
        };
        sum.reported += 1;
        sum.expected += 1;
        sum.peak_bytes = shown.peak_bytes.filter(|_| sum.reported == 1);
        if let Some(bytes) = shown.memory_bytes {
            sum.memory_bytes = sum.memory_bytes.saturating_add(bytes);
            sum.measured += 1;
        }
        match shown.cpu_cores.filter(|cores| cores.is_finite()) {
            Some(cores) => sum.cpu_cores += cores,
            None => sum.cpu_unknown = true,
        }
        match shown.limit_bytes {
            Some(bytes) => sum.limit_bytes = sum.limit_bytes.saturating_add(bytes),
            None => sum.unlimited = true,
        }
    }

    /// Marks the windows without a report of a host in which it ran: there is no sum in the first of them; later ones go on without
    /// it, and are not complete.
    pub(super) fn miss(&mut self, host: usize, ran_throughout: impl Fn(i64, i64) -> bool) {
        for (at, sum) in self.sums.iter_mut().enumerate() {
            let start_ms = self.from_ms + at as i64 * WINDOW_MS;
            if sum.reported > 0 && !self.seen[host][at] && ran_throughout(start_ms, start_ms + WINDOW_MS) {
                sum.expected += 1;
                sum.missed |= at > 0 && self.seen[host][at - 1];
            }
        }
    }

    pub(super) fn into_columns(self, bucket_ms: i64) -> MetricsColumns {
        let windows: Vec<(i64, &Sum)> = self
            .sums
            .iter()
            .enumerate()
            .filter(|(_, sum)| sum.reported > 0)
            .map(|(at, sum)| (align_down(self.from_ms + at as i64 * WINDOW_MS, bucket_ms), sum))
            .collect();
        let mut columns = MetricsColumns {
            bucket_ms,
            ..MetricsColumns::default()
        };
        let mut line = LineColumns::default();
        for bucket in windows.chunk_by(|a, b| a.0 == b.0) {
            columns.times_ms.push(bucket[0].0);
            let sums = || bucket.iter().map(|(_, sum)| *sum);
            let most =
                sums().min_by_key(|sum| (sum.expected - sum.measured, std::cmp::Reverse(sum.measured)));
            columns.containers.push(most.map_or(0, |sum| sum.measured));
            columns.expected.push(most.map_or(0, |sum| sum.expected));
            columns
                .complete
                .push(sums().all(|sum| sum.measured == sum.expected));
            line.push_windows(sums);
        }
        if !columns.times_ms.is_empty() {
            columns.lines.push(line);
        }
        columns
    }
}

impl LineColumns {
    fn push_windows<'a, I: Iterator<Item = &'a Sum>>(&mut self, sums: impl Fn() -> I) {
        let (mut memory, mut memory_weight) = (0_u128, 0_u128);
        for sum in sums().filter(|sum| !sum.missed && sum.measured == sum.reported) {
            memory += u128::from(sum.memory_bytes) * u128::from(sum.samples);
            memory_weight += u128::from(sum.samples);
        }
        let (mut cpu, mut cpu_weight) = (0.0, 0.0);
        for sum in sums().filter(|sum| !sum.missed && !sum.cpu_unknown) {
            cpu += sum.cpu_cores * sum.samples as f64;
            cpu_weight += sum.samples as f64;
        }
        let alone = sums().all(|sum| sum.expected == 1);
        let peak = sums().filter_map(|sum| sum.peak_bytes).max();
        let limit = sums()
            .filter(|sum| !sum.missed)
            .last()
            .filter(|sum| !sum.unlimited);
        self.memory_avg_bytes
            .push((memory_weight > 0).then(|| ((memory + memory_weight / 2) / memory_weight) as u64));
        self.memory_peak_bytes.push(peak.filter(|_| alone));
        self.cpu_avg_cores
            .push((cpu_weight > 0.0).then(|| cores(cpu / cpu_weight)));
        self.limit_bytes.push(limit.map(|sum| sum.limit_bytes));
    }
}

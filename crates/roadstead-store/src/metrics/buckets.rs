//! Moments into buckets: minimum, mean and maximum, so that a spike of one moment is still there when a day is drawn in a thousand
//! points. Pure.

use std::ops::Range;

use roadstead_model::TimeRange;
use roadstead_model::time::align_down;

use super::LineColumns;
use super::moments::{Cell, Count, RATES};

/// Cores are told to this part of one: finer is noise of adding.
const CORES_PER_STEP: f64 = 10_000.0;

/// A bucket so long that a span has at most `most` of them: as short as the ticks' interval, or a multiple of it. It depends on
/// nothing else, so that a chart asked for again lies on the same grid.
pub(super) fn bucket_ms(range: TimeRange, interval_ms: i64, most: u32) -> i64 {
    let interval_ms = interval_ms.max(1);
    let ticks = (range.to_ms - align_down(range.from_ms, interval_ms) + interval_ms - 1) / interval_ms;
    if ticks <= i64::from(most) {
        return interval_ms;
    }
    // A span that is not aligned touches one bucket more than its length says.
    let points = i64::from(most.max(2)) - 1;
    let raw_ms = range.length_ms() / points + i64::from(range.length_ms() % points > 0);
    (raw_ms / interval_ms + i64::from(raw_ms % interval_ms > 0)).max(1) * interval_ms
}

/// The moments of each bucket, ascending; buckets without one are left out.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) times_ms: Vec<i64>,
    moments: Vec<Range<usize>>,
    /// A bucket may hold several moments: then there are a lowest and a highest.
    spread: bool,
    rates: bool,
}

impl Buckets {
    pub(super) fn of(moments_ms: &[i64], bucket_ms: i64, interval_ms: i64, rates: bool) -> Self {
        let mut buckets = Self {
            // A part that is appended is cut as the chart it is for, whatever it holds itself.
            spread: bucket_ms > interval_ms,
            rates,
            ..Self::default()
        };
        let mut start = 0;
        for bucket in moments_ms.chunk_by(|a, b| align_down(*a, bucket_ms) == align_down(*b, bucket_ms)) {
            buckets.times_ms.push(align_down(bucket[0], bucket_ms));
            buckets.moments.push(start..start + bucket.len());
            buckets.spread |= bucket.len() > 1;
            start += bucket.len();
        }
        buckets
    }

    /// Of each bucket the count of its most complete moment, and whether all of them are complete.
    pub(super) fn counts(&self, of_moment: &[Count]) -> impl Iterator<Item = (Count, bool)> {
        self.moments.iter().map(|moments| {
            let counts = &of_moment[moments.clone()];
            let most = counts
                .iter()
                .min_by_key(|count| (count.missing(), std::cmp::Reverse(count.measured)));
            (
                most.copied().unwrap_or_default(),
                counts.iter().all(|count| count.missing() == 0),
            )
        })
    }

    /// A line, and the mean of its memory over all moments: absent when it was measured at none.
    pub(super) fn line(&self, group: u32, of_moment: &[Cell]) -> (LineColumns, Option<u64>) {
        let mut line = LineColumns::with_capacity(group, self.moments.len());
        let mut whole = Mean::default();
        for moments in &self.moments {
            whole.merge(&line.push(&of_moment[moments.clone()], self.spread, self.rates));
        }
        (line, whole.rounded())
    }
}

/// A running mean of bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: u128,
    count: u128,
}

impl Mean {
    fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn rounded(&self) -> Option<u64> {
        (self.count > 0).then(|| ((self.sum + self.count / 2) / self.count) as u64)
    }
}

fn mean(sum: f64, count: u32) -> Option<f64> {
    (count > 0).then(|| sum / f64::from(count))
}

/// Cores as they are told.
pub(super) fn cores(cores: f64) -> f64 {
    (cores * CORES_PER_STEP).round() / CORES_PER_STEP
}

impl LineColumns {
    fn with_capacity(group: u32, buckets: usize) -> Self {
        Self {
            group,
            memory_avg_bytes: Vec::with_capacity(buckets),
            cpu_avg_cores: Vec::with_capacity(buckets),
            limit_bytes: Vec::with_capacity(buckets),
            ..Self::default()
        }
    }

    /// Adds a bucket; gives its mean of memory with its weight.
    fn push(&mut self, cells: &[Cell], spread: bool, with_rates: bool) -> Mean {
        let (mut memory, mut lowest, mut highest) = (Mean::default(), None, None);
        let (mut cpu, mut cpu_count, mut cpu_highest) = (0.0, 0, None);
        let (mut rates, mut rate_counts) = ([0.0; RATES], [0; RATES]);
        for cell in cells {
            if let Some(bytes) = cell.memory() {
                memory.sum += u128::from(bytes);
                memory.count += 1;
                lowest = Some(lowest.map_or(bytes, |known: u64| known.min(bytes)));
                highest = highest.max(Some(bytes));
            }
            if let Some(used) = cell.cpu() {
                cpu += used;
                cpu_count += 1;
                cpu_highest = Some(cpu_highest.map_or(used, |known: f64| known.max(used)));
            }
            for at in 0..RATES {
                if let Some(rate) = cell.rate(at) {
                    rates[at] += rate;
                    rate_counts[at] += 1;
                }
            }
        }
        self.memory_avg_bytes.push(memory.rounded());
        self.cpu_avg_cores.push(mean(cpu, cpu_count).map(cores));
        if spread {
            self.memory_min_bytes.push(lowest);
            self.memory_peak_bytes.push(highest);
            self.cpu_peak_cores.push(cpu_highest.map(cores));
        }
        if with_rates {
            let columns = [
                &mut self.network_rx_bytes_per_s,
                &mut self.network_tx_bytes_per_s,
                &mut self.block_read_bytes_per_s,
                &mut self.block_write_bytes_per_s,
            ];
            for (at, column) in columns.into_iter().enumerate() {
                column.push(mean(rates[at], rate_counts[at]).map(f64::round));
            }
        }
        let limit = cells.iter().rev().find_map(Cell::limit);
        self.limit_bytes.push(limit.flatten());
        memory
    }
}

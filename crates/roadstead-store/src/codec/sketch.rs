//! A mergeable picture of how often values of each size occurred, for quantiles over any number of reports.
//!
//! The mapping of values to bins is that of DDSketch (`sketches-ddsketch`): bins grow by a constant ratio, so that a
//! quantile is right to a constant relative error whatever its size. The bins themselves are ours: a fleet page over 90
//! days merges tens of thousands of sketches of some 30 bins each, which the crate's fixed 128-bin stores and its wire
//! format make ten times slower and larger than a page may be.

use std::sync::LazyLock;

use roadstead_model::quantile::nearest_rank;
use sketches_ddsketch::Config;

use super::bytes::{Damage, Put, Take};

/// Relative error promised by the mapping. Under one percent, so that rounding to a byte stays within it.
const RELATIVE_ERROR: f64 = 0.009;
/// More bins than any 64-bit value can need: `ln(2^64) / ln(gamma)` is about 2465.
const MOST_BINS: usize = 2_560;

/// The mapping. Its own limit of bins plays no part: only `key` and `value` are used.
static MAPPING: LazyLock<Config> = LazyLock::new(|| Config::new(RELATIVE_ERROR, 4_096, 1.0));

/// The lowest value of each bin but the first, which is zero's: bin n holds `FLOORS[n - 1]..FLOORS[n]`. A logarithm per
/// report is a third of the cost of a page; a look at two numbers is nothing.
static FLOORS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let key = |value: u64| MAPPING.key(value as f64).max(0);
    (0..=key(u64::MAX))
        .map(|wanted| {
            // The mapping's own arithmetic decides which side of a limit a value is on.
            let (mut below, mut at_least) = (0, u64::MAX);
            while at_least - below > 1 {
                let middle = below + (at_least - below) / 2;
                if key(middle) >= wanted {
                    at_least = middle;
                } else {
                    below = middle;
                }
            }
            at_least
        })
        .collect()
});

/// The bin of a value: 0 for zero, else one more than DDSketch's key.
pub(crate) fn bin_of(value: u64) -> usize {
    FLOORS.partition_point(|floor| *floor <= value)
}

/// Finds bins of values that are near each other in size, as those of one deployment are.
#[derive(Debug)]
pub(crate) struct NearBins {
    bin: usize,
    floor: u64,
    next_floor: u64,
}

impl NearBins {
    pub(crate) fn new() -> Self {
        Self {
            bin: 0,
            floor: 0,
            next_floor: 1,
        }
    }

    /// As [`bin_of`].
    #[inline]
    pub(crate) fn bin_of(&mut self, value: u64) -> usize {
        if value < self.floor || value >= self.next_floor {
            self.bin = bin_of(value);
            self.floor = self.bin.checked_sub(1).map_or(0, |at| FLOORS[at]);
            // The last bin has no end; then each value is looked up.
            self.next_floor = FLOORS.get(self.bin).copied().unwrap_or(u64::MAX);
        }
        self.bin
    }
}

/// The value a bin stands for.
fn value_of(bin: usize) -> u64 {
    if bin == 0 {
        0
    } else {
        MAPPING.value(bin as i32 - 1).round() as u64
    }
}

/// Counts of values by bin, from the lowest bin in use to the highest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sketch {
    first: usize,
    counts: Vec<u32>,
}

impl Sketch {
    /// Counts a value of this bin.
    #[inline]
    pub(crate) fn add(&mut self, bin: usize) {
        let at = bin.wrapping_sub(self.first);
        if at < self.counts.len() {
            self.counts[at] += 1;
        } else {
            self.cover(bin, bin);
            self.counts[bin - self.first] += 1;
        }
    }

    /// Counts what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        let Some(last) = other.counts.len().checked_sub(1) else {
            return;
        };
        self.cover(other.first, other.first + last);
        let at = other.first - self.first;
        for (mine, theirs) in self.counts[at..].iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// The `percent`-th percentile by nearest rank, within the mapping's relative error. `None` of nothing.
    pub(crate) fn percentile(&self, percent: u64) -> Option<u64> {
        let total: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        if total == 0 {
            return None;
        }
        let rank = nearest_rank(total, percent);
        let mut below = 0;
        for (at, count) in self.counts.iter().enumerate() {
            below += u64::from(*count);
            if below >= rank {
                return Some(value_of(self.first + at));
            }
        }
        None
    }

    /// Makes room for these bins.
    fn cover(&mut self, first: usize, last: usize) {
        if self.counts.is_empty() {
            self.first = first;
            self.counts.resize(last - first + 1, 0);
            return;
        }
        if first < self.first {
            let more = self.first - first;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = first;
        }
        let needed = last - self.first + 1;
        if needed > self.counts.len() {
            self.counts.resize(needed, 0);
        }
    }

    /// Appends: number of bins in use; first and last bin; then a count per bin, where a zero is followed by how many
    /// bins in a row have none.
    pub(crate) fn put(&self, blob: &mut Vec<u8>) {
        let used = self.counts.iter().filter(|count| **count > 0).count();
        blob.put_uint(used as u64);
        if used == 0 {
            return;
        }
        let from = self
            .counts
            .iter()
            .position(|count| *count > 0)
            .unwrap_or_default();
        let to = self
            .counts
            .iter()
            .rposition(|count| *count > 0)
            .unwrap_or_default();
        blob.put_uint((self.first + from) as u64);
        blob.put_uint((to - from) as u64);
        for run in self.counts[from..=to].chunk_by(|a, b| *a == 0 && *b == 0) {
            blob.put_uint(u64::from(run[0]));
            if run[0] == 0 {
                blob.put_uint(run.len() as u64);
            }
        }
    }

    /// Counts what a stored sketch has counted.
    pub(crate) fn merge_stored(&mut self, take: &mut Take<'_>) -> Result<(), Damage> {
        let mut used = take.count(MOST_BINS)?;
        if used == 0 {
            return Ok(());
        }
        let first = take.count(MOST_BINS)?;
        let last = first + take.count(MOST_BINS)?;
        if last > MOST_BINS {
            return Err(Damage("a sketch has too many bins"));
        }
        self.cover(first, last);
        let mut at = first - self.first;
        while used > 0 {
            let count = u32::try_from(take.uint()?).map_err(|_| Damage("a sketch's count is too large"))?;
            if count == 0 {
                at += take.count(MOST_BINS)?;
            } else {
                let bin = self
                    .counts
                    .get_mut(at)
                    .ok_or(Damage("a sketch counts beyond its last bin"))?;
                *bin = bin.saturating_add(count);
                at += 1;
                used -= 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roadstead_model::quantile::percentile;

    fn sketch_of(values: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for value in values {
            sketch.add(bin_of(*value));
        }
        sketch
    }

    fn error_ratio(got: u64, exact: u64) -> f64 {
        if got == exact {
            0.0
        } else {
            (got as f64 - exact as f64).abs() / exact as f64
        }
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_one_percent_of_the_exact_one(
            values in prop::collection::vec(prop_oneof![any::<u64>(), 40..4_000_000_u64, 900_000_000..1_000_000_000_u64], 1..400),
            percent in 1_u64..=100,
        ) {
            let got = sketch_of(&values).percentile(percent).unwrap();
            let exact = percentile(&mut values.clone(), percent).unwrap();
            prop_assert!(error_ratio(got, exact) <= 0.01, "{} for {}", got, exact);
        }

        #[test]
        fn stored_and_merged_in_any_order_it_counts_the_same(
            parts in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..50), 0..8),
        ) {
            let whole = sketch_of(&parts.concat());
            let mut stored = Sketch::default();
            let mut direct = Sketch::default();
            for part in parts.iter().rev() {
                let mut blob = Vec::new();
                sketch_of(part).put(&mut blob);
                let mut take = Take::new(&blob);
                stored.merge_stored(&mut take).unwrap();
                prop_assert!(take.is_empty());
                direct.merge(&sketch_of(part));
            }
            for percent in [1, 50, 95, 100] {
                prop_assert_eq!(stored.percentile(percent), whole.percentile(percent));
                prop_assert_eq!(direct.percentile(percent), whole.percentile(percent));
            }
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let _ = Sketch::default().merge_stored(&mut Take::new(&bytes));
        }
    }

    #[test]
    fn bins_are_those_of_the_mapping() {
        let mut near = NearBins::new();
        let mut value = 1_u64;
        while value < u64::MAX / 2 {
            for value in [value - 1, value, value + 1] {
                let by_mapping = if value == 0 {
                    0
                } else {
                    MAPPING.key(value as f64) as usize + 1
                };
                assert_eq!(bin_of(value), by_mapping, "{value}");
                assert_eq!(near.bin_of(value), by_mapping, "{value}");
            }
            value += value / 300 + 1;
        }
        assert_eq!(near.bin_of(u64::MAX), bin_of(u64::MAX));
        assert_eq!(near.bin_of(0), 0);
    }

    #[test]
    fn small_and_extreme_values_have_bins() {
        assert_eq!(sketch_of(&[0, 0, 0]).percentile(95), Some(0));
        assert_eq!(sketch_of(&[1]).percentile(95), Some(1));
        assert!(bin_of(u64::MAX) <= MOST_BINS);
        assert_eq!(Sketch::default().percentile(95), None);
    }

    #[test]
    fn a_steady_day_takes_a_few_bytes() {
        let day: Vec<u64> = (0..96).map(|at| 512 * 1024 * 1024 + at * 300_000).collect();
        let mut blob = Vec::new();
        sketch_of(&day).put(&mut blob);
        assert!(blob.len() <= 12, "{}", blob.len());
    }
}

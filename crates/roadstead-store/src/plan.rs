//! Which stored values answer a span of time: sums of spans, and parts of shifts at its ends.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use roadstead_model::TimeRange;
use roadstead_model::time::{WINDOW_MS, align_down};

use crate::FleetQuery;
use crate::progress::{SHIFT_MS, TIERS, Tier, WINDOWS_PER_SHIFT};

/// Windows of a shift that are read one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShiftPart {
    /// Windows that count in the span.
    pub(crate) summed: Range<usize>,
    /// Windows that count in the recent span.
    pub(crate) recent: Range<usize>,
}

/// Which stored values answer a span. Together they cover each window of it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Spans whose sums are read: the tier, and the first shift.
    pub(crate) sums: Vec<(Tier, i64)>,
    /// Shifts whose own sums tell what counts in the recent span; some of them are among `sums` too.
    pub(crate) recent_sums: BTreeSet<i64>,
    /// Shifts read report by report.
    pub(crate) shifts: BTreeMap<i64, ShiftPart>,
    spark_from_ms: i64,
    spark_bucket_ms: i64,
    slots: usize,
}

impl Plan {
    pub(crate) fn of(query: &FleetQuery, summed_until: Option<i64>) -> Self {
        let (from_ms, to_ms) = (query.range.from_ms, query.range.to_ms);
        let bucket_ms = query.spark_bucket_ms;
        let spark_from_ms = align_down(from_ms, bucket_ms);
        let length_ms = to_ms - spark_from_ms;
        let mut plan = Self {
            sums: Vec::new(),
            recent_sums: BTreeSet::new(),
            shifts: BTreeMap::new(),
            spark_from_ms,
            spark_bucket_ms: bucket_ms,
            slots: (length_ms / bucket_ms + i64::from(length_ms % bucket_ms > 0)) as usize,
        };
        let first_whole = -(-from_ms).div_euclid(SHIFT_MS);
        let end_whole = to_ms.div_euclid(SHIFT_MS).min(summed_until.unwrap_or(i64::MIN));
        // A sum is of use when none of its stretches lies in two sparkline buckets.
        let fits = |tier: &&Tier| bucket_ms % tier.stretch_ms == 0;
        let mut next = first_whole;
        while next < end_whole {
            let longest = TIERS
                .iter()
                .filter(fits)
                .rfind(|tier| tier.start_of(next) == next && next + tier.shifts <= end_whole);
            let Some(tier) = longest else { break };
            plan.sums.push((*tier, next));
            next += tier.shifts;
        }
        for (shift, windows) in
            shifts_of(query.range).filter(|(shift, _)| !(first_whole..next).contains(shift))
        {
            plan.shifts.entry(shift).or_default().summed = windows;
        }
        for (shift, windows) in query.recent.into_iter().flat_map(shifts_of) {
            let has_sum = summed_until.is_some_and(|until| shift < until);
            if has_sum && windows == (0..WINDOWS_PER_SHIFT) && !plan.shifts.contains_key(&shift) {
                plan.recent_sums.insert(shift);
            } else {
                plan.shifts.entry(shift).or_default().recent = windows;
            }
        }
        plan
    }

    /// The first shifts of the spans of a tier that are read.
    pub(crate) fn starts(&self, tier: Tier) -> BTreeSet<i64> {
        let of_tier = self.sums.iter().filter(|(of, _)| *of == tier);
        let mut starts: BTreeSet<i64> = of_tier.map(|(_, start)| *start).collect();
        if tier.shifts == 1 {
            starts.extend(&self.recent_sums);
        }
        starts
    }

    /// Sparkline buckets.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// The bucket of a moment of the span.
    #[inline]
    pub(crate) fn slot(&self, time_ms: i64) -> usize {
        ((time_ms - self.spark_from_ms) / self.spark_bucket_ms) as usize
    }
}

/// The shifts of a span, with the windows of each that are in it.
pub(crate) fn shifts_of(range: TimeRange) -> impl Iterator<Item = (i64, Range<usize>)> {
    let first = range.from_ms.div_euclid(SHIFT_MS);
    let last = (range.to_ms - 1).div_euclid(SHIFT_MS);
    (first..=last).map(move |shift| {
        let window_of = |time_ms: i64| {
            ((time_ms - shift * SHIFT_MS) / WINDOW_MS).clamp(0, WINDOWS_PER_SHIFT as i64) as usize
        };
        (shift, window_of(range.from_ms)..window_of(range.to_ms))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roadstead_model::time::DAY_MS;

    proptest! {
        #[test]
        fn every_window_of_a_span_is_read_once(
            from in 0_i64..40 * 96,
            length in 1_i64..40 * 96,
            summed_until in prop::option::of(0_i64..60 * 4),
            bucket_windows in prop::sample::select(vec![1_i64, 4, 24, 96, 192]),
            (recent_from, recent_length) in (0_i64..40 * 96, 1_i64..4 * 96),
        ) {
            let range = TimeRange { from_ms: from * WINDOW_MS, to_ms: (from + length) * WINDOW_MS };
            let recent = TimeRange { from_ms: recent_from * WINDOW_MS, to_ms: (recent_from + recent_length) * WINDOW_MS };
            let bucket_ms = bucket_windows * WINDOW_MS;
            let query = FleetQuery { range, spark_bucket_ms: bucket_ms, recent: Some(recent) };
            let plan = Plan::of(&query, summed_until);
            let mut counted = vec![0; 90 * 96];
            for shift in &plan.recent_sums {
                prop_assert!(*shift < summed_until.unwrap());
                prop_assert!(plan.starts(TIERS[0]).contains(shift));
                (shift * 24..(shift + 1) * 24).for_each(|window| counted[window as usize] += 1);
            }
            for (shift, part) in &plan.shifts {
                part.recent.clone().for_each(|window| counted[*shift as usize * 24 + window] += 1);
            }
            for (window, times) in counted.into_iter().enumerate() {
                let inside = recent.contains(window as i64 * WINDOW_MS);
                prop_assert_eq!(times, i32::from(inside), "recent window {}", window);
            }
            let mut read = vec![0; 90 * 96];
            for (tier, start) in &plan.sums {
                prop_assert!(start + tier.shifts <= summed_until.unwrap(), "{:?} at {} has no sum", tier, start);
                prop_assert_eq!(tier.start_of(*start), *start);
                for window in start * 24..(start + tier.shifts) * 24 {
                    read[window as usize] += 1;
                }
                for stretch in 0..tier.stretches() as i64 {
                    let from_ms = start * SHIFT_MS + stretch * tier.stretch_ms;
                    prop_assert_eq!(plan.slot(from_ms), plan.slot(from_ms + tier.stretch_ms - 1));
                }
            }
            for (shift, part) in &plan.shifts {
                for window in part.summed.clone() {
                    read[*shift as usize * 24 + window] += 1;
                }
            }
            for (window, times) in read.into_iter().enumerate() {
                let inside = range.contains(window as i64 * WINDOW_MS);
                prop_assert_eq!(times, i32::from(inside), "window {}", window);
            }
            prop_assert!(plan.slot(range.to_ms - 1) < plan.slots());
        }
    }

    #[test]
    fn ninety_days_are_read_from_few_values() {
        for end_window in 0..96 {
            let to_ms = 20_000 * DAY_MS + end_window * WINDOW_MS;
            let range = TimeRange {
                from_ms: to_ms - 90 * DAY_MS,
                to_ms,
            };
            let summed_until = Some(to_ms.div_euclid(SHIFT_MS));
            let plan = Plan::of(
                &FleetQuery {
                    range,
                    spark_bucket_ms: 3 * DAY_MS,
                    recent: None,
                },
                summed_until,
            );
            assert!(plan.sums.len() <= 23, "{}", plan.sums.len());
            assert!(plan.shifts.len() <= 2, "{:?}", plan.shifts);
        }
    }
}

//! What an app's reports of a span of time say together, per deployment: the value of a sum.

use std::ops::Range;

use roadstead_model::{DeploymentId, Report};

use super::bytes::{Damage, Put, seal, unseal};
use super::deployment_sum::{Counts, DeploymentSum};
use super::shift::{ShiftColumns, ShiftDeployment};
use crate::progress::WINDOWS_PER_SHIFT;

const FORMAT: u8 = 1;
const MOST_DEPLOYMENTS: usize = 1 << 20;
const MOST_SLOTS: usize = 1 << 12;

/// A shift as it is being read.
#[derive(Debug)]
pub(crate) struct ShiftRead<'a> {
    pub(crate) columns: &'a ShiftColumns,
    pub(crate) start_ms: i64,
    /// Windows that count.
    pub(crate) windows: Range<usize>,
    /// The sparkline bucket of each window of the shift.
    pub(crate) slots: &'a [usize; WINDOWS_PER_SHIFT],
}

/// Mean memory of the reports of a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SparkSlot {
    pub(crate) weight: u64,
    pub(crate) sum: u128,
}

impl SparkSlot {
    pub(crate) fn add(&mut self, other: Self) {
        self.weight = self.weight.saturating_add(other.weight);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// The mean, rounded to a byte.
    pub(crate) fn mean(self) -> Option<u64> {
        let weight = u128::from(self.weight);
        (weight > 0).then(|| ((self.sum + weight / 2) / weight) as u64)
    }
}

/// What an app's reports of a span say together, over chosen deployments.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppSum {
    /// The deployments that are counted, ascending; others are passed over.
    pub(crate) ids: Vec<DeploymentId>,
    /// One sum per id.
    pub(crate) sums: Vec<DeploymentSum>,
    /// The span in equal stretches.
    pub(crate) spark: Vec<SparkSlot>,
}

impl AppSum {
    /// Nothing counted yet. `ids` ascend.
    pub(crate) fn over(ids: Vec<DeploymentId>, slots: usize) -> Self {
        Self {
            sums: vec![DeploymentSum::default(); ids.len()],
            spark: vec![SparkSlot::default(); slots],
            ids,
        }
    }

    /// Counts one report, in the stretch `slot`.
    pub(crate) fn add(&mut self, report: &Report, slot: usize) {
        let Ok(at) = self.ids.binary_search(&report.deployment) else {
            return;
        };
        self.sums[at].add(report);
        if let (Some(slot), Some(average)) = (self.spark.get_mut(slot), report.memory_avg_bytes) {
            let weight = u64::from(report.sample_count).max(1);
            slot.add(SparkSlot {
                weight,
                sum: u128::from(average) * u128::from(weight),
            });
        }
    }

    /// Counts the windows of a shift of the `at`-th deployment, but those that fresh reports replace.
    pub(crate) fn add_shift(
        &mut self,
        at: usize,
        shift: &ShiftRead<'_>,
        deployment: &ShiftDeployment,
        replaced: u32,
    ) {
        let sum = &mut self.sums[at];
        let (from, to) = (shift.windows.start, shift.windows.end);
        if let Some((first, row, count)) = deployment.run(from, to, replaced) {
            sum.add_run(shift, first, row..row + count, &mut self.spark);
            return;
        }
        for (window, row) in deployment.rows(from, to, replaced) {
            sum.add_run(shift, window, row..row + 1, &mut self.spark);
        }
    }

    /// The blob; times are kept relative to `origin_ms`.
    pub(crate) fn put(&self, origin_ms: i64) -> Vec<u8> {
        let mut blob = Vec::with_capacity(64 + self.ids.len() * 80);
        blob.push(FORMAT);
        blob.put_uint(self.spark.len() as u64);
        for slot in &self.spark {
            blob.put_uint(slot.weight);
            blob.put_wide(slot.sum);
        }
        let seen = || self.ids.iter().zip(&self.sums).filter(|(_, sum)| sum.reports > 0);
        blob.put_uint(seen().count() as u64);
        let mut before = 0;
        for (id, sum) in seen() {
            blob.put_int(id.0.wrapping_sub(before));
            before = id.0;
            sum.put(&mut blob, origin_ms);
        }
        seal(blob)
    }

    /// Counts what a blob of [`AppSum::put`] has counted. Its stretch number n is added to the stretch `slot(n)`; `happened`
    /// is told what happened in it to the deployment at each place of `ids`.
    pub(crate) fn merge_stored(
        &mut self,
        blob: &[u8],
        origin_ms: i64,
        slot: impl Fn(usize) -> usize,
        mut happened: impl FnMut(usize, &Counts),
    ) -> Result<(), Damage> {
        let mut take = unseal(blob)?;
        take.format(FORMAT)?;
        for stretch in 0..take.count(MOST_SLOTS)? {
            let weight = take.uint()?;
            let sum = take.wide()?;
            if let Some(mine) = self.spark.get_mut(slot(stretch)) {
                mine.add(SparkSlot { weight, sum });
            }
        }
        let mut passed_over = DeploymentSum::default();
        let (mut id, mut at) = (0_i64, 0);
        for _ in 0..take.count(MOST_DEPLOYMENTS)? {
            id = id.wrapping_add(take.int()?);
            // Ids ascend on both sides.
            while self.ids.get(at).is_some_and(|mine| mine.0 < id) {
                at += 1;
            }
            match self.ids.get(at) {
                Some(mine) if mine.0 == id => {
                    let counts = self.sums[at].merge_stored(&mut take, origin_ms)?;
                    happened(at, &counts);
                }
                _ => {
                    passed_over.merge_stored(&mut take, origin_ms)?;
                }
            }
        }
        Ok(())
    }
}

/// The deployments a blob of [`AppSum::put`] has counted, ascending.
pub(crate) fn deployments_of(blob: &[u8]) -> Result<Vec<DeploymentId>, Damage> {
    let mut ids = Vec::new();
    counts_of(blob, |id, _| ids.push(id))?;
    Ok(ids)
}

/// What happened to each deployment that a blob of [`AppSum::put`] has counted, ascending.
pub(crate) fn counts_of(blob: &[u8], mut each: impl FnMut(DeploymentId, &Counts)) -> Result<(), Damage> {
    let mut take = unseal(blob)?;
    take.format(FORMAT)?;
    for _ in 0..take.count(MOST_SLOTS)? {
        take.uint()?;
        take.wide()?;
    }
    let mut passed_over = DeploymentSum::default();
    let mut id = 0_i64;
    for _ in 0..take.count(MOST_DEPLOYMENTS)? {
        id = id.wrapping_add(take.int()?);
        each(DeploymentId(id), &passed_over.merge_stored(&mut take, 0)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::report::tests::any_report;
    use crate::progress::SHIFT_MS;
    use proptest::prelude::*;
    use roadstead_model::Window;
    use roadstead_model::time::WINDOW_MS;

    /// Everything but the sketch, whose percentiles stand for it.
    type Said = (
        u32,
        Option<u64>,
        Option<u64>,
        Option<u64>,
        Option<u64>,
        u64,
        u64,
        i64,
        i64,
        Option<u64>,
        Option<u64>,
        Option<u64>,
    );

    fn said(sum: &DeploymentSum) -> Said {
        (
            sum.reports,
            sum.memory_mean(),
            sum.memory_peak,
            sum.log_errors.0,
            sum.log_warnings.0,
            sum.oom_kills,
            sum.restarts,
            sum.first_window_ms,
            sum.last_window_ms,
            sum.estimate,
            sum.limit,
            sum.peaks.percentile(95),
        )
    }

    fn any_reports() -> impl Strategy<Value = Vec<Report>> {
        prop::collection::btree_set((1_i64..4, 0_i64..24), 1..30).prop_flat_map(|places| {
            places
                .into_iter()
                .map(|(deployment, window)| {
                    any_report(
                        deployment,
                        Window {
                            start_ms: 7 * SHIFT_MS + window * WINDOW_MS,
                        },
                    )
                })
                .collect::<Vec<_>>()
        })
    }

    proptest! {
        #[test]
        fn a_sum_stored_in_two_halves_says_what_one_of_all_says(reports in any_reports(), cut in 0_usize..30) {
            let ids: Vec<DeploymentId> = (1..4).map(DeploymentId).collect();
            let mut whole = AppSum::over(ids.clone(), 6);
            reports.iter().for_each(|report| whole.add(report, 3));
            let mut merged = AppSum::over(ids.clone(), 6);
            // Neighbouring windows may be in different halves: the newest must win whatever the order of merging.
            let halves = reports.split_at(cut.min(reports.len()));
            for half in [halves.1, halves.0] {
                let mut sum = AppSum::over(ids.clone(), 6);
                half.iter().for_each(|report| sum.add(report, 3));
                merged.merge_stored(&sum.put(7 * SHIFT_MS), 7 * SHIFT_MS, |stretch| stretch, |_, _| ()).unwrap();
            }
            for (merged, whole) in merged.sums.iter().zip(&whole.sums) {
                prop_assert_eq!(said(merged), said(whole));
                prop_assert_eq!(merged.cpu_weight, whole.cpu_weight);
                let difference = (merged.cpu_sum - whole.cpu_sum).abs();
                prop_assert!(difference <= 1e-6 * whole.cpu_sum.abs() || difference < 1e-3 || !whole.cpu_sum.is_finite());
            }
            prop_assert_eq!(&merged.spark, &whole.spark);
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let blob = seal(bytes);
            let _ = AppSum::over(vec![DeploymentId(1)], 6).merge_stored(&blob, 0, |stretch| stretch, |_, _| ());
            let _ = deployments_of(&blob);
        }
    }
}

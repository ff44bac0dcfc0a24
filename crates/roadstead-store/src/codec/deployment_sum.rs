//! What the reports of one deployment say together, and how that is stored.
//!
//! Everything in it merges: counts and sums add, peaks take the higher, sketches add, the newest wins. So the sum of
//! any span is exactly what its reports say (cores to rounding, quantiles to the sketch's error), and the same
//! structure serves a shift, sixteen days, and a page.

use std::ops::Range;

use roadstead_model::Report;
use roadstead_model::time::WINDOW_MS;

use super::app_sum::{ShiftRead, SparkSlot};
use super::bytes::{Damage, Put, Take};
use super::column::{Column, Presence};
use super::shift::ShiftColumns;
use super::sketch::{NearBins, Sketch, bin_of};

/// A sum of counts that is absent until something was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted(pub(crate) Option<u64>);

impl Counted {
    pub(crate) fn add(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.0 = Some(self.0.unwrap_or_default().saturating_add(value));
        }
    }
}

/// What happened to one deployment, counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) log_errors: Counted,
    pub(crate) log_warnings: Counted,
    pub(crate) oom_kills: u64,
    pub(crate) restarts: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.log_errors.add(other.log_errors.0);
        self.log_warnings.add(other.log_warnings.0);
        self.oom_kills = self.oom_kills.saturating_add(other.oom_kills);
        self.restarts = self.restarts.saturating_add(other.restarts);
    }

    /// Of some rows of a shift.
    pub(crate) fn of_rows(columns: &ShiftColumns, rows: &Range<usize>) -> Self {
        Self {
            log_errors: Counted(total(&columns.log_errors, rows)),
            log_warnings: Counted(total(&columns.log_warnings, rows)),
            oom_kills: total(&columns.oom_kills, rows).unwrap_or_default(),
            restarts: total(&columns.restarts, rows).unwrap_or_default(),
        }
    }

    /// Of one report.
    pub(crate) fn of(report: &Report) -> Self {
        Self {
            log_errors: Counted(report.log_errors.map(u64::from)),
            log_warnings: Counted(report.log_warnings.map(u64::from)),
            oom_kills: u64::from(report.oom_kills),
            restarts: u64::from(report.restarts),
        }
    }
}

/// What the reports of one deployment say together.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeploymentSum {
    pub(crate) reports: u32,
    /// Σ weight of reports with memory; the weight of a report is its samples, at least one.
    pub(crate) memory_weight: u64,
    /// Σ average × weight.
    pub(crate) memory_sum: u128,
    pub(crate) memory_peak: Option<u64>,
    /// Σ weight of reports with cores.
    pub(crate) cpu_weight: u64,
    /// Σ cores × weight.
    pub(crate) cpu_sum: f64,
    pub(crate) log_errors: Counted,
    pub(crate) log_warnings: Counted,
    pub(crate) oom_kills: u64,
    pub(crate) restarts: u64,
    pub(crate) first_window_ms: i64,
    pub(crate) last_window_ms: i64,
    /// In the newest report.
    pub(crate) estimate: Option<u64>,
    /// In the newest report.
    pub(crate) limit: Option<u64>,
    /// Of the reports' peaks.
    pub(crate) peaks: Sketch,
}

impl DeploymentSum {
    /// Mean memory, rounded to a byte.
    pub(crate) fn memory_mean(&self) -> Option<u64> {
        let weight = u128::from(self.memory_weight);
        (weight > 0).then(|| ((self.memory_sum + weight / 2) / weight) as u64)
    }

    /// Mean cores.
    pub(crate) fn cpu_mean(&self) -> Option<f64> {
        (self.cpu_weight > 0).then(|| self.cpu_sum / self.cpu_weight as f64)
    }

    /// Marks that a report of this window was counted; true when it is the newest so far.
    pub(crate) fn saw(&mut self, window_ms: i64) -> bool {
        if self.reports == 0 {
            self.first_window_ms = window_ms;
            self.last_window_ms = window_ms;
        }
        self.reports += 1;
        self.first_window_ms = self.first_window_ms.min(window_ms);
        let newest = window_ms >= self.last_window_ms;
        self.last_window_ms = self.last_window_ms.max(window_ms);
        newest
    }

    /// Counts one report.
    pub(super) fn add(&mut self, report: &Report) {
        if self.saw(report.window.start_ms) {
            self.estimate = report.estimate_bytes;
            self.limit = report.limit_bytes;
        }
        let weight = u64::from(report.sample_count).max(1);
        if let Some(average) = report.memory_avg_bytes {
            self.memory_weight += weight;
            self.memory_sum += u128::from(average) * u128::from(weight);
        }
        if let Some(peak) = report.memory_peak_bytes {
            self.memory_peak = self.memory_peak.max(Some(peak));
            self.peaks.add(bin_of(peak));
        }
        if let Some(cores) = report.cpu_avg_cores.filter(|cores| cores.is_finite()) {
            self.cpu_weight += weight;
            self.cpu_sum += cores * weight as f64;
        }
        self.log_errors.add(report.log_errors.map(u64::from));
        self.log_warnings.add(report.log_warnings.map(u64::from));
        self.oom_kills += u64::from(report.oom_kills);
        self.restarts += u64::from(report.restarts);
    }

    /// Counts the reports of a run of windows, the first of them the `first`-th of the shift.
    pub(super) fn add_run(
        &mut self,
        shift: &ShiftRead<'_>,
        first: usize,
        rows: Range<usize>,
        spark: &mut [SparkSlot],
    ) {
        let columns = shift.columns;
        let window_ms = |window: usize| shift.start_ms + window as i64 * WINDOW_MS;
        let (first_ms, last_ms) = (window_ms(first), window_ms(first + rows.len() - 1));
        if self.reports == 0 || last_ms >= self.last_window_ms {
            self.last_window_ms = last_ms;
            self.estimate = columns.estimate.get(rows.end - 1);
            self.limit = columns.limit.get(rows.end - 1);
        }
        if self.reports == 0 || first_ms < self.first_window_ms {
            self.first_window_ms = first_ms;
        }
        self.reports += rows.len() as u32;
        let mut start = rows.start;
        for slots in shift.slots[first..first + rows.len()].chunk_by(|a, b| a == b) {
            let stretch = start..start + slots.len();
            start = stretch.end;
            let part = memory_of(columns, &stretch);
            self.memory_weight += part.weight;
            self.memory_sum += part.sum;
            if let Some(slot) = spark.get_mut(slots[0]) {
                slot.add(part);
            }
        }
        let mut bins = NearBins::new();
        each(&columns.memory_peak, &rows, |_, peak| {
            self.memory_peak = self.memory_peak.max(Some(peak));
            self.peaks.add(bins.bin_of(peak));
        });
        each(&columns.cpu_avg, &rows, |row, cores| {
            if cores.is_finite() {
                let weight = weight_of(columns, row);
                self.cpu_weight += weight;
                self.cpu_sum += cores * weight as f64;
            }
        });
        self.log_errors.add(total(&columns.log_errors, &rows));
        self.log_warnings.add(total(&columns.log_warnings, &rows));
        self.oom_kills += total(&columns.oom_kills, &rows).unwrap_or_default();
        self.restarts += total(&columns.restarts, &rows).unwrap_or_default();
    }

    fn merge_numbers(&mut self, other: &Self) {
        if other.reports == 0 {
            return;
        }
        if self.reports == 0 || other.last_window_ms >= self.last_window_ms {
            self.estimate = other.estimate;
            self.limit = other.limit;
            self.last_window_ms = other.last_window_ms;
        }
        if self.reports == 0 || other.first_window_ms < self.first_window_ms {
            self.first_window_ms = other.first_window_ms;
        }
        self.reports = self.reports.saturating_add(other.reports);
        self.memory_weight = self.memory_weight.saturating_add(other.memory_weight);
        self.memory_sum = self.memory_sum.saturating_add(other.memory_sum);
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.cpu_weight = self.cpu_weight.saturating_add(other.cpu_weight);
        self.cpu_sum += other.cpu_sum;
        self.log_errors.add(other.log_errors.0);
        self.log_warnings.add(other.log_warnings.0);
        self.oom_kills = self.oom_kills.saturating_add(other.oom_kills);
        self.restarts = self.restarts.saturating_add(other.restarts);
    }

    /// Appends: a mask of what is there, counts and sums, sizes, then the sketch. Most of a store's sums are of one shift
    /// and one deployment, so each byte here is some hundred thousand on disk.
    pub(super) fn put(&self, blob: &mut Vec<u8>, origin_ms: i64) {
        let options = self.options();
        let mut mask = options
            .iter()
            .enumerate()
            .fold(0_u64, |mask, (at, value)| mask | u64::from(value.is_some()) << at);
        let same_weight = self.cpu_weight == self.memory_weight;
        // Cores are kept to ten-thousandths (see `roadstead_model::rate`), and so is their weighted sum when it is one but
        // for what adding reals blurs.
        let steps = (self.cpu_sum * CORE_STEPS).round();
        let in_steps = (self.cpu_sum * CORE_STEPS - steps).abs() < 1e-3 && (0.0..1e15).contains(&steps);
        mask |= u64::from(same_weight) << 5 | u64::from(in_steps) << 6;
        blob.put_uint(mask);
        blob.put_uint(u64::from(self.reports));
        blob.put_uint(self.memory_weight);
        blob.put_wide(self.memory_sum);
        if !same_weight {
            blob.put_uint(self.cpu_weight);
        }
        if in_steps {
            blob.put_uint(steps as u64);
        } else {
            blob.put_real(self.cpu_sum);
        }
        for value in options.into_iter().flatten() {
            put_size(blob, value);
        }
        blob.put_uint(self.oom_kills);
        blob.put_uint(self.restarts);
        let quarters = |time_ms: i64| time_ms.wrapping_sub(origin_ms) / WINDOW_MS;
        blob.put_int(quarters(self.first_window_ms));
        blob.put_int(quarters(self.last_window_ms));
        self.peaks.put(blob);
    }

    fn options(&self) -> [Option<u64>; 5] {
        [
            self.memory_peak,
            self.log_errors.0,
            self.log_warnings.0,
            self.estimate,
            self.limit,
        ]
    }

    /// Counts what a stored sum has counted; gives what happened in it.
    pub(super) fn merge_stored(&mut self, take: &mut Take<'_>, origin_ms: i64) -> Result<Counts, Damage> {
        let mask = take.uint()?;
        let mut other = Self {
            reports: super::report::small(take.uint()?)?,
            memory_weight: take.uint()?,
            memory_sum: take.wide()?,
            ..Self::default()
        };
        other.cpu_weight = if mask >> 5 & 1 == 1 {
            other.memory_weight
        } else {
            take.uint()?
        };
        other.cpu_sum = if mask >> 6 & 1 == 1 {
            take.uint()? as f64 / CORE_STEPS
        } else {
            take.real()?
        };
        let mut options = [None; 5];
        for (at, value) in options.iter_mut().enumerate() {
            if mask >> at & 1 == 1 {
                *value = Some(take_size(take)?);
            }
        }
        [
            other.memory_peak,
            other.log_errors.0,
            other.log_warnings.0,
            other.estimate,
            other.limit,
        ] = options;
        other.oom_kills = take.uint()?;
        other.restarts = take.uint()?;
        let time_ms = |quarters: i64| {
            quarters
                .checked_mul(WINDOW_MS)
                .and_then(|since| since.checked_add(origin_ms))
                .ok_or(Damage("a window is out of range"))
        };
        other.first_window_ms = time_ms(take.int()?)?;
        other.last_window_ms = time_ms(take.int()?)?;
        self.merge_numbers(&other);
        self.peaks.merge_stored(take)?;
        Ok(Counts {
            log_errors: other.log_errors,
            log_warnings: other.log_warnings,
            oom_kills: other.oom_kills,
            restarts: other.restarts,
        })
    }
}

/// Steps of a core.
const CORE_STEPS: f64 = 10_000.0;

/// Sizes are mostly whole pages or mebibytes: the low bit says whether a number of trailing zero bits follows that were
/// cut off.
fn put_size(blob: &mut Vec<u8>, value: u64) {
    let zeros = value.trailing_zeros();
    if value != 0 && zeros >= 8 {
        blob.put_uint(value >> zeros << 1 | 1);
        blob.push(zeros as u8);
    } else {
        blob.put_wide(u128::from(value) << 1);
    }
}

fn take_size(take: &mut Take<'_>) -> Result<u64, Damage> {
    let tagged = take.wide()?;
    let value = u64::try_from(tagged >> 1).map_err(|_| Damage("a size is too large"))?;
    if tagged & 1 == 0 {
        return Ok(value);
    }
    let zeros = u32::from(take.byte()?);
    value
        .checked_shl(zeros)
        .filter(|size| size >> zeros == value)
        .ok_or(Damage("a size is too large"))
}

/// What is there of a column's rows.
#[inline]
fn each<T: Copy>(column: &Column<T>, rows: &Range<usize>, mut take: impl FnMut(usize, T)) {
    if column.presence == Presence::All && column.same.is_none() {
        for (row, value) in rows.clone().zip(&column.values[rows.clone()]) {
            take(row, *value);
        }
    } else {
        for row in rows.clone() {
            if let Some(value) = column.get(row) {
                take(row, value);
            }
        }
    }
}

/// What a report weighs: its samples, at least one.
#[inline]
fn weight_of(columns: &ShiftColumns, row: usize) -> u64 {
    columns.samples.get(row).unwrap_or_default().max(1)
}

/// Average memory × weight of some rows.
#[inline]
fn memory_of(columns: &ShiftColumns, rows: &Range<usize>) -> SparkSlot {
    let mut part = SparkSlot::default();
    each(&columns.memory_avg, rows, |row, average| {
        let weight = weight_of(columns, row);
        part.weight += weight;
        part.sum += u128::from(average) * u128::from(weight);
    });
    part
}

/// The sum of what is there of a column's rows; absent when nothing is.
pub(crate) fn total(column: &Column<u64>, rows: &Range<usize>) -> Option<u64> {
    match (&column.presence, column.same) {
        (Presence::None, _) => None,
        (Presence::All, Some(same)) => (!rows.is_empty()).then(|| same * rows.len() as u64),
        (Presence::All, None) => (!rows.is_empty()).then(|| column.values[rows.clone()].iter().sum()),
        (Presence::Some(_), _) => {
            let mut sum = Counted::default();
            for row in rows.clone() {
                sum.add(column.get(row));
            }
            sum.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sizes_come_back(value: u64, zeros in 0_u32..64) {
            for value in [value, value >> zeros, value << zeros, 0] {
                let mut blob = Vec::new();
                put_size(&mut blob, value);
                prop_assert_eq!(take_size(&mut Take::new(&blob)).unwrap(), value);
            }
        }
    }
}

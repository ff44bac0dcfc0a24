//! One app's reports of one shift (six hours), of all its deployments, as columns.
//!
//! A value per (app, shift), ordered by deployment and then window: what a page reads is always all deployments of an app,
//! so a page over 30 days reads 120 values and not 120 × deployments, and the codec's own overhead is shared. Two blobs:
//! the *hot* one holds what pages aggregate, the *cold* one what only a single report's reader wants (memory at the
//! window's end, the containers' parts), so that pages never touch its bytes.
//!
//! The average is the smoothest column; peak and current are kept as distances from it. The average is cut to whole
//! 4 KiB pages for that, so that readings that are page multiples stay multiples, which the codec divides out.

use roadstead_model::time::WINDOW_MS;
use roadstead_model::{DeploymentId, Report, Window};

use super::bytes::{Damage, Put, Take, seal, unseal};
use super::column::{
    Column, Presence, put_real, put_signed, put_whole, skip, take_real, take_signed, take_whole,
};
use super::containers::{put_containers, take_containers};
use super::numbers::Effort;
use super::report::small;
use crate::progress::{SHIFT_MS, WINDOWS_PER_SHIFT};

const FORMAT: u8 = 1;
const EVERY_WINDOW: u32 = (1 << WINDOWS_PER_SHIFT) - 1;
const MOST_DEPLOYMENTS: usize = 1 << 20;
const PAGE_MASK: u64 = !4095;

/// One deployment's place in a shift.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShiftDeployment {
    pub(crate) id: DeploymentId,
    /// Bit n: there is a report of the shift's n-th window.
    pub(crate) windows: u32,
    /// Position of its first report in the columns.
    pub(crate) start: usize,
}

impl ShiftDeployment {
    /// Position in the columns of a window with a report.
    #[inline]
    pub(crate) fn row(&self, window: usize) -> usize {
        self.start + (self.windows & ((1 << window) - 1)).count_ones() as usize
    }

    /// Its windows with a report in `[from, to)` but those in `passed_over`, as (number of the window in the shift, position in
    /// the columns).
    pub(crate) fn rows(
        &self,
        from: usize,
        to: usize,
        passed_over: u32,
    ) -> impl Iterator<Item = (usize, usize)> {
        let mut left = self.windows & span_mask(from, to);
        let mut row = self.row(from.min(WINDOWS_PER_SHIFT));
        std::iter::from_fn(move || {
            while left != 0 {
                let window = left.trailing_zeros() as usize;
                left &= left - 1;
                row += 1;
                if passed_over >> window & 1 == 0 {
                    return Some((window, row - 1));
                }
            }
            None
        })
    }

    /// The same as one run, when its windows in `[from, to)` follow each other and none is passed over: the number of the
    /// first, its position in the columns, and how many there are.
    pub(crate) fn run(&self, from: usize, to: usize, passed_over: u32) -> Option<(usize, usize, usize)> {
        let windows = self.windows & span_mask(from, to);
        if windows == 0 || windows & passed_over != 0 {
            return None;
        }
        let (first, count) = (windows.trailing_zeros() as usize, windows.count_ones() as usize);
        (windows == span_mask(first, first + count)).then(|| (first, self.row(first), count))
    }
}

/// The bits of windows `[from, to)` of a shift.
pub(crate) fn span_mask(from: usize, to: usize) -> u32 {
    if from >= to {
        0
    } else {
        (EVERY_WINDOW >> (WINDOWS_PER_SHIFT - (to - from))) << from
    }
}

/// Which hot columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShiftFields {
    /// What the log and the kernel counted.
    Counts,
    /// What a trend shows.
    Trend,
    /// All.
    All,
}

/// Hot columns of a shift. A column that was not asked for reads as absent throughout. Made once and read into again and
/// again: its memory is used for one shift after the other.
#[derive(Debug, Default)]
pub(crate) struct ShiftColumns {
    pub(crate) deployments: Vec<ShiftDeployment>,
    /// Reports of all deployments.
    pub(crate) count: usize,
    pub(crate) memory_avg: Column<u64>,
    pub(crate) memory_peak: Column<u64>,
    pub(crate) samples: Column<u64>,
    pub(crate) cpu_avg: Column<f64>,
    pub(crate) log_errors: Column<u64>,
    pub(crate) log_warnings: Column<u64>,
    pub(crate) oom_kills: Column<u64>,
    pub(crate) restarts: Column<u64>,
    pub(crate) limit: Column<u64>,
    pub(crate) estimate: Column<u64>,
    wholes: Vec<u64>,
}

/// The number of a window in its shift.
pub(crate) fn window_of_shift(window: Window) -> usize {
    (window.start_ms.rem_euclid(SHIFT_MS) / WINDOW_MS) as usize
}

/// The hot and cold blobs of a shift's reports, which are ordered by deployment and window without duplicates.
pub(crate) fn put_shift(reports: &[Report]) -> (Vec<u8>, Vec<u8>) {
    (put_hot(reports), put_cold(reports))
}

fn put_hot(reports: &[Report]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(64 + reports.len() * 12);
    blob.push(FORMAT);
    let groups: Vec<&[Report]> = reports.chunk_by(|a, b| a.deployment == b.deployment).collect();
    blob.put_uint(groups.len() as u64);
    let mut before = 0;
    for group in groups {
        let id = group[0].deployment.0;
        blob.put_int(id.wrapping_sub(before));
        before = id;
        let windows = group
            .iter()
            .fold(0_u32, |mask, report| mask | 1 << window_of_shift(report.window));
        blob.put_uint(u64::from(if windows == EVERY_WINDOW { 0 } else { windows }));
    }
    put_whole(
        &mut blob,
        &column(reports, |report| report.memory_avg_bytes),
        Effort::Thorough,
    );
    put_signed(
        &mut blob,
        &column(reports, |report| {
            from_average(report.memory_avg_bytes, report.memory_peak_bytes)
        }),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| Some(u64::from(report.sample_count))),
        Effort::Thorough,
    );
    put_real(
        &mut blob,
        &column(reports, |report| report.cpu_avg_cores),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| report.log_errors.map(u64::from)),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| report.log_warnings.map(u64::from)),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| Some(u64::from(report.oom_kills))),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| Some(u64::from(report.restarts))),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| report.limit_bytes),
        Effort::Thorough,
    );
    put_whole(
        &mut blob,
        &column(reports, |report| report.estimate_bytes),
        Effort::Thorough,
    );
    seal(blob)
}

pub(super) fn column<'a, S, T>(rows: &'a [S], value: impl Fn(&'a S) -> Option<T>) -> Vec<Option<T>> {
    rows.iter().map(value).collect()
}

fn base(average: Option<u64>) -> u64 {
    average.unwrap_or_default() & PAGE_MASK
}

pub(super) fn from_average(average: Option<u64>, value: Option<u64>) -> Option<i64> {
    value.map(|value| value.wrapping_sub(base(average)) as i64)
}

/// Undoes [`from_average`] for one value.
pub(super) fn above_average(average: Option<u64>, distance: u64) -> u64 {
    base(average).wrapping_add(distance)
}

/// Undoes [`from_average`] for a whole column.
pub(super) fn onto_average(average: &Column<u64>, distance: &mut Column<u64>, count: usize) {
    if distance.presence == Presence::None {
        return;
    }
    match (&average.presence, average.same) {
        (Presence::All, None) => distance.add_onto(count, |at| average.values[at] & PAGE_MASK),
        _ => distance.add_onto(count, |at| base(average.get(at))),
    }
}

impl ShiftColumns {
    /// Reads the chosen columns of a hot blob.
    pub(crate) fn read(&mut self, blob: &[u8], fields: ShiftFields) -> Result<(), Damage> {
        let mut take = unseal(blob)?;
        take.format(FORMAT)?;
        let deployments = take.count(MOST_DEPLOYMENTS)?;
        self.deployments.clear();
        let (mut id, mut rows) = (0_i64, 0);
        for _ in 0..deployments {
            id = id.wrapping_add(take.int()?);
            let windows = match small(take.uint()?)? {
                0 => EVERY_WINDOW,
                windows if windows & !EVERY_WINDOW == 0 => windows,
                _ => return Err(Damage("a window is outside its shift")),
            };
            self.deployments.push(ShiftDeployment {
                id: DeploymentId(id),
                windows,
                start: rows,
            });
            rows += windows.count_ones() as usize;
        }
        self.count = rows;
        let trend = fields != ShiftFields::Counts;
        let counts = fields != ShiftFields::Trend;
        let take = &mut take;
        whole(take, rows, &mut self.memory_avg, trend)?;
        if trend {
            take_signed(take, rows, &mut self.memory_peak)?;
            onto_average(&self.memory_avg, &mut self.memory_peak, rows);
        } else {
            self.memory_peak.clear();
            skip(take)?;
        }
        whole(take, rows, &mut self.samples, trend)?;
        if trend {
            take_real(take, rows, &mut self.cpu_avg, &mut self.wholes)?;
        } else {
            self.cpu_avg.clear();
            skip(take)?;
        }
        whole(take, rows, &mut self.log_errors, counts)?;
        whole(take, rows, &mut self.log_warnings, counts)?;
        whole(take, rows, &mut self.oom_kills, counts)?;
        whole(take, rows, &mut self.restarts, counts)?;
        whole(take, rows, &mut self.limit, trend)?;
        whole(take, rows, &mut self.estimate, fields == ShiftFields::All)
    }
}

fn whole(take: &mut Take<'_>, rows: usize, column: &mut Column<u64>, wanted: bool) -> Result<(), Damage> {
    if wanted {
        take_whole(take, rows, column)
    } else {
        column.clear();
        skip(take)
    }
}

fn put_cold(reports: &[Report]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(64 + reports.len() * 4);
    blob.push(FORMAT);
    put_signed(
        &mut blob,
        &column(reports, |report| {
            from_average(report.memory_avg_bytes, report.memory_current_bytes)
        }),
        Effort::Thorough,
    );
    put_containers(&mut blob, reports);
    seal(blob)
}

/// Every report of a shift, ordered by deployment and window.
pub(crate) fn take_shift(shift: i64, hot: &[u8], cold: &[u8]) -> Result<Vec<Report>, Damage> {
    let mut columns = ShiftColumns::default();
    columns.read(hot, ShiftFields::All)?;
    let hot = columns;
    let mut take = unseal(cold)?;
    take.format(FORMAT)?;
    let mut current = Column::default();
    take_signed(&mut take, hot.count, &mut current)?;
    onto_average(&hot.memory_avg, &mut current, hot.count);
    let mut reports = Vec::with_capacity(hot.count);
    for deployment in &hot.deployments {
        for (window, at) in deployment.rows(0, WINDOWS_PER_SHIFT, 0) {
            reports.push(Report {
                deployment: deployment.id,
                window: Window {
                    start_ms: shift * SHIFT_MS + window as i64 * WINDOW_MS,
                },
                sample_count: small(hot.samples.get(at).unwrap_or_default())?,
                memory_current_bytes: current.get(at),
                memory_avg_bytes: hot.memory_avg.get(at),
                memory_peak_bytes: hot.memory_peak.get(at),
                cpu_avg_cores: hot.cpu_avg.get(at),
                estimate_bytes: hot.estimate.get(at),
                limit_bytes: hot.limit.get(at),
                log_errors: hot.log_errors.get(at).map(small).transpose()?,
                log_warnings: hot.log_warnings.get(at).map(small).transpose()?,
                oom_kills: small(hot.oom_kills.get(at).unwrap_or_default())?,
                restarts: small(hot.restarts.get(at).unwrap_or_default())?,
                containers: Vec::new(),
            });
        }
    }
    take_containers(&mut take, &mut reports)?;
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::report::tests::{any_report, bits};
    use proptest::prelude::*;

    /// Any reports of shift 80,000: any deployments, any windows.
    fn any_shift() -> impl Strategy<Value = Vec<Report>> {
        prop::collection::btree_set((0_i64..5, 0_i64..24), 0..40).prop_flat_map(|places| {
            places
                .into_iter()
                .map(|(deployment, window)| {
                    let start_ms = 80_000 * SHIFT_MS + window * WINDOW_MS;
                    any_report(deployment, Window { start_ms })
                })
                .collect::<Vec<_>>()
        })
    }

    proptest! {
        #[test]
        fn any_shift_comes_back(reports in any_shift()) {
            let (hot, cold) = put_shift(&reports);
            let back = take_shift(80_000, &hot, &cold).unwrap();
            prop_assert_eq!(back.iter().map(bits).collect::<Vec<_>>(), reports.iter().map(bits).collect::<Vec<_>>());
        }

        #[test]
        fn garbage_is_refused_and_never_panics(hot: Vec<u8>, cold: Vec<u8>) {
            let _ = take_shift(0, &seal(hot), &seal(cold));
        }
    }

    #[test]
    fn a_span_of_a_shift_is_its_windows() {
        assert_eq!(span_mask(0, 24), EVERY_WINDOW);
        assert_eq!(span_mask(5, 5), 0);
        assert_eq!(span_mask(22, 24), 0b11 << 22);
        let deployment = ShiftDeployment {
            id: DeploymentId(1),
            windows: 0b1011,
            start: 10,
        };
        assert_eq!(deployment.rows(1, 24, 0).collect::<Vec<_>>(), [(1, 11), (3, 12)]);
        assert_eq!(
            deployment.rows(0, 24, 0b10).collect::<Vec<_>>(),
            [(0, 10), (3, 12)]
        );
        assert_eq!(deployment.run(0, 24, 0), None);
        assert_eq!(deployment.run(0, 3, 0), Some((0, 10, 2)));
        assert_eq!(deployment.run(2, 24, 0), Some((3, 12, 1)));
        assert_eq!(deployment.run(2, 24, 0b1000), None);
    }
}

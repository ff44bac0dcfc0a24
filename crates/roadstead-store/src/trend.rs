//! The trend of an app by bucket, from stored values. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadstead_model::time::{WINDOW_MS, align_down};
use roadstead_model::{DeploymentId, Report, TimeRange};

use crate::codec::app_sum::{AppSum, deployments_of};
use crate::codec::deployment_sum::DeploymentSum;
use crate::codec::shift::{ShiftColumns, ShiftFields, window_of_shift};
use crate::plan::shifts_of;
use crate::progress::{SHIFT_MS, WINDOWS_PER_SHIFT, shift_of};
use crate::{HistoryColumns, StoreError};

/// What is stored of an app in a span.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Shift, sum.
    pub(crate) sums: Vec<(i64, Vec<u8>)>,
    /// Shift, hot value.
    pub(crate) shifts: Vec<(i64, Vec<u8>)>,
    pub(crate) fresh: Vec<Report>,
    /// The deployments asked for; no other is in `fresh`.
    pub(crate) wanted: HashSet<DeploymentId>,
}

/// The trend of a span of `stored` by bucket.
pub(crate) fn trend(stored: &Stored, range: TimeRange, bucket_ms: i64) -> Result<HistoryColumns, StoreError> {
    let mut trend = Trend::over(range, bucket_ms);
    trend.add(stored)?;
    Ok(trend.columns)
}

/// One deployment's reports of one bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    reports: u32,
    memory_weight: u64,
    memory_sum: u128,
    memory_peak: Option<u64>,
    limit: Option<u64>,
    cpu_weight: u64,
    cpu_sum: f64,
}

impl Part {
    #[inline]
    fn add(
        &mut self,
        samples: u64,
        average: Option<u64>,
        peak: Option<u64>,
        limit: Option<u64>,
        cores: Option<f64>,
    ) {
        let weight = samples.max(1);
        self.reports += 1;
        if let Some(average) = average {
            self.memory_weight += weight;
            self.memory_sum += u128::from(average) * u128::from(weight);
        }
        self.memory_peak = self.memory_peak.max(peak);
        self.limit = lowest(self.limit, limit);
        if let Some(cores) = cores.filter(|cores| cores.is_finite()) {
            self.cpu_weight += weight;
            self.cpu_sum += cores * weight as f64;
        }
    }
}

impl Part {
    fn merge(&mut self, other: &Self) {
        self.reports += other.reports;
        self.memory_weight += other.memory_weight;
        self.memory_sum += other.memory_sum;
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.limit = lowest(self.limit, other.limit);
        self.cpu_weight += other.cpu_weight;
        self.cpu_sum += other.cpu_sum;
    }
}

fn lowest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Sums over hosts of a bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Means {
    memory: u128,
    memory_hosts: u128,
    cpu: f64,
    cpu_hosts: u32,
}

struct Trend {
    range: TimeRange,
    bucket_ms: i64,
    means: Vec<Means>,
    columns: HistoryColumns,
}

impl Trend {
    fn over(range: TimeRange, bucket_ms: i64) -> Self {
        let first_ms = align_down(range.from_ms, bucket_ms);
        let times_ms: Vec<i64> = (0..)
            .map(|nth| first_ms + nth * bucket_ms)
            .take_while(|time_ms| *time_ms < range.to_ms)
            .collect();
        let buckets = times_ms.len();
        Self {
            range,
            bucket_ms,
            means: vec![Means::default(); buckets],
            columns: HistoryColumns {
                times_ms,
                memory_avg_bytes: vec![None; buckets],
                memory_peak_bytes: vec![None; buckets],
                limit_bytes: vec![None; buckets],
                cpu_avg_cores: vec![None; buckets],
                reports: vec![0; buckets],
            },
        }
    }

    /// Adds one deployment's part of the bucket that holds this moment.
    fn close(&mut self, time_ms: i64, part: &Part) {
        let first_ms = align_down(self.range.from_ms, self.bucket_ms);
        let bucket = ((time_ms - first_ms) / self.bucket_ms) as usize;
        let Some(means) = self.means.get_mut(bucket) else {
            return;
        };
        if part.memory_weight > 0 {
            let weight = u128::from(part.memory_weight);
            means.memory += (part.memory_sum + weight / 2) / weight;
            means.memory_hosts += 1;
            let hosts = means.memory_hosts;
            self.columns.memory_avg_bytes[bucket] = Some(((means.memory + hosts / 2) / hosts) as u64);
        }
        if part.cpu_weight > 0 {
            means.cpu += part.cpu_sum / part.cpu_weight as f64;
            means.cpu_hosts += 1;
            self.columns.cpu_avg_cores[bucket] = Some(means.cpu / f64::from(means.cpu_hosts));
        }
        let peak = &mut self.columns.memory_peak_bytes[bucket];
        *peak = (*peak).max(part.memory_peak);
        let limit = &mut self.columns.limit_bytes[bucket];
        *limit = lowest(*limit, part.limit);
        self.columns.reports[bucket] += part.reports;
    }

    /// Adds sums of shifts, shifts, and fresh reports, which replace what a shift has of their window.
    fn add(&mut self, stored: &Stored) -> Result<(), StoreError> {
        let Stored {
            sums,
            shifts,
            fresh,
            wanted,
        } = stored;
        let mut fresh_of: BTreeMap<(i64, DeploymentId), Vec<&Report>> = BTreeMap::new();
        for report in fresh {
            let of = fresh_of
                .entry((shift_of(report.window), report.deployment))
                .or_default();
            of.push(report);
        }
        let mut columns = ShiftColumns::default();
        let mut open = Open::default();
        for (shift, windows) in shifts_of(self.range) {
            let start_ms = shift * SHIFT_MS;
            open.close_before(align_down(start_ms, self.bucket_ms), self);
            // A sum cannot be cut: a shift that the span holds in part and that has no reports any more is left out.
            let whole = windows == (0..WINDOWS_PER_SHIFT);
            if let (true, Ok(at)) = (whole, sums.binary_search_by_key(&shift, |(shift, _)| *shift)) {
                let body = &sums[at].1;
                let mut ids = deployments_of(body)?;
                ids.retain(|id| wanted.contains(id));
                let mut sum = AppSum::over(ids, 0);
                sum.merge_stored(body, start_ms, |stretch| stretch, |_, _| ())?;
                for (id, of) in sum.ids.iter().zip(&sum.sums).filter(|(_, of)| of.reports > 0) {
                    open.part(self.bucket_ms, start_ms, *id).merge(&Part::from(of));
                }
            }
            if let Ok(at) = shifts.binary_search_by_key(&shift, |(shift, _)| *shift) {
                columns.read(&shifts[at].1, ShiftFields::Trend)?;
                for deployment in columns
                    .deployments
                    .iter()
                    .filter(|deployment| wanted.contains(&deployment.id))
                {
                    let fresh = fresh_of
                        .get(&(shift, deployment.id))
                        .map_or(&[][..], Vec::as_slice);
                    let replaced = fresh.iter().fold(0_u32, |windows, report| {
                        windows | 1 << window_of_shift(report.window)
                    });
                    // Nothing can be added to a bucket within the shift any more: it need not be kept open.
                    let done = self.bucket_ms <= SHIFT_MS && fresh.is_empty();
                    let rows = deployment.rows(windows.start, windows.end, replaced);
                    for (bucket_ms, part) in by_bucket(&columns, rows, start_ms, self.bucket_ms) {
                        if done {
                            self.close(bucket_ms, &part);
                        } else {
                            open.part(self.bucket_ms, bucket_ms, deployment.id).merge(&part);
                        }
                    }
                }
            }
            let of_shift =
                fresh_of.range((shift, DeploymentId(i64::MIN))..(shift + 1, DeploymentId(i64::MIN)));
            for ((_, deployment), reports) in of_shift {
                for report in reports
                    .iter()
                    .filter(|report| self.range.contains(report.window.start_ms))
                {
                    open.part(self.bucket_ms, report.window.start_ms, *deployment)
                        .add(
                            u64::from(report.sample_count),
                            report.memory_avg_bytes,
                            report.memory_peak_bytes,
                            report.limit_bytes,
                            report.cpu_avg_cores,
                        );
                }
            }
        }
        open.close_before(i64::MAX, self);
        Ok(())
    }
}

/// The rows of one deployment, ascending, by the bucket they are in.
fn by_bucket(
    columns: &ShiftColumns,
    rows: impl Iterator<Item = (usize, usize)>,
    start_ms: i64,
    bucket_ms: i64,
) -> impl Iterator<Item = (i64, Part)> {
    let bucket_of = move |window: usize| align_down(start_ms + window as i64 * WINDOW_MS, bucket_ms);
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        let bucket = bucket_of(rows.peek()?.0);
        let mut part = Part::default();
        while let Some((_, row)) = rows.next_if(|(window, _)| bucket_of(*window) == bucket) {
            part.add(
                columns.samples.get(row).unwrap_or_default(),
                columns.memory_avg.get(row),
                columns.memory_peak.get(row),
                columns.limit.get(row),
                columns.cpu_avg.get(row),
            );
        }
        Some((bucket, part))
    })
}

/// Buckets that may still get a report: those of one shift, or one of several shifts.
#[derive(Debug, Default)]
struct Open {
    parts: BTreeMap<i64, HashMap<DeploymentId, Part>>,
}

impl Open {
    /// A deployment's part of the bucket that holds this moment.
    fn part(&mut self, bucket_ms: i64, time_ms: i64, deployment: DeploymentId) -> &mut Part {
        let bucket = self.parts.entry(align_down(time_ms, bucket_ms)).or_default();
        bucket.entry(deployment).or_default()
    }

    /// Hands over the buckets that start before this moment.
    fn close_before(&mut self, time_ms: i64, trend: &mut Trend) {
        while let Some(bucket) = self.parts.first_entry().filter(|bucket| *bucket.key() < time_ms) {
            let (start_ms, parts) = bucket.remove_entry();
            // In one order, so that sums of real numbers do not depend on the run.
            let mut parts: Vec<_> = parts.into_iter().collect();
            parts.sort_unstable_by_key(|(deployment, _)| *deployment);
            for (_, part) in parts {
                trend.close(start_ms, &part);
            }
        }
    }
}

impl From<&DeploymentSum> for Part {
    fn from(of: &DeploymentSum) -> Self {
        Self {
            reports: of.reports,
            memory_weight: of.memory_weight,
            memory_sum: of.memory_sum,
            memory_peak: of.memory_peak,
            limit: of.limit,
            cpu_weight: of.cpu_weight,
            cpu_sum: of.cpu_sum,
        }
    }
}

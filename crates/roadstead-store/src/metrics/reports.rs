//! Charts from reports, for spans whose ticks are gone or too many. There is one line, for all of it: a report is of a deployment, and
//! what a chart reads of it knows neither services nor rates.
//!
//! Sums are taken over the deployments of one window. A peak of several is not the sum of theirs, so it is told only where one
//! deployment reported. Where reports are pruned, buckets of six hours and more are answered from sums of six hours.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use roadstead_model::time::{WINDOW_MS, align_up};
use roadstead_model::{AppId, DeploymentId, Report, TimeRange, Window};

use super::buckets::bucket_ms;
use super::missed::Runs;
use super::window_sums::{Shown, WindowSums};
use super::{MetricsColumns, MetricsLines};
use crate::codec::app_sum::{AppSum, deployments_of};
use crate::codec::bytes::Damage;
use crate::codec::report::take_reports;
use crate::codec::shift::{ShiftColumns, ShiftFields, window_of_shift};
use crate::progress::{SHIFT_MS, WINDOWS_PER_SHIFT, shift_of};
use crate::store::{id_list, off_thread};
use crate::{Store, StoreError};

/// Windows of one answer: some 500 days.
const MOST_WINDOWS: i64 = 50_000;

/// What is stored of some deployments in a span.
struct Stored {
    /// Ascending by shift: hot values.
    shifts: Vec<(i64, Vec<u8>)>,
    /// Sums of shifts without reports.
    sums: Vec<(i64, Vec<u8>)>,
    fresh: Vec<Report>,
    wanted: HashSet<DeploymentId>,
    /// Number of the host of each deployment.
    host_of: HashMap<DeploymentId, usize>,
}

impl Store {
    /// A chart of these deployments from the reports of the windows that start in a span, as one line. `bucket_ms` is that of the
    /// chart that is appended to, a multiple of fifteen minutes; absent for a new chart of at most `max_points` buckets.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for fewer than two points, another bucket, or a span of more than 50,000 windows;
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn metrics_reports(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        max_points: u32,
        bucket: Option<i64>,
    ) -> Result<MetricsColumns, StoreError> {
        let range = TimeRange {
            from_ms: align_up(range.from_ms, WINDOW_MS),
            to_ms: align_up(range.to_ms, WINDOW_MS),
        };
        let bucket_ms = bucket.unwrap_or_else(|| bucket_ms(range, WINDOW_MS, max_points));
        if max_points < 2
            || bucket_ms <= 0
            || bucket_ms % WINDOW_MS != 0
            || range.length_ms() / WINDOW_MS > MOST_WINDOWS
        {
            return Err(StoreError::Invalid(format!(
                "a chart of reports has at least two points, buckets of whole quarters of an hour, and at most {MOST_WINDOWS} of these"
            )));
        }
        if range.from_ms >= range.to_ms {
            return Ok(MetricsColumns {
                bucket_ms,
                ..MetricsColumns::default()
            });
        }
        let directory = self.directory();
        let mut apps: BTreeSet<AppId> = BTreeSet::new();
        let mut hosts: Vec<i64> = Vec::new();
        let mut host_of = HashMap::new();
        for deployment in deployments {
            let Some(of) = directory.deployments.get(deployment) else {
                continue;
            };
            apps.insert(of.app);
            let known = hosts.iter().position(|host| *host == of.host.0);
            let host = known.unwrap_or_else(|| {
                hosts.push(of.host.0);
                hosts.len() - 1
            });
            host_of.insert(*deployment, host);
        }
        let wanted: HashSet<DeploymentId> = host_of.keys().copied().collect();
        let apps = id_list(apps.into_iter().map(|app| app.0));
        let first = range.from_ms.div_euclid(SHIFT_MS);
        let last = (range.to_ms - 1).div_euclid(SHIFT_MS);
        let host_ids = id_list(hosts.iter().copied());
        let mut tx = self.read().await?;
        let fresh = sqlx::query!(
            r#"SELECT window_ms, reports FROM fresh_report
               WHERE window_ms >= ? AND window_ms < ? AND host_id IN (SELECT value FROM json_each(?))"#,
            range.from_ms,
            range.to_ms,
            host_ids
        )
        .fetch_all(&mut *tx)
        .await?;
        let shifts = sqlx::query!(
            r#"SELECT shift, hot FROM report_shift
               WHERE app_id IN (SELECT value FROM json_each(?)) AND shift >= ? AND shift <= ? ORDER BY shift"#,
            apps,
            first,
            last
        )
        .fetch_all(&mut *tx)
        .await?;
        let sums = if bucket_ms >= SHIFT_MS {
            sqlx::query!(
                r#"SELECT shift, body FROM report_sum AS of
                   WHERE app_id IN (SELECT value FROM json_each(?1)) AND shifts = 1 AND shift >= ?2 AND shift <= ?3
                     AND NOT EXISTS (SELECT 1 FROM report_shift WHERE report_shift.app_id = of.app_id
                                     AND report_shift.shift = of.shift)"#,
                apps,
                first,
                last
            )
            .fetch_all(&mut *tx)
            .await?
            .into_iter()
            .map(|row| (row.shift, row.body))
            .collect()
        } else {
            Vec::new()
        };
        let runs = if hosts.len() < 2 {
            Runs::default()
        } else {
            let ids = id_list(deployments.iter().map(|deployment| deployment.0));
            Runs::read(&mut tx, &ids, range.from_ms, &MetricsLines::Whole).await?
        };
        drop(tx);
        off_thread(move || {
            let mut reports = Vec::new();
            for row in fresh {
                let window = Window {
                    start_ms: row.window_ms,
                };
                reports.extend(take_reports(&row.reports, window)?);
            }
            reports.retain(|report| wanted.contains(&report.deployment));
            let stored = Stored {
                shifts: shifts.into_iter().map(|row| (row.shift, row.hot)).collect(),
                sums,
                fresh: reports,
                wanted,
                host_of,
            };
            let mut windows = stored.windows(range, hosts.len())?;
            for (host, host_id) in hosts.iter().enumerate() {
                windows.miss(host, |from_ms, until_ms| {
                    runs.ran_throughout(*host_id, from_ms, until_ms)
                });
            }
            Ok(windows.into_columns(bucket_ms))
        })
        .await
    }
}

impl Stored {
    fn windows(&self, range: TimeRange, hosts: usize) -> Result<WindowSums, StoreError> {
        let mut fresh: BTreeMap<(i64, DeploymentId), u32> = BTreeMap::new();
        for report in &self.fresh {
            let windows = fresh
                .entry((shift_of(report.window), report.deployment))
                .or_default();
            *windows |= 1 << window_of_shift(report.window);
        }
        // Two threads read a long span: reading columns is most of what a chart costs. No shift is on both sides.
        let middle = self.shifts.len() / 2;
        let middle = match self.shifts.get(middle) {
            Some((shift, _)) => self.shifts.partition_point(|(known, _)| known < shift),
            None => middle,
        };
        let (first, second) = self.shifts.split_at(middle);
        let cut_ms = second.first().map_or(range.to_ms, |(shift, _)| shift * SHIFT_MS);
        let cut_ms = cut_ms.clamp(range.from_ms, range.to_ms);
        let part = |from_ms, to_ms| WindowSums::over(TimeRange { from_ms, to_ms }, hosts);
        let (mut windows, mut later) = (part(range.from_ms, cut_ms), part(cut_ms, range.to_ms));
        let (first, second) = std::thread::scope(|scope| {
            let second = scope.spawn(|| self.add_shifts(second, &fresh, &mut later));
            (self.add_shifts(first, &fresh, &mut windows), second.join())
        });
        first?;
        second.map_err(|_| StoreError::Sql("reading reports ended early".to_owned()))??;
        windows.append(later);
        for report in &self.fresh {
            let shown = Shown {
                samples: u64::from(report.sample_count),
                memory_bytes: report.memory_avg_bytes,
                peak_bytes: report.memory_peak_bytes,
                cpu_cores: report.cpu_avg_cores,
                limit_bytes: report.limit_bytes,
            };
            windows.add(report.window.start_ms, self.host_of[&report.deployment], &shown);
        }
        for (shift, body) in &self.sums {
            self.add_sum(*shift, body, &mut windows)?;
        }
        Ok(windows)
    }

    fn add_shifts(
        &self,
        shifts: &[(i64, Vec<u8>)],
        fresh: &BTreeMap<(i64, DeploymentId), u32>,
        windows: &mut WindowSums,
    ) -> Result<(), Damage> {
        let mut columns = ShiftColumns::default();
        for (shift, hot) in shifts {
            columns.read(hot, ShiftFields::Trend)?;
            for deployment in &columns.deployments {
                let Some(host) = self.host_of.get(&deployment.id) else {
                    continue;
                };
                let replaced = fresh.get(&(*shift, deployment.id)).copied().unwrap_or_default();
                for (window, row) in deployment.rows(0, WINDOWS_PER_SHIFT, replaced) {
                    let shown = Shown {
                        samples: columns.samples.get(row).unwrap_or_default(),
                        memory_bytes: columns.memory_avg.get(row),
                        peak_bytes: columns.memory_peak.get(row),
                        cpu_cores: columns.cpu_avg.get(row),
                        limit_bytes: columns.limit.get(row),
                    };
                    windows.add(shift * SHIFT_MS + window as i64 * WINDOW_MS, *host, &shown);
                }
            }
        }
        Ok(())
    }

    /// Adds what is left of a shift, as one window at its start.
    fn add_sum(&self, shift: i64, body: &[u8], windows: &mut WindowSums) -> Result<(), Damage> {
        let mut ids = deployments_of(body)?;
        ids.retain(|id| self.wanted.contains(id));
        let mut sum = AppSum::over(ids, 0);
        sum.merge_stored(body, shift * SHIFT_MS, |stretch| stretch, |_, _| ())?;
        for (id, of) in sum.ids.iter().zip(&sum.sums).filter(|(_, of)| of.reports > 0) {
            let shown = Shown {
                samples: of.memory_weight,
                memory_bytes: of.memory_mean(),
                peak_bytes: of.memory_peak,
                cpu_cores: of.cpu_mean(),
                limit_bytes: of.limit,
            };
            windows.add(shift * SHIFT_MS, self.host_of[id], &shown);
        }
        Ok(())
    }
}

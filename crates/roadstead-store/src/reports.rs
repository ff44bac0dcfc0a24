//! Reports as they come: fresh rows per host and window, merged into their shifts by sealing, or at once when late or many.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::SqliteConnection;

use roadstead_model::time::{MINUTE_MS, WINDOW_MS};
use roadstead_model::{DeploymentId, HostId, Report, TimeRange, Window};

use crate::codec::report::{put_reports, take_reports};
use crate::codec::shift::take_shift;
use crate::directory::Directory;
use crate::progress::{SHIFT_MS, TIERS, set_summed_until, shift_of, summed_until};
use crate::shifts::{apps_to_sum, by_app_and_shift, merge_into_shift, sum_span};
use crate::store::{id_list, off_thread};
use crate::{LatestReport, Store, StoreError, Upkeep};

/// Fresh reports are merged an hour after their window: rewriting a shift's columns every quarter of an hour would write
/// four times as much.
const MERGE_AFTER_MS: i64 = 60 * MINUTE_MS;
/// Once one is that old, those whose window ended this long ago go along.
const MERGE_GRACE_MS: i64 = 2 * MINUTE_MS;
/// A shift is closed this long after its end: every host has closed its last window by then.
const SHIFT_GRACE_MS: i64 = 75 * MINUTE_MS;
/// Fresh rows merged per call.
const ROWS_PER_CALL: i64 = 2_000;

impl Store {
    /// Keeps a host's reports of one window (also when there are none: the window is closed then). The same
    /// deployment and window twice: the later one replaces, and no sum counts it twice.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a window that is not aligned or a report of another window, [`StoreError::NotFound`]
    /// for a deployment that is not the host's, [`StoreError::DiskFull`].
    pub async fn save_reports(
        &self,
        host: HostId,
        window: Window,
        reports: &[Report],
    ) -> Result<(), StoreError> {
        let directory = self.directory();
        check(window, reports)?;
        for report in reports {
            let deployment = directory.deployments.get(&report.deployment);
            if deployment.is_none_or(|deployment| deployment.host != host) {
                return Err(StoreError::NotFound {
                    what: "deployment",
                    id: report.deployment.0,
                });
            }
        }
        let mut tx = self.write().await?;
        let summed_until = summed_until(&mut tx).await?;
        if is_summed(shift_of(window), summed_until) {
            let groups =
                by_app_and_shift(reports.iter().cloned(), |deployment| directory.app_of(deployment))?;
            for ((app, shift), reports) in groups {
                merge_into_shift(&mut tx, summed_until, app, shift, reports).await?;
            }
        } else if !reports.is_empty() {
            save_fresh(&mut tx, host, window, reports).await?;
        }
        for report in reports {
            save_latest(&mut tx, report).await?;
        }
        let closed = sqlx::query!(
            "UPDATE host SET closed_window_ms = MAX(COALESCE(closed_window_ms, ?1), ?1) WHERE host_id = ?2",
            window.start_ms,
            host.0
        )
        .execute(&mut *tx)
        .await?;
        if closed.rows_affected() == 0 {
            return Err(StoreError::NotFound {
                what: "host",
                id: host.0,
            });
        }
        Ok(tx.commit().await?)
    }

    /// Keeps many reports at once, of any deployments and windows, straight into their shifts, in one transaction. Fast when
    /// a call holds whole shifts. Does not mark any window as closed.
    ///
    /// # Errors
    /// As [`Store::save_reports`].
    pub async fn import_reports(&self, reports: &[Report]) -> Result<(), StoreError> {
        let directory = self.directory();
        let mut latest: HashMap<DeploymentId, &Report> = HashMap::new();
        for report in reports {
            check(report.window, std::slice::from_ref(report))?;
            let newest = latest.entry(report.deployment).or_insert(report);
            if report.window >= newest.window {
                *newest = report;
            }
        }
        let groups = by_app_and_shift(reports.iter().cloned(), |deployment| directory.app_of(deployment))?;
        let mut tx = self.write().await?;
        let summed_until = summed_until(&mut tx).await?;
        for report in latest.values() {
            save_latest(&mut tx, report).await?;
        }
        for ((app, shift), reports) in groups {
            if !is_summed(shift, summed_until) {
                take_from_fresh(&mut tx, &directory, &reports).await?;
            }
            merge_into_shift(&mut tx, summed_until, app, shift, reports).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The newest window of a host that was closed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn last_closed_window(&self, host: HostId) -> Result<Option<Window>, StoreError> {
        let closed = sqlx::query_scalar!("SELECT closed_window_ms FROM host WHERE host_id = ?", host.0)
            .fetch_optional(&self.inner.readers)
            .await?
            .ok_or(StoreError::NotFound {
                what: "host",
                id: host.0,
            })?;
        Ok(closed.map(|start_ms| Window { start_ms }))
    }

    /// The newest report of each deployment of one host or of all that are not removed, by deployment.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn latest_reports(&self, host: Option<HostId>) -> Result<Vec<LatestReport>, StoreError> {
        let host = host.map(|host| host.0);
        let rows = sqlx::query!(
            r#"SELECT latest_report.deployment_id, window_ms, report FROM latest_report
               JOIN deployment ON deployment.deployment_id = latest_report.deployment_id
               WHERE ?1 IS NULL OR deployment.host_id = ?1
               ORDER BY latest_report.deployment_id"#,
            host
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let directory = self.directory();
        let mut latest = Vec::with_capacity(rows.len());
        for row in rows {
            let window = Window {
                start_ms: row.window_ms,
            };
            let Some(deployment) = directory.deployments.get(&DeploymentId(row.deployment_id)) else {
                continue;
            };
            if host.is_none() && !directory.counts(deployment) {
                continue;
            }
            latest.extend(
                take_reports(&row.report, window)?
                    .into_iter()
                    .map(|report| LatestReport {
                        app: deployment.app,
                        host: deployment.host,
                        report,
                    }),
            );
        }
        Ok(latest)
    }

    /// The reports of some deployments in a span, by deployment and window.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown deployment, [`StoreError::Damaged`].
    pub async fn reports(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
    ) -> Result<Vec<Report>, StoreError> {
        let directory = self.directory();
        let wanted: HashSet<DeploymentId> = deployments.iter().copied().collect();
        let mut apps = HashSet::new();
        for deployment in deployments {
            apps.insert(directory.app_of(*deployment)?.0);
        }
        let apps = id_list(apps);
        let hosts = id_list(directory.hosts_of(deployments));
        let first_shift = range.from_ms.div_euclid(SHIFT_MS);
        let last_shift = (range.to_ms - 1).div_euclid(SHIFT_MS);
        let mut tx = self.read().await?;
        let rows = sqlx::query!(
            r#"SELECT shift, hot, cold FROM report_shift
               WHERE app_id IN (SELECT value FROM json_each(?)) AND shift >= ? AND shift <= ?"#,
            apps,
            first_shift,
            last_shift
        )
        .fetch_all(&mut *tx)
        .await?;
        let fresh = fresh_reports(&mut tx, range, Some(&hosts)).await?;
        drop(tx);
        off_thread(move || {
            let mut found: BTreeMap<(DeploymentId, Window), Report> = BTreeMap::new();
            let mut keep = |report: Report| {
                if wanted.contains(&report.deployment) && range.contains(report.window.start_ms) {
                    found.insert((report.deployment, report.window), report);
                }
            };
            for row in rows {
                take_shift(row.shift, &row.hot, &row.cold)?
                    .into_iter()
                    .for_each(&mut keep);
            }
            fresh.into_iter().for_each(keep);
            Ok(found.into_values().collect())
        })
        .await
    }

    /// Merges some fresh reports into their shifts.
    pub(crate) async fn merge_reports(&self, now_ms: i64) -> Result<Upkeep, StoreError> {
        let oldest = sqlx::query_scalar!(r#"SELECT MIN(window_ms) AS "window_ms: i64" FROM fresh_report"#)
            .fetch_one(&self.inner.readers)
            .await?;
        let Some(oldest_ms) = oldest.filter(|oldest_ms| oldest_ms + WINDOW_MS + MERGE_AFTER_MS <= now_ms)
        else {
            return Ok(Upkeep::default());
        };
        let directory = self.directory();
        let mut tx = self.write().await?;
        let shift_end_ms = (oldest_ms.div_euclid(SHIFT_MS) + 1) * SHIFT_MS;
        let before_ms = shift_end_ms.min(now_ms - WINDOW_MS - MERGE_GRACE_MS + 1);
        let rows = sqlx::query!(
            r#"SELECT host_id, window_ms, reports FROM fresh_report WHERE window_ms < ? ORDER BY window_ms, host_id LIMIT ?"#,
            before_ms,
            ROWS_PER_CALL
        )
        .fetch_all(&mut *tx)
        .await?;
        let summed_until = summed_until(&mut tx).await?;
        let mut reports = Vec::new();
        for row in &rows {
            reports.extend(take_reports(
                &row.reports,
                Window {
                    start_ms: row.window_ms,
                },
            )?);
        }
        let groups = by_app_and_shift(reports, |deployment| directory.app_of(deployment))?;
        for ((app, shift), reports) in groups {
            merge_into_shift(&mut tx, summed_until, app, shift, reports).await?;
        }
        for row in &rows {
            sqlx::query!(
                "DELETE FROM fresh_report WHERE host_id = ? AND window_ms = ?",
                row.host_id,
                row.window_ms
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(Upkeep {
            rows: rows.len() as u64,
            more: rows.len() as i64 == ROWS_PER_CALL || before_ms == shift_end_ms,
        })
    }

    /// Makes the sums that end with one closed shift.
    pub(crate) async fn sum_reports(&self, now_ms: i64) -> Result<Upkeep, StoreError> {
        let mut tx = self.write().await?;
        let before = summed_until(&mut tx).await?;
        let waiting = sqlx::query_scalar!(r#"SELECT MIN(window_ms) AS "window_ms: i64" FROM fresh_report"#)
            .fetch_one(&mut *tx)
            .await?
            .map_or(i64::MAX, |window_ms| window_ms.div_euclid(SHIFT_MS));
        // A shift is summed once nothing fresh is of it, or of one before it.
        let closed_until = (now_ms - SHIFT_GRACE_MS).div_euclid(SHIFT_MS).min(waiting);
        let from = before.unwrap_or(i64::MIN);
        let next = sqlx::query_scalar!(
            r#"SELECT MIN(shift) AS "shift: i64" FROM report_shift WHERE shift >= ? AND shift < ?"#,
            from,
            closed_until
        )
        .fetch_one(&mut *tx)
        .await?;
        let until = match (next, before) {
            // Spans that end with this shift, or ended unnoticed since the last one with reports.
            (Some(shift), _) => shift + 1,
            // Shifts that have no report and can get no fresh one any more are passed over.
            (None, Some(before)) if closed_until > before => closed_until,
            (None, _) => return Ok(Upkeep::default()),
        };
        let mut rows = 0;
        for tier in TIERS {
            // Only two spans can have reports and end between the marks: that of the last shift before the old mark, and
            // that of the next one with reports.
            let mut starts: Vec<i64> = before
                .map(|before| tier.start_of(before - 1))
                .into_iter()
                .collect();
            starts.extend(next.map(|shift| tier.start_of(shift)));
            starts.dedup();
            for start in starts {
                let end = start + tier.shifts;
                if end <= until && before.is_none_or(|before| end > before) {
                    for app in apps_to_sum(&mut tx, tier, start).await? {
                        sum_span(&mut tx, app, tier, start).await?;
                        rows += 1;
                    }
                }
            }
        }
        set_summed_until(&mut tx, until).await?;
        tx.commit().await?;
        Ok(Upkeep {
            rows,
            more: next.is_some(),
        })
    }
}

/// Whether a shift's sums are kept in step with its reports.
fn is_summed(shift: i64, summed_until: Option<i64>) -> bool {
    summed_until.is_some_and(|until| shift < until)
}

fn check(window: Window, reports: &[Report]) -> Result<(), StoreError> {
    if Window::holding(window.start_ms) != window {
        return Err(StoreError::Invalid(format!(
            "a report window starts at {} ms: it must start at a quarter of an hour (UTC)",
            window.start_ms
        )));
    }
    match reports.iter().find(|report| report.window != window) {
        Some(report) => Err(StoreError::Invalid(format!(
            "a report of deployment {} is of another window",
            report.deployment
        ))),
        None => Ok(()),
    }
}

/// Keeps a host's reports of a window as a fresh row; deployments that are in the row already and not given now stay.
async fn save_fresh(
    tx: &mut SqliteConnection,
    host: HostId,
    window: Window,
    reports: &[Report],
) -> Result<(), StoreError> {
    let before = sqlx::query_scalar!(
        "SELECT reports FROM fresh_report WHERE host_id = ? AND window_ms = ?",
        host.0,
        window.start_ms
    )
    .fetch_optional(&mut *tx)
    .await?;
    let mut merged: BTreeMap<DeploymentId, Report> = BTreeMap::new();
    if let Some(before) = before {
        merged.extend(
            take_reports(&before, window)?
                .into_iter()
                .map(|report| (report.deployment, report)),
        );
    }
    merged.extend(reports.iter().map(|report| (report.deployment, report.clone())));
    write_fresh(tx, host, window, &merged).await
}

async fn write_fresh(
    tx: &mut SqliteConnection,
    host: HostId,
    window: Window,
    reports: &BTreeMap<DeploymentId, Report>,
) -> Result<(), StoreError> {
    let count = reports.len() as i64;
    let blob = put_reports(reports.values());
    sqlx::query!(
        r#"INSERT INTO fresh_report (host_id, window_ms, report_count, reports) VALUES (?, ?, ?, ?)
           ON CONFLICT (window_ms, host_id) DO UPDATE
           SET report_count = excluded.report_count, reports = excluded.reports"#,
        host.0,
        window.start_ms,
        count,
        blob
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes fresh reports that imported ones replace: a report is fresh or in its shift, never both.
async fn take_from_fresh(
    tx: &mut SqliteConnection,
    directory: &Directory,
    reports: &[Report],
) -> Result<(), StoreError> {
    let windows: HashSet<Window> = reports.iter().map(|report| report.window).collect();
    let (Some(first), Some(last)) = (windows.iter().min(), windows.iter().max()) else {
        return Ok(());
    };
    let given: HashSet<(DeploymentId, Window)> = reports
        .iter()
        .map(|report| (report.deployment, report.window))
        .collect();
    let hosts: HashSet<i64> = reports
        .iter()
        .filter_map(|report| directory.deployments.get(&report.deployment))
        .map(|deployment| deployment.host.0)
        .collect();
    let rows = sqlx::query!(
        "SELECT host_id, window_ms, reports FROM fresh_report WHERE window_ms >= ? AND window_ms <= ?",
        first.start_ms,
        last.start_ms
    )
    .fetch_all(&mut *tx)
    .await?;
    for row in rows.into_iter().filter(|row| hosts.contains(&row.host_id)) {
        let window = Window {
            start_ms: row.window_ms,
        };
        let fresh = take_reports(&row.reports, window)?;
        let before = fresh.len();
        let left: BTreeMap<DeploymentId, Report> = fresh
            .into_iter()
            .filter(|report| !given.contains(&(report.deployment, window)))
            .map(|report| (report.deployment, report))
            .collect();
        if left.is_empty() {
            sqlx::query!(
                "DELETE FROM fresh_report WHERE host_id = ? AND window_ms = ?",
                row.host_id,
                row.window_ms
            )
            .execute(&mut *tx)
            .await?;
        } else if left.len() < before {
            write_fresh(tx, HostId(row.host_id), window, &left).await?;
        }
    }
    Ok(())
}

async fn save_latest(tx: &mut SqliteConnection, report: &Report) -> Result<(), StoreError> {
    let blob = put_reports(std::iter::once(report));
    sqlx::query!(
        r#"INSERT INTO latest_report (deployment_id, window_ms, report) VALUES (?, ?, ?)
           ON CONFLICT (deployment_id) DO UPDATE SET window_ms = excluded.window_ms, report = excluded.report
           WHERE excluded.window_ms >= latest_report.window_ms"#,
        report.deployment.0,
        report.window.start_ms,
        blob
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The fresh reports whose window starts in a span, of all hosts or of those of an [`id_list`].
pub(crate) async fn fresh_reports(
    tx: &mut SqliteConnection,
    range: TimeRange,
    hosts: Option<&str>,
) -> Result<Vec<Report>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT window_ms, reports FROM fresh_report
           WHERE window_ms >= ?1 AND window_ms < ?2
             AND (?3 IS NULL OR host_id IN (SELECT value FROM json_each(?3)))"#,
        range.from_ms,
        range.to_ms,
        hosts
    )
    .fetch_all(tx)
    .await?;
    let mut reports = Vec::new();
    for row in rows {
        reports.extend(take_reports(
            &row.reports,
            Window {
                start_ms: row.window_ms,
            },
        )?);
    }
    Ok(reports)
}

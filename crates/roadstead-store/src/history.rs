//! The trend of an app by bucket of time.

use std::collections::HashSet;
use std::sync::Arc;

use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS, align_down};
use roadstead_model::{AppId, DeploymentId, HostId, Report, TimeRange};

use crate::progress::SHIFT_MS;
use crate::reports::fresh_reports;
use crate::store::{id_list, off_thread};
use crate::trend::{Stored, trend};
use crate::{HistoryColumns, Store, StoreError};

const MOST_BUCKETS: i64 = 50_000;

impl Store {
    /// The trend of an app over some hosts (none given: over all that are not removed), by bucket of 15 minutes, an hour, six hours or a day.
    /// Where reports are pruned, buckets of six hours and of a day are answered from sums of six hours.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another bucket, or a span of more than 50,000, or one not aligned to quarters of an
    /// hour; [`StoreError::NotFound`] for an unknown app; [`StoreError::Damaged`].
    pub async fn history(
        &self,
        app: AppId,
        hosts: &[HostId],
        range: TimeRange,
        bucket_ms: i64,
    ) -> Result<HistoryColumns, StoreError> {
        if ![WINDOW_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS].contains(&bucket_ms) {
            return Err(StoreError::Invalid(format!(
                "a trend has buckets of 15 minutes, an hour, six hours or a day, not of {bucket_ms} ms"
            )));
        }
        let aligned =
            range.from_ms % WINDOW_MS == 0 && range.to_ms % WINDOW_MS == 0 && range.from_ms < range.to_ms;
        if !aligned || range.length_ms() / bucket_ms > MOST_BUCKETS {
            return Err(StoreError::Invalid(format!(
                "a trend starts before it ends, both at a quarter of an hour (UTC), and has at most {MOST_BUCKETS} buckets"
            )));
        }
        let directory = self.directory();
        if !directory.apps.contains_key(&app) {
            return Err(StoreError::NotFound {
                what: "app",
                id: app.0,
            });
        }
        let wanted: HashSet<DeploymentId> = directory
            .deployments
            .values()
            .filter(|deployment| {
                deployment.app == app
                    && (hosts.contains(&deployment.host) || hosts.is_empty() && directory.counts(deployment))
            })
            .map(|deployment| deployment.id)
            .collect();
        let hosts = id_list(directory.hosts_of(&wanted));
        let first = range.from_ms.div_euclid(SHIFT_MS);
        let last = (range.to_ms - 1).div_euclid(SHIFT_MS);
        let mut tx = self.read().await?;
        let shifts = sqlx::query!(
            "SELECT shift, hot FROM report_shift WHERE app_id = ? AND shift >= ? AND shift <= ? ORDER BY shift",
            app.0,
            first,
            last
        )
        .fetch_all(&mut *tx)
        .await?;
        let sums = if bucket_ms >= SHIFT_MS {
            sqlx::query!(
                r#"SELECT shift, body FROM report_sum
                   WHERE app_id = ?1 AND shifts = 1 AND shift >= ?2 AND shift <= ?3
                     AND shift NOT IN (SELECT shift FROM report_shift WHERE app_id = ?1)
                   ORDER BY shift"#,
                app.0,
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
        let fresh: Vec<Report> = fresh_reports(&mut tx, range, Some(&hosts)).await?;
        drop(tx);
        let stored = Arc::new(Stored {
            sums,
            shifts: shifts.into_iter().map(|row| (row.shift, row.hot)).collect(),
            fresh: fresh
                .into_iter()
                .filter(|report| wanted.contains(&report.deployment))
                .collect(),
            wanted,
        });
        let parts: Vec<_> = halves(range)
            .into_iter()
            .map(|range| {
                let stored = Arc::clone(&stored);
                tokio::spawn(off_thread(move || trend(&stored, range, bucket_ms)))
            })
            .collect();
        let mut whole = HistoryColumns::default();
        for part in parts {
            let part = part
                .await
                .map_err(|error| StoreError::Sql(format!("a worker thread ended: {error}")))??;
            whole.times_ms.extend(part.times_ms);
            whole.memory_avg_bytes.extend(part.memory_avg_bytes);
            whole.memory_peak_bytes.extend(part.memory_peak_bytes);
            whole.limit_bytes.extend(part.limit_bytes);
            whole.cpu_avg_cores.extend(part.cpu_avg_cores);
            whole.reports.extend(part.reports);
        }
        Ok(whole)
    }
}

/// A long span in two, at a midnight, so that two cores read it: no bucket and no shift lies on both sides.
fn halves(range: TimeRange) -> Vec<TimeRange> {
    let middle_ms = align_down(range.from_ms + range.length_ms() / 2, DAY_MS);
    if range.length_ms() < 2 * DAY_MS || middle_ms <= range.from_ms {
        return vec![range];
    }
    let (first, second) = (
        TimeRange {
            to_ms: middle_ms,
            ..range
        },
        TimeRange {
            from_ms: middle_ms,
            ..range
        },
    );
    vec![first, second]
}

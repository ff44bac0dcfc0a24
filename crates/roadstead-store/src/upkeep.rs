//! Sealing, pruning, and what the store takes. Every call does a bounded piece of work and says whether there is more, so
//! that the one writer is free for ticks in between; nothing here vacuums the whole file.

use std::path::Path;

use roadstead_model::time::{DAY_MS, HOUR_MS};

use crate::progress::SHIFT_MS;
use crate::{KindSize, Retention, Store, StoreError, StoreSizes, Upkeep};

/// Changes kept at most.
const MOST_CHANGES: i64 = 20_000;
/// Rows removed per statement: a few milliseconds.
const ROWS_PER_CALL: i64 = 500;
/// What a row of an issue's hours takes: four small integers.
const HOUR_ROW_BYTES: i64 = 16;
/// Pages given back per call, 8 MiB.
const PAGES_PER_CALL: i64 = 1_024;

impl Store {
    /// Turns complete spans of fresh ticks and reports into sealed columns and aggregates: a bounded piece of work
    /// per call. Call until `more` is false, every few minutes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Damaged`]; what was sealed before the failure stays sealed.
    pub async fn seal(&self, now_ms: i64) -> Result<Upkeep, StoreError> {
        let mut done = Upkeep::default();
        for part in [
            self.merge_reports(now_ms).await?,
            self.sum_reports(now_ms).await?,
            self.seal_ticks(now_ms).await?,
            self.join_chunks(now_ms).await?,
        ] {
            done.rows += part.rows;
            done.more |= part.more;
        }
        Ok(done)
    }

    /// Removes what is older than its retention and gives space back to the system: a bounded piece of work per call.
    /// Sealed values go when the whole of their span is too old.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn prune(&self, now_ms: i64, retention: &Retention) -> Result<Upkeep, StoreError> {
        let samples_before = now_ms - i64::from(retention.samples_h) * HOUR_MS;
        let reports_before = now_ms - i64::from(retention.reports_days) * DAY_MS;
        let shifts_before = reports_before.div_euclid(SHIFT_MS);
        let sums_before = (now_ms - i64::from(retention.daily_days) * DAY_MS).div_euclid(SHIFT_MS);
        let changes_before = now_ms - i64::from(retention.changes_days) * DAY_MS;
        let writer = &self.inner.writer;
        let removed = [
            sqlx::query!(
                r#"DELETE FROM fresh_tick WHERE (tick_ms, host_id) IN
                   (SELECT tick_ms, host_id FROM fresh_tick WHERE tick_ms < ? LIMIT ?)"#,
                samples_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            sqlx::query!(
                r#"DELETE FROM sample_chunk WHERE chunk_id IN
                   (SELECT chunk_id FROM sample_chunk WHERE start_ms < ?1 AND start_ms + span_ms <= ?1 LIMIT ?2)"#,
                samples_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            sqlx::query!(
                r#"DELETE FROM fresh_report WHERE (window_ms, host_id) IN
                   (SELECT window_ms, host_id FROM fresh_report WHERE window_ms < ? LIMIT ?)"#,
                reports_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            sqlx::query!(
                "DELETE FROM report_shift WHERE rowid IN (SELECT rowid FROM report_shift WHERE shift < ? LIMIT ?)",
                shifts_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            sqlx::query!(
                r#"DELETE FROM report_sum WHERE rowid IN
                   (SELECT rowid FROM report_sum WHERE shift + shifts <= ? LIMIT ?)"#,
                sums_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            sqlx::query!(
                r#"DELETE FROM change WHERE change_id IN
                   (SELECT change_id FROM change
                    WHERE at_ms < ?1 OR change_id <= (SELECT MAX(change_id) FROM change) - ?2 LIMIT ?3)"#,
                changes_before,
                MOST_CHANGES,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
            // Containers that nothing kept refers to any more.
            sqlx::query!(
                r#"DELETE FROM container WHERE container_id IN
                   (SELECT container_id FROM container WHERE gone_at_ms < ?1 AND gone_at_ms < ?2 LIMIT ?3)"#,
                samples_before,
                reports_before,
                ROWS_PER_CALL
            )
            .execute(writer)
            .await?,
        ];
        let issues_before = now_ms - i64::from(retention.issues_days) * DAY_MS;
        let issues = self
            .prune_issues(now_ms, issues_before, reports_before, ROWS_PER_CALL)
            .await?;
        let removed: Vec<u64> = removed
            .iter()
            .map(|done| done.rows_affected())
            .chain(issues)
            .collect();
        let rows: u64 = removed.iter().sum();
        let more = removed.contains(&(ROWS_PER_CALL as u64));
        // Only once the rest is gone: sums must not speak of deployments that have no name any more.
        let places = if more {
            Upkeep::default()
        } else {
            self.forget_places(reports_before.min(sums_before * SHIFT_MS))
                .await?
        };
        let given_back = self.give_space_back().await?;
        Ok(Upkeep {
            rows: rows + places.rows,
            more: more || places.more || given_back,
        })
    }

    /// Gives some free pages at the end of the file back; true when there are more.
    async fn give_space_back(&self) -> Result<bool, StoreError> {
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count")
            .fetch_one(&self.inner.writer)
            .await?;
        if free == 0 {
            return Ok(false);
        }
        // The statement works as long as it is stepped: it answers an empty row per page.
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "PRAGMA incremental_vacuum({PAGES_PER_CALL})"
        )))
        .fetch_all(&self.inner.writer)
        .await?;
        Ok(free > PAGES_PER_CALL)
    }

    /// What the store takes on disk.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn sizes(&self) -> Result<StoreSizes, StoreError> {
        let mut tx = self.read().await?;
        let ticks = sqlx::query!(
            r#"SELECT COALESCE(SUM(sample_count), 0) AS "entries!: i64", COALESCE(SUM(LENGTH(samples)), 0) AS "bytes!: i64",
                      MIN(tick_ms) AS "oldest_ms: i64" FROM fresh_tick"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let chunks = sqlx::query!(
            r#"SELECT COALESCE(SUM(sample_count), 0) AS "entries!: i64", COALESCE(SUM(LENGTH(body)), 0) AS "bytes!: i64",
                      MIN(start_ms) AS "oldest_ms: i64" FROM sample_chunk"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let fresh = sqlx::query!(
            r#"SELECT COALESCE(SUM(report_count), 0) AS "entries!: i64", COALESCE(SUM(LENGTH(reports)), 0) AS "bytes!: i64",
                      MIN(window_ms) AS "oldest_ms: i64" FROM fresh_report"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let shifts = sqlx::query!(
            r#"SELECT COALESCE(SUM(report_count), 0) AS "entries!: i64",
                      COALESCE(SUM(LENGTH(hot) + LENGTH(cold)), 0) AS "bytes!: i64",
                      MIN(shift) AS "oldest_shift: i64" FROM report_shift"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let sums = sqlx::query!(
            r#"SELECT COUNT(*) AS "entries!: i64", COALESCE(SUM(LENGTH(body)), 0) AS "bytes!: i64",
                      MIN(shift) AS "oldest_shift: i64" FROM report_sum"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let changes = sqlx::query!(
            r#"SELECT COUNT(*) AS "entries!: i64", COALESCE(SUM(LENGTH(kind) + LENGTH(detail_json)), 0) AS "bytes!: i64",
                      MIN(at_ms) AS "oldest_ms: i64" FROM change"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let issues = sqlx::query!(
            r#"SELECT COUNT(*) AS "entries!: i64", COALESCE(SUM(LENGTH(message) * 2 + LENGTH(masked)), 0) AS "bytes!: i64",
                      MIN(first_seen_ms) AS "oldest_ms: i64",
                      (SELECT COALESCE(SUM(LENGTH(lines_json)), 0) FROM issue_sample) AS "sample_bytes!: i64",
                      (SELECT COUNT(*) FROM issue_hour) AS "hours!: i64"
               FROM issue WHERE pruned_at_ms IS NULL"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let deploys = sqlx::query!(
            r#"SELECT COUNT(*) AS "entries!: i64",
                      COALESCE(SUM(LENGTH(services_json) + LENGTH(changes_json)), 0) AS "bytes!: i64",
                      MIN(started_ms) AS "oldest_ms: i64"
               FROM deploy"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let free_pages: i64 = sqlx::query_scalar("PRAGMA freelist_count")
            .fetch_one(&mut *tx)
            .await?;
        let page_bytes: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *tx).await?;
        let kind = |kind, entries: i64, bytes: i64, oldest_ms| KindSize {
            kind,
            entries: entries.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
            oldest_ms,
        };
        let of_shift = |shift: Option<i64>| shift.map(|shift| shift * SHIFT_MS);
        let path = self.inner.path.clone();
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        Ok(StoreSizes {
            file_bytes: length(&path),
            wal_bytes: length(Path::new(&wal)),
            free_bytes: (free_pages * page_bytes).unsigned_abs(),
            kinds: vec![
                kind(
                    "samples",
                    ticks.entries + chunks.entries,
                    ticks.bytes + chunks.bytes,
                    earliest(ticks.oldest_ms, chunks.oldest_ms),
                ),
                kind(
                    "reports",
                    fresh.entries + shifts.entries,
                    fresh.bytes + shifts.bytes,
                    earliest(fresh.oldest_ms, of_shift(shifts.oldest_shift)),
                ),
                kind(
                    "aggregates",
                    sums.entries,
                    sums.bytes,
                    of_shift(sums.oldest_shift),
                ),
                kind("changes", changes.entries, changes.bytes, changes.oldest_ms),
                kind(
                    "issues",
                    issues.entries,
                    issues.bytes + issues.sample_bytes + issues.hours * HOUR_ROW_BYTES,
                    issues.oldest_ms,
                ),
                kind("deploys", deploys.entries, deploys.bytes, deploys.oldest_ms),
            ],
            path,
        })
    }
}

/// 0 for a file that is not there, as a write-ahead log may.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

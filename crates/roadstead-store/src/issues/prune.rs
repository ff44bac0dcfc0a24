//! Forgetting issues that were not seen for long, and those of hosts that are gone.

use sqlx::SqliteConnection;

use roadstead_model::HostId;
use roadstead_model::time::HOUR_MS;

use super::places;
use crate::store::id_list;
use crate::{Store, StoreError};

/// What is left of pruned issues is kept per app for so many, the last seen: output that is always new must not fill the disk.
const MOST_PRUNED_PER_APP: i64 = 20_000;

impl Store {
    /// Prunes issues and places of issues not seen since a moment, and counts of windows before another: at most `rows` of
    /// each. What is left of a pruned issue says when it was first seen and what was said of it, so that it is not new when
    /// it comes again.
    pub(crate) async fn prune_issues(
        &self,
        now_ms: i64,
        not_seen_since_ms: i64,
        counts_before_ms: i64,
        rows: i64,
    ) -> Result<[u64; 5], StoreError> {
        let mut tx = self.write().await?;
        let stale = sqlx::query_scalar!(
            "SELECT issue_id FROM issue WHERE last_seen_ms < ? AND pruned_at_ms IS NULL ORDER BY last_seen_ms LIMIT ?",
            not_seen_since_ms,
            rows
        )
        .fetch_all(&mut *tx)
        .await?;
        let ids = id_list(stale.iter().copied());
        for statement in [
            "DELETE FROM issue_place WHERE issue_id IN (SELECT value FROM json_each(?))",
            "DELETE FROM issue_hour WHERE issue_id IN (SELECT value FROM json_each(?))",
            "DELETE FROM issue_sample WHERE issue_id IN (SELECT value FROM json_each(?))",
        ] {
            sqlx::query(statement).bind(&ids).execute(&mut *tx).await?;
        }
        sqlx::query!(
            r#"UPDATE issue SET pruned_at_ms = ?, event_count = 0, host_count = 0, container_count = 0
               WHERE issue_id IN (SELECT value FROM json_each(?))"#,
            now_ms,
            ids
        )
        .execute(&mut *tx)
        .await?;
        // A build server starts each job in a container of its own name: an issue would collect places for ever.
        let deserted = sqlx::query!(
            r#"SELECT issue_id, host_id, container_name FROM issue_place
               WHERE last_seen_ms < ? AND issue_id IN (SELECT issue_id FROM issue WHERE pruned_at_ms IS NULL) LIMIT ?"#,
            not_seen_since_ms,
            rows
        )
        .fetch_all(&mut *tx)
        .await?;
        for place in &deserted {
            sqlx::query!(
                "DELETE FROM issue_place WHERE issue_id = ? AND host_id = ? AND container_name = ?",
                place.issue_id,
                place.host_id,
                place.container_name
            )
            .execute(&mut *tx)
            .await?;
            places::count_all(&mut tx, place.issue_id).await?;
        }
        if !stale.is_empty() {
            sqlx::query!(
                r#"DELETE FROM issue WHERE issue_id IN
                   (SELECT issue_id FROM
                       (SELECT issue_id, ROW_NUMBER() OVER (PARTITION BY app_id ORDER BY last_seen_ms DESC, issue_id) AS nth
                        FROM issue WHERE pruned_at_ms IS NOT NULL)
                    WHERE nth > ?)"#,
                MOST_PRUNED_PER_APP
            )
            .execute(&mut *tx)
            .await?;
        }
        let hours_before = not_seen_since_ms.div_euclid(HOUR_MS);
        let hours = sqlx::query!(
            r#"DELETE FROM issue_hour WHERE (issue_id, hour, host_id) IN
               (SELECT issue_id, hour, host_id FROM issue_hour WHERE hour < ? LIMIT ?)"#,
            hours_before,
            rows
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let counts = sqlx::query!(
            r#"DELETE FROM log_count WHERE (deployment_id, window_ms) IN
               (SELECT deployment_id, window_ms FROM log_count WHERE window_ms < ? LIMIT ?)"#,
            counts_before_ms,
            rows
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let losses = super::losses::prune(&mut tx, counts_before_ms.min(not_seen_since_ms), rows).await?;
        tx.commit().await?;
        Ok([stale.len() as u64, deserted.len() as u64, hours, counts, losses])
    }
}

/// Takes a host's part out of every issue; one that was seen nowhere else goes.
pub(crate) async fn forget_host(tx: &mut SqliteConnection, host: HostId) -> Result<u64, StoreError> {
    let touched = sqlx::query_scalar!(
        "SELECT issue_id FROM issue_place WHERE host_id = ? GROUP BY issue_id",
        host.0
    )
    .fetch_all(&mut *tx)
    .await?;
    for issue in &touched {
        sqlx::query!(
            r#"UPDATE issue SET event_count = event_count -
                   (SELECT SUM(event_count) FROM issue_place WHERE issue_place.issue_id = ?1 AND host_id = ?2)
               WHERE issue_id = ?1"#,
            issue,
            host.0
        )
        .execute(&mut *tx)
        .await?;
    }
    for statement in [
        "DELETE FROM issue_sample WHERE host_id = ?",
        "DELETE FROM issue_hour WHERE host_id = ?",
        "DELETE FROM issue_place WHERE host_id = ?",
    ] {
        sqlx::query(statement).bind(host.0).execute(&mut *tx).await?;
    }
    for issue in &touched {
        places::count_all(tx, *issue).await?;
        sqlx::query!(
            r#"UPDATE issue SET last_seen_ms =
                   COALESCE((SELECT MAX(last_seen_ms) FROM issue_place WHERE issue_place.issue_id = ?1), last_seen_ms)
               WHERE issue_id = ?1"#,
            issue
        )
        .execute(&mut *tx)
        .await?;
    }
    let ids = id_list(touched.iter().copied());
    let gone = sqlx::query!(
        "DELETE FROM issue WHERE container_count = 0 AND issue_id IN (SELECT value FROM json_each(?))",
        ids
    )
    .execute(tx)
    .await?;
    Ok(gone.rows_affected())
}

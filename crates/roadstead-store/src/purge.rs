//! Deleting removed hosts, and apps and deployments that nothing kept speaks of, for good: a bounded piece at a time.
//!
//! A host's reports lie in the columns of its apps' shifts beside those of other hosts, so each of their shifts is rewritten without
//! them. The host's own rows go last: a purge that was cut short starts again and finds less to do.

use roadstead_model::{AppId, DeploymentId, HostId};

use crate::directory::Directory;
use crate::progress::summed_until;
use crate::shifts::forget_deployment;
use crate::store::id_list;
use crate::{Store, StoreError, Upkeep};

/// Apps that are nowhere. What the user typed of one keeps it, and so do sums and issues that outlived the reports.
const FORGET_APPS: &str = r#"DELETE FROM app WHERE app_id NOT IN (SELECT app_id FROM deployment)
    AND app_id NOT IN (SELECT app_id FROM app_sizes)
    AND app_id NOT IN (SELECT app_id FROM report_shift) AND app_id NOT IN (SELECT app_id FROM report_sum)
    AND app_id NOT IN (SELECT app_id FROM issue WHERE pruned_at_ms IS NULL)"#;

/// Shifts rewritten per transaction.
const SHIFTS_PER_STEP: usize = 16;
/// Rows removed per statement.
const ROWS_PER_STEP: i64 = 1_000;

impl Store {
    /// Deletes hosts removed before this moment with their history: one host per call.
    ///
    /// # Errors
    /// Any failure of the database; what is left is deleted by the next call.
    pub async fn purge_removed_hosts(&self, before_ms: i64) -> Result<Upkeep, StoreError> {
        let hosts = sqlx::query_scalar!(
            "SELECT host_id FROM host WHERE removed_at_ms < ? ORDER BY host_id LIMIT 2",
            before_ms
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let Some(&host) = hosts.first() else {
            return Ok(Upkeep::default());
        };
        let rows = self.purge(HostId(host)).await?;
        Ok(Upkeep {
            rows,
            more: hosts.len() > 1,
        })
    }

    async fn purge(&self, host: HostId) -> Result<u64, StoreError> {
        let mut rows = 0;
        let directory = self.directory();
        let deployments: Vec<(DeploymentId, AppId)> = directory
            .deployments
            .values()
            .filter(|deployment| deployment.host == host)
            .map(|deployment| (deployment.id, deployment.app))
            .collect();
        for (deployment, app) in &deployments {
            let shifts = sqlx::query_scalar!(
                "SELECT shift FROM report_shift WHERE app_id = ? ORDER BY shift",
                app.0
            )
            .fetch_all(&self.inner.readers)
            .await?;
            for shifts in shifts.chunks(SHIFTS_PER_STEP) {
                let mut tx = self.write().await?;
                let summed_until = summed_until(&mut tx).await?;
                rows += forget_deployment(&mut tx, summed_until, *app, *deployment, shifts).await?;
                tx.commit().await?;
            }
        }
        loop {
            let ticks = sqlx::query!(
                r#"DELETE FROM fresh_tick WHERE (tick_ms, host_id) IN
                   (SELECT tick_ms, host_id FROM fresh_tick WHERE host_id = ? LIMIT ?)"#,
                host.0,
                ROWS_PER_STEP
            )
            .execute(&self.inner.writer)
            .await?
            .rows_affected();
            let chunks = sqlx::query!(
                "DELETE FROM sample_chunk WHERE chunk_id IN (SELECT chunk_id FROM sample_chunk WHERE host_id = ? LIMIT ?)",
                host.0,
                ROWS_PER_STEP
            )
            .execute(&self.inner.writer)
            .await?
            .rows_affected();
            rows += ticks + chunks;
            if ticks + chunks == 0 {
                break;
            }
        }
        // No observation may add to the directory while it is read and replaced.
        let mut listed = self.inner.listed.lock().await;
        let mut tx = self.write().await?;
        rows += crate::issues::prune::forget_host(&mut tx, host).await?;
        for statement in [
            "DELETE FROM fresh_report WHERE host_id = ?1",
            "DELETE FROM change WHERE host_id = ?1",
            "DELETE FROM app_sizes WHERE host_id = ?1",
            "DELETE FROM container WHERE host_id = ?1",
            "DELETE FROM latest_report WHERE deployment_id IN (SELECT deployment_id FROM deployment WHERE host_id = ?1)",
            "DELETE FROM deploy WHERE deployment_id IN (SELECT deployment_id FROM deployment WHERE host_id = ?1)",
            "DELETE FROM deployment WHERE host_id = ?1",
            "DELETE FROM host WHERE host_id = ?1",
            FORGET_APPS,
        ] {
            let query = sqlx::query(statement);
            let query = if statement.contains("?1") {
                query.bind(host.0)
            } else {
                query
            };
            rows += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        listed.remove(&host);
        self.forget_newest_tick(host);
        let left = Directory::load(&self.inner.readers).await?;
        self.change_directory(|directory| *directory = left);
        Ok(rows)
    }

    /// Deletes deployments without a container whose newest report ended before this moment, then the apps that are nowhere:
    /// what a build server starts once has a name of its own each time.
    pub(crate) async fn forget_places(&self, before_ms: i64) -> Result<Upkeep, StoreError> {
        let mut listed = self.inner.listed.lock().await;
        let mut tx = self.write().await?;
        let gone = sqlx::query_scalar!(
            r#"SELECT deployment.deployment_id FROM deployment
               LEFT JOIN latest_report ON latest_report.deployment_id = deployment.deployment_id
               WHERE COALESCE(window_ms, first_seen_ms) < ?1
                 AND NOT EXISTS (SELECT 1 FROM container WHERE container.deployment_id = deployment.deployment_id)
                 AND NOT EXISTS (SELECT 1 FROM sample_chunk WHERE sample_chunk.deployment_id = deployment.deployment_id)
               LIMIT ?2"#,
            before_ms,
            ROWS_PER_STEP
        )
        .fetch_all(&mut *tx)
        .await?;
        if gone.is_empty() {
            return Ok(Upkeep::default());
        }
        let ids = id_list(gone.iter().copied());
        for statement in [
            "DELETE FROM latest_report WHERE deployment_id IN (SELECT value FROM json_each(?))",
            "DELETE FROM deploy WHERE deployment_id IN (SELECT value FROM json_each(?))",
            "DELETE FROM deployment WHERE deployment_id IN (SELECT value FROM json_each(?))",
        ] {
            sqlx::query(statement).bind(&ids).execute(&mut *tx).await?;
        }
        sqlx::query(FORGET_APPS).execute(&mut *tx).await?;
        tx.commit().await?;
        // Ids of deleted deployments must not be taken from memory for a container that comes back.
        listed.clear();
        let left = Directory::load(&self.inner.readers).await?;
        self.change_directory(|directory| *directory = left);
        Ok(Upkeep {
            rows: gone.len() as u64,
            more: gone.len() as i64 == ROWS_PER_STEP,
        })
    }
}

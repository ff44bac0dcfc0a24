//! What is read of the ledger.
//!
//! What ran is told by when it was done: of two good deploys of a deployment, the one that ended last is what runs. Pages are
//! ordered by when a deploy began.

use roadstead_model::{AppId, DeployId, DeploymentId, HostId, TimeRange};

use super::row::{Row, from_json, kind_of, records, state_of, state_word};
use super::{DeployMark, DeployPage, DeployQuery, DeployRecord};
use crate::{Store, StoreError};

impl Store {
    /// A page of the ledger, newest first, and how many rows there are. Removed hosts are left out, unless one is asked for.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn deploys(&self, query: &DeployQuery) -> Result<DeployPage, StoreError> {
        let host = query.host.map(|host| host.0);
        let state = query.state.map(state_word);
        let removed = self.removed_hosts();
        let before = query.before.map(|deploy| deploy.0);
        // The deploy before which the page is may be pruned by now: the one that is next to it by id is as good.
        let until_ms = match before {
            Some(before) => sqlx::query_scalar!(
                "SELECT started_ms FROM deploy WHERE deploy_id <= ? ORDER BY deploy_id DESC LIMIT 1",
                before
            )
            .fetch_optional(&self.inner.readers)
            .await?
            .unwrap_or(i64::MIN),
            None => i64::MAX,
        };
        // Two looks side by side: nobody misses the thousandth of a second between them.
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT deploy_id, deployment_id, app_id, host_id, kind, state, started_ms, ended_ms, services_json, changes_json,
                      fault_json, rollback_of, journal_json,
                      deploy_id = COALESCE((SELECT good.deploy_id FROM deploy AS good
                                            WHERE good.deployment_id = deploy.deployment_id AND good.state = 'success'
                                            ORDER BY good.ended_ms DESC, good.deploy_id DESC LIMIT 1), 0) AS "is_current!: bool"
               FROM deploy
               WHERE app_id = ?1 AND started_ms <= ?2 AND (?3 IS NULL OR started_ms < ?2 OR deploy_id < ?3)
                 AND (host_id = ?4 OR ?4 IS NULL AND (?5 = '[]' OR host_id NOT IN (SELECT value FROM json_each(?5))))
                 AND (?6 IS NULL OR state = ?6)
               ORDER BY started_ms DESC, deploy_id DESC LIMIT ?7"#,
            query.app.0,
            until_ms,
            before,
            host,
            removed,
            state,
            query.limit
        )
        .fetch_all(&self.inner.readers);
        let total = sqlx::query_scalar!(
            r#"SELECT COUNT(*) AS "total!: i64" FROM deploy
               WHERE app_id = ?1
                 AND (host_id = ?2 OR ?2 IS NULL AND (?3 = '[]' OR host_id NOT IN (SELECT value FROM json_each(?3))))
                 AND (?4 IS NULL OR state = ?4)"#,
            query.app.0,
            host,
            removed,
            state
        )
        .fetch_one(&self.inner.readers);
        let (rows, total) = tokio::try_join!(rows, total)?;
        Ok(DeployPage {
            rows: records(rows)?,
            total: u32::try_from(total).unwrap_or(u32::MAX),
        })
    }

    /// One deploy.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Damaged`].
    pub async fn deploy(&self, deploy: DeployId) -> Result<DeployRecord, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT deploy_id, deployment_id, app_id, host_id, kind, state, started_ms, ended_ms, services_json, changes_json,
                      fault_json, rollback_of, journal_json,
                      deploy_id = COALESCE((SELECT good.deploy_id FROM deploy AS good
                                            WHERE good.deployment_id = deploy.deployment_id AND good.state = 'success'
                                            ORDER BY good.ended_ms DESC, good.deploy_id DESC LIMIT 1), 0) AS "is_current!: bool"
               FROM deploy WHERE deploy_id = ?"#,
            deploy.0
        )
        .fetch_optional(&self.inner.readers)
        .await?;
        row.ok_or(StoreError::NotFound {
            what: "deploy",
            id: deploy.0,
        })?
        .try_into()
    }

    /// Deploys that are running or still have a journal, of a host or of all (removed ones too), the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn unfinished_deploys(&self, host: Option<HostId>) -> Result<Vec<DeployRecord>, StoreError> {
        let host = host.map(|host| host.0);
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT deploy_id, deployment_id, app_id, host_id, kind, state, started_ms, ended_ms, services_json, changes_json,
                      fault_json, rollback_of, journal_json,
                      deploy_id = COALESCE((SELECT good.deploy_id FROM deploy AS good
                                            WHERE good.deployment_id = deploy.deployment_id AND good.state = 'success'
                                            ORDER BY good.ended_ms DESC, good.deploy_id DESC LIMIT 1), 0) AS "is_current!: bool"
               FROM deploy
               WHERE (state = 'running' OR journal_json IS NOT NULL) AND (?1 IS NULL OR host_id = ?1)
               ORDER BY started_ms, deploy_id"#,
            host
        )
        .fetch_all(&self.inner.readers)
        .await?;
        records(rows)
    }

    /// What runs on a host as far as the ledger knows: of each of its deployments the good deploy that was done last, by
    /// deployment.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn current_deploys(&self, host: HostId) -> Result<Vec<DeployRecord>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT deploy_id, deployment_id, app_id, host_id, kind, state, started_ms, ended_ms, services_json, changes_json,
                      fault_json, rollback_of, journal_json, 1 AS "is_current!: bool"
               FROM deploy
               WHERE deploy_id IN (SELECT (SELECT good.deploy_id FROM deploy AS good
                                           WHERE good.deployment_id = deployment.deployment_id AND good.state = 'success'
                                           ORDER BY good.ended_ms DESC, good.deploy_id DESC LIMIT 1)
                                   FROM deployment WHERE deployment.host_id = ?)
               ORDER BY deployment_id"#,
            host.0
        )
        .fetch_all(&self.inner.readers)
        .await?;
        records(rows)
    }

    /// The newest deploys of an app that began in a span, the oldest first. Removed hosts are left out, unless one is asked for.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn deploys_between(
        &self,
        app: AppId,
        host: Option<HostId>,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<DeployMark>, StoreError> {
        let host = host.map(|host| host.0);
        let removed = self.removed_hosts();
        let rows = sqlx::query!(
            r#"SELECT deploy_id, deployment_id, host_id, kind, state, started_ms, ended_ms, changes_json
               FROM deploy
               WHERE app_id = ?1 AND started_ms >= ?2 AND started_ms < ?3
                 AND (host_id = ?4 OR ?4 IS NULL AND host_id NOT IN (SELECT value FROM json_each(?5)))
               ORDER BY started_ms DESC, deploy_id DESC LIMIT ?6"#,
            app.0,
            range.from_ms,
            range.to_ms,
            host,
            removed,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let marks = rows.into_iter().rev().map(|row| {
            Ok(DeployMark {
                id: DeployId(row.deploy_id),
                deployment: DeploymentId(row.deployment_id),
                host: HostId(row.host_id),
                kind: kind_of(&row.kind)?,
                state: state_of(&row.state)?,
                started_ms: row.started_ms,
                ended_ms: row.ended_ms,
                changes: from_json(&row.changes_json)?,
            })
        });
        marks.collect()
    }

    /// The good deploys around one, of the same deployment: when the one before it was done, and when the next one began.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn good_neighbours(&self, deploy: DeployId) -> Result<(Option<i64>, Option<i64>), StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT MAX(good.ended_ms) FROM deploy AS good
                       WHERE good.deployment_id = deploy.deployment_id AND good.state = 'success'
                         AND (good.started_ms, good.deploy_id) < (deploy.started_ms, deploy.deploy_id)) AS "before_ms: i64",
                      (SELECT MIN(good.started_ms) FROM deploy AS good
                       WHERE good.deployment_id = deploy.deployment_id AND good.state = 'success'
                         AND (good.started_ms, good.deploy_id) > (deploy.started_ms, deploy.deploy_id)) AS "after_ms: i64"
               FROM deploy WHERE deploy_id = ?"#,
            deploy.0
        )
        .fetch_optional(&self.inner.readers)
        .await?;
        row.map(|row| (row.before_ms, row.after_ms))
            .ok_or(StoreError::NotFound {
                what: "deploy",
                id: deploy.0,
            })
    }
}

//! What is written to the ledger, and what of it is pruned.

use sqlx::SqliteConnection;

use roadstead_model::deploy::{DEPLOYS_KEPT, GOOD_DEPLOYS_KEPT};
use roadstead_model::{DeployId, DeployKind, DeployState, DeploymentId};

use super::row::{json, kind_word, state_word};
use super::{Begun, DeployEnd, NewDeploy};
use crate::{Store, StoreError};

impl Store {
    /// Keeps a deploy as running, unless another of its deployment is not finished. What is surplus of its deployment's older
    /// deploys goes in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown deployment, [`StoreError::Invalid`] for a kind that never runs.
    pub async fn begin_deploy(&self, new: &NewDeploy) -> Result<Begun, StoreError> {
        if !matches!(new.kind, DeployKind::Update | DeployKind::Rollback) {
            return Err(StoreError::Invalid(format!(
                "a deploy that is {} is over and cannot begin",
                kind_word(new.kind)
            )));
        }
        let mut tx = self.write().await?;
        let unfinished = sqlx::query_scalar!(
            r#"SELECT deploy_id FROM deploy
               WHERE deployment_id = ? AND (state = 'running' OR journal_json IS NOT NULL)"#,
            new.deployment.0
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(other) = unfinished {
            return Ok(Begun::Busy(DeployId(other)));
        }
        let id = insert(&mut tx, new, DeployState::Running).await?;
        prune(&mut tx, new.deployment).await?;
        tx.commit().await?;
        Ok(Begun::Begun(id))
    }

    /// Keeps a deploy that was found or observed: a success that ended when it started. Others of its deployment may be under way.
    ///
    /// # Errors
    /// As [`Store::record_deploys`].
    pub async fn record_deploy(&self, new: &NewDeploy) -> Result<DeployId, StoreError> {
        let ids = self.record_deploys(std::slice::from_ref(new)).await?;
        ids.first()
            .copied()
            .ok_or_else(|| StoreError::Sql("a recorded deploy has no id".to_owned()))
    }

    /// As [`Store::record_deploy`] for many, in one transaction: a host that is seen for the first time has one for each of its
    /// deployments. Ids are in the order given.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown deployment, [`StoreError::Invalid`] for a kind that runs or for a journal. Nothing
    /// is kept then.
    pub async fn record_deploys(&self, new: &[NewDeploy]) -> Result<Vec<DeployId>, StoreError> {
        if let Some(runs) = new.iter().find(|new| {
            !matches!(new.kind, DeployKind::Found | DeployKind::Observed) || new.journal_json.is_some()
        }) {
            return Err(StoreError::Invalid(format!(
                "a deploy that is over is found or observed and has no journal, not: {}",
                kind_word(runs.kind)
            )));
        }
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.write().await?;
        let mut ids = Vec::with_capacity(new.len());
        for new in new {
            ids.push(insert(&mut tx, new, DeployState::Success).await?);
            prune(&mut tx, new.deployment).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// Replaces the journal of a deploy that is not finished.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such deploy or it is finished.
    pub async fn journal_deploy(&self, deploy: DeployId, journal_json: &str) -> Result<(), StoreError> {
        let done = sqlx::query!(
            r#"UPDATE deploy SET journal_json = ?
               WHERE deploy_id = ? AND (state = 'running' OR journal_json IS NOT NULL)"#,
            journal_json,
            deploy.0
        )
        .execute(&self.inner.writer)
        .await?;
        changed(done.rows_affected(), deploy)
    }

    /// Says how a deploy ended. One that still has to be repaired keeps its journal and is ended again once it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such deploy or it is finished; [`StoreError::Invalid`] for an end that is none.
    pub async fn end_deploy(&self, deploy: DeployId, end: &DeployEnd) -> Result<(), StoreError> {
        if end.state == DeployState::Running {
            return Err(StoreError::Invalid(
                "a deploy that ends is not running".to_owned(),
            ));
        }
        let state = state_word(end.state);
        let services = end.services.as_ref().map(json).transpose()?;
        let changes = end.changes.as_ref().map(json).transpose()?;
        let fault = end.fault.as_ref().map(json).transpose()?;
        let done = sqlx::query!(
            r#"UPDATE deploy
               SET state = ?1, ended_ms = ?2, services_json = COALESCE(?3, services_json),
                   changes_json = COALESCE(?4, changes_json), fault_json = ?5,
                   journal_json = CASE WHEN ?6 THEN NULL ELSE journal_json END
               WHERE deploy_id = ?7 AND (state = 'running' OR journal_json IS NOT NULL)"#,
            state,
            end.ended_ms,
            services,
            changes,
            fault,
            end.repaired,
            deploy.0
        )
        .execute(&self.inner.writer)
        .await?;
        changed(done.rows_affected(), deploy)
    }
}

fn changed(rows: u64, deploy: DeployId) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(StoreError::NotFound {
            what: "unfinished deploy",
            id: deploy.0,
        });
    }
    Ok(())
}

async fn insert(
    tx: &mut SqliteConnection,
    new: &NewDeploy,
    state: DeployState,
) -> Result<DeployId, StoreError> {
    let (kind, word) = (kind_word(new.kind), state_word(state));
    let ended_ms = (state != DeployState::Running).then_some(new.started_ms);
    let services = json(&new.services)?;
    let changes = json(&new.changes)?;
    let rollback_of = new.rollback_of.map(|deploy| deploy.0);
    let id = sqlx::query_scalar!(
        r#"INSERT INTO deploy (deployment_id, app_id, host_id, kind, state, started_ms, ended_ms, services_json, changes_json,
                               rollback_of, journal_json)
           SELECT deployment_id, app_id, host_id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM deployment WHERE deployment_id = ?1
           RETURNING deploy_id AS "deploy_id!""#,
        new.deployment.0,
        kind,
        word,
        new.started_ms,
        ended_ms,
        services,
        changes,
        rollback_of,
        new.journal_json,
    )
    .fetch_optional(tx)
    .await?;
    id.map(DeployId).ok_or(StoreError::NotFound {
        what: "deployment",
        id: new.deployment.0,
    })
}

/// Removes the deploys of a deployment that are neither among the newest nor among the last good ones, nor unfinished.
async fn prune(tx: &mut SqliteConnection, deployment: DeploymentId) -> Result<(), StoreError> {
    sqlx::query!(
        r#"DELETE FROM deploy
           WHERE deployment_id = ?1 AND state <> 'running' AND journal_json IS NULL
             AND deploy_id NOT IN (SELECT newest.deploy_id FROM deploy AS newest WHERE newest.deployment_id = ?1
                                   ORDER BY newest.started_ms DESC, newest.deploy_id DESC LIMIT ?2)
             AND deploy_id NOT IN (SELECT good.deploy_id FROM deploy AS good
                                   WHERE good.deployment_id = ?1 AND good.state = 'success'
                                   ORDER BY good.ended_ms DESC, good.deploy_id DESC LIMIT ?3)"#,
        deployment.0,
        DEPLOYS_KEPT,
        GOOD_DEPLOYS_KEPT
    )
    .execute(tx)
    .await?;
    Ok(())
}

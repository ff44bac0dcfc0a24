//! A row of the ledger and its words.

use roadstead_model::{AppId, DeployId, DeployKind, DeployState, DeploymentId, HostId};

use super::DeployRecord;
use crate::StoreError;

/// A row of any query for deploys.
pub(super) struct Row {
    pub(super) deploy_id: i64,
    pub(super) deployment_id: i64,
    pub(super) app_id: i64,
    pub(super) host_id: i64,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) started_ms: i64,
    pub(super) ended_ms: Option<i64>,
    pub(super) services_json: String,
    pub(super) changes_json: String,
    pub(super) fault_json: Option<String>,
    pub(super) rollback_of: Option<i64>,
    pub(super) journal_json: Option<String>,
    pub(super) is_current: bool,
}

impl TryFrom<Row> for DeployRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeployId(row.deploy_id),
            deployment: DeploymentId(row.deployment_id),
            host: HostId(row.host_id),
            app: AppId(row.app_id),
            kind: kind_of(&row.kind)?,
            state: state_of(&row.state)?,
            started_ms: row.started_ms,
            ended_ms: row.ended_ms,
            services: from_json(&row.services_json)?,
            changes: from_json(&row.changes_json)?,
            fault: row.fault_json.as_deref().map(from_json).transpose()?,
            rollback_of: row.rollback_of.map(DeployId),
            journal_json: row.journal_json,
            is_current: row.is_current,
        })
    }
}

pub(super) fn records(rows: Vec<Row>) -> Result<Vec<DeployRecord>, StoreError> {
    rows.into_iter().map(DeployRecord::try_from).collect()
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("a deploy has no JSON form: {error}")))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Damaged(format!("a stored deploy cannot be read: {error}")))
}

pub(super) fn kind_word(kind: DeployKind) -> &'static str {
    match kind {
        DeployKind::Found => "found",
        DeployKind::Observed => "observed",
        DeployKind::Update => "update",
        DeployKind::Rollback => "rollback",
    }
}

pub(super) fn kind_of(word: &str) -> Result<DeployKind, StoreError> {
    Ok(match word {
        "found" => DeployKind::Found,
        "observed" => DeployKind::Observed,
        "update" => DeployKind::Update,
        "rollback" => DeployKind::Rollback,
        other => {
            return Err(StoreError::Damaged(format!(
                "a deploy is of an unknown kind: {other}"
            )));
        }
    })
}

pub(super) fn state_word(state: DeployState) -> &'static str {
    match state {
        DeployState::Running => "running",
        DeployState::Success => "success",
        DeployState::Failed => "failed",
        DeployState::Interrupted => "interrupted",
    }
}

pub(super) fn state_of(word: &str) -> Result<DeployState, StoreError> {
    Ok(match word {
        "running" => DeployState::Running,
        "success" => DeployState::Success,
        "failed" => DeployState::Failed,
        "interrupted" => DeployState::Interrupted,
        other => {
            return Err(StoreError::Damaged(format!(
                "a deploy is in an unknown state: {other}"
            )));
        }
    })
}

//! What was deployed on the simulated hosts in the past weeks.

use std::collections::HashMap;

use roadstead_model::{DeployId, DeployKind, DeploymentId, HostId, TimeRange};
use roadstead_sim::{Fleet as SimFleet, PastDeploy};
use roadstead_store::{Begun, DeployEnd, NewDeploy};

use crate::fleet::Fleet;
use crate::wire::{Wire, WireError};

/// Writes a host's ledger of a span, as if it had been kept all along.
pub(super) async fn write(
    fleet: &Fleet,
    simulated: &SimFleet,
    index: usize,
    host: HostId,
    range: TimeRange,
) -> Wire<()> {
    let names: HashMap<_, _> = fleet
        .store
        .apps()
        .await?
        .into_iter()
        .map(|app| (app.id, app.name.0))
        .collect();
    let deployments: HashMap<String, DeploymentId> = fleet
        .store
        .deployments()
        .await?
        .into_iter()
        .filter(|deployment| deployment.host == host)
        .filter_map(|deployment| Some((names.get(&deployment.app)?.clone(), deployment.id)))
        .collect();
    let past = simulated
        .deploy_history(index, range)
        .ok_or_else(|| WireError::internal("the simulated fleet lacks a host"))?;
    let mut written: HashMap<(DeploymentId, i64), DeployId> = HashMap::new();
    for deploy in past {
        let Some(deployment) = deployments.get(&deploy.app).copied() else {
            continue;
        };
        let rollback_of = deploy
            .rollback_of_ms
            .and_then(|started_ms| written.get(&(deployment, started_ms)).copied());
        let started_ms = deploy.started_ms;
        let id = write_one(fleet, deployment, rollback_of, deploy).await?;
        written.insert((deployment, started_ms), id);
    }
    Ok(())
}

async fn write_one(
    fleet: &Fleet,
    deployment: DeploymentId,
    rollback_of: Option<DeployId>,
    past: PastDeploy,
) -> Wire<DeployId> {
    let new = NewDeploy {
        deployment,
        kind: past.kind,
        started_ms: past.started_ms,
        services: past.services,
        changes: past.changes,
        rollback_of,
        journal_json: None,
    };
    if matches!(past.kind, DeployKind::Found | DeployKind::Observed) {
        return Ok(fleet.store.record_deploy(&new).await?);
    }
    let Begun::Begun(id) = fleet.store.begin_deploy(&new).await? else {
        return Err(WireError::internal(
            "two deploys of the past were under way at once",
        ));
    };
    let end = DeployEnd {
        state: past.state,
        ended_ms: past.ended_ms,
        services: None,
        changes: None,
        fault: past.fault,
        repaired: true,
    };
    fleet.store.end_deploy(id, &end).await?;
    Ok(id)
}

//! The deploy ledger of an app.

use std::collections::HashMap;

use roadstead_model::{DeployId, DeployState, Deployed, DeploymentId};
use roadstead_store::{DeployQuery, DeployRecord};

use super::count;
use crate::deploys::observe::{counts, deployed};
use crate::deploys::plan::no_way_back;
use crate::fleet::Fleet;
use crate::fleet::live::LiveFleet;
use crate::wire::{
    DeployPlan, DeployRow, DeployedService, DeploysPage, DeploysRequest, PlanRequest, Wire, WireError,
};

/// Rows of a page when nothing is said, and at most.
const MAX_ROWS: u32 = 200;

impl Fleet {
    pub(crate) async fn list_deploys(&self, request: DeploysRequest) -> Wire<DeploysPage> {
        if !(1..=MAX_ROWS).contains(&request.limit) {
            return Err(WireError::out_of_range(
                "limit",
                request.limit.into(),
                1,
                MAX_ROWS.into(),
                "",
            ));
        }
        let app = self.app_id(&request.app)?;
        if let Some(host) = request.host
            && !self.live.read().hosts.contains_key(&host)
        {
            return Err(WireError::not_found("host", host));
        }
        let mut page = self
            .store
            .deploys(&DeployQuery {
                app,
                host: request.host,
                state: request.state,
                before: request.before,
                limit: request.limit + 1,
            })
            .await?;
        let more = page.rows.len() > request.limit as usize;
        page.rows.truncate(request.limit as usize);
        Ok(DeploysPage {
            now_ms: self.clock.now_ms(),
            rows: self.deploy_rows(page.rows),
            total: count(page.total),
            more,
        })
    }

    pub(crate) async fn plan_deploy(&self, request: PlanRequest) -> Wire<DeployPlan> {
        Ok(self.intend(&request).await?.plan)
    }

    /// One row of the ledger.
    pub(crate) async fn deploy_row(&self, deploy: DeployId) -> Wire<DeployRow> {
        let record = self.store.deploy(deploy).await?;
        let mut rows = self.deploy_rows(vec![record]);
        rows.pop().ok_or_else(|| WireError::not_found("deploy", deploy))
    }

    /// Rows of hosts that are not removed.
    fn deploy_rows(&self, records: Vec<DeployRecord>) -> Vec<DeployRow> {
        let fleet = self.live.read();
        let mut running: HashMap<DeploymentId, Vec<Deployed>> = HashMap::new();
        for record in &records {
            running
                .entry(record.deployment)
                .or_insert_with(|| runs_now(&fleet, record));
        }
        records
            .into_iter()
            .filter_map(|record| {
                let host_name = fleet.hosts.get(&record.host)?.record.name.clone();
                let now = running.get(&record.deployment).map_or(&[][..], Vec::as_slice);
                let progress = self.deploys.progress(record.id);
                Some(DeployRow {
                    id: record.id,
                    host: record.host,
                    host_name,
                    kind: record.kind,
                    // Settled in the ledger, it still blocks others until what it set aside is removed.
                    state: if progress.is_some() {
                        DeployState::Running
                    } else {
                        record.state
                    },
                    started_ms: record.started_ms,
                    ended_ms: record.ended_ms.filter(|_| progress.is_none()),
                    services: record.services.iter().map(service_row).collect(),
                    no_way_back: no_way_back(&record, now),
                    repair_waits: record.state == DeployState::Interrupted && record.journal_json.is_some(),
                    progress,
                    changes: record.changes,
                    fault: record.fault,
                    rollback_of: record.rollback_of,
                    is_current: record.is_current,
                })
            })
            .collect()
    }
}

/// What a deployment runs, as last seen.
fn runs_now(fleet: &LiveFleet, record: &DeployRecord) -> Vec<Deployed> {
    let containers = fleet.hosts.get(&record.host).map(|live| &live.containers);
    containers
        .into_iter()
        .flatten()
        .filter(|container| container.deployment == record.deployment && counts(&container.facts))
        .map(|container| deployed(&container.facts))
        .collect()
}

/// A service of a deploy for the window.
pub(crate) fn service_row(one: &Deployed) -> DeployedService {
    DeployedService {
        service: one.service.clone(),
        container_name: one.container_name.clone(),
        image: one.image.clone(),
        digest: one.digest.clone(),
        image_id: one.image_id.clone(),
        image_created_ms: one.image_created_ms,
        config_hash: one.config.as_ref().map(|config| config.hash.clone()),
    }
}

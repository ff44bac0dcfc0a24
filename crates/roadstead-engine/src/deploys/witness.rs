//! Writing down what others deployed.

use std::collections::HashMap;

use roadstead_model::{EngineContainerId, HostId};
use roadstead_store::StoreError;

use super::observe::new_deploy;
use crate::fleet::Fleet;
use crate::wire::Tag;

impl Fleet {
    /// Compares a host's inventory with its ledger, and writes down what somebody else deployed. Whether some deployment does
    /// not stand still yet.
    pub(crate) async fn observe_deploys(&self, host: HostId) -> Result<bool, StoreError> {
        let now_ms = self.clock.now_ms();
        let seen = self.live.with_host(host, |live| {
            let busy = |deployment| self.deploys.of(deployment).is_some();
            let seen = live.watch.look(&live.containers, busy, now_ms);
            let created: HashMap<EngineContainerId, i64> = live
                .containers
                .iter()
                .map(|container| (container.facts.engine_id.clone(), container.facts.created_at_ms))
                .collect();
            (seen, created)
        });
        let Some((seen, created)) = seen else {
            return Ok(false);
        };
        if seen.settled.is_empty() {
            return Ok(seen.look_again);
        }
        let current = self.store.current_deploys(host).await?;
        let unfinished = self.store.unfinished_deploys(Some(host)).await?;
        let mut learned = Vec::with_capacity(seen.settled.len());
        let mut rows = Vec::new();
        for (deployment, services) in seen.settled {
            if unfinished.iter().any(|row| row.deployment == deployment) {
                continue;
            }
            let before = current.iter().find(|row| row.deployment == deployment);
            let is_new = |id: &EngineContainerId| {
                before.is_none_or(|row| row.services.iter().all(|known| known.engine_id != *id))
            };
            let newest_ms = services
                .iter()
                .filter(|one| is_new(&one.engine_id))
                .filter_map(|one| created.get(&one.engine_id).copied())
                .max();
            // What changed without a new container (`docker update`) was noticed now.
            let changed_ms = newest_ms.map_or(now_ms, |ms| ms.min(now_ms));
            let started_ms = before.map_or(changed_ms, |row| {
                changed_ms.max(row.ended_ms.unwrap_or(row.started_ms) + 1)
            });
            let before = before.map(|row| row.services.as_slice());
            rows.extend(new_deploy(deployment, before, &services, started_ms));
            learned.push((deployment, services));
        }
        if !rows.is_empty() {
            self.store.record_deploys(&rows).await?;
            self.notifier.changed(Tag::Deploys);
        }
        self.live.with_host(host, |live| {
            for (deployment, services) in &learned {
                live.watch.learn(*deployment, services);
            }
        });
        Ok(seen.look_again)
    }
}

//! What a deploy would do and why it cannot be done: one place for the window's question and for the deploy itself.

use std::collections::{BTreeMap, BTreeSet};

use roadstead_model::{
    AppId, ContainerFacts, ContainerState, DeployChange, DeployId, DeployState, Deployed, DeploymentId,
    Fleeting, HostId, deploy_changes,
};
use roadstead_store::DeployRecord;

use super::images::{updates, ways_back};
use super::journal::{Journal, Part};
use super::observe::{counts, deployed};
use super::replace::Wanted;
use crate::fleet::Fleet;
use crate::pages::deploys::service_row;
use crate::random::random;
use crate::wire::{DeployPlan, DeployRefusal, DeployTarget, PlanRequest, PlannedService, Wire, WireError};

/// A deploy that could be begun, when its plan has no refusals.
#[derive(Debug)]
pub(crate) struct Intent {
    /// What it would do, for the operator.
    pub(crate) plan: DeployPlan,
    /// The deployment.
    pub(crate) deployment: DeploymentId,
    /// What runs now.
    pub(crate) before: Vec<Deployed>,
    /// What it takes to undo it.
    pub(crate) journal: Journal,
    /// The image of each service.
    pub(crate) wanted: BTreeMap<String, Wanted>,
    /// What is to run after it, as far as is known now.
    pub(crate) services: Vec<Deployed>,
    /// The deploy that it puts back.
    pub(crate) rollback_of: Option<DeployId>,
}

/// A deployment as it is now.
struct Now {
    /// Absent when nothing of it is on the host.
    deployment: Option<DeploymentId>,
    containers: Vec<ContainerFacts>,
    display_name: String,
    host_name: String,
    writing: bool,
    refusals: Vec<DeployRefusal>,
}

impl Fleet {
    /// What is asked for, looked at from all sides. Asks the host; changes nothing.
    pub(crate) async fn intend(&self, request: &PlanRequest) -> Wire<Intent> {
        let app = self.app_id(&request.app)?;
        let now = self.deployment_now(app, request.host)?;
        let deployment = match now.deployment {
            Some(deployment) => deployment,
            None => self.deployment_of(app, request).await?,
        };
        let before: Vec<Deployed> = now.containers.iter().map(deployed).collect();
        let target = match &request.target {
            DeployTarget::Update { .. } => None,
            DeployTarget::Rollback { deploy } => Some(self.deploy_of(*deploy, deployment).await?),
        };
        let mut refusals = now.refusals.clone();
        if !now.writing {
            refusals.push(DeployRefusal::WritingOff);
        }
        let unfinished = self.store.unfinished_deploys(Some(request.host)).await?;
        if let Some(busy) = unfinished.iter().find(|row| row.deployment == deployment) {
            refusals.push(DeployRefusal::Busy { deploy: busy.id });
        }
        if let Some(target) = &target {
            refusals.extend(no_way_back(target, &before));
        }
        let writer = match self.connection_of(request.host) {
            None => {
                refusals.push(DeployRefusal::HostUnreachable);
                None
            }
            Some(connection) => connection
                .writer()
                .map_err(|lacks| {
                    refusals.push(DeployRefusal::EngineNotCapable { engine: lacks.engine });
                })
                .ok(),
        };
        let mut wanted = match &request.target {
            DeployTarget::Update { images } => updates(&before, images)?,
            DeployTarget::Rollback { .. } => BTreeMap::new(),
        };
        if let (Some(writer), Some(target)) = (&writer, &target)
            && !refusals.iter().any(|refusal| {
                matches!(
                    refusal,
                    DeployRefusal::NotGood | DeployRefusal::ServicesDiffer { .. }
                )
            })
        {
            wanted = ways_back(writer, &before, target, &mut refusals).await?;
        }
        let mut volumes = BTreeSet::new();
        if let Some(writer) = &writer {
            for facts in &now.containers {
                if let Ok(blueprint) = writer.blueprint(&facts.engine_id).await {
                    volumes.extend(blueprint.volumes());
                }
            }
        }
        let services = planned(&before, &wanted, target.as_ref());
        let journal = Journal {
            token: token(),
            parts: parts(&now.containers, &wanted),
            settled: false,
        };
        Ok(Intent {
            plan: DeployPlan {
                display_name: now.display_name,
                host_name: now.host_name,
                services,
                config_differences: target
                    .as_ref()
                    .map(|target| {
                        deploy_changes(&target.services, &before)
                            .into_iter()
                            .filter(|change| {
                                !matches!(
                                    change,
                                    DeployChange::Image { .. } | DeployChange::ImageContent { .. }
                                )
                            })
                            .collect()
                    })
                    .unwrap_or_default(),
                target_started_ms: target.as_ref().map(|target| target.started_ms),
                volumes: volumes.into_iter().collect(),
                refusals,
            },
            deployment,
            services: intended(&before, &wanted, target.as_ref()),
            before,
            journal,
            wanted,
            rollback_of: target.map(|target| target.id),
        })
    }

    async fn deploy_of(&self, deploy: DeployId, deployment: DeploymentId) -> Wire<DeployRecord> {
        let record = self.store.deploy(deploy).await?;
        if record.deployment != deployment {
            return Err(WireError::not_found("deploy", deploy));
        }
        Ok(record)
    }

    /// The deployment of an app that has no container on the host now.
    async fn deployment_of(&self, app: AppId, request: &PlanRequest) -> Wire<DeploymentId> {
        let all = self.store.deployments().await?;
        let found = all
            .into_iter()
            .find(|one| one.app == app && one.host == request.host);
        found
            .map(|one| one.id)
            .ok_or_else(|| WireError::not_found("app", &request.app))
    }

    fn deployment_now(&self, app: AppId, host: HostId) -> Wire<Now> {
        let fleet = self.live.read();
        let live = fleet
            .hosts
            .get(&host)
            .ok_or_else(|| WireError::not_found("host", host))?;
        let mut containers: Vec<&_> = live
            .containers
            .iter()
            .filter(|container| container.app == app && counts(&container.facts))
            .collect();
        // Compose creates a service after the ones it depends on.
        containers.sort_by_key(|container| container.facts.created_at_ms);
        let mut refusals = Vec::new();
        if containers.is_empty() {
            refusals.push(DeployRefusal::NothingThere);
        }
        for container in &containers {
            let facts = &container.facts;
            let name = || facts.name.clone();
            match facts.fleeting {
                Some(Fleeting::SwarmTask) => refusals.push(DeployRefusal::SwarmTask { container: name() }),
                Some(Fleeting::AutoRemove) => refusals.push(DeployRefusal::AutoRemove { container: name() }),
                Some(Fleeting::OneOff | Fleeting::InBetween) | None => {}
            }
            if fleet.is_protected(facts) {
                refusals.push(DeployRefusal::Protected { container: name() });
            }
            if live
                .containers
                .iter()
                .any(|other| shares_network(&other.facts, facts))
            {
                refusals.push(DeployRefusal::SharesNetwork { container: name() });
            }
        }
        Ok(Now {
            deployment: containers.first().map(|container| container.deployment),
            containers: containers
                .iter()
                .map(|container| container.facts.clone())
                .collect(),
            display_name: fleet.display_name(app),
            host_name: live.record.name.clone(),
            writing: live.record.writing,
            refusals,
        })
    }
}

/// Whether a container lives in the network of another.
fn shares_network(guest: &ContainerFacts, host: &ContainerFacts) -> bool {
    guest
        .config
        .as_ref()
        .and_then(|config| config.shares_network_of.as_ref())
        .is_some_and(|of| *of == host.engine_id.0 || *of == host.name)
}

/// Why there is no way back to a deploy, as far as can be said without asking the host.
pub(crate) fn no_way_back(target: &DeployRecord, now: &[Deployed]) -> Option<DeployRefusal> {
    if target.state != DeployState::Success {
        return Some(DeployRefusal::NotGood);
    }
    let names = |services: &[Deployed]| -> BTreeSet<String> {
        services.iter().map(|one| one.service.clone()).collect()
    };
    let (then, running) = (names(&target.services), names(now));
    if then != running {
        return Some(DeployRefusal::ServicesDiffer {
            services: then.symmetric_difference(&running).cloned().collect(),
        });
    }
    let same = |one: &Deployed| {
        now.iter()
            .filter(|other| other.service == one.service)
            .all(|other| other.image_id == one.image_id)
    };
    target
        .services
        .iter()
        .all(same)
        .then_some(DeployRefusal::IsCurrent)
}

fn parts(containers: &[ContainerFacts], wanted: &BTreeMap<String, Wanted>) -> Vec<Part> {
    containers
        .iter()
        .map(|facts| (facts, deployed(facts).service))
        .filter(|(_, service)| wanted.contains_key(service))
        .map(|(facts, service)| Part {
            service,
            name: facts.name.clone(),
            old: facts.engine_id.clone(),
            // One that restarts again and again is to be replaced by one that runs.
            was_running: facts.state.is_running() || facts.state == ContainerState::Restarting,
            touched: false,
            new: None,
        })
        .collect()
}

fn planned(
    before: &[Deployed],
    wanted: &BTreeMap<String, Wanted>,
    target: Option<&DeployRecord>,
) -> Vec<PlannedService> {
    let mut services: BTreeMap<&str, PlannedService> = BTreeMap::new();
    for one in before {
        let way = wanted.get(&one.service);
        let then = target.and_then(|target| target.services.iter().find(|then| then.service == one.service));
        services
            .entry(&one.service)
            .or_insert_with(|| PlannedService {
                service: one.service.clone(),
                containers: Vec::new(),
                from: service_row(one),
                to_image: then
                    .map(|then| then.image.clone())
                    .or_else(|| way.map(|way| way.reference.clone()))
                    .unwrap_or_else(|| one.image.clone()),
                to_digest: then.and_then(|then| then.digest.clone()),
                to_created_ms: then.and_then(|then| then.image_created_ms),
                is_local: way.is_some_and(|way| way.pull.is_none()),
                unchanged: way.is_none(),
            })
            .containers
            .push(one.container_name.clone());
    }
    services.into_values().collect()
}

fn intended(
    before: &[Deployed],
    wanted: &BTreeMap<String, Wanted>,
    target: Option<&DeployRecord>,
) -> Vec<Deployed> {
    before
        .iter()
        .map(|one| {
            let Some(way) = wanted.get(&one.service) else {
                return one.clone();
            };
            let then =
                target.and_then(|target| target.services.iter().find(|then| then.service == one.service));
            match then {
                Some(then) => Deployed {
                    image: way.reference.clone(),
                    digest: then.digest.clone(),
                    image_id: then.image_id.clone(),
                    image_created_ms: then.image_created_ms,
                    ..one.clone()
                },
                None => Deployed {
                    image: way.reference.clone(),
                    ..one.clone()
                },
            }
        })
        .collect()
}

/// Eight hex digits that no other replacement has.
fn token() -> String {
    format!("{:08x}", random() & 0xffff_ffff)
}

#[cfg(test)]
mod tests;

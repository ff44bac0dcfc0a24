//! Deploys that somebody else made, seen in the inventory. Pure, but for the memory of what was seen.
//!
//! A deployment is looked at when its containers have stood still for a while: Compose removes and creates them one by one. What
//! ran before is known by the ledger, so that a change made while the program was closed is seen all the same, once.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use roadstead_model::time::SECOND_MS;
use roadstead_model::{
    ContainerFacts, DeployChange, DeployKind, Deployed, DeploymentId, Fleeting, deploy_changes,
};
use roadstead_store::NewDeploy;

use crate::fleet::live::LiveContainer;

/// A deployment that stood still for so long is done with whatever was being done to it.
pub(crate) const SETTLED_MS: i64 = 8 * SECOND_MS;

/// What was last seen of a host's deployments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    /// Of each deployment the signature of what the ledger says of it, or of a state that is known to be no deploy.
    known: HashMap<DeploymentId, u64>,
    /// Deployments that look different now: their signature, and since when it is that.
    unsettled: HashMap<DeploymentId, (u64, i64)>,
}

/// What is to be done about a host's deployments.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Deployments that stood still with something else than the ledger says, and what that is.
    pub(crate) settled: Vec<(DeploymentId, Vec<Deployed>)>,
    /// Some deployment does not stand still yet: look again.
    pub(crate) look_again: bool,
}

impl Watch {
    /// With what the ledger says runs.
    pub(crate) fn new<'a>(current: impl Iterator<Item = (DeploymentId, &'a [Deployed])>) -> Self {
        Self {
            known: current
                .map(|(deployment, services)| (deployment, signature(services)))
                .collect(),
            unsettled: HashMap::new(),
        }
    }

    /// Compares the inventory with what is known. `busy` are the deployments that we are changing ourselves.
    pub(crate) fn look(
        &mut self,
        containers: &[LiveContainer],
        busy: impl Fn(DeploymentId) -> bool,
        now_ms: i64,
    ) -> Seen {
        let mut now: HashMap<DeploymentId, Vec<Deployed>> = HashMap::new();
        for container in containers {
            if counts(&container.facts) {
                now.entry(container.deployment)
                    .or_default()
                    .push(deployed(&container.facts));
            }
        }
        self.unsettled
            .retain(|deployment, _| now.contains_key(deployment) && !busy(*deployment));
        let mut seen = Seen::default();
        for (deployment, services) in now {
            let signature = signature(&services);
            if busy(deployment) {
                continue;
            }
            if self.known.get(&deployment) == Some(&signature) {
                self.unsettled.remove(&deployment);
                continue;
            }
            let since = self.unsettled.entry(deployment).or_insert((signature, now_ms));
            if since.0 != signature {
                *since = (signature, now_ms);
            }
            // A deployment that nobody knew yet is written down at once: nothing was replaced.
            let is_new = !self.known.contains_key(&deployment);
            if is_new || now_ms - since.1 >= SETTLED_MS {
                seen.settled.push((deployment, services));
            } else {
                seen.look_again = true;
            }
        }
        seen
    }

    /// This is what the ledger says now, or what is known to be no deploy.
    pub(crate) fn learn(&mut self, deployment: DeploymentId, services: &[Deployed]) {
        self.known.insert(deployment, signature(services));
        self.unsettled.remove(&deployment);
    }
}

/// The row for what a deployment runs now, or none when it is no deploy: the same again, or only less of it.
#[must_use]
pub(crate) fn new_deploy(
    deployment: DeploymentId,
    before: Option<&[Deployed]>,
    now: &[Deployed],
    created_ms: i64,
) -> Option<NewDeploy> {
    let (kind, changes) = match before {
        None => (DeployKind::Found, Vec::new()),
        Some(before) => (DeployKind::Observed, deploy_changes(before, now)),
    };
    let only_less = changes
        .iter()
        .all(|change| matches!(change, DeployChange::ServiceRemoved { .. }));
    if kind == DeployKind::Observed && only_less {
        return None;
    }
    Some(NewDeploy {
        deployment,
        kind,
        started_ms: created_ms,
        services: now.to_vec(),
        changes,
        rollback_of: None,
        journal_json: None,
    })
}

/// Whether a container is part of what a deployment runs: not one that ran one job, and none in the middle of being replaced.
#[must_use]
pub(crate) fn counts(facts: &ContainerFacts) -> bool {
    !matches!(facts.fleeting, Some(Fleeting::OneOff | Fleeting::InBetween))
}

/// A container as the ledger keeps it.
#[must_use]
pub(crate) fn deployed(facts: &ContainerFacts) -> Deployed {
    Deployed {
        service: facts.service.clone().unwrap_or_else(|| facts.name.clone()),
        container_name: facts.name.clone(),
        engine_id: facts.engine_id.clone(),
        image: facts.image.clone(),
        digest: facts.image_digest.clone(),
        image_id: facts.image_id.clone(),
        image_created_ms: facts.image_created_ms,
        memory_limit_bytes: facts.memory_limit_bytes,
        cpu_limit_cores: facts.cpu_limit_cores,
        config: facts.config.as_deref().cloned(),
    }
}

/// The same for containers that differ in nothing a deploy decides.
fn signature(services: &[Deployed]) -> u64 {
    let mut parts: Vec<_> = services
        .iter()
        .map(|one| {
            (
                &one.service,
                &one.image,
                &one.image_id,
                one.memory_limit_bytes,
                one.cpu_limit_cores.map(f64::to_bits),
                one.config.as_ref().map(|config| &config.hash),
            )
        })
        .collect();
    parts.sort();
    parts.dedup();
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use roadstead_model::{AppId, ContainerId};

    use super::*;
    use crate::changes::tests::facts;

    const ID: DeploymentId = DeploymentId(1);

    fn live(facts: ContainerFacts) -> LiveContainer {
        LiveContainer {
            facts,
            container: ContainerId(1),
            deployment: ID,
            app: AppId(1),
        }
    }

    fn with_image(id: &str, image: &str) -> ContainerFacts {
        ContainerFacts {
            image: image.into(),
            image_id: format!("id of {image}"),
            ..facts(id, "web")
        }
    }

    fn look(watch: &mut Watch, containers: &[LiveContainer], now_ms: i64) -> Seen {
        watch.look(containers, |_| false, now_ms)
    }

    #[test]
    fn a_deployment_nobody_knew_is_found_at_once() {
        let mut watch = Watch::default();
        let seen = look(&mut watch, &[live(facts("a", "web"))], 0);
        assert_eq!(seen.settled.len(), 1);
        let row = new_deploy(ID, None, &seen.settled[0].1, 100).unwrap();
        assert_eq!((row.kind, row.started_ms), (DeployKind::Found, 100));
        watch.learn(ID, &seen.settled[0].1);
        assert_eq!(look(&mut watch, &[live(facts("a", "web"))], 1), Seen::default());
    }

    #[test]
    fn a_change_is_told_once_it_stood_still() {
        let before = [deployed(&with_image("a", "shop:1"))];
        let mut watch = Watch::new([(ID, before.as_slice())].into_iter());
        let newer = [live(with_image("b", "shop:2"))];
        let first = look(&mut watch, &newer, 0);
        assert!(first.look_again && first.settled.is_empty());
        let newest = [live(with_image("c", "shop:3"))];
        assert!(look(&mut watch, &newest, SETTLED_MS).look_again, "it moved again");
        let seen = look(&mut watch, &newest, 2 * SETTLED_MS);
        let row = new_deploy(ID, Some(&before), &seen.settled[0].1, 5).unwrap();
        assert_eq!(row.kind, DeployKind::Observed);
        assert_eq!(
            row.changes,
            [DeployChange::Image {
                service: "web".into(),
                from: "shop:1".into(),
                to: "shop:3".into()
            }]
        );
    }

    #[test]
    fn what_we_change_ourselves_and_what_is_in_between_is_not_observed() {
        let before = [deployed(&with_image("a", "shop:1"))];
        let mut watch = Watch::new([(ID, before.as_slice())].into_iter());
        let newer = [live(with_image("b", "shop:2"))];
        assert_eq!(watch.look(&newer, |_| true, 0), Seen::default());
        let aside = ContainerFacts {
            fleeting: Some(Fleeting::InBetween),
            ..with_image("b", "shop:2")
        };
        let both = [live(with_image("a", "shop:1")), live(aside)];
        assert_eq!(look(&mut watch, &both, 0), Seen::default());
    }

    #[test]
    fn less_of_the_same_and_the_same_again_are_no_deploys() {
        let web = deployed(&with_image("a", "shop:1"));
        let job = Deployed {
            service: "job".into(),
            ..web.clone()
        };
        let again = Deployed {
            engine_id: roadstead_model::EngineContainerId("z".into()),
            ..web.clone()
        };
        assert_eq!(new_deploy(ID, Some(&[web.clone(), job]), &[again], 5), None);
        let mut watch = Watch::new([(ID, [web].as_slice())].into_iter());
        let recreated = [live(with_image("b", "shop:1"))];
        assert_eq!(look(&mut watch, &recreated, 0), Seen::default());
    }
}

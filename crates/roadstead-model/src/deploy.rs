//! Deploys: what a deployment ran, what changed from one to the next, and how a change that we made ended.
//!
//! Values of environment variables and labels are never here: only their names, and a keyed hash that tells whether a value is
//! still the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::EngineContainerId;

/// The label Docker Compose puts on containers of `docker compose run`.
pub const COMPOSE_ONEOFF_LABEL: &str = "com.docker.compose.oneoff";
/// Ledger rows kept for a deployment, besides the ones that must stay.
pub const DEPLOYS_KEPT: u32 = 50;
/// Rows of good deploys that stay whatever failed after them.
pub const GOOD_DEPLOYS_KEPT: u32 = 2;

/// A setting of a container that has a name of its own in "what changed".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ConfigPart {
    /// The command.
    Command,
    /// The entry point.
    Entrypoint,
    /// The user it runs as.
    User,
    /// The working directory.
    WorkingDir,
    /// Published ports, as `8080:80/tcp`.
    Ports,
    /// Mounts, as `name:/path`.
    Mounts,
    /// Networks, by name.
    Networks,
    /// The restart policy.
    RestartPolicy,
    /// The health check.
    HealthCheck,
    /// Added and dropped capabilities, and whether it is privileged.
    Privileges,
    /// Devices.
    Devices,
    /// The log driver and its options.
    LogOptions,
    /// Any other setting of the host configuration.
    Other,
}

/// A setting as it can be compared and, where it holds no secret, shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartFacts {
    /// Keyed hash of the whole setting, 16 hex digits.
    pub hash: String,
    /// One line that may be shown; absent where the setting may hold secrets (commands, options).
    pub shown: Option<String>,
}

/// What a container was created with, apart from its image and limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// Keyed hash of everything below, 16 hex digits.
    pub hash: String,
    /// Names of environment variables and the keyed hash of each value (8 hex digits).
    pub env: BTreeMap<String, String>,
    /// Names of labels and the keyed hash of each value; without those that Compose makes anew for each container.
    pub labels: BTreeMap<String, String>,
    /// Everything else by part; a part that is not set is not here.
    pub parts: BTreeMap<ConfigPart, PartFacts>,
    /// Id or name of the container whose network it lives in (`--network container:…`).
    #[serde(default)]
    pub shares_network_of: Option<String>,
}

/// A container of a deploy: what ran in the service, exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployed {
    /// The service; the container's name where there is none.
    pub service: String,
    /// The container's name.
    pub container_name: String,
    /// The container.
    pub engine_id: EngineContainerId,
    /// Image reference as typed.
    pub image: String,
    /// `repository@sha256:…` as the registry knows it; absent for images that were never pulled or pushed.
    pub digest: Option<String>,
    /// Image id (`sha256:…`).
    pub image_id: String,
    /// When the image was built, UTC epoch milliseconds, as far as it says.
    pub image_created_ms: Option<i64>,
    /// Hard memory limit; absent when unlimited.
    pub memory_limit_bytes: Option<u64>,
    /// CPU limit in cores; absent when unlimited.
    pub cpu_limit_cores: Option<f64>,
    /// Everything else; absent when the engine did not say.
    pub config: Option<ContainerConfig>,
}

/// One difference between two deploys of a service, in words that hold no value of a variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeployChange {
    /// A service that was not there before.
    ServiceAdded {
        /// The service.
        service: String,
        /// Its image.
        image: String,
    },
    /// A service that is there no more.
    ServiceRemoved {
        /// The service.
        service: String,
        /// Its image.
        image: String,
    },
    /// Another reference: `app:1.2.3` became `app:1.2.4`.
    Image {
        /// The service.
        service: String,
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// The same reference, and another image behind it: what was pulled again, or built again.
    ImageContent {
        /// The service.
        service: String,
        /// The reference.
        image: String,
        /// Digest before, else image id.
        from: String,
        /// Digest now, else image id.
        to: String,
    },
    /// Another memory limit.
    MemoryLimit {
        /// The service.
        service: String,
        /// Before; absent: unlimited.
        from_bytes: Option<u64>,
        /// Now; absent: unlimited.
        to_bytes: Option<u64>,
    },
    /// Another CPU limit.
    CpuLimit {
        /// The service.
        service: String,
        /// Before; absent: unlimited.
        from_cores: Option<f64>,
        /// Now; absent: unlimited.
        to_cores: Option<f64>,
    },
    /// Environment variables that came, went or have another value, by name.
    Env {
        /// The service.
        service: String,
        /// New ones.
        added: Vec<String>,
        /// Gone ones.
        removed: Vec<String>,
        /// Ones with another value.
        changed: Vec<String>,
    },
    /// Labels that came, went or have another value, by name.
    Labels {
        /// The service.
        service: String,
        /// New ones.
        added: Vec<String>,
        /// Gone ones.
        removed: Vec<String>,
        /// Ones with another value.
        changed: Vec<String>,
    },
    /// Another setting.
    Part {
        /// The service.
        service: String,
        /// Which.
        part: ConfigPart,
        /// Before, where it may be shown.
        from: Option<String>,
        /// Now, where it may be shown.
        to: Option<String>,
    },
}

/// How a deploy came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeployKind {
    /// What ran when the deployment was first seen.
    Found,
    /// Somebody else changed it.
    Observed,
    /// We pulled and recreated it.
    Update,
    /// We put an earlier deploy back.
    Rollback,
}

/// How far a deploy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeployState {
    /// Under way.
    Running,
    /// What it asked for runs.
    Success,
    /// It failed; what ran before runs again.
    Failed,
    /// The program or the host went away meanwhile; what ran before runs again, or will once the host is back.
    Interrupted,
}

/// Why a deploy failed, by name. The window has a sentence and an advice for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeployCause {
    /// The registry does not let us pull it.
    PullDenied,
    /// No registry and no engine knows the image.
    ImageNotFound,
    /// The registry does not answer.
    RegistryUnreachable,
    /// The pull broke off for another reason.
    PullFailed,
    /// What was pulled is not the digest that was asked for.
    DigestDiffers,
    /// A port it needs is taken.
    PortInUse,
    /// An address it needs is taken.
    AddressInUse,
    /// Its name is taken by another container.
    NameInUse,
    /// A network, volume or device it needs is gone.
    ResourceMissing,
    /// The engine did not take its configuration.
    ConfigRefused,
    /// Its main process could not be started.
    StartFailed,
    /// It started and ended at once.
    ExitedAtOnce,
    /// Its health check failed.
    Unhealthy,
    /// It took longer than it may.
    TimedOut,
    /// The host's disk is full.
    DiskFull,
    /// The host went away.
    HostLost,
    /// Somebody else changed or removed its containers meanwhile.
    ChangedMeanwhile,
    /// The operator stopped it.
    Cancelled,
    /// The program ended meanwhile.
    ProgramEnded,
    /// The engine failed for another reason.
    EngineError,
}

/// Why a deploy failed, and one redacted line for the curious. The engine's own words are never kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeployFault {
    /// The cause.
    pub cause: DeployCause,
    /// The service it failed at, when one.
    pub service: Option<String>,
    /// One line, redacted, at most 300 characters; may be empty.
    pub detail: String,
}

/// A step of a replacement, in their order. The old container runs on until `Stop`; from `Settled` on the new one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeployStep {
    /// Images are pulled.
    Pull,
    /// New containers are created beside the old ones.
    Create,
    /// The old container is stopped.
    Stop,
    /// The old container steps aside from its name.
    StepAside,
    /// The new container takes the name.
    TakeName,
    /// The new container is started.
    Start,
    /// The new container shows that it is well.
    Wait,
    /// The ledger says that the new ones stay.
    Settled,
    /// The old containers are removed; their volumes stay.
    Remove,
}

impl DeployStep {
    /// All of them in their order.
    pub const ALL: [Self; 9] = [
        Self::Pull,
        Self::Create,
        Self::Stop,
        Self::StepAside,
        Self::TakeName,
        Self::Start,
        Self::Wait,
        Self::Settled,
        Self::Remove,
    ];
}

/// Differences from what ran `before` to what runs `now`, by service. Empty when both are the same in everything that a
/// deploy decides.
#[must_use]
pub fn deploy_changes(before: &[Deployed], now: &[Deployed]) -> Vec<DeployChange> {
    let old = by_service(before);
    let new = by_service(now);
    let mut changes = Vec::new();
    for (service, deployed) in &new {
        match old.get(service) {
            Some(earlier) => compare(service, earlier, deployed, &mut changes),
            None => changes.push(DeployChange::ServiceAdded {
                service: (*service).to_owned(),
                image: deployed.image.clone(),
            }),
        }
    }
    for (service, earlier) in &old {
        if !new.contains_key(service) {
            changes.push(DeployChange::ServiceRemoved {
                service: (*service).to_owned(),
                image: earlier.image.clone(),
            });
        }
    }
    changes
}

/// One container per service: the first by name stands for its replicas.
fn by_service(deployed: &[Deployed]) -> BTreeMap<&str, &Deployed> {
    let mut services: BTreeMap<&str, &Deployed> = BTreeMap::new();
    for one in deployed {
        services
            .entry(&one.service)
            .and_modify(|known| {
                if one.container_name < known.container_name {
                    *known = one;
                }
            })
            .or_insert(one);
    }
    services
}

fn compare(service: &str, old: &Deployed, new: &Deployed, changes: &mut Vec<DeployChange>) {
    let service = || service.to_owned();
    if old.image != new.image {
        changes.push(DeployChange::Image {
            service: service(),
            from: old.image.clone(),
            to: new.image.clone(),
        });
    } else if old.image_id != new.image_id {
        let content = |of: &Deployed| of.digest.clone().unwrap_or_else(|| of.image_id.clone());
        changes.push(DeployChange::ImageContent {
            service: service(),
            image: new.image.clone(),
            from: content(old),
            to: content(new),
        });
    }
    if old.memory_limit_bytes != new.memory_limit_bytes {
        changes.push(DeployChange::MemoryLimit {
            service: service(),
            from_bytes: old.memory_limit_bytes,
            to_bytes: new.memory_limit_bytes,
        });
    }
    if old.cpu_limit_cores != new.cpu_limit_cores {
        changes.push(DeployChange::CpuLimit {
            service: service(),
            from_cores: old.cpu_limit_cores,
            to_cores: new.cpu_limit_cores,
        });
    }
    // Without both there is nothing to compare: a container that was known before this was read has none.
    let (Some(before), Some(now)) = (&old.config, &new.config) else {
        return;
    };
    if before.hash == now.hash {
        return;
    }
    let (added, removed, changed) = names(&before.env, &now.env);
    if !(added.is_empty() && removed.is_empty() && changed.is_empty()) {
        changes.push(DeployChange::Env {
            service: service(),
            added,
            removed,
            changed,
        });
    }
    let (added, removed, changed) = names(&before.labels, &now.labels);
    if !(added.is_empty() && removed.is_empty() && changed.is_empty()) {
        changes.push(DeployChange::Labels {
            service: service(),
            added,
            removed,
            changed,
        });
    }
    let parts: BTreeSet<ConfigPart> = before.parts.keys().chain(now.parts.keys()).copied().collect();
    for part in parts {
        let (from, to) = (before.parts.get(&part), now.parts.get(&part));
        if from.map(|facts| &facts.hash) != to.map(|facts| &facts.hash) {
            changes.push(DeployChange::Part {
                service: service(),
                part,
                from: from.and_then(|facts| facts.shown.clone()),
                to: to.and_then(|facts| facts.shown.clone()),
            });
        }
    }
}

/// Names that came, went, and have another value.
fn names(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let added = now.keys().filter(|name| !before.contains_key(*name));
    let removed = before.keys().filter(|name| !now.contains_key(*name));
    let changed = now
        .iter()
        .filter(|(name, value)| before.get(*name).is_some_and(|earlier| earlier != *value))
        .map(|(name, _)| name);
    (
        added.cloned().collect(),
        removed.cloned().collect(),
        changed.cloned().collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed(service: &str, image: &str) -> Deployed {
        Deployed {
            service: service.into(),
            container_name: format!("shop-{service}-1"),
            engine_id: EngineContainerId("a".into()),
            image: image.into(),
            digest: None,
            image_id: format!("id of {image}"),
            image_created_ms: None,
            memory_limit_bytes: Some(256),
            cpu_limit_cores: None,
            config: Some(ContainerConfig::default()),
        }
    }

    #[test]
    fn a_container_made_anew_with_the_same_settings_is_no_change() {
        let before = [deployed("web", "shop:1"), deployed("db", "postgres:16")];
        let mut now = before.clone();
        now[0].engine_id = EngineContainerId("b".into());
        now.reverse();
        assert_eq!(deploy_changes(&before, &now), []);
    }

    #[test]
    fn image_limit_and_variables_are_told_by_service_and_name() {
        let before = deployed("web", "shop:1.2.3");
        let mut now = deployed("web", "shop:1.2.4");
        now.memory_limit_bytes = Some(512);
        let old_env = [("KEPT", "1"), ("GONE", "1"), ("TURNED", "1")];
        let new_env = [("KEPT", "1"), ("CAME", "1"), ("TURNED", "2")];
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned()))
                .collect()
        };
        let before = Deployed {
            config: Some(ContainerConfig {
                hash: "1".into(),
                env: map(&old_env),
                ..ContainerConfig::default()
            }),
            ..before
        };
        now.config = Some(ContainerConfig {
            hash: "2".into(),
            env: map(&new_env),
            parts: BTreeMap::from([(
                ConfigPart::Ports,
                PartFacts {
                    hash: "p".into(),
                    shown: Some("8080:80/tcp".into()),
                },
            )]),
            ..ContainerConfig::default()
        });
        let service = || "web".to_owned();
        assert_eq!(
            deploy_changes(&[before], &[now]),
            [
                DeployChange::Image {
                    service: service(),
                    from: "shop:1.2.3".into(),
                    to: "shop:1.2.4".into()
                },
                DeployChange::MemoryLimit {
                    service: service(),
                    from_bytes: Some(256),
                    to_bytes: Some(512)
                },
                DeployChange::Env {
                    service: service(),
                    added: vec!["CAME".into()],
                    removed: vec!["GONE".into()],
                    changed: vec!["TURNED".into()]
                },
                DeployChange::Part {
                    service: service(),
                    part: ConfigPart::Ports,
                    from: None,
                    to: Some("8080:80/tcp".into())
                },
            ]
        );
    }

    #[test]
    fn the_same_tag_with_another_image_behind_it_is_a_change_told_by_digest() {
        let before = deployed("web", "shop:1");
        let now = Deployed {
            image_id: "sha256:2".into(),
            digest: Some("shop@sha256:9".into()),
            ..before.clone()
        };
        assert_eq!(
            deploy_changes(&[before], &[now]),
            [DeployChange::ImageContent {
                service: "web".into(),
                image: "shop:1".into(),
                from: "id of shop:1".into(),
                to: "shop@sha256:9".into()
            }]
        );
    }

    #[test]
    fn services_that_come_and_go_are_told() {
        let before = [deployed("web", "shop:1")];
        let now = [deployed("worker", "shop:1")];
        assert_eq!(
            deploy_changes(&before, &now),
            [
                DeployChange::ServiceAdded {
                    service: "worker".into(),
                    image: "shop:1".into()
                },
                DeployChange::ServiceRemoved {
                    service: "web".into(),
                    image: "shop:1".into()
                },
            ]
        );
    }
}

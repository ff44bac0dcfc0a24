//! What it takes to make a container again: everything it was given, and nothing that its old image brought.

use roadstead_model::{ContainerConfig, ContainerFacts, DeployCause, EngineContainerId};
use serde_json::{Map, Value};

use super::{INSPECT_MAX_BYTES, WriteRefusal, Writer};
use crate::config;
use crate::container::read_inspected;
use crate::given::{Given, MountKind};

/// A container, ready to be made again from another image. It holds its variables in the clear, so it shows nothing of
/// itself and cannot be written down.
#[derive(Clone)]
pub struct Blueprint {
    pub(super) given: Given,
    pub(super) facts: ContainerFacts,
    pub(super) config: ContainerConfig,
    /// The engine takes an address of the network card with the network, not with the container.
    pub(super) has_endpoint_mac: bool,
}

impl std::fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blueprint")
            .field("container", &self.facts.name)
            .field("engine_id", &self.facts.engine_id)
            .finish_non_exhaustive()
    }
}

impl Blueprint {
    /// The container's own facts, image and all, as of the moment the blueprint was taken.
    #[must_use]
    pub fn facts(&self) -> &ContainerFacts {
        &self.facts
    }

    /// Its configuration, hashed with the same key and by the same code as in an inventory.
    #[must_use]
    pub fn config(&self) -> &ContainerConfig {
        &self.config
    }

    /// The volumes it has by name, those that nobody named by where they are mounted. All of them stay and are mounted in the
    /// container that is made again.
    #[must_use]
    pub fn volumes(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .given
            .mounts
            .iter()
            .filter_map(|mount| match &mount.kind {
                MountKind::Named(name) => Some(name.clone()),
                MountKind::Anonymous(_) => Some(mount.destination.clone()),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Writer {
    /// Takes the blueprint of a container.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause: [`DeployCause::ChangedMeanwhile`] when the container is gone,
    /// [`DeployCause::ImageNotFound`] when the image it runs from is, because then nobody can tell what the image brought.
    pub async fn blueprint(&self, container: &EngineContainerId) -> Result<Blueprint, WriteRefusal> {
        let answer = self
            .inspected(&container.0)
            .await?
            .ok_or_else(WriteRefusal::container_is_gone)?;
        let facts = read_inspected(answer.to_string().as_bytes())
            .map_err(WriteRefusal::of_fault)?
            .without_image();
        let image = self
            .image_answer(&facts.image_id)
            .await
            .map_err(WriteRefusal::of_fault)?
            .ok_or_else(|| {
                WriteRefusal::new(
                    DeployCause::ImageNotFound,
                    "the image that the container runs from is not on the host any more",
                )
            })?;
        let mut given = Given::of(&answer, &image.config);
        let config = config::of(&given, self.connection.config_key());
        if let Some(hostname) = self.hostname_beside_hosts(&given, &answer).await? {
            given.config.insert("Hostname".into(), hostname);
        }
        Ok(Blueprint {
            given,
            facts: ContainerFacts {
                image_digest: crate::reference::digest_of(&facts.image, &image.digests),
                image_created_ms: image.created_ms,
                config: Some(std::sync::Arc::new(config.clone())),
                ..facts
            },
            config,
            has_endpoint_mac: self.connection.speaks(1, 44),
        })
    }

    /// A container in its host's network is told to have the host's name. One that it was given differs from that.
    async fn hostname_beside_hosts(
        &self,
        given: &Given,
        answer: &Value,
    ) -> Result<Option<Value>, WriteRefusal> {
        if given.host_text("NetworkMode") != "host" {
            return Ok(None);
        }
        let info = self.connection.get("/info", INSPECT_MAX_BYTES).await;
        let info: Map<String, Value> = info
            .and_then(|answer| answer.json())
            .map_err(WriteRefusal::of_fault)?;
        let hostname = &answer["Config"]["Hostname"];
        let own = hostname.as_str().unwrap_or_default();
        let is_generated = answer["Id"].as_str().is_some_and(|id| id.starts_with(own));
        Ok(
            (!own.is_empty() && !is_generated && info.get("Name") != Some(hostname))
                .then(|| hostname.clone()),
        )
    }
}

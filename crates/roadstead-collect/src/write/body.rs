//! The body a container is created with, made of a blueprint and another image.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Blueprint, ImageFacts};
use crate::given::{MountKind, bind_destination, is_shared_namespace, object, texts};

/// Compose's label for the image of a container: by it Compose sees whether a newer one was pulled.
const COMPOSE_IMAGE_LABEL: &str = "com.docker.compose.image";

/// What a container is created with. It holds variables in the clear and shows nothing of itself.
#[derive(Clone, PartialEq)]
pub struct CreateBody {
    pub(super) body: Value,
    /// Networks beside the first one, each with its settings: older engines take one when a container is created.
    pub(super) others: Vec<(String, Value)>,
}

impl std::fmt::Debug for CreateBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateBody").finish_non_exhaustive()
    }
}

impl Blueprint {
    /// The body of a container that was given the same, from another image. `image` is the reference as it is to be typed;
    /// `facts` are those of the image behind it, for Compose's label.
    #[must_use]
    pub fn body_for(&self, image: &str, facts: Option<&ImageFacts>) -> CreateBody {
        let mut config = self.given.config.clone();
        let mut host_config = self.given.host_config.clone();
        config.insert("Image".into(), json!(image));
        self.expose_published(&mut config);
        self.name_image_for_compose(&mut config, facts);
        self.bind_volumes(&mut host_config);
        let mut endpoints = self.given.endpoints.clone();
        if self.has_endpoint_mac {
            config.remove("MacAddress");
        } else {
            for endpoint in endpoints.values_mut() {
                endpoint.remove("MacAddress");
            }
        }
        let first = self
            .given
            .first_network
            .clone()
            .or_else(|| endpoints.keys().next().cloned());
        self.choose_network(&mut host_config, first.as_deref());
        let first_settings = first.as_ref().and_then(|name| endpoints.remove(name));
        let mut body = config;
        body.insert("HostConfig".into(), Value::Object(host_config));
        if let (Some(name), Some(settings)) = (first, first_settings)
            && !settings.is_empty()
        {
            body.insert(
                "NetworkingConfig".into(),
                json!({"EndpointsConfig": {name: settings}}),
            );
        }
        CreateBody {
            body: Value::Object(body),
            others: endpoints
                .into_iter()
                .map(|(name, settings)| (name, Value::Object(settings)))
                .collect(),
        }
    }

    /// What is published is exposed, also where only the old image did expose it.
    fn expose_published(&self, config: &mut Map<String, Value>) {
        if is_shared_namespace(self.given.host_text("NetworkMode")) {
            return;
        }
        let published = object(self.given.host_config.get("PortBindings").unwrap_or(&Value::Null));
        let mut exposed = object(config.get("ExposedPorts").unwrap_or(&Value::Null)).clone();
        for port in published.keys() {
            exposed.entry(port.clone()).or_insert_with(|| json!({}));
        }
        if !exposed.is_empty() {
            config.insert("ExposedPorts".into(), Value::Object(exposed));
        }
    }

    fn name_image_for_compose(&self, config: &mut Map<String, Value>, facts: Option<&ImageFacts>) {
        if let (Some(Value::Object(labels)), Some(facts)) = (config.get_mut("Labels"), facts)
            && let Some(label) = labels.get_mut(COMPOSE_IMAGE_LABEL)
        {
            *label = json!(facts.id);
        }
    }

    /// Each volume by its name, so that none is made anew.
    fn bind_volumes(&self, host_config: &mut Map<String, Value>) {
        let volume_at = |destination: &str| {
            let mount = self
                .given
                .mounts
                .iter()
                .find(|mount| mount.destination == destination)?;
            match &mount.kind {
                MountKind::Named(name) | MountKind::Anonymous(name) => Some(name),
                _ => None,
            }
        };
        // A bind of a destination alone asks for a new volume.
        if let Some(Value::Array(binds)) = host_config.get_mut("Binds") {
            binds.retain(|bind| bind.as_str().is_some_and(|bind| bind.contains(':')));
        }
        let mut mounts = host_config
            .get("Mounts")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        for mount in &mut mounts {
            let has_source = mount["Source"].as_str().is_some_and(|source| !source.is_empty());
            if mount["Type"] == "volume"
                && !has_source
                && let Some(name) = mount["Target"].as_str().and_then(volume_at)
            {
                mount["Source"] = json!(name);
            }
        }
        let mut taken: BTreeSet<String> = texts(host_config.get("Binds"))
            .filter_map(bind_destination)
            .map(str::to_owned)
            .collect();
        taken.extend(
            mounts
                .iter()
                .filter_map(|mount| Some(mount["Target"].as_str()?.to_owned())),
        );
        for mount in &self.given.mounts {
            let (MountKind::Named(name) | MountKind::Anonymous(name)) = &mount.kind else {
                continue;
            };
            if mount.is_borrowed || taken.contains(&mount.destination) {
                continue;
            }
            let mut own = json!({"Type": "volume", "Source": name, "Target": mount.destination});
            if mount.read_only {
                own["ReadOnly"] = json!(true);
            }
            mounts.push(own);
        }
        if !mounts.is_empty() {
            host_config.insert("Mounts".into(), Value::Array(mounts));
        }
    }

    /// The network to create it with: its own first one, else one of those it is in now, else none.
    fn choose_network(&self, host_config: &mut Map<String, Value>, first: Option<&str>) {
        let mode = self.given.host_text("NetworkMode");
        if matches!(mode, "host" | "none") || is_shared_namespace(mode) || self.given.first_network.is_some()
        {
            return;
        }
        host_config.insert("NetworkMode".into(), json!(first.unwrap_or("none")));
    }
}

#[cfg(test)]
mod tests;

//! A container's configuration as it is compared between deploys: names, keyed hashes, and lines that hold no secret.
//!
//! The same settings give the same hashes whatever order the engine lists them in, and also after the container was
//! made again. What its image brought does not count: a new image with another `PATH` is a new image, not another
//! configuration. Values of variables and labels leave this file only as hashes.

mod keyed;
mod parts;

use std::collections::BTreeMap;

use roadstead_model::ContainerConfig;
use serde_json::Value;

use crate::given::{COMPOSE_PREFIX, Given, object, texts};
use crate::text::{NAME_CHARS, clean};

pub(crate) use keyed::ConfigKey;
use keyed::{Order, canonical};

/// Variables, and labels, kept by name. More of them still count in the hash of the whole.
const NAMES_KEPT: usize = 512;
/// Labels of Compose that are other ones in each container it makes, or say where its files lie.
const COMPOSE_OWN: [&str; 9] = [
    "config-hash",
    "container-number",
    "depends_on",
    "image",
    "oneoff",
    "project.config_files",
    "project.environment_file",
    "project.working_dir",
    "version",
];
/// Labels that orchestrators make anew for each container.
const MADE_ANEW: [&str; 6] = [
    "com.docker.compose.replace",
    "com.docker.swarm.node.id",
    "com.docker.swarm.task",
    "com.docker.swarm.task.id",
    "com.docker.swarm.task.name",
    "io.podman.compose.config-hash",
];

/// The configuration of what a container was given.
pub(crate) fn of(given: &Given, key: ConfigKey) -> ContainerConfig {
    let env: BTreeMap<&str, &str> = texts(given.config.get("Env"))
        .map(|entry| entry.split_once('=').unwrap_or((entry, "")))
        .collect();
    let labels: BTreeMap<&str, &str> = object(given.config.get("Labels").unwrap_or(&Value::Null))
        .iter()
        .filter(|(name, _)| !is_made_anew(name))
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let settings = parts::of(given);
    let whole = canonical(
        &serde_json::json!({
            "env": env,
            "labels": labels,
            "parts": settings
                .iter()
                .map(|(part, setting)| (format!("{part:?}"), setting.text.clone()))
                .collect::<BTreeMap<_, _>>(),
        }),
        Order::Matters,
    );
    let named = |values: &BTreeMap<&str, &str>| {
        values
            .iter()
            .take(NAMES_KEPT)
            .map(|(name, value)| (clean(name, NAME_CHARS), key.value(name, value)))
            .collect()
    };
    ContainerConfig {
        hash: key.whole("config", &whole),
        env: named(&env),
        labels: named(&labels),
        parts: settings
            .into_iter()
            .map(|(part, setting)| (part, setting.facts(part, key)))
            .collect(),
        shares_network_of: given
            .host_text("NetworkMode")
            .strip_prefix("container:")
            .map(|other| clean(other, NAME_CHARS)),
    }
}

fn is_made_anew(label: &str) -> bool {
    MADE_ANEW.contains(&label)
        || label
            .strip_prefix(COMPOSE_PREFIX)
            .is_some_and(|own| COMPOSE_OWN.contains(&own))
}

#[cfg(test)]
mod tests;

//! What a container was given by whoever made it: its inspection without what came from its image and without what the
//! engine made up (generated names, addresses, ids).
//!
//! Two readers stand on it, so that they cannot disagree: the configuration that is compared between deploys, and the
//! body a container is made again with. Nothing here is stored, shown or hashed.

mod endpoints;
mod mounts;
mod own;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use endpoints::is_shared_namespace;
pub(crate) use mounts::{Mount, MountKind, bind_destination};

/// Labels with this beginning are Compose's own, also where it wrote them into an image that it built.
pub(crate) const COMPOSE_PREFIX: &str = "com.docker.compose.";
/// Digits of a container's id that engines take for names.
const SHORT_ID: usize = 12;

/// What a container was given.
#[derive(Clone)]
pub(crate) struct Given {
    /// `Config`, without what its image brought. `Hostname` and `MacAddress` only where they were set by hand.
    pub(crate) config: Map<String, Value>,
    /// `HostConfig`, without nulls, masked paths that are an engine's default, and zero limits no engine takes any more.
    pub(crate) host_config: Map<String, Value>,
    /// Settings of its networks by name, those that were set by hand.
    pub(crate) endpoints: BTreeMap<String, Map<String, Value>>,
    /// The one of them it was made with; absent when it is in none, or was taken out of that one.
    pub(crate) first_network: Option<String>,
    /// What is mounted in it, by destination.
    pub(crate) mounts: Vec<Mount>,
}

impl Given {
    /// Reads an inspection of a container and the `Config` of the image it runs from.
    pub(crate) fn of(container: &Value, image: &Map<String, Value>) -> Self {
        let id = container["Id"].as_str().unwrap_or_default();
        let short_id = id.get(..SHORT_ID).unwrap_or(id);
        let host_config = own::host_config(object(&container["HostConfig"]));
        let config = own::config(object(&container["Config"]), image, &host_config, short_id);
        let hostname = config.get("Hostname").and_then(Value::as_str);
        let (endpoints, first_network) = endpoints::of(
            object(&container["NetworkSettings"]["Networks"]),
            &host_config,
            &config,
            &[Some(short_id), hostname],
        );
        Self {
            endpoints,
            first_network,
            mounts: mounts::of(container, &host_config, &config, image),
            config,
            host_config,
        }
    }

    /// A setting of the host configuration as text; empty where it is not set.
    pub(crate) fn host_text(&self, name: &str) -> &str {
        self.host_config
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// The members of an object; none for anything else.
pub(crate) fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

/// The texts of a list; none for anything else.
pub(crate) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Whether a value says no more than its absence: null, false, zero, empty.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_set) => !is_set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Whether a name was made up by the engine: 64 hex digits, as anonymous volumes have.
pub(crate) fn is_generated_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;

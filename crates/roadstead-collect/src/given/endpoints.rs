//! The networks of a container, each with what was set by hand for it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{SHORT_ID, is_empty, object, texts};

/// Settings of an endpoint that are asked for. Everything else an inspection says of it was made up by the engine.
const ASKED: [&str; 4] = ["IPAMConfig", "Links", "DriverOpts", "GwPriority"];

/// Whether a namespace is another container's (`container:…`).
pub(crate) fn is_shared_namespace(mode: &str) -> bool {
    mode.starts_with("container:")
}

/// Settings by name of the network, and the name of the network the container was made with.
pub(super) type Endpoints = (BTreeMap<String, Map<String, Value>>, Option<String>);

/// The networks with what was set by hand. `generated` are aliases the engine gives by itself.
pub(super) fn of(
    networks: &Map<String, Value>,
    host_config: &Map<String, Value>,
    config: &Map<String, Value>,
    generated: &[Option<&str>],
) -> Endpoints {
    let mode = host_config
        .get("NetworkMode")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if matches!(mode, "host" | "none") || is_shared_namespace(mode) {
        return Endpoints::default();
    }
    let mut endpoints: BTreeMap<String, Map<String, Value>> = networks
        .iter()
        .map(|(name, told)| (name.clone(), endpoint(object(told), generated)))
        .collect();
    let first = first(mode, networks);
    if let (Some(name), Some(mac)) = (&first, config.get("MacAddress"))
        && let Some(endpoint) = endpoints.get_mut(name)
    {
        endpoint.insert("MacAddress".into(), mac.clone());
    }
    (endpoints, first)
}

/// Which of the networks `HostConfig.NetworkMode` means: by name, else by id.
fn first(mode: &str, networks: &Map<String, Value>) -> Option<String> {
    let name = if matches!(mode, "" | "default") {
        "bridge"
    } else {
        mode
    };
    if networks.contains_key(name) {
        return Some(name.to_owned());
    }
    let has_id = |told: &Value| {
        told["NetworkID"]
            .as_str()
            .is_some_and(|id| name.len() >= SHORT_ID && id.starts_with(name))
    };
    networks
        .iter()
        .find(|(_, told)| has_id(told))
        .map(|(name, _)| name.clone())
}

fn endpoint(told: &Map<String, Value>, generated: &[Option<&str>]) -> Map<String, Value> {
    let mut own = Map::new();
    for name in ASKED {
        let mut value = told.get(name).cloned().unwrap_or(Value::Null);
        if let Value::Object(members) = &mut value {
            members.retain(|_, member| !is_empty(member));
        }
        if !is_empty(&value) {
            own.insert(name.into(), value);
        }
    }
    let mut aliases: Vec<&str> = texts(told.get("Aliases"))
        .filter(|alias| !generated.contains(&Some(*alias)))
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    if !aliases.is_empty() {
        own.insert("Aliases".into(), aliases.into_iter().collect());
    }
    own
}

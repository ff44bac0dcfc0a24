//! `Config` and `HostConfig`, without what came from the image or from the engine.

use serde_json::{Map, Value, json};

use super::{COMPOSE_PREFIX, endpoints, is_empty, object, texts};

/// Settings of `Config` that say nothing of the container: taken from the image's build, or of one client's terminal.
const NOT_SETTINGS: [&str; 3] = ["Image", "OnBuild", "ArgsEscaped"];
/// Settings that are the image's as long as they are equal to it.
const WHOLE: [&str; 4] = ["User", "WorkingDir", "StopSignal", "Shell"];
/// Paths every engine masks by default: a list that has them is a default, and a newer engine's default is the better one.
const ALWAYS_MASKED: [&str; 2] = ["/proc/kcore", "/proc/timer_list"];
/// Likewise for what is mounted read-only.
const ALWAYS_READ_ONLY: [&str; 2] = ["/proc/irq", "/proc/sysrq-trigger"];

/// `Config` as it was given.
pub(super) fn config(
    all: &Map<String, Value>,
    image: &Map<String, Value>,
    host_config: &Map<String, Value>,
    short_id: &str,
) -> Map<String, Value> {
    let mut own: Map<String, Value> = all
        .iter()
        .filter(|(name, value)| !value.is_null() && !NOT_SETTINGS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for name in WHOLE {
        if own.get(name).is_some_and(is_empty) || own.get(name) == image.get(name) {
            own.remove(name);
        }
    }
    command(&mut own, image);
    own.insert("Env".into(), environment(all, image, short_id));
    own.insert("Labels".into(), labels(all, image));
    for name in ["ExposedPorts", "Volumes"] {
        let brought = object(image.get(name).unwrap_or(&Value::Null));
        let mut given = object(own.get(name).unwrap_or(&Value::Null)).clone();
        given.retain(|key, _| !brought.contains_key(key));
        own.insert(name.into(), Value::Object(given));
    }
    health_check(&mut own, image);
    // Generated from the id; or the host's own; or the other container's, whose network it shares.
    let mode = text(host_config, "NetworkMode");
    let hostname = text(&own, "Hostname");
    let is_anothers = mode == "host" || endpoints::is_shared_namespace(mode);
    if hostname.is_empty() || hostname == short_id || is_anothers {
        own.remove("Hostname");
    }
    // Engines say here what was asked for, not what they made up.
    if text(&own, "MacAddress").is_empty() || is_anothers {
        own.remove("MacAddress");
    }
    for name in ["Domainname", "Env", "Labels", "ExposedPorts", "Volumes"] {
        if own.get(name).is_some_and(is_empty) {
            own.remove(name);
        }
    }
    own
}

/// Command and entry point depend on each other: an entry point of one's own puts the image's command out of force.
fn command(own: &mut Map<String, Value>, image: &Map<String, Value>) {
    let list = |of: &Map<String, Value>, name: &str| -> Vec<Value> {
        of.get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (entry, image_entry) = (list(own, "Entrypoint"), list(image, "Entrypoint"));
    if entry == image_entry {
        own.remove("Entrypoint");
        let given = list(own, "Cmd");
        if given.is_empty() || given == list(image, "Cmd") {
            own.remove("Cmd");
        }
    } else if entry.is_empty() {
        // It was taken away. That is how clients say so; an empty list would mean the image's.
        own.insert("Entrypoint".into(), json!([""]));
    }
}

/// Variables that are not exactly the image's. Podman's engine adds its own.
fn environment(all: &Map<String, Value>, image: &Map<String, Value>, short_id: &str) -> Value {
    let brought: Vec<&str> = texts(image.get("Env")).collect();
    let is_podman = texts(all.get("Env")).any(|entry| entry == "container=podman");
    let is_podmans = |entry: &str| {
        is_podman
            && (["container=podman", "TERM=xterm"].contains(&entry)
                || entry.starts_with("HOSTNAME=")
                || entry.starts_with("HOME=")
                || (entry.starts_with("PATH=") && !brought.iter().any(|known| known.starts_with("PATH="))))
    };
    texts(all.get("Env"))
        .filter(|entry| !brought.contains(entry) && !is_podmans(entry))
        .filter(|entry| *entry != format!("HOSTNAME={short_id}"))
        .collect()
}

/// Labels that are not exactly the image's. Compose writes its own into images that it builds: they stay the
/// container's, or it would not be known to Compose with an image from elsewhere.
fn labels(all: &Map<String, Value>, image: &Map<String, Value>) -> Value {
    let brought = object(image.get("Labels").unwrap_or(&Value::Null));
    let given = object(all.get("Labels").unwrap_or(&Value::Null))
        .iter()
        .filter(|(name, value)| name.starts_with(COMPOSE_PREFIX) || brought.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(given.collect())
}

/// Engines fill each missing part of a health check from the image's, so each equal part is the image's.
fn health_check(own: &mut Map<String, Value>, image: &Map<String, Value>) {
    let brought = object(image.get("Healthcheck").unwrap_or(&Value::Null));
    let mut given = object(own.get("Healthcheck").unwrap_or(&Value::Null)).clone();
    given.retain(|part, value| !is_empty(value) && brought.get(part) != Some(value));
    if given.is_empty() {
        own.remove("Healthcheck");
    } else {
        own.insert("Healthcheck".into(), Value::Object(given));
    }
}

/// `HostConfig` as it was given.
pub(super) fn host_config(all: &Map<String, Value>) -> Map<String, Value> {
    let mut own: Map<String, Value> = all
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // Not taken by newer engines, whatever they say.
    for name in ["KernelMemory", "KernelMemoryTCP"] {
        if own.get(name).is_some_and(is_empty) {
            own.remove(name);
        }
    }
    for (name, always) in [
        ("MaskedPaths", ALWAYS_MASKED),
        ("ReadonlyPaths", ALWAYS_READ_ONLY),
    ] {
        let is_default = |path: &str| texts(own.get(name)).any(|known| known == path);
        if always.iter().all(|path| is_default(path)) {
            own.remove(name);
        }
    }
    if let Some(Value::Array(links)) = own.get_mut("Links") {
        for link in links {
            if let Some(asked) = link.as_str().and_then(asked_link) {
                *link = Value::String(asked);
            }
        }
    }
    own
}

/// A link is told as `/db:/web/alias` and asked for as `db:alias`.
fn asked_link(told: &str) -> Option<String> {
    let (container, alias) = told.split_once(':')?;
    let alias = alias.rsplit('/').next()?;
    Some(format!("{}:{alias}", container.trim_start_matches('/')))
}

fn text<'a>(of: &'a Map<String, Value>, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

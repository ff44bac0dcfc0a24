//! `/containers/json`: the list.

use hyper::StatusCode;
use roadstead_model::{ContainerState, Health};
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::filters::Filters;
use super::inspect::networks;
use super::live::{Found, all};
use super::request::Query;
use crate::berth::Berth;
use crate::moment::Moment;
use crate::spec::{Mount, Spec};

/// Answers `/containers/json`. Understands `all`, `limit` and the filters `id`, `name`, `label`, `status`, `health`.
pub(super) fn list(sim: &SimHost, query: &Query) -> Result<Answer, Answer> {
    let filters = Filters::parse(query, &["id", "name", "label", "status", "health"])?;
    // A filter on the status asks for containers that do not run, too.
    let everything = query.is_on("all", false) || filters.has("status") || query.get("limit").is_some();
    let limit = match query.get("limit").map(str::parse::<i64>) {
        None => usize::MAX,
        Some(Ok(limit)) if limit > 0 => usize::try_from(limit).unwrap_or(usize::MAX),
        Some(Ok(_)) => usize::MAX,
        Some(Err(_)) => {
            return Err(Answer::error(
                StatusCode::BAD_REQUEST,
                "invalid value for \"limit\": a whole number is wanted",
            ));
        }
    };
    let mut listed: Vec<Found<'_>> = all(sim)
        .filter(|found| everything || found.moment.state.is_running())
        .filter(|found| {
            let health = found.moment.health.map_or("none", health_word);
            filters.pass("status", |status| found.moment.state.as_str() == status)
                && filters.pass("health", |wanted| health == wanted)
                && filters.pass("name", |name| {
                    found.berth.name.contains(name.trim_start_matches('/'))
                })
                && filters.pass("id", |id| {
                    found
                        .berth
                        .container_id(found.moment.generation)
                        .0
                        .starts_with(id)
                })
                && (!filters.has("label")
                    || filters.labels_pass(&found.berth.labels_of(found.moment.generation)))
        })
        .collect();
    // The engine lists the youngest first.
    listed.sort_by_key(|found| std::cmp::Reverse(found.moment.created_at_ms));
    Ok(Answer::json(&listed.iter().take(limit).map(summary).collect()))
}

pub(super) fn health_word(health: Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

pub(super) fn labels(berth: &Berth, generation: u32) -> Map<String, Value> {
    berth
        .labels_of(generation)
        .into_iter()
        .map(|(key, value)| (key, Value::from(value)))
        .collect()
}

/// A port of a container that the host publishes.
pub(super) struct Port {
    /// `3000/tcp`.
    pub(super) own: String,
    /// The host's address; empty is all of them.
    pub(super) address: String,
    /// The host's port.
    pub(super) host: String,
}

/// The ports of a container that the host publishes while it runs.
pub(super) fn published(spec: &Spec) -> Vec<Port> {
    let bindings = spec.host_config.get("PortBindings").and_then(Value::as_object);
    let mut ports = Vec::new();
    for (own, bound) in bindings.into_iter().flatten() {
        for bound in bound.as_array().into_iter().flatten() {
            let text = |name: &str| bound.get(name).and_then(Value::as_str).unwrap_or_default();
            let host = text("HostPort");
            if !host.is_empty() && host != "0" {
                ports.push(Port {
                    own: own.clone(),
                    address: text("HostIp").to_owned(),
                    host: host.to_owned(),
                });
            }
        }
    }
    ports
}

/// What `docker ps` shows as STATUS.
fn status(found: &Found<'_>) -> String {
    let Moment {
        state,
        health,
        started_at_ms,
        finished_at_ms,
        exit_code,
        ..
    } = found.moment;
    let ago = |since: Option<i64>| ago(found.now_ms - since.unwrap_or(found.now_ms));
    let exit_code = exit_code.unwrap_or_default();
    match state {
        ContainerState::Running => match health {
            None => format!("Up {}", ago(started_at_ms)),
            Some(Health::Starting) => format!("Up {} (health: starting)", ago(started_at_ms)),
            Some(health) => format!("Up {} ({})", ago(started_at_ms), health_word(health)),
        },
        ContainerState::Restarting => format!("Restarting ({exit_code}) {} ago", ago(finished_at_ms)),
        ContainerState::Exited => format!("Exited ({exit_code}) {} ago", ago(finished_at_ms)),
        _ => "Created".to_owned(),
    }
}

fn ago(ms: i64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        ..1 => format!("{} seconds", (ms / 1_000).max(1)),
        1..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

fn summary(found: &Found<'_>) -> Value {
    let (berth, moment) = (&*found.berth, &found.moment);
    let generation = moment.generation;
    let spec = berth.spec(generation);
    let running = moment.state.is_running();
    let ports: Vec<Value> = published(&spec)
        .iter()
        .filter(|_| running)
        .map(|port| {
            let (number, kind) = port.own.split_once('/').unwrap_or((&port.own, "tcp"));
            let address = match port.address.as_str() {
                "" => "0.0.0.0",
                address => address,
            };
            json!({
                "IP": address,
                "PrivatePort": number.parse::<u16>().unwrap_or_default(),
                "PublicPort": port.host.parse::<u16>().unwrap_or_default(),
                "Type": kind,
            })
        })
        .collect();
    json!({
        "Id": berth.container_id(generation).0,
        "Names": [format!("/{}", berth.name)],
        "Image": berth.image(generation),
        "ImageID": berth.image_id(generation),
        "Command": berth.script.command,
        "Created": moment.created_at_ms / 1_000,
        "Ports": ports,
        "Labels": labels(berth, generation),
        "State": moment.state.as_str(),
        "Status": status(found),
        "HostConfig": { "NetworkMode": spec.host_config.get("NetworkMode") },
        "NetworkSettings": { "Networks": networks(found, &spec) },
        "Mounts": spec.mounts.iter().map(Mount::shown).collect::<Value>(),
    })
}

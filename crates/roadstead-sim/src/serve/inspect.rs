//! `/containers/{id}/json`.

use hyper::StatusCode;
use roadstead_model::{ContainerState, Health};
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::containers::{health_word, published};
use super::host::rfc3339;
use super::live::{Found, find};
use crate::spec::{Mount, Spec, network_id, network_octet};

/// What the engine writes for a moment that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// Since this API a container's names in a network are told, too.
const DNS_NAMES_SINCE: &str = "1.44";

/// Answers `/containers/{id}/json`.
pub(super) fn inspect(sim: &SimHost, id: &str) -> Result<Answer, Answer> {
    if id.is_empty() {
        return Err(Answer::error(StatusCode::NOT_FOUND, "page not found"));
    }
    Ok(Answer::json(&details(&find(sim, id)?)))
}

fn details(found: &Found<'_>) -> Value {
    let (berth, moment) = (&*found.berth, &found.moment);
    let id = berth.container_id(moment.generation).0;
    let spec = berth.spec(moment.generation);
    let (path, arguments) = command(&spec);
    json!({
        "Id": id,
        "Created": rfc3339(moment.created_at_ms),
        "Path": path,
        "Args": arguments,
        "State": state(found),
        "Image": berth.image_id(moment.generation),
        "ResolvConfPath": "",
        "HostnamePath": "",
        "HostsPath": "",
        "LogPath": "",
        "Name": format!("/{}", berth.name),
        "RestartCount": moment.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": "",
            "Ports": ports(&spec, moment.state.is_running()),
            "Networks": networks(found, &spec),
        },
        "Mounts": spec.mounts.iter().map(Mount::shown).collect::<Value>(),
        "Config": spec.config,
        "HostConfig": spec.host_config,
    })
}

/// Entry point and command as the engine runs them: the program, and its arguments.
fn command(spec: &Spec) -> (String, Vec<String>) {
    let words = |name: &str| {
        let list = spec.config.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    };
    let mut all = words("Entrypoint").chain(words("Cmd")).map(str::to_owned);
    (all.next().unwrap_or_default(), all.collect())
}

fn ports(spec: &Spec, running: bool) -> Value {
    let mut ports = Map::new();
    if !running {
        return Value::Object(ports);
    }
    let exposed = spec.config.get("ExposedPorts").and_then(Value::as_object);
    for own in exposed.into_iter().flat_map(Map::keys) {
        ports.insert(own.clone(), Value::Null);
    }
    for port in published(spec) {
        let addresses = match port.address.as_str() {
            "" => vec!["0.0.0.0", "::"],
            address => vec![address],
        };
        let bound = addresses
            .into_iter()
            .map(|address| json!({ "HostIp": address, "HostPort": port.host }));
        ports.insert(port.own, bound.collect());
    }
    Value::Object(ports)
}

/// The networks of a container, by name. Addresses are its own while it runs.
pub(super) fn networks(found: &Found<'_>, spec: &Spec) -> Map<String, Value> {
    let id = found.berth.container_id(found.moment.generation).0;
    let running = found.moment.state.is_running();
    let with_dns = found.berth.machine.flavour.api_version() >= DNS_NAMES_SINCE;
    let one = |(name, endpoint): (&String, &crate::spec::Endpoint)| {
        let asked = |key: &str| endpoint.asked.get(key).cloned().unwrap_or_default();
        let has_address = running && !endpoint.address.is_empty();
        let mut shown = json!({
            "IPAMConfig": asked("IPAMConfig"),
            "Links": asked("Links"),
            "Aliases": asked("Aliases"),
            "MacAddress": endpoint.asked.get("MacAddress").cloned().unwrap_or_else(|| Value::from("")),
            "DriverOpts": asked("DriverOpts"),
            "NetworkID": network_id(name),
            "EndpointID": "",
            "Gateway": if has_address { format!("172.{}.0.1", network_octet(name)) } else { String::new() },
            "IPAddress": if has_address { endpoint.address.as_str() } else { "" },
            "IPPrefixLen": if has_address { 16 } else { 0 },
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
        });
        if let (true, Some(shown)) = (with_dns, shown.as_object_mut()) {
            let mut names = vec![Value::from(found.berth.name.as_str())];
            names.extend(asked("Aliases").as_array().into_iter().flatten().cloned());
            names.push(Value::from(&id[..12]));
            names.dedup();
            shown.insert("DNSNames".to_owned(), Value::from(names));
        }
        (name.clone(), shown)
    };
    spec.networks.iter().map(one).collect()
}

fn state(found: &Found<'_>) -> Value {
    let moment = &found.moment;
    let time = |ms: Option<i64>| ms.map_or_else(|| NEVER.to_owned(), rfc3339);
    let running = moment.state.is_running();
    let mut state = json!({
        "Status": moment.state.as_str(),
        // A restarting container counts as running for the engine.
        "Running": running || moment.state == ContainerState::Restarting,
        "Paused": false,
        "Restarting": moment.state == ContainerState::Restarting,
        "OOMKilled": moment.oom_killed,
        "Dead": false,
        "Pid": if running { 1_000 + found.berth.key % 30_000 } else { 0 },
        "ExitCode": moment.exit_code.unwrap_or(0),
        "Error": "",
        "StartedAt": time(moment.started_at_ms),
        "FinishedAt": time(moment.finished_at_ms),
    });
    // An engine keeps the last result of a stopped container; the script has none to keep.
    if let (Some(health), Some(state)) = (moment.health, state.as_object_mut()) {
        let failing = if health == Health::Unhealthy { 3 } else { 0 };
        state.insert(
            "Health".to_owned(),
            json!({ "Status": health_word(health), "FailingStreak": failing, "Log": [] }),
        );
    }
    state
}

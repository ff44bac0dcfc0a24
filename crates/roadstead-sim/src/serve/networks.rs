//! Networks and volumes: which there are, who is in them, and getting in and out. None is ever made or removed here.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::containers::published;
use super::live::{Deed, Live, all};
use crate::spec::{Endpoint, network_id, network_octet, object};

const BUILT_IN: [&str; 3] = ["bridge", "host", "none"];

/// Names of the host's networks.
fn names(sim: &SimHost) -> BTreeSet<String> {
    let scripted = sim.host().berths.iter().flat_map(|berth| berth.network_names());
    scripted.chain(BUILT_IN.map(str::to_owned)).collect()
}

/// The name of the network of this name, id, or beginning of an id.
fn named(sim: &SimHost, asked: &str) -> Result<String, Answer> {
    names(sim)
        .into_iter()
        .find(|name| name == asked || (asked.len() >= 3 && network_id(name).starts_with(asked)))
        .ok_or_else(|| no_such_network(asked))
}

fn no_such_network(asked: &str) -> Answer {
    Answer::error(StatusCode::NOT_FOUND, &format!("network {asked} not found"))
}

/// Answers `/networks`.
pub(super) fn list(sim: &SimHost) -> Answer {
    Answer::json(&names(sim).iter().map(|name| network(name, Map::new())).collect())
}

/// Answers `/networks/{id}`.
pub(super) fn inspect(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    let name = named(sim, asked)?;
    let members = all(sim)
        .filter(|found| found.moment.state.is_running())
        .filter_map(|found| {
            let generation = found.moment.generation;
            let endpoint = found.berth.spec(generation).networks.remove(&name)?;
            let member = json!({
                "Name": found.berth.name,
                "EndpointID": "",
                "MacAddress": "",
                "IPv4Address": format!("{}/16", endpoint.address),
                "IPv6Address": "",
            });
            Some((found.berth.container_id(generation).0, member))
        });
    Ok(Answer::json(&network(&name, members.collect())))
}

fn network(name: &str, members: Map<String, Value>) -> Value {
    let driver = match name {
        "host" => "host",
        "none" => "null",
        _ => "bridge",
    };
    let mut labels = Map::new();
    if let Some(project) = name.strip_suffix("_default") {
        labels = object(json!({
            "com.docker.compose.network": "default",
            "com.docker.compose.project": project,
        }));
    }
    let octet = network_octet(name);
    let subnets = match driver {
        "bridge" => {
            json!([{ "Subnet": format!("172.{octet}.0.0/16"), "Gateway": format!("172.{octet}.0.1") }])
        }
        _ => json!([]),
    };
    json!({
        "Name": name,
        "Id": network_id(name),
        "Created": "2025-01-01T00:00:00.000000000Z",
        "Scope": "local",
        "Driver": driver,
        "EnableIPv6": false,
        "IPAM": { "Driver": "default", "Options": null, "Config": subnets },
        "Internal": false,
        "Attachable": false,
        "Ingress": false,
        "ConfigFrom": { "Network": "" },
        "ConfigOnly": false,
        "Containers": members,
        "Options": {},
        "Labels": labels,
    })
}

/// Answers `POST /networks/{id}/connect`.
pub(super) fn connect(sim: &SimHost, asked: &str, body: &Map<String, Value>) -> Result<Answer, Answer> {
    let network = named(sim, asked)?;
    let container = container_of(body)?;
    let asked = body.get("EndpointConfig").cloned().unwrap_or_default();
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), container, now_ms)?;
        let berth = live.made_mut(index)?;
        let name = berth.name.clone();
        let address = berth.address_in(&network);
        let networks = &mut live.life_mut(index)?.spec.networks;
        if networks.contains_key(&network) {
            return Err(Answer::error(
                StatusCode::FORBIDDEN,
                &format!("endpoint with name {name} already exists in network {network}"),
            ));
        }
        networks.insert(network.clone(), endpoint(&asked, address));
        tell(live, now_ms, index, &network, "connect");
        Ok(Answer::empty(StatusCode::OK))
    })
}

/// Answers `POST /networks/{id}/disconnect`.
pub(super) fn disconnect(sim: &SimHost, asked: &str, body: &Map<String, Value>) -> Result<Answer, Answer> {
    let network = named(sim, asked)?;
    let container = container_of(body)?;
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), container, now_ms)?;
        let networks = &mut live.life_mut(index)?.spec.networks;
        if networks.remove(&network).is_none() {
            return Err(Answer::error(
                StatusCode::FORBIDDEN,
                &format!("container {container} is not connected to network {network}"),
            ));
        }
        tell(live, now_ms, index, &network, "disconnect");
        Ok(Answer::empty(StatusCode::OK))
    })
}

fn container_of(body: &Map<String, Value>) -> Result<&str, Answer> {
    body.get("Container")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Answer::error(StatusCode::BAD_REQUEST, "a container is wanted"))
}

fn tell(live: &mut Live, now_ms: i64, index: usize, network: &str, action: &str) {
    let Some(berth) = live.made.get(index).cloned() else {
        return;
    };
    let attributes = object(json!({
        "container": berth.container_id(0).0,
        "name": network,
        "type": "bridge",
        crate::SIMULATED_LABEL: "true",
    }));
    let deed = Deed {
        number: 0,
        time_ns: 0,
        kind: "network",
        action: action.to_owned(),
        actor: network_id(network),
        name: berth.name.clone(),
        labels: Vec::new(),
        attributes,
    };
    live.tell_of(now_ms, deed);
}

/// A place in a network, as a client asks for it.
pub(super) fn endpoint(asked: &Value, address: String) -> Endpoint {
    let kept = ["Aliases", "IPAMConfig", "Links", "DriverOpts", "MacAddress"];
    let mut endpoint = Endpoint {
        asked: object(asked.clone()),
        address,
    };
    endpoint
        .asked
        .retain(|name, value| kept.contains(&name.as_str()) && !value.is_null());
    if let Some(fixed) = endpoint.fixed_address().map(str::to_owned) {
        endpoint.address = fixed;
    }
    endpoint
}

/// Refuses to start a container whose network is gone, or whose port or address another one has.
pub(super) fn check_room(sim: &SimHost, live: &Live, index: usize, now_ms: i64) -> Result<(), Answer> {
    let Some(made) = live.made.get(index).and_then(|berth| berth.made.as_deref()) else {
        return Ok(());
    };
    let known = names(sim);
    if let Some(missing) = made.spec.networks.keys().find(|name| !known.contains(*name)) {
        return Err(no_such_network(missing));
    }
    let ports: BTreeSet<String> = published(&made.spec).into_iter().map(|port| port.host).collect();
    let fixed: Vec<(&String, &str)> = made
        .spec
        .networks
        .iter()
        .filter_map(|(name, endpoint)| Some((name, endpoint.fixed_address()?)))
        .collect();
    if ports.is_empty() && fixed.is_empty() {
        return Ok(());
    }
    let scripted = sim.host().berths.iter().enumerate();
    let scripted = scripted
        .filter(|(at, _)| !live.left.contains_key(at))
        .map(|(_, berth)| berth);
    let others = live.made.iter().enumerate().filter(|(at, _)| *at != index);
    for other in scripted.chain(others.map(|(_, berth)| berth.as_ref())) {
        let Some(moment) = other.moment_at(now_ms).filter(|moment| moment.state.is_running()) else {
            continue;
        };
        let spec = other.spec(moment.generation);
        if let Some(taken) = published(&spec)
            .into_iter()
            .find(|port| ports.contains(&port.host))
        {
            let name = &live.made[index].name;
            return Err(Answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!(
                    "driver failed programming external connectivity on endpoint {name} ({}): Bind for 0.0.0.0:{} \
                     failed: port is already allocated",
                    made.id, taken.host
                ),
            ));
        }
        let taken = |(name, address): &(&String, &str)| {
            spec.networks
                .get(*name)
                .is_some_and(|endpoint| endpoint.address == *address)
        };
        if fixed.iter().any(taken) {
            return Err(Answer::error(StatusCode::FORBIDDEN, "Address already in use"));
        }
    }
    Ok(())
}

/// Volumes on the host: those in use, and those of containers that are gone.
fn volume_names(sim: &SimHost) -> BTreeSet<String> {
    let used = all(sim).flat_map(|found| {
        let mounts = found.berth.spec(found.moment.generation).mounts;
        mounts.into_iter().filter_map(|mount| mount.volume)
    });
    used.chain(sim.live().volumes.iter().cloned()).collect()
}

fn volume(name: &str) -> Value {
    json!({
        "CreatedAt": "2025-01-01T00:00:00Z",
        "Driver": "local",
        "Labels": { crate::SIMULATED_LABEL: "true" },
        "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
        "Name": name,
        "Options": null,
        "Scope": "local",
    })
}

/// Answers `/volumes`.
pub(super) fn volumes(sim: &SimHost) -> Answer {
    let volumes: Vec<Value> = volume_names(sim).iter().map(|name| volume(name)).collect();
    Answer::json(&json!({ "Volumes": volumes, "Warnings": null }))
}

/// Answers `/volumes/{name}`.
pub(super) fn inspect_volume(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    if volume_names(sim).contains(asked) {
        return Ok(Answer::json(&volume(asked)));
    }
    Err(Answer::error(
        StatusCode::NOT_FOUND,
        &format!("get {asked}: no such volume"),
    ))
}

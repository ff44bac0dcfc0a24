//! `/containers/json` and `/containers/{id}/json`.

use hyper::StatusCode;
use roadstead_model::{ContainerState, Health};
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::filters::Filters;
use super::host::rfc3339;
use super::request::Query;
use crate::berth::Berth;
use crate::moment::Moment;
use crate::seed::{id_head, mix};

/// What the engine writes for a moment that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A container as it is now.
pub(super) struct Found<'a> {
    pub(super) index: usize,
    pub(super) berth: &'a Berth,
    pub(super) moment: Moment,
    pub(super) now_ms: i64,
}

impl<'a> Found<'a> {
    /// The container now in the berth of this index.
    pub(super) fn now(sim: &'a SimHost, index: usize) -> Option<Self> {
        let now_ms = sim.clock().now_ms();
        let berth = sim.host().berths.get(index)?;
        let moment = berth.moment_at(now_ms)?;
        Some(Self {
            index,
            berth,
            moment,
            now_ms,
        })
    }
}

/// Every container of the host now.
pub(super) fn all(sim: &SimHost) -> impl Iterator<Item = Found<'_>> {
    let now_ms = sim.clock().now_ms();
    sim.host()
        .berths
        .iter()
        .enumerate()
        .filter_map(move |(index, berth)| {
            let moment = berth.moment_at(now_ms)?;
            Some(Found {
                index,
                berth,
                moment,
                now_ms,
            })
        })
}

/// The container of this id, beginning of an id, or name.
pub(super) fn find<'a>(sim: &'a SimHost, asked: &str) -> Result<Found<'a>, Answer> {
    let head = asked
        .get(..16)
        .and_then(|head| u64::from_str_radix(head, 16).ok());
    let is_asked = |found: &Found<'_>| {
        let generation = found.moment.generation;
        match head {
            // Most questions give a whole id; only its owner's is written out to compare.
            Some(head) => {
                id_head(mix(found.berth.key, u64::from(generation))) == head
                    && found.berth.container_id(generation).0.starts_with(asked)
            }
            None => {
                found.berth.name == asked.trim_start_matches('/')
                    || (asked.len() >= 3 && found.berth.container_id(generation).0.starts_with(asked))
            }
        }
    };
    all(sim)
        .find(is_asked)
        .ok_or_else(|| Answer::error(StatusCode::NOT_FOUND, &format!("No such container: {asked}")))
}

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
                && filters.labels_pass(&found.berth.labels)
        })
        .collect();
    // The engine lists the youngest first.
    listed.sort_by_key(|found| std::cmp::Reverse(found.moment.created_at_ms));
    Ok(Answer::json(&listed.iter().take(limit).map(summary).collect()))
}

/// Answers `/containers/{id}/json`.
pub(super) fn inspect(sim: &SimHost, id: &str) -> Result<Answer, Answer> {
    Ok(Answer::json(&details(&find(sim, id)?)))
}

pub(super) fn health_word(health: Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

pub(super) fn labels(berth: &Berth) -> Map<String, Value> {
    berth
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect()
}

fn network_name(berth: &Berth) -> String {
    match (berth.script.host_network, berth.compose) {
        (true, _) => "host".to_owned(),
        (false, true) => format!("{}_default", berth.app),
        (false, false) => "bridge".to_owned(),
    }
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
    let (berth, moment) = (found.berth, &found.moment);
    let network = network_name(berth);
    json!({
        "Id": berth.container_id(moment.generation).0,
        "Names": [format!("/{}", berth.name)],
        "Image": berth.image(moment.generation),
        "ImageID": berth.image_id(moment.generation),
        "Command": berth.script.command,
        "Created": moment.created_at_ms / 1_000,
        "Ports": [],
        "Labels": labels(berth),
        "State": moment.state.as_str(),
        "Status": status(found),
        "HostConfig": { "NetworkMode": network },
        "NetworkSettings": { "Networks": { network.as_str(): endpoint(berth) } },
        "Mounts": [],
    })
}

fn endpoint(berth: &Berth) -> Value {
    let address = match berth.script.host_network {
        true => String::new(),
        false => format!("172.20.{}.{}", berth.key >> 8 & 0xFF, 2 + berth.key % 250),
    };
    json!({
        "IPAMConfig": null,
        "Links": null,
        "Aliases": null,
        "MacAddress": "",
        "DriverOpts": null,
        "NetworkID": crate::seed::hex_id(crate::seed::key_of(&network_name(berth))),
        "EndpointID": "",
        "Gateway": "",
        "IPAddress": address,
        "IPPrefixLen": 16,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
    })
}

fn details(found: &Found<'_>) -> Value {
    let (berth, moment) = (found.berth, &found.moment);
    let id = berth.container_id(moment.generation).0;
    let network = network_name(berth);
    let limit = berth.limit_bytes(moment.generation).unwrap_or(0);
    let command: Vec<&str> = berth.script.command.split(' ').collect();
    json!({
        "Id": id,
        "Created": rfc3339(moment.created_at_ms),
        "Path": command[0],
        "Args": command[1..],
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
        "HostConfig": {
            "Binds": null,
            "LogConfig": { "Type": "json-file", "Config": { "max-size": "10m" } },
            "NetworkMode": network,
            "RestartPolicy": { "Name": "unless-stopped", "MaximumRetryCount": 0 },
            "AutoRemove": false,
            "Privileged": false,
            "ReadonlyRootfs": false,
            "OomKillDisable": false,
            "OomScoreAdj": 0,
            "ShmSize": 67_108_864,
            "Memory": limit,
            "MemoryReservation": berth.reservation_bytes.unwrap_or(0),
            "MemorySwap": limit * 2,
            "NanoCpus": berth.cpu_limit_cores.map_or(0, |cores| (cores * 1e9) as i64),
            "CpuShares": 0,
            "CpuPeriod": 0,
            "CpuQuota": 0,
            "PidsLimit": null,
        },
        "Mounts": [],
        "Config": {
            "Hostname": id[..12],
            "User": "",
            "Tty": berth.script.tty,
            "OpenStdin": false,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": command,
            "Image": berth.image(moment.generation),
            "WorkingDir": "",
            "Entrypoint": null,
            "Labels": labels(berth),
        },
        "NetworkSettings": { "Networks": { network.as_str(): endpoint(berth) } },
    })
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

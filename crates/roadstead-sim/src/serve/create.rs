//! `POST /containers/create`: what a client asks for, joined with what the image brings.
//!
//! A container of a service that the host runs already gets that service's numbers; any other gets those of its image's
//! service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::SimHost;
use super::body::Answer;
use super::images;
use super::lifecycle::{check_name, name_is_free};
use super::networks::endpoint;
use super::request::Query;
use crate::berth::Berth;
use crate::image::Image;
use crate::made::Made;
use crate::seed::{hex_id, key_of, mix};
use crate::spec::{Mount, Spec, object};

/// Engines give no container less memory.
const LEAST_MEMORY_BYTES: i64 = 6 * 1024 * 1024;
/// Older APIs connect a new container to one network only.
const SEVERAL_NETWORKS_SINCE: (u32, u32) = (1, 44);

/// Answers `POST /containers/create`. Understands `name`; `api` is the version that was asked in.
pub(super) fn create(
    sim: &SimHost,
    query: &Query,
    api: Option<(u32, u32)>,
    mut body: Map<String, Value>,
) -> Result<Answer, Answer> {
    let refused = |message: &str| Answer::error(StatusCode::BAD_REQUEST, message);
    let host_config = object(body.remove("HostConfig").unwrap_or_default());
    let networking = object(body.remove("NetworkingConfig").unwrap_or_default());
    let endpoints = object(networking.get("EndpointsConfig").cloned().unwrap_or_default());
    let reference = body
        .get("Image")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if reference.is_empty() {
        return Err(refused("config cannot be empty in order to create a container"));
    }
    let memory = host_config.get("Memory").and_then(Value::as_i64).unwrap_or(0);
    if memory != 0 && memory < LEAST_MEMORY_BYTES {
        return Err(refused("Minimum memory limit allowed is 6MB"));
    }
    if endpoints.len() > 1 && !speaks_of_several(sim, api) {
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        return Err(refused(&format!(
            "Container cannot be connected to network endpoints: {}",
            names.join(", ")
        )));
    }
    let name = query
        .get("name")
        .map(|name| name.trim_start_matches('/').to_owned());
    if let Some(name) = &name {
        check_name(name)?;
    }
    sim.change(|live, now_ms| {
        let image = images::local(sim, live, &reference, now_ms)
            .ok_or_else(|| Answer::error(StatusCode::NOT_FOUND, &format!("No such image: {reference}")))?;
        let (id, number) = live.next_id(sim.host())?;
        let name = name.unwrap_or_else(|| format!("simulated_{number}"));
        name_is_free(sim, live, &name, now_ms)?;
        let config = joined(body, image, &id);
        let labels = labels_of(&config);
        let mut berth = place_for(sim, image, &name, &labels, &host_config);
        berth.slot = sim.host().berths.len() + number as usize;
        berth.name = name;
        berth.labels = labels;
        let host_config = completed(host_config);
        let spec = Spec {
            networks: networks(&berth, &host_config, &endpoints),
            mounts: mounts(&config, &host_config, &id),
            config,
            host_config,
        };
        let number_of = |name: &str| spec.host_config.get(name).and_then(Value::as_i64);
        let bytes = |name: &str| {
            number_of(name)
                .and_then(|v| u64::try_from(v).ok())
                .filter(|v| *v > 0)
        };
        berth.limit_bytes = bytes("Memory");
        berth.reservation_bytes = bytes("MemoryReservation");
        berth.cpu_limit_cores = bytes("NanoCpus").map(|nano| nano as f64 / 1e9);
        berth.made = Some(Box::new(Made {
            id: id.clone(),
            image,
            spec,
            // Every other version mends what climbs to its limit, as with scripted deploys.
            generation: image.version,
            created_ms: now_ms,
            since_ms: now_ms,
            spans: Vec::new(),
        }));
        live.made.push(Arc::new(berth));
        live.tell(now_ms, live.made.len() - 1, "create", &[]);
        Ok(Answer {
            status: StatusCode::CREATED,
            ..Answer::json(&json!({ "Id": id, "Warnings": [] }))
        })
    })
}

fn speaks_of_several(sim: &SimHost, api: Option<(u32, u32)>) -> bool {
    let newest = super::request::version(sim.host().machine.flavour.api_version());
    api.or(newest)
        .is_some_and(|version| version >= SEVERAL_NETWORKS_SINCE)
}

/// The configuration with what the image brings where the client said nothing, as engines join them.
fn joined(mut config: Map<String, Value>, image: Image, id: &str) -> Map<String, Value> {
    let of_image = image.config();
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    };
    let take = |config: &mut Map<String, Value>, name: &str| {
        if is_empty(config.get(name)) && !is_empty(of_image.get(name)) {
            config.insert(name.to_owned(), of_image[name].clone());
        }
    };
    // A command of the image belongs to its own entry point.
    if is_empty(config.get("Entrypoint")) {
        take(&mut config, "Cmd");
        take(&mut config, "Entrypoint");
    }
    for name in ["User", "WorkingDir", "StopSignal"] {
        take(&mut config, name);
    }
    // Of a health check, each part that is missing is the image's.
    let mut check = object(of_image.get("Healthcheck").cloned().unwrap_or_default());
    let asked = object(config.remove("Healthcheck").unwrap_or_default());
    check.extend(
        asked
            .into_iter()
            .filter(|(_, value)| !is_empty(Some(value)) && *value != json!(0)),
    );
    if !check.is_empty() {
        config.insert("Healthcheck".to_owned(), Value::Object(check));
    }
    for name in ["Labels", "ExposedPorts", "Volumes"] {
        let mut both = object(of_image.get(name).cloned().unwrap_or_default());
        both.extend(object(config.remove(name).unwrap_or_default()));
        config.insert(name.to_owned(), Value::Object(both));
    }
    let mut env = strings(config.get("Env"));
    let names: BTreeSet<String> = env.iter().map(|pair| variable(pair).to_owned()).collect();
    env.extend(
        image
            .env()
            .into_iter()
            .filter(|pair| !names.contains(variable(pair))),
    );
    config.insert("Env".to_owned(), json!(env));
    if is_empty(config.get("Hostname")) {
        config.insert("Hostname".to_owned(), Value::from(&id[..12]));
    }
    for (name, default) in object(json!({
        "Domainname": "", "User": "", "WorkingDir": "", "Entrypoint": null, "Cmd": null, "OnBuild": null,
        "Tty": false, "OpenStdin": false, "StdinOnce": false, "AttachStdin": false, "AttachStdout": true,
        "AttachStderr": true,
    })) {
        config.entry(name).or_insert(default);
    }
    config
}

fn variable(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn labels_of(config: &Map<String, Value>) -> Vec<(String, String)> {
    let labels = config.get("Labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The place whose numbers the container goes on with.
fn place_for(
    sim: &SimHost,
    image: Image,
    name: &str,
    labels: &[(String, String)],
    host_config: &Map<String, Value>,
) -> Berth {
    let compose = Berth::compose_names(labels);
    let same_image = |berth: &&Berth| berth.image_script.image == image.script.image;
    let mut berths = sim.host().berths.iter().filter(same_image);
    let found = match compose {
        Some((project, service)) => {
            berths.find(|berth| berth.compose && berth.app == project && berth.script.service == service)
        }
        // It has another name while the old one is there: what they share are volumes, and mostly the beginning of the name.
        None => {
            let volumes: BTreeSet<String> = mounts(&Map::new(), host_config, "")
                .into_iter()
                .filter_map(|mount| mount.volume)
                .collect();
            berths.filter(|berth| !berth.compose).max_by_key(|berth| {
                let volume = berth
                    .data_volume()
                    .is_some_and(|(volume, _)| volumes.contains(&volume));
                let beginning = if name.starts_with(&berth.name) {
                    berth.name.len()
                } else {
                    0
                };
                (volume, beginning)
            })
        }
    };
    let mut berth = match found {
        Some(berth) => berth.clone(),
        None => sim.host().new_berth(image.script, name),
    };
    berth.compose = compose.is_some();
    berth.app = compose.map_or_else(|| name.to_owned(), |(project, _)| project.to_owned());
    berth
}

/// The host configuration with the engine's defaults where the client said nothing.
fn completed(mut host_config: Map<String, Value>) -> Map<String, Value> {
    host_config.retain(|_, value| !value.is_null());
    for (name, default) in object(json!({
        "Binds": null, "PortBindings": {}, "Memory": 0, "MemoryReservation": 0, "MemorySwap": 0, "NanoCpus": 0,
        "CpuShares": 0, "CpuPeriod": 0, "CpuQuota": 0, "CpusetCpus": "", "PidsLimit": null, "AutoRemove": false,
        "Privileged": false, "PublishAllPorts": false, "ReadonlyRootfs": false, "ShmSize": 67_108_864,
        "OomKillDisable": false, "OomScoreAdj": 0, "CapAdd": null, "CapDrop": null, "Devices": [], "Runtime": "runc",
        "IpcMode": "private", "PidMode": "", "VolumeDriver": "", "VolumesFrom": null, "SecurityOpt": null,
        "RestartPolicy": { "Name": "no", "MaximumRetryCount": 0 },
        "LogConfig": { "Type": "json-file", "Config": {} },
    })) {
        host_config.entry(name).or_insert(default);
    }
    let mode = host_config.get("NetworkMode").and_then(Value::as_str);
    if matches!(mode, None | Some("" | "default")) {
        host_config.insert("NetworkMode".to_owned(), Value::from("bridge"));
    }
    let policy = host_config
        .get("RestartPolicy")
        .and_then(|policy| policy.get("Name"));
    if policy.and_then(Value::as_str).is_none_or(str::is_empty) {
        let none = json!({ "Name": "no", "MaximumRetryCount": 0 });
        host_config.insert("RestartPolicy".to_owned(), none);
    }
    host_config
}

fn networks(
    berth: &Berth,
    host_config: &Map<String, Value>,
    endpoints: &Map<String, Value>,
) -> BTreeMap<String, crate::spec::Endpoint> {
    let mut networks = BTreeMap::new();
    for (name, asked) in endpoints {
        networks.insert(name.clone(), endpoint(asked, berth.address_in(name)));
    }
    let mode = host_config.get("NetworkMode").and_then(Value::as_str);
    // One that shares the network of another container has none of its own.
    if let Some(mode) = mode.filter(|mode| !mode.starts_with("container:"))
        && (networks.is_empty() || !matches!(mode, "bridge"))
    {
        networks
            .entry(mode.to_owned())
            .or_insert_with(|| endpoint(&Value::Null, berth.address_in(mode)));
    }
    networks
}

/// Volumes and directories: those named in either of the two ways, and nameless volumes where the image asks for one.
fn mounts(config: &Map<String, Value>, host_config: &Map<String, Value>, id: &str) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    let nameless = |path: &str| Mount::volume(hex_id(mix(key_of(id), key_of(path))), path, true);
    for bind in strings(host_config.get("Binds")) {
        let mut parts = bind.splitn(3, ':');
        let (source, path, mode) = (parts.next(), parts.next(), parts.next());
        let (Some(source), Some(path)) = (source, path) else {
            continue;
        };
        mounts.push(mount(
            source,
            path,
            !mode.is_some_and(|mode| mode.split(',').any(|m| m == "ro")),
        ));
    }
    let asked = host_config.get("Mounts").and_then(Value::as_array);
    for asked in asked.into_iter().flatten() {
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let (source, path) = (text("Source"), text("Target"));
        match text("Type") {
            "volume" if source.is_empty() => mounts.push(nameless(path)),
            "volume" | "bind" => {
                let read_only = asked.get("ReadOnly").and_then(Value::as_bool);
                mounts.push(mount(source, path, read_only != Some(true)));
            }
            _ => {}
        }
    }
    let wanted = config.get("Volumes").and_then(Value::as_object);
    for path in wanted.into_iter().flat_map(Map::keys) {
        if !mounts.iter().any(|mount| mount.path == *path) {
            mounts.push(nameless(path));
        }
    }
    mounts
}

/// A path of the host, or a volume by its name. One that a nameless volume was given by the engine stays nameless.
fn mount(source: &str, path: &str, writable: bool) -> Mount {
    let mut mount = Mount::volume(source.to_owned(), path, is_given_name(source));
    if source.starts_with('/') {
        mount.volume = None;
        source.clone_into(&mut mount.source);
        mount.nameless = false;
    }
    mount.writable = writable;
    mount
}

/// Whether it looks like the name an engine gives: 64 hex digits.
fn is_given_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

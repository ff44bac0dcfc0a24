//! What the engine says of itself and of its images: `/version`, `/info`, `/images`, `/system/df`.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use hyper::StatusCode;
use roadstead_model::ContainerState;
use serde_json::{Value, json};

use super::SimHost;
use super::body::Answer;
use super::containers::{all, labels};
use crate::SIMULATED_LABEL;
use crate::seed::{below, key_of, mix};

/// A moment as the engine writes it.
pub(super) fn rfc3339(time_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(time_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Answers `/version`; `too_old` is an engine of 2016.
pub(super) fn version(sim: &SimHost, too_old: bool) -> Answer {
    let flavour = sim.host().machine.flavour;
    let (engine, api, min_api) = match too_old {
        true => ("1.11.2", super::router::OLD_API_VERSION, "1.12"),
        false => (
            flavour.engine_version(),
            flavour.api_version(),
            flavour.min_api_version(),
        ),
    };
    Answer::json(&json!({
        "Platform": { "Name": "Roadstead simulated fleet" },
        "Components": [{
            "Name": "Engine",
            "Version": engine,
            "Details": { "ApiVersion": api, "MinAPIVersion": min_api, "Os": "linux", "Arch": "amd64" },
        }],
        "Version": engine,
        "ApiVersion": api,
        "MinAPIVersion": min_api,
        "GitCommit": "simulated",
        "GoVersion": "none",
        "Os": "linux",
        "Arch": "amd64",
        "KernelVersion": "6.1.0-simulated",
        "BuildTime": "2025-01-01T00:00:00.000000000+00:00",
    }))
}

/// Answers `/info`.
pub(super) fn info(sim: &SimHost) -> Answer {
    let host = sim.host();
    let flavour = host.machine.flavour;
    let (mut total, mut running, mut paused) = (0, 0, 0);
    for found in all(sim) {
        total += 1;
        match found.moment.state {
            ContainerState::Running | ContainerState::Restarting => running += 1,
            ContainerState::Paused => paused += 1,
            _ => {}
        }
    }
    Answer::json(&json!({
        "ID": host.engine_id,
        "Name": host.name,
        "Containers": total,
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": total - running - paused,
        "Images": images_now(sim).len(),
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "extfs"]],
        "MemoryLimit": true,
        "SwapLimit": true,
        "CpuCfsPeriod": true,
        "CpuCfsQuota": true,
        "CPUShares": true,
        "CPUSet": true,
        "PidsLimit": true,
        "OomKillDisable": flavour.cgroup_version() == 1,
        "Debug": false,
        "SystemTime": rfc3339(sim.clock().now_ms()),
        "LoggingDriver": "json-file",
        "CgroupDriver": if flavour.cgroup_version() == 2 { "systemd" } else { "cgroupfs" },
        "CgroupVersion": flavour.cgroup_version().to_string(),
        "KernelVersion": "6.1.0-simulated",
        "OperatingSystem": "Simulated",
        "OSVersion": "12",
        "OSType": "linux",
        "Architecture": "x86_64",
        "NCPU": host.machine.cpu_cores,
        "MemTotal": host.machine.memory_bytes,
        "DockerRootDir": "/var/lib/docker",
        "Labels": [format!("{SIMULATED_LABEL}=true")],
        "ExperimentalBuild": false,
        "ServerVersion": flavour.engine_version(),
        "LiveRestoreEnabled": false,
        "Isolation": "",
        "InitBinary": "docker-init",
        "SecurityOptions": ["name=seccomp,profile=builtin"],
        "Warnings": [],
    }))
}

struct Image {
    id: String,
    created_ms: i64,
    size_bytes: i64,
    containers: i64,
}

/// The images the host's containers were made from, by reference.
fn images_now(sim: &SimHost) -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for found in all(sim) {
        let reference = found.berth.image(found.moment.generation);
        let key = key_of(&reference);
        let image = images.entry(reference).or_insert_with(|| Image {
            id: found.berth.image_id(found.moment.generation),
            // Built some hours before it was deployed.
            created_ms: found.moment.created_at_ms - 3_600_000 - below(mix(key, 1), 86_400_000),
            size_bytes: 20_000_000 + below(mix(key, 2), 900_000_000),
            containers: 0,
        });
        image.containers += 1;
    }
    images
}

/// `name` and the digest the registry would give it.
fn digest(reference: &str, image: &Image) -> String {
    let name = reference.rsplit_once(':').map_or(reference, |(name, _)| name);
    format!("{name}@sha256:{}", crate::seed::hex_id(key_of(&image.id)))
}

fn image_summary((reference, image): (&String, &Image)) -> Value {
    json!({
        "Id": image.id,
        "ParentId": "",
        "RepoTags": [reference],
        "RepoDigests": [digest(reference, image)],
        "Created": image.created_ms / 1_000,
        "Size": image.size_bytes,
        "SharedSize": -1,
        "Labels": { SIMULATED_LABEL: "true" },
        "Containers": image.containers,
    })
}

/// Answers `/images/json`.
pub(super) fn images(sim: &SimHost) -> Answer {
    Answer::json(&images_now(sim).iter().map(image_summary).collect())
}

/// Answers `/images/{name}/json` for a reference, an id, or the beginning of an id.
pub(super) fn image(sim: &SimHost, asked: &str) -> Result<Answer, Answer> {
    let images = images_now(sim);
    let is_id = |image: &Image| {
        let bare = asked.strip_prefix("sha256:").unwrap_or(asked);
        bare.len() >= 3 && image.id["sha256:".len()..].starts_with(bare)
    };
    let Some((reference, image)) = images
        .iter()
        .find(|(reference, image)| *reference == asked || is_id(image))
    else {
        return Err(Answer::error(
            StatusCode::NOT_FOUND,
            &format!("No such image: {asked}"),
        ));
    };
    Ok(Answer::json(&json!({
        "Id": image.id,
        "RepoTags": [reference],
        "RepoDigests": [digest(reference, image)],
        "Parent": "",
        "Comment": "",
        "Created": rfc3339(image.created_ms),
        "DockerVersion": "",
        "Author": "",
        "Config": { "Labels": { SIMULATED_LABEL: "true" }, "Cmd": null, "Env": null, "Entrypoint": null },
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size_bytes,
        "GraphDriver": { "Name": "overlay2", "Data": {} },
        "RootFS": { "Type": "layers", "Layers": [] },
        "Metadata": { "LastTagTime": NEVER_TAGGED },
    })))
}

const NEVER_TAGGED: &str = "0001-01-01T00:00:00Z";

/// Answers `/system/df`: images and containers; the fleet has no volumes and no build cache.
pub(super) fn disk_usage(sim: &SimHost) -> Answer {
    let images = images_now(sim);
    let containers: Vec<Value> = all(sim)
        .map(|found| {
            json!({
                "Id": found.berth.container_id(found.moment.generation).0,
                "Names": [format!("/{}", found.berth.name)],
                "Image": found.berth.image(found.moment.generation),
                "ImageID": found.berth.image_id(found.moment.generation),
                "Command": found.berth.script.command,
                "Created": found.moment.created_at_ms / 1_000,
                "Ports": [],
                "SizeRw": below(mix(found.berth.key, 9), 40_000_000),
                "Labels": labels(found.berth),
                "State": found.moment.state.as_str(),
                "Status": "",
                "Mounts": [],
            })
        })
        .collect();
    Answer::json(&json!({
        "LayersSize": images.values().map(|image| image.size_bytes).sum::<i64>(),
        "Images": images.iter().map(image_summary).collect::<Value>(),
        "Containers": containers,
        "Volumes": [],
        "BuildCache": [],
    }))
}

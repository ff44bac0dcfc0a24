//! What the engine says of itself: `/version`, `/info`, `/system/df`.

use chrono::{DateTime, SecondsFormat, Utc};
use roadstead_model::ContainerState;
use serde_json::{Value, json};

use super::SimHost;
use super::body::Answer;
use super::containers::labels;
use super::images;
use super::live::all;
use crate::SIMULATED_LABEL;
use crate::seed::{below, mix};

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
        "Images": images::all_local(sim, &sim.live(), sim.clock().now_ms()).len(),
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

/// Answers `/system/df`: images and containers; it knows no sizes of volumes, and there is no build cache.
pub(super) fn disk_usage(sim: &SimHost) -> Answer {
    let images = images::all_local(sim, &sim.live(), sim.clock().now_ms());
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
                "Labels": labels(&found.berth, found.moment.generation),
                "State": found.moment.state.as_str(),
                "Status": "",
                "Mounts": [],
            })
        })
        .collect();
    Answer::json(&json!({
        "LayersSize": images.iter().map(|local| local.image.size_bytes()).sum::<i64>(),
        "Images": images.iter().map(|local| images::summary(sim, local)).collect::<Value>(),
        "Containers": containers,
        "Volumes": [],
        "BuildCache": [],
    }))
}

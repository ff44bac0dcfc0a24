//! What a container was created with, as an inspection gives it back.
//!
//! For scripted containers it follows from the berth; for those a client made it is what the client asked for, joined with
//! what the image brings.

use std::collections::BTreeMap;

use roadstead_model::app::{COMPOSE_PROJECT_LABEL, COMPOSE_SERVICE_LABEL};
use serde_json::{Map, Value, json};

use crate::SIMULATED_LABEL;
use crate::berth::Berth;
use crate::catalogue::outfit;
use crate::image::Image;
use crate::seed::{hex_id, key_of, mix};

/// The network of the reverse proxy, on every host.
const PROXY_NETWORK: &str = "proxy";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Nanoseconds between two health checks.
const CHECK_INTERVAL_NS: i64 = 10_000_000_000;

/// What a container was created with.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Spec {
    /// `Config` of an inspection.
    pub(crate) config: Map<String, Value>,
    /// `HostConfig`.
    pub(crate) host_config: Map<String, Value>,
    /// The networks it is connected to, by name.
    pub(crate) networks: BTreeMap<String, Endpoint>,
    /// Its volumes and bound directories.
    pub(crate) mounts: Vec<Mount>,
}

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Endpoint {
    /// As asked for: `Aliases`, `IPAMConfig`, `Links`, `DriverOpts`, `MacAddress`.
    pub(crate) asked: Map<String, Value>,
    /// IPv4; empty with host networking.
    pub(crate) address: String,
}

impl Endpoint {
    /// The address that was asked for.
    pub(crate) fn fixed_address(&self) -> Option<&str> {
        self.asked.get("IPAMConfig")?.get("IPv4Address")?.as_str()
    }
}

/// A volume or directory in a container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mount {
    /// The volume; `None` for a directory of the host.
    pub(crate) volume: Option<String>,
    /// The directory, where it is one of the host.
    pub(crate) source: String,
    pub(crate) path: String,
    pub(crate) writable: bool,
    /// Nobody named the volume.
    pub(crate) nameless: bool,
}

impl Mount {
    pub(crate) fn volume(name: String, path: &str, nameless: bool) -> Self {
        Self {
            source: format!("/var/lib/docker/volumes/{name}/_data"),
            volume: Some(name),
            path: path.to_owned(),
            writable: true,
            nameless,
        }
    }

    pub(crate) fn shown(&self) -> Value {
        let mut shown = json!({
            "Type": if self.volume.is_some() { "volume" } else { "bind" },
            "Source": self.source,
            "Destination": self.path,
            "Mode": if self.writable { "rw" } else { "ro" },
            "RW": self.writable,
            "Propagation": if self.volume.is_some() { "" } else { "rprivate" },
        });
        if let (Some(volume), Some(shown)) = (&self.volume, shown.as_object_mut()) {
            shown.insert("Name".to_owned(), Value::from(volume.as_str()));
            shown.insert("Driver".to_owned(), Value::from("local"));
        }
        shown
    }
}

/// A JSON object as its map.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Image {
    /// Variables the image sets, as `NAME=value`.
    pub(crate) fn env(self) -> Vec<String> {
        let own = outfit(self.script.image).image_env.iter();
        let mut env = vec![format!("PATH={PATH}")];
        env.extend(own.map(|(name, value)| format!("{name}={value}")));
        // These say their version so.
        let name = match self.script.image {
            "postgres" => "PG_VERSION",
            "redis" => "REDIS_VERSION",
            "mariadb" => "MARIADB_VERSION",
            _ => return env,
        };
        env.push(format!("{name}={}", self.version_text()));
        env
    }

    /// Labels the image brings.
    pub(crate) fn labels(self) -> [(String, String); 2] {
        [
            (SIMULATED_LABEL.to_owned(), "true".to_owned()),
            ("org.opencontainers.image.version".to_owned(), self.version_text()),
        ]
    }

    /// `Config` of an image inspection.
    pub(crate) fn config(self) -> Map<String, Value> {
        let outfit = outfit(self.script.image);
        let labels: Map<String, Value> = self
            .labels()
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect();
        let mut config = object(json!({
            "Env": self.env(),
            "Cmd": self.script.command.split(' ').collect::<Vec<_>>(),
            "Entrypoint": null,
            "WorkingDir": "",
            "User": "",
            "Labels": labels,
            "Volumes": outfit.volume.map(|path| json!({ path: {} })),
        }));
        if outfit.port > 0 {
            config.insert(
                "ExposedPorts".to_owned(),
                json!({ format!("{}/tcp", outfit.port): {} }),
            );
        }
        if self.script.health_check {
            let test = match outfit.port {
                0 => "healthcheck".to_owned(),
                port => format!("wget -q --spider http://localhost:{port}/ || exit 1"),
            };
            config.insert(
                "Healthcheck".to_owned(),
                json!({
                    "Test": ["CMD-SHELL", test],
                    "Interval": CHECK_INTERVAL_NS,
                    "Timeout": 5_000_000_000_i64,
                    "Retries": 3,
                }),
            );
        }
        config
    }
}

impl Berth {
    /// The networks of its containers, the first one first.
    pub(crate) fn network_names(&self) -> Vec<String> {
        let own = match (self.script.host_network, self.compose) {
            (true, _) => "host".to_owned(),
            (false, true) => format!("{}_default", self.app),
            (false, false) => "bridge".to_owned(),
        };
        let proxied = self.compose && !self.script.host_network && outfit(self.script.image).proxied;
        let proxy = proxied.then(|| PROXY_NETWORK.to_owned());
        [Some(own), proxy].into_iter().flatten().collect()
    }

    /// The host's port that its own is published on.
    fn host_port(&self) -> Option<(u16, usize)> {
        let port = outfit(self.script.image).port;
        (port > 0 && !self.script.host_network).then_some((port, 8_000 + self.slot))
    }

    /// Variables of a generation, those of the image first, as `NAME=value`.
    pub(crate) fn env(&self, generation: u32) -> Vec<String> {
        let set = self.release(generation).env;
        let secret = |name: &str| hex_id(mix(key_of(&self.app), key_of(name)))[..24].to_owned();
        let mut env = self.image_of(generation).env();
        env.push("TZ=Etc/UTC".to_owned());
        let level = ["warn", "info", "debug"][set as usize % 3];
        env.push(format!("LOG_LEVEL={level}"));
        if set > 0 {
            env.push(format!("WORKERS={}", 2 * set));
        }
        for (name, value) in outfit(self.script.image).env {
            env.push(match *value {
                "" => format!("{name}={}", secret(name)),
                value => format!("{name}={value}"),
            });
        }
        env
    }

    /// What the scripted container of a generation was created with.
    pub(crate) fn scripted_spec(&self, generation: u32) -> Spec {
        let image = self.image_of(generation);
        let id = self.container_id(generation).0;
        let limit = self.limit_bytes(generation).unwrap_or(0);
        let networks = self.network_names();
        let mut config = image.config();
        let mut labels = Map::new();
        for (name, value) in self.labels_of(generation) {
            labels.insert(name, Value::from(value));
        }
        config.extend(object(json!({
            "Hostname": id[..12],
            "Domainname": "",
            "AttachStdin": false,
            "AttachStdout": true,
            "AttachStderr": true,
            "Tty": self.script.tty,
            "OpenStdin": false,
            "StdinOnce": false,
            "Env": self.env(generation),
            "Cmd": self.script.command.split(' ').collect::<Vec<_>>(),
            "Image": image.reference(),
            "OnBuild": null,
            "Labels": labels,
        })));
        let ports: Map<String, Value> = self
            .host_port()
            .into_iter()
            .map(|(port, host)| {
                let bound = json!([{ "HostIp": "", "HostPort": host.to_string() }]);
                (format!("{port}/tcp"), bound)
            })
            .collect();
        let binds: Vec<String> = self.binds();
        let host_config = object(json!({
            "Binds": binds,
            "ContainerIDFile": "",
            "LogConfig": { "Type": "json-file", "Config": { "max-file": "3", "max-size": "10m" } },
            "NetworkMode": networks.first(),
            "PortBindings": ports,
            "RestartPolicy": { "Name": self.restart_policy(), "MaximumRetryCount": 0 },
            "AutoRemove": false,
            "VolumeDriver": "",
            "VolumesFrom": null,
            "CapAdd": null,
            "CapDrop": null,
            "Dns": [],
            "DnsOptions": [],
            "DnsSearch": [],
            "ExtraHosts": [],
            "GroupAdd": null,
            "IpcMode": "private",
            "Links": null,
            "PidMode": "",
            "Privileged": false,
            "PublishAllPorts": false,
            "ReadonlyRootfs": false,
            "SecurityOpt": null,
            "OomKillDisable": false,
            "OomScoreAdj": 0,
            "ShmSize": 67_108_864,
            "Runtime": "runc",
            "Memory": limit,
            "MemoryReservation": self.reservation_bytes.unwrap_or(0),
            "MemorySwap": limit * 2,
            "NanoCpus": self.cpu_limit_cores.map_or(0, |cores| (cores * 1e9) as i64),
            "CpuShares": 0,
            "CpuPeriod": 0,
            "CpuQuota": 0,
            "CpusetCpus": "",
            "Devices": [],
            "Ulimits": null,
            "PidsLimit": null,
        }));
        let endpoints = networks.into_iter().map(|name| {
            let asked = match self.compose && !self.script.host_network {
                true => object(json!({ "Aliases": [self.name, self.script.service] })),
                false => Map::new(),
            };
            let address = self.address_in(&name);
            (name, Endpoint { asked, address })
        });
        Spec {
            config,
            host_config,
            networks: endpoints.collect(),
            mounts: self.mounts(),
        }
    }

    /// Jobs end; what else ends is started again.
    fn restart_policy(&self) -> &'static str {
        match self.script.endurance {
            crate::catalogue::Endurance::Job(_) => "no",
            _ => "unless-stopped",
        }
    }

    /// The volume its data are on, and where it is mounted.
    pub(crate) fn data_volume(&self) -> Option<(String, &'static str)> {
        let path = outfit(self.script.image).data?;
        let name = match self.compose {
            true => format!("{}_{}", self.app, self.script.service),
            false => format!("{}-data", self.name),
        };
        Some((name, path))
    }

    fn binds(&self) -> Vec<String> {
        let volume = self.data_volume().map(|(name, path)| format!("{name}:{path}:rw"));
        let time = "/etc/localtime:/etc/localtime:ro".to_owned();
        volume.into_iter().chain([time]).collect()
    }

    fn mounts(&self) -> Vec<Mount> {
        let data = self.data_volume();
        let nameless = outfit(self.script.image)
            .volume
            .filter(|path| data.as_ref().is_none_or(|(_, data)| data != path))
            // It is the same volume whichever container is there: compose carries it over.
            .map(|path| Mount::volume(hex_id(mix(self.key, 0xA0)), path, true));
        let time = Mount {
            volume: None,
            source: "/etc/localtime".to_owned(),
            path: "/etc/localtime".to_owned(),
            writable: false,
            nameless: false,
        };
        data.map(|(name, path)| Mount::volume(name, path, false))
            .into_iter()
            .chain(nameless)
            .chain([time])
            .collect()
    }

    /// Its address in a network of its host.
    pub(crate) fn address_in(&self, network: &str) -> String {
        if network == "host" || network == "none" {
            return String::new();
        }
        format!("172.{}.0.{}", network_octet(network), 2 + self.slot % 250)
    }

    /// Labels of a generation: the image's, the operator's and what compose makes anew for each container.
    pub(crate) fn labels_of(&self, generation: u32) -> Vec<(String, String)> {
        if self.made.is_some() {
            return self.labels.clone();
        }
        let image = self.image_of(generation);
        let mut labels: Vec<(String, String)> = image.labels().into();
        labels.extend(self.labels.iter().skip(1).cloned());
        if self.compose {
            let hash = mix(self.key, u64::from(self.release(generation).env))
                ^ self.limit_bytes(generation).unwrap_or(0);
            let directory = format!("/opt/stacks/{}", self.app);
            let mut add = |name: &str, value: String| {
                labels.push((format!("com.docker.compose.{name}"), value));
            };
            add("config-hash", hex_id(hash));
            add("image", image.id());
            add("project.config_files", format!("{directory}/compose.yaml"));
            add("project.working_dir", directory);
            add("version", "2.29.7".to_owned());
        }
        labels
    }

    /// The compose project and service among these labels.
    pub(crate) fn compose_names(labels: &[(String, String)]) -> Option<(&str, &str)> {
        let get = |wanted: &str| {
            let found = labels.iter().find(|(name, _)| name == wanted)?;
            Some(found.1.as_str())
        };
        Some((get(COMPOSE_PROJECT_LABEL)?, get(COMPOSE_SERVICE_LABEL)?))
    }
}

/// The second number of the addresses of a network.
pub(crate) fn network_octet(network: &str) -> u64 {
    match network {
        "bridge" => 17,
        _ => 18 + key_of(network) % 14,
    }
}

/// The id of a network, 64 hex digits.
pub(crate) fn network_id(network: &str) -> String {
    hex_id(key_of(network))
}

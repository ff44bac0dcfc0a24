//! Settings other than variables and labels, each under the name that "what changed" has for it.

use std::collections::BTreeMap;

use roadstead_model::{ConfigPart, PartFacts};
use serde_json::{Map, Value, json};

use super::keyed::{ConfigKey, Order, canonical};
use crate::given::{
    Given, Mount, MountKind, is_empty, is_generated_name, is_shared_namespace, object, texts,
};
use crate::text::{TEXT_CHARS, clean};

/// Settings of `HostConfig` that have a part of their own, or count elsewhere: limits are facts of the container.
const ELSEWHERE: [&str; 25] = [
    "Binds",
    "CapAdd",
    "CapDrop",
    "ConsoleSize",
    "ContainerIDFile",
    "CpuPeriod",
    "CpuQuota",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "Links",
    "LogConfig",
    "MaskedPaths",
    "Memory",
    "MemorySwap",
    "Mounts",
    "NanoCpus",
    "NetworkMode",
    "PortBindings",
    "Privileged",
    "PublishAllPorts",
    "ReadonlyPaths",
    "RestartPolicy",
    "Tmpfs",
    "VolumesFrom",
];
/// What engines fill in where nothing was asked for, so that it says nothing.
const FILLED_IN: [(&str, &str); 8] = [
    ("CgroupnsMode", "\"private\""),
    ("IpcMode", "\"private\""),
    ("Isolation", "\"default\""),
    ("MemorySwappiness", "-1"),
    ("PidMode", "\"private\""),
    ("PidsLimit", "-1"),
    ("Runtime", "\"runc\""),
    ("ShmSize", "67108864"),
];
/// Settings of `Config` that count among the others.
const OTHERS: [&str; 10] = [
    "Domainname",
    "Hostname",
    "NetworkDisabled",
    "OpenStdin",
    "Shell",
    "StdinOnce",
    "StopSignal",
    "StopTimeout",
    "Tty",
    "ExposedPorts",
];

/// A setting: one text for the same setting, and what may be shown of it.
pub(super) struct Setting {
    pub(super) text: String,
    shown: Option<String>,
}

impl Setting {
    pub(super) fn facts(self, part: ConfigPart, key: ConfigKey) -> PartFacts {
        PartFacts {
            hash: key.whole(&format!("{part:?}"), &self.text),
            shown: self.shown.map(|line| clean(&line, TEXT_CHARS)),
        }
    }

    /// One whose text may hold secrets.
    fn hidden(value: &Value, order: Order) -> Option<Self> {
        (!is_empty(value)).then(|| Self {
            text: canonical(value, order),
            shown: None,
        })
    }

    fn shown(value: &Value, line: impl Into<String>) -> Option<Self> {
        (!is_empty(value)).then(|| Self {
            text: canonical(value, Order::IsChance),
            shown: Some(line.into()),
        })
    }
}

/// The parts that are set.
pub(super) fn of(given: &Given) -> BTreeMap<ConfigPart, Setting> {
    let config = |name: &str| given.config.get(name).cloned().unwrap_or(Value::Null);
    let text = |name: &str| config(name).as_str().unwrap_or_default().to_owned();
    [
        (
            ConfigPart::Command,
            Setting::hidden(&config("Cmd"), Order::Matters),
        ),
        (
            ConfigPart::Entrypoint,
            Setting::hidden(&config("Entrypoint"), Order::Matters),
        ),
        (ConfigPart::User, Setting::shown(&config("User"), text("User"))),
        (
            ConfigPart::WorkingDir,
            Setting::shown(&config("WorkingDir"), text("WorkingDir")),
        ),
        (ConfigPart::Ports, ports(given)),
        (ConfigPart::Mounts, mounts(given)),
        (ConfigPart::Networks, networks(given)),
        (ConfigPart::RestartPolicy, restart_policy(given)),
        (
            ConfigPart::HealthCheck,
            Setting::hidden(&config("Healthcheck"), Order::Matters),
        ),
        (ConfigPart::Privileges, privileges(given)),
        (ConfigPart::Devices, devices(given)),
        (ConfigPart::LogOptions, log_options(given)),
        (ConfigPart::Other, others(given)),
    ]
    .into_iter()
    .filter_map(|(part, setting)| Some((part, setting?)))
    .collect()
}

fn host<'a>(given: &'a Given, name: &str) -> &'a Value {
    given.host_config.get(name).unwrap_or(&Value::Null)
}

fn sorted(lines: impl IntoIterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort_unstable();
    lines.join(", ")
}

/// `8080:80/tcp`, `127.0.0.1:8080:80/tcp`, and `80/tcp` where the engine chooses the port.
fn ports(given: &Given) -> Option<Setting> {
    let bindings = object(host(given, "PortBindings"));
    let line = |port: &str, binding: &Value| {
        let (ip, host_port) = (
            binding["HostIp"].as_str().unwrap_or_default(),
            binding["HostPort"].as_str().unwrap_or_default(),
        );
        match (ip, host_port) {
            ("", "") => port.to_owned(),
            ("", host_port) => format!("{host_port}:{port}"),
            (ip, host_port) => format!("{ip}:{host_port}:{port}"),
        }
    };
    let mut lines: Vec<String> = bindings
        .iter()
        .flat_map(|(port, bindings)| {
            let bindings = bindings.as_array().cloned().unwrap_or_default();
            bindings
                .iter()
                .map(|binding| line(port, binding))
                .collect::<Vec<_>>()
        })
        .collect();
    if host(given, "PublishAllPorts") == &Value::Bool(true) {
        lines.push("all exposed ports".to_owned());
    }
    lines.sort_unstable();
    Setting::shown(&json!(lines), lines.join(", "))
}

/// `name:/path`, `/host/path:/path:ro`, `tmpfs:/path`, and `/path` for a volume without a name.
fn mounts(given: &Given) -> Option<Setting> {
    let own: Vec<&Mount> = given
        .mounts
        .iter()
        .filter(|mount| !mount.is_images && !mount.is_borrowed)
        .collect();
    let line = |mount: &Mount| {
        let at = &mount.destination;
        let read_only = if mount.read_only { ":ro" } else { "" };
        let from = match &mount.kind {
            MountKind::Named(name) => format!("{name}:"),
            MountKind::Anonymous(_) => String::new(),
            MountKind::Bind(source) => format!("{source}:"),
            MountKind::Tmpfs => "tmpfs:".to_owned(),
            MountKind::Other(word, source) => format!("{word}:{source}:"),
        };
        format!("{from}{at}{read_only}")
    };
    let mut lines: Vec<String> = own.iter().map(|mount| line(mount)).collect();
    // Names of other containers; an id would be another one each time they are made again.
    let borrowed = texts(Some(host(given, "VolumesFrom"))).map(|from| {
        let name = from.split(':').next().unwrap_or(from);
        if is_generated_name(name) {
            "from another container".to_owned()
        } else {
            format!("from {from}")
        }
    });
    lines.extend(borrowed);
    lines.sort_unstable();
    let details: Vec<Value> = own
        .iter()
        .map(|mount| json!([mount.destination, mount.propagation, mount.options]))
        .collect();
    (!lines.is_empty()).then(|| Setting {
        text: canonical(&json!({"lines": lines, "details": details}), Order::IsChance),
        shown: Some(lines.join(", ")),
    })
}

/// Names, with the addresses that were set by hand.
fn networks(given: &Given) -> Option<Setting> {
    let mode = given.host_text("NetworkMode");
    if is_shared_namespace(mode) {
        return Setting::shown(&json!("container"), "another container's");
    }
    if matches!(mode, "host" | "none") {
        return Setting::shown(&json!(mode), mode);
    }
    let line = |name: &String, own: &Map<String, Value>| {
        let config = own.get("IPAMConfig").map(object);
        let addresses: Vec<&str> = ["IPv4Address", "IPv6Address"]
            .iter()
            .filter_map(|kind| config?.get(*kind)?.as_str())
            .collect();
        if addresses.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", addresses.join(", "))
        }
    };
    let names = sorted(given.endpoints.iter().map(|(name, own)| line(name, own)));
    // In an object of its own each: an endpoint without settings would not be written otherwise.
    let endpoints: Vec<Value> = given
        .endpoints
        .iter()
        .map(|(name, own)| json!({"name": name, "own": own}))
        .collect();
    let links = host(given, "Links");
    Setting::shown(&json!({"endpoints": endpoints, "links": links}), names)
        .filter(|_| !endpoints.is_empty() || !is_empty(links))
}

/// `always`, `on-failure:3`.
fn restart_policy(given: &Given) -> Option<Setting> {
    let policy = host(given, "RestartPolicy");
    let name = policy["Name"].as_str().unwrap_or_default();
    if matches!(name, "" | "no") {
        return None;
    }
    let shown = match policy["MaximumRetryCount"].as_u64() {
        Some(count) if count > 0 => format!("{name}:{count}"),
        _ => name.to_owned(),
    };
    Setting::shown(&json!(shown), shown.clone())
}

/// `privileged, +NET_ADMIN, -MKNOD`.
fn privileges(given: &Given) -> Option<Setting> {
    let capabilities = |sign: &'static str, name: &str| {
        let of: Vec<String> = texts(Some(host(given, name)))
            // Engines before 20.10 say them as they were typed, later ones with their prefix.
            .map(|word| format!("{sign}{}", word.trim_start_matches("CAP_")))
            .collect();
        of
    };
    let mut lines = capabilities("+", "CapAdd");
    lines.extend(capabilities("-", "CapDrop"));
    if host(given, "Privileged") == &Value::Bool(true) {
        lines.push("privileged".to_owned());
    }
    lines.sort_unstable();
    Setting::shown(&json!(lines), lines.join(", "))
}

/// `/dev/dri:/dev/dri:rwm`, `gpu`.
fn devices(given: &Given) -> Option<Setting> {
    let (devices, requests, rules) = (
        host(given, "Devices"),
        host(given, "DeviceRequests"),
        host(given, "DeviceCgroupRules"),
    );
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let device = |device: &Value| {
        ["PathOnHost", "PathInContainer", "CgroupPermissions"]
            .iter()
            .filter_map(|name| device[*name].as_str().filter(|text| !text.is_empty()))
            .collect::<Vec<_>>()
            .join(":")
    };
    let request = |request: &Value| {
        let words = list(&request["Capabilities"])
            .iter()
            .flat_map(list)
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect::<Vec<_>>();
        let driver = request["Driver"].as_str().unwrap_or_default().to_owned();
        [driver]
            .into_iter()
            .chain(words)
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shown = sorted(
        list(devices)
            .iter()
            .map(device)
            .chain(list(requests).iter().map(request))
            .chain(texts(Some(rules)).map(str::to_owned)),
    );
    let all = json!([devices, requests, rules]);
    let is_set = [devices, requests, rules].iter().any(|value| !is_empty(value));
    is_set.then(|| Setting::shown(&all, shown))?
}

/// The driver is shown; its options may hold tokens.
fn log_options(given: &Given) -> Option<Setting> {
    let log = host(given, "LogConfig");
    let driver = log["Type"].as_str().unwrap_or_default();
    Setting::shown(log, driver).filter(|_| !driver.is_empty())
}

fn others(given: &Given) -> Option<Setting> {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &given.host_config {
        let order = if name.starts_with("Dns") {
            Order::Matters
        } else {
            Order::IsChance
        };
        let text = match value.as_str() {
            // The id after it is another one each time that container is made again.
            Some(mode) if is_shared_namespace(mode) => "\"container\"".to_owned(),
            _ => canonical(value, order),
        };
        let is_filled_in = FILLED_IN.contains(&(name.as_str(), text.as_str()));
        if !is_empty(value) && !is_filled_in && !ELSEWHERE.contains(&name.as_str()) {
            all.insert(name, text);
        }
    }
    for name in OTHERS {
        let Some(value) = given.config.get(name).filter(|value| !is_empty(value)) else {
            continue;
        };
        let is_usual_signal = name == "StopSignal" && matches!(value.as_str(), Some("SIGTERM" | "15"));
        if !is_usual_signal && name != "ExposedPorts" {
            all.insert(name, canonical(value, Order::IsChance));
        }
    }
    // A published port is exposed too, by some clients only.
    let published = object(host(given, "PortBindings"));
    let exposed: Vec<&String> = object(given.config.get("ExposedPorts").unwrap_or(&Value::Null))
        .keys()
        .filter(|port| !published.contains_key(*port))
        .collect();
    if !exposed.is_empty() {
        all.insert("ExposedPorts", canonical(&json!(exposed), Order::IsChance));
    }
    // Twice the memory limit is what engines fill in, or -1 where they cannot limit swap.
    let number = |name: &str| host(given, name).as_i64().unwrap_or(0);
    let (memory, swap) = (number("Memory"), number("MemorySwap"));
    if swap > 0 && Some(swap) != memory.checked_mul(2) {
        all.insert("MemorySwap", swap.to_string());
    }
    let masked = ["MaskedPaths", "ReadonlyPaths"].map(|name| {
        given
            .host_config
            .get(name)
            .map(|paths| canonical(paths, Order::IsChance))
    });
    // Here an empty list says something: nothing is masked.
    if masked.iter().any(Option::is_some) {
        all.insert("MaskedPaths", format!("{masked:?}"));
    }
    (!all.is_empty()).then(|| Setting {
        text: canonical(&json!(all), Order::Matters),
        shown: None,
    })
}

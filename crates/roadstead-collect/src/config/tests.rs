//! The same settings, the same hashes; another setting, its own part and no value of a secret.

use std::collections::BTreeSet;

use roadstead_model::ConfigPart;
use serde_json::{Map, Value, json};

use super::*;

const CONTAINER: &str = include_str!("../../tests/fixtures/docker20-given-inspect.json");
const IMAGE: &str = include_str!("../../tests/fixtures/docker20-given-image.json");
const KEY: ConfigKey = ConfigKey(*b"key of one store");

fn image() -> Map<String, Value> {
    let image: Value = serde_json::from_str(IMAGE).unwrap();
    object(&image["Config"]).clone()
}

fn config(change: impl FnOnce(&mut Value)) -> ContainerConfig {
    let mut container: Value = serde_json::from_str(CONTAINER).unwrap();
    change(&mut container);
    of(&Given::of(&container, &image()), KEY)
}

fn shown(config: &ContainerConfig, part: ConfigPart) -> Option<&str> {
    config.parts.get(&part)?.shown.as_deref()
}

#[test]
fn the_parts_of_a_real_container_are_told_without_secrets() {
    let config = config(|_| {});
    assert_eq!(config.env.keys().collect::<Vec<_>>(), ["A", "VERSION"]);
    assert_eq!(config.env["A"].len(), 8);
    assert_eq!(config.hash.len(), 16);
    for (part, line) in [
        (ConfigPart::Ports, "127.0.0.1:18080:8080/tcp"),
        (
            ConfigPart::Mounts,
            "/anon, /manon, /srv/bindsrc:/b:ro, named:/named, tmpfs:/t",
        ),
        (ConfigPart::Networks, "back, front (10.211.78.9)"),
        (ConfigPart::RestartPolicy, "on-failure:3"),
        (ConfigPart::Privileges, "+NET_ADMIN, -MKNOD"),
        (ConfigPart::Devices, "/dev/null:/dev/zz:rwm"),
        (ConfigPart::LogOptions, "json-file"),
    ] {
        assert_eq!(shown(&config, part), Some(line), "{part:?}");
    }
    for (part, hidden) in [(ConfigPart::HealthCheck, true), (ConfigPart::Other, true)] {
        assert_eq!(
            config.parts.get(&part).map(|facts| facts.shown.is_none()),
            Some(hidden),
            "{part:?}"
        );
    }
    assert!(
        !config.parts.contains_key(&ConfigPart::Command),
        "the image's own"
    );
}

/// The same container made again by us from another version of its image: another id, other generated names and
/// addresses, its volumes bound by name, everything in another order.
fn made_again(container: &mut Value) {
    let new_id = "0123456789abcdef".repeat(4);
    let old_short = container["Id"].as_str().unwrap()[..12].to_owned();
    container["Id"] = json!(new_id);
    for network in ["front", "back"] {
        let endpoint = &mut container["NetworkSettings"]["Networks"][network];
        for alias in endpoint["Aliases"].as_array_mut().unwrap() {
            if alias == old_short.as_str() {
                *alias = json!("0123456789ab");
            }
        }
        endpoint["Aliases"].as_array_mut().unwrap().reverse();
        endpoint["EndpointID"] = json!("other");
        if network == "back" {
            endpoint["MacAddress"] = json!("02:42:00:00:00:09");
            endpoint["IPAddress"] = json!("10.211.79.77");
        }
    }
    let volumes: Vec<(Value, Value)> = container["Mounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mount| mount["Type"] == "volume" && mount["Name"] != "named")
        .map(|mount| (mount["Name"].clone(), mount["Destination"].clone()))
        .collect();
    container["HostConfig"]["Mounts"] = volumes
        .into_iter()
        .map(|(name, at)| json!({"Type": "volume", "Source": name, "Target": at}))
        .collect();
    for mount in container["Mounts"].as_array_mut().unwrap() {
        if mount["Type"] == "volume" {
            mount["Mode"] = json!("z");
        }
    }
    container["Mounts"].as_array_mut().unwrap().reverse();
    container["Config"]["Env"].as_array_mut().unwrap().reverse();
    container["HostConfig"]["Binds"].as_array_mut().unwrap().reverse();
    container["HostConfig"]["AFieldOfANewerEngine"] = json!(null);
}

#[test]
fn a_container_made_again_has_the_same_configuration() {
    let before = config(|_| {});
    assert_eq!(config(made_again), before);
}

#[test]
fn what_a_newer_image_brings_is_no_change_of_configuration() {
    let before = config(|_| {});
    let mut container: Value = serde_json::from_str(CONTAINER).unwrap();
    container["Config"]["Labels"]["org.opencontainers.image.version"] = json!("2");
    container["Config"]["Cmd"] = json!(["serve"]);
    container["Config"]["Env"] = json!(["A=1", "VERSION=mine", "PATH=/usr/bin", "NEW=1"]);
    container["Config"]["Healthcheck"]["Test"] = json!(["CMD", "better"]);
    let mut image = image();
    image["Labels"]["org.opencontainers.image.version"] = json!("2");
    image.insert("Cmd".into(), json!(["serve"]));
    image.insert("Env".into(), json!(["PATH=/usr/bin", "NEW=1", "VERSION=2"]));
    image["Healthcheck"]["Test"] = json!(["CMD", "better"]);
    assert_eq!(of(&Given::of(&container, &image), KEY), before);
}

#[test]
fn each_setting_that_changes_is_found_in_its_part_and_no_other() {
    let before = config(|_| {});
    for (pointer, value, part) in [
        ("/Config/Cmd", json!(["serve"]), ConfigPart::Command),
        ("/Config/Entrypoint", json!(["/init"]), ConfigPart::Entrypoint),
        ("/Config/User", json!("1000"), ConfigPart::User),
        ("/Config/WorkingDir", json!("/srv"), ConfigPart::WorkingDir),
        ("/Config/Tty", json!(true), ConfigPart::Other),
        ("/Config/Domainname", json!("otherwise"), ConfigPart::Other),
        ("/Config/StopTimeout", json!(60), ConfigPart::Other),
        ("/Config/Healthcheck/Interval", json!(5), ConfigPart::HealthCheck),
        ("/HostConfig/CapAdd", json!(["SYS_ADMIN"]), ConfigPart::Privileges),
        ("/HostConfig/Privileged", json!(true), ConfigPart::Privileges),
        (
            "/HostConfig/LogConfig/Config",
            json!({"max-size": "2m"}),
            ConfigPart::LogOptions,
        ),
        (
            "/HostConfig/RestartPolicy/Name",
            json!("always"),
            ConfigPart::RestartPolicy,
        ),
        (
            "/HostConfig/PortBindings/8080~1tcp/0/HostPort",
            json!("18081"),
            ConfigPart::Ports,
        ),
        ("/HostConfig/Devices", json!([]), ConfigPart::Devices),
        ("/HostConfig/Dns", json!(["9.9.9.9"]), ConfigPart::Other),
        ("/HostConfig/MemorySwap", json!(999), ConfigPart::Other),
        ("/HostConfig/Ulimits", json!([]), ConfigPart::Other),
        ("/HostConfig/MaskedPaths", json!([]), ConfigPart::Other),
        ("/HostConfig/Tmpfs/~1t", json!("size=2m"), ConfigPart::Mounts),
        (
            "/NetworkSettings/Networks/back/Aliases",
            json!(["renamed"]),
            ConfigPart::Networks,
        ),
        (
            "/NetworkSettings/Networks/front/IPAMConfig",
            json!({}),
            ConfigPart::Networks,
        ),
        ("/HostConfig/NetworkMode", json!("host"), ConfigPart::Networks),
    ] {
        let now = config(|container| *container.pointer_mut(pointer).unwrap() = value.clone());
        assert_ne!(now.hash, before.hash, "{pointer}");
        assert_eq!(
            (&now.env, &now.labels),
            (&before.env, &before.labels),
            "{pointer}"
        );
        let mut changed: BTreeSet<ConfigPart> = [&before, &now]
            .iter()
            .flat_map(|config| config.parts.keys().copied())
            .filter(|part| {
                before.parts.get(part).map(|facts| &facts.hash)
                    != now.parts.get(part).map(|facts| &facts.hash)
            })
            .collect();
        if pointer.ends_with("NetworkMode") {
            // The hostname and address are the host's own then.
            changed.remove(&ConfigPart::Other);
        } else if pointer.ends_with("Entrypoint") {
            // The image's command is not in force then, so the same one is the container's own.
            changed.remove(&ConfigPart::Command);
        }
        assert_eq!(changed, BTreeSet::from([part]), "{pointer}");
    }
}

#[test]
fn limits_count_elsewhere() {
    let before = config(|_| {});
    let now = config(|container| {
        container["HostConfig"]["Memory"] = json!(134_217_728);
        container["HostConfig"]["MemorySwap"] = json!(268_435_456);
        container["HostConfig"]["NanoCpus"] = json!(1);
    });
    assert_eq!(now, before);
}

#[test]
fn labels_made_anew_for_each_container_do_not_count() {
    let before = config(|_| {});
    let with = |label: &str| config(|container| container["Config"]["Labels"][label] = json!("other"));
    for label in [
        "com.docker.compose.config-hash",
        "com.docker.compose.container-number",
        "com.docker.compose.image",
        "com.docker.compose.replace",
        "com.docker.compose.project.working_dir",
        "com.docker.swarm.task.id",
    ] {
        assert_eq!(with(label), before, "{label}");
    }
    let now = with("traefik.enable");
    assert_ne!(now.hash, before.hash);
    assert!(now.labels.contains_key("traefik.enable"));
}

#[test]
fn no_value_of_a_variable_a_label_a_command_or_an_option_can_be_read() {
    let config = config(|container| {
        container["Config"]["Env"] = json!(["TOKEN=hunter2"]);
        container["Config"]["Labels"]["basicauth.users"] = json!("hunter2");
        container["Config"]["Cmd"] = json!(["--password", "hunter2"]);
        container["Config"]["Healthcheck"]["Test"] = json!(["CMD", "curl", "http://u:hunter2@h"]);
        container["HostConfig"]["LogConfig"]["Config"] = json!({"splunk-token": "hunter2"});
        container["HostConfig"]["Mounts"] = json!([{
            "Type": "volume", "Source": "share", "Target": "/named",
            "VolumeOptions": {"DriverConfig": {"Options": {"o": "password=hunter2"}}},
        }]);
        container["HostConfig"]["Sysctls"] = json!({"a": "hunter2"});
        container["HostConfig"]["SecurityOpt"] = json!(["hunter2"]);
    });
    let told = serde_json::to_string(&config).unwrap() + &format!("{config:?}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(told.contains("TOKEN") && told.contains("basicauth.users"));
}

#[test]
fn a_thousand_variables_are_cut_and_still_count() {
    let many = |last: &str| {
        let env: Vec<String> = (0..1000)
            .map(|n| format!("V{n:04}={n}"))
            .chain([format!("Z={last}")])
            .collect();
        config(|container| container["Config"]["Env"] = json!(env))
    };
    let (one, other) = (many("1"), many("2"));
    assert_eq!(one.env.len(), 512);
    assert_eq!(one.env, other.env);
    assert_ne!(one.hash, other.hash);
}

#[test]
fn another_containers_network_counts_and_its_id_does_not() {
    let shares = |id: &str| {
        config(|container| container["HostConfig"]["NetworkMode"] = json!(format!("container:{id}")))
    };
    assert_eq!(shares("aaaaaaaaaaaa").hash, shares("bbbbbbbbbbbb").hash);
    assert_eq!(
        shares("aaaaaaaaaaaa").shares_network_of.as_deref(),
        Some("aaaaaaaaaaaa")
    );
    assert_ne!(shares("aaaaaaaaaaaa").hash, config(|_| {}).hash);
}

#[test]
fn a_fixed_address_that_the_engine_chose_is_no_setting() {
    let before = config(|_| {});
    let now = config(|container| {
        container["NetworkSettings"]["Networks"]["back"]["IPAddress"] = json!("10.211.79.200");
        container["NetworkSettings"]["Networks"]["back"]["DNSNames"] = json!(["x"]);
    });
    assert_eq!(now, before);
}

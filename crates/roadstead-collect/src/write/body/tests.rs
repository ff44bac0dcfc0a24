//! Bodies made of recorded containers: everything that was given, nothing of the old image, no volume anew.

use serde_json::{Value, json};

use super::*;
use crate::config::{self, ConfigKey};
use crate::container::read_inspected;
use crate::given::Given;

const CONTAINER: &str = include_str!("../../../tests/fixtures/docker20-given-inspect.json");
const IMAGE: &str = include_str!("../../../tests/fixtures/docker20-given-image.json");
const NEW: &str = "registry.example:5000/app:2";

fn blueprint(has_endpoint_mac: bool, change: impl FnOnce(&mut Value)) -> Blueprint {
    let mut container: Value = serde_json::from_str(CONTAINER).unwrap();
    change(&mut container);
    let image: Value = serde_json::from_str(IMAGE).unwrap();
    let given = Given::of(&container, object(&image["Config"]));
    Blueprint {
        config: config::of(&given, ConfigKey([0; 16])),
        given,
        facts: read_inspected(container.to_string().as_bytes())
            .unwrap()
            .without_image(),
        has_endpoint_mac,
    }
}

fn body(change: impl FnOnce(&mut Value)) -> Value {
    blueprint(false, change).body_for(NEW, None).body
}

fn volume_at(body: &Value, destination: &str) -> Value {
    let mounts = body["HostConfig"]["Mounts"].as_array().unwrap();
    let of_it: Vec<&Value> = mounts
        .iter()
        .filter(|mount| mount["Target"] == destination)
        .collect();
    assert_eq!(of_it.len(), 1, "{destination} is mounted once");
    of_it[0]["Source"].clone()
}

#[test]
fn the_new_image_brings_its_own_and_the_container_keeps_what_it_was_given() {
    let body = body(|_| {});
    assert_eq!(body["Image"], NEW);
    assert_eq!(body["Env"], json!(["A=1", "VERSION=mine"]));
    assert_eq!(body.get("Cmd"), None);
    assert_eq!(body["Healthcheck"], json!({"Interval": 2_000_000_000}));
    assert_eq!(body["Hostname"], "byhand");
    assert_eq!(body["StopTimeout"], 3);
    assert_eq!(
        body["ExposedPorts"],
        json!({"8080/tcp": {}}),
        "published, whatever the new image exposes"
    );
    let host = &body["HostConfig"];
    for (setting, value) in [
        ("Memory", json!(67_108_864)),
        ("NanoCpus", json!(500_000_000)),
        ("CapAdd", json!(["NET_ADMIN"])),
        (
            "RestartPolicy",
            json!({"Name": "on-failure", "MaximumRetryCount": 3}),
        ),
        (
            "LogConfig",
            json!({"Type": "json-file", "Config": {"max-size": "1m"}}),
        ),
        ("Sysctls", json!({"net.ipv4.ip_forward": "1"})),
        ("ExtraHosts", json!(["x:1.2.3.4"])),
        ("Init", json!(true)),
        ("NetworkMode", json!("front")),
    ] {
        assert_eq!(host[setting], value, "{setting}");
    }
    assert!(host.as_object().unwrap().values().all(|value| !value.is_null()));
}

#[test]
fn every_volume_is_mounted_by_its_name() {
    let blueprint = blueprint(false, |_| {});
    let body = blueprint.body_for(NEW, None).body;
    for destination in ["/anon", "/data", "/manon"] {
        let name = volume_at(&body, destination);
        assert_eq!(name.as_str().map(str::len), Some(64), "{destination}");
        assert!(blueprint.volumes().contains(&destination.to_owned()));
    }
    assert_eq!(
        body["HostConfig"]["Binds"],
        json!(["named:/named", "/srv/bindsrc:/b:ro"])
    );
    assert_eq!(blueprint.volumes().len(), 4);
}

#[test]
fn a_bind_that_asks_for_a_new_volume_is_turned_into_the_one_it_got() {
    let body = body(|container| container["HostConfig"]["Binds"] = json!(["/anon"]));
    assert_eq!(body["HostConfig"]["Binds"], json!([]));
    assert!(volume_at(&body, "/anon").is_string());
    assert_eq!(volume_at(&body, "/named"), "named");
}

#[test]
fn a_read_only_volume_stays_read_only() {
    let body = body(|container| {
        for mount in container["Mounts"].as_array_mut().unwrap() {
            mount["RW"] = json!(false);
        }
    });
    let mounts = body["HostConfig"]["Mounts"].as_array().unwrap();
    let anon = mounts.iter().find(|mount| mount["Target"] == "/anon").unwrap();
    assert_eq!(anon["ReadOnly"], true);
}

#[test]
fn borrowed_volumes_stay_borrowed() {
    let body = body(|container| {
        container["HostConfig"]["VolumesFrom"] = json!(["db"]);
        container["Mounts"]
            .as_array_mut()
            .unwrap()
            .push(json!({"Type": "volume", "Name": "db-data", "Destination": "/var/db", "RW": true}));
    });
    assert_eq!(body["HostConfig"]["VolumesFrom"], json!(["db"]));
    let mounts = body["HostConfig"]["Mounts"].as_array().unwrap();
    assert!(mounts.iter().all(|mount| mount["Target"] != "/var/db"));
}

#[test]
fn the_first_network_goes_with_the_container_and_the_others_after_it() {
    let made = blueprint(false, |_| {}).body_for(NEW, None);
    assert_eq!(
        made.body["NetworkingConfig"],
        json!({"EndpointsConfig": {"front": {
            "Aliases": ["web"], "IPAMConfig": {"IPv4Address": "10.211.78.9"},
        }}})
    );
    assert_eq!(made.others, [("back".to_owned(), json!({"Aliases": ["weba"]}))]);
    assert_eq!(made.body["MacAddress"], "02:11:22:33:44:55");
}

#[test]
fn newer_engines_take_the_address_of_the_card_with_the_network() {
    let made = blueprint(true, |_| {}).body_for(NEW, None);
    assert_eq!(made.body.get("MacAddress"), None);
    assert_eq!(
        made.body["NetworkingConfig"]["EndpointsConfig"]["front"]["MacAddress"],
        "02:11:22:33:44:55"
    );
}

#[test]
fn a_container_that_was_taken_out_of_its_first_network_does_not_come_back_into_it() {
    let other = blueprint(false, |container| {
        container["HostConfig"]["NetworkMode"] = json!("gone")
    });
    let made = other.body_for(NEW, None);
    assert_eq!(made.body["HostConfig"]["NetworkMode"], "back");
    assert_eq!(made.others.len(), 1);
    let none = blueprint(false, |container| {
        container["NetworkSettings"]["Networks"] = json!({})
    });
    let made = none.body_for(NEW, None);
    assert_eq!(made.body["HostConfig"]["NetworkMode"], "none");
    assert_eq!(made.body.get("NetworkingConfig"), None);
}

#[test]
fn a_shared_network_is_asked_for_without_what_engines_refuse_beside_it() {
    let shared = blueprint(false, |container| {
        container["HostConfig"]["NetworkMode"] = json!("container:0123456789ab");
        container["HostConfig"]["PortBindings"] = json!({});
    });
    assert_eq!(shared.config().shares_network_of.as_deref(), Some("0123456789ab"));
    let body = shared.body_for(NEW, None).body;
    for absent in [
        "Hostname",
        "MacAddress",
        "ExposedPorts",
        "NetworkingConfig",
        "Domainname",
    ] {
        assert_eq!(body.get(absent), None, "{absent}");
    }
    assert_eq!(body["HostConfig"]["NetworkMode"], "container:0123456789ab");
}

#[test]
fn the_default_network_is_asked_for_as_it_was() {
    let made = blueprint(false, |container| {
        container["HostConfig"]["NetworkMode"] = json!("default");
        container["Config"]["MacAddress"] = json!("");
        container["NetworkSettings"]["Networks"] =
            json!({"bridge": {"Aliases": null, "IPAMConfig": null, "MacAddress": "02:42:00:00:00:02"}});
    })
    .body_for(NEW, None);
    assert_eq!(made.body["HostConfig"]["NetworkMode"], "default");
    assert_eq!(made.body.get("NetworkingConfig"), None);
    assert_eq!(made.others, []);
}

#[test]
fn compose_still_knows_it_and_knows_its_new_image() {
    let with_label = |container: &mut Value| {
        container["Config"]["Labels"]["com.docker.compose.image"] = json!("sha256:old");
        container["Config"]["Labels"]["com.docker.compose.config-hash"] = json!("hash");
    };
    let facts = ImageFacts {
        id: "sha256:new".into(),
        digests: Vec::new(),
        created_ms: None,
        size_bytes: None,
    };
    let body = blueprint(false, with_label).body_for(NEW, Some(&facts)).body;
    assert_eq!(body["Labels"]["com.docker.compose.image"], "sha256:new");
    assert_eq!(body["Labels"]["com.docker.compose.config-hash"], "hash");
    assert_eq!(body["Labels"]["com.docker.compose.service"], "web");
    let without = blueprint(false, |_| {}).body_for(NEW, Some(&facts)).body;
    assert_eq!(
        without["Labels"].get("com.docker.compose.image"),
        None,
        "one that was not there is not added"
    );
}

#[test]
fn neither_a_blueprint_nor_a_body_shows_what_is_in_it() {
    let blueprint = blueprint(false, |container| {
        container["Config"]["Env"] = json!(["TOKEN=hunter2"]);
    });
    let body = blueprint.body_for(NEW, None);
    assert!(body.body.to_string().contains("hunter2"));
    let shown = format!("{blueprint:?} {body:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

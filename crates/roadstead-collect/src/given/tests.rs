//! What was given is told from what the image brought and what the engine made up, on recorded inspections.

use serde_json::{Value, json};

use super::*;

const CONTAINER: &str = include_str!("../../tests/fixtures/docker20-given-inspect.json");
const IMAGE: &str = include_str!("../../tests/fixtures/docker20-given-image.json");

fn container() -> Value {
    serde_json::from_str(CONTAINER).unwrap()
}

fn image() -> Map<String, Value> {
    let image: Value = serde_json::from_str(IMAGE).unwrap();
    object(&image["Config"]).clone()
}

fn given(change: impl FnOnce(&mut Value)) -> Given {
    let mut container = container();
    change(&mut container);
    Given::of(&container, &image())
}

#[test]
fn what_the_image_brought_is_left_out() {
    let given = given(|_| {});
    assert_eq!(
        given.config["Env"],
        json!(["A=1", "VERSION=mine"]),
        "the image's own PATH is not, its changed VERSION is"
    );
    assert_eq!(given.config.get("Cmd"), None);
    assert_eq!(given.config.get("ExposedPorts"), None);
    assert_eq!(given.config["Volumes"], json!({"/anon": {}}));
    assert_eq!(
        given.config["Labels"],
        json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web"})
    );
    assert_eq!(
        given.config["Healthcheck"],
        json!({"Interval": 2_000_000_000}),
        "only the part that differs"
    );
    assert_eq!(given.config.get("Image"), None);
}

#[test]
fn composes_labels_stay_though_an_image_it_built_has_them_too() {
    let mut image = image();
    image.insert("Labels".into(), json!({"com.docker.compose.project": "shop"}));
    let given = Given::of(&container(), &image);
    assert_eq!(given.config["Labels"]["com.docker.compose.project"], "shop");
}

#[test]
fn an_entry_point_of_ones_own_keeps_its_command() {
    let both = |entry: Value, command: Value, image_entry: Value| {
        let mut image = image();
        image.insert("Entrypoint".into(), image_entry);
        let mut container = container();
        container["Config"]["Entrypoint"] = entry;
        container["Config"]["Cmd"] = command;
        let config = Given::of(&container, &image).config;
        (
            config.get("Entrypoint").cloned().unwrap_or_default(),
            config.get("Cmd").cloned().unwrap_or_default(),
        )
    };
    let images = json!(["sh", "-c", "exec sleep 86400"]);
    assert_eq!(
        both(json!(["/init"]), images.clone(), json!(["/init"])),
        (json!(null), json!(null))
    );
    assert_eq!(
        both(json!(["/init"]), json!(["serve"]), json!(["/init"])),
        (json!(null), json!(["serve"]))
    );
    assert_eq!(
        both(json!(["/mine"]), images.clone(), json!(["/init"])),
        (json!(["/mine"]), images.clone()),
        "the image's command would not be in force"
    );
    assert_eq!(
        both(json!(null), images.clone(), json!(["/init"])),
        (json!([""]), images),
        "taken away, and an empty list would mean the image's"
    );
}

#[test]
fn generated_names_and_addresses_are_left_out() {
    let given = given(|_| {});
    assert_eq!(given.endpoints["back"], *object(&json!({"Aliases": ["weba"]})));
    assert_eq!(
        given.endpoints["front"],
        *object(&json!({
            "Aliases": ["web"], "IPAMConfig": {"IPv4Address": "10.211.78.9"}, "MacAddress": "02:11:22:33:44:55",
        }))
    );
    assert_eq!(given.first_network.as_deref(), Some("front"));
    assert_eq!(given.config["Hostname"], "byhand");
}

#[test]
fn a_generated_hostname_is_not_given() {
    let given = given(|container| {
        let short = container["Id"].as_str().unwrap()[..12].to_owned();
        container["Config"]["Hostname"] = json!(short);
        container["Config"]["MacAddress"] = json!("");
    });
    assert_eq!(given.config.get("Hostname"), None);
    assert_eq!(given.config.get("MacAddress"), None);
    assert_eq!(given.endpoints["front"].get("MacAddress"), None);
}

#[test]
fn a_shared_network_gives_no_hostname_and_no_endpoints() {
    for mode in ["host", "none", "container:0123456789ab"] {
        let given = given(|container| container["HostConfig"]["NetworkMode"] = json!(mode));
        assert!(given.endpoints.is_empty(), "{mode}");
        assert_eq!(given.first_network, None, "{mode}");
        assert_eq!(given.config.contains_key("Hostname"), mode == "none", "{mode}");
    }
}

#[test]
fn the_first_network_may_be_named_by_its_id_and_may_be_gone() {
    let by_mode = |mode: &str| given(|container| container["HostConfig"]["NetworkMode"] = json!(mode));
    let id = container()["NetworkSettings"]["Networks"]["back"]["NetworkID"].clone();
    assert_eq!(
        by_mode(id.as_str().unwrap()).first_network.as_deref(),
        Some("back")
    );
    assert_eq!(by_mode("elsewhere").first_network, None);
    let bridge = given(|container| {
        container["HostConfig"]["NetworkMode"] = json!("default");
        container["NetworkSettings"]["Networks"] = json!({"bridge": {"Aliases": null}});
    });
    assert_eq!(bridge.first_network.as_deref(), Some("bridge"));
}

#[test]
fn each_mount_is_told_by_what_it_is_of() {
    let given = given(|_| {});
    let kinds: Vec<(&str, &str, bool)> = given
        .mounts
        .iter()
        .map(|mount| {
            let kind = match &mount.kind {
                MountKind::Named(name) => name.as_str(),
                MountKind::Anonymous(_) => "anonymous",
                MountKind::Bind(source) => source,
                MountKind::Tmpfs => "memory",
                MountKind::Other(..) => "other",
            };
            (mount.destination.as_str(), kind, mount.is_images)
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("/anon", "anonymous", false),
            ("/b", "/srv/bindsrc", false),
            ("/data", "anonymous", true),
            ("/manon", "anonymous", false),
            ("/named", "named", false),
            ("/t", "memory", false),
        ]
    );
}

#[test]
fn volumes_of_another_container_are_borrowed() {
    let given = given(|container| {
        container["HostConfig"]["VolumesFrom"] = json!(["db"]);
        container["Mounts"].as_array_mut().unwrap().push(json!({
            "Type": "volume", "Name": "db-data", "Destination": "/var/db", "RW": true,
        }));
    });
    let borrowed: Vec<&str> = given
        .mounts
        .iter()
        .filter(|mount| mount.is_borrowed)
        .map(|mount| mount.destination.as_str())
        .collect();
    assert_eq!(borrowed, ["/var/db"]);
}

#[test]
fn a_default_list_of_masked_paths_is_the_engines_and_an_empty_one_is_not() {
    assert!(!given(|_| {}).host_config.contains_key("MaskedPaths"));
    let given = given(|container| {
        container["HostConfig"]["MaskedPaths"] = json!([]);
        container["HostConfig"]["ReadonlyPaths"] = json!(["/proc/only"]);
    });
    assert_eq!(given.host_config["MaskedPaths"], json!([]));
    assert_eq!(given.host_config["ReadonlyPaths"], json!(["/proc/only"]));
}

#[test]
fn a_link_is_turned_into_what_was_asked_for() {
    let given = given(|container| container["HostConfig"]["Links"] = json!(["/shop_db_1:/shop_web_1/db"]));
    assert_eq!(given.host_config["Links"], json!(["shop_db_1:db"]));
}

#[test]
fn podmans_own_variables_are_not_given() {
    let given = given(|container| {
        container["Config"]["Env"] = json!([
            "A=1",
            "container=podman",
            "TERM=xterm",
            "HOSTNAME=x",
            "HOME=/",
            "PATH=/bin"
        ]);
    });
    assert_eq!(given.config["Env"], json!(["A=1"]));
}

#[test]
fn anything_at_all_can_be_read() {
    for odd in [
        json!(null),
        json!([]),
        json!({"Id": 5, "Mounts": {}, "Config": [], "HostConfig": {"Links": [1]}}),
    ] {
        let given = Given::of(&odd, &Map::new());
        assert!(given.mounts.is_empty());
    }
}

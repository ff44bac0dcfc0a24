//! Recorded inspections and lists, and what nobody should send.

use proptest::prelude::*;

use super::*;

const WEB: &str = include_str!("../../tests/fixtures/docker20-web-inspect.json");
const OOMED: &str = include_str!("../../tests/fixtures/docker20-oomed-inspect.json");
const HEALTHY: &str = include_str!("../../tests/fixtures/docker20-healthy-inspect.json");
const PODMAN: &str = include_str!("../../tests/fixtures/podman4-inspect.json");
const PODMAN_ENDED: &str = include_str!("../../tests/fixtures/podman4-ended-inspect.json");
const LIST: &str = include_str!("../../tests/fixtures/docker20-list.json");
const MIB: u64 = 1024 * 1024;

fn read(text: &str) -> Result<ContainerFacts, Fault> {
    read_inspected(text.as_bytes()).map(Inspection::without_image)
}

fn facts(text: &str) -> ContainerFacts {
    read(text).unwrap()
}

/// Facts, configuration and all.
fn read_whole(body: &[u8]) -> Result<ContainerFacts, Fault> {
    let image = ImageSeen {
        digest: None,
        created_ms: None,
        config: Arc::default(),
    };
    Ok(read_inspected(body)?.with_image(&image, ConfigKey([0; 16])))
}

#[test]
fn a_compose_container_has_its_app_limits_and_our_labels() {
    let web = facts(WEB);
    assert_eq!(web.name, "web-1");
    assert_eq!(web.app.0, "shop");
    assert_eq!(web.service.as_deref(), Some("web"));
    assert_eq!(web.display_name.as_deref(), Some("Shop"));
    assert_eq!(web.state, ContainerState::Running);
    assert_eq!(web.memory_limit_bytes, Some(80 * MIB));
    assert_eq!(web.memory_reservation_bytes, Some(32 * MIB));
    assert_eq!(web.cpu_limit_cores, Some(0.5));
    assert_eq!(web.label_estimate_bytes, Some(48 * MIB));
    assert_eq!(web.label_limit_bytes, None);
    assert_eq!(web.exit_code, None, "it runs, so its last exit is not ended");
    assert_eq!(web.health, None);
    assert_eq!(web.log_driver, "json-file");
    assert_eq!(web.created_at_ms, 1_795_229_762_627);
    assert_eq!(web.started_at_ms, Some(1_795_229_762_994));
}

#[test]
fn labels_that_are_not_ours_are_not_kept() {
    assert!(!format!("{:?}", facts(WEB)).contains("hunter2"));
}

#[test]
fn a_container_killed_for_memory_says_so() {
    let oomed = facts(OOMED);
    assert!(oomed.oom_killed);
    assert_eq!(oomed.exit_code, Some(137));
    assert_eq!(oomed.state, ContainerState::Exited);
    assert_eq!(oomed.app.0, "oomed", "alone, it is an app of its own");
}

#[test]
fn health_and_terminal_are_read() {
    let healthy = facts(HEALTHY);
    assert_eq!(healthy.health, Some(Health::Healthy));
    assert!(healthy.tty);
    assert_eq!(healthy.memory_limit_bytes, None, "0 is no limit");
}

#[test]
fn podman_inspections_read_alike() {
    let web = facts(PODMAN);
    assert_eq!((web.name.as_str(), web.app.0.as_str()), ("pweb", "shop"));
    assert_eq!(web.memory_limit_bytes, Some(64 * MIB));
    assert_eq!(web.cpu_limit_cores, Some(0.5));
    assert_eq!(web.health, None, "an empty health word is no check");
    assert_eq!(facts(PODMAN_ENDED).exit_code, Some(3));
}

#[test]
fn a_container_never_started_has_no_start() {
    let text = WEB.replace("2026-11-21T02:56:02.99479236Z", "0001-01-01T00:00:00Z");
    assert_ne!(text, WEB);
    assert_eq!(facts(&text).started_at_ms, None);
}

#[test]
fn cpu_quota_over_period_is_a_limit_in_cores() {
    let limits = |quota, period| HostConfig {
        cpu_quota: Some(quota),
        cpu_period: Some(period),
        ..HostConfig::default()
    };
    assert_eq!(cpu_limit_cores(&limits(150_000, 0)), Some(1.5));
    assert_eq!(cpu_limit_cores(&limits(50_000, 200_000)), Some(0.25));
    assert_eq!(cpu_limit_cores(&limits(-1, 100_000)), None);
}

#[test]
fn names_from_an_engine_are_cleaned() {
    let text = WEB
        .replace("/web-1", "/w\\u001b[2Jeb\\u202e")
        .replace("\"Shop\"", "\"Sh\\u0000op\\n\"");
    let web = facts(&text);
    assert_eq!(web.name, "w[2Jeb");
    assert_eq!(web.display_name.as_deref(), Some("Shop"));
}

#[test]
fn a_label_that_is_no_size_is_no_reason_to_lose_the_container() {
    let web = facts(&WEB.replace("\"48M\"", "\"plenty\""));
    assert_eq!(web.label_estimate_bytes, None);
    assert_eq!(web.name, "web-1");
}

#[test]
fn an_id_that_is_no_id_is_refused() {
    let id = "f834c263931406a3cf185912cad0a5ede30d99496cb5817f7f0709e4ef00ee21";
    let inspected = WEB.replace(id, "../../info?x=");
    assert_eq!(read(&inspected).unwrap_err().cause, FaultCause::BadAnswer);
    let list = LIST.replace(id, "../../info?x=");
    assert_ne!(list, LIST);
    assert_eq!(
        read_list(list.as_bytes()).unwrap_err().cause,
        FaultCause::BadAnswer
    );
}

#[test]
fn a_state_we_do_not_know_is_told_and_not_guessed() {
    let text = WEB.replace("\"running\"", "\"hovering\"");
    let fault = read(&text).unwrap_err();
    assert!(fault.detail.contains("hovering"), "{fault}");
}

#[test]
fn the_list_has_a_line_for_each_container_in_any_state() {
    let lines = read_list(LIST.as_bytes()).unwrap();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().any(|line| line.status.starts_with("Exited (137)")));
}

#[test]
fn containers_that_are_not_ours_to_recreate_say_why() {
    let with = |label: &str, value: &str| {
        let text = WEB.replace(
            "\"secret.token\": \"hunter2\"",
            &format!("\"{label}\": \"{value}\""),
        );
        assert_ne!(text, WEB);
        facts(&text).fleeting
    };
    assert_eq!(facts(WEB).fleeting, None);
    assert_eq!(with("com.docker.compose.oneoff", "False"), None);
    assert_eq!(with("com.docker.compose.oneoff", "True"), Some(Fleeting::OneOff));
    assert_eq!(with("com.docker.swarm.task.id", "x"), Some(Fleeting::SwarmTask));
    let removes_itself = WEB.replace("\"HostConfig\": {", "\"HostConfig\": {\"AutoRemove\": true,");
    assert_ne!(removes_itself, WEB);
    assert_eq!(facts(&removes_itself).fleeting, Some(Fleeting::AutoRemove));
}

#[test]
fn what_its_image_tells_is_added_to_the_facts() {
    let image = ImageSeen {
        digest: Some("shop@sha256:1".into()),
        created_ms: Some(5),
        config: Arc::default(),
    };
    let inspection = read_inspected(WEB.as_bytes()).unwrap();
    assert_eq!(inspection.image().1, "local/busybox");
    let web = inspection.with_image(&image, ConfigKey([1; 16]));
    assert_eq!(web.image_digest.as_deref(), Some("shop@sha256:1"));
    assert_eq!(web.image_created_ms, Some(5));
    let config = web.config.as_deref().unwrap();
    assert!(config.labels.contains_key("secret.token"));
    assert!(!format!("{web:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_whole(&body);
        let _ = read_list(&body);
    }

    #[test]
    fn no_damage_makes_the_readers_panic(at in 0..WEB.len(), byte in any::<u8>()) {
        let mut body = WEB.as_bytes().to_vec();
        body[at] = byte;
        let _ = read_whole(&body);
    }
}

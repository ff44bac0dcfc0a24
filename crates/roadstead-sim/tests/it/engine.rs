use std::collections::HashMap;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::query_parameters::{
    EventsOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder, ListImagesOptions,
    LogsOptionsBuilder, StatsOptionsBuilder,
};
use futures_util::StreamExt;
use hyper::StatusCode;
use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{ContainerState, MemoryReading};
use roadstead_sim::{EngineFlavour, FleetPlan, MemoryShape, SimClock};

use crate::support::{NOON_MS, fleet, full_fleet, serve};

#[tokio::test]
async fn a_client_library_reads_version_info_and_ping() {
    let served = serve(&full_fleet(), 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker();
    assert_eq!(docker.ping().await.unwrap(), "OK");
    let version = docker.version().await.unwrap();
    assert_eq!(version.version.as_deref(), Some("27.3.1"));
    assert_eq!(version.api_version.as_deref(), Some("1.47"));
    assert_eq!(version.platform.unwrap().name, "Roadstead simulated fleet");
    let info = docker.info().await.unwrap();
    assert_eq!(info.name.as_deref(), Some("sim-harbor-01"));
    assert_eq!(info.operating_system.as_deref(), Some("Simulated"));
    assert_eq!(info.containers, Some(60));
    assert_eq!(
        info.ncpu.map(|n| n as u32),
        Some(served.host.sim().host().cpu_cores())
    );
    assert_eq!(
        info.mem_total.map(|n| n as u64),
        Some(served.host.sim().host().memory_bytes())
    );
}

#[tokio::test]
async fn version_negotiation_finds_the_newest_both_speak() {
    let old = fleet(FleetPlan {
        flavour: EngineFlavour::Docker20CgroupV1,
        ..FleetPlan::default()
    });
    let served = serve(&old, 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker().negotiate_version().await.unwrap();
    assert_eq!(docker.client_version().to_string(), "1.41");
    assert_eq!(docker.ping().await.unwrap(), "OK");
}

#[tokio::test]
async fn listed_and_inspected_containers_agree_with_the_script() {
    let fleet = full_fleet();
    for flavour in [EngineFlavour::Docker27CgroupV2, EngineFlavour::Docker20CgroupV1] {
        let fleet = crate::support::fleet(FleetPlan {
            flavour,
            ..fleet.plan().clone()
        });
        let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
        let docker = served.docker().negotiate_version().await.unwrap();
        let all = ListContainersOptionsBuilder::new().all(true).build();
        let listed = docker.list_containers(Some(all)).await.unwrap();
        assert_eq!(listed.len(), 60);
        let running = docker.list_containers(None).await.unwrap();
        assert!(
            running.len() < 60,
            "jobs that are over are listed only when asked for"
        );
        for berth in fleet.hosts()[0].berths() {
            let facts = berth.facts_at(&berth.moment_at(NOON_MS).unwrap());
            let summary = listed
                .iter()
                .find(|summary| summary.id.as_deref() == Some(&facts.engine_id.0))
                .unwrap();
            assert_eq!(summary.names, Some(vec![format!("/{}", facts.name)]));
            assert_eq!(summary.image.as_ref(), Some(&facts.image));
            assert_eq!(summary.image_id.as_ref(), Some(&facts.image_id));
            assert_eq!(summary.state.unwrap().to_string(), facts.state.as_str());
            assert!(summary.status.is_some());
            let labels = summary.labels.as_ref().unwrap();
            assert_eq!(labels["roadstead.simulated"], "true");
            assert_eq!(labels.get("com.docker.compose.service"), facts.service.as_ref());

            let details = docker
                .inspect_container(&facts.engine_id.0, None::<InspectContainerOptions>)
                .await
                .unwrap();
            let state = details.state.unwrap();
            assert_eq!(state.oom_killed, Some(facts.oom_killed));
            assert_eq!(details.restart_count, Some(i64::from(facts.restart_count)));
            let host_config = details.host_config.unwrap();
            assert_eq!(
                host_config.memory,
                Some(facts.memory_limit_bytes.unwrap_or(0) as i64)
            );
            assert_eq!(
                host_config.memory_reservation,
                Some(facts.memory_reservation_bytes.unwrap_or(0) as i64)
            );
            assert_eq!(
                host_config.nano_cpus,
                Some(facts.cpu_limit_cores.map_or(0, |cores| (cores * 1e9) as i64))
            );
            assert_eq!(host_config.log_config.unwrap().typ.as_deref(), Some("json-file"));
            assert_eq!(details.config.unwrap().tty, Some(facts.tty));
            assert_eq!(
                state
                    .health
                    .and_then(|health| health.status)
                    .map(|status| status.to_string()),
                facts.health.map(|health| format!("{health:?}").to_lowercase())
            );
        }
    }
}

#[tokio::test]
async fn containers_are_found_by_name_and_short_id_and_filtered() {
    let fleet = full_fleet();
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker();
    let whole = docker.inspect_container("immich-server-1", None).await.unwrap();
    let id = whole.id.clone().unwrap();
    let short = docker.inspect_container(&id[..12], None).await.unwrap();
    assert_eq!(whole, short);
    let filters = HashMap::from([("label", vec!["com.docker.compose.project=immich"])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    assert_eq!(docker.list_containers(Some(options)).await.unwrap().len(), 4);
    let filters = HashMap::from([("volume", vec!["x"])]);
    let options = ListContainersOptionsBuilder::new().filters(&filters).build();
    let error = docker.list_containers(Some(options)).await.unwrap_err();
    assert!(error.to_string().contains("invalid filter 'volume'"), "{error}");
}

#[tokio::test]
async fn stats_served_are_the_readings_of_the_script() {
    for flavour in [EngineFlavour::Docker27CgroupV2, EngineFlavour::Docker20CgroupV1] {
        let fleet = fleet(FleetPlan {
            hosts: 1,
            containers_per_host: 60,
            flavour,
            ..FleetPlan::default()
        });
        let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
        let docker = served.docker().negotiate_version().await.unwrap();
        let mut compared = 0;
        for berth in fleet.hosts()[0].berths() {
            let moment = berth.moment_at(NOON_MS).unwrap();
            let id = berth.container_id(moment.generation).0;
            let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
            let stats = docker.stats(&id, Some(options)).next().await.unwrap().unwrap();
            let Some(reading) = berth.reading_at(&moment, NOON_MS) else {
                let usage = stats.memory_stats.and_then(|memory| memory.usage);
                assert_eq!(usage, None, "a container that does not run has no numbers");
                continue;
            };
            compared += 1;
            let (memory, wanted) = (stats.memory_stats.unwrap(), reading.memory.unwrap());
            let parts = memory.stats.unwrap();
            let v1 = flavour == EngineFlavour::Docker20CgroupV1;
            let inactive = parts
                .get(if v1 {
                    "total_inactive_file"
                } else {
                    "inactive_file"
                })
                .copied();
            assert_eq!(memory.usage, Some(wanted.usage_bytes));
            assert_eq!(memory.limit, wanted.limit_bytes);
            assert_eq!(memory.failcnt, wanted.failcnt);
            assert_eq!(inactive, wanted.inactive_file_bytes);
            assert_eq!(
                parts.get(if v1 { "total_rss" } else { "anon" }).copied(),
                wanted.anon_bytes
            );
            assert_eq!(
                MemoryReading::used_bytes(memory.usage.unwrap(), inactive),
                wanted.used_bytes
            );
            let (cpu, wanted) = (stats.cpu_stats.unwrap(), reading.cpu.unwrap());
            assert_eq!(cpu.cpu_usage.as_ref().unwrap().total_usage, Some(wanted.total_ns));
            assert_eq!(cpu.system_cpu_usage, wanted.system_ns);
            assert_eq!(cpu.online_cpus, Some(wanted.online_cpus));
            if v1 {
                let per_core = cpu.cpu_usage.unwrap().percpu_usage.unwrap();
                assert_eq!(per_core.iter().sum::<u64>(), wanted.total_ns);
            }
            let received = stats.networks.as_ref().map(|n| n["eth0"].rx_bytes.unwrap());
            assert_eq!(received, reading.network.map(|n| n.rx_bytes));
            let blocks = stats.blkio_stats.unwrap().io_service_bytes_recursive.unwrap();
            let written: u64 = blocks
                .iter()
                .filter(|entry| {
                    entry
                        .op
                        .as_deref()
                        .is_some_and(|op| op.eq_ignore_ascii_case("write"))
                })
                .map(|entry| entry.value.unwrap())
                .sum();
            assert_eq!(Some(written), reading.block.map(|block| block.write_bytes));
            assert_eq!(stats.pids_stats.unwrap().current, reading.pids.map(u64::from));
        }
        assert!(compared > 50, "{compared} containers ran");
    }
}

#[tokio::test]
async fn stats_without_one_shot_hold_the_second_before() {
    let fleet = full_fleet();
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker();
    let options = StatsOptionsBuilder::new().stream(false).build();
    let stats = docker
        .stats("immich-server-1", Some(options))
        .next()
        .await
        .unwrap()
        .unwrap();
    let total = |cpu: Option<bollard::models::ContainerCpuStats>| {
        cpu.unwrap().cpu_usage.unwrap().total_usage.unwrap()
    };
    let (before, now) = (total(stats.precpu_stats), total(stats.cpu_stats));
    assert!(0 < before && before < now, "{before} then {now}");
    let streamed: Vec<_> = docker
        .stats("immich-server-1", None)
        .take(2)
        .collect::<Vec<_>>()
        .await;
    assert!(streamed.len() == 2 && streamed.iter().all(Result::is_ok));
    let (status, body) = served
        .get("/containers/immich-server-1/stats?stream=true&one-shot=true")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body:?}");
}

#[tokio::test]
async fn events_are_replayed_since_a_moment_and_go_on_live() {
    let fleet = full_fleet();
    let clock = SimClock::stepped(NOON_MS);
    let served = serve(&fleet, 0, &clock);
    let docker = served.docker();
    let replay = EventsOptionsBuilder::new()
        .since(&((NOON_MS - DAY_MS) / 1_000).to_string())
        .until(&(NOON_MS / 1_000).to_string())
        .build();
    let told: Vec<_> = docker.events(Some(replay)).collect::<Vec<_>>().await;
    let script = fleet.hosts()[0].events(NOON_MS - DAY_MS - 1, NOON_MS);
    assert!(!script.is_empty());
    assert_eq!(told.len(), script.len());
    for (told, script) in told.into_iter().zip(&script) {
        let told = told.unwrap();
        assert_eq!(told.time_nano, Some(script.time_ns));
        let actor = told.actor.unwrap();
        assert_eq!(actor.attributes.unwrap()["roadstead.simulated"], "true");
        if told.typ == Some(bollard::models::EventMessageTypeEnum::CONTAINER) {
            assert_eq!(actor.id.as_deref(), Some(script.engine_id.0.as_str()));
        }
    }

    let mut live = docker.events(None);
    let quiet = tokio::time::timeout(Duration::from_millis(100), live.next()).await;
    assert!(quiet.is_err(), "nothing happens while the clock stands");
    clock.step_to(NOON_MS + DAY_MS);
    let first = tokio::time::timeout(Duration::from_secs(5), live.next())
        .await
        .expect("a day holds events")
        .unwrap()
        .unwrap();
    let next = fleet.hosts()[0].events(NOON_MS, NOON_MS + DAY_MS);
    assert_eq!(first.time_nano, Some(next[0].time_ns));
}

#[tokio::test]
async fn events_can_be_filtered() {
    let fleet = full_fleet();
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let filters = HashMap::from([("type", vec!["container"]), ("event", vec!["health_status"])]);
    let options = EventsOptionsBuilder::new()
        .since(&((NOON_MS - 5 * DAY_MS) / 1_000).to_string())
        .until(&(NOON_MS / 1_000).to_string())
        .filters(&filters)
        .build();
    let told: Vec<_> = served.docker().events(Some(options)).collect::<Vec<_>>().await;
    assert!(!told.is_empty());
    assert!(told.iter().all(|event| {
        event
            .as_ref()
            .unwrap()
            .action
            .as_ref()
            .unwrap()
            .starts_with("health_status: ")
    }));
}

#[tokio::test]
async fn logs_are_framed_timestamped_and_cut_to_since_until_and_tail() {
    let fleet = full_fleet();
    let clock = SimClock::stepped(NOON_MS);
    let served = serve(&fleet, 0, &clock);
    let docker = served.docker();
    let berth = fleet.hosts()[0]
        .berths()
        .iter()
        .find(|b| b.name() == "paperless-webserver-1")
        .unwrap();
    let moment = berth.moment_at(NOON_MS).unwrap();
    let since_s = (NOON_MS - HOUR_MS) / 1_000;
    let options = || {
        LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(since_s as i32)
    };
    let read = |options| {
        let docker = docker.clone();
        async move {
            docker
                .logs("paperless-webserver-1", Some(options))
                .map(|line| line.unwrap())
                .collect::<Vec<LogOutput>>()
                .await
        }
    };
    let told = read(options().build()).await;
    let script = berth.log_lines(
        &moment,
        since_s * 1_000_000_000 - 1,
        NOON_MS * 1_000_000,
        usize::MAX,
    );
    assert!(script.len() > 100, "{} lines in an hour", script.len());
    let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), script.len());
    for (text, line) in texts.iter().zip(&script) {
        let (stamp, rest) = text.split_once(' ').unwrap();
        let at = chrono::DateTime::parse_from_rfc3339(stamp).unwrap();
        assert_eq!(at.timestamp_nanos_opt(), Some(line.time_ns));
        assert_eq!(rest.trim_end_matches('\n'), line.text);
    }
    assert!(told.iter().any(|line| matches!(line, LogOutput::StdOut { .. })));

    let tail: Vec<String> = read(options().tail("3").build())
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(tail, texts[texts.len() - 3..]);
    let until = read(options().until(since_s as i32 + 600).build()).await;
    assert!(!until.is_empty() && until.len() < texts.len());
    let none = served
        .get("/containers/paperless-webserver-1/logs")
        .await
        .unwrap();
    assert_eq!(
        none.0,
        StatusCode::BAD_REQUEST,
        "at least one stream must be chosen"
    );

    let mut following = docker.logs(
        "paperless-webserver-1",
        Some(options().tail("0").follow(true).build()),
    );
    let quiet = tokio::time::timeout(Duration::from_millis(200), following.next()).await;
    assert!(quiet.is_err(), "no line is written while the clock stands");
    clock.step_to(NOON_MS + HOUR_MS / 6);
    let line = tokio::time::timeout(Duration::from_secs(5), following.next())
        .await
        .expect("ten minutes hold a line")
        .unwrap()
        .unwrap();
    let next = berth.log_lines(&moment, NOON_MS * 1_000_000, (NOON_MS + HOUR_MS) * 1_000_000, 1);
    assert!(line.to_string().contains(&next[0].text), "{line}");
}

#[tokio::test]
async fn a_terminals_log_has_no_frames() {
    let fleet = full_fleet();
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let (status, body) = served
        .get("/containers/minecraft-server-1/logs?stdout=1&tail=2")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK);
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.starts_with("2025-06-01 "), "{text}");
    assert_eq!(text.matches("\r\n").count(), 2);
}

#[tokio::test]
async fn images_and_disk_usage_are_those_of_the_containers() {
    let fleet = full_fleet();
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker();
    let images = docker.list_images(None::<ListImagesOptions>).await.unwrap();
    let berth = &fleet.hosts()[0].berths()[0];
    let facts = berth.facts_at(&berth.moment_at(NOON_MS).unwrap());
    let image = images
        .iter()
        .find(|image| image.repo_tags == [facts.image.clone()])
        .unwrap();
    assert_eq!(image.id, facts.image_id);
    for asked in [&facts.image, &facts.image_id] {
        let details = docker.inspect_image(asked).await.unwrap();
        assert_eq!(details.id.as_ref(), Some(&facts.image_id));
        assert_eq!(details.size, Some(image.size));
    }
    let usage = served.json("/v1.47/system/df").await;
    assert_eq!(usage["Containers"].as_array().unwrap().len(), 60);
    let error = docker.inspect_image("nothing:here").await.unwrap_err();
    assert!(error.to_string().contains("No such image"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_are_said_in_the_engines_words() {
    let served = serve(&full_fleet(), 0, &SimClock::stepped(NOON_MS));
    for (method, path, status, said) in [
        ("GET", "/containers/nobody/json", 404, "No such container: nobody"),
        ("GET", "/v1.41/nowhere", 404, "page not found"),
        ("POST", "/containers/immich-server-1/exec", 404, "page not found"),
        ("POST", "/containers/json", 405, "can only be read"),
        (
            "DELETE",
            "/v1.41/containers/immich-server-1/json",
            405,
            "can only be read",
        ),
        (
            "GET",
            "/v1.99/info",
            400,
            "is too new. Maximum supported API version is 1.47",
        ),
        (
            "GET",
            "/v1.20/info",
            400,
            "is too old. Minimum supported API version is 1.24",
        ),
        ("GET", "/events?since=yesterday", 400, "failed to parse"),
        ("GET", "/containers/json?limit=x", 400, "a whole number"),
    ] {
        let (found, body) = served.send(method, path).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = body["message"].as_str().unwrap();
        assert_eq!(found.as_u16(), status, "{method} {path}: {message}");
        assert!(message.contains(said), "{method} {path}: {message}");
    }
}

#[tokio::test]
async fn a_deploy_is_seen_through_the_api() {
    let fleet = full_fleet();
    let clock = SimClock::stepped(NOON_MS);
    let served = serve(&fleet, 0, &clock);
    let docker = served.docker();
    let before = docker.inspect_container("immich-server-1", None).await.unwrap();
    clock.step_to(NOON_MS + 15 * DAY_MS);
    let after = docker.inspect_container("immich-server-1", None).await.unwrap();
    assert_ne!(before.id, after.id);
    assert_ne!(before.config.unwrap().image, after.config.unwrap().image);
    let gone = docker
        .inspect_container(&before.id.unwrap(), None)
        .await
        .unwrap_err();
    assert!(gone.to_string().contains("No such container"), "{gone}");
}

#[tokio::test]
async fn an_oom_kill_is_seen_through_the_api() {
    let fleet = full_fleet();
    let host = &fleet.hosts()[0];
    let berth = host
        .berths()
        .iter()
        .find(|b| b.shape() == MemoryShape::Climbing)
        .unwrap();
    let mut moment = berth.moment_at(NOON_MS).unwrap();
    while moment.state != ContainerState::Restarting {
        moment = berth.moment_at(moment.until_ms).unwrap();
    }
    let clock = SimClock::stepped(moment.until_ms - 1);
    let served = serve(&fleet, 0, &clock);
    let details = served
        .docker()
        .inspect_container(berth.name(), None)
        .await
        .unwrap();
    let state = details.state.unwrap();
    assert_eq!(
        (state.oom_killed, state.exit_code, state.restarting),
        (Some(true), Some(137), Some(true))
    );
    clock.step_to(moment.until_ms);
    let details = served
        .docker()
        .inspect_container(berth.name(), None)
        .await
        .unwrap();
    assert_eq!(details.restart_count, Some(i64::from(moment.restart_count)));
    assert_eq!(details.state.unwrap().running, Some(true));
}

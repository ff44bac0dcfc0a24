use std::time::Duration;

use bollard::models::HealthStatusEnum;
use bollard::query_parameters::{EventsOptionsBuilder, RenameContainerOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt};
use roadstead_model::TimeRange;
use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use roadstead_sim::SimClock;

use crate::support::{NOON_MS, fleet, health, plan, replace, serve, served, used_bytes};

#[tokio::test]
async fn a_worse_version_shows_in_the_numbers_and_the_way_back_takes_it_away() {
    let (served, clock) = served();
    let docker = served.docker();
    let before = used_bytes(&served, "vaultwarden").await;
    let old = docker.inspect_container("vaultwarden", None).await.unwrap();
    let new = replace(&docker, "vaultwarden", "vaultwarden/server:latest").await;
    clock.step_to(NOON_MS + 10 * MINUTE_MS);
    let worse = used_bytes(&served, "vaultwarden").await / before;
    assert!((1.4..1.8).contains(&worse), "{worse}");
    assert_eq!(
        health(&docker, "vaultwarden").await,
        Some(HealthStatusEnum::HEALTHY)
    );
    clock.step_to(NOON_MS + 6 * HOUR_MS);
    let (_, log) = served
        .get("/containers/vaultwarden/logs?stdout=1&stderr=1")
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&log).matches("[ERROR]").count();
    assert!(errors > 15, "{errors} errors in six hours of one line every 30 s");

    let details = docker.inspect_container(&new, None).await.unwrap();
    let (was, is) = (old.host_config.unwrap(), details.host_config.unwrap());
    assert_eq!(
        (was.memory, was.binds, was.port_bindings),
        (is.memory, is.binds, is.port_bindings)
    );
    assert_eq!(old.mounts, details.mounts, "its data went on to the new one");

    docker.stop_container(&new, None).await.unwrap();
    docker.remove_container(&new, None).await.unwrap();
    let rename = RenameContainerOptionsBuilder::new().name("vaultwarden").build();
    docker.rename_container("vaultwarden-old", rename).await.unwrap();
    docker.start_container("vaultwarden", None).await.unwrap();
    clock.step_to(NOON_MS + 7 * HOUR_MS);
    let back = used_bytes(&served, "vaultwarden").await / before;
    assert!((0.9..1.1).contains(&back), "{back}");
    assert_eq!(
        docker.inspect_container("vaultwarden", None).await.unwrap().id,
        old.id
    );
}

#[tokio::test]
async fn a_version_that_cannot_run_ends_at_once_and_is_started_again_and_again() {
    let (served, clock) = served();
    let docker = served.docker();
    replace(&docker, "gitea-server-1", "gitea/gitea:1.22.6").await;
    clock.step_to(NOON_MS + 850);
    let state = |details: bollard::models::ContainerInspectResponse| {
        let state = details.state.unwrap();
        (
            state.status.unwrap().to_string(),
            state.exit_code.unwrap(),
            details.restart_count.unwrap(),
        )
    };
    let details = docker.inspect_container("gitea-server-1", None).await.unwrap();
    assert_eq!(state(details), ("restarting".to_owned(), 1, 1));
    clock.step_to(NOON_MS + 20 * SECOND_MS);
    let details = docker.inspect_container("gitea-server-1", None).await.unwrap();
    assert!(state(details).2 >= 5, "with pauses that grow");
    docker.stop_container("gitea-server-1", None).await.unwrap();
    let details = docker.inspect_container("gitea-server-1", None).await.unwrap();
    assert_eq!(state(details).0, "exited");
}

#[tokio::test]
async fn a_version_whose_check_fails_is_unhealthy_after_three_tries() {
    let (served, clock) = served();
    let docker = served.docker();
    replace(&docker, "jellyfin-jellyfin-1", "jellyfin/jellyfin:10.9.9").await;
    let name = "jellyfin-jellyfin-1";
    assert_eq!(health(&docker, name).await, Some(HealthStatusEnum::STARTING));
    clock.step_to(NOON_MS + 29 * SECOND_MS);
    assert_eq!(health(&docker, name).await, Some(HealthStatusEnum::STARTING));
    clock.step_to(NOON_MS + 31 * SECOND_MS);
    assert_eq!(health(&docker, name).await, Some(HealthStatusEnum::UNHEALTHY));
}

#[tokio::test]
async fn what_clients_do_is_told_in_the_order_it_was_done() {
    let (served, clock) = served();
    let docker = served.docker();
    let mut live = docker.events(None);
    // The subscription is there once the engine has been asked: a quiet moment of it.
    assert!(
        tokio::time::timeout(Duration::from_millis(150), live.next())
            .await
            .is_err()
    );
    replace(&docker, "gitea-server-1", "gitea/gitea:1.22.5").await;
    docker.remove_container("gitea-server-1-old", None).await.unwrap();
    clock.step_to(NOON_MS + 15 * SECOND_MS);
    let wanted = [
        "pull gitea/gitea",
        "create gitea-server-1-next",
        "kill gitea-server-1",
        "die gitea-server-1",
        "stop gitea-server-1",
        "rename gitea-server-1-old",
        "rename gitea-server-1",
        "start gitea-server-1",
        "destroy gitea-server-1-old",
        "health_status: healthy gitea-server-1",
    ];
    let words = |event: &bollard::models::EventMessage| {
        let attributes = event.actor.as_ref().unwrap().attributes.as_ref().unwrap();
        format!("{} {}", event.action.as_deref().unwrap(), attributes["name"])
    };
    let mut told = Vec::new();
    while told.len() < wanted.len() {
        let event = tokio::time::timeout(Duration::from_secs(5), live.next())
            .await
            .unwrap_or_else(|_| panic!("only {told:?}"));
        let event = words(&event.unwrap().unwrap());
        if event.contains("gitea") {
            told.push(event);
        }
    }
    assert_eq!(told, wanted);

    let replay = EventsOptionsBuilder::new()
        .since(&(NOON_MS / 1_000).to_string())
        .until(&(NOON_MS / 1_000 + 15).to_string())
        .build();
    let replayed: Vec<_> = docker.events(Some(replay)).try_collect().await.unwrap();
    let replayed: Vec<String> = replayed
        .iter()
        .map(words)
        .filter(|event| event.contains("gitea"))
        .collect();
    assert_eq!(replayed, wanted, "who asks later is told the same");
}

#[tokio::test]
async fn the_newest_good_deploy_of_a_history_is_what_the_engine_says() {
    let fleet = fleet(plan());
    let served = serve(&fleet, 0, &SimClock::stepped(NOON_MS));
    let docker = served.docker();
    let range = TimeRange::new(NOON_MS - 30 * DAY_MS, NOON_MS).unwrap();
    let history = fleet.deploy_history(0, range).unwrap();
    let mut compared = 0;
    for app in [
        "gitea",
        "vaultwarden",
        "immich",
        "nextcloud",
        "jellyfin",
        "bookstack",
    ] {
        let newest = history
            .iter()
            .rfind(|deploy| deploy.app == app && deploy.fault.is_none())
            .unwrap();
        for service in &newest.services {
            let details = docker
                .inspect_container(&service.container_name, None)
                .await
                .unwrap();
            assert_eq!(details.id.as_ref(), Some(&service.engine_id.0));
            assert_eq!(details.image.as_ref(), Some(&service.image_id));
            assert_eq!(details.config.unwrap().image.as_ref(), Some(&service.image));
            let memory = details.host_config.unwrap().memory.unwrap();
            assert_eq!(memory, service.memory_limit_bytes.unwrap_or(0) as i64);
            let image = docker.inspect_image(&service.image_id).await.unwrap();
            assert_eq!(image.repo_digests.unwrap()[0], *service.digest.as_ref().unwrap());
            let built = chrono::DateTime::parse_from_rfc3339(&image.created.unwrap().to_string()).unwrap();
            assert_eq!(Some(built.timestamp_millis()), service.image_created_ms);
            let running = bollard::models::ContainerStateStatusEnum::RUNNING;
            assert_eq!(details.state.unwrap().status, Some(running));
            compared += 1;
        }
    }
    assert!(compared > 10);
}

#[tokio::test]
async fn a_client_changes_one_engine_and_never_the_script() {
    let fleet = fleet(plan());
    let clock = SimClock::stepped(NOON_MS);
    let (one, other) = (serve(&fleet, 0, &clock), serve(&fleet, 0, &clock));
    let before = other.json("/containers/json?all=1").await;
    replace(&one.docker(), "gitea-server-1", "gitea/gitea:1.22.5").await;
    assert_eq!(other.json("/containers/json?all=1").await, before);
    clock.step_to(NOON_MS + 60 * DAY_MS);
    let kept = one.json("/containers/gitea-server-1/json").await;
    assert_eq!(
        kept["Config"]["Image"], "gitea/gitea:1.22.5",
        "no scripted deploy takes it away"
    );
    let scripted = other.json("/containers/gitea-server-1/json").await;
    assert_ne!(scripted["Config"]["Image"], "gitea/gitea:1.22.5");
}

use std::collections::{HashMap, HashSet};

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use roadstead_model::{ContainerState, DeployCause, DeployChange, DeployKind, DeployState, TimeRange};
use roadstead_sim::{Berth, Fleet, FleetPlan, PastDeploy, PlanError};

use crate::support::{NOON_MS, fleet};

/// The fleet as an operator finds it who looks at noon.
fn story() -> Fleet {
    fleet(FleetPlan {
        hosts: 6,
        containers_per_host: 60,
        epoch_ms: NOON_MS - 40 * DAY_MS,
        story_ms: Some(NOON_MS),
        ..FleetPlan::default()
    })
}

fn month(fleet: &Fleet, host: usize) -> Vec<PastDeploy> {
    let range = TimeRange::new(NOON_MS - 30 * DAY_MS, NOON_MS).unwrap();
    fleet.deploy_history(host, range).unwrap()
}

fn berth<'a>(fleet: &'a Fleet, name: &str) -> &'a Berth {
    let mut berths = fleet.hosts()[0].berths().iter();
    berths.find(|berth| berth.name() == name).unwrap()
}

fn of<'a>(history: &'a [PastDeploy], app: &str) -> Vec<&'a PastDeploy> {
    history.iter().filter(|deploy| deploy.app == app).collect()
}

/// Mean memory over a span, in bytes.
fn mean(berth: &Berth, from_ms: i64, to_ms: i64) -> f64 {
    let values: Vec<f64> = (0..200)
        .filter_map(|step| berth.memory_bytes_at(from_ms + (to_ms - from_ms) * step / 200))
        .map(|bytes| bytes as f64)
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn changes(deploy: &PastDeploy) -> String {
    let words = deploy.changes.iter().map(|change| match change {
        DeployChange::Image { from, to, .. } => format!("{from} -> {to}"),
        DeployChange::ImageContent { image, .. } => format!("{image} anew"),
        DeployChange::MemoryLimit {
            from_bytes, to_bytes, ..
        } => {
            let mib = |bytes: &Option<u64>| bytes.unwrap() >> 20;
            format!("{} -> {} MiB", mib(from_bytes), mib(to_bytes))
        }
        DeployChange::Env { added, changed, .. } => format!("+{} ~{}", added.join(","), changed.join(",")),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_history_begins_with_what_was_found_and_ends_with_what_runs() {
    let fleet = story();
    let mut kinds = HashSet::new();
    for (index, host) in fleet.hosts().iter().enumerate() {
        let history = month(&fleet, index);
        assert!(
            history
                .windows(2)
                .all(|pair| pair[0].started_ms <= pair[1].started_ms)
        );
        let mut newest: HashMap<&str, &PastDeploy> = HashMap::new();
        for deploy in &history {
            kinds.insert((deploy.kind, deploy.state));
            assert!(deploy.started_ms <= deploy.ended_ms && deploy.ended_ms < NOON_MS);
            assert_eq!(deploy.fault.is_some(), deploy.state == DeployState::Failed);
            assert_eq!(
                deploy.kind == DeployKind::Found,
                deploy.changes.is_empty(),
                "{deploy:?}"
            );
            assert_eq!(
                deploy.kind == DeployKind::Rollback,
                deploy.rollback_of_ms.is_some()
            );
            if !newest.contains_key(deploy.app.as_str()) {
                assert_eq!(deploy.kind, DeployKind::Found, "{}", deploy.app);
            }
            if deploy.state == DeployState::Success {
                newest.insert(&deploy.app, deploy);
            }
        }
        for berth in host.berths() {
            let facts = berth.facts_at(&berth.moment_at(NOON_MS).unwrap());
            if facts.protected {
                assert!(!newest.contains_key(berth.app()), "no app of its own");
                continue;
            }
            let services = &newest[berth.app()].services;
            let service = services
                .iter()
                .find(|of| of.container_name == facts.name)
                .unwrap();
            assert_eq!(service.engine_id, facts.engine_id);
            assert_eq!(
                (&service.image, &service.image_id),
                (&facts.image, &facts.image_id)
            );
            assert_eq!(service.digest, facts.image_digest);
            assert_eq!(service.image_created_ms, facts.image_created_ms);
            assert!(
                facts.image_created_ms.unwrap() < facts.created_at_ms,
                "{}",
                facts.name
            );
            assert_eq!(service.memory_limit_bytes, facts.memory_limit_bytes);
            assert_eq!(service.cpu_limit_cores, facts.cpu_limit_cores);
            assert_eq!(
                Some(&service.service),
                facts.service.as_ref().or(Some(&facts.name))
            );
        }
    }
    use DeployKind as K;
    use DeployState::{Failed, Success};
    let wanted = [
        (K::Found, Success),
        (K::Observed, Success),
        (K::Update, Success),
        (K::Update, Failed),
        (K::Rollback, Success),
    ];
    assert_eq!(kinds, HashSet::from(wanted));
    assert_eq!(fleet.deploy_history(6, TimeRange::new(0, NOON_MS).unwrap()), None);
}

#[test]
fn the_stories_tell_of_versions_limits_variables_and_of_a_tag_that_moved() {
    let fleet = story();
    let history = month(&fleet, 0);
    let told = |app: &str| {
        let deploys = of(&history, app);
        deploys
            .iter()
            .skip(1)
            .map(|deploy| changes(deploy))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("gitea"),
        [
            "gitea/gitea:1.22.1 -> gitea/gitea:1.22.2",
            "gitea/gitea:1.22.2 -> gitea/gitea:1.22.3",
            "gitea/gitea:1.22.3 -> gitea/gitea:1.22.2",
            "gitea/gitea:1.22.2 -> gitea/gitea:1.22.4",
            "512 -> 768 MiB",
        ]
    );
    assert_eq!(
        told("vaultwarden"),
        ["vaultwarden/server:latest anew", "vaultwarden/server:latest anew"]
    );
    assert_eq!(told("nextcloud")[1], "+WORKERS ~LOG_LEVEL");
    let [failed] = of(&history, "bookstack")[2..] else {
        panic!("found, seen, failed");
    };
    assert_eq!(failed.fault.as_ref().unwrap().cause, DeployCause::PullDenied);
    assert_eq!(failed.fault.as_ref().unwrap().service.as_deref(), Some("app"));
}

#[test]
fn a_worse_version_takes_more_memory_until_it_is_rolled_back() {
    let fleet = story();
    let history = month(&fleet, 0);
    let [.., seen, update, rollback, _, _] = of(&history, "gitea")[..] else {
        panic!("gitea has a story");
    };
    assert_eq!(rollback.rollback_of_ms, Some(seen.started_ms));
    let berth = berth(&fleet, "gitea-server-1");
    let around = |at_ms: i64| {
        let before = mean(berth, at_ms - 6 * HOUR_MS, at_ms - MINUTE_MS);
        mean(berth, at_ms + 10 * MINUTE_MS, at_ms + 6 * HOUR_MS) / before
    };
    let (up, down) = (around(update.ended_ms), around(rollback.ended_ms));
    assert!((1.45..1.75).contains(&up), "{up}");
    assert!((0.57..0.69).contains(&down), "{down}");
    let errors = |from_ms: i64| {
        let to_ms = from_ms + 12 * HOUR_MS;
        let moment = berth.moment_at(to_ms).unwrap();
        let lines = berth.log_lines(&moment, from_ms * 1_000_000, to_ms * 1_000_000, usize::MAX);
        lines.iter().filter(|line| line.text.contains("[E]")).count()
    };
    let (worse, after) = (errors(update.ended_ms), errors(rollback.ended_ms));
    assert!(worse > 3 * after, "{worse} errors, then {after}");
}

#[test]
fn a_worse_version_was_deployed_a_few_hours_before_somebody_looks() {
    let fleet = story();
    let history = month(&fleet, 0);
    let last = *of(&history, "home-assistant").last().unwrap();
    assert_eq!(
        (last.kind, last.state),
        (DeployKind::Update, DeployState::Success)
    );
    assert!(NOON_MS - last.started_ms < 6 * HOUR_MS);
    let berth = berth(&fleet, "home-assistant");
    let before = mean(berth, last.started_ms - 3 * HOUR_MS, last.started_ms);
    let after = mean(berth, last.ended_ms + 10 * MINUTE_MS, NOON_MS);
    assert!(after > 1.4 * before, "{after} after {before}");
}

#[test]
fn what_failed_its_health_check_left_the_container_before_it_running_again() {
    let fleet = story();
    let history = month(&fleet, 0);
    let failed = *of(&history, "jellyfin").last().unwrap();
    assert_eq!(failed.fault.as_ref().unwrap().cause, DeployCause::Unhealthy);
    let berth = berth(&fleet, "jellyfin-jellyfin-1");
    let (before, aside, after) = (
        berth.moment_at(failed.started_ms).unwrap(),
        berth.moment_at(failed.ended_ms - 10_000).unwrap(),
        berth.moment_at(failed.ended_ms + MINUTE_MS).unwrap(),
    );
    assert_eq!(aside.state, ContainerState::Exited);
    assert_eq!(after.state, ContainerState::Running);
    assert_eq!((before.generation, after.restart_count), (after.generation, 0));
    assert!(after.started_at_ms > before.started_at_ms);
}

#[test]
fn a_story_must_have_room_after_the_epoch() {
    let refused = Fleet::scripted(FleetPlan {
        story_ms: Some(NOON_MS),
        epoch_ms: NOON_MS - 29 * DAY_MS,
        ..FleetPlan::default()
    })
    .unwrap_err();
    assert!(matches!(refused, PlanError::Story { .. }));
    assert!(refused.to_string().contains("30 days after"), "{refused}");
}

//! What changed on a host between two inventories. Pure.
//!
//! Changes are read from what the engine says of its containers, not from its event stream alone: what happened while
//! the app was closed or the stream was cut is seen all the same, once.

use std::collections::HashMap;

use roadstead_model::{AppName, ContainerFacts, ContainerState, EngineContainerId, Health};

use crate::wire::ChangeKind;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// When, as far as the engine tells; else when it was noticed.
    pub(crate) at_ms: i64,
    /// The container.
    pub(crate) engine_id: EngineContainerId,
    /// Its name.
    pub(crate) container_name: String,
    /// Its app.
    pub(crate) app: AppName,
    /// What changed.
    pub(crate) change: ChangeKind,
}

/// Differences from `before` to `now`, in no particular order.
#[must_use]
pub(crate) fn differences(
    before: &[ContainerFacts],
    now: &[ContainerFacts],
    noticed_ms: i64,
) -> Vec<Difference> {
    let known: HashMap<&EngineContainerId, &ContainerFacts> =
        before.iter().map(|f| (&f.engine_id, f)).collect();
    let present: HashMap<&EngineContainerId, &ContainerFacts> =
        now.iter().map(|f| (&f.engine_id, f)).collect();
    // A recreated container has a new id; its place (app, service or name) tells what it replaced.
    let replaced: HashMap<_, &ContainerFacts> = before
        .iter()
        .filter(|facts| !present.contains_key(&facts.engine_id))
        .map(|facts| (place(facts), facts))
        .collect();

    let mut found = Vec::new();
    let mut add = |facts: &ContainerFacts, at_ms: i64, change: ChangeKind| {
        found.push(Difference {
            at_ms,
            engine_id: facts.engine_id.clone(),
            container_name: facts.name.clone(),
            app: facts.app.clone(),
            change,
        });
    };
    for facts in now {
        match known.get(&facts.engine_id) {
            Some(old) => compare(old, facts, noticed_ms, &mut add),
            None => match replaced.get(&place(facts)) {
                Some(old) => compare_generations(old, facts, noticed_ms, &mut add),
                None => {
                    add(
                        facts,
                        facts.created_at_ms.min(noticed_ms),
                        ChangeKind::ContainerCreated,
                    );
                }
            },
        }
    }
    let places_now: std::collections::HashSet<_> = now.iter().map(place).collect();
    for old in before {
        if !present.contains_key(&old.engine_id) && !places_now.contains(&place(old)) {
            add(old, noticed_ms, ChangeKind::ContainerRemoved);
        }
    }
    found
}

/// Where a container stands within its host: its app and service, or its name.
fn place(facts: &ContainerFacts) -> (&str, &str) {
    (
        facts.app.0.as_str(),
        facts.service.as_deref().unwrap_or(facts.name.as_str()),
    )
}

fn compare(
    old: &ContainerFacts,
    facts: &ContainerFacts,
    noticed_ms: i64,
    add: &mut impl FnMut(&ContainerFacts, i64, ChangeKind),
) {
    let started_ms = facts.started_at_ms.unwrap_or(noticed_ms).min(noticed_ms);
    let began_again = facts.started_at_ms.is_some() && facts.started_at_ms != old.started_at_ms;
    if facts.restart_count > old.restart_count {
        add(facts, started_ms, ChangeKind::Restarted);
    } else if began_again && facts.state.is_running() {
        add(facts, started_ms, ChangeKind::ContainerStarted);
    } else if old.state.is_running() && matches!(facts.state, ContainerState::Exited | ContainerState::Dead) {
        add(
            facts,
            noticed_ms,
            ChangeKind::ContainerStopped {
                exit_code: facts.exit_code,
            },
        );
    }
    if facts.oom_killed && (!old.oom_killed || began_again) {
        add(facts, noticed_ms, ChangeKind::OomKilled);
    }
    match (old.health, facts.health) {
        (Some(Health::Healthy), Some(Health::Unhealthy)) => {
            add(facts, noticed_ms, ChangeKind::HealthChanged { healthy: false });
        }
        (Some(Health::Unhealthy), Some(Health::Healthy)) => {
            add(facts, noticed_ms, ChangeKind::HealthChanged { healthy: true });
        }
        _ => {}
    }
    compare_limits(old, facts, noticed_ms, add);
}

fn compare_generations(
    old: &ContainerFacts,
    facts: &ContainerFacts,
    noticed_ms: i64,
    add: &mut impl FnMut(&ContainerFacts, i64, ChangeKind),
) {
    let created_ms = facts.created_at_ms.min(noticed_ms);
    if old.image != facts.image || old.image_id != facts.image_id {
        let (from, to) = if old.image == facts.image {
            (&old.image_id, &facts.image_id)
        } else {
            (&old.image, &facts.image)
        };
        add(
            facts,
            created_ms,
            ChangeKind::ImageChanged {
                from: from.clone(),
                to: to.clone(),
            },
        );
    } else {
        add(facts, created_ms, ChangeKind::ContainerCreated);
    }
    compare_limits(old, facts, created_ms, add);
}

fn compare_limits(
    old: &ContainerFacts,
    facts: &ContainerFacts,
    at_ms: i64,
    add: &mut impl FnMut(&ContainerFacts, i64, ChangeKind),
) {
    if old.memory_limit_bytes != facts.memory_limit_bytes {
        let change = ChangeKind::LimitChanged {
            from_bytes: old.memory_limit_bytes,
            to_bytes: facts.memory_limit_bytes,
        };
        add(facts, at_ms, change);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A running container of the app immich.
    pub(crate) fn facts(id: &str, name: &str) -> ContainerFacts {
        ContainerFacts {
            engine_id: EngineContainerId(id.into()),
            name: name.into(),
            app: AppName("immich".into()),
            display_name: None,
            service: None,
            image: "immich:1".into(),
            image_id: "sha256:1".into(),
            state: ContainerState::Running,
            health: None,
            created_at_ms: 100,
            started_at_ms: Some(110),
            restart_count: 0,
            oom_killed: false,
            exit_code: None,
            memory_limit_bytes: None,
            memory_reservation_bytes: None,
            cpu_limit_cores: None,
            label_estimate_bytes: None,
            label_limit_bytes: None,
            protected: false,
            tty: false,
            log_driver: "json-file".into(),
            image_digest: None,
            image_created_ms: None,
            config: None,
            fleeting: None,
        }
    }

    fn kinds(before: &[ContainerFacts], now: &[ContainerFacts]) -> Vec<ChangeKind> {
        differences(before, now, 1_000)
            .into_iter()
            .map(|d| d.change)
            .collect()
    }

    #[test]
    fn nothing_changed_says_nothing() {
        assert_eq!(kinds(&[facts("a", "web")], &[facts("a", "web")]), []);
    }

    #[test]
    fn a_recreated_container_with_another_image_is_an_image_change_and_not_a_removal() {
        let newer = ContainerFacts {
            image: "immich:2".into(),
            ..facts("b", "web")
        };
        assert_eq!(
            kinds(&[facts("a", "web")], &[newer]),
            [ChangeKind::ImageChanged {
                from: "immich:1".into(),
                to: "immich:2".into()
            }]
        );
        let pulled_again = ContainerFacts {
            image_id: "sha256:2".into(),
            ..facts("b", "web")
        };
        assert_eq!(
            kinds(&[facts("a", "web")], &[pulled_again]),
            [ChangeKind::ImageChanged {
                from: "sha256:1".into(),
                to: "sha256:2".into()
            }],
            "the same tag can be another image"
        );
    }

    #[test]
    fn an_oom_kill_with_restart_is_both() {
        let killed = ContainerFacts {
            oom_killed: true,
            restart_count: 1,
            started_at_ms: Some(500),
            ..facts("a", "web")
        };
        assert_eq!(
            kinds(&[facts("a", "web")], &[killed]),
            [ChangeKind::Restarted, ChangeKind::OomKilled]
        );
    }

    #[test]
    fn ends_limits_and_health_are_seen() {
        let ended = ContainerFacts {
            state: ContainerState::Exited,
            exit_code: Some(3),
            ..facts("a", "web")
        };
        assert_eq!(
            kinds(&[facts("a", "web")], &[ended]),
            [ChangeKind::ContainerStopped { exit_code: Some(3) }]
        );
        let limited = ContainerFacts {
            memory_limit_bytes: Some(5),
            ..facts("a", "web")
        };
        assert_eq!(
            kinds(&[facts("a", "web")], &[limited]),
            [ChangeKind::LimitChanged {
                from_bytes: None,
                to_bytes: Some(5)
            }]
        );
        let well = ContainerFacts {
            health: Some(Health::Healthy),
            ..facts("a", "web")
        };
        let ill = ContainerFacts {
            health: Some(Health::Unhealthy),
            ..facts("a", "web")
        };
        assert_eq!(
            kinds(&[well], &[ill]),
            [ChangeKind::HealthChanged { healthy: false }]
        );
        assert_eq!(kinds(&[facts("a", "web")], &[]), [ChangeKind::ContainerRemoved]);
        assert_eq!(kinds(&[], &[facts("a", "web")]), [ChangeKind::ContainerCreated]);
    }
}

use std::sync::Arc;

use roadstead_model::{ContainerConfig, DeployKind};

use super::*;
use crate::changes::tests::facts;
use crate::wire::ServiceImage;

const SUM: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A container of a service that runs this image.
fn runs(id: &str, service: &str, image: &str) -> ContainerFacts {
    ContainerFacts {
        service: Some(service.into()),
        image: image.into(),
        image_id: format!("id of {image}"),
        ..facts(id, &format!("shop-{service}-{id}"))
    }
}

fn ledger(containers: &[ContainerFacts]) -> Vec<Deployed> {
    containers.iter().map(deployed).collect()
}

/// A deploy that left this running.
fn good(services: Vec<Deployed>) -> DeployRecord {
    DeployRecord {
        id: DeployId(7),
        deployment: DeploymentId(1),
        host: HostId(1),
        app: AppId(1),
        kind: DeployKind::Observed,
        state: DeployState::Success,
        started_ms: 0,
        ended_ms: Some(0),
        services,
        changes: Vec::new(),
        fault: None,
        rollback_of: None,
        journal_json: None,
        is_current: false,
    }
}

fn wanted(service: &str, reference: &str) -> BTreeMap<String, Wanted> {
    let way = Wanted {
        reference: reference.into(),
        pull: None,
        may_be_local: true,
        always: true,
    };
    BTreeMap::from([(service.to_owned(), way)])
}

fn again(images: &[ServiceImage], before: &[Deployed]) -> Vec<(String, String, bool)> {
    updates(before, images)
        .unwrap()
        .into_iter()
        .map(|(service, way)| {
            assert_eq!(way.pull.as_ref(), Some(&way.reference), "an update is pulled");
            assert!(!way.always, "what is the same after the pull is left alone");
            (service, way.reference, way.may_be_local)
        })
        .collect()
}

fn typed(service: &str, image: &str) -> ServiceImage {
    ServiceImage {
        service: service.into(),
        image: image.into(),
    }
}

#[test]
fn there_is_no_way_back_to_what_never_ran_well() {
    let then = ledger(&[runs("1", "web", "shop:1")]);
    let now = ledger(&[runs("2", "web", "shop:2")]);
    assert_eq!(no_way_back(&good(then.clone()), &now), None);
    for state in [
        DeployState::Running,
        DeployState::Failed,
        DeployState::Interrupted,
    ] {
        let target = DeployRecord {
            state,
            ..good(then.clone())
        };
        assert_eq!(
            no_way_back(&target, &now),
            Some(DeployRefusal::NotGood),
            "{state:?}"
        );
    }
}

#[test]
fn services_that_came_and_went_are_named_both() {
    let then = ledger(&[
        runs("1", "web", "shop:1"),
        runs("2", "db", "db:1"),
        runs("3", "job", "shop:1"),
    ]);
    let now = ledger(&[
        runs("4", "web", "shop:2"),
        runs("5", "cache", "cache:1"),
        runs("6", "db", "db:1"),
    ]);
    let services = vec!["cache".to_owned(), "job".to_owned()];
    assert_eq!(
        no_way_back(&good(then), &now),
        Some(DeployRefusal::ServicesDiffer { services })
    );
}

#[test]
fn another_number_of_containers_of_a_service_is_no_difference_of_services() {
    let then = ledger(&[runs("1", "web", "shop:1")]);
    let now = ledger(&[runs("2", "web", "shop:2"), runs("3", "web", "shop:2")]);
    assert_eq!(no_way_back(&good(then), &now), None);
}

#[test]
fn what_runs_is_current_only_when_every_container_of_every_service_runs_it() {
    let then = good(ledger(&[runs("1", "web", "shop:1"), runs("2", "db", "db:1")]));
    let now = |images: [&str; 3]| {
        ledger(&[
            runs("3", "web", images[0]),
            runs("4", "web", images[1]),
            runs("5", "db", images[2]),
        ])
    };
    let current = Some(DeployRefusal::IsCurrent);
    assert_eq!(no_way_back(&then, &now(["shop:1", "shop:1", "db:1"])), current);
    for other in [["shop:1", "shop:2", "db:1"], ["shop:1", "shop:1", "db:2"]] {
        assert_eq!(no_way_back(&then, &now(other)), None, "{other:?}");
    }
}

#[test]
fn a_tag_that_moved_is_not_current_although_its_name_is_the_same() {
    let then = ledger(&[runs("1", "web", "shop:1")]);
    let moved = ContainerFacts {
        image_id: "another id".into(),
        ..runs("2", "web", "shop:1")
    };
    assert_eq!(no_way_back(&good(then), &ledger(&[moved])), None);
}

#[test]
fn a_guest_is_known_by_the_id_or_the_name_of_whose_network_it_is_in() {
    let host = facts("0123456789abcdef", "vpn");
    let guest_of = |of: &str| {
        let config = ContainerConfig {
            hash: String::new(),
            env: BTreeMap::new(),
            labels: BTreeMap::new(),
            parts: BTreeMap::new(),
            shares_network_of: Some(of.into()),
        };
        ContainerFacts {
            config: Some(Arc::new(config)),
            ..facts("b", "guest")
        }
    };
    for of in ["0123456789abcdef", "vpn"] {
        assert!(shares_network(&guest_of(of), &host), "{of}");
    }
    for of in ["", "vp", "vpn2", "fedcba9876543210"] {
        assert!(!shares_network(&guest_of(of), &host), "{of}");
    }
    assert!(
        !shares_network(&facts("b", "guest"), &host),
        "one with a network of its own"
    );
}

#[test]
fn an_update_pulls_what_was_typed_and_the_rest_again_under_its_name() {
    let before = ledger(&[
        runs("1", "web", "shop:1"),
        runs("2", "db", &format!("db:16@{SUM}")),
    ]);
    let own = |service: &str, image: &str| (service.to_owned(), image.to_owned(), true);
    assert_eq!(again(&[], &before), [own("db", "db:16"), own("web", "shop:1")]);
    assert_eq!(
        again(&[typed("web", " shop ")], &before),
        [own("db", "db:16"), own("web", "shop:latest")]
    );
}

#[test]
fn an_image_that_came_from_a_registry_has_to_come_from_there_again() {
    let pulled = ContainerFacts {
        image_digest: Some(format!("shop@{SUM}")),
        ..runs("1", "web", "shop:1")
    };
    let ways = again(&[], &ledger(&[pulled]));
    assert_eq!(ways, [("web".to_owned(), "shop:1".to_owned(), false)]);
}

#[test]
fn a_container_made_from_an_id_is_left_alone_unless_an_image_is_typed() {
    let before = ledger(&[runs("1", "web", SUM)]);
    assert_eq!(again(&[], &before), []);
    let ways = again(&[typed("web", "shop:2")], &before);
    assert_eq!(ways, [("web".to_owned(), "shop:2".to_owned(), true)]);
}

#[test]
fn a_service_that_is_not_there_and_an_image_that_is_no_reference_are_named() {
    let before = ledger(&[runs("1", "web", "shop:1")]);
    let unknown = updates(&before, &[typed("wbe", "shop:2")]).unwrap_err();
    assert_eq!(unknown.key, "error.deploy.service_unknown");
    assert_eq!(unknown.params["service"], "wbe");
    let unreadable = updates(&before, &[typed("web", "me:secret@hub.example/shop")]).unwrap_err();
    assert_eq!(unreadable.key, "error.deploy.reference_unreadable");
    assert_eq!(unreadable.params["value"], "hub.example/shop");
    assert!(!format!("{unreadable:?}").contains("secret"));
}

#[test]
fn only_containers_of_services_that_change_are_replaced_in_the_order_given() {
    let stopped = ContainerFacts {
        state: ContainerState::Exited,
        ..runs("3", "web", "shop:1")
    };
    let looping = ContainerFacts {
        state: ContainerState::Restarting,
        ..runs("4", "web", "shop:1")
    };
    let containers = [
        runs("1", "db", "db:1"),
        runs("2", "web", "shop:1"),
        stopped,
        looping,
    ];
    let parts = parts(&containers, &wanted("web", "shop:2"));
    let told: Vec<_> = parts
        .iter()
        .map(|part| (part.old.0.as_str(), part.name.as_str(), part.was_running))
        .collect();
    assert_eq!(
        told,
        [
            ("2", "shop-web-2", true),
            ("3", "shop-web-3", false),
            ("4", "shop-web-4", true)
        ]
    );
    assert!(
        parts
            .iter()
            .all(|part| part.service == "web" && !part.touched && part.new.is_none())
    );
}

#[test]
fn a_container_without_a_service_goes_by_its_name() {
    let alone = ContainerFacts {
        service: None,
        ..runs("1", "web", "shop:1")
    };
    let name = alone.name.clone();
    let parts = parts(std::slice::from_ref(&alone), &wanted(&name, "shop:2"));
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].service, name);
}

#[test]
fn after_an_update_the_new_name_runs_and_what_is_left_alone_stays() {
    let before = ledger(&[runs("1", "db", "db:1"), runs("2", "web", "shop:1")]);
    let after = intended(&before, &wanted("web", "shop:2"), None);
    assert_eq!(after[0], before[0]);
    let expected = Deployed {
        image: "shop:2".into(),
        ..before[1].clone()
    };
    assert_eq!(after[1], expected, "its id and digest are known after the pull");
}

#[test]
fn after_a_rollback_the_old_image_runs_with_the_settings_of_now() {
    let then = ledger(&[ContainerFacts {
        image_digest: Some(format!("shop@{SUM}")),
        image_created_ms: Some(5),
        memory_limit_bytes: Some(64),
        ..runs("1", "web", "shop:1")
    }]);
    let now = ledger(&[ContainerFacts {
        memory_limit_bytes: Some(128),
        ..runs("2", "web", "shop:2")
    }]);
    let pinned = format!("shop:1@{SUM}");
    let after = intended(&now, &wanted("web", &pinned), Some(&good(then.clone())));
    let expected = Deployed {
        image: pinned,
        digest: then[0].digest.clone(),
        image_id: then[0].image_id.clone(),
        image_created_ms: Some(5),
        ..now[0].clone()
    };
    assert_eq!(after, [expected]);
    assert_eq!(after[0].memory_limit_bytes, Some(128));
}

#[test]
fn a_plan_has_a_row_for_each_service_and_says_which_is_left_alone() {
    let before = ledger(&[
        runs("1", "db", "db:1"),
        runs("2", "web", "shop:2"),
        runs("3", "web", "shop:2"),
    ]);
    let target = good(ledger(&[runs("4", "db", "db:1"), runs("5", "web", "shop:1")]));
    let rows = planned(&before, &wanted("web", "id of shop:1"), Some(&target));
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.service.as_str(),
                row.containers.len(),
                row.to_image.as_str(),
                row.unchanged,
                row.is_local,
            )
        })
        .collect();
    assert_eq!(
        told,
        [("db", 1, "db:1", true, false), ("web", 2, "shop:1", false, true)]
    );
}

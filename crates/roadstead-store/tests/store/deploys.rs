//! The deploy ledger.

use roadstead_model::{
    ContainerConfig, DeployCause, DeployChange, DeployFault, DeployId, DeployKind, DeployState, Deployed,
    DeploymentId, EngineContainerId, TimeRange,
};
use roadstead_store::{Begun, DeployEnd, DeployQuery, NewDeploy, Retention, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, open};

fn deployed(image: &str) -> Deployed {
    Deployed {
        service: "web".to_owned(),
        container_name: "app-web-1".to_owned(),
        engine_id: EngineContainerId("e".repeat(64)),
        image: image.to_owned(),
        digest: Some(format!("{image}@sha256:1")),
        image_id: "sha256:2".to_owned(),
        image_created_ms: Some(5),
        memory_limit_bytes: Some(1 << 28),
        cpu_limit_cores: Some(0.5),
        config: Some(ContainerConfig {
            hash: "0123456789abcdef".to_owned(),
            env: [("TOKEN".to_owned(), "89abcdef".to_owned())].into(),
            ..ContainerConfig::default()
        }),
    }
}

/// A deploy that found or observed this image.
fn observed(deployment: DeploymentId, started_ms: i64, image: &str) -> NewDeploy {
    NewDeploy {
        deployment,
        kind: DeployKind::Observed,
        started_ms,
        services: vec![deployed(image)],
        changes: vec![DeployChange::Image {
            service: "web".to_owned(),
            from: "app:0".to_owned(),
            to: image.to_owned(),
        }],
        rollback_of: None,
        journal_json: None,
    }
}

/// An update to this image.
pub(crate) fn update(deployment: DeploymentId, started_ms: i64, image: &str) -> NewDeploy {
    NewDeploy {
        kind: DeployKind::Update,
        journal_json: Some(r#"{"step":"pull"}"#.to_owned()),
        ..observed(deployment, started_ms, image)
    }
}

/// An end with nothing left to repair.
pub(crate) fn end(state: DeployState, ended_ms: i64) -> DeployEnd {
    let fault = (state != DeployState::Success).then(|| DeployFault {
        cause: DeployCause::Unhealthy,
        service: Some("web".to_owned()),
        detail: "exit code 1".to_owned(),
    });
    DeployEnd {
        state,
        ended_ms,
        services: None,
        changes: None,
        fault,
        repaired: true,
    }
}

fn begun(begun: Begun) -> DeployId {
    match begun {
        Begun::Begun(id) => id,
        Begun::Busy(other) => panic!("deploy {other} is in the way"),
    }
}

impl Fixture {
    /// Begins an update and ends it so; gives its id.
    async fn dispatched(&self, deployment: DeploymentId, at_ms: i64, state: DeployState) -> DeployId {
        let new = update(deployment, at_ms, "app:2");
        let id = begun(self.store.begin_deploy(&new).await.unwrap());
        self.store.end_deploy(id, &end(state, at_ms + 10)).await.unwrap();
        id
    }

    async fn ledger(&self, app: roadstead_model::AppId) -> Vec<DeployId> {
        let page = self.store.deploys(&query(app)).await.unwrap();
        page.rows.iter().map(|row| row.id).collect()
    }
}

fn query(app: roadstead_model::AppId) -> DeployQuery {
    DeployQuery {
        app,
        host: None,
        state: None,
        before: None,
        limit: 200,
    }
}

#[tokio::test]
async fn a_deploy_comes_back_as_it_began_was_journaled_and_ended() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let store = &fixture.store;
    let found = NewDeploy {
        kind: DeployKind::Found,
        changes: Vec::new(),
        ..observed(of.deployment, 100, "app:1")
    };
    let first = store.record_deploy(&found).await.unwrap();
    let new = NewDeploy {
        kind: DeployKind::Rollback,
        rollback_of: Some(first),
        ..update(of.deployment, 200, "app:2")
    };
    let id = begun(store.begin_deploy(&new).await.unwrap());
    let running = store.deploy(id).await.unwrap();
    assert_eq!((running.host, running.app), (host, of.app));
    assert_eq!((running.kind, running.state), (new.kind, DeployState::Running));
    assert_eq!((running.started_ms, running.ended_ms), (200, None));
    assert_eq!(
        (&running.services, &running.changes),
        (&new.services, &new.changes)
    );
    assert_eq!(
        (running.rollback_of, &running.journal_json),
        (Some(first), &new.journal_json)
    );
    assert!(!running.is_current && store.deploy(first).await.unwrap().is_current);

    store.journal_deploy(id, r#"{"step":"create"}"#).await.unwrap();
    assert_eq!(
        store.unfinished_deploys(Some(host)).await.unwrap()[0]
            .journal_json
            .as_deref(),
        Some(r#"{"step":"create"}"#)
    );
    let mut done = end(DeployState::Success, 300);
    done.services = Some(vec![deployed("app:3")]);
    done.changes = Some(Vec::new());
    store.end_deploy(id, &done).await.unwrap();
    let ended = store.deploy(id).await.unwrap();
    assert_eq!((ended.state, ended.ended_ms), (DeployState::Success, Some(300)));
    assert_eq!(
        (ended.services, ended.changes),
        (vec![deployed("app:3")], Vec::new())
    );
    assert_eq!(
        (ended.journal_json, ended.fault, ended.is_current),
        (None, None, true)
    );
    assert!(!store.deploy(first).await.unwrap().is_current);
    assert_eq!(store.unfinished_deploys(None).await.unwrap(), []);
    let current = store.current_deploys(host).await.unwrap();
    assert_eq!(current.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);

    let third = fixture.dispatched(of.deployment, 400, DeployState::Failed).await;
    let failed = store.deploy(third).await.unwrap();
    assert_eq!(failed.fault, end(DeployState::Failed, 0).fault);
    assert_eq!(
        failed.services,
        [deployed("app:2")],
        "what was said at the beginning stays"
    );
    assert!(!failed.is_current && store.deploy(id).await.unwrap().is_current);
}

#[tokio::test]
async fn of_two_that_begin_at_once_one_runs_and_the_other_is_told_which() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let store = &fixture.store;
    let (one, two) = (
        update(listed[0].deployment, 1, "x"),
        update(listed[0].deployment, 2, "y"),
    );
    let (one, two) = tokio::join!(store.begin_deploy(&one), store.begin_deploy(&two));
    let (one, two) = (one.unwrap(), two.unwrap());
    let id = match (one, two) {
        (Begun::Begun(id), Begun::Busy(other)) | (Begun::Busy(other), Begun::Begun(id)) => {
            assert_eq!(id, other);
            id
        }
        both => panic!("{both:?}"),
    };
    let other = store
        .begin_deploy(&update(listed[1].deployment, 3, "x"))
        .await
        .unwrap();
    assert!(matches!(other, Begun::Begun(_)), "another deployment is free");

    let broken_off = DeployEnd {
        repaired: false,
        ..end(DeployState::Interrupted, 5)
    };
    store.end_deploy(id, &broken_off).await.unwrap();
    let again = store
        .begin_deploy(&update(listed[0].deployment, 6, "x"))
        .await
        .unwrap();
    assert_eq!(again, Begun::Busy(id), "it still has to be repaired");
    assert_eq!(
        store.unfinished_deploys(Some(host)).await.unwrap()[0].state,
        DeployState::Interrupted
    );
    store
        .end_deploy(id, &end(DeployState::Interrupted, 5))
        .await
        .unwrap();
    begun(
        store
            .begin_deploy(&update(listed[0].deployment, 6, "x"))
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn what_is_over_is_never_changed_and_what_makes_no_sense_is_refused() {
    let fixture = Fixture::new().await;
    let (_, of) = fixture.one().await;
    let store = &fixture.store;
    let id = fixture.dispatched(of.deployment, 1, DeployState::Failed).await;
    let before = store.deploy(id).await.unwrap();
    for outcome in [
        store.end_deploy(id, &end(DeployState::Success, 9)).await,
        store.journal_deploy(id, "{}").await,
        store
            .end_deploy(DeployId(99), &end(DeployState::Success, 9))
            .await,
        store.deploy(DeployId(99)).await.map(|_| ()),
        store.good_neighbours(DeployId(99)).await.map(|_| ()),
        store
            .begin_deploy(&update(DeploymentId(99), 1, "x"))
            .await
            .map(|_| ()),
        store
            .record_deploy(&observed(DeploymentId(99), 1, "x"))
            .await
            .map(|_| ()),
    ] {
        assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
    }
    let with_journal = NewDeploy {
        journal_json: Some("{}".to_owned()),
        ..observed(of.deployment, 1, "x")
    };
    for outcome in [
        store
            .begin_deploy(&observed(of.deployment, 1, "x"))
            .await
            .map(|_| ()),
        store
            .record_deploy(&update(of.deployment, 1, "x"))
            .await
            .map(|_| ()),
        store.record_deploy(&with_journal).await.map(|_| ()),
        store.end_deploy(id, &end(DeployState::Running, 9)).await,
    ] {
        assert!(matches!(outcome, Err(StoreError::Invalid(_))), "{outcome:?}");
    }
    let both = [
        observed(of.deployment, 1, "x"),
        observed(DeploymentId(99), 1, "x"),
    ];
    assert!(store.record_deploys(&both).await.is_err());
    assert_eq!(store.deploy(id).await.unwrap(), before);
    assert_eq!(
        fixture.ledger(of.app).await,
        [id],
        "what was refused is kept in no part"
    );
}

#[tokio::test]
async fn after_sixty_failures_the_last_two_good_deploys_are_still_offered() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let (of, other) = (&listed[0], &listed[1]);
    let beside = fixture
        .store
        .record_deploy(&observed(other.deployment, 0, "b:1"))
        .await
        .unwrap();
    let mut good = Vec::new();
    for nth in 0..3 {
        let new = observed(of.deployment, nth, "a:1");
        good.push(fixture.store.record_deploy(&new).await.unwrap());
    }
    let mut failed = Vec::new();
    for nth in 0..60 {
        failed.push(
            fixture
                .dispatched(of.deployment, 100 + nth * 20, DeployState::Failed)
                .await,
        );
    }
    let mut wanted: Vec<DeployId> = failed[10..].to_vec();
    wanted.reverse();
    wanted.extend([good[2], good[1]]);
    assert_eq!(fixture.ledger(of.app).await, wanted);
    assert_eq!(
        fixture.ledger(other.app).await,
        [beside],
        "another's ledger is its own"
    );
    assert!(fixture.store.deploy(good[2]).await.unwrap().is_current);

    // A late observation of the past does not push anything newer out, and unfinished rows stay whatever their age.
    let running = begun(
        fixture
            .store
            .begin_deploy(&update(of.deployment, 50, "a:2"))
            .await
            .unwrap(),
    );
    for nth in 0..60 {
        let new = observed(of.deployment, 5_000 + nth, "a:3");
        fixture.store.record_deploy(&new).await.unwrap();
    }
    let left = fixture.ledger(of.app).await;
    assert_eq!(left.len(), 51);
    assert_eq!(left.last(), Some(&running));
}

#[tokio::test]
async fn pages_follow_each_other_by_start_and_count_what_they_filter() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let of_one = fixture.list(one, &["app"]).await[0].clone();
    let of_two = fixture.list(two, &["app"]).await[0].clone();
    let store = &fixture.store;
    let mut all = Vec::new();
    for nth in 0..20 {
        let of = if nth % 2 == 0 { &of_one } else { &of_two };
        // Two of a time: the id decides.
        let at_ms = 1_000 + nth / 4 * 100;
        let state = if nth % 5 == 0 {
            DeployState::Failed
        } else {
            DeployState::Success
        };
        all.push(fixture.dispatched(of.deployment, at_ms, state).await);
    }
    all.reverse();
    let mut seen = Vec::new();
    let mut page = DeployQuery {
        limit: 3,
        ..query(of_one.app)
    };
    loop {
        let answer = store.deploys(&page).await.unwrap();
        assert_eq!(answer.total, 20);
        seen.extend(answer.rows.iter().map(|row| row.id));
        match answer.rows.last() {
            Some(last) => page.before = Some(last.id),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let failed = DeployQuery {
        state: Some(DeployState::Failed),
        host: Some(one),
        ..query(of_one.app)
    };
    let failed = store.deploys(&failed).await.unwrap();
    assert_eq!(failed.total, 2);
    assert!(
        failed
            .rows
            .iter()
            .all(|row| row.host == one && row.state == DeployState::Failed)
    );
    let current = store.deploys(&query(of_one.app)).await.unwrap();
    let current: Vec<DeployId> = current
        .rows
        .iter()
        .filter(|row| row.is_current)
        .map(|row| row.id)
        .collect();
    assert_eq!(current, [all[0], all[1]], "one of each deployment");

    store.remove_host(two, 1).await.unwrap();
    let left = store.deploys(&query(of_one.app)).await.unwrap();
    assert_eq!(
        (left.total, left.rows.len()),
        (10, 10),
        "a removed host counts in nothing"
    );
    let by_name = DeployQuery {
        host: Some(two),
        ..query(of_one.app)
    };
    assert_eq!(
        store.deploys(&by_name).await.unwrap().total,
        10,
        "what is asked for by name is there"
    );
    let all_of_time = TimeRange {
        from_ms: 0,
        to_ms: i64::MAX,
    };
    assert_eq!(
        store
            .deploys_between(of_one.app, None, all_of_time, 99)
            .await
            .unwrap()
            .len(),
        10
    );
}

#[tokio::test]
async fn a_page_goes_on_where_it_was_though_its_last_row_was_pruned() {
    let fixture = Fixture::new().await;
    let (_, of) = fixture.one().await;
    let mut all = Vec::new();
    for nth in 0..50 {
        all.push(
            fixture
                .dispatched(of.deployment, nth * 20, DeployState::Failed)
                .await,
        );
    }
    let other = fixture.host("other").await;
    let of_other = fixture.list(other, &["app"]).await[0].clone();
    let early = fixture
        .store
        .record_deploy(&observed(of_other.deployment, -10, "x"))
        .await
        .unwrap();
    fixture
        .dispatched(of.deployment, 5_000, DeployState::Failed)
        .await;
    let after_pruned = DeployQuery {
        before: Some(all[0]),
        ..query(of.app)
    };
    let page = fixture.store.deploys(&after_pruned).await.unwrap();
    assert!(
        page.rows.iter().all(|row| row.id == early),
        "nothing that was shown is shown again"
    );
    assert_eq!(page.total, 51);
}

#[tokio::test]
async fn marks_are_the_newest_of_a_span_oldest_first_without_what_ran() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let store = &fixture.store;
    for nth in 0..10 {
        store
            .record_deploy(&observed(of.deployment, nth * 10, "x"))
            .await
            .unwrap();
    }
    let span = TimeRange {
        from_ms: 20,
        to_ms: 80,
    };
    let times = async |host, limit| {
        let marks = store.deploys_between(of.app, host, span, limit).await.unwrap();
        marks.iter().map(|mark| mark.started_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(None, 99).await, [20, 30, 40, 50, 60, 70]);
    assert_eq!(times(Some(host), 2).await, [60, 70]);
    assert_eq!(
        times(Some(roadstead_model::HostId(9)), 2).await,
        Vec::<i64>::new()
    );
    let marks = store.deploys_between(of.app, None, span, 1).await.unwrap();
    assert_eq!(
        (marks[0].kind, marks[0].state),
        (DeployKind::Observed, DeployState::Success)
    );
    assert_eq!(marks[0].changes, observed(of.deployment, 0, "x").changes);
}

#[tokio::test]
async fn neighbours_of_a_deploy_are_the_good_ones_of_its_deployment() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let of = listed[0].deployment;
    let first = fixture.dispatched(of, 100, DeployState::Success).await;
    fixture.dispatched(of, 200, DeployState::Failed).await;
    let second = fixture.dispatched(of, 300, DeployState::Success).await;
    fixture
        .dispatched(listed[1].deployment, 350, DeployState::Success)
        .await;
    let bad = fixture.dispatched(of, 400, DeployState::Interrupted).await;
    let third = fixture.dispatched(of, 500, DeployState::Success).await;
    let of = async |id| fixture.store.good_neighbours(id).await.unwrap();
    assert_eq!(of(first).await, (None, Some(300)));
    assert_eq!(of(second).await, (Some(110), Some(500)));
    assert_eq!(of(bad).await, (Some(310), Some(500)));
    assert_eq!(of(third).await, (Some(310), None));
}

#[tokio::test]
async fn what_ended_last_is_what_runs_though_another_was_observed_meanwhile() {
    let fixture = Fixture::new().await;
    let (_, of) = fixture.one().await;
    let store = &fixture.store;
    let id = begun(
        store
            .begin_deploy(&update(of.deployment, 100, "app:2"))
            .await
            .unwrap(),
    );
    let seen = store
        .record_deploy(&observed(of.deployment, 150, "app:2"))
        .await
        .unwrap();
    assert!(store.deploy(seen).await.unwrap().is_current);
    store
        .end_deploy(id, &end(DeployState::Success, 200))
        .await
        .unwrap();
    assert!(store.deploy(id).await.unwrap().is_current);
    assert!(!store.deploy(seen).await.unwrap().is_current);
}

#[tokio::test]
async fn no_deploy_is_left_of_a_deployment_that_is_forgotten_or_a_host_that_is_purged() {
    let fixture = Fixture::new().await;
    let (gone, stays) = (fixture.host("gone").await, fixture.host("stays").await);
    let of_gone = fixture.list(gone, &["app", "alone"]).await;
    let of_stays = fixture.list(stays, &["app", "build"]).await;
    for of in of_gone.iter().chain(&of_stays) {
        fixture
            .dispatched(of.deployment, MIDNIGHT_MS, DeployState::Success)
            .await;
        let unfinished = update(of.deployment, MIDNIGHT_MS, "x");
        begun(fixture.store.begin_deploy(&unfinished).await.unwrap());
    }
    let of_host = async |host| fixture.store.unfinished_deploys(Some(host)).await.unwrap().len();
    fixture.store.remove_host(gone, 1).await.unwrap();
    assert_eq!(
        of_host(gone).await,
        2,
        "a host that is only removed can be restored"
    );
    while fixture.store.purge_removed_hosts(2).await.unwrap().more {}
    assert_eq!((of_host(gone).await, of_host(stays).await), (0, 2));

    fixture.list(stays, &["app"]).await;
    let later_ms = MIDNIGHT_MS + 1_000 * 86_400_000;
    while fixture
        .store
        .prune(later_ms, &Retention::default())
        .await
        .unwrap()
        .more
    {}
    assert_eq!(fixture.store.deployments().await.unwrap().len(), 1);
    let dir = fixture.dir.path().to_owned();
    fixture.store.close().await.unwrap();
    let store = open(&dir).await.store;
    let left = store.unfinished_deploys(None).await.unwrap();
    assert_eq!(
        left.iter().map(|row| row.deployment).collect::<Vec<_>>(),
        [of_stays[0].deployment]
    );
    assert_eq!(
        rows_in(&dir).await,
        2,
        "of that deployment, the good one and the unfinished one"
    );
}

async fn rows_in(dir: &std::path::Path) -> i64 {
    use sqlx::{ConnectOptions, Connection};
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join("roadstead.db"));
    let mut connection = file.connect().await.unwrap();
    let rows = sqlx::query_scalar("SELECT COUNT(*) FROM deploy")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    rows
}

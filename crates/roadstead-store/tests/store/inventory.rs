use roadstead_model::time::DAY_MS;
use roadstead_model::{AppId, HostId, TimeRange};
use roadstead_store::{AppSizes, Change, ChangesOf, Retention, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, facts, open, report, window};

#[tokio::test]
async fn containers_get_ids_that_stay_and_the_same_app_on_two_hosts_is_one_app() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    let on_a = fixture.list(a, &["immich", "redis"]).await;
    let on_b = fixture.list(b, &["redis"]).await;
    assert_eq!(on_a[1].app, on_b[0].app);
    assert_ne!(on_a[1].deployment, on_b[0].deployment);
    assert_eq!(fixture.list(a, &["immich", "redis"]).await, on_a);
    assert_eq!(
        fixture.list(a, &["redis", "immich"]).await[0],
        on_a[1],
        "answered in the order given"
    );
    assert_eq!(fixture.store.apps().await.unwrap().len(), 2);
    assert_eq!(fixture.store.deployments().await.unwrap().len(), 3);

    let dir = fixture.dir.path().to_owned();
    fixture.store.close().await.unwrap();
    let again = open(&dir).await.store;
    let listed = [facts("immich", "immich-1"), facts("redis", "redis-1")];
    assert_eq!(
        again.observe_containers(a, 9, &listed).await.unwrap(),
        on_a,
        "ids survive a restart"
    );
}

#[tokio::test]
async fn facts_are_the_latest_and_what_is_not_listed_is_gone_until_it_is_back() {
    let fixture = Fixture::new().await;
    let host = fixture.host("a").await;
    fixture.list(host, &["app", "other"]).await;
    let mut changed = facts("app", "app-1");
    changed.display_name = Some("The App".to_owned());
    changed.oom_killed = true;
    fixture
        .store
        .observe_containers(host, 500, std::slice::from_ref(&changed))
        .await
        .unwrap();

    let alive = fixture.store.containers(Some(host), false).await.unwrap();
    assert_eq!(alive.len(), 1);
    assert_eq!(alive[0].facts, changed);
    let all = fixture.store.containers(None, true).await.unwrap();
    assert_eq!(all[1].gone_at_ms, Some(500));
    assert_eq!(
        fixture.store.containers(Some(HostId(99)), true).await.unwrap(),
        []
    );
    assert_eq!(
        fixture.store.apps().await.unwrap()[0].display_name.as_deref(),
        Some("The App")
    );

    fixture.list(host, &["app", "other"]).await;
    let back = fixture.store.containers(None, true).await.unwrap();
    assert_eq!(back[1].gone_at_ms, None);
    assert_eq!(back[1].id, all[1].id);
    assert_eq!(
        fixture.store.apps().await.unwrap()[0].display_name.as_deref(),
        Some("The App"),
        "a label that is gone leaves the name it gave"
    );
}

#[tokio::test]
async fn an_observation_that_is_cut_short_leaves_no_container_without_its_app() {
    let fixture = Fixture::new().await;
    let host = fixture.host("a").await;
    let mut cut = 0;
    for nth in 0..120_u64 {
        let name = format!("build-{nth}");
        let listed = [facts(&name, &name)];
        let watched = fixture.store.observe_containers(host, 1, &listed);
        let limit = std::time::Duration::from_micros(nth * 20);
        cut += u32::from(tokio::time::timeout(limit, watched).await.is_err());
        let found = fixture.store.observe_containers(host, 2, &listed).await.unwrap();
        let deployments = fixture.store.deployments().await.unwrap();
        assert!(deployments.iter().any(|known| known.id == found[0].deployment));
        let alive = fixture.store.containers(Some(host), false).await.unwrap();
        assert_eq!(alive.len(), 1, "nothing that is listed no longer stays");
    }
    assert!(cut > 0, "not one observation was cut short");
}

#[tokio::test]
async fn what_ran_once_is_forgotten_when_nothing_kept_speaks_of_it() {
    let fixture = Fixture::new().await;
    let (host, stays) = fixture.one().await;
    let once = fixture.list(host, &["app", "build-1", "typed"]).await;
    let store = &fixture.store;
    for of in &once {
        let reports = [report(of.deployment, window(0), Some(7))];
        store.save_reports(host, window(0), &reports).await.unwrap();
    }
    let typed = AppSizes {
        limit_bytes: Some(5),
        ..AppSizes::default()
    };
    store.set_app_sizes(once[2].app, None, &typed).await.unwrap();
    fixture.list(host, &["app"]).await;
    let names = async || -> Vec<String> {
        let apps = store.apps().await.unwrap();
        apps.into_iter().map(|app| app.name.0).collect()
    };
    let prune = async |days: i64| {
        let now_ms = MIDNIGHT_MS + days * DAY_MS;
        fixture.seal(now_ms).await;
        while store.prune(now_ms, &Retention::default()).await.unwrap().more {}
    };
    prune(729).await;
    assert_eq!(
        names().await,
        ["app", "build-1", "typed"],
        "sums still speak of it"
    );
    prune(760).await;
    assert_eq!(
        names().await,
        ["app", "typed"],
        "what the user typed keeps an app"
    );
    assert_eq!(
        store.deployments().await.unwrap().len(),
        1,
        "and what runs keeps its deployment"
    );
    let back = fixture.list(host, &["app", "build-1"]).await;
    assert_eq!(back[0], stays);
    assert_ne!(back[1].deployment, once[1].deployment, "ids are not used again");
    assert_eq!(names().await, ["app", "typed", "build-1"]);
}

#[tokio::test]
async fn sizes_typed_by_the_user_are_kept_per_app_and_per_host_and_taken_back() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let all = AppSizes {
        estimate_bytes: Some(5),
        ..AppSizes::default()
    };
    let one = AppSizes {
        display_name: Some("X".to_owned()),
        limit_bytes: Some(i64::MAX as u64),
        ..AppSizes::default()
    };
    fixture.store.set_app_sizes(of.app, None, &one).await.unwrap();
    fixture.store.set_app_sizes(of.app, None, &all).await.unwrap();
    fixture
        .store
        .set_app_sizes(of.app, Some(host), &one)
        .await
        .unwrap();
    let kept = fixture.store.app_sizes().await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!((kept[0].host, &kept[0].sizes), (None, &all));
    assert_eq!((kept[1].host, &kept[1].sizes), (Some(host), &one));
    fixture
        .store
        .set_app_sizes(of.app, Some(host), &AppSizes::default())
        .await
        .unwrap();
    assert_eq!(fixture.store.app_sizes().await.unwrap().len(), 1);

    let unknown = fixture.store.set_app_sizes(AppId(99), None, &all).await;
    assert!(matches!(
        unknown,
        Err(StoreError::NotFound { what: "app", id: 99 })
    ));
    let huge = AppSizes {
        limit_bytes: Some(u64::MAX),
        ..AppSizes::default()
    };
    assert!(matches!(
        fixture.store.set_app_sizes(of.app, None, &huge).await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(
        fixture.store.app_sizes().await.unwrap()[0].sizes,
        all,
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn changes_are_told_newest_first_and_by_app_and_host() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let other = fixture.host("other").await;
    let change = |at_ms, host, app, kind: &str| Change {
        at_ms,
        host,
        app,
        container: None,
        kind: kind.to_owned(),
        detail_json: r#"{"exit_code":137}"#.to_owned(),
    };
    let given = [
        change(10, host, Some(of.app), "container_started"),
        change(20, other, None, "host_lost"),
        change(20, host, Some(of.app), "oom_killed"),
    ];
    fixture.store.append_changes(&given).await.unwrap();
    let recent = fixture.store.recent_changes(2).await.unwrap();
    assert_eq!(recent, [given[2].clone(), given[1].clone()]);
    let range = TimeRange {
        from_ms: 10,
        to_ms: 20,
    };
    assert_eq!(
        fixture
            .store
            .changes_of(ChangesOf::App(of.app), range, 9)
            .await
            .unwrap(),
        given[..1]
    );
    assert_eq!(
        fixture
            .store
            .changes_of(ChangesOf::Host(other), range, 9)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn settings_are_json_by_key() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.store.load_setting("general").await.unwrap(), None);
    fixture.store.save_setting("general", r#"{"a":1}"#).await.unwrap();
    fixture.store.save_setting("general", r#"{"a":2}"#).await.unwrap();
    assert!(matches!(
        fixture.store.save_setting("general", "{").await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(
        fixture.store.load_setting("general").await.unwrap().as_deref(),
        Some(r#"{"a":2}"#)
    );
}

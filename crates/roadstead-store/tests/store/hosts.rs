use roadstead_model::{Endpoint, HostFacts, HostId};
use roadstead_store::{HostEdit, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, new_host, open, report, tick, window};

#[tokio::test]
async fn a_host_comes_back_as_it_was_added_and_edited() {
    let fixture = Fixture::new().await;
    let id = fixture.host(" nas ").await;
    let edit = HostEdit {
        name: "nas-2".to_owned(),
        customer: "Home".to_owned(),
        endpoint: Endpoint::parse("tcp://10.0.0.5").unwrap(),
        accept_plain_text: true,
        interval_override_ms: Some(30_000),
    };
    let before = fixture.store.hosts().await.unwrap();
    assert_eq!(before[0].name, "nas", "spaces around a name are nobody's intent");
    assert_eq!(before[0].endpoint, new_host("nas").endpoint);
    assert_eq!(
        (before[0].paused, before[0].last_tick_ms, before[0].removed_at_ms),
        (false, None, None)
    );

    fixture.store.update_host(id, edit.clone()).await.unwrap();
    fixture.store.set_host_paused(id, true).await.unwrap();
    let facts = HostFacts {
        engine_id: "E".to_owned(),
        engine_kind: "Docker".to_owned(),
        engine_version: "20.10.24".to_owned(),
        api_version: "1.41".to_owned(),
        hostname: "nas".to_owned(),
        operating_system: "Debian".to_owned(),
        cpu_cores: 4,
        memory_bytes: 1 << 34,
        cgroup_version: Some(2),
    };
    fixture.store.record_host_facts(id, &facts, 77).await.unwrap();
    let after = &fixture.store.hosts().await.unwrap()[0];
    assert_eq!(after.name, edit.name);
    assert_eq!(after.customer, edit.customer);
    assert_eq!(after.endpoint, edit.endpoint);
    assert!(after.accept_plain_text && after.paused);
    assert_eq!(after.interval_override_ms, Some(30_000));
    assert_eq!(
        (after.facts.as_ref(), after.facts_at_ms),
        (Some(&facts), Some(77))
    );
}

#[tokio::test]
async fn writing_is_off_until_it_is_turned_on_and_again_when_the_endpoint_is_another() {
    let fixture = Fixture::new().await;
    let id = fixture.host("nas").await;
    let store = &fixture.store;
    let writing = async || store.hosts().await.unwrap()[0].writing;
    assert!(!writing().await, "a new host is only looked at");
    store.set_host_writing(id, true).await.unwrap();
    assert!(writing().await);
    let mut edit = HostEdit {
        name: "another name".to_owned(),
        customer: "Another".to_owned(),
        endpoint: new_host("nas").endpoint,
        accept_plain_text: true,
        interval_override_ms: Some(30_000),
    };
    store.update_host(id, edit.clone()).await.unwrap();
    assert!(writing().await, "it is the same machine");
    store.remove_host(id, 1).await.unwrap();
    store.restore_host(id).await.unwrap();
    assert!(writing().await, "a restored host keeps what it had");
    edit.endpoint = Endpoint::parse("ssh://ops@other.example").unwrap();
    store.update_host(id, edit).await.unwrap();
    assert!(!writing().await, "it may be another machine now");
}

#[tokio::test]
async fn names_are_unique_among_hosts_that_are_not_removed_in_any_case() {
    let fixture = Fixture::new().await;
    let first = fixture.host("Éva").await;
    let taken = fixture.store.add_host(new_host("éVA")).await;
    assert!(matches!(taken, Err(StoreError::NameTaken(name)) if name == "éVA"));

    fixture.store.remove_host(first, 1).await.unwrap();
    let second = fixture.host("éva").await;
    let restored = fixture.store.restore_host(first).await;
    assert!(matches!(restored, Err(StoreError::NameTaken(_))));
    fixture.store.remove_host(second, 2).await.unwrap();
    fixture.store.restore_host(first).await.unwrap();
    assert_eq!(fixture.store.hosts().await.unwrap()[0].removed_at_ms, None);
    assert!(matches!(
        fixture.store.add_host(new_host("  ")).await,
        Err(StoreError::Invalid(_))
    ));
}

#[tokio::test]
async fn what_does_not_exist_is_said_not_to() {
    let fixture = Fixture::new().await;
    let missing = HostId(99);
    for outcome in [
        fixture.store.set_host_paused(missing, true).await,
        fixture.store.set_host_writing(missing, true).await,
        fixture.store.remove_host(missing, 1).await,
        fixture.store.restore_host(missing).await,
        fixture.store.last_closed_window(missing).await.map(|_| ()),
        fixture.store.save_reports(missing, window(0), &[]).await,
        fixture
            .store
            .observe_containers(missing, 1, &[crate::fixture::facts("a", "a")])
            .await
            .map(|_| ()),
    ] {
        assert!(
            matches!(outcome, Err(StoreError::NotFound { what: "host", id: 99 })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_removed_host_counts_for_nothing_until_it_is_taken_back() {
    let fixture = Fixture::new().await;
    let (big, small) = (fixture.host("big").await, fixture.host("small").await);
    for (host, memory) in [(big, 9_000_000), (small, 1_000_000)] {
        let of = fixture.list(host, &["app"]).await[0].deployment;
        for day in 0..9 {
            let at = window(day * 96);
            let reports = [report(of, at, Some(memory))];
            fixture.store.save_reports(host, at, &reports).await.unwrap();
        }
    }
    fixture.seal(MIDNIGHT_MS + 10 * 86_400_000).await;
    let store = &fixture.store;
    let app = crate::fixture::only_app(store).await;
    let range = crate::fixture::windows(0, 9 * 96);
    let seen = async || {
        let row = store
            .app_aggregate(app, crate::fixture::over(range))
            .await
            .unwrap();
        let row = row.unwrap();
        assert_eq!(
            store.fleet(crate::fixture::over(range)).await.unwrap(),
            std::slice::from_ref(&row)
        );
        let trend = store.history(app, &[], range, 86_400_000).await.unwrap();
        let latest = store.latest_reports(None).await.unwrap().len();
        (
            row.memory_peak_bytes,
            row.deployments.len(),
            trend.memory_peak_bytes[3],
            latest,
        )
    };
    assert_eq!(seen().await, (Some(9_000_000), 2, Some(9_000_000), 2));
    store.remove_host(big, 1).await.unwrap();
    assert_eq!(seen().await, (Some(1_000_000), 1, Some(1_000_000), 1));
    assert_eq!(
        store
            .history(app, &[big], range, 86_400_000)
            .await
            .unwrap()
            .memory_peak_bytes[3],
        Some(9_000_000),
        "what is asked for by name is still there"
    );
    store.restore_host(big).await.unwrap();
    assert_eq!(seen().await, (Some(9_000_000), 2, Some(9_000_000), 2));
}

#[tokio::test]
async fn purging_a_removed_host_leaves_nothing_of_it_and_everything_of_others() {
    let fixture = Fixture::new().await;
    let (gone, stays) = (fixture.host("gone").await, fixture.host("stays").await);
    let of_gone = fixture.list(gone, &["shared", "alone"]).await;
    let of_stays = fixture.list(stays, &["shared"]).await;
    for day in 0..9 {
        for (host, listed) in [(gone, &of_gone), (stays, &of_stays)] {
            let at = window(day * 96);
            let reports: Vec<_> = listed
                .iter()
                .map(|of| report(of.deployment, at, Some(100)))
                .collect();
            fixture.store.save_reports(host, at, &reports).await.unwrap();
            let samples: Vec<_> = listed.iter().map(|of| (of, Some(5))).collect();
            fixture
                .store
                .append_ticks(&[tick(host, at.start_ms, &samples)])
                .await
                .unwrap();
        }
    }
    fixture.seal(MIDNIGHT_MS + 10 * 86_400_000).await;
    fixture.store.remove_host(gone, 1).await.unwrap();
    assert_eq!(
        fixture.store.purge_removed_hosts(1).await.unwrap().rows,
        0,
        "removed at 1 is not before 1"
    );
    while fixture.store.purge_removed_hosts(2).await.unwrap().more {}

    let store = &fixture.store;
    assert_eq!(store.hosts().await.unwrap().len(), 1);
    let names: Vec<String> = store
        .apps()
        .await
        .unwrap()
        .into_iter()
        .map(|app| app.name.0)
        .collect();
    assert_eq!(
        names,
        ["shared"],
        "an app that was on that host alone went with it"
    );
    assert_eq!(store.containers(None, true).await.unwrap().len(), 1);
    let range = crate::fixture::windows(0, 9 * 96);
    let fleet = store.fleet(crate::fixture::over(range)).await.unwrap();
    assert_eq!(fleet.len(), 1);
    assert_eq!(fleet[0].reports, 9);
    assert_eq!(fleet[0].deployments[0].deployment, of_stays[0].deployment);
    assert_eq!(store.ticks_between(stays, range).await.unwrap().len(), 9);
    assert_eq!(store.ticks_between(gone, range).await.unwrap().len(), 0);
    let sums: u64 = store
        .sizes()
        .await
        .unwrap()
        .kinds
        .iter()
        .map(|kind| kind.entries)
        .sum();
    let dir = fixture.dir.path().to_owned();
    store.close().await.unwrap();
    let again = open(&dir).await.store;
    assert_eq!(again.deployments().await.unwrap().len(), 1);
    assert_eq!(
        again
            .sizes()
            .await
            .unwrap()
            .kinds
            .iter()
            .map(|kind| kind.entries)
            .sum::<u64>(),
        sums
    );
}

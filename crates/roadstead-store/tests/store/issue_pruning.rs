//! What becomes of issues when hosts are removed, time passes, and apps are forgotten.

use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{AppId, HostId};
use roadstead_store::{
    IgnoredUntil, IssueFilter, IssueQuery, IssueState, Retention, SAMPLES_KEPT, StoreError,
};

use crate::fixture::{Fixture, MIDNIGHT_MS};
use crate::logbook::{
    Log, NOW_MS, ago, all, counts, day, errors, in_full, many_errors, one_log, only_issue, warnings,
};

/// Prunes until nothing is left to prune.
async fn prune(fixture: &Fixture, now_ms: i64) {
    for _ in 0..10_000 {
        let done = fixture.store.prune(now_ms, &Retention::default()).await.unwrap();
        if !done.more {
            return;
        }
    }
    panic!("pruning does not end");
}

/// Two hosts with the same app: an issue on both, one on the first, one on the second.
async fn two_hosts() -> (Fixture, [HostId; 2], [Log; 2]) {
    let fixture = Fixture::new().await;
    let hosts = [fixture.host("a").await, fixture.host("b").await];
    let mut logs = Vec::new();
    for host in hosts {
        let of = fixture.list(host, &["app"]).await[0].clone();
        logs.push(Log::of(host, &of, "app-1"));
    }
    let [mut a, mut b]: [Log; 2] = logs.try_into().unwrap();
    a.record(
        &fixture,
        vec![many_errors(1, 100, ago(10)), errors(2, &[ago(20)])],
    )
    .await;
    b.record(
        &fixture,
        vec![errors(1, &[ago(70), ago(80)]), warnings(3, &[ago(30)])],
    )
    .await;
    (fixture, hosts, [a, b])
}

#[tokio::test]
async fn issues_of_a_removed_host_are_hidden_and_come_back_with_it() {
    let (fixture, [a, b], _) = two_hosts().await;
    let store = &fixture.store;
    let before = store.issues(&all()).await.unwrap();
    assert_eq!((before.total, before.counts.open), (3, 3));
    store.remove_host(a, NOW_MS).await.unwrap();
    let hidden = store.issues(&all()).await.unwrap();
    let messages: Vec<_> = hidden.rows.iter().map(|row| row.message.as_str()).collect();
    assert_eq!(messages, ["trouble 1", "trouble 3"]);
    assert_eq!(
        (hidden.total, hidden.counts.open, hidden.counts.open_errors),
        (2, 2, 1)
    );
    let full = in_full(&fixture, hidden.rows[0].id).await;
    assert!(full.places.iter().all(|place| place.host == b));
    assert!(full.samples.iter().all(|sample| sample.host == b));
    store.restore_host(a).await.unwrap();
    assert_eq!(store.issues(&all()).await.unwrap(), before);
    assert_eq!(in_full(&fixture, before.rows[0].id).await.places.len(), 2);
}

#[tokio::test]
async fn a_purged_host_takes_its_part_of_every_issue_with_it() {
    let (fixture, [a, b], [_, mut log]) = two_hosts().await;
    let store = &fixture.store;
    let ids: Vec<_> = store.issues(&all()).await.unwrap().rows;
    store.remove_host(a, NOW_MS).await.unwrap();
    store.purge_removed_hosts(NOW_MS + 1).await.unwrap();
    let left = store.issues(&all()).await.unwrap();
    assert_eq!(left.total, 2);
    let both = left.rows.iter().find(|row| row.message == "trouble 1").unwrap();
    assert_eq!((both.count, both.hosts, both.containers), (2, 1, 1));
    assert_eq!(both.spark.iter().sum::<u64>(), 2);
    assert_eq!(both.last_seen_ms, ago(70), "as seen where it is left");
    let full = in_full(&fixture, both.id).await;
    assert_eq!(
        full.places.iter().map(|place| place.host).collect::<Vec<_>>(),
        [b]
    );
    assert_eq!(full.samples.len(), 2);
    let only_on_a = ids.iter().find(|row| row.message == "trouble 2").unwrap();
    let gone = store.issue(only_on_a.id, NOW_MS, day(), HOUR_MS).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
    let counted: u64 = counts(store).await.iter().map(|c| c.errors).sum();
    assert_eq!(counted, 2, "its counts are gone with it");
    // The ones that are left go on.
    let recorded = log.record(&fixture, vec![errors(1, &[ago(1)])]).await;
    assert_eq!(recorded.new, []);
}

#[tokio::test]
async fn an_issue_not_seen_for_thirty_days_goes_and_is_not_new_when_it_comes_again() {
    let (fixture, mut log) = one_log().await;
    log.record(
        &fixture,
        vec![
            errors(1, &[ago(10)]),
            errors(2, &[ago(10)]),
            errors(3, &[ago(10)]),
        ],
    )
    .await;
    let before = fixture.store.issues(&all()).await.unwrap().rows;
    let id = |kind: usize| {
        before
            .iter()
            .find(|row| row.message.ends_with(&kind.to_string()))
            .unwrap()
            .id
    };
    let ever = IssueState::Ignored(IgnoredUntil::Never);
    fixture
        .store
        .set_issue_state(&[id(2)], ever, ago(5))
        .await
        .unwrap();
    let change = IssueState::Ignored(IgnoredUntil::Change);
    fixture
        .store
        .set_issue_state(&[id(3)], change, ago(5))
        .await
        .unwrap();
    let kept_ms = ago(10) + 30 * DAY_MS;
    prune(&fixture, kept_ms).await;
    assert_eq!(
        fixture.store.issues(&all()).await.unwrap().total,
        3,
        "30 days are not over"
    );
    prune(&fixture, kept_ms + 1).await;
    let list = fixture.store.issues(&all()).await.unwrap();
    assert_eq!((list.total, list.counts), (0, Default::default()));
    assert!(fixture.store.issue(id(1), NOW_MS, day(), HOUR_MS).await.is_err());

    let again_ms = kept_ms + DAY_MS;
    let recorded = log
        .record(
            &fixture,
            vec![
                errors(1, &[again_ms]),
                errors(2, &[again_ms]),
                errors(3, &[again_ms]),
                errors(4, &[again_ms]),
            ],
        )
        .await;
    assert_eq!(recorded.new.len(), 1, "only the fourth was never seen");
    let now = IssueQuery {
        now_ms: again_ms,
        ..all()
    };
    let list = fixture.store.issues(&now).await.unwrap();
    assert_eq!((list.total, list.counts.new, list.counts.ignored), (4, 1, 2));
    for row in list.rows.iter().filter(|row| row.message != "trouble 4") {
        assert_eq!((row.count, row.hosts, row.containers), (1, 1, 1), "counted anew");
        assert_eq!((row.first_seen_ms, row.last_seen_ms), (ago(10), again_ms));
    }
    assert_eq!(list.rows.iter().find(|row| row.id == id(2)).unwrap().state, ever);
    let until_change = list.rows.iter().find(|row| row.id == id(3)).unwrap();
    assert_eq!(
        until_change.state, change,
        "that its place was forgotten is no change"
    );
    let full = fixture
        .store
        .issue(id(1), again_ms, day(), HOUR_MS)
        .await
        .unwrap();
    assert_eq!(full.samples.len(), 1, "the old samples are gone");
}

#[tokio::test]
async fn a_resolved_issue_that_comes_again_after_it_was_pruned_has_come_back() {
    let (fixture, mut log) = one_log().await;
    let id = log.record(&fixture, vec![errors(1, &[ago(10)])]).await.new[0];
    fixture
        .store
        .set_issue_state(&[id], IssueState::Resolved, ago(5))
        .await
        .unwrap();
    let later_ms = NOW_MS + 40 * DAY_MS;
    prune(&fixture, later_ms).await;
    let recorded = log.record(&fixture, vec![errors(1, &[later_ms])]).await;
    assert_eq!((recorded.new, recorded.regressed), (vec![], vec![id]));
    let regressed = only_issue(&fixture).await.regressed.unwrap();
    assert_eq!(regressed.at_ms, later_ms);
}

#[tokio::test]
async fn hours_and_counts_go_when_they_are_too_old_and_the_issue_stays() {
    let (fixture, mut log) = one_log().await;
    let last_ms = NOW_MS + 100 * DAY_MS;
    log.record(
        &fixture,
        vec![errors(1, &[NOW_MS, last_ms - 40 * DAY_MS, last_ms])],
    )
    .await;
    let kinds = async || {
        let sizes = fixture.store.sizes().await.unwrap();
        let of = sizes
            .kinds
            .into_iter()
            .find(|size| size.kind == "issues")
            .unwrap();
        (of.entries, of.bytes, of.oldest_ms)
    };
    let before = kinds().await;
    assert_eq!((before.0, before.2), (1, Some(NOW_MS)));
    prune(&fixture, last_ms).await;
    let after = kinds().await;
    assert_eq!(
        (after.0, before.1 - after.1),
        (1, 2 * 16),
        "two of three hours are older than 30 days"
    );
    let counted = counts(&fixture.store).await;
    let windows: Vec<i64> = counted.iter().map(|count| count.window.start_ms).collect();
    assert_eq!(
        windows,
        [last_ms - 40 * DAY_MS, last_ms],
        "reports of 100 days ago are gone, and so are their counts"
    );
    assert_eq!(only_issue(&fixture).await.count, 3, "the issue still says all");
}

#[tokio::test]
async fn an_app_is_not_forgotten_while_an_issue_speaks_of_it() {
    let (fixture, mut log) = one_log().await;
    let started_ms = MIDNIGHT_MS + 1_000 * DAY_MS;
    // The container is long gone; its newest issue is not.
    log.record(&fixture, vec![errors(1, &[started_ms])]).await;
    fixture
        .store
        .observe_containers(log.host, MIDNIGHT_MS, &[])
        .await
        .unwrap();
    prune(&fixture, started_ms + DAY_MS).await;
    let apps = async || -> Vec<AppId> {
        let apps = fixture.store.apps().await.unwrap();
        apps.into_iter().map(|app| app.id).collect()
    };
    assert_eq!(
        fixture.store.deployments().await.unwrap(),
        [],
        "its place is forgotten"
    );
    assert_eq!(apps().await, [log.of.app]);
    assert_eq!(only_issue(&fixture).await.app, log.of.app);
    // Another place goes much later, and with it what nothing speaks of any more.
    let other = fixture.list(log.host, &["other"]).await;
    assert_eq!(apps().await.len(), 2);
    fixture
        .store
        .observe_containers(log.host, MIDNIGHT_MS, &[])
        .await
        .unwrap();
    assert_eq!(other.len(), 1);
    prune(&fixture, started_ms + 1_000 * DAY_MS).await;
    prune(&fixture, started_ms + 1_000 * DAY_MS).await;
    assert_eq!(apps().await, []);
}

#[tokio::test]
async fn sizes_tell_what_issues_take() {
    let (fixture, mut log) = one_log().await;
    let of = async || {
        let sizes = fixture.store.sizes().await.unwrap();
        sizes
            .kinds
            .into_iter()
            .find(|size| size.kind == "issues")
            .unwrap()
    };
    let none = of().await;
    assert_eq!((none.entries, none.bytes, none.oldest_ms), (0, 0, None));
    let at: Vec<i64> = (0..SAMPLES_KEPT as i64).map(ago).collect();
    log.record(&fixture, vec![errors(1, &at), errors(2, &[ago(90)])])
        .await;
    let some = of().await;
    assert_eq!((some.entries, some.oldest_ms), (2, Some(ago(90))));
    // 21 samples of `["the line"]`, three hours, two messages stored twice and two masked forms.
    assert_eq!(some.bytes, 21 * 12 + 3 * 16 + 2 * (2 * 9 + 11));
    prune(&fixture, NOW_MS + 31 * DAY_MS).await;
    assert_eq!(of().await.entries, 0, "what was pruned is not counted");
}

#[tokio::test]
async fn pruning_many_is_done_in_bounded_pieces() {
    let (fixture, mut log) = one_log().await;
    let kinds = (0..1_100).map(|kind| many_errors(kind, 1, ago(1))).collect();
    log.record(&fixture, kinds).await;
    let now_ms = NOW_MS + 31 * DAY_MS;
    let total = async || {
        let query = IssueQuery {
            filter: IssueFilter::Open,
            ..all()
        };
        fixture.store.issues(&query).await.unwrap().total
    };
    let mut seen = vec![total().await];
    loop {
        let done = fixture.store.prune(now_ms, &Retention::default()).await.unwrap();
        seen.push(total().await);
        if !done.more {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen, [1_100, 600, 100, 0]);
}

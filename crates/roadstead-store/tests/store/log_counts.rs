//! Counts of deployments by window, and the issues their reports carry.

use roadstead_model::{DeploymentId, TimeRange, Window};
use roadstead_store::{IssueSeverity, LogCount};

use crate::fixture::{Fixture, MIDNIGHT_MS, open};
use crate::logbook::{Log, ago, counts, errors, listed, many_errors, one_log, warnings};

/// The window that holds a moment so many minutes before noon.
fn window(minutes_ago: i64) -> Window {
    Window::holding(ago(minutes_ago))
}

/// One window.
fn span(minutes_ago: i64) -> TimeRange {
    let window = window(minutes_ago);
    TimeRange::new(window.start_ms, window.end_ms()).unwrap()
}

fn count(deployment: DeploymentId, minutes_ago: i64, errors: u64, warnings: u64) -> LogCount {
    LogCount {
        deployment,
        window: window(minutes_ago),
        errors,
        warnings,
    }
}

#[tokio::test]
async fn errors_and_warnings_are_counted_in_the_window_they_were_printed_in() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    let on_a = fixture
        .store
        .observe_containers(
            a,
            MIDNIGHT_MS,
            &[listed("shop", "web"), listed("shop", "db"), listed("mail", "mx")],
        )
        .await
        .unwrap();
    let on_b = fixture.list(b, &["shop"]).await;
    for (nth, name) in ["web", "db"].iter().enumerate() {
        Log::of(a, &on_a[nth], name)
            .record(
                &fixture,
                // 11:45 is the first moment of a window, 11:44 of the one before.
                vec![errors(1, &[ago(15), ago(16)]), warnings(2, &[ago(1), ago(2)])],
            )
            .await;
    }
    Log::of(b, &on_b[0], "shop-1")
        .record(&fixture, vec![errors(1, &[ago(16)])])
        .await;
    let shop = on_a[0].deployment;
    assert_eq!(shop, on_a[1].deployment, "two containers of one deployment");
    let store = &fixture.store;
    assert_eq!(
        counts(store).await,
        [
            count(shop, 16, 2, 0),
            count(shop, 15, 2, 4),
            count(on_b[0].deployment, 16, 1, 0),
        ]
    );
    assert_eq!(
        store.log_counts(a, span(15)).await.unwrap(),
        [count(shop, 15, 2, 4)]
    );
    assert_eq!(
        store.log_counts(a, span(16)).await.unwrap(),
        [count(shop, 16, 2, 0)]
    );
    assert_eq!(store.log_counts(a, span(60)).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_counted_since_a_report_stays_to_be_reported() {
    let (fixture, mut log) = one_log().await;
    let store = &fixture.store;
    let of = log.of.deployment;
    log.record(&fixture, vec![errors(1, &[ago(40)]), warnings(2, &[ago(20)])])
        .await;
    let unreported = async |most| store.unreported_log_counts(most).await.unwrap();
    let close = async |closed| store.save_reports(log.host, closed, &[]).await.unwrap();
    let (old, new) = (count(of, 40, 1, 0), count(of, 20, 0, 1));
    assert_eq!(unreported(10).await, [], "no window is closed");
    close(window(60)).await;
    assert_eq!(unreported(10).await, []);
    close(window(40)).await;
    assert_eq!(unreported(10).await, [(log.host, vec![old])], "up to that window");
    close(window(0)).await;
    assert_eq!(unreported(10).await, [(log.host, vec![old, new])], "oldest first");
    assert_eq!(unreported(1).await, [(log.host, vec![old])]);
    store.mark_reported(&[old]).await.unwrap();
    assert_eq!(unreported(10).await, [(log.host, vec![new])]);
    // Read late: more of the window that was reported.
    log.at = store
        .log_cursors(log.host)
        .await
        .unwrap()
        .first()
        .map(|cursor| cursor.position);
    let mut log = log.clone();
    log.record(&fixture, vec![errors(1, &[ago(39), ago(38)])]).await;
    let late = count(of, 40, 3, 0);
    assert_eq!(unreported(10).await, [(log.host, vec![late, new])]);
    // A report made of the older counts does not hide it.
    store.mark_reported(&[old]).await.unwrap();
    assert_eq!(unreported(10).await, [(log.host, vec![late, new])]);
    store.mark_reported(&[late, new]).await.unwrap();
    assert_eq!(unreported(10).await, []);
    store.mark_reported(&[]).await.unwrap();
    assert_eq!(counts(store).await, [late, new], "they are still there");
}

#[tokio::test]
async fn another_hosts_counts_are_not_this_ones_to_report() {
    let (fixture, mut log) = one_log().await;
    let other = fixture.host("two").await;
    let of = fixture.list(other, &["app"]).await[0].clone();
    log.record(&fixture, vec![errors(1, &[ago(40)])]).await;
    Log::of(other, &of, "app-1")
        .record(&fixture, vec![errors(1, &[ago(40)]), errors(2, &[ago(40)])])
        .await;
    let store = &fixture.store;
    for host in [other, log.host] {
        store.save_reports(host, window(0), &[]).await.unwrap();
    }
    assert_eq!(
        store.unreported_log_counts(10).await.unwrap(),
        [
            (log.host, vec![count(log.of.deployment, 40, 1, 0)]),
            (other, vec![count(of.deployment, 40, 2, 0)])
        ]
    );
    store.remove_host(other, MIDNIGHT_MS).await.unwrap();
    assert_eq!(
        store.unreported_log_counts(10).await.unwrap(),
        [(log.host, vec![count(log.of.deployment, 40, 1, 0)])],
        "a removed host reports nothing"
    );
    store.restore_host(other).await.unwrap();
    assert_eq!(
        store.log_counts(log.host, span(40)).await.unwrap(),
        [count(log.of.deployment, 40, 1, 0)]
    );
}

#[tokio::test]
async fn a_report_carries_the_ten_issues_with_most_events_then_the_newest() {
    let (fixture, mut log) = one_log().await;
    // Kinds 1 to 12, two of them equal in number, two equal in both.
    let mut kinds: Vec<_> = (1..=9).map(|kind| many_errors(kind, kind, ago(9))).collect();
    kinds.push(many_errors(10, 5, ago(8)));
    kinds.push(many_errors(11, 5, ago(7)));
    kinds.push(many_errors(12, 5, ago(8)));
    log.record(&fixture, kinds).await;
    // Of another window, and so of no interest.
    log.record(&fixture, vec![many_errors(1, 1_000, ago(30))]).await;
    let reported = fixture
        .store
        .reported_issues(log.of.deployment, window(9))
        .await
        .unwrap();
    let told: Vec<_> = reported
        .iter()
        .map(|issue| (issue.message.as_str(), issue.count, issue.last_seen_ms))
        .collect();
    assert_eq!(
        told,
        [
            ("trouble 9", 9, ago(9)),
            ("trouble 8", 8, ago(9)),
            ("trouble 7", 7, ago(9)),
            ("trouble 6", 6, ago(9)),
            ("trouble 11", 5, ago(7)),
            ("trouble 10", 5, ago(8)),
            ("trouble 12", 5, ago(8)),
            ("trouble 5", 5, ago(9)),
            ("trouble 4", 4, ago(9)),
            ("trouble 3", 3, ago(9)),
        ]
    );
    let none = fixture.store.reported_issues(log.of.deployment, window(90)).await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn an_issue_with_an_event_now_and_then_is_counted_whole_however_many_others_have_more() {
    let (fixture, mut log) = one_log().await;
    // Each read brings sixty others, each with more events than the quiet one.
    for read in 0..9 {
        let mut found: Vec<_> = (0..60)
            .map(|nth| many_errors(100 + read * 60 + nth, 8, ago(9)))
            .collect();
        found.truncate(50);
        found.push(many_errors(7, 1, ago(8)));
        log.record(&fixture, found).await;
    }
    let reported = fixture
        .store
        .reported_issues(log.of.deployment, window(9))
        .await
        .unwrap();
    let first = (reported[0].message.as_str(), reported[0].count);
    assert_eq!(first, ("trouble 7", 9));
    assert_eq!(reported.len(), 10);
}

#[tokio::test]
async fn a_window_keeps_five_hundred_issues_and_all_of_its_counts() {
    let (fixture, mut log) = one_log().await;
    let found = (0..700)
        .map(|nth| many_errors(nth, 1 + nth % 7, ago(9)))
        .collect();
    log.record(&fixture, found).await;
    let counted = counts(&fixture.store).await;
    assert_eq!(counted[0].errors, (0..700).map(|nth| 1 + nth % 7).sum::<u64>());
    let dir = fixture.dir;
    fixture.store.close().await.unwrap();
    let json = crate::opening::text(dir.path(), "SELECT issues_json FROM log_count").await;
    assert_eq!(json.matches(",[1]]").count(), 500, "each with its container");
}

#[tokio::test]
async fn each_containers_part_of_a_window_is_known() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let names = ["web-1", "web-2", "web-3"];
    let of = fixture
        .store
        .observe_containers(host, MIDNIGHT_MS, &names.map(|name| listed("shop", name)))
        .await
        .unwrap();
    let [mut first, mut second]: [Log; 2] = [0, 1].map(|nth| Log::of(host, &of[nth], names[nth]));
    first
        .record(&fixture, vec![warnings(1, &[ago(9)]), many_errors(2, 3, ago(9))])
        .await;
    second.record(&fixture, vec![many_errors(2, 5, ago(5))]).await;
    first.record(&fixture, vec![errors(2, &[ago(8)])]).await;
    let store = &fixture.store;
    let counted = store
        .log_counts_of_containers(of[0].deployment, window(9))
        .await
        .unwrap();
    let told: Vec<_> = counted
        .iter()
        .map(|of| (of.container, of.errors, of.warnings))
        .collect();
    assert_eq!(told, [(of[0].container, 4, 1), (of[1].container, 5, 0)]);
    let reported = store.reported_issues(of[0].deployment, window(9)).await.unwrap();
    let seen_in: Vec<_> = reported.iter().map(|issue| issue.containers.clone()).collect();
    assert_eq!(
        seen_in,
        [vec![of[0].container, of[1].container], vec![of[0].container]]
    );
    let none = store.log_counts_of_containers(of[0].deployment, window(90)).await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn counts_of_before_containers_were_kept_are_read_and_gone_on_with() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![many_errors(1, 2, ago(9))]).await;
    let dir = fixture.dir;
    fixture.store.close().await.unwrap();
    crate::opening::sql(
        dir.path(),
        "UPDATE log_count SET containers_json = '[]', issues_json = '[[1,2,1728043260000]]'",
    )
    .await;
    let store = open(dir.path()).await.store;
    let fixture = Fixture { store, dir };
    let known = async || {
        let reported = fixture
            .store
            .reported_issues(log.of.deployment, window(9))
            .await
            .unwrap();
        (reported[0].count, reported[0].containers.clone())
    };
    assert_eq!(known().await, (2, vec![]));
    let mut next = log.clone();
    next.record(&fixture, vec![many_errors(1, 3, ago(9))]).await;
    assert_eq!(known().await, (5, vec![log.of.container]));
}

#[tokio::test]
async fn one_fingerprint_in_two_containers_is_one_entry_of_the_report() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture
        .store
        .observe_containers(
            host,
            MIDNIGHT_MS,
            &[listed("shop", "web-1"), listed("shop", "web-2")],
        )
        .await
        .unwrap();
    let mut first = Log::of(host, &of[0], "web-1");
    first
        .record(&fixture, vec![warnings(1, &[ago(9)]), many_errors(2, 3, ago(9))])
        .await;
    let mut second = Log::of(host, &of[1], "web-2");
    second.record(&fixture, vec![many_errors(1, 4, ago(5))]).await;
    first.record(&fixture, vec![errors(1, &[ago(8)])]).await;
    let store = &fixture.store;
    let reported = store.reported_issues(of[0].deployment, window(9)).await.unwrap();
    let told: Vec<_> = reported
        .iter()
        .map(|issue| (issue.count, issue.last_seen_ms, issue.severity))
        .collect();
    assert_eq!(
        told,
        [
            (6, ago(5), IssueSeverity::Error),
            (3, ago(9), IssueSeverity::Error)
        ]
    );
    assert_eq!(counts(store).await, [count(of[0].deployment, 9, 8, 1)]);
}

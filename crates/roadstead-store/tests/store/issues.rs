//! Issues: counted once, wherever and whenever their events were read.

use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{ContainerId, TimeRange};
use roadstead_store::{IssueSeverity, LogStream, SAMPLES_KEPT, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, open};
use crate::logbook::{
    Log, NOW_MS, ago, all, counts, day, errors, in_full, listed, many_errors, one_log, only_issue, sample,
    warnings,
};

#[tokio::test]
async fn counts_add_up_and_the_same_read_given_twice_counts_once() {
    let (fixture, mut log) = one_log().await;
    let mut reads = Vec::new();
    for count in [57, 1, 99] {
        reads.push(log.read(vec![many_errors(7, count, ago(5))]));
    }
    for (nth, read) in reads.iter().enumerate() {
        let recorded = fixture
            .store
            .record_logs(std::slice::from_ref(read))
            .await
            .unwrap();
        assert_eq!(
            recorded.new.len(),
            usize::from(nth == 0),
            "new the first time only"
        );
    }
    assert_eq!(only_issue(&fixture).await.count, 157);
    // Each of them again: the cursor stands elsewhere by now.
    let again = fixture.store.record_logs(&reads).await.unwrap();
    assert_eq!(again.left_out, [log.of.container; 3]);
    assert_eq!((again.new, again.regressed), (vec![], vec![]));
    let issue = only_issue(&fixture).await;
    assert_eq!(issue.count, 157);
    assert_eq!(issue.spark.iter().sum::<u64>(), 157);
    let counted = counts(&fixture.store).await;
    assert_eq!(
        (counted.len(), counted[0].errors, counted[0].warnings),
        (1, 157, 0)
    );
}

#[tokio::test]
async fn one_stale_read_does_not_keep_the_others_of_its_transaction_out() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.list(host, &["a", "b"]).await;
    let (mut a, mut b) = (Log::of(host, &of[0], "a-1"), Log::of(host, &of[1], "b-1"));
    let stale = a.read(vec![errors(1, &[ago(3)])]);
    fixture
        .store
        .record_logs(std::slice::from_ref(&stale))
        .await
        .unwrap();
    let both = [stale, b.read(vec![errors(2, &[ago(2)])])];
    let recorded = fixture.store.record_logs(&both).await.unwrap();
    assert_eq!(recorded.left_out, [a.of.container]);
    assert_eq!(recorded.new.len(), 1);
    let rows = fixture.store.issues(&all()).await.unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| (row.app, row.count)).collect::<Vec<_>>(),
        [(b.of.app, 1), (a.of.app, 1)]
    );
}

#[tokio::test]
async fn a_cursor_is_given_back_as_it_was_kept_and_its_lines_add_up() {
    let (fixture, mut log) = one_log().await;
    let mut first = log.read(vec![]);
    first.cursor.lines = 40;
    let mut second = log.read(vec![]);
    second.cursor.position.stderr = roadstead_store::StreamPosition {
        at_ns: Some(i64::MAX - 1),
        seen: 3,
        top_ns: Some(i64::MAX),
    };
    second.cursor.lines = 2;
    second.cursor.read_until_ms = None;
    second.cursor.state = "timeout".to_owned();
    second.cursor.fault_json = Some("{}".to_owned());
    fixture.store.record_logs(&[first, second.clone()]).await.unwrap();
    let dir = fixture.dir;
    fixture.store.close().await.unwrap();

    let store = open(dir.path()).await.store;
    let cursors = store.log_cursors(log.host).await.unwrap();
    let wanted = roadstead_store::LogCursor {
        lines: 42,
        // Not known by the second read, which does not make it unknown.
        read_until_ms: Some(NOW_MS),
        ..second.cursor
    };
    assert_eq!(cursors, [wanted]);
    assert!(cursors[0].position.stderr.is_behind_top());
    assert!(!cursors[0].position.stdout.is_behind_top());
}

#[tokio::test]
async fn a_container_nobody_knows_or_of_another_host_is_left_out() {
    let (fixture, log) = one_log().await;
    let mut unknown = log.clone();
    unknown.of.container = ContainerId(999);
    let mut elsewhere = log.clone();
    elsewhere.host = fixture.host("two").await;
    for mut log in [unknown, elsewhere] {
        let read = log.read(vec![errors(1, &[ago(1)])]);
        let recorded = fixture.store.record_logs(&[read]).await.unwrap();
        assert_eq!(recorded.left_out, [log.of.container]);
    }
    assert_eq!(fixture.store.issues(&all()).await.unwrap().total, 0);
    assert_eq!(counts(&fixture.store).await, []);
}

#[tokio::test]
async fn an_issue_without_an_event_is_refused_and_nothing_of_its_transaction_is_kept() {
    let (fixture, mut log) = one_log().await;
    let mut empty = errors(2, &[ago(1)]);
    empty.windows.clear();
    let read = log.read(vec![errors(1, &[ago(1)]), empty]);
    let outcome = fixture.store.record_logs(&[read]).await;
    assert!(matches!(outcome, Err(StoreError::Invalid(_))), "{outcome:?}");
    assert_eq!(fixture.store.issues(&all()).await.unwrap().total, 0);
    assert_eq!(fixture.store.log_cursors(log.host).await.unwrap(), []);
}

#[tokio::test]
async fn one_fingerprint_in_two_containers_of_an_app_is_one_issue_with_its_places() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    let on_a = fixture
        .store
        .observe_containers(
            a,
            MIDNIGHT_MS,
            &[
                listed("shop", "web-1"),
                listed("shop", "web-2"),
                listed("mail", "mail-1"),
            ],
        )
        .await
        .unwrap();
    let on_b = fixture
        .store
        .observe_containers(b, MIDNIGHT_MS, &[listed("shop", "web-1")])
        .await
        .unwrap();
    for (host, of, name, count) in [
        (a, &on_a[0], "web-1", 2),
        (a, &on_a[1], "web-2", 30),
        (b, &on_b[0], "web-1", 4),
        (a, &on_a[2], "mail-1", 500),
    ] {
        Log::of(host, of, name)
            .record(&fixture, vec![many_errors(7, count, ago(count as i64))])
            .await;
    }
    let rows = fixture.store.issues(&all()).await.unwrap().rows;
    assert_eq!(rows.len(), 2, "the same words of another app are another issue");
    let shop = rows.iter().find(|row| row.app == on_a[0].app).unwrap();
    assert_eq!((shop.count, shop.hosts, shop.containers), (36, 2, 3));
    let full = in_full(&fixture, shop.id).await;
    let places: Vec<_> = full
        .places
        .iter()
        .map(|place| (place.host, place.container_name.as_str(), place.count))
        .collect();
    assert_eq!(places, [(a, "web-2", 30), (b, "web-1", 4), (a, "web-1", 2)]);
    assert_eq!(full.places[0].first_seen_ms, ago(30));
    assert_eq!(full.masked, "trouble <7>");
    assert_eq!(full.fingerprint, (1, 7));
}

#[tokio::test]
async fn severity_rises_with_the_message_and_never_falls() {
    let (fixture, mut log) = one_log().await;
    let mut first = warnings(1, &[ago(9)]);
    first.message = "slow query".to_owned();
    log.record(&fixture, vec![first]).await;
    assert_eq!(only_issue(&fixture).await.severity, IssueSeverity::Warning);
    let mut worse = errors(1, &[ago(8)]);
    worse.message = "Query FAILED".to_owned();
    log.record(&fixture, vec![worse]).await;
    let mut milder = warnings(1, &[ago(7)]);
    milder.message = "slow again".to_owned();
    log.record(&fixture, vec![milder]).await;
    let issue = only_issue(&fixture).await;
    assert_eq!(
        (issue.severity, issue.message.as_str(), issue.count),
        (IssueSeverity::Error, "Query FAILED", 3)
    );
    for (search, found) in [("query failed", 1), ("slow", 0)] {
        let list = fixture
            .store
            .issues(&roadstead_store::IssueQuery {
                search: search.to_owned(),
                ..all()
            })
            .await
            .unwrap();
        assert_eq!(list.total, found, "{search}");
    }
}

#[tokio::test]
async fn first_and_last_seen_are_the_events_own_whatever_is_read_first() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(20), ago(40)])]).await;
    log.record(&fixture, vec![errors(1, &[ago(90)])]).await;
    log.record(&fixture, vec![errors(1, &[ago(30)])]).await;
    let issue = only_issue(&fixture).await;
    assert_eq!((issue.first_seen_ms, issue.last_seen_ms), (ago(90), ago(20)));
    let place = &in_full(&fixture, issue.id).await.places[0];
    assert_eq!((place.first_seen_ms, place.last_seen_ms), (ago(90), ago(20)));
}

#[tokio::test]
async fn the_image_of_a_place_is_that_of_its_newest_event() {
    let (fixture, mut log) = one_log().await;
    log.image = "app:2".to_owned();
    log.record(&fixture, vec![errors(1, &[ago(10)])]).await;
    log.image = "app:1".to_owned();
    log.record(&fixture, vec![errors(1, &[ago(20)])]).await;
    let issue = only_issue(&fixture).await;
    let full = in_full(&fixture, issue.id).await;
    assert_eq!(full.places[0].image, "app:2", "an older event was read later");
    log.image = "app:3".to_owned();
    log.record(&fixture, vec![errors(1, &[ago(5)])]).await;
    assert_eq!(in_full(&fixture, issue.id).await.places[0].image, "app:3");
}

#[tokio::test]
async fn occurrences_are_counted_in_the_hour_they_were_printed_in() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    for host in [a, b] {
        let of = fixture.list(host, &["app"]).await[0].clone();
        // 12:00, 11:59, 11:00 and 10:59, and the same minute of the day before.
        let at = [NOW_MS, ago(1), ago(60), ago(61), ago(24 * 60)];
        Log::of(host, &of, "app-1")
            .record(&fixture, vec![errors(1, &at)])
            .await;
    }
    let issue = only_issue(&fixture).await;
    assert_eq!(issue.spark.len(), 24);
    assert_eq!(
        issue.spark[21..],
        [2, 4, 2],
        "10, 11 and 12 o'clock on both hosts"
    );
    assert_eq!(
        issue.spark[..21],
        [0; 21],
        "the same hour of yesterday is outside"
    );
    let over = async |from_h: i64, to_h: i64, bucket_ms| {
        let range = TimeRange {
            from_ms: NOW_MS + from_h * HOUR_MS,
            to_ms: NOW_MS + to_h * HOUR_MS,
        };
        let full = fixture.store.issue(issue.id, NOW_MS, range, bucket_ms).await;
        full.unwrap().record.spark
    };
    assert_eq!(over(-24, 4, 7 * HOUR_MS).await, [2, 0, 0, 8]);
    assert_eq!(over(-36, 12, DAY_MS).await, [2, 8]);
    assert_eq!(over(1, 3, HOUR_MS).await, [0, 0]);
    assert_eq!(day().to_ms - day().from_ms, DAY_MS);
}

#[tokio::test]
async fn the_newest_twenty_samples_are_kept_newest_first_with_their_lines() {
    let (fixture, mut log) = one_log().await;
    let trace = ["panic: ☠", "\tat <b>main</b>", ""];
    let mut found = errors(1, &[ago(1)]);
    found.samples = vec![sample(ago(1), &trace)];
    found.samples[0].line_count = 900;
    found.samples[0].stream = LogStream::Stdout;
    log.record(&fixture, vec![found]).await;
    // Older ones read later do not displace newer ones.
    for first in [200, 100, 300] {
        let at: Vec<i64> = (0..15).map(|nth| ago(first - nth)).collect();
        log.record(&fixture, vec![errors(1, &at)]).await;
    }
    let issue = only_issue(&fixture).await;
    assert_eq!(issue.count, 46);
    let samples = in_full(&fixture, issue.id).await.samples;
    assert_eq!(samples.len(), SAMPLES_KEPT);
    let mut wanted = vec![ago(1)];
    wanted.extend((86..=100).map(ago));
    wanted.extend((186..=189).map(ago));
    let at: Vec<i64> = samples.iter().map(|sample| sample.sample.at_ms).collect();
    assert_eq!(at, wanted);
    let newest = &samples[0];
    assert_eq!(newest.sample.lines, trace);
    assert_eq!(
        (newest.sample.line_count, newest.sample.stream),
        (900, LogStream::Stdout)
    );
    assert_eq!((newest.host, newest.container_name.as_str()), (log.host, "app-1"));
    assert_eq!(samples[1].sample.stream, LogStream::Stderr);
}

#[tokio::test]
async fn a_second_version_of_the_fingerprint_never_splits_an_old_issue() {
    let (fixture, mut log) = one_log().await;
    let seen = |fingerprints: &[(u16, u64)], minutes| {
        let mut found = errors(0, &[ago(minutes)]);
        found.fingerprints = fingerprints.to_vec();
        found
    };
    let first = log.record(&fixture, vec![seen(&[(1, 11)], 9)]).await;
    // The new algorithm meets it with the old one's answer beside its own…
    let both = log.record(&fixture, vec![seen(&[(2, 22), (1, 11)], 8)]).await;
    // …and finds it by its own alone, once the old one is gone.
    let alone = log.record(&fixture, vec![seen(&[(2, 22)], 7)]).await;
    assert_eq!((first.new.len(), both.new, alone.new), (1, vec![], vec![]));
    let issue = only_issue(&fixture).await;
    assert_eq!((issue.id, issue.count), (first.new[0], 3));
    assert_eq!(in_full(&fixture, issue.id).await.fingerprint, (2, 22));
    // Two that the new algorithm tells apart from one another stay where the old one put them both.
    let split = log.record(&fixture, vec![seen(&[(2, 23), (1, 11)], 6)]).await;
    assert_eq!(split.new, []);
    assert_eq!(only_issue(&fixture).await.count, 4);
    // And a value of the old version is not a value of the new one.
    let other = log.record(&fixture, vec![seen(&[(2, 11)], 5)]).await;
    assert_eq!(other.new.len(), 1);
}

#[tokio::test]
async fn a_fingerprint_may_have_any_64_bits() {
    let (fixture, mut log) = one_log().await;
    for _ in 0..2 {
        log.record(
            &fixture,
            vec![errors(u64::MAX, &[ago(1)]), errors(1 << 63, &[ago(2)])],
        )
        .await;
    }
    let rows = fixture.store.issues(&all()).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(in_full(&fixture, rows[0].id).await.fingerprint, (1, u64::MAX));
}

#[tokio::test]
async fn more_kinds_than_are_kept_apart_are_counted_together() {
    let (fixture, mut log) = one_log().await;
    const KEPT: u64 = 5_000;
    let kinds = |from: u64, to: u64| (from..to).map(|kind| many_errors(kind, 1, ago(1))).collect();
    log.record(&fixture, kinds(0, KEPT)).await;
    let over = log.record(&fixture, kinds(KEPT, KEPT + 3)).await;
    assert_eq!(over.new.len(), 1, "all that is beyond is one issue");
    let again = log
        .record(
            &fixture,
            vec![many_errors(0, 1, ago(1)), many_errors(KEPT, 1, ago(1))],
        )
        .await;
    assert_eq!(again.new, []);
    let list = fixture.store.issues(&all()).await.unwrap();
    assert_eq!(u64::from(list.total), KEPT + 1);
    let query = roadstead_store::IssueQuery {
        search: "more kinds".to_owned(),
        ..all()
    };
    let together = fixture.store.issues(&query).await.unwrap().rows;
    assert_eq!(together.iter().map(|row| row.count).collect::<Vec<_>>(), [4]);
    let errors: u64 = counts(&fixture.store).await.iter().map(|c| c.errors).sum();
    assert_eq!(errors, KEPT + 5, "no event is lost");
    // What is gone makes room: 31 days later another kind is told apart again.
    let later_ms = NOW_MS + 31 * DAY_MS;
    while fixture
        .store
        .prune(later_ms, &roadstead_store::Retention::default())
        .await
        .unwrap()
        .more
    {}
    let next = log
        .record(&fixture, vec![many_errors(KEPT + 9, 1, later_ms)])
        .await;
    assert_eq!(next.new.len(), 1);
    assert_eq!(
        only_issue(&fixture).await.message,
        format!("trouble {}", KEPT + 9)
    );
}

//! Lines that were lost before they could be read: which counts they make lower bounds, and for how long that is known.

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use roadstead_model::{ContainerFacts, ContainerState, HostId, TimeRange};
use roadstead_store::{LogLoss, LossCause, Retention};

use crate::fixture::{Fixture, MIDNIGHT_MS, facts};
use crate::logbook::{Log, NOW_MS, ago, all, errors, one_log};

fn range(from_ms: i64, to_ms: i64) -> TimeRange {
    TimeRange::new(from_ms, to_ms).unwrap()
}

async fn lost(fixture: &Fixture, host: HostId) -> Vec<LogLoss> {
    let ever = range(0, i64::MAX);
    fixture.store.log_losses(host, ever).await.unwrap()
}

/// A read of nothing but that lines were lost.
async fn lose(fixture: &Fixture, log: &mut Log, cause: LossCause, of: TimeRange) {
    let mut read = log.read(vec![]);
    read.losses = vec![(cause, of)];
    read.cursor.lost = (cause == LossCause::Rotated).then_some(of);
    let recorded = fixture.store.record_logs(&[read]).await.unwrap();
    assert_eq!(recorded.left_out, []);
}

#[tokio::test]
async fn stretches_that_lie_close_are_kept_as_one_and_others_apart() {
    let (fixture, mut log) = one_log().await;
    for (cause, from, until) in [
        (LossCause::Rotated, 100, 90),
        (LossCause::Rotated, 80, 79),
        (LossCause::Rotated, 300, 299),
        // Between two of them, so that all three are one.
        (LossCause::Rotated, 90, 80),
        (LossCause::LookBack, 95, 85),
    ] {
        lose(&fixture, &mut log, cause, range(ago(from), ago(until))).await;
    }
    let of = |cause, from, until| LogLoss {
        deployment: log.of.deployment,
        cause,
        range: range(ago(from), ago(until)),
    };
    assert_eq!(
        lost(&fixture, log.host).await,
        [
            of(LossCause::LookBack, 95, 85),
            of(LossCause::Rotated, 300, 299),
            of(LossCause::Rotated, 100, 79),
        ]
    );
    let within = |from, until| fixture.store.log_losses(log.host, range(ago(from), ago(until)));
    assert_eq!(within(299, 100).await.unwrap(), [], "ends are not inside");
    assert_eq!(within(300, 299).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_clean_read_does_not_make_a_loss_unknown() {
    let (fixture, mut log) = one_log().await;
    lose(&fixture, &mut log, LossCause::Rotated, range(ago(9), ago(8))).await;
    log.record(&fixture, vec![]).await;
    let cursors = fixture.store.log_cursors(log.host).await.unwrap();
    assert_eq!(cursors[0].lost, Some(range(ago(9), ago(8))));
    lose(&fixture, &mut log, LossCause::Rotated, range(ago(5), ago(4))).await;
    let cursors = fixture.store.log_cursors(log.host).await.unwrap();
    assert_eq!(
        cursors[0].lost,
        Some(range(ago(5), ago(4))),
        "the newest is told of"
    );
    assert_eq!(cursors[0].state, "ok");
}

#[tokio::test]
async fn the_count_of_an_issue_is_a_lower_bound_once_lines_of_its_app_were_lost_since_it_was_first_seen() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.list(host, &["a", "b"]).await;
    let (mut a, mut b) = (Log::of(host, &of[0], "a-1"), Log::of(host, &of[1], "b-1"));
    a.record(&fixture, vec![errors(1, &[ago(30)])]).await;
    b.record(&fixture, vec![errors(1, &[ago(30)])]).await;
    let known = async || {
        let rows = fixture.store.issues(&all()).await.unwrap().rows;
        let of = |log: &Log| rows.iter().find(|row| row.app == log.of.app).cloned();
        (
            of(&a).unwrap().lines_lost_until_ms,
            of(&b).unwrap().lines_lost_until_ms,
        )
    };
    assert_eq!(known().await, (None, None));
    lose(
        &fixture,
        &mut a.clone(),
        LossCause::Rotated,
        range(ago(60), ago(40)),
    )
    .await;
    assert_eq!(known().await, (None, None), "before it was first seen");
    let cursors = fixture.store.log_cursors(host).await.unwrap();
    let mut after = a.clone();
    after.at = Some(cursors[0].position);
    lose(&fixture, &mut after, LossCause::Rotated, range(ago(20), ago(10))).await;
    assert_eq!(known().await, (Some(ago(10)), None), "the other app lost nothing");
}

/// What is lost when the container is removed that this prepares.
async fn lost_with(change: impl FnOnce(&mut ContainerFacts), read: Option<(&str, bool)>) -> Vec<TimeRange> {
    lost_at(NOW_MS + 3 * MINUTE_MS, change, read).await
}

async fn lost_at(
    removed_ms: i64,
    change: impl FnOnce(&mut ContainerFacts),
    read: Option<(&str, bool)>,
) -> Vec<TimeRange> {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let mut shop = facts("shop", "shop-1");
    shop.started_at_ms = Some(MIDNIGHT_MS + HOUR_MS);
    change(&mut shop);
    let of = fixture
        .store
        .observe_containers(host, MIDNIGHT_MS, &[shop])
        .await
        .unwrap();
    if let Some((state, drained)) = read {
        let mut read = Log::of(host, &of[0], "shop-1").read(vec![]);
        read.cursor.state = state.to_owned();
        read.cursor.drained = drained;
        fixture.store.record_logs(&[read]).await.unwrap();
    }
    fixture
        .store
        .observe_containers(host, removed_ms, &[])
        .await
        .unwrap();
    let lost = lost(&fixture, host).await;
    assert!(lost.iter().all(|loss| loss.cause == LossCause::Removed));
    lost.iter().map(|loss| loss.range).collect()
}

#[tokio::test]
async fn a_container_that_is_removed_takes_what_it_printed_since_it_was_read() {
    let removed_ms = NOW_MS + 3 * MINUTE_MS;
    let since_read = [range(NOW_MS, removed_ms)];
    assert_eq!(lost_with(|_| {}, Some(("ok", false))).await, since_read);
    assert_eq!(
        lost_at(NOW_MS + MINUTE_MS, |_| {}, Some(("ok", false))).await,
        [],
        "it was read just before"
    );
    assert_eq!(
        lost_with(|_| {}, None).await,
        [range(MIDNIGHT_MS + HOUR_MS, removed_ms)],
        "never read: all that it printed"
    );
    assert_eq!(
        lost_with(|_| {}, Some(("ok", true))).await,
        [],
        "it had ended and was read to its end"
    );
    assert_eq!(
        lost_with(|_| {}, Some(("no_logs", false))).await,
        [],
        "nothing of it is ever counted"
    );
    assert_eq!(lost_with(|of| of.log_driver = "none".to_owned(), None).await, []);
    assert_eq!(lost_with(|of| of.protected = true, None).await, []);
    let never_ran = |of: &mut ContainerFacts| {
        (of.state, of.started_at_ms) = (ContainerState::Created, None);
    };
    assert_eq!(lost_with(never_ran, None).await, []);
}

#[tokio::test]
async fn losses_are_forgotten_with_the_counts_they_speak_of() {
    let (fixture, mut log) = one_log().await;
    lose(&fixture, &mut log, LossCause::Rotated, range(ago(9), ago(8))).await;
    log.record(&fixture, vec![errors(1, &[ago(20)])]).await;
    let kept = Retention::default();
    let longest = i64::from(kept.issues_days.max(kept.reports_days)) * DAY_MS;
    fixture
        .store
        .prune(ago(8) + longest, &Retention::default())
        .await
        .unwrap();
    assert_eq!(lost(&fixture, log.host).await.len(), 1);
    fixture
        .store
        .prune(ago(8) + longest + 1, &Retention::default())
        .await
        .unwrap();
    assert_eq!(lost(&fixture, log.host).await, []);
}

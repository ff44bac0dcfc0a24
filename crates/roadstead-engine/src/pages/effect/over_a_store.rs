//! Figures of a store in which it is known what was put.

use roadstead_model::Report;
use roadstead_model::time::MINUTE_MS;

use super::quay::{DEPLOY_MS, DONE_MS, Quay, TICK_MS};
use super::*;
use crate::fleet::silent::START_MS;
use crate::wire::ChangeKind;

const MIB: u64 = 1 << 20;

fn minutes(from_ms: i64, minutes: i64) -> i64 {
    from_ms + minutes * MINUTE_MS
}

/// What was used at the nth tick: all from one MiB up, so that mean, P95 and peak are three numbers.
fn rising(nth: u64) -> (u64, Option<f64>) {
    (
        (nth + 1) * MIB,
        Some(if nth.is_multiple_of(2) { 0.25 } else { 0.75 }),
    )
}

fn twice(nth: u64) -> (u64, Option<f64>) {
    let (memory, cores) = rising(nth);
    (2 * memory, cores.map(|cores| 2.0 * cores))
}

/// What must be in no figure.
fn foreign(_: u64) -> (u64, Option<f64>) {
    (9_999 * MIB, Some(64.0))
}

#[tokio::test]
async fn before_and_after_are_the_figures_of_forty_minutes_on_each_side() {
    let quay = Quay::new().await;
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    let until_ms = minutes(DONE_MS, 40);
    quay.clock.set(until_ms);
    quay.tick(minutes(DEPLOY_MS, -60), minutes(DEPLOY_MS, -40), foreign)
        .await;
    quay.tick(minutes(DEPLOY_MS, -40), DEPLOY_MS, rising).await;
    quay.tick(DEPLOY_MS, DONE_MS, foreign).await;
    quay.tick(DONE_MS, until_ms, twice).await;
    for (at_ms, kind) in [
        (minutes(DEPLOY_MS, -41), ChangeKind::OomKilled),
        (minutes(DEPLOY_MS, -40), ChangeKind::Restarted),
        (minutes(DEPLOY_MS, -2), ChangeKind::Restarted),
        (minutes(DEPLOY_MS, 1), ChangeKind::Restarted),
        (minutes(DONE_MS, 3), ChangeKind::OomKilled),
        (minutes(DONE_MS, 4), ChangeKind::Restarted),
        (
            minutes(DONE_MS, 5),
            ChangeKind::ContainerStopped { exit_code: Some(1) },
        ),
    ] {
        quay.changed(at_ms, kind).await;
    }
    let (before, after) = quay.sides(deploy).await;
    assert_eq!(
        (before.range.from_ms, before.range.to_ms),
        (minutes(DEPLOY_MS, -40), DEPLOY_MS)
    );
    assert_eq!((after.range.from_ms, after.range.to_ms), (DONE_MS, until_ms));
    let expected = |range, times: u64| SpanFigures {
        range,
        measured_ratio: 1.0,
        memory_avg_bytes: Some(times * (80 * MIB + MIB / 2)),
        memory_p95_bytes: Some(times * 152 * MIB),
        memory_peak_bytes: Some(times * 160 * MIB),
        cpu_avg_cores: Some(times as f64 * 0.5),
        errors_per_hour: None,
        new_issues: None,
        restarts: 2,
        oom_kills: 0,
    };
    assert_eq!(before, expected(before.range, 1));
    let after_expected = SpanFigures {
        restarts: 1,
        oom_kills: 1,
        ..expected(after.range, 2)
    };
    assert_eq!(after, after_expected);
    quay.fleet.close().await;
}

#[tokio::test]
async fn errors_are_of_whole_windows_and_new_issues_of_the_span_itself() {
    let quay = Quay::new().await;
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    quay.clock.set(minutes(DONE_MS, 40));
    quay.tick(minutes(DEPLOY_MS, -40), minutes(DONE_MS, 40), rising)
        .await;
    // The deploy began 7 minutes into a window: of the 40 minutes before it, two windows from 3 to 33 are whole.
    let before = |minute: i64| minutes(DEPLOY_MS, -40 + minute);
    // It was done 9 minutes into that window: of the 40 minutes after it, two windows from 6 to 36.
    let after = |minute: i64| minutes(DONE_MS, minute);
    quay.read_log(&[
        (1, &[before(-10), before(2), before(3), before(32), after(10)]),
        (2, &[before(1), before(20), before(33)]),
        (3, &[after(-1), after(6)]),
        (4, &[after(1), after(35), after(36)]),
        (5, &[after(39)]),
    ])
    .await;
    let (before, after) = quay.sides(deploy).await;
    assert_eq!(before.errors_per_hour, Some(6.0), "3 in half an hour");
    assert_eq!(before.new_issues, Some(1), "the second");
    assert_eq!(after.errors_per_hour, Some(6.0), "3 in half an hour");
    assert_eq!(after.new_issues, Some(2), "the last two");
    quay.fleet.close().await;
}

#[tokio::test]
async fn what_was_not_measured_is_absent_and_never_zero() {
    let quay = Quay::new().await;
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    quay.clock.set(minutes(DONE_MS, 10));
    quay.tick(minutes(DEPLOY_MS, -10), minutes(DONE_MS, 10), |_| (MIB, None))
        .await;
    let (before, after) = quay.sides(deploy).await;
    for side in [&before, &after] {
        assert_eq!(side.memory_peak_bytes, Some(MIB));
        assert_eq!(side.cpu_avg_cores, None);
        assert_eq!(
            (side.errors_per_hour, side.new_issues),
            (None, None),
            "no log was read"
        );
    }
    quay.fleet.close().await;
}

#[tokio::test]
async fn a_log_without_errors_has_none_an_hour_where_a_whole_window_was_read() {
    let quay = Quay::new().await;
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    quay.clock.set(minutes(DONE_MS, 10));
    quay.tick(minutes(DEPLOY_MS, -10), minutes(DONE_MS, 10), rising)
        .await;
    quay.read_log(&[]).await;
    let (before, after) = quay.sides(deploy).await;
    assert_eq!(before.errors_per_hour, None, "ten minutes hold no whole window");
    assert_eq!(before.new_issues, Some(0));
    assert_eq!((after.errors_per_hour, after.new_issues), (None, Some(0)));
    quay.clock.set(minutes(DONE_MS, 30));
    quay.tick(minutes(DEPLOY_MS, -30), minutes(DONE_MS, 30), rising)
        .await;
    let (before, after) = quay.sides(deploy).await;
    let quiet = Some(0.0);
    assert_eq!((before.errors_per_hour, after.errors_per_hour), (quiet, quiet));
    quay.fleet.close().await;
}

#[tokio::test]
async fn a_window_in_which_no_log_could_be_read_is_none_without_errors() {
    let quay = Quay::new().await;
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    quay.clock.set(minutes(DONE_MS, 40));
    quay.tick(minutes(DEPLOY_MS, -40), minutes(DONE_MS, 40), rising)
        .await;
    quay.read_log(&[(1, &[minutes(DONE_MS, 10)])]).await;
    // Two whole windows on each side: of those after the deploy one was read.
    let of = |start_ms: i64, log_errors| Report {
        log_errors,
        ..quay.report(start_ms, MIB)
    };
    let (before_ms, after_ms) = (minutes(DEPLOY_MS, -37), minutes(DONE_MS, 6));
    let reports = [
        of(before_ms, None),
        of(before_ms + WINDOW_MS, None),
        of(after_ms, Some(1)),
        of(after_ms + WINDOW_MS, None),
    ];
    quay.fleet.store.import_reports(&reports).await.unwrap();
    let (before, after) = quay.sides(deploy).await;
    assert_eq!((before.errors_per_hour, before.new_issues), (None, None));
    assert_eq!(after.errors_per_hour, Some(4.0), "one in a quarter of an hour");
    assert_eq!(after.new_issues, Some(1));
    quay.fleet.close().await;
}

#[tokio::test]
async fn a_comparison_waits_until_enough_was_measured_on_both_sides() {
    let quay = Quay::new().await;
    let deploy = quay.begun().await;
    assert_eq!(quay.withheld(deploy).await, Some(EffectWithheld::UnderWay));
    quay.fleet.interrupt_unfinished().await.unwrap();
    quay.found(minutes(DEPLOY_MS, -60)).await;
    let deploy = quay.updated().await;
    let needed_ms = NEEDED_TICKS * TICK_MS;
    let too_young = |measured_ms| {
        Some(EffectWithheld::TooYoung {
            needed_ms,
            measured_ms,
        })
    };
    quay.clock.set(minutes(DONE_MS, 1));
    assert_eq!(quay.withheld(deploy).await, too_young(MINUTE_MS));
    // Time passed, and the host was away for most of it.
    quay.clock.set(minutes(DONE_MS, 30));
    quay.tick(DONE_MS, DONE_MS + 3 * TICK_MS, rising).await;
    assert_eq!(quay.withheld(deploy).await, too_young(3 * TICK_MS));
    quay.tick(DONE_MS, minutes(DONE_MS, 10), rising).await;
    assert_eq!(quay.withheld(deploy).await, Some(EffectWithheld::NothingBefore));
    quay.tick(minutes(DEPLOY_MS, -10), DEPLOY_MS, rising).await;
    let (before, after) = quay.sides(deploy).await;
    assert!((before.measured_ratio - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(
        (before.measured_ratio, before.memory_peak_bytes),
        (after.measured_ratio, after.memory_peak_bytes)
    );
    quay.fleet.close().await;
}

#[tokio::test]
async fn nothing_is_compared_with_what_ran_before_it_was_found() {
    let quay = Quay::new().await;
    let deploy = quay.updated().await;
    quay.clock.set(minutes(DONE_MS, 30));
    quay.tick(minutes(DEPLOY_MS, -30), minutes(DONE_MS, 30), rising)
        .await;
    assert_eq!(quay.withheld(deploy).await, Some(EffectWithheld::NothingBefore));
    quay.fleet.close().await;
}

#[tokio::test]
async fn once_ticks_are_not_kept_both_sides_are_of_reports() {
    let quay = &Quay::new().await;
    quay.found(START_MS).await;
    let deploy = quay.updated().await;
    // The ticks after it are kept, those a day before it are not.
    quay.clock.set(DONE_MS + 30 * HOUR_MS);
    quay.tick(DONE_MS, minutes(DONE_MS, 30), foreign).await;
    // Neither day fills whole windows: 95 of them are inside, and one at each end is not.
    let day = |from_ms: i64, of: fn(u64) -> (u64, Option<f64>)| {
        let whole = whole_windows(TimeRange::new(from_ms, from_ms + DAY_MS).unwrap()).unwrap();
        assert_eq!(whole.length_ms() / WINDOW_MS, 95);
        (-1..=95_i64).map(move |nth| {
            let (memory, cores) = match u64::try_from(nth) {
                Ok(nth @ ..95) => of(nth),
                _ => foreign(0),
            };
            Report {
                cpu_avg_cores: cores,
                ..quay.report(whole.from_ms + nth * WINDOW_MS, memory)
            }
        })
    };
    // The window of the deploy itself is at the end of one day and at the beginning of the other.
    let mut reports: Vec<Report> = day(DEPLOY_MS - DAY_MS, rising).collect();
    reports.extend(day(DONE_MS, twice).skip(1));
    quay.fleet.store.import_reports(&reports).await.unwrap();
    let (before, after) = quay.sides(deploy).await;
    let expected = |range, times: u64| SpanFigures {
        range,
        measured_ratio: 95.0 / 96.0,
        memory_avg_bytes: Some(times * 48 * MIB),
        memory_p95_bytes: Some(times * 91 * MIB + MIB),
        memory_peak_bytes: Some(times * 95 * MIB + MIB),
        cpu_avg_cores: Some(times as f64 * (48.0 * 0.25 + 47.0 * 0.75) / 95.0),
        errors_per_hour: None,
        new_issues: None,
        restarts: 0,
        oom_kills: 0,
    };
    assert_eq!(before, expected(before.range, 1));
    assert_eq!(after, expected(after.range, 2));
    assert_eq!(before.range.length_ms(), DAY_MS);
    quay.fleet.close().await;
}

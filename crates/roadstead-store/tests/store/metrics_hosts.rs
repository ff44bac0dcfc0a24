//! Charts of an app over several hosts.

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use roadstead_model::{ContainerFacts, ContainerState, Tick};
use roadstead_store::MetricsSpec;

use crate::fixture::{Fixture, MIDNIGHT_MS, facts};
use crate::metrics::{STEP_MS, nth, plain, range, whole};

#[tokio::test]
async fn over_two_hosts_a_peak_is_one_that_truly_happened_at_once() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let (a, b) = (fixture.app(one, &["a"]).await, fixture.app(two, &["b"]).await);
    let mut ticks = Vec::new();
    for nth in 0..8 {
        ticks.push(plain(one, nth, &[(&a[0], if nth == 2 { 900 } else { 100 })]));
        ticks.push(plain(two, nth, &[(&b[0], if nth == 5 { 700 } else { 200 })]));
    }
    fixture.give(&ticks).await;
    let merged = MetricsSpec {
        bucket_ms: Some(8 * STEP_MS),
        ..whole(2)
    };
    let columns = fixture.chart(range(0, 8 * STEP_MS), &merged).await;
    let line = &columns.lines[0];
    assert_eq!(line.memory_peak_bytes, [Some(1_100)], "and not 900 + 700");
    assert_eq!(line.memory_min_bytes, [Some(300)]);
    assert_eq!(line.memory_avg_bytes, [Some((6 * 300 + 1_100 + 800_u64 + 4) / 8)]);
    assert_eq!(line.limit_bytes, [Some(2_000)]);
    assert_eq!(
        (columns.containers, columns.expected, columns.complete),
        (vec![2], vec![2], vec![true])
    );
}

#[tokio::test]
async fn a_tick_of_one_host_alone_is_no_dip_of_the_app() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let (a, b) = (fixture.app(one, &["a"]).await, fixture.app(two, &["b"]).await);
    let mut ticks = Vec::new();
    for nth in 0..120 {
        ticks.push(plain(one, nth, &[(&a[0], 100)]));
        // Away for a minute, and for good in the end.
        if !(10..14).contains(&nth) && nth < 30 {
            ticks.push(plain(two, nth, &[(&b[0], 200)]));
        }
    }
    fixture.give(&ticks).await;
    for now_ms in [0, DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        let columns = fixture.chart(range(0, HOUR_MS), &whole(1_000)).await;
        let memory = &columns.lines[0].memory_avg_bytes;
        assert_eq!(
            (memory[9], memory[10], memory[13], memory[14]),
            (Some(300), None, None, Some(300))
        );
        assert_eq!(
            (columns.containers[10], columns.expected[10], columns.complete[10]),
            (1, 2, false)
        );
        assert_eq!((memory[29], memory[30], memory[29 + 60]), (Some(300), None, None));
        assert_eq!(
            memory[29 + 61],
            Some(100),
            "after a quarter of an hour it goes on without it"
        );
        assert!(
            !columns.complete[29 + 61] && columns.expected[29 + 61] == 2,
            "and says so"
        );
        // A part of the chart asked for alone says the same: what was before it decides.
        let part = fixture
            .chart(range(32 * STEP_MS, 34 * STEP_MS), &whole(1_000))
            .await;
        assert_eq!(part.lines[0].memory_avg_bytes, [None, None]);
        let part = fixture
            .chart(range(100 * STEP_MS, 101 * STEP_MS), &whole(1_000))
            .await;
        assert_eq!(part.lines[0].memory_avg_bytes, [Some(100)]);
    }
}

#[tokio::test]
async fn a_host_whose_containers_were_stopped_or_removed_is_not_missed() {
    for removed in [true, false] {
        let fixture = Fixture::new().await;
        let (one, two) = (fixture.host("one").await, fixture.host("two").await);
        let (a, b) = (fixture.app(one, &["a"]).await, fixture.app(two, &["b"]).await);
        let mut ticks = Vec::new();
        for nth in 0..20 {
            ticks.push(plain(one, nth, &[(&a[0], 100)]));
            if nth < 10 {
                ticks.push(plain(two, nth, &[(&b[0], 200)]));
            }
        }
        fixture.give(&ticks).await;
        let stopped = ContainerFacts {
            state: ContainerState::Exited,
            ..facts("app", "b")
        };
        let listed = if removed { Vec::new() } else { vec![stopped] };
        fixture.relist(two, 10 * STEP_MS, &listed).await;
        let columns = fixture.chart(range(0, HOUR_MS), &whole(1_000)).await;
        let memory = &columns.lines[0].memory_avg_bytes;
        assert_eq!(
            (memory[9], memory[10], memory[19]),
            (Some(300), Some(100), Some(100))
        );
        assert!(columns.complete.iter().all(|complete| *complete));
        assert_eq!((columns.expected[9], columns.expected[10]), (2, 1));
    }
}

#[tokio::test]
async fn hosts_with_other_intervals_are_summed_by_what_each_shows_at_the_moment() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let (a, b) = (fixture.app(one, &["a"]).await, fixture.app(two, &["b"]).await);
    let mut ticks: Vec<Tick> = (0..16).map(|nth| plain(one, nth, &[(&a[0], 100)])).collect();
    for minute in 0..4 {
        ticks.push(Tick {
            interval_ms: MINUTE_MS,
            ..plain(two, minute * 4, &[(&b[0], 200 + minute as u64)])
        });
    }
    fixture.give(&ticks).await;
    let columns = fixture
        .chart(range(2 * STEP_MS, 4 * MINUTE_MS), &whole(1_000))
        .await;
    let wanted: Vec<Option<u64>> = (2..16).map(|nth| Some(300 + nth / 4)).collect();
    assert_eq!(
        columns.lines[0].memory_avg_bytes, wanted,
        "also of a tick before the span"
    );
    assert!(columns.complete.iter().all(|complete| *complete));
    assert_eq!(nth(&columns), (2..16).collect::<Vec<_>>());
}

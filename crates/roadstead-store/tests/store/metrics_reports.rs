//! Charts from reports.

use proptest::prelude::*;
use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS, align_down};
use roadstead_model::{ContainerFacts, ContainerState, DeploymentId, HostId, Report, TimeRange};
use roadstead_store::{MetricsColumns, Retention, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, facts, report, window, windows};

impl Fixture {
    async fn saved(&self, host: HostId, reports: &[Report]) {
        for report in reports {
            let one = std::slice::from_ref(report);
            self.store.save_reports(host, report.window, one).await.unwrap();
        }
    }

    async fn of_reports(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
        bucket_ms: i64,
    ) -> MetricsColumns {
        self.store
            .metrics_reports(deployments, range, 800, Some(bucket_ms))
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_bucket_is_the_mean_by_samples_and_the_highest_peak_of_its_windows() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let given = [
        Report {
            memory_peak_bytes: Some(900),
            sample_count: 60,
            ..report(of.deployment, window(0), Some(100))
        },
        Report {
            sample_count: 20,
            cpu_avg_cores: Some(0.5),
            ..report(of.deployment, window(1), Some(300))
        },
        // No tick in which all was measured.
        report(of.deployment, window(2), None),
        report(of.deployment, window(9), Some(500)),
    ];
    fixture.saved(host, &given).await;
    for now_ms in [0, 2 * HOUR_MS, 3 * DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        let columns = fixture
            .of_reports(&[of.deployment], windows(0, 96), HOUR_MS)
            .await;
        let line = &columns.lines[0];
        assert_eq!(columns.times_ms, [MIDNIGHT_MS, MIDNIGHT_MS + 2 * HOUR_MS]);
        assert_eq!(line.memory_avg_bytes, [Some(150), Some(500)]);
        assert_eq!(line.memory_peak_bytes, [Some(900), Some(500)]);
        assert_eq!(line.cpu_avg_cores, [Some(0.312_5), Some(0.25)]);
        assert_eq!(line.limit_bytes, [Some(1 << 30); 2]);
        assert_eq!(line.memory_min_bytes, [], "reports do not know it");
        assert_eq!(line.network_rx_bytes_per_s, []);
        assert_eq!((columns.containers, columns.expected), (vec![1, 1], vec![1, 1]));
        assert_eq!(columns.complete, [false, true]);
        let quarters = fixture
            .of_reports(&[of.deployment], windows(0, 96), WINDOW_MS)
            .await;
        assert_eq!(
            quarters.lines[0].memory_avg_bytes,
            [Some(100), Some(300), None, Some(500)]
        );
    }
}

#[tokio::test]
async fn over_two_hosts_means_are_summed_and_a_peak_is_not_made_up() {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let a = fixture.list(one, &["app"]).await[0].deployment;
    let b = fixture.list(two, &["app"]).await[0].deployment;
    for nth in 0..8 {
        fixture.saved(one, &[report(a, window(nth), Some(100))]).await;
        // The other host is away for two windows.
        if !(3..5).contains(&nth) {
            fixture.saved(two, &[report(b, window(nth), Some(200))]).await;
        }
    }
    let range = windows(0, 96);
    let columns = fixture.of_reports(&[a, b], range, WINDOW_MS).await;
    let memory = &columns.lines[0].memory_avg_bytes;
    assert_eq!(
        memory[..6],
        [Some(300), Some(300), Some(300), None, Some(100), Some(300)]
    );
    assert_eq!(columns.expected, [2; 8], "its container ran all the time");
    assert_eq!(columns.containers[2..6], [2, 1, 1, 2]);
    assert_eq!(columns.complete[2..6], [true, false, false, true]);
    assert_eq!(columns.lines[0].memory_peak_bytes, [None; 8]);
    assert_eq!(columns.lines[0].limit_bytes[0], Some(2 << 30));
    let alone = fixture.of_reports(&[a], range, WINDOW_MS).await;
    assert_eq!(alone.lines[0].memory_peak_bytes, [Some(100); 8]);

    let stopped = ContainerFacts {
        state: ContainerState::Exited,
        ..facts("app", "app-1")
    };
    fixture
        .store
        .observe_containers(two, MIDNIGHT_MS + DAY_MS, &[stopped])
        .await
        .unwrap();
    let columns = fixture.of_reports(&[a, b], range, WINDOW_MS).await;
    assert_eq!(
        columns.lines[0].memory_avg_bytes[3],
        Some(100),
        "what may have been stopped is not missed"
    );
    assert!(columns.complete.iter().all(|complete| *complete));
}

#[tokio::test]
async fn where_reports_are_pruned_long_buckets_are_answered_from_sums() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    for nth in 0..(4 * 96) {
        let memory = Some(1_000 + nth as u64);
        fixture
            .saved(host, &[report(of.deployment, window(nth), memory)])
            .await;
    }
    fixture.seal(MIDNIGHT_MS + 6 * DAY_MS).await;
    let range = windows(0, 4 * 96);
    let before = fixture.of_reports(&[of.deployment], range, DAY_MS).await;
    let retention = Retention {
        reports_days: 2,
        ..Retention::default()
    };
    while fixture
        .store
        .prune(MIDNIGHT_MS + 4 * DAY_MS, &retention)
        .await
        .unwrap()
        .more
    {}
    let after = fixture.of_reports(&[of.deployment], range, DAY_MS).await;
    assert_eq!(after.times_ms, before.times_ms);
    let (line, was) = (&after.lines[0], &before.lines[0]);
    assert_eq!(line.memory_peak_bytes, was.memory_peak_bytes);
    for (after, before) in line.memory_avg_bytes.iter().zip(&was.memory_avg_bytes) {
        assert!(
            after.unwrap().abs_diff(before.unwrap()) <= 1,
            "{after:?} {before:?}"
        );
    }
    let quarters = fixture.of_reports(&[of.deployment], range, WINDOW_MS).await;
    assert_eq!(
        quarters.times_ms.len(),
        2 * 96,
        "a sum of six hours is not drawn as a quarter of one"
    );
}

#[tokio::test]
async fn a_chart_of_reports_that_makes_no_sense_is_refused_and_one_without_any_is_empty() {
    let fixture = Fixture::new().await;
    let (_, of) = fixture.one().await;
    let day = windows(0, 96);
    let ages = TimeRange {
        from_ms: 0,
        to_ms: MIDNIGHT_MS,
    };
    for (range, points, bucket_ms) in [
        (day, 1, None),
        (day, 9, Some(0)),
        (day, 9, Some(-WINDOW_MS)),
        (day, 9, Some(WINDOW_MS + 1)),
        (ages, 9, None),
    ] {
        let refused = fixture
            .store
            .metrics_reports(&[of.deployment], range, points, bucket_ms)
            .await;
        assert!(
            matches!(refused, Err(StoreError::Invalid(_))),
            "{range:?} {points} {bucket_ms:?}"
        );
    }
    let empty = fixture
        .store
        .metrics_reports(&[of.deployment], day, 48, None)
        .await
        .unwrap();
    assert_eq!((empty.times_ms.len(), empty.lines.len()), (0, 0));
    assert_eq!(empty.bucket_ms % WINDOW_MS, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Fresh, merged or late: a chart of one deployment is what its reports say, and its pieces fit together.
    #[test]
    fn a_chart_of_reports_is_what_they_say(
        given in prop::collection::vec((0_i64..400, prop::option::of(0_u64..1 << 40), 0_u32..61), 1..80),
        sealed_h in 0_i64..150,
        bucket in prop::sample::select(vec![1_i64, 2, 4, 7, 24, 96]),
        cut in 0_i64..400,
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let fixture = Fixture::new().await;
            let (host, of) = fixture.one().await;
            let (early, late) = given.split_at(given.len() / 2);
            let mut model = std::collections::BTreeMap::new();
            for (half, seals) in [(early, true), (late, false)] {
                for (nth, memory, samples) in half {
                    let mut one = report(of.deployment, window(*nth), *memory);
                    one.sample_count = *samples;
                    fixture.saved(host, std::slice::from_ref(&one)).await;
                    model.insert(*nth, one);
                }
                if seals {
                    fixture.seal(MIDNIGHT_MS + sealed_h * HOUR_MS).await;
                }
            }
            let bucket_ms = bucket * WINDOW_MS;
            let all = fixture.of_reports(&[of.deployment], windows(0, 400), bucket_ms).await;
            let mut wanted = std::collections::BTreeMap::new();
            for one in model.values() {
                let bucket = wanted.entry(align_down(one.window.start_ms, bucket_ms)).or_insert((0_u128, 0_u128, None));
                if let Some(memory) = one.memory_avg_bytes {
                    let weight = u128::from(one.sample_count.max(1));
                    bucket.0 += u128::from(memory) * weight;
                    bucket.1 += weight;
                    bucket.2 = bucket.2.max(Some(memory));
                }
            }
            let mean = |(sum, weight, _): &(u128, u128, Option<u64>)| (*weight > 0).then(|| ((sum + weight / 2) / weight) as u64);
            assert_eq!(all.times_ms, wanted.keys().copied().collect::<Vec<_>>());
            assert_eq!(all.lines[0].memory_avg_bytes, wanted.values().map(mean).collect::<Vec<_>>());
            assert_eq!(all.lines[0].memory_peak_bytes, wanted.values().map(|of| of.2).collect::<Vec<_>>());
            let cut = align_down(MIDNIGHT_MS + cut * WINDOW_MS, bucket_ms).max(MIDNIGHT_MS);
            let (mut first, mut second) = (windows(0, 400), windows(0, 400));
            (first.to_ms, second.from_ms) = (cut, cut);
            let first = fixture.of_reports(&[of.deployment], first, bucket_ms).await;
            let second = fixture.of_reports(&[of.deployment], second, bucket_ms).await;
            let line = |of: &MetricsColumns| of.lines.first().map_or(Vec::new(), |line| line.memory_avg_bytes.clone());
            assert_eq!([line(&first), line(&second)].concat(), all.lines[0].memory_avg_bytes);
            assert_eq!([first.times_ms, second.times_ms].concat(), all.times_ms);
        });
    }
}

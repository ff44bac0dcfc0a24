use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{ContainerId, DeploymentId, Report, TimeRange, Window};
use roadstead_store::StoreError;

use crate::fixture::{Fixture, MIDNIGHT_MS, only_app, over, report, report_with_errors, window, windows};

#[tokio::test]
async fn the_same_report_posted_twice_counts_once_before_and_after_sealing() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let post = async || {
        for (nth, errors) in [(0, 57), (1, 1), (2, 99)] {
            let report = report_with_errors(of.deployment, window(nth), errors);
            fixture
                .store
                .save_reports(host, window(nth), &[report])
                .await
                .unwrap();
        }
    };
    let query = over(windows(0, 96));
    let errors = async || {
        let row = &fixture.store.fleet(query).await.unwrap()[0];
        assert_eq!(row.deployments[0].log_errors_recent, row.log_errors);
        (row.reports, row.log_errors)
    };
    post().await;
    assert_eq!(errors().await, (3, Some(157)));
    post().await;
    assert_eq!(errors().await, (3, Some(157)), "posted twice while fresh");
    // Merged into the day, but the day is not closed.
    fixture.seal(MIDNIGHT_MS + 3 * HOUR_MS).await;
    assert_eq!(errors().await, (3, Some(157)), "merged");
    post().await;
    assert_eq!(errors().await, (3, Some(157)), "fresh over merged");
    // The day is closed and summed, and so is its block.
    fixture.seal(MIDNIGHT_MS + 9 * DAY_MS).await;
    assert_eq!(errors().await, (3, Some(157)), "summed");
    post().await;
    assert_eq!(
        errors().await,
        (3, Some(157)),
        "posted again after the day was summed"
    );
    fixture
        .store
        .import_reports(&[report_with_errors(of.deployment, window(2), 99)])
        .await
        .unwrap();
    assert_eq!(errors().await, (3, Some(157)), "imported again");
}

#[tokio::test]
async fn p95_is_the_nearest_rank_of_the_peaks_within_one_percent() {
    for (count, wanted) in [(20, 19), (96, 92), (1, 1)] {
        let fixture = Fixture::new().await;
        let (host, of) = fixture.one().await;
        for nth in 0..count {
            let memory = (nth as u64 + 1) * 1_000_000;
            let report = report(of.deployment, window(nth), Some(memory));
            fixture
                .store
                .save_reports(host, window(nth), &[report])
                .await
                .unwrap();
        }
        for now_ms in [MIDNIGHT_MS, MIDNIGHT_MS + 9 * DAY_MS] {
            fixture.seal(now_ms).await;
            let row = &fixture.store.fleet(over(windows(0, 96))).await.unwrap()[0];
            let got = row.memory_p95_bytes.unwrap() as f64;
            let wanted = f64::from(wanted) * 1_000_000.0;
            assert!((got - wanted).abs() <= wanted * 0.01, "of 1…{count}: {got}");
            assert_eq!(row.memory_p95_bytes, row.deployments[0].memory_p95_bytes);
            assert_eq!(
                row.memory_peak_bytes,
                Some(count as u64 * 1_000_000),
                "the peak is exact"
            );
        }
    }
}

#[tokio::test]
async fn what_was_not_measured_is_absent_and_pulls_no_average_down() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    for (nth, memory) in [(0, Some(100)), (1, Some(100)), (2, None)] {
        let report = report(of.deployment, window(nth), memory);
        fixture
            .store
            .save_reports(host, window(nth), &[report])
            .await
            .unwrap();
    }
    let other = fixture.host("two").await;
    let silent = fixture.list(other, &["silent"]).await[0].clone();
    let nothing = report(silent.deployment, window(0), None);
    fixture
        .store
        .save_reports(other, window(0), &[nothing])
        .await
        .unwrap();
    for now_ms in [MIDNIGHT_MS, MIDNIGHT_MS + 9 * DAY_MS] {
        fixture.seal(now_ms).await;
        let rows = fixture.store.fleet(over(windows(0, 96))).await.unwrap();
        assert_eq!(rows[0].memory_avg_bytes, Some(100));
        assert_eq!(rows[0].reports, 3);
        assert_eq!(rows[0].log_errors, None, "logs were not read");
        assert_eq!(rows[0].spark_avg_bytes[..2], [Some(100), None]);
        let silent = &rows[1];
        assert_eq!(silent.memory_avg_bytes, None);
        assert_eq!(silent.memory_p95_bytes, None);
        assert_eq!(silent.cpu_avg_cores, None);
        let app = silent.app;
        let trend = fixture
            .store
            .history(app, &[], windows(0, 8), HOUR_MS)
            .await
            .unwrap();
        assert_eq!(trend.memory_avg_bytes, [None, None]);
        assert_eq!(trend.reports, [1, 0]);
    }
}

#[tokio::test]
async fn the_fleets_mean_is_that_of_the_hosts_means_weighted_by_samples() {
    let fixture = Fixture::new().await;
    let (a, b) = (fixture.host("a").await, fixture.host("b").await);
    let (on_a, on_b) = (fixture.list(a, &["app"]).await, fixture.list(b, &["app"]).await);
    for (nth, memory, samples) in [(0, 100, 30), (1, 400, 60)] {
        let mut given = report(on_a[0].deployment, window(nth), Some(memory));
        given.sample_count = samples;
        fixture
            .store
            .save_reports(a, window(nth), &[given])
            .await
            .unwrap();
    }
    fixture
        .store
        .save_reports(b, window(0), &[report(on_b[0].deployment, window(0), Some(900))])
        .await
        .unwrap();
    let row = &fixture.store.fleet(over(windows(0, 4))).await.unwrap()[0];
    assert_eq!(
        row.deployments[0].memory_avg_bytes,
        Some(300),
        "(100 × 30 + 400 × 60) / 90"
    );
    assert_eq!(
        row.memory_avg_bytes,
        Some(600),
        "one host does not weigh more because it reported more"
    );
    let trend = fixture
        .store
        .history(row.app, &[], windows(0, 4), HOUR_MS)
        .await
        .unwrap();
    assert_eq!(trend.memory_avg_bytes, [Some(600)]);
    assert_eq!(trend.memory_peak_bytes, [Some(900)]);
    let of_a = fixture
        .store
        .history(row.app, &[a], windows(0, 4), HOUR_MS)
        .await
        .unwrap();
    assert_eq!(of_a.memory_avg_bytes, [Some(300)]);
    assert_eq!(of_a.limit_bytes, [Some(1 << 30)]);
}

#[tokio::test]
async fn the_latest_report_is_that_of_each_app_and_not_of_the_newest_moment() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let save = async |nth, reports: Vec<Report>| {
        fixture
            .store
            .save_reports(host, window(nth), &reports)
            .await
            .unwrap();
    };
    save(
        0,
        vec![
            report(listed[0].deployment, window(0), Some(10)),
            report(listed[1].deployment, window(0), Some(20)),
        ],
    )
    .await;
    save(2, vec![report(listed[0].deployment, window(2), Some(11))]).await;
    save(1, vec![report(listed[0].deployment, window(1), Some(9))]).await;
    let latest = fixture.store.latest_reports(Some(host)).await.unwrap();
    let current: Vec<_> = latest
        .iter()
        .map(|latest| latest.report.memory_current_bytes)
        .collect();
    assert_eq!(
        current,
        [Some(11), Some(20)],
        "the seed lost b; a late report is not the latest"
    );
    assert_eq!(latest[1].report.window, window(0));
    assert_eq!(fixture.store.latest_reports(None).await.unwrap(), latest);
    assert_eq!(
        fixture.store.last_closed_window(host).await.unwrap(),
        Some(window(2))
    );
    let rows = fixture
        .store
        .host_aggregate(host, over(windows(0, 4)))
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[1].deployments[0].last_window,
        window(0),
        "seen in the span, though not active now"
    );
    assert_eq!(
        (
            rows[0].deployments[0].first_window,
            rows[0].deployments[0].last_window
        ),
        (window(0), window(2))
    );
}

#[tokio::test]
async fn a_window_without_reports_is_closed_all_the_same_and_bad_windows_are_refused() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    assert_eq!(fixture.store.last_closed_window(host).await.unwrap(), None);
    fixture.store.save_reports(host, window(5), &[]).await.unwrap();
    assert_eq!(
        fixture.store.last_closed_window(host).await.unwrap(),
        Some(window(5))
    );
    let crooked = Window {
        start_ms: MIDNIGHT_MS + 1,
    };
    let other = report(of.deployment, window(1), Some(1));
    let foreign = report(DeploymentId(99), window(0), Some(1));
    let refused = [
        fixture.store.save_reports(host, crooked, &[]).await,
        fixture.store.save_reports(host, window(0), &[other]).await,
        fixture
            .store
            .save_reports(host, window(0), std::slice::from_ref(&foreign))
            .await,
        fixture.store.import_reports(&[foreign]).await,
    ];
    assert!(matches!(refused[0], Err(StoreError::Invalid(_))));
    assert!(matches!(refused[1], Err(StoreError::Invalid(_))));
    assert!(matches!(
        refused[2],
        Err(StoreError::NotFound {
            what: "deployment",
            id: 99
        })
    ));
    assert!(matches!(
        refused[3],
        Err(StoreError::NotFound {
            what: "deployment",
            id: 99
        })
    ));
    let app = only_app(&fixture.store).await;
    for range in [
        TimeRange {
            from_ms: 1,
            to_ms: HOUR_MS,
        },
        TimeRange {
            from_ms: HOUR_MS,
            to_ms: HOUR_MS,
        },
    ] {
        assert!(matches!(
            fixture.store.fleet(over(range)).await,
            Err(StoreError::Invalid(_))
        ));
        assert!(matches!(
            fixture.store.history(app, &[], range, HOUR_MS).await,
            Err(StoreError::Invalid(_))
        ));
    }
    assert!(matches!(
        fixture.store.history(app, &[], windows(0, 4), 7).await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(
        fixture.store.fleet(over(windows(0, 96))).await.unwrap(),
        [],
        "nothing refused was stored"
    );
    assert_eq!(
        fixture
            .store
            .app_aggregate(app, over(windows(0, 96)))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn reports_come_back_with_their_containers() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let mut given = Vec::new();
    for nth in 0..30 {
        let mut report = report(of.deployment, window(nth * 10), Some(1_000 + nth as u64));
        if nth % 3 == 1 {
            let mut second = report.containers[0].clone();
            second.container = ContainerId(2);
            second.memory_peak_bytes = None;
            report.containers.push(second);
        }
        if nth % 3 == 2 {
            report.containers.clear();
        }
        fixture
            .store
            .save_reports(host, report.window, std::slice::from_ref(&report))
            .await
            .unwrap();
        given.push(report);
    }
    for now_ms in [MIDNIGHT_MS, MIDNIGHT_MS + 12 * HOUR_MS, MIDNIGHT_MS + 9 * DAY_MS] {
        fixture.seal(now_ms).await;
        let back = fixture
            .store
            .reports(&[of.deployment], windows(10, 300))
            .await
            .unwrap();
        assert_eq!(back, given[1..]);
    }
}

#[tokio::test]
async fn daily_aggregates_answer_a_trend_whose_reports_are_pruned() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    for nth in 0..20 {
        let at = window(nth * 48);
        fixture
            .store
            .save_reports(host, at, &[report(of.deployment, at, Some(100 + nth as u64))])
            .await
            .unwrap();
    }
    let now_ms = MIDNIGHT_MS + 11 * DAY_MS;
    fixture.seal(now_ms).await;
    let app = only_app(&fixture.store).await;
    let before = fixture
        .store
        .history(app, &[], windows(0, 960), DAY_MS)
        .await
        .unwrap();
    let retention = roadstead_store::Retention {
        reports_days: 3,
        ..roadstead_store::Retention::default()
    };
    while fixture.store.prune(now_ms, &retention).await.unwrap().more {}
    assert_eq!(
        fixture
            .store
            .reports(&[of.deployment], windows(0, 700))
            .await
            .unwrap(),
        []
    );
    let after = fixture
        .store
        .history(app, &[], windows(0, 960), DAY_MS)
        .await
        .unwrap();
    assert_eq!(after, before);
    assert_eq!(after.reports, [2; 10]);
}

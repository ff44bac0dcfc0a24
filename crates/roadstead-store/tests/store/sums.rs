//! Sums against the reports themselves, whatever the order of saving, importing, sealing and coming late.

use std::collections::BTreeMap;

use proptest::prelude::*;
use roadstead_model::quantile::percentile;
use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS};
use roadstead_model::{Report, Window};
use roadstead_store::{AppAggregate, FleetQuery, Store};

use crate::fixture::{DAY, Fixture, MIDNIGHT_MS, report, window, windows};

/// Reports, then memory's average, peak and P95 in bytes, OOM kills and log errors.
type Totals = (u32, Option<u64>, Option<u64>, Option<u64>, u64, Option<u64>);

/// What a fleet query must answer, from the reports themselves.
fn recomputed(reports: &BTreeMap<(i64, Window), Report>, query: FleetQuery) -> Vec<Totals> {
    let mut of: BTreeMap<i64, Vec<&Report>> = BTreeMap::new();
    for ((deployment, window), report) in reports {
        if query.range.contains(window.start_ms) {
            of.entry(*deployment).or_default().push(report);
        }
    }
    let of_one = |reports: &Vec<&Report>| {
        let weight = |report: &Report| u128::from(report.sample_count.max(1));
        let measured: Vec<&&Report> = reports
            .iter()
            .filter(|report| report.memory_avg_bytes.is_some())
            .collect();
        let total: u128 = measured.iter().map(|report| weight(report)).sum();
        let sum: u128 = measured
            .iter()
            .map(|report| weight(report) * u128::from(report.memory_avg_bytes.unwrap()))
            .sum();
        let mut peaks: Vec<u64> = reports
            .iter()
            .filter_map(|report| report.memory_peak_bytes)
            .collect();
        let errors: Vec<u32> = reports.iter().filter_map(|report| report.log_errors).collect();
        (
            reports.len() as u32,
            (total > 0).then(|| ((sum + total / 2) / total) as u64),
            peaks.iter().max().copied(),
            percentile(&mut peaks, 95),
            reports.iter().map(|report| u64::from(report.oom_kills)).sum(),
            (!errors.is_empty()).then(|| errors.iter().map(|errors| u64::from(*errors)).sum()),
        )
    };
    of.values().map(of_one).collect()
}

fn answered(row: &AppAggregate) -> Vec<Totals> {
    let of_one = |of: &roadstead_store::DeploymentAggregate| {
        (
            of.reports,
            of.memory_avg_bytes,
            of.memory_peak_bytes,
            of.memory_p95_bytes,
            of.oom_kills,
            of.log_errors,
        )
    };
    row.deployments.iter().map(of_one).collect()
}

async fn check(store: &Store, reports: &BTreeMap<(i64, Window), Report>, query: FleetQuery) {
    let rows = store.fleet(query).await.unwrap();
    let wanted = recomputed(reports, query);
    let got = rows.first().map(answered).unwrap_or_default();
    assert_eq!(got.len(), wanted.len(), "{query:?}");
    for (got, wanted) in got.iter().zip(&wanted) {
        assert_eq!(
            (got.0, got.1, got.2, got.4, got.5),
            (wanted.0, wanted.1, wanted.2, wanted.4, wanted.5),
            "{query:?}"
        );
        match (got.3, wanted.3) {
            (Some(got), Some(wanted)) => {
                assert!(
                    got.abs_diff(wanted) as f64 <= wanted as f64 * 0.01,
                    "{got} for {wanted}, {query:?}"
                );
            }
            (got, wanted) => assert_eq!(got, wanted),
        }
    }
    if let Some(row) = rows.first() {
        check_spark(row, reports, query);
        check_recent(row, reports, query);
    }
    let trend_of = |bucket_ms| {
        store.history(
            rows.first().map_or(roadstead_model::AppId(1), |row| row.app),
            &[],
            query.range,
            bucket_ms,
        )
    };
    for bucket_ms in [HOUR_MS, DAY_MS] {
        let trend = trend_of(bucket_ms).await.unwrap();
        let inside = reports
            .iter()
            .filter(|((_, window), _)| query.range.contains(window.start_ms));
        let mut peaks: BTreeMap<i64, Option<u64>> = BTreeMap::new();
        let mut count = 0;
        for ((_, window), report) in inside {
            let peak = peaks
                .entry(window.start_ms.div_euclid(bucket_ms) * bucket_ms)
                .or_default();
            *peak = (*peak).max(report.memory_peak_bytes);
            count += 1;
        }
        assert_eq!(trend.reports.iter().sum::<u32>(), count);
        for (time_ms, peak) in trend.times_ms.iter().zip(&trend.memory_peak_bytes) {
            assert_eq!(peak, &peaks.get(time_ms).copied().flatten());
        }
    }
}

fn check_spark(row: &AppAggregate, reports: &BTreeMap<(i64, Window), Report>, query: FleetQuery) {
    let bucket_ms = query.spark_bucket_ms;
    let first_ms = query.range.from_ms.div_euclid(bucket_ms) * bucket_ms;
    let mut buckets = vec![(0_u128, 0_u128); row.spark_avg_bytes.len()];
    assert_eq!(
        buckets.len() as i64,
        (query.range.to_ms - first_ms + bucket_ms - 1) / bucket_ms
    );
    for ((_, window), report) in reports {
        if let (true, Some(average)) = (query.range.contains(window.start_ms), report.memory_avg_bytes) {
            let bucket = &mut buckets[((window.start_ms - first_ms) / bucket_ms) as usize];
            let weight = u128::from(report.sample_count.max(1));
            bucket.0 += weight;
            bucket.1 += weight * u128::from(average);
        }
    }
    let wanted: Vec<Option<u64>> = buckets
        .into_iter()
        .map(|(weight, sum)| (weight > 0).then(|| ((sum + weight / 2) / weight) as u64))
        .collect();
    assert_eq!(row.spark_avg_bytes, wanted, "{query:?}");
}

fn check_recent(row: &AppAggregate, reports: &BTreeMap<(i64, Window), Report>, query: FleetQuery) {
    let Some(recent) = query.recent else { return };
    for of in &row.deployments {
        let inside = || {
            reports
                .iter()
                .filter(|((deployment, window), _)| {
                    *deployment == of.deployment.0 && recent.contains(window.start_ms)
                })
                .map(|(_, report)| report)
        };
        let errors = inside()
            .filter_map(|report| report.log_errors)
            .map(u64::from)
            .reduce(|a, b| a + b);
        assert_eq!(of.log_errors_recent, errors, "{query:?}");
        assert_eq!(
            of.oom_kills_recent,
            inside().map(|report| u64::from(report.oom_kills)).sum::<u64>()
        );
    }
}

/// A step in the life of a store.
#[derive(Debug, Clone)]
enum Step {
    Save {
        host: usize,
        window: i64,
        memory: Option<u64>,
        errors: Option<u32>,
    },
    Import {
        host: usize,
        window: i64,
        memory: Option<u64>,
    },
    Seal {
        days: i64,
    },
}

/// Few enough windows that one comes twice, and over enough days that every length of sums is part of it.
fn any_window() -> impl Strategy<Value = i64> {
    (0_i64..14 * 6).prop_map(|nth| nth * 16)
}

fn any_step() -> impl Strategy<Value = Step> {
    let memory = || prop::option::of(1_u64..1 << 40);
    prop_oneof![
        6 => (0_usize..3, any_window(), memory(), any::<Option<u8>>())
            .prop_map(|(host, window, memory, errors)| Step::Save { host, window, memory, errors: errors.map(u32::from) }),
        2 => (0_usize..3, any_window(), memory()).prop_map(|(host, window, memory)| Step::Import { host, window, memory }),
        1 => (0_i64..15).prop_map(|days| Step::Seal { days }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the order of saving, importing, sealing and coming late: the sums are those of the reports.
    #[test]
    fn sums_are_what_the_reports_say_together(
        steps in prop::collection::vec(any_step(), 1..120),
        spans in prop::collection::vec((0_i64..14 * 96, 1_i64..14 * 96), 3),
    ) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
            let fixture = Fixture::new().await;
            let mut places = Vec::new();
            for name in ["a", "b", "c"] {
                let host = fixture.host(name).await;
                places.push((host, fixture.list(host, &["app"]).await[0].deployment));
            }
            let mut model: BTreeMap<(i64, Window), Report> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Save { host, window: nth, memory, errors } => {
                        let (host, deployment) = places[host];
                        let given = Report { log_errors: errors, oom_kills: 1, ..report(deployment, window(nth), memory) };
                        fixture.store.save_reports(host, given.window, std::slice::from_ref(&given)).await.unwrap();
                        model.insert((deployment.0, given.window), given);
                    }
                    Step::Import { host, window: nth, memory } => {
                        let given = report(places[host].1, window(nth), memory);
                        fixture.store.import_reports(std::slice::from_ref(&given)).await.unwrap();
                        model.insert((given.deployment.0, given.window), given);
                    }
                    Step::Seal { days } => fixture.seal(MIDNIGHT_MS + days * DAY_MS + 3 * HOUR_MS).await,
                }
            }
            let recent_of = |nth: usize| spans.get(nth + 1).map(|(from, length)| windows(*from, from + length));
            for (nth, (from, length)) in spans.iter().copied().enumerate() {
                for spark_bucket_ms in [WINDOW_MS, HOUR_MS, DAY_MS] {
                    let range = windows(from, from + length);
                    check(&fixture.store, &model, FleetQuery { range, spark_bucket_ms, recent: recent_of(nth) }).await;
                }
            }
            assert_eq!(DAY % 8, 0, "the first day starts a block, so that blocks are part of this test");
        });
    }
}

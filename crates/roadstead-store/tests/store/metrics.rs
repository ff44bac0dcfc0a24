//! Charts from ticks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use proptest::prelude::*;
use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, align_down};
use roadstead_model::{ContainerFacts, ContainerId, HostId, Sample, Tick, TimeRange};
use roadstead_store::{
    ContainerRef, LineColumns, MetricsColumns, MetricsLines, MetricsSpec, Store, StoreError,
};

use crate::fixture::{Fixture, MIDNIGHT_MS, facts};

pub(crate) const STEP_MS: i64 = 15_000;
const MIB: u64 = 1 << 20;

pub(crate) fn range(from_ms: i64, to_ms: i64) -> TimeRange {
    TimeRange {
        from_ms: MIDNIGHT_MS + from_ms,
        to_ms: MIDNIGHT_MS + to_ms,
    }
}

pub(crate) fn whole(max_points: u32) -> MetricsSpec {
    MetricsSpec {
        max_points,
        bucket_ms: None,
        lines: MetricsLines::Whole,
        rates: true,
    }
}

fn grouped(groups: &[(&ContainerRef, u32)], most: u32) -> MetricsSpec {
    let group_of: HashMap<ContainerId, u32> =
        groups.iter().map(|(of, group)| (of.container, *group)).collect();
    MetricsSpec {
        lines: MetricsLines::Groups {
            group_of: Arc::new(group_of),
            most,
        },
        ..whole(1_000)
    }
}

/// A host's tick, the `nth` after midnight, with a sample per container: memory, cores and limit.
type Shows<'a> = (&'a ContainerRef, Option<u64>, Option<f64>, Option<u64>);

fn tick(host: HostId, nth: i64, shows: &[Shows<'_>]) -> Tick {
    Tick {
        host,
        tick_ms: MIDNIGHT_MS + nth * STEP_MS,
        interval_ms: STEP_MS,
        samples: shows
            .iter()
            .map(|(of, memory, cores, limit)| Sample {
                memory_used_bytes: *memory,
                cpu_cores: *cores,
                memory_limit_bytes: *limit,
                ..Sample::empty(of.container, of.deployment)
            })
            .collect(),
    }
}

pub(crate) fn plain(host: HostId, nth: i64, shows: &[(&ContainerRef, u64)]) -> Tick {
    let shows: Vec<Shows<'_>> = shows
        .iter()
        .map(|(of, memory)| (*of, Some(*memory), Some(0.5), Some(1_000)))
        .collect();
    tick(host, nth, &shows)
}

impl Fixture {
    /// Lists containers of one app by name, all of them running since the beginning of time.
    pub(crate) async fn app(&self, host: HostId, names: &[&str]) -> Vec<ContainerRef> {
        let listed: Vec<ContainerFacts> = names.iter().map(|name| facts("app", name)).collect();
        self.relist(host, 0, &listed).await
    }

    pub(crate) async fn relist(
        &self,
        host: HostId,
        at_ms: i64,
        listed: &[ContainerFacts],
    ) -> Vec<ContainerRef> {
        let at_ms = MIDNIGHT_MS + at_ms;
        self.store.observe_containers(host, at_ms, listed).await.unwrap()
    }

    pub(crate) async fn give(&self, ticks: &[Tick]) {
        self.store.append_ticks(ticks).await.unwrap();
    }

    /// The chart of all deployments there are.
    pub(crate) async fn chart(&self, range: TimeRange, spec: &MetricsSpec) -> MetricsColumns {
        chart(&self.store, range, spec).await
    }
}

async fn chart(store: &Store, range: TimeRange, spec: &MetricsSpec) -> MetricsColumns {
    let deployments: Vec<_> = store
        .deployments()
        .await
        .unwrap()
        .iter()
        .map(|of| of.id)
        .collect();
    store.metrics_window(&deployments, range, spec).await.unwrap()
}

pub(crate) fn nth(columns: &MetricsColumns) -> Vec<i64> {
    columns
        .times_ms
        .iter()
        .map(|time_ms| (time_ms - MIDNIGHT_MS) / STEP_MS)
        .collect()
}

#[tokio::test]
async fn two_containers_of_one_tick_are_one_point_and_no_limit_is_no_ceiling() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.app(host, &["a", "b"]).await;
    fixture
        .give(&[
            tick(
                host,
                0,
                &[
                    (&of[0], Some(100 * MIB), Some(0.1), Some(256 * MIB)),
                    (&of[1], Some(50 * MIB), Some(0.2), None),
                ],
            ),
            tick(
                host,
                1,
                &[
                    (&of[0], Some(100 * MIB), Some(0.1), Some(256 * MIB)),
                    (&of[1], Some(50 * MIB), Some(0.2), Some(512 * MIB)),
                ],
            ),
        ])
        .await;
    let columns = fixture.chart(range(0, HOUR_MS), &whole(1_000)).await;
    assert_eq!((nth(&columns), columns.bucket_ms), (vec![0, 1], STEP_MS));
    let line = &columns.lines[0];
    assert_eq!(line.memory_avg_bytes, [Some(150 * MIB); 2]);
    assert_eq!(line.cpu_avg_cores, [Some(0.3); 2]);
    assert_eq!(
        line.limit_bytes,
        [None, Some(768 * MIB)],
        "the sum of limits, and none with one that is unlimited"
    );
    assert_eq!((columns.containers, columns.expected), (vec![2, 2], vec![2, 2]));
    assert_eq!(columns.complete, [true, true]);
}

#[tokio::test]
async fn a_tick_in_which_one_was_not_measured_has_no_sum_and_says_so() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.app(host, &["a", "b"]).await;
    let full = |nth| plain(host, nth, &[(&of[0], 100), (&of[1], 50)]);
    let without_b = tick(
        host,
        1,
        &[
            (&of[0], Some(100), Some(0.5), Some(1_000)),
            (&of[1], None, None, Some(1_000)),
        ],
    );
    // The container has stopped: it has no sample, and is not expected.
    let alone = plain(host, 3, &[(&of[0], 100)]);
    fixture.give(&[full(0), without_b, full(2), alone]).await;
    let columns = fixture.chart(range(0, HOUR_MS), &whole(1_000)).await;
    assert_eq!(
        columns.lines[0].memory_avg_bytes,
        [Some(150), None, Some(150), Some(100)]
    );
    assert_eq!(
        columns.lines[0].cpu_avg_cores,
        [Some(1.0), None, Some(1.0), Some(0.5)]
    );
    assert_eq!(
        columns.lines[0].limit_bytes[1],
        Some(2_000),
        "limits need no reading"
    );
    assert_eq!(columns.containers, [2, 1, 2, 1]);
    assert_eq!(columns.expected, [2, 2, 2, 1]);
    assert_eq!(columns.complete, [true, false, true, true]);

    let split = grouped(&[(&of[0], 7), (&of[1], 3)], 20);
    let lines = fixture.chart(range(0, HOUR_MS), &split).await.lines;
    assert_eq!(
        (lines[0].group, lines[1].group),
        (7, 3),
        "the one that needs most comes first"
    );
    assert_eq!(
        lines[0].memory_avg_bytes,
        [Some(100); 4],
        "another's gap is not this one's"
    );
    assert_eq!(lines[1].memory_avg_bytes, [Some(50), None, Some(50), None]);

    // In a bucket of all four the whole ticks speak, and it is marked.
    let merged = MetricsSpec {
        bucket_ms: Some(MINUTE_MS),
        ..whole(2)
    };
    let columns = fixture.chart(range(0, HOUR_MS), &merged).await;
    assert_eq!(columns.lines[0].memory_avg_bytes, [Some(133)]);
    assert_eq!(columns.lines[0].memory_min_bytes, [Some(100)]);
    assert_eq!((columns.containers, columns.complete), (vec![2], vec![false]));
}

#[tokio::test]
async fn a_rate_a_container_does_not_have_is_no_gap_and_one_that_was_not_measured_is() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.app(host, &["a", "on-the-hosts-network"]).await;
    let given = |nth, cores, rx| {
        let mut tick = plain(host, nth, &[(&of[0], 1), (&of[1], 1)]);
        tick.samples[0].cpu_cores = cores;
        tick.samples[0].network_rx_bytes_per_s = rx;
        tick
    };
    fixture
        .give(&[
            // Its first reading gives no rate at all.
            given(0, None, None),
            given(1, Some(0.1), Some(1_000.0)),
            given(2, Some(0.1), Some(2_000.0)),
        ])
        .await;
    let line = fixture
        .chart(range(0, HOUR_MS), &whole(1_000))
        .await
        .lines
        .remove(0);
    assert_eq!(line.network_rx_bytes_per_s, [None, Some(1_000.0), Some(2_000.0)]);
    assert_eq!(
        line.network_tx_bytes_per_s, [None; 3],
        "nobody has it: it is absent, not zero"
    );
    assert_eq!(line.cpu_avg_cores, [None, Some(0.6), Some(0.6)]);
    assert_eq!(line.memory_avg_bytes, [Some(2); 3]);
}

#[tokio::test]
async fn a_spike_and_a_gap_survive_any_number_of_points_on_one_grid() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.app(host, &["a"]).await;
    let ticks: Vec<Tick> = (0..1_440)
        .filter(|nth| !(600..900).contains(nth))
        .map(|nth| plain(host, nth, &[(&of[0], if nth == 77 { 5_000 } else { 100 })]))
        .collect();
    fixture.give(&ticks).await;
    for now_ms in [0, DAY_MS, 2 * DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        for points in [2, 50, 100, 720, 4_000] {
            let columns = fixture.chart(range(0, 6 * HOUR_MS), &whole(points)).await;
            assert!(columns.times_ms.len() <= points as usize);
            assert_eq!(columns.bucket_ms % STEP_MS, 0);
            assert!(
                columns
                    .times_ms
                    .iter()
                    .all(|time_ms| time_ms % columns.bucket_ms == 0)
            );
            let line = &columns.lines[0];
            let highest = line.memory_peak_bytes.iter().chain(&line.memory_avg_bytes).max();
            assert_eq!(highest, Some(&Some(5_000)));
            if points <= 720 {
                assert_eq!(columns.lines[0].memory_min_bytes.iter().max(), Some(&Some(100)));
            }
            if points >= 50 {
                let longest = columns.times_ms.windows(2).map(|pair| pair[1] - pair[0]).max();
                assert!(longest > Some(HOUR_MS), "a gap is a gap");
            }
            // Ten minutes on, the same span lies on the same grid, though it holds fewer ticks.
            let later = fixture
                .chart(range(600_000, 6 * HOUR_MS + 600_000), &whole(points))
                .await;
            assert_eq!(later.bucket_ms, columns.bucket_ms);
        }
    }
}

#[tokio::test]
async fn only_the_lines_that_need_most_are_answered_and_the_others_counted() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let names: Vec<String> = (0..30).map(|nth| format!("c{nth}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let of = fixture.app(host, &names).await;
    let memory = |at: usize| (at as u64 * 7) % 30 + 1;
    let shows: Vec<(&ContainerRef, u64)> = of.iter().enumerate().map(|(at, of)| (of, memory(at))).collect();
    fixture
        .give(&[plain(host, 0, &shows), plain(host, 1, &shows)])
        .await;
    let groups: Vec<(&ContainerRef, u32)> = of.iter().zip(0..).take(29).collect();
    let columns = fixture.chart(range(0, HOUR_MS), &grouped(&groups, 3)).await;
    let most: Vec<Option<u64>> = columns
        .lines
        .iter()
        .map(|line| line.memory_avg_bytes[0])
        .collect();
    let mut wanted: Vec<u64> = (0..29).map(memory).collect();
    wanted.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(most, wanted[..3].iter().copied().map(Some).collect::<Vec<_>>());
    assert_eq!(columns.lines_left_out, 26);
    assert_eq!(
        columns.containers,
        [30, 30],
        "one that is in no line is counted all the same"
    );
}

#[tokio::test]
async fn a_chart_that_makes_no_sense_is_refused_and_one_without_ticks_is_empty() {
    let fixture = Fixture::new().await;
    let (_, of) = fixture.one().await;
    let day = range(0, DAY_MS);
    for (max_points, bucket_ms) in [
        (1, None),
        (0, None),
        (10, Some(0)),
        (10, Some(-1)),
        (10, Some(1)),
        (60_000, None),
    ] {
        let spec = MetricsSpec {
            bucket_ms,
            ..whole(max_points)
        };
        let refused = fixture.store.metrics_window(&[of.deployment], day, &spec).await;
        assert!(
            matches!(refused, Err(StoreError::Invalid(_))),
            "{max_points} {bucket_ms:?}"
        );
    }
    assert_eq!(fixture.chart(day, &whole(9)).await, MetricsColumns::default());
}

#[tokio::test]
async fn a_chart_tells_how_often_it_was_measured_and_rates_only_when_asked() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let of = fixture.app(host, &["a"]).await;
    let ticks: Vec<Tick> = [(0, 15), (15, 15), (30, 15), (45, 5), (50, 5), (55, 5), (60, 15)]
        .map(|(at_s, interval_s)| {
            let mut tick = plain(host, 0, &[(&of[0], 100)]);
            tick.samples[0].cpu_cores = Some(0.5);
            tick.samples[0].network_rx_bytes_per_s = Some(7.0);
            Tick {
                tick_ms: MIDNIGHT_MS + at_s * 1_000,
                interval_ms: interval_s * 1_000,
                ..tick
            }
        })
        .to_vec();
    fixture.give(&ticks).await;
    for sealed in [false, true] {
        if sealed {
            fixture.seal(MIDNIGHT_MS + DAY_MS).await;
        }
        let columns = fixture.chart(range(0, HOUR_MS), &whole(1_000)).await;
        let intervals: Vec<(i64, i64)> = columns
            .intervals
            .iter()
            .map(|since| ((since.from_ms - MIDNIGHT_MS) / 1_000, since.interval_ms / 1_000))
            .collect();
        assert_eq!(intervals, [(0, 15), (45, 5), (60, 15)]);
        assert_eq!(columns.lines[0].network_rx_bytes_per_s, [Some(7.0); 7]);
        let without = MetricsSpec {
            rates: false,
            ..whole(1_000)
        };
        let without = fixture.chart(range(0, HOUR_MS), &without).await;
        assert_eq!(without.lines[0].network_rx_bytes_per_s, []);
        assert_eq!(without.lines[0].memory_avg_bytes, [Some(100); 7]);
        assert_eq!(without.lines[0].cpu_avg_cores, [Some(0.5); 7]);
    }
}

/// The same chart, the plain way: from the ticks of one host.
fn by_hand(
    ticks: &[Tick],
    bucket_ms: i64,
    group_of: impl Fn(ContainerId) -> Option<u32>,
    group: u32,
) -> LineColumns {
    let mut buckets: BTreeMap<i64, Vec<Vec<&Sample>>> = BTreeMap::new();
    for tick in ticks.iter().filter(|tick| !tick.samples.is_empty()) {
        let of: Vec<&Sample> = tick
            .samples
            .iter()
            .filter(|of| group_of(of.container) == Some(group))
            .collect();
        buckets
            .entry(align_down(tick.tick_ms, bucket_ms))
            .or_default()
            .push(of);
    }
    let mut line = LineColumns {
        group,
        ..LineColumns::default()
    };
    for ticks in buckets.values() {
        let there: Vec<&Vec<&Sample>> = ticks.iter().filter(|tick| !tick.is_empty()).collect();
        let sums = |value: &dyn Fn(&Sample) -> Option<f64>| {
            let sum = |tick: &&Vec<&Sample>| tick.iter().map(|sample| value(sample)).sum::<Option<f64>>();
            there.iter().filter_map(sum).collect::<Vec<f64>>()
        };
        let mean = |sums: &[f64]| (!sums.is_empty()).then(|| sums.iter().sum::<f64>() / sums.len() as f64);
        let memory = sums(&|sample| sample.memory_used_bytes.map(|bytes| bytes as f64));
        let bytes = |value: Option<f64>| value.map(|value| value.round() as u64);
        line.memory_min_bytes
            .push(bytes(memory.iter().copied().reduce(f64::min)));
        line.memory_avg_bytes.push(bytes(mean(&memory)));
        line.memory_peak_bytes
            .push(bytes(memory.iter().copied().reduce(f64::max)));
        let cores = |value: Option<f64>| value.map(|value| (value * 10_000.0).round() / 10_000.0);
        let cpu = sums(&|sample| sample.cpu_cores);
        line.cpu_avg_cores.push(cores(mean(&cpu)));
        line.cpu_peak_cores
            .push(cores(cpu.iter().copied().reduce(f64::max)));
        let limit = there
            .last()
            .and_then(|tick| tick.iter().map(|sample| sample.memory_limit_bytes).sum());
        line.limit_bytes.push(limit);
    }
    line
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is sealed, however it is cut: a chart is what the ticks say, and pieces cut at its buckets make the whole.
    #[test]
    fn a_chart_is_what_its_ticks_say_and_its_pieces_fit_together(
        given in prop::collection::vec(
            (0_i64..960, prop::collection::vec(prop::option::of((0_u64..1 << 30, 0_u32..100, prop::option::of(1_u64..9))), 3)), 1..80),
        sealed_h in 0_i64..40,
        late in prop::collection::vec((0_i64..960, 0_u64..1 << 30), 0..10),
        points in 2_u32..300,
        cut in 0_i64..8,
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let fixture = Fixture::new().await;
            let host = fixture.host("one").await;
            let of = fixture.app(host, &["a", "b", "c"]).await;
            let step_ms = 60_000;
            for (minute, samples) in &given {
                let samples = of.iter().zip(samples).enumerate().filter_map(|(at, (of, shown))| {
                    // Every third container is there whether measured or not.
                    let (memory, cpu, limit) = match shown {
                        Some((memory, cpu, limit)) => (Some(*memory), Some(f64::from(*cpu) / 100.0), *limit),
                        None if at == 0 => (None, None, None),
                        None => return None,
                    };
                    Some(Sample {
                        memory_used_bytes: memory,
                        cpu_cores: cpu,
                        memory_limit_bytes: limit,
                        ..Sample::empty(of.container, of.deployment)
                    })
                }).collect();
                let tick_ms = MIDNIGHT_MS + minute * step_ms;
                fixture.give(&[Tick { host, tick_ms, interval_ms: step_ms, samples }]).await;
            }
            fixture.seal(MIDNIGHT_MS + sealed_h * HOUR_MS).await;
            for (minute, memory) in &late {
                let tick = plain(host, minute * 4, &[(&of[1], *memory)]);
                fixture.give(&[Tick { interval_ms: step_ms, ..tick }]).await;
            }
            let day = range(0, 16 * HOUR_MS);
            let groups: HashMap<ContainerId, u32> = of.iter().zip([0, 1, 0]).map(|(of, group)| (of.container, group)).collect();
            let spec = MetricsSpec {
                lines: MetricsLines::Groups { group_of: Arc::new(groups.clone()), most: 9 },
                ..whole(points)
            };
            let columns = fixture.chart(day, &spec).await;
            let ticks = fixture.store.ticks_between(host, day).await.unwrap();
            assert!(columns.times_ms.len() <= points as usize);
            for line in &columns.lines {
                let wanted = by_hand(&ticks, columns.bucket_ms, |id| groups.get(&id).copied(), line.group);
                // With one tick a bucket, lowest and highest are the mean, and not told.
                let told = |column: &[Option<u64>]| if columns.bucket_ms > step_ms { column.to_vec() } else {
                    assert!(column.is_empty());
                    line.memory_avg_bytes.clone()
                };
                assert_eq!(told(&line.memory_min_bytes), wanted.memory_min_bytes);
                assert_eq!(line.memory_avg_bytes, wanted.memory_avg_bytes);
                assert_eq!(told(&line.memory_peak_bytes), wanted.memory_peak_bytes);
                assert_eq!(line.limit_bytes, wanted.limit_bytes);
                for (ours, theirs) in line.cpu_avg_cores.iter().zip(&wanted.cpu_avg_cores) {
                    assert!(ours.is_some() == theirs.is_some()
                        && (ours.unwrap_or(0.0) - theirs.unwrap_or(0.0)).abs() < 0.000_2, "{ours:?} {theirs:?}");
                }
            }
            let cut_ms = align_down(MIDNIGHT_MS + cut * 2 * HOUR_MS, columns.bucket_ms.max(1));
            let piece = |from_ms, to_ms| {
                let spec = MetricsSpec { bucket_ms: Some(columns.bucket_ms.max(1)), lines: MetricsLines::Whole, ..spec.clone() };
                let store = &fixture.store;
                async move { chart(store, TimeRange { from_ms, to_ms }, &spec).await }
            };
            if columns.bucket_ms > 0 && cut_ms > day.from_ms {
                let all = piece(day.from_ms, day.to_ms).await;
                let (first, second) = (piece(day.from_ms, cut_ms).await, piece(cut_ms, day.to_ms).await);
                let joined = |of: fn(&MetricsColumns) -> Vec<Option<u64>>| [of(&first), of(&second)].concat();
                assert_eq!([first.times_ms.clone(), second.times_ms.clone()].concat(), all.times_ms);
                let peaks = |of: &MetricsColumns| of.lines.first().map_or(Vec::new(), |line| line.memory_peak_bytes.clone());
                assert_eq!(joined(peaks), peaks(&all));
                assert_eq!([first.complete, second.complete].concat(), all.complete);
                assert_eq!([first.expected, second.expected].concat(), all.expected);
            }
        });
    }
}

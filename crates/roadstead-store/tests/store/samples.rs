use proptest::prelude::*;
use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_model::{Sample, Tick, TimeRange};
use roadstead_store::{ColumnValues, ContainerRef, SampleField, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS, open, tick};

fn range(from_ms: i64, to_ms: i64) -> TimeRange {
    TimeRange {
        from_ms: MIDNIGHT_MS + from_ms,
        to_ms: MIDNIGHT_MS + to_ms,
    }
}

/// Memory that tells every tick apart.
fn memory_at(tick_ms: i64) -> u64 {
    (tick_ms - MIDNIGHT_MS) as u64 + 4_096
}

fn memory_tick(host: roadstead_model::HostId, tick_ms: i64, of: &ContainerRef) -> Tick {
    tick(host, tick_ms, &[(of, Some(memory_at(tick_ms)))])
}

#[tokio::test]
async fn ticks_come_back_the_same_fresh_sealed_and_joined() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let mut given = Vec::new();
    for nth in 0..(30 * 60) {
        let tick_ms = MIDNIGHT_MS + nth * 60_000;
        let mut tick = tick(
            host,
            tick_ms,
            &[(&listed[0], Some(nth as u64)), (&listed[1], None)],
        );
        tick.samples[1].pids = Some(nth as u32);
        tick.samples[1].block_write_bytes_per_s = Some(0.1 + nth as f64);
        if nth % 700 < 30 {
            tick.samples.remove(0);
        }
        given.push(tick);
    }
    fixture.store.append_ticks(&given).await.unwrap();
    for now_ms in [0, 5 * HOUR_MS, 13 * HOUR_MS, 20 * HOUR_MS, 3 * DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        let back = fixture
            .store
            .ticks_between(host, range(30 * 60_000, 29 * HOUR_MS))
            .await
            .unwrap();
        assert_eq!(back, given[30..29 * 60], "sealed as of {now_ms}");
        assert_eq!(
            fixture.store.hosts().await.unwrap()[0].last_tick_ms,
            given.last().map(|tick| tick.tick_ms),
            "the newest tick is known whether fresh or sealed"
        );
    }
    for from_ms in [0, 1, 90_000, 7 * HOUR_MS + 1, 30 * HOUR_MS] {
        let wanted = given
            .iter()
            .map(|tick| tick.tick_ms)
            .find(|tick_ms| *tick_ms >= MIDNIGHT_MS + from_ms);
        assert_eq!(
            fixture
                .store
                .first_tick_after(host, MIDNIGHT_MS + from_ms)
                .await
                .unwrap(),
            wanted
        );
    }
}

#[tokio::test]
async fn a_tick_given_again_replaces_what_was_there_even_when_sealed() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let listed = fixture.list(host, &["a", "b"]).await;
    let both = [(&listed[0], Some(1)), (&listed[1], Some(2))];
    let ticks: Vec<Tick> = (0..4)
        .map(|nth| tick(host, MIDNIGHT_MS + nth * 15_000, &both))
        .collect();
    fixture.store.append_ticks(&ticks).await.unwrap();
    let again = tick(host, ticks[1].tick_ms, &[(&listed[1], Some(7))]);
    let mut wanted = ticks.clone();
    wanted[1] = again.clone();
    for now_ms in [0, 5 * HOUR_MS, 2 * DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        fixture
            .store
            .append_ticks(std::slice::from_ref(&again))
            .await
            .unwrap();
        assert_eq!(
            fixture
                .store
                .ticks_between(host, range(0, HOUR_MS))
                .await
                .unwrap(),
            wanted
        );
        let window = fixture
            .store
            .deployment_window(&[listed[0].deployment], range(0, HOUR_MS), 100)
            .await
            .unwrap();
        assert_eq!(
            window.times_ms.len(),
            3,
            "the container is not in that tick any more"
        );
        let both = [listed[0].deployment, listed[1].deployment];
        let window = fixture
            .store
            .deployment_window(&both, range(0, HOUR_MS), 100)
            .await
            .unwrap();
        assert_eq!(window.memory_avg_bytes, [Some(3), Some(7), Some(3), Some(3)]);
        assert_eq!(window.deployments, [2, 1, 2, 2]);
    }
    fixture.seal(MIDNIGHT_MS + 3 * DAY_MS).await;
    assert_eq!(
        fixture
            .store
            .ticks_between(host, range(0, HOUR_MS))
            .await
            .unwrap(),
        wanted
    );
}

#[tokio::test]
async fn late_ticks_find_their_place_between_sealed_ones() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let all: Vec<Tick> = (0..240)
        .map(|nth| memory_tick(host, MIDNIGHT_MS + nth * 300_000, &of))
        .collect();
    let (late, timely): (Vec<_>, Vec<_>) = all
        .iter()
        .cloned()
        .partition(|tick| (tick.tick_ms / 300_000) % 7 == 3);
    fixture.store.append_ticks(&timely).await.unwrap();
    fixture.seal(MIDNIGHT_MS + 2 * DAY_MS).await;
    fixture.store.append_ticks(&late).await.unwrap();
    for now_ms in [0, 2 * DAY_MS, 3 * DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        assert_eq!(
            fixture.store.ticks_between(host, range(0, DAY_MS)).await.unwrap(),
            all
        );
        let series = fixture
            .store
            .samples(
                &[of.deployment],
                range(0, DAY_MS),
                &[SampleField::CpuCores, SampleField::MemoryUsed],
            )
            .await
            .unwrap();
        assert_eq!(series.len(), 1);
        assert_eq!(
            series[0].times_ms,
            all.iter().map(|tick| tick.tick_ms).collect::<Vec<_>>()
        );
        let memory = all.iter().map(|tick| Some(memory_at(tick.tick_ms))).collect();
        assert_eq!(
            series[0].columns[1],
            (SampleField::MemoryUsed, ColumnValues::Whole(memory))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_while_late_ticks_come_and_spans_are_sealed_finds_every_tick_once() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let ticks = |from: i64, step: usize| -> Vec<Tick> {
        let all = (from..480).step_by(step);
        all.map(|nth| memory_tick(host, MIDNIGHT_MS + nth * 60_000, &of))
            .collect()
    };
    fixture.store.append_ticks(&ticks(0, 2)).await.unwrap();
    let (count, mut counts) = tokio::sync::watch::channel(240);
    let reading = tokio::spawn({
        let (store, deployment) = (fixture.store.clone(), of.deployment);
        async move {
            let mut reads = 0;
            loop {
                let at_least = *counts.borrow();
                let read = store.ticks_between(host, range(0, DAY_MS)).await.unwrap();
                let window = store
                    .samples(&[deployment], range(0, DAY_MS), &[SampleField::MemoryUsed])
                    .await
                    .unwrap();
                assert!(read.len() >= at_least, "{} of {at_least} ticks", read.len());
                for times_ms in [
                    read.iter().map(|tick| tick.tick_ms).collect::<Vec<_>>(),
                    window[0].times_ms.clone(),
                ] {
                    assert!(times_ms.len() >= at_least);
                    assert!(times_ms.is_sorted_by(|a, b| a < b), "a tick was given twice");
                }
                reads += 1;
                if counts.has_changed().is_err() {
                    return (reads, read.len());
                }
                counts.mark_unchanged();
            }
        }
    });
    for (at, late) in ticks(1, 2).chunks(8).enumerate() {
        fixture.store.append_ticks(late).await.unwrap();
        count.send(240 + (at + 1) * 8).unwrap();
        // Each time a span more is complete.
        fixture.seal(MIDNIGHT_MS + (at as i64 + 1) * HOUR_MS).await;
    }
    drop(count);
    let (reads, read) = reading.await.unwrap();
    assert!(reads > 10, "read {reads} times");
    assert_eq!(read, 480);
}

#[tokio::test]
async fn fresh_ticks_are_found_after_the_store_was_opened_again() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let given: Vec<Tick> = (0..10)
        .map(|nth| memory_tick(host, MIDNIGHT_MS + nth * 15_000, &of))
        .collect();
    fixture.store.append_ticks(&given).await.unwrap();
    fixture.store.close().await.unwrap();
    let store = open(fixture.dir.path()).await.store;
    assert_eq!(store.ticks_between(host, range(0, DAY_MS)).await.unwrap(), given);
    assert_eq!(store.ticks_between(host, range(DAY_MS, 0)).await.unwrap(), []);
    assert_eq!(
        store.hosts().await.unwrap()[0].last_tick_ms,
        given.last().map(|tick| tick.tick_ms)
    );
}

#[tokio::test]
async fn a_window_keeps_the_spike_and_the_gap() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let ticks: Vec<Tick> = (0..1_440)
        .filter(|nth| !(600..900).contains(nth))
        .map(|nth| {
            let memory = if nth == 77 { 5_000 } else { 100 };
            tick(host, MIDNIGHT_MS + nth * 15_000, &[(&of, Some(memory))])
        })
        .collect();
    fixture.store.append_ticks(&ticks).await.unwrap();
    for now_ms in [0, DAY_MS] {
        fixture.seal(MIDNIGHT_MS + now_ms).await;
        let full = fixture
            .store
            .deployment_window(&[of.deployment], range(0, 6 * HOUR_MS), 2_000)
            .await
            .unwrap();
        assert_eq!((full.bucket_ms, full.times_ms.len()), (15_000, 1_140));
        let small = fixture
            .store
            .deployment_window(&[of.deployment], range(0, 6 * HOUR_MS), 100)
            .await
            .unwrap();
        assert!(small.times_ms.len() <= 100);
        assert_eq!(small.memory_peak_bytes.iter().max(), Some(&Some(5_000)));
        assert!(
            small.times_ms.windows(2).any(|pair| pair[1] - pair[0] > HOUR_MS),
            "a gap is a gap"
        );
        assert!(small.complete.iter().all(|complete| *complete));
    }
    let none = fixture
        .store
        .deployment_window(&[of.deployment], range(0, HOUR_MS), 0)
        .await;
    assert!(matches!(none, Err(StoreError::Invalid(_))));
}

#[tokio::test]
async fn ticks_that_make_no_sense_are_refused_whole() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let good = memory_tick(host, MIDNIGHT_MS, &of);
    let twice = tick(host, MIDNIGHT_MS + 15_000, &[(&of, Some(1)), (&of, Some(2))]);
    let no_interval = Tick {
        interval_ms: 0,
        ..good.clone()
    };
    let mut foreign = good.clone();
    foreign.samples[0].deployment = roadstead_model::DeploymentId(99);
    for bad in [twice, no_interval] {
        let refused = fixture.store.append_ticks(&[good.clone(), bad]).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))));
    }
    let refused = fixture.store.append_ticks(&[good.clone(), foreign]).await;
    assert!(matches!(
        refused,
        Err(StoreError::NotFound {
            what: "deployment",
            id: 99
        })
    ));
    assert_eq!(
        fixture.store.ticks_between(host, range(0, DAY_MS)).await.unwrap(),
        []
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever the order of appending, sealing and appending again: each tick is as it was last given.
    #[test]
    fn every_tick_is_as_it_was_last_given(
        steps in prop::collection::vec((0_i64..96, 0_u64..1 << 40, 0_usize..4, prop::option::of(0_i64..50)), 1..60),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let fixture = Fixture::new().await;
            let host = fixture.host("one").await;
            let listed = fixture.list(host, &["a", "b", "c"]).await;
            let mut model = std::collections::BTreeMap::new();
            for (nth, memory, containers, seal) in steps {
                let tick_ms = MIDNIGHT_MS + nth * 1_200_000;
                let samples = listed[..containers.min(3)].iter().map(|of| Sample {
                    memory_used_bytes: Some(memory),
                    ..Sample::empty(of.container, of.deployment)
                }).collect();
                let given = Tick { host, tick_ms, interval_ms: 1_200_000, samples };
                fixture.store.append_ticks(std::slice::from_ref(&given)).await.unwrap();
                model.insert(tick_ms, given);
                if let Some(hours) = seal {
                    fixture.seal(MIDNIGHT_MS + hours * HOUR_MS).await;
                }
            }
            // A sealed tick without any sample is not kept.
            let wanted: Vec<Tick> = model.into_values().filter(|tick| !tick.samples.is_empty()).collect();
            let mut back = fixture.store.ticks_between(host, range(0, 2 * DAY_MS)).await.unwrap();
            back.retain(|tick| !tick.samples.is_empty());
            assert_eq!(back, wanted);
            fixture.seal(MIDNIGHT_MS + 5 * DAY_MS).await;
            assert_eq!(fixture.store.ticks_between(host, range(0, 2 * DAY_MS)).await.unwrap(), wanted);
        });
    }
}

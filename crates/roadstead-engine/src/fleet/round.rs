//! What a host's task does at each tick, and what it tells the store: readings into samples, an inventory into rows
//! and changes.

use std::collections::{HashMap, HashSet};

use roadstead_collect::{EngineConnection, EngineEvent, EventKind, ReadingOutcome};
use roadstead_model::time::{MINUTE_MS, align_down};
use roadstead_model::{
    ContainerFacts, ContainerId, EngineContainerId, Fault, FaultCause, HostId, RateTracker, Tick,
};
use roadstead_store::StoreError;

use super::Fleet;
use super::sampling::Place;
use crate::changes::{Difference, differences};
use crate::pages::overview::StoredChange;
use crate::wire::{ChangeKind, Tag};

/// An OOM kill seen as an event and again in the container's state within this time is one.
const SAME_OOM_MS: i64 = 2 * MINUTE_MS;
/// OOM events remembered until their container is known.
const MAX_PENDING_OOM: usize = 1_000;

/// When a host ticks: at multiples of the interval plus an offset of its own, at most a quarter of the interval, so
/// that hosts do not all answer in the same instant.
#[derive(Debug)]
pub(super) struct Pace {
    interval_ms: i64,
    offset_ms: i64,
    last_ms: Option<i64>,
    /// The tick that was taken before this connection: taking it again would lose its CPU.
    taken_ms: Option<i64>,
}

/// A tick that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DueTick {
    /// Its stamp, a multiple of the interval.
    pub(super) tick_ms: i64,
    /// Ticks that were due since the last one and were not taken.
    pub(super) missed: u32,
}

impl Pace {
    pub(super) fn new(host: HostId, interval_ms: i64, taken_ms: Option<i64>) -> Self {
        // Multiplying by the golden ratio's fraction spreads consecutive ids evenly.
        let spread = (host.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let offset_ms = (spread as i64 * (interval_ms / 4)) >> 32;
        Self {
            interval_ms,
            offset_ms,
            last_ms: None,
            taken_ms,
        }
    }

    /// The tick to take now; `None` when it was taken already.
    pub(super) fn tick_at(&mut self, now_ms: i64) -> Option<DueTick> {
        let tick_ms = align_down(now_ms - self.offset_ms, self.interval_ms);
        let missed = match self.last_ms {
            Some(last_ms) if last_ms == tick_ms => return None,
            None if self.taken_ms == Some(tick_ms) => return None,
            // A clock that was set back starts anew.
            Some(last_ms) if last_ms > tick_ms => 0,
            Some(last_ms) => (tick_ms - last_ms) / self.interval_ms - 1,
            None => 0,
        };
        self.last_ms = Some(tick_ms);
        Some(DueTick {
            tick_ms,
            missed: u32::try_from(missed).unwrap_or(u32::MAX),
        })
    }

    /// When the next tick is due.
    pub(super) fn next_due_ms(&self, now_ms: i64) -> i64 {
        align_down(now_ms - self.offset_ms, self.interval_ms) + self.interval_ms + self.offset_ms
    }
}

/// How a round went.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RoundOutcome {
    /// Containers that run and did not answer.
    pub(super) failures: u32,
}

/// The memory of a host's rounds within one connection.
#[derive(Debug)]
pub(super) struct Round {
    fleet: Fleet,
    host: HostId,
    rates: RateTracker,
    oom_events_ms: HashMap<EngineContainerId, Vec<i64>>,
    counted_oom_ms: HashMap<EngineContainerId, i64>,
}

impl Round {
    pub(super) fn new(fleet: Fleet, host: HostId) -> Self {
        Self {
            fleet,
            host,
            rates: RateTracker::default(),
            oom_events_ms: HashMap::new(),
            counted_oom_ms: HashMap::new(),
        }
    }

    /// Takes note of an event that no inventory shows.
    pub(super) fn note(&mut self, event: &EngineEvent) {
        if event.kind == EventKind::Oom && self.oom_events_ms.len() < MAX_PENDING_OOM {
            self.oom_events_ms
                .entry(event.engine_id.clone())
                .or_default()
                .push(event.at.ms());
        }
    }

    /// Gives an inventory to the store and to memory; whether anything changed.
    pub(super) async fn publish(&mut self, now: Vec<ContainerFacts>) -> Result<bool, StoreError> {
        let now_ms = self.fleet.clock.now_ms();
        let before = self.fleet.live.with_host(self.host, |live| {
            let known = live.record.facts.is_some() || !live.containers.is_empty();
            (
                live.containers
                    .iter()
                    .map(|c| c.facts.clone())
                    .collect::<Vec<_>>(),
                known,
            )
        });
        let Some((before, known)) = before else {
            return Ok(false);
        };
        let found = if known {
            differences(&before, &now, now_ms)
        } else {
            Vec::new()
        };
        let ooms = std::mem::take(&mut self.oom_events_ms);
        let same = before.len() == now.len() && {
            let index: HashMap<_, _> = before.iter().map(|f| (&f.engine_id, f)).collect();
            now.iter()
                .all(|facts| index.get(&facts.engine_id) == Some(&facts))
        };
        if same && ooms.is_empty() {
            return Ok(false);
        }
        let refs = match self.fleet.store.observe_containers(self.host, now_ms, &now).await {
            Ok(refs) => refs,
            Err(error) => {
                self.oom_events_ms = ooms;
                return Err(error);
            }
        };
        let has_new_app = {
            let fleet = self.fleet.live.read();
            refs.iter().any(|r| !fleet.apps.contains_key(&r.app))
        } || now.iter().any(|f| f.display_name.is_some());
        let index: HashMap<EngineContainerId, (ContainerId, roadstead_model::AppId)> = refs
            .iter()
            .map(|r| (r.engine_id.clone(), (r.container, r.app)))
            .collect();
        let names: HashMap<EngineContainerId, ContainerFacts> =
            now.iter().map(|f| (f.engine_id.clone(), f.clone())).collect();
        self.fleet
            .live
            .with_host(self.host, |live| live.set_containers(now, &refs));
        if has_new_app {
            self.fleet.refresh_names().await?;
        }
        let all = self.count_oom_kills(found, ooms, &index, &names);
        self.keep_changes(all, &index).await?;
        Ok(true)
    }

    /// Counts OOM kills: those told as events, and those only seen in a container's state. Gives the differences with
    /// each kill in once.
    fn count_oom_kills(
        &mut self,
        found: Vec<Difference>,
        events: HashMap<EngineContainerId, Vec<i64>>,
        index: &HashMap<EngineContainerId, (ContainerId, roadstead_model::AppId)>,
        facts: &HashMap<EngineContainerId, ContainerFacts>,
    ) -> Vec<Difference> {
        let mut all = Vec::with_capacity(found.len());
        for (engine_id, times_ms) in events {
            let Some(facts) = facts.get(&engine_id) else {
                continue;
            };
            for at_ms in times_ms {
                self.count_one(&engine_id, at_ms, index);
                all.push(Difference {
                    at_ms,
                    engine_id: engine_id.clone(),
                    container_name: facts.name.clone(),
                    app: facts.app.clone(),
                    change: ChangeKind::OomKilled,
                });
            }
        }
        for difference in found {
            if difference.change == ChangeKind::OomKilled {
                let counted = self.counted_oom_ms.get(&difference.engine_id);
                if counted.is_some_and(|ms| (difference.at_ms - ms).abs() < SAME_OOM_MS) {
                    continue;
                }
                self.count_one(&difference.engine_id, difference.at_ms, index);
            }
            all.push(difference);
        }
        all
    }

    fn count_one(
        &mut self,
        engine_id: &EngineContainerId,
        at_ms: i64,
        index: &HashMap<EngineContainerId, (ContainerId, roadstead_model::AppId)>,
    ) {
        self.counted_oom_ms.insert(engine_id.clone(), at_ms);
        if let Some((container, _)) = index.get(engine_id) {
            self.fleet.live.with_host(self.host, |live| {
                *live.oom_kills.entry(*container).or_default() += 1
            });
        }
    }

    async fn keep_changes(
        &self,
        found: Vec<Difference>,
        index: &HashMap<EngineContainerId, (ContainerId, roadstead_model::AppId)>,
    ) -> Result<(), StoreError> {
        if found.is_empty() {
            return Ok(());
        }
        let app_ids: HashMap<String, roadstead_model::AppId> = self
            .fleet
            .live
            .read()
            .apps
            .iter()
            .map(|(id, names)| (names.name.clone(), *id))
            .collect();
        let rows: Vec<_> = found
            .into_iter()
            .filter_map(|difference| {
                let known = index.get(&difference.engine_id);
                let app = known
                    .map(|k| k.1)
                    .or_else(|| app_ids.get(&difference.app.0).copied());
                StoredChange {
                    change: difference.change,
                    container_name: Some(difference.container_name),
                }
                .into_row(difference.at_ms, self.host, app, known.map(|k| k.0))
                .inspect_err(|error| tracing::warn!(%error, "a change cannot be written down"))
                .ok()
            })
            .collect();
        self.fleet.store.append_changes(&rows).await?;
        self.fleet.notifier.changed(Tag::Changes);
        Ok(())
    }

    /// One round over the running containers, stamped `tick_ms`.
    ///
    /// # Errors
    /// When not one container answered: that is the host's fault, not theirs.
    pub(super) async fn take(
        &mut self,
        connection: &EngineConnection,
        running: &[EngineContainerId],
        tick_ms: i64,
        interval_ms: i64,
    ) -> Result<RoundOutcome, Fault> {
        if running.is_empty() {
            // Nothing to read, and still a tick: the host was looked at and had nothing running.
            connection.ping().await?;
        }
        let outcomes = connection
            .readings(running, connection.reading_concurrency())
            .await;
        let mut failures = Vec::new();
        let mut answered = 0_usize;
        let samples = {
            let places: HashMap<EngineContainerId, Place> = self
                .fleet
                .live
                .with_host(self.host, |live| {
                    live.containers
                        .iter()
                        .map(|c| {
                            let place = Place {
                                container: c.container,
                                deployment: c.deployment,
                                limit_bytes: c.facts.memory_limit_bytes,
                                restart_count: c.facts.restart_count,
                                oom_kills: live.oom_kills.get(&c.container).copied().unwrap_or(0),
                            };
                            (c.facts.engine_id.clone(), place)
                        })
                        .collect()
                })
                .unwrap_or_default();
            let mut samples = Vec::with_capacity(outcomes.len());
            for (engine_id, outcome) in outcomes {
                let Some(place) = places.get(&engine_id) else {
                    continue;
                };
                match outcome {
                    ReadingOutcome::Measured(reading) => {
                        answered += 1;
                        samples.push(place.sample(&mut self.rates, &reading));
                    }
                    ReadingOutcome::NotRunning | ReadingOutcome::Gone => answered += 1,
                    ReadingOutcome::Failed(fault) => {
                        failures.push(fault);
                        samples.push(place.unmeasured());
                    }
                }
            }
            let alive: HashSet<ContainerId> = places.values().map(|place| place.container).collect();
            self.rates.keep_only(|container| alive.contains(&container));
            samples
        };
        let failed = u32::try_from(failures.len()).unwrap_or(u32::MAX);
        let is_theirs =
            |fault: &Fault| matches!(fault.cause, FaultCause::EngineError | FaultCause::BadAnswer);
        if answered == 0 && failures.iter().any(|fault| !is_theirs(fault)) {
            return Err(failures.swap_remove(0));
        }
        if answered == 0 && failed > 0 {
            // The engine answered, and had no numbers: it is well when it still answers a ping.
            connection.ping().await?;
        }
        let tick = Tick {
            host: self.host,
            tick_ms,
            interval_ms,
            samples,
        };
        self.fleet.live.with_host(self.host, |live| live.add_tick(&tick));
        if !self.fleet.recorder.record(tick).await {
            tracing::debug!(host = %self.host, tick_ms, "a tick was not recorded: writing waits");
        }
        Ok(RoundOutcome { failures: failed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_stamped_with_multiples_of_the_interval_and_missed_ones_are_counted() {
        let mut pace = Pace::new(HostId(7), 15_000, None);
        assert!((0..=3_750).contains(&pace.offset_ms));
        let now_ms = 1_700_000_010_000;
        let first = pace.tick_at(now_ms).unwrap();
        assert_eq!((first.tick_ms % 15_000, first.missed), (0, 0));
        assert_eq!(pace.tick_at(now_ms + 1), None, "one tick is taken once");
        let due_ms = pace.next_due_ms(now_ms);
        assert!(due_ms > now_ms && due_ms <= now_ms + 15_000);
        assert_eq!(
            pace.tick_at(due_ms),
            Some(DueTick {
                tick_ms: first.tick_ms + 15_000,
                missed: 0
            })
        );
        let late = pace.tick_at(due_ms + 45_000).unwrap();
        assert_eq!(late.missed, 2);
    }

    #[test]
    fn a_clock_set_back_does_not_stop_the_ticks() {
        let mut pace = Pace::new(HostId(1), 5_000, None);
        pace.tick_at(1_700_000_000_000);
        let back = pace.tick_at(1_699_996_400_000).unwrap();
        assert_eq!(back.missed, 0);
    }

    #[test]
    fn hosts_are_spread_over_a_quarter_of_the_interval() {
        let offsets: Vec<i64> = (1..=100)
            .map(|id| Pace::new(HostId(id), 15_000, None).offset_ms)
            .collect();
        let early = offsets.iter().filter(|ms| **ms < 1_875).count();
        assert!((40..=60).contains(&early), "{early} of 100 in the first half");
    }
}

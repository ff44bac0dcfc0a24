//! What a host's task does at each tick, and what it tells the store: readings into samples, an inventory into rows
//! and changes.

use std::collections::{HashMap, HashSet};

use roadstead_collect::{EngineConnection, EngineEvent, EventKind, ReadingOutcome};
use roadstead_model::time::MINUTE_MS;
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
/// Changes of one host that may wait for the store.
const MAX_UNSTORED_CHANGES: usize = 5_000;

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
            self.store_changes().await?;
            return Ok(false);
        }
        let removed = {
            let listed: HashSet<_> = now.iter().map(|facts| &facts.engine_id).collect();
            before.iter().any(|facts| !listed.contains(&facts.engine_id))
        };
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
        if removed {
            // Its last lines went with it.
            self.fleet.remember_log_losses(self.host).await?;
        }
        let all = self.count_oom_kills(found, ooms, &index, &names);
        self.keep_changes(all, &index);
        if has_new_app {
            self.fleet.refresh_names().await?;
        }
        self.store_changes().await?;
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

    /// Puts changes where they wait for the store.
    fn keep_changes(
        &self,
        found: Vec<Difference>,
        index: &HashMap<EngineContainerId, (ContainerId, roadstead_model::AppId)>,
    ) {
        if found.is_empty() {
            return;
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
        self.fleet.live.with_host(self.host, |live| {
            live.unstored.extend(rows);
            let too_many = live.unstored.len().saturating_sub(MAX_UNSTORED_CHANGES);
            if too_many > 0 {
                tracing::warn!(host = %self.host, too_many, "the oldest changes were given up: the store takes none");
                live.unstored.drain(..too_many);
            }
        });
    }

    /// Gives the store the changes that wait for it; what it does not take waits on.
    async fn store_changes(&self) -> Result<(), StoreError> {
        let waiting = self
            .fleet
            .live
            .with_host(self.host, |live| std::mem::take(&mut live.unstored))
            .unwrap_or_default();
        if waiting.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.fleet.store.append_changes(&waiting).await {
            self.fleet.live.with_host(self.host, |live| {
                live.unstored.splice(..0, waiting).for_each(drop)
            });
            return Err(error);
        }
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
            .readings(running, connection.reading_concurrency(running.len()))
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
        let left_out = self.fleet.live.protected_of(self.host);
        self.fleet
            .live
            .with_host(self.host, |live| live.add_tick(&tick, &left_out));
        if !self.fleet.recorder.record(tick).await {
            tracing::debug!(host = %self.host, tick_ms, "a tick was not recorded: writing waits");
        }
        Ok(RoundOutcome { failures: failed })
    }
}

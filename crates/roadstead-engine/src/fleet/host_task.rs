//! One host's task: connect, keep the inventory fresh, tick; and when it fails, wait and begin again.
//!
//! A host that fails is data, shown on its page. Nothing in here ends the task but stopping it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use roadstead_collect::{ConnectOptions, EngineConnection, EventCursor, EventKind, EventStream, Inventory};
use roadstead_model::time::{MINUTE_MS, SECOND_MS};
use roadstead_model::{Fault, FaultCause, HostId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Fleet;
use super::log_passes;
use super::pace::Pace;
use super::round::Round;
use crate::connection::Turn;
use crate::deploys::journal;
use crate::pages::overview::StoredChange;
use crate::wire::{ChangeKind, HostState, Tag};

/// Events of one burst (a compose project coming up) are looked at together.
const SETTLE: Duration = Duration::from_millis(400);
/// Deployments that are being changed are looked at again after this.
const OBSERVE_AGAIN: Duration = Duration::from_secs(2);
/// The full list is taken this often even when no event asked for it.
const RELIST_EVERY_MS: i64 = 5 * MINUTE_MS;
/// Pause before an event stream that ended is subscribed to again.
const RESUBSCRIBE_AFTER: Duration = Duration::from_secs(1);
/// A round that takes longer is given up and the host counts as not answering.
const LONGEST_ROUND_MS: i64 = 20 * SECOND_MS;
/// Every so many ticks the round trip is measured.
const PING_EVERY_TICKS: u32 = 4;
/// Longest sleep between two looks at the clock, which may have been set.
const LONGEST_SLEEP_MS: i64 = 5 * SECOND_MS;

/// Runs until stopped.
pub(super) async fn run(fleet: Fleet, host: HostId, stop: CancellationToken, wake: Arc<Notify>) {
    let paused = fleet.live.with_host(host, |live| {
        matches!(live.connection.wire().state, HostState::Paused)
    });
    if paused != Some(false) {
        return;
    }
    loop {
        let fault = tokio::select! {
            () = stop.cancelled() => return,
            fault = session(&fleet, host) => fault,
        };
        let now_ms = fleet.clock.now_ms();
        let Some((turn, wait_ms)) = fleet.live.with_host(host, |live| {
            let turn = live.connection.failed(now_ms, fault);
            (turn, live.connection.wait_ms(now_ms))
        }) else {
            return;
        };
        if let Some(turn) = turn {
            told(&fleet, host, now_ms, &turn).await;
        }
        notify(&fleet, host);
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(wait_ms.unsigned_abs())) => {}
        }
    }
}

/// Everything from connecting to the fault that ends it.
async fn session(fleet: &Fleet, host: HostId) -> Fault {
    let ended = connected(fleet, host).await;
    fleet.set_connection(host, None);
    match ended {
        Ok(never) => match never {},
        Err(fault) => fault,
    }
}

async fn connected(fleet: &Fleet, host: HostId) -> Result<std::convert::Infallible, Fault> {
    let endpoint = fleet
        .live
        .with_host(host, |live| live.record.endpoint.clone())
        .ok_or_else(|| Fault::new(FaultCause::Other, "the host was removed"))?;
    let interval_ms = fleet
        .live
        .with_host(host, |live| live.interval_ms)
        .unwrap_or(LONGEST_ROUND_MS);
    // Below the limit of a round, so that one container that hangs is its own failure and not its host's.
    let answer_timeout = Duration::from_millis((interval_ms.min(LONGEST_ROUND_MS) * 2 / 3).unsigned_abs());
    let options = ConnectOptions {
        answer_timeout,
        // A fault is named within two intervals, whether the engine is silent at the door or behind it.
        timeout: fleet
            .connect_options
            .timeout
            .min(Duration::from_millis(2 * interval_ms.unsigned_abs()) - answer_timeout),
        ..fleet.connect_options.clone()
    };
    let connection = roadstead_collect::connect(&endpoint, &options).await?;
    let round_trip = connection.ping().await?;
    let facts = connection.host_facts().await?;
    let now_ms = fleet.clock.now_ms();
    if let Err(error) = fleet.store.record_host_facts(host, &facts, now_ms).await {
        tracing::warn!(%host, %error, "what the engine says of itself was not stored");
    }
    // Subscribed before the list is taken: what happens in between is seen by one of the two.
    let events = connection.events(EventCursor::default()).await?;
    let mut session = Session {
        fleet,
        host,
        connection,
        inventory: Inventory::new(),
        round: Round::new(fleet.clone(), host),
        relist_ms: now_ms + RELIST_EVERY_MS,
        unpublished: true,
        settle_at: None,
        observe_at: None,
        ended: Arc::default(),
    };
    session.relist().await?;
    let turn = fleet.live.with_host(host, |live| {
        live.record.facts = Some(facts);
        live.record.facts_at_ms = Some(now_ms);
        live.connection.connected(now_ms, round_trip.ms)
    });
    if let Some(Some(turn)) = turn {
        told(fleet, host, now_ms, &turn).await;
    }
    notify(fleet, host);
    // A task of its own: judging a chatty container's lines must not hold up a tick. It ends with the session.
    let logs = log_passes::run(
        fleet.clone(),
        host,
        session.connection.clone(),
        Arc::clone(&session.ended),
    );
    let _logs = AbortOnDropHandle::new(tokio::spawn(logs));
    fleet.set_connection(host, Some(session.connection.clone()));
    let repaired = fleet.clone();
    // Not ended with the session: what it puts back must not stop halfway when an event stream breaks.
    fleet.spawn(async move { repaired.repair_deploys(host).await });
    session.run(events).await
}

/// A connected host.
struct Session<'a> {
    fleet: &'a Fleet,
    host: HostId,
    connection: EngineConnection,
    inventory: Inventory,
    round: Round,
    relist_ms: i64,
    /// The inventory has not been given to the store since it last changed.
    unpublished: bool,
    /// When the events of a burst are looked at.
    settle_at: Option<Instant>,
    /// When deployments that did not stand still are looked at again.
    observe_at: Option<Instant>,
    /// Told when a container's process ended.
    ended: Arc<Notify>,
}

impl Session<'_> {
    async fn run(&mut self, mut events: EventStream) -> Result<std::convert::Infallible, Fault> {
        let (interval_ms, last_tick_ms) = self
            .fleet
            .live
            .with_host(self.host, |live| (live.interval_ms, live.last_tick_ms))
            .ok_or_else(|| Fault::new(FaultCause::Other, "the host was removed"))?;
        let mut pace = Pace::new(self.host, interval_ms, last_tick_ms);
        // The first round at once: a new host shows its containers without waiting for the next tick.
        let mut due_ms = self.fleet.clock.now_ms();
        loop {
            let now_ms = self.fleet.clock.now_ms();
            let sleep_ms = (due_ms - now_ms).clamp(0, LONGEST_SLEEP_MS);
            let (settle, observe) = (self.settle_at, self.observe_at);
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        self.round.note(&event);
                        if matches!(event.kind, EventKind::Die { .. }) {
                            self.ended.notify_one();
                        }
                        self.unpublished = true;
                        if self.inventory.apply(&event) || settle.is_none() {
                            self.settle_at.get_or_insert_with(|| Instant::now() + SETTLE);
                        }
                    }
                    // The stream ends now and then (a proxy's limit, an engine's reload): subscribe again where it ended,
                    // and take a full list, because engines remember only their newest events.
                    Some(Err(fault)) => return Err(fault),
                    None => {
                        // Who closes every stream at once is not asked more than once a second.
                        tokio::time::sleep(RESUBSCRIBE_AFTER).await;
                        events = self.connection.events(events.cursor()).await?;
                        self.inventory.doubt_all();
                        self.relist().await?;
                    }
                },
                () = until(settle), if settle.is_some() => {
                    self.settle_at = None;
                    self.settle().await?;
                }
                () = until(observe), if observe.is_some() => self.observe().await,
                () = tokio::time::sleep(Duration::from_millis(sleep_ms.unsigned_abs())) => {
                    let now_ms = self.fleet.clock.now_ms();
                    if now_ms >= due_ms {
                        if let Some(tick) = pace.tick_at(now_ms) {
                            self.tick(tick.tick_ms, tick.missed, interval_ms).await?;
                        }
                        due_ms = pace.next_due_ms(self.fleet.clock.now_ms());
                    }
                    // A clock that was set back would otherwise make this host wait for the old time.
                    due_ms = due_ms.min(now_ms + 2 * interval_ms);
                }
            }
        }
    }

    async fn relist(&mut self) -> Result<(), Fault> {
        let refreshed = self.inventory.refresh(&self.connection).await?;
        for problem in &refreshed.problems {
            tracing::debug!(host = %self.host, container = problem.engine_id.short(), fault = %problem.fault, "not inspected");
        }
        self.relist_ms = self.fleet.clock.now_ms() + RELIST_EVERY_MS;
        self.unpublished = true;
        self.publish().await;
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Fault> {
        self.inventory.inspect_touched(&self.connection).await?;
        self.publish().await;
        Ok(())
    }

    /// Gives the inventory to the store and to memory. When the store cannot take it, it is tried again at the next
    /// tick.
    async fn publish(&mut self) {
        let mut facts: Vec<_> = self.inventory.facts().cloned().collect();
        facts.iter_mut().for_each(journal::recognise);
        match self.round.publish(facts).await {
            Ok(changed) => {
                self.unpublished = false;
                if changed {
                    notify(self.fleet, self.host);
                    self.fleet.notifier.changed(Tag::Apps);
                }
                self.observe().await;
            }
            Err(error) => tracing::warn!(host = %self.host, %error, "the inventory was not stored"),
        }
    }

    /// Writes down what was deployed by others. What does not stand still yet is looked at again.
    async fn observe(&mut self) {
        self.observe_at = match self.fleet.observe_deploys(self.host).await {
            Ok(false) => None,
            Ok(true) => Some(Instant::now() + OBSERVE_AGAIN),
            Err(error) => {
                tracing::warn!(host = %self.host, %error, "a deploy was not stored");
                Some(Instant::now() + OBSERVE_AGAIN)
            }
        };
    }

    async fn tick(&mut self, tick_ms: i64, missed: u32, interval_ms: i64) -> Result<(), Fault> {
        if self.fleet.clock.now_ms() >= self.relist_ms {
            self.relist().await?;
        } else if self.unpublished {
            self.settle_at = None;
            self.settle().await?;
        }
        if self.fleet.recorder.is_blocked() {
            self.fleet
                .live
                .with_host(self.host, |live| live.connection.skipped(missed + 1));
            return Ok(());
        }
        let started = Instant::now();
        let limit = Duration::from_millis(interval_ms.min(LONGEST_ROUND_MS).unsigned_abs());
        let running = self.inventory.running();
        let outcome = tokio::time::timeout(
            limit,
            self.round.take(&self.connection, &running, tick_ms, interval_ms),
        )
        .await
        .map_err(|_| {
            Fault::new(
                FaultCause::TimedOut,
                &format!("a round took longer than {} s", limit.as_secs()),
            )
        })??;
        let round_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let ticks = self.fleet.live.with_host(self.host, |live| {
            live.connection.ticked(round_ms, outcome.failures, missed);
            live.connection.wire().ticks
        });
        if ticks.is_some_and(|ticks| ticks % PING_EVERY_TICKS == 0) {
            let round_trip = self.connection.ping().await?;
            let now_ms = self.fleet.clock.now_ms();
            self.fleet
                .live
                .with_host(self.host, |live| live.connection.connected(now_ms, round_trip.ms));
        }
        self.fleet.notifier.changed(Tag::Host(self.host));
        Ok(())
    }
}

async fn until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        tokio::time::sleep_until(moment.into()).await;
    }
}

fn notify(fleet: &Fleet, host: HostId) {
    fleet.notifier.changed(Tag::Hosts);
    fleet.notifier.changed(Tag::Host(host));
}

/// Keeps a turn of the connection among the changes.
async fn told(fleet: &Fleet, host: HostId, at_ms: i64, turn: &Turn) {
    let change = match turn {
        Turn::Connected => ChangeKind::HostConnected,
        Turn::Lost(fault) => ChangeKind::HostLost { cause: fault.cause },
    };
    let row = StoredChange {
        change,
        container_name: None,
    }
    .into_row(at_ms, host, None, None);
    let stored = match row {
        Ok(row) => fleet
            .store
            .append_changes(&[row])
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match stored {
        Ok(()) => fleet.notifier.changed(Tag::Changes),
        Err(error) => tracing::warn!(%host, error, "a change was not stored"),
    }
}

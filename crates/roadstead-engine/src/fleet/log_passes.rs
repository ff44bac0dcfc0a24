//! Reading the logs of one host, pass after pass, beside its ticks and over the same connection.
//!
//! A pass visits every container that may have printed something, a few at a time, and hands what it found to the store
//! together with the cursors. What a pass could not finish is gone on with at once; what failed is tried again by the next.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use futures_util::{FutureExt as _, StreamExt as _};
use roadstead_collect::EngineConnection;
use roadstead_model::time::HOUR_MS;
use roadstead_model::{
    AppId, ContainerFacts, ContainerId, ContainerState, DeploymentId, Fault, FaultCause, HostId, TimeRange,
    Window,
};
use roadstead_store::{Generation, LogCursor, LogPosition, LogRead, LossCause, StoreError, StreamPosition};
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::Instant;

use super::Fleet;
use crate::logs::{self, Pass, Target};
use crate::wire::{LogLoss, LogScan, LogScanState, Tag};

/// Containers of one host that are read at once.
const AT_ONCE: usize = 4;
/// Reads that go to the store together.
const TOGETHER: usize = 16;
/// The first pass comes this long after connecting: the list and the first tick go before.
const FIRST_AFTER: Duration = Duration::from_secs(2);
/// After a container ended, its host's logs are read at once, at most this often.
const ENDED_AFTER: Duration = Duration::from_secs(5);
/// What is behind is gone on with after this long.
const BREATH: Duration = Duration::from_millis(500);
const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Reads until dropped. `ended` tells that a container's process ended: what it printed last is read before it is removed,
/// where there is time for that.
pub(super) async fn run(fleet: Fleet, host: HostId, connection: EngineConnection, ended: Arc<Notify>) {
    let mut passes = Passes {
        fleet,
        host,
        connection,
        cursors: HashMap::new(),
        drained: HashMap::new(),
        last_lines: HashMap::new(),
        behind: HashSet::new(),
        engine_ahead_ms: HashMap::new(),
        loaded: false,
    };
    tokio::time::sleep(FIRST_AFTER).await;
    let mut due = Instant::now();
    loop {
        let every = Duration::from_secs(u64::from(passes.fleet.settings.borrow().log_pass_s));
        let visits = if Instant::now() >= due {
            due = Instant::now() + every;
            Visits::All
        } else {
            Visits::Behind
        };
        let more = match passes.pass(visits).await {
            Ok(more) => {
                passes.fleet.task_recovered("logs");
                more
            }
            Err(error) => {
                tracing::warn!(%host, %error, "what logs said was not stored; it is read again");
                passes.fleet.task_failed("logs", &error);
                // In doubt about what was kept, the cursors are asked for again.
                passes.loaded = false;
                false
            }
        };
        let next = if more { Instant::now() + BREATH } else { due };
        let mut settings = passes.fleet.settings.subscribe();
        let began = due - every;
        due = tokio::select! {
            () = tokio::time::sleep_until(next) => due,
            // A shorter interval is in force at once.
            Ok(_) = settings.wait_for(|s| Duration::from_secs(u64::from(s.log_pass_s)) < every) => Instant::now(),
            // Hosts where containers end all the time are not asked all the time.
            () = ended.notified() => due.min((began + ENDED_AFTER).max(Instant::now() + BREATH)),
        };
    }
}

/// Whom a round visits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visits {
    All,
    /// Those that have more than one pass may read.
    Behind,
}

/// A container to be read.
struct Berth {
    container: ContainerId,
    deployment: DeploymentId,
    app: AppId,
    target: Target,
    before: Option<LogPosition>,
    /// The stored cursor says that the container has ended and was read to its end.
    was_drained: bool,
}

/// Of a cursor what is compared with what a pass found.
#[derive(Clone, Copy)]
struct Stored {
    position: LogPosition,
    drained: bool,
}

impl Stored {
    fn of(cursor: &LogCursor) -> Self {
        Self {
            position: cursor.position,
            drained: cursor.drained,
        }
    }
}

struct Passes {
    fleet: Fleet,
    host: HostId,
    connection: EngineConnection,
    /// As stored.
    cursors: HashMap<ContainerId, Stored>,
    /// Containers that do not run and were read to their end, with the start of that run.
    drained: HashMap<ContainerId, Option<i64>>,
    last_lines: HashMap<ContainerId, u64>,
    /// Containers whose last read left something.
    behind: HashSet<ContainerId>,
    /// The engine's clock less ours, by the container that was last read with it.
    engine_ahead_ms: HashMap<ContainerId, i64>,
    loaded: bool,
}

impl Passes {
    /// One round over the host; true when some container has more to read now.
    async fn pass(&mut self, visits: Visits) -> Result<bool, StoreError> {
        if self.fleet.recorder.is_blocked() {
            return Ok(false);
        }
        if !self.loaded {
            let cursors = self.fleet.store.log_cursors(self.host).await?;
            self.cursors = cursors.iter().map(|c| (c.container, Stored::of(c))).collect();
            self.drained.clear();
            // A session that ended while it stored something did not tell the badges.
            self.fleet.remember_log_counts(self.host).await?;
            self.loaded = true;
        }
        let mut berths = self.berths();
        // One that is not visited any more has nothing that could be gone on with.
        let visited: HashSet<ContainerId> = berths.iter().map(|berth| berth.container).collect();
        self.behind.retain(|container| visited.contains(container));
        if visits == Visits::Behind {
            berths.retain(|berth| self.behind.contains(&berth.container));
        }
        let connection = self.connection.clone();
        let (permits, clock) = (Arc::clone(&self.fleet.log_reads), self.fleet.clock.clone());
        let reads = stream::iter(berths)
            .map(|berth| {
                let (connection, permits) = (connection.clone(), Arc::clone(&permits));
                let clock = clock.clone();
                async move {
                    let _permit: Option<SemaphorePermit<'_>> = permits.acquire().await.ok();
                    // One container's output that brings the parser down is that container's trouble alone.
                    let pass = AssertUnwindSafe(logs::pass(&connection, &berth.target, clock.now_ms()))
                        .catch_unwind()
                        .await
                        .unwrap_or_else(|_| Pass::broken(&berth.target));
                    (berth, pass)
                }
            })
            .buffer_unordered(AT_ONCE)
            .ready_chunks(TOGETHER);
        let mut reads = std::pin::pin!(reads);
        while let Some(done) = reads.next().await {
            for (berth, pass) in &done {
                if pass.has_more {
                    self.behind.insert(berth.container);
                } else {
                    self.behind.remove(&berth.container);
                }
            }
            self.keep(done, self.fleet.clock.now_ms()).await?;
        }
        Ok(!self.behind.is_empty())
    }

    /// The containers that may have printed something since they were read.
    fn berths(&mut self) -> Vec<Berth> {
        let now_ms = self.fleet.clock.now_ms();
        let look_back_ms = i64::from(self.fleet.settings.borrow().log_look_back_h) * HOUR_MS;
        let fleet = self.fleet.live.read();
        let Some(live) = fleet.hosts.get(&self.host) else {
            return Vec::new();
        };
        let present: HashSet<ContainerId> = live.containers.iter().map(|c| c.container).collect();
        self.drained.retain(|container, _| present.contains(container));
        self.engine_ahead_ms
            .retain(|container, _| present.contains(container));
        self.last_lines.retain(|container, _| present.contains(container));
        self.cursors.retain(|container, _| present.contains(container));
        let mut berths = Vec::new();
        for container in &live.containers {
            let facts = &container.facts;
            let is_drained = self.drained.get(&container.container) == Some(&facts.started_at_ms);
            if facts.state == ContainerState::Created
                || !facts.state.is_running() && is_drained
                || fleet.is_protected(facts)
            {
                continue;
            }
            let stored = self.cursors.get(&container.container).copied();
            let before = stored.map(|stored| stored.position);
            let looked_at_ms = live.logs.get(&container.container).map(|scan| scan.looked_at_ms);
            berths.push(Berth {
                container: container.container,
                deployment: container.deployment,
                app: container.app,
                target: Target {
                    facts: facts.clone(),
                    position: before.unwrap_or_else(|| beginning(facts, now_ms - look_back_ms)),
                    is_first: before.is_none(),
                    since_look_ms: looked_at_ms.map_or(0, |ms| (now_ms - ms).max(0)),
                    last_lines: self
                        .last_lines
                        .get(&container.container)
                        .copied()
                        .unwrap_or_default(),
                    engine_ahead_ms: self.engine_ahead_ms.get(&container.container).copied(),
                },
                before,
                was_drained: stored.is_some_and(|stored| stored.drained),
            });
        }
        berths
    }

    /// Gives reads to the store, and to memory what the store took.
    async fn keep(&mut self, done: Vec<(Berth, Pass)>, now_ms: i64) -> Result<(), StoreError> {
        let mut reads = Vec::new();
        let mut scans = Vec::new();
        let mut drained = Vec::new();
        for (berth, pass) in done {
            if pass.gone {
                continue;
            }
            let ended = !berth.target.facts.state.is_running() && !pass.has_more && pass.fault.is_none();
            if ended || pass.state == LogScanState::NoLogs {
                drained.push((berth.container, berth.target.facts.started_at_ms));
            }
            self.last_lines.insert(berth.container, pass.lines);
            if let Some(ahead_ms) = pass.engine_ahead_ms {
                self.engine_ahead_ms.insert(berth.container, ahead_ms);
            }
            let known = {
                let fleet = self.fleet.live.read();
                let live = fleet.hosts.get(&self.host);
                live.and_then(|live| live.logs.get(&berth.container)).cloned()
            };
            let scan = LogScan {
                state: pass.state,
                read_until_ms: pass
                    .read_until_ms
                    .or(known.as_ref().and_then(|known| known.read_until_ms)),
                looked_at_ms: now_ms,
                lines: pass.lines + known.as_ref().map_or(0, |known| known.lines),
                fault: pass.fault.clone(),
                lost: pass
                    .lost
                    .map(loss)
                    .or(known.as_ref().and_then(|known| known.lost)),
            };
            let moved = berth.before != Some(pass.position) || pass.lines > 0;
            let told = known.is_some_and(|known| known.state == pass.state);
            if moved || !told || ended != berth.was_drained {
                reads.push(read(self.host, &berth, pass, &scan, ended)?);
            }
            scans.push((berth.container, scan));
        }
        let recorded = if reads.is_empty() {
            Default::default()
        } else {
            self.fleet.store.record_logs(&reads).await?
        };
        for read in &reads {
            if recorded.left_out.contains(&read.container) {
                // Someone else moved the cursor: it is asked for again.
                self.loaded = false;
            } else {
                self.cursors.insert(read.container, Stored::of(&read.cursor));
            }
        }
        // Only now: what the store did not take is read again.
        drained.retain(|(container, _)| !recorded.left_out.contains(container));
        self.drained.extend(drained);
        // A read without an issue is here for its state: the pages show that too.
        let told = reads
            .iter()
            .any(|read| !read.issues.is_empty() || read.cursor.state != "ok");
        if reads.iter().any(|read| !read.losses.is_empty()) {
            self.fleet.remember_log_losses(self.host).await?;
        }
        self.fleet.live.with_host(self.host, |live| {
            for read in &reads {
                if !recorded.left_out.contains(&read.container) {
                    live.log_counts.add(read.deployment, &read.issues);
                }
            }
            live.logs.extend(scans);
        });
        if told {
            self.fleet.notifier.changed(Tag::Issues);
        }
        Ok(())
    }
}

/// Where reading begins of a container never seen: at its creation, at most so far back.
fn beginning(facts: &ContainerFacts, not_before_ms: i64) -> LogPosition {
    LogPosition {
        from_ns: facts
            .created_at_ms
            .max(not_before_ms)
            .saturating_mul(NANOS_A_MILLISECOND),
        stdout: StreamPosition::default(),
        stderr: StreamPosition::default(),
    }
}

/// What was printed before a container's first read begins, as far as it lies in the same window: of that window only a part is counted.
fn before_look_back(berth: &Berth) -> Option<TimeRange> {
    let from_ms = berth.target.position.from_ns.div_euclid(NANOS_A_MILLISECOND);
    let since_ms = Window::holding(from_ms)
        .start_ms
        .max(berth.target.facts.created_at_ms);
    TimeRange::new(since_ms, from_ms).filter(|_| berth.before.is_none())
}

fn loss(range: TimeRange) -> LogLoss {
    LogLoss {
        from_ms: range.from_ms,
        until_ms: range.to_ms,
    }
}

fn read(
    host: HostId,
    berth: &Berth,
    pass: Pass,
    scan: &LogScan,
    drained: bool,
) -> Result<LogRead, StoreError> {
    let facts = &berth.target.facts;
    let not_kept = pass.state == LogScanState::NoLogs;
    let look_back = before_look_back(berth).filter(|_| !not_kept);
    let losses = (pass.lost.map(|range| (LossCause::Rotated, range)).into_iter())
        .chain(look_back.map(|range| (LossCause::LookBack, range)))
        .collect();
    let fault_json = scan
        .fault
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Invalid(format!("a fault has no JSON form: {error}")))?;
    Ok(LogRead {
        container: berth.container,
        deployment: berth.deployment,
        app: berth.app,
        host,
        container_name: facts.name.clone(),
        image: facts.image.clone(),
        generation: Generation {
            engine_id: facts.engine_id.clone(),
            image_id: facts.image_id.clone(),
            created_at_ms: facts.created_at_ms,
        },
        before: berth.before,
        cursor: LogCursor {
            container: berth.container,
            position: pass.position,
            lines: pass.lines,
            read_until_ms: scan.read_until_ms,
            looked_at_ms: scan.looked_at_ms,
            state: state_word(scan.state).to_owned(),
            fault_json,
            lost: pass.lost,
            drained,
        },
        losses,
        issues: pass.issues,
    })
}

/// As stored.
fn state_word(state: LogScanState) -> &'static str {
    match state {
        LogScanState::Ok => "ok",
        LogScanState::Behind => "behind",
        LogScanState::Truncated => "truncated",
        LogScanState::Timeout => "timeout",
        LogScanState::Unreadable => "unreadable",
        LogScanState::NoLogs => "no_logs",
    }
}

/// A stored cursor as the window is told of it. A word of a newer version is nothing to worry about.
pub(super) fn scan_of(cursor: &LogCursor) -> LogScan {
    let state = match cursor.state.as_str() {
        "behind" => LogScanState::Behind,
        "truncated" => LogScanState::Truncated,
        "timeout" => LogScanState::Timeout,
        "unreadable" => LogScanState::Unreadable,
        "no_logs" => LogScanState::NoLogs,
        _ => LogScanState::Ok,
    };
    LogScan {
        state,
        read_until_ms: cursor.read_until_ms,
        looked_at_ms: cursor.looked_at_ms,
        lines: cursor.lines,
        lost: cursor.lost.map(loss),
        fault: cursor.fault_json.as_deref().map(|json| {
            serde_json::from_str(json).unwrap_or_else(|error| {
                Fault::new(
                    FaultCause::Other,
                    &format!("a stored reason cannot be read: {error}"),
                )
            })
        }),
    }
}

//! One pass over one container's log: ask the engine, read what is new, within a budget and a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use roadstead_collect::{EngineConnection, LogRefusal, LogRequest, LogStream};
use roadstead_logs::redact::redact;
use roadstead_model::time::MINUTE_MS;
use roadstead_model::{ContainerFacts, Fault, FaultCause, TimeRange};
use roadstead_store::{FoundIssue, LogPosition, StreamPosition};
use tokio::time::Instant;

use super::{Mode, Outcome, Reader, Waiting};
use crate::wire::LogScanState;

/// Time one container may take, however much it printed.
const CONTAINER_WITHIN: Duration = Duration::from_secs(10);
/// Lines of one container and pass.
const MOST_LINES: u64 = 250_000;
/// Bytes of one container and pass, frames and stamps included, from the first new line on.
const MOST_BYTES: u64 = 96 * 1024 * 1024;
/// A read begins this much before the cursor: stamps of two streams, and of a clock that was set a little, are not in order.
const OVERLAP_NS: i64 = 10_000_000_000;
/// An engine's clock this far behind what was read, or behind where it was against ours, was set back. Engines tell whole
/// seconds.
const SET_BACK_MS: i64 = 2_500;
/// Lines asked for from the end of a log at least and at most.
const TAIL_LINES: std::ops::RangeInclusive<u64> = 200..=5_000;
/// Bytes of an answer from the end that are held.
const TAIL_BYTES: usize = 8 * 1024 * 1024;
/// The engine hands on a line in parts of this size; each counts as a line of the tail.
const PART_BYTES: u64 = 16 * 1024;
const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Whose log, and how far it was counted.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The container.
    pub(crate) facts: ContainerFacts,
    /// Where to go on.
    pub(crate) position: LogPosition,
    /// Whether anything was ever read.
    pub(crate) is_first: bool,
    /// Milliseconds since the last look.
    pub(crate) since_look_ms: i64,
    /// Lines the last pass counted.
    pub(crate) last_lines: u64,
    /// The engine's clock less ours at the last look, when it told.
    pub(crate) engine_ahead_ms: Option<i64>,
}

/// What a pass over one log came to.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Where to go on.
    pub(crate) position: LogPosition,
    /// Lines counted.
    pub(crate) lines: u64,
    /// How it went.
    pub(crate) state: LogScanState,
    /// Why not further.
    pub(crate) fault: Option<Fault>,
    /// Everything printed before was read.
    pub(crate) read_until_ms: Option<i64>,
    /// When lines were printed that were gone before they were read.
    pub(crate) lost: Option<TimeRange>,
    /// What was found.
    pub(crate) issues: Vec<FoundIssue>,
    /// The engine's clock less ours, when it told.
    pub(crate) engine_ahead_ms: Option<i64>,
    /// The container is gone.
    pub(crate) gone: bool,
    /// There is more to read now.
    pub(crate) has_more: bool,
}

impl Pass {
    /// Reading brought the parser down; nothing of it counts.
    pub(crate) fn broken(target: &Target) -> Self {
        Self {
            position: target.position,
            lines: 0,
            state: LogScanState::Unreadable,
            fault: Some(Fault::new(
                FaultCause::BadAnswer,
                "this log cannot be parsed: please report it",
            )),
            read_until_ms: None,
            lost: None,
            issues: Vec::new(),
            engine_ahead_ms: None,
            gone: false,
            has_more: false,
        }
    }
}

/// How reading an answer ended.
enum End {
    Whole,
    Budget,
    Late,
    Broken(Fault),
}

/// The clocks of one answer.
#[derive(Clone, Copy)]
struct Clocks {
    engine_ms: Option<i64>,
    ours_ms: i64,
    head: Instant,
}

impl Clocks {
    /// The engine's clock less ours; nothing where the difference is within what its date can tell.
    fn ahead_ms(&self) -> i64 {
        self.engine_ms
            .map(|engine_ms| engine_ms - self.ours_ms)
            .filter(|ahead_ms| ahead_ms.abs() > SET_BACK_MS)
            .unwrap_or_default()
    }

    /// The engine's clock now, nanoseconds; ours where it did not tell.
    fn now_ns(&self) -> i64 {
        let elapsed_ms = i64::try_from(self.head.elapsed().as_millis()).unwrap_or(i64::MAX);
        (self.engine_ms.unwrap_or(self.ours_ms).saturating_add(elapsed_ms))
            .saturating_mul(NANOS_A_MILLISECOND)
    }
}

/// Where to begin when stamps are in order.
pub(super) fn since_ns(position: &LogPosition) -> i64 {
    let newest_ns = position.stdout.at_ns.max(position.stderr.at_ns);
    newest_ns.map_or(position.from_ns, |ns| {
        ns.saturating_sub(OVERLAP_NS).max(position.from_ns)
    })
}

/// Reads what is new of one log.
pub(crate) async fn pass(connection: &EngineConnection, target: &Target, now_ms: i64) -> Pass {
    let work = Work {
        connection,
        target,
        now_ms,
        started: Instant::now(),
        deadline: Instant::now() + CONTAINER_WITHIN,
    };
    work.run().await.unwrap_or_else(|refusal| {
        let gone = refusal == LogRefusal::Gone;
        let (state, fault) = match refusal {
            LogRefusal::Gone => (LogScanState::Ok, None),
            LogRefusal::NotKept => {
                let driver = Fault::new(
                    FaultCause::EngineError,
                    &format!("log driver {}", target.facts.log_driver),
                );
                (LogScanState::NoLogs, Some(driver))
            }
            LogRefusal::Failed(fault) if fault.cause == FaultCause::TimedOut => {
                (LogScanState::Timeout, Some(fault))
            }
            LogRefusal::Failed(fault) => (LogScanState::Unreadable, Some(fault)),
        };
        Pass {
            position: target.position,
            lines: 0,
            gone,
            state,
            fault,
            read_until_ms: None,
            lost: None,
            issues: Vec::new(),
            engine_ahead_ms: None,
            has_more: false,
        }
    })
}

struct Work<'a> {
    connection: &'a EngineConnection,
    target: &'a Target,
    now_ms: i64,
    started: Instant,
    deadline: Instant,
}

impl Work<'_> {
    async fn run(&self) -> Result<Pass, LogRefusal> {
        let position = &self.target.position;
        let behind_top = position.stdout.is_behind_top() || position.stderr.is_behind_top();
        if behind_top {
            return self.by_order(None).await;
        }
        let since_ns = since_ns(position);
        if let Some(tail) = self.tail()
            && let Some(pass) = self.last_lines(since_ns, tail).await?
        {
            return Ok(pass);
        }
        let (stream, clocks) = self.ask(since_ns, None).await?;
        if self.is_set_back(clocks) {
            drop(stream);
            return self.by_order(clocks.engine_ms).await;
        }
        self.stream(stream, clocks, since_ns, [Mode::Later, Mode::Later])
            .await
    }

    /// The engine's clock is behind what was read, or fell back against ours since the last look.
    fn is_set_back(&self, clocks: Clocks) -> bool {
        let Some(engine_ms) = clocks.engine_ms else {
            return false;
        };
        let position = &self.target.position;
        let newest_ns = position.stdout.at_ns.max(position.stderr.at_ns);
        let before_newest =
            newest_ns.is_some_and(|ns| engine_ms + SET_BACK_MS < ns.div_euclid(NANOS_A_MILLISECOND));
        let ahead_ms = engine_ms - clocks.ours_ms;
        let fell_back = self
            .target
            .engine_ahead_ms
            .is_some_and(|before_ms| before_ms - ahead_ms > SET_BACK_MS);
        newest_ns.is_some() && (before_newest || fell_back)
    }

    /// How many lines from the end to ask for: a long log is costly for the engine to read from its beginning.
    fn tail(&self) -> Option<u32> {
        let wanted = self.target.last_lines.saturating_mul(2).max(*TAIL_LINES.start());
        let wanted = u32::try_from(wanted)
            .ok()
            .filter(|_| TAIL_LINES.contains(&wanted))?;
        (!self.target.is_first && self.connection.reads_logs_from_the_end()).then_some(wanted)
    }

    async fn ask(&self, since_ns: i64, tail: Option<u32>) -> Result<(LogStream, Clocks), LogRefusal> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let request = LogRequest { since_ns, tail };
        let stream = self
            .connection
            .log(&self.target.facts.engine_id, request, left)
            .await?;
        let clocks = Clocks {
            engine_ms: stream.engine_time_ms(),
            ours_ms: self.now_ms + i64::try_from(self.started.elapsed().as_millis()).unwrap_or_default(),
            head: Instant::now(),
        };
        Ok((stream, clocks))
    }

    async fn next(&self, stream: &mut LogStream) -> Result<Option<Bytes>, End> {
        match tokio::time::timeout_at(self.deadline, stream.next()).await {
            Err(_) => Err(End::Late),
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => Ok(Some(piece)),
            Ok(Some(Err(fault))) => Err(End::Broken(fault)),
        }
    }

    /// Reads the last lines only; `None` when they do not reach back to the cursor.
    async fn last_lines(&self, since_ns: i64, tail: u32) -> Result<Option<Pass>, LogRefusal> {
        let (mut stream, clocks) = self.ask(since_ns, Some(tail)).await?;
        if self.is_set_back(clocks) {
            return Ok(None);
        }
        let mut whole = BytesMut::new();
        loop {
            match self.next(&mut stream).await {
                Ok(Some(piece)) if whole.len() + piece.len() <= TAIL_BYTES => whole.extend_from_slice(&piece),
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => return Ok(None),
            }
        }
        let mut reader = self.reader([Mode::Later, Mode::Later]);
        reader.stamps_are_ahead(clocks.ahead_ms());
        reader.push(&whole);
        let outcome = self.finish(reader, &End::Whole, clocks);
        let most_messages = outcome.lines_met + outcome.bytes / PART_BYTES + 1;
        // One stream's line is not enough: an event of the other that waits may have begun before it.
        let reaches_back = most_messages < u64::from(tail) || outcome.seen.stdout && outcome.seen.stderr;
        Ok(reaches_back.then(|| self.told(outcome, End::Whole, clocks, since_ns)))
    }

    /// After the engine's clock was set back: stamps say nothing, so the cursor's line is looked for first.
    async fn by_order(&self, engine_ms: Option<i64>) -> Result<Pass, LogRefusal> {
        let position = self.target.position;
        let engine_ms = engine_ms.unwrap_or(self.now_ms);
        let last_look_ns =
            (engine_ms - self.target.since_look_ms - MINUTE_MS).saturating_mul(NANOS_A_MILLISECOND);
        let cursors = [position.stdout, position.stderr];
        let lowest_ns = cursors.iter().filter_map(|cursor| cursor.at_ns).min();
        let since_ns = lowest_ns.map_or(last_look_ns, |ns| ns.min(last_look_ns)).max(0);
        let (mut stream, _) = self.ask(since_ns, None).await?;
        let mut search = self.reader([Mode::AfterCursor, Mode::AfterCursor]);
        loop {
            match self.next(&mut stream).await {
                Ok(Some(piece)) => {
                    search.look(&piece);
                    let seen = search.seen();
                    if cursors[0].at_ns.is_none_or(|_| seen.stdout)
                        && cursors[1].at_ns.is_none_or(|_| seen.stderr)
                    {
                        break;
                    }
                }
                Ok(None) => break,
                Err(End::Broken(fault)) => return Err(LogRefusal::Failed(fault)),
                Err(_) => {
                    let detail = format!("not read within {} s", CONTAINER_WITHIN.as_secs());
                    return Err(LogRefusal::Failed(Fault::new(FaultCause::TimedOut, &detail)));
                }
            }
        }
        let seen = search.seen();
        let mode = |cursor: StreamPosition, seen: bool| match (cursor.at_ns, seen) {
            (Some(_), true) => Mode::AfterCursor,
            _ => Mode::All,
        };
        let modes = [
            mode(position.stdout, seen.stdout),
            mode(position.stderr, seen.stderr),
        ];
        let (stream, clocks) = self.ask(since_ns, None).await?;
        self.stream(stream, clocks, since_ns, modes).await
    }

    fn reader(&self, [stdout, stderr]: [Mode; 2]) -> Reader {
        Reader::new(
            self.target.position,
            stdout,
            stderr,
            self.target.facts.tty,
            self.now_ms,
        )
    }

    async fn stream(
        &self,
        mut stream: LogStream,
        clocks: Clocks,
        since_ns: i64,
        modes: [Mode; 2],
    ) -> Result<Pass, LogRefusal> {
        let mut reader = self.reader(modes);
        reader.stamps_are_ahead(clocks.ahead_ms());
        if modes != [Mode::Later, Mode::Later] {
            reader.begin_at(since_ns);
        }
        let end = loop {
            match self.next(&mut stream).await {
                Ok(Some(piece)) => reader.push(&piece),
                Ok(None) => break End::Whole,
                Err(end) => break end,
            }
            if reader.lines() >= MOST_LINES || reader.new_bytes() >= MOST_BYTES || reader.is_full() {
                break End::Budget;
            }
        };
        let outcome = self.finish(reader, &end, clocks);
        Ok(self.told(outcome, end, clocks, since_ns))
    }

    fn finish(&self, reader: Reader, end: &End, clocks: Clocks) -> Outcome {
        let waiting = match end {
            End::Whole if self.target.facts.state.is_running() => Waiting::Until(clocks.now_ns()),
            End::Whole => Waiting::ForNothing,
            // An event longer than the budget would be read again for ever.
            End::Budget if reader.is_one_event() => Waiting::ForNothing,
            End::Budget | End::Late | End::Broken(_) => Waiting::ForMore,
        };
        reader.finish(waiting)
    }

    /// The lines between the cursor and the first that is there, when the cursor's own is there no more: it was rotated away, and
    /// nobody knows what with it.
    fn lost(&self, outcome: &Outcome, end: &End, clocks: Clocks, since_ns: i64) -> Option<TimeRange> {
        if outcome.lines == 0 {
            return None;
        }
        // Where an answer broke off, the cursor's line may be in what did not come.
        let is_all = matches!(end, End::Whole | End::Budget);
        let before = self.target.position;
        let streams = [
            (before.stdout, outcome.seen.stdout, outcome.overtaken.stdout),
            (before.stderr, outcome.seen.stderr, outcome.overtaken.stderr),
        ];
        let from_ns = streams
            .iter()
            .filter(|(_, seen, overtaken)| !seen && (is_all || *overtaken))
            .filter_map(|(cursor, ..)| cursor.at_ns.filter(|ns| *ns >= since_ns))
            .min()?;
        let ours_ms = |ns: i64| ns.div_euclid(NANOS_A_MILLISECOND) - clocks.ahead_ms();
        let until_ms = outcome.first_ns.map_or(self.now_ms, ours_ms).min(self.now_ms);
        // After the engine's clock was set back, the first line may be stamped before the cursor's.
        let from_ms = ours_ms(from_ns).min(until_ms - 1);
        TimeRange::new(from_ms, until_ms)
    }

    fn told(&self, outcome: Outcome, end: End, clocks: Clocks, since_ns: i64) -> Pass {
        let lost = self.lost(&outcome, &end, clocks, since_ns);
        let unreadable = |detail: &str| {
            (
                LogScanState::Unreadable,
                // The engine may repeat what it could not read.
                Some(Fault::new(FaultCause::BadAnswer, &redact(detail))),
            )
        };
        let (state, fault) = match (&end, &outcome.engine_said, &outcome.damaged) {
            (End::Broken(fault), ..) => (LogScanState::Unreadable, Some(fault.clone())),
            (End::Late, ..) => {
                let detail = format!("not read within {} s", CONTAINER_WITHIN.as_secs());
                (
                    LogScanState::Timeout,
                    Some(Fault::new(FaultCause::TimedOut, &detail)),
                )
            }
            (_, Some(said), _) => unreadable(said),
            (End::Whole, _, Some(damage)) => unreadable(damage),
            _ if lost.is_some() => (LogScanState::Truncated, None),
            (End::Budget, ..) => (LogScanState::Behind, None),
            (End::Whole, ..) => (LogScanState::Ok, None),
        };
        let ms = |ns: i64| ns.div_euclid(NANOS_A_MILLISECOND);
        let read_until_ms = match end {
            End::Whole => Some(outcome.left_ns.map_or(self.now_ms, |ns| ms(ns).min(self.now_ms))),
            _ => outcome
                .last_ns
                .map(|ns| ms(outcome.left_ns.map_or(ns, |left| left.min(ns)))),
        };
        let has_more = matches!(end, End::Budget);
        Pass {
            position: outcome.position,
            lines: outcome.lines,
            state,
            fault,
            read_until_ms,
            lost,
            issues: outcome.issues,
            engine_ahead_ms: clocks.engine_ms.map(|engine_ms| engine_ms - clocks.ours_ms),
            gone: false,
            has_more,
        }
    }
}

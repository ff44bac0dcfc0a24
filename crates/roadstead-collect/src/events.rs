//! What happened to containers, as the engine tells it, without asking again and again.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use futures_util::Stream;
use hyper::body::{Body as _, Incoming};
use roadstead_model::{EngineContainerId, Fault, FaultCause, Health};
use serde::Deserialize;

use crate::container::parse_health;
use crate::text::{NAME_CHARS, TEXT_CHARS, clean_some, is_engine_id};
use crate::transport::{Hold, Transport, fault, of_hyper, parse};
use crate::version::EngineKind;

/// Longest event line; real ones are a few hundred bytes, containers with many labels a few kilobytes.
const LINE_MAX_BYTES: usize = 1024 * 1024;
/// Events remembered to recognise repeated ones: more than an engine repeats (Docker keeps the last 256).
const REMEMBERED: usize = 512;
/// What is asked for. Engines with health checks otherwise send several exec events a second per container.
const WANTED: [&str; 12] = [
    "create",
    "start",
    "restart",
    "die",
    "oom",
    "destroy",
    "pause",
    "unpause",
    "rename",
    "update",
    "health_status",
    "stop",
];

/// When an event happened: nanoseconds of UTC epoch time, as the engine's clock had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime {
    /// Nanoseconds since the epoch.
    pub ns: i64,
}

impl EventTime {
    /// Milliseconds since the epoch.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.ns.div_euclid(1_000_000)
    }
}

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// It was made.
    Create,
    /// Its main process was started.
    Start,
    /// It was restarted by hand.
    Restart,
    /// It was stopped by hand.
    Stop,
    /// Its main process ended.
    Die {
        /// Exit code, when told.
        exit_code: Option<i64>,
    },
    /// The kernel killed a process in it for memory.
    Oom,
    /// It was removed.
    Destroy,
    /// It was frozen.
    Pause,
    /// It was thawed.
    Unpause,
    /// It has a new name.
    Rename,
    /// Its limits were changed.
    Update,
    /// Its health check decided; `None` for words we do not know.
    HealthStatus(Option<Health>),
}

/// One event of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineEvent {
    /// When.
    pub at: EventTime,
    /// What.
    pub kind: EventKind,
    /// Which container.
    pub engine_id: EngineContainerId,
    /// Its name, when told.
    pub name: Option<String>,
    /// Its image, when told.
    pub image: Option<String>,
}

/// How far events were read: what a later subscription starts from.
///
/// Engines repeat some events when a subscription starts from a moment that has passed: Docker those of that very
/// nanosecond, others those of the whole second. The cursor remembers the latest it has passed on, so each event is
/// delivered once across subscriptions. The default is "from now".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCursor {
    latest: Option<EventTime>,
    recent: VecDeque<(EventTime, u64)>,
}

impl EventCursor {
    /// A cursor at a moment; events of exactly that moment are still to come.
    #[must_use]
    pub fn at(time: EventTime) -> Self {
        Self {
            latest: Some(time),
            recent: VecDeque::new(),
        }
    }

    /// The time of the latest event, if there was one.
    #[must_use]
    pub fn time(&self) -> Option<EventTime> {
        self.latest
    }

    /// Moves past the event; `false` when it had been passed before.
    fn admit(&mut self, event: &EngineEvent) -> bool {
        let mut hasher = DefaultHasher::new();
        (&event.engine_id, kind_word(event.kind)).hash(&mut hasher);
        let mark = (event.at, hasher.finish());
        if self.recent.contains(&mark) {
            return false;
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(mark);
        self.latest = self.latest.max(Some(event.at));
        true
    }
}

fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Create => "create",
        EventKind::Start => "start",
        EventKind::Restart => "restart",
        EventKind::Stop => "stop",
        EventKind::Die { .. } => "die",
        EventKind::Oom => "oom",
        EventKind::Destroy => "destroy",
        EventKind::Pause => "pause",
        EventKind::Unpause => "unpause",
        EventKind::Rename => "rename",
        EventKind::Update => "update",
        EventKind::HealthStatus(_) => "health_status",
    }
}

/// Events of containers, in the order the engine sent them. Dropping it closes its connection.
///
/// It ends when the engine ends it, and after its first fault.
pub struct EventStream {
    body: Incoming,
    unread: BytesMut,
    /// How much of `unread` is known to hold no end of line.
    searched: usize,
    cursor: EventCursor,
    has_ended: bool,
    hold: Hold,
}

impl EventStream {
    /// How far the events were read; hand it to the next subscription.
    #[must_use]
    pub fn cursor(&self) -> EventCursor {
        self.cursor.clone()
    }

    /// The next event of the lines read so far.
    fn next_of_unread(&mut self) -> Option<Result<EngineEvent, Fault>> {
        loop {
            let fresh = self.unread.get(self.searched..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.unread.len();
                return (self.unread.len() > LINE_MAX_BYTES).then(|| {
                    let detail = format!("an event of more than {LINE_MAX_BYTES} bytes");
                    Err(fault(FaultCause::AnswerTooLarge, detail))
                });
            };
            let line = self.unread.split_to(self.searched + end);
            self.unread.advance(1);
            self.searched = 0;
            match read_event(&line) {
                Ok(Some(event)) if self.cursor.admit(&event) => return Some(Ok(event)),
                Ok(_) => {}
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

impl Stream for EventStream {
    type Item = Result<EngineEvent, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.has_ended {
                return Poll::Ready(None);
            }
            if let Some(next) = self.next_of_unread() {
                self.has_ended = next.is_err();
                return Poll::Ready(Some(next));
            }
            self.hold.poll_pump(context);
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        self.unread.extend_from_slice(&piece);
                    }
                }
                Some(Err(error)) => {
                    self.has_ended = true;
                    return Poll::Ready(Some(Err(of_hyper(&error))));
                }
                None => self.has_ended = true,
            }
        }
    }
}

/// Subscribes from the cursor's position on.
pub(crate) async fn subscribe(
    transport: &Transport,
    kind: EngineKind,
    path: String,
    head_timeout: Duration,
    cursor: EventCursor,
) -> Result<EventStream, Fault> {
    let path = format!("{path}?{}", query(kind, &cursor));
    let (response, hold) = transport.get_endless(&path, head_timeout).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(fault(
            FaultCause::EngineError,
            format!("events answered {status}"),
        ));
    }
    Ok(EventStream {
        body: response.into_body(),
        unread: BytesMut::new(),
        searched: 0,
        cursor,
        has_ended: false,
        hold,
    })
}

fn query(kind: EngineKind, cursor: &EventCursor) -> String {
    let mut filters = r#"{"type":["container"]"#.to_owned();
    // Podman names some events otherwise when it filters than when it tells them.
    if kind == EngineKind::Docker {
        filters.push_str(r#","event":[""#);
        filters.push_str(&WANTED.join(r#"",""#));
        filters.push_str(r#""]"#);
    }
    filters.push('}');
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("filters", &filters);
    if let Some(EventTime { ns }) = cursor.time() {
        let (seconds, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
        query.append_pair("since", &format!("{seconds}.{rest:09}"));
    }
    query.finish()
}

#[derive(Deserialize)]
struct EventLine {
    #[serde(default, rename = "Type")]
    subject: Option<String>,
    #[serde(default, rename = "Action")]
    action: Option<String>,
    #[serde(default, rename = "Actor")]
    actor: Option<Actor>,
    #[serde(default)]
    time: Option<i64>,
    #[serde(default, rename = "timeNano")]
    time_nano: Option<i64>,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(default, rename = "ID")]
    id: Option<String>,
    #[serde(default, rename = "Attributes")]
    attributes: Option<Attributes>,
}

/// The few attributes of use; the others are the container's labels.
#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    image: Option<String>,
    #[serde(default, rename = "exitCode")]
    exit_code: Option<String>,
}

/// The event of a line; `None` for blank lines, other subjects and actions we have no use for.
fn read_event(line: &[u8]) -> Result<Option<EngineEvent>, Fault> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let line: EventLine = parse(line)?;
    if line
        .subject
        .as_deref()
        .is_some_and(|subject| subject != "container")
    {
        return Ok(None);
    }
    let Some(actor) = line.actor else { return Ok(None) };
    let Some(id) = actor.id.filter(|id| is_engine_id(id)) else {
        return Ok(None);
    };
    let attributes = actor.attributes;
    let exit_code = || attributes.as_ref()?.exit_code.as_deref()?.parse().ok();
    let action = line.action.unwrap_or_default();
    let kind = match action.as_str() {
        "create" => EventKind::Create,
        "start" => EventKind::Start,
        "restart" => EventKind::Restart,
        "stop" => EventKind::Stop,
        "die" | "died" => EventKind::Die {
            exit_code: exit_code(),
        },
        "oom" => EventKind::Oom,
        "destroy" | "remove" => EventKind::Destroy,
        "pause" => EventKind::Pause,
        "unpause" => EventKind::Unpause,
        "rename" => EventKind::Rename,
        "update" => EventKind::Update,
        other => match other.strip_prefix("health_status") {
            Some(word) => EventKind::HealthStatus(parse_health(word.trim_start_matches([':', ' ']))),
            None => return Ok(None),
        },
    };
    let seconds_ns = line.time.and_then(|seconds| seconds.checked_mul(1_000_000_000));
    let ns = line
        .time_nano
        .filter(|ns| *ns > 0)
        .or(seconds_ns)
        .ok_or_else(|| fault(FaultCause::BadAnswer, "an event without a time"))?;
    Ok(Some(EngineEvent {
        at: EventTime { ns },
        kind,
        engine_id: EngineContainerId(id),
        name: attributes.as_ref().and_then(|a| {
            clean_some(
                a.name.as_deref().map(|name| name.trim_start_matches('/')),
                NAME_CHARS,
            )
        }),
        image: attributes
            .as_ref()
            .and_then(|a| clean_some(a.image.as_deref(), TEXT_CHARS)),
    }))
}

#[cfg(test)]
mod tests;

//! `/events`: what happened since, then what happens, one JSON object a line.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::SimHost;
use super::body::Answer;
use super::containers::{health_word, labels};
use super::filters::Filters;
use super::live::{Deed, Live};
use super::request::Query;
use crate::berth::Berth;
use crate::journal::{ContainerEvent, EventAction};

const NS_PER_MS: i64 = 1_000_000;

/// Answers `/events`. Understands `since`, `until` and the filters `type`, `event`, `container`, `label`.
pub(super) fn events(sim: &SimHost, query: &Query) -> Result<Answer, Answer> {
    let filters = Filters::parse(query, &["type", "event", "container", "label"])?;
    let now_ms = sim.clock().now_ms();
    let since_ns = query.time_ns("since")?;
    let until_ns = query.time_ns("until")?;
    let until_ms = until_ns.map_or(i64::MAX, |until_ns| until_ns.div_euclid(NS_PER_MS));
    let live = sim.live();
    let flow = Flow {
        sim: sim.clone(),
        filters,
        // `since` is inclusive: the search begins a millisecond earlier, and the comparison in `lines` is exact.
        told_until_ms: since_ns.map_or(now_ms, |since_ns| since_ns.div_euclid(NS_PER_MS) - 1),
        next_deed: since_ns.map_or(live.next_deed(), |_| 0),
        since_ns: since_ns.unwrap_or(i64::MIN),
        until_ns: until_ns.unwrap_or(i64::MAX),
        until_ms,
        changed: sim.0.changed.subscribe(),
    };
    let lines = stream::unfold(flow, |mut flow| async move {
        let lines = flow.next_lines().await?;
        Some((lines, flow))
    });
    Ok(Answer::flowing("application/json", lines.boxed()))
}

/// A subscription.
struct Flow {
    sim: SimHost,
    filters: Filters,
    told_until_ms: i64,
    /// What clients do is told by its number: a clock that stands gives many deeds one time.
    next_deed: u64,
    since_ns: i64,
    until_ns: i64,
    until_ms: i64,
    changed: watch::Receiver<u64>,
}

impl Flow {
    /// The next lines; `None` when `until` is reached.
    async fn next_lines(&mut self) -> Option<Bytes> {
        loop {
            if self.told_until_ms >= self.until_ms {
                return None;
            }
            // Whatever changes from here on ends the wait below.
            self.changed.borrow_and_update();
            let now_ms = self.sim.clock().now_ms().min(self.until_ms);
            let live = self.sim.live();
            let mut events = Vec::new();
            if now_ms > self.told_until_ms {
                events = happened(&self.sim, &live, self.told_until_ms, now_ms);
                self.told_until_ms = now_ms;
            }
            let new = live.deeds.iter().filter(|deed| deed.number >= self.next_deed);
            events.extend(new.map(Told::deed));
            self.next_deed = live.next_deed();
            events.sort_by_key(|event| event.time_ns);
            let mut lines = String::new();
            for event in events.iter().filter(|event| self.passes(event)) {
                lines.push_str(&event.line().to_string());
                lines.push('\n');
            }
            if !lines.is_empty() {
                return Some(Bytes::from(lines));
            }
            let next_ms = next_change_ms(&self.sim, &live, self.told_until_ms);
            let wait = self.sim.clock().wait_for(next_ms.min(self.until_ms));
            // That nobody can change it any more means that the engine is gone: so is this, soon.
            let _ = tokio::time::timeout(wait, self.changed.changed()).await;
        }
    }

    fn passes(&self, event: &Told) -> bool {
        event.time_ns >= self.since_ns
            && event.time_ns <= self.until_ns
            && self.filters.pass("type", |wanted| wanted == event.kind)
            // `health_status` stands for both `health_status: healthy` and `health_status: unhealthy`.
            && self.filters.pass("event", |wanted| {
                let rest = event.action.strip_prefix(wanted);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            })
            && self.filters.pass("container", |wanted| {
                event.name == wanted || (wanted.len() >= 3 && event.actor.starts_with(wanted))
            })
            && self.filters.labels_pass(&event.labels)
    }
}

/// What happened in `(after_ms, to_ms]` by itself, not by a client.
fn happened(sim: &SimHost, live: &Live, after_ms: i64, to_ms: i64) -> Vec<Told> {
    let host = sim.host();
    let mut told = Vec::new();
    for event in host.events(after_ms, to_ms) {
        let left_ms = live.left.get(&event.berth).copied().unwrap_or(i64::MAX);
        if let Some(berth) = host.berths.get(event.berth)
            && event.time_ns.div_euclid(NS_PER_MS) <= left_ms
        {
            told.push(Told::of(berth, &event));
        }
    }
    let here = live.made.iter().map(|berth| (berth, i64::MAX));
    let gone = live.gone.iter().map(|(berth, gone_ms)| (berth, *gone_ms));
    for (index, (berth, gone_ms)) in here.chain(gone).enumerate() {
        let mut events = Vec::new();
        berth.own_events(
            host.berths.len() + index,
            after_ms,
            to_ms.min(gone_ms),
            &mut events,
        );
        told.extend(events.iter().map(|event| Told::of(berth, event)));
    }
    told
}

fn next_change_ms(sim: &SimHost, live: &Live, after_ms: i64) -> i64 {
    let made = live.made.iter().filter_map(|berth| berth.moment_at(after_ms));
    let made = made.map(|moment| moment.until_ms).min().unwrap_or(i64::MAX);
    // A berth whose container left changes nothing any more, and is looked at once too often for it.
    sim.host().next_change_ms(after_ms).min(made)
}

fn words(action: EventAction) -> (&'static str, String) {
    let action = match action {
        EventAction::Pull => return ("image", "pull".to_owned()),
        EventAction::Create => "create",
        EventAction::Start => "start",
        EventAction::Oom => "oom",
        EventAction::Kill { .. } => "kill",
        EventAction::Die { .. } => "die",
        EventAction::Stop => "stop",
        EventAction::Restart => "restart",
        EventAction::Destroy => "destroy",
        EventAction::Health(health) => {
            return ("container", format!("health_status: {}", health_word(health)));
        }
    };
    ("container", action.to_owned())
}

/// An event, ready to be told.
struct Told {
    time_ns: i64,
    kind: &'static str,
    action: String,
    actor: String,
    /// The container's name and labels, for filters.
    name: String,
    labels: Vec<(String, String)>,
    attributes: Map<String, Value>,
}

impl Told {
    fn deed(deed: &Deed) -> Self {
        Self {
            time_ns: deed.time_ns,
            kind: deed.kind,
            action: deed.action.clone(),
            actor: deed.actor.clone(),
            name: deed.name.clone(),
            labels: deed.labels.clone(),
            attributes: deed.attributes.clone(),
        }
    }

    fn of(berth: &Berth, event: &ContainerEvent) -> Self {
        let (kind, action) = words(event.action);
        let image = berth.image(event.generation);
        let mut attributes = labels(berth, event.generation);
        attributes.insert("name".to_owned(), Value::from(berth.name.as_str()));
        let actor = if kind == "image" {
            attributes.insert(
                "name".to_owned(),
                Value::from(image.rsplit_once(':').map_or(image.as_str(), |(name, _)| name)),
            );
            image
        } else {
            attributes.insert("image".to_owned(), Value::from(image));
            event.engine_id.0.clone()
        };
        match event.action {
            EventAction::Die { exit_code } => {
                attributes.insert("exitCode".to_owned(), Value::from(exit_code.to_string()));
            }
            EventAction::Kill { signal } => {
                attributes.insert("signal".to_owned(), Value::from(signal.to_string()));
            }
            _ => {}
        }
        Self {
            time_ns: event.time_ns,
            kind,
            action,
            actor,
            name: berth.name.clone(),
            labels: berth.labels_of(event.generation),
            attributes,
        }
    }

    fn line(&self) -> Value {
        let from = match self.kind {
            "container" => self.attributes.get("image").cloned().unwrap_or_default(),
            _ => Value::from(self.actor.as_str()),
        };
        json!({
            "status": self.action,
            "id": self.actor,
            "from": from,
            "Type": self.kind,
            "Action": self.action,
            "Actor": { "ID": self.actor, "Attributes": self.attributes },
            "scope": "local",
            "time": self.time_ns / 1_000_000_000,
            "timeNano": self.time_ns,
        })
    }
}

//! `/events`: what happened since, then what happens, one JSON object a line.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::SimHost;
use super::body::Answer;
use super::containers::{health_word, labels};
use super::filters::Filters;
use super::request::Query;
use crate::journal::{ContainerEvent, EventAction};

const NS_PER_MS: i64 = 1_000_000;

/// Answers `/events`. Understands `since`, `until` and the filters `type`, `event`, `container`, `label`.
pub(super) fn events(sim: &SimHost, query: &Query) -> Result<Answer, Answer> {
    let filters = Filters::parse(query, &["type", "event", "container", "label"])?;
    let now_ms = sim.clock().now_ms();
    let since_ns = query.time_ns("since")?;
    let until_ns = query.time_ns("until")?;
    let until_ms = until_ns.map_or(i64::MAX, |until_ns| until_ns.div_euclid(NS_PER_MS));
    let flow = Flow {
        sim: sim.clone(),
        filters,
        // `since` is inclusive: the search begins a millisecond earlier, and the comparison in `lines` is exact.
        told_until_ms: since_ns.map_or(now_ms, |since_ns| since_ns.div_euclid(NS_PER_MS) - 1),
        since_ns: since_ns.unwrap_or(i64::MIN),
        until_ns: until_ns.unwrap_or(i64::MAX),
        until_ms,
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
    since_ns: i64,
    until_ns: i64,
    until_ms: i64,
}

impl Flow {
    /// The next lines; `None` when `until` is reached.
    async fn next_lines(&mut self) -> Option<Bytes> {
        loop {
            if self.told_until_ms >= self.until_ms {
                return None;
            }
            let now_ms = self.sim.clock().now_ms().min(self.until_ms);
            if now_ms > self.told_until_ms {
                let lines = self.lines(self.told_until_ms, now_ms);
                self.told_until_ms = now_ms;
                if !lines.is_empty() {
                    return Some(Bytes::from(lines));
                }
            }
            let next_ms = self.sim.host().next_change_ms(self.told_until_ms);
            let wait = self.sim.clock().wait_for(next_ms.min(self.until_ms));
            tokio::time::sleep(wait).await;
        }
    }

    fn lines(&self, after_ms: i64, to_ms: i64) -> String {
        let mut lines = String::new();
        for event in self.sim.host().events(after_ms, to_ms) {
            if event.time_ns >= self.since_ns && event.time_ns <= self.until_ns && self.passes(&event) {
                lines.push_str(&line(&self.sim, &event).to_string());
                lines.push('\n');
            }
        }
        lines
    }

    fn passes(&self, event: &ContainerEvent) -> bool {
        let Some(berth) = self.sim.host().berths.get(event.berth) else {
            return false;
        };
        let (kind, action) = words(event.action);
        self.filters.pass("type", |wanted| wanted == kind)
            // `health_status` stands for both `health_status: healthy` and `health_status: unhealthy`.
            && self.filters.pass("event", |wanted| {
                action == wanted || action.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(':'))
            })
            && self.filters.pass("container", |wanted| {
                berth.name == wanted || (wanted.len() >= 3 && event.engine_id.0.starts_with(wanted))
            })
            && self.filters.labels_pass(&berth.labels)
    }
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

fn line(sim: &SimHost, event: &ContainerEvent) -> Value {
    let (kind, action) = words(event.action);
    let berth = &sim.host().berths[event.berth];
    let image = berth.image(event.generation);
    let mut attributes = labels(berth);
    attributes.insert("name".to_owned(), Value::from(berth.name.as_str()));
    let actor = if kind == "image" {
        attributes.insert(
            "name".to_owned(),
            Value::from(image.rsplit_once(':').map_or(image.as_str(), |(name, _)| name)),
        );
        image.clone()
    } else {
        attributes.insert("image".to_owned(), Value::from(image.as_str()));
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
    json!({
        "status": action,
        "id": actor,
        "from": image,
        "Type": kind,
        "Action": action,
        "Actor": { "ID": actor, "Attributes": attributes },
        "scope": "local",
        "time": event.time_ns / 1_000_000_000,
        "timeNano": event.time_ns,
    })
}

//! What runs on a host, kept fresh by events: only what changed is inspected.
//!
//! A full list costs one request and is taken on every subscription and now and then as a safety net. An inspection
//! costs one request per container, so it is made only for containers that are new, that an event touched, or whose
//! list line shows that something happened to them since they were last looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use roadstead_model::{ContainerFacts, ContainerState, EngineContainerId, Fault, FaultCause};

use crate::EngineConnection;
use crate::container::{ListLine, read_inspected, read_list};
use crate::events::{EngineEvent, EventKind};
use crate::image::Images;
use crate::version::worth_at_once;

/// Largest list: ten thousand containers with kilobytes of labels each.
const LIST_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Largest inspection.
const INSPECT_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Allowance for clocks and roundings when the engine's words on an age are compared with ours.
const AGE_SLACK: Duration = Duration::from_secs(3);

/// A container that could not be inspected while the host itself answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryProblem {
    /// Which.
    pub engine_id: EngineContainerId,
    /// Why.
    pub fault: Fault,
}

/// What a refresh did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Containers inspected, the failed ones not counted.
    pub inspected: usize,
    /// Containers that could not be inspected. They keep their old facts, if any, and are tried again at the next refresh.
    pub problems: Vec<InventoryProblem>,
}

#[derive(Debug)]
struct Tracked {
    facts: ContainerFacts,
    /// The list line it was last seen with; absent when only events and inspections told of it.
    line: Option<String>,
    looked_at: Instant,
    /// The engine did not answer about its image, so its facts lack what only that can tell. It is inspected again at the
    /// next refresh.
    lacks_image: bool,
}

/// The containers of one host.
///
/// The order that misses nothing: subscribe to events, [`refresh`](Self::refresh), then [`apply`](Self::apply) each event
/// and [`inspect_touched`](Self::inspect_touched) before the next round; `refresh` again every few minutes, and after every new
/// subscription.
#[derive(Debug, Default)]
pub struct Inventory {
    containers: BTreeMap<EngineContainerId, Tracked>,
    touched: BTreeSet<EngineContainerId>,
    images: Images,
}

impl Inventory {
    /// An inventory that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Facts of every container, by engine id.
    pub fn facts(&self) -> impl Iterator<Item = &ContainerFacts> {
        self.containers.values().map(|tracked| &tracked.facts)
    }

    /// Facts of one container.
    #[must_use]
    pub fn get(&self, id: &EngineContainerId) -> Option<&ContainerFacts> {
        self.containers.get(id).map(|tracked| &tracked.facts)
    }

    /// Containers that hold memory now: those to take readings of.
    #[must_use]
    pub fn running(&self) -> Vec<EngineContainerId> {
        self.facts()
            .filter(|facts| facts.state.is_running())
            .map(|facts| facts.engine_id.clone())
            .collect()
    }

    /// The facts alone.
    #[must_use]
    pub fn into_facts(self) -> Vec<ContainerFacts> {
        self.containers
            .into_values()
            .map(|tracked| tracked.facts)
            .collect()
    }

    /// Takes note of an event. `true` when the container now waits for [`inspect_touched`](Self::inspect_touched).
    pub fn apply(&mut self, event: &EngineEvent) -> bool {
        let id = &event.engine_id;
        match event.kind {
            EventKind::Destroy => {
                self.containers.remove(id);
                self.touched.remove(id);
                return false;
            }
            EventKind::Pause | EventKind::Unpause => {
                if let Some(tracked) = self.containers.get_mut(id) {
                    tracked.facts.state = if event.kind == EventKind::Pause {
                        ContainerState::Paused
                    } else {
                        ContainerState::Running
                    };
                    return false;
                }
            }
            EventKind::HealthStatus(Some(health)) => {
                if let Some(tracked) = self.containers.get_mut(id) {
                    tracked.facts.health = Some(health);
                    return false;
                }
            }
            _ => {}
        }
        self.touched.insert(id.clone());
        true
    }

    /// Has every container inspected anew at the next [`refresh`](Self::refresh): after a time in which events may have
    /// been missed, since some changes (a new memory limit) show in no list.
    pub fn doubt_all(&mut self) {
        self.touched.extend(self.containers.keys().cloned());
    }

    /// Takes the full list, and inspects what is new, touched or changed.
    ///
    /// # Errors
    /// A [`Fault`] of the host; what was learned until then is kept, and the rest stays touched.
    pub async fn refresh(&mut self, connection: &EngineConnection) -> Result<Refreshed, Fault> {
        let answer = connection.get("/containers/json?all=1", LIST_MAX_BYTES).await?;
        let lines = read_list(answer.body()?)?;
        let listed: BTreeMap<_, _> = lines.into_iter().map(|line| (line.id.clone(), line)).collect();
        self.containers.retain(|id, _| listed.contains_key(id));
        self.touched.retain(|id| listed.contains_key(id));
        for (id, line) in &listed {
            if self
                .containers
                .get(id)
                .is_none_or(|known| known.may_have_changed(line))
            {
                self.touched.insert(id.clone());
            }
        }
        let outcome = self.inspect_touched(connection).await?;
        let used = self
            .facts()
            .map(|facts| (facts.image_id.clone(), facts.image.clone()))
            .collect();
        self.images.keep_only(&used);
        for (id, line) in &listed {
            // A container that could not be inspected is still touched, so its new line must not hide the change.
            if let Some(known) = self.containers.get_mut(id)
                && !self.touched.contains(id)
            {
                known.line = Some(line.stamp_with_state());
            }
        }
        Ok(outcome)
    }

    /// Inspects what events touched.
    ///
    /// # Errors
    /// A [`Fault`] of the host; what was learned until then is kept, and the rest stays touched.
    pub async fn inspect_touched(&mut self, connection: &EngineConnection) -> Result<Refreshed, Fault> {
        let ids: Vec<_> = self.touched.iter().cloned().collect();
        let images = &self.images;
        let at_once = worth_at_once(ids.len());
        let mut answers = futures_util::stream::iter(ids)
            .map(|id| async move {
                let looked = inspect(connection, images, &id).await;
                (id, looked)
            })
            .buffer_unordered(at_once);
        let mut outcome = Refreshed::default();
        while let Some((id, looked)) = answers.next().await {
            match looked {
                Ok(Some((facts, lacks_image))) => {
                    outcome.inspected += 1;
                    self.touched.remove(&id);
                    let line = self.containers.remove(&id).and_then(|known| known.line);
                    let looked_at = Instant::now();
                    self.containers.insert(
                        id,
                        Tracked {
                            facts,
                            line,
                            looked_at,
                            lacks_image,
                        },
                    );
                }
                Ok(None) => {
                    self.touched.remove(&id);
                    self.containers.remove(&id);
                }
                Err(fault) if is_of_one_container(fault.cause) => {
                    outcome.problems.push(InventoryProblem { engine_id: id, fault });
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(outcome)
    }
}

impl Tracked {
    /// Whether something may have happened since the last look that the facts do not show.
    fn may_have_changed(&self, line: &ListLine) -> bool {
        if self.lacks_image || self.line.as_ref() != Some(&line.stamp_with_state()) {
            return true;
        }
        // Same state, yet in it for less time than since our last look: it left and came back.
        match shortest_age(&line.status) {
            Some(age) => age <= self.looked_at.elapsed() + AGE_SLACK,
            // "Created" has no age and no state to come back from.
            None => line.status.starts_with("Up"),
        }
    }
}

impl ListLine {
    /// The stamp with the parts of the status that are no age: `(healthy)`, `(Paused)`, `Exited (137)`.
    fn stamp_with_state(&self) -> String {
        let in_brackets = self
            .status
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map_or("", |(inside, _)| inside);
        format!("{}\n{in_brackets}", self.stamp)
    }
}

/// The facts of one container, and whether they lack those of its image; `None` when it is gone.
async fn inspect(
    connection: &EngineConnection,
    images: &Images,
    id: &EngineContainerId,
) -> Result<Option<(ContainerFacts, bool)>, Fault> {
    let path = format!("/containers/{id}/json");
    let answer = connection.get(&path, INSPECT_MAX_BYTES).await?;
    if answer.is_missing() {
        return Ok(None);
    }
    let inspection = read_inspected(answer.body()?)?;
    Ok(Some(match images.of(connection, inspection.image()).await {
        Ok(Some(image)) => (inspection.with_image(&image, connection.config_key()), false),
        Ok(None) => (inspection.without_image(), false),
        Err(fault) => {
            tracing::debug!(container = id.short(), %fault, "its image was not told");
            (inspection.without_image(), true)
        }
    }))
}

/// Whether a fault of an inspection says nothing of the host.
fn is_of_one_container(cause: FaultCause) -> bool {
    matches!(
        cause,
        FaultCause::EngineError | FaultCause::BadAnswer | FaultCause::AnswerTooLarge
    )
}

/// The shortest time the engine's words can mean: `Up About an hour`, `Exited (0) 3 weeks ago`. The words are those of
/// its one formatter, which rounds down except for hours, which it rounds to the nearest.
fn shortest_age(status: &str) -> Option<Duration> {
    let mut words = status.split_whitespace().rev().peekable();
    while words
        .peek()
        .is_some_and(|word| *word == "ago" || word.starts_with('(') || word.ends_with(')'))
    {
        words.next();
    }
    let unit = words.next()?;
    let count = words.next()?;
    let unit_s: u64 = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => return None,
    };
    let seconds = match count {
        // "Less than a second", "About a minute", "About an hour".
        "a" | "an" if status.contains("Less than") => 0,
        "a" | "an" => unit_s / 2,
        number => {
            let number: u64 = number.parse().ok()?;
            let exact = number.checked_mul(unit_s)?;
            if unit_s == 3_600 {
                exact - unit_s / 2
            } else {
                exact
            }
        }
    };
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_words_on_an_age_are_read_at_their_shortest() {
        for (status, seconds) in [
            ("Up Less than a second", Some(0)),
            ("Up 1 second", Some(1)),
            ("Up 33 seconds (healthy)", Some(33)),
            ("Up About a minute", Some(30)),
            ("Up 5 minutes (Paused)", Some(300)),
            ("Up About an hour (health: starting)", Some(1_800)),
            ("Up 3 hours", Some(3 * 3_600 - 1_800)),
            ("Exited (137) 2 days ago", Some(2 * 86_400)),
            ("Restarting (1) 5 seconds ago", Some(5)),
            ("Created", None),
            ("", None),
            ("Up 99999999999999999999 years", None),
            ("Up 18446744073709551615 years", None),
        ] {
            assert_eq!(shortest_age(status).map(|age| age.as_secs()), seconds, "{status}");
        }
    }

    #[test]
    fn the_stamp_leaves_the_age_out_and_keeps_health_and_exit_code() {
        let line = |status: &str| {
            ListLine {
                id: EngineContainerId("aa".to_owned()),
                stamp: "/web\nsha256:1\nrunning".to_owned(),
                status: status.to_owned(),
            }
            .stamp_with_state()
        };
        assert_eq!(line("Up 3 hours (healthy)"), line("Up 4 hours (healthy)"));
        assert_ne!(line("Up 3 hours (healthy)"), line("Up 3 hours (unhealthy)"));
        assert_ne!(line("Exited (0) 1 hour ago"), line("Exited (1) 1 hour ago"));
    }
}

//! What happened to the containers of a host: the engine's events, found again from the script.

use roadstead_model::time::DAY_MS;
use roadstead_model::{ContainerState, EngineContainerId, Health};

use crate::berth::Berth;
use crate::fleet::ScriptedHost;
use crate::moment::Moment;
use crate::schedule::RunEnd;

/// Engines remember this many events.
const REMEMBERED_EVENTS: usize = 256;
/// And here no further back than this: the search has to end somewhere.
const REMEMBERED_MS: i64 = 7 * DAY_MS;

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAction {
    /// Its image was fetched for a deploy; the event's type is `image`, not `container`.
    Pull,
    /// Made.
    Create,
    /// Its main process was started.
    Start,
    /// The kernel killed a process of it for memory.
    Oom,
    /// A signal was sent to its main process.
    Kill {
        /// The signal's number.
        signal: u8,
    },
    /// Its main process ended.
    Die {
        /// Exit code of the main process.
        exit_code: i64,
    },
    /// It was stopped by request.
    Stop,
    /// It was restarted by request.
    Restart,
    /// It was removed.
    Destroy,
    /// Its health check came to another result.
    Health(Health),
}

/// One event of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEvent {
    /// When, UTC epoch nanoseconds.
    pub time_ns: i64,
    /// What.
    pub action: EventAction,
    /// The container.
    pub engine_id: EngineContainerId,
    /// Index of its berth among the host's.
    pub berth: usize,
    /// Its generation in the berth.
    pub generation: u32,
}

impl ScriptedHost {
    /// What happened in `(after_ms, to_ms]`, oldest first: as an engine would, it remembers the last 256 events, and
    /// none older than seven days before `to_ms`.
    #[must_use]
    pub fn events(&self, after_ms: i64, to_ms: i64) -> Vec<ContainerEvent> {
        let after_ms = after_ms.max(to_ms.saturating_sub(REMEMBERED_MS));
        let mut events = Vec::new();
        for (index, berth) in self.berths.iter().enumerate() {
            berth.events(index, after_ms, to_ms, &mut events);
        }
        events.sort_by_key(|event: &ContainerEvent| event.time_ns);
        let forgotten = events.len().saturating_sub(REMEMBERED_EVENTS);
        events.drain(..forgotten);
        events
    }

    /// The next moment after this one when something about a container changes, whether or not an event tells of it.
    #[must_use]
    pub fn next_change_ms(&self, after_ms: i64) -> i64 {
        let next = |berth: &Berth| match berth.moment_at(after_ms) {
            Some(moment) => moment.until_ms,
            None => berth.schedule.first_ms,
        };
        self.berths.iter().map(next).min().unwrap_or(i64::MAX)
    }
}

impl Berth {
    /// What happened by itself to a container outside the script in `(after_ms, to_ms]`: what clients did to it is not here.
    pub(crate) fn own_events(
        &self,
        index: usize,
        after_ms: i64,
        to_ms: i64,
        events: &mut Vec<ContainerEvent>,
    ) {
        let Some(made) = &self.made else { return };
        let after_ms = after_ms
            .max(made.since_ms)
            .max(to_ms.saturating_sub(REMEMBERED_MS));
        let Some(mut before) = self.moment_at(after_ms) else {
            return;
        };
        while before.until_ms <= to_ms && events.len() < REMEMBERED_EVENTS {
            let at_ms = before.until_ms;
            let Some(after) = self.moment_at(at_ms) else {
                return;
            };
            if before.deeds == after.deeds {
                self.told(index, at_ms, actions(Some(&before), &after), events);
            }
            before = after;
        }
    }

    fn told(
        &self,
        index: usize,
        at_ms: i64,
        actions: Vec<(u32, EventAction)>,
        events: &mut Vec<ContainerEvent>,
    ) {
        for (order, (generation, action)) in actions.into_iter().enumerate() {
            events.push(ContainerEvent {
                // Each a millisecond's fraction after the one before, as engines write them.
                time_ns: at_ms * 1_000_000 + order as i64 * 40_000 + index as i64,
                action,
                engine_id: self.container_id(generation),
                berth: index,
                generation,
            });
        }
    }

    fn events(&self, index: usize, after_ms: i64, to_ms: i64, events: &mut Vec<ContainerEvent>) {
        let mut before = self.moment_at(after_ms);
        loop {
            let at_ms = before.map_or(self.schedule.first_ms, |moment| moment.until_ms);
            if at_ms > to_ms {
                return;
            }
            let after = self.moment_at(at_ms);
            if let Some(after) = &after {
                self.told(index, at_ms, actions(before.as_ref(), after), events);
            }
            before = after;
        }
    }
}

/// What happened between two neighbouring moments, with the generation it happened to.
fn actions(before: Option<&Moment>, after: &Moment) -> Vec<(u32, EventAction)> {
    use EventAction as A;
    let mut actions = Vec::new();
    if let Some(before) = before.filter(|before| before.generation != after.generation) {
        let old = before.generation;
        if before.state.is_running() {
            actions.extend([A::Kill { signal: 15 }, A::Die { exit_code: 0 }, A::Stop].map(|a| (old, a)));
        }
        actions.push((old, A::Destroy));
    }
    let new = after.generation;
    let Some(before) = before.filter(|before| before.generation == new) else {
        actions.extend([(new, A::Pull), (new, A::Create)]);
        return actions;
    };
    let was_running = before.state.is_running();
    if !was_running && after.state.is_running() {
        actions.push((new, A::Start));
        if before.run.is_some_and(|run| run.end == RunEnd::OperatorRestart) {
            actions.push((new, A::Restart));
        }
    } else if was_running && !after.state.is_running() {
        let end = before.run.map_or(RunEnd::Finished, |run| run.end);
        match end {
            RunEnd::OomKill => actions.push((new, A::Oom)),
            RunEnd::OperatorRestart | RunEnd::SteppedAside => actions.push((new, A::Kill { signal: 15 })),
            RunEnd::Crash | RunEnd::Finished | RunEnd::Replaced => {}
        }
        let exit_code = end.exit_code();
        actions.push((new, A::Die { exit_code }));
        if matches!(end, RunEnd::OperatorRestart | RunEnd::SteppedAside) {
            actions.push((new, A::Stop));
        }
    } else if let (Some(was), Some(health)) = (before.health, after.health)
        && was != health
        && after.state == ContainerState::Running
    {
        actions.push((new, A::Health(health)));
    }
    actions
}

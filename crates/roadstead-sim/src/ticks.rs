//! History without an engine: a host's readings tick by tick, as fast as they can be computed.

use std::sync::Arc;

use roadstead_model::time::align_up;
use roadstead_model::{ContainerFacts, Reading, TimeRange};

use crate::fleet::{Fleet, ScriptedHost};
use crate::moment::Moment;

/// One container at one tick.
#[derive(Debug, Clone)]
pub struct ScriptedContainer {
    /// Index of its berth among the host's: the same place before and after a deploy.
    pub berth: usize,
    /// What an inventory says of it. Shared from tick to tick while nothing of it changes.
    pub facts: Arc<ContainerFacts>,
    /// Its numbers; `None` while it does not run.
    pub reading: Option<Reading>,
}

/// One collection round of one simulated host.
#[derive(Debug, Clone)]
pub struct ScriptedTick {
    /// Start of the round, a multiple of the interval, UTC epoch milliseconds.
    pub tick_ms: i64,
    /// Every container the host has then, running or not.
    pub containers: Vec<ScriptedContainer>,
}

/// The ticks of one host, in order.
#[derive(Debug)]
pub struct Ticks {
    host: Arc<ScriptedHost>,
    next_ms: i64,
    to_ms: i64,
    interval_ms: i64,
    /// What each berth was at the last tick: its description holds for hours, so it is not made anew each time.
    known: Vec<Option<(Moment, Arc<ContainerFacts>)>>,
}

impl Fleet {
    /// The ticks of a host within a range, aligned to the interval. `None` when there is no such host. An interval
    /// below one second counts as one second.
    #[must_use]
    pub fn ticks(&self, host: usize, range: TimeRange, interval_ms: i64) -> Option<Ticks> {
        let host = Arc::clone(self.hosts.get(host)?);
        let interval_ms = interval_ms.max(1_000);
        Some(Ticks {
            next_ms: align_up(range.from_ms, interval_ms),
            to_ms: range.to_ms,
            interval_ms,
            known: vec![None; host.berths.len()],
            host,
        })
    }
}

impl Iterator for Ticks {
    type Item = ScriptedTick;

    fn next(&mut self) -> Option<ScriptedTick> {
        if self.next_ms >= self.to_ms {
            return None;
        }
        let tick_ms = self.next_ms;
        self.next_ms += self.interval_ms;
        let mut containers = Vec::with_capacity(self.known.len());
        for (index, (berth, known)) in self.host.berths.iter().zip(&mut self.known).enumerate() {
            if known
                .as_ref()
                .is_none_or(|(moment, _)| moment.until_ms <= tick_ms)
            {
                *known = berth.moment_at(tick_ms).map(|moment| {
                    let facts = Arc::new(berth.facts_at(&moment));
                    (moment, facts)
                });
            }
            if let Some((moment, facts)) = known {
                containers.push(ScriptedContainer {
                    berth: index,
                    facts: Arc::clone(facts),
                    reading: berth.reading_at(moment, tick_ms),
                });
            }
        }
        Some(ScriptedTick { tick_ms, containers })
    }
}

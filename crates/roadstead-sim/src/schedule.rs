//! When containers are replaced, restarted and in trouble.
//!
//! All of it is found by arithmetic from the moment asked for: generation `g` begins at the first creation plus `g`
//! periods plus a hash of `g`, so the generation of a moment is found by one division and one step back. Where an app has a
//! story, its generations are listed first, and the rhythm sets in after the last of them.

mod crash_loop;

use std::sync::Arc;

use roadstead_model::time::{DAY_MS, MINUTE_MS, SECOND_MS, align_down};

use self::crash_loop::{CRASH_LOOP_RUN_MS, backoff, crash_loop_index, crash_loop_start};
use crate::release::{Pause, Release, Turn};
use crate::seed::{below, mix, unit};

/// From creation to start.
pub(crate) const CREATE_TO_START_MS: i64 = 2 * SECOND_MS;
/// How runs of a container end before it is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    /// Replaced by a deploy.
    Replaced,
    /// `docker restart`: not counted as a restart by policy.
    OperatorRestart,
    /// Killed by the kernel for memory, restarted by policy.
    OomKill,
    /// Ended by itself with an error, restarted by policy.
    Crash,
    /// Ended by itself, done.
    Finished,
    /// Stopped for a new container that failed, and started again after it.
    SteppedAside,
}

impl RunEnd {
    /// Whether the engine counts it in `RestartCount`.
    pub(crate) fn is_restart_by_policy(self) -> bool {
        matches!(self, Self::OomKill | Self::Crash)
    }

    /// Exit code of the main process.
    pub(crate) fn exit_code(self) -> i64 {
        match self {
            Self::OomKill => 137,
            Self::Crash => 1,
            Self::Replaced | Self::OperatorRestart | Self::Finished | Self::SteppedAside => 0,
        }
    }

    /// From the end of a run to the start of the next.
    fn down_ms(self) -> i64 {
        match self {
            Self::OperatorRestart => 8 * SECOND_MS,
            Self::SteppedAside => Pause::LENGTH_MS,
            _ => 4 * SECOND_MS,
        }
    }
}

/// How a container runs between its creation and its replacement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Runs {
    /// Once, until replaced.
    One,
    /// Once, for this long.
    Job { length_ms: i64 },
    /// Again and again, each for about this long. With `calm_when_odd`, only in generations 0, 2, 4…: every other
    /// deploy mends what ended the runs.
    Repeating {
        period_ms: i64,
        end: RunEnd,
        calm_when_odd: bool,
    },
    /// Ends with an error as soon as it is started; `again` when its restart policy starts it again and again.
    Broken { again: bool },
}

/// When the container of one place is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deploys {
    /// Mean time between two.
    pub(crate) period_ms: i64,
    /// The same for one app on all hosts, so that versions roll over the fleet together.
    pub(crate) key: u64,
}

/// When containers of one place are replaced, restarted and in trouble.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// First creation.
    pub(crate) first_ms: i64,
    /// What the app's story says of this place, oldest first.
    pub(crate) turns: Arc<[Turn]>,
    /// Versions that are published and that the rhythm after the story passes over.
    pub(crate) offers: u32,
    /// When the container stepped aside for one that failed, oldest first.
    pub(crate) pauses: Arc<[Pause]>,
    pub(crate) deploys: Option<Deploys>,
    pub(crate) runs: Runs,
    /// Days of a hundred with a spell of trouble (errors, a failing health check).
    pub(crate) trouble_percent: u64,
    pub(crate) key: u64,
}

/// One container's life between two deploys, `[start_ms, end_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation {
    pub(crate) index: u32,
    pub(crate) start_ms: i64,
    /// `i64::MAX` when it is never replaced.
    pub(crate) end_ms: i64,
}

/// One run of a container, `[start_ms, end_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) index: u32,
    pub(crate) start_ms: i64,
    /// When it really ends: at `meant_end_ms`, or earlier by a deploy.
    pub(crate) end_ms: i64,
    /// When it would end were there no deploy; `i64::MAX` when never.
    pub(crate) meant_end_ms: i64,
    /// How it really ends.
    pub(crate) end: RunEnd,
    /// How it would end were there no deploy.
    pub(crate) meant_end: RunEnd,
    /// From the end of the run before to its start; 0 for the first.
    pub(crate) pause_before_ms: i64,
    /// From its end to the start of the next, were there no deploy.
    pub(crate) pause_after_ms: i64,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Made, starts at the moment given.
    Created { start_ms: i64 },
    /// Running.
    Running(Run),
    /// Between a run and the next, or ended for good.
    Ended { run: Run, next_start_ms: i64 },
}

impl Schedule {
    fn generation_start(&self, index: i64) -> i64 {
        let told = self.turns.len() as i64;
        if index <= 0 {
            return self.first_ms;
        }
        if let Some(turn) = usize::try_from(index - 1).ok().and_then(|at| self.turns.get(at)) {
            return turn.at_ms;
        }
        let rhythm_ms = self.rhythm_start();
        match self.deploys {
            Some(Deploys { period_ms, key }) => {
                let jitter_ms = below(mix(key, index as u64), period_ms / 4);
                rhythm_ms + (index - told) * period_ms + jitter_ms
            }
            None => rhythm_ms,
        }
    }

    /// Where the rhythm of deploys begins.
    fn rhythm_start(&self) -> i64 {
        self.turns.last().map_or(self.first_ms, |turn| turn.at_ms)
    }

    /// The generation that lives at this moment; `None` before the first.
    pub(crate) fn generation_at(&self, time_ms: i64) -> Option<Generation> {
        if time_ms < self.first_ms {
            return None;
        }
        let told = self.turns.len();
        let begun = self.turns.partition_point(|turn| turn.at_ms <= time_ms);
        let generation = |index: i64, last: bool| Generation {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            start_ms: self.generation_start(index),
            end_ms: if last {
                i64::MAX
            } else {
                self.generation_start(index + 1)
            },
        };
        if begun < told {
            return Some(generation(begun as i64, false));
        }
        let Some(deploys) = self.deploys else {
            return Some(generation(told as i64, true));
        };
        let mut index = told as i64 + (time_ms - self.rhythm_start()) / deploys.period_ms;
        if self.generation_start(index) > time_ms {
            index -= 1;
        }
        Some(generation(index, false))
    }

    /// What a generation was made from.
    pub(crate) fn release(&self, generation: u32) -> Release {
        let told = self.turns.len() as u32;
        let Some(after_first) = generation.checked_sub(1) else {
            return Release::FIRST;
        };
        if let Some(turn) = self.turns.get(after_first as usize) {
            return turn.release;
        }
        let last = self.turns.last().map_or(Release::FIRST, |turn| turn.release);
        match self.deploys {
            Some(deploys) if generation > told => Release {
                version: last.version + self.offers + (generation - told),
                how: Release::how_by_chance(mix(deploys.key ^ 0xB0, u64::from(generation))),
                ..last
            },
            _ => last,
        }
    }

    /// The moment within this generation when its container stepped aside.
    fn pause_in(&self, generation: Generation) -> Option<Pause> {
        self.pauses
            .iter()
            .copied()
            .find(|pause| generation.start_ms < pause.at_ms && pause.end_ms() < generation.end_ms)
    }

    /// How runs of this generation repeat: period and end.
    fn repeats(&self, generation: Generation) -> Option<(i64, RunEnd)> {
        match self.runs {
            Runs::Repeating {
                period_ms,
                end,
                calm_when_odd,
            } if !(calm_when_odd && generation.index % 2 == 1) => Some((period_ms, end)),
            _ => None,
        }
    }

    fn run(&self, generation: Generation, index: i64) -> Run {
        let first_start_ms = generation.start_ms + CREATE_TO_START_MS;
        let start_of = |index: i64, period_ms: i64| {
            let jitter_ms = match index {
                0 => 0,
                _ => below(
                    mix(mix(self.key, u64::from(generation.index)), index as u64),
                    period_ms / 3,
                ),
            };
            first_start_ms + index * period_ms + jitter_ms
        };
        let aside = RunEnd::SteppedAside;
        let (start_ms, meant_end_ms, meant_end, pause_before_ms, pause_after_ms) =
            match (self.repeats(generation), self.runs) {
                (Some((period_ms, end)), _) => {
                    let (start_ms, next_ms) = (start_of(index, period_ms), start_of(index + 1, period_ms));
                    (
                        start_ms,
                        next_ms - end.down_ms(),
                        end,
                        end.down_ms(),
                        end.down_ms(),
                    )
                }
                (None, Runs::Job { length_ms }) => {
                    (first_start_ms, first_start_ms + length_ms, RunEnd::Finished, 0, 0)
                }
                (None, Runs::Broken { .. }) => {
                    let start_ms = first_start_ms + crash_loop_start(index);
                    let (before_ms, after_ms) = (backoff(index - 1), backoff(index));
                    (
                        start_ms,
                        start_ms + CRASH_LOOP_RUN_MS,
                        RunEnd::Crash,
                        before_ms,
                        after_ms,
                    )
                }
                (None, _) => match (self.pause_in(generation), index) {
                    (Some(pause), 0) => (first_start_ms, pause.at_ms, aside, 0, aside.down_ms()),
                    (Some(pause), _) => (pause.end_ms(), i64::MAX, RunEnd::Replaced, aside.down_ms(), 0),
                    (None, _) => (first_start_ms, i64::MAX, RunEnd::Replaced, 0, 0),
                },
            };
        let replaced = generation.end_ms < meant_end_ms;
        Run {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            start_ms,
            end_ms: meant_end_ms.min(generation.end_ms),
            meant_end_ms,
            end: if replaced { RunEnd::Replaced } else { meant_end },
            meant_end,
            pause_before_ms: if index == 0 { 0 } else { pause_before_ms },
            pause_after_ms,
        }
    }

    /// The run of a moment at or after the first start: the one that lasts or was the last to end, or the one after it.
    fn run_index(&self, generation: Generation, first_start_ms: i64, time_ms: i64) -> i64 {
        let since_ms = time_ms - first_start_ms;
        match (self.repeats(generation), self.runs) {
            (Some((period_ms, _)), _) => since_ms / period_ms,
            (None, Runs::Broken { again: true }) => crash_loop_index(since_ms),
            (None, Runs::One) => self
                .pause_in(generation)
                .map_or(0, |pause| i64::from(time_ms >= pause.end_ms())),
            _ => 0,
        }
    }

    /// What the container of this generation does at a moment within it.
    pub(crate) fn stage_at(&self, generation: Generation, time_ms: i64) -> Stage {
        let first_start_ms = generation.start_ms + CREATE_TO_START_MS;
        if time_ms < first_start_ms {
            return Stage::Created {
                start_ms: first_start_ms.min(generation.end_ms),
            };
        }
        let index = self.run_index(generation, first_start_ms, time_ms);
        let mut run = self.run(generation, index);
        if run.start_ms > time_ms {
            run = self.run(generation, index - 1);
        }
        if time_ms < run.end_ms {
            return Stage::Running(run);
        }
        let ends_for_good = run.end == RunEnd::Finished || matches!(self.runs, Runs::Broken { again: false });
        let next_start_ms = if ends_for_good {
            generation.end_ms
        } else {
            (run.meant_end_ms.saturating_add(run.pause_after_ms)).min(generation.end_ms)
        };
        Stage::Ended { run, next_start_ms }
    }

    /// Whether the app is in trouble, and until when that answer holds.
    pub(crate) fn trouble_at(&self, time_ms: i64) -> (bool, i64) {
        let day_start_ms = align_down(time_ms, DAY_MS);
        let day_end_ms = day_start_ms + DAY_MS;
        let key = mix(self.key ^ 0x7401, (day_start_ms / DAY_MS) as u64);
        if key % 100 >= self.trouble_percent {
            return (false, day_end_ms);
        }
        let length_ms = 10 * MINUTE_MS + below(mix(key, 1), 25 * MINUTE_MS);
        let start_ms = day_start_ms + (unit(mix(key, 2)) * (DAY_MS - length_ms) as f64) as i64;
        let end_ms = start_ms + length_ms;
        if time_ms < start_ms {
            (false, start_ms)
        } else if time_ms < end_ms {
            (true, end_ms)
        } else {
            (false, day_end_ms)
        }
    }
}

#[cfg(test)]
mod tests;

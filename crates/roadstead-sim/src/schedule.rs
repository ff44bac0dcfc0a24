//! When containers are replaced, restarted and in trouble.
//!
//! All of it is found by arithmetic from the moment asked for: generation `g` begins at the first creation plus `g`
//! periods plus a hash of `g`, so the generation of a moment is found by one division and one step back.

use roadstead_model::time::{DAY_MS, MINUTE_MS, SECOND_MS, align_down};

use crate::seed::{below, mix, unit};

/// From creation to start.
const CREATE_TO_START_MS: i64 = 2 * SECOND_MS;

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
            Self::Replaced | Self::OperatorRestart | Self::Finished => 0,
        }
    }

    /// From the end of a run to the start of the next.
    pub(crate) fn down_ms(self) -> i64 {
        match self {
            Self::OperatorRestart => 8 * SECOND_MS,
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
        match self.deploys {
            Some(Deploys { period_ms, key }) if index > 0 => {
                let jitter_ms = below(mix(key, index as u64), period_ms / 4);
                self.first_ms + index * period_ms + jitter_ms
            }
            _ => self.first_ms,
        }
    }

    /// The generation that lives at this moment; `None` before the first.
    pub(crate) fn generation_at(&self, time_ms: i64) -> Option<Generation> {
        if time_ms < self.first_ms {
            return None;
        }
        let Some(deploys) = self.deploys else {
            return Some(Generation {
                index: 0,
                start_ms: self.first_ms,
                end_ms: i64::MAX,
            });
        };
        let mut index = (time_ms - self.first_ms) / deploys.period_ms;
        if self.generation_start(index) > time_ms {
            index -= 1;
        }
        Some(Generation {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            start_ms: self.generation_start(index),
            end_ms: self.generation_start(index + 1),
        })
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

    /// Whether runs of this generation end by themselves.
    pub(crate) fn is_restless(&self, generation: Generation) -> bool {
        self.repeats(generation).is_some()
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
        let (start_ms, meant_end_ms, meant_end) = match (self.repeats(generation), self.runs) {
            (Some((period_ms, end)), _) => (
                start_of(index, period_ms),
                start_of(index + 1, period_ms) - end.down_ms(),
                end,
            ),
            (None, Runs::Job { length_ms }) => (first_start_ms, first_start_ms + length_ms, RunEnd::Finished),
            (None, _) => (first_start_ms, i64::MAX, RunEnd::Replaced),
        };
        let replaced = generation.end_ms < meant_end_ms;
        Run {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            start_ms,
            end_ms: meant_end_ms.min(generation.end_ms),
            meant_end_ms,
            end: if replaced { RunEnd::Replaced } else { meant_end },
            meant_end,
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
        let mut index = self
            .repeats(generation)
            .map_or(0, |(period_ms, _)| (time_ms - first_start_ms) / period_ms);
        let mut run = self.run(generation, index);
        if run.start_ms > time_ms {
            index -= 1;
            run = self.run(generation, index);
        }
        if time_ms < run.end_ms {
            return Stage::Running(run);
        }
        let next_start_ms = match run.end {
            RunEnd::Finished => generation.end_ms,
            end => (run.meant_end_ms + end.down_ms()).min(generation.end_ms),
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
mod tests {
    use super::*;

    fn schedule(runs: Runs) -> Schedule {
        Schedule {
            first_ms: 1_700_000_000_000,
            deploys: Some(Deploys {
                period_ms: 9 * DAY_MS,
                key: 11,
            }),
            runs,
            trouble_percent: 50,
            key: 77,
        }
    }

    #[test]
    fn generations_follow_each_other_without_hole_or_overlap() {
        let schedule = schedule(Runs::One);
        assert_eq!(schedule.generation_at(schedule.first_ms - 1), None);
        let mut generation = schedule.generation_at(schedule.first_ms).unwrap();
        for index in 0..50 {
            assert_eq!(generation.index, index);
            assert_eq!(schedule.generation_at(generation.end_ms - 1), Some(generation));
            let next = schedule.generation_at(generation.end_ms).unwrap();
            assert_eq!(next.start_ms, generation.end_ms);
            generation = next;
        }
    }

    #[test]
    fn runs_follow_each_other_with_a_pause_between() {
        let schedule = schedule(Runs::Repeating {
            period_ms: 12 * 3_600_000,
            end: RunEnd::OomKill,
            calm_when_odd: true,
        });
        let generation = schedule.generation_at(schedule.first_ms).unwrap();
        let mut at_ms = generation.start_ms + CREATE_TO_START_MS;
        for index in 0.. {
            let Stage::Running(run) = schedule.stage_at(generation, at_ms) else {
                panic!("a run begins at {at_ms}");
            };
            assert_eq!((run.index, run.start_ms), (index, at_ms));
            assert_eq!(
                schedule.stage_at(generation, run.end_ms - 1),
                Stage::Running(run),
                "a run lasts until its end"
            );
            if run.end == RunEnd::Replaced {
                assert_eq!(run.end_ms, generation.end_ms);
                assert!(index > 10, "some eighteen half days fit: {index}");
                break;
            }
            let Stage::Ended { next_start_ms, .. } = schedule.stage_at(generation, run.end_ms) else {
                panic!("a pause begins at {}", run.end_ms);
            };
            assert_eq!(next_start_ms, run.end_ms + 4_000);
            if next_start_ms == generation.end_ms {
                break;
            }
            at_ms = next_start_ms;
        }
        let calm = schedule.generation_at(generation.end_ms).unwrap();
        assert!(!schedule.is_restless(calm), "every other deploy mends it");
    }

    #[test]
    fn a_job_ends_and_stays_ended() {
        let schedule = schedule(Runs::Job { length_ms: 20_000 });
        let generation = schedule.generation_at(schedule.first_ms).unwrap();
        let Stage::Ended { run, next_start_ms } = schedule.stage_at(generation, generation.start_ms + 22_000)
        else {
            panic!("over after 20 s");
        };
        assert_eq!(run.end, RunEnd::Finished);
        assert_eq!(next_start_ms, generation.end_ms);
    }

    #[test]
    fn trouble_comes_on_some_days_and_passes() {
        let schedule = schedule(Runs::One);
        let mut at_ms = schedule.first_ms;
        let mut spells = 0;
        while at_ms < schedule.first_ms + 200 * DAY_MS {
            let (trouble, until_ms) = schedule.trouble_at(at_ms);
            assert!(until_ms > at_ms, "every answer holds for a while");
            assert_eq!(schedule.trouble_at(until_ms - 1).0, trouble);
            spells += u32::from(trouble);
            at_ms = until_ms;
        }
        assert!((70..130).contains(&spells), "about half of 200 days: {spells}");
    }
}

//! What one container is at one moment, apart from its measurements.

use roadstead_model::time::SECOND_MS;
use roadstead_model::{ContainerState, Health};

use crate::schedule::{Generation, Run, RunEnd, Schedule, Stage};

/// From a start to the first health check that passes.
const HEALTH_START_MS: i64 = 30 * SECOND_MS;

/// What one container is at one moment, and how long that stays true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// How many containers this place had before: each deploy makes a new one.
    pub generation: u32,
    /// State as the engine reports it.
    pub state: ContainerState,
    /// Health check result; absent without a check and while it does not run.
    pub health: Option<Health>,
    /// Whether the app is in trouble now: errors in its log, its health check failing.
    pub trouble: bool,
    /// Creation, UTC epoch milliseconds.
    pub created_at_ms: i64,
    /// Last start, UTC epoch milliseconds; absent before the first.
    pub started_at_ms: Option<i64>,
    /// End of the last run, UTC epoch milliseconds; absent while the first lasts.
    pub finished_at_ms: Option<i64>,
    /// Exit code of the last run, when it has ended and no other has begun.
    pub exit_code: Option<i64>,
    /// Restarts by policy since creation.
    pub restart_count: u32,
    /// Whether the last run that ended was ended by the kernel for memory.
    pub oom_killed: bool,
    /// All of this holds up to here, exclusive, UTC epoch milliseconds.
    pub until_ms: i64,
    pub(crate) lives: Generation,
    pub(crate) run: Option<Run>,
    /// How often a client had started or stopped it by then. Not scripted: what a client did is told when it was done.
    pub(crate) deeds: u32,
}

/// A health check and how it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check {
    /// From a start to the first result.
    pub(crate) decided_ms: i64,
    /// It never passes.
    pub(crate) fails: bool,
}

impl Check {
    /// That of scripted containers.
    pub(crate) const SCRIPTED: Self = Self {
        decided_ms: HEALTH_START_MS,
        fails: false,
    };
}

impl Moment {
    /// What the container of this schedule is; `None` before the first was made.
    pub(crate) fn at(schedule: &Schedule, check: Option<Check>, time_ms: i64) -> Option<Self> {
        let generation = schedule.generation_at(time_ms)?;
        Some(Self::within(schedule, generation, check, time_ms))
    }

    /// A container that was made and not started yet.
    pub(crate) fn created(lives: Generation, created_ms: i64) -> Self {
        Self {
            generation: lives.index,
            state: ContainerState::Created,
            health: None,
            trouble: false,
            created_at_ms: created_ms,
            started_at_ms: None,
            finished_at_ms: None,
            exit_code: None,
            restart_count: 0,
            oom_killed: false,
            until_ms: lives.end_ms,
            lives,
            run: None,
            deeds: 0,
        }
    }

    /// What a container is at a moment of its life between two deploys.
    pub(crate) fn within(schedule: &Schedule, lives: Generation, check: Option<Check>, time_ms: i64) -> Self {
        let (trouble, trouble_until_ms) = schedule.trouble_at(time_ms);
        let mut moment = Self::created(lives, lives.start_ms);
        moment.trouble = trouble;
        moment.ends_by(trouble_until_ms);
        match schedule.stage_at(lives, time_ms) {
            Stage::Created { start_ms } => moment.ends_by(start_ms),
            Stage::Running(run) => {
                moment.runs(run, None);
                moment.state = ContainerState::Running;
                moment.ends_by(run.end_ms);
                if let Some(check) = check {
                    let decided_ms = run.start_ms + check.decided_ms;
                    moment.health = Some(if time_ms < decided_ms {
                        moment.ends_by(decided_ms);
                        Health::Starting
                    } else if trouble || check.fails {
                        Health::Unhealthy
                    } else {
                        Health::Healthy
                    });
                }
            }
            Stage::Ended { run, next_start_ms } => {
                moment.runs(run, Some(run.end));
                moment.state = if run.end.is_restart_by_policy() {
                    ContainerState::Restarting
                } else {
                    ContainerState::Exited
                };
                moment.ends_by(next_start_ms);
            }
        }
        moment
    }

    fn ends_by(&mut self, time_ms: i64) {
        self.until_ms = self.until_ms.min(time_ms);
    }

    /// Fills in what follows from the run that lasts or has just ended.
    fn runs(&mut self, run: Run, ended: Option<RunEnd>) {
        self.run = Some(run);
        self.started_at_ms = Some(run.start_ms);
        self.exit_code = ended.map(RunEnd::exit_code);
        self.finished_at_ms = match ended {
            Some(_) => Some(run.end_ms),
            None => (run.index > 0).then(|| run.start_ms - run.pause_before_ms),
        };
        // All runs of one generation are meant to end alike; only a deploy cuts the last one short.
        if run.meant_end.is_restart_by_policy() {
            self.restart_count = run.index + u32::from(ended.is_some());
        }
        let one_has_ended = run.index > 0 || ended.is_some();
        self.oom_killed = one_has_ended && run.meant_end == RunEnd::OomKill;
    }
}

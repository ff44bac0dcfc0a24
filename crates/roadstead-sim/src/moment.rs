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
}

impl Moment {
    /// What the container of this schedule is; `None` before the first was made.
    pub(crate) fn at(schedule: &Schedule, has_health_check: bool, time_ms: i64) -> Option<Self> {
        let generation = schedule.generation_at(time_ms)?;
        let (trouble, trouble_until_ms) = schedule.trouble_at(time_ms);
        let mut moment = Self {
            generation: generation.index,
            state: ContainerState::Created,
            health: None,
            trouble,
            created_at_ms: generation.start_ms,
            started_at_ms: None,
            finished_at_ms: None,
            exit_code: None,
            restart_count: 0,
            oom_killed: false,
            until_ms: generation.end_ms.min(trouble_until_ms),
            lives: generation,
            run: None,
        };
        match schedule.stage_at(generation, time_ms) {
            Stage::Created { start_ms } => moment.ends_by(start_ms),
            Stage::Running(run) => {
                moment.runs(run, None);
                moment.state = ContainerState::Running;
                moment.ends_by(run.end_ms);
                if has_health_check {
                    let first_pass_ms = run.start_ms + HEALTH_START_MS;
                    moment.health = Some(if time_ms < first_pass_ms {
                        moment.ends_by(first_pass_ms);
                        Health::Starting
                    } else if trouble {
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
        Some(moment)
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
            None => (run.index > 0).then(|| run.start_ms - run.meant_end.down_ms()),
        };
        // All runs of one generation are meant to end alike; only a deploy cuts the last one short.
        if run.meant_end.is_restart_by_policy() {
            self.restart_count = run.index + u32::from(ended.is_some());
        }
        let one_has_ended = run.index > 0 || ended.is_some();
        self.oom_killed = one_has_ended && run.meant_end == RunEnd::OomKill;
    }
}

//! A container that a client made, or changed: from then on its life is what clients did to it, and not the script's.
//!
//! It keeps the numbers of the place it stands in; only when it runs, under which name, and with which image is its own.

use roadstead_model::ContainerState;
use roadstead_model::time::SECOND_MS;
use serde_json::Value;

use crate::catalogue::Flaw;
use crate::image::Image;
use crate::moment::{Check, Moment};
use crate::schedule::{CREATE_TO_START_MS, Generation, Runs, Schedule};
use crate::spec::Spec;

/// Docker's own figures for a health check that names none.
const DEFAULT_INTERVAL_MS: i64 = 30 * SECOND_MS;
const DEFAULT_RETRIES: i64 = 3;

/// A container's life apart from the script.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Its id, 64 hex digits.
    pub(crate) id: String,
    pub(crate) image: Image,
    pub(crate) spec: Spec,
    /// Stands for its generation where the script asks for one.
    pub(crate) generation: u32,
    pub(crate) created_ms: i64,
    /// From when on this tells of it, and not the script.
    pub(crate) since_ms: i64,
    /// The times it was started, oldest first. None lasts when the next begins.
    pub(crate) spans: Vec<Span>,
}

/// From a start by request to a stop by request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// What runs within it follow; its end is that of the span.
    pub(crate) lives: Generation,
    pub(crate) start_ms: i64,
    /// Exit code of the main process when it was stopped.
    pub(crate) exit_code: i64,
    /// Its container was made by the script: its runs go on as scripted.
    pub(crate) scripted: bool,
}

impl Span {
    /// One that begins now.
    pub(crate) fn from(start_ms: i64, generation: u32) -> Self {
        Self {
            lives: Generation {
                index: generation,
                start_ms: start_ms - CREATE_TO_START_MS,
                end_ms: i64::MAX,
            },
            start_ms,
            exit_code: 0,
            scripted: false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lives.end_ms == i64::MAX
    }

    /// Ends it.
    pub(crate) fn end(&mut self, at_ms: i64, exit_code: i64) {
        self.lives.end_ms = at_ms;
        self.exit_code = exit_code;
    }
}

impl Made {
    /// The reference it was made from, as typed.
    pub(crate) fn reference(&self) -> &str {
        self.spec
            .config
            .get("Image")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The health check of its configuration.
    pub(crate) fn check(&self) -> Option<Check> {
        let check = self.spec.config.get("Healthcheck")?.as_object()?;
        let kind = check.get("Test")?.get(0).and_then(Value::as_str)?;
        if kind == "NONE" {
            return None;
        }
        let number = |name: &str| check.get(name).and_then(Value::as_i64).filter(|value| *value > 0);
        let interval_ms = number("Interval").map_or(DEFAULT_INTERVAL_MS, |ns| (ns / 1_000_000).max(1));
        let grace_ms = number("StartPeriod").map_or(0, |ns| ns / 1_000_000);
        let fails = self.image.flaw() == Some(Flaw::Sick);
        let decided_ms = match fails {
            true => grace_ms + interval_ms * number("Retries").unwrap_or(DEFAULT_RETRIES),
            false => interval_ms,
        };
        Some(Check { decided_ms, fails })
    }

    /// Whether its restart policy starts it again when it ends with an error.
    fn starts_again(&self) -> bool {
        let policy = self.spec.host_config.get("RestartPolicy");
        let name = policy
            .and_then(|policy| policy.get("Name"))
            .and_then(Value::as_str);
        matches!(name, Some("always" | "unless-stopped" | "on-failure"))
    }

    /// How runs within a span follow each other.
    fn schedule(&self, scripted: &Schedule, span: &Span) -> Schedule {
        let mut schedule = scripted.clone();
        if span.scripted {
            return schedule;
        }
        schedule.pauses = [].into();
        if self.image.flaw() == Some(Flaw::Broken) {
            schedule.runs = Runs::Broken {
                again: self.starts_again(),
            };
        }
        schedule
    }

    /// What the container is at this moment; `None` before it was made.
    pub(crate) fn moment_at(&self, scripted: &Schedule, time_ms: i64) -> Option<Moment> {
        if time_ms < self.created_ms {
            return None;
        }
        let begun = self.spans.partition_point(|span| span.start_ms <= time_ms);
        let Some((span, deeds)) = begun.checked_sub(1).and_then(|at| {
            let span = self.spans.get(at)?;
            let ended = time_ms >= span.lives.end_ms;
            Some((span, 2 * begun as u32 - u32::from(!ended)))
        }) else {
            let mut moment = Moment::created(
                Generation {
                    index: self.generation,
                    start_ms: self.created_ms,
                    end_ms: i64::MAX,
                },
                self.created_ms,
            );
            moment.until_ms = self.next_start(0);
            return Some(moment);
        };
        let schedule = self.schedule(scripted, span);
        let ended = time_ms >= span.lives.end_ms;
        let shown_ms = if ended { span.lives.end_ms - 1 } else { time_ms };
        let mut moment = Moment::within(&schedule, span.lives, self.check(), shown_ms);
        moment.generation = self.generation;
        moment.created_at_ms = self.created_ms;
        moment.deeds = deeds;
        if ended {
            if moment.state.is_running() {
                moment.exit_code = Some(span.exit_code);
                moment.finished_at_ms = Some(span.lives.end_ms);
                moment.oom_killed = false;
            }
            moment.state = ContainerState::Exited;
            moment.health = None;
            moment.until_ms = self.next_start(begun);
        } else if !self.starts_again() && moment.state == ContainerState::Restarting {
            moment.state = ContainerState::Exited;
            moment.restart_count = 0;
        }
        Some(moment)
    }

    fn next_start(&self, index: usize) -> i64 {
        self.spans.get(index).map_or(i64::MAX, |span| span.start_ms)
    }
}

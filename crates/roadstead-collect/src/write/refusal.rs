//! Why an engine did not do what it was asked, by name. Its own words go along hidden.

use roadstead_model::{DeployCause, Fault, FaultCause};

use super::causes::{Doing, cause_of};
use crate::text::clean;
use crate::transport::Answer;

/// Longest words of an engine that are carried.
const RAW_CHARS: usize = 4_096;

/// Why an engine did not do it. What the engine said may hold anything (a proxy's password, a command line): it is
/// neither in `Debug` nor in `Display`, and must be redacted before any of it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteRefusal {
    /// The cause.
    pub cause: DeployCause,
    raw: String,
    is_gone: bool,
}

impl WriteRefusal {
    pub(super) fn new(cause: DeployCause, raw: &str) -> Self {
        Self {
            cause,
            raw: clean(raw, RAW_CHARS),
            is_gone: false,
        }
    }

    pub(super) fn container_is_gone() -> Self {
        Self {
            is_gone: true,
            ..Self::new(
                DeployCause::ChangedMeanwhile,
                "the container is not there any more",
            )
        }
    }

    pub(super) fn of_fault(fault: Fault) -> Self {
        let cause = match fault.cause {
            FaultCause::TimedOut => DeployCause::TimedOut,
            FaultCause::BadAnswer
            | FaultCause::AnswerTooLarge
            | FaultCause::NotAnEngine
            | FaultCause::EngineError
            | FaultCause::ApiTooOld
            | FaultCause::Other => DeployCause::EngineError,
            _ => DeployCause::HostLost,
        };
        Self::new(cause, &fault.detail)
    }

    pub(super) fn of_answer(doing: Doing, answer: &Answer) -> Self {
        let (status, said) = answer.said();
        Self::of_words(doing, status, &said)
    }

    pub(super) fn of_words(doing: Doing, status: u16, said: &str) -> Self {
        let is_going = said.contains("is already in progress");
        Self {
            is_gone: doing == Doing::Remove && (status == 404 || is_going),
            ..Self::new(cause_of(doing, status, said), said)
        }
    }

    /// Whether the thing to change is not there, or about to go.
    pub(super) fn says_gone(&self) -> bool {
        self.is_gone
    }

    pub(super) fn says(&self, words: &str) -> bool {
        self.raw.contains(words)
    }

    /// The same, with these words of the engine.
    pub(super) fn worded(self, words: impl FnOnce(String) -> String) -> Self {
        Self {
            raw: clean(&words(self.raw), RAW_CHARS),
            ..self
        }
    }

    /// What the engine said, on one line. Never to be logged, shown or stored as it is.
    #[must_use]
    pub fn into_raw_text_to_be_redacted(self) -> String {
        self.raw
    }
}

impl std::fmt::Debug for WriteRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteRefusal")
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for WriteRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the engine did not do it: {:?}", self.cause)
    }
}

impl std::error::Error for WriteRefusal {}

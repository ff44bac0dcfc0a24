//! Whether memory grows without end: a slope that single spikes cannot bend, and how sure it is.

use serde::{Deserialize, Serialize};

/// What the data say of a deployment's memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LeakCheck {
    /// It grows: the whole confidence interval lies above what is worth a word.
    pub grows: bool,
    /// Median slope.
    pub bytes_per_day: f64,
    /// Lower end of its 95 % confidence interval.
    pub low_bytes_per_day: f64,
    /// Upper end of its 95 % confidence interval.
    pub high_bytes_per_day: f64,
    /// Time that was looked at: since the last deploy or restart, at most 7 days.
    pub span_ms: i64,
    /// Days until the limit is reached at this slope; absent when it does not grow, has no limit, or it is more than 90 days away.
    pub reaches_limit_in_days: Option<f64>,
}

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeakWithheld {
    /// Less was measured since the last deploy or restart than is needed.
    TooYoung {
        /// Time needed.
        needed_ms: i64,
        /// Time measured.
        measured_ms: i64,
    },
    /// Too much of the span was not measured.
    TooManyGaps,
}

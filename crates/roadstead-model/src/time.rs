//! Windows, ticks, periods. All times are UTC epoch milliseconds.

use serde::{Deserialize, Serialize};

/// One second in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Length of a report window: fifteen minutes, aligned to :00/:15/:30/:45 UTC.
pub const WINDOW_MS: i64 = 15 * MINUTE_MS;

/// `time_ms` rounded down to a multiple of `step_ms`, also before 1970.
#[must_use]
pub fn align_down(time_ms: i64, step_ms: i64) -> i64 {
    time_ms - time_ms.rem_euclid(step_ms)
}

/// `time_ms` rounded up to a multiple of `step_ms`.
#[must_use]
pub fn align_up(time_ms: i64, step_ms: i64) -> i64 {
    let down = align_down(time_ms, step_ms);
    if down == time_ms { down } else { down + step_ms }
}

/// A 15-minute report window, named by its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// Start, a multiple of fifteen minutes.
    pub start_ms: i64,
}

impl Window {
    /// The window that holds this moment.
    #[must_use]
    pub fn holding(time_ms: i64) -> Self {
        Self {
            start_ms: align_down(time_ms, WINDOW_MS),
        }
    }

    /// End, exclusive.
    #[must_use]
    pub fn end_ms(self) -> i64 {
        self.start_ms + WINDOW_MS
    }

    /// The window after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            start_ms: self.end_ms(),
        }
    }
}

/// A half-open span of time `[from_ms, to_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TimeRange {
    /// Start, inclusive.
    pub from_ms: i64,
    /// End, exclusive.
    pub to_ms: i64,
}

impl TimeRange {
    /// A range; `None` when it would be empty or backwards.
    #[must_use]
    pub fn new(from_ms: i64, to_ms: i64) -> Option<Self> {
        (from_ms < to_ms).then_some(Self { from_ms, to_ms })
    }

    /// Length in milliseconds.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.to_ms - self.from_ms
    }

    /// Whether the moment lies inside.
    #[must_use]
    pub fn contains(self, time_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&time_ms)
    }
}

/// What span a page shows: one of the buttons, or a range the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The last 24 hours.
    Day,
    /// The last 7 days: the default.
    Week,
    /// The last 30 days.
    Month,
    /// The last 90 days.
    Quarter,
    /// A free range.
    Free(TimeRange),
}

impl Period {
    /// The span ending with the report window that holds `now_ms`. Starts are aligned to a window, so that two
    /// calls within one window answer alike.
    #[must_use]
    pub fn range(self, now_ms: i64) -> TimeRange {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Free(range) => return range,
        };
        let to_ms = Window::holding(now_ms).end_ms();
        TimeRange {
            from_ms: to_ms - days * DAY_MS,
            to_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_aligned_to_quarter_hours() {
        let window = Window::holding(1_767_366_245_123);
        assert_eq!(window.start_ms % WINDOW_MS, 0);
        assert!(window.start_ms <= 1_767_366_245_123 && 1_767_366_245_123 < window.end_ms());
        assert_eq!(
            Window::holding(-1).start_ms,
            -WINDOW_MS,
            "times before 1970 round down too"
        );
    }

    #[test]
    fn a_period_is_stable_within_one_window() {
        let start = Window::holding(1_767_366_245_123).start_ms;
        assert_eq!(
            Period::Week.range(start),
            Period::Week.range(start + WINDOW_MS - 1)
        );
        assert_eq!(Period::Day.range(start).length_ms(), DAY_MS);
    }

    #[test]
    fn backwards_and_empty_ranges_do_not_exist() {
        assert_eq!(TimeRange::new(5, 5), None);
        assert_eq!(TimeRange::new(6, 5), None);
    }

    #[test]
    fn alignment_rounds_to_the_step() {
        assert_eq!(align_up(1, 10), 10);
        assert_eq!(align_up(10, 10), 10);
        assert_eq!(align_down(19, 10), 10);
    }
}

//! What each page shows: composed from the store's columns and from what the last ticks left in memory.

mod app;
mod apps;
mod deployments;
pub(crate) mod deploys;
mod effect;
mod history;
pub(crate) mod hosts;
mod issues;
mod marks;
mod metrics;
pub(crate) mod overview;
mod report;

use roadstead_model::time::{DAY_MS, WINDOW_MS, align_down, align_up};
use roadstead_model::{Period, TimeRange, Window};
use roadstead_store::{FleetQuery, StoreError, spark_bucket_ms};

use crate::wire::{ErrorCode, Wire, WireError};

/// Longest free range.
const MAX_RANGE_DAYS: i64 = 3_650;

/// A period as a span with ends on window boundaries.
///
/// # Errors
/// A free range that is empty, backwards or longer than ten years.
pub(crate) fn resolve(period: Period, now_ms: i64) -> Wire<TimeRange> {
    let range = period.range(now_ms);
    if range.from_ms >= range.to_ms {
        return Err(WireError::invalid(
            "period",
            "period.empty",
            "the range ends before it begins",
        ));
    }
    if range.from_ms < 0 || range.to_ms > now_ms + 366 * DAY_MS || range.length_ms() > MAX_RANGE_DAYS * DAY_MS
    {
        return Err(WireError::invalid(
            "period",
            "period.too_long",
            format!("a range can be up to {MAX_RANGE_DAYS} days long and end within the coming year"),
        )
        .with("max", MAX_RANGE_DAYS));
    }
    Ok(TimeRange {
        from_ms: align_down(range.from_ms, WINDOW_MS),
        to_ms: align_up(range.to_ms, WINDOW_MS),
    })
}

/// The aggregates of a span, with the last 24 hours beside.
pub(crate) fn fleet_query(range: TimeRange, now_ms: i64) -> FleetQuery {
    let to_ms = Window::holding(now_ms).end_ms();
    FleetQuery {
        range,
        spark_bucket_ms: spark_bucket_ms(range),
        recent: TimeRange::new(to_ms - DAY_MS, to_ms),
    }
}

impl From<StoreError> for WireError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NameTaken(name) => {
                Self::invalid("name", "name.taken", format!("another host is named “{name}”"))
                    .with("name", name)
            }
            StoreError::NotFound { what, id } => Self::not_found(what, id),
            StoreError::DiskFull => Self {
                code: ErrorCode::DiskFull,
                key: "error.disk_full".to_owned(),
                ..Self::internal("the disk is full: nothing was stored")
            },
            other => Self::internal(other),
        }
    }
}

/// Counts as the window takes them: far below four billion, and never wrapped.
pub(crate) fn count(value: impl TryInto<u32>) -> u32 {
    value.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ranges_are_judged_and_aligned() {
        let now_ms = 1_700_000_000_000;
        let range = TimeRange {
            from_ms: now_ms - 1_000_000,
            to_ms: now_ms,
        };
        let resolved = resolve(Period::Free(range), now_ms).unwrap();
        assert!(resolved.from_ms <= range.from_ms && range.to_ms <= resolved.to_ms);
        assert_eq!((resolved.from_ms % WINDOW_MS, resolved.to_ms % WINDOW_MS), (0, 0));
        let backwards = TimeRange { from_ms: 5, to_ms: 5 };
        assert_eq!(
            resolve(Period::Free(backwards), now_ms).unwrap_err().key,
            "error.period.empty"
        );
        let ages = TimeRange {
            from_ms: 0,
            to_ms: now_ms,
        };
        assert_eq!(
            resolve(Period::Free(ages), now_ms).unwrap_err().key,
            "error.period.too_long"
        );
    }
}

//! Shifts and spans of them, and how far their aggregates have come.
//!
//! A *shift* is six hours, counted since 1970 (UTC): reports are kept and summed by app and shift. Sums are kept for spans
//! of 1, 4, 16 and 64 shifts (six hours, a day, four days, sixteen days), each span starting at a multiple of its length:
//! any span of time is covered by few of them, and fewer than four of each length at either end.
//!
//! One mark, `summed_until`: every span with reports that ends at or before it has its sum, and no fresh report is of a
//! shift before it. It only rises. A report of a shift before the mark is merged and summed at once, in the transaction
//! that keeps it.

use sqlx::SqliteConnection;

use roadstead_model::Window;
use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS};

use crate::StoreError;

/// Length of a shift.
pub(crate) const SHIFT_MS: i64 = 6 * HOUR_MS;
/// Windows of a shift.
pub(crate) const WINDOWS_PER_SHIFT: usize = (SHIFT_MS / WINDOW_MS) as usize;

/// A length of spans that sums are kept of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tier {
    /// Shifts of a span.
    pub(crate) shifts: i64,
    /// A sum knows the mean memory of each stretch this long, for sparklines.
    pub(crate) stretch_ms: i64,
}

/// All lengths, the shortest first; each is a multiple of the one before.
pub(crate) const TIERS: [Tier; 4] = [
    Tier {
        shifts: 1,
        stretch_ms: HOUR_MS,
    },
    Tier {
        shifts: 4,
        stretch_ms: SHIFT_MS,
    },
    Tier {
        shifts: 16,
        stretch_ms: DAY_MS,
    },
    Tier {
        shifts: 64,
        stretch_ms: DAY_MS,
    },
];

impl Tier {
    /// Start of the span that holds a shift.
    pub(crate) fn start_of(self, shift: i64) -> i64 {
        shift - shift.rem_euclid(self.shifts)
    }

    /// Stretches of a span.
    pub(crate) fn stretches(self) -> usize {
        (self.shifts * SHIFT_MS / self.stretch_ms) as usize
    }
}

/// The shift of a window.
pub(crate) fn shift_of(window: Window) -> i64 {
    window.start_ms.div_euclid(SHIFT_MS)
}

const MARK: &str = "summed_until";

/// The mark; a store without a closed shift has none.
pub(crate) async fn summed_until(tx: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT value FROM progress WHERE name = ?", MARK)
            .fetch_optional(tx)
            .await?,
    )
}

/// Raises the mark.
pub(crate) async fn set_summed_until(tx: &mut SqliteConnection, shift: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO progress (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        MARK,
        shift
    )
    .execute(tx)
    .await?;
    Ok(())
}

//! When a host ticks. Pure.

use roadstead_model::HostId;
use roadstead_model::time::align_down;

/// When a host ticks: at multiples of the interval plus an offset of its own, at most a quarter of the interval, so
/// that hosts do not all answer in the same instant.
#[derive(Debug)]
pub(super) struct Pace {
    interval_ms: i64,
    offset_ms: i64,
    last_ms: Option<i64>,
    /// The tick that was taken before this connection: taking it again would lose its CPU.
    taken_ms: Option<i64>,
}

/// A tick that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DueTick {
    /// Its stamp, a multiple of the interval.
    pub(super) tick_ms: i64,
    /// Ticks that were due since the last one and were not taken.
    pub(super) missed: u32,
}

impl Pace {
    pub(super) fn new(host: HostId, interval_ms: i64, taken_ms: Option<i64>) -> Self {
        // Multiplying by the golden ratio's fraction spreads consecutive ids evenly.
        let spread = (host.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let offset_ms = (spread as i64 * (interval_ms / 4)) >> 32;
        Self {
            interval_ms,
            offset_ms,
            last_ms: None,
            taken_ms,
        }
    }

    /// The tick to take now; `None` when it was taken already.
    pub(super) fn tick_at(&mut self, now_ms: i64) -> Option<DueTick> {
        let tick_ms = align_down(now_ms - self.offset_ms, self.interval_ms);
        let missed = match self.last_ms {
            Some(last_ms) if last_ms == tick_ms => return None,
            None if self.taken_ms == Some(tick_ms) => return None,
            // A clock that was set back starts anew.
            Some(last_ms) if last_ms > tick_ms => 0,
            Some(last_ms) => (tick_ms - last_ms) / self.interval_ms - 1,
            None => 0,
        };
        self.last_ms = Some(tick_ms);
        Some(DueTick {
            tick_ms,
            missed: u32::try_from(missed).unwrap_or(u32::MAX),
        })
    }

    /// When the next tick is due.
    pub(super) fn next_due_ms(&self, now_ms: i64) -> i64 {
        align_down(now_ms - self.offset_ms, self.interval_ms) + self.interval_ms + self.offset_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_stamped_with_multiples_of_the_interval_and_missed_ones_are_counted() {
        let mut pace = Pace::new(HostId(7), 15_000, None);
        assert!((0..=3_750).contains(&pace.offset_ms));
        let now_ms = 1_700_000_010_000;
        let first = pace.tick_at(now_ms).unwrap();
        assert_eq!((first.tick_ms % 15_000, first.missed), (0, 0));
        assert_eq!(pace.tick_at(now_ms + 1), None, "one tick is taken once");
        let due_ms = pace.next_due_ms(now_ms);
        assert!(due_ms > now_ms && due_ms <= now_ms + 15_000);
        assert_eq!(
            pace.tick_at(due_ms),
            Some(DueTick {
                tick_ms: first.tick_ms + 15_000,
                missed: 0
            })
        );
        let late = pace.tick_at(due_ms + 45_000).unwrap();
        assert_eq!(late.missed, 2);
    }

    #[test]
    fn a_clock_set_back_does_not_stop_the_ticks() {
        let mut pace = Pace::new(HostId(1), 5_000, None);
        pace.tick_at(1_700_000_000_000);
        let back = pace.tick_at(1_699_996_400_000).unwrap();
        assert_eq!(back.missed, 0);
    }

    #[test]
    fn hosts_are_spread_over_a_quarter_of_the_interval() {
        let offsets: Vec<i64> = (1..=100)
            .map(|id| Pace::new(HostId(id), 15_000, None).offset_ms)
            .collect();
        let early = offsets.iter().filter(|ms| **ms < 1_875).count();
        assert!((40..=60).contains(&early), "{early} of 100 in the first half");
    }
}

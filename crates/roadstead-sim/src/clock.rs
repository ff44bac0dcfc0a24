//! The time the fleet lives in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest a waiter sleeps before it looks at the clock again: the system clock may be set, a stepped clock moved.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a waiter looks at a clock that is moved by hand.
const STEPPED_WAIT: Duration = Duration::from_millis(20);

/// The time the fleet lives in: the system's, a faster one, or one that is moved by hand. Clones show the same time.
#[derive(Debug, Clone)]
pub struct SimClock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Real,
    Fast {
        origin: Instant,
        start_ms: i64,
        speed: f64,
    },
    Stepped(Arc<AtomicI64>),
}

impl SimClock {
    /// The system's clock.
    #[must_use]
    pub fn real() -> Self {
        Self(Kind::Real)
    }

    /// A clock that shows `start_ms` (UTC epoch milliseconds) now and runs `speed` times as fast as the real one.
    /// Speeds below 0.001 and above 1,000,000, and what is not a number, are brought to the nearest allowed one.
    #[must_use]
    pub fn fast(start_ms: i64, speed: f64) -> Self {
        let speed = if speed.is_nan() {
            1.0
        } else {
            speed.clamp(0.001, 1e6)
        };
        Self(Kind::Fast {
            origin: Instant::now(),
            start_ms,
            speed,
        })
    }

    /// A clock that stands at `start_ms` until [`SimClock::step_to`] moves it, for tests.
    #[must_use]
    pub fn stepped(start_ms: i64) -> Self {
        Self(Kind::Stepped(Arc::new(AtomicI64::new(start_ms))))
    }

    /// Moves a stepped clock, for all its clones. Other clocks run by themselves: for them this does nothing and
    /// answers `false`.
    pub fn step_to(&self, time_ms: i64) -> bool {
        match &self.0 {
            Kind::Stepped(now) => {
                now.store(time_ms, Ordering::Relaxed);
                true
            }
            Kind::Real | Kind::Fast { .. } => false,
        }
    }

    /// Now, in UTC epoch milliseconds of the fleet.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Kind::Real => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis() as i64),
            Kind::Fast {
                origin,
                start_ms,
                speed,
            } => start_ms + (origin.elapsed().as_secs_f64() * speed * 1_000.0) as i64,
            Kind::Stepped(now) => now.load(Ordering::Relaxed),
        }
    }

    /// How long to sleep before looking whether the fleet's time has reached `time_ms`. Never more than a few
    /// seconds: look again afterwards.
    #[must_use]
    pub fn wait_for(&self, time_ms: i64) -> Duration {
        let ahead_ms = time_ms.saturating_sub(self.now_ms()).max(0) as f64;
        let real_ms = match &self.0 {
            Kind::Real => ahead_ms,
            Kind::Fast { speed, .. } => ahead_ms / speed,
            Kind::Stepped(_) if ahead_ms > 0.0 => return STEPPED_WAIT,
            Kind::Stepped(_) => 0.0,
        };
        // One millisecond more, so that a waiter does not wake a fraction too early and spin.
        Duration::from_secs_f64((real_ms + 1.0) / 1_000.0).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_runs_ahead_of_the_real_one() {
        let clock = SimClock::fast(1_000_000, 10_000.0);
        std::thread::sleep(Duration::from_millis(20));
        let now_ms = clock.now_ms();
        assert!(now_ms >= 1_000_000 + 200_000, "20 ms at 10,000 times: {now_ms}");
        assert!(clock.wait_for(now_ms + 10_000_000) <= Duration::from_millis(1_002));
    }

    #[test]
    fn clones_of_a_stepped_clock_show_the_same_time() {
        let clock = SimClock::stepped(5);
        let other = clock.clone();
        assert!(clock.step_to(9));
        assert_eq!(other.now_ms(), 9);
        assert!(!SimClock::real().step_to(9));
    }

    #[test]
    fn waits_are_short_enough_to_notice_a_clock_that_was_set() {
        let far_ms = SimClock::real().now_ms() + 86_400_000;
        assert_eq!(SimClock::real().wait_for(far_ms), LONGEST_WAIT);
        assert_eq!(SimClock::stepped(0).wait_for(1), STEPPED_WAIT);
    }
}

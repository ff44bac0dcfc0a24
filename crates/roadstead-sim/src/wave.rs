//! Counters that only grow, as functions of time.

use std::f64::consts::TAU;

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use crate::seed::{between, mix};

/// The day's swing comes first; the others make the counter look busy. Their shares add up to less than 1, so that the
/// rate never falls to zero and the counter never falls at all.
const PERIODS_MS: [f64; 5] = [
    DAY_MS as f64,
    3.1 * HOUR_MS as f64,
    17.0 * MINUTE_MS as f64,
    97.0 * SECOND_MS as f64,
    41.0 * SECOND_MS as f64,
];
const SHARES: [f64; 5] = [0.35, 0.18, 0.17, 0.15, 0.1];

/// Something that happens every so often for a while, as backups and index runs do.
#[derive(Debug, Clone, Copy)]
struct Burst {
    every_ms: f64,
    length_ms: f64,
    offset_ms: f64,
    /// Rate added meanwhile, per millisecond.
    rate: f64,
}

/// A cumulative counter: the integral of a rate made of a few sines and a burst. Being an integral in closed form, it
/// can be asked for any moment without having been run up to it.
#[derive(Debug, Clone)]
pub(crate) struct Wave {
    /// Mean rate without bursts, per millisecond.
    rate: f64,
    /// Where the sines begin, so that their arguments stay small.
    origin_ms: i64,
    phases: [f64; 5],
    burst: Burst,
}

impl Wave {
    /// A counter with this mean rate per second, peaking at `peak_hour` (UTC).
    pub(crate) fn new(key: u64, rate_per_s: f64, peak_hour: f64, origin_ms: i64) -> Self {
        let mut phases = [0.0; 5];
        for (index, phase) in phases.iter_mut().enumerate() {
            *phase = between(mix(key, index as u64), 0.0, TAU);
        }
        let origin_of_day_ms = origin_ms.rem_euclid(DAY_MS) as f64;
        let peak_ms = peak_hour * HOUR_MS as f64 - origin_of_day_ms;
        phases[0] = TAU / 4.0 - TAU * peak_ms / DAY_MS as f64;
        let rate = rate_per_s / 1_000.0;
        let every_ms = between(mix(key, 10), 2.0, 9.0) * HOUR_MS as f64;
        Self {
            rate,
            origin_ms,
            phases,
            burst: Burst {
                every_ms,
                length_ms: between(mix(key, 11), 40.0, 300.0) * SECOND_MS as f64,
                offset_ms: between(mix(key, 12), 0.0, 1.0) * every_ms,
                rate: rate * between(mix(key, 13), 1.0, 6.0),
            },
        }
    }

    /// The counter since the origin; only differences mean anything.
    fn total(&self, time_ms: i64) -> f64 {
        let t = (time_ms - self.origin_ms) as f64;
        let mut total = t;
        for ((period, share), phase) in PERIODS_MS.iter().zip(SHARES).zip(self.phases) {
            let omega = TAU / period;
            total -= share / omega * (omega * t + phase).cos();
        }
        let Burst {
            every_ms,
            length_ms,
            offset_ms,
            rate,
        } = self.burst;
        let since = t + offset_ms;
        let whole = (since / every_ms).floor();
        let busy_ms = whole * length_ms + (since - whole * every_ms).min(length_ms);
        self.rate * total + rate * busy_ms
    }

    /// What was counted from `from_ms` to `to_ms`.
    pub(crate) fn counted(&self, from_ms: i64, to_ms: i64) -> f64 {
        (self.total(to_ms) - self.total(from_ms)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_never_falls_and_keeps_its_mean_rate() {
        let wave = Wave::new(99, 1_000.0, 20.0, 1_700_000_000_000);
        let start_ms = 1_767_000_000_123;
        let mut before = 0.0;
        for step in 1..20_000 {
            let now = wave.counted(start_ms, start_ms + step * 777);
            assert!(now > before, "step {step}: {before} then {now}");
            before = now;
        }
        let week = wave.counted(start_ms, start_ms + 7 * DAY_MS) / (7.0 * 86_400.0);
        assert!(
            (1_000.0..1_900.0).contains(&week),
            "the mean plus bursts: {week}/s"
        );
    }

    #[test]
    fn a_counter_is_busiest_around_its_peak_hour() {
        let wave = Wave::new(5, 1_000.0, 20.0, 1_700_000_000_000);
        let midnight_ms = 1_767_225_600_000;
        let span = |hour: i64| {
            (0..30)
                .map(|day| {
                    let from_ms = midnight_ms + day * DAY_MS + hour * HOUR_MS;
                    wave.counted(from_ms, from_ms + HOUR_MS)
                })
                .sum::<f64>()
        };
        assert!(span(20) > 1.5 * span(8), "{} against {}", span(20), span(8));
    }
}

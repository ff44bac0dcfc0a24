//! Whether memory grows without end: a slope that single spikes cannot bend, and how sure it is.
//!
//! The slope is that of Theil and Sen: the median of the slopes of all pairs of points. Its 95 % confidence interval is Sen's
//! (1968, "Estimates of the regression coefficient based on Kendall's tau", JASA 63), as Gilbert gives it (1987, "Statistical Methods
//! for Environmental Pollution Monitoring", 16.4.2): of the `N = n (n - 1) / 2` slopes in order, those of rank `(N - C) / 2` and
//! `(N + C) / 2 + 1`, where `C = 1.96 sqrt(Var S)` and `S` is the Mann-Kendall statistic, whose variance without a trend is
//! `(n (n - 1) (2 n + 5) - sum of t (t - 1) (2 t + 5) over groups of t equal values) / 18`.
//!
//! That variance is of points that know nothing of each other. Memory is slow: what it is now it was a minute ago. So the variance is
//! multiplied as Hamed and Rao do (1998, "A modified Mann-Kendall trend test for autocorrelated data", J. Hydrology 204) by
//! `1 + 2 / (n (n - 1) (n - 2)) * sum over i of (n - i) (n - i - 1) (n - i - 2) r(i)`, where `r(i)` is the autocorrelation at lag `i` of
//! the ranks of what is left without the slope, as far as it is significant. The factor is never below one here.
//!
//! A slope that is sure is still not growth without end: memory that jumped once, fills up to what it needs, or falls back at each
//! collection has one too. So the lower quartiles of eight parts of the span must rise on, without a fall, without a jump that is most of
//! it, and still in the last half.

use serde::{Deserialize, Serialize};

use crate::time::DAY_MS;

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

/// Time that must have been measured.
pub const LEAK_NEEDED_MS: i64 = DAY_MS;
/// Part of the span that must have been measured.
const MEASURED_RATIO: f64 = 0.6;
/// Points that slopes are taken between: 44,850 pairs.
const MOST_POINTS: usize = 300;
/// Fewer say nothing, however long they are.
const FEWEST_POINTS: usize = 24;
/// A slope that is worth a word: in a day so much,
const WORTH_BYTES_PER_DAY: f64 = 1_048_576.0;
/// and this part of what is used.
const WORTH_RATIO_PER_DAY: f64 = 0.01;
/// Two-sided 95 %.
const Z: f64 = 1.959_963_985;
/// Parts of the span whose floors must rise.
const PARTS: usize = 8;
/// A fall of the floors of more than this part of what they rose in all is an end of growth.
const MOST_FALL: f64 = 0.25;
/// A rise between two parts of more than this part of it is a jump.
const MOST_JUMP: f64 = 0.5;
/// The last half must have this part of it.
const LAST_HALF: f64 = 0.25;
/// A limit that is further away is no news.
const FURTHEST_DAYS: f64 = 90.0;

/// Whether memory grows without end, from points (time in milliseconds, bytes) ascending by time: ticks or reports since the last deploy
/// or restart. `limit_bytes` is the limit of the same containers, when all of them have one.
///
/// # Errors
/// Why nothing can be said: less than [`LEAK_NEEDED_MS`] was measured, or too little of the span.
pub fn check(points: &[(i64, u64)], limit_bytes: Option<u64>) -> Result<LeakCheck, LeakWithheld> {
    let span_ms = measured_span(points)?;
    let thinned = thin(points);
    let too_few = thinned.len() < FEWEST_POINTS;
    let Some(trend) = (!too_few).then(|| Trend::of(&thinned)).flatten() else {
        return Err(LeakWithheld::TooManyGaps);
    };
    let mut levels: Vec<f64> = thinned.iter().map(|point| point.bytes).collect();
    let middle = quantile(&mut levels, 0.5);
    let worth = WORTH_BYTES_PER_DAY.max(middle * WORTH_RATIO_PER_DAY);
    let grows = trend.low > worth && rises_on(&thinned);
    let mut newest: Vec<f64> = thinned[thinned.len() - thinned.len() / PARTS..]
        .iter()
        .map(|point| point.bytes)
        .collect();
    let now = quantile(&mut newest, 0.5);
    let reaches_limit_in_days = limit_bytes
        .filter(|_| grows)
        .map(|limit| ((limit as f64 - now) / trend.slope).max(0.0))
        .filter(|days| *days <= FURTHEST_DAYS);
    Ok(LeakCheck {
        grows,
        bytes_per_day: trend.slope,
        low_bytes_per_day: trend.low,
        high_bytes_per_day: trend.high,
        span_ms,
        reaches_limit_in_days,
    })
}

/// A point as it is reckoned with.
#[derive(Debug, Clone, Copy)]
struct Point {
    days: f64,
    bytes: f64,
}

/// The span, when enough of it was measured: each point stands for the time that is usual between two.
fn measured_span(points: &[(i64, u64)]) -> Result<i64, LeakWithheld> {
    let mut steps: Vec<i64> = points
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .filter(|step| *step > 0)
        .collect();
    steps.sort_unstable();
    let usual_ms = steps.get(steps.len() / 2).copied().unwrap_or_default();
    let (first, last) = match (points.first(), points.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => (0, 0),
    };
    let span_ms = last - first + usual_ms;
    let measured_ms = usual_ms.saturating_mul(points.len() as i64).min(span_ms);
    let too_young = LeakWithheld::TooYoung {
        needed_ms: LEAK_NEEDED_MS,
        measured_ms,
    };
    if span_ms < LEAK_NEEDED_MS {
        Err(too_young)
    } else if (measured_ms as f64) < span_ms as f64 * MEASURED_RATIO {
        Err(LeakWithheld::TooManyGaps)
    } else if measured_ms < LEAK_NEEDED_MS {
        Err(too_young)
    } else {
        Ok(span_ms)
    }
}

/// At most [`MOST_POINTS`], each the median of an equal part of the span: a spike within one is gone.
fn thin(points: &[(i64, u64)]) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let part_ms = (last.0 - first.0) / MOST_POINTS as i64 + 1;
    let days = |time_ms: i64| (time_ms - first.0) as f64 / DAY_MS as f64;
    points
        .chunk_by(|a, b| (a.0 - first.0) / part_ms == (b.0 - first.0) / part_ms)
        .map(|part| {
            let mut bytes: Vec<f64> = part.iter().map(|(_, bytes)| *bytes as f64).collect();
            Point {
                days: part.iter().map(|(time_ms, _)| days(*time_ms)).sum::<f64>() / part.len() as f64,
                bytes: quantile(&mut bytes, 0.5),
            }
        })
        .collect()
}

/// A quantile by nearest rank; zero of nothing.
fn quantile(values: &mut [f64], part: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// The slope in bytes per day, and the ends of its confidence interval.
#[derive(Debug, Clone, Copy)]
struct Trend {
    slope: f64,
    low: f64,
    high: f64,
}

impl Trend {
    /// `None` when all points are of one moment.
    fn of(points: &[Point]) -> Option<Self> {
        let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
        for (at, from) in points.iter().enumerate() {
            let later = points[at + 1..].iter().filter(|to| to.days > from.days);
            slopes.extend(later.map(|to| (to.bytes - from.bytes) / (to.days - from.days)));
        }
        if slopes.is_empty() {
            return None;
        }
        let slope = quantile(&mut slopes, 0.5);
        let factor = variance_factor(points, slope).max(1.0);
        let spread = Z * (variance(points) * factor).sqrt();
        let count = slopes.len() as f64;
        let last = slopes.len() - 1;
        // Ranks count from one. Rounded outwards: an interval that is too wide says too little, and nothing that is false.
        let low_rank = ((count - spread) / 2.0 - 1.0).floor().max(0.0) as usize;
        let high_rank = ((count + spread) / 2.0).ceil().max(0.0) as usize;
        let mut at = |rank: usize| *slopes.select_nth_unstable_by(rank.min(last), f64::total_cmp).1;
        Some(Self {
            slope,
            low: at(low_rank),
            high: at(high_rank),
        })
    }
}

/// Variance of the Mann-Kendall statistic without a trend.
fn variance(points: &[Point]) -> f64 {
    let mut bytes: Vec<f64> = points.iter().map(|point| point.bytes).collect();
    bytes.sort_unstable_by(f64::total_cmp);
    let term = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0)
    };
    let ties: f64 = bytes.chunk_by(|a, b| a == b).map(|equal| term(equal.len())).sum();
    (term(points.len()) - ties) / 18.0
}

/// How many times larger the variance is because points that follow each other are alike.
fn variance_factor(points: &[Point], slope: f64) -> f64 {
    let count = points.len();
    let left: Vec<f64> = points
        .iter()
        .map(|point| point.bytes - slope * point.days)
        .collect();
    let ranks = ranks(&left);
    let mean = (count as f64 - 1.0) / 2.0;
    let around: Vec<f64> = ranks.iter().map(|rank| rank - mean).collect();
    let square: f64 = around.iter().map(|value| value * value).sum();
    if square == 0.0 {
        return 1.0;
    }
    let n = count as f64;
    let significant = Z / n.sqrt();
    let mut sum = 0.0;
    for lag in 1..count {
        let product: f64 = around[lag..].iter().zip(&around).map(|(a, b)| a * b).sum();
        let correlation = product / square;
        if correlation.abs() > significant {
            let pairs = (count - lag) as f64;
            sum += pairs * (pairs - 1.0) * (pairs - 2.0) * correlation;
        }
    }
    1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * sum
}

/// Ranks from zero; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut next = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = next as f64 + (equal.len() - 1) as f64 / 2.0;
        for at in equal {
            ranks[*at] = rank;
        }
        next += equal.len();
    }
    ranks
}

/// Whether the floor rises from part to part: no fall, no jump that is most of it, and not at rest in the end.
fn rises_on(points: &[Point]) -> bool {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return false;
    };
    let length = (last.days - first.days) / PARTS as f64;
    let part = |point: &Point| (((point.days - first.days) / length) as usize).min(PARTS - 1);
    let floors: Vec<f64> = points
        .chunk_by(|a, b| part(a) == part(b))
        .map(|part| {
            quantile(
                &mut part.iter().map(|point| point.bytes).collect::<Vec<_>>(),
                0.25,
            )
        })
        .collect();
    let (Some(lowest), Some(highest)) = (floors.first(), floors.last()) else {
        return false;
    };
    let rise = highest - lowest;
    let mut top = f64::MIN;
    let fall = floors.iter().fold(0.0_f64, |fall, floor| {
        top = top.max(*floor);
        fall.max(top - floor)
    });
    let jump = floors
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(0.0, f64::max);
    let last_half = highest - floors[(floors.len() - 1) / 2];
    rise > 0.0 && fall <= rise * MOST_FALL && jump <= rise * MOST_JUMP && last_half >= rise * LAST_HALF
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR_MS, MINUTE_MS};
    use proptest::prelude::*;

    const MIB: f64 = 1_048_576.0;

    /// Points every five minutes for some hours.
    fn over(hours: i64, bytes: impl Fn(f64) -> f64) -> Vec<(i64, u64)> {
        let point = |nth: i64| {
            let time_ms = 1_700_000_000_000 + nth * 5 * MINUTE_MS;
            (time_ms, bytes(nth as f64 * 5.0 / 60.0 / 24.0).max(0.0) as u64)
        };
        (0..hours * 12).map(point).collect()
    }

    /// Noise that is the same for the same number, -1 to 1.
    fn noise(seed: u64, at: f64) -> f64 {
        let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ at.to_bits();
        for _ in 0..3 {
            bits ^= bits >> 33;
            bits = bits.wrapping_mul(0xff51_afd7_ed55_8ccd);
        }
        (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    proptest! {
        #[test]
        fn a_constant_never_grows(bytes in 0_u64..1 << 40, hours in 24_i64..24 * 7, limit in prop::option::of(0_u64..1 << 40)) {
            let found = check(&over(hours, |_| bytes as f64), limit).unwrap();
            prop_assert!(!found.grows && found.reaches_limit_in_days.is_none());
            prop_assert_eq!((found.low_bytes_per_day, found.bytes_per_day, found.high_bytes_per_day), (0.0, 0.0, 0.0));
        }

        #[test]
        fn noise_does_not_grow(seed: u64, middle in 10.0_f64..10_000.0, wide in 0.0_f64..0.5, hours in 24_i64..24 * 7) {
            let found = check(&over(hours, |day| middle * MIB * (1.0 + wide * noise(seed, day))), None).unwrap();
            prop_assert!(!found.grows, "{found:?}");
            prop_assert!(found.low_bytes_per_day <= found.bytes_per_day && found.bytes_per_day <= found.high_bytes_per_day);
        }

        #[test]
        fn a_sawtooth_does_not_grow(
            seed: u64, base in 100.0_f64..1_000.0, height in 10.0_f64..1_000.0, teeth in 2.0_f64..40.0, phase in 0.0_f64..1.0, hours in 24_i64..24 * 7,
        ) {
            let days = hours as f64 / 24.0;
            let tooth = |day: f64| (day / days * teeth + phase).fract();
            let found = check(&over(hours, |day| MIB * (base + height * tooth(day) + noise(seed, day))), None).unwrap();
            prop_assert!(!found.grows, "{found:?}");
        }

        #[test]
        fn a_clean_ramp_grows_and_its_slope_is_told(
            seed: u64, base in 50.0_f64..1_000.0, ratio in 0.05_f64..1.0, hours in 24_i64..24 * 7, wide in 0.0_f64..0.01,
        ) {
            let per_day = (base * ratio).max(5.0) * MIB;
            let points = over(hours, |day| base * MIB + per_day * day + wide * base * MIB * noise(seed, day));
            let found = check(&points, None).unwrap();
            prop_assert!(found.grows, "{found:?}");
            prop_assert!((found.bytes_per_day / per_day - 1.0).abs() < 0.1, "{found:?} {per_day}");
            // One interval in twenty misses the truth by a little.
            let (low, high) = (found.low_bytes_per_day, found.high_bytes_per_day);
            let beside = (high - low).max(per_day * 0.001);
            prop_assert!(low - beside <= per_day && per_day <= high + beside, "{found:?} {per_day}");
        }

        #[test]
        fn a_step_is_no_ramp(at in 0.02_f64..0.98, before in 100.0_f64..1_000.0, step in 5.0_f64..2_000.0, seed: u64, hours in 24_i64..24 * 7) {
            let days = hours as f64 / 24.0;
            let points = over(hours, |day| MIB * (before + noise(seed, day) + if day < at * days { 0.0 } else { step }));
            let found = check(&points, None).unwrap();
            prop_assert!(!found.grows, "{found:?}");
        }

        #[test]
        fn one_spike_changes_next_to_nothing(at in 0_usize..576, spike in 0_u64..1 << 40, slope in 20.0_f64..200.0) {
            let points = over(48, |day| MIB * (500.0 + slope * day));
            let mut spiked = points.clone();
            spiked[at].1 = spike;
            let (with, without) = (check(&spiked, None).unwrap(), check(&points, None).unwrap());
            prop_assert_eq!(with.grows, without.grows);
            prop_assert!((with.bytes_per_day / without.bytes_per_day - 1.0).abs() < 0.02, "{with:?} {without:?}");
        }

        #[test]
        fn any_points_are_answered_without_a_panic(points in prop::collection::vec((any::<i32>(), any::<u64>()), 0..400), limit: Option<u64>) {
            let mut points: Vec<(i64, u64)> = points.into_iter().map(|(at, bytes)| (i64::from(at) * 1_000, bytes)).collect();
            points.sort_unstable();
            let _ = check(&points, limit);
        }
    }

    #[test]
    fn noise_that_is_slow_seldom_grows() {
        for hours in [24, 48, 168] {
            let grew = (0..100).filter(|seed| {
                let mut points = over(hours, |_| 0.0);
                let mut level = 0.0;
                for (time_ms, bytes) in &mut points {
                    // What it is now it mostly was five minutes ago.
                    level = 0.98 * level + 2.0 * noise(*seed, *time_ms as f64);
                    *bytes = ((500.0 + level) * MIB) as u64;
                }
                check(&points, None).unwrap().grows
            });
            assert!(grew.count() <= 2, "{hours} h");
        }
    }

    #[test]
    fn what_fills_up_to_what_it_needs_does_not_grow_without_end() {
        let points = over(72, |day| MIB * (100.0 + 400.0 * (1.0 - (-day * 4.0).exp())));
        let found = check(&points, None).unwrap();
        assert!(!found.grows, "{found:?}");
    }

    #[test]
    fn a_day_that_goes_up_and_down_does_not_grow() {
        for hours in [24, 30, 36, 48, 60, 84, 168] {
            let points = over(hours, |day| {
                MIB * (500.0 - 200.0 * (day * std::f64::consts::TAU).cos())
            });
            let found = check(&points, None).unwrap();
            assert!(!found.grows, "{hours} h: {found:?}");
        }
    }

    #[test]
    fn the_days_to_the_limit_are_told_while_they_are_news() {
        let points = over(48, |day| MIB * (200.0 + 100.0 * day));
        let days = |limit: f64| {
            check(&points, Some((limit * MIB) as u64))
                .unwrap()
                .reaches_limit_in_days
        };
        let found = days(900.0).unwrap();
        assert!(
            (found - 5.0).abs() < 0.2,
            "from about 390 MiB at 100 a day: {found}"
        );
        assert_eq!(days(300.0), Some(0.0), "it is there already");
        assert_eq!(days(20_000.0), None, "half a year is no news");
    }

    #[test]
    fn too_little_is_said_to_be() {
        let needed_ms = LEAK_NEEDED_MS;
        assert_eq!(
            check(&over(23, |_| 1.0), None),
            Err(LeakWithheld::TooYoung {
                needed_ms,
                measured_ms: 23 * HOUR_MS
            })
        );
        assert_eq!(
            check(&[], None),
            Err(LeakWithheld::TooYoung {
                needed_ms,
                measured_ms: 0
            })
        );
        let mut points = over(72, |_| 1.0);
        points.retain(|(time_ms, _)| (time_ms / HOUR_MS) % 2 == 0);
        assert_eq!(check(&points, None), Err(LeakWithheld::TooManyGaps));
        let ends = [(0, 1), (5 * MINUTE_MS, 1), (10 * MINUTE_MS, 1), (48 * HOUR_MS, 2)];
        assert_eq!(check(&ends, None), Err(LeakWithheld::TooManyGaps));
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // Values in no order of time: no autocorrelation to widen it.
        let bytes = [10.0, 15.0, 14.0, 20.0, 12.0, 19.0, 13.0, 21.0, 16.0, 18.0];
        let points: Vec<Point> = (0..10_u8)
            .map(|nth| Point {
                days: f64::from(nth),
                bytes: bytes[usize::from(nth)],
            })
            .collect();
        // n = 10 without ties: Var S = 10 * 9 * 25 / 18 = 125, C = 21.9, of 45 slopes those of rank 11 and 35, rounded outwards.
        assert!((variance(&points) - 125.0).abs() < 1e-9);
        let mut slopes: Vec<f64> = (0..10)
            .flat_map(|a| (a + 1..10).map(move |b| (bytes[b] - bytes[a]) / (b - a) as f64))
            .collect();
        slopes.sort_by(f64::total_cmp);
        assert!(variance_factor(&points, slopes[22]) <= 1.0, "nothing widens it");
        let trend = Trend::of(&points).unwrap();
        assert_eq!(
            (trend.slope, trend.low, trend.high),
            (slopes[22], slopes[10], slopes[34])
        );
    }
}

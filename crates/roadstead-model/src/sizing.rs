//! What memory an app needs against what it was given.

use serde::{Deserialize, Serialize};

/// One mebibyte.
pub const MIB: u64 = 1024 * 1024;
/// A suggestion is rounded up to a multiple of this.
pub const SUGGESTION_STEP_BYTES: u64 = 32 * MIB;
/// Fewer reports than this judge nothing.
pub const MIN_REPORTS: u64 = 20;
/// Reports of one day.
const REPORTS_PER_DAY: u64 = 96;

/// How P95 stands against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Accuracy {
    /// P95 at most half of the limit.
    Roomy,
    /// P95 above half of the limit, up to the limit itself.
    Fitting,
    /// P95 above the limit.
    Over,
    /// No limit, or fewer than [`MIN_REPORTS`] reports.
    Unknown,
}

impl Accuracy {
    /// Red above the limit, yellow above half, green at or below half, grey without a limit or enough reports.
    #[must_use]
    pub fn of(p95_bytes: Option<u64>, limit_bytes: Option<u64>, reports: u64) -> Self {
        match (p95_bytes, limit_bytes) {
            (Some(p95), Some(limit)) if limit > 0 && reports >= MIN_REPORTS => {
                if p95 > limit {
                    Self::Over
                } else if p95.saturating_mul(2) > limit {
                    Self::Fitting
                } else {
                    Self::Roomy
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// P95 over the estimate, judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EstimateFit {
    /// P95 / estimate: 1 is exact, 0.33 means over-estimated threefold.
    pub p95_to_estimate_ratio: f64,
}

impl EstimateFit {
    /// `None` without an estimate, a P95, or enough reports.
    #[must_use]
    pub fn of(p95_bytes: Option<u64>, estimate_bytes: Option<u64>, reports: u64) -> Option<Self> {
        let (p95, estimate) = (p95_bytes?, estimate_bytes.filter(|e| *e > 0)?);
        (reports >= MIN_REPORTS).then(|| Self {
            p95_to_estimate_ratio: p95 as f64 / estimate as f64,
        })
    }
}

/// How a memory value stands against the limit, for colouring a cell: the same numbers as storage rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MemoryLevel {
    /// Below 80 % of the limit.
    Ok,
    /// From 80 % to 95 %.
    Warn,
    /// Above 95 %.
    Danger,
    /// No value or no limit.
    Unknown,
}

impl MemoryLevel {
    /// Level of `used` against `limit`.
    #[must_use]
    pub fn of(used_bytes: Option<u64>, limit_bytes: Option<u64>) -> Self {
        match (used_bytes, limit_bytes) {
            (Some(used), Some(limit)) if limit > 0 => {
                let (used, limit) = (u128::from(used), u128::from(limit));
                if used * 100 > limit * 95 {
                    Self::Danger
                } else if used * 100 >= limit * 80 {
                    Self::Warn
                } else {
                    Self::Ok
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// Where an estimate or a limit comes from, in order of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SizeSource {
    /// Typed by the user.
    User,
    /// A label on the containers.
    Label,
    /// The engine's own setting.
    Engine,
}

/// What a suggestion is made from: the worst deployment of the app in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SuggestionInput {
    /// P95 of the 15-minute peaks of the deployment that needs most.
    pub worst_p95_bytes: Option<u64>,
    /// Highest peak of any deployment in the period.
    pub peak_bytes: Option<u64>,
    /// Reports of that worst deployment in the period.
    pub reports: u64,
    /// OOM kills of any deployment in the period.
    pub oom_kills: u64,
}

/// How far to trust a suggestion: by how long the worst deployment was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Less than a day of reports.
    Low,
    /// Less than a week.
    Medium,
    /// A week or more.
    High,
}

impl Confidence {
    /// One report in twenty may be missing: the newest window of a period is always open, and engines restart.
    fn of(reports: u64) -> Self {
        let spans = |days: u64| reports * 20 >= days * REPORTS_PER_DAY * 19;
        match (spans(7), spans(1)) {
            (true, _) => Self::High,
            (false, true) => Self::Medium,
            (false, false) => Self::Low,
        }
    }
}

/// A suggested memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Suggestion {
    /// The limit, a multiple of [`SUGGESTION_STEP_BYTES`].
    pub limit_bytes: u64,
    /// The P95 it was made from.
    pub worst_p95_bytes: u64,
    /// The peak, when it (and not P95) decided because the app was killed for memory.
    pub raised_to_peak_bytes: Option<u64>,
    /// Reports behind it.
    pub reports: u64,
    /// OOM kills in the period.
    pub oom_kills: u64,
    /// How far to trust it.
    pub confidence: Confidence,
}

/// Why nothing is suggested yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Withheld {
    /// Reports so far.
    pub reports: u64,
    /// Reports needed.
    pub needed: u64,
}

/// `value × 1.2`, rounded up, in integers: 1.2 has no exact binary form, and a hair above a step would add 32 MiB.
fn with_headroom(bytes: u64) -> u64 {
    (u128::from(bytes) * 6).div_ceil(5).min(u128::from(u64::MAX)) as u64
}

impl SuggestionInput {
    /// `ceil(P95 × 1.2)` rounded up to a multiple of 32 MiB, from the worst deployment; where a container was killed
    /// for memory, never below the peak with the same headroom, because the peak seen is the peak the limit cut off.
    ///
    /// # Errors
    /// [`Withheld`] below [`MIN_REPORTS`] reports, or when no memory was measured.
    pub fn suggest(self) -> Result<Suggestion, Withheld> {
        let worst_p95_bytes = self
            .worst_p95_bytes
            .filter(|p95| *p95 > 0 && self.reports >= MIN_REPORTS)
            .ok_or(Withheld {
                reports: self.reports,
                needed: MIN_REPORTS,
            })?;
        let from_p95 = with_headroom(worst_p95_bytes);
        let from_peak = self.peak_bytes.filter(|_| self.oom_kills > 0).map(with_headroom);
        let raised = from_peak.filter(|target| *target > from_p95);
        let target = raised.unwrap_or(from_p95);
        Ok(Suggestion {
            limit_bytes: target
                .div_ceil(SUGGESTION_STEP_BYTES)
                .saturating_mul(SUGGESTION_STEP_BYTES),
            worst_p95_bytes,
            raised_to_peak_bytes: raised.and(self.peak_bytes),
            reports: self.reports,
            oom_kills: self.oom_kills,
            confidence: Confidence::of(self.reports),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mib(value: f64) -> u64 {
        (value * MIB as f64).round() as u64
    }

    fn suggest(p95: f64, peak: f64, oom_kills: u64) -> Suggestion {
        SuggestionInput {
            worst_p95_bytes: Some(mib(p95)),
            peak_bytes: Some(mib(peak)),
            reports: 100,
            oom_kills,
        }
        .suggest()
        .unwrap()
    }

    #[test]
    fn a_suggestion_is_p95_and_a_fifth_rounded_up_to_32_mib() {
        for (p95, wanted_mib) in [(26.7, 64), (100.0, 128), (213.34, 288), (240.0, 288)] {
            assert_eq!(suggest(p95, p95, 0).limit_bytes, wanted_mib * MIB, "P95 {p95}");
        }
    }

    #[test]
    fn an_app_killed_for_memory_is_never_given_less_than_its_peak() {
        assert_eq!(
            suggest(100.0, 400.0, 0).limit_bytes,
            128 * MIB,
            "an outlier alone does not raise it"
        );
        let killed = suggest(100.0, 400.0, 1);
        assert_eq!(killed.limit_bytes, 480 * MIB);
        assert_eq!(killed.raised_to_peak_bytes, Some(400 * MIB));
    }

    #[test]
    fn confidence_grows_with_the_days_watched() {
        assert_eq!(Confidence::of(90), Confidence::Low);
        assert_eq!(
            Confidence::of(95),
            Confidence::Medium,
            "a day whose newest window is still open"
        );
        assert_eq!(Confidence::of(600), Confidence::Medium);
        assert_eq!(
            Confidence::of(671),
            Confidence::High,
            "a week whose newest window is still open"
        );
    }

    #[test]
    fn few_reports_suggest_nothing() {
        let few = SuggestionInput {
            worst_p95_bytes: Some(MIB),
            reports: 19,
            ..SuggestionInput::default()
        };
        assert_eq!(
            few.suggest(),
            Err(Withheld {
                reports: 19,
                needed: 20
            })
        );
        assert!(
            SuggestionInput {
                reports: 100,
                ..SuggestionInput::default()
            }
            .suggest()
            .is_err()
        );
    }

    #[test]
    fn accuracy_has_no_overlap_and_no_hole() {
        let of = |p95, limit| Accuracy::of(Some(p95), Some(limit), 20);
        assert_eq!(of(101, 100), Accuracy::Over);
        assert_eq!(
            of(100, 100),
            Accuracy::Fitting,
            "exactly the limit is not over it"
        );
        assert_eq!(of(51, 100), Accuracy::Fitting);
        assert_eq!(of(50, 100), Accuracy::Roomy);
        assert_eq!(Accuracy::of(Some(1), None, 20), Accuracy::Unknown);
        assert_eq!(Accuracy::of(Some(1), Some(2), 19), Accuracy::Unknown);
    }

    #[test]
    fn memory_levels_turn_at_80_and_95_percent() {
        let of = |used| MemoryLevel::of(Some(used), Some(1_000));
        assert_eq!(of(799), MemoryLevel::Ok);
        assert_eq!(of(800), MemoryLevel::Warn);
        assert_eq!(of(950), MemoryLevel::Warn);
        assert_eq!(of(951), MemoryLevel::Danger);
        assert_eq!(MemoryLevel::of(None, Some(1)), MemoryLevel::Unknown);
        assert_eq!(MemoryLevel::of(Some(1), None), MemoryLevel::Unknown);
    }
}

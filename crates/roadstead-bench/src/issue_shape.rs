//! A fleet's issues, made from numbers: what each says, where it was seen, how often, and when.

use roadstead_model::time::{MINUTE_MS, WINDOW_MS};
use roadstead_model::{TimeRange, Window};
use roadstead_store::{FoundInWindow, FoundIssue, FoundSample, IssueSeverity, LogStream};

use crate::fleet_shape::mix;

/// Days back in which issues were seen.
const DAYS: u64 = 29;
/// Windows an issue was seen in on one host, at most.
const MOST_WINDOWS: u64 = 16;

/// A fleet with issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IssueFleet {
    pub(crate) issues: u32,
    pub(crate) apps: u32,
    pub(crate) hosts: u32,
    /// Now: the end of a window.
    pub(crate) end_ms: i64,
}

/// One issue of it.
#[derive(Debug, Clone)]
pub(crate) struct IssueShape {
    key: u64,
    pub(crate) app: u32,
    pub(crate) severity: IssueSeverity,
    pub(crate) message: String,
    /// Hosts it was seen on, rising.
    pub(crate) hosts: Vec<u32>,
}

impl IssueFleet {
    pub(crate) fn issue(&self, number: u32) -> IssueShape {
        let key = mix(0x155 << 32 | u64::from(number));
        let severity = match mix(key ^ 1) % 5 {
            0 | 1 => IssueSeverity::Error,
            _ => IssueSeverity::Warning,
        };
        // Most are seen on one host, some on a few, one in twenty everywhere.
        let wanted = match mix(key ^ 2) % 20 {
            0..10 => 1,
            10..16 => 2 + mix(key ^ 3) % 4,
            16..19 => 6 + mix(key ^ 3) % 15,
            _ => u64::from(self.hosts),
        }
        .min(u64::from(self.hosts)) as u32;
        let first = (mix(key ^ 4) % u64::from(self.hosts)) as u32;
        let mut hosts: Vec<u32> = (0..wanted).map(|n| (first + n * 7) % self.hosts).collect();
        hosts.sort_unstable();
        hosts.dedup();
        IssueShape {
            key,
            app: number % self.apps,
            severity,
            message: message(key, number),
            hosts,
        }
    }

    /// The last window.
    fn last(&self) -> Window {
        Window::holding(self.end_ms - 1)
    }
}

/// What it says; no two say the same.
fn message(key: u64, number: u32) -> String {
    let (a, b) = (mix(key ^ 5) % 900, mix(key ^ 6) % 60);
    match mix(key ^ 7) % 8 {
        0 => format!(
            "ConnectionRefusedError: [Errno 111] connect to postgres-{number}:5432 refused after {a} ms"
        ),
        1 => format!("java.lang.IllegalStateException: pool {number} exhausted, {b} waiting"),
        2 => format!(
            "upstream timed out (110: Connection timed out) while reading response header from upstream api-{number}"
        ),
        3 => format!("TypeError: Cannot read properties of undefined (reading 'field{number}')"),
        4 => format!("slow query took {a} ms on table items_{number}"),
        5 => format!("duplicate key value violates unique constraint \"items_{number}_pkey\""),
        6 => format!("disk usage of volume-{number} at {b} %, cleaning up old thumbnails of the library"),
        _ => format!(
            "cannot write /data/library/part-{number}: no space left on device, {a} files are waiting"
        ),
    }
}

impl IssueShape {
    /// What a read on one of its hosts found.
    pub(crate) fn found(&self, fleet: &IssueFleet, host: u32) -> FoundIssue {
        let key = mix(self.key ^ u64::from(host) << 20);
        let last = fleet.last();
        let mut windows: Vec<FoundInWindow> = (0..1 + mix(key ^ 1) % MOST_WINDOWS)
            .map(|number| {
                // Newer ones are more: the square of a share of the span.
                let share = (mix(key ^ 0x100 ^ number) % 10_000) as f64 / 10_000.0;
                let back = (share * share * (DAYS * 96) as f64) as i64;
                let start_ms = last.start_ms - back * WINDOW_MS;
                let count = 1 + mix(key ^ 0x200 ^ number) % 40;
                let is_error = self.severity == IssueSeverity::Error;
                FoundInWindow {
                    window: Window { start_ms },
                    errors: if is_error { count } else { 0 },
                    warnings: if is_error { 0 } else { count },
                    first_ms: start_ms + MINUTE_MS,
                    last_ms: start_ms + 11 * MINUTE_MS + (key % 60_000) as i64,
                }
            })
            .collect();
        windows.sort_by_key(|found| found.window);
        windows.dedup_by_key(|found| found.window);
        let at_ms = windows.last().map_or(last.start_ms, |found| found.last_ms);
        let mut masked = self.message.replace(|c: char| c.is_ascii_digit(), "#");
        let mut lines = vec![self.message.clone()];
        if mix(key ^ 3).is_multiple_of(3) {
            lines.extend((0..6).map(|line| {
                format!(
                    "    at frame{line} (/app/src/worker/step{line}.js:{}:11)",
                    20 + line
                )
            }));
            masked.push_str(" | UpstreamConnectionError | frame0 /app/src/worker/step0.js");
        }
        FoundIssue {
            fingerprints: vec![(1, self.key)],
            severity: self.severity,
            message: self.message.clone(),
            masked,
            windows,
            samples: vec![FoundSample {
                at_ms,
                stream: LogStream::Stderr,
                line_count: lines.len() as u64,
                lines,
            }],
        }
    }

    /// First and newest event, and how many, over all its hosts.
    pub(crate) fn summed(&self, fleet: &IssueFleet) -> (TimeRange, u64) {
        let mut range = TimeRange {
            from_ms: i64::MAX,
            to_ms: 0,
        };
        let mut count = 0;
        for window in self
            .hosts
            .iter()
            .flat_map(|host| self.found(fleet, *host).windows)
        {
            range.from_ms = range.from_ms.min(window.first_ms);
            range.to_ms = range.to_ms.max(window.last_ms);
            count += window.errors + window.warnings;
        }
        (range, count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const FLEET: IssueFleet = IssueFleet {
        issues: 2_000,
        apps: 20,
        hosts: 50,
        end_ms: 1_767_366_000_000,
    };

    #[test]
    fn issues_are_different_and_always_the_same() {
        let messages: HashSet<String> = (0..FLEET.issues).map(|n| FLEET.issue(n).message).collect();
        assert_eq!(messages.len(), 2_000);
        let spread: usize = (0..FLEET.issues).map(|n| FLEET.issue(n).hosts.len()).sum();
        assert!((8_000..16_000).contains(&spread), "some six hosts each: {spread}");
        let issue = FLEET.issue(7);
        assert_eq!(issue.found(&FLEET, 3), FLEET.issue(7).found(&FLEET, 3));
    }

    #[test]
    fn nothing_was_seen_after_the_end_or_too_long_ago() {
        for number in 0..200 {
            let (range, count) = FLEET.issue(number).summed(&FLEET);
            assert!(range.to_ms < FLEET.end_ms && count > 0);
            assert!(range.from_ms > FLEET.end_ms - 30 * roadstead_model::time::DAY_MS);
        }
    }
}

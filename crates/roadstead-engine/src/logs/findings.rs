//! The events of one read, summed by fingerprint and report window.

use std::collections::{BTreeMap, HashMap, VecDeque};

use roadstead_logs::framing::Stream;
use roadstead_logs::{Event, Fingerprint, Severity};
use roadstead_model::Window;
use roadstead_store::{FoundInWindow, FoundIssue, FoundSample, IssueSeverity, LogStream, SAMPLES_KEPT};

/// Kinds of events one read may find. What comes after is found by the next read.
pub(super) const MOST_KINDS: usize = 2_000;
/// Lines of an event that a sample keeps.
const SAMPLE_LINES: usize = 200;
/// Bytes of an event that a sample keeps.
const SAMPLE_BYTES: usize = 16 * 1024;
/// Bytes of all samples of a read. Beyond, each kind keeps its newest one only.
const ALL_SAMPLES_BYTES: usize = 8 * 1024 * 1024;
const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Sums while a log is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kinds: HashMap<Fingerprint, Kind>,
    sample_bytes: usize,
    /// The clock that stamps lines less ours.
    ahead_ms: i64,
}

#[derive(Debug)]
struct Kind {
    severity: Severity,
    message: String,
    masked: String,
    windows: BTreeMap<Window, FoundInWindow>,
    samples: VecDeque<FoundSample>,
}

impl Findings {
    /// The clock that stamps lines is so far ahead of ours: what the operator says is compared with what is printed.
    pub(super) fn stamps_are_ahead(&mut self, ahead_ms: i64) {
        self.ahead_ms = ahead_ms;
    }

    /// No more kinds fit.
    pub(super) fn is_full(&self) -> bool {
        self.kinds.len() >= MOST_KINDS
    }

    /// Counts an event. Its moment is no later than `now_ms`, whatever the engine's clock says.
    pub(super) fn add(&mut self, event: Event, now_ms: i64) {
        let stamped_ms = event
            .first_at_ns
            .map(|ns| ns.div_euclid(NANOS_A_MILLISECOND) - self.ahead_ms);
        let at_ms = stamped_ms.map_or(now_ms, |ms| ms.min(now_ms));
        let kind = self.kinds.entry(event.fingerprint).or_insert_with(|| Kind {
            severity: event.severity,
            message: event.message.clone(),
            masked: event.masked.clone(),
            windows: BTreeMap::new(),
            samples: VecDeque::new(),
        });
        if event.severity > kind.severity {
            kind.severity = event.severity;
            kind.message.clone_from(&event.message);
        }
        let window = Window::holding(at_ms);
        let sum = kind.windows.entry(window).or_insert(FoundInWindow {
            window,
            errors: 0,
            warnings: 0,
            first_ms: at_ms,
            last_ms: at_ms,
        });
        match event.severity {
            Severity::Error => sum.errors += 1,
            _ => sum.warnings += 1,
        }
        sum.first_ms = sum.first_ms.min(at_ms);
        sum.last_ms = sum.last_ms.max(at_ms);
        let kept = if self.sample_bytes < ALL_SAMPLES_BYTES {
            SAMPLES_KEPT
        } else {
            1
        };
        while kind.samples.len() >= kept {
            let dropped = kind.samples.pop_front();
            self.sample_bytes -= dropped.as_ref().map_or(0, bytes_of);
        }
        let sample = sample(event, at_ms);
        self.sample_bytes += bytes_of(&sample);
        kind.samples.push_back(sample);
    }

    /// One entry per fingerprint.
    pub(super) fn into_issues(self) -> Vec<FoundIssue> {
        let mut issues: Vec<FoundIssue> = self
            .kinds
            .into_iter()
            .map(|(fingerprint, kind)| FoundIssue {
                fingerprints: vec![(fingerprint.version, fingerprint.hash)],
                severity: match kind.severity {
                    Severity::Error => IssueSeverity::Error,
                    _ => IssueSeverity::Warning,
                },
                message: kind.message,
                masked: kind.masked,
                windows: kind.windows.into_values().collect(),
                samples: kind.samples.into(),
            })
            .collect();
        issues.sort_by(|a, b| a.fingerprints.cmp(&b.fingerprints));
        issues
    }
}

fn bytes_of(sample: &FoundSample) -> usize {
    sample.lines.iter().map(String::len).sum()
}

fn sample(event: Event, at_ms: i64) -> FoundSample {
    let mut bytes = 0;
    let mut lines = Vec::new();
    for mut line in event.lines {
        let room = SAMPLE_BYTES - bytes;
        if lines.len() == SAMPLE_LINES || room == 0 {
            break;
        }
        line.truncate(line.floor_char_boundary(room));
        bytes += line.len();
        lines.push(line);
    }
    FoundSample {
        at_ms,
        stream: match event.stream {
            Stream::Stderr => LogStream::Stderr,
            Stream::Stdout | Stream::Engine => LogStream::Stdout,
        },
        lines,
        line_count: event.line_count,
    }
}

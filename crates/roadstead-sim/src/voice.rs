//! What containers write to their logs.

use roadstead_model::time::DAY_MS;

use crate::berth::Berth;
use crate::catalogue::Flaw;
use crate::moment::Moment;
use crate::seed::{below, mix};

mod messages;
mod phrases;

/// The log file of a container is rotated: this many lines are kept at most.
const KEPT_LINES: i64 = 10_000;
/// And none older than this.
const KEPT_MS: i64 = 7 * DAY_MS;

/// How a program writes its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Plain,
    Apache,
    DotNet,
    Go,
    Java,
    Json,
    Logfmt,
    Node,
    Postgres,
    Python,
    Redis,
    Rust,
}

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Info,
    Warning,
    Error,
}

/// Which stream a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, UTC epoch nanoseconds. Strictly rising within one log.
    pub time_ns: i64,
    /// Where to.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

impl Berth {
    /// When entry `number` of this berth is written, were it running then.
    fn entry_ms(&self, number: i64) -> i64 {
        let every_ms = i64::from(self.script.log_every_ms);
        let jitter_ms = below(mix(self.key ^ 0x109, number as u64), every_ms * 9 / 10);
        number * every_ms + jitter_ms
    }

    /// The log lines of the container of `moment` in `(after_ns, to_ns]`, oldest first, at most `at_most` lines from
    /// the oldest on. `moment` is that of the time the log is read; what was rotated away by then is gone.
    pub fn log_lines(&self, moment: &Moment, after_ns: i64, to_ns: i64, at_most: usize) -> Vec<LogLine> {
        let every_ms = i64::from(self.script.log_every_ms);
        let to_ms = to_ns.div_euclid(1_000_000);
        let kept_from_ms = self.kept_from_ms(moment, to_ms);
        let from_ms = kept_from_ms.max(after_ns.div_euclid(1_000_000));
        let mut lines = Vec::new();
        let mut number = (from_ms / every_ms - 1).max(0);
        while lines.len() < at_most {
            let at_ms = self.entry_ms(number);
            if at_ms > to_ms {
                break;
            }
            if at_ms >= kept_from_ms {
                self.entry(number, at_ms, &mut lines, |time_ns| {
                    after_ns < time_ns && time_ns <= to_ns
                });
            }
            number += 1;
        }
        lines.truncate(at_most);
        lines
    }

    /// The last `count` log lines up to `to_ns`, oldest first.
    pub fn last_log_lines(&self, moment: &Moment, to_ns: i64, count: usize) -> Vec<LogLine> {
        let every_ms = i64::from(self.script.log_every_ms);
        let to_ms = to_ns.div_euclid(1_000_000);
        let from_ms = self.kept_from_ms(moment, to_ms);
        let mut entries: Vec<Vec<LogLine>> = Vec::new();
        let mut found = 0;
        let mut number = to_ms / every_ms;
        while found < count && number >= 0 {
            let at_ms = self.entry_ms(number);
            if at_ms < from_ms {
                break;
            }
            let mut entry = Vec::new();
            self.entry(number, at_ms, &mut entry, |time_ns| time_ns <= to_ns);
            found += entry.len();
            entries.push(entry);
            number -= 1;
        }
        let mut lines: Vec<LogLine> = entries.into_iter().rev().flatten().collect();
        lines.drain(..lines.len().saturating_sub(count));
        lines
    }

    /// When the next entry after this moment would be written.
    pub(crate) fn next_log_ms(&self, after_ms: i64) -> i64 {
        let mut number = (after_ms / i64::from(self.script.log_every_ms) - 1).max(0);
        while self.entry_ms(number) <= after_ms {
            number += 1;
        }
        self.entry_ms(number)
    }

    fn kept_from_ms(&self, moment: &Moment, to_ms: i64) -> i64 {
        moment
            .created_at_ms
            .max(to_ms - KEPT_MS)
            .max(to_ms - KEPT_LINES * i64::from(self.script.log_every_ms))
    }

    /// Adds the lines of one entry that are wanted, when the container ran at that time.
    fn entry(&self, number: i64, at_ms: i64, lines: &mut Vec<LogLine>, wanted: impl Fn(i64) -> bool) {
        let Some(then) = self.moment_at(at_ms).filter(|then| then.state.is_running()) else {
            return;
        };
        let key = mix(self.key ^ 0x11FE, number as u64);
        let worse = self.image_of(then.generation).flaw() == Some(Flaw::Worse);
        let (errors, warnings) = match (then.trouble, worse, self.script.misbehaves) {
            (true, _, _) => (550, 200),
            (false, true, _) => (60, 110),
            (false, false, true) => (25, 60),
            (false, false, false) => (2, 12),
        };
        let mood = match key % 1_000 {
            chance if chance < errors => Mood::Error,
            chance if chance < errors + warnings => Mood::Warning,
            _ => Mood::Info,
        };
        let entry = phrases::entry(self.script.voice, mood, mix(key, 1), at_ms);
        // A terminal has one stream only; otherwise programs differ in where they write what.
        let to_stderr = match self.script.voice {
            _ if self.script.tty => false,
            Voice::Postgres | Voice::Logfmt | Voice::Rust => true,
            Voice::Json | Voice::Java | Voice::Redis => false,
            _ => mood == Mood::Error,
        };
        let stream = if to_stderr {
            LogStream::Stderr
        } else {
            LogStream::Stdout
        };
        for (order, text) in entry.lines().enumerate() {
            let time_ns = at_ms * 1_000_000 + 137_000 + order as i64 * 9_000;
            if wanted(time_ns) {
                lines.push(LogLine {
                    time_ns,
                    stream,
                    text: text.to_owned(),
                });
            }
        }
    }
}

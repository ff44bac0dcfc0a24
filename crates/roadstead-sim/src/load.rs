//! Containers that print a great deal, with a known number of errors and warnings among it: for measuring readers.
//!
//! Line `n` of a container is a function of `n` alone and is written straight into the answer, so that printing costs a
//! small part of what reading does. A thousand lines are a cycle, with the same troubles in the same places. Both streams are
//! used, one trace has lines of the other stream between its own, and now and then two lines have one stamp.
//! It deliberately has no chance in it: what was printed is known without having been remembered.

use bytes::{BufMut, BytesMut};

use crate::catalogue::{AppScript, LOAD_SERVICE};
use crate::voice::LogStream;

mod text;

use text::{Line, Stamp};

const NS_PER_S: i64 = 1_000_000_000;
const NS_PER_MS: i64 = 1_000_000;
/// Lines of a cycle.
const CYCLE: i64 = 1_000;
/// Of so many lines, the last has the stamp of the one before it.
const ONE_STAMP_IN: i64 = 64;
/// Where in a cycle an error begins; what is printed there is in [`text`].
const ERRORS: [i64; 4] = [110, JAVA, PYTHON, NODE];
/// Where a warning is.
const WARNINGS: [i64; 2] = [290, 777];
const JAVA: i64 = 433;
const PYTHON: i64 = 610;
const NODE: i64 = 905;
/// The app whose copies such a host runs.
pub(crate) const LOAD_APP: AppScript = AppScript {
    name: "load",
    compose: true,
    deploy_days: 0,
    services: &[LOAD_SERVICE],
    story: None,
};

/// How much every container of a fleet prints, instead of what its app would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLoad {
    /// Lines a second of each container: 10 to 100,000. Below ten, lines of a trace are too far apart to be one.
    pub lines_per_s: u32,
    /// When they begin, UTC epoch milliseconds.
    pub from_ms: i64,
    /// For how long they print: 1 to 86,400 seconds.
    pub seconds: u32,
}

/// What one container prints in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadTotals {
    /// Lines.
    pub lines: u64,
    /// Errors, each counted once however many lines its trace has.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
}

impl LogLoad {
    /// What one container has printed when it is done.
    #[must_use]
    pub fn totals(&self) -> LoadTotals {
        let lines = i64::from(self.lines_per_s) * i64::from(self.seconds);
        let count = |places: &[i64]| {
            let begun = places.iter().filter(|place| **place < lines % CYCLE).count();
            (lines / CYCLE * places.len() as i64 + begun as i64) as u64
        };
        LoadTotals {
            lines: lines as u64,
            errors: count(&ERRORS),
            warnings: count(&WARNINGS),
        }
    }

    /// When the last container has printed its last line, UTC epoch milliseconds.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        self.from_ms + (i64::from(self.seconds) + 1) * 1_000
    }

    pub(crate) fn is_possible(&self) -> bool {
        (10..=100_000).contains(&self.lines_per_s) && (1..=86_400).contains(&self.seconds)
    }

    /// The log of the container with this key. Containers begin within a second, not all at once.
    pub(crate) fn log(&self, key: u64) -> LoadLog {
        LoadLog {
            from_ns: self.from_ms * NS_PER_MS + (key % NS_PER_S as u64) as i64,
            lines_per_s: i64::from(self.lines_per_s),
            total: i64::from(self.lines_per_s) * i64::from(self.seconds),
        }
    }
}

/// What one container prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadLog {
    from_ns: i64,
    lines_per_s: i64,
    total: i64,
}

/// How lines are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) timestamps: bool,
}

impl Wanted {
    fn has(self, stream: LogStream) -> bool {
        match stream {
            LogStream::Stdout => self.stdout,
            LogStream::Stderr => self.stderr,
        }
    }
}

impl LoadLog {
    fn time_ns(&self, number: i64) -> i64 {
        let number = number - i64::from(number % ONE_STAMP_IN == ONE_STAMP_IN - 1);
        self.from_ns + number * NS_PER_S / self.lines_per_s
    }

    /// The first line that is not printed before this moment.
    fn first_from(&self, ns: i64) -> i64 {
        let since_ns = i128::from(ns.saturating_sub(self.from_ns).max(0));
        let about = since_ns * i128::from(self.lines_per_s) / i128::from(NS_PER_S);
        let about = i64::try_from(about).unwrap_or(i64::MAX).min(self.total);
        // Rounding and lines of one stamp: the place is within two lines of this.
        let mut number = (about - 2).max(0);
        while number < self.total && self.time_ns(number) < ns {
            number += 1;
        }
        number
    }

    /// The lines of `[since_ns, to_ns]` by number, only the last `tail` of those wanted.
    pub(crate) fn range(
        &self,
        since_ns: i64,
        to_ns: i64,
        tail: Option<usize>,
        wanted: Wanted,
    ) -> std::ops::Range<i64> {
        let end = self.first_from(to_ns.saturating_add(1));
        let mut start = self.first_from(since_ns).min(end);
        if let Some(mut left) = tail {
            let mut number = end;
            while number > start && left > 0 {
                number -= 1;
                left -= usize::from(wanted.has(stream_of(number)));
            }
            start = number;
        }
        start..end
    }

    /// Writes lines as the engine does, in frames, until `most_bytes` are there; gives the first line not written.
    pub(crate) fn write(
        &self,
        lines: std::ops::Range<i64>,
        wanted: Wanted,
        most_bytes: usize,
        out: &mut BytesMut,
    ) -> i64 {
        let mut stamp = Stamp::default();
        for number in lines.clone() {
            if out.len() >= most_bytes {
                return number;
            }
            let stream = stream_of(number);
            if !wanted.has(stream) {
                continue;
            }
            let frame = out.len();
            out.put_slice(match stream {
                LogStream::Stdout => &[1, 0, 0, 0, 0, 0, 0, 0],
                LogStream::Stderr => &[2, 0, 0, 0, 0, 0, 0, 0],
            });
            stamp.set(self.time_ns(number));
            if wanted.timestamps {
                out.put_slice(stamp.text());
                out.put_u8(b' ');
            }
            Line { number, out }.print(stamp.text());
            out.put_u8(b'\n');
            let length = (out.len() - frame - 8) as u32;
            out[frame + 4..frame + 8].copy_from_slice(&length.to_be_bytes());
        }
        lines.end
    }
}

fn stream_of(number: i64) -> LogStream {
    match number % CYCLE {
        // Every other line there: between them is standard output.
        place @ PYTHON..620 if place % 2 == 0 => LogStream::Stderr,
        NODE..909 | 777 => LogStream::Stderr,
        // Nothing comes between the lines of a trace on its own stream.
        110 | 290 | JAVA..450 | 600..630 | 900..920 => LogStream::Stdout,
        place if place % 7 == 3 => LogStream::Stderr,
        _ => LogStream::Stdout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: LogLoad = LogLoad {
        lines_per_s: 1_000,
        from_ms: 1_748_779_200_000,
        seconds: 3,
    };
    const BOTH: Wanted = Wanted {
        stdout: true,
        stderr: true,
        timestamps: true,
    };

    fn lines(of: std::ops::Range<i64>, wanted: Wanted) -> Vec<(u8, String)> {
        let mut out = BytesMut::new();
        assert_eq!(
            LOAD.log(5).write(of.clone(), wanted, usize::MAX, &mut out),
            of.end
        );
        let mut lines = Vec::new();
        let mut rest = &out[..];
        while let [kind, 0, 0, 0, a, b, c, d, more @ ..] = rest {
            let (text, next) = more.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            lines.push((*kind, String::from_utf8(text.to_vec()).unwrap()));
            rest = next;
        }
        assert!(rest.is_empty());
        lines
    }

    #[test]
    fn what_is_printed_is_what_the_totals_say() {
        assert_eq!(
            LOAD.totals(),
            LoadTotals {
                lines: 3_000,
                errors: 12,
                warnings: 6
            }
        );
        let all = lines(0..3_000, BOTH);
        assert_eq!(all.len(), 3_000);
        let of = |part: &str| all.iter().filter(|(_, line)| line.contains(part)).count();
        for part in [
            "no space left",
            "ERROR [worker-3]",
            "Traceback",
            "ECONNREFUSED",
            "level=warn",
            "[WARN]",
        ] {
            assert_eq!(of(part), 3, "{part}");
        }
        assert!(
            all.iter()
                .all(|(_, line)| line.ends_with('\n') && line.as_bytes()[29] == b'Z')
        );
        let stderr = all.iter().filter(|(kind, _)| *kind == 2).count();
        assert!((300..600).contains(&stderr), "{stderr}");
        let half = LogLoad {
            lines_per_s: 111,
            seconds: 1,
            ..LOAD
        };
        assert_eq!((half.totals().errors, half.totals().warnings), (1, 0));
    }

    #[test]
    fn stamps_rise_and_some_are_there_twice() {
        let all = lines(0..3_000, BOTH);
        let stamps: Vec<&str> = all.iter().map(|(_, line)| &line[..30]).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] <= pair[1]));
        let twice = stamps.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert_eq!(twice as i64, 3_000 / ONE_STAMP_IN);
    }

    #[test]
    fn since_is_inclusive_to_the_nanosecond_and_a_tail_is_of_the_streams_wanted() {
        let log = LOAD.log(5);
        let end_ns = LOAD.end_ms() * NS_PER_MS;
        for number in [0, 1, 62, 63, 64, 999, 2_999] {
            let at_ns = log.time_ns(number);
            let first = log.range(at_ns, end_ns, None, BOTH).start;
            assert!(
                first <= number && log.time_ns(first) == at_ns,
                "{number}: {first}"
            );
            let after = log.range(at_ns + 1, end_ns, None, BOTH).start;
            assert!(after == 3_000 || log.time_ns(after) > at_ns, "{number}: {after}");
            assert_eq!(
                log.range(0, at_ns, None, BOTH).end,
                after,
                "what is printed by then"
            );
        }
        assert_eq!(log.range(0, log.from_ns - 1, None, BOTH), 0..0);
        assert_eq!(log.range(0, end_ns, None, BOTH), 0..3_000);
        assert_eq!(log.range(0, end_ns, Some(50), BOTH), 2_950..3_000);
        let stderr = Wanted {
            stdout: false,
            ..BOTH
        };
        let tail = log.range(0, end_ns, Some(50), stderr);
        assert_eq!(lines(tail, stderr).len(), 50);
    }

    #[test]
    fn an_answer_in_pieces_is_the_answer() {
        let log = LOAD.log(5);
        let (mut whole, mut pieces) = (BytesMut::new(), Vec::new());
        log.write(0..2_000, BOTH, usize::MAX, &mut whole);
        let mut next = 0;
        while next < 2_000 {
            let mut piece = BytesMut::new();
            next = log.write(next..2_000, BOTH, 1_000, &mut piece);
            pieces.extend_from_slice(&piece);
        }
        assert_eq!(whole, pieces);
    }
}

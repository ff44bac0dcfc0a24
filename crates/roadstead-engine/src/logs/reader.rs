//! One read of one container's log: bytes in, new events counted, the cursor behind them.
//!
//! A read begins a little before the cursor, so the first lines are ones that were counted. They are told by the cursor's
//! line (its stamp, and how many lines with that stamp were counted): what comes after it in the log is new, and so is
//! what has a later stamp. After the engine's clock was set back, lines from before that have later stamps as well; then
//! only the order counts, see [`Mode::AfterCursor`].

use roadstead_logs::Assembler;
use roadstead_logs::framing::{Decoder, Line, LineEnd, Stream};
use roadstead_store::{FoundIssue, LogPosition, StreamPosition};

use super::findings::Findings;

/// How far the newest stamp may be after the clock: engines tell whole seconds.
const CLOCK_NS: i64 = 2_500_000_000;

/// Which lines of a stream are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Those after the cursor's line or with a later stamp.
    Later,
    /// Those after the cursor's line, which is known to be there: stamps say nothing.
    AfterCursor,
    /// All: the cursor's line is known to be gone, and with it everything before.
    All,
}

/// Whether the cursor's lines were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Standard output.
    pub(crate) stdout: bool,
    /// Standard error.
    pub(crate) stderr: bool,
}

/// What may still come to an event that is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Nothing: what there is is all.
    ForNothing,
    /// More lines, unless it was quiet for long enough at this moment of the clock that stamps them, in nanoseconds.
    Until(i64),
    /// More lines that are there and were not read.
    ForMore,
}

/// What a read came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Where to go on.
    pub(crate) position: LogPosition,
    /// Lines counted.
    pub(crate) lines: u64,
    /// Lines met, counted before or now.
    pub(crate) lines_met: u64,
    /// Bytes met.
    pub(crate) bytes: u64,
    /// Which cursors' lines were met.
    pub(crate) seen: Seen,
    /// Of which streams lines after the cursor's were met, and not the cursor's.
    pub(crate) overtaken: Seen,
    /// Lowest stamp of the lines that were new.
    pub(crate) first_ns: Option<i64>,
    /// Stamp of the newest line counted.
    pub(crate) last_ns: Option<i64>,
    /// Stamp of the oldest line that is left for the next read.
    pub(crate) left_ns: Option<i64>,
    /// The engine said between the lines that it cannot read on.
    pub(crate) engine_said: Option<String>,
    /// The bytes were not all frames.
    pub(crate) damaged: Option<String>,
    /// What was found.
    pub(crate) issues: Vec<FoundIssue>,
}

/// Reads one container's log.
pub(crate) struct Reader {
    decoder: Decoder,
    rest: Rest,
}

/// What takes the lines, apart from the decoder so that both can be borrowed.
struct Rest {
    assembler: Assembler,
    findings: Findings,
    now_ms: i64,
    stdout: Strand,
    stderr: Strand,
    lines: u64,
    lines_met: u64,
    bytes: u64,
    new_bytes: u64,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    /// Stamp of the line taken last.
    latest_ns: Option<i64>,
    from_ns: i64,
    engine_said: Option<String>,
}

/// How far one stream is.
#[derive(Debug)]
struct Strand {
    mode: Mode,
    cursor: StreamPosition,
    /// Lines met with the cursor's stamp.
    met: u32,
    /// The cursor's line, or one after it, was met.
    passed: bool,
    /// After the last line taken.
    position: StreamPosition,
    /// Before the first line of the event that may still go on.
    before_open: StreamPosition,
}

impl Strand {
    fn new(cursor: StreamPosition, mode: Mode) -> Self {
        Self {
            mode,
            cursor,
            met: 0,
            passed: mode == Mode::All || cursor.at_ns.is_none(),
            position: cursor,
            before_open: cursor,
        }
    }

    fn is_new(&mut self, at_ns: i64) -> bool {
        if self.passed {
            return true;
        }
        let Some(cursor_ns) = self.cursor.at_ns else {
            return true;
        };
        if at_ns == cursor_ns {
            self.met += 1;
            // Those of the cursor's stamp that were counted; one more of them is new.
            if self.met >= self.cursor.seen {
                self.passed = true;
            }
            return self.met > self.cursor.seen;
        }
        if self.mode == Mode::Later && at_ns > cursor_ns {
            self.passed = true;
            return true;
        }
        false
    }

    fn is_seen(&self) -> bool {
        self.cursor.at_ns.is_some() && self.met >= self.cursor.seen
    }

    /// The log went on behind the cursor's line without it.
    fn is_overtaken(&self) -> bool {
        self.cursor.at_ns.is_some() && self.passed && !self.is_seen()
    }

    fn advance(&mut self, at_ns: i64) {
        let seen = if self.position.at_ns == Some(at_ns) {
            self.position.seen.saturating_add(1)
        } else {
            1
        };
        self.position = StreamPosition {
            at_ns: Some(at_ns),
            seen,
            top_ns: self.position.top_ns.max(Some(at_ns)),
        };
    }
}

impl Reader {
    /// A read that goes on from a position. `terminal` says that the container has one: its log has no frames then.
    pub(crate) fn new(from: LogPosition, stdout: Mode, stderr: Mode, terminal: bool, now_ms: i64) -> Self {
        let decoder = if terminal {
            Decoder::terminal()
        } else {
            Decoder::multiplexed()
        };
        Self {
            decoder,
            rest: Rest {
                assembler: Assembler::new(),
                findings: Findings::default(),
                now_ms,
                stdout: Strand::new(from.stdout, stdout),
                stderr: Strand::new(from.stderr, stderr),
                lines: 0,
                lines_met: 0,
                bytes: 0,
                new_bytes: 0,
                first_ns: None,
                last_ns: None,
                latest_ns: None,
                from_ns: from.from_ns,
                engine_said: None,
            },
        }
    }

    /// Takes more of the log.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.rest.bytes += bytes.len() as u64;
        let rest = &mut self.rest;
        self.decoder.push(bytes, |line| rest.take(&line));
        if rest.lines > 0 {
            rest.new_bytes += bytes.len() as u64;
        }
    }

    /// The clock that stamps lines is so far ahead of ours.
    pub(crate) fn stamps_are_ahead(&mut self, ahead_ms: i64) {
        self.rest.findings.stamps_are_ahead(ahead_ms);
    }

    /// Takes more of the log only to see whether the cursors' lines are in it.
    pub(crate) fn look(&mut self, bytes: &[u8]) {
        let rest = &mut self.rest;
        self.decoder.push(bytes, |line| {
            let strand = match line.stream {
                Stream::Stdout => &mut rest.stdout,
                Stream::Stderr => &mut rest.stderr,
                Stream::Engine => return,
            };
            if let Some(at_ns) = line.at_ns {
                strand.is_new(at_ns);
            }
        });
    }

    /// Whether the cursors' lines were met.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            stdout: self.rest.stdout.is_seen(),
            stderr: self.rest.stderr.is_seen(),
        }
    }

    /// Lines from this stamp on are counted, where the log is read from further back than ever.
    pub(crate) fn begin_at(&mut self, from_ns: i64) {
        self.rest.from_ns = self.rest.from_ns.min(from_ns);
    }

    /// Lines counted so far.
    pub(crate) fn lines(&self) -> u64 {
        self.rest.lines
    }

    /// Bytes taken since the first new line: what was counted before must not use up the budget of what was not.
    pub(crate) fn new_bytes(&self) -> u64 {
        self.rest.new_bytes
    }

    /// So many kinds of events were found that the rest is for the next read.
    pub(crate) fn is_full(&self) -> bool {
        self.rest.findings.is_full()
    }

    /// All lines counted so far belong to events that are not complete.
    pub(crate) fn is_one_event(&self) -> bool {
        let waiting = |stream| self.rest.assembler.waiting_lines(stream);
        waiting(Stream::Stdout) + waiting(Stream::Stderr) >= self.rest.lines
    }

    /// The read ends here.
    pub(crate) fn finish(self, waiting: Waiting) -> Outcome {
        let Self { decoder, mut rest } = self;
        let mut unfinished: Vec<(Stream, Option<i64>, String)> = Vec::new();
        let damaged = decoder
            .finish(|line| {
                if line.end == LineEnd::Open {
                    unfinished.push((line.stream, line.at_ns, line.text.to_owned()));
                }
            })
            .err()
            .map(|error| error.to_string());
        // A line without its end is printed further, unless nobody prints any more.
        if waiting == Waiting::ForNothing {
            for (stream, at_ns, text) in unfinished {
                rest.line(stream, at_ns, &text);
            }
        }
        rest.end_events(waiting);
        for (stream, strand) in [
            (Stream::Stdout, &mut rest.stdout),
            (Stream::Stderr, &mut rest.stderr),
        ] {
            let waiting = rest.assembler.waiting_lines(stream);
            if waiting > 0 {
                strand.position = strand.before_open;
                rest.lines = rest.lines.saturating_sub(waiting);
            }
        }
        Outcome {
            position: LogPosition {
                from_ns: rest.from_ns,
                stdout: rest.stdout.position,
                stderr: rest.stderr.position,
            },
            lines: rest.lines,
            lines_met: rest.lines_met,
            bytes: rest.bytes,
            seen: Seen {
                stdout: rest.stdout.is_seen(),
                stderr: rest.stderr.is_seen(),
            },
            overtaken: Seen {
                stdout: rest.stdout.is_overtaken(),
                stderr: rest.stderr.is_overtaken(),
            },
            first_ns: rest.first_ns,
            last_ns: rest.last_ns,
            left_ns: rest.assembler.oldest_waiting_ns(),
            engine_said: rest.engine_said,
            damaged,
            issues: rest.findings.into_issues(),
        }
    }
}

impl Rest {
    /// Counts the events that nothing can go on with any more.
    fn end_events(&mut self, waiting: Waiting) {
        let Self {
            assembler,
            findings,
            now_ms,
            latest_ns,
            ..
        } = self;
        let mut take = |event| findings.add(event, *now_ms);
        match (waiting, *latest_ns) {
            (Waiting::ForNothing, _) => assembler.finish(&mut take),
            // How quiet the other stream was: the next read may begin after what would wait there.
            (Waiting::ForMore, Some(latest_ns)) => assembler.expire(latest_ns, &mut take),
            (Waiting::ForMore, None) => {}
            (Waiting::Until(now_ns), latest_ns) => {
                let soon_ns = now_ns.saturating_add(CLOCK_NS);
                let latest_ns = latest_ns.unwrap_or(now_ns).min(soon_ns);
                assembler.expire(now_ns.max(latest_ns), &mut take);
                // From after now: it was stamped before the clock was set back, and would wait until it has caught up.
                if assembler.oldest_waiting_ns().is_some_and(|ns| ns > soon_ns) {
                    assembler.finish(&mut take);
                }
            }
        }
    }

    fn take(&mut self, line: &Line<'_>) {
        // The answer broke inside it: the next read has all of it.
        if line.end != LineEnd::Broken {
            self.line(line.stream, line.at_ns, line.text);
        }
    }

    fn line(&mut self, stream: Stream, at_ns: Option<i64>, text: &str) {
        self.lines_met += 1;
        let strand = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
            Stream::Engine => {
                self.engine_said.get_or_insert_with(|| text.to_owned());
                return;
            }
        };
        // A line without a stamp has no place in the order; engines stamp every line.
        let Some(at_ns) = at_ns else { return };
        if at_ns < self.from_ns || !strand.is_new(at_ns) {
            return;
        }
        let before = strand.position;
        strand.advance(at_ns);
        self.lines += 1;
        self.latest_ns = Some(at_ns);
        self.first_ns = Some(self.first_ns.map_or(at_ns, |ns| ns.min(at_ns)));
        self.last_ns = self.last_ns.max(Some(at_ns));
        let Self {
            assembler,
            findings,
            now_ms,
            ..
        } = self;
        assembler.push(stream, Some(at_ns), text, &mut |event| {
            findings.add(event, *now_ms)
        });
        if assembler.waiting_lines(stream) == 1 {
            let strand = match stream {
                Stream::Stderr => &mut self.stderr,
                Stream::Stdout | Stream::Engine => &mut self.stdout,
            };
            strand.before_open = before;
        }
    }
}

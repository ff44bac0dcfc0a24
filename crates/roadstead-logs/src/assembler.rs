//! Lines in, events out: which line begins an event, and which goes on with the one before.

use crate::Severity;
use crate::continuation::{Context, joins};
use crate::fingerprint::{self, Fingerprint};
use crate::framing::Stream;
use crate::line::{self, Form};
use crate::redact::{redact, redact_lines};
use crate::title;
use crate::trace::Part;

/// An event that nothing has continued for this long is complete.
pub const CONTINUATION_NS: i64 = 1_000_000_000;
/// An event is handed out this long after its first line, whatever still continues it.
pub const MOST_DELAY_NS: i64 = 10_000_000_000;
/// Lines of an event that are kept; further ones are counted.
pub const MOST_LINES: usize = 500;
/// Bytes of an event that are kept.
pub const MOST_BYTES: usize = 256 * 1024;
/// Characters of an event's message.
pub const MESSAGE_CHARS: usize = 500;
/// Bytes of an event's masked form.
pub const MASKED_BYTES: usize = 1_000;

/// Something that happened, in the words of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it was printed.
    pub stream: Stream,
    /// How bad it is.
    pub severity: Severity,
    /// Which trouble it is.
    pub fingerprint: Fingerprint,
    /// The engine's stamp of its first line, in nanoseconds since 1970 UTC.
    pub first_at_ns: Option<i64>,
    /// The engine's stamp of its last line.
    pub last_at_ns: Option<i64>,
    /// What it says in one line, without times and level and without secrets; at most [`MESSAGE_CHARS`]. Of a crash that
    /// nothing else was said of, the exception.
    pub message: String,
    /// The masked form: why it was grouped as it was. What kind of thing a placeholder stands for does not count.
    pub masked: String,
    /// Its lines without secrets, as far as they were kept.
    pub lines: Vec<String>,
    /// How many lines it has.
    pub line_count: u64,
}

/// Joins the lines of one container to events.
///
/// Only errors and warnings are handed out, unless made by [`Assembler::everything`]. Memory is bounded: per stream one
/// event of [`MOST_LINES`] and [`MOST_BYTES`].
#[derive(Debug, Default)]
pub struct Assembler {
    strands: [Option<Open>; 3],
    everything: bool,
    lines: u64,
    others: u64,
}

/// The event that the next line of a stream may go on with.
#[derive(Debug)]
struct Open {
    severity: Severity,
    context: Context,
    first_at_ns: Option<i64>,
    last_at_ns: Option<i64>,
    lines: Vec<String>,
    bytes: usize,
    count: u64,
    /// It was handed out before it was complete: what still comes is counted only.
    handed: bool,
}

impl Assembler {
    /// One per container.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that hands out every event, however harmless: for asking why lines were judged and grouped so.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Lines seen.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Events that were neither errors nor warnings.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }

    /// The next line of a stream, without its line end and without colours. `at_ns` is the engine's stamp.
    pub fn push(&mut self, stream: Stream, at_ns: Option<i64>, text: &str, take: &mut impl FnMut(Event)) {
        self.lines += 1;
        let judged = line::glance(text);
        let strand = &mut self.strands[index(stream)];
        if let Some(open) = strand {
            let gap_ns = at_ns
                .zip(open.last_at_ns)
                .map(|(now, then)| now.saturating_sub(then));
            if joins(&open.context, text, &judged, gap_ns) {
                open.go_on(at_ns, text, &judged, self.everything);
                return;
            }
        }
        match strand {
            // Nothing of it was kept, and nothing of it is to be told.
            Some(open) if open.severity == Severity::Other && open.context.named && !self.everything => {
                self.others += u64::from(!open.handed);
                if judged.severity == Severity::Other && judged.named {
                    open.begin_again(at_ns, text, &judged);
                    return;
                }
            }
            Some(_) => {
                if let Some(done) = strand.take() {
                    self.others += done.close(stream, self.everything, take);
                }
            }
            None => {}
        }
        *strand = Some(Open::begin(at_ns, text, &judged, self.everything));
    }

    /// Every line in `block`, which ends with a line's end or with the last line. For lines that come with no stamps of
    /// their own, such as a file of them; what is not UTF-8 is replaced.
    pub fn push_lines(
        &mut self,
        stream: Stream,
        at_ns: Option<i64>,
        block: &[u8],
        take: &mut impl FnMut(Event),
    ) {
        let lossy;
        let text = match std::str::from_utf8(block) {
            Ok(text) => text,
            Err(_) => {
                lossy = String::from_utf8_lossy(block);
                &*lossy
            }
        };
        let mut from = 0;
        while from < text.len() {
            let end =
                memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |length| from + length);
            self.push(stream, at_ns, &text[from..end], take);
            from = end + 1;
        }
    }

    /// Hands out what nothing has continued for [`CONTINUATION_NS`], or has waited for [`MOST_DELAY_NS`]. `now_ns` is on
    /// the clock that stamps the lines.
    pub fn expire(&mut self, now_ns: i64, take: &mut impl FnMut(Event)) {
        for stream in STREAMS {
            let Some(open) = &mut self.strands[index(stream)] else {
                continue;
            };
            let quiet = open
                .last_at_ns
                .is_none_or(|at| now_ns.saturating_sub(at) >= CONTINUATION_NS);
            let old = open
                .first_at_ns
                .is_none_or(|at| now_ns.saturating_sub(at) >= MOST_DELAY_NS);
            if !open.handed && (quiet || old) {
                self.others += open.hand_out(stream, self.everything, take);
            }
        }
    }

    /// Hands out all that waits: no more lines come.
    pub fn finish(&mut self, take: &mut impl FnMut(Event)) {
        for stream in STREAMS {
            if let Some(open) = self.strands[index(stream)].take() {
                self.others += open.close(stream, self.everything, take);
            }
        }
    }

    /// Lines of the event of this stream that still waits for more; 0 when none does.
    #[must_use]
    pub fn waiting_lines(&self, stream: Stream) -> u64 {
        self.strands[index(stream)]
            .as_ref()
            .filter(|open| !open.handed)
            .map_or(0, |open| open.count)
    }

    /// The stamp of the first line that still waits: who reads the log again must not begin after it.
    #[must_use]
    pub fn oldest_waiting_ns(&self) -> Option<i64> {
        self.strands
            .iter()
            .flatten()
            .filter(|open| !open.handed)
            .filter_map(|open| open.first_at_ns)
            .min()
    }
}

const STREAMS: [Stream; 3] = [Stream::Stdout, Stream::Stderr, Stream::Engine];

fn index(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
        Stream::Engine => 2,
    }
}

impl Open {
    fn begin(at_ns: Option<i64>, text: &str, judged: &line::Judged<'_>, everything: bool) -> Self {
        let mut open = Self {
            severity: judged.severity,
            context: Context::of(text, judged),
            first_at_ns: at_ns,
            last_at_ns: at_ns,
            lines: Vec::new(),
            bytes: 0,
            count: 1,
            handed: false,
        };
        open.keep(text, everything);
        open
    }

    /// One harmless event after another.
    fn begin_again(&mut self, at_ns: Option<i64>, text: &str, judged: &line::Judged<'_>) {
        self.context = Context::of(text, judged);
        self.first_at_ns = at_ns;
        self.last_at_ns = at_ns;
        self.count = 1;
        self.handed = false;
    }

    /// What cannot become an issue any more is not kept.
    fn keep(&mut self, text: &str, everything: bool) {
        let harmless = self.severity == Severity::Other && self.context.named;
        if harmless && !everything
            || self.handed
            || self.lines.len() >= MOST_LINES
            || self.bytes >= MOST_BYTES
        {
            return;
        }
        let room = MOST_BYTES - self.bytes;
        let kept = &text[..text.floor_char_boundary(room)];
        self.bytes += kept.len();
        self.lines.push(kept.to_owned());
    }

    fn go_on(&mut self, at_ns: Option<i64>, text: &str, judged: &line::Judged<'_>, everything: bool) {
        self.count += 1;
        self.last_at_ns = at_ns.or(self.last_at_ns);
        if !self.context.named
            && self.severity < Severity::Error
            && matches!(judged.part, Some(Part::Start(_) | Part::Exception | Part::Frame))
            && !self.context.block()
        {
            self.severity = Severity::Error;
        }
        if self.context.jul && self.count == 2 && judged.named {
            self.severity = judged.severity;
            self.context.named = true;
        }
        let says = self.context.boxed() || self.context.bare() && !judged.head.indented;
        if says && !self.context.named {
            self.severity = self.severity.max(judged.severity);
        }
        self.keep(text, everything);
        let was_block = self.context.block();
        self.context.go_on(text, judged);
        if was_block && !self.context.block() && !self.context.named {
            self.judge_block();
        }
    }

    /// An object printed over several lines is complete: what does it say as a whole?
    fn judge_block(&mut self) {
        let whole = self.lines.join(" ");
        let judged = line::judge(&whole);
        if let Form::Json(_) = judged.form {
            self.severity = judged.severity;
            self.context.named = judged.named;
        }
    }

    fn close(mut self, stream: Stream, everything: bool, take: &mut impl FnMut(Event)) -> u64 {
        self.hand_out(stream, everything, take)
    }

    /// Hands the event out, once. Returns how many harmless events that was.
    fn hand_out(&mut self, stream: Stream, everything: bool, take: &mut impl FnMut(Event)) -> u64 {
        if std::mem::replace(&mut self.handed, true) {
            return 0;
        }
        let other = u64::from(self.severity == Severity::Other);
        if other == 0 || everything {
            let mut lines = std::mem::take(&mut self.lines);
            redact_lines(&mut lines);
            let judged = line::judge(lines.first().map_or("", String::as_str));
            let mut masked = fingerprint::masked(&lines, &judged);
            let title = title::of(&lines, &judged);
            masked.truncate(masked.floor_char_boundary(MASKED_BYTES));
            take(Event {
                stream,
                severity: self.severity,
                fingerprint: Fingerprint::of(&masked),
                first_at_ns: self.first_at_ns,
                last_at_ns: self.last_at_ns,
                // What was escaped in a line, or stood on two, may be plain in its title.
                message: match lines.first() {
                    Some(first) if first.trim_end().ends_with(&title) => title,
                    _ => without_secrets(title),
                },
                masked,
                lines,
                line_count: self.count,
            });
        }
        other
    }
}

fn without_secrets(line: String) -> String {
    match redact(&line) {
        std::borrow::Cow::Borrowed(_) => line,
        std::borrow::Cow::Owned(redacted) => redacted,
    }
}

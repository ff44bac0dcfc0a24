//! Whether a line goes on with the event before it.
//!
//! Decided from the line itself and from a few facts about the event that is open; no line that comes later changes it,
//! so that nothing has to wait for more than its own continuation.

mod looks;

use crate::Severity;
use crate::json;
use crate::line::{Form, Judged};
use crate::trace::{self, Part, Tongue};
use looks::{
    about_the_message_before, announcing, banner, closing, counted, does, drawing, go_call, labelled,
    prefixed, python_end, report, rule, ruled,
};

/// A line that may be a continuation joins only this soon.
const SOON_NS: i64 = 100_000_000;
/// A line without any mark of a continuation was printed together with the one before it if it came this soon.
const TOGETHER_NS: i64 = 3_000_000;
/// An indented line that is no part of a trace goes on with what was printed this shortly before.
const INDENTED_NS: i64 = 250_000_000;
/// A line that was announced by a colon at the end of the one before it.
const ANNOUNCED_NS: i64 = 500_000_000;
/// Lines of one box or banner.
const BOX_NS: i64 = 10_000_000;
/// Longest object printed over several lines.
const MOST_BLOCK_LINES: u32 = 1000;

/// What is known of the open event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// Its first line named its level.
    pub(crate) named: bool,
    severity: Severity,
    /// Its first line had a time or a level.
    opened: bool,
    /// Its first line had a time.
    timed: bool,
    tongue: Option<Tongue>,
    /// A frame was seen.
    frames: bool,
    /// Python's exception was seen, which ends the trace.
    ended: bool,
    /// A line that announces another trace was seen.
    chained: bool,
    /// An exception without frames so far stands last.
    exception: bool,
    /// Open brackets of an object printed over several lines.
    depth: i32,
    banner: bool,
    /// A rule opened a box, and none has closed it yet.
    boxed_in: bool,
    /// How its first line begins, which another of its kind does too.
    begins: [u8; 24],
    /// Its first line begins with an arrow.
    arrow: bool,
    /// The last line ended with a colon, or the first announces a trace.
    colon: bool,
    /// Its first line is the first of the two that `java.util.logging` prints.
    pub(crate) jul: bool,
    /// The line is an object or made of pairs, which holds its trace within.
    structured: bool,
    /// Its first line announces a trace.
    announces: bool,
    /// Where the level stands in its first line.
    column: u16,
    /// Names the head of its first line, where what comes with the very same head is part of the same message.
    stamp: u64,
    lines: u32,
    /// Lines that are not blank.
    said: u8,
    /// The last line was blank.
    parted: bool,
    /// Its exception is followed by a list of what was wrong.
    lists: bool,
}

impl Context {
    /// After the first line.
    pub(crate) fn of(text: &str, judged: &Judged<'_>) -> Self {
        let opened = judged.opens();
        let mut context = Self {
            named: judged.named,
            severity: judged.severity,
            opened,
            timed: judged.head.time,
            tongue: None,
            frames: false,
            ended: false,
            chained: false,
            exception: false,
            depth: 0,
            banner: !opened && (banner(text) || drawing(text) || ruled(text.trim_start())),
            boxed_in: false,
            begins: beginning(text),
            arrow: text.starts_with("==> "),
            colon: false,
            jul: judged.head.time && !judged.named && jul(text, judged),
            structured: opened && !judged.head.opens(),
            announces: false,
            column: judged.head.column,
            stamp: stamp(text, judged),
            lines: 0,
            said: 0,
            parted: false,
            lists: false,
        };
        context.depth = block_depth(text, judged);
        // As `go_on` would do with most lines.
        if judged.part.is_some() {
            context.go_on(text, judged);
        } else {
            context.lines = 1;
            if let Some(last) = text.trim_ascii_end().as_bytes().last() {
                context.said = 1;
                context.colon = *last == b':' || report(text);
            }
        }
        if context.colon {
            context.announces = announcing(text);
        }
        context
    }

    /// It is an object of which more lines are to come.
    pub(crate) fn block(&self) -> bool {
        self.depth > 0
    }

    /// It is a banner, whose first line says nothing.
    pub(crate) fn boxed(&self) -> bool {
        self.banner && !self.opened
    }

    /// Its first line has no head, so that any of its lines may say how bad it is.
    pub(crate) fn bare(&self) -> bool {
        !self.opened && self.depth == 0
    }

    /// After one more line of the event.
    pub(crate) fn go_on(&mut self, text: &str, judged: &Judged<'_>) {
        self.lines = self.lines.saturating_add(1);
        if self.lines > 1 && self.depth > 0 {
            self.depth = if self.lines > MOST_BLOCK_LINES {
                0
            } else {
                json::balance(text, self.depth)
            };
            return;
        }
        let last = text.bytes().rposition(|b| !b.is_ascii_whitespace());
        self.parted = last.is_none();
        let Some(last) = last else {
            return;
        };
        self.said = self.said.saturating_add(1);
        self.colon = self.announces || text.as_bytes()[last] == b':';
        self.exception = false;
        if self.lines > 1 && rule(text) {
            self.boxed_in = !self.boxed_in;
        }
        self.banner |= self.tongue.is_none() && !self.opened && banner(text);
        match judged.part {
            Some(Part::Start(tongue)) => {
                self.tongue = Some(tongue);
                self.frames = false;
                self.ended = false;
                self.chained = false;
            }
            Some(Part::Frame) => self.frames = true,
            Some(Part::Exception) => {
                self.exception = true;
                self.ended |= !judged.head.indented;
                self.lists = text.contains(" validation error");
            }
            Some(Part::More) => {
                self.chained |=
                    text.starts_with("During handling") || text.starts_with("The above exception");
                if text.starts_with("goroutine ") {
                    self.tongue = Some(Tongue::Go);
                }
            }
            None => {
                self.ended |= self.tongue == Some(Tongue::Python) && !judged.head.indented && self.lines > 1
            }
        }
    }
}

fn beginning(text: &str) -> [u8; 24] {
    if let Some(begins) = text.as_bytes().first_chunk() {
        return *begins;
    }
    let mut begins = [0; 24];
    let length = text.len().min(begins.len());
    begins[..length].copy_from_slice(&text.as_bytes()[..length]);
    begins
}

/// An indented line with the very time of the line it is indented below.
fn same_moment(open: &Context, trimmed: &str, judged: &Judged<'_>) -> bool {
    judged.head.time
        && judged.head.level == Some(open.severity)
        && trimmed.as_bytes().get(..19).is_some_and(|begins| {
            begins == &open.begins[..19] && begins.iter().filter(|b| b.is_ascii_digit()).count() >= 12
        })
}

/// Open brackets at the end of a line that begins an object over several lines.
fn block_depth(text: &str, judged: &Judged<'_>) -> i32 {
    if judged.part.is_some() && !judged.opens() {
        return 0;
    }
    let trimmed = text.trim_ascii_end();
    match trimmed.as_bytes().last() {
        Some(b'{' | b'[') => 1,
        Some(_) if trimmed.starts_with('{') && !matches!(judged.form, Form::Json(_)) => {
            json::balance(trimmed, 0)
        }
        _ => 0,
    }
}

/// A name for the head of a line with a time in microseconds or finer, or with a program's name before `ERR!` or
/// `error`; 0 for all others. A logger that prints a message of several lines with a head before each of them asks its
/// clock once; npm has no clock.
fn stamp(text: &str, judged: &Judged<'_>) -> u64 {
    let bytes = text.as_bytes();
    let name = |head: &[u8]| {
        head.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, b| {
            (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    if !judged.head.time {
        if !bytes.first().is_some_and(u8::is_ascii_lowercase) {
            return 0;
        }
        let program = bytes.iter().take_while(|b| b.is_ascii_lowercase()).count();
        let level = bytes.get(program..).unwrap_or_default();
        return [" ERR!", " error ", " warn "]
            .iter()
            .find(|word| program > 1 && level.starts_with(word.as_bytes()))
            .map_or(0, |word| name(&bytes[..program + word.len()]));
    }
    let fraction = |at: usize| {
        matches!(bytes.get(at), Some(b'.' | b','))
            && bytes
                .get(at + 1..at + 7)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    if bytes[0].is_ascii_uppercase()
        && let Some(head) = counted(bytes, judged.head.message)
    {
        return name(head);
    }
    // What crashes has no time to print anything else in the same millisecond.
    if judged.severity == Severity::Error
        && let Some(end) = last_words(bytes.get(..judged.head.message).unwrap_or(bytes))
    {
        return name(&bytes[..end]);
    }
    if !(fraction(19) || fraction(20)) {
        return 0;
    }
    name(bytes.get(..judged.head.message).unwrap_or(bytes).trim_ascii_end())
}

/// Where the level ends in a head with milliseconds and the level of a crash.
fn last_words(head: &[u8]) -> Option<usize> {
    let finer = |at: usize| {
        matches!(head.get(at), Some(b'.' | b','))
            && head
                .get(at + 1..at + 4)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    if !(finer(19) || finer(20)) {
        return None;
    }
    [b"critical".as_slice(), b"CRITICAL", b"fatal", b"FATAL"]
        .iter()
        .find_map(|word| memchr::memmem::find(head, word).map(|at| at + word.len()))
}

/// `Jan 17, 2026 2:20:08 AM a.b.Class method`
pub(crate) fn jul(text: &str, judged: &Judged<'_>) -> bool {
    if !judged.head.time || judged.named {
        return false;
    }
    let mut words = text.get(judged.head.message..).unwrap_or("").split(' ');
    let class = words.next().is_some_and(|word| {
        word.contains('.')
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'_'))
    });
    let method = words.next().is_some_and(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'<' | b'>' | b'$' | b'_'))
    });
    class && method && words.next().is_none()
}

/// The line has the head of the first one, as another message of the same logger has.
fn alike(open: &Context, text: &str, judged: &Judged<'_>) -> bool {
    let head = judged.head.message.min(open.begins.len());
    judged.opens() && text.as_bytes().get(..head) == Some(&open.begins[..head])
}

/// A line with a head of its own that holds a frame, or the exception that the line before ended with a colon for.
fn handed_apart(open: &Context, judged: &Judged<'_>) -> bool {
    open.severity > Severity::Other
        && match judged.part {
            Some(Part::Frame) => judged.head.level == Some(open.severity),
            Some(Part::Exception) => open.colon,
            _ => false,
        }
}

/// A line that looks like the first of an event but goes on with one that was announced: a box of stars of which a line
/// holds a level, the answer whose status the line before told, the frames of a crash with a head before each.
fn announced(open: &Context, text: &str, judged: &Judged<'_>, gap_ns: Option<i64>) -> bool {
    let bytes = text.as_bytes();
    if open.boxed() {
        let signs = matches!(open.begins[0], b'*' | b'#')
            && bytes.first() == Some(&open.begins[0])
            && matches!(bytes.get(1), None | Some(b' '));
        let drawn = open.begins[0] == 0xe2 && text.starts_with(['│', '║', '┃']);
        return (signs || drawn) && gap_ns.is_none_or(|gap| gap <= BOX_NS);
    }
    let answer = open.colon
        && open.lines == 1
        && !judged.head.opens()
        && matches!(judged.form, Form::Json(fields) if !fields.logged && !judged.named);
    answer || open.announces && memchr::memmem::find(bytes, b"+0x").is_some()
}

/// Whether `text` goes on with the event of `open`, which had its last line `gap_ns` before.
pub(crate) fn joins(open: &Context, text: &str, judged: &Judged<'_>, gap_ns: Option<i64>) -> bool {
    // What nearly every line is: the first of an event, after one that nothing can go on with but by a mark.
    let together = gap_ns.is_some_and(|gap| (0..=TOGETHER_NS).contains(&gap));
    if open.stamp != 0 && together && open.stamp == stamp(text, judged) {
        return true;
    }
    // A logger that was handed the trace apart from its message, or an exception announced on the line before.
    if together && judged.opens() && open.opened && open.lines == 1 && handed_apart(open, judged) {
        return true;
    }
    // What a database or a tool said, which a logger printed below its own words.
    if together
        && open.timed
        && open.severity == Severity::Error
        && !judged.head.time
        && !judged.head.indented
        && ["ERROR: ", "FATAL: ", "fatal: ", "error: ", "Err: "]
            .iter()
            .any(|begins| text.starts_with(begins))
    {
        return true;
    }
    if (open.banner | open.colon)
        && (open.boxed() || together && open.opened)
        && announced(open, text, judged, gap_ns)
    {
        return true;
    }
    let first = judged.opens()
        && !judged.head.indented
        && judged.part.is_none()
        && (judged.head.level.is_some() || !matches!(judged.form, Form::Plain));
    if first && open.depth == 0 && open.tongue.is_none() && !open.jul {
        return false;
    }
    let trimmed = text.trim();
    // Something that gives each line the time gives it to blank ones too.
    let timed = judged.head.time && judged.head.level.is_none();
    if trimmed.is_empty() || timed && text[judged.head.message.min(text.len())..].trim().is_empty() {
        return true;
    }
    // A console that leaves out a time which is that of the line before: its levels stand below each other.
    if judged.head.column >= 8
        && judged.head.indented
        && !judged.head.time
        && judged.head.column == open.column
    {
        return false;
    }
    let soon = gap_ns.is_none_or(|gap| gap <= SOON_NS);
    let stamped = judged.opens() && judged.head.time && !judged.head.indented;
    if open.depth > 0 && !stamped {
        return true;
    }
    if open.opened && judged.head.level.is_none() && about_the_message_before(text, judged) {
        return true;
    }
    if open.tongue == Some(Tongue::Python) && !open.ended {
        if judged.head.indented && !judged.head.time {
            return true;
        }
        if python_end(text) {
            return true;
        }
    }
    if open.tongue == Some(Tongue::Node) && !open.frames && !judged.head.time {
        return true;
    }
    if open.jul && open.lines == 1 && judged.head.level.is_some() && !judged.head.time {
        return true;
    }
    // An exception that a logger prints below its message may itself look like a line with a level: `Error: x`.
    let attached = judged.part == Some(Part::Exception)
        && !judged.head.time
        && !judged.head.indented
        && !alike(open, text, judged);
    // Two exceptions that nothing else was printed with are two.
    let alone = open.exception && open.lines == 1;
    if attached
        && open.opened
        && open.severity > Severity::Other
        && !open.frames
        && open.tongue.is_none()
        && (together || soon && !open.structured)
    {
        return true;
    }
    // `Error: x` in the midst of a block of lines without heads. After frames it is another crash.
    if attached && !open.opened && open.tongue.is_none() && !open.frames && !alone && together {
        return true;
    }
    if open.boxed_in && !judged.opens() && soon {
        return true;
    }
    if judged.head.indented {
        if same_moment(open, trimmed, judged) {
            return true;
        }
        // One blank is no indent.
        let sentence = !open.opened
            && open.said == 1
            && trimmed.as_bytes()[0].is_ascii_uppercase()
            && text.as_bytes()[1] != b' ';
        let late = gap_ns.is_some_and(|gap| gap > if sentence { SOON_NS } else { INDENTED_NS });
        // A console that indents its crashes.
        let crash = judged.part == Some(Part::Exception) && open.severity == Severity::Other;
        if late && (judged.part.is_none() || crash && !open.frames) {
            return false;
        }
        let corner = matches!(trimmed.chars().next(), Some('┏' | '╔' | '┌' | '╭'));
        if corner && !open.banner && open.severity == Severity::Other {
            return false;
        }
        let picture = drawing(text) || open.severity == Severity::Other && ruled(trimmed);
        if open.opened && open.tongue.is_none() && !open.frames && picture {
            return false;
        }
        let loud = matches!(trimmed.as_bytes()[0], b'A'..=b'Z' | b'[' | b'<');
        let marked = trimmed.as_bytes()[0] == 0xe2 && judged.head.level.is_some();
        if marked && !text.starts_with("   ") {
            return false;
        }
        let level = loud
            && judged.head.level.is_some()
            && !text.starts_with('\t')
            && !text.starts_with("   ")
            && !open.frames;
        return !(judged.head.time || level);
    }
    // `Time: 15:04:05` in the midst of such a block.
    let value = judged.head.level.is_none() && judged.part.is_none() && labelled(text);
    if together && !open.opened && !open.parted && value {
        return true;
    }
    if judged.opens() {
        return false;
    }
    match judged.part {
        Some(Part::Frame | Part::More) => return true,
        Some(Part::Start(tongue)) => {
            let nested =
                open.chained || tongue == Tongue::Go && open.tongue == Some(Tongue::Go) && !open.frames;
            // A logger prints Python's traces; what others print in this shape is a crash of its own.
            let attached = open.opened
                && tongue == Tongue::Python
                && open.severity > Severity::Other
                && open.tongue.is_none()
                && !open.frames
                && soon;
            // `Exception in thread Thread-3 (serve):` before the trace.
            let announced = open.tongue == Some(Tongue::Other) && open.lines == 1 && open.colon && soon;
            let together =
                (open.severity > Severity::Other || !open.opened) && open.tongue.is_none() && together;
            return nested || attached || announced || together;
        }
        Some(Part::Exception) => {
            return !open.frames
                && !alone
                && open.tongue.is_none()
                && (open.opened && open.named && soon || !open.opened && together);
        }
        None => {}
    }
    if closing(trimmed)
        || open.banner
            && (banner(text) && gap_ns.is_none_or(|gap| gap <= BOX_NS)
                || gap_ns.is_some_and(|gap| (0..=BOX_NS).contains(&gap))
                    && !(text.starts_with('[') && prefixed(text)))
    {
        return true;
    }
    match open.tongue {
        Some(Tongue::Go) if go_call(text) => return true,
        Some(Tongue::Go) if !open.frames && together => return true,
        Some(Tongue::Rust) if open.lines == 1 => return true,
        _ => {}
    }
    // What was printed in one go with an error belongs to it, if it says nothing of its own.
    if together && open.opened && open.severity > Severity::Other && !prefixed(text) {
        return true;
    }
    if gap_ns.is_some_and(|gap| (0..=TOGETHER_NS / 2).contains(&gap))
        && open.opened
        && open.said < 4
        && judged.severity == Severity::Other
        && !prefixed(text)
    {
        return true;
    }
    if together && open.lists {
        return true;
    }
    // Lines without any head that were printed in one go are one message.
    let over = open.ended && open.tongue == Some(Tongue::Python);
    // A record that begins with its number is none of them.
    let record = text.as_bytes()[0].is_ascii_digit();
    // One that tells of trouble after another that does: both are trouble of their own.
    let another = judged.severity == Severity::Error
        && open.severity == Severity::Error
        && (open.lines == 1
            || open.frames && judged.part.is_none() && open.begins[..8] == beginning(text)[..8]);
    // A step of a script, announced by an arrow or by what it does, holds no line but indented ones. MinIO parts its
    // blocks by a blank line, and begins each with what was asked.
    let step = open.arrow
        || open.parted && open.said == 1 && !open.banner && text.starts_with("API: ")
        || text.starts_with("==> ")
        || text
            .strip_prefix("** ")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        || open.severity == Severity::Other && judged.severity == Severity::Other && does(text)
        || open.begins[0] == b'[' && text.starts_with(['─', '═', '━']);
    if together && !open.opened && !over && !record && !another && !step && !prefixed(text) {
        return true;
    }
    open.colon
        && (open.opened || open.severity > Severity::Other)
        && gap_ns.is_none_or(|gap| gap <= ANNOUNCED_NS)
        && trace::exception_name(text).is_none()
        && open.lines == 1
}

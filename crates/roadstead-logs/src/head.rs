//! The beginning of a line: everything a logger prints before the message.
//!
//! Timestamps, levels, process ids, threads, loggers, in whatever order, walked from left to right. A word counts as a
//! level only where a column of levels can be: beside a timestamp, between brackets, or before a colon.

mod syslog;
mod word;

use crate::Severity;
use crate::level::{self, Spelling};
use crate::time;
use word::{Before, bracketed_level, level_word};

/// Longest stretch of a line that can be its beginning.
const LONGEST_HEAD_BYTES: usize = 400;
/// Most columns before the level.
const MOST_COLUMNS: usize = 14;
/// Most columns that are neither time nor level, between time and level.
const MOST_SOFT: usize = 6;
/// Deepest nesting of brackets looked into.
const DEEPEST: usize = 2;

/// What the beginning of a line says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// It begins with white space.
    pub(crate) indented: bool,
    /// It has a timestamp.
    pub(crate) time: bool,
    /// It names its level.
    pub(crate) level: Option<Severity>,
    /// Where the word for the level stands.
    pub(crate) column: u16,
    /// Where the message begins.
    pub(crate) message: usize,
    /// The logger's name, where it is one and stands apart from the message.
    pub(crate) logger: (usize, usize),
    /// A syslog line: host and program stand before the message.
    pub(crate) syslog: bool,
}

impl Head {
    /// A line that looks like this was printed by a logger as the first of its event.
    pub(crate) fn opens(&self) -> bool {
        self.time || self.level.is_some()
    }
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while blank(byte(text, at)) {
        at += 1;
    }
    at
}

#[inline]
fn skip_separators(text: &[u8], at: usize) -> usize {
    if byte(text, at).is_ascii_alphanumeric() {
        at
    } else {
        skip_more_separators(text, at)
    }
}

fn skip_more_separators(text: &[u8], mut at: usize) -> usize {
    loop {
        // Blanks are most of them.
        while byte(text, at) == b' ' {
            at += 1;
        }
        if byte(text, at).is_ascii_alphanumeric() {
            return at;
        }
        match byte(text, at) {
            b'\t' | b'|' => at += 1,
            b'-' | b':' | b',' | b';' | b'*' if blank(byte(text, at + 1)) || byte(text, at + 1) == b'-' => {
                at += 1
            }
            // The middle dot and the bullet of Home Assistant add-ons and of Nx.
            0xc2 if byte(text, at + 1) == 0xb7 => at += 2,
            _ => return at,
        }
    }
}

/// The first byte after the bracket that closes the one at `at`.
fn close(text: &[u8], at: usize) -> Option<usize> {
    let (open, shut) = match byte(text, at) {
        b'[' => (b'[', b']'),
        b'(' => (b'(', b')'),
        b'<' => (b'<', b'>'),
        b'{' => (b'{', b'}'),
        _ => return None,
    };
    let mut depth = 0;
    for (offset, &b) in text[at..].iter().take(LONGEST_HEAD_BYTES).enumerate() {
        if b == open {
            depth += 1;
        } else if b == shut {
            depth -= 1;
            if depth == 0 {
                return Some(at + offset + 1);
            }
        }
    }
    None
}

/// Letters from `at`, with digits after the first.
fn word(text: &[u8], at: usize) -> usize {
    text[at.min(text.len())..]
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_alphabetic())
        .count()
}

fn token(text: &[u8], at: usize) -> usize {
    text[at.min(text.len())..]
        .iter()
        .take(LONGEST_HEAD_BYTES)
        .take_while(|b| !blank(**b))
        .count()
}

/// `E0102 15:04:05.678901   12345 reflector.go:138] `, `E260102 15:04:05.678901 12 x.go:138 ⋮ [n1] 345  `
fn klog(text: &[u8]) -> Option<Head> {
    let severity = level::of_letter(byte(text, 0))
        .filter(|_| matches!(byte(text, 0), b'E' | b'W' | b'I' | b'F' | b'D'))?;
    let month_day = time::digits(text, 1);
    if !matches!(month_day, 4 | 6 | 8) || byte(text, 1 + month_day) != b' ' {
        return None;
    }
    time::at(text, 2 + month_day)?;
    let message = memchr::memmem::find(&text[..text.len().min(LONGEST_HEAD_BYTES)], b"] ")
        .map_or(2 + month_day, |at| after_count(text, at + 2));
    Some(Head {
        time: true,
        level: Some(severity),
        message,
        ..Head::default()
    })
}

/// Behind the number of the message and the sign that tells whether it begins here: `345  begins`, `345 +goes on`.
fn after_count(text: &[u8], at: usize) -> usize {
    let digits = time::digits(text, at);
    let sign = at + digits + 1;
    if digits > 0
        && byte(text, sign - 1) == b' '
        && matches!(byte(text, sign), b' ' | b'+' | b'!' | b'|' | b'=')
    {
        sign + 1
    } else {
        skip_spaces(text, at)
    }
}

/// A level word and a colon after blanks at `at`.
#[cold]
fn level_and_colon(text: &[u8], at: usize) -> bool {
    let from = skip_spaces(text, at);
    let end = from + word(text, from);
    byte(text, end) == b':' && level::of_word(&text[from..end]).is_some()
}

/// Reads the beginning of a line.
pub(crate) fn parse(text: &[u8]) -> Head {
    if let Some(head) = klog(text) {
        return head;
    }
    walk(text, 0)
}

/// A logger's name: dotted or with `::`, lower case first, no digits that could be a thread's.
fn is_logger(name: &[u8]) -> bool {
    let dotted = name.contains(&b'.') || name.contains(&b':') || name.contains(&b'_');
    dotted
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_' | b':' | b'$' | b'-' | b'/'))
}

struct Walk<'t> {
    text: &'t [u8],
    depth: usize,
    head: Head,
    at: usize,
    soft: usize,
}

fn walk(text: &[u8], depth: usize) -> Head {
    let indent = text.iter().take_while(|b| blank(**b)).count();
    let mut walk = Walk {
        text,
        depth,
        at: indent,
        soft: 0,
        head: Head {
            indented: indent > 0,
            message: indent,
            ..Head::default()
        },
    };
    // BGL and Thunderbird put their alert category first, and `-` for none.
    if byte(text, walk.at) == b'-'
        && byte(text, walk.at + 1) == b' '
        && byte(text, walk.at + 2).is_ascii_digit()
    {
        walk.at += 2;
    }
    if walk.numbered() {
        walk.head.indented = false;
    }
    if depth == 0 && indent == 0 && walk.record() {
        return walk.head;
    }
    for _ in 0..MOST_COLUMNS {
        if !walk.column() {
            break;
        }
    }
    walk.finish()
}

impl Walk<'_> {
    fn before(&self) -> Before {
        match (self.soft, self.head.time) {
            (0, false) => Before::Nothing,
            (0, true) => Before::Time,
            _ => Before::Column,
        }
    }

    /// Zabbix puts the process before the time: `12:20260102:150405.123`.
    fn numbered(&mut self) -> bool {
        const LONGEST: usize = 7;
        // Years are what most lines begin with.
        if byte(self.text, self.at + 4) == b'-' || !byte(self.text, self.at).is_ascii_digit() {
            return false;
        }
        let process = time::digits(self.text, self.at);
        let is_one = process <= LONGEST
            && byte(self.text, self.at + process) == b':'
            && time::digits(self.text, self.at + process + 1) == 8
            && byte(self.text, self.at + process + 9) == b':';
        if is_one {
            self.at += process + 1;
        }
        is_one
    }

    fn commit(&mut self, end: usize) {
        self.at = skip_separators(self.text, end);
        self.head.message = self.at;
    }

    /// One column further; `false` where the message begins.
    fn column(&mut self) -> bool {
        self.at = skip_separators(self.text, self.at);
        let text = self.text;
        if self.at >= text.len().min(LONGEST_HEAD_BYTES) {
            return false;
        }
        let elsewhere = self.head.time && (self.soft > 1 || self.soft > 0 && self.head.syslog);
        if !elsewhere && (self.head.level.is_none() || !self.head.time) {
            if let Some(end) = time::at(text, self.at).filter(|end| !byte(text, *end).is_ascii_alphanumeric())
            {
                self.time(end);
                return true;
            }
            if self.at <= 2
                && let Some(end) = time::epoch(text, self.at)
                    .filter(|end| blank(byte(text, *end)) || byte(text, *end) == b':')
            {
                self.time(end);
                return true;
            }
        }
        if self.head.level.is_some() {
            return self.after_level();
        }
        match byte(text, self.at) {
            b'<' => self.priority() || self.bracket(),
            b'[' | b'(' => self.bracket(),
            // `{request} <Error>`
            b'{' if self.head.time => match close(text, self.at) {
                Some(end) if text[end..].starts_with(b" <") => self.pass(end),
                _ => self.level() || self.soft_column(),
            },
            0xe2 if !self.head.opens() && self.soft == 0 => self.mark(),
            _ => self.level() || self.soft_column(),
        }
    }

    fn time(&mut self, end: usize) {
        let syslog = self.text[self.at].is_ascii_alphabetic();
        self.head.time = true;
        self.soft = 0;
        // `2026-01-02 15:04:05,123: ERROR/MainProcess`
        let end = end + usize::from(byte(self.text, end) == b':');
        let spaces = self.text[end.min(self.text.len())..]
            .iter()
            .take_while(|b| blank(**b))
            .count();
        self.at = end + spaces;
        if self.redis_mark() {
            return;
        }
        self.commit(end);
        if syslog || self.names_a_process() {
            self.syslog();
        } else if byte(self.text, self.at) == b'#' {
            self.numbered_process();
        }
    }

    fn level(&mut self) -> bool {
        let text = self.text;
        if let Some((severity, end)) = level_word(text, self.at, self.before(), self.head.time) {
            self.head.level = Some(severity);
            self.head.column = self.at as u16;
            self.commit(end);
            return true;
        }
        // One-letter columns.
        let letter = byte(text, self.at);
        let after = byte(text, self.at + 1);
        let logcat = after == b'/'
            && byte(text, self.at + 2).is_ascii_alphabetic()
            && (!self.head.opens() || self.logcat_tag());
        // `E! message` behind the time, `E: message` where nothing stands before.
        let banged = self.head.time && after == b'!' || self.at == 0 && after == b':';
        if banged
            && blank(byte(text, self.at + 2))
            && matches!(letter, b'E' | b'W' | b'I' | b'D')
            && let Some(severity) = level::of_letter(letter)
        {
            self.head.level = Some(severity);
            self.commit(self.at + 2);
            return true;
        }
        // `E [02/Jan/2026:15:04:05 +0000] message`, `[E 2026-01-02 15:04:05.123 app] message`
        if after == b' '
            && !self.head.opens()
            && self.soft == 0
            && matches!(letter, b'E' | b'W' | b'I' | b'D' | b'C')
            && time::at(text, self.at + 2 + usize::from(byte(text, self.at + 2) == b'[')).is_some()
        {
            self.head.level = level::of_letter(letter);
            self.commit(self.at + 1);
            return true;
        }
        let tagged = || memchr::memchr(b'(', &text[..text.len().min(60)]).is_some();
        if (self.head.time && (blank(after) || after == b'|') || logcat && tagged())
            && let Some(severity) = level::of_letter(letter)
        {
            self.head.level = Some(severity);
            self.commit(self.at + 1 + usize::from(logcat));
            return true;
        }
        false
    }

    /// `E/Tag( 123): `: not `I/O error (x)`.
    #[cold]
    fn logcat_tag(&self) -> bool {
        let rest = &self.text[self.at + 2..];
        let tag = rest
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            .count();
        let process = &rest[tag..];
        byte(process, 0) == b'('
            && memchr::memchr(b')', &process[..process.len().min(10)]).is_some_and(|end| {
                process[1..end].iter().all(|b| b.is_ascii_digit() || *b == b' ')
                    && byte(process, end + 1) == b':'
            })
    }

    fn bracket(&mut self) -> bool {
        let text = self.text;
        let Some(end) = close(text, self.at) else {
            return false;
        };
        let inner = text[self.at + 1..end - 1].trim_ascii();
        if !self.head.opens()
            && self.soft == 0
            && let Some((severity, _)) = level::of_mark(inner).filter(|(_, length)| *length == inner.len())
        {
            self.head.level = Some(severity);
            self.commit(end);
            return true;
        }
        if inner.len() < 8 && !inner.is_empty() && inner.iter().all(u8::is_ascii_digit) {
            return self.pass(end);
        }
        // `(C) 2026` is a copyright.
        if let Some(severity) =
            bracketed_level(inner).filter(|_| !(byte(text, self.at) == b'(' && inner == b"C"))
        {
            self.head.level = Some(severity);
            self.commit(end);
            self.commit(end + usize::from(byte(text, end) == b':'));
            return true;
        }
        if time::at(inner, 0) == Some(inner.len())
            || time::epoch(inner, 0) == Some(inner.len()) && !inner.is_empty()
        {
            self.at = end;
            self.head.time = true;
            self.soft = 0;
            self.commit(end);
            return true;
        }
        // One word holds no more than has been asked for already.
        let word = inner
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'#' | b'$'));
        if self.depth < DEEPEST && !word {
            let within = walk(inner, self.depth + 1);
            if within.opens() && !within.indented && (within.time || within.message >= inner.len()) {
                self.head.time |= within.time;
                self.head.level = self.head.level.or(within.level);
                self.soft = 0;
                self.commit(end);
                return true;
            }
        }
        self.note_logger(inner, self.at + 1);
        self.pass(end)
    }

    /// `✗ what failed`
    fn mark(&mut self) -> bool {
        let Some((severity, length)) = level::of_mark(&self.text[self.at..]) else {
            return self.soft_column();
        };
        let end = self.at + length;
        if !blank(byte(self.text, end)) {
            return self.soft_column();
        }
        self.head.level = Some(severity);
        self.commit(end);
        true
    }

    fn note_logger(&mut self, inner: &[u8], from: usize) {
        if is_logger(inner) {
            self.head.logger = (from, from + inner.len());
        }
    }

    fn pass(&mut self, end: usize) -> bool {
        self.soft += 1;
        self.at = end + usize::from(byte(self.text, end) == b':');
        self.soft <= MOST_SOFT
    }

    /// A column that may stand between the time and the level: a pid, a host, a thread, a logger.
    fn soft_column(&mut self) -> bool {
        let text = self.text;
        let length = token(text, self.at);
        let column = &text[self.at..self.at + length];
        let end = self.at + length;
        // Monolog: `app.ERROR: message`.
        if column.ends_with(b":")
            && let Some(dot) = memchr::memrchr(b'.', column)
            && let Some((severity, _)) = level::of_word(&column[dot + 1..column.len() - 1])
            && column[dot + 1..column.len() - 1]
                .iter()
                .all(u8::is_ascii_uppercase)
        {
            self.head.level = Some(severity);
            self.commit(end);
            return true;
        }
        // `Zigbee2MQTT:info  2026-…`, `zigbee2mqtt:error`
        if let Some(colon) = column.iter().rposition(|b| *b == b':')
            && colon > 0
            && let Some((severity, Spelling::Any)) = level::of_word(&column[colon + 1..])
            && column[..colon]
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_')
        {
            self.head.level = Some(severity);
            self.commit(end);
            return true;
        }
        if self.head.syslog {
            // A mail's number may stand before the level: `4Zdf1f786a: info: …`.
            // So may a part of the program: `dovecot: auth: Error: …`.
            return self.soft == 0
                && column.ends_with(b":")
                && (column.iter().any(u8::is_ascii_digit) || level_and_colon(text, end))
                && self.pass(end);
        }
        // `[10.30 16:49:06] chrome.exe *64 - message`
        if self.head.time && self.soft == 0 && column.ends_with(b".exe") {
            let mut dash = skip_spaces(text, end);
            if byte(text, dash) == b'*' {
                dash = skip_spaces(text, dash + token(text, dash));
            }
            if byte(text, dash) == b'-' && blank(byte(text, dash + 1)) {
                self.commit(dash + 1);
                return false;
            }
        }
        let quoted = column
            .first()
            .is_some_and(|b| matches!(b, b'"' | b'\'' | b'{' | b'`'));
        let pair = column.contains(&b'=');
        if quoted || pair && (!self.head.time || column.starts_with(b"level=") || column.starts_with(b"lvl="))
        {
            return false;
        }
        let plain_sentence = !self.head.time && self.soft >= 2;
        if plain_sentence {
            return false;
        }
        self.pass(end)
    }

    /// Between the level and the message: more of the time, threads and loggers between brackets.
    fn after_level(&mut self) -> bool {
        let text = self.text;
        // `:: Thread-7 (run) : message`
        if byte(text, self.at) == b':'
            && text[self.at..].starts_with(b":: ")
            && let Some(length) = memchr::memmem::find(&text[self.at..text.len().min(self.at + 80)], b" : ")
        {
            self.commit(self.at + length + 3);
            return true;
        }
        if byte(text, self.at) != b'[' {
            return false;
        }
        let Some(end) = close(text, self.at) else {
            return false;
        };
        // A list at the end of the message is no column.
        let inner = text[self.at + 1..end - 1].trim_ascii();
        let apart = match byte(text, end) {
            b' ' | b'\t' | b':' => true,
            b'[' => inner.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !apart {
            return false;
        }
        // `["what happened"] [error="no table"]`: the message and its fields.
        if inner.starts_with(b"\"") || inner.ends_with(b"\"") && inner.contains(&b'=') {
            return false;
        }
        let begins = |name: &[u8]| {
            inner
                .get(..name.len())
                .is_some_and(|begins| begins.eq_ignore_ascii_case(name))
        };
        if begins(b"errno") || begins(b"winerror") {
            return false;
        }
        self.note_logger(inner, self.at + 1);
        self.commit(end + usize::from(byte(text, end) == b':'));
        true
    }

    fn finish(mut self) -> Head {
        // `ERROR (MainThread) [homeassistant.core] message`
        if self.head.level.is_some() && byte(self.text, self.head.message) == b'(' {
            let at = self.head.message;
            if let Some(end) = close(self.text, at)
                && byte(self.text, end) == b' '
                && byte(self.text, end + 1) == b'['
            {
                self.commit(end);
                self.after_level();
            } else if let Some(end) = close(self.text, at)
                && self.head.logger.1 > 0
                && byte(self.text, end) == b' '
            {
                // `ERROR [org.keycloak.services] (main) message`
                self.commit(end);
            }
        }
        self.head
    }
}

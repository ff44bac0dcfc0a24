//! The words and numbers by which programs name a level.

use crate::Severity;

/// Longest level word; longer words are not looked up.
const LONGEST_WORD: usize = 14;

/// How strict a word's surroundings must be before it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Any case will do: nobody writes `wrn` in a sentence.
    Any,
    /// Also an English word: believed in capitals or between brackets.
    Loud,
}

use Severity::{Error, Other, Warn};
use Spelling::{Any, Loud};

/// By length, which is how they are looked up.
const WORDS: [(&[u8], Severity, Spelling); 74] = [
    (b"wa", Warn, Loud),
    (b"ok", Other, Loud),
    (b"err", Error, Any),
    (b"ftl", Error, Any),
    (b"pnc", Error, Any),
    (b"sev", Error, Loud),
    (b"crt", Error, Loud),
    (b"fat", Error, Loud),
    (b"wrn", Warn, Any),
    (b"inf", Other, Any),
    (b"dbg", Other, Any),
    (b"trc", Other, Any),
    (b"vrb", Other, Any),
    (b"vbs", Other, Any),
    (b"log", Other, Loud),
    (b"ver", Other, Loud),
    (b"ntc", Other, Loud),
    (b"all", Other, Loud),
    (b"deb", Other, Loud),
    (b"erro", Error, Any),
    (b"eror", Error, Any),
    (b"crit", Error, Any),
    (b"fail", Error, Any),
    (b"warn", Warn, Any),
    (b"info", Other, Any),
    (b"dbug", Other, Any),
    (b"debg", Other, Any),
    (b"trce", Other, Any),
    (b"fata", Error, Any),
    (b"pani", Error, Any),
    (b"debu", Other, Any),
    (b"note", Other, Loud),
    (b"fine", Other, Loud),
    (b"noti", Other, Loud),
    (b"trac", Other, Loud),
    (b"spam", Other, Loud),
    (b"error", Error, Any),
    (b"fatal", Error, Any),
    (b"panic", Error, Any),
    (b"emerg", Error, Any),
    (b"alert", Error, Loud),
    (b"fault", Error, Loud),
    (b"debug", Other, Any),
    (b"trace", Other, Any),
    (b"finer", Other, Loud),
    (b"silly", Other, Loud),
    (b"audit", Other, Loud),
    (b"severe", Error, Any),
    (b"dpanic", Error, Any),
    (b"errors", Error, Loud),
    (b"notice", Other, Any),
    (b"config", Other, Loud),
    (b"finest", Other, Loud),
    (b"system", Other, Loud),
    (b"debug1", Other, Loud),
    (b"debug2", Other, Loud),
    (b"debug3", Other, Loud),
    (b"debug4", Other, Loud),
    (b"debug5", Other, Loud),
    (b"fehler", Error, Loud),
    (b"erreur", Error, Loud),
    (b"critial", Error, Any),
    (b"failure", Error, Loud),
    (b"warning", Warn, Any),
    (b"caution", Warn, Loud),
    (b"verbose", Other, Any),
    (b"success", Other, Loud),
    (b"warnung", Warn, Loud),
    (b"critical", Error, Any),
    (b"warnings", Warn, Any),
    (b"emergency", Error, Loud),
    (b"information", Other, Any),
    (b"notification", Other, Loud),
    (b"informational", Other, Any),
];

/// For each length, the first letters of the words that have it: most words are turned away here.
const FIRST_LETTERS: [u32; LONGEST_WORD + 1] = {
    let mut letters = [0; LONGEST_WORD + 1];
    let mut at = 0;
    while at < WORDS.len() {
        let word = WORDS[at].0;
        letters[word.len()] |= 1 << (word[0] - b'a');
        at += 1;
    }
    letters
};

/// For each length, where its words begin.
const STARTS: [usize; LONGEST_WORD + 2] = {
    let mut starts = [0; LONGEST_WORD + 2];
    let mut length = 0;
    let mut at = 0;
    while length < starts.len() {
        while at < WORDS.len() && WORDS[at].0.len() < length {
            at += 1;
        }
        starts[length] = at;
        length += 1;
    }
    starts
};

/// The severity a level word stands for, and how careful one must be with it.
pub(crate) fn of_word(word: &[u8]) -> Option<(Severity, Spelling)> {
    let first = word.first().map_or(b'0', |b| b | 0x20);
    if word.len() > LONGEST_WORD
        || !first.is_ascii_lowercase()
        || FIRST_LETTERS[word.len()] & 1 << (first - b'a') == 0
    {
        return None;
    }
    WORDS[STARTS[word.len()]..STARTS[word.len() + 1]]
        .iter()
        .find(|(known, ..)| known[0] == first && known.eq_ignore_ascii_case(word))
        .map(|(_, severity, spelling)| (*severity, *spelling))
}

/// One-letter level columns: logcat, klog, glog, MongoDB, Jupyter, tornado.
pub(crate) fn of_letter(letter: u8) -> Option<Severity> {
    match letter {
        b'E' | b'F' | b'C' => Some(Severity::Error),
        b'W' => Some(Severity::Warn),
        b'I' | b'D' | b'V' | b'T' | b'N' => Some(Severity::Other),
        _ => None,
    }
}

/// Syslog's severity, 0 (emergency) to 7 (debug).
pub(crate) fn of_syslog(number: u32) -> Severity {
    match number {
        0..=3 => Severity::Error,
        4 => Severity::Warn,
        _ => Severity::Other,
    }
}

/// The sign by which scripts and build tools say how a step went, at the start of `text`: what it means and how long it
/// is.
pub(crate) fn of_mark(text: &[u8]) -> Option<(Severity, usize)> {
    const MARKS: [(&str, Severity); 12] = [
        ("⨯", Error),
        ("✗", Error),
        ("✘", Error),
        ("✖", Error),
        ("❌", Error),
        ("⚠\u{fe0f}", Warn),
        ("⚠", Warn),
        ("✓", Other),
        ("✔", Other),
        ("✅", Other),
        ("ℹ", Other),
        ("i", Other),
    ];
    MARKS
        .iter()
        .find(|(mark, _)| text.starts_with(mark.as_bytes()))
        .map(|(mark, severity)| (*severity, mark.len()))
}

/// A numeric level of unknown scale: syslog's up to 7, pino's and bunyan's tens, Google Cloud's hundreds, log4j's and
/// Logback's ten thousands.
pub(crate) fn of_number(number: u32) -> Option<Severity> {
    match number {
        0..=7 => Some(of_syslog(number)),
        10..=39 => Some(Severity::Other),
        40..=49 => Some(Severity::Warn),
        50..=69 => Some(Severity::Error),
        100..=399 => Some(Severity::Other),
        400..=499 => Some(Severity::Warn),
        500..=899 => Some(Severity::Error),
        5_000..=29_999 => Some(Severity::Other),
        30_000..=39_999 => Some(Severity::Warn),
        40_000..=50_000 => Some(Severity::Error),
        _ => None,
    }
}

/// Python's `levelno`, which disagrees with pino about 30 to 50.
pub(crate) fn of_python(number: u32) -> Severity {
    match number {
        40.. => Severity::Error,
        30..=39 => Severity::Warn,
        _ => Severity::Other,
    }
}

/// OpenTelemetry's `severityNumber`, 1 to 24.
pub(crate) fn of_otel(number: u32) -> Severity {
    match number {
        17.. => Severity::Error,
        13..=16 => Severity::Warn,
        _ => Severity::Other,
    }
}

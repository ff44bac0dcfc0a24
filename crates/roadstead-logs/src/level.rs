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

const WORDS: [(&[u8], Severity, Spelling); 72] = [
    (b"error", Error, Any),
    (b"err", Error, Any),
    (b"erro", Error, Any),
    (b"eror", Error, Any),
    (b"fatal", Error, Any),
    (b"ftl", Error, Any),
    (b"panic", Error, Any),
    (b"crit", Error, Any),
    (b"critical", Error, Any),
    (b"severe", Error, Any),
    (b"emerg", Error, Any),
    (b"fail", Error, Any),
    (b"dpanic", Error, Any),
    (b"pnc", Error, Any),
    (b"critial", Error, Any),
    (b"emergency", Error, Loud),
    (b"alert", Error, Loud),
    (b"failure", Error, Loud),
    (b"sev", Error, Loud),
    (b"fault", Error, Loud),
    (b"crt", Error, Loud),
    (b"fat", Error, Loud),
    (b"errors", Error, Loud),
    (b"warn", Warn, Any),
    (b"warning", Warn, Any),
    (b"wrn", Warn, Any),
    (b"warnings", Warn, Any),
    (b"caution", Warn, Loud),
    (b"wa", Warn, Loud),
    (b"info", Other, Any),
    (b"inf", Other, Any),
    (b"debug", Other, Any),
    (b"dbg", Other, Any),
    (b"trace", Other, Any),
    (b"trc", Other, Any),
    (b"verbose", Other, Any),
    (b"notice", Other, Any),
    (b"vrb", Other, Any),
    (b"information", Other, Any),
    (b"informational", Other, Any),
    (b"dbug", Other, Any),
    (b"debg", Other, Any),
    (b"vbs", Other, Any),
    (b"trce", Other, Any),
    (b"log", Other, Loud),
    (b"note", Other, Loud),
    (b"ok", Other, Loud),
    (b"config", Other, Loud),
    (b"fine", Other, Loud),
    (b"finer", Other, Loud),
    (b"finest", Other, Loud),
    (b"system", Other, Loud),
    (b"ver", Other, Loud),
    (b"success", Other, Loud),
    (b"silly", Other, Loud),
    (b"notification", Other, Loud),
    (b"audit", Other, Loud),
    (b"noti", Other, Loud),
    (b"ntc", Other, Loud),
    (b"debug1", Other, Loud),
    (b"debug2", Other, Loud),
    (b"debug3", Other, Loud),
    (b"debug4", Other, Loud),
    (b"debug5", Other, Loud),
    (b"all", Other, Loud),
    (b"trac", Other, Loud),
    (b"deb", Other, Loud),
    (b"dbug", Other, Any),
    (b"spam", Other, Loud),
    (b"warnung", Warn, Loud),
    (b"fehler", Error, Loud),
    (b"erreur", Error, Loud),
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

/// The severity a level word stands for, and how careful one must be with it.
pub(crate) fn of_word(word: &[u8]) -> Option<(Severity, Spelling)> {
    let first = word.first().map_or(b'0', |b| b | 0x20);
    if word.len() > LONGEST_WORD
        || !first.is_ascii_lowercase()
        || FIRST_LETTERS[word.len()] & 1 << (first - b'a') == 0
    {
        return None;
    }
    WORDS
        .iter()
        .find(|(known, ..)| known.len() == word.len() && known.eq_ignore_ascii_case(word))
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

/// A numeric level of unknown scale: syslog's up to 7, pino's and bunyan's tens, Google Cloud's hundreds.
pub(crate) fn of_number(number: u32) -> Option<Severity> {
    match number {
        0..=7 => Some(of_syslog(number)),
        10..=39 => Some(Severity::Other),
        40..=49 => Some(Severity::Warn),
        50..=69 => Some(Severity::Error),
        100..=399 => Some(Severity::Other),
        400..=499 => Some(Severity::Warn),
        500..=899 => Some(Severity::Error),
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

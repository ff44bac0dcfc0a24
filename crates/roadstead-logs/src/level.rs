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

/// The severity a level word stands for, and how careful one must be with it.
pub(crate) fn of_word(word: &[u8]) -> Option<(Severity, Spelling)> {
    use Severity::{Error, Other, Warn};
    use Spelling::{Any, Loud};
    if word.is_empty() || word.len() > LONGEST_WORD {
        return None;
    }
    let mut lower = [0; LONGEST_WORD];
    let lower = &mut lower[..word.len()];
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"error" | b"err" | b"erro" | b"eror" | b"fatal" | b"ftl" | b"panic" | b"crit" | b"critical" | b"severe"
        | b"emerg" | b"fail" | b"dpanic" | b"pnc" | b"critial" => (Error, Any),
        b"emergency" | b"alert" | b"failure" | b"sev" | b"fault" | b"crt" | b"fat" | b"errors" => {
            (Error, Loud)
        }
        b"warn" | b"warning" | b"wrn" | b"warnings" => (Warn, Any),
        b"caution" | b"wa" => (Warn, Loud),
        b"info" | b"inf" | b"debug" | b"dbg" | b"trace" | b"trc" | b"verbose" | b"notice" | b"vrb"
        | b"information" | b"informational" | b"dbug" | b"debg" | b"vbs" | b"trce" => (Other, Any),
        b"log" | b"note" | b"ok" | b"config" | b"fine" | b"finer" | b"finest" | b"system" | b"ver"
        | b"success" | b"silly" | b"notification" | b"audit" | b"noti" | b"ntc"
        | b"debug1" | b"debug2" | b"debug3" | b"debug4" | b"debug5" | b"all" | b"trac" => (Other, Loud),
        _ => return None,
    })
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

//! Words that are levels because of where they stand.

use super::{blank, byte, level_and_colon, token, word};
use crate::Severity;
use crate::keywords;
use crate::level::{self, Spelling};

/// What stands before the level word, which decides how much of a word is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Time,
    Column,
}

/// A level word at `at`: its severity and where it ends.
pub(super) fn level_word(text: &[u8], at: usize, before: Before, timed: bool) -> Option<(Severity, usize)> {
    let length = word(text, at);
    let end = at + length;
    let digit_tail = byte(text, end).is_ascii_digit();
    let end = if digit_tail { end + 1 } else { end };
    let (severity, spelling) = level::of_word(&text[at..end])?;
    let spelled = &text[at..at + length];
    let loud = spelled.iter().all(u8::is_ascii_uppercase);
    let after = byte(text, end);
    let next = byte(text, end + 1);
    // `ERROR:`, `error]`, `info\t`, `warn  -`, `INFO|`, `ERROR/MainProcess`, `error<0.1.0>`
    let colon = after == b':' && (next == 0 || blank(next) || loud || before == Before::Time);
    let column = matches!(after, b'\t' | b'|' | b']' | b')' | 0)
        || after == b' ' && matches!(next, b' ' | b'|' | b'[' | b'(' | b'\t')
        || after == b' ' && next == b'-' && blank(byte(text, end + 2))
        || after == b'-' && blank(next)
        || after == b',' && blank(next);
    let space = after == b' ';
    // `WARN[0012] message`: seconds since the start.
    // `ERROR[12]: message`: the thread.
    let since = after == b'[' && next.is_ascii_digit() && before != Before::Column && loud;
    // `Info Server: message`
    let speaks = before == Before::Nothing
        && at == 0
        && space
        && !spelled.eq_ignore_ascii_case(b"fail")
        && speaker(text, end + 1, severity);
    let held = match (spelling, before) {
        _ if since => true,
        (Spelling::Any, _) if speaks => true,
        _ if after == b'!' && spelled.eq_ignore_ascii_case(b"err") => true,
        (Spelling::Any, Before::Time) => colon || column || space || after == b'/',
        (Spelling::Any, Before::Nothing) => colon || column || loud && (space || after == b'/'),
        // `mod_x\tinfo\tmessage`
        (Spelling::Any, Before::Column) => {
            loud && (colon || column || space)
                || timed && (colon || after == b'\t' && text[..at].ends_with(b"\t"))
        }
        // `config: Warning: x`: who speaks may have such a name.
        (Spelling::Loud, Before::Time) => {
            loud && (colon || column || space) || colon && !level_and_colon(text, end + 1)
        }
        (Spelling::Loud, Before::Nothing) => loud && (colon || column && after != 0),
        (Spelling::Loud, Before::Column) => {
            let spoken = severity == Severity::Error || spelled == b"LOG";
            loud && (colon || column && after != 0 || timed && space && spoken)
        }
    };
    let stack = spelled == b"trace" && text[..at].ends_with(b"tack ");
    // `error: none` is a result.
    let nothing = colon && severity > Severity::Other && before == Before::Nothing && {
        let value = text[end + 1..].trim_ascii();
        value.len() <= 8 && !value.is_empty() && keywords::empty_value(value)
    };
    if !held || stack || nothing || digit_tail && severity != Severity::Other {
        return None;
    }
    let end = if after == b'/' {
        end + token(text, end)
    } else {
        end + usize::from(matches!(after, b':' | b'!' | b','))
    };
    Some((severity, end))
}

/// A name with a capital, a colon behind it and something said: `Server: message`, not `Code: 12`. Of what goes wrong there
/// may be a rate or a page, which are in order: `Error Rate: 0 %`.
fn speaker(text: &[u8], at: usize, severity: Severity) -> bool {
    const LABELS: [&[u8]; 12] = [
        b"Code",
        b"Message",
        b"Details",
        b"Detail",
        b"Type",
        b"Number",
        b"Reason",
        b"Description",
        b"Name",
        b"Text",
        b"Stack",
        b"Output",
    ];
    let length = word(text, at);
    if length <= 2
        || !text[at].is_ascii_uppercase()
        || byte(text, at + length) != b':'
        || !blank(byte(text, at + length + 1))
    {
        return false;
    }
    let name = &text[at..at + length];
    let said = &text[at + length + 2..];
    let sentence = said.first().is_some_and(|b| b.is_ascii_alphabetic()) && said.contains(&b' ');
    !LABELS.contains(&name) && (severity == Severity::Other || sentence && !keywords::in_order(name))
}

/// What a bracket holds when it holds a level: `error`, `E`, `php:warn`, `core:error`, `WARN ]`.
pub(super) fn bracketed_level(inner: &[u8]) -> Option<Severity> {
    if inner.len() == 1 {
        return level::of_letter(inner[0]);
    }
    if let Some((severity, _)) = level::of_word(inner) {
        return Some(severity);
    }
    // `Warning-Shop.Backup.Files-NotFound`
    if let Some(dash) = memchr::memchr(b'-', inner)
        && inner.contains(&b'.')
        && inner[0].is_ascii_uppercase()
        && inner
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && let Some((severity, _)) = level::of_word(&inner[..dash])
    {
        return Some(severity);
    }
    // Apache names the module first.
    let colon = memchr::memrchr(b':', inner)?;
    let module = &inner[..colon];
    let (severity, _) = level::of_word(&inner[colon + 1..])?;
    module
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        .then_some(severity)
}

//! What a line without a head looks like: a box, a picture, a label, a program that speaks.

use crate::line::Judged;
use crate::trace;

/// A line of a box, of a rule, or of letters drawn with signs.
pub(super) fn banner(text: &str) -> bool {
    let text = text.trim();
    let Some(first) = text.chars().next() else {
        return false;
    };
    let rule = text.len() >= 4
        && text
            .chars()
            .all(|c| matches!(c, '=' | '-' | '*' | '#' | '_' | '+' | '~' | '─' | '═' | '━' | '.'));
    rule || matches!(text, "*" | "#")
        || matches!(first, '\u{2500}'..='\u{259f}')
        || first == '+' && text.ends_with('+') && text.contains("--")
        || matches!(first, '|' | '*' | '#') && text.chars().count() > 1 && text.ends_with(first)
}

/// Begins with a piece of a rule.
pub(super) fn ruled(text: &str) -> bool {
    let lead = text
        .bytes()
        .take_while(|b| matches!(b, b'-' | b'=' | b'*' | b'#' | b'~' | b'_' | b' '))
        .count();
    lead >= 5 && text[..lead].bytes().filter(|b| *b != b' ').count() >= 3
}

/// Nothing but a rule, which opens a box or closes it.
pub(super) fn rule(text: &str) -> bool {
    let bytes = text.trim_ascii().as_bytes();
    bytes.len() >= 16 && matches!(bytes[0], b'*' | b'=' | b'-' | b'#') && bytes.iter().all(|b| *b == bytes[0])
}

/// The head of a message that is numbered, to the sign that tells whether it begins here or goes on.
pub(super) fn counted(text: &[u8], message: usize) -> Option<&[u8]> {
    let [.., b'0'..=b'9', b' ', b' ' | b'+' | b'!' | b'|' | b'='] = text.get(..message)? else {
        return None;
    };
    text[1].is_ascii_digit().then(|| &text[..message - 1])
}

/// A line that announces a trace.
#[cold]
pub(super) fn announcing(text: &str) -> bool {
    let text = text.trim_ascii_end();
    text.ends_with("trace:") || text.ends_with("Trace:")
}

/// `=ERROR REPORT==== 2-Jan-2026::15:04:05 ===`, which Erlang prints above what it reports.
#[inline]
pub(super) fn report(text: &str) -> bool {
    text.starts_with('=') && text.contains(" REPORT===")
}

/// Large letters that are drawn with these few.
fn lettered(text: &str) -> bool {
    text.len() >= 24
        && text.bytes().all(|b| {
            matches!(
                b,
                b'8' | b'b' | b'd' | b'P' | b'Y' | b'o' | b'"' | b'\'' | b'`' | b'.' | b',' | b' '
            )
        })
        && text.contains("88")
}

/// Lines of a picture: no letter and no digit, and no bracket or caret of something else.
pub(super) fn drawing(text: &str) -> bool {
    let text = text.trim();
    lettered(text)
        || text.len() >= 3
            && !closing(text)
            && text.bytes().all(|b| b.is_ascii_punctuation() || b == b' ')
            && !text.bytes().all(|b| matches!(b, b'^' | b'~' | b' ' | b'.'))
}

/// Nothing but closing brackets and separators.
pub(super) fn closing(text: &str) -> bool {
    // Monolog closes the object that holds a trace.
    let text = text
        .strip_prefix('"')
        .filter(|rest| rest.starts_with('}'))
        .unwrap_or(text);
    // `</match>`
    if text.starts_with("</") && text.ends_with('>') && !text.contains(' ') {
        return true;
    }
    matches!(text.as_bytes().first(), Some(b'}' | b']' | b')'))
        && text
            .bytes()
            .all(|b| matches!(b, b'}' | b']' | b')' | b',' | b';' | b':' | b' '))
}

/// What PostgreSQL says about the message before, on lines that look like messages of their own.
pub(super) fn about_the_message_before(text: &str, judged: &Judged<'_>) -> bool {
    // PHP gives each line of a trace the time.
    if let Some(rest) = text
        .get(judged.head.message..)
        .and_then(|m| m.strip_prefix("PHP "))
        && (rest.starts_with("Stack trace:") || rest.starts_with("  ") && rest.contains(". "))
    {
        return true;
    }
    let head = &text.as_bytes()[..text.len().min(200)];
    let Some(colon) = memchr::memchr_iter(b':', head).find(|at| head.get(at + 1..at + 3) == Some(b"  "))
    else {
        return false;
    };
    let word = head[..colon]
        .iter()
        .rposition(|b| !b.is_ascii_uppercase())
        .map_or(0, |at| at + 1);
    let apart = word == 0 || judged.head.time && matches!(head[word - 1], b' ' | b']');
    apart
        && matches!(
            &head[word..colon],
            b"DETAIL" | b"HINT" | b"STATEMENT" | b"CONTEXT" | b"QUERY" | b"LOCATION"
        )
}

/// A call as Go prints it: `main.(*T).serve(0xc000, …)`.
pub(super) fn go_call(text: &str) -> bool {
    text.ends_with(')')
        && text.find('(').is_some_and(|open| !text[..open].contains(' '))
        && !text.contains(": ")
        || text.ends_with("(...)")
        || text.starts_with('r') && text.contains("0x") && text.len() < 40
}

/// `program: what it says`
pub(super) fn prefixed(text: &str) -> bool {
    if text.starts_with('[') && text.contains("] ") {
        return trace::untagged(text).len() == text.len() && !says_more(text);
    }
    let name = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'))
        .count();
    name > 0 && !labelled(text) && text[name..].starts_with(": ")
}

/// `Version: 8.0` names a value; it is no program that speaks.
pub(super) fn labelled(text: &str) -> bool {
    let name = text
        .bytes()
        .take(32)
        .take_while(|b| b.is_ascii_alphabetic() || *b == b'-')
        .count();
    name > 0 && text.as_bytes()[0].is_ascii_uppercase() && text[name..].starts_with(": ")
}

/// `Starting the worker`, `Detected 8 cores`: what a script does, line by line. Neither the head of a list nor one of
/// several settings: `Running migrations:`, `Using SHOP_HOME: /srv`.
pub(super) fn does(text: &str) -> bool {
    let word = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let setting = || {
        text.split_once(':').is_some_and(|(label, value)| {
            value.trim().is_empty()
                || label
                    .bytes()
                    .rev()
                    .take_while(|b| *b != b' ')
                    .all(|b| b.is_ascii_uppercase() || b == b'_')
        })
    };
    word >= 5
        && text.as_bytes().get(word) == Some(&b' ')
        && (text[..word].ends_with("ing") || text[..word].ends_with("ed"))
        && !setting()
}

/// A word for why, where or what to do, before a colon or between brackets: about the message before.
pub(super) fn says_more(text: &str) -> bool {
    let text = text.strip_prefix('[').unwrap_or(text);
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = &text[..length];
    matches!(text.as_bytes().get(length), Some(b':' | b']'))
        && ["cause", "reason", "detail", "details", "hint", "context"]
            .iter()
            .any(|more| more.eq_ignore_ascii_case(word))
}

/// A class name, or a dotted one, alone or before a colon: what ends Python's trace.
pub(super) fn python_end(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or(text);
    !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
        && !name.as_bytes()[0].is_ascii_digit()
        && name.bytes().any(|b| b.is_ascii_lowercase())
}

//! Secrets that stand after a name: `password=x`, `"token": "x"`, `--api-key x`, `Authorization: Basic x`.
//!
//! Finds the name around an anchor, the sign that assigns, and the extent of the value. It deliberately leaves prose
//! alone ("invalid token: unexpected end"), and values that say nothing (`null`, `***`, `${DB_PASSWORD}`).

use super::Spans;
use super::headers::{authorization, cookies};
use super::keys::{self, Key, classify};
use super::plain::{is_harmless, is_prose, looks_secret};
use super::quotes::{Quote, bare_end, separates, skip_blanks};

/// Longest sentence that is left alone where a secret may stand.
const SENTENCE_BYTES: usize = 512;

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equals,
    Colon,
    /// As in a list of pairs.
    Comma,
    /// Nothing but a blank: a flag, SQL.
    Blank,
    /// `<password>x</password>`
    Tag,
    /// "password is x"
    Words,
}

struct Assigned {
    sign: Sign,
    /// Where what stands after the sign and its blanks begins.
    value: usize,
    /// The quotes around the name.
    name_quote: Option<Quote>,
    encoded: bool,
}

/// Looks for a value of the name that `from..to` is a part of. Answers where the name ends, so that it is read once.
pub(super) fn find(text: &str, from: usize, to: usize, spans: &mut Spans) -> usize {
    let bytes = text.as_bytes();
    let (begin, end) = name_around(bytes, from, to);
    let Some(key) = (end - begin <= keys::LONGEST)
        .then(|| classify(&bytes[begin..end]))
        .flatten()
    else {
        return end;
    };
    let name = &bytes[begin..end];
    if let Some(assigned) = assigned(bytes, begin, end, key) {
        if !means_something_else(name, &bytes[assigned.value..]) {
            value(text, begin, key, &assigned, spans);
        }
    }
    end
}

/// Shells call the working directory `PWD`; protocols number their requests with keys that have names (`apiKey=FETCH`).
fn means_something_else(name: &[u8], value: &[u8]) -> bool {
    let letters = value
        .iter()
        .take(40)
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_')
        .count();
    let is_word = value
        .get(letters)
        .is_none_or(|byte| matches!(byte, b' ' | b',' | b')' | b'}' | b']'));
    match name {
        b"PWD" | b"OLDPWD" | b"pwd" => value.first() == Some(&b'/'),
        _ => name.ends_with(b"Key") && (2..32).contains(&letters) && is_word,
    }
}

fn name_around(bytes: &[u8], from: usize, to: usize) -> (usize, usize) {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = bytes[..from]
        .iter()
        .rev()
        .take(keys::LONGEST)
        .take_while(is_name)
        .count();
    let mut begin = from - before;
    // `%22password` and `\npassword`: the name does not begin with what is left of an escape.
    if begin > 0
        && bytes[begin - 1] == b'%'
        && before >= 2
        && bytes[begin..begin + 2].iter().all(u8::is_ascii_hexdigit)
    {
        begin += 2;
    } else if begin > 0
        && bytes[begin - 1] == b'\\'
        && before >= 1
        && matches!(bytes[begin], b'n' | b'r' | b't')
    {
        begin += 1;
    }
    // `x--password`: a flag begins where its signs do.
    if let Some(sign) = bytes[begin..from].windows(2).rposition(|signs| signs == b"--") {
        begin += sign;
    }
    let after = bytes[to..].iter().take(keys::LONGEST).take_while(is_name).count();
    (begin, to + after)
}

fn assigned(bytes: &[u8], begin: usize, end: usize, key: Key) -> Option<Assigned> {
    let before = begin.checked_sub(1).map_or(0, |at| bytes[at]);
    let name_quote = Quote::at(bytes, end);
    let mut at = end + name_quote.map_or(0, Quote::len);
    if bytes[at..].starts_with(b"[]") {
        at += 2;
    } else if bytes.get(at) == Some(&b']') {
        at += 1;
    }
    if before == b'<' && bytes.get(at) == Some(&b'>') {
        return Some(Assigned {
            sign: Sign::Tag,
            value: at + 1,
            name_quote: None,
            encoded: false,
        });
    }
    let blanks = skip_blanks(bytes, at);
    let rest = &bytes[blanks..];
    let (sign, length, encoded) = match rest {
        [b'=', b'>', ..] | [b':', b'=', ..] => (Sign::Equals, 2, false),
        [b'=', ..] => (
            Sign::Equals,
            rest.iter().take(3).take_while(|byte| **byte == b'=').count(),
            false,
        ),
        [b':', b':', ..] | [b':', b'/', b'/', ..] => return None,
        [b':', ..] => (Sign::Colon, 1, false),
        [b'%', b'3', b'D' | b'd', ..] => (Sign::Equals, 3, true),
        [b'%', b'3', b'A' | b'a', ..] => (Sign::Colon, 3, true),
        [b',', ..] if name_quote.is_some() => (Sign::Comma, 1, false),
        _ if name_quote.is_none() && (blanks > at || rest.first() == Some(&b'(')) => (Sign::Blank, 0, false),
        _ => return None,
    };
    let value = skip_blanks(bytes, blanks + length);
    let found = Assigned {
        sign,
        value,
        name_quote,
        encoded,
    };
    match sign {
        Sign::Comma => is_pair(bytes, begin, key, &found).then_some(found),
        Sign::Blank => after_blank(bytes, begin, key, found),
        // A path that ends in a name is no name: `open /run/secrets/token: no such file`.
        Sign::Colon if before == b'/' && name_quote.is_none() && !encoded => None,
        _ => Some(found),
    }
}

/// Whether name and value are two items that belong together: a tuple, a pair of arguments, a header.
fn is_pair(bytes: &[u8], begin: usize, key: Key, found: &Assigned) -> bool {
    let Some(quote) = found.name_quote else {
        return false;
    };
    if Quote::at(bytes, found.value).is_none() {
        return false;
    }
    let around = begin.checked_sub(quote.len() + 1).map_or(0, |at| bytes[at]);
    bytes[begin] == b'-'
        || around == b'('
        || (around == b'[' && matches!(key, Key::Authorization | Key::Cookie))
}

fn after_blank(bytes: &[u8], begin: usize, key: Key, mut found: Assigned) -> Option<Assigned> {
    let next = *bytes.get(found.value)?;
    if bytes[begin] == b'-' && key != Key::Parameter {
        return (next != b'-').then_some(found);
    }
    if key != Key::Strong {
        return None;
    }
    if next == b'(' {
        found.value += 1;
    }
    if Quote::at(bytes, found.value).is_some() {
        return Some(found);
    }
    let rest = &bytes[found.value..];
    for words in [&b"is: "[..], b"is ", b"set to ", b"was "] {
        if rest.len() > words.len() && rest[..words.len()].eq_ignore_ascii_case(words) {
            let value = skip_blanks(bytes, found.value + words.len());
            return Some(Assigned {
                sign: Sign::Words,
                value,
                ..found
            });
        }
    }
    None
}

fn value(text: &str, begin: usize, key: Key, assigned: &Assigned, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let before = begin.checked_sub(1).map_or(0, |at| bytes[at]);
    let is_parameter = matches!(before, b'?' | b'&') && assigned.sign == Sign::Equals;
    if key == Key::Parameter && !is_parameter {
        return;
    }
    let is_clear =
        assigned.sign != Sign::Colon || assigned.name_quote.is_some() || bytes[begin..].contains(&b'-');
    if key == Key::Quiet && !is_clear {
        return;
    }
    let mut at = unwrap(bytes, assigned.value);
    if assigned.name_quote.is_none() && spans.is_end_of_string(bytes, at) {
        return;
    }
    match assigned.sign {
        Sign::Tag => {
            let end = bytes[at..]
                .iter()
                .position(|byte| *byte == b'<')
                .map_or(bytes.len(), |length| at + length);
            return keep_or_redact(text, at, end, key, spans);
        }
        Sign::Words => {
            let (at, end) = spans.extent(bytes, at);
            if looks_secret(bytes[at..end].trim_ascii()) {
                spans.redact_word(at, end);
            }
            return;
        }
        _ => {}
    }
    // What a debugger prints of a list: each of its strings is a value.
    let is_list = bytes.get(at) == Some(&b'[');
    if is_list {
        at = skip_blanks(bytes, at + 1);
    }
    loop {
        let Some(quote) = Quote::at(bytes, at) else {
            return bare(text, at, begin, key, assigned, spans);
        };
        let from = at + quote.len();
        let end = spans.end_of_quote(bytes, at, quote);
        inside(text, from, end, key, spans);
        at = skip_blanks(bytes, (end + quote.len()).min(bytes.len()));
        if !is_list || bytes.get(at) != Some(&b',') {
            return;
        }
        at = skip_blanks(bytes, at + 1);
        if Quote::at(bytes, at).is_none() {
            return;
        }
    }
}

/// What a language puts round a value when it prints it: `Some("x")`, `b'x'`, `Secret("x")`.
fn unwrap(bytes: &[u8], at: usize) -> usize {
    let letters = bytes[at..]
        .iter()
        .take(16)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let past = at + letters;
    let opened = past + usize::from(bytes.get(past) == Some(&b'('));
    if Quote::at(bytes, opened).is_some_and(|quote| quote.depth > 0 || quote.len() == 1)
        && (opened > past || letters == 1)
    {
        opened
    } else {
        at
    }
}

/// A value between quotes.
fn inside(text: &str, from: usize, end: usize, key: Key, spans: &mut Spans) {
    match key {
        Key::Authorization => authorization(text, from, end, spans),
        Key::Cookie => cookies(text, from, end, spans),
        _ => keep_or_redact(text, from, end, key, spans),
    }
}

fn keep_or_redact(text: &str, from: usize, end: usize, key: Key, spans: &mut Spans) {
    let value = text[from..end].trim();
    // Between quotes a secret may have blanks: here, too, only what a sentence would say keeps it.
    let is_sentence = value.len() <= SENTENCE_BYTES && is_prose(value, Key::Strong);
    if !is_harmless(value, key) && !is_sentence {
        spans.redact_word(from, end);
    }
}

/// A value without quotes.
fn bare(text: &str, at: usize, begin: usize, key: Key, assigned: &Assigned, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let is_number = |value: &str| {
        value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e'))
    };
    match key {
        Key::Authorization => return authorization(text, at, bytes.len(), spans),
        Key::Cookie if assigned.sign == Sign::Colon => return cookies(text, at, bytes.len(), spans),
        _ => {}
    }
    if bytes.get(at) == Some(&b'{') && assigned.sign == Sign::Colon {
        return;
    }
    if assigned.sign == Sign::Colon
        && let Some(quote) = assigned.name_quote
        && quote.mark == b'"'
    {
        let end = bytes[at..]
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'"' | b'\\'))
            .map_or(bytes.len(), |length| at + length);
        let value = &text[at..end];
        // JSON stays JSON: where a number stood, a string stands.
        if !value.is_empty() && is_number(value) && !is_harmless(value, key) {
            let quoted = match quote.depth {
                0 => "\"<redacted>\"",
                1 => "\\\"<redacted>\\\"",
                _ => "null",
            };
            return spans.redact(at, end, quoted);
        }
    }
    let mut end = bare_end(bytes, at, assigned.encoded);
    let before = bytes[..begin].iter().rev().take(8).find(|byte| **byte != b' ');
    if assigned.sign == Sign::Equals && before == Some(&b';') {
        end = end.max(in_connection_string(bytes, at));
    }
    let value = &text[at..end];
    if value.is_empty() || is_harmless(value, key) {
        return;
    }
    let is_sentence = assigned.sign == Sign::Colon && assigned.name_quote.is_none();
    if is_sentence && is_prose(&text[at..], key) {
        return;
    }
    spans.redact_word(at, end);
}

/// The value of a connection string may hold blanks; it ends at a semicolon.
fn in_connection_string(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..]
        .iter()
        .take(128)
        .position(|byte| matches!(byte, b';' | b'"' | b'\'' | b'\n' | b'\\' | b'='));
    match end {
        Some(length) if bytes[at + length] == b';' && separates(bytes, at + length) => at + length,
        _ => at,
    }
}

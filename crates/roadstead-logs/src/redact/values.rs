//! Secrets that stand after a name: `password=x`, `"token": "x"`, `--api-key x`, `Authorization: Basic x`.
//!
//! Finds the name around an anchor, the sign that assigns, and the extent of the value. It deliberately leaves prose
//! alone ("invalid token: unexpected end"), and values that say nothing (`null`, `***`, `${DB_PASSWORD}`).

use super::Spans;
use super::assigned::{Assigned, Sign, assigned, label_around, name_around};
use super::calls;
use super::headers::{authorization, cookies};
use super::keys::{self, Key, classify};
use super::plain::{is_harmless, is_prose, looks_random, looks_secret, shows_itself};
use super::quotes::{Quote, bare_end, separates, skip_blanks};

/// Longest sentence that is left alone where a secret may stand.
const SENTENCE_BYTES: usize = 512;

/// Looks for a value of the name that `from..to` is a part of. Answers where the name ends, so that it is read once.
pub(super) fn find(text: &str, from: usize, to: usize, spans: &mut Spans) -> usize {
    let bytes = text.as_bytes();
    let (begin, end) = name_around(bytes, from, to);
    if bytes.get(end) == Some(&b'(') && calls::arguments(text, end, spans) {
        return end;
    }
    let key = (end - begin <= keys::LONGEST)
        .then(|| classify(&bytes[begin..end]))
        .flatten();
    if let Some(key) = key
        && let Some(assigned) = assigned(bytes, begin, end, key)
    {
        if !means_something_else(&bytes[begin..end], &bytes[assigned.value..]) {
            value(text, &Name { begin, end, key }, &assigned, spans);
        }
        if key != Key::Parameter {
            return end;
        }
    }
    if let Some((begin, end, key)) = label_around(bytes, begin, end)
        && let Some(assigned) = assigned(bytes, begin, end, key)
    {
        value(text, &Name { begin, end, key }, &assigned, spans);
        return end;
    }
    end
}

/// A name that says what its value is.
struct Name {
    begin: usize,
    end: usize,
    key: Key,
}

impl Name {
    /// Whether it is of two words: then its value has to show what it is, as sentences have such words as well.
    fn is_label(&self, bytes: &[u8]) -> bool {
        bytes[self.begin..self.end].contains(&b' ')
    }

    /// Whether the name of a parameter of a URL is a secret's elsewhere as well: `sid=` before a word drawn by lot, `key=`
    /// of a wireless network.
    fn is_secret_elsewhere(&self, bytes: &[u8], value: &[u8]) -> bool {
        match &bytes[self.begin..self.end] {
            b"sid" => looks_random(value),
            b"key" => {
                let before = &bytes[self.begin.saturating_sub(NETWORK_BYTES)..self.begin];
                memchr::memmem::find(before, b"ssid=").is_some()
            }
            _ => false,
        }
    }
}

/// How far before its key a wireless network's name stands.
const NETWORK_BYTES: usize = 48;

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

fn value(text: &str, name: &Name, assigned: &Assigned, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let (begin, key) = (name.begin, name.key);
    let before = begin.checked_sub(1).map_or(0, |at| bytes[at]);
    let is_parameter = matches!(before, b'?' | b'&') && assigned.sign == Sign::Equals;
    // Headers have hyphens: `X-Auth: x`.
    let is_clear = assigned.sign != Sign::Colon
        || assigned.name_quote.is_some()
        || bytes[begin..name.end].contains(&b'-');
    let mut at = unwrap(bytes, assigned.value);
    if assigned.name_quote.is_none() && spans.is_end_of_string(bytes, at) {
        return;
    }
    let is_label = name.is_label(bytes);
    if is_label || key == Key::Parameter && !is_parameter || key == Key::Quiet && !is_clear {
        let window = &bytes[..bytes.len().min(at + SENTENCE_BYTES)];
        let (from, end) = spans.extent(window, at);
        let word = &bytes[from..end];
        let is_value = match key {
            Key::Parameter => assigned.sign == Sign::Equals && name.is_secret_elsewhere(bytes, word),
            Key::Quiet => looks_random(word),
            Key::Code => true,
            _ => shows_itself(word),
        };
        if !is_value {
            return;
        }
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
            let word = text[at..end].trim();
            let is_secret = match key {
                Key::Strong => looks_secret(word.as_bytes()) && !is_harmless(word, key),
                Key::Code => !is_harmless(word, key),
                _ => shows_itself(word.as_bytes()),
            };
            if is_secret {
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
            let is_plain = !matches!(key, Key::Authorization | Key::Cookie) && assigned.name_quote.is_none();
            if is_list
                && is_plain
                && let Some(end) = list_end(bytes, at)
            {
                return keep_or_redact(text, at, end, key, spans);
            }
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

/// Where a list of words without quotes ends.
fn list_end(bytes: &[u8], at: usize) -> Option<usize> {
    let is_sign = |byte: &u8| matches!(byte, b']' | b'"' | b'\'' | b'{' | b'\\');
    let end = at + bytes[at..].iter().take(256).position(is_sign)?;
    (bytes[end] == b']' && bytes[at..end].contains(&b',')).then_some(end)
}

/// What a language puts round a value when it prints it: `Some("x")`, `b'x'`, `Secret("x")`.
pub(super) fn unwrap(bytes: &[u8], at: usize) -> usize {
    let letters = bytes[at..]
        .iter()
        .take(16)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let past = at + letters;
    // `string(12) "x"`
    let digits = bytes[past..]
        .iter()
        .skip(1)
        .take(10)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if letters > 0 && digits > 0 && bytes[past] == b'(' && bytes.get(past + digits + 1) == Some(&b')') {
        let quote = skip_blanks(bytes, past + digits + 2);
        if Quote::at(bytes, quote).is_some() {
            return quote;
        }
    }
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
pub(super) fn inside(text: &str, from: usize, end: usize, key: Key, spans: &mut Spans) {
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
    // Behind a name between quotes, too, a sentence may go on: `replaced by 'jwt_secret': you need not …`.
    let how_sure = match assigned.name_quote {
        Some(_) => Key::Strong,
        None => key,
    };
    if assigned.sign == Sign::Colon && is_prose(&text[at..], how_sure) {
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

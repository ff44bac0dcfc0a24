//! Values of headers that are more than one secret: `Authorization` and cookies.
//!
//! Schemes, user names, names and attributes of cookies deliberately stay: they say what failed.

use super::Spans;
use super::keys::Key;
use super::plain::{is_harmless, is_prose};
use super::quotes::{Quote, bare_end, skip_blanks};

/// Schemes after which one word is the secret.
const SCHEMES: [&str; 16] = [
    "basic",
    "bearer",
    "token",
    "negotiate",
    "ntlm",
    "apikey",
    "api-key",
    "hawk",
    "oauth",
    "key",
    "sso-key",
    "splunk",
    "bot",
    "geniekey",
    "kerberos",
    "jwt",
];

pub(super) fn authorization(text: &str, from: usize, end: usize, spans: &mut Spans) {
    let bytes = &text.as_bytes()[..end];
    let mut at = from;
    while matches!(bytes.get(at), Some(b'[' | b'(' | b' ')) {
        at += 1;
    }
    let word = bare_end(bytes, at, true);
    let scheme = &text[at..word];
    let next = skip_blanks(bytes, word);
    if scheme.eq_ignore_ascii_case("digest") {
        return digest(bytes, next, spans);
    }
    if scheme.to_ascii_lowercase().starts_with("aws4-") {
        // Its credential and signature have names of their own.
        return;
    }
    if next > word && SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        if spans.is_end_of_string(bytes, next) {
            return;
        }
        let next = next + Quote::at(bytes, next).map_or(0, Quote::len);
        let past = bare_end(bytes, next, true);
        let secret = &text[next..past];
        if !secret.is_empty() && !is_harmless(secret, Key::Weak) && !is_prose(&text[next..end], Key::Weak) {
            spans.redact_word(next, past);
        }
        return;
    }
    if !scheme.is_empty() && !is_harmless(scheme, Key::Weak) && !is_prose(&text[at..end], Key::Weak) {
        spans.redact_word(at, word);
    }
}

/// Of a digest, only the response is secret; the user name stays.
fn digest(bytes: &[u8], from: usize, spans: &mut Spans) {
    let name = b"response=";
    let window = &bytes[from..bytes.len().min(from + 2048)];
    if let Some(found) = memchr::memmem::find(window, name) {
        let at = from + found + name.len();
        if spans.is_end_of_string(bytes, at) {
            return;
        }
        let (at, end) = spans.extent(bytes, at);
        if !bytes[at..end].starts_with(b"<") {
            spans.redact_word(at, end);
        }
    }
}

const COOKIE_ATTRIBUTES: [&str; 10] = [
    "path",
    "domain",
    "expires",
    "max-age",
    "samesite",
    "httponly",
    "secure",
    "version",
    "priority",
    "partitioned",
];

/// Values of cookies; their names and attributes stay.
pub(super) fn cookies(text: &str, from: usize, end: usize, spans: &mut Spans) {
    let bytes = &text.as_bytes()[..end];
    let mut at = from;
    while matches!(bytes.get(at), Some(b'[' | b'(' | b' ')) {
        at += 1;
    }
    loop {
        let is_end = |byte: &u8| matches!(byte, b';' | b'"' | b'\'' | b'\\' | b'\n' | b'\r' | b' ');
        let ends = |from: usize| {
            bytes[from..]
                .iter()
                .position(is_end)
                .map_or(end, |length| from + length)
        };
        let name_end = bytes[at..]
            .iter()
            .position(|byte| *byte == b'=' || is_end(byte))
            .map_or(end, |length| at + length);
        let is_attribute = COOKIE_ATTRIBUTES
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&text[at..name_end]));
        let mut pair_end = name_end;
        if bytes.get(name_end) == Some(&b'=') {
            let mut value = name_end + 1;
            if spans.is_end_of_string(bytes, value) {
                return;
            }
            if let Some(quote) = Quote::at(bytes, value) {
                pair_end = spans.end_of_quote(bytes, value, quote);
                value += quote.len();
            } else {
                pair_end = ends(value);
            }
            if is_attribute {
                // "Expires=Wed, 21 Oct 2026 07:28:00 GMT"
                pair_end = bytes[value..]
                    .iter()
                    .position(|byte| matches!(byte, b';' | b'"' | b'\'' | b'\\'))
                    .map_or(end, |length| value + length);
            } else if !is_harmless(&text[value..pair_end], Key::Weak) {
                spans.redact_word(value, pair_end);
            }
            pair_end += usize::from(matches!(bytes.get(pair_end), Some(b'"')) && value > name_end + 1);
        } else if !is_attribute
            && !is_harmless(&text[at..name_end], Key::Weak)
            && !is_prose(&text[at..end], Key::Weak)
        {
            spans.redact_word(at, name_end);
        }
        if bytes.get(pair_end) != Some(&b';') {
            return;
        }
        at = skip_blanks(bytes, pair_end + 1);
    }
}

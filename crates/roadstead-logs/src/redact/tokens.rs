//! Secrets that show what they are by how they are put together: JWTs, what follows `Bearer`, tokens of bots.
//!
//! It deliberately knows no secret that is only long and random: identifiers look the same.

use super::issuers::is_inside_word;
use super::keys::Key;
use super::plain::{is_harmless, is_prose};
use super::{REDACTED, Spans};

/// How far a word is read before it is known to be a token.
const DOUBTFUL_BYTES: usize = 256;

/// From `eyJ`, as `{"` begins in base64: header, payload and signature.
pub(super) fn jwt(text: &str, from: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    if is_inside_word(bytes, from)
        || !bytes[from..].starts_with(b"eyJ")
        || (from > 0 && bytes[from - 1] == b'-')
    {
        return;
    }
    let part = |at: usize| {
        at + bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='))
            .count()
    };
    let header = part(from);
    let Some(b'.') = bytes.get(header) else { return };
    let mut end = part(header + 1);
    if header - from < 10 || end - header < 5 {
        return;
    }
    // Encrypted ones have five parts.
    for _ in 0..3 {
        if bytes.get(end) != Some(&b'.') || part(end + 1) == end + 1 && bytes.get(end + 1) != Some(&b'.') {
            break;
        }
        end = part(end + 1);
    }
    spans.redact(from, end, REDACTED);
}

/// After `Bearer` or `Basic`, wherever they stand.
pub(super) fn after_scheme(text: &str, end_of_scheme: usize, is_basic: bool, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let mut from = end_of_scheme;
    while matches!(bytes.get(from), Some(b' ' | b':' | b'=' | b'+')) && from < end_of_scheme + 4 {
        from += 1;
    }
    if bytes[from..].starts_with(b"%20") {
        from += 3;
    }
    if from == end_of_scheme {
        return;
    }
    let is_part =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    let doubtful = &bytes[from..bytes.len().min(from + DOUBTFUL_BYTES)];
    let mut length = doubtful.iter().take_while(is_part).count();
    length += doubtful[length..]
        .iter()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    let next = doubtful.get(length).copied().unwrap_or(b' ');
    // `realm=x` is a parameter; padding stands at the end only.
    if doubtful[..length].ends_with(b"=")
        && (next.is_ascii_alphanumeric() || matches!(next, b'"' | b'\'' | b'<'))
    {
        return;
    }
    let word = &text[from..from + length];
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    let is_token = if is_basic {
        length >= 8 && (has(u8::is_ascii_digit) || word.ends_with('=')) && has(u8::is_ascii_alphabetic)
    } else {
        length >= 20 || (length >= 8 && has(u8::is_ascii_digit))
    };
    if is_token && !is_harmless(word, Key::Weak) && !is_prose(word, Key::Weak) {
        let rest = bytes[from + length..].iter().take_while(is_part).count();
        spans.redact(from, from + length + rest, REDACTED);
    }
}

/// Around `:AA`, which stands between the number and the secret of a Telegram bot.
pub(super) fn telegram(text: &str, colon: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let digits = bytes[..colon]
        .iter()
        .rev()
        .take(13)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let secret = bytes[colon + 1..]
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .count();
    if (7..=12).contains(&digits) && (30..=48).contains(&secret) {
        spans.redact(colon + 1, colon + 1 + secret, REDACTED);
    }
}

/// Around a dot: a Discord token has six bytes between its two, and begins with a number in base64.
pub(super) fn discord(text: &str, spans: &mut Spans) {
    let bytes = text.as_bytes();
    for dot in memchr::memchr_iter(b'.', bytes) {
        if bytes.get(dot + 7) != Some(&b'.') || !(22..).contains(&dot) {
            continue;
        }
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let number = bytes[..dot].iter().rev().take(40).take_while(is_part).count();
        let middle = bytes[dot + 1..].iter().take(8).take_while(is_part).count();
        let secret = bytes[dot + 8..].iter().take(64).take_while(is_part).count();
        if (22..=30).contains(&number)
            && middle == 6
            && (25..=48).contains(&secret)
            && matches!(bytes[dot - number], b'M' | b'N' | b'O')
        {
            spans.redact(dot - number, dot + 8 + secret, REDACTED);
        }
    }
}

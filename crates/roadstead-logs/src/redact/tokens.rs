//! Secrets that show what they are by themselves: keys with a known beginning, JWTs, bearer tokens.
//!
//! The beginnings are those the issuers document for secret scanning. It deliberately knows no secret that is only long
//! and random: identifiers look the same.

use super::keys::Key;
use super::plain::{is_harmless, is_prose};
use super::{REDACTED, Spans};

/// A kind of key: how it begins, which other bytes than letters and digits it has, and how many bytes follow at least.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    signs: &'static [u8],
    least: usize,
    most: usize,
    /// Whether a digit has to be in it, because words may begin the same.
    digit: bool,
}

const fn shape(prefix: &'static str, signs: &'static [u8], least: usize) -> Shape {
    Shape {
        prefix,
        signs,
        least,
        most: usize::MAX,
        digit: false,
    }
}

const fn exact(prefix: &'static str, least: usize) -> Shape {
    Shape {
        prefix,
        signs: b"",
        least,
        most: least,
        digit: false,
    }
}

/// Beginnings are told apart by case; the longest that fits comes first.
pub(super) const SHAPES: [Shape; 46] = [
    exact("AKIA", 16),
    exact("ASIA", 16),
    exact("ABIA", 16),
    exact("ACCA", 16),
    shape("AIza", b"-_", 30),
    shape("ya29.", b"-_.", 20),
    shape("github_pat_", b"_", 20),
    shape("ghp_", b"_", 20),
    shape("gho_", b"_", 20),
    shape("ghu_", b"_", 20),
    shape("ghs_", b"_", 20),
    shape("ghr_", b"_", 20),
    shape("glpat-", b"-_.", 16),
    shape("gldt-", b"-_.", 16),
    shape("glrt-", b"-_.", 16),
    shape("glcbt-", b"-_.", 16),
    shape("glptt-", b"-_.", 16),
    shape("xoxb-", b"-", 10),
    shape("xoxp-", b"-", 10),
    shape("xoxa-", b"-", 10),
    shape("xoxr-", b"-", 10),
    shape("xoxs-", b"-", 10),
    shape("xoxe-", b"-", 10),
    shape("xoxe.xox", b"-", 10),
    shape("xapp-", b"-", 10),
    shape("sk_live_", b"_", 10),
    shape("sk_test_", b"_", 10),
    shape("rk_live_", b"_", 10),
    shape("rk_test_", b"_", 10),
    shape("whsec_", b"_+/=", 16),
    shape("SG.", b"-_.", 30),
    shape("npm_", b"", 30),
    shape("dckr_pat_", b"-_", 16),
    shape("dckr_oat_", b"-_", 16),
    shape("hvs.", b"-_", 20),
    shape("hvb.", b"-_", 20),
    shape("pypi-", b"-_", 40),
    shape("hf_", b"", 30),
    shape("dop_v1_", b"", 32),
    shape("shpat_", b"", 32),
    shape("glsa_", b"_", 32),
    shape("ATATT3", b"-_=", 40),
    shape("sq0csp-", b"-_", 22),
    shape("AGE-SECRET-KEY-1", b"", 40),
    exact("SK", 32),
    Shape {
        prefix: "sk-",
        signs: b"-_",
        least: 20,
        most: usize::MAX,
        digit: true,
    },
];

/// How far a key is read before it is known to be one.
const DOUBTFUL_BYTES: usize = 256;

pub(super) fn known(text: &str, from: usize, shape: &Shape, spans: &mut Spans) {
    let bytes = text.as_bytes();
    if !bytes[from..].starts_with(shape.prefix.as_bytes()) || is_inside_word(bytes, from) {
        return;
    }
    let body = &bytes[from + shape.prefix.len()..];
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || shape.signs.contains(byte);
    let doubtful = &body[..body.len().min(DOUBTFUL_BYTES)];
    let length = doubtful.iter().take_while(is_part).count();
    if length < shape.least || length > shape.most {
        return;
    }
    // Of the keys of one length, Twilio's is written in hex, Amazon's in capitals.
    let fits = match shape.prefix {
        "SK" => body[..length]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        _ if shape.most == shape.least => body[..length]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z')),
        _ => !shape.digit || body[..length].iter().any(u8::is_ascii_digit),
    };
    if fits {
        let length = body.iter().take_while(is_part).count();
        spans.redact(from, from + shape.prefix.len() + length, REDACTED);
    }
}

fn is_inside_word(bytes: &[u8], from: usize) -> bool {
    // `%3Dghp_` begins a value, although a letter stands before it.
    let is_encoded = from >= 3 && bytes[from - 3] == b'%';
    from > 0 && !is_encoded && (bytes[from - 1].is_ascii_alphanumeric() || bytes[from - 1] == b'_')
}

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

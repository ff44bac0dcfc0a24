//! Credentials in URLs and in what looks nearly like one.
//!
//! `scheme://user:password@host` keeps its user, unless the user is a token; parameters of the query have names and are
//! found like other names. It deliberately does not parse URLs: what programs print is often half of one.

use super::keys::Key;
use super::plain::is_harmless;
use super::quotes::{bare_end, closes};
use super::{REDACTED, Spans};

/// Longest authority looked through.
const WINDOW: usize = 1024;

/// After `://`. Answers where what was read as user and password ends: an `@` before that is no e-mail address.
pub(super) fn authority(text: &str, from: usize, spans: &mut Spans) -> usize {
    let bytes = text.as_bytes();
    let window = &bytes[..bytes.len().min(from + WINDOW)];
    let end_of_word = end(window, from, |byte| {
        matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'`' | b'\\')
    });
    let slash = end(&window[..end_of_word], from, |byte| {
        matches!(byte, b'/' | b'?' | b'#')
    });
    let Some(at) = last_at(window, from, slash).or_else(|| {
        // A password with a slash in it is not encoded as it should be, but it is a password. After a host, a port stands.
        let colon = memchr::memchr(b':', &bytes[from..slash])? + from;
        let port = &bytes[colon + 1..slash];
        let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
        if is_port || bytes[from..slash].contains(&b'[') {
            None
        } else {
            last_at(window, slash, end_of_word)
        }
    }) else {
        return from;
    };
    user_and_password(text, from, at, b":", spans);
    at + 1
}

/// After `%3A%2F%2F`, where a URL is a part of another.
pub(super) fn encoded_authority(text: &str, from: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let end = bare_end(&bytes[..bytes.len().min(from + WINDOW)], from, true);
    let rest = &text[from..floor(text, end)];
    let rest = &rest[..position(rest, "%2F").unwrap_or(rest.len())];
    if let Some(at) = position(rest, "%40") {
        user_and_password(text, from, from + at, b"%3A", spans);
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn position(text: &str, written: &str) -> Option<usize> {
    text.as_bytes()
        .windows(written.len())
        .position(|window| window.eq_ignore_ascii_case(written.as_bytes()))
}

fn user_and_password(text: &str, from: usize, at: usize, colon: &[u8], spans: &mut Spans) {
    let userinfo = &text[from..at];
    let separator = userinfo
        .as_bytes()
        .windows(colon.len())
        .position(|window| window.eq_ignore_ascii_case(colon));
    let user = &userinfo[..separator.unwrap_or(userinfo.len())];
    if is_token(user) {
        spans.redact(from, from + user.len(), REDACTED);
    }
    if let Some(separator) = separator {
        let password = &userinfo[separator + colon.len()..];
        if !is_harmless(password, Key::Strong) {
            spans.redact(at - password.len(), at, REDACTED);
        }
    }
}

/// Whether a user's name is a key in truth: long, with digits, and no address.
fn is_token(user: &str) -> bool {
    user.len() >= 16
        && !user.starts_with('<')
        && user.bytes().any(|byte| byte.is_ascii_digit())
        && user.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !user.contains(['@', '.', '{'])
        && !user.contains("%40")
}

fn end(bytes: &[u8], from: usize, is_end: impl Fn(u8) -> bool) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| is_end(*byte))
        .map_or(bytes.len(), |length| from + length)
}

/// The last `@` there, as passwords contain it as well, up to a quote that ends what is around the URL.
fn last_at(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut last = None;
    for at in from..to {
        match bytes[at] {
            b'@' => last = Some(at),
            b'\'' | b')' if last.is_some() && closes(bytes, at) => break,
            _ => {}
        }
    }
    last
}

/// Words before a colon and a name with a host that are no users: `sip:joe@host:5060`.
const NO_USERS: [&str; 26] = [
    "account",
    "acct",
    "bcc",
    "by",
    "cc",
    "email",
    "file",
    "for",
    "from",
    "git",
    "jid",
    "link",
    "login",
    "mail",
    "mailto",
    "npm",
    "patch",
    "pkg",
    "rcpt",
    "recipient",
    "scp",
    "sender",
    "sip",
    "sips",
    "ssh",
    "to",
];

/// What Go's MySQL driver puts round an address.
const NETWORKS: [&[u8]; 6] = [b"tcp(", b"tcp6(", b"udp(", b"unix(", b"cloudsql", b"("];

/// `user:password@host:5432/db` without a scheme, `user:password@tcp(host:3306)/db`, `tcp(user:password@host)`; `at` is the
/// `@`. The address has to say that it is one: `user:name@host` may as well be somebody's.
pub(super) fn bare_address(text: &str, at: usize, covered: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let rest = &bytes[at + 1..];
    let is_driver = NETWORKS.iter().any(|network| rest.starts_with(network));
    if !is_driver
        && !rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[')
    {
        return;
    }
    let begin = at.saturating_sub(256).max(covered);
    let is_end = |byte: &u8| {
        matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'=')
            || !is_driver
                && matches!(
                    byte,
                    b',' | b';' | b'|' | b'<' | b'[' | b'(' | b'{' | b'/' | b'\\'
                )
    };
    let from = bytes[begin..at]
        .iter()
        .rposition(is_end)
        .map_or(begin, |before| begin + before + 1);
    let Some(colon) = memchr::memchr(b':', &bytes[from..at]).map(|length| from + length) else {
        return;
    };
    let password = colon + 1;
    if password == at || !text.is_char_boundary(password) || is_harmless(&text[password..at], Key::Strong) {
        return;
    }
    if is_driver || (is_user(&text.as_bytes()[from..colon]) && is_address(bytes, from, password, at)) {
        spans.redact(password, at, REDACTED);
    }
}

fn is_user(user: &[u8]) -> bool {
    user.first().is_some_and(u8::is_ascii_alphabetic)
        && user
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        && !NO_USERS
            .iter()
            .any(|word| word.as_bytes().eq_ignore_ascii_case(user))
}

/// Whether a host with a port stands after the `@`, or what else shows that a database is meant.
fn is_address(bytes: &[u8], from: usize, password: usize, at: usize) -> bool {
    let is_host = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'[' | b']');
    let host = at + 1 + bytes[at + 1..].iter().take(255).take_while(is_host).count();
    let digits = bytes[(host + 1).min(bytes.len())..]
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_digit());
    let past = host + 1 + digits.count();
    let goes_on = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    match bytes.get(host) {
        // A line and a column follow a file: `a:b@c.js:12:5`.
        Some(b':') if (host + 3..=host + 6).contains(&past) => {
            let is_column =
                bytes.get(past) == Some(&b':') && bytes.get(past + 1).is_some_and(u8::is_ascii_digit);
            !goes_on(bytes.get(past)) && !is_column
        }
        Some(b'/') => goes_on(bytes.get(host + 1)) && is_mixed(&bytes[password..at]),
        Some(b')') => bytes[..from].ends_with(b"tcp("),
        _ => false,
    }
}

/// Whether letters and digits are in it: without a port, only the password tells an address from a name with a resource.
fn is_mixed(password: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| password.iter().any(test);
    password.len() >= 4
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !password.contains(&b'.')
}

/// After `oracle:thin:`: `user/password@host`.
pub(super) fn oracle(text: &str, from: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let end = bare_end(&bytes[..bytes.len().min(from + WINDOW)], from, false);
    let slash = bytes[from..end]
        .iter()
        .position(|byte| matches!(byte, b'/' | b'@'));
    let at = memchr::memchr(b'@', &bytes[from..end]);
    if let (Some(slash), Some(at)) = (slash, at)
        && slash < at
        && !is_harmless(&text[from + slash + 1..from + at], Key::Strong)
    {
        spans.redact(from + slash + 1, from + at, REDACTED);
    }
}

/// After an address whose path is a secret: everything in the path but the first `kept` parts.
pub(super) fn secret_path(text: &str, from: usize, kept: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let is_path =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~');
    let end = from + bytes[from..].iter().take_while(is_path).count();
    let mut begin = from;
    for _ in 0..kept {
        let Some(slash) = memchr::memchr(b'/', &bytes[begin..end]) else {
            return;
        };
        begin += slash + 1;
    }
    if end - begin >= 8 {
        spans.redact(begin, end, REDACTED);
    }
}

//! Secrets in commands and statements whose place, not name, says what they are.
//!
//! `sshpass -p x`, `mysql -px`, `docker login -p x`, `curl -u name:x`, `IDENTIFIED BY 'x'`. It deliberately knows which
//! program is called: elsewhere `-p` is a port.

use super::Spans;
use super::keys::Key;
use super::plain::{is_harmless, is_prose};
use super::quotes::skip_blanks;

/// How far before a flag its program stands.
const WINDOW: usize = 256;

/// After a flag of one letter, which ends at `end`.
pub(super) fn flag(text: &str, flag: u8, end: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let before = &bytes[end.saturating_sub(WINDOW)..end];
    let calls = |program: &str| memchr::memmem::find(before, program.as_bytes()).is_some();
    let is_apart = bytes.get(end) == Some(&b' ');
    let fits = match flag {
        b'p' if is_apart => {
            calls("sshpass")
                || (calls(" login")
                    && ["docker", "podman", "helm", "crane", "oras"]
                        .iter()
                        .any(|it| calls(it)))
        }
        b'p' => ["sshpass", "mysql", "mariadb", "mongo"]
            .iter()
            .any(|it| calls(it)),
        b'a' => is_apart && calls("redis-cli"),
        _ => is_apart && (calls("curl") || calls("wget")),
    };
    if !fits {
        return;
    }
    let at = skip_blanks(bytes, end);
    if spans.is_end_of_string(bytes, at) {
        return;
    }
    let (mut from, past) = spans.extent(bytes, at);
    if flag == b'u' {
        let Some(colon) = memchr::memchr(b':', &bytes[from..past]) else {
            return;
        };
        from += colon + 1;
    }
    if !text[from..past].starts_with('-') && !is_harmless(&text[from..past], Key::Strong) {
        spans.redact_word(from, past);
    }
}

/// After SQL's `IDENTIFIED`: `BY 'x'`, `WITH plugin AS 'x'`.
pub(super) fn identified(text: &str, end: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let window = &bytes[end..bytes.len().min(end + WINDOW)];
    let Some(by) = window
        .windows(4)
        .position(|word| word.eq_ignore_ascii_case(b" by ") || word.eq_ignore_ascii_case(b" as "))
    else {
        return;
    };
    let mut at = skip_blanks(bytes, end + by + 4);
    if bytes[at..].len() > 9 && bytes[at..at + 9].eq_ignore_ascii_case(b"password ") {
        at = skip_blanks(bytes, at + 9);
    }
    if spans.is_end_of_string(bytes, at) {
        return;
    }
    let (from, past) = spans.extent(bytes, at);
    if from == at && is_prose(&text[at..], Key::Weak) {
        return;
    }
    if !is_harmless(&text[from..past], Key::Strong) {
        spans.redact_word(from, past);
    }
}

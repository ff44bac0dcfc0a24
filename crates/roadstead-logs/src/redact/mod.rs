//! Secrets out of a line, before it is stored or shown.
//!
//! [`redact`] puts `<redacted>` in the place of passwords, tokens and keys, `<email>` for the name in an e-mail address
//! (the domain stays) and `<card>` for a card number. The placeholder is the same whatever the secret was, so that
//! fingerprints do not depend on it; JSON stays JSON; user names stay. [`Redactor`] and [`redact_lines`] do the same for
//! lines that belong together, for the sake of private keys in many lines and of values on the lines after their name.
//!
//! Secrets are found by the name before them (`password=`), by their place (`://user:x@host`, `Bearer x`) and by their
//! own shape (`ghp_…`, JWTs). A word without any of these is deliberately left alone however random it looks, as
//! identifiers look the same; so is prose about secrets ("invalid token: unexpected end"). In doubt, the word goes: a
//! missing word costs less than a password in a screenshot.
//!
//! One pass over three bytes at a time finds the places worth a look; each look is bounded or moves on past what it has read, so
//! time is linear in the length of the text.

mod anchors;
mod assigned;
mod blocks;
mod calls;
mod commands;
mod following;
mod headers;
mod issuers;
mod keys;
mod people;
mod plain;
#[cfg(test)]
mod planted;
mod quotes;
#[cfg(test)]
mod tests;
mod tokens;
mod urls;
mod values;

use std::borrow::Cow;

use anchors::Anchor;
use quotes::{Quote, bare_end, skip_blanks};

pub use blocks::{Redactor, redact_lines};

/// In the place of a secret.
pub const REDACTED: &str = "<redacted>";
/// In the place of the name in an e-mail address.
pub const EMAIL: &str = "<email>";
/// In the place of a card number.
pub const CARD: &str = "<card>";

/// The text without its secrets; borrowed if it has none. Redacting again changes nothing.
///
/// ```
/// use roadstead_logs::redact::redact;
///
/// assert_eq!(
///     redact("cannot reach postgres://app:hunter2@db:5432/app for jo@example.org"),
///     "cannot reach postgres://app:<redacted>@db:5432/app for <email>@example.org"
/// );
/// assert_eq!(redact(r#"{"password":"hunter2"}"#), r#"{"password":"<redacted>"}"#);
/// ```
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut clean = once(text);
    // What stood beside a secret may read differently without it.
    for _ in 0..MOST_ROUNDS {
        let Cow::Owned(found) = &clean else { break };
        let Cow::Owned(cleaner) = once(found) else { break };
        clean = Cow::Owned(cleaner);
    }
    clean
}

fn once(text: &str) -> Cow<'_, str> {
    let mut spans = Spans::default();
    anchored(text, &mut spans);
    tokens::discord(text, &mut spans);
    people::cards(text, &mut spans);
    spans.apply(text)
}

fn anchored(text: &str, spans: &mut Spans) {
    let (mut name_end, mut user_end) = (0, 0);
    anchors::each(text, |anchor, from, to| {
        if from < spans.covered {
            return;
        }
        match anchor {
            Anchor::Name if from < name_end => {}
            Anchor::Name => {
                let letters = text.as_bytes()[from..to]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphabetic())
                    .count();
                name_end = values::find(text, from, from + letters, spans);
            }
            Anchor::Url => user_end = urls::authority(text, to, spans),
            Anchor::EncodedUrl => urls::encoded_authority(text, to, spans),
            Anchor::At if from < user_end => {}
            Anchor::At => {
                urls::bare_address(text, from, spans.covered, spans);
                people::email(text, from, to, spans.covered, spans);
            }
            Anchor::EncodedAt => people::email(text, from, to, spans.covered, spans),
            Anchor::Shape(at) => issuers::known(text, from, &issuers::SHAPES[at], spans),
            Anchor::Jwt => tokens::jwt(text, from, spans),
            Anchor::Bearer => tokens::after_scheme(text, to, false, spans),
            Anchor::Basic => tokens::after_scheme(text, to, true, spans),
            Anchor::Telegram => tokens::telegram(text, from, spans),
            Anchor::Armour => blocks::armour(text, to, spans),
            Anchor::Flag(letter) => commands::flag(
                text,
                letter,
                to - usize::from(text.as_bytes()[to - 1] == b' '),
                spans,
            ),
            Anchor::Identified => commands::identified(text, to - 1, spans),
            Anchor::Call => {
                calls::arguments(text, to - 1, spans);
            }
            Anchor::Oracle => urls::oracle(text, to, spans),
            Anchor::Path(kept) => urls::secret_path(text, to, kept, spans),
        }
    });
}

/// Places of the text that go.
#[derive(Default)]
struct Spans {
    found: Vec<Span>,
    /// Where the furthest of them ends: nothing before it is looked at again.
    covered: usize,
    /// How far strings were followed, and whether that is inside one.
    followed: (usize, bool),
}

/// How often a text is read again after something was found; nearly always the first time changes nothing.
const MOST_ROUNDS: usize = 4;

/// A longer word is not looked into for other secrets, which keeps time linear.
const WORD_BYTES: usize = 128;

struct Span {
    from: usize,
    to: usize,
    with: &'static str,
}

impl Spans {
    fn redact(&mut self, from: usize, to: usize, with: &'static str) {
        if from < to {
            self.found.push(Span { from, to, with });
            self.covered = self.covered.max(to);
        }
    }

    /// A value that goes. Where it ends was guessed, so what stands in it is looked at all the same.
    fn redact_word(&mut self, from: usize, to: usize) {
        let covered = self.covered;
        self.redact(from, to, REDACTED);
        if to - from <= WORD_BYTES {
            self.covered = covered;
        }
    }

    /// Whether the quote at `at` ends the string that a value would have stood in: `{"message":"empty token="}`.
    fn is_end_of_string(&mut self, bytes: &[u8], at: usize) -> bool {
        let Some(quote) = Quote::at(bytes, at) else {
            return false;
        };
        let ends = match bytes.get(skip_blanks(bytes, at + quote.len())) {
            None | Some(b',' | b'}' | b']' | b')' | b':' | b';') => true,
            Some(_) => bytes[at + quote.len()] == b' ',
        };
        // Only strings that are not escaped can be followed from the beginning.
        ends && (quote.len() > 1 || quote.mark != b'"' || self.is_inside_string(bytes, at))
    }

    /// Where the text ends that begins after a quote at `at`: within a string of JSON, no later than the string.
    fn end_of_quote(&mut self, bytes: &[u8], at: usize, quote: Quote) -> usize {
        let end = quote.end(bytes, at + quote.len());
        self.end_of_text(&bytes[..end], at, quote)
    }

    /// Where the string of JSON ends that a quote at `at` stands in; where the text ends, if it stands in none.
    fn end_of_text(&mut self, bytes: &[u8], at: usize, quote: Quote) -> usize {
        if quote.mark == b'"' || !self.is_inside_string(bytes, at) {
            return bytes.len();
        }
        let from = at + quote.len();
        Quote::at(b"\"", 0).map_or(bytes.len(), |string| string.end(bytes, from))
    }

    /// Where the text of the value at `at` begins and ends, with quotes or without.
    fn extent(&mut self, bytes: &[u8], at: usize) -> (usize, usize) {
        match Quote::at(bytes, at) {
            Some(quote) => (at + quote.len(), self.end_of_quote(bytes, at, quote)),
            None => (at, bare_end(bytes, at, false)),
        }
    }

    fn is_inside_string(&mut self, bytes: &[u8], at: usize) -> bool {
        let (from, mut inside) = self.followed;
        if at < from {
            return inside;
        }
        for quote in memchr::memchr_iter(b'"', &bytes[from..at]) {
            let slashes = bytes[from..from + quote]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count();
            inside ^= slashes.is_multiple_of(2);
        }
        self.followed = (at, inside);
        inside
    }

    fn apply(mut self, text: &str) -> Cow<'_, str> {
        if self.found.is_empty() {
            return Cow::Borrowed(text);
        }
        self.found.sort_by_key(|span| span.from);
        let mut clean = String::with_capacity(text.len());
        let mut past = 0;
        for Span { from, to, with } in self.found {
            if from >= past {
                clean.push_str(text.get(past..from).unwrap_or_default());
                clean.push_str(with);
            }
            past = past.max(to);
        }
        clean.push_str(text.get(past..).unwrap_or_default());
        Cow::Owned(clean)
    }
}

//! A message without what varies from one occurrence to the next.
//!
//! Walks a message once from left to right and replaces variables by placeholders. What tells one trouble from another
//! stays: words, and the numbers that are names of trouble (a status, an errno, an exit code, a signal).

mod alike;
mod names;
mod numbers;
mod places;
mod quoted;
mod spans;
#[cfg(test)]
mod tests;
mod tokens;
mod vocabulary;
mod words;

use std::ops::Range;

use crate::access;
use crate::shape;
use crate::time;
pub(crate) use alike::alike;
use words::{
    bracketed_statement, chosen, class, failure, fields, listed, only_placeholders, reversed_domain,
    spelled_with_digits, statement,
};

/// Longest masked form, in bytes; beyond that nothing distinguishes two troubles that did not before.
const LONGEST: usize = 400;
/// Most bytes of a message that are read for it.
const MOST_READ: usize = 4000;

fn word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

struct Masking<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    out: String,
    /// The last word that was kept, for what follows it.
    last: &'t str,
    /// The key before `=`, if one stands straight before.
    key: &'t str,
    /// Pairs that go on to the end of the message, or for long: values of fields, not words.
    fields: Range<usize>,
    /// Where in `out` the innermost open square bracket stands.
    bracket: Option<usize>,
    /// Whether words that no program writes are names, once that was asked.
    spoken: Option<bool>,
}

/// The masked form of a message: one line, at most [`LONGEST`] bytes.
pub(crate) fn mask(text: &str) -> String {
    let mut masking = Masking {
        text,
        bytes: text.as_bytes(),
        at: 0,
        out: String::with_capacity(text.len().min(LONGEST)),
        last: "",
        key: "",
        fields: fields(text),
        bracket: None,
        spoken: None,
    };
    while masking.at < text.len() && masking.at < MOST_READ && masking.out.len() < LONGEST {
        if !masking.step() {
            break;
        }
    }
    let out = &mut masking.out;
    // A full stop at the end says nothing.
    let kept = out.trim_end().trim_end_matches('.').len();
    out.truncate(kept);
    if out.len() > LONGEST {
        let cut = (0..=LONGEST)
            .rev()
            .find(|at| out.is_char_boundary(*at))
            .unwrap_or(0);
        out.truncate(cut);
    }
    masking.out
}

impl<'t> Masking<'t> {
    /// One token further; `false` where the rest only says in which circumstances.
    fn step(&mut self) -> bool {
        let b = self.bytes[self.at];
        match b {
            b' ' | b'\t' | b'\n' | b'\r' => {
                self.nameless();
                self.at += 1;
                if !self.out.is_empty() && !self.out.ends_with(' ') {
                    self.out.push(' ');
                }
            }
            b'"' | b'\'' | b'`' => self.quote(b),
            b',' if self.circumstances() => return false,
            b'{' if byte(self.bytes, self.at + 1) == b'"' && self.object() => {}
            b'{' if self.label_set() => {}
            b'[' if self.bracketed_address() => {}
            b'(' if self.also() || self.agent() || self.function_of_place() => {}
            b':' if !self.prior_is_word() && (self.address() || self.port()) => {}
            b'<' if self.redacted() || self.pointed_object() || self.pointed_name() => {}
            b'<' if byte(self.bytes, self.at + 1).is_ascii_digit() && !self.closes() => self.at += 1,
            b'/' | b'.' | b'~' if self.begins_path() => self.token(),
            b'-' | b'+' if byte(self.bytes, self.at + 1).is_ascii_digit() && !self.prior_is_word() => {
                self.token()
            }
            0xc2 | 0xe2 if self.printed_quote() => {}
            _ if word_byte(b) => self.token(),
            _ => self.punctuation(b),
        }
        true
    }

    fn prior_is_word(&self) -> bool {
        self.at > 0 && word_byte(self.bytes[self.at - 1])
    }

    /// `<165>` rather than `<1 sec`.
    fn closes(&self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let digits = rest
            .iter()
            .take(80)
            .take_while(|b| word_byte(**b) || matches!(b, b'.' | b'-'))
            .count();
        byte(rest, digits) == b'>'
    }

    /// What was taken out as a secret.
    fn redacted(&mut self) -> bool {
        let Some(length) = alike::placeholder(&self.text[self.at..]) else {
            return false;
        };
        self.at += length;
        // Of an address its host is left.
        if byte(self.bytes, self.at) == b'@' {
            let host = &self.bytes[self.at + 1..];
            self.at += 1 + host
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
                .count();
        }
        self.key = "";
        self.hide("<*>");
        true
    }

    /// What nginx and Apache append to every message: who asked, and from where.
    fn circumstances(&self) -> bool {
        let rest = &self.bytes[self.at..];
        rest.starts_with(b", client: ") || rest.starts_with(b", referer: ") || rest.starts_with(b", server: ")
    }

    fn punctuation(&mut self, b: u8) {
        match b {
            b'[' if let Some(length) = bracketed_statement(&self.text[self.at + 1..]) => {
                self.at += length + 2;
                self.out.push_str("[<SQL>]");
                return;
            }
            b'[' => self.bracket = Some(self.out.len()),
            b']' => {
                if let Some(open) = self.bracket.take()
                    && let Some(inner) = self.out.get(open + 1..)
                    && (only_placeholders(inner)
                        || listed(inner)
                        || self.filled_in(inner)
                        || open > 0
                            && self.out[..open].ends_with([' ', ',', '='])
                            && inner.split(", ").all(|part| part == "<*>" || chosen(part)))
                {
                    self.out.truncate(open);
                    self.out.push_str("[<*>");
                }
            }
            b')' => {
                // A size said twice, once for people: `5174 bytes (5.05 KB)`.
                for said in ["<N> (<N>", "bytes (<N>"] {
                    if self.out.ends_with(said) {
                        let kept = self.out.len() - " (<N>".len();
                        self.out.truncate(kept);
                        self.at += 1;
                        return;
                    }
                }
            }
            _ => {}
        }
        if !matches!(b, b'=' | b'<') {
            self.key = "";
        }
        self.out.push(b as char);
        self.at += 1;
        // A field that is empty this time.
        let next = byte(self.bytes, self.at);
        if b == b'=' && self.fields.contains(&self.at) && next == b' ' {
            self.hide("<*>");
        } else if b == b':' && next == b' ' && byte(self.bytes, self.at + 1) == b',' {
            self.at += 1;
            self.out.push(' ');
            self.hide("<*>");
        }
    }

    /// A value between brackets in a message that has all of its values between them: `changed from [GREEN] to [RED]
    /// since [shop-1]`.
    fn filled_in(&self, inner: &str) -> bool {
        const MOST_BYTES: usize = 40;
        const LEAST_PAIRS: usize = 3;
        inner.len() <= MOST_BYTES
            && !inner.contains(": ")
            && !inner.split(' ').any(failure)
            && memchr::memchr_iter(b'[', &self.bytes[..self.bytes.len().min(MOST_READ)])
                .filter(|open| *open > 0 && matches!(self.bytes[open - 1], b' ' | b'=' | b']' | b'/'))
                .nth(LEAST_PAIRS - 1)
                .is_some()
    }

    fn token(&mut self) {
        if !self.prior_is_word() && shape::hardware(&self.bytes[self.at..]) {
            self.at += shape::HARDWARE_BYTES;
            self.hide("<HEX>");
            return;
        }
        if !self.prior_is_word()
            && let Some(end) = time::at(self.bytes, self.at).filter(|end| !word_byte(byte(self.bytes, *end)))
        {
            self.at = end;
            self.hide("<TIME>");
            return;
        }
        if !self.prior_is_word() && self.address() {
            return;
        }
        let end = self.token_end();
        let token = &self.text[self.at..end];
        let begin = self.at;
        // `mail/ops[0]`: which of them.
        if byte(self.bytes, end) == b'[' && token.contains('/') && byte(self.bytes, end + 1).is_ascii_digit()
        {
            self.at = end;
            self.hide("<*>");
            return;
        }
        self.at = end;
        let key = std::mem::take(&mut self.key);
        let is_key = byte(self.bytes, end) == b'=';
        if let Some(length) = statement(token, &self.text[..begin], &self.text[end..]) {
            self.keep(token);
            self.out.push(' ');
            self.at = end + length;
            self.hide("<SQL>");
            return;
        }
        if byte(self.bytes, end) == b'='
            && key.is_empty()
            && !matches!(byte(self.bytes, end + 1), b'=' | b' ')
        {
            self.key = token;
        }
        if self.printed_object(token, key) || self.span(token) || key.is_empty() && self.keyed_name(token) {
            return;
        }
        if token.bytes().any(|b| b.is_ascii_digit()) {
            if self.tells(token, key, begin)
                || key.is_empty() && (spelled_with_digits(token) || class(token) && failure(token))
            {
                self.keep(token);
                return;
            }
            if (key.is_empty() || self.bytes[begin - 1] == b'<') && self.keyed_number(token, begin) {
                self.hide_numbered(token);
                return;
            }
            // Among the fields, a word and a number are one kind of value.
            if self.fields.contains(&begin)
                && !key.is_empty()
                && token.contains(|c: char| c.is_ascii_alphabetic())
                && matches!(shape::of(token), Some("<*>" | "<HOST>:<PORT>"))
            {
                self.hide("<*>");
                return;
            }
        } else if self.is_chosen_name(token, key, begin) {
            if key.is_empty() && names::capital(token) {
                self.rest_of_title();
            }
            self.hide("<*>");
            self.query();
            return;
        } else if key.is_empty() && !is_key && self.entitled(token) {
            return;
        }
        // `query B`: which of them. An article or a person is at a beginning or has a word behind it.
        if let [letter] = token.as_bytes()
            && letter.is_ascii_uppercase()
            && key.is_empty()
            && !is_key
            && self.out.ends_with(' ')
            && (matches!(byte(self.bytes, end), 0 | b':' | b',' | b')' | b'.')
                || byte(self.bytes, end) == b' ' && !matches!(letter, b'A' | b'I'))
        {
            self.hide("<*>");
            return;
        }
        // How something was asked for that went wrong: `requesting GET /x`, `Post "http://x": refused`.
        let asked = |with: &[&str]| with.iter().any(|begins| self.text[self.at..].starts_with(begins));
        if !self.out.is_empty() && access::is_method(token) && asked(&[" /", " http"])
            || matches!(
                token,
                "Get" | "Post" | "Put" | "Head" | "Patch" | "Delete" | "Options"
            ) && asked(&[" \"http", " \\\"http"])
        {
            self.hide("<*>");
            return;
        }
        let pointed = begin > 0 && self.bytes[begin - 1] == b'*' && spans::go_type(token);
        if key.is_empty() && (class(token) || reversed_domain(token) || pointed) && !failure(token)
            || self.media_type(token)
        {
            self.hide("<*>");
            return;
        }
        match shape::of(token) {
            None if key.is_empty() && !is_key && self.is_given(token, begin) => self.hide_given(),
            None if self.out.ends_with("<N> ") => self.keep(spans::singular(token)),
            None => self.keep(token),
            Some("<N>") => {
                self.unit();
                if key.ends_with("id") {
                    self.name_of_number();
                }
                self.hide("<N>");
            }
            // A name with its line: the name tells, the line moves.
            Some(_)
                if shape::source(token)
                    && !token.contains('/')
                    && token
                        .split(':')
                        .next()
                        .is_some_and(|f| !f.bytes().any(|b| b.is_ascii_digit())) =>
            {
                let name = token.split(':').next().unwrap_or(token);
                self.keep(name);
                if name.len() < token.len() {
                    self.out.push_str(":<N>");
                }
            }
            Some("<*>") => {
                self.hide_numbered(token);
                self.query();
            }
            Some(placeholder) => {
                self.hide(placeholder);
                if placeholder == "<PATH>" {
                    self.query();
                    self.spaced_path(token);
                }
            }
        }
    }

    fn keep(&mut self, word: &'t str) {
        self.out.push_str(word);
        self.last = word;
    }

    /// Writes a placeholder, and one only for a list of the same kind.
    fn hide(&mut self, placeholder: &'static str) {
        self.last = "";
        for separator in [", ", " ", ",", ":", "|", "##", "-", "/"] {
            if let Some(before) = self.out.strip_suffix(separator)
                && before.ends_with(placeholder)
            {
                let kept = before.len();
                self.out.truncate(kept);
                self.rest_of_bars();
                return;
            }
        }
        self.out.push_str(placeholder);
        self.rest_of_bars();
    }
}

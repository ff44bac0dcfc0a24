//! Stretches of a message that are one variable though they hold several words: objects as programs print them, lists
//! between bars, the place of a name that is empty.

use super::words::{
    ACTED, ACTORS, CODES, HOSTS_FOLLOW, KEYED, KINDS, NAMED, NO_ACTORS, NO_NAMES, NOUNS, SAID, Words, one_of,
};
use super::{LONGEST, Masking, byte, mask, word_byte};
use crate::shape;

/// Longest object that is looked over for its end, in bytes.
const LONGEST_OBJECT: usize = 600;

impl<'t> Masking<'t> {
    /// `Window{3fa2 u0 shop/.Main}` and what else is printed so: which one it is, not what went wrong.
    pub(super) fn printed_object(&mut self, token: &'t str, key: &str) -> bool {
        if byte(self.bytes, self.at) != b'{'
            || !token.bytes().any(|b| b.is_ascii_uppercase())
            || token.ends_with("Error")
            || token.ends_with("Exception")
        {
            return false;
        }
        let window = &self.bytes[self.at..self.bytes.len().min(self.at + LONGEST_OBJECT)];
        let mut depth = 0_u32;
        let end = window.iter().position(|b| {
            match b {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = end else {
            return false;
        };
        self.at += end + 1;
        if !key.is_empty() {
            self.hide("<*>");
            return true;
        }
        self.keep(token);
        self.out.push('{');
        self.hide("<*>");
        self.out.push('}');
        true
    }

    /// `<Window: 0x3fa2 of shop>`: the same as Python and Apple print it.
    pub(super) fn pointed_object(&mut self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let name = rest
            .iter()
            .take(64)
            .take_while(|b| word_byte(**b) || **b == b'.')
            .count();
        if name < 3 || !rest[0].is_ascii_uppercase() || !matches!(byte(rest, name), b':' | b' ') {
            return false;
        }
        let window = &rest[..rest.len().min(LONGEST_OBJECT)];
        let Some(end) = memchr::memchr(b'>', window) else {
            return false;
        };
        if window[..end].contains(&b'<') || byte(window, name + 1) == b'>' {
            return false;
        }
        let name = &self.text[self.at + 1..=self.at + name];
        self.at += end + 2;
        self.out.push('<');
        self.keep(name);
        self.out.push(' ');
        self.hide("<*>");
        self.out.push('>');
        true
    }

    /// `user <otto>`
    pub(super) fn pointed_name(&mut self) -> bool {
        let rest = &self.text[self.at + 1..];
        let noun = self
            .out
            .strip_suffix(' ')
            .is_some_and(|out| out.ends_with(self.last))
            && (one_of(self.last, NOUNS) || one_of(self.last, KINDS) || one_of(self.last, NAMED));
        let length = rest
            .find(['>', ' ', '<'])
            .filter(|length| (1..=80).contains(length));
        match length {
            Some(length) if noun && rest.as_bytes()[length] == b'>' => {
                self.at += length + 2;
                self.hide("<*>");
                true
            }
            _ => false,
        }
    }

    /// `plugin shop loaded`: who did it, where a noun for its kind stands before and a verb, its source or its number
    /// behind.
    pub(super) fn acting(&self, token: &str) -> bool {
        (one_of(self.last, ACTORS) || self.last == "process")
            && self.out.ends_with(&[self.last, " "].concat())
            && !one_of(token, NO_NAMES)
            && !one_of(token, NO_ACTORS)
            && (self.text[self.at..].starts_with(": ") && called(token)
                || self.text[self.at..].strip_prefix(' ').is_some_and(|rest| {
                    let verb = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                    one_of(&rest[..verb], ACTED)
                        || rest.starts_with("from /")
                        || rest.starts_with('(')
                            && rest[1..]
                                .trim_start_matches(|c: char| c.is_ascii_digit())
                                .starts_with(')')
                }))
    }

    /// `what happened, module: shop` at its end or before the next comma.
    pub(super) fn appended(&self) -> bool {
        matches!(byte(self.bytes, self.at), 0 | b',' | b')' | b';')
            && (one_of(self.last, KINDS) || one_of(self.last, ACTORS))
            && self
                .out
                .strip_suffix(": ")
                .and_then(|out| out.strip_suffix(self.last))
                .is_some_and(|out| out.ends_with(", "))
    }

    /// `request{method=GET host=shop agent=A Browser (1.0) status=500}: what happened`, as Rust's tracing prints where it
    /// happened: the method, the status and what went wrong count.
    pub(super) fn span(&mut self, token: &'t str) -> bool {
        const LONGEST_SPAN: usize = 2000;
        let Some(rest) = self.text[self.at..].strip_prefix('{') else {
            return false;
        };
        let name = rest
            .bytes()
            .take(40)
            .take_while(|b| word_byte(*b) || *b == b'.')
            .count();
        if name == 0 || byte(rest.as_bytes(), name) != b'=' {
            return false;
        }
        let window = &rest[..rest.floor_char_boundary(LONGEST_SPAN)];
        let Some(end) = window
            .find("}:")
            .or_else(|| window.find("} "))
            .or_else(|| window.rfind('}'))
        else {
            return false;
        };
        self.at += end + 2;
        self.keep(token);
        self.out.push('{');
        let mut fields = &window[..end];
        while let Some((key, value)) = fields.split_once('=') {
            let length = next_pair(value);
            fields = value[length..].trim_start();
            let value = value[..length].trim_matches('"');
            let key = key.rsplit('.').next().unwrap_or(key);
            let wrong = one_of(key, const { &Words::of("error err reason exception cause") });
            if self.out.len() < LONGEST && (wrong || key == "method" || one_of(key, CODES)) {
                self.out.push_str(key);
                self.out.push('=');
                self.out
                    .push_str(&if wrong { mask(value) } else { value.to_owned() });
                self.out.push(' ');
            }
        }
        self.out.push('}');
        self.last = "";
        true
    }

    /// `uid=12(shop)`: the name goes with the number.
    pub(super) fn name_of_number(&mut self) {
        let rest = &self.bytes[self.at..];
        if byte(rest, 0) == b'(' {
            let name = rest[1..]
                .iter()
                .take(40)
                .take_while(|b| word_byte(**b) || **b == b'-')
                .count();
            if byte(rest, name + 1) == b')' {
                self.at += name + 2;
            }
        }
    }

    /// Where the URL at `at` ends; a secret that was taken out of it is a part of it.
    pub(super) fn url_end(&self) -> usize {
        const SECRET: &[u8] = b"<redacted>";
        let mut end = self.at;
        while end < self.bytes.len() {
            end += match self.bytes[end] {
                b'<' if self.bytes[end..].starts_with(SECRET) => SECRET.len(),
                b' ' | b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b']' | b'}' | b',' | b'\n' | b'|' => break,
                _ => 1,
            };
        }
        end
    }

    /// `relation shop_items is gone`: a name that somebody or some program gave, in the midst of a sentence.
    pub(super) fn snake(&self, token: &str, begin: usize) -> bool {
        let prior = if begin > 0 { self.bytes[begin - 1] } else { b'(' };
        let next = byte(self.bytes, self.at);
        self.out.len() > 3
            && prior == b' '
            && !matches!(next, b'(' | b':' | b'=' | b'{' | b'[')
            && memchr::memchr2(b'_', b'.', token.as_bytes()).is_some()
            && !shape::source(token)
            && token
                .split(['_', '.'])
                .all(|part| part.len() > 1 && part.bytes().all(|b| b.is_ascii_lowercase()))
    }

    /// The quote that ends at `end` ends the message too, and a word for what was given stands before it with a colon.
    pub(super) fn given(&self, end: usize) -> bool {
        self.text[end..].trim_end().is_empty()
            && self.out.ends_with(": ")
            && one_of(
                self.last,
                const { &Words::of("matched line input record payload data value body content text string near") },
            )
    }

    /// `text/html; charset=utf-8`: what was sent.
    pub(super) fn media_type(&mut self, token: &str) -> bool {
        const TOPS: [&str; 8] = [
            "application/",
            "audio/",
            "font/",
            "image/",
            "message/",
            "multipart/",
            "text/",
            "video/",
        ];
        if !TOPS.iter().any(|top| token.starts_with(top)) {
            return false;
        }
        let rest = &self.text[self.at..];
        if let Some(charset) = rest
            .strip_prefix("; charset=")
            .or_else(|| rest.strip_prefix(";charset="))
        {
            let length = charset
                .bytes()
                .take_while(|b| word_byte(*b) || *b == b'-')
                .count();
            self.at += rest.len() - charset.len() + length;
        }
        true
    }

    /// A path goes on behind a blank where words with capitals or numbers lead to another of its parts:
    /// `/films/Harbour Lights (1999)/Harbour Lights.mkv`.
    pub(super) fn spaced_path(&mut self, token: &str) {
        if !token.starts_with('/') && !token.contains(":\\") || shape::ended(token) {
            return;
        }
        let rest = &self.text[self.at..];
        let mut end = 0;
        let mut at = 0;
        for word in rest.split_inclusive(' ').take(12) {
            let bare = word.trim_end_matches(' ');
            if at > 0 {
                let first = bare.as_bytes().first().copied().unwrap_or(0);
                if !(first.is_ascii_uppercase()
                    || first.is_ascii_digit()
                    || first >= 0x80
                    || matches!(first, b'(' | b'&' | b'-' | b'['))
                    || bare.ends_with([':', ',', '"', '\''])
                {
                    break;
                }
                if bare.contains('/') || shape::ended(bare) {
                    end = at + bare.len();
                }
                if shape::ended(bare) {
                    break;
                }
            } else if !bare.is_empty() {
                return;
            }
            at += word.len();
        }
        self.at += end;
    }

    /// Behind a part that varies, the rest of a list between bars: `12|shop|34|null|56`.
    pub(super) fn rest_of_bars(&mut self) {
        let rest = &self.bytes[self.at..];
        if byte(rest, 0) != b'|' || !word_byte(byte(rest, 1)) {
            return;
        }
        let length = rest
            .iter()
            .take_while(|b| word_byte(**b) || matches!(b, b'|' | b'.' | b'-' | b':' | b'/' | b'_'))
            .count();
        let list = &rest[..length];
        let last = list.rsplit(|b| *b == b'|').next().unwrap_or_default();
        let value = last.iter().any(u8::is_ascii_digit) || last == b"null" || last.is_empty();
        if value && memchr::memchr_iter(b'|', list).count() >= 2 {
            self.at += length;
        }
    }

    /// Two blanks behind a noun whose name is empty: `user  from 10.0.0.1`.
    pub(super) fn nameless(&mut self) {
        let rest = &self.text[self.at..];
        if !rest.starts_with("  ") || !one_of(self.last, NOUNS) || !self.out.ends_with(self.last) {
            return;
        }
        let next = rest.trim_start();
        let word = next.split(' ').next().unwrap_or_default();
        if next.starts_with('[') || one_of(word, NO_NAMES) {
            self.out.push(' ');
            self.hide("<*>");
        }
    }

    /// `memory:1024` rather than `shop:5432`: a key with its number, not a host with its port.
    pub(super) fn keyed_number(&self, token: &str, begin: usize) -> bool {
        let Some((name, number)) = token.split_once(':') else {
            return false;
        };
        let held = begin > 0 && matches!(self.bytes[begin - 1], b'@' | b'(');
        name.bytes().all(|b| b.is_ascii_alphabetic())
            && number.bytes().all(|b| b.is_ascii_digit())
            && byte(self.bytes, self.at) != b':'
            && (one_of(name, KEYED) || !held && !one_of(self.last, HOSTS_FOLLOW))
    }
}

/// A word that may be a name, and does not say how something is: `volume shop: full` rather than `volume full: /srv`.
fn called(word: &str) -> bool {
    word.len() > 2
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !["ed", "ing", "able", "ible", "ure", "ion"]
            .iter()
            .any(|end| word.ends_with(end))
        && !one_of(word, SAID)
}

/// A noun behind a number, be there one or many.
pub(super) fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(one) if word.len() > 3 && word != "bytes" => one,
        _ => word,
    }
}

/// How many bytes stand before the next ` key=`.
fn next_pair(text: &str) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b' ', bytes)
        .find(|at| {
            let key = bytes[at + 1..]
                .iter()
                .take(64)
                .take_while(|b| word_byte(**b) || **b == b'.')
                .count();
            key > 0 && byte(bytes, at + 1 + key) == b'='
        })
        .unwrap_or(text.len())
}

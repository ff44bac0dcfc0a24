//! Stretches of a message that are one variable though they hold several words: objects as programs print them, lists
//! between bars, the place of a name that is empty.

use std::net::Ipv6Addr;

use super::words::{CODES, HOSTS_FOLLOW, KEYED, Words, one_of};
use super::{LONGEST, Masking, byte, mask, word_byte};
use crate::shape;

/// Longest address of IPv6, with one of IPv4 in it.
const LONGEST_ADDRESS: usize = 45;
/// Most words of a path that has blanks in it.
const MOST_PARTS: usize = 12;
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

    /// An address of IPv6 without brackets: `::1`, `fe80::1%eth0`.
    pub(super) fn address(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .take(LONGEST_ADDRESS)
            .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
            .count();
        let run = self.text[self.at..self.at + length].trim_end_matches('.');
        let run = if run.ends_with("::") {
            run
        } else {
            run.trim_end_matches(':')
        };
        if word_byte(byte(rest, run.len())) {
            return false;
        }
        let (address, port) = run.rsplit_once(':').unwrap_or((run, ""));
        let whole = run.parse::<Ipv6Addr>().is_ok();
        let ported = !whole
            && port.len() > 3
            && port.bytes().all(|b| b.is_ascii_digit())
            && address.parse::<Ipv6Addr>().is_ok();
        if !whole && !ported {
            return false;
        }
        self.at += run.len();
        if ported {
            self.hide("<HOST>:<PORT>");
            return true;
        }
        if byte(self.bytes, self.at) == b'%' {
            let zone = &self.bytes[self.at + 1..];
            self.at += 1 + zone.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        }
        self.hide("<HOST>");
        true
    }

    /// The same between brackets, with its port: `[::1]:8080`.
    pub(super) fn bracketed_address(&mut self) -> bool {
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest.bytes().take(LONGEST_ADDRESS + 16).position(|b| b == b']') else {
            return false;
        };
        let address = rest[..length].split('%').next().unwrap_or_default();
        if address.parse::<Ipv6Addr>().is_err() {
            return false;
        }
        self.at += length + 2;
        let rest = &self.bytes[self.at..];
        let port = rest.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
        if byte(rest, 0) == b':' && port > 0 {
            self.at += 1 + port;
            self.hide("<HOST>:<PORT>");
        } else {
            self.hide("<HOST>");
        }
        true
    }

    /// `(Browser/5.0 (System; x86) Engine/1.2)`: who asked.
    pub(super) fn agent(&mut self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let name = rest
            .iter()
            .take(32)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            .count();
        if name < 2
            || !rest[0].is_ascii_alphabetic()
            || byte(rest, name) != b'/'
            || !byte(rest, name + 1).is_ascii_digit()
        {
            return false;
        }
        let mut depth = 1_u32;
        let window = &rest[..rest.len().min(LONGEST_OBJECT)];
        let end = window.iter().position(|b| {
            match b {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = end else {
            return false;
        };
        self.at += end + 2;
        self.out.push('(');
        self.hide("<*>");
        self.out.push(')');
        true
    }

    /// `listening on :8080`: a port of any address.
    pub(super) fn port(&mut self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(2..=5).contains(&digits) || !self.out.ends_with(' ') || word_byte(byte(rest, digits)) {
            return false;
        }
        self.at += 1 + digits;
        self.hide("<HOST>:<PORT>");
        true
    }

    /// `{app="shop", host="a"}`: which series or stream.
    pub(super) fn label_set(&mut self) -> bool {
        let rest = &self.text[self.at + 1..];
        let key = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            .count();
        let value = &rest[key..];
        if key == 0 || !(value.starts_with("=\"") || value.starts_with("=\\\"")) {
            return false;
        }
        let window = &rest[..rest.floor_char_boundary(LONGEST_OBJECT)];
        let Some(end) = window.find("\"}") else {
            return false;
        };
        self.at += end + 3;
        self.out.push('{');
        self.hide("<*>");
        self.out.push('}');
        true
    }

    /// Where the URL at `at` ends; a secret that was taken out of it is a part of it.
    pub(super) fn url_end(&self) -> usize {
        const SECRET: &[u8] = b"<redacted>";
        let mut end = self.at;
        while end < self.bytes.len() {
            end += match self.bytes[end] {
                b'<' if self.bytes[end..].starts_with(SECRET) => SECRET.len(),
                b'=' if self.bytes[end + 1..].starts_with(b"(") => {
                    let inner = self.bytes[end + 2..]
                        .iter()
                        .take(32)
                        .take_while(|b| b.is_ascii_alphabetic())
                        .count();
                    1 + if byte(self.bytes, end + 2 + inner) == b')' {
                        inner + 2
                    } else {
                        0
                    }
                }
                b',' if word_byte(byte(self.bytes, end + 1)) => 1,
                b' ' | b'"' | b'\'' | b'`' | b'<' | b'>' | b')' | b']' | b'}' | b',' | b'\n' | b'|' => break,
                _ => 1,
            };
        }
        end
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
        // One of the words to come ends with a slash, as no sentence goes on.
        let closing = rest.split(' ').take(MOST_PARTS).any(|word| {
            let bare = word.trim_end_matches(['.', ',', ':']);
            bare.len() > 1 && bare.ends_with('/') && !bare.starts_with('/')
        });
        let mut end = 0;
        let mut at = 0;
        for word in rest.split_inclusive(' ').take(MOST_PARTS) {
            let bare = word.trim_end_matches(' ');
            if at > 0 {
                let first = bare.as_bytes().first().copied().unwrap_or(0);
                // `/downloads/Salt and ash/.`
                if bare.trim_end_matches(['.', ',', ':']).ends_with('/') {
                    end = at + bare.trim_end_matches(['.', ',', ':']).len();
                    break;
                }
                if closing && first.is_ascii_lowercase() {
                    at += word.len();
                    continue;
                }
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

//! Where something is: addresses, ports, URLs, paths, and what is asked of them.

use core::net::Ipv6Addr;

use super::{Masking, byte, word_byte};
use crate::shape;

/// Longest address of IPv6, with one of IPv4 in it.
const LONGEST_ADDRESS: usize = 45;
/// Most words of a path that has blanks in it.
const MOST_PARTS: usize = 12;

impl Masking<'_> {
    pub(super) fn begins_path(&self) -> bool {
        if self.prior_is_word() || self.at > 0 && matches!(self.bytes[self.at - 1], b'/' | b'>' | b')' | b'.')
        {
            return false;
        }
        let rest = &self.bytes[self.at..];
        let lead = rest.iter().take_while(|b| matches!(b, b'.' | b'~')).count();
        lead <= 2
            && byte(rest, lead) == b'/'
            && (word_byte(byte(rest, lead + 1)) || byte(rest, lead + 1) == b'.')
    }

    /// What is asked of a path goes with it: `/x?a=1`.
    pub(super) fn query(&mut self) {
        let rest = &self.bytes[self.at..];
        if byte(rest, 0) == b'?' && word_byte(byte(rest, 1)) {
            let mut open = 0_u32;
            self.at += rest
                .iter()
                .take_while(|b| {
                    match b {
                        b'[' | b'(' => open += 1,
                        b']' | b')' if open > 0 => {
                            open -= 1;
                            return true;
                        }
                        _ => {}
                    }
                    !matches!(
                        b,
                        b' ' | b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b',' | b'\n' | b'|'
                    )
                })
                .count();
            // The full stop of its sentence.
            if self.bytes[self.at - 1] == b'.' {
                self.at -= 1;
            }
        }
    }

    /// An address of IPv6 without brackets: `::1`, `fe80::1%eth0`.
    pub(super) fn address(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        // Its first group has at most four digits.
        let group = rest.iter().take(5).take_while(|b| b.is_ascii_hexdigit()).count();
        if byte(rest, group) != b':' {
            return false;
        }
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
}

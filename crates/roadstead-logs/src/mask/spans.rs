//! Stretches of a message that are one variable though they hold several words: objects as programs print them, lists
//! between bars, sets of labels, who asked.

use super::words::{CODES, Words, one_of};
use super::{LONGEST, Masking, byte, mask, word_byte};

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
        // `<Response [404]>`
        let answer = window[..name].ends_with(b"Response") && byte(window, name + 1) == b'[';
        if window[..end].contains(&b'<') || byte(window, name + 1) == b'>' || answer {
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

    /// `router.go:53(repo.Clone)`: the function goes with its place, which was masked.
    pub(super) fn function_of_place(&mut self) -> bool {
        const LONGEST_NAME: usize = 80;
        let numbered = self.at > 0 && self.bytes[self.at - 1].is_ascii_digit();
        if !numbered || !self.out.ends_with("<*>") && !self.out.ends_with(":<N>") {
            return false;
        }
        let rest = &self.text[self.at + 1..];
        match rest.find(')').filter(|length| *length <= LONGEST_NAME) {
            Some(length) if go_type(&rest[..length]) => {
                self.at += length + 2;
                true
            }
            _ => false,
        }
    }

    /// `request{method=GET host=shop agent=A Browser (1.0) status=500}: what happened`, as Rust's tracing prints where it
    /// happened: the status and what went wrong count.
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
            if self.out.len() < LONGEST && (wrong || one_of(key, CODES)) {
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

    /// `(Browser/5.0 (System; x86) Engine/1.2)`: who asked.
    pub(super) fn agent(&mut self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let name = rest
            .iter()
            .take(32)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b' '))
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

/// `docker.Provider`: a type as Go names it, behind a star where it is pointed at.
pub(super) fn go_type(token: &str) -> bool {
    token.split_once('.').is_some_and(|(package, name)| {
        package.starts_with(|c: char| c.is_ascii_lowercase())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

//! A message without what varies from one occurrence to the next.
//!
//! Walks a message once from left to right and replaces variables by placeholders. What tells one trouble from another
//! stays: words, and the numbers that are names of trouble (a status, an errno, an exit code, a signal).

mod alike;
mod names;
mod quoted;
mod spans;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use std::ops::Range;

use crate::access;
use crate::shape;
use crate::time;
pub(crate) use alike::alike;
use words::{
    CODES, KINDS, LABELS, NAME_ENDS, NAMES, NO_NAMES, NOUNS, REASONS, Words, bracketed_statement, chosen,
    class, failure, fields, in_humps, listed, one_of, only_placeholders, spelled_with_digits, statement,
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
    /// Words that no program writes are names.
    spoken: bool,
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
        spoken: vocabulary::spoken(&text[..text.floor_char_boundary(MOST_READ)]),
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
            b'(' if self.also() || self.agent() => {}
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

    fn begins_path(&self) -> bool {
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
                    && (only_placeholders(&self.out[open + 1..])
                        || listed(&self.out[open + 1..])
                        || open > 0
                            && self.out[..open].ends_with([' ', ',', '='])
                            && self.out[open + 1..]
                                .split(", ")
                                .all(|part| part == "<*>" || chosen(part)))
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

    /// The end of the token at `at`: words, and what connects words to one name.
    fn token_end(&self) -> usize {
        let mut end = self.at;
        let b = self.bytes;
        // The sign or the root.
        if !word_byte(b[end]) {
            end += 1;
        }
        let scheme = b[self.at..]
            .iter()
            .take(12)
            .take_while(|b| b.is_ascii_alphabetic() || **b == b'+')
            .count();
        if scheme > 1 && b[self.at + scheme..].starts_with(b"://") {
            return self.url_end();
        }
        let rooted = matches!(b[self.at], b'/' | b'.' | b'~');
        while end < b.len() {
            let next = byte(b, end + 1);
            match b[end] {
                c if word_byte(c) => {}
                b'-' | b'.' | b':' | b'@' | b'/' | b'\\' | b'+' | b'~' | b'#' | b'&' if word_byte(next) => {}
                b'/' | b'.' | b'-' | b'_' | b'*'
                    if rooted && (word_byte(next) || matches!(next, b'/' | b'.' | b'-')) => {}
                b'/' | b'*' if rooted && end > self.at => {}
                b':' if next == b':' && byte(b, end + 2).is_ascii_hexdigit() && self.hex_so_far(end) => {}
                b',' if next.is_ascii_digit() && b[end - 1].is_ascii_digit() && self.numeric_so_far(end) => {}
                b'%' if b[end - 1].is_ascii_digit() => {}
                // `shop/.Main`
                b'/' if next == b'.' && byte(b, end + 2).is_ascii_uppercase() => {}
                b'.' if b[end - 1] == b'/' && next.is_ascii_uppercase() => {}
                b':' if matches!(next, b'\\') && end == self.at + 1 => {}
                b'\\' if end > self.at && b[end - 1] == b':' => {}
                _ => break,
            }
            end += 1;
        }
        end
    }

    fn numeric_so_far(&self, end: usize) -> bool {
        end - self.at <= 15
            && self.bytes[self.at..end]
                .iter()
                .all(|b| b.is_ascii_digit() || *b == b',')
    }

    fn hex_so_far(&self, end: usize) -> bool {
        end - self.at <= 40
            && self.bytes[self.at..end]
                .iter()
                .all(|b| b.is_ascii_hexdigit() || *b == b':')
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
            && self.out.ends_with(|c: char| c == ' ')
            && (matches!(byte(self.bytes, end), 0 | b':' | b',' | b')' | b'.')
                || byte(self.bytes, end) == b' ' && !matches!(letter, b'A' | b'I'))
        {
            self.hide("<*>");
            return;
        }
        // How something was asked for that went wrong: `requesting GET /x`.
        if !self.out.is_empty()
            && access::is_method(token)
            && (self.text[self.at..].starts_with(" /") || self.text[self.at..].starts_with(" http"))
        {
            self.hide("<*>");
            return;
        }
        if key.is_empty() && class(token) && !failure(token) || self.media_type(token) {
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

    /// What is asked of a path goes with it: `/x?a=1`.
    fn query(&mut self) {
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

    /// `word:12` and `12:word` keep their word where the colon parts them, since it is prose or a key.
    fn hide_numbered(&mut self, token: &'t str) {
        if let Some((word, value)) = token.split_once(':')
            && self.last != "key"
            && word.len() > 1
            && word
                .bytes()
                .all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-')
            && !value.starts_with(':')
        {
            self.keep(word);
            self.out.push(':');
            self.hide(if shape::number(value) { "<N>" } else { "<*>" });
            return;
        }
        self.hide("<*>");
    }

    /// Whether a token with digits names a trouble.
    fn tells(&self, token: &str, key: &str, begin: usize) -> bool {
        let digits = token.trim_start_matches('-');
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let prior = if begin > 0 { self.bytes[begin - 1] } else { 0 };
        let next = byte(self.bytes, self.at);
        // `503.ServiceUnavailable`
        if let [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b'.', first, second, ..] = token.as_bytes()
            && first.is_ascii_uppercase()
            && second.is_ascii_lowercase()
        {
            return true;
        }
        if plain && digits.len() <= 6 {
            let status = digits.len() == 3 && matches!(digits.as_bytes()[0], b'1'..=b'5');
            if !key.is_empty() {
                return one_of(key, CODES) && (status || !key.eq_ignore_ascii_case("status"));
            }
            // `(111: Connection refused)`, `[Errno 13]`, `errno: 5`
            if matches!(prior, b'(' | b'[') && next == b':' && byte(self.bytes, self.at + 1) == b' ' {
                return true;
            }
            // `<URL> 404` at the end
            if status
                && next == 0
                && matches!(digits.as_bytes()[0], b'4' | b'5')
                && self.out.ends_with("<URL> ")
            {
                return true;
            }
            if one_of(self.last, CODES) {
                let narrow = one_of(
                    self.last,
                    const { &Words::of("status returned response http failed") },
                );
                return status && digits.len() == 3 || !narrow;
            }
            // `502 Bad Gateway`
            return status
                && matches!(digits.as_bytes()[0], b'4' | b'5')
                && next == b' '
                && byte(self.bytes, self.at + 1).is_ascii_uppercase()
                && byte(self.bytes, self.at + 2).is_ascii_lowercase();
        }
        // `E11000`, `ORA-00942`, `DEP0040`, `SQLSTATE[42P01]`, `0x80070005`
        let code = token.len() <= 12
            && token
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        let lettered = token.as_bytes()[0].is_ascii_uppercase();
        if code
            && (lettered && (next == b':' || prior == b'[' && next == b']')
                || self.last.eq_ignore_ascii_case("sqlstate"))
        {
            let letters = token.bytes().take_while(u8::is_ascii_uppercase).count();
            return letters >= 2 || letters == 1 && token.len() >= 5 || prior == b'[';
        }
        (token.starts_with("0x") || code && lettered)
            && (one_of(self.last, const { &Words::of("code hresult errorcode") })
                || one_of(key, const { &Words::of("code hresult errorcode") }))
    }

    fn is_chosen_name(&self, token: &str, key: &str, begin: usize) -> bool {
        if !key.is_empty() {
            let named = one_of(key, NAMES)
                || NAME_ENDS.iter().any(|end| key.ends_with(*end))
                || self.fields.contains(&begin);
            let set = matches!(token, "true" | "false");
            return set || named && !one_of(key, CODES) && !one_of(key, REASONS);
        }
        if self.key == token || token.len() > 64 {
            return false;
        }
        if self.out.ends_with(": ") && (self.barred() || matches!(token, "YES" | "NO")) {
            return true;
        }
        let spaced = self.out.ends_with(' ');
        if spaced && (self.acting(token) || self.placed(token)) || self.snake(token, begin) {
            return true;
        }
        // `name: otto` and `[name: otto]`
        if self.out.ends_with(": ") && one_of(self.last, LABELS) && !one_of(token, NO_NAMES) {
            return true;
        }
        if self.appended() || self.labelled(token) || spaced && self.titled(token) {
            return true;
        }
        // `packageName = org.shop`
        if self.out.ends_with(" = ")
            && self.last.len() > 4
            && NAME_ENDS.iter().any(|end| self.last.ends_with(*end))
        {
            return !matches!(token, "true" | "false");
        }
        if spaced
            && one_of(self.last, KINDS)
            && (token.bytes().any(|b| matches!(b, b'-' | b'_' | b'/' | b'.')) || in_humps(token))
        {
            return true;
        }
        // `port = 25, tls = true`
        if matches!(token, "true" | "false")
            && self.out.ends_with(" = ")
            && self.out.matches(" = ").count() > 2
        {
            return true;
        }
        if spaced && one_of(self.last, NOUNS) {
            let next = byte(self.bytes, self.at);
            return !one_of(token, NO_NAMES) && matches!(next, b' ' | 0 | b',' | b'.' | b')' | b':');
        }
        spaced
            && self.last == "for"
            && self.bytes[self.at..].starts_with(b" from ")
            && byte(self.bytes, self.at + 6).is_ascii_digit()
    }

    /// `what happened | Type: value | Retry Interval: value`
    fn barred(&self) -> bool {
        let closes = matches!(byte(self.bytes, self.at), 0) || self.bytes[self.at..].starts_with(b" |");
        closes
            && self.out.rsplit_once(" | ").is_some_and(|(_, label)| {
                let label = label.trim_end_matches(": ");
                label.len() <= 24
                    && label.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ')
                    && !one_of(
                        self.last,
                        const { &Words::of("error err reason message msg cause status code detail") },
                    )
            })
    }

    /// A unit apart from its number goes with it: `12 ms` and `1.2 s` are one.
    fn unit(&mut self) {
        let rest = &self.bytes[self.at..];
        if byte(rest, 0) != b' ' {
            return;
        }
        let length = rest[1..]
            .iter()
            .take(6)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        if (1..=4).contains(&length)
            && !word_byte(byte(rest, 1 + length))
            && shape::units(&self.text[self.at + 1..self.at + 1 + length])
        {
            self.at += 1 + length;
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

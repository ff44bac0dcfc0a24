//! Numbers: which of them name a trouble, and what goes with those that do not.

use super::words::{CODES, HOSTS_FOLLOW, KEYED, Words, failure, one_of};
use super::{Masking, byte, word_byte};
use crate::shape;

/// `status`, `http_status`, `DownstreamStatus`, `http.status_code`: a key whose number is the name of a trouble.
fn key_of_code(key: &str) -> bool {
    let long = |end: &str| {
        key.len() > end.len() + 3
            && key
                .get(key.len() - end.len()..)
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    one_of(key, CODES)
        || long("status")
        || long("_code")
        || long("statuscode")
        || key.eq_ignore_ascii_case("responsecode")
}

impl<'t> Masking<'t> {
    /// Whether a token with digits names a trouble.
    pub(super) fn tells(&self, token: &str, key: &str, begin: usize) -> bool {
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
                return key_of_code(key) && (status || !key.eq_ignore_ascii_case("status"));
            }
            // `GET /x HTTP/1.1 502`, `Response [502]`, `responded with 502`, `502 (Bad Gateway)`, `502, message=x`
            if status && self.answers(begin) {
                return true;
            }
            // `(111: Connection refused)`, `[Errno 13]`, `errno: 5`
            let follows = |text: &str| self.text[self.at..].starts_with(text);
            if matches!(prior, b'(' | b'[') && follows(": ") {
                return true;
            }
            // `'404: Not Found'`
            if status && matches!(prior, b'\'' | b'"') && follows(": ") {
                return true;
            }
            // `SocketException (111): x`, `OperationalError: (2003, "x")`, of which the class may have been taken off
            if prior == b'('
                && (self.out == "(" || failure(self.last))
                && (follows("): ") || follows(", '") || follows(", \""))
            {
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
            // `Operating system error number 28`
            if self.last == "number" && self.out.ends_with("error number ") {
                return true;
            }
            // What stands behind a comma is said of something else: `0 errors, 214 updated`.
            if self.out.ends_with("RPC status ") {
                return true;
            }
            if one_of(self.last, CODES) && !self.out.ends_with(", ") {
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

    /// The status at `begin`, which ends here, is what a server answered.
    fn answers(&self, begin: usize) -> bool {
        const SAYING: [&str; 8] = [
            "got ",
            "received ",
            "responded with ",
            "replied with ",
            "answered with ",
            "failed with ",
            "replied ",
            "answered ",
        ];
        let (before, rest) = (&self.text[..begin], &self.text[self.at..]);
        let trouble = matches!(self.bytes[begin], b'4' | b'5');
        let capital = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
        // `got 404 items`
        let counts = rest.strip_prefix(' ').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_lowercase())
                && !rest.starts_with("for ")
                && !rest.starts_with("from ")
        });
        let protocol = before.ends_with(' ')
            && before[..begin - 1]
                .rsplit(' ')
                .next()
                .is_some_and(|word| word.trim_start_matches(['"', '\'']).starts_with("HTTP/"));
        protocol
            || before.ends_with("esponse [") && rest.starts_with(']')
            || !counts && SAYING.iter().any(|said| before.ends_with(said))
            || trouble && rest.strip_prefix(" (").is_some_and(capital)
            || trouble && begin == 0 && rest.starts_with([',', ':'])
    }

    /// A unit apart from its number goes with it: `12 ms` and `1.2 s` are one.
    pub(super) fn unit(&mut self) {
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

    /// `word:12` and `12:word` keep their word where the colon parts them, since it is prose or a key.
    pub(super) fn hide_numbered(&mut self, token: &'t str) {
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
}

//! What says who somebody is: e-mail addresses and card numbers.
//!
//! Of an address the domain stays, as it says whose mail fails. A card number is one only with an issuer's beginning,
//! its length, its grouping and its check digit: it deliberately leaves other long numbers alone.

use super::{CARD, EMAIL, Spans};

/// Endings of names that look like a domain after an `@`: units of systemd, files.
const NO_DOMAINS: [&str; 26] = [
    "service", "socket", "target", "timer", "slice", "scope", "mount", "device", "path", "swap", "png",
    "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "cjs", "ts", "css", "json", "map", "conf", "log",
    "jar",
];

/// Around an `@` (or `%40`) at `at..past`. What is before `covered` has been read as something else.
pub(super) fn email(text: &str, at: usize, past: usize, covered: usize, spans: &mut Spans) {
    let bytes = text.as_bytes();
    let is_local = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-') || **byte >= 0x80
    };
    let local = bytes[covered.min(at)..at]
        .iter()
        .rev()
        .take(65)
        .take_while(is_local)
        .count();
    let mut from = at - local;
    if past > at + 1 && from > 0 && bytes[from - 1] == b'%' && local > 2 {
        // `%3Cname%40host`: the first two bytes are left of another escape.
        from += 2;
    }
    while from < at && matches!(bytes[from], b'.' | b'-') {
        from += 1;
    }
    if from == at
        || local > 64
        || !(has_domain(bytes, past) || has_address(bytes, past))
        || &bytes[from..at] == b"git"
    {
        return;
    }
    spans.redact(from, at, EMAIL);
}

/// `[10.0.0.1]`, `[IPv6:fd00::1]`: mail goes to addresses as well.
fn has_address(bytes: &[u8], from: usize) -> bool {
    let Some(rest) = bytes.get(from..).and_then(|rest| rest.strip_prefix(b"[")) else {
        return false;
    };
    let address = rest
        .iter()
        .take(48)
        .position(|byte| *byte == b']')
        .map_or(&[][..], |end| &rest[..end]);
    let is_ip4 = address.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && address.iter().filter(|byte| **byte == b'.').count() == 3;
    is_ip4 || address.to_ascii_lowercase().starts_with(b"ipv6:")
}

fn has_domain(bytes: &[u8], from: usize) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || **byte >= 0x80;
    let length = bytes[from..].iter().take(255).take_while(is_part).count();
    let mut domain = &bytes[from..from + length];
    while let [rest @ .., b'.' | b'-'] = domain {
        domain = rest;
    }
    let Some(dot) = memchr::memrchr(b'.', domain) else {
        return false;
    };
    let top = &domain[dot + 1..];
    dot > 0
        && top.len() >= 2
        && (top.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) || top.starts_with(b"xn--"))
        && !NO_DOMAINS
            .iter()
            .any(|ending| ending.as_bytes().eq_ignore_ascii_case(top))
}

/// Every card number of the text.
pub(super) fn cards(text: &str, spans: &mut Spans) {
    let bytes = text.as_bytes();
    // A card number has at least four digits in a row: looking at every fourth byte does not miss one.
    let mut at = 3;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 4;
            continue;
        }
        let mut from = at;
        while from > 0 && at - from < 4 && bytes[from - 1].is_ascii_digit() {
            from -= 1;
        }
        let mut number = Number::read(bytes, from);
        // `4111 1111 1111 1111 12/28`: what follows a card number is often a number too.
        while !number.is_card() && number.groups > 1 {
            number.drop_group();
        }
        if number.is_card() && !is_inside(bytes, from, number.end) {
            spans.redact(from, number.end, CARD);
        }
        // What was read of it and is no part of a card may begin another.
        at = number.end.max(at) + 4;
    }
}

/// Whether it is a part of something longer: a decimal, an identifier.
fn is_inside(bytes: &[u8], from: usize, end: usize) -> bool {
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let before = from.checked_sub(1).map_or(b' ', |at| bytes[at]);
    let after = bytes.get(end).copied().unwrap_or(b' ');
    let next = bytes.get(end + 1).copied().unwrap_or(b' ');
    joins(before)
        || after.is_ascii_alphanumeric()
        || after == b'_'
        || (joins(after) && next.is_ascii_alphanumeric())
}

/// Digits in groups, as they stand.
struct Number {
    digits: [u8; 20],
    length: usize,
    sizes: [usize; 5],
    groups: usize,
    end: usize,
}

impl Number {
    /// Reads up to 20 digits in up to five groups with the same sign between them.
    fn read(bytes: &[u8], from: usize) -> Self {
        let mut number = Self {
            digits: [0; 20],
            length: 0,
            sizes: [0; 5],
            groups: 1,
            end: from,
        };
        let mut joint = None;
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_digit() {
                if number.length < 20 {
                    number.digits[number.length] = byte - b'0';
                    number.length += 1;
                }
                number.sizes[number.groups - 1] += 1;
                at += 1;
                number.end = at;
            } else if matches!(byte, b' ' | b'-')
                && *joint.get_or_insert(*byte) == *byte
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                && number.groups < 5
                && number.sizes[number.groups - 1] <= 6
            {
                number.groups += 1;
                at += 1;
            } else {
                break;
            }
        }
        number
    }

    /// Without its last group and what joins it.
    fn drop_group(&mut self) {
        self.groups -= 1;
        let size = std::mem::take(&mut self.sizes[self.groups]);
        self.length = self.sizes[..self.groups]
            .iter()
            .sum::<usize>()
            .min(self.digits.len());
        self.end -= size + 1;
    }

    fn is_card(&self) -> bool {
        let grouping = matches!(
            self.sizes[..self.groups],
            [_] | [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5] | [4, 4, 5]
        );
        grouping && self.is_issued() && self.checks()
    }

    /// Beginnings and lengths that issuers use (ISO/IEC 7812 ranges as the card schemes publish them).
    fn is_issued(&self) -> bool {
        let first = |count: usize| {
            self.digits[..count]
                .iter()
                .fold(0_u32, |value, digit| value * 10 + u32::from(*digit))
        };
        match self.length {
            13 => first(1) == 4,
            14 => matches!(first(3), 300..=305 | 360..=369 | 380..=399),
            15 => matches!(first(2), 34 | 37),
            16 => {
                first(1) == 4
                    || matches!(first(2), 51..=55 | 62 | 65)
                    || matches!(first(4), 2221..=2720 | 3528..=3589 | 6011)
                    || matches!(first(3), 644..=649)
            }
            17..=19 => {
                matches!(first(2), 62 | 65) || first(4) == 6011 || (self.length == 19 && first(1) == 4)
            }
            _ => false,
        }
    }

    /// The check digit (ISO/IEC 7812-1, Luhn).
    fn checks(&self) -> bool {
        let sum: u32 = self.digits[..self.length]
            .iter()
            .rev()
            .enumerate()
            .map(|(at, digit)| {
                let doubled = u32::from(*digit) << (at % 2);
                if doubled > 9 { doubled - 9 } else { doubled }
            })
            .sum();
        sum.is_multiple_of(10)
            && self.digits[1..self.length]
                .iter()
                .any(|digit| *digit != self.digits[0])
    }
}

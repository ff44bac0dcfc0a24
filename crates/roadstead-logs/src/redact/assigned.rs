//! What assigns a value to a name: signs, tags, lists of pairs, flags, and words.
//!
//! It deliberately reads only what stands between the two; whether the value is a secret is decided elsewhere.

use super::keys::{self, Key};
use super::plain::looks_random;
use super::quotes::{Quote, bare_end, skip_blanks};

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Equals,
    Colon,
    /// As in a list of pairs.
    Comma,
    /// Nothing but a blank: a flag, SQL.
    Blank,
    /// `<password>x</password>`
    Tag,
    /// "password is x"
    Words,
}

#[derive(Clone, Copy)]
pub(super) struct Assigned {
    pub(super) sign: Sign,
    /// Where what stands after the sign and its blanks begins.
    pub(super) value: usize,
    /// The quotes around the name.
    pub(super) name_quote: Option<Quote>,
    pub(super) encoded: bool,
}

pub(super) fn name_around(bytes: &[u8], from: usize, to: usize) -> (usize, usize) {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = bytes[..from]
        .iter()
        .rev()
        .take(keys::LONGEST)
        .take_while(is_name)
        .count();
    let mut begin = from - before;
    // `%22password` and `\npassword`: the name does not begin with what is left of an escape.
    if begin > 0
        && bytes[begin - 1] == b'%'
        && before >= 2
        && bytes[begin..begin + 2].iter().all(u8::is_ascii_hexdigit)
    {
        begin += 2;
    } else if begin > 0
        && bytes[begin - 1] == b'\\'
        && before >= 1
        && matches!(bytes[begin], b'n' | b'r' | b't')
    {
        begin += 1;
    }
    // `x--password`: a flag begins where its signs do.
    if let Some(sign) = bytes[begin..from].windows(2).rposition(|signs| signs == b"--") {
        begin += sign;
    }
    let after = bytes[to..].iter().take(keys::LONGEST).take_while(is_name).count();
    (begin, to + after)
}

/// A name of two words with a blank between them: `API Key: x`, `Session ID: x`. One of them is at `begin..end`.
pub(super) fn label_around(bytes: &[u8], begin: usize, end: usize) -> Option<(usize, usize, Key)> {
    let is_letter = |byte: &&u8| byte.is_ascii_alphabetic();
    let last = begin.checked_sub(1).filter(|at| bytes[*at] == b' ').unwrap_or(0);
    let before = bytes[..last].iter().rev().take(16).take_while(is_letter).count();
    let next = end + usize::from(bytes.get(end) == Some(&b' '));
    let after = bytes[next..].iter().take(16).take_while(is_letter).count();
    // Only a sign shows that the second word still is a part of the name.
    let sign = skip_blanks(bytes, next + after);
    let goes_on = next > end && matches!(bytes.get(sign), Some(b':' | b'='));
    [
        (before > 0).then_some((last - before, end)),
        (goes_on && after > 0).then_some((begin, next + after)),
    ]
    .into_iter()
    .flatten()
    .filter(|(from, to)| to - from <= keys::LONGEST)
    .find_map(|(from, to)| {
        let key = keys::classify(&bytes[from..to])?;
        matches!(key, Key::Strong | Key::Weak | Key::Code).then_some((from, to, key))
    })
}

pub(super) fn assigned(bytes: &[u8], begin: usize, end: usize, key: Key) -> Option<Assigned> {
    let before = begin.checked_sub(1).map_or(0, |at| bytes[at]);
    let name_quote = Quote::at(bytes, end);
    let mut at = end + name_quote.map_or(0, Quote::len);
    if bytes[at..].starts_with(b"[]") {
        at += 2;
    } else if bytes.get(at) == Some(&b']') {
        at += 1;
    } else if let Some(past) = visibility(&bytes[at..]) {
        at += past;
    }
    // `<password>x<` and `<entry key="password">x<`
    if (before == b'<' || name_quote.is_some()) && bytes.get(at) == Some(&b'>') {
        return Some(Assigned {
            sign: Sign::Tag,
            value: at + 1,
            name_quote: None,
            encoded: false,
        });
    }
    let blanks = skip_blanks(bytes, at);
    if name_quote.is_some()
        && let Some(value) = named_value(bytes, blanks)
    {
        return Some(Assigned {
            sign: Sign::Equals,
            value,
            name_quote,
            encoded: false,
        });
    }
    let rest = &bytes[blanks..];
    let (sign, length, encoded) = match rest {
        [b'=' | b'-', b'>', ..] | [b':', b'=', ..] => (Sign::Equals, 2, false),
        [b'=', ..] => (
            Sign::Equals,
            rest.iter().take(3).take_while(|byte| **byte == b'=').count(),
            false,
        ),
        [b':', b':', ..] | [b':', b'/', b'/', ..] => return None,
        [b':', ..] => (Sign::Colon, 1, false),
        // `=` and `:` as JSON escapes them.
        [b'\\', b'u', b'0', b'0', b'3', b'D' | b'd', ..] => (Sign::Equals, 6, false),
        [b'\\', b'u', b'0', b'0', b'3', b'A' | b'a', ..] => (Sign::Colon, 6, false),
        [b'%', b'3', b'D' | b'd', ..] => (Sign::Equals, 3, true),
        [b'%', b'3', b'A' | b'a', ..] => (Sign::Colon, 3, true),
        [b',', ..] if name_quote.is_some() => (Sign::Comma, 1, false),
        _ if name_quote.is_none() && (blanks > at || rest.first() == Some(&b'(')) => (Sign::Blank, 0, false),
        _ => return None,
    };
    let value = skip_blanks(bytes, blanks + length);
    let found = Assigned {
        sign,
        value,
        name_quote,
        encoded,
    };
    match sign {
        Sign::Comma => is_pair(bytes, begin, key, &found).then_some(found),
        Sign::Blank => after_blank(bytes, begin, key, found, bytes[begin..end].contains(&b' ')),
        // A path that ends in a name is no name: `open /run/secrets/token: no such file`.
        Sign::Colon if before == b'/' && name_quote.is_none() && !encoded => None,
        _ => Some(found),
    }
}

/// What PHP prints after a member's name: `":protected]`, `":"User":private]`. Answers how long it is.
fn visibility(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().take(keys::LONGEST).position(|byte| *byte == b']')?;
    let is_said = bytes.first() == Some(&b':')
        && [&b":protected"[..], b":private"]
            .iter()
            .any(|said| bytes[..end].ends_with(said));
    is_said.then_some(end + 1)
}

/// Whether name and value are two items that belong together: a tuple, a pair of arguments, a header.
fn is_pair(bytes: &[u8], begin: usize, key: Key, found: &Assigned) -> bool {
    let Some(quote) = found.name_quote else {
        return false;
    };
    if Quote::at(bytes, found.value).is_none() {
        return false;
    }
    let around = begin.checked_sub(quote.len() + 1).map_or(0, |at| bytes[at]);
    bytes[begin] == b'-' || around == b'(' || (matches!(around, b'[' | b' ') && is_header(bytes, begin, key))
}

/// Names of headers have hyphens; a list of fields that are missing has none.
fn is_header(bytes: &[u8], begin: usize, key: Key) -> bool {
    let name = bytes[begin..].iter().take(keys::LONGEST);
    matches!(key, Key::Authorization | Key::Cookie)
        || name
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .any(|byte| *byte == b'-')
}

/// `"name":"PASSWORD","value":"x"` and `key="password" value="x"`: where the value begins, if the rest is at `at`.
fn named_value(bytes: &[u8], at: usize) -> Option<usize> {
    let at = skip_blanks(bytes, at + usize::from(bytes.get(at) == Some(&b',')));
    let quote = Quote::at(bytes, at);
    let name = at + quote.map_or(0, Quote::len);
    let end = name + 5;
    if !bytes.get(name..end)?.eq_ignore_ascii_case(b"value") || Quote::at(bytes, end) != quote {
        return None;
    }
    let sign = skip_blanks(bytes, end + quote.map_or(0, Quote::len));
    matches!(bytes.get(sign), Some(b':' | b'=')).then(|| skip_blanks(bytes, sign + 1))
}

/// How a sentence says what a secret is.
const GIVEN: [&[u8]; 9] = [
    b"is: ",
    b"is ",
    b"set to ",
    b"was ",
    b"given: ",
    b"provided: ",
    b"received: ",
    b"supplied: ",
    b"used: ",
];

fn after_blank(
    bytes: &[u8],
    begin: usize,
    key: Key,
    mut found: Assigned,
    is_label: bool,
) -> Option<Assigned> {
    let next = *bytes.get(found.value)?;
    if bytes[begin] == b'-' && key != Key::Parameter {
        return (next != b'-').then_some(found);
    }
    if !matches!(key, Key::Strong | Key::Weak | Key::Code) {
        return None;
    }
    let (length, past) = (usize::from(next == b'('), found.value);
    found.value += length;
    if key == Key::Strong && !is_label && Quote::at(bytes, found.value).is_some() {
        return Some(found);
    }
    let rest = &bytes[past..];
    let begins = |words: &&&[u8]| rest.len() > words.len() && rest[..words.len()].eq_ignore_ascii_case(words);
    let said = |value| Assigned {
        sign: Sign::Words,
        value,
        ..found
    };
    if let Some(words) = GIVEN.iter().find(begins)
        && (key != Key::Weak || words.ends_with(b": "))
    {
        return Some(said(skip_blanks(bytes, past + words.len())));
    }
    if key == Key::Strong
        && let Some(value) = after_whose(bytes, past)
    {
        return Some(said(value));
    }
    // `password x1y2z3` in a sentence, only where the word is clearly more than one.
    let window = &bytes[..bytes.len().min(found.value + 256)];
    let quote = Quote::at(bytes, found.value);
    let word = match quote {
        Some(quote) => &bytes[found.value + quote.len()..quote.end(window, found.value + quote.len())],
        None => &bytes[found.value..bare_end(window, found.value, false)],
    };
    // Names stand between quotes as well: `secret "app-tls-7f9c4" not found`.
    if quote.is_some() || is_label {
        return looks_random(word).then_some(said(found.value));
    }
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    let least = if key == Key::Strong { 6 } else { 16 };
    let is_plain = word.iter().all(|byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'=' | b':' | b'/' | b'<' | b'(' | b'[' | b'{')
    });
    let is_secret =
        word.len() >= least && is_plain && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (key != Key::Code && is_secret).then_some(said(found.value))
}

/// `password for joe: x`, `password for user joe: x`: where the value begins.
fn after_whose(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes[at..].strip_prefix(b"for ")?;
    let colon = rest.iter().take(64).position(|byte| *byte == b':')?;
    let words = rest[..colon].iter().filter(|byte| **byte == b' ').count();
    (words <= 1 && rest.get(colon + 1) == Some(&b' ')).then(|| skip_blanks(bytes, at + 4 + colon + 1))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{each_loses_its_secret, each_stays};

    #[test]
    fn names_of_two_words_and_numbers_to_type_in_are_names_too() {
        each_loses_its_secret(&[
            "Secret Key: ⟦Kx9vTq27LmZ4⟧",
            "API Key: ⟦Kx9vTq27LmZ4⟧",
            "Access Token: ⟦Kx9vTq27LmZ4⟧",
            "Secret Access Key = ⟦Kx9vTq+7LmZ4⟧",
            "api key=⟦Kx9vTq27LmZ4⟧",
            "Your API key is: ⟦Kx9vTq27LmZ4⟧",
            "API Key is ⟦Kx9vTq27LmZ4⟧",
            "License key: '⟦ABCD-1234-EFGH-5678⟧'",
            "Encryption Key: ⟦abcdefghijklmnopqrstuvwx⟧",
            "Session ID: ⟦0a1b2c3d4e5f⟧",
            "{\"msg\":\"Private Key: ⟦Kx9vTq27LmZ4⟧\"}",
            "PIN: ⟦123456⟧",
            "your pin is ⟦1234⟧",
            "pin=⟦123456⟧&x=1",
            "{\"pin\":\"⟦1234⟧\",\"user\":\"joe\"}",
            "Setup code: ⟦031-45-154⟧",
            "Verification code: ⟦482913⟧ for joe",
            "OTP code: ⟦482913⟧",
            "otp=⟦482913⟧",
            "auth: ⟦Kx9vTq27LmZ4⟧",
        ]);
        each_stays(&[
            "Secret Key: not set",
            "API Key: missing",
            "API key: 3 attempts left",
            "API key: invalid format, expected 32 characters",
            "Access Token: expired at 12:04",
            "Private Key: /etc/ssl/server1.key",
            "Private key: server2.pem cannot be read",
            "License Key: UNSET",
            "api key \"default\" not found",
            "primary key: id2345678",
            "FOREIGN KEY: orders_customer_id_fk2",
            "Duplicate key: user12345",
            "Session ID: 42",
            "pin=17 mode=out",
            "GPIO pin: 17",
            "{\"pin\":4}",
            "error code: 137000",
            "exit code: 1234567",
            "spinning: 123456",
            "mapping: 123456",
            "password is INVALID",
        ]);
    }

    #[test]
    fn messages_lose_the_secret_they_complain_about() {
        each_loses_its_secret(&[
            "invalid token '⟦Kx9vTq27LmZ4aa⟧'",
            "Invalid token \"⟦Kx9vTq27LmZ4aa⟧\" supplied",
            "invalid api key \"⟦Kx9vTq27LmZ4aa⟧\"",
            "{\"msg\":\"invalid token \\\"⟦Kx9vTq27LmZ4aa⟧\\\"\"}",
            "invalid token '⟦6f1c2d3e-0a1b-4c5d-8e9f-0123456789ab⟧'",
            "token ⟦Kx9vTq27LmZ4aaQQ⟧ is invalid",
            "API key ⟦Kx9vTq27LmZ4⟧ is invalid",
            "Incorrect API key provided: ⟦Kx9vTq27LmZ4aa⟧",
            "token provided: ⟦Kx9vTq27LmZ4aa⟧",
        ]);
        each_stays(&[
            "token expired is invalid",
            "Unexpected token 'Base64Encoder'",
            "Unexpected token \"export\" of value \"x\"",
            "secret \"app-tls-7f9c4\" not found",
            "MountVolume.SetUp failed for volume: secret \"registry-token-5x7kd\" not found",
            "api key is required",
            "API key v1beta1 not found",
            "invalid api key: must have 32 characters",
            "token is: expired",
        ]);
    }
}

//! Where a value ends.
//!
//! Knows quotes at any depth of escaping (JSON within JSON), their percent-encoded and HTML forms, and what ends a value
//! without quotes in a query, a list, a connection string or a sentence. It deliberately does not judge what the value is.

use super::keys;

/// A quote as it was written: `"`, `\"`, `%22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    /// The character meant.
    pub(super) mark: u8,
    /// How many backslashes stand before it.
    pub(super) depth: usize,
    /// How it is written after them.
    written: &'static [u8],
}

const WRITTEN: [(&[u8], u8); 10] = [
    (b"\"", b'"'),
    (b"'", b'\''),
    (b"`", b'`'),
    (b"%22", b'"'),
    (b"%27", b'\''),
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&#39;", b'\''),
    (b"\\u0022", b'"'),
    (b"\\u0027", b'\''),
];

impl Quote {
    /// The quote that begins at `at`.
    pub(super) fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let first = *bytes.get(at)?;
        if !matches!(first, b'"' | b'\'' | b'`' | b'%' | b'&' | b'\\') {
            return None;
        }
        let rest = &bytes[at..];
        // A depth of four is 15 backslashes; deeper nonsense is not worth reading.
        let slashes = rest.iter().take(16).take_while(|byte| **byte == b'\\').count();
        let (depth, rest) = match rest.get(slashes) {
            Some(b'u') if slashes > 0 => (slashes - 1, &rest[slashes - 1..]),
            _ => (slashes, &rest[slashes..]),
        };
        let (written, mark) = WRITTEN.iter().find(|(written, _)| rest.starts_with(written))?;
        Some(Self {
            mark: *mark,
            depth,
            written,
        })
    }

    pub(super) fn len(self) -> usize {
        self.depth + self.written.len()
    }

    /// Where the text that begins at `from` ends: at the same quote, or at one that ends what is around it. Without
    /// either, at the end of the line: the rest was cut off.
    pub(super) fn end(self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(found) = bytes[at..].iter().position(|byte| *byte == self.written[0]) {
            let quote = at + found;
            at = quote + 1;
            if !bytes[quote..].starts_with(self.written) {
                continue;
            }
            let slashes = bytes[from..quote]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count();
            // Each level of escaping doubles the backslashes of the text and adds one for the quote.
            if slashes < self.depth || slashes % (2 * (self.depth + 1)) == self.depth {
                return quote - slashes.min(self.depth);
            }
        }
        bytes.len()
    }
}

/// Blanks as they are written, up to 64 of them.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..64 {
        match bytes.get(at) {
            Some(b' ' | b'\t') => at += 1,
            Some(b'%') if bytes[at..].starts_with(b"%20") => at += 3,
            _ => break,
        }
    }
    at
}

/// Where a value without quotes ends. `encoded` says that it stands in percent-encoded text.
pub(super) fn bare_end(bytes: &[u8], from: usize, encoded: bool) -> usize {
    let mut at = from;
    // A bracket that was opened within the value belongs to it: `<redacted>`, `${PASSWORD}`.
    let mut open = 0_usize;
    while let Some(byte) = bytes.get(at) {
        let ends = match byte {
            b'\t' | b'\n' | b'\r' | b' ' | b'"' | b'`' => true,
            b'\\' => ends_at_backslash(bytes, at),
            b',' | b';' => separates(bytes, at),
            b'&' => {
                bytes[at + 1..].starts_with(b"amp;")
                    || begins_pair(bytes, at + 1, false)
                    || Quote::at(bytes, at).is_some()
            }
            b')' | b']' | b'}' | b'>' if open > 0 => {
                open -= 1;
                false
            }
            b')' | b']' | b'}' | b'>' | b'\'' => closes(bytes, at),
            b'<' if bytes.get(at + 1) == Some(&b'/') => true,
            b'(' | b'[' | b'{' | b'<' => {
                open += 1;
                false
            }
            b'%' if encoded => ["%20", "%22", "%26", "%27", "%2C", "%2c"]
                .iter()
                .any(|written| bytes[at..].starts_with(written.as_bytes())),
            _ => false,
        };
        if ends {
            return at;
        }
        at += 1;
    }
    at
}

/// A backslash that belongs to what is around the value: an escaped quote or line end.
fn ends_at_backslash(bytes: &[u8], at: usize) -> bool {
    let after = bytes[at..]
        .iter()
        .take(16)
        .position(|byte| *byte != b'\\')
        .map(|past| bytes[at + past]);
    match after {
        Some(b'"' | b'\'' | b'`') | None => true,
        Some(b'n' | b'r' | b't') => {
            let past = bytes[at..]
                .iter()
                .take(16)
                .take_while(|byte| **byte == b'\\')
                .count()
                + 1;
            // `\n` ends a line within JSON; `\nimrod` may as well be a Windows user.
            bytes.get(at + past).is_none_or(|byte| !byte.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// Whether a bracket or quote at `at` ends what is around the value, judged by what follows it.
pub(super) fn closes(bytes: &[u8], at: usize) -> bool {
    let after = bytes[at..]
        .iter()
        .take(16)
        .position(|byte| !matches!(byte, b')' | b']' | b'}' | b'>' | b'\''));
    match after {
        None => true,
        Some(past) => {
            is_boundary(bytes[at + past]) || matches!(bytes[at + past], b',' | b';' | b':' | b'.' | b'&')
        }
    }
}

fn is_boundary(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\' | b')' | b']' | b'}' | b'>'
    )
}

/// Whether a comma or semicolon at `at` ends a value, judged by what follows it.
pub(super) fn separates(bytes: &[u8], at: usize) -> bool {
    at + 1 == bytes.len()
        || is_boundary(bytes[at + 1])
        || begins_pair(bytes, skip_blanks(bytes, at + 1), bytes[at] == b';')
}

/// Whether `name=`, `name:` or their like stands at `at`. Names of connection strings have blanks: `User Id=`.
fn begins_pair(bytes: &[u8], at: usize, blanks: bool) -> bool {
    let rest = &bytes[at.min(bytes.len())..];
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
    let is_phrase = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b' ';
    let is_sign = |length: usize| {
        let sign = &rest[length..];
        length > 0 && (matches!(sign[0], b'=' | b':') || sign.starts_with(b"%3D") || sign.starts_with(b"%3d"))
    };
    let name = rest.iter().take(keys::LONGEST).position(|byte| !is_name(byte));
    let phrase = rest.iter().take(32).position(|byte| !is_phrase(byte));
    matches!(rest.first(), Some(b'"' | b'\'' | b'\\'))
        || name.is_some_and(is_sign)
        || (blanks && phrase.is_some_and(is_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> &str {
        let quote = Quote::at(text.as_bytes(), 0).unwrap();
        &text[quote.len()..quote.end(text.as_bytes(), quote.len())]
    }

    fn bare(text: &str) -> &str {
        &text[..bare_end(text.as_bytes(), 0, false)]
    }

    #[test]
    fn quotes_end_at_their_own_depth() {
        assert_eq!(quoted(r#""a b" c""#), "a b");
        assert_eq!(quoted(r#""a\"b\\" c""#), r#"a\"b\\"#);
        assert_eq!(quoted(r#"\"a\\\"b\", \"c\""#), r#"a\\\"b"#);
        assert_eq!(
            quoted(r#"\"ends with a backslash\\\\\" c"#),
            r"ends with a backslash\\\\"
        );
        assert_eq!(quoted(r#"\"the string around ends" c"#), "the string around ends");
        assert_eq!(quoted(r#"\\\"a\\\" c"#), "a");
        assert_eq!(quoted("'it is cut off"), "it is cut off");
        assert_eq!(quoted("%22a%22"), "a");
        assert_eq!(quoted("&quot;a&quot;"), "a");
        assert_eq!(quoted(r"\u0022a\u0022"), "a");
    }

    #[test]
    fn a_value_without_quotes_ends_where_what_is_around_it_goes_on() {
        for (text, wanted) in [
            ("abc def", "abc"),
            ("abc&x=1", "abc"),
            ("abc&def x", "abc&def"),
            ("abc, def", "abc"),
            ("abc,x=1", "abc"),
            ("abc,def", "abc,def"),
            ("abc;Port=1", "abc"),
            ("abc)", "abc"),
            ("abc)}, x", "abc"),
            ("abc)def", "abc)def"),
            ("abc\\\"}", "abc"),
            ("abc\\n", "abc"),
            ("abc</x>", "abc"),
            ("a<b", "a<b"),
        ] {
            assert_eq!(bare(text), wanted, "{text}");
        }
        assert_eq!(bare_end(b"abc%26x%3D1", 0, true), 3);
    }
}

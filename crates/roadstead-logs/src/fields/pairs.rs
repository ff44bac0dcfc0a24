//! `key=value` pairs, wherever they stand in a line.

/// What a byte can be in a pair: [`OF_KEY`], [`ENDS_VALUE`].
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        let b = at as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@') {
            bytes[at] |= OF_KEY;
        }
        if matches!(b, b' ' | b'\t' | b',' | b';' | b']' | b')' | b'}' | b'|') {
            bytes[at] |= ENDS_VALUE;
        }
        at += 1;
    }
    bytes
};
const OF_KEY: u8 = 1;
const ENDS_VALUE: u8 = 2;

/// Calls `each` with the key, the value without its quotes, and whether it had some, until it returns `false`.
pub(crate) fn pairs<'t>(text: &'t str, mut each: impl FnMut(&'t str, &'t str, bool) -> bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(equals) = memchr::memchr(b'=', &bytes[at..]).map(|n| n + at) {
        let key_start = bytes[at..equals]
            .iter()
            .rposition(|b| BYTES[usize::from(*b)] & OF_KEY == 0)
            .map_or(at, |n| at + n + 1);
        let apart = key_start == 0
            || matches!(
                bytes[key_start - 1],
                b' ' | b'\t' | b',' | b'[' | b'(' | b'{' | b'|' | b';'
            );
        let key = &text[key_start..equals];
        if key.is_empty() || !apart || !key.as_bytes()[0].is_ascii_alphabetic() && key.as_bytes()[0] != b'@' {
            at = equals + 1;
            continue;
        }
        let from = equals + 1;
        let quote = bytes
            .get(from)
            .copied()
            .filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        if let Some(quote) = quote {
            let end = quoted_end(bytes, from, quote);
            if !each(key, &text[from + 1..end], true) {
                return;
            }
            at = (end + 1).min(bytes.len());
        } else {
            let length = bytes[from..]
                .iter()
                .take_while(|b| BYTES[usize::from(**b)] & ENDS_VALUE == 0)
                .count();
            if !each(key, &text[from..from + length], false) {
                return;
            }
            at = from + length;
        }
    }
}

fn quoted_end(bytes: &[u8], open: usize, quote: u8) -> usize {
    let mut from = open + 1;
    while from < bytes.len() {
        let Some(hit) = memchr::memchr2(quote, b'\\', &bytes[from..]) else {
            break;
        };
        if bytes[from + hit] == quote {
            return from + hit;
        }
        from += hit + 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_with_and_without_quotes() {
        let mut all = Vec::new();
        pairs(r#"a=1 b="x \" y" c= d=z,e=2 http://h/?q=1"#, |k, v, q| {
            all.push((k, v, q));
            true
        });
        assert_eq!(
            all,
            [
                ("a", "1", false),
                ("b", "x \\\" y", true),
                ("c", "", false),
                ("d", "z", false),
                ("e", "2", false)
            ]
        );
    }
}

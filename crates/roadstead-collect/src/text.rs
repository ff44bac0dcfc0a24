//! Text from engines is hostile input: names and labels end up in a window and in log lines.
//!
//! Only shape is dealt with here (length, control characters, passwords in addresses), not meaning.

/// Longest name of a container, app or service we keep.
pub(crate) const NAME_CHARS: usize = 255;
/// Longest image reference or operating system text we keep.
pub(crate) const TEXT_CHARS: usize = 512;

/// The text trimmed, without control characters and direction overrides (which would let a name pose as another),
/// at most `limit` characters.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let visible = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.trim().chars().filter(visible).take(limit).collect()
}

/// [`clean`], and `None` when nothing is left.
pub(crate) fn clean_some(text: Option<&str>, limit: usize) -> Option<String> {
    text.map(|text| clean(text, limit))
        .filter(|text| !text.is_empty())
}

/// The text with `user:password@` of any address in it masked.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>'))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("…@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Whether the text can stand in a request path as a container id or name: what engines hand out, nothing else.
pub(crate) fn is_engine_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_control_characters_and_direction_overrides() {
        assert_eq!(clean(" a\u{1b}[31mb\n\u{202e}c ", 255), "a[31mbc");
        assert_eq!(clean("ééé", 2), "éé", "the cap counts characters, not bytes");
        assert_eq!(clean_some(Some(" \n "), 10), None);
    }

    #[test]
    fn passwords_in_addresses_are_masked_wherever_they_stand() {
        assert_eq!(
            redact("pull http://bob:pw@h/x and tcp://h:1, ssh://u@n"),
            "pull http://…@h/x and tcp://h:1, ssh://…@n"
        );
        assert_eq!(redact("no address"), "no address");
    }

    #[test]
    fn an_id_that_would_leave_its_place_in_the_path_is_refused() {
        assert!(is_engine_id("0a1b2c"));
        for bad in ["", "../info", "a/b", "a?b", "a b", "é", ".."] {
            assert!(!is_engine_id(bad), "{bad}");
        }
    }
}

//! What two masked forms have in common when they are of one trouble: that something varied in a place, not what kind of
//! thing it was. A short id may have no letters in it, a host may be a name or an address, a list may hold one or many.

/// Stands for anything that varies.
const ANY: &str = "<*>";

/// The masked form without the kinds of its placeholders; a list of them is one.
pub(crate) fn alike(masked: &str) -> String {
    let mut out = String::with_capacity(masked.len());
    // Where the last placeholder ends, as long as only separators follow it.
    let mut listed = None;
    let mut comma = false;
    let mut rest = masked;
    while let Some(at) = rest.find(['<', ',', '(', '[']) {
        let plain = &rest[..at];
        // A list of quoted ones has commas.
        let quoted = comma && matches!(plain, " `" | " \"" | " '");
        // The star of a name for many hosts is a part of it.
        let parting = plain.strip_suffix("*.").unwrap_or(plain);
        if !quoted && !parting.bytes().all(separates) {
            listed = None;
        }
        comma = false;
        out.push_str(plain);
        rest = &rest[at..];
        if let Some(length) = placeholder(rest) {
            rest = &rest[length..];
            match listed {
                Some(end) => {
                    if let Some(bare) = closes(&out[end..]).and_then(|closing| rest.strip_prefix(closing)) {
                        rest = bare;
                    }
                    out.truncate(end);
                }
                None => {
                    // Quotes and brackets around it do not count, nor does the star of a name for many hosts.
                    if out.ends_with("*.") {
                        out.truncate(out.len() - 2);
                    }
                    if let Some(bare) = closes(&out).and_then(|closing| rest.strip_prefix(closing)) {
                        out.pop();
                        rest = bare;
                    }
                    out.push_str(ANY);
                }
            }
            listed = Some(out.len());
            continue;
        }
        let b = rest.as_bytes()[0];
        rest = &rest[1..];
        match b {
            // Nothing between the last two of a list.
            b',' if listed == Some(out.len()) => comma = true,
            b',' => out.push(','),
            b'(' if rest.starts_with(')') && out.ends_with(' ') => {
                out.push('(');
                out.push_str(ANY);
                listed = None;
            }
            b'[' if rest.starts_with(']') && out.ends_with(' ') => {
                rest = &rest[1..];
                out.push_str(ANY);
                listed = Some(out.len());
            }
            b => {
                out.push(char::from(b));
                listed = None;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What closes the quote or bracket that `out` ends with.
fn closes(out: &str) -> Option<char> {
    let closing = match out.as_bytes().last() {
        Some(b'"') => '"',
        Some(b'\'') => '\'',
        Some(b'`') => '`',
        Some(b'[') => ']',
        _ => return None,
    };
    Some(closing)
}

fn separates(b: u8) -> bool {
    matches!(b, b' ' | b':' | b'|' | b'#' | b'-' | b'/' | b';')
}

/// How long the placeholder is that `text` begins with.
pub(super) fn placeholder(text: &str) -> Option<usize> {
    let inner = &text.as_bytes()[1..text.len().min(10)];
    let length = inner.iter().position(|b| *b == b'>')?;
    let inner = &inner[..length];
    let kind = inner == b"*" || length > 0 && inner.iter().all(u8::is_ascii_uppercase);
    let redacted = matches!(inner, b"redacted" | b"email" | b"card");
    (kind || redacted).then_some(length + 2)
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn kinds_and_numbers_of_what_varies_make_no_other_trouble() {
        for (masked, bare) in [
            ("id <HEX> of <N> gone", "id <*> of <*> gone"),
            ("to <HOST>:<PORT> failed", "to <*> failed"),
            ("key <redacted>, <N>, <PATH> x", "key <*> x"),
            ("from <HOST>, () x", "from <*> (<*>) x"),
            ("call() of <memory:<N>, b:<N>>", "call() of <memory:<*> b:<*>>"),
            (
                "file \"<*>\" of [<HOST>]:<N> and *.<HOST>",
                "file <*> of <*> and <*>",
            ),
            ("one of `<*>`, `<*>`, \"<*>\" x", "one of <*> x"),
            ("a, b < c > <d>", "a, b < c > <d>"),
            ("é <", "é <"),
        ] {
            assert_eq!(alike(masked), bare);
        }
    }
}

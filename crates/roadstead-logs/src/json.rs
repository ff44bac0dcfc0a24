//! Objects of JSON, read in one pass without building anything.
//!
//! A log line is judged by four or five members, so nothing is kept but slices of the line. Broken and cut objects are
//! read as far as they go: half a line that names its level is better than none. It deliberately does not check that an
//! object is valid.

use std::borrow::Cow;

/// Members below this depth are passed over.
const DEEPEST: usize = 4;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    /// A string, still escaped.
    Text(&'t str),
    /// A number, `true`, `false` or `null`, as written.
    Bare(&'t str),
    /// An object or an array; its own members follow.
    Nested,
}

/// One member of an object at any depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member<'t> {
    /// Key of the object that holds it; empty at the top.
    pub(crate) parent: &'t str,
    /// Its key; empty for an element of an array.
    pub(crate) key: &'t str,
    /// Its value.
    pub(crate) value: Value<'t>,
    /// 1 at the top.
    pub(crate) depth: usize,
}

/// The end of the string whose opening quote is at `at`: the index of its closing quote.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let hit = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes[hit] == b'"' {
            return Some(hit);
        }
        from = hit + 2;
    }
}

/// Calls `each` for every member of the object that begins at the start of `text`, in order, until it returns `false`. Returns where the object
/// ends, or `None` where it does not.
pub(crate) fn members<'t>(text: &'t str, mut each: impl FnMut(Member<'t>) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut parents = [""; DEEPEST + 1];
    let mut arrays = [false; DEEPEST + 1];
    let mut depth = 0;
    let mut key = "";
    let mut wants_value = false;
    let mut at = 0;
    while at < bytes.len() {
        let in_array = arrays[depth.min(DEEPEST)];
        match bytes[at] {
            b'{' | b'[' => {
                if (wants_value || in_array && depth > 0)
                    && !tell(&mut each, &parents, depth, key, Value::Nested)
                {
                    return None;
                }
                depth += 1;
                if depth <= DEEPEST {
                    parents[depth] = key;
                    arrays[depth] = bytes[at] == b'[';
                }
                key = "";
                wants_value = false;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                key = "";
                wants_value = false;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' => {
                let Some(end) = string_end(bytes, at) else {
                    // A cut line: what there is of the last string still tells something.
                    if wants_value {
                        tell(&mut each, &parents, depth, key, Value::Text(&text[at + 1..]));
                    }
                    return None;
                };
                let string = &text[at + 1..end];
                if wants_value || in_array {
                    if !tell(&mut each, &parents, depth, key, Value::Text(string)) {
                        return None;
                    }
                    wants_value = false;
                    key = "";
                } else {
                    key = string;
                }
                at = end + 1;
            }
            b':' => {
                wants_value = true;
                at += 1;
            }
            b',' => {
                wants_value = false;
                key = "";
                at += 1;
            }
            b' ' | b'\t' => at += 1,
            _ => {
                let length = bytes[at..]
                    .iter()
                    .take_while(|b| {
                        !matches!(b, b',' | b'}' | b']' | b' ' | b'"' | b'{' | b'[' | b':' | b'\t')
                    })
                    .count()
                    .max(1);
                if wants_value || in_array {
                    // Bytes of other alphabets outside a string are no JSON, but must not split a character.
                    if let Some(bare) = text.get(at..at + length)
                        && !tell(&mut each, &parents, depth, key, Value::Bare(bare))
                    {
                        return None;
                    }
                    wants_value = false;
                }
                at += length;
            }
        }
    }
    None
}

fn tell<'t>(
    each: &mut impl FnMut(Member<'t>) -> bool,
    parents: &[&'t str; DEEPEST + 1],
    depth: usize,
    key: &'t str,
    value: Value<'t>,
) -> bool {
    !(1..=DEEPEST).contains(&depth)
        || each(Member {
            parent: parents[depth],
            key,
            value,
            depth,
        })
}

/// How brackets stand after `text`, given how they stood before it: for objects printed over several lines. Quotes of a
/// line that does not close them count as closed at its end.
pub(crate) fn balance(text: &str, mut depth: i32) -> i32 {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth <= 0 {
                    return 0;
                }
            }
            b'"' => match string_end(bytes, at) {
                Some(end) => at = end,
                None => return depth,
            },
            _ => {}
        }
        at += 1;
    }
    depth
}

/// A string without its escapes.
pub(crate) fn unescaped(string: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', string.as_bytes()).is_none() {
        return Cow::Borrowed(string);
    }
    let mut plain = String::with_capacity(string.len());
    let mut chars = string.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('b' | 'f') => plain.push(' '),
            Some('u') => {
                let rest = chars.as_str();
                let code = rest.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                if let Some(code) = code {
                    plain.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    chars = rest[4..].chars();
                } else {
                    plain.push('u');
                }
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        members(text, |m| {
            all.push(format!("{}.{}={:?}", m.parent, m.key, m.value));
            true
        });
        all
    }

    #[test]
    fn members_of_every_depth_are_told_with_their_parent() {
        let all = read(r#"{"a":1,"b":{"c":"x\"y","d":[true,"z"]},"e":null}"#);
        assert_eq!(
            all,
            [
                ".a=Bare(\"1\")",
                ".b=Nested",
                "b.c=Text(\"x\\\\\\\"y\")",
                "b.d=Nested",
                "d.=Bare(\"true\")",
                "d.=Text(\"z\")",
                ".e=Bare(\"null\")"
            ]
        );
    }

    #[test]
    fn a_cut_object_is_read_as_far_as_it_goes() {
        assert_eq!(read(r#"{"level":"error","msg":"half a sen"#).len(), 2);
        assert_eq!(members(r#"{"a":"#, |_| true), None);
        assert_eq!(members(r#"{"a":1} tail"#, |_| true), Some(7));
    }

    #[test]
    fn escapes_are_taken_out() {
        assert_eq!(unescaped(r#"a\nb\"cé\\"#), "a\nb\"cé\\");
        assert_eq!(unescaped(r"\u12"), "u12");
    }
}

//! Secrets on the lines after their name: lists, what PHP dumps, and YAML's blocks.
//!
//! A line that ends in `"secret": [` or `password:` says what the next ones are. Prose ends in colons as well ("cannot
//! parse the token:"), so a value without quotes has to be one word, further in than its name, and the name alone on its
//! line. It deliberately follows one name at a time, and nothing that is nested deeper than a list.

use super::Spans;
use super::keys::{self, Key, classify};
use super::plain::{is_harmless, looks_random};
use super::quotes::{Quote, skip_blanks};
use super::values::{inside, unwrap};

/// What the end of a line says of those that follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    key: Key,
    form: Form,
    /// How far in the line of the name begins.
    indent: usize,
    /// Whether nothing but its indentation stands before the name.
    alone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One value, or items of YAML that begin with a hyphen.
    Value,
    /// Strings up to a bracket.
    List,
    /// YAML's `|` and `>`: every line that is further in.
    Block,
}

impl Awaited {
    /// What is awaited after the line.
    pub(super) fn after(line: &str) -> Option<Self> {
        let text = line.trim_end();
        let (text, form) = match text.as_bytes() {
            [.., b'['] => (&text[..text.len() - 1], Form::List),
            [.., b':' | b'='] | [.., b'=', b'>'] => (text, Form::Value),
            [.., b'|' | b'>'] => (&text[..text.len() - 1], Form::Block),
            [.., b'|' | b'>', b'-' | b'+'] => (&text[..text.len() - 2], Form::Block),
            _ => return None,
        };
        let text = text.trim_end();
        let text = text
            .strip_suffix("=>")
            .or_else(|| text.strip_suffix([':', '=']))?
            .trim_end();
        let (begin, end, is_quoted) = last_name(text.as_bytes())?;
        let key = classify(&text.as_bytes()[begin..end])?;
        let indent = line.len() - line.trim_start().len();
        let alone = matches!(text[indent..begin].trim_end(), "" | "-");
        let is_sure = match key {
            Key::Parameter | Key::Code => false,
            Key::Quiet => is_quoted,
            _ => is_quoted || alone || form == Form::List,
        };
        is_sure.then_some(Self {
            key,
            form,
            indent,
            alone,
        })
    }

    /// Takes the secrets out of a line that follows. Answers what is awaited after it.
    pub(super) fn read(self, line: &str, spans: &mut Spans) -> Option<Self> {
        let bytes = line.as_bytes();
        let end = line.trim_end().len();
        let mut at = end - line[..end].trim_start().len();
        if at == end {
            return (self.form != Form::Value).then_some(self);
        }
        let is_further = at > self.indent;
        match self.form {
            Form::Block => {
                // Here a secret may have blanks, and no sentence stands in its place.
                if is_further && !is_harmless(&line[at..end], Key::Strong) {
                    spans.redact_word(at, end);
                }
                is_further.then_some(self)
            }
            Form::List => {
                Quote::at(bytes, at)?;
                while let Some(quote) = Quote::at(bytes, at) {
                    let past = spans.end_of_quote(bytes, at, quote);
                    inside(line, at + quote.len(), past, self.key, spans);
                    at = skip_blanks(bytes, (past + quote.len()).min(bytes.len()));
                    if bytes.get(at) != Some(&b',') {
                        break;
                    }
                    at = skip_blanks(bytes, at + 1);
                }
                (at >= end).then_some(self)
            }
            Form::Value => {
                let is_item = bytes[at..end].starts_with(b"- ");
                at = unwrap(bytes, if is_item { skip_blanks(bytes, at + 1) } else { at });
                if let Some(quote) = Quote::at(bytes, at) {
                    let past = spans.end_of_quote(bytes, at, quote);
                    if at >= self.indent && bytes.get(past + quote.len()) != Some(&b':') {
                        inside(line, at + quote.len(), past, self.key, spans);
                    }
                } else if (is_further || is_item) && self.alone {
                    let past = at + bytes[at..end].iter().take_while(|byte| **byte != b' ').count();
                    // Behind a value, what a logger knew besides may go on.
                    let is_value = if past == end {
                        is_word(&bytes[at..end])
                    } else {
                        looks_random(&bytes[at..past])
                    };
                    if is_value {
                        inside(line, at, past, self.key, spans);
                    }
                }
                is_item.then_some(self)
            }
        }
    }
}

/// Whether it is a value, and neither a name, nor the beginning of something nested, nor a sentence.
fn is_word(bytes: &[u8]) -> bool {
    !bytes.contains(&b' ')
        && !matches!(
            bytes[0],
            b'{' | b'[' | b'(' | b'<' | b'#' | b'|' | b'>' | b'&' | b'*' | b'^' | b'~'
        )
        && !matches!(bytes[bytes.len() - 1], b':' | b'{' | b'[' | b'(')
}

/// Where the name begins and ends that the text ends with, and whether it stands between quotes or brackets.
fn last_name(text: &[u8]) -> Option<(usize, usize, bool)> {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let mut end = text.len();
    if text.ends_with(b"]") {
        // `["password":protected]`
        let open = text
            .iter()
            .rev()
            .take(keys::LONGEST + 32)
            .position(|byte| *byte == b'[')?;
        let from = text.len() - open;
        let from = from + usize::from(matches!(text.get(from), Some(b'"' | b'\'')));
        let length = text[from..].iter().take_while(is_name).count();
        return Some((from, from + length, true));
    }
    let is_quoted = matches!(text.last(), Some(b'"' | b'\''));
    end -= usize::from(is_quoted);
    let length = text[..end]
        .iter()
        .rev()
        .take(keys::LONGEST)
        .take_while(is_name)
        .count();
    Some((end - length, end, is_quoted))
}

#[cfg(test)]
mod tests {
    use super::super::{REDACTED, redact_lines};

    /// In each event, what is between `⟦` and `⟧` is a secret.
    fn each_event_loses_its_secrets(events: &[&str]) {
        for event in events {
            let (mut text, mut wanted, mut rest) = (String::new(), String::new(), *event);
            while let Some((before, after)) = rest.split_once('⟦') {
                let (secret, after) = after.split_once('⟧').unwrap();
                text += &format!("{before}{secret}");
                wanted += &format!("{before}{REDACTED}");
                rest = after;
            }
            let mut lines: Vec<String> = (text + rest).lines().map(str::to_owned).collect();
            let wanted = wanted + rest;
            redact_lines(&mut lines);
            assert_eq!(lines.join("\n"), wanted);
            redact_lines(&mut lines);
            assert_eq!(lines.join("\n"), wanted, "again");
        }
    }

    #[test]
    fn a_secret_goes_from_the_lines_after_its_name() {
        each_event_loses_its_secrets(&[
            "{\n  \"secret\": [\n    \"⟦hunter2⟧\",\n    \"⟦correct horse⟧\"\n  ],\n  \"a\": [\n    \"b1c2d3\"\n  ]\n}",
            "headers: {\n  cookie: [\n    'sid=⟦abc123⟧; Path=/',\n    'b=⟦c1⟧'\n  ],\n  vary: [\n    'x1'\n  ]",
            "  'set-cookie': [\n    'sid=⟦abc123⟧; Path=/; HttpOnly', 'a=⟦b2⟧'\n  ]",
            "config:\n  password:\n    ⟦hunter2⟧\n  host: db",
            "password:\n  - ⟦hunter2⟧\n  - ⟦hunter3⟧\nhosts:\n  - a",
            "secret:\n  \"⟦hunter 2⟧\"",
            "password: |\n  ⟦hunter2⟧\n  ⟦and correct horse⟧\n\nname: joe",
            "token: >-\n  ⟦abcdef⟧\nname: joe",
            "array(2) {\n  [\"password\"]=>\n  string(7) \"⟦hunter2⟧\"\n  [\"user\"]=>\n  string(3) \"joe\"\n}",
            "  [\"password\":\"User\":private]=>\n  string(7) \"⟦hunter2⟧\"",
            "  [\"token\":protected]=>\n  string(7) \"⟦hunter2⟧\"",
            "-----BEGIN OpenVPN Static key V1-----\n⟦6acef03f62675b4b1bbd03e53b187727⟧\n-----END OpenVPN Static key V1-----",
            "ERROR cannot parse token:\n    at parse (x.js:1:2)\n    at main\npassword=⟦x1⟧",
        ]);
    }

    #[test]
    fn what_follows_a_colon_is_not_always_a_value() {
        for event in [
            "invalid token:\n    unexpected end of input",
            "invalid token:\n    src/app1.js:12 unexpected end",
            "TypeError: bad password:\n    undefined",
            "cannot read secret:\n    TypeError:\n    x",
            "secret:\n  name: app\n  key: db",
            "token:\n\n  word",
            "password:\nnext",
            "{\n  \"password\": [\n    \"The password field is required.\",\n    \"Ensure this field has 8 characters.\"\n  ]\n}",
            "\"tokens\": [\n  \"a1b2c3\"\n]",
            "\"secret\": [\n  {\n    \"name\": \"x\"\n  }\n]",
            "\"password\":\n\"user\": \"joe\"",
            "if (a > b) |\n  x",
        ] {
            let mut lines: Vec<String> = event.lines().map(str::to_owned).collect();
            redact_lines(&mut lines);
            assert_eq!(lines.join("\n"), event);
        }
    }
}

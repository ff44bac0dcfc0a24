//! One line on its own: how it is built, how bad it says it is, and whether it can be the first of an event.

use crate::Severity;
use crate::access::{self, Access};
use crate::fields::Fields;
use crate::head::{self, Head};
use crate::keywords;
use crate::trace::{self, Part};

/// Most bytes in which words are looked for.
const WORDS_BYTES: usize = 2000;

/// How a line is built.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form<'t> {
    /// An object, with what stood before it.
    Json(Fields<'t>),
    /// `key=value` pairs.
    Pairs(Fields<'t>),
    /// A request and its answer.
    Access(Access<'t>),
    /// Words.
    Plain,
}

/// What a line says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'t> {
    pub(crate) severity: Severity,
    /// It names its level itself, so that nothing else may overrule it.
    pub(crate) named: bool,
    pub(crate) head: Head,
    pub(crate) form: Form<'t>,
    pub(crate) part: Option<Part>,
}

impl Judged<'_> {
    /// It looks as if a logger had printed it as the first of an event.
    pub(crate) fn opens(&self) -> bool {
        self.head.opens()
            || match self.form {
                Form::Json(_) | Form::Access(_) => true,
                Form::Pairs(fields) => fields.logged,
                Form::Plain => false,
            }
    }
}

/// Judges a line without colours.
pub(crate) fn judge(text: &str) -> Judged<'_> {
    read(text, true)
}

/// The same but for the form, which is not read further than the severity needs. This is what every line goes through.
pub(crate) fn glance(text: &str) -> Judged<'_> {
    read(text, false)
}

fn read(text: &str, whole: bool) -> Judged<'_> {
    if let Some((access, message)) = access::common(text) {
        return Judged {
            severity: access.severity(),
            named: true,
            head: Head {
                time: true,
                message,
                ..Head::default()
            },
            form: Form::Access(access),
            part: None,
        };
    }
    // Objects and pairs have no head: their level is one of their members.
    let bare = text.starts_with("{\"") || begins_with_pair(text);
    let head = if bare {
        Head::default()
    } else if text.starts_with(PRINTED) && printed_trace(text) {
        Head {
            message: PRINTED.len(),
            ..Head::default()
        }
    } else {
        head::parse(text.as_bytes())
    };
    let head = handed_on(text, head).unwrap_or(head);
    let message = text.get(head.message..).unwrap_or("");
    let mut judged = Judged {
        severity: Severity::Other,
        named: false,
        head,
        form: Form::Plain,
        part: None,
    };
    if let Some(severity) = head.level {
        judged.severity = severity;
        judged.named = true;
    }
    // `Error: x` below a message is an exception, though it looks like a level.
    let exception = !head.time && !head.indented && text.starts_with("Error: ");
    let part = || trace::part(if head.opens() && !exception { message } else { text });
    if judged.named {
        judged.part = part();
        // A level that stands before every request alike says less than the answer.
        if judged.severity == Severity::Other
            && access::may_tell_request(message)
            && let Some(access) = access::failed(message)
        {
            judged.severity = access.severity();
            judged.form = Form::Access(access);
            return judged;
        }
        if !whole {
            return judged;
        }
    }
    let first = message.as_bytes().first().copied().unwrap_or(0);
    // `[api] {"level":"error"}`: who printed the object.
    let object = match first {
        b'{' => Some(message),
        b'[' if !head.opens() => said_by(message),
        _ => None,
    };
    if let Some(object) = object
        && let Some(fields) = Fields::of_json(object, whole)
    {
        judged.form = Form::Json(fields);
        if !judged.named {
            judged.structured(&fields);
        }
        return judged;
    }
    // `[request] method=GET status=200`
    let message = if !head.opens() && first == b'[' {
        trace::untagged(message)
    } else {
        message
    };
    let first = message.as_bytes().first().copied().unwrap_or(0);
    // A line of pairs is no part of a trace.
    let paired = bare && first != b'{';
    if !paired {
        judged.part = part();
    }
    if first != b'"' && memchr::memchr(b'=', message.as_bytes()).is_some() {
        // A line that begins with a pair is made of them; elsewhere they are only asked for the level.
        let made_of = paired || begins_with_pair(message);
        if let Some(fields) = Fields::of_pairs(message, if made_of { 2 } else { 1 }, whole || !made_of) {
            if made_of && (fields.logged || fields.message.is_some()) {
                judged.form = Form::Pairs(fields);
                if !judged.named {
                    judged.structured(&fields);
                }
                return judged;
            }
            if !judged.named
                && let Some(severity) = fields.level()
            {
                judged.severity = severity;
                judged.named = true;
                judged.head.level = Some(severity);
            }
        }
    }
    let request = if first == b'"' {
        access::parse(message)
    } else if first == b'[' && head.time {
        access::answered(message)
    } else {
        None
    };
    if let Some(access) = request.or_else(|| access::parse(text)) {
        judged.form = Form::Access(access);
        if !judged.named {
            // The status speaks; the words of a path do not.
            judged.severity = access.severity();
            judged.named = true;
        }
        return judged;
    }
    if judged.named {
        return judged;
    }
    let cut = message.floor_char_boundary(WORDS_BYTES);
    judged.severity = match judged.part {
        Some(Part::Start(_)) => Severity::Error,
        _ => match keywords::severity(&message.as_bytes()[..cut]) {
            Severity::Other if keywords::failure(&message.as_bytes()[..cut]) => Severity::Error,
            severity => severity,
        },
    };
    judged
}

/// The object behind the name of a program between brackets.
fn said_by(message: &str) -> Option<&str> {
    const LONGEST_NAME: usize = 40;
    let begins = &message.as_bytes()[..message.len().min(LONGEST_NAME)];
    let close = memchr::memchr(b']', begins)?;
    message[close + 1..]
        .strip_prefix(' ')
        .filter(|object| object.starts_with("{\""))
}

/// PHP-FPM prints what a script says at its own level, which tells nothing of what was said: the level is that of the
/// message within.
fn handed_on(text: &str, head: Head) -> Option<Head> {
    const WRAPPED: &str = "PHP message: ";
    if head.level != Some(Severity::Other) {
        return None;
    }
    let message = text.get(head.message..)?;
    let at = match message.as_bytes().first()? {
        b'P' => message.starts_with(WRAPPED).then_some(WRAPPED.len())?,
        b'[' => message.strip_prefix("[pool ")?.find("said into std")?.min(60),
        _ => return None,
    };
    let at = at + message[at..].find(WRAPPED).map_or(0, |more| more + WRAPPED.len());
    let said = &message[at..];
    let level = head::parse(said.as_bytes())
        .level
        .unwrap_or_else(|| match trace::part(said) {
            Some(Part::Start(_)) => Severity::Error,
            _ => keywords::severity(&said.as_bytes()[..said.floor_char_boundary(WORDS_BYTES)]),
        });
    Some(Head {
        level: Some(level),
        message: head.message + at,
        ..head
    })
}

/// Before an exception that Node prints with where it was printed, `Trace: TypeError: x`: no level stands there.
const PRINTED: &str = "Trace: ";

#[cold]
fn printed_trace(text: &str) -> bool {
    text.get(PRINTED.len()..)
        .is_some_and(|printed| trace::exception_name(printed).is_some())
}

fn begins_with_pair(text: &str) -> bool {
    let bytes = text.as_bytes();
    let key = bytes
        .iter()
        .take(40)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@'))
        .count();
    key > 0 && bytes.get(key) == Some(&b'=') && bytes.get(key + 1).is_some_and(|b| *b != b'=')
}

impl Judged<'_> {
    fn structured(&mut self, fields: &Fields<'_>) {
        if let Some(severity) = fields.level() {
            self.severity = severity;
            self.named = true;
            return;
        }
        if let Some(status) = fields.status() {
            self.severity = if status >= 500 {
                Severity::Error
            } else {
                Severity::Other
            };
            return;
        }
        if fields.unnamed_is_harmless() {
            self.named = true;
            return;
        }
        self.severity = if fields.error.is_some() || fields.stack.is_some() {
            Severity::Error
        } else {
            fields.message.map_or(Severity::Other, |message| {
                keywords::severity(&message.as_bytes()[..message.floor_char_boundary(WORDS_BYTES)])
            })
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that lines are made of, so that chance builds what loggers build.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "2026-01-02 15:04:05,123",
                "[",
                "]",
                "ERROR",
                "info",
                "WARN",
                ": ",
                " ",
                "{\"level\":\"error\"",
                "{\"level\":50",
                ",\"msg\":\"x\"}",
                "level=warn",
                "level=info",
                " a=b",
                "\"GET /x HTTP/1.1\" 500 1",
                "10.0.0.1 - - [02/Jan/2026:15:04:05 +0000] ",
                "panic: ",
                "java.lang.FooException",
                "\tat a.b(C.java:1)",
                "<3>",
                "E0102 15:04:05.1 1 a.go:1] ",
                "1:M 02 Jan 2026 15:04:05.123 # ",
                "error",
                "0 errors",
                "Traceback (most recent call last):",
                "{",
                "}",
                "\"",
                "=",
                "é",
                "Error: ",
                "DETAIL:  ",
                "--",
                "|",
                "\"severity\":\"warn\"",
                "\"status\":500,",
                "\"level\":30,",
                ",\"level_name\":\"WARN\"",
                ",\"x.l\":\"error\"",
                ",\"levelno\":40",
                ",\"no\":40",
                ",\"a\":{\"b\":[1,{\"PRIORITY\":\"3\"}]}",
                "error=<nil>",
                "failed to ",
                "(",
                ")",
                "#0 ",
                "x.rb:1:in 'y'",
            ])
            .prop_map(str::to_owned),
            "[ -~]{0,8}",
            "\\PC{0,4}",
        ]
    }

    fn line() -> impl Strategy<Value = String> {
        prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_glance_sees_what_judging_sees(text in line()) {
            let (glance, whole) = (glance(&text), judge(&text));
            prop_assert_eq!(glance.severity, whole.severity);
            prop_assert_eq!(glance.named, whole.named);
            prop_assert_eq!(glance.part, whole.part);
            prop_assert_eq!(glance.opens(), whole.opens());
            prop_assert_eq!(glance.head, whole.head);
        }
    }
}

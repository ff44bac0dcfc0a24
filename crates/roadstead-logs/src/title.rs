//! What an event is called in a list: one line of it, without what a logger puts before.
//!
//! Most events say in their first line what happened. A crash that no logger was told of begins with `Traceback` or with
//! the place in a file, and says what happened further down; loggers that print a category say it on the line below.

use crate::assembler::MESSAGE_CHARS;
use crate::continuation::jul;
use crate::fingerprint;
use crate::json;
use crate::line::{self, Form, Judged};
use crate::trace::{self, Part, Tongue};

/// Fewer letters say nothing.
const LEAST_LETTERS: usize = 3;
/// Most lines that are looked at for one that says something.
const MOST_LINES: usize = 8;

/// The title of an event of these lines, of which the first was judged; at most [`MESSAGE_CHARS`].
pub(crate) fn of(lines: &[String], judged: &Judged<'_>) -> String {
    let at = lines
        .iter()
        .position(|line| line.bytes().any(|b| b.is_ascii_alphanumeric()))
        .unwrap_or(0);
    let Some((first, rest)) = lines.get(at..).and_then(<[String]>::split_first) else {
        return String::new();
    };
    let of_first;
    let judged = if at == 0 {
        judged
    } else {
        of_first = line::judge(first);
        &of_first
    };
    let mut title = match judged.form {
        Form::Json(fields) => match (fields.message, fields.error) {
            (Some(message), Some(error)) => {
                format!("{}: {}", json::unescaped(message), json::unescaped(error))
            }
            (Some(text), None) | (None, Some(text)) => json::unescaped(text).into_owned(),
            (None, None) => first.clone(),
        },
        Form::Pairs(fields) => match (fields.message, fields.error) {
            (Some(message), Some(error)) => format!("{message}: {error}"),
            (Some(text), None) | (None, Some(text)) => text.to_owned(),
            (None, None) => first.clone(),
        },
        Form::Access(_) => first.clone(),
        Form::Plain => plain(first, rest, judged),
    };
    if let Some((end, _)) = title.char_indices().nth(MESSAGE_CHARS) {
        title.truncate(end);
    }
    title
}

fn plain(first: &str, rest: &[String], judged: &Judged<'_>) -> String {
    let own = fingerprint::message(first, judged).trim();
    if let Some(raised) = raised(rest, judged).filter(|_| trace::part(own) == judged.part) {
        return raised.to_owned();
    }
    let category = own.ends_with(']') && !own.contains(' ');
    let untold = letters(own) < LEAST_LETTERS || category || jul(first, judged);
    let below = rest
        .iter()
        .take(MOST_LINES)
        .map(|line| line.trim())
        .find(|line| letters(line) >= LEAST_LETTERS);
    match below {
        Some(below) if untold => {
            let judged = line::judge(below);
            fingerprint::message(below, &judged).trim().to_owned()
        }
        Some(below) if own.ends_with(':') => format!("{own} {below}"),
        _ if own.is_empty() => first.to_owned(),
        _ => own.to_owned(),
    }
}

/// The exception of a trace that begins without it: the last one that Python names, the first that Node does.
fn raised<'l>(rest: &'l [String], judged: &Judged<'_>) -> Option<&'l str> {
    let named =
        |line: &&String| !line.starts_with([' ', '\t']) && matches!(trace::part(line), Some(Part::Exception));
    let line = match judged.part? {
        Part::Start(Tongue::Python) => rest.iter().rev().find(named).or_else(|| {
            // Its name may be like no other exception's.
            let frames = rest.iter().rposition(|line| line.starts_with([' ', '\t']))?;
            rest[frames..]
                .get(1)
                .filter(|line| letters(line) >= LEAST_LETTERS)
        })?,
        Part::Start(Tongue::Node) => rest.iter().find(named)?,
        _ => return None,
    };
    Some(line.trim())
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        of(&lines, &line::judge(&lines[0]))
    }

    #[test]
    fn a_crash_is_called_by_its_exception() {
        for (lines, called) in [
            (
                vec![
                    "Traceback (most recent call last):",
                    "  File \"/srv/shop.py\", line 3, in open",
                    "    till()",
                    "shop.NoTill: it is gone",
                ],
                "shop.NoTill: it is gone",
            ),
            (
                vec![
                    "Traceback (most recent call last):",
                    "  File \"/srv/shop.py\", line 3, in open",
                    "KeyError: 'a'",
                    "",
                    "During handling of the above exception, another exception occurred:",
                    "",
                    "Traceback (most recent call last):",
                    "  File \"/srv/shop.py\", line 5, in open",
                    "ValueError: no a",
                ],
                "ValueError: no a",
            ),
            (
                vec![
                    "/srv/app/shop.js:10",
                    "    throw new TypeError('no till')",
                    "    ^",
                    "",
                    "TypeError: no till",
                    "    at open (/srv/app/shop.js:10:9)",
                ],
                "TypeError: no till",
            ),
            (
                vec![
                    "thread 'main' panicked at src/main.rs:5:10:",
                    "no till",
                    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
                ],
                "thread 'main' panicked at src/main.rs:5:10: no till",
            ),
        ] {
            assert_eq!(title(&lines), called);
        }
    }

    #[test]
    fn a_category_is_no_title() {
        assert_eq!(
            title(&["fail: Shop.Till[0]", "      The till is gone", "      at x"]),
            "The till is gone"
        );
        assert_eq!(
            title(&["Jan 02, 2026 3:04:05 PM shop.Till open", "SEVERE: it is gone"]),
            "it is gone"
        );
    }

    #[test]
    fn what_a_logger_was_told_is_the_title_of_the_trace_below() {
        assert_eq!(
            title(&[
                "2026-01-02 15:04:05 ERROR shop: no till",
                "Traceback (most recent call last):",
                "  File \"/srv/shop.py\", line 3, in open",
                "ValueError: gone",
            ]),
            "shop: no till"
        );
    }
}

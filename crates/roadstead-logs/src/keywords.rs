//! Words that tell trouble where a line names no level.
//!
//! The last resort: whole tokens only, never inside a path, a file name or a key, and never where the sentence says that
//! the trouble did not happen.

mod failures;

use crate::Severity;
use crate::errno;
pub(crate) use failures::failure;

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn of_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

#[inline(never)]
fn is_errno(token: &[u8]) -> bool {
    std::str::from_utf8(token).is_ok_and(errno::is_name)
}

/// What a token says on its own.
fn meaning(token: &[u8]) -> Option<Severity> {
    if !(3..=80).contains(&token.len()) {
        return None;
    }
    let first = token[0] | 0x20;
    let last = token[token.len() - 1] | 0x20;
    // Everything below ends in one of these letters.
    if !matches!(
        last,
        b'r' | b's' | b'l' | b'c' | b't' | b'm' | b'd' | b'n' | b'k' | b'g' | b'v'
    ) {
        return None;
    }
    let is = |word: &[u8]| token.eq_ignore_ascii_case(word);
    let plain = match first {
        b'e' => {
            is(b"error")
                || is(b"errors")
                || is(b"exception")
                || is(b"exceptions")
                || is(b"emerg")
                || token[0] == b'E' && token[1].is_ascii_uppercase() && is_errno(token)
        }
        b'f' => is(b"fatal"),
        b'p' => is(b"panic") || is(b"panicked"),
        b'c' => is(b"crit") || is(b"critical"),
        b'o' => is(b"oom") || is(b"oomkilled"),
        b'k' => is(b"killed"),
        b't' => is(b"traceback"),
        b's' => is(b"segfault") || is(b"sigsegv") || is(b"sigabrt"),
        b'r' if is(b"retrying") => return Some(Severity::Warn),
        b'w' => {
            return (is(b"warn") || is(b"warning") || is(b"warnings")).then_some(Severity::Warn);
        }
        b'd' if is(b"deprecated") || is(b"deprecation") || is(b"deprecations") => {
            return Some(Severity::Warn);
        }
        _ => false,
    };
    if plain {
        return Some(Severity::Error);
    }
    // Names of classes: `NullPointerException`, `ValueError`, `DeprecationWarning`.
    let named = |suffix: &[u8]| {
        token.len() > suffix.len()
            && token.ends_with(suffix)
            && token[0].is_ascii_alphabetic()
            && !token.iter().any(|b| *b == b'_' || *b >= 0x80)
    };
    if named(b"Exception") || named(b"Error") || token == b"UnhandledPromiseRejectionWarning" {
        return Some(Severity::Error);
    }
    named(b"Warning").then_some(Severity::Warn)
}

const DENYING: [&[u8]; 27] = [
    b"no",
    b"0",
    b"without",
    b"zero",
    b"non",
    b"not",
    b"never",
    b"ignore",
    b"ignored",
    b"ignoring",
    b"suppress",
    b"suppressed",
    b"suppressing",
    b"any",
    b"if",
    b"on",
    b"handle",
    b"handled",
    b"handles",
    b"handling",
    b"none",
    b"log",
    b"logging",
    b"expected",
    b"custom",
    b"avoid",
    b"prevent",
];
/// What makes of the word before it a name for something that is in order.
const NAMING: [&[u8]; 41] = [
    b"endpoint",
    b"endpoints",
    b"route",
    b"url",
    b"handler",
    b"handlers",
    b"handling",
    b"page",
    b"pages",
    b"log",
    b"logs",
    b"logging",
    b"logger",
    b"level",
    b"levels",
    b"reporting",
    b"reporter",
    b"tracking",
    b"rate",
    b"budget",
    b"threshold",
    b"recovery",
    b"correction",
    b"corrected",
    b"correcting",
    b"detection",
    b"boundary",
    b"middleware",
    b"mode",
    b"channel",
    b"stream",
    b"output",
    b"template",
    b"templates",
    b"notifications",
    b"mapper",
    b"mapping",
    b"hook",
    b"killer",
    b"rule",
    b"rules",
];

/// What stands between the word and how often it happened.
const COUNTING: [&[u8]; 9] = [
    b"count",
    b"counts",
    b"is",
    b"are",
    b"counter",
    b"total",
    b"found",
    b"detected",
    b"reported",
];

/// Whether `Error` before this word is the name of something that is in order, or of a count.
pub(crate) fn in_order(word: &[u8]) -> bool {
    among(word, &NAMING) || among(word, &COUNTING)
}

fn among(token: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| token.eq_ignore_ascii_case(word))
}

/// `: 0`, `=0` and ` 0`, which is all of the number.
fn nought(text: &[u8]) -> bool {
    let digits = text.trim_ascii_start();
    let digits = digits
        .strip_prefix(b":")
        .or(digits.strip_prefix(b"="))
        .unwrap_or(digits)
        .trim_ascii_start();
    digits.first() == Some(&b'0') && !digits.get(1).is_some_and(|b| of_token(*b) || *b == b'.')
}

/// The token that ends before `at`, past one run of blanks or quotes.
fn before(text: &[u8], at: usize) -> (&[u8], usize) {
    let end = text[..at]
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'(' | b'"' | b'\'' | b'['))
        .map_or(0, |i| i + 1);
    let start = text[..end]
        .iter()
        .rposition(|b| !of_token(*b))
        .map_or(0, |i| i + 1);
    (&text[start..end], start)
}

fn after(text: &[u8], at: usize) -> &[u8] {
    let from = at
        + text[at..]
            .iter()
            .take(4)
            .take_while(|b| matches!(b, b' ' | b'-'))
            .count();
    let length = text[from..].iter().take(24).take_while(|b| of_token(**b)).count();
    &text[from..from + length]
}

/// Whether the value that follows a key says that there is nothing: `0`, `null`, `<nil>`, `none`, `false`, `""`.
pub(crate) fn empty_value(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    let value = match value.first() {
        None => return true,
        Some(b'"' | b'\'') => &value[1..],
        Some(_) => value,
    };
    if [b"<nil>".as_slice(), b"(nil)", b"()", b"[]", b"{}"]
        .iter()
        .any(|nothing| value.starts_with(nothing))
    {
        return true;
    }
    let length = value.iter().take(12).take_while(|b| of_token(**b)).count();
    let word = &value[..length];
    let decimal = byte(value, length) == b'.' && byte(value, length + 1).is_ascii_digit();
    (word.is_empty() && matches!(byte(value, 0), b'"' | b'\'' | b',' | 0 | b')' | b']' | b' '))
        || !decimal
            && (word == b"0"
                || among(
                    word,
                    &[b"null", b"nil", b"none", b"false", b"no", b"undefined", b"ok"],
                ))
}

/// How bad the words of a message are. The first that is not denied decides between error and warning, except that an
/// error outweighs a warning.
pub(crate) fn severity(message: &[u8]) -> Severity {
    let mut found = Severity::Other;
    let mut at = 0;
    while at < message.len() {
        if !of_token(message[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < message.len() && of_token(message[at]) {
            at += 1;
        }
        let Some(severity) = meaning(&message[start..at]) else {
            continue;
        };
        if severity > found && said(message, start, at) {
            // What such a class says need not be plain: `DeprecationWarning: x is prone to errors`.
            let class = at - start > 7 && byte(message, at) == b':' && message[..at].ends_with(b"Warning");
            if severity == Severity::Error || class {
                return severity;
            }
            found = severity;
        }
    }
    found
}

/// Whether the token at `start..end` says that something has happened.
fn said(text: &[u8], start: usize, end: usize) -> bool {
    let (prior, next) = (if start > 0 { text[start - 1] } else { 0 }, byte(text, end));
    let class = text[start + 1..end].iter().any(u8::is_ascii_uppercase)
        && text[start + 1..end].iter().any(u8::is_ascii_lowercase);
    // Part of a path, a file's name, a host's name, an option, a hyphenated word, a format string.
    if matches!(
        prior,
        b'/' | b'\\' | b'-' | b'$' | b'@' | b'%' | b'#' | b'~' | b'+'
    ) && !class
    {
        return false;
    }
    if prior == b'.' && !class {
        return false;
    }
    if matches!(next, b'/' | b'\\' | b'-' | b'@' | b'?' | b'(') && of_token(byte(text, end + 1)) {
        return false;
    }
    if next == b'.' && of_token(byte(text, end + 1)) && !class {
        return false;
    }
    let token = &text[start..end];
    // A column's name: `# Errors  Last run`.
    if token.ends_with(b"s")
        && (start > 1 && &text[start - 2..start] == b"# "
            || text[end..].starts_with(b"  ") && start > 1 && &text[start - 2..start] == b"  ")
    {
        return false;
    }
    if next == b'=' {
        let counts = among(token, &[b"error", b"errors", b"exception", b"exceptions"]);
        return counts && !empty_value(&text[end + 1..]);
    }
    // A value, not a statement: `user "fatal"`.
    if matches!(prior, b'"' | b'\'' | b'`') && next == prior && byte(text, end + 1) != b':' {
        return false;
    }
    // `error tokens = 0`
    let tail = &text[end..text.len().min(end + 28)];
    if let Some(equals) = memchr::memchr(b'=', tail)
        && tail[..equals].iter().all(|b| of_token(*b) || *b == b' ')
        && empty_value(&text[end + equals + 1..])
    {
        return false;
    }
    // `"errors": 0`, `errors: 0`, `error: <nil>`.
    let quoted = matches!(next, b'"' | b'\'');
    let colon = end + usize::from(quoted);
    if byte(text, colon) == b':' {
        let value = text[colon + 1..].trim_ascii_start();
        if value.starts_with(b"[]") || value.starts_with(b"{}") {
            return false;
        }
        let length = value
            .iter()
            .position(|b| matches!(b, b',' | b';' | b'}' | b')' | b']' | b'|'));
        let value = value[..length.unwrap_or(value.len())].trim_ascii();
        if !class && !value.is_empty() && value.len() <= 8 && !value.contains(&b' ') && empty_value(value) {
            return false;
        }
    }
    let following = after(text, end);
    if among(following, &NAMING) {
        return false;
    }
    // `Exceptions 0`, `fatal errors: 0`
    let place = following.as_ptr() as usize - text.as_ptr() as usize + following.len();
    let counted = among(
        following,
        &[
            b"error",
            b"errors",
            b"exceptions",
            b"alerts",
            b"warnings",
            b"failures",
            b"issues",
        ],
    );
    if following == b"0" && byte(text, place) != b'.' || counted && nought(&text[place..]) {
        return false;
    }
    if among(following, &COUNTING) {
        // `error count is 0`, `errors are 0`
        let tail = &text[end..text.len().min(end + 32)];
        let number = tail.iter().position(u8::is_ascii_digit);
        if number.is_some_and(|n| tail[n] == b'0' && !byte(tail, n + 1).is_ascii_digit()) {
            return false;
        }
    }
    let (preceding, offset) = before(text, start);
    if among(preceding, &DENYING) {
        return false;
    }
    // `checking for errors`, `nothing to warn about`, `this is not an error`
    let sought = token.ends_with(b"s") && preceding == b"for" || token == b"warn" && preceding == b"to";
    let denied = among(preceding, &[b"a", b"an"]) && among(before(text, offset).0, &[b"not"]);
    if sought || denied {
        return false;
    }
    // `errors suppressed: 0`
    if !following.is_empty() && text[place..].ends_with(b": 0") && text[place..].trim_ascii() == b": 0" {
        return false;
    }
    // `no errors or warnings`
    if among(preceding, &[b"or", b"and", b"nor"]) {
        let (_, offset) = before(text, offset);
        return !among(before(text, offset).0, &[b"no", b"0", b"without", b"zero"]);
    }
    // `no fatal errors`, `0 critical errors`, `without any error`
    !among(before(text, offset).0, &[b"no", b"0", b"without", b"zero"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_tokens_tell_trouble() {
        for message in [
            "req 17 error",
            "ValueError: bad",
            "kernel: Out of memory: Killed process 1234 (java)",
            "java.lang.NullPointerException: null",
            "panic: boom",
            "err=\"x\" error=timeout",
            "2 errors found",
        ] {
            assert_eq!(severity(message.as_bytes()), Severity::Error, "{message}");
        }
        assert_eq!(severity(b"Warning: low on disk"), Severity::Warn);
        assert_eq!(severity(b"OPTION --x is deprecated, use --y"), Severity::Warn);
        assert_eq!(severity(b"job 12: connect ECONNREFUSED"), Severity::Error);
        assert_eq!(severity(b"x.py:3: DeprecationWarning: old"), Severity::Warn);
        assert_eq!(severity(b"DeprecationWarning: prone to errors"), Severity::Warn);
    }

    #[test]
    fn what_did_not_happen_is_no_trouble() {
        for message in [
            "no error found",
            "0 errors",
            "0 critical errors",
            "done without errors",
            "errors=0 failed=0",
            "error=<nil>",
            "error: null",
            "GET /error HTTP/1.1",
            "writing to error.log",
            "Logging errors to /var/log/x.log",
            "error_log is set",
            "error handler registered",
            "criteria matched",
            "joined room zoom-12 (skilled users: 3)",
            "error count is 0",
            "--error-level set",
            "{\"errors\":0}",
            "Errors 0 Warnings 0",
            "fatal errors: 0, critical alerts: 0",
            "killed 0 idle sessions",
            "listening for errors",
            "nothing to warn about",
            "this is not an error",
            "errors suppressed: 0",
            "OOM killer disabled",
            "Loaded 5 warning rules",
        ] {
            assert_eq!(severity(message.as_bytes()), Severity::Other, "{message}");
        }
    }
}

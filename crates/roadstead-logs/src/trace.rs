//! Stack traces: what kind of line of one is this, which exception is it, and which functions of the app's own?
//!
//! One set of shapes for Java and its kin, Python, Go, Node, Rust, .NET, PHP, Ruby and C++. Nothing here looks at more
//! than one line at a time, except [`Trace::read`], which goes once over the lines of an event.

mod frame;
mod frames;

pub(crate) use frames::Trace;

/// A line of a trace by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Begins a trace, and is an error on its own: `Traceback (most recent call last):`, `panic: x`.
    Start(Tongue),
    /// `java.lang.IllegalStateException: x` or `TypeError: x`: begins one, or ends Python's.
    Exception,
    /// One function that was running.
    Frame,
    /// Joins what came before: `Caused by:`, `... 12 more`, `goroutine 1 [running]:`, `note: run with …`.
    More,
}

/// Whose trace it is, as far as what may follow depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// Indented lines, then the exception without indent.
    Python,
    /// Functions without indent, files with a tab, blank lines between goroutines.
    Go,
    /// The message on a line of its own.
    Rust,
    /// The file first, then the source line, a caret, a blank line, the error.
    Node,
    /// Indented frames, and nothing else to know.
    Other,
}

/// An exception's name at the start of `text`: where it ends. `java.lang.Foo`, `TypeError`, `foo::BarError`.
pub(crate) fn exception_name(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut length = 0;
    while length < 200 {
        match bytes.get(length) {
            Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'\\') => length += 1,
            // `foo::BarError`; a single colon ends the name.
            Some(b':') if bytes.get(length + 1) == Some(&b':') => length += 2,
            _ => break,
        }
    }
    let name = &text[..length];
    let after = bytes.get(name.len()).copied().unwrap_or(0);
    // Words of sentences are most of what is asked for: none of them ends so, or is longer than its last part.
    if after == b' '
        && !matches!(bytes.get(length + 1), Some(b'[' | b'('))
        && !name.bytes().any(|b| matches!(b, b'.' | b':' | b'\\' | b'$'))
    {
        return None;
    }
    if name.len() < 5
        || !matches!(after, 0 | b':' | b' ' | b'(' | b'[')
        || !bytes[0].is_ascii_alphabetic() && bytes[0] != b'_'
    {
        return None;
    }
    let suffixed = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    let dotted = || name.contains('.') || name.contains("::");
    let named = match name.as_bytes()[name.len() - 1] {
        b'n' => suffixed(&["Exception"]),
        b'r' => suffixed(&["Error"]) || suffixed(&["error"]) && dotted(),
        b'e' => suffixed(&["Throwable", "Failure"]),
        b't' => suffixed(&["Interrupt", "Exit", "Fault"]) || suffixed(&["Timeout"]) && dotted(),
        b'd' => suffixed(&["NotFound"]) && dotted(),
        b'g' => suffixed(&["Warning"]) && dotted(),
        _ => false,
    };
    if !named {
        return None;
    }
    let last = name.rsplit(['.', ':', '\\', '$']).next().unwrap_or(name);
    let proper = last.len() < name.len() || last.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
    // A word in a sentence is no exception: it is followed by a colon, or stands alone, or is a dotted name.
    let alone = after == 0
        || after == b':'
        || last.len() < name.len()
        || after == b' ' && bytes.get(name.len() + 1) == Some(&b'[')
        // Ruby: `NoMethodError (undefined method 'x' for nil):`
        || after == b' ' && last.len() > 5 && bytes.get(name.len() + 1) == Some(&b'(');
    (proper && alone).then_some(name)
}

/// A line without the tag that a logger puts before each line of a message: a request's number or a version between
/// square brackets.
pub(crate) fn untagged(text: &str) -> &str {
    if !text.starts_with('[') {
        return text;
    }
    let tag = text[1..]
        .bytes()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        .count();
    let inner = &text[1..=tag];
    let numbered = inner.len() >= 4 && inner.bytes().any(|b| b.is_ascii_digit());
    let hex = inner.len() >= 8 && inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let version = inner.strip_prefix('v').unwrap_or(inner);
    let version = version.contains('.') && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match text[1 + tag..].strip_prefix("] ") {
        Some(rest) if numbered && (hex || version) => rest,
        _ => text,
    }
}

/// What part of a trace a line is, without its indent.
pub(crate) fn part(line: &str) -> Option<Part> {
    let text = untagged(line.trim_start());
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    let starts = |prefix: &str| text.starts_with(prefix);
    let found = match first {
        b'T' if starts("Traceback (most recent call") => Part::Start(Tongue::Python),
        b'T' if starts("The above exception was") => Part::More,
        b'+' if starts("+ Exception Group Traceback") => Part::Start(Tongue::Other),
        b'D' if starts("During handling of the above") => Part::More,
        b'>' if starts("> File \"") && text.contains(", line ") => Part::Frame,
        b'F' if starts("File \"") && text.contains(", line ") => Part::Frame,
        b'p' if starts("panic: ") => Part::Start(Tongue::Go),
        b'f' if starts("fatal error: ") => Part::Start(Tongue::Go),
        b'g' if starts("goroutine ") && text.contains('[') => Part::More,
        b'c' if starts("created by ") => Part::More,
        b'[' if starts("[stacktrace]") || starts("[previous exception]") => Part::More,
        b'[' if starts("[signal ") || starts("[recovered]") => Part::More,
        b'e' if starts("exit status ") => Part::More,
        b't' if starts("thread '") && text.contains("panicked at") => Part::Start(Tongue::Rust),
        b't' if starts("thread main panicked") => Part::Start(Tongue::Rust),
        b'n' if starts("note: run with `RUST_BACKTRACE") || starts("note: ") => Part::More,
        b's' if starts("stack backtrace:") => Part::More,
        b't' if starts("terminate called ") => Part::Start(Tongue::Other),
        b't' if starts("thrown in ") => Part::More,
        b'w' if starts("what(): ") => Part::More,
        b'E' if starts("Exception in thread ") => Part::Start(Tongue::Other),
        b'U' if starts("Unhandled exception")
            || starts("Unhandled Exception")
            || starts("Uncaught ")
            || starts("Unhandled rejection")
            || starts("Unhandled Promise")
            || starts("Unhandled promise")
            || starts("UnhandledPromiseRejection") =>
        {
            Part::Start(Tongue::Other)
        }
        b'u' if starts("uncaughtException") || starts("unhandledRejection") => Part::Start(Tongue::Other),
        b'P' if starts("PHP Fatal error") || starts("PHP Parse error") => Part::Start(Tongue::Other),
        b'C' if starts("Caused by:") || starts("Caused by ") => Part::More,
        b'S' if starts("Suppressed: ")
            || starts("Stack trace:")
            || starts("Stacktrace:")
            || starts("Stack:") =>
        {
            Part::More
        }
        b'N' if starts("Node.js v") || starts("Next ") && exception_name(&text[5..]).is_some() => Part::More,
        b'S' if starts("SIGSEGV: ") || starts("SIGABRT: ") || starts("SIGBUS: ") => Part::Start(Tongue::Go),
        b'A' if starts("Aborted (core") => Part::More,
        b'/' if text.ends_with(')') && text.contains(".go:") && text.contains(" (0x") => Part::Frame,
        b'(' if starts("(Use `node --trace") => Part::More,
        b'-' if starts("--- End of") || starts("--> ") || starts("---> ") || starts("-->") => Part::More,
        b'.' if starts("... ")
            && (text.ends_with(" more") || text.contains("common frames") || text.contains("frames")) =>
        {
            Part::More
        }
        b'#' => {
            let digits = bytes[1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 || bytes.get(1 + digits) != Some(&b' ') {
                return None;
            }
            Part::Frame
        }
        b'^' if text.bytes().all(|b| matches!(b, b'^' | b'~' | b' ')) => Part::More,
        b'a' if starts("at ") && at_frame(&text[3..]) => Part::Frame,
        b'f' if starts("from ") && ruby_place(&text[5..]) => Part::Frame,
        b'0'..=b'9' if numbered_frame(text) => Part::Frame,
        b'/' | b'n' | b'f' | b'i' | b'C' if node_place(text) => Part::Start(Tongue::Node),
        b'/' if ruby_place(text) && text.contains(": ") => Part::Start(Tongue::Other),
        _ if begins_with_word(bytes) => return None,
        _ if relative_ruby_place(text) => Part::Frame,
        _ if exception_name(text).is_some() => Part::Exception,
        _ => return None,
    };
    Some(found)
}

/// The first word of a sentence, as most messages begin.
fn begins_with_word(text: &[u8]) -> bool {
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    length > 0 && text.get(length) == Some(&b' ') && !matches!(text.get(length + 1), Some(b'[' | b'('))
}

/// What follows `at `: a call with brackets or a place with a line.
fn at_frame(rest: &str) -> bool {
    rest.ends_with(')')
        || rest.contains('(')
        || rest.contains(":line ")
        || rest.ends_with(|c: char| c.is_ascii_digit()) && rest.contains(':')
        || rest.starts_with("async ")
        || !rest.contains(' ') && rest.contains('.')
}

/// `/app/x.rb:12:in 'foo'`
fn ruby_place(text: &str) -> bool {
    text.split_once(":in ").is_some_and(|(place, _)| {
        place.rsplit_once(':').is_some_and(|(file, line)| {
            !file.is_empty() && !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

/// `app/models/x.rb:12:in 'foo'` without a message behind it.
fn relative_ruby_place(text: &str) -> bool {
    let bytes = &text.as_bytes()[..text.len().min(160)];
    memchr::memchr(b':', bytes).is_some_and(|colon| bytes[..colon].ends_with(b".rb")) && ruby_place(text)
}

/// `. ns::function(int) @ 0x0a1b` behind its number: a frame of C++ with its address.
pub(crate) fn native(text: &str) -> bool {
    text.rsplit_once(" @ ")
        .and_then(|(_, address)| address.strip_prefix("0x"))
        .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `12: path::to::function` of Rust.
fn numbered_frame(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    if digits <= 3 && rest.starts_with(". ") {
        return native(rest);
    }
    digits <= 4
        && rest.starts_with(": ")
        && (rest.contains("::") || rest.contains("0x"))
        && !rest[2..].contains(' ')
        || digits <= 4 && rest.starts_with(": ") && (rest.contains(" as ") && rest.contains("::"))
}

/// A place alone on its line: `/app/x.js:12`, `node:internal/process:288`.
fn node_place(text: &str) -> bool {
    if text.contains(' ') {
        return false;
    }
    let Some((file, line)) = text.rsplit_once(':') else {
        return false;
    };
    !line.is_empty()
        && line.bytes().all(|b| b.is_ascii_digit())
        && (file.starts_with("node:")
            || file.starts_with("file:///")
            || [".js", ".mjs", ".cjs", ".ts"].iter().any(|e| file.ends_with(e)))
}

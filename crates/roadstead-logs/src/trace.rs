//! Stack traces: what kind of line of one is this, which exception is it, and which functions of the app's own?
//!
//! One set of shapes for Java and its kin, Python, Go, Node, Rust, .NET, PHP, Ruby and C++. Nothing here looks at more
//! than one line at a time, except [`Trace::read`], which goes once over the lines of an event.

use crate::mask::mask;

/// Own frames that go into a fingerprint.
const FRAMES: usize = 3;

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
    let length = bytes
        .iter()
        .take(200)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'\\') || **b == b':')
        .count();
    let mut name = &text[..length];
    // The colon that ends the name is no part of it; `::` within is.
    while let Some(shorter) = name.strip_suffix(':') {
        name = shorter;
    }
    if let Some(at) = name.find(':')
        && !name[at..].starts_with("::")
    {
        name = &name[..at];
    }
    let after = bytes.get(name.len()).copied().unwrap_or(0);
    if name.len() < 5 || !matches!(after, 0 | b':' | b' ' | b'(' | b'[') || !bytes[0].is_ascii_alphabetic() && bytes[0] != b'_' {
        return None;
    }
    let suffixed = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    let dotted = || name.contains('.');
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
        || after == b' ' && bytes.get(name.len() + 1) == Some(&b'[');
    (proper && alone).then_some(name)
}

/// What part of a trace a line is, without its indent.
pub(crate) fn part(line: &str) -> Option<Part> {
    let text = line.trim_start();
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    let starts = |prefix: &str| text.starts_with(prefix);
    let found = match first {
        b'T' if starts("Traceback (most recent call") => Part::Start(Tongue::Python),
        b'T' if starts("The above exception was") => Part::More,
        b'+' if starts("+ Exception Group Traceback") => Part::Start(Tongue::Other),
        b'D' if starts("During handling of the above") => Part::More,
        b'F' if starts("File \"") && text.contains(", line ") => Part::Frame,
        b'p' if starts("panic: ") => Part::Start(Tongue::Go),
        b'f' if starts("fatal error: ") => Part::Start(Tongue::Go),
        b'g' if starts("goroutine ") && text.contains('[') => Part::More,
        b'c' if starts("created by ") => Part::More,
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
            || starts("Unhandled Promise") =>
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
        _ if exception_name(text).is_some() => Part::Exception,
        _ => return None,
    };
    Some(found)
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

/// `12: path::to::function` of Rust.
fn numbered_frame(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
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

/// What a trace tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Classes of the exception and of its causes, outermost first.
    pub(crate) kinds: Vec<String>,
    /// What the first exception says, where that has a number that names a trouble.
    pub(crate) message: String,
    /// Functions and files, own ones first.
    pub(crate) frames: Vec<String>,
}

/// Packages, folders and prefixes of code that the app did not write.
const FOREIGN: [&str; 64] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "jakarta.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "akka.",
    "groovy.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "org.eclipse.",
    "org.jboss.",
    "org.wildfly.",
    "io.netty.",
    "io.undertow.",
    "io.quarkus.",
    "io.vertx.",
    "io.smallrye.",
    "io.micrometer.",
    "reactor.",
    "com.zaxxer.",
    "com.mysql.",
    "org.postgresql.",
    "org.h2.",
    "com.fasterxml.",
    "okhttp3.",
    "io.grpc.",
    "com.google.common.",
    "System.",
    "Microsoft.",
    "Npgsql.",
    "runtime.",
    "runtime/",
    "net/http.",
    "net.",
    "internal/",
    "reflect.",
    "testing.",
    "std::",
    "core::",
    "alloc::",
    "tokio::",
    "rust_begin_unwind",
    "__rust",
    "panic(",
    "main.main.func",
    "<core::",
    "<alloc::",
    "<std::",
    "hyper::",
    "futures",
    "backtrace::",
    "clone",
    "start_thread",
    "__libc",
    "_start",
    "node:",
    "internal/",
    "Module._",
    "process.process",
];
const FOREIGN_FILES: [&str; 18] = [
    "/site-packages/",
    "/dist-packages/",
    "/lib/python",
    "<frozen ",
    "<string>",
    "/node_modules/",
    "node:",
    "/usr/local/go/src/",
    "/go/pkg/mod/",
    "/vendor/",
    "/gems/",
    "/usr/lib/ruby",
    "/rustc/",
    "/.cargo/registry/",
    "internal/",
    "/usr/share/php",
    "/phar:",
    "/usr/lib/node",
];

fn foreign(function: &str, file: &str) -> bool {
    FOREIGN.iter().any(|prefix| function.starts_with(prefix))
        || !file.is_empty()
            && FOREIGN_FILES.iter().any(|part| memchr::memmem::find(file.as_bytes(), part.as_bytes()).is_some())
}

/// The last part of a path, which is the same wherever the app is installed.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Function and file of a frame, neither with line numbers nor with addresses.
fn frame(line: &str, next: Option<&str>) -> Option<(String, String)> {
    let text = line.trim_start_matches([' ', '\t', '|']);
    if let Some(rest) = text.strip_prefix("File \"") {
        let (file, rest) = rest.split_once('"')?;
        let function = rest.rsplit_once(" in ").map_or("", |(_, f)| f);
        return Some((function.trim().to_owned(), file.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("at ") {
        return Some(at(rest));
    }
    if let Some(rest) = text.strip_prefix('#') {
        // #0 /app/x.php(12): A->b()
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        if rest.starts_with("{main}") {
            return None;
        }
        if let Some((place, function)) = rest.split_once("): ") {
            let file = place.rsplit_once('(').map_or(place, |(f, _)| f);
            return Some((until_call(function).to_owned(), file.to_owned()));
        }
        let function = rest.split_once(" in ").map_or(rest, |(_, f)| f);
        return Some((until_call(function).to_owned(), String::new()));
    }
    let ruby = text.strip_prefix("from ").unwrap_or(text);
    if let Some((place, function)) = ruby.split_once(":in ") {
        let file = place.rsplit_once(':').map_or(place, |(f, _)| f);
        let function = function.trim_start_matches(['`', '\'']);
        let function = function.split(['\'', '`']).next().unwrap_or(function);
        return Some((function.to_owned(), file.to_owned()));
    }
    if numbered_frame(text) {
        let (_, function) = text.split_once(": ")?;
        let function = function
            .rsplit_once("::h")
            .filter(|(_, h)| h.len() == 16)
            .map_or(function, |(f, _)| f);
        let file = next
            .and_then(|n| n.trim_start().strip_prefix("at "))
            .unwrap_or("");
        let file = file.split(".rs:").next().unwrap_or(file);
        return Some((function.to_owned(), file.to_owned()));
    }
    // Go: a call without indent, its file below it.
    if let Some(place) = next.filter(|n| n.starts_with('\t') || n.starts_with("    /"))
        && !line.starts_with([' ', '\t'])
        && (text.ends_with(')') || text.starts_with("created by "))
        && place.contains(".go:")
    {
        let file = place.trim().split(".go:").next().unwrap_or("");
        let function = text.strip_prefix("created by ").unwrap_or(text);
        let function = function.rsplit_once('(').map_or(function, |(f, _)| f);
        let function = function.split(" in goroutine").next().unwrap_or(function);
        return Some((function.to_owned(), file.to_owned()));
    }
    None
}

fn until_call(function: &str) -> &str {
    function.split(['(', ' ']).next().unwrap_or(function)
}

fn at(rest: &str) -> (String, String) {
    // Java: a.b.C.method(C.java:12); Node: fn (/app/x.js:1:2), /app/x.js:1:2; .NET: A.B.C(Int32 x) in /src/x.cs:line 5
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    if let Some((function, file)) = rest.split_once(") in ") {
        let file = file.split(":line").next().unwrap_or(file);
        return (until_call(function).to_owned(), file.to_owned());
    }
    if let Some((function, place)) = rest.split_once('(') {
        let place = place.split(')').next().unwrap_or(place);
        let place = place.split_once(":line").map_or(place, |(f, _)| f);
        let file = place.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
        // Java may name the class loader and the module first: `app//a.b.C`, `java.base/java.lang.X`.
        let function = function.trim_end();
        let function = if place.contains('/') {
            function
        } else {
            function.rsplit('/').next().unwrap_or(function)
        };
        return (function.to_owned(), file.to_owned());
    }
    let file = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
    if file.len() < rest.len() {
        return (String::new(), file.to_owned());
    }
    (rest.to_owned(), String::new())
}

/// Numbers out of generated names: `lambda$4`, `$Proxy12`, `GeneratedMethodAccessor7`, `{closure#0}`.
fn settled(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let name = name.split("$$Lambda").next().unwrap_or(name);
    for c in name.chars().filter(|c| !c.is_ascii_digit()).take(160) {
        plain.push(c);
    }
    plain
}

impl Trace {
    /// Reads the trace in the lines of an event; `None` where there is none.
    pub(crate) fn read<'l>(lines: impl Iterator<Item = &'l str> + Clone) -> Option<Self> {
        let mut trace = Self::default();
        let (mut own, mut all) = (Vec::new(), Vec::new());
        let mut python = false;
        let mut frames = 0;
        let mut following = lines.clone().skip(1);
        for line in lines {
            let next = following.next();
            let part = part(line);
            if part == Some(Part::Start(Tongue::Python)) {
                python = true;
                // What was raised last is at the end; the trace before it is its cause.
                own.clear();
                all.clear();
            }
            if let Some((function, file)) =
                frame(line, next).filter(|_| part.is_none_or(|p| matches!(p, Part::Frame | Part::More)))
            {
                frames += 1;
                let name = settled(&format!("{function}@{}", file_name(&file)));
                let list = if foreign(&function, &file) {
                    &mut all
                } else {
                    &mut own
                };
                // Python prints the innermost frame last.
                if list.len() < FRAMES {
                    list.push(name);
                } else if python {
                    list.remove(0);
                    list.push(name);
                }
                continue;
            }
            trace.kind(line, part);
        }
        if frames == 0 {
            return None;
        }
        if python {
            own.reverse();
            all.reverse();
        }
        trace.frames = if own.is_empty() { all } else { own };
        Some(trace)
    }

    fn kind(&mut self, line: &str, part: Option<Part>) {
        let text = line.trim_start_matches([' ', '\t', '|']);
        let text = [
            "Caused by: ",
            "Suppressed: ",
            "---> ",
            "--> ",
            "Uncaught ",
            "Unhandled exception. ",
        ]
        .iter()
        .fold(text, |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
        if let Some(rest) = text
            .strip_prefix("panic: ")
            .or_else(|| text.strip_prefix("fatal error: "))
        {
            self.add("panic", rest);
            return;
        }
        if part == Some(Part::Start(Tongue::Rust)) {
            let place = text.split_once("panicked at ").map_or("", |(_, place)| place);
            self.add("panic", place);
            return;
        }
        // Somewhere in a message: `… Uncaught PDOException: x`, `Exception in thread "main" a.b.C: x`, `ERROR x: a.b.CException: y`
        let mut rest = text;
        for _ in 0..24 {
            if let Some(name) = exception_name(rest) {
                let message = rest[name.len()..].trim_start_matches([':', ' ']);
                self.add(name, message);
                return;
            }
            match rest.find(' ') {
                Some(space) => rest = rest[space..].trim_start_matches([' ', '(', '"']),
                None => return,
            }
        }
    }

    fn add(&mut self, kind: &str, message: &str) {
        let kind = kind.to_owned();
        if self.kinds.is_empty() || self.message.is_empty() {
            let masked = mask(message);
            if masked.bytes().any(|b| b.is_ascii_digit()) || kind == "panic" {
                self.message = masked;
            }
        }
        if self.kinds.len() < 6 && !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// The part of a fingerprint's text that stands for the trace.
    pub(crate) fn signature(&self) -> String {
        let mut text = self.kinds.join(" < ");
        if !self.message.is_empty() {
            text.push_str(": ");
            text.push_str(&self.message);
        }
        for frame in &self.frames {
            text.push_str(" | ");
            text.push_str(frame);
        }
        text
    }
}

//! One function that was running: its name, its file, and whether the app's own people wrote it.

use super::{numbered_frame, untagged};

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

pub(super) fn foreign(function: &str, file: &str) -> bool {
    FOREIGN.iter().any(|prefix| function.starts_with(prefix))
        || !file.is_empty()
            && FOREIGN_FILES
                .iter()
                .any(|part| memchr::memmem::find(file.as_bytes(), part.as_bytes()).is_some())
}

/// The last part of a path, which is the same wherever the app is installed.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Function and file of a frame, neither with line numbers nor with addresses.
pub(super) fn frame(line: &str, next: Option<&str>) -> Option<(String, String)> {
    let text = untagged(line.trim_start_matches([' ', '\t', '|']));
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
pub(super) fn settled(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    // What is made while the program runs: `$$Lambda$14/0x0a`, `$$EnhancerBySpringCGLIB$$1a2b3c`.
    let made = |rest: &str| rest.find(['.', '@']).unwrap_or(rest.len());
    let mut pieces = name.split("$$");
    let lasting = pieces.next().unwrap_or(name).to_owned();
    let name = pieces.fold(lasting, |name, rest| name + &rest[made(rest)..]);
    for part in name.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        // A hash that a code generator appended.
        let hex = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let apart = plain.ends_with(['-', '.']);
        let part = if hex >= if apart { 8 } else { 12 } && part.bytes().any(|b| b.is_ascii_digit()) {
            &part[hex..]
        } else {
            part
        };
        plain.extend(part.chars().filter(|c| !c.is_ascii_digit()));
    }
    plain.truncate(plain.floor_char_boundary(160));
    plain
}

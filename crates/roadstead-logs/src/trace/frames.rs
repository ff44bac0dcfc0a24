//! What a trace tells: the classes of its exceptions and the functions of the app's own.

use super::frame::{file_name, foreign, frame, settled};
use super::{Part, Tongue, exception_name, native, part};
use crate::errno;
use crate::mask::mask;

/// Own frames that go into a fingerprint, innermost first.
const FRAMES: usize = 1;

/// What a trace tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Classes of the exception and of its causes, outermost first, at most six.
    pub(crate) kinds: Vec<String>,
    /// What the first exception says, where that has a number that names a trouble.
    pub(crate) message: String,
    /// Functions and files, own ones first.
    pub(crate) frames: Vec<String>,
    /// All the frames are of code that the app did not write.
    pub(crate) borrowed: bool,
    /// The class of the last exception is not of the code that the own frame is of.
    pub(crate) apart: bool,
}

/// The status of an answer, where a message begins with it: `404, message='Not Found'`.
fn status(message: &str) -> Option<&str> {
    let status = message.get(..3)?;
    (matches!(status.as_bytes(), [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'])
        && match message.as_bytes().get(3) {
            None | Some(b',' | b':') => true,
            Some(b' ') => message.as_bytes().get(4).is_some_and(u8::is_ascii_uppercase),
            Some(_) => false,
        })
    .then_some(status)
}

/// What the clients of AWS print: `An error occurred (AccessDenied) when calling …`.
fn occurred(message: &str) -> Option<&str> {
    let (code, _) = message.strip_prefix("An error occurred (")?.split_once(')')?;
    (code.len() <= 64).then_some(code)
}

/// What a database calls the trouble, at the start of a message: `23505: duplicate key`, `(0x80004005): 40P01: deadlock`.
fn sql_state(message: &str) -> Option<&str> {
    const STATE: usize = 5;
    let message = match message.strip_prefix("(0x") {
        Some(numbered) => numbered.split_once("): ")?.1,
        None => message,
    };
    let state = message
        .get(..STATE)
        .filter(|_| message[STATE..].starts_with(": "))?;
    (state
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && state.bytes().filter(u8::is_ascii_digit).count() >= 2)
        .then_some(state)
}

/// What the names of one project begin with: `org.shop.` of `org.shop.till.NoChange`, `shop` of `shop.NoChange`.
fn root(kind: &str) -> &str {
    let mut dots = kind.match_indices(['.', ':', '\\']).map(|(at, _)| at);
    let first = dots.next().unwrap_or(kind.len());
    let reversed = matches!(&kind[..first], "com" | "org" | "net" | "io" | "de" | "dev");
    &kind[..if reversed {
        dots.next().unwrap_or(kind.len())
    } else {
        first
    }]
}

impl Trace {
    /// Reads the trace in the lines of an event; `None` where there is none.
    pub(crate) fn read<'l>(lines: impl Iterator<Item = &'l str> + Clone) -> Option<Self> {
        let mut trace = Self::default();
        let (mut own, mut all) = (Vec::new(), Vec::new());
        let mut python = false;
        let mut frames = 0;
        let mut place_of_own = String::new();
        let mut named_below = false;
        let mut following = lines.clone().skip(1);
        for (number, line) in lines.enumerate() {
            let next = following.next();
            let part = part(line);
            named_below |= number > 0 && part == Some(Part::Exception) && !line.starts_with("Error: ");
            // Addresses move with every build, and so does what the compiler keeps of the calls between them.
            if part == Some(Part::Frame) && native(line) {
                continue;
            }
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
                // A letter is what a minifier leaves of a name: another one with every build.
                let function = if function.len() > 1 {
                    function
                } else {
                    String::new()
                };
                // What fails while a file is loaded has no function, and as many files as there are.
                let place = if function == "<module>" {
                    ""
                } else {
                    file_name(&file)
                };
                let name = settled(&format!("{function}@{place}"));
                let own_code = !foreign(&function, &file);
                let list = if own_code { &mut own } else { &mut all };
                // Python prints the innermost frame last.
                if python {
                    list.clear();
                }
                if list.len() < FRAMES {
                    list.push(name);
                    if own_code {
                        place_of_own = format!("{function} {file}");
                    }
                }
                continue;
            }
            if python && part.is_none() && trace.kinds.is_empty() && frames > 0 {
                trace.unusual(line);
            }
            if frames > 0 && part.is_none() && trace.message.is_empty() {
                trace.member(line);
            }
            trace.kind(line, part);
        }
        // A logger that was told to print no frames still names the exception below its message.
        if frames == 0 && (trace.kinds.is_empty() || !named_below) {
            return None;
        }
        trace.borrowed = own.is_empty();
        trace.apart = trace
            .kinds
            .last()
            .is_some_and(|kind| !place_of_own.contains(root(kind)));
        trace.frames = if own.is_empty() { all } else { own };
        Some(trace)
    }

    /// What ends a trace of Python may have a name like no other exception's: `psycopg2.errors.UniqueViolation: x`.
    fn unusual(&mut self, line: &str) {
        if let Some((name, message)) = line.split_once(": ")
            && name.contains('.')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
        {
            self.add(name, message);
        }
    }

    /// Node prints the members of an exception below its frames: `  code: 'ECONNREFUSED',`.
    fn member(&mut self, line: &str) {
        let Some((key, value)) = line.trim_start().split_once(": ") else {
            return;
        };
        let value = value.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let plain =
            (1..=40).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain && matches!(key, "code" | "status" | "statusCode" | "errno") {
            value.clone_into(&mut self.message);
        }
    }

    fn kind(&mut self, line: &str, part: Option<Part>) {
        let text = line.trim_start_matches([' ', '\t', '|']);
        let text = [
            "Caused by: ",
            "[cause]: ",
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
            // No number is left of a message without any.
            let masked = if kind == "panic" || message.bytes().any(|b| b.is_ascii_digit()) {
                mask(message)
            } else {
                String::new()
            };
            let told = sql_state(message)
                .or_else(|| status(message))
                .or_else(|| occurred(message));
            if let Some(told) = told {
                told.clone_into(&mut self.message);
            } else if masked.bytes().any(|b| b.is_ascii_digit()) || kind == "panic" {
                self.message = masked;
            } else if let Some(errno) = errno::first(message) {
                errno.clone_into(&mut self.message);
            }
        }
        if self.kinds.len() < 6 && !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// The last exception is one of a library, which tells more than the library's frames do: not `TypeError`, which
    /// may come from anywhere.
    pub(crate) fn particular(&self) -> bool {
        self.kinds.last().is_some_and(|kind| {
            let dotted = kind.contains(['.', '\\']) || kind.contains("::");
            let environment = kind.starts_with("java.net.");
            dotted
                && (environment
                    || !["java.", "javax.", "System.", "builtins."]
                        .iter()
                        .any(|own| kind.starts_with(own)))
        })
    }

    /// What failed lies outside the program, or no frame tells where it was: what the logger was told says more than the
    /// library's function does, which differs where the same call fails at another step. A `TypeError` is one of the code.
    pub(crate) fn outside(&self) -> bool {
        const OUTSIDE: [&str; 19] = [
            "Connect",
            "Timeout",
            "Timed",
            "Socket",
            "Network",
            "Http",
            "HTTP",
            "IO",
            "OSError",
            "Host",
            "Ssl",
            "SSL",
            "Dns",
            "File",
            "Permission",
            "Unauthorized",
            "Unavailable",
            "Canceled",
            "Web",
        ];
        self.frames.is_empty()
            || self.kinds.last().is_some_and(|kind| {
                let class = kind.rsplit(['.', ':', '\\']).next().unwrap_or(kind);
                OUTSIDE.iter().any(|part| class.contains(part))
            })
    }

    /// The class of the exception and that of its first cause. Those between are what each layer made of it.
    pub(crate) fn classes(&self) -> String {
        match self.kinds.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [outermost, .., first_cause] => format!("{outermost} < {first_cause}"),
        }
    }

    /// The part of a fingerprint's text that stands for the trace.
    pub(crate) fn signature(&self) -> String {
        let mut text = self.classes();
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

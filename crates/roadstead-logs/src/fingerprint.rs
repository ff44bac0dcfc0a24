//! What makes two events the same trouble.
//!
//! # Version 1, in words
//!
//! 1. Secrets are taken out of the event first, so that nothing secret is ever part of a masked form.
//! 2. The *text* of the event is chosen:
//!    * A trace with at least one frame: the classes of the exception and of its first cause; of what they say only the
//!      number or the name of an error number, a status, or the code that a field tells; the innermost function of the app's own
//!      code with its file's name, or of any code if none is the app's own. No line numbers, no digits in generated
//!      names. Functions further out say who came across the trouble, and not each logger prints all of them. The log
//!      message before the trace does not count, except where no exception is named: then it alone does. An exception of a
//!      library, of which a logger prints the trace, is one trouble wherever in the app it comes out: no function counts.
//!      Where what failed lies outside the program (a connection, a file), or where the logger prints no frames, the log
//!      message and the classes are the text.
//!    * A line of JSON or of pairs: the message, then the error with its class, then the status or code. Words that
//!      repeat the value of a field that holds a name are that name. Where the message is a request, method and status.
//!    * A line of an access log: method and status.
//!    * Anything else: the message without what the logger puts before it (times, level, process, thread, host of a
//!      syslog line). Where the first line has no message of its own, or announces one with a colon, the next one is taken
//!      too; where it has no
//!      head and is harmless, the first line of the block that is not.
//! 3. The text is *masked*, once from left to right: times, UUIDs, hexadecimal numbers, addresses and their ports, host
//!    names, URLs, paths, e-mail addresses, numbers with their units, quoted words, names with digits in them, values of
//!    keys that hold names, names where the noun for their kind tells that they are, and words that no program writes
//!    (`mask/vocabulary.rs`) in a message whose other words are. Lists of the same kind become one. Kept are words, and
//!    numbers that name a trouble: HTTP statuses, errnos, exit codes, signals, codes such as `E11000`.
//! 4. The masked form of a line is cut at 400 bytes, what kind of thing each placeholder stands for is forgotten, and the rest
//!    is hashed with FNV-1a, 64 bits, and the finishing step of `MurmurHash3`.
//!
//! Severity is not part of it: the same trouble may be told as a warning first and as an error later.
//!
//! A change to any of this is a new version. Old issues keep the version that they were made with.

use std::borrow::Cow;
use std::fmt;

use crate::Severity;
use crate::access;
use crate::continuation::jul;
use crate::json;
use crate::keywords;
use crate::line::{self, Form, Judged};
use crate::mask::{alike, mask};
use crate::redact::redact;
use crate::trace::Trace;

/// The version of the algorithm above.
pub const FINGERPRINT_VERSION: u16 = 1;

/// Most lines of an event that are looked at for its trace.
const TRACE_LINES: usize = 400;

/// A name for a kind of trouble: the same for each of its occurrences, on every host, in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The version of the algorithm; fingerprints of different versions cannot be compared.
    pub version: u16,
    /// The hash of the masked form.
    pub hash: u64,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.version, self.hash)
    }
}

impl Fingerprint {
    /// The fingerprint of a masked form.
    pub(crate) fn of(masked: &str) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in alike(masked).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^= hash >> 33;
        Self {
            version: FINGERPRINT_VERSION,
            hash,
        }
    }
}

/// The masked form of an event, from its lines without secrets, of which the first was judged.
pub(crate) fn masked(lines: &[String], judged: &Judged<'_>) -> String {
    let Some(first) = lines.first() else {
        return String::new();
    };
    if let Form::Json(fields) | Form::Pairs(fields) = judged.form {
        return structured(first, judged, &fields);
    }
    let joined;
    if lines.len() > 1 && first.trim_end().ends_with('{') && first.trim() == "{" {
        joined = lines.join(" ");
        let whole = line::judge(&joined);
        if let Form::Json(fields) = whole.form {
            return structured(&joined, &whole, &fields);
        }
    }
    if let Form::Access(access) = judged.form {
        return format!("{} {}", access.method, access.status);
    }
    if lines.len() > 1
        && let Some(trace) = Trace::read(lines.iter().take(TRACE_LINES).map(String::as_str))
    {
        let signature = trace.signature();
        if trace.kinds.is_empty() {
            let own = mask(message(first, judged));
            // What a logger was told tells more than where it was told.
            return if judged.opens() && told(&own) >= 8 {
                own
            } else {
                own + &signature
            };
        }
        if (trace.borrowed || trace.apart || !trace.message.is_empty())
            && judged.opens()
            && trace.particular()
        {
            return format!("{} : {}", trace.classes(), trace.message);
        }
        if trace.outside() && judged.opens() {
            let own = mask(message(first, judged));
            if told(&own) >= 8 {
                return format!("{own} : {} : {}", trace.classes(), trace.message);
            }
        }
        return signature;
    }
    if lines.len() > 1
        && !judged.opens()
        && judged.severity == Severity::Other
        && let Some(telling) = telling(&lines[1..])
    {
        return telling;
    }
    let own = mask(message(first, judged));
    if lines.len() > 1 && jul(first, judged) {
        let second = line::judge(&lines[1]);
        return mask(message(&lines[1], &second));
    }
    let told = told(&own);
    let category = own.ends_with("[<*>]") || own.ends_with("[<N>]");
    if lines.len() > 1 && (told < 3 || category || own.ends_with(':')) {
        let more = lines[1..]
            .iter()
            .take(8)
            .find(|line| line.bytes().filter(u8::is_ascii_alphabetic).count() >= 3);
        if let Some(more) = more {
            return format!("{own} {}", mask(more.trim_start()))
                .trim_start()
                .to_owned();
        }
    }
    own
}

/// How many letters a masked form has.
fn told(masked: &str) -> usize {
    masked.bytes().filter(u8::is_ascii_alphabetic).count()
}

/// The masked form of the line of a block that says what is wrong.
fn telling(lines: &[String]) -> Option<String> {
    lines.iter().take(TRACE_LINES).find_map(|line| {
        let judged = line::judge(line);
        (judged.severity > Severity::Other && !judged.head.indented).then(|| mask(message(line, &judged)))
    })
}

/// What a line says after what its logger put before it.
pub(crate) fn message<'t>(text: &'t str, judged: &Judged<'_>) -> &'t str {
    text.get(judged.head.message..).unwrap_or(text)
}

/// A path with what varies in it taken out, segment by segment.
fn route(path: &str) -> String {
    let path = path
        .split_once("://")
        .map_or(path, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let mut route = String::new();
    for segment in path.split('/').skip(1).take(8) {
        route.push('/');
        let varies = segment.bytes().filter(u8::is_ascii_digit).count()
            > usize::from(segment.len() <= 3 && segment.starts_with('v'))
            || segment.len() > 32
            || segment.contains('%');
        route.push_str(if varies { "<*>" } else { segment });
    }
    route
}

/// Values of fields that are names, which the words of other fields may repeat: `"plugin":"shop","error":"shop: no such
/// file"`.
fn names<'t>(text: &'t str, escaped: bool) -> Vec<&'t str> {
    let mut names = Vec::new();
    let mut name = |key: &str, value: &'t str| {
        let named = [
            "id",
            "Id",
            "ID",
            "name",
            "Name",
            "container",
            "service",
            "repo",
            "repository",
            "database",
            "bucket",
            "volume",
            "device",
            "queue",
            "topic",
            "channel",
            "plugin",
            "user",
            "host",
        ]
        .iter()
        .any(|end| key.ends_with(end));
        let word = (3..=64).contains(&value.len())
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && value.bytes().any(|b| b.is_ascii_alphabetic());
        if named && word && names.len() < 8 {
            names.push(value);
        }
        true
    };
    if escaped {
        json::members(text, |member| match member.value {
            json::Value::Text(value) if member.depth == 1 => name(member.key, value),
            _ => true,
        });
    } else {
        crate::fields::pairs(text, |key, value, _| name(key, value));
    }
    names
}

/// The text with a placeholder for each of the names that is a whole word of it.
fn nameless(text: &str, names: &[&str]) -> String {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !of_name(c)).unwrap_or(rest.len());
        plain.push_str(if names.contains(&&rest[..length]) {
            "<redacted>"
        } else {
            &rest[..length]
        });
        rest = &rest[length..];
        let length = rest.find(of_name).unwrap_or(rest.len());
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

/// The number or the name of a trouble, not of success.
fn names_trouble(code: &str) -> bool {
    code.len() <= 16 && !matches!(code, "0" | "null" | "200")
}

fn structured(text: &str, judged: &Judged<'_>, fields: &crate::fields::Fields<'_>) -> String {
    // What was escaped in the line is plain here: it is looked through once more.
    let plain = |value| {
        if !fields.escaped {
            return Cow::Borrowed(value);
        }
        match json::unescaped(value) {
            Cow::Borrowed(same) => Cow::Borrowed(same),
            Cow::Owned(plain) => Cow::Owned(redact(&plain).into_owned()),
        }
    };
    let told = fields.message.map(plain);
    // A stack has its lines within one value.
    let stacked = [fields.stack, fields.error, fields.message]
        .into_iter()
        .flatten()
        .find_map(|value| {
            let value = plain(value);
            Trace::read(value.lines().take(TRACE_LINES)).map(|mut trace| {
                if trace.kinds.is_empty()
                    && let Some(kind) = fields.kind
                {
                    trace.kinds.push(kind.to_owned());
                }
                trace
            })
        });
    if let Some(trace) = stacked {
        if trace.kinds.is_empty() {
            return format!(
                "{}{}",
                told.map(|t| mask(&t)).unwrap_or_default(),
                trace.signature()
            );
        }
        // No frame is of the app's own code: what was told says where it was.
        if let Some(told) = told.filter(|told| trace.borrowed && !told.contains('\n')) {
            return format!("{} : {} : {}", mask(&told), trace.classes(), trace.message);
        }
        // What the trace does not say of its number, a field may.
        return match fields
            .code
            .filter(|code| trace.message.is_empty() && names_trouble(code))
        {
            Some(code) => format!("{} ({code})", trace.signature()),
            None => trace.signature(),
        };
    }
    if let Some(access) = told
        .as_deref()
        .filter(|_| fields.error.is_none())
        .and_then(access::parse)
    {
        return format!("{} {}", access.method, access.status);
    }
    let names = names(text, fields.escaped);
    let mask = |words: &str| {
        if names.iter().any(|name| words.contains(name)) {
            mask(&nameless(words, &names))
        } else {
            mask(words)
        }
    };
    let mut parts = Vec::new();
    match &told {
        Some(message) => parts.push(mask(message)),
        None if fields.error.is_none() && fields.path.is_none() => parts.push(mask(message(text, judged))),
        None => {}
    }
    if let Some(status) = fields.status() {
        // Where something failed, how it was asked for tells nothing more.
        let failed = fields.error.is_some()
            || told
                .as_deref()
                .is_some_and(|told| keywords::failure(told.as_bytes()));
        if let Some(method) = fields.method.filter(|_| !failed) {
            parts.push(method.to_owned());
        }
        if let Some(path) = fields.path.filter(|_| fields.method.is_none() && !failed) {
            let path = path.split(['?', ' ']).next().unwrap_or(path);
            parts.push(route(path));
        }
        parts.push(status.to_string());
    } else if let Some(code) = fields.code.filter(|code| names_trouble(code)) {
        parts.push(format!("({code})"));
    }
    if let Some(kind) = fields.kind {
        parts.push(kind.to_owned());
    }
    if let Some(error) = fields.error {
        parts.push(mask(plain(error).lines().next().unwrap_or("")));
    }
    parts.join(" ")
}

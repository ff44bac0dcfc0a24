//! What a structured line says of itself, be it JSON or logfmt.
//!
//! Keys are those of the loggers that print such lines: zap, zerolog, slog, logrus, pino, bunyan, winston, structlog,
//! python-json-logger, loguru, Serilog, Logback, ECS, Google Cloud, Monolog, MongoDB, journald, Caddy, Traefik.

mod pairs;

use crate::Severity;
use crate::json::{self, Value};
use crate::{keywords, level};
pub(crate) use pairs::pairs;

/// The members of a line that matter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields<'t> {
    level_number: Option<Severity>,
    /// The message; still escaped.
    pub(crate) message: Option<&'t str>,
    /// How dear the key was that gave the message.
    rank: u8,
    /// What went wrong, in the words of whoever failed; still escaped.
    pub(crate) error: Option<&'t str>,
    /// The class of what went wrong.
    pub(crate) kind: Option<&'t str>,
    /// A trace; still escaped.
    pub(crate) stack: Option<&'t str>,
    /// An answer's status or an error's number.
    pub(crate) code: Option<&'t str>,
    pub(crate) method: Option<&'t str>,
    pub(crate) path: Option<&'t str>,
    /// It has a time or a level, as a logger's line has.
    pub(crate) logged: bool,
    /// Values are escaped as JSON does it.
    pub(crate) escaped: bool,
    /// MongoDB's one-letter level, believed only beside its `t` and `c`.
    letter: Option<Severity>,
    mongo: u8,
    /// A level in words was found, which nothing that follows can overrule.
    levelled: Option<Severity>,
    /// Nextcloud counts from 0, debug, to 4, fatal.
    small: Option<u32>,
    nextcloud: bool,
}

/// The rank of a message without its values, which no other outdoes.
const TEMPLATE_RANK: u8 = 9;

fn is(key: &str, names: &[&str]) -> bool {
    names.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// The severity of a level's value: a word of any length of which the end counts (`LogLevel.Error`), or a letter.
fn word_severity(value: &str) -> Option<Severity> {
    if let Some((severity, _)) = level::of_word(value.as_bytes()) {
        return Some(severity);
    }
    let value = value.trim();
    let value = value.rsplit(['.', ':']).next().unwrap_or(value);
    if value.len() == 1 {
        return level::of_letter(value.as_bytes()[0].to_ascii_uppercase())
            .or_else(|| value.parse().ok().map(level::of_syslog));
    }
    if let Ok(number) = value.parse() {
        return level::of_number(number);
    }
    // slog's levels between the named ones: `ERROR+4`.
    let value = match value.split_once(['+', '-']) {
        Some((named, offset)) if offset.bytes().all(|b| b.is_ascii_digit()) => named,
        _ => value,
    };
    level::of_word(value.as_bytes()).map(|(severity, _)| severity)
}

/// Whether a key without what stands before its last dot holds a level.
fn names_level(key: &str) -> bool {
    matches!(
        key.as_bytes().first(),
        Some(b'l' | b'L' | b's' | b'S' | b'p' | b'P' | b'@')
    ) && is(
        key,
        &[
            "level",
            "lvl",
            "severity",
            "loglevel",
            "log_level",
            "levelname",
            "level_name",
            "l",
            "@l",
            "@level",
            "severity_text",
            "severitytext",
            "priority",
            "log_severity",
        ],
    )
}

impl<'t> Fields<'t> {
    /// Reads an object; `None` if `text` is none. Unless `whole`, not further than to the level.
    pub(crate) fn of_json(text: &'t str, whole: bool) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.first() != Some(&b'{') {
            return None;
        }
        let second = bytes[1..].trim_ascii_start();
        if !matches!(second.first(), Some(b'"' | b'}') | None) {
            return None;
        }
        let mut fields = Self {
            escaped: true,
            ..Self::default()
        };
        let mut any = false;
        let mut looked_ahead = whole;
        let end = json::members(text, |member| {
            any = true;
            match member.value {
                Value::Text(value) => fields.member(member.parent, member.key, value, true),
                Value::Bare(value) => {
                    fields.member(member.parent, member.key, value, false);
                    // A level in numbers counts unless one in words follows. Most lines of such loggers go on for a
                    // dozen members without: one look at the bytes is cheaper than reading them.
                    if !looked_ahead && fields.level_number.is_some() && fields.small.is_none() {
                        looked_ahead = true;
                        let from = value.as_ptr() as usize - text.as_ptr() as usize + value.len();
                        // Where the object is broken, what follows may still belong to this key.
                        if bytes.get(from) == Some(&b',') && !may_name_level(&bytes[from..]) {
                            return false;
                        }
                    }
                }
                Value::Nested => {
                    if member.depth == 1 && matches!(member.key, "t" | "c") {
                        fields.mongo += 1;
                    }
                    fields.logged |= member.depth == 1 && member.key == "t";
                }
            }
            whole || fields.levelled.is_none()
        });
        (any || end.is_some()).then_some(fields)
    }

    /// Reads `key=value` pairs; `None` where fewer than `least` stand on the line. Unless `whole`, not further than to
    /// the level.
    pub(crate) fn of_pairs(text: &'t str, least: usize, whole: bool) -> Option<Self> {
        if !whole {
            // Most lines name their level in a word: then nothing else on them counts.
            let mut fields = Self::default();
            let mut count = 0;
            pairs(text, |key, value, quoted| {
                count += 1;
                // All of them end in one of these letters, and few others do.
                let last = key.as_bytes().last().map_or(0, |b| b | 0x20);
                if fields.levelled.is_none() && matches!(last, b'l' | b'y' | b'e' | b't') {
                    let dot = key.bytes().rposition(|b| b == b'.').map_or(0, |dot| dot + 1);
                    if names_level(&key[dot..]) {
                        fields.member("", key, value, quoted);
                    }
                }
                fields.levelled.is_none() || count < least
            });
            if fields.levelled.is_some() {
                return (count >= least).then_some(fields);
            }
        }
        let mut fields = Self::default();
        let mut count = 0;
        pairs(text, |key, value, quoted| {
            count += 1;
            if whole || fields.levelled.is_none() {
                fields.member("", key, value, quoted);
            }
            whole || fields.levelled.is_none() || count < least
        });
        (count >= least).then_some(fields)
    }

    fn member(&mut self, parent: &str, key: &str, value: &'t str, quoted: bool) {
        let top = parent.is_empty();
        // `log.level` may be written `"log":{"level":…}`.
        let dotted = memchr::memrchr(b'.', key.as_bytes()).map_or(key, |dot| &key[dot + 1..]);
        let logger = top
            || is(
                parent,
                &[
                    "log", "level", "record", "fields", "syslog", "data", "@fields", "metadata", "meta",
                ],
            );
        let numeric = || {
            matches!(value.as_bytes().first(), Some(b'0'..=b'9' | b'-' | b'+' | b'.'))
                && value.parse::<f64>().is_ok()
        };
        let text = || quoted || !numeric() && !matches!(value, "true" | "false" | "null");
        match key.len() {
            0 => return,
            1 if top && key == "s" && quoted => {
                self.letter = value
                    .bytes()
                    .next()
                    .filter(|_| value.len() <= 2)
                    .and_then(level::of_letter);
                return;
            }
            1 if top && matches!(key, "t" | "c") => {
                self.mongo += 1;
                self.logged = true;
                return;
            }
            _ => {}
        }
        if logger && names_level(dotted) || parent.eq_ignore_ascii_case("level") && key == "name" {
            self.logged = true;
            self.small = self.small.or_else(|| value.parse().ok().filter(|n| *n < 5));
            // Without quotes and keys around it a small number may be anybody's scale.
            let anyones = !self.escaped
                && value.len() == 1
                && !key.eq_ignore_ascii_case("priority")
                && !key.eq_ignore_ascii_case("severity");
            if anyones && value.as_bytes()[0].is_ascii_digit() {
                return;
            }
            if !text() {
                self.level_number = self.level_number.or_else(|| {
                    value
                        .split('.')
                        .next()
                        .and_then(|v| v.parse().ok())
                        .and_then(level::of_number)
                });
            } else if self.levelled.is_none() {
                self.levelled = word_severity(value);
            }
            return;
        }
        if is(key, &["severitynumber", "severity_number"]) {
            self.level_number = self
                .level_number
                .or_else(|| value.parse().ok().map(level::of_otel));
            return;
        }
        if is(key, &["levelno", "no"]) && (top || parent == "level") {
            self.level_number = value.parse().ok().map(level::of_python).or(self.level_number);
            return;
        }
        if top
            && is(
                key,
                &[
                    "ts",
                    "time",
                    "timestamp",
                    "@timestamp",
                    "@t",
                    "datetime",
                    "date",
                    "asctime",
                    "__REALTIME_TIMESTAMP",
                ],
            )
        {
            // How far a film has been played is a time too: `00:01:12.34`.
            self.logged |= value.len() >= 12 || value.len() >= 8 && !value.contains(':');
            return;
        }
        self.nextcloud |= top && key == "reqId";
        if text() {
            self.text_member(parent, key, dotted, value);
        }
        if is(
            dotted,
            &[
                "status",
                "status_code",
                "statuscode",
                "response_code",
                "responsecode",
                "downstreamstatus",
                "http_status",
                "httpstatus",
                "http_code",
                "response_status",
                "responsestatus",
                "upstream_status",
                "upstreamstatus",
                "originstatus",
                "error_code",
                "errorcode",
                "errno",
                "exit_code",
                "exitcode",
                "sqlstate",
            ],
        ) || dotted == "code" && (!top || self.code.is_none())
            || (top || self.mongo >= 2 && parent == "attr") && matches!(key, "error" | "err") && numeric()
        {
            // `errno="2, No such file or directory"`
            let value = value.split_once(", ").map_or(value, |(number, _)| number);
            let short = value.len() <= 16 && !value.is_empty() && value != "null";
            if short && (self.code.is_none() || dotted != "code") {
                self.code = Some(value);
            }
        }
    }

    fn text_member(&mut self, parent: &str, key: &str, dotted: &str, value: &'t str) {
        let top = parent.is_empty();
        let failing = is(parent, &["error", "err", "exception", "exc", "exc_info", "cause"]);
        let rank = match () {
            () if top && is(key, &["@mt", "message_template"]) => TEMPLATE_RANK,
            () if top && is(key, &["msg", "message", "@m"]) => 8,
            () if is(parent, &["record", "data", "fields", "jsonpayload", "log"])
                && is(key, &["message", "msg"]) =>
            {
                7
            }
            () if top
                && is(
                    key,
                    &["short_message", "event", "textpayload", "body", "text", "log"],
                ) =>
            {
                6
            }
            () if top && is(key, &["summary", "description", "title"]) => 3,
            () => 0,
        };
        if rank > self.rank && !value.is_empty() {
            self.message = Some(value);
            self.rank = rank;
        }
        // What MongoDB hands on of its storage engine.
        let handed_on = self.mongo >= 2 && parent == "message" && key == "msg";
        let given = || {
            is(
                parent,
                &["attr", "context", "extra", "data", "meta", "fields", "properties"],
            )
        };
        // All keys of what went wrong begin with one of these, and few others do.
        let wrong = matches!(key.as_bytes()[0] | 0x20, b'e' | b'c' | b't');
        if wrong
            && is(
                key,
                &[
                    "error",
                    "err",
                    "err.message",
                    "error.message",
                    "errmsg",
                    "errormessage",
                    "error_message",
                    "cause",
                    "exception_message",
                    "exception.message",
                ],
            )
            && (top || given())
            || failing && is(key, &["message", "msg", "value", "errmsg"])
            || handed_on
            || top && self.levelled.is_some() && key == "details"
            || top && is(key, &["exception", "thrown", "throwable"]) && !value.contains("\\n")
        {
            if self.error.is_none() && !keywords::empty_value(value.as_bytes()) {
                self.error = Some(value);
            }
        } else if top
            && wrong
            && is(
                key,
                &[
                    "error.type",
                    "exception.type",
                    "exception_class",
                    "exception.class",
                    "error_type",
                    "errortype",
                    "error.kind",
                    "error.name",
                    "err.type",
                    "err.name",
                    "errorname",
                    "exc_type",
                    "exceptiontype",
                    "exception_type",
                ],
            )
            || failing && is(key, &["type", "name", "class", "codename", "exception"])
        {
            self.kind = self.kind.or(Some(value));
        }
        let stack = is(
            dotted,
            &[
                "stack",
                "stack_trace",
                "stacktrace",
                "errorverbose",
                "@x",
                "exc_info",
                "exc_text",
                "traceback",
                "backtrace",
                "trace",
            ],
        );
        if (stack || top && is(key, &["exception", "thrown", "throwable"]))
            && value.len() > 20
            && self.stack.is_none()
        {
            self.stack = Some(value);
        }
        if is(
            dotted,
            &[
                "method",
                "request_method",
                "requestmethod",
                "req_method",
                "http_method",
            ],
        ) {
            self.method = self.method.or(Some(value));
        } else if is(
            dotted,
            &[
                "path",
                "uri",
                "url",
                "request_uri",
                "requestpath",
                "route",
                "request",
                "requesturl",
            ],
        ) {
            self.path = self.path.or(Some(value));
        }
    }

    /// The severity that the line names.
    pub(crate) fn level(&self) -> Option<Severity> {
        if let Some(small) = self.small.filter(|_| self.nextcloud && self.levelled.is_none()) {
            return Some(match small {
                3.. => Severity::Error,
                2 => Severity::Warn,
                _ => Severity::Other,
            });
        }
        self.levelled
            .or(self.level_number)
            .or_else(|| self.letter.filter(|_| self.mongo >= 2))
    }

    /// Serilog's compact lines leave out their level where it is `Information`.
    pub(crate) fn unnamed_is_harmless(&self) -> bool {
        self.rank == TEMPLATE_RANK && self.escaped && self.stack.is_none()
    }

    /// The severity of an access line's status.
    pub(crate) fn status(&self) -> Option<u16> {
        if self.method.is_none() && self.path.is_none() {
            return None;
        }
        self.code?
            .parse()
            .ok()
            .filter(|status| (100..600).contains(status))
    }
}

/// Whether the rest of an object may hold a key that says a level: `level`, `lvl`, `severity`, `priority`, `l` or `no`, alone or
/// as a part of a name, in any case. May say yes for a value; never says no for a key.
fn may_name_level(rest: &[u8]) -> bool {
    let mut rest = rest;
    // Without an early end within a block, so that all its bytes are compared at once.
    while let (Some(a), Some(b), Some(c)) = (block(rest, 0), block(rest, 1), block(rest, 2)) {
        let mut found = [false; BLOCK];
        for at in 0..BLOCK {
            found[at] = of_level(a[at], b[at], c[at]);
        }
        if found.contains(&true) {
            return true;
        }
        rest = &rest[BLOCK..];
    }
    rest.windows(3).any(|w| of_level(w[0], w[1], w[2]))
}

const BLOCK: usize = 32;

fn block(text: &[u8], from: usize) -> Option<&[u8; BLOCK]> {
    text.get(from..)?.first_chunk()
}

/// Whether these three bytes may be of a key that says a level.
#[inline]
fn of_level(a: u8, b: u8, c: u8) -> bool {
    let (x, y) = (a | 0x20, b | 0x20);
    // `level` and `severity` have an e before the v, `lvl` an l; `priority` ends in ty.
    let long = (y == b'v') & ((x == b'e') | (x == b'l')) | (y == b'y') & (x == b't');
    // `"l"`, `"@l"`, `"x.l"`; `"no"`, `"x.no"`.
    let letter = (y == b'l') & ((a == b'"') | (a == b'@') | (a == b'.'));
    long | (c == b'"') & (letter | (y == b'o') & (x == b'n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_of(text: &str) -> Option<Severity> {
        Fields::of_json(text, true).and_then(|fields| fields.level())
    }

    #[test]
    fn the_level_is_found_under_each_key() {
        for line in [
            r#"{"level":"error","msg":"x"}"#,
            r#"{"level":50,"time":1,"msg":"x"}"#,
            r#"{"log.level":"ERROR"}"#,
            r#"{"log":{"level":"error"},"message":"x"}"#,
            r#"{"@t":"x","@l":"Fatal","@mt":"x"}"#,
            r#"{"severity":"CRITICAL"}"#,
            r#"{"t":{"$date":"x"},"s":"E","c":"NETWORK","msg":"x"}"#,
            r#"{"PRIORITY":"3","MESSAGE":"x"}"#,
            r#"{"level":400,"level_name":"ERROR"}"#,
            r#"{"severityNumber":17}"#,
            r#"{"record":{"level":{"icon":"x","name":"ERROR","no":40}}}"#,
            r#"{"levelno":40,"msg":"x"}"#,
            r#"{"level":"ERROR+4","msg":"x"}"#,
            r#"{"level":"ERROR","level_value":40000,"message":"x"}"#,
            r#"{"level":40000,"message":"x"}"#,
            r#"{"metadata":{"level":"error"},"message":"x"}"#,
        ] {
            assert_eq!(level_of(line), Some(Severity::Error), "{line}");
        }
        assert_eq!(
            level_of(r#"{"level":300,"level_name":"WARNING"}"#),
            Some(Severity::Warn)
        );
        assert_eq!(level_of(r#"{"level":30,"msg":"error"}"#), Some(Severity::Other));
        assert_eq!(level_of(r#"{"s":"E"}"#), None);
    }
}

//! Lines as services print them, in a dozen formats: what the classifier is measured with.
//!
//! Made from numbers alone, so that the same size is the same file on every machine. Ninety-nine lines of a hundred
//! belong to no trouble, as in a fleet that is well; some of them look like trouble ("0 errors"), as they do there.
//! It deliberately does not judge how well lines are classified: it says how many errors and warnings it wrote, and
//! each of them says plainly what it is.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::fleet_shape::mix;

/// Lines of one format that stand together: a file is many containers' logs, one after the other.
const SECTION_LINES: u64 = 4_000;
/// One event of trouble in so many lines. A fifth of them has a trace, so about one line of a hundred belongs to one.
const ONE_EVENT_IN: u64 = 125;
/// 2025-06-01T12:00:00Z.
const START_MS: i64 = 1_748_779_200_000;

/// A format and who writes so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pino,
    Zap,
    Logfmt,
    Nginx,
    Postgres,
    Spring,
    Python,
    Klog,
    Syslog,
    DotNet,
    Redis,
    Plain,
}

const FORMATS: [Format; 12] = [
    Format::Pino,
    Format::Zap,
    Format::Logfmt,
    Format::Nginx,
    Format::Postgres,
    Format::Spring,
    Format::Python,
    Format::Klog,
    Format::Syslog,
    Format::DotNet,
    Format::Redis,
    Format::Plain,
];

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Written {
    pub(crate) lines: u64,
    pub(crate) errors: u64,
    pub(crate) warnings: u64,
    /// Lines of errors and warnings, traces included.
    pub(crate) trouble_lines: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Calm,
    Warning,
    Error,
    /// An error with what led to it, where the format's programs print that.
    Trace,
}

/// Lines without an end.
#[derive(Debug)]
pub(crate) struct LogText {
    number: u64,
    key: u64,
    at_ms: i64,
    written: Written,
}

impl LogText {
    pub(crate) fn new() -> Self {
        Self {
            number: 0,
            key: 0,
            at_ms: START_MS,
            written: Written::default(),
        }
    }

    pub(crate) fn written(&self) -> Written {
        self.written
    }

    /// A number below `most`, another one for every `salt` and event.
    fn roll(&self, salt: u64, most: u64) -> u64 {
        mix(self.key ^ salt << 56) % most
    }

    /// Appends the next event: a line, or several with a trace.
    pub(crate) fn push_event(&mut self, text: &mut String) {
        let section = self.written.lines / SECTION_LINES;
        let format = FORMATS[(section % FORMATS.len() as u64) as usize];
        self.number += 1;
        self.key = mix(self.number);
        self.at_ms += 1 + self.roll(1, 40) as i64;
        let mood = match self.roll(2, ONE_EVENT_IN) {
            0 => match self.roll(3, 5) {
                0 => Mood::Trace,
                1 | 2 => Mood::Error,
                _ => Mood::Warning,
            },
            _ => Mood::Calm,
        };
        let before = text.len();
        self.write(format, mood, text);
        text.push('\n');
        let lines = text.as_bytes()[before..]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
        self.written.lines += lines;
        match mood {
            Mood::Calm => return,
            Mood::Warning => self.written.warnings += 1,
            Mood::Error | Mood::Trace => self.written.errors += 1,
        }
        self.written.trouble_lines += lines;
    }

    fn write(&self, format: Format, mood: Mood, text: &mut String) {
        let at = DateTime::<Utc>::from_timestamp_millis(self.at_ms).unwrap_or_default();
        let iso = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        // `2025-06-01` and `12:00:00`, from the one stamp that costs time to make.
        let (day, time) = (&iso[..10], &iso[11..19]);
        let ms = self.at_ms.rem_euclid(1_000);
        let id = self.roll(4, 90_000);
        let took = self.roll(5, 900);
        let host = self.roll(6, 250);
        let what = self.message(mood);
        let word = |words: [&'static str; 3]| match mood {
            Mood::Calm => words[0],
            Mood::Warning => words[1],
            Mood::Error | Mood::Trace => words[2],
        };
        // Writing to a string cannot fail.
        let _ = match (format, mood) {
            (Format::Pino, Mood::Calm) => write!(
                text,
                "{{\"level\":30,\"time\":{},\"pid\":7,\"hostname\":\"4f1c2d3e9a5b\",\"reqId\":\"req-{id:x}\",\"req\":{{\"method\":\
                 \"GET\",\"url\":\"/api/assets/{id}\",\"remoteAddress\":\"10.0.3.{host}\"}},\"res\":{{\"statusCode\":200}},\
                 \"responseTime\":{took}.25,\"msg\":\"request completed\"}}",
                self.at_ms
            ),
            (Format::Pino, _) => {
                let stack = match mood {
                    Mood::Trace => {
                        ",\"stack\":\"Error: connect ECONNREFUSED\\n    at Pool.take (/app/lib/pool.js:88:11)\\n    at \
                         Api.get (/app/src/api.js:31:5)\""
                    }
                    _ => "",
                };
                write!(
                    text,
                    "{{\"level\":{},\"time\":{},\"pid\":7,\"hostname\":\"4f1c2d3e9a5b\",\"reqId\":\"req-{id:x}\",\"msg\":\"{what}\"{stack}}}",
                    word(["30", "40", "50"]),
                    self.at_ms
                )
            }
            (Format::Zap, _) => write!(
                text,
                "{{\"level\":\"{}\",\"ts\":{}.{ms:03},\"caller\":\"server/handler.go:{}\",\"msg\":\"{what}\",\"trace_id\":\
                 \"{:016x}\",\"took_ms\":{took},\"client\":\"10.0.7.{host}\"}}",
                word(["info", "warn", "error"]),
                self.at_ms / 1_000,
                40 + id % 200,
                self.key
            ),
            (Format::Logfmt, _) => write!(
                text,
                "logger=context userId={} orgId=1 t={iso} level={} msg=\"{what}\" method=GET path=/api/dashboards/{id} \
                 remote_addr=10.0.4.{host} time_ms={took} duration={took}.{ms}ms size={id}",
                id % 40,
                word(["info", "warn", "error"])
            ),
            // The status class is what an access log says of trouble; a 4xx is the client's.
            (Format::Nginx, Mood::Calm) => write!(
                text,
                "10.0.1.{host} - - [{}/Jun/2025:{time} +0000] \"GET /assets/app-{id:x}.js HTTP/1.1\" 200 {id} \
                 \"https://photos.example.org/timeline\" \"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0\"",
                &day[8..]
            ),
            (Format::Nginx, _) => write!(
                text,
                "{}/{}/{} {time} [{}] 29#29: *{id} {what}, client: 10.0.1.{host}, server: _, request: \"GET /api/{id} HTTP/1.1\"",
                &day[..4],
                &day[5..7],
                &day[8..],
                word(["notice", "warn", "error"])
            ),
            (Format::Postgres, _) => {
                let _ = write!(
                    text,
                    "{day} {time}.{ms:03} UTC [{}] {}:  {what}",
                    40 + id % 900,
                    word(["LOG", "WARNING", "ERROR"])
                );
                match mood {
                    Mood::Trace => write!(
                        text,
                        "\n{day} {time}.{ms:03} UTC [{}] STATEMENT:  INSERT INTO items (id, owner) VALUES ($1, $2)",
                        40 + id % 900
                    ),
                    _ => Ok(()),
                }
            }
            (Format::Spring, _) => {
                let _ = write!(
                    text,
                    "{day}T{time}.{ms:03}Z {} 1 --- [nio-8080-exec-{}] o.e.shop.web.OrderController             : {what}",
                    word([" INFO", " WARN", "ERROR"]),
                    1 + id % 10
                );
                match mood {
                    Mood::Trace => write!(
                        text,
                        "\njava.lang.IllegalStateException: pool exhausted\n\tat org.example.shop.Pool.take(Pool.java:120)\n\tat \
                         org.example.shop.web.OrderController.get(OrderController.java:57)\n\tat \
                         java.base/java.lang.Thread.run(Thread.java:1583)\nCaused by: java.sql.SQLTransientConnectionException: \
                         no connection within 30000 ms\n\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException\
                         (HikariPool.java:696)\n\t... 24 more"
                    ),
                    _ => Ok(()),
                }
            }
            (Format::Python, _) => {
                let _ = write!(
                    text,
                    "{day} {time},{ms:03} - worker.tasks - {} - {what}",
                    word(["INFO", "WARNING", "ERROR"])
                );
                match mood {
                    Mood::Trace => write!(
                        text,
                        "\nTraceback (most recent call last):\n  File \"/app/worker/tasks.py\", line 41, in run\n    result = \
                         consume(document)\n  File \"/app/worker/consumer.py\", line 88, in consume\n    return \
                         parse(path)\nValueError: could not parse page {}",
                        id % 60
                    ),
                    _ => Ok(()),
                }
            }
            (Format::Klog, _) => write!(
                text,
                "{}0601 {time}.{ms:03}217       1 controller.go:{}] {what} object=\"default/web-{}\" took=\"{took}ms\"",
                word(["I", "W", "E"]),
                100 + id % 300,
                id % 50
            ),
            (Format::Syslog, _) => write!(
                text,
                "<{}>Jun  1 {time} nas-{} daemon[{}]: {what}",
                word(["30", "28", "27"]),
                id % 9,
                400 + id % 900
            ),
            (Format::DotNet, _) => write!(
                text,
                "{}: Microsoft.AspNetCore.Hosting.Diagnostics[{}]\n      {what}",
                word(["info", "warn", "fail"]),
                1 + id % 20
            ),
            (Format::Redis, Mood::Calm | Mood::Warning) => write!(
                text,
                "1:M 01 Jun 2025 {time}.{ms:03} {} {what}",
                word(["*", "#", "#"])
            ),
            (Format::Redis, _) => write!(text, "[{day} {time}.{ms:03}] [error] <0.{id}.0> {what}"),
            (Format::Plain, _) => write!(
                text,
                "{day} {time} {}: {what}",
                word(["INFO", "WARNING", "ERROR"])
            ),
        };
    }

    fn message(&self, mood: Mood) -> String {
        let (number, small) = (self.roll(7, 90_000), self.roll(8, 60));
        match (mood, self.roll(9, 8)) {
            (Mood::Calm, 0) => format!("GET /api/users/{number} answered 200 in {small} ms"),
            (Mood::Calm, 1) => format!("job {number:x} finished, {small} items written, next run in 300 s"),
            (Mood::Calm, 2) => format!("checkpoint complete: wrote {number} buffers, sync files={small}"),
            (Mood::Calm, 3) => format!("connection from 10.0.9.{small} accepted, {number} open"),
            (Mood::Calm, 4) => {
                format!("cache holds {number} entries, {small} were evicted since the last look")
            }
            (Mood::Calm, 5) => format!("session {number:x} renewed for user {small}"),
            (Mood::Calm, 6) => format!("synchronised folder /data/library/{small} with {number} files"),
            // One calm message in a hundred or so has a word of trouble in it and is none.
            (Mood::Calm, _) if self.roll(10, 12) == 0 => format!("scan of {number} files done: 0 errors"),
            (Mood::Calm, _) => format!("queue drained after {small} s, {number} messages passed on"),
            (Mood::Warning, 0..3) => format!("slow query took {number} ms"),
            (Mood::Warning, 3..6) => format!("disk usage at {small} %, cleaning up"),
            (Mood::Warning, _) => format!("retrying upload of part {number}"),
            (_, 0..3) => format!("connection to 10.0.5.{small} refused"),
            (_, 3..6) => format!("upstream timed out after {number} ms"),
            _ => format!("cannot write part {number}: no space left on device"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(events: usize) -> (String, Written) {
        let mut lines = LogText::new();
        let mut text = String::new();
        for _ in 0..events {
            lines.push_event(&mut text);
        }
        (text, lines.written())
    }

    #[test]
    fn the_same_lines_every_time_and_one_of_a_hundred_is_trouble() {
        let (text, written) = first(200_000);
        assert_eq!((text.clone(), written), first(200_000));
        assert_eq!(text.lines().count() as u64, written.lines);
        let share = written.trouble_lines as f64 / written.lines as f64;
        assert!((0.008..0.012).contains(&share), "{written:?}");
        let bytes_per_line = text.len() as u64 / written.lines;
        assert!((60..200).contains(&bytes_per_line), "{bytes_per_line}");
    }

    #[test]
    fn every_format_is_there() {
        let (text, _) = first(60_000);
        for part in [
            "\"responseTime\"",
            "took_ms",
            "logger=context",
            "HTTP/1.1\" 200",
            "UTC [",
            "nio-8080",
            "Traceback",
            "controller.go",
            "<30>Jun",
            "info: Microsoft",
            "1:M 01 Jun",
            "INFO: ",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}

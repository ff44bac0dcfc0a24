//! What is said, and in which program's manner.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::{Mood, Voice};
use crate::seed::{below, mix, pick};

/// The variable parts of a phrase.
struct Words {
    key: u64,
}

impl Words {
    fn number(&self, salt: u64, to: i64) -> i64 {
        below(mix(self.key, salt), to)
    }

    fn address(&self) -> String {
        format!("192.168.{}.{}", self.number(1, 4), 2 + self.number(2, 250))
    }

    fn path(&self) -> String {
        let part = pick(
            mix(self.key, 3),
            &["assets", "users", "files", "items", "sync", "jobs"],
        );
        format!("/api/{part}/{}", self.number(4, 90_000))
    }

    fn id(&self) -> String {
        format!("{:016x}", mix(self.key, 5))
    }
}

/// One log entry: one line, or several for a stack trace.
pub(super) fn entry(voice: Voice, mood: Mood, key: u64, at_ms: i64) -> String {
    let words = Words { key };
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default();
    let message = message(voice, mood, &words);
    let day = at.format("%Y-%m-%d %H:%M:%S");
    match voice {
        Voice::Plain => {
            let level = level(mood, ["INFO", "WARNING", "ERROR"]);
            format!("{day} {level}: {message}")
        }
        Voice::Apache if mood == Mood::Info => {
            let (address, path) = (words.address(), words.path());
            let size_bytes = words.number(7, 40_000);
            format!(
                "{address} - - [{}] \"GET {path} HTTP/1.1\" 200 {size_bytes} \"-\" \"Mozilla/5.0\"",
                at.format("%d/%b/%Y:%H:%M:%S +0000")
            )
        }
        Voice::Apache => {
            let level = level(mood, ["notice", "warn", "error"]);
            format!(
                "[{}] [php:{level}] [pid {}] [client {}:0] {message}",
                at.format("%a %b %d %H:%M:%S%.6f %Y"),
                30 + words.number(8, 200),
                words.address()
            )
        }
        Voice::DotNet => {
            let level = level(mood, ["INF", "WRN", "ERR"]);
            format!(
                "[{}] [{level}] [{}] {message}",
                at.format("%H:%M:%S"),
                words.number(8, 40)
            )
        }
        Voice::Go => {
            let level = level(mood, ["[I]", "[W]", "[E]"]);
            format!("{} {level} {message}", at.format("%Y/%m/%d %H:%M:%S"))
        }
        Voice::Java => {
            let level = level(mood, ["INFO ", "WARN ", "ERROR"]);
            let thread = words.number(8, 16);
            format!(
                "{},{:03} {level} [worker-{thread}] {message}",
                day,
                at_ms.rem_euclid(1_000)
            )
        }
        Voice::Json => json!({
            "level": level(mood, ["info", "warning", "error"]),
            "time": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "request_id": words.id(),
            "msg": message,
        })
        .to_string(),
        Voice::Logfmt => {
            let level = level(mood, ["info", "warn", "error"]);
            let stamp = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            format!("ts={stamp} level={level} component=main msg=\"{message}\"")
        }
        Voice::Node => {
            let level = level(mood, ["LOG", "WARN", "ERROR"]);
            format!("[Server] 7  - {day}   {level} [Api] {message}")
        }
        Voice::Postgres => {
            let level = level(mood, ["LOG", "WARNING", "ERROR"]);
            format!(
                "{}.{:03} UTC [{}] {level}:  {message}",
                day,
                at_ms.rem_euclid(1_000),
                40 + words.number(8, 900)
            )
        }
        Voice::Python => {
            let level = level(mood, ["INFO", "WARNING", "ERROR"]);
            format!(
                "[{},{:03}] [{level}] [worker.tasks] {message}",
                day,
                at_ms.rem_euclid(1_000)
            )
        }
        Voice::Redis => {
            let mark = level(mood, ["*", "#", "#"]);
            format!("1:M {} {mark} {message}", at.format("%d %b %Y %H:%M:%S%.3f"))
        }
        Voice::Rust => {
            let level = level(mood, ["INFO", "WARN", "ERROR"]);
            format!(
                "[{}][request][{level}] {message}",
                at.format("%Y-%m-%d %H:%M:%S%.3f")
            )
        }
    }
}

fn level(mood: Mood, words: [&'static str; 3]) -> &'static str {
    match mood {
        Mood::Info => words[0],
        Mood::Warning => words[1],
        Mood::Error => words[2],
    }
}

fn message(voice: Voice, mood: Mood, words: &Words) -> String {
    match mood {
        Mood::Info => info(voice, words),
        Mood::Warning => warning(voice, words),
        Mood::Error => error(voice, words),
    }
}

fn info(voice: Voice, words: &Words) -> String {
    let ms = words.number(10, 900);
    match (voice, words.number(11, 4)) {
        (Voice::Postgres, _) => format!(
            "checkpoint complete: wrote {} buffers ({}.{}%); write={}.012 s",
            words.number(12, 400),
            words.number(13, 9),
            words.number(14, 9),
            words.number(15, 60)
        ),
        (Voice::Redis, _) => format!("{} changes in 300 seconds. Saving...", 10 + words.number(12, 900)),
        (_, 0) => format!("GET {} 200 {ms}ms", words.path()),
        (_, 1) => format!("job {} finished in {ms} ms", words.id()),
        (_, 2) => format!("connected client {}", words.address()),
        _ => format!(
            "{} items in cache, {} evicted",
            words.number(12, 9_000),
            words.number(13, 50)
        ),
    }
}

fn warning(voice: Voice, words: &Words) -> String {
    let ms = 1_000 + words.number(20, 9_000);
    match (voice, words.number(21, 3)) {
        (Voice::Postgres, _) => "there is no transaction in progress".to_owned(),
        (Voice::Redis, _) => {
            "WARNING Memory overcommit must be enabled! Without it, a background save may fail".to_owned()
        }
        (_, 0) => format!(
            "slow query took {ms} ms: SELECT * FROM items WHERE owner = {}",
            words.number(22, 900)
        ),
        (_, 1) => format!("retrying {} in {} s", words.path(), 1 + words.number(22, 60)),
        _ => format!("disk usage at {} %", 80 + words.number(22, 15)),
    }
}

fn error(voice: Voice, words: &Words) -> String {
    let address = words.address();
    let which = words.number(31, 3);
    match voice {
        Voice::Python if which > 0 => format!(
            "Task failed: {id}\nTraceback (most recent call last):\n  File \"/app/worker/tasks.py\", line {line}, in run\n    \
             result = consume(document)\n  File \"/app/worker/consumer.py\", line 88, in consume\n    \
             return parse(path)\nValueError: could not parse page {page}",
            id = words.id(),
            line = 40 + words.number(32, 3),
            page = words.number(33, 60),
        ),
        Voice::Java if which > 0 => format!(
            "Request {path} failed\njava.lang.IllegalStateException: pool exhausted after {ms} ms\n\tat \
             org.example.pool.Pool.take(Pool.java:{line})\n\tat org.example.http.Handler.handle(Handler.java:57)\n\tat \
             java.base/java.lang.Thread.run(Thread.java:1583)",
            path = words.path(),
            ms = 5_000 + words.number(32, 3_000),
            line = 120 + words.number(33, 2),
        ),
        Voice::Node if which > 0 => format!(
            "Error: connect ECONNREFUSED {address}:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] \
             (node:net:1555:16)\n    at Client.query (/usr/src/app/node_modules/pg/lib/client.js:526:17)"
        ),
        Voice::Postgres => format!(
            "duplicate key value violates unique constraint \"items_pkey\"\nDETAIL:  Key (id)=({}) already exists.",
            words.number(32, 90_000)
        ),
        _ => match which {
            0 => format!(
                "could not reach {address}: connection timed out after {} ms",
                5_000 + words.number(32, 900)
            ),
            1 => format!("request {} failed: upstream answered 502", words.path()),
            _ => format!("cannot write {}: no space left on device", words.id()),
        },
    }
}

//! In which program's manner a message is written.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::messages::{Words, message};
use super::{Mood, Voice};

/// One log entry: one line, or several for a stack trace.
pub(super) fn entry(voice: Voice, mood: Mood, key: u64, at_ms: i64) -> String {
    let words = Words::new(key);
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
        Voice::Json => {
            // A trace is a field of its own there, with its line ends escaped.
            let (message, trace) = message.split_once('\n').unwrap_or((&message, ""));
            let mut line = json!({
                "level": level(mood, ["info", "warning", "error"]),
                "time": at.to_rfc3339_opts(SecondsFormat::Millis, true),
                "request_id": words.id(),
                "msg": message,
            });
            if let (false, Some(line)) = (trace.is_empty(), line.as_object_mut()) {
                line.insert("exception".to_owned(), json!(trace));
            }
            line.to_string()
        }
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

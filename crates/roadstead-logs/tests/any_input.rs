//! Whatever a container prints: no panic, every line in exactly one event, and time in proportion to its length.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use roadstead_logs::framing::Stream;
use roadstead_logs::redact::{redact, redact_lines};
use roadstead_logs::{Assembler, Event, MESSAGE_CHARS, MOST_LINES};

fn lines_of(events: &[Event]) -> u64 {
    events.iter().map(|event| event.line_count).sum()
}

fn all(lines: &[String]) -> Vec<Event> {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        assembler.push(Stream::Stdout, Some(at as i64 * 700_000), line, &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "2026-01-02 15:04:05 ",
            "ERROR ",
            "info ",
            "{\"msg\":",
            "\"",
            "[",
            "{",
            "}",
            "]",
            "a=",
            "=",
            "'",
            "\\",
            "Traceback (most recent call last):",
            "panic: ",
            "\tat ",
            "  File \"x\", line 1, in y",
            "goroutine 1 [running]:",
            "Caused by: ",
            "é",
            "\u{1F600}",
            "https://",
            "10.0.0.1",
            "::",
            "<",
            ">",
            "thread 'main' panicked at ",
            "---",
            "║",
            "DETAIL:  ",
            " ",
            ": ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
        prop::collection::vec(any::<u8>(), 0..8)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).replace('\n', " ")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_line_is_in_one_event(lines in prop::collection::vec(prop::collection::vec(piece(), 0..9).prop_map(|p| p.concat()), 0..24)) {
        let events = all(&lines);
        prop_assert_eq!(lines_of(&events), lines.len() as u64);
        for event in &events {
            prop_assert!(event.message.chars().count() <= MESSAGE_CHARS);
            prop_assert!(event.lines.len() <= MOST_LINES);
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read(block in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut assembler = Assembler::everything();
        assembler.push_lines(Stream::Stderr, None, &block, &mut |_| {});
        assembler.finish(&mut |_| {});
    }

    #[test]
    fn what_is_handed_out_is_the_same_with_and_without_the_rest(lines in prop::collection::vec(prop::collection::vec(piece(), 0..9).prop_map(|p| p.concat()), 0..24)) {
        let everything: Vec<Event> = all(&lines).into_iter().filter(|event| event.severity.as_str() != "other").collect();
        let mut assembler = Assembler::new();
        let mut trouble = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            assembler.push(Stream::Stdout, Some(at as i64 * 700_000), line, &mut |event| trouble.push(event));
        }
        assembler.finish(&mut |event| trouble.push(event));
        prop_assert_eq!(everything, trouble);
    }
}

/// The quickest of several runs, so that a busy machine does not decide.
fn quickest(line: &str) -> Duration {
    (0..3)
        .map(|_| {
            let mut assembler = Assembler::everything();
            let began = Instant::now();
            assembler.push(Stream::Stdout, None, line, &mut |_| {});
            assembler.finish(&mut |_| {});
            began.elapsed()
        })
        .min()
        .unwrap_or_default()
}

#[test]
fn a_line_twice_as_long_takes_about_twice_as_long() {
    for unit in [
        "[",
        "{",
        "(",
        "\"",
        "'",
        "a=",
        "a=\"",
        "{\"a\":",
        "[[[]",
        "error ",
        "error: ",
        "no error ",
        "1",
        "1 ",
        "1.",
        "/a",
        "x:",
        "::",
        "a.b.",
        "<1",
        "\\",
        "GET /",
        "at a.b(",
        "Exception: ",
        "é",
        " ",
        "=",
        "{\"error\":\"{\\\"",
        "user ",
        "-",
        "https://",
        "token=",
        "a@b.",
        "\\u00e9",
        "},{",
        "key: \"",
        "0x",
        "||",
    ] {
        let short = unit.repeat(30_000 / unit.len());
        let long = unit.repeat(120_000 / unit.len());
        for prefix in [
            "",
            "2026-01-02 15:04:05 ERROR ",
            "{\"level\":\"error\",\"msg\":\"",
            "level=error msg=\"",
        ] {
            let (one, four) = (
                quickest(&format!("{prefix}{short}")),
                quickest(&format!("{prefix}{long}")),
            );
            // What is kept of a line is bounded; below that, time follows the length with room for a busy machine.
            assert!(
                four < one * 16 + Duration::from_millis(60),
                "{prefix}{unit}: {one:?}, {four:?}"
            );
        }
    }
}

#[test]
fn looking_for_secrets_in_hostile_text_takes_no_more_than_its_share() {
    // Sixteen times the work for four times the text would take minutes here.
    let pieces = [
        "key",
        "key ",
        "password",
        "password=",
        "password:\"",
        "password:'must be ",
        "password='\\",
        "\\\\\"",
        "://",
        "://a:b",
        "://a:b@",
        "a@",
        "@tcp(",
        "a@b.",
        "eyJ",
        "eyJ.",
        "eyJaaaaaaaaaa.",
        "sk-",
        "-sk-",
        "ghp_",
        "AKIA",
        ":AA",
        "1:AA",
        "4",
        "4111 ",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        " -p",
        "curl -u a",
        "identified by ",
        "Bearer ",
        "Authorization: Digest ",
        "cookie: a=",
        "cookie:\"a",
        "%3A%2F%2F",
        "%40a",
        "pass is ",
        "password is '",
        ".aaaaaa.",
        "token:[\"\",",
        "token=(",
        "{",
        "é@",
        ",a",
        ";Password=a ",
        "<password>",
        "oracle:thin:",
        "/api/webhooks/",
        "secret ",
        "'",
        "\"token\"",
        "password,",
        "\\u0022",
    ];
    let begin = Instant::now();
    for piece in pieces {
        let text = piece.repeat(128 * 1024 / piece.len());
        let _ = redact(&text);
        redact_lines(&mut [text]);
        assert!(begin.elapsed() < Duration::from_secs(60), "{piece:?}");
    }
}

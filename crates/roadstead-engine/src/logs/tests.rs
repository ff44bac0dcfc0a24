//! What a container printed is what is counted, however its log is cut into reads.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use roadstead_store::{FoundIssue, IssueSeverity, LogPosition, StreamPosition};

use super::fetch::since_ns;
use super::{Mode, Outcome, Reader, Waiting};

mod cuts;

/// 2026-01-02T15:04:05Z.
const START_NS: i64 = 1_767_366_245_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;
const MILLISECOND_NS: i64 = 1_000_000;
const OUT: u8 = 1;
const ERR: u8 = 2;

/// One line as the engine keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Printed {
    stream: u8,
    at_ns: i64,
    text: String,
}

/// A line printed so long after [`START_NS`].
fn printed(stream: u8, after_ms: i64, text: &str) -> Printed {
    Printed {
        stream,
        at_ns: START_NS + after_ms * MILLISECOND_NS,
        text: format!("{text}\n"),
    }
}

fn stamped(line: &Printed) -> String {
    let at = DateTime::<Utc>::from_timestamp_nanos(line.at_ns);
    format!("{} {}", at.to_rfc3339_opts(SecondsFormat::Nanos, true), line.text)
}

fn frame(line: &Printed) -> Vec<u8> {
    let message = stamped(line);
    let mut frame = vec![line.stream, 0, 0, 0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message.as_bytes());
    frame
}

fn frames(lines: &[Printed]) -> Vec<u8> {
    lines.iter().flat_map(frame).collect()
}

/// What the engine answers when asked for lines since a moment.
fn answer(log: &[Printed], since_ns: i64) -> Vec<u8> {
    let wanted: Vec<Printed> = log
        .iter()
        .filter(|line| line.at_ns >= since_ns)
        .cloned()
        .collect();
    frames(&wanted)
}

fn never_read() -> LogPosition {
    LogPosition {
        from_ns: 0,
        stdout: StreamPosition::default(),
        stderr: StreamPosition::default(),
    }
}

fn read_as(from: LogPosition, modes: [Mode; 2], bytes: &[u8], waiting: Waiting) -> Outcome {
    let now_ms = START_NS / MILLISECOND_NS + 3_600_000;
    let mut reader = Reader::new(from, modes[0], modes[1], false, now_ms);
    // In pieces of an odd size, as a socket gives them.
    for piece in bytes.chunks(1_021) {
        reader.push(piece);
    }
    reader.finish(waiting)
}

fn read(from: LogPosition, bytes: &[u8], waiting: Waiting) -> Outcome {
    read_as(from, [Mode::Later; 2], bytes, waiting)
}

/// The clock so long after [`START_NS`].
fn at(after_ms: i64) -> Waiting {
    Waiting::Until(START_NS + after_ms * MILLISECOND_NS)
}

/// Events by fingerprint.
type Counts = BTreeMap<Vec<(u16, u64)>, u64>;

fn add(counts: &mut Counts, issues: &[FoundIssue]) {
    for issue in issues {
        let events: u64 = issue.windows.iter().map(|of| of.errors + of.warnings).sum();
        *counts.entry(issue.fingerprints.clone()).or_default() += events;
    }
}

fn events(outcome: &Outcome) -> u64 {
    let mut counts = Counts::new();
    add(&mut counts, &outcome.issues);
    counts.values().sum()
}

fn trace(stream: u8, after_ms: i64) -> Vec<Printed> {
    [
        "Traceback (most recent call last):",
        "  File \"/app/main.py\", line 12, in serve",
        "    handle(request)",
        "ValueError: not a number",
    ]
    .iter()
    .enumerate()
    .map(|(nth, text)| printed(stream, after_ms + nth as i64 * 40, text))
    .collect()
}

#[test]
fn a_read_that_begins_ten_seconds_before_the_cursor_counts_nothing_twice() {
    let log: Vec<Printed> = (0..30)
        .map(|nth| printed(ERR, nth * 1_500, "ERROR disk is full"))
        .collect();
    let first = read(never_read(), &frames(&log[..20]), at(100_000));
    assert_eq!((events(&first), first.lines), (20, 20));
    let since_ns = since_ns(&first.position);
    assert_eq!(since_ns, log[19].at_ns - 10 * SECOND_NS);
    let again = read(first.position, &answer(&log, since_ns), at(100_000));
    assert_eq!((events(&again), again.lines, again.lines_met), (10, 10, 17));
    assert!(again.seen.stderr);
    let once_more = read(again.position, &answer(&log, 0), at(100_000));
    assert_eq!((events(&once_more), once_more.lines), (0, 0));
    assert_eq!(once_more.position, again.position);
}

#[test]
fn lines_with_one_stamp_are_told_apart_by_their_number() {
    let mut log: Vec<Printed> = (0..5).map(|_| printed(OUT, 0, "ERROR disk is full")).collect();
    let mut position = never_read();
    let mut counted = 0;
    for so_far in [2, 3, 5] {
        let outcome = read(position, &frames(&log[..so_far]), at(60_000));
        counted += events(&outcome);
        position = outcome.position;
        assert_eq!(counted, so_far as u64);
        assert_eq!(position.stdout.seen, so_far as u32);
    }
    log.push(printed(OUT, 1, "ERROR disk is full"));
    let outcome = read(position, &frames(&log), at(60_000));
    assert_eq!((events(&outcome), outcome.position.stdout.seen), (1, 1));
}

#[test]
fn two_streams_whose_stamps_are_not_in_order_are_counted_each_for_itself() {
    // The file is in the order of arrival; each stream's own stamps rise.
    let log = [
        printed(OUT, 5_000, "ERROR one"),
        printed(ERR, 0, "ERROR two"),
        printed(OUT, 10_000, "ERROR three"),
        printed(ERR, 5_000, "ERROR four"),
        printed(ERR, 9_999, "ERROR five"),
    ];
    for cut in 0..=log.len() {
        let first = read(never_read(), &frames(&log[..cut]), at(100_000));
        let since_ns = since_ns(&first.position);
        let second = read(first.position, &answer(&log, since_ns), at(100_000));
        assert_eq!(
            (events(&first), events(&second)),
            (cut as u64, 5 - cut as u64),
            "cut after {cut}"
        );
    }
}

#[test]
fn after_the_clock_was_set_back_the_order_of_the_lines_counts() {
    let before = [
        printed(OUT, 100_000, "ERROR one"),
        printed(OUT, 110_000, "ERROR two"),
    ];
    let first = read(never_read(), &frames(&before), at(200_000));
    assert_eq!(events(&first), 2);
    let after = [
        printed(OUT, 50_000, "ERROR three"),
        printed(OUT, 60_000, "ERROR four"),
    ];
    let log = [before, after].concat();
    let second = read_as(
        first.position,
        [Mode::AfterCursor; 2],
        &frames(&log[..3]),
        at(55_000),
    );
    assert_eq!((events(&second), second.lines), (1, 1));
    assert!(
        second.position.stdout.is_behind_top(),
        "to be gone on with by order"
    );
    let third = read_as(second.position, [Mode::AfterCursor; 2], &frames(&log), at(65_000));
    assert_eq!((events(&third), third.lines), (1, 1));
    // Once the clock has caught up, stamps are enough again.
    let caught_up = [log.clone(), vec![printed(OUT, 120_000, "ERROR five")]].concat();
    let fourth = read_as(
        third.position,
        [Mode::AfterCursor; 2],
        &frames(&caught_up),
        at(130_000),
    );
    assert_eq!(events(&fourth), 1);
    assert!(!fourth.position.stdout.is_behind_top());
}

#[test]
fn looking_for_the_cursors_line_says_of_each_stream_whether_it_is_there() {
    let log = [
        printed(OUT, 1_000, "one"),
        printed(ERR, 2_000, "two"),
        printed(ERR, 2_000, "three"),
    ];
    let position = read(never_read(), &frames(&log), at(60_000)).position;
    for (kept, stdout, stderr) in [
        (&log[..], true, true),
        (&log[1..], false, true),
        (&log[..2], true, false),
    ] {
        let mut search = Reader::new(position, Mode::AfterCursor, Mode::AfterCursor, false, 0);
        search.look(&frames(kept));
        let seen = search.seen();
        assert_eq!((seen.stdout, seen.stderr), (stdout, stderr));
    }
}

#[test]
fn when_the_cursors_line_was_rotated_away_all_that_is_there_is_new() {
    let log: Vec<Printed> = (0..10)
        .map(|nth| printed(OUT, nth * 2_000, "ERROR disk is full"))
        .collect();
    let first = read(never_read(), &frames(&log[..3]), at(60_000));
    // In order: by the stamps.
    let later = read(first.position, &frames(&log[6..]), at(60_000));
    assert_eq!((events(&later), later.seen.stdout), (4, false));
    // After the clock was set back: all of it, from as far back as was asked.
    let mut position = first.position;
    position.from_ns = START_NS;
    let set_back: Vec<Printed> = (0..4)
        .map(|nth| printed(OUT, nth * 2_000 - 60_000, "ERROR disk is full"))
        .collect();
    let mut reader = Reader::new(position, Mode::All, Mode::All, false, 0);
    reader.begin_at(set_back[0].at_ns);
    reader.push(&frames(&set_back));
    let all = reader.finish(at(-50_000));
    assert_eq!((events(&all), all.position.from_ns), (4, set_back[0].at_ns));
}

#[test]
fn an_event_stamped_before_the_clock_was_set_back_does_not_wait_for_it_to_catch_up() {
    let log = [printed(ERR, 100_000, "ERROR disk is full")];
    let outcome = read(never_read(), &frames(&log), at(-3_600_000));
    assert_eq!(events(&outcome), 1, "alone");
    let log = [
        printed(ERR, 100_000, "ERROR disk is full"),
        printed(OUT, -3_600_000, "working"),
    ];
    let outcome = read(never_read(), &frames(&log), at(-3_599_000));
    assert_eq!(events(&outcome), 1);
}

#[test]
fn a_log_without_frames_is_counted_the_same() {
    let log = [
        vec![printed(OUT, 0, "\u{1b}[31mERROR\u{1b}[0m disk is full\r")],
        trace(OUT, 2_000),
    ]
    .concat();
    let bytes: Vec<u8> = log.iter().map(stamped).collect::<String>().into_bytes();
    let mut position = never_read();
    let mut counted = Counts::new();
    let mut lines = 0;
    for cut in [20, 70, bytes.len() / 2, bytes.len()] {
        let mut reader = Reader::new(position, Mode::Later, Mode::Later, true, i64::MAX);
        reader.push(&bytes[..cut]);
        let more = cut < bytes.len();
        let outcome = reader.finish(if more { Waiting::ForMore } else { at(60_000) });
        assert_eq!(outcome.damaged, None);
        add(&mut counted, &outcome.issues);
        lines += outcome.lines;
        position = outcome.position;
    }
    assert_eq!((counted.values().sum::<u64>(), counted.len(), lines), (2, 2, 5));
    assert_eq!(position.stderr, StreamPosition::default());
}

#[test]
fn nothing_older_than_the_look_back_is_counted() {
    let log: Vec<Printed> = (0..4).map(|nth| printed(OUT, nth * 2_000, "ERROR x")).collect();
    let from = LogPosition {
        from_ns: log[2].at_ns,
        ..never_read()
    };
    assert_eq!(since_ns(&from), log[2].at_ns);
    let outcome = read(from, &frames(&log), at(60_000));
    assert_eq!((events(&outcome), outcome.lines), (2, 2));
    assert_eq!(since_ns(&outcome.position), log[2].at_ns, "and never again");
}

#[test]
fn an_event_of_tomorrow_was_seen_now_and_the_worst_names_the_issue() {
    let now_ms = START_NS / MILLISECOND_NS;
    let log = [
        printed(OUT, 0, "WARN disk is full"),
        printed(OUT, 86_400_000, "WARN disk is full"),
    ];
    let mut reader = Reader::new(never_read(), Mode::Later, Mode::Later, false, now_ms);
    reader.push(&frames(&log));
    let outcome = reader.finish(Waiting::ForNothing);
    assert_eq!(outcome.issues.len(), 1);
    let issue = &outcome.issues[0];
    assert_eq!(issue.severity, IssueSeverity::Warning);
    assert_eq!(issue.windows.len(), 1);
    assert_eq!((issue.windows[0].last_ms, issue.windows[0].warnings), (now_ms, 2));
}

#[test]
fn what_is_no_frame_is_told_and_costs_only_itself() {
    let log = [printed(OUT, 0, "ERROR one"), printed(OUT, 2_000, "ERROR two")];
    let bytes = [
        frame(&log[0]),
        b"<html>no log at all</html>".to_vec(),
        frame(&log[1]),
    ]
    .concat();
    let outcome = read(never_read(), &bytes, at(60_000));
    assert_eq!(events(&outcome), 2);
    assert!(
        outcome
            .damaged
            .is_some_and(|said| said.contains("no frame header"))
    );
}

//! What a container printed is what is counted, however its log is cut into reads.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use proptest::prelude::*;
use roadstead_store::{FoundIssue, IssueSeverity, LogPosition, StreamPosition};

use super::fetch::since_ns;
use super::{Mode, Outcome, Reader, Waiting};

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
fn an_event_that_may_go_on_is_left_to_the_next_read_and_counted_once() {
    let log = [
        vec![printed(OUT, 0, "started")],
        trace(ERR, 2_000),
        vec![printed(OUT, 2_500, "still here")],
    ]
    .concat();
    for cut in 2..5 {
        let now_ms = 2_000 + (cut as i64 - 2) * 40 + 100;
        let first = read(never_read(), &frames(&log[..cut]), at(now_ms));
        assert_eq!(events(&first), 0, "cut after {cut}");
        assert_eq!(first.left_ns, Some(log[1].at_ns));
        assert_eq!(first.lines, 1, "what waits is not counted yet");
        let since_ns = since_ns(&first.position);
        let second = read(first.position, &answer(&log, since_ns), at(4_000));
        assert_eq!(events(&second), 1);
        assert_eq!(second.issues[0].samples[0].line_count, 4, "with all of its lines");
        assert_eq!(first.lines + second.lines, 6);
        assert_eq!(second.left_ns, None);
    }
}

#[test]
fn a_line_without_its_end_is_counted_when_it_has_one_or_nobody_prints_any_more() {
    let mut open = printed(OUT, 0, "ERROR disk is");
    open.text.pop();
    let first = read(never_read(), &frame(&open), at(60_000));
    assert_eq!((events(&first), first.lines), (0, 0));
    let ended = printed(OUT, 0, "ERROR disk is full");
    let second = read(first.position, &frame(&ended), at(60_000));
    assert_eq!(
        (events(&second), second.issues[0].message.as_str()),
        (1, "disk is full")
    );
    // The container stopped in the middle of the line.
    let last = read(first.position, &frame(&open), Waiting::ForNothing);
    assert_eq!((events(&last), last.lines), (1, 1));
    let again = read(last.position, &frame(&open), Waiting::ForNothing);
    assert_eq!((events(&again), again.lines), (0, 0));
}

#[test]
fn a_read_cut_anywhere_loses_and_repeats_nothing() {
    let log = [
        vec![printed(OUT, 0, "ERROR one"), printed(ERR, 1_200, "WARN two")],
        trace(ERR, 3_000),
        vec![
            printed(OUT, 3_050, "ERROR three"),
            printed(ERR, 5_000, "ERROR one"),
        ],
    ]
    .concat();
    let bytes = frames(&log);
    let whole = read(never_read(), &bytes, at(60_000));
    assert_eq!((events(&whole), whole.lines), (5, 8));
    let mut wanted = Counts::new();
    add(&mut wanted, &whole.issues);
    for cut in 0..bytes.len() {
        let first = read(never_read(), &bytes[..cut], Waiting::ForMore);
        let since_ns = since_ns(&first.position);
        let second = read(first.position, &answer(&log, since_ns), at(60_000));
        let mut got = Counts::new();
        add(&mut got, &first.issues);
        add(&mut got, &second.issues);
        assert_eq!(got, wanted, "cut after {cut} bytes");
        assert_eq!(first.lines + second.lines, 8, "cut after {cut} bytes");
        assert_eq!(second.position, whole.position);
    }
}

#[test]
fn a_budget_that_ends_in_a_trace_leaves_the_trace_to_the_next_read() {
    let log = [vec![printed(OUT, 0, "listening")], trace(OUT, 100)].concat();
    let mut reader = Reader::new(never_read(), Mode::Later, Mode::Later, false, i64::MAX);
    reader.push(&frames(&log[..3]));
    assert!(!reader.is_one_event());
    let first = reader.finish(Waiting::ForMore);
    assert_eq!((events(&first), first.lines), (0, 1));
    let second = read(
        first.position,
        &answer(&log, since_ns(&first.position)),
        at(60_000),
    );
    assert_eq!((events(&second), second.issues[0].samples[0].line_count), (1, 4));
}

#[test]
fn an_event_longer_than_the_budget_is_counted_and_left_behind() {
    let log = trace(OUT, 0);
    let mut reader = Reader::new(never_read(), Mode::Later, Mode::Later, false, i64::MAX);
    reader.push(&frames(&log[..3]));
    assert!(reader.is_one_event(), "the rest would never be reached");
    let outcome = reader.finish(Waiting::ForNothing);
    assert_eq!((events(&outcome), outcome.lines), (1, 3));
    assert_eq!(outcome.position.stdout.at_ns, Some(log[2].at_ns));
}

#[test]
fn what_waits_on_one_stream_is_not_lost_behind_a_budget_used_up_by_the_other() {
    let mut log = vec![printed(ERR, 0, "ERROR disk is full")];
    log.extend((1..100).map(|second| printed(OUT, second * 1_000, "working")));
    let first = read(never_read(), &frames(&log), Waiting::ForMore);
    let since_ns = since_ns(&first.position);
    assert!(
        since_ns > log[0].at_ns,
        "the next read begins long after the error"
    );
    let second = read(first.position, &answer(&log, since_ns), at(200_000));
    assert_eq!(events(&first) + events(&second), 1);
    assert_eq!(first.lines + second.lines, 100);
}

#[test]
fn a_long_event_is_not_lost_when_the_clock_is_told_in_whole_seconds() {
    // Ten seconds of a trace that goes on, and a line of the other stream stamped after the second that was told.
    let mut log = vec![printed(ERR, 0, "Traceback (most recent call last):")];
    log.extend((1..20).map(|nth| printed(ERR, nth * 500, "  File \"/app/main.py\", line 12, in serve")));
    log.push(printed(OUT, 9_900, "ready"));
    log.push(printed(OUT, 10_300, "working"));
    log.push(printed(OUT, 10_900, "working"));
    let (mut position, mut lines, mut longest) = (never_read(), 0, 0);
    for (so_far, told_ms) in [(21, 9_000), (log.len(), 9_990), (log.len(), 60_000)] {
        let outcome = read(
            position,
            &answer(&log[..so_far], since_ns(&position)),
            at(told_ms),
        );
        lines += outcome.lines;
        longest = outcome
            .issues
            .iter()
            .map(|issue| issue.samples[0].line_count)
            .fold(longest, u64::max);
        position = outcome.position;
    }
    assert_eq!((longest, lines), (20, 23));
}

#[test]
fn what_was_counted_before_uses_up_no_budget() {
    let log: Vec<Printed> = (0..10).map(|nth| printed(OUT, nth * 100, "working")).collect();
    let first = read(never_read(), &frames(&log[..9]), at(60_000));
    let mut reader = Reader::new(first.position, Mode::Later, Mode::Later, false, i64::MAX);
    reader.push(&frames(&log[..9]));
    assert_eq!((reader.new_bytes(), reader.lines()), (0, 0));
    let new = frame(&log[9]);
    reader.push(&new);
    assert_eq!((reader.new_bytes(), reader.lines()), (new.len() as u64, 1));
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

/// What one stream prints: entries more than a second apart, some of several lines within a tenth of one.
fn a_stream(stream: u8) -> impl Strategy<Value = Vec<Printed>> {
    let entry = (1_050_i64..4_000, 0..6_u8);
    prop::collection::vec(entry, 0..14).prop_map(move |entries| {
        let mut after_ms = i64::from(stream);
        let mut lines = Vec::new();
        for (gap_ms, kind) in entries {
            after_ms += gap_ms;
            match kind {
                0 => lines.push(printed(stream, after_ms, "listening on port 80")),
                1 => lines.push(printed(stream, after_ms, "ERROR disk is full")),
                2 => lines.push(printed(stream, after_ms, "WARN slow query")),
                // Several at once, with one stamp.
                3 => lines.extend((0..3).map(|_| printed(stream, after_ms, "ERROR cannot connect"))),
                _ => {
                    lines.extend(trace(stream, after_ms));
                    after_ms += 120;
                }
            }
        }
        lines
    })
}

/// A pass: how long after the one before, where its answer breaks off (in thousandths; beyond: not at all), and whether
/// what it found was stored.
fn a_pass() -> impl Strategy<Value = (i64, usize, bool)> {
    (0_i64..9_000, 0_usize..1_600, prop::bool::weighted(0.7))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_passes_cut_or_lost_count_what_one_read_of_everything_counts(
        out in a_stream(OUT),
        err in a_stream(ERR),
        passes in prop::collection::vec(a_pass(), 0..14),
    ) {
        let mut log = [out, err].concat();
        log.sort_by_key(|line| line.at_ns);
        let whole = read(never_read(), &frames(&log), Waiting::ForNothing);
        let mut wanted = Counts::new();
        add(&mut wanted, &whole.issues);

        let (mut position, mut counted, mut lines) = (never_read(), Counts::new(), 0);
        let mut now_ms = 0;
        let last = (1_000_000, usize::MAX, true);
        for (wait_ms, breaks_at, stored) in passes.into_iter().chain([last]) {
            now_ms += wait_ms;
            let now_ns = START_NS + now_ms * MILLISECOND_NS;
            let there = log.iter().take_while(|line| line.at_ns <= now_ns).count();
            let bytes = answer(&log[..there], since_ns(&position));
            let outcome = if breaks_at < 1_000 {
                read(position, &bytes[..bytes.len() * breaks_at / 1_000], Waiting::ForMore)
            } else {
                read(position, &bytes, Waiting::Until(now_ns))
            };
            if stored {
                position = outcome.position;
                add(&mut counted, &outcome.issues);
                lines += outcome.lines;
            }
        }
        prop_assert_eq!(counted, wanted);
        prop_assert_eq!(lines, log.len() as u64);
        prop_assert_eq!(position, whole.position);
    }
}

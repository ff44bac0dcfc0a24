//! Reads that end in the middle of something, and what the next one makes of it.

use proptest::prelude::*;

use super::super::fetch::since_ns;
use super::super::{Mode, Reader, Waiting};
use super::*;

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

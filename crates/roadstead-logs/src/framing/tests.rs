use proptest::prelude::*;

use super::*;

const PART_BYTES: usize = 16 * 1024;
const STAMP: &str = "2026-01-02T15:04:05.000000007Z ";
const STAMP_NS: i64 = 1_767_366_245_000_000_007;

/// A line with what it borrows made its own.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    stream: Stream,
    at_ns: Option<i64>,
    text: String,
    cut: Option<u64>,
    end: LineEnd,
}

fn own(line: Line<'_>) -> Told {
    let Line {
        stream,
        at_ns,
        text,
        cut,
        end,
    } = line;
    Told {
        stream,
        at_ns,
        text: text.to_owned(),
        cut,
        end,
    }
}

fn told(stream: Stream, at_ns: i64, text: &str, end: LineEnd) -> Told {
    Told {
        stream,
        at_ns: Some(at_ns),
        text: text.to_owned(),
        cut: None,
        end,
    }
}

fn read(mut decoder: Decoder, chunks: &[&[u8]]) -> (Vec<Told>, Result<(), FramingError>) {
    let mut lines = Vec::new();
    for chunk in chunks {
        decoder.push(chunk, |line| lines.push(own(line)));
    }
    let end = decoder.finish(|line| lines.push(own(line)));
    (lines, end)
}

fn texts(decoder: Decoder, bytes: &[u8]) -> Vec<String> {
    read(decoder, &[bytes])
        .0
        .into_iter()
        .map(|line| line.text)
        .collect()
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind, 0, 0, 0];
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    frame
}

fn stamp(nanos: u32) -> String {
    format!("2026-01-02T15:04:05.{nanos:09}Z ")
}

/// What an engine stores and sends of one line: parts of at most 16 KiB, each after the stamp of the first.
fn parts(printed: &[u8], stamp: &str) -> Vec<Vec<u8>> {
    printed
        .chunks(PART_BYTES)
        .map(|part| [stamp.as_bytes(), part].concat())
        .collect()
}

fn framed(kind: u8, printed: &[u8], stamp: &str) -> Vec<u8> {
    parts(printed, stamp)
        .iter()
        .flat_map(|part| frame(kind, part))
        .collect()
}

#[test]
fn each_frame_is_a_line_of_its_stream_with_its_stamp_to_the_nanosecond() {
    let bytes = [
        framed(1, b"one\n", &stamp(1)),
        framed(2, b"two\r\n", &stamp(2)),
        framed(1, b"\n", &stamp(999_999_999)),
        framed(3, b"Error grabbing logs: unexpected EOF\n", ""),
    ]
    .concat();
    let (lines, end) = read(Decoder::multiplexed(), &[&bytes]);
    assert_eq!(end, Ok(()));
    let engine = Told {
        stream: Stream::Engine,
        at_ns: None,
        text: "Error grabbing logs: unexpected EOF".into(),
        cut: None,
        end: LineEnd::Newline,
    };
    assert_eq!(
        lines,
        [
            told(Stream::Stdout, STAMP_NS - 6, "one", LineEnd::Newline),
            told(Stream::Stderr, STAMP_NS - 5, "two", LineEnd::Newline),
            told(Stream::Stdout, STAMP_NS - 7 + 999_999_999, "", LineEnd::Newline),
            engine,
        ]
    );
}

#[test]
fn parts_of_one_line_join_whatever_stands_between_them() {
    let long = "x".repeat(2 * PART_BYTES + 5) + "\n";
    let [first, second, third] = <[_; 3]>::try_from(parts(long.as_bytes(), STAMP)).unwrap();
    let bytes = [
        frame(1, &first),
        framed(2, b"meanwhile\n", &stamp(8)),
        frame(1, &second),
        frame(1, &third),
        framed(1, b"next\n", &stamp(9)),
    ]
    .concat();
    let lines = texts(Decoder::multiplexed(), &bytes);
    assert_eq!(lines, ["meanwhile", long.trim_end(), "next"]);
    let terminal = [
        first,
        second,
        third,
        b"2026-01-02T15:04:05.000000009Z next\n".to_vec(),
    ]
    .concat();
    assert_eq!(texts(Decoder::terminal(), &terminal), [long.trim_end(), "next"]);
}

#[test]
fn parts_join_without_stamps_and_with_one_for_each_part() {
    let long = "y".repeat(PART_BYTES + 5) + "\n";
    let bare = framed(1, long.as_bytes(), "");
    assert_eq!(texts(Decoder::multiplexed(), &bare), [long.trim_end()]);
    assert_eq!(texts(Decoder::terminal(), long.as_bytes()), [long.trim_end()]);
    let (first, second) = long.as_bytes().split_at(PART_BYTES);
    let bytes = [framed(1, first, &stamp(1)), framed(1, second, &stamp(2))].concat();
    let (lines, _) = read(Decoder::multiplexed(), &[&bytes]);
    assert_eq!(
        lines,
        [told(
            Stream::Stdout,
            STAMP_NS - 6,
            long.trim_end(),
            LineEnd::Newline
        )]
    );
}

#[test]
fn a_line_whose_newline_is_a_part_of_its_own_is_one_line() {
    let full = "z".repeat(PART_BYTES) + "\n";
    assert_eq!(
        texts(Decoder::multiplexed(), &framed(2, full.as_bytes(), STAMP)),
        [full.trim_end()]
    );
    let terminal = parts(full.as_bytes(), STAMP).concat();
    assert_eq!(texts(Decoder::terminal(), &terminal), [full.trim_end()]);
}

#[test]
fn a_line_the_container_stopped_in_does_not_swallow_the_next() {
    let bytes = [
        framed(1, b"stopping", &stamp(1)),
        framed(1, b"starting\n", &stamp(2)),
    ]
    .concat();
    let (lines, end) = read(Decoder::multiplexed(), &[&bytes]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        lines,
        [
            told(Stream::Stdout, STAMP_NS - 6, "stopping", LineEnd::Open),
            told(Stream::Stdout, STAMP_NS - 5, "starting", LineEnd::Newline)
        ]
    );
    let (lines, end) = read(Decoder::multiplexed(), &[&framed(1, b"waiting", &stamp(1))]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        lines,
        [told(Stream::Stdout, STAMP_NS - 6, "waiting", LineEnd::Open)]
    );
}

#[test]
fn an_answer_that_stops_inside_a_frame_says_so_and_gives_what_came() {
    let bytes = framed(1, b"half of it\n", STAMP);
    let (lines, end) = read(Decoder::multiplexed(), &[&bytes[..bytes.len() - 4]]);
    assert_eq!(end, Err(FramingError::CutShort { missing: 4 }));
    assert_eq!(
        lines,
        [told(Stream::Stdout, STAMP_NS, "half of", LineEnd::Broken)]
    );
    let (lines, end) = read(Decoder::multiplexed(), &[&bytes[..3]]);
    assert_eq!(end, Err(FramingError::CutShort { missing: 5 }));
    assert_eq!(lines, []);
}

#[test]
fn nonsense_between_frames_is_skipped_and_named() {
    let noise = b"\x01\0\0\0\x7fno header\0\0\0\xff";
    let bytes = [
        framed(1, b"before\n", STAMP),
        framed(2, b"cut off", STAMP),
        noise.to_vec(),
        framed(2, b"after\n", STAMP),
        framed(1, b"later\n", STAMP),
    ]
    .concat();
    let offset = framed(1, b"before\n", STAMP).len() + framed(2, b"cut off", STAMP).len();
    let mut wanted_header = [0; 8];
    wanted_header.copy_from_slice(&noise[..8]);
    for size in [1, 2, 7, 19, bytes.len()] {
        let chunks: Vec<_> = bytes.chunks(size).collect();
        let (lines, end) = read(Decoder::multiplexed(), &chunks);
        let (offset, skipped) = (offset as u64, noise.len() as u64);
        assert_eq!(
            end,
            Err(FramingError::NotAFrame {
                offset,
                header: wanted_header,
                skipped
            })
        );
        assert_eq!(
            lines,
            [
                told(Stream::Stdout, STAMP_NS, "before", LineEnd::Newline),
                told(Stream::Stderr, STAMP_NS, "cut off", LineEnd::Broken),
                told(Stream::Stderr, STAMP_NS, "after", LineEnd::Newline),
                told(Stream::Stdout, STAMP_NS, "later", LineEnd::Newline)
            ],
            "chunks of {size}"
        );
    }
}

#[test]
fn output_of_a_terminal_read_as_frames_is_a_fault_and_no_lines() {
    let bytes = format!("{STAMP}hello\r\n").repeat(100);
    let (lines, end) = read(Decoder::multiplexed(), &[bytes.as_bytes()]);
    assert_eq!(lines, []);
    let Err(FramingError::NotAFrame {
        offset: 0, skipped, ..
    }) = end
    else {
        panic!("{end:?}")
    };
    assert_eq!(skipped, bytes.len() as u64);
}

#[test]
fn a_million_characters_are_one_line_with_its_length_told() {
    let printed = "ü".repeat(1_000_000) + "\n";
    for (decoder, bytes) in [
        (Decoder::multiplexed(), framed(1, printed.as_bytes(), STAMP)),
        (Decoder::terminal(), parts(printed.as_bytes(), STAMP).concat()),
    ] {
        let (lines, end) = read(decoder, &[&bytes]);
        assert_eq!(end, Ok(()));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].cut, Some(2_000_000));
        assert_eq!(lines[0].text, "ü".repeat(KEPT_BYTES / 2));
    }
}

#[test]
fn what_is_kept_of_a_line_is_the_callers_choice() {
    let bytes = framed(1, "naïve\nab\n".as_bytes(), "");
    let (lines, _) = read(Decoder::multiplexed().keeping(3), &[&bytes]);
    assert_eq!(lines[0].text, "na", "no half character");
    assert_eq!(lines[0].cut, Some(6));
    assert_eq!((lines[1].text.as_str(), lines[1].cut), ("ab", None));
}

#[test]
fn a_progress_bar_without_a_newline_stays_small_and_ends_as_it_was_seen() {
    let mut decoder = Decoder::terminal();
    decoder.push(STAMP.as_bytes(), |_| ());
    for percent in 0..200_000 {
        decoder.push(format!("\rpulled {percent}").as_bytes(), |_| {
            panic!("no line has ended")
        });
    }
    let mut last = None;
    decoder.finish(|line| last = Some(own(line))).unwrap();
    assert_eq!(
        last,
        Some(told(Stream::Stdout, STAMP_NS, "pulled 199999", LineEnd::Open))
    );
}

/// Printed by a container: where, what, and whether it stopped there.
fn printed() -> impl Strategy<Value = Vec<(u8, String)>> {
    let text = prop_oneof![
        8 => "[ -~]{0,60}",
        2 => "[ -~é€🚢]{0,40}",
        1 => (PART_BYTES - 2..PART_BYTES + 2, 0..2_usize).prop_map(|(more, parts)| "p".repeat(more + parts * PART_BYTES)),
    ];
    prop::collection::vec((1..=2_u8, text), 0..12)
}

fn chunked<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.len().min(*sizes.next().unwrap_or(&1)));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_printed_is_what_is_told_in_any_chunks(
        printed in printed(),
        sizes in prop::collection::vec(1..5000_usize, 1..8),
        stamped: bool,
    ) {
        let stamps: Vec<_> = (0..printed.len()).map(|at| if stamped { stamp(at as u32) } else { String::new() }).collect();
        let framed: Vec<u8> = printed.iter().zip(&stamps)
            .flat_map(|((kind, text), stamp)| framed(*kind, format!("{text}\n").as_bytes(), stamp))
            .collect();
        let (lines, end) = read(Decoder::multiplexed(), &chunked(&framed, &sizes));
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(lines.len(), printed.len());
        for (at, (line, (kind, text))) in lines.iter().zip(&printed).enumerate() {
            prop_assert_eq!(line.stream, if *kind == 1 { Stream::Stdout } else { Stream::Stderr });
            prop_assert_eq!(line.at_ns, stamped.then_some(STAMP_NS - 7 + at as i64));
            prop_assert_eq!(&line.text, text);
        }
        let terminal: Vec<u8> = printed.iter().zip(&stamps)
            .flat_map(|((_, text), stamp)| parts(format!("{text}\r\n").as_bytes(), stamp).concat())
            .collect();
        let (lines, _) = read(Decoder::terminal(), &chunked(&terminal, &sizes));
        let texts: Vec<_> = lines.iter().map(|line| &line.text).collect();
        prop_assert_eq!(texts, printed.iter().map(|(_, text)| text).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_in_any_chunks_give_the_same_lines_and_no_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        around in printed(),
        sizes in prop::collection::vec(1..200_usize, 1..8),
        kept in 1..300_usize,
        terminal: bool,
    ) {
        let decoder = || if terminal { Decoder::terminal() } else { Decoder::multiplexed() }.keeping(kept);
        let frames: Vec<u8> = around.iter().flat_map(|(kind, text)| framed(*kind, text.as_bytes(), STAMP)).collect();
        let bytes = [frames.clone(), bytes, frames].concat();
        let whole = read(decoder(), &[&bytes]);
        prop_assert_eq!(&read(decoder(), &chunked(&bytes, &sizes)), &whole);
        prop_assert_eq!(&read(decoder(), &chunked(&bytes, &[1])), &whole);
        for line in &whole.0 {
            prop_assert!(!line.text.contains(['\n', '\0', '\x1b']), "{:?}", line.text);
        }
    }
}

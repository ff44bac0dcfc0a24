//! The labelled logs obey their own rules (`corpus/README.md`), so that a score over them means something.

#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the whole corpus needs at least.
const FILES: usize = 30;
const LINES: usize = 1_000;
const TRAPS: usize = 100;

struct Row {
    at: String,
    line: String,
    stream: String,
    severity: String,
    starts_event: bool,
    group: String,
    ts_ms: i64,
    object: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every labelled file: those to work with, and those that were set aside.
fn files() -> Vec<(String, Vec<Row>)> {
    let folders = ["dev", "aside"].map(|name| fs::read_dir(folder().join(name)));
    let entries = folders.into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), rows(path))).collect()
}

fn rows(path: &Path) -> Vec<Row> {
    let text = fs::read_to_string(path).expect("readable");
    let row = |(number, line): (usize, &str)| {
        let at = format!("{}:{}", path.display(), number + 1);
        let object: Value = serde_json::from_str(line).unwrap_or_else(|cause| panic!("{at}: {cause}"));
        let text = |key: &str| {
            object[key]
                .as_str()
                .unwrap_or_else(|| panic!("{at}: no {key}"))
                .to_owned()
        };
        Row {
            line: text("line"),
            stream: object["stream"].as_str().unwrap_or("stdout").to_owned(),
            severity: text("severity"),
            starts_event: object["starts_event"]
                .as_bool()
                .unwrap_or_else(|| panic!("{at}: no starts_event")),
            group: text("group"),
            ts_ms: object["ts_ms"]
                .as_i64()
                .unwrap_or_else(|| panic!("{at}: no ts_ms")),
            at,
            object,
        }
    };
    text.lines().enumerate().map(row).collect()
}

#[test]
fn every_key_has_a_known_value() {
    let known = [
        "line",
        "line_b64",
        "ts_ms",
        "stream",
        "severity",
        "starts_event",
        "group",
        "trap",
    ];
    for row in files().into_iter().flat_map(|(_, rows)| rows) {
        let at = &row.at;
        assert!(
            ["error", "warn", "other"].contains(&row.severity.as_str()),
            "{at}: severity"
        );
        assert!(
            ["stdout", "stderr"].contains(&row.stream.as_str()),
            "{at}: stream"
        );
        assert!(!row.group.is_empty() && !row.line.contains('\n'), "{at}");
        for key in row.object.as_object().expect("object").keys() {
            assert!(known.contains(&key.as_str()), "{at}: unknown key {key}");
        }
    }
}

#[test]
fn a_continuation_has_the_severity_and_the_group_of_its_event() {
    for (name, rows) in files() {
        let mut open: BTreeMap<&str, &Row> = BTreeMap::new();
        for row in &rows {
            if row.starts_event {
                open.insert(&row.stream, row);
                continue;
            }
            let event = open
                .get(row.stream.as_str())
                .unwrap_or_else(|| panic!("{}: no event", row.at));
            // Two threads of one stream may print between each other's lines: then any event of that group will do.
            let earlier =
                |other: &&Row| other.starts_event && other.stream == row.stream && other.ts_ms <= row.ts_ms;
            let event = if event.group == row.group {
                Some(*event)
            } else {
                rows.iter().filter(earlier).find(|other| other.group == row.group)
            };
            let event = event.unwrap_or_else(|| panic!("{name}: {}: continues no event", row.at));
            assert_eq!(event.severity, row.severity, "{}", row.at);
        }
    }
}

#[test]
fn a_file_begins_with_an_event_and_its_time_never_goes_back() {
    for (name, rows) in files() {
        assert!(
            rows.first().is_some_and(|row| row.starts_event),
            "{name}: first line"
        );
        for pair in rows.windows(2) {
            assert!(pair[0].ts_ms <= pair[1].ts_ms, "{}: time goes back", pair[1].at);
        }
    }
}

#[test]
fn a_group_has_one_severity() {
    for (name, rows) in files() {
        let mut severities: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &rows {
            severities.entry(&row.group).or_default().insert(&row.severity);
        }
        for (group, severities) in severities {
            assert_eq!(severities.len(), 1, "{name}: {group}: {severities:?}");
            assert!(
                !group.starts_with("trap-") || severities.contains("other"),
                "{name}: {group}"
            );
        }
    }
}

#[test]
fn raw_bytes_stand_only_where_they_are_not_utf_8() {
    for row in files().into_iter().flat_map(|(_, rows)| rows) {
        if let Some(encoded) = row.object["line_b64"].as_str() {
            let bytes = base64(encoded).unwrap_or_else(|| panic!("{}: not base64", row.at));
            assert!(std::str::from_utf8(&bytes).is_err(), "{}: is UTF-8", row.at);
            assert_eq!(String::from_utf8_lossy(&bytes), row.line, "{}", row.at);
        }
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut width) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| *known == digit)?).ok()?;
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push((bits >> width & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[test]
fn every_file_says_where_its_shape_comes_from() {
    let notes = fs::read_dir(folder())
        .expect("corpus")
        .map(|entry| entry.expect("entry").path());
    let notes = notes.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let notes: String = notes
        .map(|path| fs::read_to_string(path).expect("readable"))
        .collect();
    for (name, _) in files() {
        let named = [format!("| {name} |"), format!("| dev/{name}.jsonl |")];
        assert!(
            named.iter().any(|start| notes.contains(start)),
            "{name} has no row"
        );
    }
}

#[test]
fn there_is_enough_of_everything() {
    let files = files();
    let rows = || files.iter().flat_map(|(_, rows)| rows);
    assert!(files.len() >= FILES, "{} files", files.len());
    assert!(rows().count() >= LINES, "{} lines", rows().count());
    let traps = rows()
        .filter(|row| row.group.starts_with("trap-") || row.object["trap"] == true)
        .count();
    assert!(traps >= TRAPS, "{traps} traps");
    assert!(
        rows().any(|row| row.object["line_b64"].is_string()),
        "no broken bytes"
    );
    for (what, sign) in [
        ("colours", "\u{1b}["),
        ("carriage returns", "\r"),
        ("zero bytes", "\0"),
        ("Java traces", "Caused by: "),
    ] {
        assert!(rows().any(|row| row.line.contains(sign)), "no {what}");
    }
    assert!(
        rows().any(|row| row.line.is_empty() && !row.starts_event),
        "no blank line inside an event"
    );
}

//! Tells of every line of one container's log how bad it is, which trouble it belongs to and whether it begins an event.
//!
//! Standard input is one JSON object per line, `{"line": "...", "ts_ms": 1720375099061, "line_b64": "..."}`: the time in
//! milliseconds and the raw bytes in base64, where the line is not UTF-8, may be left out. So may `"stream": "stderr"`,
//! which keeps the lines of two streams apart where they come in one. Standard output is one object
//! per line in the same order: `{"severity": "error|warn|other", "fingerprint": "...", "starts_event": true|false}`.
//!
//! With `--plain` it reads bare lines and prints a table that ends with the masked form: why was this grouped so?

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufWriter, Write};

use roadstead_logs::framing::{Decoder, Stream};
use roadstead_logs::{Assembler, Event};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    line: String,
    ts_ms: Option<i64>,
    line_b64: Option<String>,
    stream: Option<String>,
}

#[derive(Serialize)]
struct Told<'e> {
    severity: &'e str,
    fingerprint: String,
    starts_event: bool,
}

/// Standard base64, with or without padding; `None` for anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for b in text.bytes().filter(|b| *b != b'=') {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// What the decoder makes of the bytes of one line.
fn cleaned(raw: &[u8]) -> String {
    let mut framed = b"1970-01-01T00:00:00.000000000Z ".to_vec();
    framed.extend(raw.iter().map(|b| if *b == b'\n' { b' ' } else { *b }));
    framed.push(b'\n');
    let mut decoder = Decoder::terminal();
    let mut text = String::new();
    decoder.push(&framed, |line| text.push_str(line.text));
    text
}

/// Answers that wait for those of lines before them.
#[derive(Default)]
struct Answers {
    /// Of each stream, the numbers of the lines that are not answered yet.
    asked: [VecDeque<u64>; 2],
    ready: BTreeMap<u64, String>,
    told: u64,
}

impl Answers {
    fn answer(&mut self, out: &mut impl Write, event: &Event) -> io::Result<()> {
        for at in 0..event.line_count {
            let told = serde_json::to_string(&Told {
                severity: event.severity.as_str(),
                fingerprint: event.fingerprint.to_string(),
                starts_event: at == 0,
            })?;
            let asked = &mut self.asked[usize::from(event.stream == Stream::Stderr)];
            self.ready.extend(asked.pop_front().map(|number| (number, told)));
        }
        while let Some(told) = self.ready.remove(&self.told) {
            writeln!(out, "{told}")?;
            self.told += 1;
        }
        Ok(())
    }
}

fn print(out: &mut impl Write, event: &Event) -> io::Result<()> {
    let first = event.lines.first().map_or("", String::as_str);
    writeln!(
        out,
        "{:5}  {}  {first}",
        event.severity.as_str(),
        event.fingerprint
    )?;
    for line in event.lines.iter().skip(1) {
        writeln!(out, "{:27}| {line}", "")?;
    }
    if event.line_count > event.lines.len() as u64 {
        writeln!(
            out,
            "{:27}| {} more lines",
            "",
            event.line_count - event.lines.len() as u64
        )?;
    }
    writeln!(out, "{:27}= {}", "", event.masked)
}

fn main() -> io::Result<()> {
    let plain = std::env::args().any(|argument| argument == "--plain");
    let mut out = BufWriter::new(io::stdout().lock());
    let mut assembler = Assembler::everything();
    let mut result = Ok(());
    let mut input = io::stdin().lock();
    let mut raw = Vec::new();
    let mut answers = Answers::default();
    let mut number = 0;
    loop {
        raw.clear();
        if input.read_until(b'\n', &mut raw)? == 0 {
            break;
        }
        let line = raw.strip_suffix(b"\n").unwrap_or(&raw);
        let (stream, at_ns, text) = if plain {
            (Stream::Stdout, None, cleaned(line))
        } else {
            let given: Given = serde_json::from_slice(line)?;
            let bytes = given.line_b64.as_deref().and_then(base64);
            let text = cleaned(bytes.as_deref().unwrap_or(given.line.as_bytes()));
            let stream = if given.stream.as_deref() == Some("stderr") {
                Stream::Stderr
            } else {
                Stream::Stdout
            };
            (stream, given.ts_ms.map(|ms| ms.saturating_mul(1_000_000)), text)
        };
        answers.asked[usize::from(stream == Stream::Stderr)].push_back(number);
        number += 1;
        assembler.push(stream, at_ns, &text, &mut |event| {
            let told = if plain {
                print(&mut out, &event)
            } else {
                answers.answer(&mut out, &event)
            };
            result = std::mem::replace(&mut result, Ok(())).and(told);
        });
    }
    assembler.finish(&mut |event| {
        let told = if plain {
            print(&mut out, &event)
        } else {
            answers.answer(&mut out, &event)
        };
        result = std::mem::replace(&mut result, Ok(())).and(told);
    });
    result?;
    out.flush()
}

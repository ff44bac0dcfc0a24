//! Tells of every line of one container's log how bad it is, which trouble it belongs to and whether it begins an event.
//!
//! Standard input is one JSON object per line, `{"line": "...", "ts_ms": 1720375099061, "line_b64": "..."}`: the time in
//! milliseconds and the raw bytes in base64, where the line is not UTF-8, may be left out. So may `"stream": "stderr"`,
//! which keeps the lines of two streams apart where they come in one. Standard output is one object
//! per line in the same order: `{"severity": "error|warn|other", "fingerprint": "...", "starts_event": true|false}`.
//! A line that is no such object is answered by `{"unread": "why"}`, told on standard error, and makes the program end
//! with 1; the others are answered all the same. Half a surrogate pair, which is how some write bytes that are no UTF-8,
//! is read as U+FFFD.
//!
//! With `--plain` it reads bare lines and prints a table that ends with the masked form: why was this grouped so?

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufWriter, Write};
use std::process::ExitCode;

use roadstead_logs::framing::{Decoder, Stream};
use roadstead_logs::{Assembler, Event};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    line: String,
    /// Perhaps with parts of a millisecond.
    ts_ms: Option<f64>,
    line_b64: Option<String>,
    stream: Option<String>,
}

#[derive(Serialize)]
struct Told<'e> {
    severity: &'e str,
    fingerprint: String,
    starts_event: bool,
}

impl Given {
    fn read(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
            .or_else(|error| serde_json::from_slice(&whole_surrogates(line)).map_err(|_| error))
    }

    fn at_ns(&self) -> Option<i64> {
        // Milliseconds of our time fit into a float's whole numbers; what is beyond them is cut to the nearest.
        self.ts_ms.map(|ms| (ms as i64).saturating_mul(1_000_000))
    }
}

/// JSON with U+FFFD for each half of a surrogate pair without its other half.
fn whole_surrogates(json: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = Vec::with_capacity(json.len());
    let mut at = 0;
    while at < json.len() {
        let length = match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                mended.extend_from_slice("\u{fffd}".as_bytes());
                at += 6;
                continue;
            }
            // An escaped backslash begins nothing.
            _ if json[at] == b'\\' => 2,
            _ => 1,
        };
        let end = (at + length).min(json.len());
        mended.extend_from_slice(&json[at..end]);
        at = end;
    }
    mended
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
        self.tell(out)
    }

    fn refuse(&mut self, out: &mut impl Write, number: u64, why: &str) -> io::Result<()> {
        self.ready
            .insert(number, serde_json::json!({ "unread": why }).to_string());
        self.tell(out)
    }

    fn tell(&mut self, out: &mut impl Write) -> io::Result<()> {
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

fn main() -> io::Result<ExitCode> {
    let plain = std::env::args().any(|argument| argument == "--plain");
    let mut out = BufWriter::new(io::stdout().lock());
    let mut assembler = Assembler::everything();
    let mut result = Ok(());
    let mut input = io::stdin().lock();
    let mut raw = Vec::new();
    let mut answers = Answers::default();
    let mut number = 0;
    let mut unread = 0_u64;
    loop {
        raw.clear();
        if input.read_until(b'\n', &mut raw)? == 0 {
            break;
        }
        let line = raw.strip_suffix(b"\n").unwrap_or(&raw);
        let (stream, at_ns, text) = if plain {
            (Stream::Stdout, None, cleaned(line))
        } else {
            let given = match Given::read(line) {
                Ok(given) => given,
                Err(error) => {
                    writeln!(io::stderr(), "line {}: {error}", number + 1)?;
                    answers.refuse(&mut out, number, &error.to_string())?;
                    number += 1;
                    unread += 1;
                    continue;
                }
            };
            let bytes = given.line_b64.as_deref().and_then(base64);
            let text = cleaned(bytes.as_deref().unwrap_or(given.line.as_bytes()));
            let stream = if given.stream.as_deref() == Some("stderr") {
                Stream::Stderr
            } else {
                Stream::Stdout
            };
            (stream, given.at_ns(), text)
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
    out.flush()?;
    Ok(ExitCode::from(u8::from(unread > 0)))
}

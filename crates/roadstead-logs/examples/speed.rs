//! How fast ordinary lines are judged.
//!
//! `speed --make FILE MEGABYTES` writes a file of lines that services print, one in a hundred of them trouble.
//! `speed FILE` reads it in blocks as a log is read, joins, judges and groups, and tells the time and what was found.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::time::Instant;

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Severity};

/// Bytes read at once, as many as a container's log is read in.
const BLOCK_BYTES: usize = 256 * 1024;

/// A small generator of numbers, the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

fn make(path: &str, megabytes: u64) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut written = 0;
    let mut line = String::new();
    while written < megabytes * 1_000_000 {
        line.clear();
        let n = &mut numbers;
        let (hour, minute, second, ms) = (n.below(24), n.below(60), n.below(60), n.below(1000));
        let (id, small, kind) = (n.next(), n.below(256), n.below(100));
        let trouble = n.below(100) == 0;
        line = match (trouble, kind) {
            (true, 0..=39) => format!(
                "2026-01-02 {hour:02}:{minute:02}:{second:02},{ms:03} ERROR [worker-{small}] shop.orders: order {id} could not be stored\njava.lang.IllegalStateException: no row\n\tat shop.Orders.store(Orders.java:{small})\n\tat shop.Api.post(Api.java:12)"
            ),
            (true, 40..=69) => format!(
                "level=warn ts=2026-01-02T{hour:02}:{minute:02}:{second:02}.{ms:03}Z caller=queue.go:{small} msg=\"queue is long\" length={small}"
            ),
            (true, _) => format!(
                r#"{{"level":"error","ts":"2026-01-02T{hour:02}:{minute:02}:{second:02}.{ms:03}Z","msg":"dial tcp 10.0.0.{small}:5432: refused","id":"{id:x}"}}"#
            ),
            (false, 0..=24) => format!(
                r#"10.0.{small}.7 - - [02/Jan/2026:{hour:02}:{minute:02}:{second:02} +0000] "GET /api/items/{id}?page={small} HTTP/1.1" 200 {ms} "https://shop.example/list" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)""#
            ),
            (false, 25..=44) => format!(
                r#"{{"level":"info","ts":"2026-01-02T{hour:02}:{minute:02}:{second:02}.{ms:03}Z","logger":"http","msg":"request handled","method":"GET","path":"/api/items/{id}","status":200,"duration_ms":{ms}}}"#
            ),
            (false, 45..=64) => format!(
                "2026-01-02 {hour:02}:{minute:02}:{second:02},{ms:03} INFO  [worker-{small}] shop.orders: order {id:x} stored in {ms} ms"
            ),
            (false, 65..=79) => format!(
                "level=info ts=2026-01-02T{hour:02}:{minute:02}:{second:02}.{ms:03}Z caller=compact.go:{small} component=tsdb msg=\"write block\" mint={id} duration={ms}ms"
            ),
            (false, 80..=89) => format!(
                "2026-01-02 {hour:02}:{minute:02}:{second:02}.{ms:03} UTC [{small}] LOG:  checkpoint complete: wrote {small} buffers ({ms}.0%); sync files={small}"
            ),
            (false, 90..=94) => format!(
                "1:M 02 Jan 2026 {hour:02}:{minute:02}:{second:02}.{ms:03} * Background saving started by pid {small}"
            ),
            (false, _) => format!(
                "I0102 {hour:02}:{minute:02}:{second:02}.{ms:03}000       1 controller.go:{small}] synced node-{small} in {ms}ms"
            ),
        };
        line.push('\n');
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    out.flush()
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, path, megabytes] = arguments.as_slice()
        && flag == "--make"
    {
        return make(path, megabytes.parse().unwrap_or(600));
    }
    let path = arguments.first().map_or("lines.log", String::as_str);
    let began = Instant::now();
    let mut file = File::open(path)?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut held = 0;
    let mut assembler = Assembler::new();
    let (mut errors, mut warnings, mut bytes) = (0_u64, 0_u64, 0_u64);
    let mut take = |event: roadstead_logs::Event| {
        if event.severity == Severity::Error {
            errors += 1;
        } else {
            warnings += 1;
        }
    };
    loop {
        let read = file.read(&mut block[held..])?;
        bytes += read as u64;
        held += read;
        let whole = if read == 0 {
            held
        } else {
            block[..held]
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1)
        };
        assembler.push_lines(Stream::Stdout, None, &block[..whole], &mut take);
        block.copy_within(whole..held, 0);
        held -= whole;
        if read == 0 {
            break;
        }
        if held == block.len() {
            block.resize(block.len() * 2, 0);
        }
    }
    assembler.finish(&mut take);
    let took = began.elapsed().as_secs_f64();
    let lines = assembler.lines();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{bytes} bytes, {lines} lines, {errors} errors, {warnings} warnings"
    )?;
    writeln!(
        out,
        "{took:.3} s, {:.0} ns a line, {:.0} MB/s",
        took * 1e9 / lines as f64,
        bytes as f64 / took / 1e6
    )
}

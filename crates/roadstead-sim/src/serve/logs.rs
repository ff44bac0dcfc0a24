//! `/containers/{id}/logs`: the frames of two streams, or the raw stream of a terminal.

use std::fmt::Write as _;

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::{self, StreamExt};
use hyper::StatusCode;

use super::SimHost;
use super::body::Answer;
use super::live::{Found, find};
use super::request::Query;
use crate::load::{LoadLog, Wanted};
use crate::voice::{LogLine, LogStream};

/// Lines put into one piece of an answer.
const LINES_PER_PIECE: usize = 500;
/// Bytes of a piece of an answer that is printed without end.
const LOAD_PIECE_BYTES: usize = 256 * 1024;
const NS_PER_MS: i64 = 1_000_000;

/// Answers `logs`. Understands `stdout`, `stderr`, `since`, `until`, `tail`, `timestamps` and `follow`.
pub(super) fn logs(sim: &SimHost, id: &str, query: &Query) -> Result<Answer, Answer> {
    let refused = |message: &str| Answer::error(StatusCode::BAD_REQUEST, message);
    let manner = Manner {
        stdout: query.is_on("stdout", false),
        stderr: query.is_on("stderr", false),
        timestamps: query.is_on("timestamps", false),
        raw: false,
    };
    if !manner.stdout && !manner.stderr {
        return Err(refused("Bad parameters: you must choose at least one stream"));
    }
    let tail = match query.get("tail") {
        None | Some("all") => None,
        // As the engine has it: what is no number asks for everything.
        Some(text) => text.parse::<usize>().ok(),
    };
    let since_ns = query.time_ns("since")?;
    // The engine takes 0 as "no end".
    let until_ns = query.time_ns("until")?.filter(|until_ns| *until_ns > 0);
    let found = find(sim, id)?;
    let now_ns = found.now_ms * NS_PER_MS;
    let to_ns = until_ns.map_or(now_ns, |until_ns| until_ns.min(now_ns));
    if let Some(log) = found.berth.load {
        let wanted = Wanted {
            stdout: manner.stdout,
            stderr: manner.stderr,
            timestamps: manner.timestamps,
        };
        let lines = log.range(since_ns.unwrap_or(0), to_ns, tail, wanted);
        return Ok(printed(sim, log, lines, wanted));
    }
    let mut flow = Flow {
        sim: sim.clone(),
        id: found.berth.container_id(found.moment.generation).0,
        manner: Manner {
            raw: found.berth.script.tty,
            ..manner
        },
        // `since` is inclusive.
        told_ns: since_ns.map_or(-1, |since_ns| since_ns - 1),
        to_ns,
        until_ns: until_ns.unwrap_or(i64::MAX),
        follow: query.is_on("follow", false),
        ahead: Vec::new(),
    };
    if let Some(tail) = tail {
        flow.ahead = flow.tail(&found, tail);
        flow.told_ns = to_ns.max(flow.told_ns);
    }
    let content_type = content_type(sim, found.berth.script.tty);
    let pieces = stream::unfold(flow, |mut flow| async move {
        let piece = flow.next_piece().await?;
        Some((piece, flow))
    });
    Ok(Answer::flowing(content_type, pieces.boxed()))
}

fn content_type(sim: &SimHost, tty: bool) -> &'static str {
    match (tty, sim.speaks_multiplexed_type()) {
        (false, true) => "application/vnd.docker.multiplexed-stream",
        _ => "application/vnd.docker.raw-stream",
    }
}

/// Lines of a container that only prints. There is no following it: the answer ends with what is printed by now.
fn printed(sim: &SimHost, log: LoadLog, lines: std::ops::Range<i64>, wanted: Wanted) -> Answer {
    let pieces = stream::unfold(lines, move |lines| async move {
        if lines.is_empty() {
            return None;
        }
        let mut piece = BytesMut::with_capacity(LOAD_PIECE_BYTES + 1_024);
        let next = log.write(lines.clone(), wanted, LOAD_PIECE_BYTES, &mut piece);
        Some((piece.freeze(), next..lines.end))
    });
    Answer::flowing(content_type(sim, false), pieces.boxed())
}

/// How lines are written.
#[derive(Clone, Copy)]
struct Manner {
    stdout: bool,
    stderr: bool,
    timestamps: bool,
    /// Of a terminal: no frames.
    raw: bool,
}

impl Manner {
    fn wants(self, line: &LogLine) -> bool {
        match line.stream {
            LogStream::Stdout => self.stdout,
            LogStream::Stderr => self.stderr,
        }
    }

    fn write(self, lines: &[LogLine]) -> Bytes {
        let mut piece = BytesMut::with_capacity(lines.len() * 160);
        let mut text = String::new();
        for line in lines.iter().filter(|line| self.wants(line)) {
            text.clear();
            if self.timestamps {
                let at = DateTime::<Utc>::from_timestamp_nanos(line.time_ns);
                text.push_str(&at.to_rfc3339_opts(SecondsFormat::Nanos, true));
                text.push(' ');
            }
            let end = if self.raw { "\r\n" } else { "\n" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{end}", line.text);
            if !self.raw {
                piece.put_u8(match line.stream {
                    LogStream::Stdout => 1,
                    LogStream::Stderr => 2,
                });
                piece.put_bytes(0, 3);
                piece.put_u32(text.len() as u32);
            }
            piece.put_slice(text.as_bytes());
        }
        piece.freeze()
    }
}

/// A log on its way to a reader.
struct Flow {
    sim: SimHost,
    id: String,
    manner: Manner,
    told_ns: i64,
    /// What was there when the reader asked.
    to_ns: i64,
    until_ns: i64,
    follow: bool,
    /// Lines of a tail, not told yet.
    ahead: Vec<LogLine>,
}

impl Flow {
    /// The last lines of the streams asked for, no older than `since`.
    fn tail(&self, found: &Found<'_>, tail: usize) -> Vec<LogLine> {
        // A line of the other stream does not count: then all that is kept is looked through.
        let both = self.manner.stdout && self.manner.stderr;
        let count = if both { tail } else { usize::MAX };
        let last = found.berth.last_log_lines(&found.moment, self.to_ns, count);
        let mut wanted: Vec<LogLine> = last
            .into_iter()
            .filter(|line| line.time_ns > self.told_ns && self.manner.wants(line))
            .collect();
        wanted.drain(..wanted.len().saturating_sub(tail));
        wanted
    }

    async fn next_piece(&mut self) -> Option<Bytes> {
        if !self.ahead.is_empty() {
            return Some(self.manner.write(&std::mem::take(&mut self.ahead)));
        }
        loop {
            let found = find(&self.sim, &self.id).ok()?;
            if self.told_ns < self.to_ns {
                let lines = found
                    .berth
                    .log_lines(&found.moment, self.told_ns, self.to_ns, LINES_PER_PIECE);
                let Some(last) = lines.last() else {
                    self.told_ns = self.to_ns;
                    continue;
                };
                self.told_ns = last.time_ns;
                let piece = self.manner.write(&lines);
                if piece.is_empty() {
                    continue;
                }
                return Some(piece);
            }
            if !self.follow || self.told_ns >= self.until_ns {
                return None;
            }
            let next_ms = found.berth.next_log_ms(self.told_ns.div_euclid(NS_PER_MS));
            tokio::time::sleep(self.sim.clock().wait_for(next_ms)).await;
            self.to_ns = (self.sim.clock().now_ms() * NS_PER_MS).min(self.until_ns);
        }
    }
}

//! One stream of a container: parts in, whole lines out.
//!
//! Takes stamps off, joins the parts of one line, bounds what it keeps. It deliberately does not know frames: whoever
//! does says where a part begins.

use super::clean::clean;
use super::stamp::{Beginning, beginning};
use super::{Line, LineEnd, Stream};

/// The engine reads a container's output through a buffer of this size and hands on what is in it, newline or not.
const PART_BYTES: usize = 16 * 1024;

pub(crate) struct Strand {
    stream: Stream,
    /// Whether parts follow each other without a frame around them.
    bare: bool,
    kept_bytes: usize,
    /// Whether a stamp may stand next, and what of it has arrived so far.
    at_head: bool,
    head: Vec<u8>,
    /// Whether a line has begun that has not ended.
    open: bool,
    at_ns: Option<i64>,
    part_bytes: usize,
    raw: Vec<u8>,
    full_bytes: u64,
    overflown: bool,
}

impl Strand {
    pub(crate) fn new(stream: Stream, bare: bool, kept_bytes: usize) -> Self {
        Self {
            stream,
            bare,
            kept_bytes,
            at_head: true,
            head: Vec::new(),
            open: false,
            at_ns: None,
            part_bytes: 0,
            raw: Vec::new(),
            full_bytes: 0,
            overflown: false,
        }
    }

    pub(crate) fn stream(&self) -> Stream {
        self.stream
    }

    /// What comes next is a frame of its own.
    pub(crate) fn begin_part(&mut self) {
        self.at_head = true;
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8], take: &mut impl FnMut(Line<'_>)) {
        while !bytes.is_empty() {
            let used = if !self.at_head {
                self.body(bytes, take)
            } else if self.head.is_empty() {
                self.begin(bytes, take)
            } else {
                self.go_on_beginning(bytes, take)
            };
            bytes = &bytes[used..];
        }
    }

    /// No more bytes come. `broken` says that more of the line exists.
    pub(crate) fn finish(&mut self, broken: bool, take: &mut impl FnMut(Line<'_>)) {
        if !self.head.is_empty() {
            self.head.push(b' ');
            let stamp = beginning(&self.head);
            self.head.pop();
            let head = std::mem::take(&mut self.head);
            match stamp {
                Beginning::Stamp { at_ns, .. } => self.settle(Some(at_ns), take),
                _ => {
                    self.settle(None, take);
                    self.keep(&head);
                }
            }
        }
        if self.open {
            let end = if broken { LineEnd::Broken } else { LineEnd::Open };
            self.end_line(&[], end, take);
        }
    }

    fn begin(&mut self, bytes: &[u8], take: &mut impl FnMut(Line<'_>)) -> usize {
        match beginning(bytes) {
            Beginning::Stamp { at_ns, bytes } => {
                self.settle(Some(at_ns), take);
                bytes
            }
            Beginning::Unfinished => {
                self.head.extend_from_slice(bytes);
                bytes.len()
            }
            Beginning::Other => {
                self.settle(None, take);
                0
            }
        }
    }

    fn go_on_beginning(&mut self, bytes: &[u8], take: &mut impl FnMut(Line<'_>)) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            self.head.push(*byte);
            match beginning(&self.head) {
                Beginning::Unfinished => {}
                Beginning::Stamp { at_ns, bytes } => {
                    // A newline that ends an empty message is read, but is not the stamp's.
                    let used = at + 1 - (self.head.len() - bytes);
                    self.head.clear();
                    self.settle(Some(at_ns), take);
                    return used;
                }
                Beginning::Other => {
                    self.head.pop();
                    let head = std::mem::take(&mut self.head);
                    self.settle(None, take);
                    self.keep(&head);
                    return at;
                }
            }
        }
        bytes.len()
    }

    /// Whether a stamp stands at the head is known now: begins a line, or goes on with the open one.
    fn settle(&mut self, stamp: Option<Option<i64>>, take: &mut impl FnMut(Line<'_>)) {
        self.at_head = false;
        if self.open {
            let Some(at_ns) = stamp else {
                if !self.bare {
                    self.part_bytes = 0;
                }
                return;
            };
            // All parts of a line carry one stamp; engines before 17.x gave each part, of exactly this length, its own. Any
            // other stamp begins the first line after the container stopped in the middle of one.
            let goes_on = self.bare || at_ns == self.at_ns || self.part_bytes == PART_BYTES;
            if goes_on {
                self.part_bytes = 0;
                return;
            }
            self.end_line(&[], LineEnd::Open, take);
            self.at_head = false;
        }
        self.open = true;
        self.part_bytes = 0;
        if let Some(at_ns) = stamp {
            self.at_ns = at_ns;
        }
    }

    fn body(&mut self, bytes: &[u8], take: &mut impl FnMut(Line<'_>)) -> usize {
        let watched = self.bare && self.part_bytes < PART_BYTES;
        let room = if watched {
            PART_BYTES - self.part_bytes
        } else {
            usize::MAX
        };
        let bytes = &bytes[..bytes.len().min(room)];
        if let Some(at) = memchr::memchr(b'\n', bytes) {
            self.end_line(&bytes[..at], LineEnd::Newline, take);
            return at + 1;
        }
        self.keep(bytes);
        // Without frames, only the length says where the next part may begin.
        self.at_head = watched && self.part_bytes == PART_BYTES;
        bytes.len()
    }

    fn keep(&mut self, mut bytes: &[u8]) {
        self.full_bytes += bytes.len() as u64;
        self.part_bytes = self.part_bytes.saturating_add(bytes.len());
        while !bytes.is_empty() && !self.overflown {
            let room = (self.kept_bytes - self.raw.len()).min(bytes.len());
            self.raw.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            if !bytes.is_empty() {
                self.overflown = !self.forget_overwritten();
            }
        }
    }

    /// A progress bar may never print a newline: makes room by dropping what a carriage return has overwritten, where
    /// that is at least half, so that dropping costs no more than printing did.
    fn forget_overwritten(&mut self) -> bool {
        match memchr::memrchr(b'\r', &self.raw) {
            Some(at) if at + 1 < self.raw.len() && at >= self.kept_bytes / 2 => {
                self.raw.drain(..=at);
                true
            }
            _ => false,
        }
    }

    fn end_line(&mut self, last: &[u8], end: LineEnd, take: &mut impl FnMut(Line<'_>)) {
        let whole = self.raw.is_empty() && !self.overflown && last.len() <= self.kept_bytes;
        if !whole {
            self.keep(last);
        }
        let raw = if whole { last } else { &self.raw };
        take(Line {
            stream: self.stream,
            at_ns: self.at_ns,
            text: &clean(raw, self.overflown),
            cut: self.overflown.then_some(self.full_bytes),
            end,
        });
        self.raw.clear();
        self.full_bytes = 0;
        self.part_bytes = 0;
        self.overflown = false;
        self.open = false;
        self.at_head = true;
    }
}

//! From the bytes of Docker's log endpoint to lines of text.
//!
//! [`Decoder`] takes what `GET /containers/{id}/logs?timestamps=1` answers, in chunks of any size, and hands out one
//! [`Line`] per line the container printed: the stream it was printed on, the engine's own time stamp in nanoseconds, and
//! text that is safe to match against: valid UTF-8 without colours, cursor movements, NULs or what a carriage return
//! has overwritten. Parts that the engine has split at 16 KiB are joined again. Memory is bounded by
//! [`KEPT_BYTES`] per stream whatever arrives, and time is linear in the input.
//!
//! It deliberately does not read from anywhere, does not order the two streams against each other, does not know
//! events (which lines belong together) and does not redact.

mod clean;
mod decoder;
mod stamp;
mod strand;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, FramingError, MAX_FRAME_BYTES};

/// Bytes of a line that are kept, unless [`Decoder::keeping`] says otherwise. A structured line is judged whole, so
/// this is far above what people print, and far below what would hurt with one buffer per stream.
pub const KEPT_BYTES: usize = 256 * 1024;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output, and everything a container with a terminal prints.
    Stdout,
    /// Standard error.
    Stderr,
    /// The engine itself speaking between the lines, such as `Error grabbing logs: unexpected EOF`.
    Engine,
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// With a newline: the line is all there.
    Newline,
    /// Without one, but between two frames: the container stopped in the middle of a line, or the rest is not
    /// printed yet.
    Open,
    /// The bytes stopped or broke inside the line: more of it was printed than has arrived.
    Broken,
}

/// One line of a container's output, without its line end and its time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it was printed.
    pub stream: Stream,
    /// When the engine received it, in nanoseconds since 1970 UTC. A line without a stamp of its own has that of the
    /// line before it; `None` where there was none yet.
    pub at_ns: Option<i64>,
    /// What it says.
    pub text: &'a str,
    /// Where the line was longer than what is kept: its full length in bytes, as printed. `text` is its beginning then.
    pub cut: Option<u64>,
    /// How it ended.
    pub end: LineEnd,
}

//! The two shapes of the log endpoint's answer: frames with headers, and the bare output of a terminal.
//!
//! Deliberately knows frames only; lines are [`Strand`]'s business.

use memchr::memmem;

use super::strand::Strand;
use super::{KEPT_BYTES, Line, Stream};

/// Longest frame believed. Engines send 16 KiB and a stamp; some send a whole message. More is a header that is none.
pub const MAX_FRAME_BYTES: u32 = 16 * 1024 * 1024;
const HEADER_BYTES: usize = 8;
/// A header and the date of the stamp after it: what a frame is recognised by after nonsense.
const LANDMARK_BYTES: usize = HEADER_BYTES + 11;
/// Of nonsense, so many bytes are looked through at a time.
const LOST_BYTES: usize = 16 * 1024;

/// What was wrong with the bytes. Lines before and after are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Bytes stand where a frame's header belongs.
    #[error(
        "byte {offset} of the log is no frame header ({}); {skipped} bytes were skipped",
        header.escape_ascii()
    )]
    NotAFrame {
        /// Where, counted from the beginning of the answer.
        offset: u64,
        /// What stands there.
        header: [u8; HEADER_BYTES],
        /// How many bytes could not be read, here and later, up to where frames began again.
        skipped: u64,
    },
    /// The answer ended inside a frame or its header.
    #[error("the log ended inside a frame: at least {missing} bytes are missing")]
    CutShort {
        /// How many bytes of the frame, or of its header, did not come.
        missing: u32,
    },
}

/// Takes the bytes of a log answer in chunks of any size and hands out lines; see [the module](super).
///
/// ```
/// use roadstead_logs::framing::{Decoder, Stream};
///
/// let mut lines = Vec::new();
/// let mut decoder = Decoder::terminal();
/// decoder.push(b"2026-01-02T15:04:05.5Z \x1b[31mERR", |_| ());
/// decoder.push(b"OR\x1b[0m boom\r\n", |line| lines.push((line.stream, line.at_ns, line.text.to_owned())));
/// decoder.finish(|_| ())?;
/// assert_eq!(lines, [(Stream::Stdout, Some(1_767_366_245_500_000_000), "ERROR boom".to_owned())]);
/// # Ok::<(), roadstead_logs::framing::FramingError>(())
/// ```
pub struct Decoder {
    shape: Shape,
    stdout: Strand,
    stderr: Strand,
    engine: Strand,
    offset: u64,
    fault: Option<FramingError>,
}

enum Shape {
    Terminal,
    /// Between two frames, with so many bytes of the next header.
    Header([u8; HEADER_BYTES], usize),
    /// Inside a frame that has so many bytes left.
    Frame(Stream, u32),
    /// After nonsense, with the last bytes seen: fewer than a landmark has.
    Lost(Vec<u8>),
}

const BETWEEN: Shape = Shape::Header([0; HEADER_BYTES], 0);

impl Decoder {
    /// For a container without a terminal: frames, each with a header of 8 bytes.
    #[must_use]
    pub fn multiplexed() -> Self {
        Self::new(BETWEEN, KEPT_BYTES)
    }

    /// For a container with a terminal (`Config.Tty`): its output as it was printed, all of it on
    /// [`Stream::Stdout`]. Where such a container stopped in the middle of a line and started again, the two lines
    /// cannot be told apart.
    #[must_use]
    pub fn terminal() -> Self {
        Self::new(Shape::Terminal, KEPT_BYTES)
    }

    /// Keeps this many bytes of a line, at least one, in place of [`KEPT_BYTES`].
    #[must_use]
    pub fn keeping(self, bytes: usize) -> Self {
        Self::new(self.shape, bytes.max(1))
    }

    fn new(shape: Shape, kept_bytes: usize) -> Self {
        let bare = matches!(shape, Shape::Terminal);
        let strand = |stream| Strand::new(stream, bare, kept_bytes);
        Self {
            shape,
            stdout: strand(Stream::Stdout),
            stderr: strand(Stream::Stderr),
            engine: strand(Stream::Engine),
            offset: 0,
            fault: None,
        }
    }

    /// Takes more bytes and hands each line that ends in them to `take`.
    pub fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(Line<'_>)) {
        while !bytes.is_empty() {
            let used = self.step(bytes, &mut take);
            self.offset += used as u64;
            bytes = &bytes[used..];
        }
    }

    /// What was wrong with the bytes so far, if anything: the first place, and all bytes skipped.
    #[must_use]
    pub fn fault(&self) -> Option<FramingError> {
        self.fault
    }

    /// No more bytes come: hands out lines that have not ended.
    ///
    /// # Errors
    /// [`FramingError`] says what was wrong with the bytes. Every line that could be read was handed out all the same.
    pub fn finish(mut self, mut take: impl FnMut(Line<'_>)) -> Result<(), FramingError> {
        let missing = match &self.shape {
            Shape::Terminal | Shape::Lost(_) | Shape::Header(_, 0) => 0,
            Shape::Header(_, arrived) => (HEADER_BYTES - arrived) as u32,
            Shape::Frame(_, left) => *left,
        };
        if let Shape::Lost(window) = &self.shape {
            let unread = window.len() as u64;
            self.skip(unread);
        }
        let inside = match self.shape {
            Shape::Frame(stream, _) => Some(stream),
            _ => None,
        };
        for strand in [&mut self.stdout, &mut self.stderr, &mut self.engine] {
            strand.finish(inside == Some(strand.stream()), &mut take);
        }
        match self.fault {
            Some(fault) => Err(fault),
            None if missing > 0 => Err(FramingError::CutShort { missing }),
            None => Ok(()),
        }
    }

    /// Does one thing with the beginning of `bytes`, and says how many that took.
    fn step(&mut self, bytes: &[u8], take: &mut impl FnMut(Line<'_>)) -> usize {
        match &mut self.shape {
            Shape::Terminal => {
                self.stdout.push(bytes, take);
                bytes.len()
            }
            Shape::Header(header, arrived) => {
                let used = bytes.len().min(HEADER_BYTES - *arrived);
                header[*arrived..*arrived + used].copy_from_slice(&bytes[..used]);
                *arrived += used;
                if *arrived == HEADER_BYTES {
                    let header = *header;
                    self.read_header(header, used, take);
                }
                used
            }
            Shape::Frame(stream, left) => {
                let used = bytes.len().min(*left as usize);
                *left -= used as u32;
                let (stream, done) = (*stream, *left == 0);
                self.strand(stream).push(&bytes[..used], take);
                if done {
                    self.shape = BETWEEN;
                }
                used
            }
            Shape::Lost(seen) => {
                let seen = std::mem::take(seen);
                self.look_for_frame(seen, bytes, take)
            }
        }
    }

    fn strand(&mut self, stream: Stream) -> &mut Strand {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
            Stream::Engine => &mut self.engine,
        }
    }

    fn read_header(&mut self, header: [u8; HEADER_BYTES], used: usize, take: &mut impl FnMut(Line<'_>)) {
        match frame(&header) {
            Some((stream, length)) => self.enter(stream, length),
            None => {
                // What was open had its rest in what cannot be read.
                for strand in [&mut self.stdout, &mut self.stderr, &mut self.engine] {
                    strand.finish(true, take);
                }
                let offset = self.offset + used as u64 - HEADER_BYTES as u64;
                self.fault.get_or_insert(FramingError::NotAFrame {
                    offset,
                    header,
                    skipped: 0,
                });
                self.shape = Shape::Lost(header.to_vec());
            }
        }
    }

    fn enter(&mut self, stream: Stream, length: u32) {
        self.shape = if length == 0 {
            BETWEEN
        } else {
            self.strand(stream).begin_part();
            Shape::Frame(stream, length)
        };
    }

    /// Goes on with the first frame recognised, and says how many of the new bytes that took. `seen` has less than a
    /// landmark, so a landmark always ends in the new bytes.
    fn look_for_frame(&mut self, mut seen: Vec<u8>, bytes: &[u8], take: &mut impl FnMut(Line<'_>)) -> usize {
        let bytes = &bytes[..bytes.len().min(LOST_BYTES)];
        let before = seen.len();
        seen.extend_from_slice(bytes);
        let Some((at, stream, length)) = landmark(&seen) else {
            let nonsense = seen.len().saturating_sub(LANDMARK_BYTES - 1);
            self.skip(nonsense as u64);
            seen.drain(..nonsense);
            self.shape = Shape::Lost(seen);
            return bytes.len();
        };
        self.skip(at as u64);
        self.enter(stream, length);
        let date = &seen[at + HEADER_BYTES..at + LANDMARK_BYTES];
        self.strand(stream).push(date, take);
        // The date is shorter than any frame a landmark believes.
        self.shape = Shape::Frame(stream, length - date.len() as u32);
        at + LANDMARK_BYTES - before
    }

    fn skip(&mut self, bytes: u64) {
        if let Some(FramingError::NotAFrame { skipped, .. }) = &mut self.fault {
            *skipped += bytes;
        }
    }
}

fn frame(header: &[u8]) -> Option<(Stream, u32)> {
    let [kind, 0, 0, 0, a, b, c, d] = *header else {
        return None;
    };
    let stream = match kind {
        // 0 is standard input, which engines echo as output.
        0 | 1 => Stream::Stdout,
        2 => Stream::Stderr,
        3 => Stream::Engine,
        _ => return None,
    };
    let length = u32::from_be_bytes([a, b, c, d]);
    (length <= MAX_FRAME_BYTES).then_some((stream, length))
}

/// The first header with a date after it: where, and what it says.
fn landmark(bytes: &[u8]) -> Option<(usize, Stream, u32)> {
    // Every header has three zeros after its first byte.
    let three = memmem::Finder::new(&[0; 3]);
    let mut from = 1;
    while let Some(zeros) = bytes.get(from..).and_then(|rest| three.find(rest)) {
        let at = from + zeros - 1;
        let window = bytes.get(at..at + LANDMARK_BYTES)?;
        let (header, date) = window.split_at(HEADER_BYTES);
        match frame(header) {
            Some((stream, length)) if length as usize > date.len() && is_date(date) => {
                return Some((at, stream, length));
            }
            _ => from = at + 2,
        }
    }
    None
}

fn is_date(bytes: &[u8]) -> bool {
    let like = b"0000-00-00T";
    bytes.len() == like.len()
        && bytes.iter().zip(like).all(|(byte, like)| {
            if *like == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == like
            }
        })
}

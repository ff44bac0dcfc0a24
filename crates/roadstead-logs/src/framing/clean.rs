//! From the raw bytes of one line to the text a person would have read.
//!
//! Removes escape sequences and control characters, applies carriage returns and backspaces as a terminal would, and
//! decodes what is not UTF-8 as U+FFFD. It deliberately does not draw: where the cursor is moved elsewhere than to the line's
//! beginning, the text stays in the order in which it was printed.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
/// First byte of U+0080..U+00BF in UTF-8: the one-character forms of escape sequences are among them.
const LATIN: u8 = 0xc2;
/// U+FEFF, the byte order mark.
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The text of a line. `cut` says that the raw bytes end where the limit was, perhaps within a character.
pub(crate) fn clean(raw: &[u8], cut: bool) -> Cow<'_, str> {
    let raw = if cut { whole_characters(raw) } else { raw };
    // What some programs begin their output with says only that it is UTF-8.
    let raw = raw.strip_prefix(MARK).unwrap_or(raw);
    let end = raw.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1);
    let raw = &raw[..end];
    if raw.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        return String::from_utf8_lossy(raw);
    }
    Cow::Owned(String::from_utf8_lossy(&Screen::of(raw)).into_owned())
}

fn is_plain(byte: u8) -> bool {
    ((byte >= b' ') | (byte == b'\t')) & (byte != DELETE) & (byte != LATIN)
}

/// Without the beginning of a character whose end is not there.
fn whole_characters(raw: &[u8]) -> &[u8] {
    for back in 1..=raw.len().min(3) {
        let at = raw.len() - back;
        let wanted = match raw[at] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if wanted > back { &raw[..at] } else { raw };
    }
    raw
}

/// One line of a terminal, while bytes are printed to it.
#[derive(Default)]
struct Screen {
    bytes: Vec<u8>,
    /// Where the text since the last carriage return begins.
    from: usize,
    /// The last text before a carriage return that was not blank: what is left to read when a progress bar wipes itself out.
    before: std::ops::Range<usize>,
}

impl Screen {
    fn of(raw: &[u8]) -> Vec<u8> {
        let mut screen = Self {
            bytes: Vec::with_capacity(raw.len()),
            ..Self::default()
        };
        let mut at = 0;
        while at < raw.len() {
            at += screen.print(&raw[at..]);
        }
        let blank = is_blank(&screen.bytes[screen.from..]);
        let seen = if blank && !screen.before.is_empty() {
            screen.before
        } else {
            screen.from..screen.bytes.len()
        };
        screen.bytes.truncate(seen.end);
        screen.bytes.drain(..seen.start);
        screen.bytes
    }

    /// Prints what stands first, and says how many bytes that was.
    fn print(&mut self, raw: &[u8]) -> usize {
        match raw[0] {
            ESCAPE => match raw.get(1) {
                Some(b'[') => 2 + self.control(&raw[2..]),
                Some(b']' | b'P' | b'X' | b'^' | b'_') => 2 + text_sequence(&raw[2..]),
                // Two bytes of designating a character set, or any other sequence with intermediate bytes.
                Some(b' '..=b'/') => raw.len().min(3),
                Some(b'0'..=b'~') => 2,
                _ => 1,
            },
            LATIN => match raw.get(1) {
                Some(0x9b) => 2 + self.control(&raw[2..]),
                Some(0x90 | 0x98 | 0x9d..=0x9f) => 2 + text_sequence(&raw[2..]),
                Some(0x80..=0x9f) => 2,
                _ => {
                    self.bytes.push(LATIN);
                    1
                }
            },
            b'\r' => {
                self.carriage_return();
                1
            }
            BACKSPACE => {
                self.backspace();
                1
            }
            byte if is_plain(byte) => {
                let plain = raw.iter().position(|byte| !is_plain(*byte)).unwrap_or(raw.len());
                self.bytes.extend_from_slice(&raw[..plain]);
                plain
            }
            _ => 1,
        }
    }

    /// A control sequence after its introducer: parameters, intermediate bytes, a final byte. A broken one ends where
    /// it breaks.
    fn control(&mut self, rest: &[u8]) -> usize {
        let parameters = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'?')).count();
        let intermediates = rest[parameters..]
            .iter()
            .take_while(|byte| matches!(byte, b' '..=b'/'))
            .count();
        let end = parameters + intermediates;
        match rest.get(end) {
            Some(b'C') => self.bytes.push(b' '),
            Some(b'G') if matches!(&rest[..parameters], b"" | b"0" | b"1") => self.carriage_return(),
            Some(b'@'..=b'~') => {}
            _ if intermediates > 0 => return parameters,
            _ => return end,
        }
        end + 1
    }

    fn carriage_return(&mut self) {
        if !is_blank(&self.bytes[self.from..]) {
            self.before = self.from..self.bytes.len();
        }
        self.from = self.bytes.len();
    }

    fn backspace(&mut self) {
        while self.bytes.len() > self.from {
            if self.bytes.pop().is_none_or(|byte| byte & 0xc0 != 0x80) {
                break;
            }
        }
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// Length of a sequence that carries text (titles, links) after its introducer: to BEL, ST or its one-character form. Without
/// an end nothing of it goes, so that one stray introducer does not hide the line. No such sequence contains another
/// escape, which is also what keeps many unfinished ones from being read again and again.
fn text_sequence(rest: &[u8]) -> usize {
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            &BELL => return at + 1,
            &ESCAPE => {
                return if rest.get(at + 1) == Some(&b'\\') {
                    at + 2
                } else {
                    0
                };
            }
            &LATIN if rest.get(at + 1) == Some(&0x9c) => return at + 2,
            &LATIN if matches!(rest.get(at + 1), Some(0x80..=0x9f)) => return 0,
            0..=0x1f => return 0,
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &[u8]) -> String {
        clean(raw, false).into_owned()
    }

    #[test]
    fn what_a_terminal_would_not_show_goes() {
        for (raw, wanted) in [
            (&b"\x1b[31mERROR\x1b[0m cannot bind"[..], "ERROR cannot bind"),
            (b"\x1b[1;38;5;196mred\x1b[m", "red"),
            (
                b"\x1b]8;;https://x.y/z\x1b\\link\x1b]8;;\x1b\\ after",
                "link after",
            ),
            (b"\x1b]0;title\x07text", "text"),
            (b"\x1b]8;;https://x.y no end", "8;;https://x.y no end"),
            (b"\x1b(Bplain\x1b=", "plain"),
            (b"\xc2\x9b31mred", "red"),
            (b"cut \x1b[31", "cut "),
            (b"cut \x1b", "cut "),
            (b"a\x1b[5Cb", "a b"),
            (b"a\0b\0\x01\x7f", "ab"),
            (b"a\tb", "a\tb"),
            (b"caf\xe9 au lait", "caf\u{fffd} au lait"),
            ("21 °C".as_bytes(), "21 °C"),
        ] {
            assert_eq!(text(raw), wanted, "{:?}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn of_a_progress_bar_the_last_state_stays() {
        assert_eq!(text(b"10%\r 50%\r100%"), "100%");
        assert_eq!(text(b"10%\r100%\r\r"), "100%");
        assert_eq!(
            text(b"saved\r       \r"),
            "saved",
            "wiped out, but it was there to read"
        );
        assert_eq!(text(b"\rnpm ERR! x"), "npm ERR! x");
        assert_eq!(text(b"old\x1b[1G\x1b[0Knew"), "new");
        assert_eq!(text(b"|\x08/\x08-\x08 done"), " done");
        assert_eq!(text("é\u{8}e".as_bytes()), "e");
        assert_eq!(text(b"\r\r"), "");
    }

    #[test]
    fn a_cut_leaves_no_half_character() {
        for (raw, wanted) in [
            (&"aé".as_bytes()[..2], "a"),
            (&"a€".as_bytes()[..3], "a"),
            (&"a🚢".as_bytes()[..4], "a"),
            ("a🚢".as_bytes(), "a🚢"),
            (b"a\xff", "a\u{fffd}"),
        ] {
            assert_eq!(clean(raw, true), wanted);
        }
    }
}

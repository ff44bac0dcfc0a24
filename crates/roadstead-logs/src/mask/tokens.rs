//! Where a token ends: words, and what connects words to one name.

use super::{Masking, byte, word_byte};

impl Masking<'_> {
    /// The end of the token at `at`: words, and what connects words to one name.
    pub(super) fn token_end(&self) -> usize {
        let mut end = self.at;
        let b = self.bytes;
        // The sign or the root.
        if !word_byte(b[end]) {
            end += 1;
        }
        let scheme = b[self.at..]
            .iter()
            .take(12)
            .take_while(|b| b.is_ascii_alphabetic() || **b == b'+')
            .count();
        if scheme > 1 && b[self.at + scheme..].starts_with(b"://") {
            return self.url_end();
        }
        let rooted = matches!(b[self.at], b'/' | b'.' | b'~');
        while end < b.len() {
            let next = byte(b, end + 1);
            match b[end] {
                c if word_byte(c) => {}
                b'-' | b'.' | b':' | b'@' | b'/' | b'\\' | b'+' | b'~' | b'#' | b'&' if word_byte(next) => {}
                b'/' | b'.' | b'-' | b'_' | b'*'
                    if rooted && (word_byte(next) || matches!(next, b'/' | b'.' | b'-')) => {}
                b'/' | b'*' if rooted && end > self.at => {}
                b':' if next == b':' && byte(b, end + 2).is_ascii_hexdigit() && self.hex_so_far(end) => {}
                b',' if next.is_ascii_digit() && b[end - 1].is_ascii_digit() && self.numeric_so_far(end) => {}
                b'%' if b[end - 1].is_ascii_digit() => {}
                // `shop/.Main`
                b'/' if next == b'.' && byte(b, end + 2).is_ascii_uppercase() => {}
                b'.' if b[end - 1] == b'/' && next.is_ascii_uppercase() => {}
                b':' if matches!(next, b'\\') && end == self.at + 1 => {}
                b'\\' if end > self.at && b[end - 1] == b':' => {}
                _ => break,
            }
            end += 1;
        }
        end
    }

    fn numeric_so_far(&self, end: usize) -> bool {
        end - self.at <= 15
            && self.bytes[self.at..end]
                .iter()
                .all(|b| b.is_ascii_digit() || *b == b',')
    }

    fn hex_so_far(&self, end: usize) -> bool {
        end - self.at <= 40
            && self.bytes[self.at..end]
                .iter()
                .all(|b| b.is_ascii_hexdigit() || *b == b':')
    }
}

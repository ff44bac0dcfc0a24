//! The places of a text that are worth a look.
//!
//! Almost no line has a secret, so this pass decides what redaction costs. It looks three bytes up at a time in a table
//! that fits the nearest cache; unlike the steps of an automaton, the lookups do not wait for each other, which is more
//! than twice as fast. It deliberately decides nothing: an anchor is where somebody else looks.

use std::sync::LazyLock;

use super::issuers::SHAPES;

/// What was found at an anchor, and who looks further.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// A part of a name.
    Name,
    Url,
    EncodedUrl,
    At,
    EncodedAt,
    Shape(usize),
    Jwt,
    Bearer,
    Basic,
    Telegram,
    Armour,
    Flag(u8),
    Identified,
    Oracle,
    /// The bracket after what a function is called.
    Call,
    /// An address whose path is secret but for its first parts.
    Path(usize),
}

const ANCHORS: [(&str, Anchor); 66] = [
    ("passw", Anchor::Name),
    ("passphrase", Anchor::Name),
    ("passcode", Anchor::Name),
    ("pwd", Anchor::Name),
    ("pass=", Anchor::Name),
    ("pass\"", Anchor::Name),
    ("pass'", Anchor::Name),
    ("pass ", Anchor::Name),
    ("pass:", Anchor::Name),
    ("pw=", Anchor::Name),
    ("psk", Anchor::Name),
    ("key", Anchor::Name),
    ("secret", Anchor::Name),
    ("token", Anchor::Name),
    ("jwt", Anchor::Name),
    ("session", Anchor::Name),
    ("sessid", Anchor::Name),
    ("sid=", Anchor::Name),
    (".sid", Anchor::Name),
    ("mlresponse", Anchor::Name),
    ("code=", Anchor::Name),
    ("code:", Anchor::Name),
    ("pin=", Anchor::Name),
    ("pin:", Anchor::Name),
    ("pin ", Anchor::Name),
    ("pin\"", Anchor::Name),
    ("pin'", Anchor::Name),
    ("otp", Anchor::Name),
    ("auth", Anchor::Name),
    ("credential", Anchor::Name),
    ("signature", Anchor::Name),
    ("sig=", Anchor::Name),
    ("sig\"", Anchor::Name),
    ("sig%", Anchor::Name),
    ("hmac", Anchor::Name),
    ("cookie", Anchor::Name),
    ("://", Anchor::Url),
    (":\\/\\/", Anchor::Url),
    ("%3a%2f%2f", Anchor::EncodedUrl),
    ("%40", Anchor::EncodedAt),
    ("eyj", Anchor::Jwt),
    ("bearer", Anchor::Bearer),
    ("basic", Anchor::Basic),
    (":aa", Anchor::Telegram),
    ("-----begin ", Anchor::Armour),
    (" -p", Anchor::Flag(b'p')),
    (" -a ", Anchor::Flag(b'a')),
    (" -u ", Anchor::Flag(b'u')),
    (" --user ", Anchor::Flag(b'u')),
    ("identified ", Anchor::Identified),
    ("oracle:thin:", Anchor::Oracle),
    ("construct(", Anchor::Call),
    ("connect(", Anchor::Call),
    ("connection(", Anchor::Call),
    ("login(", Anchor::Call),
    ("signon(", Anchor::Call),
    ("clientin(", Anchor::Call),
    ("bind(", Anchor::Call),
    ("imap_open(", Anchor::Call),
    ("crypt(", Anchor::Call),
    ("hooks.slack.com/services/", Anchor::Path(1)),
    ("hooks.slack.com/workflows/", Anchor::Path(1)),
    ("/api/webhooks/", Anchor::Path(1)),
    ("webhook.office.com/webhookb2/", Anchor::Path(0)),
    ("hc-ping.com/", Anchor::Path(0)),
    ("maker.ifttt.com/trigger/", Anchor::Path(3)),
];

/// Bytes that an anchor is recognised by first.
const HEAD: usize = 3;
const TABLE_BITS: u32 = 14;

struct Table {
    /// For three bytes, which bucket to look into; the first is empty.
    heads: Vec<u8>,
    buckets: Vec<Vec<(&'static [u8], Anchor)>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        heads: vec![0; 1 << TABLE_BITS],
        buckets: vec![Vec::new()],
    };
    let shapes = SHAPES
        .iter()
        .enumerate()
        .map(|(at, shape)| (shape.prefix, Anchor::Shape(at)));
    for (text, anchor) in ANCHORS.into_iter().chain(shapes) {
        match *text.as_bytes() {
            [a, b, c, ..] => table.add(place(a, b, c), text, anchor),
            // The only anchors of two bytes stand before hexadecimal digits.
            [a, b] => b"0123456789abcdef"
                .iter()
                .for_each(|digit| table.add(place(a, b, *digit), text, anchor)),
            _ => {}
        }
    }
    table
});

impl Table {
    fn add(&mut self, place: usize, text: &'static str, anchor: Anchor) {
        if self.heads[place] == 0 {
            self.heads[place] = self.buckets.len() as u8;
            self.buckets.push(Vec::new());
        }
        self.buckets[usize::from(self.heads[place])].push((text.as_bytes(), anchor));
    }
}

/// Where three bytes are looked up, large letters as small ones.
fn place(a: u8, b: u8, c: u8) -> usize {
    let key = u32::from_le_bytes([a, b, c, 0]) | 0x0020_2020;
    (key.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

/// Hands out every anchor of the text in the order in which they begin, and where it begins and ends.
pub(super) fn each(text: &str, mut look: impl FnMut(Anchor, usize, usize)) {
    let table = &*TABLE;
    let bytes = text.as_bytes();
    for (from, head) in bytes.windows(HEAD).enumerate() {
        if head[0] == b'@' {
            look(Anchor::At, from, from + 1);
        }
        let bucket = table.heads[place(head[0], head[1], head[2])];
        if bucket == 0 {
            continue;
        }
        for (text, anchor) in &table.buckets[usize::from(bucket)] {
            let to = from + text.len();
            if bytes
                .get(from..to)
                .is_some_and(|found| found.eq_ignore_ascii_case(text))
            {
                look(*anchor, from, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_is_found_in_any_case() {
        let shapes = SHAPES.iter().map(|shape| shape.prefix);
        for text in ANCHORS.iter().map(|(text, _)| *text).chain(shapes) {
            for text in [text.to_owned(), text.to_uppercase(), text.to_lowercase()] {
                let mut found = 0;
                each(&format!("é{text}0"), |_, from, to| {
                    found += usize::from((from, to) == (2, 2 + text.len()))
                });
                assert_ne!(found, 0, "{text}");
            }
        }
        assert!(TABLE.buckets.len() <= usize::from(u8::MAX) + 1);
    }
}

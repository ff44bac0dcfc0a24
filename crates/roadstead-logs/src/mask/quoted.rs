//! What stands between quotes, and objects in the midst of a message.

use super::words::{CAUSES, CODES, NAME_WORDS, NAMED, NAMES, QUOTED_WORDS, REASONS, Words, failure, one_of};
use super::{LONGEST, MOST_READ, Masking, byte, mask, word_byte};
use crate::errno;
use crate::shape;

/// Where the quote is closed that was opened before `text`. One behind a backslash closes none, unless it was opened so.
fn closed(text: &[u8], quote: u8, escaped: bool) -> Option<usize> {
    memchr::memchr_iter(quote, text).find(|at| escaped || *at == 0 || text[at - 1] != b'\\')
}

/// Most of its words begin with a capital, as those of a title do and those of a sentence do not.
fn titled(text: &str) -> bool {
    let words = || text.split(' ').filter(|word| word.bytes().any(word_byte));
    let capitals = words()
        .filter(|word| {
            word.trim_start_matches(|c: char| c.is_ascii_punctuation())
                .starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        })
        .count();
    words().count() <= NAME_WORDS && capitals * 3 >= words().count() * 2 && !text.contains(": ")
}

/// The masked form of what stands within an object, which is not looked into for more objects.
fn within(text: &str) -> String {
    let first = text.lines().next().unwrap_or("");
    if first.contains("{\"") {
        "<*>".to_owned()
    } else {
        mask(first)
    }
}

/// The name of a trouble: `ECONNRESET`, `ValueError`; or the key that one stands behind: `'status': 500`.
fn named_trouble(inner: &str) -> bool {
    errno::is_name(inner)
        || inner.len() > 5
            && failure(inner)
            && inner.starts_with(|c: char| c.is_ascii_uppercase())
            && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// It begins with the number of a trouble: `404 Not Found`, `[Errno 2] No such file`.
fn coded(inner: &str) -> bool {
    let status = inner.len() > 4
        && matches!(
            inner.as_bytes(),
            [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b':', ..]
        )
        && inner[4..]
            .trim_start()
            .starts_with(|c: char| c.is_ascii_uppercase());
    status || inner.starts_with("[Errno ")
}

impl<'t> Masking<'t> {
    /// An object in the midst of a message: of its members only what went wrong counts.
    pub(super) fn object(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let rest = &rest[..rest.floor_char_boundary(MOST_READ)];
        let mut told = String::new();
        let end = crate::json::members(rest, |member| {
            let name = member.key.rsplit('.').next().unwrap_or(member.key);
            let value = match member.value {
                crate::json::Value::Text(value) | crate::json::Value::Bare(value) => value,
                crate::json::Value::Nested => return true,
            };
            let class = one_of(name, const { &Words::of("class type name exception") }) && failure(value);
            let wrong = class
                || one_of(name, const { &Words::of("error err exception reason") })
                    && !crate::keywords::empty_value(value.as_bytes());
            let code = one_of(
                name,
                const { &Words::of("code status errno status_code statusCode") },
            ) && value.len() <= 8;
            if told.len() < LONGEST && (wrong || code) {
                told.push(' ');
                if code {
                    told.push_str(value);
                } else {
                    told.push_str(&within(&crate::json::unescaped(value)));
                }
            }
            true
        });
        let Some(end) = end else {
            return false;
        };
        self.at += end;
        self.out.push_str("{<*>}");
        self.out.push_str(&told);
        self.last = "";
        true
    }

    /// A few quoted words are a value; a quoted sentence is read on.
    pub(super) fn quote(&mut self, quote: u8) {
        let from = self.at + 1;
        // `u'x'` of Python is a quote, `can't` is none.
        let lettered = self.at > 0
            && matches!(self.bytes[self.at - 1], b'u' | b'b' | b'r')
            && (self.at < 2 || !word_byte(self.bytes[self.at - 2]));
        if !self.prior_is_word() || lettered {
            let window = &self.bytes[from..];
            let object = matches!(byte(window, 0), b'{' | b'[');
            let length = closed(
                &window[..window.len().min(if object { 2000 } else { 300 })],
                quote,
                self.at > 0 && self.bytes[self.at - 1] == b'\\',
            );
            if let Some(length) = length
                && !word_byte(byte(self.bytes, from + length + 1))
            {
                let key = self.key;
                let text: &'t str = self.text;
                let inner = &text[from..from + length];
                let words = inner
                    .split(' ')
                    .filter(|word| word.bytes().any(word_byte))
                    .count()
                    .max(1);
                let cause = self.out.ends_with(": ")
                    && one_of(self.last, CAUSES)
                    && (words > 1 || !inner.bytes().any(|b| b.is_ascii_digit()));
                // `HTTPError('404: Not Found')`: what the exception says.
                let said = words > 1 && (failure(self.last) && self.out.ends_with('(') || coded(inner));
                let key_of_code = one_of(inner, CODES) && self.bytes[from + length + 1..].starts_with(b": ");
                let telling = cause
                    || said
                    || key_of_code
                    || named_trouble(inner)
                    || one_of(key, CODES)
                    || one_of(key, REASONS);
                let given = quote == b'"' && self.given(from + length + 1);
                // `filter "what somebody called it"`, `name="…"`
                let named = quote != b'`' && (one_of(key, NAMES) || self.apposed() && words <= NAME_WORDS);
                // `"What happened" err="no table"`
                let first = matches!(self.out.as_str(), "" | "[")
                    && quote == b'"'
                    && words > 1
                    && super::words::fields_only(&self.text[from + length + 1..]);
                // `Torrent: "…". Source: "…"`: values, however many words they have.
                let label = quote == b'"' && !telling && self.labels(from + length + 1);
                let value = !first
                    && (label
                        || (words <= QUOTED_WORDS || named || given || titled(inner)) && !telling
                        || object && quote != b'"' && !telling
                        || ["SELECT ", "INSERT ", "UPDATE ", "DELETE "]
                            .iter()
                            .any(|verb| inner.starts_with(verb))
                        || words == 1 && inner.len() >= 24
                        || shape::ended(inner) && !inner.contains(": "));
                if value || words == 1 {
                    self.key = "";
                    self.out.push(quote as char);
                    self.out.push_str(if value { "<*>" } else { inner });
                    self.out.push(quote as char);
                    self.at = from + length + 1;
                    self.last = if !value && one_of(inner, CODES) { inner } else { "" };
                    return;
                }
            }
        }
        self.key = "";
        self.out.push(quote as char);
        self.at = from;
    }

    /// The quote that ends at `end` is a value behind its label, at the end of a sentence.
    fn labels(&self, end: usize) -> bool {
        const SAYING: &Words = &Words::of(
            "error reason cause code status exception err failure fault fatal result msg message detail details output \
            response description warning hint says said",
        );
        let rest = &self.text[end..];
        self.out
            .strip_suffix(": ")
            .is_some_and(|out| !self.last.is_empty() && out.ends_with(self.last))
            && self.last.starts_with(|c: char| c.is_ascii_uppercase())
            && !one_of(self.last, SAYING)
            && (rest.is_empty() || rest == "." || rest.starts_with(". ") || rest.starts_with(", "))
    }

    /// A few words between the quotes of print: `‹shop:5432›`.
    pub(super) fn printed_quote(&mut self) -> bool {
        const PAIRS: [(&str, &str); 5] = [("‹", "›"), ("«", "»"), ("“", "”"), ("„", "“"), ("‘", "’")];
        let rest = &self.text[self.at..];
        let Some((open, close)) = PAIRS.iter().find(|(open, _)| rest.starts_with(open)) else {
            return false;
        };
        let inner = &rest[open.len()..];
        let inner = &inner[..inner.floor_char_boundary(300)];
        let Some(length) = inner.find(close) else {
            return false;
        };
        if inner[..length].split(' ').count() > QUOTED_WORDS {
            return false;
        }
        self.at += open.len() + length + close.len();
        self.key = "";
        self.hide("<*>");
        true
    }

    /// The quote at `at` follows a noun that is no verb of saying, and not a colon.
    fn apposed(&self) -> bool {
        !self.last.is_empty()
            && self
                .out
                .strip_suffix(' ')
                .is_some_and(|out| out.ends_with(self.last))
            && one_of(self.last, NAMED)
    }
}

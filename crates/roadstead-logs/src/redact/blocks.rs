//! Private keys in their armour, on one line or over many.
//!
//! The line that says what follows stays; the key goes. Certificates and public keys deliberately stay as they are.

use std::borrow::Cow;

use super::following::Awaited;
use super::{REDACTED, Spans, redact};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// After `-----BEGIN `: what follows of a private key on the same line.
pub(super) fn armour(text: &str, from: usize, spans: &mut Spans) {
    let Some(key) = private_key(text, from) else {
        return;
    };
    let rest = &text[key..];
    let quote = memchr::memchr3(b'"', b'\'', b'`', rest.as_bytes()).unwrap_or(rest.len());
    let end = rest[..quote].find(END).unwrap_or(quote);
    let body = rest[..end]
        .trim_matches(|sign: char| sign.is_whitespace() || sign == '\\' || sign == 'n' || sign == 'r');
    if !body.is_empty() && body != REDACTED {
        spans.redact(key, key + end, REDACTED);
    }
}

/// Where the body begins, if it is a private key's.
fn private_key(text: &str, from: usize) -> Option<usize> {
    let label = &text.as_bytes()[from..text.len().min(from + 64)];
    let end = memchr::memmem::find(label, b"-----")?;
    // OpenVPN calls its own a static key.
    [&b"PRIVATE KEY"[..], b"Static key"]
        .iter()
        .any(|kind| memchr::memmem::find(&label[..end], kind).is_some())
        .then_some(from + end + 5)
}

/// Redacts the lines of one stream in order, so that the lines of a private key go although none says so by itself, and
/// values whose name is on the line before.
///
/// ```
/// use roadstead_logs::redact::Redactor;
///
/// let mut redactor = Redactor::default();
/// assert_eq!(redactor.line("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
/// assert_eq!(redactor.line("MC4CAQAwBQYDK2VwBCIEIA=="), "<redacted>");
/// assert_eq!(redactor.line("-----END PRIVATE KEY-----"), "-----END PRIVATE KEY-----");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    inside_key: bool,
    awaited: Option<Awaited>,
}

impl Redactor {
    /// The line without its secrets; borrowed if it has none.
    pub fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        if self.inside_key && !line.contains(END) {
            if let Some(body) = body(line) {
                return Cow::Owned(format!("{}{REDACTED}", &line[..body]));
            }
            if line.trim().is_empty() || line.contains(REDACTED) {
                return Cow::Borrowed(line);
            }
        }
        let begin = line.rfind(BEGIN);
        self.inside_key = begin
            .is_some_and(|at| private_key(line, at + BEGIN.len()).is_some() && !line[at..].contains(END));
        let mut spans = Spans::default();
        let awaited = self
            .awaited
            .take()
            .and_then(|awaited| awaited.read(line, &mut spans));
        self.awaited = awaited.or_else(|| Awaited::after(line));
        match spans.apply(line) {
            Cow::Borrowed(line) => redact(line),
            Cow::Owned(line) => Cow::Owned(redact(&line).into_owned()),
        }
    }
}

/// Redacts the lines of one event in place; like [`Redactor`], but also takes out the lines of a key whose beginning is not
/// among them.
pub fn redact_lines(lines: &mut [String]) {
    let mut redactor = Redactor::default();
    for at in 0..lines.len() {
        let line = &lines[at];
        if !redactor.inside_key && line.contains(END) && line.contains("PRIVATE KEY") && !line.contains(BEGIN)
        {
            for line in lines[..at].iter_mut().rev() {
                let Some(body) = body(line) else { break };
                line.replace_range(body.., REDACTED);
            }
        }
        if let Cow::Owned(clean) = redactor.line(&lines[at]) {
            lines[at] = clean;
        }
    }
}

/// Where the body of a key begins in a line that is nothing else, but for what a log puts before it.
fn body(line: &str) -> Option<usize> {
    let trimmed = line.trim_end();
    let word = trimmed.rfind([' ', '\t', '|']).map_or(0, |at| at + 1);
    let (before, last) = trimmed.split_at(word);
    // `Proc-Type: 4,ENCRYPTED`
    let header = before.trim().ends_with(':');
    let is_base64 = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'+' | b'/' | b'=' | b'-' | b'_' | b'\\' | b',' | b'"' | b'\''
            )
    };
    let is_body = !last.is_empty() && last.bytes().all(is_base64);
    (is_body && (header || before.trim().len() <= 64 && (last.len() >= 16 || before.trim().is_empty())))
        .then_some(word)
}

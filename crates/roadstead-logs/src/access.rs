//! Lines of access logs: who asked what, and what was answered.
//!
//! Recognised by a request (`"GET /path HTTP/1.1"`, or a method and a path) with a status of three digits beside it.

use crate::Severity;

const METHODS: [&[u8]; 18] = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"PATCH",
    b"OPTIONS",
    b"CONNECT",
    b"PROPFIND",
    b"REPORT",
    b"MKCOL",
    b"TRACE",
    b"MOVE",
    b"COPY",
    b"LOCK",
    b"UNLOCK",
    b"PROPPATCH",
    b"PURGE",
];

/// A request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access<'t> {
    /// `GET`
    pub(crate) method: &'t str,
    /// What was asked for, with its query; a URL where a proxy speaks.
    pub(crate) target: &'t str,
    /// 100 to 599
    pub(crate) status: u16,
}

impl Access<'_> {
    /// A server that fails is an error; what a client does wrong is not the server's trouble.
    pub(crate) fn severity(&self) -> Severity {
        if self.status >= 500 {
            Severity::Error
        } else {
            Severity::Other
        }
    }
}

/// Whether a word is how something is asked for.
pub(crate) fn is_method(word: &str) -> bool {
    word.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && METHODS.contains(&word.as_bytes())
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// ` HTTP/1.1`
const PROTOCOL_BYTES: usize = 9;

/// Whether a protocol and a blank follow, not a quote.
#[cold]
fn ends_with_protocol(rest: &[u8]) -> bool {
    rest.starts_with(b" HTTP/")
        && rest
            .get(6..=PROTOCOL_BYTES)
            .is_some_and(|tail| tail.contains(&b' '))
}

fn status_at(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 3)?;
    if !matches!(digits[0], b'1'..=b'5') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let after = byte(text, at + 3);
    if after.is_ascii_alphanumeric()
        || after == b'.' && byte(text, at + 4).is_ascii_digit()
        || after == b'-'
        || after == b':'
    {
        return None;
    }
    Some(digits.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0')))
}

fn method_at(text: &[u8], at: usize) -> Option<usize> {
    METHODS
        .iter()
        .find(|method| {
            text[at..].starts_with(method) && matches!(byte(text, at + method.len()), b' ' | b'"' | b'\t')
        })
        .map(|method| method.len())
}

/// The status before the request: `| 500 | 1.2ms | 10.0.0.1 | GET "/x"`, `TCP_MISS/503 4000 GET http://x/`,
/// `0/0/1/2/3 503 212 - - ---- "GET /x HTTP/1.1"`, `59B 503 "GET /x HTTP/1.1"`.
fn status_before(text: &[u8], request: usize) -> Option<u16> {
    let from = request.saturating_sub(160);
    let mut found = None;
    let mut at = from + 1;
    while at + 3 <= request {
        if text[at].is_ascii_digit() && !text[at - 1].is_ascii_alphanumeric() {
            let prior = text[at - 1];
            let bar = prior == b' '
                && at >= 2
                && text[at - 2] == b'|'
                && text[at + 3..].trim_ascii_start().starts_with(b"|");
            let squid =
                prior == b'/' && at >= 2 && (text[at - 2].is_ascii_uppercase()) && byte(text, at + 3) == b' ';
            let haproxy =
                prior == b' ' && at >= 2 && text[at - 2].is_ascii_digit() && timers_before(text, at - 1);
            // `59B 200 "GET /x HTTP/1.1"`
            // `[10.0.0.1:42] 200 GET /x`
            let straight = prior == b' '
                && (text[at + 3..request] == *b" \""
                    || at >= 2 && text[at - 2] == b']' && text[at + 3..request] == *b" ");
            if (bar || squid || haproxy || straight)
                && let Some(status) = status_at(text, at)
            {
                found = Some(status);
                break;
            }
            while at < request && text[at].is_ascii_digit() {
                at += 1;
            }
        }
        at += 1;
    }
    found
}

fn timers_before(text: &[u8], end: usize) -> bool {
    let start = text[..end].iter().rposition(|b| *b == b' ').map_or(0, |i| i + 1);
    let token = &text[start..end];
    token.iter().filter(|b| **b == b'/').count() >= 3
        && token
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'+'))
}

/// The status after the request's end: `" 200 12`, ` -> 500`, ` 500 in 12ms`, `status: 200`, ` => 404`.
fn status_after(text: &[u8], end: usize) -> Option<u16> {
    // uWSGI: ` => generated 12 bytes in 3 msecs (HTTP/1.1 500) `
    if text[end.min(text.len())..].starts_with(b" => generated ") {
        let protocol = end + memchr::memmem::find(&text[end..], b"(HTTP/")?;
        return status_at(text, protocol + 1 + memchr::memchr(b' ', &text[protocol..])?);
    }
    let mut at = end;
    for _ in 0..4 {
        while matches!(
            byte(text, at),
            b' ' | b'"' | b'|' | b'\t' | b'-' | b'>' | b'=' | b':' | b'(' | b',' | b'['
        ) {
            at += 1;
        }
        if let Some(status) = status_at(text, at) {
            return Some(status);
        }
        let rest = &text[at.min(text.len())..];
        let word = rest
            .iter()
            .take(12)
            .take_while(|b| b.is_ascii_alphabetic() || **b == b'/' || **b == b'.')
            .count();
        let word = &rest[..word];
        // `HTTP/1.1`, `status:`, `returned`
        if word.starts_with(b"HTTP/") {
            at += word.len()
                + rest[word.len()..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || **b == b'.')
                    .count();
        } else if matches!(
            word,
            b"status" | b"Status" | b"returned" | b"responded" | b"code" | b"with" | b"statusCode"
        ) {
            at += word.len();
        } else if word == b"for" {
            // `GET /x for 10.0.0.1:0, 200 OK in 1.2ms`
            at += memchr::memmem::find(rest.get(..80).unwrap_or(rest), b", ")?;
        } else {
            return None;
        }
    }
    None
}

/// A line of the common log format, which web servers print: `host ident user [time] "request" status …`. Says where the
/// request's quote stands.
pub(crate) fn common(text: &str) -> Option<(Access<'_>, usize)> {
    let bytes = text.as_bytes();
    // Neither a host nor an address begins like an object, a priority, or a date.
    if matches!(bytes.first()?, b'{' | b'[' | b'<' | b' ' | b'\t')
        || bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-') && bytes[0].is_ascii_digit()
    {
        return None;
    }
    let open = memchr::memchr(b'[', &bytes[..bytes.len().min(160)])?;
    let day = bytes.get(open + 1..open + 12)?;
    if open < 5 || day[2] != b'/' || day[6] != b'/' || !day[0].is_ascii_digit() || bytes[open - 1] != b' ' {
        return None;
    }
    if bytes[..open].iter().filter(|b| **b == b' ').count() != 3 {
        return None;
    }
    let close = open + memchr::memchr(b']', &bytes[open..bytes.len().min(open + 40)])?;
    if bytes.get(close + 1..close + 3)? != b" \"" {
        return None;
    }
    let at = close + 3;
    let method = method_at(bytes, at)?;
    request(text, at, method).map(|access| (access, close + 2))
}

/// The answer before the operation: `[503 Service Unavailable] s3.PutObject host/path 31ms`.
pub(crate) fn answered(message: &str) -> Option<Access<'_>> {
    let rest = message.strip_prefix('[')?;
    let status = status_at(rest.as_bytes(), 0)?;
    let (reason, asked) = rest[3..].strip_prefix(' ')?.split_once("] ")?;
    if reason.len() > 40
        || !reason
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'-' | b'\''))
    {
        return None;
    }
    let mut words = asked.split(' ');
    Some(Access {
        method: words.next()?,
        target: words.next()?,
        status,
    })
}

/// The request in a line, if it is one of an access log.
pub(crate) fn parse(text: &str) -> Option<Access<'_>> {
    let bytes = text.as_bytes();
    let limit = bytes.len().min(2000);
    let mut at = 0;
    let mut tried = 0;
    while at < limit {
        let starts = at == 0 || matches!(bytes[at - 1], b' ' | b'"' | b'[' | b'\t' | b'|');
        if starts
            && bytes[at].is_ascii_uppercase()
            && let Some(length) = method_at(bytes, at)
        {
            tried += 1;
            if let Some(access) = request(text, at, length) {
                return Some(access);
            }
            if tried >= 3 {
                return None;
            }
        }
        at += 1;
    }
    None
}

/// A message may be the line of a request: it begins with who asked, with a sign or with a method, as no sentence does.
/// Gitea says who speaks before.
#[inline]
pub(crate) fn may_tell_request(message: &str) -> bool {
    match message.as_bytes() {
        [b'r', b'o', b'u', b't', b'e', b'r', b':', ..] => true,
        [b'A'..=b'Z', second, ..] => second.is_ascii_uppercase(),
        [b'{', second, ..] => *second != b'"',
        [first, _, ..] => !first.is_ascii_lowercase(),
        _ => false,
    }
}

/// A request that the server itself could not answer: a path, and a status from 500 on.
#[cold]
#[inline(never)]
pub(crate) fn failed(message: &str) -> Option<Access<'_>> {
    let bytes = message.as_bytes();
    // Where no such status stands, nothing else need be asked.
    let told = memchr::memchr_iter(b'5', bytes)
        .any(|at| at > 0 && bytes[at - 1] == b' ' && status_at(bytes, at).is_some());
    if !told {
        return None;
    }
    parse(message).filter(|access| access.status >= 500 && access.target.starts_with('/'))
}

fn request(text: &str, at: usize, method: usize) -> Option<Access<'_>> {
    let bytes = text.as_bytes();
    let quoted = at > 0 && bytes[at - 1] == b'"';
    let mut target = at + method;
    while matches!(byte(bytes, target), b' ' | b'"' | b'\t') {
        target += 1;
    }
    let target_quoted = byte(bytes, target - 1) == b'"';
    let length = bytes[target.min(bytes.len())..]
        .iter()
        .take_while(|b| !matches!(b, b' ' | b'"'))
        .count();
    let asked = text.get(target..target + length)?;
    let authority = || {
        asked
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.starts_with(|c: char| c.is_ascii_digit()))
    };
    if !(asked.starts_with('/') || asked.starts_with("http") || asked == "*" || authority()) {
        return None;
    }
    let mut end = target + length;
    if quoted && !target_quoted {
        // To the closing quote, which the protocol stands before. Gin has the status before it too.
        let rest = &bytes[end..];
        let quote = memchr::memchr(b'"', rest);
        if quote.is_some_and(|n| n <= PROTOCOL_BYTES) || !ends_with_protocol(rest) {
            end += quote.filter(|n| *n < 24)?;
        }
    }
    let status = status_after(bytes, end).or_else(|| status_before(bytes, at))?;
    Some(Access {
        method: &text[at..at + method],
        target: asked,
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_found_in_each_shape() {
        for (line, status) in [
            (
                r#"10.0.0.1 - - [02/Jan/2026:15:04:05 +0000] "GET /error HTTP/1.1" 200 12"#,
                200,
            ),
            (
                r#"10.0.0.1:4242 - "POST /api HTTP/1.1" 500 Internal Server Error"#,
                500,
            ),
            (
                r#"[GIN] 2026/01/02 - 15:04:05 | 503 |  1.2ms |  10.0.0.1 | GET      "/health""#,
                503,
            ),
            ("GET /api/items 502 12.3 ms - 20", 502),
            (
                r#"GET-14 - {None} Processed: 0.02sec 59B 503 "GET /sync HTTP/1.1" "agent""#,
                503,
            ),
            (
                "1767366245.123    120 10.0.0.1 TCP_MISS/504 4000 GET http://x.example/ - HIER_NONE/- -",
                504,
            ),
            (
                r#"10.0.0.1:4242 [02/Jan/2026:15:04:05.123] web~ app/s1 0/0/1/2/3 503 212 - - SC-- 1/1/0/0/0 0/0 "GET /x HTTP/1.1""#,
                503,
            ),
            (
                r#"10.0.0.1 "GET /v2/servers HTTP/1.1" status: 200 len: 1583 time: 0.19"#,
                200,
            ),
        ] {
            assert_eq!(parse(line).map(|a| a.status), Some(status), "{line}");
        }
    }

    #[test]
    fn sentences_about_requests_are_no_access_lines() {
        for line in [
            "failed to GET /x: timeout",
            "GET / was 500 times slower",
            "POST it",
            "REPORT : 500 5002 150 240",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}

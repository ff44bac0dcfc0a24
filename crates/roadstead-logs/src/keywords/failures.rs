//! What failed though no keyword is said: what could not be done, how a program ended, what ran out.

use super::{DENYING, among, before, byte, empty_value, of_token};

/// What a failure is called where no keyword is said. The first word, and what may follow it.
const FAILURES: [(&[u8], &[&[u8]]); 28] = [
    (b"got", &[b"signal "]),
    (b"server", &[b"crashed"]),
    (b"is", &[b"down:", b"unreachable"]),
    (
        b"could",
        &[
            b"not open",
            b"not bind",
            b"not connect",
            b"not read",
            b"not write",
            b"not find",
            b"not load",
            b"not create",
            b"not start",
            b"not access",
            b"not allocate",
            b"not resolve",
            b"not parse",
        ],
    ),
    (b"failure", &[b"in ", b"to ", b"while ", b"["]),
    (
        b"failed",
        &[
            b"to ", b"with ", b"after ", b"because", b"due ", b"during ", b"while ", b"- ",
        ],
    ),
    (b"database", &[b"is locked"]),
    (b"deadlock", &[b"detected"]),
    (b"too", &[b"many open files"]),
    (b"disk", &[b"full", b"is full"]),
    (
        b"certificate",
        &[b"signed by unknown", b"has expired", b"verify failed"],
    ),
    (b"unable", &[b"to "]),
    (
        b"cannot",
        &[
            b"open",
            b"bind",
            b"connect",
            b"read",
            b"write",
            b"send",
            b"find",
            b"load",
            b"create",
            b"start",
            b"access",
            b"allocate",
            b"resolve",
            b"parse",
        ],
    ),
    (
        b"couldn't",
        &[
            b"open", b"bind", b"connect", b"read", b"write", b"load", b"create", b"start", b"access",
            b"resolve",
        ],
    ),
    (b"out", &[b"of memory"]),
    (b"permission", &[b"denied"]),
    (b"operation", &[b"not permitted"]),
    (b"not", &[b"writable"]),
    (b"core", &[b"dumped"]),
    (b"has", &[b"crashed"]),
    (b"terminated", &[b"abnormally"]),
    (b"segmentation", &[b"fault", b"violation"]),
    (b"no", &[b"space left"]),
    (b"address", &[b"already in use"]),
    (b"connection", &[b"refused"]),
    (b"command", &[b"not found"]),
    (b"assertion", &[b"failed", b"`"]),
    (b"stack", &[b"overflow"]),
];

/// Whether the words of a message tell of a failure though none of them is a keyword.
pub(crate) fn failure(message: &[u8]) -> bool {
    let mut at = 0;
    while at < message.len() {
        if !message[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let start = at;
        while at < message.len()
            && (of_token(message[at])
                || message[at] == b'\'' && message.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
        {
            at += 1;
        }
        let word = &message[start..at];
        if matches!(word[0], b'e' | b'E' | b'f' | b'F') && ended_badly(word, &message[at..]) {
            return true;
        }
        if !(2..=12).contains(&word.len())
            || start > 0 && matches!(message[start - 1], b'/' | b'-' | b'.' | b'"' | b'\'')
        {
            continue;
        }
        let Some((_, tails)) = FAILURES
            .iter()
            .find(|(first, _)| first.eq_ignore_ascii_case(word))
        else {
            continue;
        };
        let rest = message[at..].strip_prefix(b" ").unwrap_or(&message[at..]);
        if word.eq_ignore_ascii_case(b"failed") && has_failed(message, start, rest) {
            return true;
        }
        if tails.iter().any(|tail| {
            rest.get(..tail.len())
                .is_some_and(|r| r.eq_ignore_ascii_case(tail))
        }) {
            return true;
        }
    }
    let over = message.trim_ascii_end();
    if [
        b" timed out".as_slice(),
        b" timed out.",
        b" crashed",
        b" crashed.",
        b" exceeded",
        b" exceeded.",
    ]
    .iter()
    .any(|end| over.ends_with(end))
    {
        return true;
    }
    // What a shell says.
    message.ends_with(b": not found")
        && (memchr::memmem::find(message, b": line ").is_some() || numbered_command(message))
        || message.starts_with(b"exec ") && message.ends_with(b": no such file or directory")
}

/// `exited with code 2`, `finished with exit status 137`, `failed=3`: how a program ended, by a number that is not 0.
fn ended_badly(word: &[u8], rest: &[u8]) -> bool {
    let number = |rest: &[u8]| rest.first().is_some_and(|b| matches!(b, b'1'..=b'9'));
    let coded = |rest: &[u8]| {
        [b"code ".as_slice(), b"status ", b"code: ", b"status: "]
            .iter()
            .any(|begins| rest.strip_prefix(*begins).is_some_and(number))
    };
    let Some((sign, rest)) = rest.split_first() else {
        return false;
    };
    if among(word, &[b"failed"]) {
        return *sign == b'=' && number(rest);
    }
    *sign == b' '
        && (among(word, &[b"exit", b"exited"]) && coded(rest)
            || among(word, &[b"exited"])
                && rest
                    .strip_prefix(b"with ")
                    .is_some_and(|rest| coded(rest) || rest.strip_prefix(b"exit ").is_some_and(coded)))
}

/// `query failed: why`, `it has failed!`, but neither `failed: 0` nor `3 failed`.
fn has_failed(message: &[u8], start: usize, rest: &[u8]) -> bool {
    let (prior, _) = before(message, start);
    let counted = prior.iter().all(u8::is_ascii_digit) || among(prior, &DENYING);
    let over = rest.trim_ascii_end().iter().all(|b| matches!(b, b'!' | b'.'));
    let why = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    // `failed: 3 files`, not `failed: 3`
    let of_many = |why: &[u8]| {
        let digits = why.iter().take_while(|b| b.is_ascii_digit()).count();
        digits == 0 || byte(why, digits) == b' ' && byte(why, digits + 1).is_ascii_alphabetic()
    };
    !counted && (over || why.is_some_and(|why| !why.is_empty() && !empty_value(why) && of_many(why)))
}

/// `sh: 1: command`
fn numbered_command(message: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', message) else {
        return false;
    };
    let rest = message[colon..].strip_prefix(b": ").unwrap_or_default();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    message[..colon].ends_with(b"sh") && digits > 0 && rest[digits..].starts_with(b": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_without_keywords() {
        for message in [
            "sh: 1: shop: not found",
            "/run.sh: line 12: shop: not found",
            "exec /app/shop: no such file or directory",
            "[hevc @ 0x55] Could not find a reference",
            "Authorization failed - look at what was typed in",
            "job 12 failed after 3 attempts",
            "backup failed: 3 files",
            "worker exited with exit code 1",
            "worker finished with exit code 137",
            "ok=3 changed=1 failed=2",
            "timeout of 300000ms exceeded",
            "database is locked",
            "accept: too many open files",
            "x509: certificate signed by unknown authority",
        ] {
            assert!(failure(message.as_bytes()), "{message}");
        }
        for message in [
            "item 12: not found",
            "worker exited with code 0",
            "finished with exit code 0",
            "ok=3 changed=1 failed=0",
            "synced: 12, failed: 3",
        ] {
            assert!(!failure(message.as_bytes()), "{message}");
        }
    }
}

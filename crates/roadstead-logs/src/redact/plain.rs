//! What stands where a secret may stand, and is none.

use super::keys::Key;

/// Words in place of any secret.
const NOTHING: [&str; 26] = [
    "true",
    "false",
    "null",
    "nil",
    "none",
    "undefined",
    "empty",
    "yes",
    "no",
    "missing",
    "required",
    "invalid",
    "incorrect",
    "expired",
    "unset",
    "redacted",
    "filtered",
    "masked",
    "hidden",
    "removed",
    "sensitive",
    "n/a",
    "void",
    "string",
    "str",
    "optional",
];

/// Words that are states where the name is not sure: `auth=ok`, but a password may be "ok".
const STATES: [&str; 34] = [
    "ok",
    "on",
    "off",
    "success",
    "successful",
    "succeeded",
    "failed",
    "failure",
    "fail",
    "error",
    "errors",
    "enabled",
    "disabled",
    "valid",
    "unknown",
    "default",
    "set",
    "present",
    "absent",
    "found",
    "denied",
    "granted",
    "allowed",
    "rejected",
    "refused",
    "revoked",
    "pending",
    "started",
    "closed",
    "opened",
    "active",
    "basic",
    "digest",
    "anonymous",
];

/// How a sentence goes on after "password:" or "token:".
const SENTENCE: [&str; 70] = [
    "a",
    "all",
    "already",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "authentication",
    "authorization",
    "bad",
    "but",
    "by",
    "can",
    "can't",
    "cannot",
    "contains",
    "could",
    "couldn't",
    "does",
    "doesn't",
    "ensure",
    "error",
    "expected",
    "expired",
    "failed",
    "failure",
    "field",
    "for",
    "from",
    "has",
    "have",
    "if",
    "in",
    "incorrect",
    "invalid",
    "is",
    "it",
    "login",
    "may",
    "mismatch",
    "missing",
    "must",
    "no",
    "not",
    "of",
    "on",
    "only",
    "permission",
    "please",
    "require",
    "required",
    "requires",
    "should",
    "that",
    "the",
    "they",
    "this",
    "too",
    "unable",
    "unexpected",
    "unknown",
    "user",
    "value",
    "was",
    "we",
    "wrong",
    "you",
    "your",
];

/// Whether the whole value says nothing: absent, masked already, or a place where a secret is put in later.
pub(super) fn is_harmless(value: &str, key: Key) -> bool {
    let core = value.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}']);
    let is_mask = |byte: u8| matches!(byte, b'*' | b'.' | b'-' | b'#' | b'_');
    if core.is_empty()
        || core.bytes().all(is_mask)
        || core.chars().all(|sign| matches!(sign, '•' | '●' | '…'))
    {
        return true;
    }
    let within =
        |open: &str, close: &str| value.starts_with(open) && value.ends_with(close) && value.len() <= 48;
    if within("<", ">")
        && !value.contains(|c: char| !c.is_ascii_alphabetic() && !matches!(c, '<' | '>' | ' ' | '_' | '-'))
    {
        return true;
    }
    if (core.len() >= 3 && core.bytes().all(|byte| matches!(byte, b'x' | b'X')))
        || within("${", "}")
        || within("{{", "}}")
    {
        return true;
    }
    // A block of YAML begins on the next line.
    if matches!(core, "|" | ">" | "|-" | ">-" | "|+" | ">+") {
        return true;
    }
    if matches!(core, "%s" | "%v" | "%d" | "%q" | "{" | "$" | "%") || within("%(", ")s") {
        return true;
    }
    if let Some(name) = value.strip_prefix('$')
        && (is_upper_name(name) || (name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_digit())))
    {
        return true;
    }
    let bracketless = core
        .trim_start_matches(['[', '(', '<', '{', '*'])
        .trim_end_matches(['>', '*']);
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(bracketless));
    // A slash stands in counts: `auth=0/1`.
    let is_short_number =
        |most: usize| core.len() < most && core.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/');
    match key {
        Key::Strong => is(&NOTHING),
        // A status or an error has three digits, a count few; a one-time password has six.
        Key::Weak | Key::Quiet | Key::Parameter => is(&NOTHING) || is(&STATES) || is_short_number(6),
        Key::Code => !is_code(core),
        Key::Authorization | Key::Cookie => is(&NOTHING) || is(&STATES),
    }
}

fn is_upper_name(name: &str) -> bool {
    name.len() >= 2
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a sentence goes on here. Where the name is sure, only what a sentence would say keeps the word.
pub(super) fn is_prose(text: &str, key: Key) -> bool {
    // No word of a sentence is longer, so that a long text is not read again and again.
    let mut words = text.split_ascii_whitespace();
    let (Some(first), Some(second)) = (words.next(), words.next()) else {
        return false;
    };
    let word = |word: &str| -> bool {
        let core = word.trim_end_matches(['.', ',', ';', ':', '!']);
        core.len() <= 24
            && !core.is_empty()
            && core
                .bytes()
                .skip(1)
                .all(|byte| byte.is_ascii_lowercase() || byte == b'\'')
            && core.as_bytes()[0].is_ascii_alphabetic()
    };
    if !word(first) {
        return false;
    }
    match key {
        Key::Strong => {
            let core = first
                .trim_end_matches(['.', ',', ';', ':', '!'])
                .to_ascii_lowercase();
            SENTENCE.contains(&core.as_str())
        }
        _ => second
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'"' | b'\'' | b'(' | b'<')),
    }
}

/// Whether a word of a sentence is more than a word: signs, digits, or capitals within it.
pub(super) fn looks_secret(word: &[u8]) -> bool {
    let core = word.strip_suffix(b".").unwrap_or(word);
    core.len() >= 5
        && !core.starts_with(b"<")
        && core.iter().skip(1).any(|byte| {
            !byte.is_ascii_lowercase() && !matches!(byte, b'-' | b'\'' | b':' | b',' | b' ' | b')')
        })
        && !core.contains(&b' ')
}

/// Whether people type this in: four digits or more, perhaps in groups and with letters.
fn is_code(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    digits >= 4 && (is_number && digits <= 12 || shows_itself(value.as_bytes()))
}

/// Whether a word after a name that is not sure is a value, and no word of a sentence, file or host.
pub(super) fn shows_itself(word: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    let ends_as_name = || {
        let ending = word
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_lowercase())
            .count();
        (2..=5).contains(&ending) && word.iter().rev().nth(ending) == Some(&b'.')
    };
    word.len() >= 6
        && word.iter().all(u8::is_ascii_graphic)
        && !matches!(word[0], b'/' | b'.' | b'<' | b'[' | b'(' | b'{')
        && memchr::memmem::find(word, b"://").is_none()
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit)
            || has(|byte| matches!(byte, b'!' | b'$' | b'%' | b'^' | b'*' | b'+' | b'=' | b'#' | b'~'))
            || word.len() >= 20 && word.iter().all(u8::is_ascii_alphabetic))
        && !ends_as_name()
}

/// Whether a word was drawn by lot: no name is written so.
pub(super) fn looks_random(word: &[u8]) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let mut seen = [0_usize; 4];
    let (mut changes, mut before) = (0, 3);
    for byte in word {
        let found = kind(*byte);
        seen[found] += 1;
        // `Base64Encoder` changes where its words begin, and seldom.
        changes += usize::from(found != before && (before, found) != (1, 0));
        before = found;
    }
    let [small, large, digits, signs] = seen;
    let is_whole = word.first().is_some_and(u8::is_ascii_alphanumeric)
        && word.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.' | b'~')
        });
    let is_mixed = small > 0 && large > 0 && digits > 0 && changes * 4 >= word.len();
    let is_one_case = signs == 0 && word.len() >= 16 && digits >= 4 && small + large > 0;
    let is_hex = || {
        let is_hex = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
        word.len() >= 24 && digits > 0 && word.iter().all(is_hex)
    };
    is_whole && word.len() >= 10 && (is_mixed || is_one_case || is_hex())
}

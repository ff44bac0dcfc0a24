//! The words that programs write in their messages, to tell them from the names that people give.
//!
//! `vocabulary.txt` holds the words of three letters and more that stand in the messages of at least eight of some 1,500
//! open-source libraries and tools (string literals of three words and more), without the forms that [`known`] derives
//! and without given names; words with a hyphen where at least five write them, with a slash where three do. Verbs,
//! adjectives and adverbs that are hardly ever nouns are among them where one writes them, or where English texts do
//! often: what can be a thing may be somebody's name for one, how a thing is may not. Added by hand are the nouns that masking
//! goes by, the words for levels, and a few dozen terms of the field (`workflow`, `failover`, `dead-letter`). What is not
//! among them is a name: of a person, a shop, a container, a database.
//!
//! It deliberately knows nothing of other tongues: a message in one is left as it is.

use std::sync::LazyLock;

use super::words::failure;

/// The words, sorted, and where those begin that have the same first two letters.
struct Vocabulary {
    words: Vec<&'static [u8]>,
    starts: [u16; LETTERS * LETTERS + 1],
}

const LETTERS: usize = 26;

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let words: Vec<&[u8]> = include_str!("vocabulary.txt")
        .lines()
        .map(str::as_bytes)
        .collect();
    let mut starts = [0; LETTERS * LETTERS + 1];
    for (pair, start) in starts.iter_mut().enumerate() {
        *start = words.partition_point(|word| pair_of(word).is_some_and(|of| of < pair)) as u16;
    }
    Vocabulary { words, starts }
});

/// Which of the pairs of letters a word begins with.
fn pair_of(word: &[u8]) -> Option<usize> {
    let letter = |at: usize| {
        let letter = word.get(at)?.wrapping_sub(b'a');
        (usize::from(letter) < LETTERS).then_some(usize::from(letter))
    };
    Some(letter(0)? * LETTERS + letter(1)?)
}

/// Longest word that is looked up, in bytes; longer ones are no words.
const LONGEST: usize = 24;

/// Endings, and what stands in their place in the word that is looked up instead.
const ENDINGS: [(&str, &[&str]); 14] = [
    ("ies", &["y"]),
    ("ied", &["y"]),
    ("es", &["", "e"]),
    ("s", &[""]),
    ("ing", &["", "e"]),
    ("ings", &["", "e"]),
    ("ed", &["", "e"]),
    ("er", &["", "e"]),
    ("ers", &["", "e"]),
    ("or", &["", "e"]),
    ("ly", &["", "le"]),
    ("able", &["", "e"]),
    ("ation", &["e"]),
    ("ness", &[""]),
];

const BEGINNINGS: [&str; 10] = [
    "un", "re", "non", "mis", "de", "over", "pre", "sub", "auto", "multi",
];

fn listed(word: &[u8]) -> bool {
    pair_of(word).is_some_and(|pair| {
        let of_pair = usize::from(VOCABULARY.starts[pair])..usize::from(VOCABULARY.starts[pair + 1]);
        VOCABULARY.words[of_pair].binary_search(&word).is_ok()
    })
}

/// Whether a word in small letters, or one that it is derived from, is among them.
fn known(word: &[u8]) -> bool {
    if word.len() < 3 || listed(word) {
        return true;
    }
    let mut derived = [0; LONGEST];
    ENDINGS.iter().any(|(ending, instead)| {
        word.strip_suffix(ending.as_bytes()).is_some_and(|stem| {
            let doubled = stem.len() > 3 && stem[stem.len() - 1] == stem[stem.len() - 2];
            doubled && listed(&stem[..stem.len() - 1])
                || stem.len() >= 2
                    && instead.iter().any(|end| {
                        let length = stem.len() + end.len();
                        derived[..stem.len()].copy_from_slice(stem);
                        derived[stem.len()..length].copy_from_slice(end.as_bytes());
                        listed(&derived[..length])
                    })
        })
    })
}

/// Whether a word of any case is one that programs write.
fn ordinary(word: &str) -> bool {
    let mut small = [0; LONGEST];
    let Some(small) = small.get_mut(..word.len()) else {
        return false;
    };
    small.copy_from_slice(word.as_bytes());
    small.make_ascii_lowercase();
    known(small)
        || BEGINNINGS.iter().any(|beginning| {
            small
                .strip_prefix(beginning.as_bytes())
                .is_some_and(|stem| stem.len() >= 4 && known(stem))
        })
}

/// The words of `dataSource`, `HTTPServer` and `URL`.
fn humps(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= bytes.len() {
            return None;
        }
        let capital = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
        let small = |at: usize| bytes.get(at).is_some_and(|b| !b.is_ascii_uppercase());
        let mut to = from + 1;
        while to < bytes.len()
            && !(small(to - 1) && capital(to) || capital(to - 1) && capital(to) && small(to + 1))
        {
            to += 1;
        }
        let word = &name[from..to];
        from = to;
        Some(word)
    })
}

/// Whether one of the words of a name in humps is one that programs write. So short ones are few.
fn within(word: &str) -> bool {
    const SHORT: [&str; 25] = [
        "Id", "Ip", "Db", "Io", "Os", "Ui", "Ok", "No", "To", "Of", "In", "On", "Is", "As", "At", "By", "Up",
        "Or", "An", "My", "Tx", "Rx", "Fs", "Go", "Js",
    ];
    match word.len() {
        2 if word.starts_with(|c: char| c.is_ascii_uppercase()) => SHORT.contains(&word),
        _ => ordinary(word),
    }
}

/// Parts and ends of words with a hyphen that say how something is: `read-only`, `up-to-date`, `user-defined`.
const SMALL: [&str; 47] = [
    "to", "of", "in", "on", "up", "by", "the", "and", "or", "a", "no", "not", "out", "off", "as", "at", "if",
    "for", "only", "down", "over", "with", "all", "any", "be", "is", "it", "non", "re", "pre", "multi",
    "sub", "auto", "un", "self", "one", "two", "three", "per", "low", "high", "half", "full", "zero", "null",
    "so", "co",
];
const HOW: [&str; 17] = [
    "ed",
    "ing",
    "able",
    "ible",
    "ly",
    "based",
    "like",
    "safe",
    "level",
    "side",
    "time",
    "sensitive",
    "specific",
    "free",
    "only",
    "aware",
    "wide",
];

/// A word with a hyphen that is none of the vocabulary's and does not say how something is: what programs write so are
/// words, what people write so are names, `ops-webhook` or `session-cache`.
fn joined(word: &str) -> bool {
    word.contains('-')
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        && !listed(word.as_bytes())
        && !word.strip_suffix('s').is_some_and(|one| listed(one.as_bytes()))
        && !word.split('-').any(|part| SMALL.contains(&part))
        && !HOW.iter().any(|end| word.ends_with(end))
}

/// Two words with a slash that programs do not write so: `ops/deploy` is whose it is and what.
fn slashed(word: &str) -> bool {
    word.bytes().filter(|b| *b == b'/').count() == 1
        && word.len() <= LONGEST
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'/')
        && !word.starts_with('/')
        && !word.ends_with('/')
        && !listed(word.as_bytes())
}

/// A word of letters, parted by `-`, `_`, `.`, `/` or humps, one of which no program writes. Abbreviations in capitals
/// tell something, and so do the classes of what went wrong.
pub(super) fn given(token: &str) -> bool {
    if token.len() < 3 || failure(token) || !token.bytes().any(|b| b.is_ascii_lowercase()) {
        return false;
    }
    if joined(token) || slashed(token) || !token.is_ascii() {
        return true;
    }
    token
        .split(['-', '_', '.', '/', ':', '@', '$', '#', '+', '\\', '~', '&'])
        .filter(|part| part.bytes().any(|b| b.is_ascii_lowercase()))
        .any(|part| {
            if part.bytes().skip(1).any(|b| b.is_ascii_uppercase()) {
                humps(part).any(|word| word.bytes().any(|b| b.is_ascii_lowercase()) && !within(word))
            } else {
                !ordinary(part)
            }
        })
}

/// Whether a message is in the tongue of the vocabulary: at least half of its words are among it, or one of very few.
pub(super) fn spoken(message: &str) -> bool {
    const MOST: usize = 40;
    // So few words say little about the tongue.
    const FEW: usize = 4;
    let (mut all, mut of_it) = (0, 0);
    for word in message
        .split_ascii_whitespace()
        .map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()))
        .filter(|word| word.len() >= 2 && word.bytes().all(|b| b.is_ascii_alphabetic()))
        .take(MOST)
    {
        all += 1;
        of_it += usize::from(!given(word));
    }
    of_it * 2 >= all || all < FEW && of_it > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_in_small_letters() {
        let words = &VOCABULARY.words;
        assert!(words.is_sorted());
        assert!(words.iter().all(|word| {
            word.iter()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'/'))
        }));
        assert!(words.len() > 3000);
        assert!(words.iter().all(|word| listed(word)));
    }

    #[test]
    fn words_of_programs_and_their_forms_are_told_from_names() {
        for word in [
            "connection",
            "refused",
            "retrying",
            "stopped",
            "queries",
            "Unable",
            "unauthorized",
            "client_login_timeout",
            "initAndListen",
            "HTTPServer",
            "reconnecting",
            "read/write",
            "read-only",
            "comma-separated",
            "keep-alive",
            "ECONNREFUSED",
            "KafkaException",
        ] {
            assert!(!given(word), "{word}");
        }
        for word in [
            "otto",
            "nextcloud",
            "Keycloak",
            "mara/infra",
            "lan-otp",
            "UsenetC",
            "kitchen",
            "ops-webhook",
        ] {
            assert!(given(word), "{word}");
        }
    }

    #[test]
    fn a_message_in_another_tongue_is_known_as_such() {
        assert!(spoken("connection to shop failed"));
        assert!(!spoken("Verbindung zum Lager konnte nicht hergestellt werden"));
        assert!(!spoken("a raktar ajtajat nem lehet kinyitni most"));
    }
}

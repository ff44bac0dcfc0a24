//! Names that people give, told from words by where they stand: behind the noun for their kind, before what they did,
//! behind their label, among words that begin with a capital.

use super::vocabulary;
use super::words::{
    ACTED, ACTORS, CAUSES, CODES, KINDS, LABELS, NAME_ENDS, NAMED, NAMES, NO_ACTORS, NO_NAMES, NOUNS, PLACES,
    REASONS, SAID, Words, closes_name, failure, in_humps, one_of,
};
use super::{MOST_READ, Masking, byte};
use crate::shape;

/// Words in small letters within a title.
const WITHIN: &Words = &Words::of("of the and a an in on to for");
/// Most words of one name.
const MOST_WORDS: usize = 8;

impl<'t> Masking<'t> {
    /// Whether a token without digits is a name: the value of a key that holds one, or a word that stands where names do.
    pub(super) fn is_chosen_name(&self, token: &str, key: &str, begin: usize) -> bool {
        if !key.is_empty() {
            let named = one_of(key, NAMES)
                || NAME_ENDS.iter().any(|end| key.ends_with(*end))
                || self.fields.contains(&begin);
            let set = matches!(token, "true" | "false");
            return set || named && !one_of(key, CODES) && !one_of(key, REASONS);
        }
        if self.key == token || token.len() > 64 {
            return false;
        }
        if self.out.ends_with(": ") && (self.barred() || matches!(token, "YES" | "NO")) {
            return true;
        }
        let spaced = self.out.ends_with(' ');
        if spaced && (self.acting(token) || self.placed(token)) || self.snake(token, begin) {
            return true;
        }
        // `name: otto` and `[name: otto]`
        if self.out.ends_with(": ") && one_of(self.last, LABELS) && !one_of(token, NO_NAMES) {
            return true;
        }
        if self.appended() || self.labelled(token) || spaced && self.titled(token) {
            return true;
        }
        // `packageName = org.shop`
        if self.out.ends_with(" = ")
            && self.last.len() > 4
            && NAME_ENDS.iter().any(|end| self.last.ends_with(*end))
        {
            return !matches!(token, "true" | "false");
        }
        if spaced
            && one_of(self.last, KINDS)
            && (token.bytes().any(|b| matches!(b, b'-' | b'_' | b'/' | b'.')) || in_humps(token))
        {
            return true;
        }
        // `port = 25, tls = true`
        if matches!(token, "true" | "false")
            && self.out.ends_with(" = ")
            && self.out.matches(" = ").count() > 2
        {
            return true;
        }
        if spaced && one_of(self.last, NOUNS) {
            let next = byte(self.bytes, self.at);
            return !one_of(token, NO_NAMES) && matches!(next, b' ' | 0 | b',' | b'.' | b')' | b':');
        }
        spaced
            && self.last == "for"
            && self.bytes[self.at..].starts_with(b" from ")
            && byte(self.bytes, self.at + 6).is_ascii_digit()
    }

    /// `what happened | Type: value | Retry Interval: value`
    pub(super) fn barred(&self) -> bool {
        let closes = matches!(byte(self.bytes, self.at), 0) || self.bytes[self.at..].starts_with(b" |");
        closes
            && self.out.rsplit_once(" | ").is_some_and(|(_, label)| {
                let label = label.trim_end_matches(": ");
                label.len() <= 24
                    && label.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ')
                    && !one_of(
                        self.last,
                        const { &Words::of("error err reason message msg cause status code detail") },
                    )
            })
    }

    /// `plugin shop loaded`: who did it, where a noun for its kind stands before and a verb, its source or its number
    /// behind.
    pub(super) fn acting(&self, token: &str) -> bool {
        (one_of(self.last, ACTORS) || self.last == "process")
            && self.out.ends_with(&[self.last, " "].concat())
            && !one_of(token, NO_NAMES)
            && !one_of(token, NO_ACTORS)
            && (self.text[self.at..].starts_with(": ") && called(token)
                || self.text[self.at..].strip_prefix(' ').is_some_and(|rest| {
                    let verb = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                    one_of(&rest[..verb], ACTED)
                        || rest.starts_with("from /")
                        || rest.starts_with('(')
                            && rest[1..]
                                .trim_start_matches(|c: char| c.is_ascii_digit())
                                .starts_with(')')
                }))
    }

    /// `permission denied for table shop`: a name behind the noun for its kind, at the end of a clause.
    pub(super) fn placed(&self, token: &str) -> bool {
        /// Nouns whose names are nouns as well: `table accounts`.
        const OF_DATABASES: &Words =
            &Words::of("table relation index view sequence schema constraint collection trigger partition");
        /// What is said of such a one.
        const NO_ROWS: &Words = &Words::of(
            "scan lock locks space name names file files row rows size structure definition cache data page pages entry \
            entries error errors is was does not in on of for to from with has",
        );
        if !one_of(self.last, PLACES) || !self.out.ends_with(&[self.last, " "].concat()) || !called(token) {
            return false;
        }
        let other = if one_of(self.last, OF_DATABASES) {
            one_of(token, NO_ROWS)
        } else {
            one_of(token, NO_NAMES) || one_of(token, NO_ACTORS)
        };
        !other && closes_name(&self.text[self.at..])
    }

    /// `Starting mailer worker`: a name before the noun for its kind, behind what is done to it, at the end of a clause.
    pub(super) fn titled(&self, token: &str) -> bool {
        const DONE_TO: &Words = &Words::of(
            "starting stopping killing loading loaded started stopped initializing enabling disabling registering setting \
            mounting running restarting unloading installing creating removing for the start stop load",
        );
        let rest = &self.text[self.at..];
        let Some(next) = rest.strip_prefix(' ') else {
            return false;
        };
        let noun = next.bytes().take_while(u8::is_ascii_alphabetic).count();
        one_of(self.last, DONE_TO)
            && called(token)
            && one_of(
                &next[..noun],
                const {
                    &Words::of(
                        "worker process plugin module integration service container provider task job controller component \
                        extension addon platform driver adapter connector listener router queue theme cache",
                    )
                },
            )
            && closes_name(&next[noun..])
    }

    /// `no such table: shop`: what there is none of, behind the noun for its kind, at the end of a clause.
    pub(super) fn labelled(&self, token: &str) -> bool {
        const LACKING: &Words = &Words::of(
            "database table column domain topic queue bucket device realm client host container volume image \
            repository plugin option argument command variable parameter property attribute setting function \
            directory field relation collection index channel peer connection",
        );
        self.out.ends_with(": ")
            && (one_of(self.last, LACKING) || one_of(self.last, NAMES) || one_of(self.last, NAMED))
            && called(token)
            && matches!(byte(self.bytes, self.at), 0 | b',' | b'.' | b';' | b')')
            && self
                .out
                .strip_suffix(": ")
                .and_then(|out| out.strip_suffix(self.last))
                .is_some_and(|before| before.ends_with([' ', '(', '[']))
    }

    /// `db:shop`: a name with its key.
    pub(super) fn keyed_name(&mut self, token: &'t str) -> bool {
        let Some((key, name)) = token.split_once(':') else {
            return false;
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        if !(one_of(key, NAMES) || one_of(key, NAMED) || key == "db")
            || !name.bytes().all(plain)
            || !name.bytes().any(|b| b.is_ascii_alphabetic())
        {
            return false;
        }
        self.keep(key);
        self.out.push(':');
        if self.text[self.at..].starts_with('<') {
            self.last = "";
        } else {
            self.hide("<*>");
        }
        true
    }

    /// `what happened, module: shop` at its end or before the next comma.
    pub(super) fn appended(&self) -> bool {
        matches!(byte(self.bytes, self.at), 0 | b',' | b')' | b';')
            && (one_of(self.last, KINDS) || one_of(self.last, ACTORS))
            && self
                .out
                .strip_suffix(": ")
                .and_then(|out| out.strip_suffix(self.last))
                .is_some_and(|out| out.ends_with(", "))
    }

    /// `relation shop_items is gone`: a name that somebody or some program gave, in the midst of a sentence.
    pub(super) fn snake(&self, token: &str, begin: usize) -> bool {
        let prior = if begin > 0 { self.bytes[begin - 1] } else { b'(' };
        let next = byte(self.bytes, self.at);
        // `Login failed: admin (from 10.0.0.1)`
        if self.out.ends_with("ogin failed: ") && self.bytes[self.at..].starts_with(b" (") {
            return true;
        }
        self.out.len() > 3
            && prior == b' '
            && !matches!(next, b'(' | b':' | b'=' | b'{' | b'[')
            && !(self.out.ends_with(": ") && one_of(self.last, CAUSES))
            && memchr::memchr2(b'_', b'.', token.as_bytes()).is_some()
            && !shape::source(token)
            && token
                .split(['_', '.'])
                .all(|part| part.len() > 1 && part.bytes().all(|b| b.is_ascii_lowercase()))
    }

    /// The quote that ends at `end` ends the message too, and a word for what was given stands before it with a colon.
    pub(super) fn given(&self, end: usize) -> bool {
        self.text[end..].trim_end().is_empty()
            && self.out.ends_with(": ")
            && one_of(
                self.last,
                const { &Words::of("matched line input record payload data value body content text string near") },
            )
    }

    /// Two blanks behind a noun whose name is empty: `user  from 10.0.0.1`.
    pub(super) fn nameless(&mut self) {
        let rest = &self.text[self.at..];
        if !rest.starts_with("  ") || !one_of(self.last, NOUNS) || !self.out.ends_with(self.last) {
            return;
        }
        let next = rest.trim_start();
        let word = next.split(' ').next().unwrap_or_default();
        if next.starts_with('[') || one_of(word, NO_NAMES) {
            self.out.push(' ');
            self.hide("<*>");
        }
    }

    /// `user <otto>`
    pub(super) fn pointed_name(&mut self) -> bool {
        let rest = &self.text[self.at + 1..];
        let noun = self
            .out
            .strip_suffix(' ')
            .is_some_and(|out| out.ends_with(self.last))
            && (one_of(self.last, NOUNS) || one_of(self.last, KINDS) || one_of(self.last, NAMED));
        let length = rest
            .find(['>', ' ', '<'])
            .filter(|length| (1..=80).contains(length));
        match length {
            Some(length) if noun && rest.as_bytes()[length] == b'>' => {
                self.at += length + 2;
                self.hide("<*>");
                true
            }
            _ => false,
        }
    }

    /// A word that no program writes, in a message whose other words are. What has a sign before it is an event's name:
    /// `+sdown`.
    pub(super) fn is_given(&mut self, token: &str, begin: usize) -> bool {
        let signed = begin > 0 && matches!(self.bytes[begin - 1], b'+' | b'-' | b'#');
        let text = self.text;
        !signed
            && vocabulary::given(token)
            && *self
                .spoken
                .get_or_insert_with(|| vocabulary::spoken(&text[..text.floor_char_boundary(MOST_READ)]))
    }

    /// A word that no program writes, with the words beside it that begin with a capital: `Old Harbour Tracker`.
    pub(super) fn hide_given(&mut self) {
        for _ in 0..MOST_WORDS {
            let Some(before) = self.out.strip_suffix(' ') else {
                break;
            };
            let word = before.rsplit(' ').next().unwrap_or(before);
            // The first word of a sentence has a capital without being a name.
            let kept = before.len() - word.len();
            let midst = before[..kept]
                .strip_suffix(' ')
                .is_some_and(|earlier| !earlier.ends_with(['.', ':', ';', '!', '-', ']', '|']));
            if !midst || !capital(word) || word.contains(['[', '(', '{']) {
                break;
            }
            self.out.truncate(kept);
        }
        self.rest_of_title();
        self.hide("<*>");
    }

    /// Steps over the words with capitals that go on with a name.
    pub(super) fn rest_of_title(&mut self) {
        for _ in 0..MOST_WORDS {
            let Some(rest) = self.text[self.at..].strip_prefix(' ') else {
                break;
            };
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-')))
                .unwrap_or(rest.len());
            let word = &rest[..length];
            let initial = length <= 2 && rest.starts_with(char::is_uppercase) && word.chars().count() == 1;
            if one_of(word, WITHIN) && self.leads_to_capital(self.at + 1 + length) {
                self.at += 1 + length;
                continue;
            }
            if !(initial || capital(word)) || rest[length..].starts_with([':', '=', '(', '{', '/']) {
                break;
            }
            self.at += 1 + length + usize::from(initial && rest[length..].starts_with('.'));
        }
    }

    /// Words of a title in small letters stand at `at`, and one with a capital behind them.
    fn leads_to_capital(&self, at: usize) -> bool {
        let mut words = self.text[at..].split(' ').skip(1);
        let next = words.by_ref().take(2).find(|word| !one_of(word, WITHIN));
        next.is_some_and(|word| capital(word.trim_end_matches([',', '.', ';'])))
    }

    /// `Scanning disk for The Salt Road`: words with capitals behind a preposition or a noun for their kind, at the end of
    /// a clause or before a version.
    pub(super) fn entitled(&mut self, token: &str) -> bool {
        const BEFORE: &Words = &Words::of("for of from by on to in with user importing scanning");
        let spaced = self.out.ends_with(&[self.last, " "].concat());
        let labelled = self.out.ends_with(&[self.last, ": "].concat());
        let small = self.last.starts_with(|c: char| c.is_ascii_lowercase());
        let of_kind = || {
            [KINDS, ACTORS, PLACES, NAMED]
                .iter()
                .any(|nouns| one_of(self.last, nouns))
                || self.last == "query"
        };
        let before = spaced && one_of(self.last, BEFORE);
        let kind = !before && (spaced && small || labelled) && of_kind();
        if !(before || kind) || !capital(token) {
            return false;
        }
        let mut at = self.at;
        let mut end = at;
        let mut count = 1;
        for _ in 0..MOST_WORDS {
            let Some(rest) = self.text[at..].strip_prefix(' ') else {
                break;
            };
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-')))
                .unwrap_or(rest.len());
            let word = &rest[..length];
            at += 1 + length;
            if capital(word) {
                count += 1;
                end = at;
            } else if !one_of(word, WITHIN) {
                break;
            }
        }
        let rest = &self.text[end..];
        let version = || {
            rest.strip_prefix(" v")
                .or_else(|| rest.strip_prefix(' '))
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let closed = match (before, spaced) {
            (true, _) => count > 1 && closes_name(rest),
            // `plugin Old Harbour v1.2`, `query Latency: what happened`
            (false, true) => {
                version()
                    || rest.starts_with(": ")
                    || rest.starts_with(" (")
                    || count > 1 && closes_name(rest)
            }
            // `Loaded plugin: Old Harbour 1.2`
            (false, false) => version(),
        };
        if !closed {
            return false;
        }
        self.at = end;
        self.hide("<*>");
        true
    }

    /// `section 3 (TV Shows)`: behind a number or a name its other name.
    pub(super) fn also(&mut self) -> bool {
        let numbered = self.out.ends_with("<N> ") || self.out.ends_with("<*> ");
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest
            .find([')', '(', ':', '='])
            .filter(|length| (1..=80).contains(length))
        else {
            return false;
        };
        let inner = &rest[..length];
        // `(TID 7)` is a label with its number.
        let begins = inner.starts_with(char::is_alphabetic) && !inner.bytes().any(|b| b.is_ascii_digit());
        let named = !inner.contains(' ')
            || inner.split(' ').all(|word| capital(word) || word.len() <= 3)
                && inner.split(' ').count() <= MOST_WORDS;
        // `compaction (start)` tells which end of it.
        let telling = inner.bytes().all(|b| b.is_ascii_lowercase()) && !vocabulary::given(inner);
        if !numbered || !rest[length..].starts_with(')') || !begins || !named || telling {
            return false;
        }
        self.at += length + 2;
        self.out.push('(');
        self.hide("<*>");
        self.out.push(')');
        true
    }
}

/// It begins with a capital and goes on in small letters, and names nothing that went wrong.
pub(super) fn capital(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase)
        && chars.next().is_some_and(|c| c.is_lowercase() || c == '\'')
        && !failure(word)
}

/// A word that may be a name, and does not say how something is: `volume shop: full` rather than `volume full: /srv`.
fn called(word: &str) -> bool {
    word.len() > 2
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !["ed", "ing", "able", "ible", "ure", "ion"]
            .iter()
            .any(|end| word.ends_with(end))
        && !one_of(word, SAID)
}

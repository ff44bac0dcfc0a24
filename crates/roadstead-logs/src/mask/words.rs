//! The words that masking goes by, and what it asks of stretches of a message.

use std::ops::Range;

/// Words after which a number is the name of a trouble.
pub(super) const CODES: &Words = &Words::of(
    "status statuscode status_code code errno error http exit signal sqlstate errorcode error_code \
    exitcode exit_code retcode rc returned response err hresult exited failed winerror",
);
/// Keys whose value is a name somebody chose, even if it is a word.
pub(super) const NAMES: &Words = &Words::of(
    "user username userid user_id login account ruser rhost host hostname server client ip addr \
    address remote name id container pod node instance device dev session session_id request_id \
    req_id trace_id span_id path file filename url uri email job queue topic key token image tag \
    domain pkg tenant",
);
/// Keys whose value says what went wrong.
pub(super) const REASONS: &Words =
    &Words::of("reason msg message cause errmsg detail exception state level type");
/// Most words between quotes that are taken for one value.
pub(super) const QUOTED_WORDS: usize = 3;
/// Most words between quotes that are taken for the name of what the noun before them is.
pub(super) const NAME_WORDS: usize = 8;
/// Nouns before a name between quotes.
pub(super) const NAMED: &Words = &Words::of(
    "workflow filter monitor dashboard alert rule library album playlist movie series folder file \
    plugin module job task user account group device service client channel room topic queue stream index table \
    database bucket volume container image server node host session report script automation entity integration \
    project repository recipe book document page list feed profile named called title name item torrent episode podcast song \
    track artist author camera zone category collection product",
);
/// Ends of keys whose value is a name somebody chose.
pub(super) const NAME_ENDS: [&str; 10] = [
    "name", "Name", "Package", "_id", "_ip", "_host", "_user", "id", "Id", "ID",
];
/// Labels with a colon before such a name.
pub(super) const LABELS: &Words =
    &Words::of("name user username uid login hostname id email account file path ip");
/// Nouns before a name that is no plain word: `service init-db: starting`.
pub(super) const KINDS: &Words = &Words::of(
    "host hostname container pod service client device topic queue group node job task worker plugin \
    module index table database bucket volume network image instance connection folder session \
    job_id repo repository field metric measurement tag column rule machine",
);
/// Keys of numbers, which are no hosts: `pid:12`.
pub(super) const KEYED: &Words = &Words::of(
    "pid tid id uid gid cid sid ppid line col row code seq size count len count index idx page rev",
);
/// Nouns before the name of one of their kind.
pub(super) const NOUNS: &Words = &Words::of("user username");
/// Nouns before the name of one of their kind that did something or had it done.
pub(super) const ACTORS: &Words = &Words::of(
    "application app plugin module service container job task worker addon add-on extension theme component integration \
    volume table database bucket index queue topic channel device indexer provider feed monitor repository repo camera sensor \
    upstream backend node pod peer subscription partition tunnel zone",
);
/// Nouns before the name of one of their kind at the end of a clause: `permission denied for table shop`.
pub(super) const PLACES: &Words = &Words::of(
    "database table realm role relation schema extension domain plugin module client group vhost exchange provider \
    strategy target step task job service container component integration collection bucket repository repo branch tag \
    channel topic queue device entity sensor library playlist account folder tenant project workspace namespace cluster \
    node host peer volume network image worker workflow pipeline stage dashboard platform theme addon add-on indexer feed \
    tracker camera zone interface upstream backend listener router middleware datasource constraint sequence \
    view trigger partition subscription publication slot replica shard keyspace measurement organization org team \
    application app package pool hostname server",
);
/// What follows such a name.
const BEHIND_NAMES: &Words = &Words::of(
    "from in on at to by for with has is was does did could cannot not already failed of as because since and or \
    after before under within via using into it",
);
/// What went wrong, before a colon: what follows is no name.
pub(super) const CAUSES: &Words =
    &Words::of("error reason cause code status exception err failure fault fatal result msg message");
/// What such a one did.
pub(super) const ACTED: &Words = &Words::of(
    "started stopped exited loaded terminated crashed failed restarted registered initialized initialised enabled disabled \
    installed removed finished completed succeeded is was has took timed became exceeded reached does did not cannot could unavailable unreachable offline online down missing \
    stuck lost expired disconnected",
);
/// What may be said of such a noun before a colon.
pub(super) const SAID: &Words = &Words::of(
    "busy full down up offline online dead empty lost ready invalid unknown stuck timeout reset broken gone missing",
);
/// What follows such a noun as a noun of its own.
pub(super) const NO_ACTORS: &Words = &Words::of(
    "startup shutdown start stop context server manager execution loading creation update updates thread threads process \
    processes queue pool name names installation initialization runner scheduler which that this it scan check checks sync \
    migration migrations import export backup run connection connections size lock locks key driver length limit count file \
    files directory path config space access error errors data schema version status state service query request response \
    timeout cache memory disk entry entries",
);
/// Words before a host, which its port follows: `connect to shop:5432`.
pub(super) const HOSTS_FOLLOW: &Words = &Words::of(
    "to at on from via tcp udp host hosts server broker address addr upstream peer node dial proxy \
    with lookup resolve reach reached reaching endpoint listening connect connecting backend against into master primary \
    replica",
);
/// Names with digits that are words: another of them says another thing.
const SPELLED: &Words = &Words::of(
    "socks4 socks5 http2 http3 oauth1 oauth2 md5 sha1 sha256 sha384 sha512 utf8 utf-8 utf16 utf-16 \
    base32 base64 x509 h264 h265 mp3 mp4 av1 vp8 vp9 s3 ec2 k8s ssh1 ssh2 ext3 ext4 win32 x86 x64 x86_64 amd64 arm64 aarch64 \
    log4j neo4j sqlite3 fts5 pkcs7 pkcs8 pkcs12 ed25519 rs256 hs256 es256 tls1 tls1.2 tls1.3 tlsv1 tlsv1.2 tlsv1.3 2fa p2p \
    v4l2",
);
/// What follows such a noun without being a name.
pub(super) const NO_NAMES: &Words = &Words::of(
    "is was has had not does did do in on at by for from to with without and or name id unknown \
    agent service data database account accounts input session sessions error failed key keys \
    already could cannot can must should will would authentication authenticated authorization \
    permission permissions request requested space interface networking header address config \
    configuration group exited exists interrupt settings",
);

/// The end of a clause, or a word that may follow a name.
pub(super) fn closes_name(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    match bytes.first() {
        None | Some(b',' | b';' | b')' | b'.') => {
            bytes.get(1).is_none_or(|b| matches!(b, b' ' | b')' | b'.'))
        }
        Some(b' ') => {
            let word = bytes[1..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
            word == 0 && matches!(bytes.get(1), Some(b'(' | b'-' | b'['))
                || one_of(&rest[1..=word], BEHIND_NAMES)
        }
        _ => false,
    }
}

/// Longest word in a list; longer ones are in none.
const LONGEST_LISTED: usize = 16;

/// Most words of a list.
const MOST_LISTED: usize = 112;

/// A list of words, each a blank from the next.
pub(super) struct Words {
    text: &'static str,
    /// For each length, the first letters of the words that have it: nearly every word is turned away here.
    firsts: [u32; LONGEST_LISTED + 1],
    /// Where each word begins, the shortest first.
    places: [u16; MOST_LISTED],
    /// For each length, the first of its places.
    of_length: [u8; LONGEST_LISTED + 2],
}

impl Words {
    pub(super) const fn of(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut words = Self {
            text,
            firsts: [0; LONGEST_LISTED + 1],
            places: [0; MOST_LISTED],
            of_length: [0; LONGEST_LISTED + 2],
        };
        let mut count = 0;
        let mut length = 1;
        while length <= LONGEST_LISTED {
            words.of_length[length] = count as u8;
            let mut start = 0;
            while start < bytes.len() {
                let mut end = start;
                while end < bytes.len() && bytes[end] != b' ' {
                    end += 1;
                }
                assert!(end > start && end - start <= LONGEST_LISTED);
                if end - start == length {
                    words.firsts[length] |= 1 << (bytes[start] & 0x1f);
                    words.places[count] = start as u16;
                    count += 1;
                }
                start = end + 1;
            }
            length += 1;
        }
        words.of_length[LONGEST_LISTED + 1] = count as u8;
        words
    }
}

/// Whether a list of words holds this one in any case.
pub(super) fn one_of(word: &str, words: &Words) -> bool {
    let bytes = word.as_bytes();
    let length = bytes.len();
    if !(1..=LONGEST_LISTED).contains(&length) || words.firsts[length] & 1 << (bytes[0] & 0x1f) == 0 {
        return false;
    }
    let of_it = usize::from(words.of_length[length])..usize::from(words.of_length[length + 1]);
    words.places[of_it]
        .iter()
        .any(|start| words.text.as_bytes()[usize::from(*start)..][..length].eq_ignore_ascii_case(bytes))
}

pub(super) fn spelled_with_digits(token: &str) -> bool {
    one_of(token, SPELLED)
}

/// `sysUpTime`
pub(super) fn in_humps(token: &str) -> bool {
    token
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// The class of what went wrong, not of who did it.
pub(super) fn failure(token: &str) -> bool {
    [
        "Exception",
        "Error",
        "Failure",
        "Fault",
        "Timeout",
        "Warning",
        "Throwable",
        "Interrupt",
        "NotFound",
        "Exit",
    ]
    .iter()
    .any(|end| token.ends_with(end))
}

/// `com.shop.s3.model.Store`: a class.
pub(super) fn class(token: &str) -> bool {
    let named = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphabetic())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))
            && label.bytes().filter(u8::is_ascii_digit).count() <= 2
    };
    if memchr::memchr2(b'.', b'\\', token.as_bytes()).is_none() {
        return false;
    }
    let dot = if token.contains('\\') { '\\' } else { '.' };
    token.rsplit_once(dot).is_some_and(|(package, class)| {
        package.contains(dot)
            && class.starts_with(|c: char| c.is_ascii_uppercase())
            && class.bytes().any(|b| b.is_ascii_lowercase())
            && token.split(dot).all(named)
    })
}

/// `com.shop.daily.backup`: what is named by the domain of who made it.
pub(super) fn reversed_domain(token: &str) -> bool {
    let mut labels = token.split('.');
    labels
        .next()
        .is_some_and(|first| matches!(first, "com" | "org" | "net" | "io" | "dev"))
        && labels.clone().count() >= 2
        && labels.all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

pub(super) fn only_placeholders(text: &str) -> bool {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if matches!(first, ' ' | ',' | '-' | '.' | '/' | ':' | '#' | '*') {
            rest = &rest[1..];
        } else if let Some(end) = rest.strip_prefix('<').and_then(|r| r.find('>'))
            && rest[1..=end].bytes().all(|b| b.is_ascii_uppercase() || b == b'*')
        {
            rest = &rest[end + 2..];
        } else {
            return false;
        }
    }
    !text.is_empty()
}

/// One word between brackets in the middle of a message: `loaded module [x-pack]`. Marks such as `[preauth]` end one.
pub(super) fn chosen(inner: &str) -> bool {
    !inner.is_empty()
        && inner.bytes().any(|b| b.is_ascii_lowercase())
        && inner
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'<' | b'>' | b'*'))
}

/// Nothing, or `key=value` pairs, which may stand between brackets.
pub(super) fn fields_only(text: &str) -> bool {
    let text = text.trim_start_matches([']', ' ']).trim_start_matches('[');
    let key = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    text.is_empty() || key > 0 && text.as_bytes().get(key) == Some(&b'=')
}

/// What was found, with how much each counts: `A(<N>){<*>},B(<N>)`.
pub(super) fn listed(inner: &str) -> bool {
    inner.contains("(<N>)") && !inner.contains(' ')
}

/// The run of ` key=value` that ends the message, or a long one in the midst of it; empty where there is none. A flag may
/// stand between two of them: `a=1, TLS, b=2`.
pub(super) fn fields(text: &str) -> Range<usize> {
    /// Most of a sentence has no such run.
    const LONG: usize = 5;
    let none = text.len()..text.len();
    let mut run = none.clone();
    let mut longest = none.clone();
    let (mut count, mut most) = (0, 0);
    let start = text.as_ptr() as usize;
    crate::fields::pairs(text, |key, value, quoted| {
        let begin = key.as_ptr() as usize - start;
        let end = value.as_ptr() as usize - start + value.len() + usize::from(quoted);
        let flag = || {
            text.get(run.end..begin)
                .and_then(|between| between.strip_prefix(", ")?.strip_suffix(", "))
                .is_some_and(|flag| flag.len() <= 16 && flag.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        if count > 0 && (begin >= run.end && begin <= run.end + 2 || flag()) {
            run.end = end;
            count += 1;
        } else {
            run = begin..end;
            count = 1;
        }
        if count > most {
            most = count;
            longest = run.clone();
        }
        true
    });
    let closed = text.trim_end_matches([')', ' ']).len();
    let ends = count > 0 && run.end >= closed;
    match (most >= LONG, ends) {
        (true, true) => longest.start..text.len(),
        (true, false) => longest,
        (false, true) => run.start..text.len(),
        (false, false) => none,
    }
}

/// Where the bracket closes that holds nothing but a statement of SQL: `[select a from b]`.
pub(super) fn bracketed_statement(inner: &str) -> Option<usize> {
    const VERBS: &Words =
        &Words::of("select insert update delete pragma create alter drop replace begin commit vacuum with");
    const LONGEST: usize = 2000;
    let verb = inner.bytes().take_while(u8::is_ascii_alphabetic).count();
    if !one_of(&inner[..verb], VERBS) || inner.as_bytes().get(verb) != Some(&b' ') {
        return None;
    }
    let end = memchr::memchr(b']', &inner.as_bytes()[..inner.len().min(LONGEST)])?;
    let tells = [" from ", " into ", " set ", "=", " table ", " index ", "("];
    let small = inner[..end].to_ascii_lowercase();
    tells.iter().any(|part| small.contains(part)).then_some(end)
}

/// Where the statement of SQL ends that begins with `word`, in bytes of what follows it; `None` where it begins none. In
/// small letters only behind `SQL:`.
pub(super) fn statement(word: &str, before: &str, rest: &str) -> Option<usize> {
    const LONGEST: usize = 2000;
    let parts = match word {
        "SELECT" | "DELETE" => " FROM ",
        "INSERT" => " INTO ",
        "UPDATE" => " SET ",
        "select" | "delete" => " from ",
        "insert" => " into ",
        "update" => " set ",
        _ => return None,
    };
    let small = word.as_bytes()[0].is_ascii_lowercase();
    if small && !before.ends_with("SQL: ") {
        return None;
    }
    let bytes = &rest.as_bytes()[..rest.len().min(LONGEST)];
    memchr::memmem::find(bytes, parts.as_bytes())?;
    let quoted = memchr::memchr_iter(b'"', before.as_bytes()).count() % 2 == 1;
    let mut depth = 0_u32;
    let end = bytes.iter().enumerate().position(|(at, b)| match b {
        b'(' => {
            depth += 1;
            false
        }
        b')' if depth == 0 => true,
        b')' => {
            depth -= 1;
            false
        }
        b'"' => quoted,
        b'.' | b';' => matches!(bytes.get(at + 1), Some(b' ') | None),
        b'\n' => true,
        _ => false,
    });
    Some(end.unwrap_or_else(|| rest.floor_char_boundary(LONGEST)))
}

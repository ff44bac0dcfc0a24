//! What kind of variable a token is: an address, a number, a path, a name somebody generated.

/// Endings of names of source files, after which `:12` is a line and not a port.
const SOURCES: [&str; 26] = [
    "go", "py", "js", "ts", "mjs", "cjs", "tsx", "jsx", "rs", "c", "cc", "cpp", "h", "hpp", "java", "kt",
    "scala", "rb", "php", "cs", "ex", "erl", "lua", "pl", "sh", "vue",
];
/// Last labels of host names that are no endings of file names and no packages.
const TOP_LEVELS: [&str; 24] = [
    "com",
    "net",
    "org",
    "io",
    "edu",
    "gov",
    "local",
    "lan",
    "internal",
    "localdomain",
    "home",
    "dev",
    "app",
    "de",
    "uk",
    "fr",
    "nl",
    "eu",
    "us",
    "ru",
    "cn",
    "jp",
    "hk",
    "example",
];
/// Countries whose names end host names of three labels and more.
const COUNTRIES: [&str; 34] = [
    "ar", "at", "au", "be", "br", "ca", "ch", "cl", "co", "cz", "dk", "es", "fi", "gr", "hu", "id", "ie",
    "il", "in", "it", "kr", "mx", "my", "nz", "pl", "pt", "ro", "se", "sg", "th", "tr", "tw", "ua", "vn",
];
/// Endings of files that hold what somebody keeps or sets.
const FILES: [&str; 81] = [
    "txt",
    "csv",
    "tsv",
    "xml",
    "json",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "properties",
    "db",
    "sqlite",
    "sql",
    "bak",
    "tmp",
    "gz",
    "tgz",
    "zip",
    "tar",
    "xz",
    "rar",
    "pdf",
    "epub",
    "mobi",
    "jpg",
    "jpeg",
    "png",
    "gif",
    "webp",
    "svg",
    "mp3",
    "mp4",
    "m4a",
    "mkv",
    "avi",
    "flac",
    "ogg",
    "wav",
    "mov",
    "webm",
    "srt",
    "iso",
    "img",
    "pem",
    "crt",
    "jar",
    "proto",
    "exe",
    "nzb",
    "torrent",
    "doc",
    "docx",
    "xls",
    "xlsx",
    "ppt",
    "pptx",
    "odt",
    "ods",
    "odp",
    "rtf",
    "eml",
    "md",
    "html",
    "htm",
    "heic",
    "tif",
    "tiff",
    "bmp",
    "opus",
    "aac",
    "aiff",
    "cbz",
    "cbr",
    "azw3",
    "ics",
    "vcf",
    "kdbx",
    "lock",
    "sock",
];
/// First labels of packages written the wrong way round.
const PACKAGES: [&str; 10] = [
    "com", "org", "net", "io", "java", "javax", "de", "edu", "dev", "app",
];
const UNITS: [&str; 44] = [
    "b",
    "kb",
    "mb",
    "gb",
    "tb",
    "kib",
    "mib",
    "gib",
    "tib",
    "k",
    "m",
    "g",
    "t",
    "ms",
    "s",
    "sec",
    "secs",
    "us",
    "µs",
    "ns",
    "min",
    "mins",
    "h",
    "hr",
    "hrs",
    "d",
    "hz",
    "khz",
    "mhz",
    "ghz",
    "bps",
    "kbps",
    "mbps",
    "gbps",
    "x",
    "px",
    "byte",
    "bytes",
    "seconds",
    "second",
    "milliseconds",
    "minutes",
    "msec",
    "th",
];

/// The host that has no dot in its name.
const LOCAL: &str = "localhost";
/// Length of an address of a network card, as printed.
pub(crate) const HARDWARE_BYTES: usize = 17;

/// Whether `text` begins with the address of a network card, `00:1b:44:11:3a:b7`.
pub(crate) fn hardware(text: &[u8]) -> bool {
    let Some(address) = text.first_chunk::<HARDWARE_BYTES>() else {
        return false;
    };
    matches!(address[2], b':' | b'-')
        && address.iter().enumerate().all(|(at, b)| {
            if at % 3 == 2 {
                *b == address[2]
            } else {
                b.is_ascii_hexdigit()
            }
        })
        && !text
            .get(HARDWARE_BYTES)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == address[2])
}

/// The placeholder for a token, or `None` where it is to be kept.
pub(crate) fn of(token: &str) -> Option<&'static str> {
    let bytes = token.as_bytes();
    // What most tokens are.
    if bytes.iter().all(u8::is_ascii_alphabetic) {
        return (token == LOCAL).then_some("<HOST>");
    }
    let digit = bytes.iter().any(u8::is_ascii_digit);
    if token.contains("://") {
        return Some("<URL>");
    }
    if path(token) {
        return Some("<PATH>");
    }
    if bytes.contains(&b'@') && email(token) {
        return Some("<EMAIL>");
    }
    if !digit {
        if package(token) {
            return Some("<*>");
        }
        return host(token).then_some("<HOST>");
    }
    if number(token) {
        return Some("<N>");
    }
    if let Some(rest) = ipv4(token) {
        return match rest {
            "" => Some("<HOST>"),
            _ if rest.starts_with(':') => Some("<HOST>:<PORT>"),
            _ if rest.starts_with('/') => Some("<HOST>"),
            _ => Some("<*>"),
        };
    }
    if uuid(bytes) {
        return Some("<UUID>");
    }
    if hex(bytes) {
        return Some("<HEX>");
    }
    if ipv6(token) {
        return Some("<HOST>");
    }
    if let Some((name, port)) = token.rsplit_once(':')
        && (2..=5).contains(&port.len())
        && port.bytes().all(|b| b.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && !(name.bytes().any(|b| b.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.'))
        && !source(name)
    {
        return Some("<HOST>:<PORT>");
    }
    if host(token) {
        return Some("<HOST>");
    }
    Some("<*>")
}

/// A file of source code, with or without its line.
pub(crate) fn source(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or(name);
    name.rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && SOURCES.contains(&ending))
}

fn path(token: &str) -> bool {
    let bytes = token.as_bytes();
    let windows = bytes.len() > 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    let rooted = bytes.len() > 1 && bytes[0] == b'/'
        || token.starts_with("./")
        || token.starts_with("../")
        || token.starts_with("~/");
    // `ghcr.io/shop`, `org.shop/.Main`
    let dotted = token.split_once('/').is_some_and(|(first, rest)| {
        (first.contains('.') || rest.starts_with('.') || rest.matches('.').count() > 1)
            && !first.is_empty()
            && !number(first)
    });
    windows
        || rooted
        || dotted && ipv4(token).is_none()
        || file(token)
        || memchr::memchr_iter(b'/', bytes).count() >= 2
            && !ipv4(token).is_some_and(|rest| rest.starts_with('/'))
}

/// It ends as files do.
pub(crate) fn ended(token: &str) -> bool {
    token
        .rsplit_once('.')
        .is_some_and(|(_, ending)| FILES.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

fn file(token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(stem, _)| {
        !stem.is_empty()
            && stem
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/') || b >= 0x80)
            && ended(token)
    })
}

fn email(token: &str) -> bool {
    token.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && domain
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    })
}

/// Digits with separators, a sign, and a unit straight after.
pub(crate) fn number(token: &str) -> bool {
    let rest = token.trim_start_matches(['-', '+', '#']);
    let digits = rest
        .bytes()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b':'))
        .count();
    if digits == 0 || !rest.as_bytes()[0].is_ascii_digit() && !rest.starts_with('.') {
        return false;
    }
    if rest[..digits].bytes().filter(|b| *b == b'.').count() > 1 {
        return false;
    }
    let unit = rest[digits..].trim_end_matches('%');
    if unit.is_empty() || units(unit) {
        return true;
    }
    // 1h2m3.4s
    unit.len() <= 12
        && unit
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'h' | b'm' | b's' | b'd' | b'w' | b'.' | b'u' | b'n'))
}

pub(crate) fn units(word: &str) -> bool {
    let word = word.strip_suffix("/s").unwrap_or(word);
    UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(word))
}

/// What follows an IPv4 address at the start of the token.
fn ipv4(token: &str) -> Option<&str> {
    let mut rest = token;
    for part in 0..4 {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=3).contains(&length) {
            return None;
        }
        rest = &rest[length..];
        if part < 3 {
            rest = rest.strip_prefix('.')?;
        }
    }
    (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(rest)
}

fn ipv6(token: &str) -> bool {
    let address = token.split(['%', '/']).next().unwrap_or(token);
    address.bytes().filter(|b| *b == b':').count() >= 2
        && address
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
}

fn uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn hex(bytes: &[u8]) -> bool {
    let (digits, prefixed) = match bytes {
        [b'0', b'x' | b'X', rest @ ..] => (rest, true),
        _ => (bytes, false),
    };
    !digits.is_empty()
        && digits.iter().all(u8::is_ascii_hexdigit)
        && (prefixed || digits.len() >= 8 && digits.iter().any(u8::is_ascii_alphabetic))
}

/// `org.shop.till`: which app, not which class.
fn package(token: &str) -> bool {
    let mut labels = token.split('.');
    labels.next().is_some_and(|first| PACKAGES.contains(&first))
        && labels.clone().count() >= 2
        && labels.all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
        })
}

fn host(token: &str) -> bool {
    let Some((rest, last)) = token.rsplit_once('.') else {
        return token == LOCAL;
    };
    rest.len() > 1
        && (TOP_LEVELS.contains(&last) || rest.contains('.') && COUNTRIES.contains(&last))
        && token
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && !PACKAGES.contains(&rest.split('.').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_variable_is_known() {
        for (token, shape) in [
            ("550e8400-e29b-41d4-a716-446655440000", Some("<UUID>")),
            ("deadbeef1234567890abcdef1234567890abcdef", Some("<HEX>")),
            ("0x7f3a", Some("<HEX>")),
            ("10.0.0.5", Some("<HOST>")),
            ("10.0.0.5:53412", Some("<HOST>:<PORT>")),
            ("10.0.0.0/24", Some("<HOST>")),
            ("fe80::1", Some("<HOST>")),
            ("db:5432", Some("<HOST>:<PORT>")),
            ("redis.example.com", Some("<HOST>")),
            ("dsl-187-141-sta.example.com.mx", Some("<HOST>")),
            ("https://x.example/a?b=1", Some("<URL>")),
            ("/var/lib/x", Some("<PATH>")),
            ("12.5ms", Some("<N>")),
            ("1h2m3s", Some("<N>")),
            ("-42", Some("<N>")),
            ("99%", Some("<N>")),
            ("web-7f9c4d-x2x8k", Some("<*>")),
            ("ForkPoolWorker-3", Some("<*>")),
            ("me@example.com", Some("<EMAIL>")),
            ("org.shop.till", Some("<*>")),
            ("org.shop.Till", None),
            ("and/or", None),
            ("connection", None),
        ] {
            assert_eq!(of(token), shape, "{token}");
        }
    }
}

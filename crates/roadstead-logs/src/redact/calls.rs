//! Secrets among the arguments of a call, as PHP's traces and quoted source print them.
//!
//! `PDO->__construct('mysql:host=db', 'root', 'x')`: what a function is called says which of its arguments is a secret. It
//! deliberately looks at strings only, and keeps the user's name beside them.

use super::Spans;
use super::keys::Key;
use super::plain::is_harmless;
use super::quotes::{Quote, skip_blanks};

/// How far the arguments of a call are read, and how many of them.
const WINDOW: usize = 512;
const MOST_ARGUMENTS: usize = 6;

/// Longest name of a function with its class.
const CALLEE_BYTES: usize = 96;

/// How the address of a database begins where PHP's drivers are told of it.
const DRIVERS: [&str; 9] = [
    "mysql:",
    "pgsql:",
    "sqlsrv:",
    "oci:",
    "dblib:",
    "odbc:",
    "firebird:",
    "ibm:",
    "informix:",
];

/// Which arguments of a call are secrets.
#[derive(Clone, Copy)]
enum Secret {
    All,
    At(usize),
    Last,
}

/// Around the bracket at `open` that begins the arguments of a call. Answers whether secrets may stand in it, and were
/// looked for.
pub(super) fn arguments(text: &str, open: usize, spans: &mut Spans) -> bool {
    let bytes = text.as_bytes();
    let is_name =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | b':' | b'>' | b'-' | b'.');
    let length = bytes[..open]
        .iter()
        .rev()
        .take(CALLEE_BYTES)
        .take_while(is_name)
        .count();
    let callee = text[open - length..open].to_ascii_lowercase();
    let is_connection = ["construct", "connect", "connection"]
        .iter()
        .any(|end| callee.ends_with(end));
    let named = secret_of(&callee);
    if named.is_none() && !is_connection {
        return false;
    }
    let (strings, count) = strings(text, open + 1, spans);
    let begins_with_driver = || {
        let first = strings[0].map_or("", |(from, to)| &text[from..to]);
        DRIVERS.iter().any(|driver| first.starts_with(driver))
    };
    let secrets = match named {
        Some(Secret::All) => 0..count,
        Some(Secret::At(at)) => at..count.min(at + 1),
        Some(Secret::Last) => count.clamp(1, 2) - 1..count.min(2),
        None if is_connection && begins_with_driver() => 2..count.min(3),
        None => return false,
    };
    for (from, to) in strings.get(secrets).into_iter().flatten().flatten() {
        if !is_harmless(&text[*from..*to], Key::Strong) {
            spans.redact_word(*from, *to);
        }
    }
    strings.iter().any(Option::is_some)
}

fn secret_of(callee: &str) -> Option<Secret> {
    let function = callee.rsplit(['\\', ':', '>', '.']).next().unwrap_or(callee);
    let ends = |endings: &[&str]| endings.iter().any(|end| function.ends_with(end));
    let is_method = function.len() < callee.len() || function.starts_with("u003e");
    if ["passw", "passphrase"].iter().any(|word| function.contains(word)) {
        Some(Secret::All)
    } else if ends(&["auth"]) && is_method {
        Some(Secret::Last)
    } else if ends(&["login", "signon", "authenticate", "logclientin"])
        || function.contains("saslauth")
        || (ends(&["bind", "bind_ext"]) && callee.contains("ldap"))
        || (function.starts_with("oci_") && ends(&["connect"]))
    {
        Some(Secret::At(1))
    } else if (callee.contains("mysqli") && ends(&["connect", "__construct"]))
        || (ends(&["_connect"]) && !function.starts_with("pg_"))
        || ends(&["imap_open", "hash_hmac", "openssl_encrypt", "openssl_decrypt"])
    {
        Some(Secret::At(2))
    } else if callee.contains("amqp") && ends(&["__construct"]) {
        Some(Secret::At(3))
    } else {
        None
    }
}

/// Where the text of each argument stands that is a string. Handles, which stand before the others, are none of them.
type Strings = [Option<(usize, usize)>; MOST_ARGUMENTS];

fn strings(text: &str, from: usize, spans: &mut Spans) -> (Strings, usize) {
    let window = &text.as_bytes()[..text.floor_char_boundary(from + WINDOW)];
    let (mut found, mut count): (Strings, usize) = ([None; MOST_ARGUMENTS], 0);
    let mut at = from;
    while count < MOST_ARGUMENTS {
        at = skip_blanks(window, at);
        let rest = &window[at..];
        if rest.first().is_none_or(|byte| *byte == b')') {
            break;
        }
        let is_handle = rest.starts_with(b"Object(") || rest.starts_with(b"Resource id");
        if let Some(quote) = Quote::at(window, at) {
            let end = end_of_string(window, at, quote, spans);
            found[count] = Some((at + quote.len(), end));
            at = (end + quote.len()).min(window.len());
        }
        at = end_of_argument(window, at);
        count += usize::from(!is_handle);
        if window.get(at) != Some(&b',') {
            break;
        }
        at += 1;
    }
    (found, count)
}

/// PHP does not escape the quotes within a string: it ends where the next argument begins.
fn end_of_string(window: &[u8], at: usize, quote: Quote, spans: &mut Spans) -> usize {
    let most = spans.end_of_text(window, at, quote);
    let mut end = quote.end(&window[..most], at + quote.len());
    while end < most && !matches!(window.get(end + quote.len()), Some(b',' | b')') | None) {
        end = quote.end(&window[..most], (end + quote.len()).min(most));
    }
    end
}

fn end_of_argument(window: &[u8], from: usize) -> usize {
    let mut open = 0_usize;
    for (at, byte) in window.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b',' | b')' if open == 0 => return at,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    window.len()
}

#[cfg(test)]
mod tests {
    use super::super::{REDACTED, redact};

    #[test]
    fn the_secret_among_the_arguments_goes_and_the_others_stay() {
        for call in [
            "PDO->__construct('mysql:host=db;d...', 'root', '∎', Array)",
            "Illuminate\\Database\\Connectors\\Connector->createPdoConnection('mysql:host=db', 'root', '∎', Array)",
            "Doctrine\\DBAL\\Driver\\PDO\\Connection->__construct('pgsql:host=db', 'app', '∎')",
            "mysqli->__construct('db', 'root', '∎', 'app', 3306, NULL)",
            "mysqli_connect(NULL, 'root', '∎', 'app')",
            "mysqli_real_connect(Object(mysqli), 'db', 'root', '∎', NULL, 3306, NULL, 0)",
            "mysqli->real_connect('db', 'root', '∎')",
            "ldap_bind(Resource id #5, 'cn=admin,dc=exa...', '∎')",
            "LDAP\\Wrapper->bind(Object(LDAP\\Connection), 'cn=admin', '∎')",
            "password_verify('∎', '∎')",
            "OC\\User\\Session->logClientIn('admin', '∎', Object(OC\\Request))",
            "App\\Auth->login('joe', '∎')",
            "PHPMailer\\PHPMailer\\SMTP->authenticate('joe', '∎')",
            "Redis->auth('∎')",
            "Redis->auth('default', '∎')",
            "ftp_login(Resource id #5, 'joe', '∎')",
            "imap_open('{mail:993/imap}', 'joe', '∎')",
            "oci_connect('joe', '∎', 'db')",
            "PhpAmqpLib\\Connection\\AMQPStreamConnection->__construct('mq', 5672, 'guest', '∎', '/')",
            "hash_hmac('sha256', 'x', '∎')",
            "smtp.login(\"joe\", \"∎\")",
        ] {
            for secret in ["hunter2", "it's, so", "Kx9v(Tq2", "p'a"] {
                for around in [
                    "#0 /a.php(3): ∎",
                    "{\"trace\":\"#0 a.php(3): ∎\\n#1 b\"}",
                    "∎ failed, see 'x', 'y'",
                ] {
                    if around.starts_with('{') && call.contains('"') {
                        continue;
                    }
                    let line = around.replace('∎', call);
                    let wanted = line.replace('∎', REDACTED);
                    assert_eq!(redact(&line.replace('∎', secret)), wanted);
                    assert_eq!(redact(&wanted), wanted);
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_among_arguments_stays() {
        for line in [
            "#0 a.php(3): Redis->auth(Array)",
            "#0 a.php(3): Redis->connect('cache', 6379)",
            "#0 a.php(3): auth('api')",
            "#0 a.php(3): Illuminate\\Container\\Container->bind('App\\Foo', 'App\\Bar')",
            "#0 a.php(3): App\\Thing->__construct('a', 'b', 'c')",
            "#0 a.php(3): PDO->__construct('sqlite:/app.db')",
            "#0 a.php(3): fopen('/etc/passwd', 'r', 'x')",
            "#0 a.php(3): App\\Auth->login()",
            "socket.connect('10.0.0.1', 'a', 'b')",
            "login('joe')",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}

//! No secret is in what an event hands out, however it was printed.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use roadstead_logs::framing::Stream;
use roadstead_logs::redact::redact_lines;
use roadstead_logs::{Assembler, Event};

fn events(lines: &[&str]) -> Vec<Event> {
    read(Assembler::new(), lines)
}

fn read(mut assembler: Assembler, lines: &[impl AsRef<str>]) -> Vec<Event> {
    let mut events = Vec::new();
    for line in lines {
        let line = line.as_ref();
        assembler.push(Stream::Stdout, Some(1_000_000), line, &mut |event| {
            events.push(event)
        });
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn told(events: &[Event]) -> String {
    events
        .iter()
        .map(|event| {
            format!(
                "{}\n{}\n{}\n",
                event.message,
                event.masked,
                event.lines.join("\n")
            )
        })
        .collect()
}

#[test]
fn a_key_printed_over_many_lines_is_taken_out_line_by_line() {
    let body = "MIIEpAIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW9WaN3f8cQ0rLkqT7vZ";
    let events = events(&[
        "2026-01-02 15:04:05,123 ERROR cannot read the key:",
        "-----BEGIN RSA PRIVATE KEY-----",
        body,
        body,
        "-----END RSA PRIVATE KEY-----",
    ]);
    let told = told(&events);
    assert!(told.contains("cannot read the key"), "{told}");
    assert!(!told.contains("MIIEpAIBAAKCAQEA"), "{told}");
}

#[test]
fn a_secret_whose_sign_is_escaped_in_the_line_is_taken_out_of_what_is_made_of_it() {
    for line in [
        r#"{"level":"error","message":"connect failed: user=x;password\u003dhunter2hunter"}"#,
        r#"{"level":"error","message":"refused","error":"token\u003a hunter2hunter"}"#,
        r#"{"level":"error","msg":"cannot reach postgres:\/\/app:hunter2hunter@db:5432\/shop"}"#,
    ] {
        let told = told(&events(&[line]));
        assert!(!told.is_empty(), "{line} is an error");
        assert!(!told.contains("hunter2hunter"), "{told}");
    }
}

#[test]
fn no_line_makes_a_masked_form_that_fills_a_disk() {
    let line = format!(
        r#"{{"level":"error","status":500,"method":"{}","path":"/x"}}"#,
        "M".repeat(200_000)
    );
    let events = events(&[&line]);
    assert!(events[0].masked.len() <= roadstead_logs::MASKED_BYTES);
}

/// Lines of events, with a place for text in each.
const HEADS: [&str; 9] = [
    "2026-01-02 15:04:05,123 ERROR ∎",
    "2026-01-02T15:04:05Z ERROR app::db: cannot go on: ∎",
    "[2026-01-02 15:04:05] production.ERROR: ∎ {\"exception\":\"[object] (PDOException)\"}",
    "level=warn msg=\"cannot go on: ∎\" x=1",
    "{\"level\":\"error\",\"message\":\"cannot go on: ∎\"}",
    "{\"level\":\"error\",\"msg\":\"x\",\"error\":\"∎\"}",
    "java.lang.IllegalStateException: ∎",
    "thread 'main' panicked at src/main.rs:1:2: ∎",
    "PHP Fatal error:  Uncaught PDOException: ∎ in /a.php:3",
];
const FOLLOWING: [&str; 10] = [
    "\tat org.example.Db.open(Db.java:12) ∎",
    "Caused by: java.io.IOException: ∎",
    "    at connect (/app/db.js:1:2) ∎",
    "  File \"/app/db.py\", line 1, in open: ∎",
    "    ∎",
    "\t∎",
    "ValueError: ∎",
    "#1 /a.php(3): open() ∎",
    "DETAIL:  ∎",
    "}",
];

/// Ways to print a secret, `∎`, on one line or over several.
const WAYS: [&str; 22] = [
    "password=∎",
    "password is ∎",
    "token: ∎",
    "API Key: ∎",
    "invalid token '∎'",
    "Authorization: Bearer ∎",
    "cookie: sid=∎; a=b",
    "postgres://app:∎@db:5432/app",
    "app:∎@db:5432/app",
    "GET /x?access_token=∎&y=1",
    "curl -u joe:∎ http://x",
    "mysqli->__construct('db', 'root', '∎', 'app')",
    "PDO->__construct('mysql:host=db', 'root', '∎')",
    "App->login('joe', '∎')",
    "with ghp_∎aB3dE5fG7hI9jK1l",
    "eyJhbGciOiJIUzI1NiJ9.eyJ∎.c2lnbmF0dXJl∎",
    "mail to ∎@example.org failed",
    "'secret': [⏎  '∎',⏎  '∎'⏎]",
    "cookie: [⏎  'sid=∎; Path=/'⏎]",
    "⏎  password:⏎    ∎",
    "⏎  password: |⏎    ∎⏎    and ∎",
    "⏎  ['password']=>⏎  string(12) '∎'",
];

fn secret() -> impl Strategy<Value = String> {
    // Small and large letters and digits by turns, as none of the words around has them.
    "([A-Z][0-9][a-z]){6,8}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_secret_in_any_line_of_an_event_is_in_nothing_that_is_made_of_it(
        head in prop::sample::select(HEADS.to_vec()),
        following in prop::collection::vec(prop::sample::select(FOLLOWING.to_vec()), 0..5),
        way in prop::sample::select(WAYS.to_vec()),
        secret in secret(),
        place in any::<prop::sample::Index>(),
    ) {
        let templates: Vec<&str> = [head].into_iter().chain(following).collect();
        let place = place.index(templates.len());
        let printed: String = templates
            .iter()
            .enumerate()
            .map(|(at, line)| {
                let text = if at == place { way } else { "it went wrong" };
                // What is printed over several lines has them for itself.
                if text.contains('⏎') && !line.ends_with('∎') {
                    format!("{}\n    {text}\n", line.replace('∎', "it went wrong"))
                } else {
                    line.replace('∎', text) + "\n"
                }
            })
            .collect();
        let printed = printed.replace('⏎', "\n    ").replace('∎', &secret);
        let lines: Vec<&str> = printed.lines().collect();
        let told = told(&read(Assembler::everything(), &lines));
        prop_assert!(!told.contains(&secret), "of\n{printed}\nis told\n{told}");
    }
}

#[test]
fn calls_labels_and_addresses_take_no_more_than_their_share() {
    // Sixteen times the work for four times the text would take minutes here.
    let pieces = [
        "login(",
        "login('a',",
        "construct('mysql:",
        "x.auth('",
        "a:b@c:1",
        "u:p@(",
        "tcp(u:p@",
        "api key ",
        "a key:",
        "pin ",
        "session id ",
        "password is given: ",
        "token '",
        "token \"",
        "sid=",
        "ssid=x key=",
        "[\"password\":",
        "password: [",
        "4111 1111 1111 1111 1",
        "string(12) ",
        "x@[1.",
        "tskey-",
    ];
    let begin = Instant::now();
    for piece in pieces {
        let text = piece.repeat(32 * 1024 / piece.len());
        redact_lines(&mut [text.clone(), text]);
        assert!(begin.elapsed() < Duration::from_secs(30), "{piece:?}");
    }
}

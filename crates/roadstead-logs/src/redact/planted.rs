use proptest::prelude::*;

use super::*;

/// Ways to print a secret, `∎`, which any sign but quotes, backslashes and blanks may stand in.
const AROUND_ANYTHING: [&str; 24] = [
    r#""password":"∎""#,
    r#""password": "∎","a":1"#,
    r#"{"user":"joe","api_key":"∎"}"#,
    r#"{\"client_secret\":\"∎\"}"#,
    r#"{\\\"token\\\":\\\"∎\\\"}"#,
    "{'password': '∎', 'a': 1}",
    "{:secret=>\"∎\"}",
    "password = '∎'",
    "password: \"∎\"",
    "DB_PASSWORD=\"∎\"",
    "x-api-key: \"∎\"",
    "Password=\"∎\";",
    "password: Some(\"∎\")",
    "$c['password'] = '∎';",
    "--password '∎' --x",
    "[\"--token\", \"∎\"]",
    "IDENTIFIED BY '∎'",
    "ENCRYPTED PASSWORD '∎'",
    "PASSWORD('∎')",
    "\"authorization\": \"Bearer ∎\"",
    "-H 'Authorization: Bearer ∎'",
    "(\"authorization\", \"∎\")",
    "\"Set-Cookie\":\"a=∎\"",
    "\"private_key\":\"∎\"",
];

/// Ways without quotes, where signs that separate values end them.
const AROUND_WORDS: [&str; 36] = [
    "password=∎",
    "password = ∎",
    "passwd: ∎",
    "password:∎",
    "DB_PASSWORD=∎",
    "token=∎&x=1",
    "?a=b&access_token=∎",
    "?sig=∎&x",
    "?code=∎&state=1",
    "?X-Amz-Signature=∎ HTTP/1.1",
    "Password=∎;Encrypt=true",
    "AccountKey=∎;EndpointSuffix=x",
    "{password=∎, user=joe}",
    "(password=∎)",
    "[Authorization:[Bearer ∎]]",
    "Authorization: Bearer ∎",
    "authorization: Basic ∎",
    "Proxy-Authorization: ∎",
    "X-Api-Key: ∎",
    "Cookie: sid=∎; a=b",
    "Set-Cookie: sid=∎; Path=/",
    "--password ∎",
    "--api-key=∎",
    "sshpass -p ∎ ssh",
    "mysql -p∎ app",
    "curl -u joe:∎ http://x",
    "postgres://joe:∎@db:5432/app",
    "redis://:∎@cache",
    "u=https%3A%2F%2Fjoe%3A∎%40host%2Fx",
    "joe:∎@tcp(db:3306)/app",
    "<password>∎</password>",
    "client_secret=∎",
    "level=info msg=\"login password=∎\" x=1",
    "PrivateKey = ∎",
    "{\"m\":\"token=∎\"}",
    "{\"m\":\"password: ∎\\n\"}",
];

/// Text full of what the scanners look at, without what would make the rest of the line something else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z]{1,8}",
        2 => "[0-9]{1,20}",
        2 => "[ -~]{1,4}",
        1 => prop::sample::select(vec![
            "password", "token:", "secret=", "key", "\"", "'", "\\", "\\\"", "{", "}", "[", "]", "(", ")", "://", "@", ":", "=",
            "user=", "eyJ", "Bearer ", "Basic ", "Authorization: ", "Cookie: ", "%3A%2F%2F", "%40", "ghp_", "sk-", "é", "€",
            "<redacted>", "<", ">", ";", ",", "&", "?", "--password ", "IDENTIFIED BY ", " -p", "-----BEGIN ", ".", "/", "`",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec((piece, prop::sample::select(vec!["", " ", " "])), 0..14).prop_map(|pieces| {
        pieces
            .into_iter()
            .flat_map(|(piece, blank)| [piece, blank.to_owned()])
            .collect()
    })
}

fn secret(signs: &str) -> impl Strategy<Value = String> + use<> {
    // Letters and a digit at both ends: a secret that is a word of English is told from prose by nothing.
    let pattern = format!("[A-Za-z][0-9]([A-Za-z0-9]|{signs}){{6,24}}[0-9][A-Za-z]");
    proptest::string::string_regex(&pattern).unwrap()
}

proptest! {
    #[test]
    fn a_planted_secret_never_leaves(
        carrier in prop::sample::select(AROUND_ANYTHING.to_vec()),
        secret in secret(r"[!#$%^*()+,./:;<=>?@\[\]_{|}~-]"),
        before in text(),
        after in text(),
    ) {
        let line = format!("{before} {} {after}", carrier.replace('∎', &secret));
        let clean = redact(&line);
        prop_assert!(!clean.contains(&secret), "{line}\n{clean}");
    }

    #[test]
    fn a_planted_word_never_leaves(
        carrier in prop::sample::select(AROUND_WORDS.to_vec()),
        secret in secret(r"[!$^*+._~-]"),
        before in text(),
        after in text(),
    ) {
        let line = format!("{before} {} {after}", carrier.replace('∎', &secret));
        let clean = redact(&line);
        prop_assert!(!clean.contains(&secret), "{line}\n{clean}");
    }

    #[test]
    fn redacting_again_changes_nothing(before in text(), carrier in prop::sample::select(AROUND_WORDS.to_vec()), after in text()) {
        let line = format!("{before}{carrier}{after}");
        let clean = redact(&line).into_owned();
        prop_assert_eq!(redact(&clean), clean.as_str(), "of {}", line);
    }

    #[test]
    fn any_text_is_redacted_without_a_panic(text in any::<String>(), lines in prop::collection::vec(text(), 0..6)) {
        let _ = redact(&text);
        let mut lines = lines;
        redact_lines(&mut lines);
    }

    #[test]
    fn json_with_secrets_stays_json(
        key in prop::sample::select(vec!["password", "token", "auth", "cookie", "authorization", "message", "url", "email"]),
        value in (text(), prop::sample::select(vec![
            "", "token=", "password: ", "Bearer ", "Authorization: Basic ", "--password ", "Cookie: a=", "PASSWORD ", "mysql -p",
            "IDENTIFIED BY ", "password is ", "token: [", "password=b", "secret: Some(",
        ])).prop_map(|(text, end)| text + end),
        number: i64,
        depth in 0..3,
    ) {
        let mut json = serde_json::json!({ key: value, "next": "a b", "secret": number, "tokens": [key, value], "list": { "password": [number, 1] } });
        for _ in 0..depth {
            json = serde_json::json!({ "message": json.to_string(), "password": value });
        }
        let clean = redact(&json.to_string()).into_owned();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&clean).is_ok(), "{json}\n{clean}");
    }
}

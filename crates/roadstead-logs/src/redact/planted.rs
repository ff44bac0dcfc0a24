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

/// Places of what shows by itself what it is.
const AROUND_SHAPES: [&str; 12] = [
    "∎",
    "with ∎, which failed",
    "(∎)",
    "[∎]",
    "'∎';",
    "a=∎;b=1",
    "?a=∎&b=c",
    "\"a\":\"∎\"",
    "{\\\"a\\\":\\\"∎\\\"}",
    "<a>∎</a>",
    "a: ∎: refused",
    "→∎←",
];

/// A number that an issuer may have given to a card, in one of the ways in which cards are printed.
fn card() -> impl Strategy<Value = String> {
    let beginning = prop::sample::select(vec!["4", "51", "55", "2221", "6011", "65", "3528"]);
    let apart = prop::sample::select(vec!["", " ", "-"]);
    (beginning, "[0-9]{14}", apart).prop_filter_map("all digits the same", |(beginning, digits, apart)| {
        let mut number: Vec<u8> = beginning.bytes().chain(digits.bytes()).take(15).collect();
        let check = (b'0'..=b'9').find(|check| {
            let sum = number.iter().chain([check]).rev().enumerate().map(|(at, digit)| {
                let doubled = u32::from(digit - b'0') << (at % 2);
                doubled / 10 + doubled % 10
            });
            sum.sum::<u32>().is_multiple_of(10)
        })?;
        number.push(check);
        let groups: Vec<&str> = number
            .chunks(4)
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        number
            .iter()
            .any(|digit| *digit != number[0])
            .then(|| groups.join(apart))
    })
}

/// A token of three parts, as they are signed.
fn jwt() -> impl Strategy<Value = String> {
    "eyJ[A-Za-z0-9_-]{12,40}\\.eyJ[A-Za-z0-9_-]{4,60}\\.[A-Za-z0-9_-]{20,43}"
}

fn issued() -> impl Strategy<Value = String> {
    (0..issuers::SHAPES.len(), "[a-z][A-Z][0-9][A-Za-z0-9]{200}")
        .prop_map(|(at, letters)| issuers::SHAPES[at].key(&letters))
}

proptest! {
    #[test]
    fn a_planted_token_never_leaves(
        carrier in prop::sample::select(AROUND_SHAPES.to_vec()),
        token in prop_oneof![jwt(), issued()],
        before in text(),
        after in text(),
    ) {
        let line = format!("{before} {} {after}", carrier.replace('∎', &token));
        let clean = redact(&line);
        prop_assert!(!clean.contains(&token), "{line}\n{clean}");
    }

    #[test]
    fn a_planted_card_never_leaves(
        carrier in prop::sample::select(AROUND_SHAPES.to_vec()),
        card in card(),
        before in text(),
        after in text(),
    ) {
        let line = format!("{before} pan {} {after}", carrier.replace('∎', &card));
        let clean = redact(&line);
        prop_assert!(!clean.contains(&card), "{line}\n{clean}");
    }

    #[test]
    fn a_planted_name_of_an_address_never_leaves(
        carrier in prop::sample::select(AROUND_SHAPES.to_vec()),
        local in "[a-z][a-z0-9._+-]{4,30}[0-9][a-z]",
        domain in prop::sample::select(vec!["example.org", "mail.example.co.uk", "exämple.org", "[10.0.0.1]"]),
        sign in prop::sample::select(vec!["@", "%40"]),
        before in text(),
        after in text(),
    ) {
        let address = format!("{local}{sign}{domain}");
        let line = format!("{before} {} {after}", carrier.replace('∎', &address));
        let clean = redact(&line);
        prop_assert!(!clean.contains(&address), "{line}\n{clean}");
    }

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

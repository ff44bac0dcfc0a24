//! Which names say that their value is a secret.
//!
//! Looks at the words of an identifier, however they are joined: `DB_PASSWORD`, `dbPassword`, `db-password` and
//! `dbpassword` are the same. It deliberately ignores what else a name may begin with, and is strict about how it may
//! end: a `token_type`, a `password_file` and a `secretName` are no secrets.

/// How sure a name alone makes it that a secret follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `Authorization` and its kin: a scheme, then the secret.
    Authorization,
    /// `Cookie` and `Set-Cookie`.
    Cookie,
    /// Names of secrets that mean little else: passwords and keys.
    Strong,
    /// Names that prose uses as well: "invalid token: unexpected end".
    Weak,
    /// Names that are mostly something else, and secrets only where they are clearly assigned to.
    Quiet,
    /// Names of the parameters of a URL that say nothing elsewhere, such as `code`.
    Parameter,
    /// Numbers that people type in: a PIN of four digits or more. One of two is a pin of a board.
    Code,
}

/// Longest identifier looked at, in bytes.
pub(super) const LONGEST: usize = 80;

/// What secrets are called, without the signs between words. The flag says that a word has to begin where it begins.
const NOUNS: [(&str, bool, Key); 70] = [
    ("authorization", false, Key::Authorization),
    ("cookie", false, Key::Cookie),
    ("cookies", false, Key::Cookie),
    ("password", false, Key::Strong),
    ("passwords", false, Key::Strong),
    ("passwd", false, Key::Strong),
    ("passphrase", false, Key::Strong),
    ("passcode", false, Key::Strong),
    ("passwort", false, Key::Strong),
    ("pwd", false, Key::Strong),
    ("psk", true, Key::Strong),
    ("apikey", false, Key::Strong),
    ("secretkey", false, Key::Strong),
    ("secretkeybase", false, Key::Strong),
    ("accesskey", false, Key::Strong),
    ("privatekey", false, Key::Strong),
    ("accountkey", false, Key::Strong),
    ("sharedkey", false, Key::Strong),
    ("encryptionkey", false, Key::Strong),
    ("signingkey", false, Key::Strong),
    ("masterkey", false, Key::Strong),
    ("subscriptionkey", false, Key::Strong),
    ("storagekey", false, Key::Strong),
    ("consumerkey", false, Key::Strong),
    ("deploykey", false, Key::Strong),
    ("servicekey", false, Key::Strong),
    ("authkey", false, Key::Strong),
    ("appkey", true, Key::Strong),
    ("licensekey", false, Key::Strong),
    ("sessionkey", false, Key::Strong),
    ("secret", false, Key::Weak),
    ("secretid", false, Key::Weak),
    ("token", false, Key::Weak),
    ("tokenid", false, Key::Weak),
    ("jwt", true, Key::Weak),
    ("sessionid", false, Key::Weak),
    ("sessid", false, Key::Weak),
    ("connectsid", false, Key::Weak),
    ("idtokenhint", false, Key::Weak),
    ("passkey", false, Key::Weak),
    ("samlresponse", false, Key::Weak),
    ("auth", true, Key::Quiet),
    ("pass", true, Key::Quiet),
    ("pw", true, Key::Quiet),
    ("userpass", false, Key::Quiet),
    ("dbpass", false, Key::Quiet),
    ("session", true, Key::Quiet),
    ("credential", false, Key::Quiet),
    ("credentials", false, Key::Quiet),
    ("signature", false, Key::Quiet),
    ("sig", true, Key::Quiet),
    ("hmac", true, Key::Quiet),
    ("otp", true, Key::Code),
    ("totp", true, Key::Code),
    ("pin", true, Key::Code),
    ("pincode", true, Key::Code),
    ("otpcode", false, Key::Code),
    ("accesscode", true, Key::Code),
    ("authcode", true, Key::Code),
    ("authorizationcode", true, Key::Code),
    ("backupcode", true, Key::Code),
    ("logincode", true, Key::Code),
    ("pairingcode", true, Key::Code),
    ("recoverycode", true, Key::Code),
    ("securitycode", true, Key::Code),
    ("setupcode", true, Key::Code),
    ("verificationcode", true, Key::Code),
    ("sid", true, Key::Parameter),
    ("code", true, Key::Parameter),
    ("key", true, Key::Parameter),
];

/// Words that may follow the noun without making it something else.
const SUFFIXES: [&str; 26] = [
    "again",
    "base64",
    "b64",
    "base",
    "confirm",
    "confirmation",
    "current",
    "data",
    "digest",
    "enc",
    "encrypted",
    "hash",
    "hashed",
    "header",
    "hex",
    "new",
    "old",
    "plain",
    "plaintext",
    "raw",
    "repeat",
    "str",
    "string",
    "text",
    "value",
    "v",
];

/// What the name says about its value, or nothing.
pub(super) fn classify(identifier: &[u8]) -> Option<Key> {
    let name = Name::of(identifier)?;
    for (at, end) in name.ends().enumerate().rev() {
        let (joined, after) = (&name.letters[..end], at + 1);
        let found = NOUNS
            .iter()
            .filter(|(noun, whole, _)| {
                joined.ends_with(noun.as_bytes()) && (!whole || name.begins(end - noun.len()))
            })
            .filter(|(noun, _, key)| *key != Key::Parameter || noun.len() == identifier.len())
            .max_by_key(|(noun, ..)| noun.len());
        if let Some((_, _, key)) = found {
            return Some(*key);
        }
        if !name.is_suffix(after - 1) {
            return None;
        }
    }
    None
}

/// An identifier in small letters, without what joins its words.
struct Name {
    letters: [u8; LONGEST],
    /// Where each word ends in `letters`.
    word_ends: [usize; LONGEST],
    words: usize,
}

impl Name {
    fn of(identifier: &[u8]) -> Option<Self> {
        if identifier.len() > LONGEST {
            return None;
        }
        let mut name = Self {
            letters: [0; LONGEST],
            word_ends: [0; LONGEST],
            words: 0,
        };
        let mut length = 0;
        for (at, byte) in identifier.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() {
                name.end_word(length);
                continue;
            }
            let before = at.checked_sub(1).map_or(0, |before| identifier[before]);
            let after = identifier.get(at + 1).copied().unwrap_or(0);
            let hump = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase() && after.is_ascii_lowercase()));
            if hump || (byte.is_ascii_digit() && before.is_ascii_alphabetic()) {
                name.end_word(length);
            }
            name.letters[length] = byte.to_ascii_lowercase();
            length += 1;
        }
        name.end_word(length);
        Some(name)
    }

    fn end_word(&mut self, length: usize) {
        if length > self.begin(self.words) {
            self.word_ends[self.words] = length;
            self.words += 1;
        }
    }

    fn begin(&self, word: usize) -> usize {
        word.checked_sub(1).map_or(0, |before| self.word_ends[before])
    }

    fn begins(&self, at: usize) -> bool {
        at == 0 || self.word_ends[..self.words].contains(&at)
    }

    fn ends(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.word_ends[..self.words].iter().copied()
    }

    fn is_suffix(&self, word: usize) -> bool {
        let text = &self.letters[self.begin(word)..self.word_ends[word]];
        text.iter().all(u8::is_ascii_digit) || SUFFIXES.iter().any(|suffix| suffix.as_bytes() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_however_its_words_are_joined() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "db.password",
            "POSTGRES-Password",
            "rootpassword",
            "password2",
            "password_confirmation",
            "newPasswordHash",
            "PGPASSWORD",
            "passwd",
            "mysqlpwd",
            "secretAccessKey",
            "AWS_SECRET_ACCESS_KEY",
            "apikey",
            "api_key",
            "X-Api-Key",
            "APIKey",
            "AccountKey",
            "PrivateKey",
            "SECRET_KEY_BASE",
        ] {
            assert_eq!(classify(name.as_bytes()), Some(Key::Strong), "{name}");
        }
        for name in [
            "access_token",
            "authToken",
            "client_secret",
            "X-Amz-Security-Token",
            "JSESSIONID",
            "PHPSESSID",
        ] {
            assert_eq!(classify(name.as_bytes()), Some(Key::Weak), "{name}");
        }
        assert_eq!(classify(b"Proxy-Authorization"), Some(Key::Authorization));
        assert_eq!(classify(b"Set-Cookie"), Some(Key::Cookie));
        assert_eq!(classify(b"basic_auth"), Some(Key::Quiet));
    }

    #[test]
    fn what_is_only_about_a_secret_is_none() {
        for name in [
            "",
            "token_type",
            "tokens",
            "max_tokens",
            "tokenizer",
            "token_count",
            "password_file",
            "passwordPolicy",
            "secretName",
            "secretary",
            "access_key_id",
            "public_key",
            "primary_key",
            "author",
            "authenticated",
            "compass",
            "passed",
            "bypass",
            "cookie_domain",
            "session_timeout",
            "signature_algorithm",
            "monkey",
        ] {
            assert_eq!(classify(name.as_bytes()), None, "{name}");
        }
    }
}

//! References of images, as engines and registries read them: `redis`, `ghcr.io/immich-app/server:v1`, `shop@sha256:…`.
//!
//! Whether an image is there is not this room's business: a reference is only taken apart, and told from text that
//! would leave its place in a request path.

use crate::text::TEXT_CHARS;

/// The registry of a reference that names none.
const DOCKER_HUB: &str = "docker.io";
/// What its official images stand under.
const OFFICIAL: &str = "library/";
/// Digits of a digest we know.
const DIGEST_HEX: std::ops::RangeInclusive<usize> = 32..=128;

/// A reference taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The name as typed, without tag and digest.
    pub(crate) name: String,
    /// The registry, `docker.io` where none was typed.
    pub(crate) registry: String,
    /// The path on the registry, with `library/` where it goes without saying.
    path: String,
    pub(crate) tag: Option<String>,
    /// `sha256:…`.
    pub(crate) digest: Option<String>,
}

impl Reference {
    /// Takes a reference apart. `None` for image ids, and for text that no engine would take.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_CHARS || is_image_id(text) {
            return None;
        }
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return None;
        }
        let after_slash = named.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match named[after_slash..].find(':') {
            Some(at) => (&named[..after_slash + at], Some(&named[after_slash + at + 1..])),
            None => (named, None),
        };
        let is_tag_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if tag.is_some_and(|tag| !(1..=128).contains(&tag.len()) || !tag.bytes().all(is_tag_byte)) {
            return None;
        }
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (DOCKER_HUB, name),
        };
        let registry = if registry == "index.docker.io" {
            DOCKER_HUB
        } else {
            registry
        };
        let is_registry_byte =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        let is_path_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-'))
        };
        let begins_well = registry.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        if !begins_well || !registry.bytes().all(is_registry_byte) || !path.split('/').all(is_path_part) {
            return None;
        }
        let is_official = registry == DOCKER_HUB && !path.contains('/');
        Some(Self {
            name: name.to_owned(),
            registry: registry.to_owned(),
            path: format!("{}{path}", if is_official { OFFICIAL } else { "" }),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Whether both name the same repository, however it was typed.
    pub(crate) fn is_same_repository(&self, other: &Self) -> bool {
        self.registry == other.registry && self.path == other.path
    }
}

/// Whether the text is an image's id: `sha256:` and its digits, or the digits alone.
pub(crate) fn is_image_id(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    digits.len() == 64 && is_hex(digits)
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        !algorithm.is_empty()
            && algorithm
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'_' | b'-'))
            && DIGEST_HEX.contains(&digits.len())
            && is_hex(digits)
    })
}

fn is_hex(digits: &str) -> bool {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Which of an image's digests (`repository@sha256:…`) is the one of a reference: the one it names, else the first of its
/// repository, else the first of all (an image that was given another name after it was pulled).
pub(crate) fn digest_of(reference: &str, digests: &[String]) -> Option<String> {
    let asked = Reference::parse(reference);
    let of_repository = digests.iter().filter(|digest| {
        let known = Reference::parse(digest);
        matches!((&asked, &known), (Some(asked), Some(known)) if asked.is_same_repository(known))
    });
    let named = asked.as_ref().and_then(|asked| asked.digest.as_deref());
    of_repository
        .clone()
        .find(|digest| named.is_some_and(|named| digest.ends_with(named)))
        .or_else(|| of_repository.clone().next())
        .or_else(|| digests.first())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn references_are_read_as_engines_read_them() {
        for (text, registry, path, tag, digest) in [
            ("redis", "docker.io", "library/redis", None, None),
            (
                "docker.io/library/redis:7",
                "docker.io",
                "library/redis",
                Some("7"),
                None,
            ),
            ("local/busybox", "docker.io", "local/busybox", None, None),
            ("127.0.0.1:5000/app:1", "127.0.0.1:5000", "app", Some("1"), None),
            ("localhost/a/b", "localhost", "a/b", None, None),
            (
                "ghcr.io/x/y:v1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "ghcr.io",
                "x/y",
                Some("v1"),
                Some(A),
            ),
        ] {
            let read = Reference::parse(text).unwrap();
            assert_eq!(
                (
                    read.registry.as_str(),
                    read.path.as_str(),
                    read.tag.as_deref(),
                    read.digest.as_deref()
                ),
                (registry, path, tag, digest),
                "{text}"
            );
        }
    }

    #[test]
    fn text_that_would_leave_its_place_in_a_path_is_no_reference() {
        for text in [
            "",
            A,
            &A[7..],
            "../info",
            "a/../b",
            "a b",
            "a?x=1",
            "a#b",
            "a//b",
            "a:",
            "a@sha256:zz",
            "A",
            "a\n",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
        assert!(is_image_id(A) && is_image_id(&A[7..]));
        assert!(!is_image_id("sha256:../") && !is_image_id("shop:1"));
    }

    #[test]
    fn the_digest_of_a_reference_is_the_one_of_its_repository() {
        let digests = [
            format!("mirror.example/shop@{B}"),
            format!("shop@{A}"),
            format!("shop@{B}"),
        ];
        let of = |reference: &str| digest_of(reference, &digests);
        assert_eq!(of("docker.io/library/shop:1"), Some(digests[1].clone()));
        assert_eq!(of(&format!("shop@{B}")), Some(digests[2].clone()));
        assert_eq!(
            of("renamed:1"),
            Some(digests[0].clone()),
            "given a name of its own after the pull"
        );
        assert_eq!(digest_of("shop:1", &[]), None);
    }
}

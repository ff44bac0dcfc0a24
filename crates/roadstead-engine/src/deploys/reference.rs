//! Image references as operators type them. Pure.

/// Longest reference that is taken.
const MAX_CHARS: usize = 512;

/// A reference that can be pulled: with a tag or a digest, so that an engine never pulls every tag there is.
///
/// # Errors
/// What is typed is no reference.
pub(crate) fn pullable(typed: &str) -> Result<String, Unreadable> {
    let typed = typed.trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/:@-".contains(&byte);
    let well = !typed.is_empty()
        && typed.len() <= MAX_CHARS
        && typed.bytes().all(allowed)
        && !typed.contains("//")
        && !typed.starts_with(['/', ':', '@', '-', '.'])
        && !typed.ends_with(['/', ':', '@']);
    if !well || is_image_id(typed) {
        return Err(Unreadable);
    }
    if let Some((name, digest)) = typed.split_once('@') {
        let hex = digest.strip_prefix("sha256:").ok_or(Unreadable)?;
        let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        // A password before the host would make two.
        if !is_digest || name.is_empty() {
            return Err(Unreadable);
        }
        return Ok(typed.to_owned());
    }
    Ok(if tag(typed).is_some() {
        typed.to_owned()
    } else {
        format!("{typed}:latest")
    })
}

/// What was typed, as it may be told back: whatever stands before the host may be a password.
pub(crate) fn shown(typed: &str) -> String {
    let typed = typed.trim();
    let before = typed.find('@').filter(|at| !typed[*at..].starts_with("@sha256:"));
    let rest = before.map_or(typed, |_| typed.rsplit('@').next().unwrap_or_default());
    rest.chars().take(MAX_CHARS).collect()
}

/// What is typed is no image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// What to pull when "the same again" is asked for: the tag, where there is one beside a digest.
pub(crate) fn again(image: &str) -> Option<String> {
    if is_image_id(image) {
        return None;
    }
    let name = match image.split_once('@') {
        Some((name, _)) if tag(name).is_some() => name,
        _ => image,
    };
    pullable(name).ok()
}

/// A reference that keeps the tag for the eye and pins the digest: `shop:1.2@sha256:…`.
pub(crate) fn pinned(image: &str, digest: &str) -> String {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let (repository, _) = split_tag(name);
    match (digest.split_once('@'), tag(name)) {
        (Some((of, sum)), Some(tag)) if of == repository => format!("{repository}:{tag}@{sum}"),
        _ => digest.to_owned(),
    }
}

/// Whether it is an image id and no name.
fn is_image_id(image: &str) -> bool {
    let hex = image.strip_prefix("sha256:").unwrap_or(image);
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn tag(name: &str) -> Option<&str> {
    split_tag(name).1
}

/// The last colon is a tag's, unless a slash follows: then it was a port's.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_reference_without_a_tag_means_latest_and_never_all_tags() {
        assert_eq!(pullable(" redis "), Ok("redis:latest".into()));
        assert_eq!(
            pullable("hub.example:5000/shop"),
            Ok("hub.example:5000/shop:latest".into())
        );
        assert_eq!(
            pullable("hub.example:5000/shop:1"),
            Ok("hub.example:5000/shop:1".into())
        );
        let pinned = format!("shop@{SUM}");
        assert_eq!(pullable(&pinned), Ok(pinned));
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for typed in [
            "",
            "  ",
            "https://hub.example/shop",
            "a b",
            "shop:",
            "me:secret@hub.example/shop",
            "shop@sha256:12",
            "-shop",
            SUM,
            "shop\n:1",
        ] {
            assert_eq!(pullable(typed), Err(Unreadable), "{typed}");
        }
    }

    #[test]
    fn a_password_that_was_typed_is_not_told_back() {
        assert_eq!(shown("me:se@cret@hub.example/shop"), "hub.example/shop");
        assert_eq!(shown(" a b "), "a b");
    }

    #[test]
    fn the_same_again_is_the_tag_and_not_the_digest_beside_it() {
        assert_eq!(again(&format!("shop:1@{SUM}")), Some("shop:1".into()));
        assert_eq!(again(&format!("shop@{SUM}")), Some(format!("shop@{SUM}")));
        assert_eq!(again("shop"), Some("shop:latest".into()));
        assert_eq!(again(SUM), None);
    }

    #[test]
    fn a_pinned_reference_keeps_its_tag() {
        let digest = format!("hub.example:5000/shop@{SUM}");
        assert_eq!(
            pinned("hub.example:5000/shop:1", &digest),
            format!("hub.example:5000/shop:1@{SUM}")
        );
        assert_eq!(
            pinned("other:1", &digest),
            digest,
            "another repository's tag says nothing"
        );
        assert_eq!(
            pinned(&format!("hub.example:5000/shop:1@{SUM}"), &digest),
            format!("hub.example:5000/shop:1@{SUM}")
        );
    }
}

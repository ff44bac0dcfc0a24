//! `roadstead://apps/immich` from outside: what may be opened, and nothing else.
//!
//! A link is hostile input: any web page can hand one over. It can only ever choose a page to show.

use url::Url;

/// A host or app name is never longer.
const LONGEST_SEGMENT_CHARS: usize = 256;

/// The place a link names, as a path below the root without a leading slash, or `None` when it names none.
///
/// Allowed are the overview (an empty path), `apps`, `apps/<name>`, `hosts`, `hosts/<id>` and `settings`. Names come
/// back percent-encoded as they were given. Queries and fragments are left out.
pub(crate) fn place(url: &Url) -> Option<String> {
    if url.scheme() != "roadstead"
        || !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
    {
        return None;
    }
    // `roadstead://apps/immich` has the host `apps`; `roadstead:apps/immich` has none.
    let path = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => Some(String::new()),
        [page @ ("apps" | "hosts" | "settings")] => Some((*page).to_owned()),
        [page @ ("apps" | "hosts"), name] if is_name(name) => Some(format!("{page}/{name}")),
        _ => None,
    }
}

/// Whether a segment, once decoded, can be a name: no separators, nothing invisible, no way up.
fn is_name(segment: &str) -> bool {
    let decoded = url::form_urlencoded::parse(format!("n={}", segment.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    decoded.is_some_and(|name| {
        !name.is_empty()
            && name != "."
            && name != ".."
            && name.chars().count() <= LONGEST_SEGMENT_CHARS
            && !name
                .chars()
                .any(|c| c.is_control() || matches!(c, '/' | '\\' | '\u{fffd}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &str, expected: Option<&str>) {
        let url: Url = link.parse().unwrap();
        assert_eq!(place(&url).as_deref(), expected, "{link}");
    }

    #[test]
    fn pages_and_names_are_opened() {
        check("roadstead://", Some(""));
        check("roadstead:///", Some(""));
        check("roadstead://apps", Some("apps"));
        check("roadstead://apps/", Some("apps"));
        check("roadstead://apps/immich", Some("apps/immich"));
        check("roadstead:apps/immich", Some("apps/immich"));
        check("roadstead://apps/my%20app", Some("apps/my%20app"));
        check("roadstead://apps/a+b", Some("apps/a+b"));
        check("roadstead://hosts/7f3a", Some("hosts/7f3a"));
        check("roadstead://settings?theme=dark#x", Some("settings"));
    }

    #[test]
    fn anything_else_is_refused() {
        check("https://apps/immich", None);
        check("roadstead://settings/reset", None);
        check("roadstead://apps/immich/remove", None);
        check("roadstead://apps/..%2Fsettings", None);
        check("roadstead://apps/%5C%5Chost", None);
        check("roadstead://apps/a%00b", None);
        check("roadstead://apps/%ff", None);
        check("roadstead://javascript/alert(1)", None);
        check("roadstead://user:secret@apps/immich", None);
        check("roadstead://apps:80/immich", None);
    }

    #[test]
    fn a_name_longer_than_any_is_refused() {
        check(&format!("roadstead://apps/{}", "a".repeat(257)), None);
        let longest = "a".repeat(256);
        check(
            &format!("roadstead://apps/{longest}"),
            Some(&format!("apps/{longest}")),
        );
    }
}

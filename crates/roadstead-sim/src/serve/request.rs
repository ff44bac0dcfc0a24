//! What a request asks for: its path without the version, and its query.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::body::Answer;
use hyper::StatusCode;

/// A path taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// `(major, minor)` of a `/v1.41` prefix.
    pub(super) version: Option<(u32, u32)>,
    /// The rest, decoded.
    pub(super) segments: Vec<String>,
}

impl Path {
    pub(super) fn parse(path: &str) -> Self {
        let mut segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let version = segments
            .first()
            .and_then(|first| version(first.strip_prefix('v')?));
        if version.is_some() {
            segments.remove(0);
        }
        Self { version, segments }
    }
}

/// `1.41` as numbers.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub(super) struct Query(HashMap<String, String>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A switch, as the engine reads it: anything but the words for no is yes.
    pub(super) fn is_on(&self, name: &str, otherwise: bool) -> bool {
        match self.get(name) {
            None => otherwise,
            Some(value) => !matches!(value.to_ascii_lowercase().as_str(), "0" | "no" | "false" | "none"),
        }
    }

    /// A moment given as seconds with an optional fraction, in UTC epoch nanoseconds; `Ok(None)` when not given.
    pub(super) fn time_ns(&self, name: &str) -> Result<Option<i64>, Answer> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        time_ns(text).map(Some).ok_or_else(|| {
            Answer::error(
                StatusCode::BAD_REQUEST,
                &format!("invalid value for \"{name}\": failed to parse value as time: a number of seconds is wanted"),
            )
        })
    }
}

/// `1700000000.123456789` in nanoseconds, without the rounding a float would bring.
fn time_ns(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds: i64 = seconds.parse().ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_with_and_without_its_version() {
        let path = Path::parse("/v1.41/containers/json");
        assert_eq!(path.version, Some((1, 41)));
        assert_eq!(path.segments, ["containers", "json"]);
        assert_eq!(Path::parse("/_ping").segments, ["_ping"]);
        assert_eq!(
            Path::parse("/images/ghcr.io%2Fa%2Fb:v1/json").segments,
            ["images", "ghcr.io/a/b:v1", "json"]
        );
        assert_eq!(Path::parse("/volumes").version, None, "a v alone is no version");
    }

    #[test]
    fn times_keep_their_nanoseconds() {
        assert_eq!(time_ns("1700000000.123456789"), Some(1_700_000_000_123_456_789));
        assert_eq!(time_ns("1700000000.5"), Some(1_700_000_000_500_000_000));
        assert_eq!(time_ns("0"), Some(0));
        for text in ["x", "1.x", "1.1234567890", "", "99999999999999"] {
            assert_eq!(time_ns(text), None, "{text}");
        }
    }

    #[test]
    fn switches_are_read_as_the_engine_reads_them() {
        let query = Query::parse(Some("all=1&stream=false&tail="));
        assert!(query.is_on("all", false));
        assert!(!query.is_on("stream", true));
        assert!(query.is_on("absent", true));
        assert_eq!(query.get("tail"), None);
    }
}

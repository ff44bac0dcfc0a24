//! The `filters` of a query.

use std::collections::HashMap;

use hyper::StatusCode;
use serde_json::Value;

use super::body::Answer;
use super::request::Query;

/// Filters by name; each passes when one of its values does. A filter that is not known here is refused, not ignored.
#[derive(Debug, Default)]
pub(super) struct Filters(HashMap<String, Vec<String>>);

impl Filters {
    /// Reads `filters`, written as lists (`{"label":["a=b"]}`) or, as old clients do, as maps (`{"label":{"a=b":true}}`).
    pub(super) fn parse(query: &Query, known: &[&str]) -> Result<Self, Answer> {
        let refused = |message: String| Answer::error(StatusCode::BAD_REQUEST, &message);
        let Some(text) = query.get("filters") else {
            return Ok(Self::default());
        };
        let Ok(Value::Object(object)) = serde_json::from_str(text) else {
            return Err(refused(
                "invalid filters: an object of lists is wanted".to_owned(),
            ));
        };
        let mut filters = HashMap::new();
        for (name, values) in object {
            if !known.contains(&name.as_str()) {
                return Err(refused(format!("invalid filter '{name}'")));
            }
            let values = match values {
                Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Value::Object(map) => map.keys().cloned().collect(),
                _ => return Err(refused(format!("invalid filter '{name}': a list is wanted"))),
            };
            filters.insert(name, values);
        }
        Ok(Self(filters))
    }

    /// Whether a filter, when given, has a value that passes.
    pub(super) fn pass(&self, name: &str, passes: impl Fn(&str) -> bool) -> bool {
        self.0
            .get(name)
            .is_none_or(|values| values.is_empty() || values.iter().any(|value| passes(value)))
    }

    /// Whether a filter was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether every value of the `label` filter (`key` or `key=value`) is among these labels.
    pub(super) fn labels_pass(&self, labels: &[(String, String)]) -> bool {
        let wanted = self.0.get("label").map_or(&[][..], Vec::as_slice);
        wanted.iter().all(|wanted| {
            let (key, value) = wanted
                .split_once('=')
                .map_or((wanted.as_str(), None), |(key, value)| (key, Some(value)));
            labels
                .iter()
                .any(|(label, is)| label == key && value.is_none_or(|value| value == is))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Filters, Answer> {
        let text: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("filters", json)
            .finish();
        Filters::parse(&Query::parse(Some(&text)), &["label", "status"])
    }

    #[test]
    fn filters_are_read_as_lists_and_as_maps() {
        for json in [
            r#"{"status":["running","paused"]}"#,
            r#"{"status":{"running":true,"paused":true}}"#,
        ] {
            let filters = parse(json).ok().unwrap();
            assert!(filters.pass("status", |s| s == "paused"));
            assert!(!filters.pass("status", |s| s == "exited"));
            assert!(
                filters.pass("label", |_| false),
                "a filter that is not given passes"
            );
        }
    }

    #[test]
    fn all_labels_asked_for_must_be_there() {
        let labels = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let passes = |json: &str| parse(json).ok().unwrap().labels_pass(&labels);
        assert!(passes(r#"{"label":["a","b=2"]}"#));
        assert!(!passes(r#"{"label":["a","b=3"]}"#));
        assert!(!passes(r#"{"label":["c"]}"#));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_ignored() {
        for json in ["[]", "x", r#"{"volume":["x"]}"#, r#"{"label":7}"#] {
            let refused = parse(json).err().unwrap();
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{json}");
        }
    }
}

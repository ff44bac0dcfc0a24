//! Hashes that tell whether a value is still the same, and nothing else: without the key of the store nobody can try
//! likely passwords against them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::given::is_empty;

/// Hex digits of the hash of a whole setting.
const WHOLE_DIGITS: usize = 16;
/// Hex digits of the hash of one value.
const VALUE_DIGITS: usize = 8;

/// The key of a store.
#[derive(Clone, Copy)]
pub(crate) struct ConfigKey(pub(crate) [u8; 16]);

impl ConfigKey {
    /// Hash of a whole setting. `kind` keeps equal settings of different kinds apart.
    pub(super) fn whole(self, kind: &str, text: &str) -> String {
        self.digits(kind, text, WHOLE_DIGITS)
    }

    /// Hash of one value, by its name.
    pub(super) fn value(self, name: &str, text: &str) -> String {
        self.digits(name, text, VALUE_DIGITS)
    }

    fn digits(self, kind: &str, text: &str, digits: usize) -> String {
        // HMAC takes keys of any length; there is no error to come.
        let Ok(mut keyed) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        keyed.update(&(kind.len() as u64).to_be_bytes());
        keyed.update(kind.as_bytes());
        keyed.update(text.as_bytes());
        let hash = keyed.finalize().into_bytes();
        let mut hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.truncate(digits);
        hex
    }
}

/// Whether the order of a list means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Matters,
    IsChance,
}

/// One text for all ways an engine may write the same value: members by name, what is empty left out, and lists whose
/// order is chance sorted.
pub(super) fn canonical(value: &Value, order: Order) -> String {
    match value {
        Value::Object(members) => {
            let mut written: Vec<String> = members
                .iter()
                .filter(|(_, member)| !is_empty(member))
                .map(|(name, member)| format!("{}:{}", Value::from(name.as_str()), canonical(member, order)))
                .collect();
            written.sort_unstable();
            format!("{{{}}}", written.join(","))
        }
        Value::Array(items) => {
            let mut written: Vec<String> = items.iter().map(|item| canonical(item, order)).collect();
            if order == Order::IsChance {
                written.sort_unstable();
            }
            format!("[{}]", written.join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: ConfigKey = ConfigKey(*b"0123456789abcdef");

    #[test]
    fn a_hash_depends_on_the_key_the_kind_and_the_value() {
        let hash = KEY.value("PASSWORD", "hunter2");
        assert_eq!(hash.len(), 8);
        assert_eq!(KEY.whole("a", "b").len(), 16);
        assert_eq!(hash, KEY.value("PASSWORD", "hunter2"));
        assert_ne!(hash, KEY.value("PASSWORD", "hunter3"));
        assert_ne!(hash, KEY.value("TOKEN", "hunter2"), "equal secrets do not show");
        assert_ne!(hash, ConfigKey([0; 16]).value("PASSWORD", "hunter2"));
        assert_ne!(KEY.whole("ab", "c"), KEY.whole("a", "bc"));
    }

    #[test]
    fn chance_does_not_count_and_order_does_where_it_means_something() {
        let one = json!({"b": ["x", "y"], "a": 1, "none": null, "no": false, "zero": 0, "empty": {}});
        let other = json!({"a": 1, "b": ["y", "x"]});
        assert_eq!(
            canonical(&one, Order::IsChance),
            canonical(&other, Order::IsChance)
        );
        assert_ne!(canonical(&one, Order::Matters), canonical(&other, Order::Matters));
        assert_ne!(
            canonical(&json!({"a": {"b": 1}}), Order::IsChance),
            canonical(&json!({"a": 1, "b": 1}), Order::IsChance)
        );
    }
}

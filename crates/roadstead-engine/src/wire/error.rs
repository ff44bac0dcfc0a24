//! Errors as a window sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of failure it is; a variant exists only where the window acts differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// What was typed or chosen is not allowed; `field` says which.
    Invalid,
    /// The app or host asked for does not exist.
    NotFound,
    /// The disk is full: nothing was stored.
    DiskFull,
    /// Something failed inside; the message says what.
    Internal,
}

/// A failed command. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WireError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// Key of the sentence in the window's catalogue, `error.<…>`.
    pub key: String,
    /// Values for the sentence's placeholders.
    pub params: BTreeMap<String, String>,
    /// The field of the request that was wrong, when one was.
    pub field: Option<String>,
    /// The sentence in English, for logs and for catalogues that lack the key.
    pub message: String,
}

/// What every command answers.
pub type Wire<T> = Result<T, WireError>;

impl WireError {
    /// What was typed into `field` is not allowed.
    #[must_use]
    pub fn invalid(field: &str, key: &str, message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Invalid,
            key: format!("error.{key}"),
            params: BTreeMap::new(),
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    /// The app, host or other thing asked for does not exist.
    #[must_use]
    pub fn not_found(what: &str, name: impl std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::NotFound,
            key: format!("error.not_found.{what}"),
            params: BTreeMap::new(),
            field: None,
            message: format!("no such {what}: {name}"),
        }
        .with("name", name)
    }

    /// Something failed inside.
    #[must_use]
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::Internal,
            key: "error.internal".to_owned(),
            params: BTreeMap::new(),
            field: None,
            message: error.to_string(),
        }
        .with("reason", error)
    }

    /// A number that is out of its range.
    #[must_use]
    pub fn out_of_range(field: &str, value: i64, min: i64, max: i64, unit: &str) -> Self {
        Self::invalid(
            field,
            "number.out_of_range",
            format!("{field} is {value}; it can be {min} to {max} {unit}"),
        )
        .with("value", value)
        .with("min", min)
        .with("max", max)
        .with("unit", unit)
    }

    /// The same with a value for a placeholder.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WireError {}

//! What a line says of itself.

/// How bad an event is. Three steps are enough for an operator: look now, look later, no need to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Neither of the others: information, debugging, or nothing that could be told.
    #[default]
    Other,
    /// A warning.
    Warn,
    /// An error, or anything worse.
    Error,
}

impl Severity {
    /// `error`, `warn` or `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

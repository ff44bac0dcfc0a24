//! Settings and what the store takes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system.
    #[default]
    System,
    /// English.
    En,
    /// Hungarian.
    Hu,
    /// Russian.
    Ru,
}

/// Theme of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// What closing the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OnClose {
    /// Keep collecting in the tray.
    #[default]
    Tray,
    /// Quit.
    Quit,
}

/// Everything the operator can set. Out-of-range values are refused, and nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Seconds between ticks, 5 to 300.
    pub tick_interval_s: u32,
    /// Seconds between two passes over the logs of a host, 10 to 3600.
    pub log_pass_s: u32,
    /// Hours of its log that are read of a container never seen before, 0 to 168.
    pub log_look_back_h: u32,
    /// Hours samples are kept, 6 to 336.
    pub samples_retention_h: u32,
    /// Days reports are kept, 7 to 730.
    pub reports_retention_days: u32,
    /// Days daily aggregates are kept, 30 to 3650.
    pub daily_retention_days: u32,
    /// Days an issue is kept after it was last seen, 1 to 365.
    pub issues_retention_days: u32,
    /// Language.
    pub language: Language,
    /// Theme.
    pub theme: Theme,
    /// What closing the window does.
    pub on_close: OnClose,
    /// Start with the session.
    pub start_at_login: bool,
    /// Names of apps or containers left out of apps and reports, at most 500.
    pub protected: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tick_interval_s: 15,
            log_pass_s: 60,
            log_look_back_h: 24,
            samples_retention_h: 48,
            reports_retention_days: 90,
            daily_retention_days: 730,
            issues_retention_days: 30,
            language: Language::System,
            theme: Theme::System,
            on_close: OnClose::Tray,
            start_at_login: false,
            protected: Vec::new(),
        }
    }
}

/// What one kind of data takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KindSize {
    /// `samples`, `reports`, `aggregates`, `changes`, `issues`.
    pub kind: String,
    /// Rows or values kept.
    pub entries: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Oldest, when there is one.
    pub oldest_ms: Option<i64>,
}

/// The Settings page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsPage {
    /// In force.
    pub settings: Settings,
    /// As they are on a new machine.
    pub defaults: Settings,
    /// What the store takes, by kind, largest first.
    pub sizes: Vec<KindSize>,
    /// The store's file with its log.
    pub file_bytes: u64,
    /// Free space on its disk.
    pub disk_free_bytes: Option<u64>,
    /// Where the store is.
    pub path: String,
}

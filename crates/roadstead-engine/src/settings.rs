//! Settings: defaults, ranges, and their place in the store.

use crate::draft::check_tick_interval;
use crate::wire::{Settings, Wire, WireError};

/// Where settings are kept in the store.
pub(crate) const SETTINGS_KEY: &str = "settings";
const MAX_PROTECTED: usize = 500;
const MAX_PROTECTED_CHARS: usize = 255;

/// The settings, when every value is allowed; names in the protected list trimmed, sorted, without repeats.
///
/// # Errors
/// The first value out of its range, by field, with what is allowed.
pub(crate) fn check(mut settings: Settings) -> Wire<Settings> {
    check_tick_interval("tick_interval_s", settings.tick_interval_s)?;
    let ranges = [
        ("log_pass_s", settings.log_pass_s, 10, 3_600, "s"),
        ("log_look_back_h", settings.log_look_back_h, 0, 168, "h"),
        ("samples_retention_h", settings.samples_retention_h, 6, 336, "h"),
        (
            "reports_retention_days",
            settings.reports_retention_days,
            7,
            730,
            "d",
        ),
        (
            "daily_retention_days",
            settings.daily_retention_days,
            30,
            3650,
            "d",
        ),
        (
            "issues_retention_days",
            settings.issues_retention_days,
            1,
            365,
            "d",
        ),
    ];
    for (field, value, min, max, unit) in ranges {
        if !(min..=max).contains(&value) {
            return Err(WireError::out_of_range(
                field,
                value.into(),
                min.into(),
                max.into(),
                unit,
            ));
        }
    }
    if settings.daily_retention_days < settings.reports_retention_days {
        return Err(WireError::out_of_range(
            "daily_retention_days",
            settings.daily_retention_days.into(),
            settings.reports_retention_days.into(),
            3650,
            "d",
        ));
    }
    settings.protected = settings
        .protected
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    settings.protected.retain(|name| !name.is_empty());
    settings.protected.sort();
    settings.protected.dedup();
    if settings.protected.len() > MAX_PROTECTED {
        return Err(WireError::invalid(
            "protected",
            "list.too_long",
            format!(
                "{} names; at most {MAX_PROTECTED} are allowed",
                settings.protected.len()
            ),
        )
        .with("count", settings.protected.len())
        .with("max", MAX_PROTECTED));
    }
    if let Some(name) = settings
        .protected
        .iter()
        .find(|name| name.chars().count() > MAX_PROTECTED_CHARS)
    {
        let count = name.chars().count();
        return Err(
            WireError::invalid("protected", "name.too_long", "a protected name is too long")
                .with("count", count)
                .with("max", MAX_PROTECTED_CHARS),
        );
    }
    Ok(settings)
}

/// Settings as stored; a field that an older version did not know has its default.
///
/// # Errors
/// Says why the stored text cannot be read.
pub(crate) fn from_stored(text: &str) -> Result<Settings, serde_json::Error> {
    let mut merged = serde_json::to_value(Settings::default())?;
    let stored: serde_json::Value = serde_json::from_str(text)?;
    if let (Some(merged), Some(stored)) = (merged.as_object_mut(), stored.as_object()) {
        for (field, value) in stored {
            if merged.contains_key(field) {
                merged.insert(field.clone(), value.clone());
            }
        }
    }
    serde_json::from_value(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_allowed() {
        assert_eq!(check(Settings::default()), Ok(Settings::default()));
    }

    #[test]
    fn values_out_of_range_are_refused_by_field() {
        let field = |settings| check(settings).unwrap_err().field.unwrap();
        assert_eq!(
            field(Settings {
                tick_interval_s: 4,
                ..Settings::default()
            }),
            "tick_interval_s"
        );
        assert_eq!(
            field(Settings {
                samples_retention_h: 5,
                ..Settings::default()
            }),
            "samples_retention_h"
        );
        assert_eq!(
            field(Settings {
                reports_retention_days: 0,
                ..Settings::default()
            }),
            "reports_retention_days"
        );
        assert_eq!(
            field(Settings {
                daily_retention_days: 60,
                ..Settings::default()
            }),
            "daily_retention_days",
            "daily aggregates outlive the reports they are made from"
        );
        let many = (0..501).map(|n| n.to_string()).collect();
        assert_eq!(
            field(Settings {
                protected: many,
                ..Settings::default()
            }),
            "protected"
        );
    }

    #[test]
    fn a_field_unknown_to_an_older_version_has_its_default() {
        let read = from_stored(r#"{"tick_interval_s": 30, "gone": 1}"#).unwrap();
        assert_eq!(
            read,
            Settings {
                tick_interval_s: 30,
                ..Settings::default()
            }
        );
        assert!(from_stored("not json").is_err());
    }
}

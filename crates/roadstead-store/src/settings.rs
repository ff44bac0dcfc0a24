//! Settings: JSON texts by key, whose meaning is the caller's.

use crate::{Store, StoreError};

impl Store {
    /// A setting's JSON, when it was ever saved.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn load_setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar!("SELECT value_json FROM setting WHERE key = ?", key)
                .fetch_optional(&self.inner.readers)
                .await?,
        )
    }

    /// Saves a setting's JSON.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the text is not JSON.
    pub async fn save_setting(&self, key: &str, json: &str) -> Result<(), StoreError> {
        serde_json::from_str::<serde::de::IgnoredAny>(json)
            .map_err(|error| StoreError::Invalid(format!("the setting {key} is not JSON: {error}")))?;
        sqlx::query!(
            "INSERT INTO setting (key, value_json) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value_json = excluded.value_json",
            key,
            json
        )
        .execute(&self.inner.writer)
        .await?;
        Ok(())
    }
}

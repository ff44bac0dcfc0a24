//! What the user typed of an app: a name to show, an estimate, a limit.

use roadstead_model::{AppId, HostId};

use crate::store::sized;
use crate::{AppSizes, AppSizesRecord, Store, StoreError};

/// Stands for "every host" in the key; host ids start at 1.
const EVERY_HOST: i64 = 0;

impl Store {
    /// Replaces what the user typed of an app (on one host, or on all). Nothing typed takes it back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown app, [`StoreError::Invalid`] for a size above 2^63 bytes.
    pub async fn set_app_sizes(
        &self,
        app: AppId,
        host: Option<HostId>,
        sizes: &AppSizes,
    ) -> Result<(), StoreError> {
        if !self.directory().apps.contains_key(&app) {
            return Err(StoreError::NotFound {
                what: "app",
                id: app.0,
            });
        }
        let host = host.map_or(EVERY_HOST, |host| host.0);
        let estimate = sized("an estimate", sizes.estimate_bytes)?;
        let limit = sized("a limit", sizes.limit_bytes)?;
        if *sizes == AppSizes::default() {
            sqlx::query!(
                "DELETE FROM app_sizes WHERE app_id = ? AND host_id = ?",
                app.0,
                host
            )
            .execute(&self.inner.writer)
            .await?;
        } else {
            sqlx::query!(
                r#"INSERT INTO app_sizes (app_id, host_id, display_name, estimate_bytes, limit_bytes) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (app_id, host_id) DO UPDATE
                   SET display_name = excluded.display_name, estimate_bytes = excluded.estimate_bytes,
                       limit_bytes = excluded.limit_bytes"#,
                app.0,
                host,
                sizes.display_name,
                estimate,
                limit,
            )
            .execute(&self.inner.writer)
            .await?;
        }
        Ok(())
    }

    /// All that the user typed of apps.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn app_sizes(&self) -> Result<Vec<AppSizesRecord>, StoreError> {
        let rows = sqlx::query!(
            "SELECT app_id, host_id, display_name, estimate_bytes, limit_bytes FROM app_sizes ORDER BY app_id, host_id"
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let records = rows.into_iter().map(|row| AppSizesRecord {
            app: AppId(row.app_id),
            host: (row.host_id != EVERY_HOST).then_some(HostId(row.host_id)),
            sizes: AppSizes {
                display_name: row.display_name,
                estimate_bytes: row.estimate_bytes.map(i64::unsigned_abs),
                limit_bytes: row.limit_bytes.map(i64::unsigned_abs),
            },
        });
        Ok(records.collect())
    }
}

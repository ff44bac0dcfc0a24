//! What changed: short words and JSON of the caller's own, newest first.

use roadstead_model::{AppId, ContainerId, HostId, TimeRange};

use crate::{Change, ChangesOf, Store, StoreError};

/// A row of any query for changes.
pub(crate) struct Row {
    pub(crate) at_ms: i64,
    pub(crate) host_id: i64,
    pub(crate) app_id: Option<i64>,
    pub(crate) container_id: Option<i64>,
    pub(crate) kind: String,
    pub(crate) detail_json: String,
}

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self {
            at_ms: row.at_ms,
            host: HostId(row.host_id),
            app: row.app_id.map(AppId),
            container: row.container_id.map(ContainerId),
            kind: row.kind,
            detail_json: row.detail_json,
        }
    }
}

impl Store {
    /// Keeps changes, in one transaction.
    ///
    /// # Errors
    /// Any failure of the database, such as an unknown host.
    pub async fn append_changes(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        for change in changes {
            let app = change.app.map(|app| app.0);
            let container = change.container.map(|container| container.0);
            sqlx::query!(
                "INSERT INTO change (at_ms, host_id, app_id, container_id, kind, detail_json) VALUES (?, ?, ?, ?, ?, ?)",
                change.at_ms,
                change.host.0,
                app,
                container,
                change.kind,
                change.detail_json
            )
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// The newest changes, newest first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn recent_changes(&self, limit: u32) -> Result<Vec<Change>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT at_ms, host_id, app_id, container_id, kind, detail_json FROM change
               ORDER BY at_ms DESC, change_id DESC LIMIT ?"#,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows.into_iter().map(Change::from).collect())
    }

    /// The newest changes of an app or host in a span, newest first.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn changes_of(
        &self,
        of: ChangesOf,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<Change>, StoreError> {
        let rows = match of {
            ChangesOf::App(app) => {
                sqlx::query_as!(
                    Row,
                    r#"SELECT at_ms, host_id, app_id, container_id, kind, detail_json FROM change
                       WHERE app_id = ? AND at_ms >= ? AND at_ms < ?
                       ORDER BY at_ms DESC, change_id DESC LIMIT ?"#,
                    app.0,
                    range.from_ms,
                    range.to_ms,
                    limit
                )
                .fetch_all(&self.inner.readers)
                .await?
            }
            ChangesOf::Host(host) => {
                sqlx::query_as!(
                    Row,
                    r#"SELECT at_ms, host_id, app_id, container_id, kind, detail_json FROM change
                       WHERE host_id = ? AND at_ms >= ? AND at_ms < ?
                       ORDER BY at_ms DESC, change_id DESC LIMIT ?"#,
                    host.0,
                    range.from_ms,
                    range.to_ms,
                    limit
                )
                .fetch_all(&self.inner.readers)
                .await?
            }
        };
        Ok(rows.into_iter().map(Change::from).collect())
    }
}

//! Hosts: the operator's list, and what each engine says of itself.

use roadstead_model::{HostFacts, HostId, Window};

use crate::{HostEdit, HostRecord, NewHost, Store, StoreError};

/// What makes two names the same.
fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("a value has no JSON form: {error}")))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))
}

fn check_name(name: &str) -> Result<(), StoreError> {
    if name.trim().is_empty() {
        return Err(StoreError::Invalid("a host needs a name".to_owned()));
    }
    Ok(())
}

/// The unique index on names is the only constraint these statements can break that way.
fn taken(name: &str) -> impl FnOnce(sqlx::Error) -> StoreError {
    let name = name.trim().to_owned();
    move |error| match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => StoreError::NameTaken(name),
        _ => StoreError::from(error),
    }
}

fn changed(rows: u64, id: HostId) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(StoreError::NotFound {
            what: "host",
            id: id.0,
        });
    }
    Ok(())
}

impl Store {
    /// Adds a host.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when another host that is not removed has its name, [`StoreError::Invalid`] without one.
    pub async fn add_host(&self, host: NewHost) -> Result<HostId, StoreError> {
        check_name(&host.name)?;
        let name = host.name.trim();
        let key = name_key(name);
        let endpoint = json(&host.endpoint)?;
        let id = sqlx::query_scalar!(
            r#"INSERT INTO host (name, name_key, customer, endpoint_json, accept_plain_text, interval_override_ms, created_at_ms)
               VALUES (?, ?, ?, ?, ?, ?, ?)
               RETURNING host_id"#,
            name,
            key,
            host.customer,
            endpoint,
            host.accept_plain_text,
            host.interval_override_ms,
            host.created_at_ms,
        )
        .fetch_one(&self.inner.writer)
        .await
        .map_err(taken(name))?;
        Ok(HostId(id))
    }

    /// Replaces what can be changed of a host. Another endpoint turns writing off: it may be another machine.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], [`StoreError::NotFound`], [`StoreError::Invalid`] without a name.
    pub async fn update_host(&self, id: HostId, edit: HostEdit) -> Result<(), StoreError> {
        check_name(&edit.name)?;
        let name = edit.name.trim();
        let key = name_key(name);
        let endpoint = json(&edit.endpoint)?;
        let done = sqlx::query!(
            r#"UPDATE host
               SET name = ?1, name_key = ?2, customer = ?3, endpoint_json = ?4, accept_plain_text = ?5,
                   interval_override_ms = ?6, writing = CASE WHEN endpoint_json = ?4 THEN writing ELSE 0 END
               WHERE host_id = ?7"#,
            name,
            key,
            edit.customer,
            endpoint,
            edit.accept_plain_text,
            edit.interval_override_ms,
            id.0,
        )
        .execute(&self.inner.writer)
        .await
        .map_err(taken(name))?;
        changed(done.rows_affected(), id)
    }

    /// Pauses or resumes a host.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_host_paused(&self, id: HostId, paused: bool) -> Result<(), StoreError> {
        let done = sqlx::query!("UPDATE host SET paused = ? WHERE host_id = ?", paused, id.0)
            .execute(&self.inner.writer)
            .await?;
        changed(done.rows_affected(), id)
    }

    /// Lets deploys be asked for on a host, or not. Off for a host that was added.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_host_writing(&self, id: HostId, writing: bool) -> Result<(), StoreError> {
        let done = sqlx::query!("UPDATE host SET writing = ? WHERE host_id = ?", writing, id.0)
            .execute(&self.inner.writer)
            .await?;
        changed(done.rows_affected(), id)
    }

    /// Hides a host and frees its name; its history stays until [`Store::purge_removed_hosts`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_host(&self, id: HostId, at_ms: i64) -> Result<(), StoreError> {
        let _changing = self.inner.listed.lock().await;
        let done = sqlx::query!("UPDATE host SET removed_at_ms = ? WHERE host_id = ?", at_ms, id.0)
            .execute(&self.inner.writer)
            .await?;
        changed(done.rows_affected(), id)?;
        self.change_directory(|directory| {
            directory.removed_hosts.insert(id);
        });
        Ok(())
    }

    /// Takes a removal back.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when its name is another's by now, [`StoreError::NotFound`].
    pub async fn restore_host(&self, id: HostId) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!("SELECT name FROM host WHERE host_id = ?", id.0)
            .fetch_optional(&self.inner.readers)
            .await?
            .ok_or(StoreError::NotFound {
                what: "host",
                id: id.0,
            })?;
        let _changing = self.inner.listed.lock().await;
        let done = sqlx::query!("UPDATE host SET removed_at_ms = NULL WHERE host_id = ?", id.0)
            .execute(&self.inner.writer)
            .await
            .map_err(taken(&name))?;
        changed(done.rows_affected(), id)?;
        self.change_directory(|directory| {
            directory.removed_hosts.remove(&id);
        });
        Ok(())
    }

    /// All hosts, removed ones too, by id.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT host_id, name, customer, endpoint_json, accept_plain_text AS "accept_plain_text: bool",
                      interval_override_ms, paused AS "paused: bool", writing AS "writing: bool", created_at_ms, removed_at_ms,
                      facts_json, facts_at_ms, sealed_tick_ms, closed_window_ms
               FROM host
               ORDER BY host_id"#
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let newest_ticks = self.newest_ticks();
        rows.into_iter()
            .map(|row| {
                Ok(HostRecord {
                    id: HostId(row.host_id),
                    name: row.name,
                    customer: row.customer,
                    endpoint: from_json(&row.endpoint_json)?,
                    accept_plain_text: row.accept_plain_text,
                    interval_override_ms: row.interval_override_ms,
                    paused: row.paused,
                    writing: row.writing,
                    created_at_ms: row.created_at_ms,
                    removed_at_ms: row.removed_at_ms,
                    facts: row.facts_json.as_deref().map(from_json).transpose()?,
                    facts_at_ms: row.facts_at_ms,
                    last_tick_ms: newest_ticks
                        .get(&HostId(row.host_id))
                        .copied()
                        .max(row.sealed_tick_ms),
                    last_closed_window: row.closed_window_ms.map(|start_ms| Window { start_ms }),
                })
            })
            .collect()
    }

    /// Keeps what an engine says of itself.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn record_host_facts(
        &self,
        host: HostId,
        facts: &HostFacts,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let facts = json(facts)?;
        let done = sqlx::query!(
            "UPDATE host SET facts_json = ?, facts_at_ms = ? WHERE host_id = ?",
            facts,
            at_ms,
            host.0
        )
        .execute(&self.inner.writer)
        .await?;
        changed(done.rows_affected(), host)
    }
}

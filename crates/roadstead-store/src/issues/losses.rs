//! Stretches of logs of which lines were lost before they could be read. Counts of these times are lower bounds.

use std::collections::{BTreeSet, HashMap};

use sqlx::SqliteConnection;

use roadstead_model::time::{MINUTE_MS, WINDOW_MS};
use roadstead_model::{ContainerFacts, ContainerState, DeploymentId, HostId, TimeRange};

use super::{LogLoss, LossCause};
use crate::store::id_list;
use crate::{ContainerRef, Store, StoreError};

/// Stretches that lie closer together are kept as one: a log that loses lines in every pass must not make a row of each.
const APART_MS: i64 = WINDOW_MS;
/// What a container prints as it is stopped is not missed: each deploy would make every count of its app a lower bound.
const LAST_WORDS_MS: i64 = 2 * MINUTE_MS;
const NANOS_A_MILLISECOND: i64 = 1_000_000;

impl LossCause {
    /// As stored.
    const fn word(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Removed => "removed",
            Self::LookBack => "look_back",
        }
    }

    /// As read back; a word of a newer version is lines that are gone all the same.
    fn of(word: &str) -> Self {
        match word {
            "removed" => Self::Removed,
            "look_back" => Self::LookBack,
            _ => Self::Rotated,
        }
    }
}

impl Store {
    /// Lines lost of a host's deployments within a span, by deployment, cause and time.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn log_losses(&self, host: HostId, range: TimeRange) -> Result<Vec<LogLoss>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT log_loss.deployment_id, cause, from_ms, until_ms FROM log_loss
               JOIN deployment ON deployment.deployment_id = log_loss.deployment_id
               WHERE host_id = ? AND until_ms > ? AND from_ms < ?
               ORDER BY log_loss.deployment_id, cause, from_ms"#,
            host.0,
            range.from_ms,
            range.to_ms
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(LogLoss {
                    deployment: DeploymentId(row.deployment_id),
                    cause: LossCause::of(&row.cause),
                    range: TimeRange::new(row.from_ms, row.until_ms)?,
                })
            })
            .collect())
    }
}

/// Keeps a stretch, as one with those that it touches.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    deployment: DeploymentId,
    cause: LossCause,
    range: TimeRange,
) -> Result<(), StoreError> {
    let (word, near_from_ms, near_until_ms) =
        (cause.word(), range.from_ms - APART_MS, range.to_ms + APART_MS);
    let near = sqlx::query!(
        r#"DELETE FROM log_loss WHERE deployment_id = ? AND cause = ? AND from_ms <= ? AND until_ms >= ?
           RETURNING from_ms, until_ms"#,
        deployment.0,
        word,
        near_until_ms,
        near_from_ms,
    )
    .fetch_all(&mut *tx)
    .await?;
    let from_ms = near.iter().map(|row| row.from_ms).fold(range.from_ms, i64::min);
    let until_ms = near.iter().map(|row| row.until_ms).fold(range.to_ms, i64::max);
    sqlx::query!(
        "INSERT INTO log_loss (deployment_id, cause, from_ms, until_ms) VALUES (?, ?, ?, ?)",
        deployment.0,
        word,
        from_ms,
        until_ms
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A container is listed no longer: what it printed since it was last read went with it, unless it was read to its end or
/// just before.
pub(crate) async fn add_removed(
    tx: &mut SqliteConnection,
    gone: &ContainerRef,
    at_ms: i64,
) -> Result<(), StoreError> {
    let Some(row) = sqlx::query!(
        r#"SELECT facts_json, from_ns AS "from_ns?", read_until_ms, state AS "scan?", drained AS "drained?: bool"
           FROM container LEFT JOIN log_cursor ON log_cursor.container_id = container.container_id
           WHERE container.container_id = ?"#,
        gone.container.0
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(());
    };
    let facts: ContainerFacts = serde_json::from_str(&row.facts_json)
        .map_err(|error| StoreError::Damaged(format!("stored JSON cannot be read: {error}")))?;
    let never_ran = facts.state == ContainerState::Created || facts.started_at_ms.is_none();
    let keeps_none = facts.log_driver == "none" || row.scan.as_deref() == Some("no_logs");
    if never_ran || facts.protected || keeps_none || row.drained == Some(true) {
        return Ok(());
    }
    let read_from_ms = row.from_ns.map(|ns| ns.div_euclid(NANOS_A_MILLISECOND));
    let from_ms = row.read_until_ms.or(read_from_ms).or(facts.started_at_ms);
    match from_ms.and_then(|from_ms| TimeRange::new(from_ms, at_ms)) {
        Some(range) if range.to_ms - range.from_ms > LAST_WORDS_MS => {
            add(tx, gone.deployment, LossCause::Removed, range).await
        }
        _ => Ok(()),
    }
}

/// By app, until when lines of it were lost last.
pub(super) async fn newest_by_app(
    tx: &mut SqliteConnection,
    apps: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, i64>, StoreError> {
    let apps = id_list(apps.collect::<BTreeSet<i64>>());
    let rows = sqlx::query!(
        r#"SELECT app_id AS "app_id!", MAX(until_ms) AS "until_ms!: i64" FROM deployment
           JOIN log_loss ON log_loss.deployment_id = deployment.deployment_id
           WHERE app_id IN (SELECT value FROM json_each(?)) GROUP BY app_id"#,
        apps
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.app_id, row.until_ms)).collect())
}

/// Forgets stretches that ended before a moment, at most `rows`.
pub(super) async fn prune(tx: &mut SqliteConnection, before_ms: i64, rows: i64) -> Result<u64, StoreError> {
    let gone = sqlx::query!(
        r#"DELETE FROM log_loss WHERE (deployment_id, cause, from_ms) IN
           (SELECT deployment_id, cause, from_ms FROM log_loss WHERE until_ms < ? LIMIT ?)"#,
        before_ms,
        rows
    )
    .execute(tx)
    .await?;
    Ok(gone.rows_affected())
}

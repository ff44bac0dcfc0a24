//! How far each container's log has been counted.

use sqlx::SqliteConnection;

use roadstead_model::{ContainerId, HostId, TimeRange};

use super::{LogCursor, LogPosition, LogRead, StreamPosition};
use crate::{Store, StoreError};

impl Store {
    /// The cursors of a host's containers that are still listed.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn log_cursors(&self, host: HostId) -> Result<Vec<LogCursor>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT log_cursor.container_id, from_ns, stdout_ns, stdout_seen, stdout_top_ns, stderr_ns, stderr_seen,
                      stderr_top_ns, line_count, read_until_ms, looked_at_ms, state, fault_json, lost_from_ms, lost_until_ms,
                      drained AS "drained: bool"
               FROM log_cursor JOIN container ON container.container_id = log_cursor.container_id
               WHERE container.host_id = ? AND gone_at_ms IS NULL
               ORDER BY log_cursor.container_id"#,
            host.0
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| LogCursor {
                container: ContainerId(row.container_id),
                position: LogPosition {
                    from_ns: row.from_ns,
                    stdout: position(row.stdout_ns, row.stdout_seen, row.stdout_top_ns),
                    stderr: position(row.stderr_ns, row.stderr_seen, row.stderr_top_ns),
                },
                lines: row.line_count.unsigned_abs(),
                read_until_ms: row.read_until_ms,
                looked_at_ms: row.looked_at_ms,
                state: row.state,
                fault_json: row.fault_json,
                lost: row
                    .lost_from_ms
                    .zip(row.lost_until_ms)
                    .and_then(|(from_ms, until_ms)| TimeRange::new(from_ms, until_ms)),
                drained: row.drained,
            })
            .collect())
    }
}

fn position(at_ns: Option<i64>, seen: i64, top_ns: Option<i64>) -> StreamPosition {
    StreamPosition {
        at_ns,
        seen: u32::try_from(seen).unwrap_or(u32::MAX),
        top_ns,
    }
}

/// Moves a container's cursor, if it stands where the read began and the container is still known.
pub(super) async fn advance(tx: &mut SqliteConnection, read: &LogRead) -> Result<bool, StoreError> {
    let stored = sqlx::query!(
        r#"SELECT container.host_id, log_cursor.from_ns AS "from_ns?", stdout_ns, stdout_seen AS "stdout_seen?", stdout_top_ns, stderr_ns,
                  stderr_seen AS "stderr_seen?", stderr_top_ns
           FROM container LEFT JOIN log_cursor ON log_cursor.container_id = container.container_id
           WHERE container.container_id = ?"#,
        read.container.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(stored) = stored.filter(|stored| stored.host_id == read.host.0) else {
        return Ok(false);
    };
    let stands = stored.from_ns.map(|from_ns| LogPosition {
        from_ns,
        stdout: position(
            stored.stdout_ns,
            stored.stdout_seen.unwrap_or_default(),
            stored.stdout_top_ns,
        ),
        stderr: position(
            stored.stderr_ns,
            stored.stderr_seen.unwrap_or_default(),
            stored.stderr_top_ns,
        ),
    });
    if stands != read.before {
        return Ok(false);
    }
    let LogCursor {
        position,
        read_until_ms,
        looked_at_ms,
        state,
        fault_json,
        lost,
        drained,
        ..
    } = &read.cursor;
    let (lost_from_ms, lost_until_ms) = lost.map(|lost| (lost.from_ms, lost.to_ms)).unzip();
    let lines = i64::try_from(read.cursor.lines).unwrap_or(i64::MAX);
    sqlx::query!(
        r#"INSERT INTO log_cursor (container_id, from_ns, stdout_ns, stdout_seen, stdout_top_ns, stderr_ns, stderr_seen,
                                   stderr_top_ns, line_count, read_until_ms, looked_at_ms, state, fault_json,
                                   lost_from_ms, lost_until_ms, drained)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (container_id) DO UPDATE SET
               from_ns = excluded.from_ns, stdout_ns = excluded.stdout_ns, stdout_seen = excluded.stdout_seen,
               stdout_top_ns = excluded.stdout_top_ns, stderr_ns = excluded.stderr_ns,
               stderr_seen = excluded.stderr_seen, stderr_top_ns = excluded.stderr_top_ns,
               line_count = log_cursor.line_count + excluded.line_count,
               read_until_ms = COALESCE(excluded.read_until_ms, log_cursor.read_until_ms),
               looked_at_ms = excluded.looked_at_ms, state = excluded.state, fault_json = excluded.fault_json,
               lost_from_ms = COALESCE(excluded.lost_from_ms, log_cursor.lost_from_ms),
               lost_until_ms = COALESCE(excluded.lost_until_ms, log_cursor.lost_until_ms), drained = excluded.drained"#,
        read.container.0,
        position.from_ns,
        position.stdout.at_ns,
        position.stdout.seen,
        position.stdout.top_ns,
        position.stderr.at_ns,
        position.stderr.seen,
        position.stderr.top_ns,
        lines,
        read_until_ms,
        looked_at_ms,
        state,
        fault_json,
        lost_from_ms,
        lost_until_ms,
        drained,
    )
    .execute(&mut *tx)
    .await?;
    Ok(true)
}

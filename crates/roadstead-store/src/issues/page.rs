//! One issue in full.

use roadstead_model::{EngineContainerId, HostId, IssueId, TimeRange};

use super::list::{records, sparks};
use super::{
    FoundSample, Generation, IssueInFull, IssuePlaceRecord, IssueSampleRecord, LogStream, SAMPLES_KEPT,
};
use crate::{Store, StoreError};

/// Places answered, those with most events.
const MOST_PLACES: i64 = 500;

impl Store {
    /// One issue with its places and newest events; its sparkline covers `range` in buckets of whole hours. Places on removed
    /// hosts are left out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an issue that does not exist or was pruned; [`StoreError::Damaged`].
    pub async fn issue(
        &self,
        issue: IssueId,
        now_ms: i64,
        range: TimeRange,
        bucket_ms: i64,
    ) -> Result<IssueInFull, StoreError> {
        let removed = self.removed_hosts();
        let mut tx = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT masked,
                      (SELECT version FROM issue_fingerprint WHERE issue_fingerprint.issue_id = issue.issue_id
                       ORDER BY version DESC LIMIT 1) AS "version: i64",
                      (SELECT fingerprint FROM issue_fingerprint WHERE issue_fingerprint.issue_id = issue.issue_id
                       ORDER BY version DESC LIMIT 1) AS "fingerprint: i64"
               FROM issue WHERE issue_id = ? AND pruned_at_ms IS NULL"#,
            issue.0
        )
        .fetch_optional(&mut *tx)
        .await?;
        let mut found = records(&mut tx, &[issue.0], now_ms).await?;
        sparks(&mut tx, &mut found, range, bucket_ms).await?;
        let (row, record) = row.zip(found.pop()).ok_or(StoreError::NotFound {
            what: "issue",
            id: issue.0,
        })?;
        let places = sqlx::query!(
            r#"SELECT host_id, container_name, image, engine_id, image_id, container_created_ms, event_count, first_seen_ms, last_seen_ms FROM issue_place
               WHERE issue_id = ? AND host_id NOT IN (SELECT value FROM json_each(?))
               ORDER BY event_count DESC, last_seen_ms DESC, host_id, container_name LIMIT ?"#,
            issue.0,
            removed,
            MOST_PLACES
        )
        .fetch_all(&mut *tx)
        .await?;
        let kept = SAMPLES_KEPT as i64;
        let samples = sqlx::query!(
            r#"SELECT host_id, container_name, at_ms, stream, lines_json, line_count FROM issue_sample
               WHERE issue_id = ? AND host_id NOT IN (SELECT value FROM json_each(?))
               ORDER BY at_ms DESC, sample_id DESC LIMIT ?"#,
            issue.0,
            removed,
            kept
        )
        .fetch_all(&mut *tx)
        .await?;
        let samples = samples.into_iter().map(|row| {
            Ok(IssueSampleRecord {
                host: HostId(row.host_id),
                container_name: row.container_name,
                sample: FoundSample {
                    at_ms: row.at_ms,
                    stream: if row.stream == 2 {
                        LogStream::Stderr
                    } else {
                        LogStream::Stdout
                    },
                    lines: serde_json::from_str(&row.lines_json).map_err(|error| {
                        StoreError::Damaged(format!("stored lines cannot be read: {error}"))
                    })?,
                    line_count: row.line_count.unsigned_abs(),
                },
            })
        });
        Ok(IssueInFull {
            record,
            masked: row.masked,
            fingerprint: (
                row.version
                    .and_then(|version| u16::try_from(version).ok())
                    .unwrap_or_default(),
                row.fingerprint.unwrap_or_default().cast_unsigned(),
            ),
            places: places
                .into_iter()
                .map(|row| IssuePlaceRecord {
                    host: HostId(row.host_id),
                    container_name: row.container_name,
                    image: row.image,
                    generation: generation(row.engine_id, row.image_id, row.container_created_ms),
                    count: row.event_count.unsigned_abs(),
                    first_seen_ms: row.first_seen_ms,
                    last_seen_ms: row.last_seen_ms,
                })
                .collect(),
            samples: samples.collect::<Result<_, StoreError>>()?,
        })
    }
}

/// A container of a place, where it is known.
fn generation(
    engine_id: Option<String>,
    image_id: Option<String>,
    created_at_ms: Option<i64>,
) -> Option<Generation> {
    Some(Generation {
        engine_id: EngineContainerId(engine_id?),
        image_id: image_id?,
        created_at_ms: created_at_ms?,
    })
}

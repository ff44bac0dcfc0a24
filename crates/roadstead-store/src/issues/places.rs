//! Where issues are seen: on which host, in which container by name, and which container and image of that name it was last.

use sqlx::SqliteConnection;

use super::{LogRead, PlaceChange};
use crate::StoreError;

/// What is another where a read found an issue than at its newest event there; `None` where the container of then is not known.
pub(super) async fn change(
    tx: &mut SqliteConnection,
    issue: i64,
    read: &LogRead,
) -> Result<Option<PlaceChange>, StoreError> {
    let place = sqlx::query!(
        "SELECT image, engine_id, image_id FROM issue_place WHERE issue_id = ? AND host_id = ? AND container_name = ?",
        issue,
        read.host.0,
        read.container_name
    )
    .fetch_optional(tx)
    .await?;
    let Some(place) = place else {
        return Ok(Some(PlaceChange::Place));
    };
    let now = &read.generation;
    if place.image != read.image || place.image_id.is_some_and(|id| id != now.image_id) {
        return Ok(Some(PlaceChange::Image));
    }
    Ok(place.engine_id.map(|id| {
        if id == now.engine_id.0 {
            PlaceChange::Nothing
        } else {
            PlaceChange::Container
        }
    }))
}

/// Counts events in the place of a read, `seen_ms` being the first and the newest of them.
pub(super) async fn keep(
    tx: &mut SqliteConnection,
    issue: i64,
    read: &LogRead,
    count: i64,
    seen_ms: (i64, i64),
) -> Result<(), StoreError> {
    let was_seen_here = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM issue_place WHERE issue_id = ? AND host_id = ? AND container_name = ?) AS "is: bool""#,
        issue,
        read.host.0,
        read.container_name,
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        r#"INSERT INTO issue_place (issue_id, host_id, container_name, image, engine_id, image_id, container_created_ms,
                                    event_count, first_seen_ms, last_seen_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (issue_id, host_id, container_name) DO UPDATE SET
               image = CASE WHEN excluded.last_seen_ms >= issue_place.last_seen_ms THEN excluded.image ELSE issue_place.image END,
               engine_id = CASE WHEN excluded.last_seen_ms >= issue_place.last_seen_ms THEN excluded.engine_id ELSE issue_place.engine_id END,
               image_id = CASE WHEN excluded.last_seen_ms >= issue_place.last_seen_ms THEN excluded.image_id ELSE issue_place.image_id END,
               container_created_ms = CASE WHEN excluded.last_seen_ms >= issue_place.last_seen_ms
                                           THEN excluded.container_created_ms ELSE issue_place.container_created_ms END,
               event_count = issue_place.event_count + excluded.event_count,
               first_seen_ms = MIN(issue_place.first_seen_ms, excluded.first_seen_ms),
               last_seen_ms = MAX(issue_place.last_seen_ms, excluded.last_seen_ms)"#,
        issue,
        read.host.0,
        read.container_name,
        read.image,
        read.generation.engine_id.0,
        read.generation.image_id,
        read.generation.created_at_ms,
        count,
        seen_ms.0,
        seen_ms.1,
    )
    .execute(&mut *tx)
    .await?;
    if !was_seen_here {
        count_all(tx, issue).await?;
    }
    Ok(())
}

/// Counts hosts and containers of an issue anew.
pub(super) async fn count_all(tx: &mut SqliteConnection, issue: i64) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE issue SET
               host_count = (SELECT COUNT(DISTINCT host_id) FROM issue_place WHERE issue_place.issue_id = ?1),
               container_count = (SELECT COUNT(*) FROM issue_place WHERE issue_place.issue_id = ?1)
           WHERE issue_id = ?1"#,
        issue
    )
    .execute(tx)
    .await?;
    Ok(())
}

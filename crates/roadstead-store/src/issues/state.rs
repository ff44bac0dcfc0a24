//! What the operator said of issues.

use sqlx::SqliteConnection;

use roadstead_model::IssueId;

use super::{IgnoredUntil, IssueState, IssueStateRecord, Regression};
use crate::store::id_list;
use crate::{Store, StoreError};

impl Store {
    /// Says the same of several issues, and gives what was said of them before. An issue that is open again is no longer
    /// one that came back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an issue that does not exist: nothing is changed then.
    pub async fn set_issue_state(
        &self,
        issues: &[IssueId],
        state: IssueState,
        now_ms: i64,
    ) -> Result<Vec<IssueStateRecord>, StoreError> {
        let mut tx = self.write().await?;
        let before = states(&mut tx, issues).await?;
        for issue in issues {
            let record = IssueStateRecord {
                issue: *issue,
                state,
                state_at_ms: Some(now_ms),
                regressed: None,
            };
            write(&mut tx, &record).await?;
        }
        tx.commit().await?;
        Ok(before)
    }

    /// Puts back what was said of issues. One that is gone by now is left out.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn restore_issue_states(&self, states: &[IssueStateRecord]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for record in states {
            match write(&mut tx, record).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tx.commit().await?)
    }
}

async fn states(tx: &mut SqliteConnection, issues: &[IssueId]) -> Result<Vec<IssueStateRecord>, StoreError> {
    let ids = id_list(issues.iter().map(|issue| issue.0));
    let rows = sqlx::query!(
        r#"SELECT issue_id, state, state_at_ms, ignored_until_ms, ignored_until_change AS "ignored_until_change: bool",
                  regressed_json
           FROM issue WHERE issue_id IN (SELECT value FROM json_each(?)) ORDER BY issue_id"#,
        ids
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(IssueStateRecord {
                issue: IssueId(row.issue_id),
                state: state_of(&row.state, row.ignored_until_ms, row.ignored_until_change),
                state_at_ms: row.state_at_ms,
                regressed: regression_of(row.regressed_json.as_deref())?,
            })
        })
        .collect()
}

async fn write(tx: &mut SqliteConnection, record: &IssueStateRecord) -> Result<(), StoreError> {
    let (word, until_ms, until_change) = match record.state {
        IssueState::Open => ("open", None, false),
        IssueState::Resolved => ("resolved", None, false),
        IssueState::Ignored(IgnoredUntil::Change) => ("ignored", None, true),
        IssueState::Ignored(IgnoredUntil::Moment(until_ms)) => ("ignored", Some(until_ms), false),
        IssueState::Ignored(IgnoredUntil::Never) => ("ignored", None, false),
    };
    let regressed = record
        .regressed
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Invalid(format!("a return has no JSON form: {error}")))?;
    let changed = sqlx::query!(
        r#"UPDATE issue SET state = ?, state_at_ms = ?, ignored_until_ms = ?, ignored_until_change = ?, regressed_json = ?
           WHERE issue_id = ?"#,
        word,
        record.state_at_ms,
        until_ms,
        until_change,
        regressed,
        record.issue.0
    )
    .execute(tx)
    .await?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::NotFound {
            what: "issue",
            id: record.issue.0,
        });
    }
    Ok(())
}

/// The state a row holds.
pub(super) fn state_of(word: &str, until_ms: Option<i64>, until_change: bool) -> IssueState {
    match (word, until_ms, until_change) {
        ("resolved", _, _) => IssueState::Resolved,
        ("ignored", Some(until_ms), _) => IssueState::Ignored(IgnoredUntil::Moment(until_ms)),
        ("ignored", None, true) => IssueState::Ignored(IgnoredUntil::Change),
        ("ignored", None, false) => IssueState::Ignored(IgnoredUntil::Never),
        _ => IssueState::Open,
    }
}

/// The return a row holds.
pub(crate) fn regression_of(json: Option<&str>) -> Result<Option<Regression>, StoreError> {
    json.map(serde_json::from_str)
        .transpose()
        .map_err(|error| StoreError::Damaged(format!("a stored return cannot be read: {error}")))
}

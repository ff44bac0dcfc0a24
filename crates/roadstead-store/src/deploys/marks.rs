//! What else happened to an app, for marks on its charts and for before and after a deploy.

use roadstead_model::{AppId, DeploymentId, HostId, IssueId, TimeRange};

use super::{IssueMark, LogSums, MarkTotals};
use crate::issues::{regression_of, severity_of};
use crate::store::id_list;
use crate::{Change, Store, StoreError};

impl Store {
    /// The newest changes of some kinds of an app in a span, newest first. Removed hosts are left out, unless one is asked for.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn mark_changes(
        &self,
        app: AppId,
        host: Option<HostId>,
        range: TimeRange,
        kinds: &[&str],
        limit: u32,
    ) -> Result<Vec<Change>, StoreError> {
        let host = host.map(|host| host.0);
        let removed = self.removed_hosts();
        let kinds = kinds_json(kinds)?;
        let rows = sqlx::query_as!(
            crate::changes::Row,
            r#"SELECT at_ms, host_id, app_id, container_id, kind, detail_json FROM change
               WHERE app_id = ?1 AND at_ms >= ?2 AND at_ms < ?3
                 AND kind IN (SELECT value FROM json_each(?4))
                 AND (host_id = ?5 OR ?5 IS NULL AND host_id NOT IN (SELECT value FROM json_each(?6)))
               ORDER BY at_ms DESC, change_id DESC LIMIT ?7"#,
            app.0,
            range.from_ms,
            range.to_ms,
            kinds,
            host,
            removed,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows.into_iter().map(Change::from).collect())
    }

    /// Issues of an app that were new or came back in a span, newest first. On one host: those seen there, new when they were first
    /// seen there. Over all: those seen on a host that is not removed.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn issue_marks(
        &self,
        app: AppId,
        host: Option<HostId>,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<IssueMark>, StoreError> {
        let mut marks = match host {
            Some(host) => self.new_issues_on(app, host, range, limit).await?,
            None => self.new_issues(app, range, limit).await?,
        };
        marks.extend(self.returned_issues(app, host, range).await?);
        marks.sort_by_key(|mark| std::cmp::Reverse((mark.at_ms, mark.issue)));
        marks.truncate(limit as usize);
        Ok(marks)
    }

    /// How many rows [`Self::mark_changes`], [`Self::issue_marks`] and [`Self::deploys_between`] would give without a limit.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn mark_totals(
        &self,
        app: AppId,
        host: Option<HostId>,
        range: TimeRange,
        kinds: &[&str],
    ) -> Result<MarkTotals, StoreError> {
        let host = host.map(|host| host.0);
        let removed = self.removed_hosts();
        let kinds = kinds_json(kinds)?;
        let row = sqlx::query!(
            r#"SELECT
                 (SELECT COUNT(*) FROM deploy
                  WHERE app_id = ?1 AND started_ms >= ?2 AND started_ms < ?3
                    AND (host_id = ?4 OR ?4 IS NULL AND host_id NOT IN (SELECT value FROM json_each(?5)))) AS "deploys!: i64",
                 (SELECT COUNT(*) FROM change
                  WHERE app_id = ?1 AND at_ms >= ?2 AND at_ms < ?3 AND kind IN (SELECT value FROM json_each(?6))
                    AND (host_id = ?4 OR ?4 IS NULL AND host_id NOT IN (SELECT value FROM json_each(?5)))) AS "changes!: i64",
                 (SELECT COUNT(*) FROM issue
                  WHERE app_id = ?1 AND ?4 IS NULL AND first_seen_ms >= ?2 AND first_seen_ms < ?3 AND pruned_at_ms IS NULL
                    AND EXISTS (SELECT 1 FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                                AND host_id NOT IN (SELECT value FROM json_each(?5)))) AS "new_issues!: i64",
                 (SELECT COUNT(DISTINCT issue.issue_id)
                  FROM issue_place JOIN issue ON issue.issue_id = issue_place.issue_id
                  WHERE host_id = ?4 AND issue_place.first_seen_ms >= ?2 AND issue_place.first_seen_ms < ?3
                    AND app_id = ?1 AND pruned_at_ms IS NULL
                    AND NOT EXISTS (SELECT 1 FROM issue_place AS earlier
                                    WHERE earlier.issue_id = issue.issue_id AND earlier.host_id = ?4
                                      AND +earlier.first_seen_ms < ?2)) AS "new_there!: i64""#,
            app.0,
            range.from_ms,
            range.to_ms,
            host,
            removed,
            kinds
        )
        .fetch_one(&self.inner.readers)
        .await?;
        let returned = self.returned_issues(app, host.map(HostId), range).await?.len() as u64;
        Ok(MarkTotals {
            deploys: row.deploys.unsigned_abs(),
            changes: row.changes.unsigned_abs(),
            issues: (row.new_issues + row.new_there).unsigned_abs() + returned,
        })
    }

    async fn new_issues(
        &self,
        app: AppId,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<IssueMark>, StoreError> {
        let removed = self.removed_hosts();
        let rows = sqlx::query!(
            r#"SELECT issue_id, severity, message, first_seen_ms AS at_ms,
                      (SELECT MIN(host_id) FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                       AND host_id NOT IN (SELECT value FROM json_each(?4))) AS "first_host: i64",
                      (SELECT MAX(host_id) FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                       AND host_id NOT IN (SELECT value FROM json_each(?4))) AS "last_host: i64"
               FROM issue
               WHERE app_id = ?1 AND first_seen_ms >= ?2 AND first_seen_ms < ?3 AND pruned_at_ms IS NULL
                 AND EXISTS (SELECT 1 FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                             AND host_id NOT IN (SELECT value FROM json_each(?4)))
               ORDER BY first_seen_ms DESC, issue_id DESC LIMIT ?5"#,
            app.0,
            range.from_ms,
            range.to_ms,
            removed,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let marks = rows.into_iter().map(|row| IssueMark {
            at_ms: row.at_ms,
            issue: IssueId(row.issue_id),
            severity: severity_of(row.severity),
            message: row.message,
            regressed: false,
            host: row
                .first_host
                .filter(|host| row.last_host == Some(*host))
                .map(HostId),
        });
        Ok(marks.collect())
    }

    async fn new_issues_on(
        &self,
        app: AppId,
        host: HostId,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<IssueMark>, StoreError> {
        // A place is a container's name: an issue is new on a host once. The plus keeps SQLite from looking for earlier places by
        // their moment, which is all of the host's, instead of by their issue.
        let rows = sqlx::query!(
            r#"SELECT issue.issue_id AS "issue_id!", severity AS "severity!", message AS "message!",
                      MIN(issue_place.first_seen_ms) AS "at_ms!: i64"
               FROM issue_place JOIN issue ON issue.issue_id = issue_place.issue_id
               WHERE host_id = ?1 AND issue_place.first_seen_ms >= ?2 AND issue_place.first_seen_ms < ?3
                 AND app_id = ?4 AND pruned_at_ms IS NULL
                 AND NOT EXISTS (SELECT 1 FROM issue_place AS earlier
                                 WHERE earlier.issue_id = issue.issue_id AND earlier.host_id = ?1
                                   AND +earlier.first_seen_ms < ?2)
               GROUP BY issue.issue_id
               ORDER BY 4 DESC, 1 DESC LIMIT ?5"#,
            host.0,
            range.from_ms,
            range.to_ms,
            app.0,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let marks = rows.into_iter().map(|row| IssueMark {
            at_ms: row.at_ms,
            issue: IssueId(row.issue_id),
            severity: severity_of(row.severity),
            message: row.message,
            regressed: false,
            host: Some(host),
        });
        Ok(marks.collect())
    }

    /// Returns are few: an issue has one, until it is resolved again.
    async fn returned_issues(
        &self,
        app: AppId,
        host: Option<HostId>,
        range: TimeRange,
    ) -> Result<Vec<IssueMark>, StoreError> {
        let host = host.map(|host| host.0);
        let removed = self.removed_hosts();
        let rows = sqlx::query!(
            r#"SELECT issue_id, severity, message, regressed_json FROM issue
               WHERE app_id = ?1 AND regressed_json IS NOT NULL AND pruned_at_ms IS NULL
                 AND json_extract(regressed_json, '$.at_ms') >= ?2 AND json_extract(regressed_json, '$.at_ms') < ?3
                 AND EXISTS (SELECT 1 FROM issue_place WHERE issue_place.issue_id = issue.issue_id
                             AND (host_id = ?4 OR ?4 IS NULL AND host_id NOT IN (SELECT value FROM json_each(?5))))"#,
            app.0,
            range.from_ms,
            range.to_ms,
            host,
            removed
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let mut marks = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(returned) = regression_of(row.regressed_json.as_deref())? else {
                continue;
            };
            marks.push(IssueMark {
                at_ms: returned.at_ms,
                issue: IssueId(row.issue_id),
                severity: severity_of(row.severity),
                message: row.message,
                regressed: true,
                host: Some(returned.host),
            });
        }
        Ok(marks)
    }

    /// Error and warning events of some deployments in the windows that start in a span, and how many issues were first seen there in
    /// the span itself.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn log_sums(
        &self,
        deployments: &[DeploymentId],
        range: TimeRange,
    ) -> Result<LogSums, StoreError> {
        let ids = id_list(deployments.iter().map(|deployment| deployment.0));
        let mut tx = self.read().await?;
        let counts = sqlx::query!(
            r#"SELECT COALESCE(SUM(errors), 0) AS "errors!: i64", COALESCE(SUM(warnings), 0) AS "warnings!: i64"
               FROM log_count
               WHERE deployment_id IN (SELECT value FROM json_each(?)) AND window_ms >= ? AND window_ms < ?"#,
            ids,
            range.from_ms,
            range.to_ms
        )
        .fetch_one(&mut *tx)
        .await?;
        let new_issues = sqlx::query_scalar!(
            r#"SELECT COUNT(DISTINCT issue.issue_id) AS "count!: i64"
               FROM deployment
               JOIN issue_place ON issue_place.host_id = deployment.host_id
                               AND issue_place.first_seen_ms >= ?2 AND issue_place.first_seen_ms < ?3
               JOIN issue ON issue.issue_id = issue_place.issue_id AND issue.app_id = deployment.app_id
               WHERE deployment.deployment_id IN (SELECT value FROM json_each(?1)) AND pruned_at_ms IS NULL
                 AND NOT EXISTS (SELECT 1 FROM issue_place AS earlier JOIN deployment AS of ON of.host_id = earlier.host_id
                                 WHERE earlier.issue_id = issue.issue_id AND earlier.first_seen_ms < ?2
                                   AND of.deployment_id IN (SELECT value FROM json_each(?1)))"#,
            ids,
            range.from_ms,
            range.to_ms
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(LogSums {
            errors: counts.errors.unsigned_abs(),
            warnings: counts.warnings.unsigned_abs(),
            new_issues: u32::try_from(new_issues).unwrap_or(u32::MAX),
        })
    }
}

fn kinds_json(kinds: &[&str]) -> Result<String, StoreError> {
    serde_json::to_string(kinds)
        .map_err(|error| StoreError::Invalid(format!("kinds of changes have no JSON form: {error}")))
}

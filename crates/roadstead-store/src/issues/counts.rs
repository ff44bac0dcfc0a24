//! Error and warning events of deployments by report window, and the issues behind them.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteConnection;

use roadstead_model::{DeploymentId, HostId, IssueId, TimeRange, Window};

use super::record::severity_of;
use super::{FoundIssue, LogCount, ReportedIssue};
use crate::{Store, StoreError};

/// Issues kept per deployment and window, those with most events.
const ISSUES_KEPT: usize = 50;
/// Issues a report carries.
const ISSUES_REPORTED: usize = 10;

/// An issue's events in a window as stored.
type Counted = (i64, u64, i64);

#[derive(Default)]
struct OfWindow {
    errors: u64,
    warnings: u64,
    issues: Vec<Counted>,
}

/// Adds what one read found to the counts of its windows.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    deployment: DeploymentId,
    counted: &[(i64, &FoundIssue)],
) -> Result<(), StoreError> {
    let mut windows: BTreeMap<Window, OfWindow> = BTreeMap::new();
    for (issue, found) in counted {
        for of in &found.windows {
            let sum = windows.entry(of.window).or_default();
            sum.errors += of.errors;
            sum.warnings += of.warnings;
            sum.issues.push((*issue, of.errors + of.warnings, of.last_ms));
        }
    }
    for (window, mut sum) in windows {
        let stored = sqlx::query_scalar!(
            "SELECT issues_json FROM log_count WHERE deployment_id = ? AND window_ms = ?",
            deployment.0,
            window.start_ms
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(stored) = stored {
            sum.issues.extend(read_issues(&stored)?);
        }
        let issues = serde_json::to_string(&ranked(sum.issues))
            .map_err(|error| StoreError::Invalid(format!("counts have no JSON form: {error}")))?;
        let errors = i64::try_from(sum.errors).unwrap_or(i64::MAX);
        let warnings = i64::try_from(sum.warnings).unwrap_or(i64::MAX);
        sqlx::query!(
            r#"INSERT INTO log_count (deployment_id, window_ms, errors, warnings, issues_json, unreported)
               VALUES (?, ?, ?, ?, ?, 1)
               ON CONFLICT (deployment_id, window_ms) DO UPDATE SET
                   errors = log_count.errors + excluded.errors, warnings = log_count.warnings + excluded.warnings,
                   issues_json = excluded.issues_json, unreported = 1"#,
            deployment.0,
            window.start_ms,
            errors,
            warnings,
            issues,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

fn read_issues(json: &str) -> Result<Vec<Counted>, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Damaged(format!("stored counts cannot be read: {error}")))
}

/// Each issue once, most events first, then the newest.
fn ranked(issues: Vec<Counted>) -> Vec<Counted> {
    let mut sums: HashMap<i64, (u64, i64)> = HashMap::new();
    for (issue, count, last_ms) in issues {
        let (sum, newest_ms) = sums.entry(issue).or_insert((0, last_ms));
        *sum += count;
        *newest_ms = last_ms.max(*newest_ms);
    }
    let mut ranked: Vec<Counted> = sums
        .into_iter()
        .map(|(issue, (count, last_ms))| (issue, count, last_ms))
        .collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    ranked.truncate(ISSUES_KEPT);
    ranked
}

/// A row of any query for counts.
fn count(deployment: i64, window_ms: i64, errors: i64, warnings: i64) -> LogCount {
    LogCount {
        deployment: DeploymentId(deployment),
        window: Window { start_ms: window_ms },
        errors: errors.unsigned_abs(),
        warnings: warnings.unsigned_abs(),
    }
}

impl Store {
    /// Counts of a host's deployments in the windows that start in a span, by deployment and window. Windows without an event
    /// are left out.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn log_counts(&self, host: HostId, range: TimeRange) -> Result<Vec<LogCount>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT log_count.deployment_id, window_ms, errors, warnings FROM log_count
               JOIN deployment ON deployment.deployment_id = log_count.deployment_id
               WHERE host_id = ? AND window_ms >= ? AND window_ms < ?
               ORDER BY log_count.deployment_id, window_ms"#,
            host.0,
            range.from_ms,
            range.to_ms
        )
        .fetch_all(&self.inner.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| count(row.deployment_id, row.window_ms, row.errors, row.warnings))
            .collect())
    }

    /// By host, counts of closed windows that the host's reports do not carry yet: oldest first, at most `most` of each host that is not
    /// removed.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn unreported_log_counts(&self, most: u32) -> Result<Vec<(HostId, Vec<LogCount>)>, StoreError> {
        // Of all hosts at once: what is unreported lies in one index, and would be walked through for each.
        let rows = sqlx::query!(
            r#"SELECT host_id AS "host_id!", deployment_id AS "deployment_id!", window_ms AS "window_ms!",
                      errors AS "errors!", warnings AS "warnings!"
               FROM (SELECT host.host_id, log_count.deployment_id, window_ms, errors, warnings,
                            ROW_NUMBER() OVER (PARTITION BY host.host_id ORDER BY window_ms) AS place
                     FROM log_count
                     JOIN deployment ON deployment.deployment_id = log_count.deployment_id
                     JOIN host ON host.host_id = deployment.host_id
                     WHERE unreported = 1 AND window_ms <= closed_window_ms AND removed_at_ms IS NULL)
               WHERE place <= ?
               ORDER BY host_id, window_ms"#,
            most
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let of_hosts = rows.chunk_by(|a, b| a.host_id == b.host_id);
        Ok(of_hosts
            .map(|rows| {
                let counts = rows
                    .iter()
                    .map(|row| count(row.deployment_id, row.window_ms, row.errors, row.warnings));
                (HostId(rows[0].host_id), counts.collect())
            })
            .collect())
    }

    /// Notes that reports carry these counts; what was counted since stays unreported.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn mark_reported(&self, counts: &[LogCount]) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let listed: Vec<_> = counts
            .iter()
            .map(|count| {
                (
                    count.deployment.0,
                    count.window.start_ms,
                    count.errors,
                    count.warnings,
                )
            })
            .collect();
        let listed = serde_json::to_string(&listed)
            .map_err(|error| StoreError::Invalid(format!("counts have no JSON form: {error}")))?;
        sqlx::query!(
            r#"UPDATE log_count SET unreported = 0 FROM json_each(?) AS reported
               WHERE deployment_id = json_extract(reported.value, '$[0]') AND window_ms = json_extract(reported.value, '$[1]')
                 AND errors = json_extract(reported.value, '$[2]') AND warnings = json_extract(reported.value, '$[3]')"#,
            listed
        )
        .execute(&self.inner.writer)
        .await?;
        Ok(())
    }

    /// The issues a deployment's report of a window carries: most events first, then the newest, at most 10.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn reported_issues(
        &self,
        deployment: DeploymentId,
        window: Window,
    ) -> Result<Vec<ReportedIssue>, StoreError> {
        let mut tx = self.read().await?;
        let stored = sqlx::query_scalar!(
            "SELECT issues_json FROM log_count WHERE deployment_id = ? AND window_ms = ?",
            deployment.0,
            window.start_ms
        )
        .fetch_optional(&mut *tx)
        .await?;
        let mut reported = Vec::new();
        for (issue, count, last_seen_ms) in stored
            .as_deref()
            .map(read_issues)
            .transpose()?
            .unwrap_or_default()
        {
            if reported.len() == ISSUES_REPORTED {
                break;
            }
            let known = sqlx::query!(
                r#"SELECT severity, message, version AS "version!: i64", fingerprint AS "fingerprint!: i64" FROM issue
                   JOIN issue_fingerprint ON issue_fingerprint.issue_id = issue.issue_id
                   WHERE issue.issue_id = ? ORDER BY version DESC LIMIT 1"#,
                issue
            )
            .fetch_optional(&mut *tx)
            .await?;
            // One whose app is forgotten has no words any more.
            if let Some(known) = known {
                reported.push(ReportedIssue {
                    issue: IssueId(issue),
                    fingerprint: (
                        u16::try_from(known.version).unwrap_or_default(),
                        known.fingerprint.cast_unsigned(),
                    ),
                    severity: severity_of(known.severity),
                    message: known.message,
                    count,
                    last_seen_ms,
                });
            }
        }
        Ok(reported)
    }
}

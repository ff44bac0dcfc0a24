//! Error and warning events of deployments by report window, and the issues behind them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use roadstead_model::{ContainerId, DeploymentId, HostId, IssueId, TimeRange, Window};

use super::record::severity_of;
use super::{ContainerLogCount, FoundIssue, LogCount, LogRead, ReportedIssue};
use crate::{Store, StoreError};

/// Issues kept per deployment and window, those with most events: so many that one with an event now and then is counted whole, though
/// every read brings others with more.
const ISSUES_KEPT: usize = 500;
/// Containers kept per issue of a window: a build server has one for every job.
const CONTAINERS_OF_ISSUE_KEPT: usize = 50;
/// Containers kept per deployment and window, those with most events.
const CONTAINERS_KEPT: usize = 500;
/// Issues a report carries.
const ISSUES_REPORTED: usize = 10;

/// An issue's events in a window as stored: how many, the newest moment, and the containers that had them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counted(i64, u64, i64, #[serde(default)] BTreeSet<i64>);

/// A container's errors and warnings in a window as stored.
type OfContainer = (i64, u64, u64);

#[derive(Default)]
struct OfWindow {
    errors: u64,
    warnings: u64,
    issues: Vec<Counted>,
}

/// Adds what one read found to the counts of its windows.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    read: &LogRead,
    counted: &[(i64, &FoundIssue)],
) -> Result<(), StoreError> {
    let mut windows: BTreeMap<Window, OfWindow> = BTreeMap::new();
    for (issue, found) in counted {
        for of in &found.windows {
            let sum = windows.entry(of.window).or_default();
            sum.errors += of.errors;
            sum.warnings += of.warnings;
            let here = BTreeSet::from([read.container.0]);
            sum.issues
                .push(Counted(*issue, of.errors + of.warnings, of.last_ms, here));
        }
    }
    for (window, mut sum) in windows {
        let stored = sqlx::query!(
            "SELECT issues_json, containers_json FROM log_count WHERE deployment_id = ? AND window_ms = ?",
            read.deployment.0,
            window.start_ms
        )
        .fetch_optional(&mut *tx)
        .await?;
        let mut containers = vec![(read.container.0, sum.errors, sum.warnings)];
        if let Some(stored) = stored {
            sum.issues.extend(counts_of::<Counted>(&stored.issues_json)?);
            containers.extend(counts_of::<OfContainer>(&stored.containers_json)?);
        }
        let issues = json(&ranked(sum.issues))?;
        let containers = json(&by_container(containers))?;
        let errors = i64::try_from(sum.errors).unwrap_or(i64::MAX);
        let warnings = i64::try_from(sum.warnings).unwrap_or(i64::MAX);
        sqlx::query!(
            r#"INSERT INTO log_count (deployment_id, window_ms, errors, warnings, issues_json, containers_json, unreported)
               VALUES (?, ?, ?, ?, ?, ?, 1)
               ON CONFLICT (deployment_id, window_ms) DO UPDATE SET
                   errors = log_count.errors + excluded.errors, warnings = log_count.warnings + excluded.warnings,
                   issues_json = excluded.issues_json, containers_json = excluded.containers_json, unreported = 1"#,
            read.deployment.0,
            window.start_ms,
            errors,
            warnings,
            issues,
            containers,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

fn json<T: Serialize>(counts: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(counts)
        .map_err(|error| StoreError::Invalid(format!("counts have no JSON form: {error}")))
}

fn counts_of<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Damaged(format!("stored counts cannot be read: {error}")))
}

/// Each issue once, most events first, then the newest.
fn ranked(issues: Vec<Counted>) -> Vec<Counted> {
    let mut sums: HashMap<i64, Counted> = HashMap::new();
    for Counted(issue, count, last_ms, containers) in issues {
        let sum = sums
            .entry(issue)
            .or_insert(Counted(issue, 0, last_ms, BTreeSet::new()));
        sum.1 += count;
        sum.2 = last_ms.max(sum.2);
        sum.3.extend(containers);
        while sum.3.len() > CONTAINERS_OF_ISSUE_KEPT {
            sum.3.pop_last();
        }
    }
    let mut ranked: Vec<Counted> = sums.into_values().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    ranked.truncate(ISSUES_KEPT);
    ranked
}

/// Each container once, most events first.
fn by_container(counts: Vec<OfContainer>) -> Vec<OfContainer> {
    let mut sums: HashMap<i64, (u64, u64)> = HashMap::new();
    for (container, errors, warnings) in counts {
        let sum = sums.entry(container).or_default();
        *sum = (sum.0 + errors, sum.1 + warnings);
    }
    let mut ranked: Vec<OfContainer> = sums.into_iter().map(|(of, (e, w))| (of, e, w)).collect();
    ranked.sort_by_key(|(of, errors, warnings)| (Reverse(errors + warnings), *of));
    ranked.truncate(CONTAINERS_KEPT);
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

    /// Errors and warnings of a deployment's containers in a window, most events first. Containers without any are left out, and so are
    /// those counted before this was kept.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn log_counts_of_containers(
        &self,
        deployment: DeploymentId,
        window: Window,
    ) -> Result<Vec<ContainerLogCount>, StoreError> {
        let stored = sqlx::query_scalar!(
            "SELECT containers_json FROM log_count WHERE deployment_id = ? AND window_ms = ?",
            deployment.0,
            window.start_ms
        )
        .fetch_optional(&self.inner.readers)
        .await?;
        let counts = stored.as_deref().map(counts_of::<OfContainer>).transpose()?;
        Ok(counts
            .unwrap_or_default()
            .into_iter()
            .map(|(container, errors, warnings)| ContainerLogCount {
                container: ContainerId(container),
                errors,
                warnings,
            })
            .collect())
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
        for Counted(issue, count, last_seen_ms, containers) in
            stored.as_deref().map(counts_of).transpose()?.unwrap_or_default()
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
                    containers: containers.into_iter().map(ContainerId).collect(),
                });
            }
        }
        Ok(reported)
    }
}

//! Keeping what passes over logs found: one transaction for cursors, issues and counts.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use roadstead_model::time::HOUR_MS;
use roadstead_model::{AppId, IssueId};

use super::{
    FoundIssue, FoundSample, IssueSeverity, LogRead, LogStream, PlaceChange, Recorded, Regression,
    SAMPLES_KEPT, places,
};
use crate::{Store, StoreError};

/// Issues kept apart per app. What comes beyond is counted together: hostile or broken output must not fill the disk.
const MOST_ISSUES_PER_APP: i64 = 5_000;
/// An app with more issues keeps fewer samples of each.
const CROWDED: i64 = 500;
const SAMPLES_OF_CROWDED: usize = 2;
/// What they are counted under: no algorithm has this version.
const OVERFLOW: (u16, u64) = (0, 0);
const OVERFLOW_MESSAGE: &str = "Messages of more kinds than are kept apart for one app";

impl Store {
    /// Keeps what passes over logs found, in one transaction. A read whose container's cursor no longer stands where the read
    /// began is left out as a whole, so that no line is counted twice.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] and any failure of the database: nothing was kept then.
    pub async fn record_logs(&self, reads: &[LogRead]) -> Result<Recorded, StoreError> {
        let mut recorded = Recorded::default();
        let mut live = LiveIssues::default();
        let mut tx = self.write().await?;
        for read in reads {
            if !super::cursors::advance(&mut tx, read).await? {
                recorded.left_out.push(read.container);
                continue;
            }
            let mut counted = Vec::with_capacity(read.issues.len());
            for found in &read.issues {
                let issue = keep(&mut tx, read, found, &mut live, &mut recorded).await?;
                counted.push((issue, found));
            }
            super::counts::add(&mut tx, read, &counted).await?;
            for (cause, range) in &read.losses {
                super::losses::add(&mut tx, read.deployment, *cause, *range).await?;
            }
        }
        tx.commit().await?;
        Ok(recorded)
    }
}

/// An issue as it stood.
struct Known {
    id: i64,
    severity: i64,
    state: String,
    state_at_ms: Option<i64>,
    ignored_until_ms: Option<i64>,
    ignored_until_change: bool,
    pruned: bool,
}

/// What a found issue says in all.
struct Sum {
    count: i64,
    first_ms: i64,
    last_ms: i64,
}

impl Sum {
    fn of(found: &FoundIssue) -> Option<Self> {
        let count: u64 = found.windows.iter().map(|w| w.errors + w.warnings).sum();
        Some(Self {
            count: i64::try_from(count).unwrap_or(i64::MAX),
            first_ms: found.windows.iter().map(|w| w.first_ms).min()?,
            last_ms: found.windows.iter().map(|w| w.last_ms).max()?,
        })
    }
}

/// Live issues by app, counted once per transaction.
#[derive(Default)]
struct LiveIssues {
    of: HashMap<AppId, i64>,
}

impl LiveIssues {
    async fn of(&mut self, tx: &mut SqliteConnection, app: AppId) -> Result<i64, StoreError> {
        if let Some(count) = self.of.get(&app) {
            return Ok(*count);
        }
        let count = sqlx::query_scalar!(
            r#"SELECT COUNT(*) AS "count!: i64" FROM issue WHERE app_id = ? AND pruned_at_ms IS NULL"#,
            app.0
        )
        .fetch_one(tx)
        .await?;
        self.of.insert(app, count);
        Ok(count)
    }

    fn one_more(&mut self, app: AppId) {
        *self.of.entry(app).or_default() += 1;
    }
}

/// Adds a found issue to what is known, or makes it known.
async fn keep(
    tx: &mut SqliteConnection,
    read: &LogRead,
    found: &FoundIssue,
    live: &mut LiveIssues,
    recorded: &mut Recorded,
) -> Result<i64, StoreError> {
    let sum = Sum::of(found)
        .ok_or_else(|| StoreError::Invalid("an issue without an event cannot be counted".to_owned()))?;
    let mut fingerprints = found.fingerprints.as_slice();
    let mut known = find(tx, read.app, fingerprints).await?;
    let mut message = found.message.as_str();
    let mut masked = found.masked.as_str();
    let others = live.of(tx, read.app).await?;
    if known.as_ref().is_none_or(|known| known.pruned) {
        if others >= MOST_ISSUES_PER_APP {
            (message, masked, fingerprints) = (OVERFLOW_MESSAGE, "", &[OVERFLOW]);
            known = find(tx, read.app, fingerprints).await?;
        } else {
            live.one_more(read.app);
        }
    }
    let issue = match known {
        Some(known) => {
            add(tx, read, found, &sum, &known, (message, masked), recorded).await?;
            known.id
        }
        None => {
            let id = insert(tx, read.app, found.severity, &sum, message, masked).await?;
            recorded.new.push(IssueId(id));
            id
        }
    };
    for (version, fingerprint) in fingerprints {
        let fingerprint = fingerprint.cast_signed();
        sqlx::query!(
            r#"INSERT INTO issue_fingerprint (app_id, version, fingerprint, issue_id) VALUES (?, ?, ?, ?)
               ON CONFLICT (app_id, version, fingerprint) DO NOTHING"#,
            read.app.0,
            version,
            fingerprint,
            issue
        )
        .execute(&mut *tx)
        .await?;
    }
    places::keep(tx, issue, read, sum.count, (sum.first_ms, sum.last_ms)).await?;
    keep_hours(tx, issue, read, found).await?;
    let kept = if others > CROWDED {
        SAMPLES_OF_CROWDED
    } else {
        SAMPLES_KEPT
    };
    keep_samples(tx, issue, read, &found.samples, kept).await?;
    Ok(issue)
}

/// The issue that has one of the fingerprints; the newest algorithm's first.
async fn find(
    tx: &mut SqliteConnection,
    app: AppId,
    fingerprints: &[(u16, u64)],
) -> Result<Option<Known>, StoreError> {
    for (version, fingerprint) in fingerprints {
        let fingerprint = fingerprint.cast_signed();
        let row = sqlx::query!(
            r#"SELECT issue.issue_id, severity, state, state_at_ms, ignored_until_ms,
                      ignored_until_change AS "ignored_until_change: bool", pruned_at_ms
               FROM issue_fingerprint JOIN issue ON issue.issue_id = issue_fingerprint.issue_id
               WHERE issue_fingerprint.app_id = ? AND version = ? AND fingerprint = ?"#,
            app.0,
            version,
            fingerprint
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = row {
            return Ok(Some(Known {
                id: row.issue_id,
                severity: row.severity,
                state: row.state,
                state_at_ms: row.state_at_ms,
                ignored_until_ms: row.ignored_until_ms,
                ignored_until_change: row.ignored_until_change,
                pruned: row.pruned_at_ms.is_some(),
            }));
        }
    }
    Ok(None)
}

/// What a search looks through.
fn search_key(message: &str, masked: &str) -> String {
    format!("{message}\n{masked}").to_lowercase()
}

async fn insert(
    tx: &mut SqliteConnection,
    app: AppId,
    severity: IssueSeverity,
    sum: &Sum,
    message: &str,
    masked: &str,
) -> Result<i64, StoreError> {
    let severity = severity_number(severity);
    let search_key = search_key(message, masked);
    Ok(sqlx::query_scalar!(
        r#"INSERT INTO issue (app_id, severity, message, search_key, masked, first_seen_ms, last_seen_ms, event_count,
                              host_count, container_count, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 'open') RETURNING issue_id AS "issue_id!""#,
        app.0,
        severity,
        message,
        search_key,
        masked,
        sum.first_ms,
        sum.last_ms,
        sum.count,
    )
    .fetch_one(tx)
    .await?)
}

async fn add(
    tx: &mut SqliteConnection,
    read: &LogRead,
    found: &FoundIssue,
    sum: &Sum,
    known: &Known,
    (message, masked): (&str, &str),
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let severity = severity_number(found.severity);
    let search_key = search_key(message, masked);
    let rises = severity > known.severity;
    sqlx::query!(
        r#"UPDATE issue SET
               severity = MAX(severity, ?1),
               message = CASE WHEN ?2 THEN ?3 ELSE message END,
               search_key = CASE WHEN ?2 THEN ?4 ELSE search_key END,
               first_seen_ms = MIN(first_seen_ms, ?5), last_seen_ms = MAX(last_seen_ms, ?6),
               event_count = event_count + ?7, pruned_at_ms = NULL
           WHERE issue_id = ?8"#,
        severity,
        rises,
        message,
        search_key,
        sum.first_ms,
        sum.last_ms,
        sum.count,
        known.id,
    )
    .execute(&mut *tx)
    .await?;
    // What was printed before the operator spoke says nothing against it, however late it is read.
    let after = known.state_at_ms.is_none_or(|said_ms| sum.last_ms > said_ms);
    match known.state.as_str() {
        "resolved" if after => {
            let at_ms = first_after(found, known.state_at_ms).unwrap_or(sum.last_ms);
            let regression = Regression {
                at_ms,
                host: read.host,
                container_name: read.container_name.clone(),
                image: read.image.clone(),
                generation: Some(read.generation.clone()),
                change: places::change(tx, known.id, read).await?,
            };
            let json = serde_json::to_string(&regression)
                .map_err(|error| StoreError::Invalid(format!("a return has no JSON form: {error}")))?;
            sqlx::query!(
                "UPDATE issue SET state = 'open', state_at_ms = ?, regressed_json = ? WHERE issue_id = ?",
                at_ms,
                json,
                known.id
            )
            .execute(tx)
            .await?;
            recorded.regressed.push(IssueId(known.id));
        }
        "ignored"
            if known
                .ignored_until_ms
                .is_some_and(|until_ms| sum.last_ms >= until_ms) =>
        {
            reopen(tx, known.id).await?;
        }
        "ignored"
            if known.ignored_until_change
                && after
                && !known.pruned
                && !matches!(
                    places::change(tx, known.id, read).await?,
                    None | Some(PlaceChange::Nothing)
                ) =>
        {
            reopen(tx, known.id).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The first event after a moment, as exactly as the windows tell.
fn first_after(found: &FoundIssue, said_ms: Option<i64>) -> Option<i64> {
    let Some(said_ms) = said_ms else {
        return found.windows.iter().map(|of| of.first_ms).min();
    };
    let after = found.windows.iter().filter(|of| of.last_ms > said_ms);
    after
        .map(|of| {
            if of.first_ms > said_ms {
                of.first_ms
            } else {
                of.last_ms
            }
        })
        .min()
}

async fn reopen(tx: &mut SqliteConnection, issue: i64) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE issue SET state = 'open', ignored_until_ms = NULL, ignored_until_change = 0 WHERE issue_id = ?"#,
        issue
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn keep_hours(
    tx: &mut SqliteConnection,
    issue: i64,
    read: &LogRead,
    found: &FoundIssue,
) -> Result<(), StoreError> {
    for of in &found.windows {
        let hour = of.window.start_ms.div_euclid(HOUR_MS);
        let count = i64::try_from(of.errors + of.warnings).unwrap_or(i64::MAX);
        sqlx::query!(
            r#"INSERT INTO issue_hour (issue_id, hour, host_id, event_count) VALUES (?, ?, ?, ?)
               ON CONFLICT (issue_id, hour, host_id) DO UPDATE SET event_count = issue_hour.event_count + excluded.event_count"#,
            issue,
            hour,
            read.host.0,
            count,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn keep_samples(
    tx: &mut SqliteConnection,
    issue: i64,
    read: &LogRead,
    samples: &[FoundSample],
    kept: usize,
) -> Result<(), StoreError> {
    if samples.is_empty() {
        return Ok(());
    }
    for sample in &samples[samples.len().saturating_sub(kept)..] {
        let stream = match sample.stream {
            LogStream::Stdout => 1,
            LogStream::Stderr => 2,
        };
        let lines = serde_json::to_string(&sample.lines)
            .map_err(|error| StoreError::Invalid(format!("lines have no JSON form: {error}")))?;
        let line_count = i64::try_from(sample.line_count).unwrap_or(i64::MAX);
        sqlx::query!(
            r#"INSERT INTO issue_sample (issue_id, host_id, container_name, at_ms, stream, lines_json, line_count)
               VALUES (?, ?, ?, ?, ?, ?, ?)"#,
            issue,
            read.host.0,
            read.container_name,
            sample.at_ms,
            stream,
            lines,
            line_count,
        )
        .execute(&mut *tx)
        .await?;
    }
    let kept = kept as i64;
    sqlx::query!(
        r#"DELETE FROM issue_sample WHERE sample_id IN
           (SELECT sample_id FROM issue_sample WHERE issue_id = ? ORDER BY at_ms DESC, sample_id DESC LIMIT -1 OFFSET ?)"#,
        issue,
        kept,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// As stored.
pub(super) const fn severity_number(severity: IssueSeverity) -> i64 {
    match severity {
        IssueSeverity::Warning => 1,
        IssueSeverity::Error => 2,
    }
}

/// As stored.
pub(crate) const fn severity_of(number: i64) -> IssueSeverity {
    if number >= 2 {
        IssueSeverity::Error
    } else {
        IssueSeverity::Warning
    }
}

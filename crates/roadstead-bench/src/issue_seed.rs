//! What a user would use instead for issues: the seed's own table and queries, in a plain SQLite file.
//!
//! Kept as the seed wrote them (hosts as a JSON array in a column, text times, every row fetched): it is the comparison,
//! not an example. The seed has no page, search or sparkline; what it fetches is all its page had to work with.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use roadstead_store::IssueSeverity;
use serde::Serialize;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::fleet_shape::host_name;
use crate::issue_shape::IssueFleet;
use crate::issue_store::issue_app;
use crate::seed_sql::seed_time;
use crate::timing::{Latencies, elapsed_ms};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS app_log_issues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    first_seen DATETIME NOT NULL,
    last_seen DATETIME NOT NULL,
    occurrence_count INTEGER DEFAULT 1,
    affected_customers TEXT DEFAULT '[]',
    UNIQUE(app_name, fingerprint)
);
CREATE INDEX IF NOT EXISTS idx_app_log_issues_app ON app_log_issues(app_name, last_seen DESC);
";

const RECENT_OF_ALL_APPS: &str = "
SELECT app_name, fingerprint, severity, message, first_seen, last_seen, occurrence_count, affected_customers
FROM app_log_issues
ORDER BY last_seen DESC
LIMIT ?
";

const OF_APP: &str = "
SELECT app_name, fingerprint, severity, message, first_seen, last_seen, occurrence_count, affected_customers
FROM app_log_issues
WHERE app_name = ?
ORDER BY last_seen DESC
LIMIT ?
";

type Row = (String, String, String, String, String, String, i64, String);

/// A row as its page was given it.
#[derive(Debug, Serialize)]
struct SeedIssue {
    app_name: String,
    fingerprint: String,
    severity: String,
    message: String,
    first_seen: String,
    last_seen: String,
    occurrence_count: i64,
    affected_customers: Vec<String>,
}

/// The seed's table with a fleet's issues in it.
#[derive(Debug)]
pub(crate) struct SeedIssues {
    path: PathBuf,
    issues: u32,
}

impl SeedIssues {
    /// The table in `dir`, filled when it is not there yet.
    pub(crate) async fn build(dir: &Path, fleet: &IssueFleet) -> anyhow::Result<Self> {
        let path = dir.join("seed-issues.sqlite");
        if !path.exists() {
            let unfinished = dir.join("seed-issues-unfinished.sqlite");
            if unfinished.exists() {
                std::fs::remove_file(&unfinished).context("cannot remove an unfinished seed database")?;
            }
            fill(&unfinished, fleet)
                .await
                .context("cannot build the seed's table")?;
            std::fs::rename(&unfinished, &path).context("cannot keep the seed's table")?;
        }
        Ok(Self {
            path,
            issues: fleet.issues,
        })
    }

    /// The newest issues of all apps (`None`) or of one: fetched, their hosts read from JSON, and serialized.
    pub(crate) async fn page(&self, app: Option<&str>, runs: u32) -> anyhow::Result<Latencies> {
        let mut connection = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .connect()
            .await?;
        let mut times_ms = Vec::new();
        for _ in 0..runs {
            let started = Instant::now();
            let query = match app {
                None => sqlx::query_as::<_, Row>(RECENT_OF_ALL_APPS),
                Some(app) => sqlx::query_as::<_, Row>(OF_APP).bind(app),
            };
            let rows = query.bind(self.issues).fetch_all(&mut connection).await?;
            let issues = rows.into_iter().map(issue).collect::<Result<Vec<_>, _>>()?;
            let json = serde_json::to_vec(&issues)?;
            times_ms.push(elapsed_ms(started));
            ensure!(
                !issues.is_empty() && !json.is_empty(),
                "the seed's table answered with no issue"
            );
        }
        connection.close().await?;
        Ok(Latencies::of(times_ms))
    }
}

fn issue(row: Row) -> serde_json::Result<SeedIssue> {
    let (app_name, fingerprint, severity, message, first_seen, last_seen, occurrence_count, customers) = row;
    Ok(SeedIssue {
        app_name,
        fingerprint,
        severity,
        message,
        first_seen,
        last_seen,
        occurrence_count,
        affected_customers: serde_json::from_str(&customers)?,
    })
}

async fn fill(path: &Path, fleet: &IssueFleet) -> anyhow::Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    for number in 0..fleet.issues {
        insert(&mut transaction, fleet, number).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, fleet: &IssueFleet, number: u32) -> anyhow::Result<()> {
    let issue = fleet.issue(number);
    let (range, count) = issue.summed(fleet);
    let customers: Vec<String> = issue.hosts.iter().map(|host| host_name(*host)).collect();
    sqlx::query(
        "INSERT INTO app_log_issues (app_name, fingerprint, severity, message, first_seen, last_seen, occurrence_count, \
         affected_customers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(issue_app(issue.app))
    .bind(format!("{number:016x}"))
    .bind(match issue.severity {
        IssueSeverity::Error => "error",
        IssueSeverity::Warning => "warning",
    })
    .bind(&issue.message)
    .bind(seed_time(range.from_ms))
    .bind(seed_time(range.to_ms))
    .bind(i64::try_from(count)?)
    .bind(serde_json::to_string(&customers)?)
    .execute(connection)
    .await?;
    Ok(())
}

//! What a user would use instead for reports: the seed's own schema and SQL, word for word, in a plain SQLite file.
//!
//! Kept as the seed wrote it, with its flaws (text times, an off-by-one P95, one P95 query per app): it is the
//! comparison, not an example. Only the loading differs: many rows per INSERT and no journal, so that building the
//! comparison does not take hours. It is then opened anew with SQLite's defaults to be measured.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use roadstead_model::sizing::MIB;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, Row as _, SqliteConnection};

use crate::fleet_shape::{DeploymentShape, FleetShape, app_name, host_name};
use crate::timing::{Latencies, elapsed_ms};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS app_telemetry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL,
    app_name TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    reported_at DATETIME NOT NULL,
    memory_current_mb REAL DEFAULT 0,
    memory_avg_mb REAL DEFAULT 0,
    memory_peak_mb REAL DEFAULT 0,
    cpu_avg_percent REAL DEFAULT 0,
    catalog_estimate TEXT DEFAULT '',
    catalog_limit TEXT DEFAULT '',
    log_errors INTEGER DEFAULT 0,
    log_warnings INTEGER DEFAULT 0,
    containers_json TEXT DEFAULT '[]',
    issues_json TEXT DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS idx_app_telemetry_lookup ON app_telemetry(app_name, reported_at);
CREATE INDEX IF NOT EXISTS idx_app_telemetry_customer ON app_telemetry(customer_id, app_name, reported_at);
CREATE INDEX IF NOT EXISTS idx_app_telemetry_prune ON app_telemetry(reported_at);
";

const FLEET_SUMMARY: &str = "
SELECT app_name,
       MAX(display_name) as display_name,
       COUNT(DISTINCT customer_id) as deployment_count,
       AVG(memory_avg_mb) as avg_memory_mb,
       MAX(memory_peak_mb) as peak_memory_mb,
       AVG(cpu_avg_percent) as avg_cpu,
       SUM(log_errors) as total_errors,
       SUM(log_warnings) as total_warnings,
       MAX(catalog_estimate) as catalog_estimate,
       MAX(catalog_limit) as catalog_limit
FROM app_telemetry
WHERE reported_at > ?
GROUP BY app_name
ORDER BY deployment_count DESC, avg_memory_mb DESC
";

const P95_OF_APP: &str = "
SELECT memory_peak_mb FROM app_telemetry
WHERE app_name = ? AND reported_at > ?
ORDER BY memory_peak_mb ASC
LIMIT 1 OFFSET (
    SELECT CAST(COUNT(*) * 0.95 AS INTEGER)
    FROM app_telemetry WHERE app_name = ? AND reported_at > ?
)
";

const APP_HISTORY: &str = "
SELECT reported_at, customer_id, memory_avg_mb, memory_peak_mb, cpu_avg_percent, log_errors, log_warnings
FROM app_telemetry
WHERE app_name = ? AND reported_at > ?
ORDER BY reported_at ASC
";

/// Rows per INSERT: 14 values each, below SQLite's bound of 32 766.
const ROWS_PER_INSERT: usize = 2_000;

/// The seed's tables with a fleet's reports in them.
#[derive(Debug)]
pub(crate) struct SeedTables {
    path: PathBuf,
    /// The fleet in them.
    pub(crate) shape: FleetShape,
}

impl SeedTables {
    /// The tables of this fleet in `dir`, built when they are not there yet.
    pub(crate) async fn build(dir: &Path, shape: FleetShape) -> anyhow::Result<Self> {
        let name = format!(
            "seed-{}x{}x{}-{}.sqlite",
            shape.hosts, shape.apps, shape.days, shape.end_ms
        );
        let tables = Self {
            path: dir.join(name),
            shape,
        };
        if !tables.path.exists() {
            // Under its final name only once it is whole: a build that was broken off is not measured.
            let unfinished = dir.join("seed-unfinished.sqlite");
            if unfinished.exists() {
                std::fs::remove_file(&unfinished).context("cannot remove an unfinished seed database")?;
            }
            fill(&unfinished, shape)
                .await
                .context("cannot build the seed's tables")?;
            std::fs::rename(&unfinished, &tables.path).context("cannot keep the seed's tables")?;
        }
        Ok(tables)
    }

    pub(crate) fn file_bytes(&self) -> anyhow::Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len())
    }

    async fn open(&self) -> anyhow::Result<SqliteConnection> {
        Ok(SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .connect()
            .await?)
    }

    /// The fleet page since `since_ms`: the summary, then one P95 per app, as the seed does it.
    pub(crate) async fn fleet_page(&self, since_ms: i64, runs: u32) -> anyhow::Result<Latencies> {
        let since = seed_time(since_ms);
        let mut connection = self.open().await?;
        let mut times_ms = Vec::new();
        for _ in 0..runs {
            let started = Instant::now();
            let apps = sqlx::query(FLEET_SUMMARY)
                .bind(&since)
                .fetch_all(&mut connection)
                .await?;
            for app in &apps {
                let name: String = app.try_get("app_name")?;
                let p95: Option<f64> = sqlx::query_scalar(P95_OF_APP)
                    .bind(&name)
                    .bind(&since)
                    .bind(&name)
                    .bind(&since)
                    .fetch_optional(&mut connection)
                    .await?;
                p95.with_context(|| format!("the seed's SQL found no P95 of {name}"))?;
            }
            times_ms.push(elapsed_ms(started));
            anyhow::ensure!(!apps.is_empty(), "the seed's tables answered with no app");
        }
        connection.close().await?;
        Ok(Latencies::of(times_ms))
    }

    /// The history of one app since `since_ms`: the seed hands every report to the page.
    pub(crate) async fn history(&self, app: &str, since_ms: i64, runs: u32) -> anyhow::Result<Latencies> {
        let since = seed_time(since_ms);
        let mut connection = self.open().await?;
        let mut times_ms = Vec::new();
        for _ in 0..runs {
            let started = Instant::now();
            let rows: Vec<(String, String, f64, f64, f64, i64, i64)> = sqlx::query_as(APP_HISTORY)
                .bind(app)
                .bind(&since)
                .fetch_all(&mut connection)
                .await?;
            let json = serde_json::to_vec(&rows)?;
            times_ms.push(elapsed_ms(started));
            anyhow::ensure!(
                !rows.is_empty() && !json.is_empty(),
                "the seed's tables know no {app}"
            );
        }
        connection.close().await?;
        Ok(Latencies::of(times_ms))
    }
}

async fn fill(path: &Path, shape: FleetShape) -> anyhow::Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-400000")
        .connect()
        .await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;

    let deployments: Vec<(String, String, DeploymentShape)> = (0..shape.hosts)
        .flat_map(|host| {
            (0..shape.apps).map(move |app| (host_name(host), app_name(app), DeploymentShape::of(host, app)))
        })
        .collect();
    let mut rows = Vec::with_capacity(ROWS_PER_INSERT);
    let mut transaction = connection.begin().await?;
    for window in shape.windows(shape.range()) {
        let reported_at = seed_time(window.end_ms());
        for (host, app, deployment) in &deployments {
            let values = deployment.values(window);
            rows.push((host, app, deployment, reported_at.clone(), values));
            if rows.len() == ROWS_PER_INSERT {
                insert(&mut transaction, &mut rows).await?;
            }
        }
    }
    insert(&mut transaction, &mut rows).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

type SeedRow<'a> = (
    &'a String,
    &'a String,
    &'a DeploymentShape,
    String,
    crate::fleet_shape::WindowValues,
);

async fn insert(connection: &mut SqliteConnection, rows: &mut Vec<SeedRow<'_>>) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new(
        "INSERT INTO app_telemetry (customer_id, app_name, display_name, reported_at, memory_current_mb, \
         memory_avg_mb, memory_peak_mb, cpu_avg_percent, catalog_estimate, catalog_limit, log_errors, log_warnings, \
         containers_json, issues_json) ",
    );
    let mb = |bytes: u64| bytes as f64 / MIB as f64;
    let size = |bytes: Option<u64>| bytes.map_or_else(String::new, |bytes| format!("{}M", bytes / MIB));
    query.push_values(
        rows.drain(..),
        |mut row, (host, app, deployment, reported_at, values)| {
            let containers: Vec<String> = (1..=deployment.containers())
                .map(|n| format!("\"{app}-{n}\""))
                .collect();
            row.push_bind(host)
                .push_bind(app)
                .push_bind(app)
                .push_bind(reported_at)
                .push_bind(mb(values.current_bytes))
                .push_bind(mb(values.avg_bytes))
                .push_bind(mb(values.peak_bytes))
                .push_bind(values.cpu_cores * 100.0)
                .push_bind(size(deployment.estimate_bytes))
                .push_bind(size(deployment.limit_bytes))
                .push_bind(i64::from(values.errors))
                .push_bind(i64::from(values.warnings))
                .push_bind(format!("[{}]", containers.join(",")))
                .push_bind("[]");
        },
    );
    query.build().persistent(true).execute(connection).await?;
    Ok(())
}

/// A time as the seed's database driver writes it.
pub(crate) fn seed_time(time_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(time_ms).map_or_else(String::new, |time| {
        time.format("%Y-%m-%d %H:%M:%S+00:00").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::time::DAY_MS;

    #[tokio::test]
    async fn the_seeds_tables_hold_every_report_and_answer() {
        let dir = tempfile::tempdir().unwrap();
        let shape = FleetShape {
            hosts: 2,
            apps: 3,
            days: 2,
            end_ms: 1_767_366_000_000,
        };
        let tables = SeedTables::build(dir.path(), shape).await.unwrap();
        let mut connection = tables.open().await.unwrap();
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM app_telemetry")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(count as u64, shape.report_count());
        let since: String = seed_time(shape.end_ms - DAY_MS);
        let (deployments, peak): (i64, f64) = sqlx::query_as(
            "SELECT COUNT(DISTINCT customer_id), MAX(memory_peak_mb) FROM app_telemetry WHERE app_name = ? AND reported_at > ?",
        )
        .bind(app_name(0))
        .bind(&since)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let windows = shape
            .windows(shape.range())
            .filter(|window| window.end_ms() > shape.end_ms - DAY_MS);
        let highest = windows
            .flat_map(|window| (0..2).map(move |host| DeploymentShape::of(host, 0).values(window).peak_bytes))
            .max()
            .unwrap();
        assert_eq!((deployments, peak), (2, highest as f64 / MIB as f64));
        assert!(
            tables
                .fleet_page(shape.end_ms - DAY_MS, 1)
                .await
                .unwrap()
                .best_ms()
                .is_some()
        );
        assert!(
            tables
                .history(&app_name(0), shape.end_ms - DAY_MS, 1)
                .await
                .unwrap()
                .best_ms()
                .is_some()
        );
        assert!(
            tables.history("no such app", 0, 1).await.is_err(),
            "an empty answer is not a measurement"
        );
    }
}

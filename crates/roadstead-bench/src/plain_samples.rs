//! What a user would use instead for samples: the per-workload metrics table of the seed in a plain SQLite file, one
//! row per container and tick, and the seed's own query over it, word for word.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use roadstead_model::Sample;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, SqliteConnection};

use crate::timing::{Latencies, elapsed_ms};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS containers (id TEXT PRIMARY KEY, workload_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS idx_containers_workload ON containers(workload_id);
CREATE TABLE IF NOT EXISTS container_stats_samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    container_id TEXT NOT NULL,
    owner_type TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    ts INTEGER NOT NULL,
    cpu_percent REAL NOT NULL,
    memory_usage INTEGER NOT NULL,
    memory_limit INTEGER NOT NULL,
    network_rx INTEGER NOT NULL,
    network_tx INTEGER NOT NULL,
    block_read INTEGER NOT NULL,
    block_write INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_stats_owner ON container_stats_samples(owner_type, owner_id, ts);
";

const INSERT_ONE: &str = "
INSERT INTO container_stats_samples (container_id, owner_type, owner_id, ts, cpu_percent, memory_usage, memory_limit,
    network_rx, network_tx, block_read, block_write)
VALUES (?, 'instance', ?, ?, ?, ?, ?, ?, ?, ?, ?)
";

const SAMPLES_OF_WORKLOAD: &str = "
SELECT cs.container_id, cs.owner_type, cs.owner_id, cs.ts,
       cs.cpu_percent, cs.memory_usage, cs.memory_limit,
       cs.network_rx, cs.network_tx, cs.block_read, cs.block_write
FROM container_stats_samples cs
JOIN containers c ON c.id = cs.owner_id
WHERE c.workload_id = ? AND cs.ts >= ?
ORDER BY cs.ts ASC
";

/// Rows per INSERT of the bulk path: 10 values each, below SQLite's bound of 32 766.
const ROWS_PER_INSERT: usize = 3_000;

type SampleRow = (String, String, String, i64, f64, i64, i64, i64, i64, i64, i64);

/// One point of the seed's answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Point {
    ts: i64,
    cpu_percent: f64,
    memory_usage: i64,
    memory_limit: i64,
}

/// The seed's table of samples.
#[derive(Debug)]
pub(crate) struct PlainSamples {
    connection: SqliteConnection,
}

impl PlainSamples {
    /// Opens the table in a file, made when missing, with the log and syncing the product's own store is given.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .connect()
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        Ok(Self { connection })
    }

    pub(crate) async fn add_container(&mut self, container: &str, workload: &str) -> anyhow::Result<()> {
        sqlx::query("INSERT INTO containers (id, workload_id) VALUES (?, ?)")
            .bind(container)
            .bind(workload)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// One tick as the seed stores it: one INSERT per sample, in one transaction.
    pub(crate) async fn insert_tick(
        &mut self,
        tick_ms: i64,
        samples: &[(String, Sample)],
    ) -> anyhow::Result<()> {
        let mut transaction = self.connection.begin().await?;
        for (container, sample) in samples {
            let [cpu, memory, limit, rx, tx, read, write] = values(sample);
            sqlx::query(INSERT_ONE)
                .bind(container)
                .bind(container)
                .bind(tick_ms / 1_000)
                .bind(cpu)
                .bind(memory as i64)
                .bind(limit as i64)
                .bind(rx as i64)
                .bind(tx as i64)
                .bind(read as i64)
                .bind(write as i64)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Many samples at once, to build a table that is only read.
    pub(crate) async fn insert_many(&mut self, rows: &[(i64, String, Sample)]) -> anyhow::Result<()> {
        let mut transaction = self.connection.begin().await?;
        for part in rows.chunks(ROWS_PER_INSERT) {
            let mut query = QueryBuilder::new(
                "INSERT INTO container_stats_samples (container_id, owner_type, owner_id, ts, cpu_percent, \
                 memory_usage, memory_limit, network_rx, network_tx, block_read, block_write) ",
            );
            query.push_values(part, |mut row, (tick_ms, container, sample)| {
                let [cpu, memory, limit, rx, tx, read, write] = values(sample);
                row.push_bind(container)
                    .push("'instance'")
                    .push_bind(container)
                    .push_bind(tick_ms / 1_000)
                    .push_bind(cpu)
                    .push_bind(memory as i64)
                    .push_bind(limit as i64)
                    .push_bind(rx as i64)
                    .push_bind(tx as i64)
                    .push_bind(read as i64)
                    .push_bind(write as i64);
            });
            query.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The seed's answer to its page: every sample of the workload since then, summed by second, as JSON.
    pub(crate) async fn workload_history(&mut self, workload: &str, since_s: i64) -> anyhow::Result<Vec<u8>> {
        let rows: Vec<SampleRow> = sqlx::query_as(SAMPLES_OF_WORKLOAD)
            .bind(workload)
            .bind(since_s)
            .fetch_all(&mut self.connection)
            .await?;
        let mut points: BTreeMap<i64, Point> = BTreeMap::new();
        for (_, _, _, ts, cpu_percent, memory_usage, memory_limit, ..) in rows {
            let point = points.entry(ts).or_insert(Point {
                ts,
                cpu_percent: 0.0,
                memory_usage: 0,
                memory_limit: 0,
            });
            point.cpu_percent += cpu_percent;
            point.memory_usage += memory_usage;
            point.memory_limit = point.memory_limit.max(memory_limit);
        }
        anyhow::ensure!(
            !points.is_empty(),
            "the plain table knows no samples of {workload}"
        );
        Ok(serde_json::to_vec(&points.into_values().collect::<Vec<_>>())?)
    }

    /// How long that answer takes.
    pub(crate) async fn time_history(&mut self, asked: &[(String, i64)]) -> anyhow::Result<Latencies> {
        let mut times_ms = Vec::with_capacity(asked.len());
        for (workload, since_s) in asked {
            let started = Instant::now();
            self.workload_history(workload, *since_s).await?;
            times_ms.push(elapsed_ms(started));
        }
        Ok(Latencies::of(times_ms))
    }

    /// Empties the log into the file and closes it.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut self.connection)
            .await?;
        self.connection.close().await?;
        Ok(())
    }
}

/// The seed's columns; what was not measured is zero there (one of the flaws the product does not share).
fn values(sample: &Sample) -> [f64; 7] {
    let whole = |value: Option<u64>| value.unwrap_or_default() as f64;
    [
        sample.cpu_cores.unwrap_or_default() * 100.0,
        whole(sample.memory_used_bytes),
        whole(sample.memory_limit_bytes),
        sample.network_rx_bytes_per_s.unwrap_or_default(),
        sample.network_tx_bytes_per_s.unwrap_or_default(),
        sample.block_read_bytes_per_s.unwrap_or_default(),
        sample.block_write_bytes_per_s.unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{ContainerId, DeploymentId};

    fn sample(memory: u64) -> Sample {
        Sample {
            memory_used_bytes: Some(memory),
            cpu_cores: Some(0.5),
            ..Sample::empty(ContainerId(1), DeploymentId(1))
        }
    }

    #[tokio::test]
    async fn two_containers_of_a_workload_are_summed_and_another_workload_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = PlainSamples::open(&dir.path().join("plain.sqlite"))
            .await
            .unwrap();
        for (container, workload) in [("a1", "a"), ("a2", "a"), ("b1", "b")] {
            table.add_container(container, workload).await.unwrap();
        }
        let tick: Vec<(String, Sample)> = [("a1", 10), ("a2", 20), ("b1", 400)]
            .map(|(name, memory)| (name.to_owned(), sample(memory)))
            .to_vec();
        table.insert_tick(15_000, &tick).await.unwrap();
        table
            .insert_many(&[(30_000, "a1".to_owned(), sample(5))])
            .await
            .unwrap();
        let json = table.workload_history("a", 0).await.unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"[{"ts":15,"cpu_percent":100.0,"memory_usage":30,"memory_limit":0},{"ts":30,"cpu_percent":50.0,"memory_usage":5,"memory_limit":0}]"#
        );
        assert!(table.workload_history("c", 0).await.is_err());
    }
}

//! Ticks as they come, and back again tick by tick.
//!
//! A tick is one row with one compact value, however many samples it holds (see `codec::tick`). Once its span is complete
//! it is sealed (see `seal_samples`); readers take both and never the same tick twice: a fresh tick of a host replaces
//! what is sealed of it.

use std::collections::{BTreeMap, HashSet};

use futures_util::TryStreamExt as _;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use roadstead_model::{ContainerId, DeploymentId, HostId, Tick, TimeRange};

use crate::codec::bytes::Damage;
use crate::codec::chunk::take_chunk;
use crate::codec::tick::{put_tick, take_tick};
use crate::directory::Directory;
use crate::lots::lots;
use crate::seal_samples::LONGEST_SPAN_MS;
use crate::store::id_list;
use crate::{Store, StoreError};

impl Store {
    /// Keeps ticks, in one transaction. The same host and moment twice: the later one replaces.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when a tick has two samples of one container or no interval, [`StoreError::NotFound`] for an
    /// unknown host or deployment, [`StoreError::DiskFull`].
    pub async fn append_ticks(&self, ticks: &[Tick]) -> Result<(), StoreError> {
        if ticks.is_empty() {
            return Ok(());
        }
        let directory = self.directory();
        for tick in ticks {
            check(tick, &directory)?;
        }
        let mut tx = self.write().await?;
        for lot in lots(ticks) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO fresh_tick (host_id, tick_ms, interval_ms, sample_count, samples) ",
            );
            insert.push_values(lot, |mut row, tick| {
                row.push_bind(tick.host.0)
                    .push_bind(tick.tick_ms)
                    .push_bind(tick.interval_ms)
                    .push_bind(tick.samples.len() as i64)
                    .push_bind(put_tick(&tick.samples));
            });
            insert.push(
                " ON CONFLICT (tick_ms, host_id) DO UPDATE
                  SET interval_ms = excluded.interval_ms, sample_count = excluded.sample_count, samples = excluded.samples",
            );
            if let Err(error) = insert.build().execute(&mut *tx).await {
                return Err(match error.as_database_error() {
                    // The host is the only thing a tick refers to.
                    Some(database) if database.is_foreign_key_violation() => {
                        missing_host(&mut tx, lot).await?
                    }
                    _ => StoreError::from(error),
                });
            }
        }
        self.note_moments(ticks);
        tx.commit().await?;
        self.note_newest_ticks(ticks);
        Ok(())
    }

    /// A host's ticks in a span, ascending, fresh and sealed alike; samples by deployment and container. A sealed tick
    /// without any sample is not kept.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn ticks_between(&self, host: HostId, range: TimeRange) -> Result<Vec<Tick>, StoreError> {
        let mut tx = self.read().await?;
        let moments = self.fresh_moments(range);
        let mut ticks: BTreeMap<i64, Tick> = BTreeMap::new();
        let earliest_ms = range.from_ms.saturating_sub(LONGEST_SPAN_MS);
        let chunks = sqlx::query!(
            r#"SELECT deployment_id, container_id, body FROM sample_chunk
               WHERE host_id = ? AND start_ms > ? AND start_ms < ? AND start_ms + span_ms > ?
               ORDER BY deployment_id, container_id"#,
            host.0,
            earliest_ms,
            range.to_ms,
            range.from_ms
        )
        .fetch_all(&mut *tx)
        .await?;
        for chunk in chunks {
            let (container, deployment) =
                (ContainerId(chunk.container_id), DeploymentId(chunk.deployment_id));
            for timed in take_chunk(&chunk.body, container, deployment)? {
                if range.contains(timed.tick_ms) {
                    let tick = ticks.entry(timed.tick_ms).or_insert_with(|| Tick {
                        host,
                        tick_ms: timed.tick_ms,
                        interval_ms: timed.interval_ms,
                        samples: Vec::new(),
                    });
                    tick.samples.push(timed.sample);
                }
            }
        }
        for fresh in fresh_ticks(&mut tx, [host.0], &moments).await? {
            let tick = Tick {
                host,
                tick_ms: fresh.tick_ms,
                interval_ms: fresh.interval_ms,
                samples: take_tick(&fresh.samples)?,
            };
            ticks.insert(tick.tick_ms, tick);
        }
        Ok(ticks.into_values().collect())
    }

    /// A host's first tick at or after a moment.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and any failure of the database.
    pub async fn first_tick_after(&self, host: HostId, from_ms: i64) -> Result<Option<i64>, StoreError> {
        let mut tx = self.read().await?;
        let fresh = sqlx::query_scalar!(
            "SELECT tick_ms FROM fresh_tick WHERE tick_ms >= ? AND host_id = ? ORDER BY tick_ms LIMIT 1",
            from_ms,
            host.0
        )
        .fetch_optional(&mut *tx)
        .await?;
        let earliest_ms = from_ms.saturating_sub(LONGEST_SPAN_MS);
        // The first span that ends after the moment may have no tick after it: the second then has.
        let starts = sqlx::query_scalar!(
            r#"SELECT DISTINCT start_ms FROM sample_chunk
               WHERE host_id = ? AND start_ms > ? AND start_ms + span_ms > ? ORDER BY start_ms"#,
            host.0,
            earliest_ms,
            from_ms
        )
        .fetch_all(&mut *tx)
        .await?;
        for start_ms in starts {
            if fresh.is_some_and(|fresh| fresh < start_ms) {
                break;
            }
            let bodies = sqlx::query_scalar!(
                "SELECT body FROM sample_chunk WHERE host_id = ? AND start_ms = ?",
                host.0,
                start_ms
            )
            .fetch_all(&mut *tx)
            .await?;
            let mut first = fresh;
            for body in bodies {
                let times = crate::codec::chunk::take_columns(&body, |_| false)?.times_ms;
                let sealed = times.into_iter().filter(|tick_ms| *tick_ms >= from_ms).min();
                first = match (first, sealed) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(fresh)
    }
}

/// Which of these ticks' hosts there is not.
async fn missing_host(tx: &mut SqliteConnection, ticks: &[Tick]) -> Result<StoreError, StoreError> {
    let known: HashSet<i64> = sqlx::query_scalar!("SELECT host_id FROM host")
        .fetch_all(tx)
        .await?
        .into_iter()
        .collect();
    let missing = ticks.iter().find(|tick| !known.contains(&tick.host.0));
    Ok(StoreError::NotFound {
        what: "host",
        id: missing.map_or(0, |tick| tick.host.0),
    })
}

fn check(tick: &Tick, directory: &Directory) -> Result<(), StoreError> {
    if tick.interval_ms <= 0 {
        return Err(StoreError::Invalid(format!(
            "a tick of host {} has an interval of {} ms: it must be positive",
            tick.host, tick.interval_ms
        )));
    }
    let mut seen = HashSet::with_capacity(tick.samples.len());
    for sample in &tick.samples {
        if !directory.deployments.contains_key(&sample.deployment) {
            return Err(StoreError::NotFound {
                what: "deployment",
                id: sample.deployment.0,
            });
        }
        if !seen.insert(sample.container) {
            return Err(StoreError::Invalid(format!(
                "a tick of host {} has two samples of container {}",
                tick.host, sample.container
            )));
        }
    }
    Ok(())
}

/// A fresh tick as stored.
pub(crate) struct FreshTick {
    pub(crate) host_id: i64,
    pub(crate) tick_ms: i64,
    pub(crate) interval_ms: i64,
    pub(crate) samples: Vec<u8>,
}

/// The fresh ticks of some hosts at some of [`Store::fresh_moments`], ascending.
pub(crate) async fn fresh_ticks(
    tx: &mut SqliteConnection,
    hosts: impl IntoIterator<Item = i64>,
    moments: &str,
) -> Result<Vec<FreshTick>, StoreError> {
    let mut ticks = Vec::new();
    each_fresh_tick(tx, hosts, moments, |tick| {
        ticks.push(tick);
        Ok(())
    })
    .await?;
    Ok(ticks)
}

/// Hands over the fresh ticks of some hosts at some of [`Store::fresh_moments`] while the next ones are read, ascending.
/// Each is one look-up.
pub(crate) async fn each_fresh_tick(
    tx: &mut SqliteConnection,
    hosts: impl IntoIterator<Item = i64>,
    moments: &str,
    mut take: impl FnMut(FreshTick) -> Result<(), Damage>,
) -> Result<(), StoreError> {
    let hosts = id_list(hosts);
    let mut ticks = sqlx::query_as!(
        FreshTick,
        r#"SELECT host_id, tick_ms, interval_ms, samples FROM fresh_tick
           WHERE tick_ms IN (SELECT value FROM json_each(?))
             AND host_id IN (SELECT value FROM json_each(?))
           ORDER BY tick_ms, host_id"#,
        moments,
        hosts
    )
    .fetch(tx);
    while let Some(tick) = ticks.try_next().await? {
        take(tick)?;
    }
    Ok(())
}

//! Sealing ticks: complete spans of fresh ticks become columns per container, and short columns become long ones.
//!
//! Two lengths. Two hours, so that few rows are ever fresh: a page that reads five containers of a host passes over at
//! most some 500 fresh values. Twelve hours, because a packed column carries a description of a few dozen bytes: at 480
//! samples that is a tenth of it, at 2,880 next to nothing. Each sample is packed twice in its life.

use std::collections::{BTreeMap, HashSet};

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use roadstead_model::time::{HOUR_MS, MINUTE_MS, align_down};
use roadstead_model::{ContainerId, DeploymentId, HostId, TimeRange};

use crate::codec::chunk::{Timed, put_chunk, take_chunk};
use crate::codec::numbers::Effort;
use crate::codec::tick::take_tick;
use crate::lots::lots;
use crate::store::off_thread;
use crate::ticks::{FreshTick, fresh_ticks};
use crate::{Store, StoreError, Upkeep};

/// Length of a span as first sealed.
pub(crate) const SPAN_MS: i64 = 2 * HOUR_MS;
/// Length of a span for good.
pub(crate) const LONGEST_SPAN_MS: i64 = 12 * HOUR_MS;
/// A span is complete when it ended this long ago: ticks under way have been stored by then.
const GRACE_MS: i64 = 2 * MINUTE_MS;
/// Hosts sealed per call: some tenths of a second, in which ticks wait for the writer.
const HOSTS_PER_CALL: i64 = 8;

/// Where a chunk belongs.
type Place = (DeploymentId, ContainerId);

/// Columns to be written.
struct Sealed {
    deployment: i64,
    container: i64,
    start_ms: i64,
    span_ms: i64,
    sample_count: i64,
    body: Vec<u8>,
}

impl Store {
    /// Seals the oldest complete span of fresh ticks, of the next few hosts.
    pub(crate) async fn seal_ticks(&self, now_ms: i64) -> Result<Upkeep, StoreError> {
        let before_ms = align_down(now_ms - GRACE_MS, SPAN_MS);
        let oldest = sqlx::query_scalar!(
            r#"SELECT MIN(tick_ms) AS "tick_ms: i64" FROM fresh_tick WHERE tick_ms < ?"#,
            before_ms
        )
        .fetch_one(&self.inner.readers)
        .await?;
        let Some(oldest_ms) = oldest else {
            return Ok(Upkeep::default());
        };
        let start_ms = align_down(oldest_ms, SPAN_MS);
        let mut sealing = self.inner.sealing.lock().await;
        let after = if sealing.0 == start_ms { sealing.1 } else { 0 };
        // The writer is held throughout: no tick can come between reading the fresh ones and removing them. Several hosts
        // share a transaction because their rows share pages.
        let mut tx = self.write().await?;
        self.forget_moments(&mut tx).await?;
        let hosts = sqlx::query_scalar!(
            "SELECT host_id FROM host WHERE host_id > ? ORDER BY host_id LIMIT ?",
            after,
            HOSTS_PER_CALL
        )
        .fetch_all(&mut *tx)
        .await?;
        let (Some(&first), Some(&last)) = (hosts.first(), hosts.last()) else {
            // Late ticks of hosts that had their turn: begin again.
            *sealing = (start_ms, 0);
            return Ok(Upkeep { rows: 0, more: true });
        };
        let span = TimeRange {
            from_ms: start_ms,
            to_ms: start_ms + SPAN_MS,
        };
        let moments = self.fresh_moments(span);
        let fresh = fresh_ticks(&mut tx, hosts, &moments).await?;
        let rows = fresh.len() as u64;
        let mut of_host: BTreeMap<i64, Vec<FreshTick>> = BTreeMap::new();
        for tick in fresh {
            of_host.entry(tick.host_id).or_default().push(tick);
        }
        for (host, fresh) in of_host {
            seal_span(&mut tx, HostId(host), span, fresh).await?;
        }
        if rows > 0 {
            sqlx::query!(
                "DELETE FROM fresh_tick
                 WHERE tick_ms IN (SELECT value FROM json_each(?)) AND host_id >= ? AND host_id <= ?",
                moments,
                first,
                last
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        *sealing = (start_ms, last);
        Ok(Upkeep { rows, more: true })
    }

    /// Joins the short columns of some complete long spans.
    pub(crate) async fn join_chunks(&self, now_ms: i64) -> Result<Upkeep, StoreError> {
        let before_ms = align_down(now_ms - GRACE_MS - SPAN_MS, LONGEST_SPAN_MS);
        let limit = HOSTS_PER_CALL + 1;
        let blocks = sqlx::query!(
            r#"SELECT host_id AS "host_id!", MIN(start_ms) AS "start_ms!: i64" FROM sample_chunk
               WHERE span_ms = ? AND start_ms < ? GROUP BY host_id LIMIT ?"#,
            SPAN_MS,
            before_ms,
            limit
        )
        .fetch_all(&self.inner.readers)
        .await?;
        let mut done = Upkeep {
            rows: 0,
            more: blocks.len() as i64 > HOSTS_PER_CALL,
        };
        for block in blocks.into_iter().take(HOSTS_PER_CALL as usize) {
            let start_ms = align_down(block.start_ms, LONGEST_SPAN_MS);
            done.rows += self.join_block(HostId(block.host_id), start_ms).await?;
            done.more |= start_ms + LONGEST_SPAN_MS < before_ms;
        }
        Ok(done)
    }

    async fn join_block(&self, host: HostId, start_ms: i64) -> Result<u64, StoreError> {
        let span = TimeRange {
            from_ms: start_ms,
            to_ms: start_ms + LONGEST_SPAN_MS,
        };
        let mut tx = self.write().await?;
        let existing = chunks_over(&mut tx, host, span).await?;
        let rows = existing.len() as u64;
        let sealed = off_thread(move || {
            let mut places: BTreeMap<Place, Vec<Chunk>> = BTreeMap::new();
            for chunk in existing {
                let place = (DeploymentId(chunk.deployment_id), ContainerId(chunk.container_id));
                places.entry(place).or_default().push(chunk);
            }
            // Unpacked one container at a time: all of a host's would be some tens of megabytes.
            on_all_cores(places.into_iter().collect(), |(place, chunks)| {
                let mut samples = Vec::new();
                for chunk in chunks.iter() {
                    samples.extend(take_chunk(&chunk.body, place.1, place.0)?);
                }
                Ok(pack((start_ms, *place), LONGEST_SPAN_MS, &mut samples))
            })
        })
        .await?;
        sqlx::query!(
            "DELETE FROM sample_chunk WHERE host_id = ? AND start_ms >= ? AND start_ms < ?",
            host.0,
            span.from_ms,
            span.to_ms
        )
        .execute(&mut *tx)
        .await?;
        write_chunks(&mut tx, host, &sealed).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

/// Seals one host's fresh ticks of one span, and leaves their rows to the caller.
async fn seal_span(
    tx: &mut SqliteConnection,
    host: HostId,
    span: TimeRange,
    fresh: Vec<FreshTick>,
) -> Result<(), StoreError> {
    let start_ms = span.from_ms;
    let newest_ms = fresh.iter().map(|tick| tick.tick_ms).max();
    // Late ticks find their span sealed already, in its short or its long form.
    let existing = chunks_over(tx, host, span).await?;
    let sealed = off_thread(move || {
        let replaced: HashSet<i64> = fresh.iter().map(|tick| tick.tick_ms).collect();
        let mut places: BTreeMap<(i64, Place), Vec<Timed>> = BTreeMap::new();
        let mut spans: BTreeMap<(i64, Place), i64> = BTreeMap::new();
        let mut covered: BTreeMap<Place, (i64, i64)> = BTreeMap::new();
        for chunk in &existing {
            let place = (DeploymentId(chunk.deployment_id), ContainerId(chunk.container_id));
            let mut samples = take_chunk(&chunk.body, place.1, place.0)?;
            samples.retain(|timed| !replaced.contains(&timed.tick_ms));
            places.entry((chunk.start_ms, place)).or_default().extend(samples);
            spans.insert((chunk.start_ms, place), chunk.span_ms);
            covered.insert(place, (chunk.start_ms, chunk.span_ms));
        }
        for tick in &fresh {
            for sample in take_tick(&tick.samples)? {
                let place = (sample.deployment, sample.container);
                let (start, length) = covered.get(&place).copied().unwrap_or((start_ms, SPAN_MS));
                spans.entry((start, place)).or_insert(length);
                places.entry((start, place)).or_default().push(Timed {
                    tick_ms: tick.tick_ms,
                    interval_ms: tick.interval_ms,
                    sample,
                });
            }
        }
        on_all_cores(places.into_iter().collect(), |(key, samples)| {
            let span_ms = spans.get(key).copied().unwrap_or(SPAN_MS);
            Ok(pack(*key, span_ms, samples))
        })
    })
    .await?;
    write_chunks(tx, host, &sealed).await?;
    sqlx::query!(
        "UPDATE host SET sealed_tick_ms = MAX(COALESCE(sealed_tick_ms, ?1), ?1) WHERE host_id = ?2",
        newest_ms,
        host.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A chunk as stored.
struct Chunk {
    deployment_id: i64,
    container_id: i64,
    start_ms: i64,
    span_ms: i64,
    body: Vec<u8>,
}

/// A host's chunks that overlap a span.
async fn chunks_over(
    tx: &mut SqliteConnection,
    host: HostId,
    span: TimeRange,
) -> Result<Vec<Chunk>, StoreError> {
    let earliest_ms = span.from_ms.saturating_sub(LONGEST_SPAN_MS);
    Ok(sqlx::query_as!(
        Chunk,
        r#"SELECT deployment_id, container_id, start_ms, span_ms, body FROM sample_chunk
           WHERE host_id = ? AND start_ms > ? AND start_ms < ? AND start_ms + span_ms > ?
           ORDER BY start_ms"#,
        host.0,
        earliest_ms,
        span.to_ms,
        span.from_ms
    )
    .fetch_all(tx)
    .await?)
}

/// Does the jobs on every core: packing is nearly all of what sealing costs.
fn on_all_cores<J: Send>(
    mut jobs: Vec<J>,
    work: impl Fn(&mut J) -> Result<Sealed, StoreError> + Sync,
) -> Result<Vec<Sealed>, StoreError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let share = jobs.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .chunks_mut(share)
            .map(|jobs| scope.spawn(|| jobs.iter_mut().map(&work).collect::<Result<Vec<_>, _>>()))
            .collect();
        let mut sealed = Vec::new();
        for thread in threads {
            let packed = thread.join();
            sealed.extend(packed.map_err(|_| StoreError::Sql("packing samples ended early".to_owned()))??);
        }
        Ok(sealed)
    })
}

/// Packs the samples of one container, which may be in any order.
fn pack((start_ms, (deployment, container)): (i64, Place), span_ms: i64, samples: &mut [Timed]) -> Sealed {
    samples.sort_by_key(|timed| timed.tick_ms);
    let effort = if span_ms == SPAN_MS {
        Effort::Quick
    } else {
        Effort::Thorough
    };
    Sealed {
        deployment: deployment.0,
        container: container.0,
        start_ms,
        span_ms,
        sample_count: samples.len() as i64,
        body: put_chunk(samples, effort),
    }
}

async fn write_chunks(tx: &mut SqliteConnection, host: HostId, chunks: &[Sealed]) -> Result<(), StoreError> {
    let (empty, full): (Vec<&Sealed>, Vec<&Sealed>) =
        chunks.iter().partition(|chunk| chunk.sample_count == 0);
    for chunk in empty {
        // All its samples were replaced by ticks that no longer have this container.
        sqlx::query!(
            "DELETE FROM sample_chunk WHERE deployment_id = ? AND start_ms = ? AND container_id = ?",
            chunk.deployment,
            chunk.start_ms,
            chunk.container
        )
        .execute(&mut *tx)
        .await?;
    }
    for lot in lots(&full) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO sample_chunk (host_id, deployment_id, container_id, start_ms, span_ms, sample_count, body) ",
        );
        insert.push_values(lot, |mut row, chunk| {
            row.push_bind(host.0)
                .push_bind(chunk.deployment)
                .push_bind(chunk.container)
                .push_bind(chunk.start_ms)
                .push_bind(chunk.span_ms)
                .push_bind(chunk.sample_count)
                .push_bind(chunk.body.as_slice());
        });
        insert.push(
            " ON CONFLICT (deployment_id, start_ms, container_id) DO UPDATE
              SET span_ms = excluded.span_ms, sample_count = excluded.sample_count, body = excluded.body",
        );
        insert.build().execute(&mut *tx).await?;
    }
    Ok(())
}

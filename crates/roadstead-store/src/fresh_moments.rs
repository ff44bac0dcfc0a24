//! When ticks are fresh, kept in memory: the table has moments first, so that the ticks of a round lie together when they are
//! written. Without a list of its moments, one host's ticks of a span could only be found by reading those of all hosts.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use sqlx::{SqliteConnection, SqlitePool};

use roadstead_model::{HostId, Tick, TimeRange};

use crate::store::id_list;
use crate::{Store, StoreError};

/// When ticks are fresh.
#[derive(Debug, Default)]
pub(crate) struct FreshMoments {
    /// Each host's newest fresh tick.
    newest_ms: HashMap<HostId, i64>,
    /// Every moment at which a host has a fresh tick, and some at which none has one.
    moments_ms: BTreeSet<i64>,
}

impl FreshMoments {
    /// From the table: once, at start.
    pub(crate) async fn load(readers: &SqlitePool) -> Result<Self, StoreError> {
        let newest = sqlx::query!(
            r#"SELECT host_id AS "host_id!", MAX(tick_ms) AS "tick_ms!: i64" FROM fresh_tick GROUP BY host_id"#
        )
        .fetch_all(readers)
        .await?;
        // From one moment to the next, over the hosts in between.
        let moments = sqlx::query_scalar!(
            r#"WITH RECURSIVE moment (tick_ms) AS (
                   SELECT MIN(tick_ms) FROM fresh_tick
                   UNION ALL
                   SELECT (SELECT MIN(tick_ms) FROM fresh_tick WHERE tick_ms > moment.tick_ms)
                   FROM moment WHERE moment.tick_ms IS NOT NULL
               )
               SELECT tick_ms AS "tick_ms!: i64" FROM moment WHERE tick_ms IS NOT NULL"#
        )
        .fetch_all(readers)
        .await?;
        Ok(Self {
            newest_ms: newest
                .into_iter()
                .map(|row| (HostId(row.host_id), row.tick_ms))
                .collect(),
            moments_ms: moments.into_iter().collect(),
        })
    }
}

impl Store {
    /// Each host's newest fresh tick.
    pub(crate) fn newest_ticks(&self) -> HashMap<HostId, i64> {
        self.moments().newest_ms.clone()
    }

    pub(crate) fn forget_newest_tick(&self, host: HostId) {
        self.change_moments(|fresh| fresh.newest_ms.remove(&host));
    }

    /// The moments of a span at which a host may have a fresh tick, as a list for `json_each`. To be asked before the first statement of
    /// the transaction that reads those ticks, for that is what it sees: a moment is only forgotten when no later one finds a tick at it.
    pub(crate) fn fresh_moments(&self, range: TimeRange) -> String {
        // A backwards range has no moments, and a set would not take it.
        if range.from_ms >= range.to_ms {
            return id_list([]);
        }
        id_list(
            self.moments()
                .moments_ms
                .range(range.from_ms..range.to_ms)
                .copied(),
        )
    }

    /// Notes ticks that are about to be committed.
    pub(crate) fn note_moments(&self, ticks: &[Tick]) {
        self.change_moments(|fresh| fresh.moments_ms.extend(ticks.iter().map(|tick| tick.tick_ms)));
    }

    /// Notes ticks that were committed.
    pub(crate) fn note_newest_ticks(&self, ticks: &[Tick]) {
        self.change_moments(|fresh| {
            for tick in ticks {
                let known = fresh.newest_ms.entry(tick.host).or_insert(tick.tick_ms);
                *known = (*known).max(tick.tick_ms);
            }
        });
    }

    /// Forgets the moments before the oldest fresh tick. Whoever calls it holds the writer and has changed nothing yet: no tick comes
    /// meanwhile.
    pub(crate) async fn forget_moments(&self, writer: &mut SqliteConnection) -> Result<(), StoreError> {
        let oldest_ms = sqlx::query_scalar!(r#"SELECT MIN(tick_ms) AS "tick_ms: i64" FROM fresh_tick"#)
            .fetch_one(writer)
            .await?;
        self.change_moments(|fresh| {
            fresh.moments_ms = fresh.moments_ms.split_off(&oldest_ms.unwrap_or(i64::MAX));
        });
        Ok(())
    }

    fn moments(&self) -> std::sync::RwLockReadGuard<'_, FreshMoments> {
        self.inner
            .fresh_moments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change_moments<T>(&self, change: impl FnOnce(&mut FreshMoments) -> T) -> T {
        let mut moments = self
            .inner
            .fresh_moments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut moments)
    }
}

//! Keeping the store in shape: sealing every few minutes, pruning at 04:30 local time (or at the next start).

use std::time::Duration;

use chrono::{Local, NaiveTime, TimeZone};
use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_store::{Retention, StoreError, Upkeep};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::wire::{Settings, Tag};

/// How often there may be something to seal.
const SEAL_EVERY: Duration = Duration::from_secs(120);
/// The first look comes this long after the start.
const FIRST_AFTER: Duration = Duration::from_secs(25);
/// Breath between two bounded pieces of work, so that ticks and pages come first.
const BREATH: Duration = Duration::from_millis(50);
/// A removed host can be taken back for this long.
const RESTORABLE_MS: i64 = HOUR_MS;
/// Where the last pruning is remembered.
const PRUNED_KEY: &str = "pruned_at_ms";

impl Fleet {
    /// Seals and prunes until stopped.
    pub(super) async fn keep_store(&self, stop: CancellationToken) {
        // Windows that are owed since the last run are closed first: a report that comes late to a sealed shift costs more.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FIRST_AFTER) => {}
        }
        loop {
            let outcome = self.keep_store_once(&stop).await;
            match outcome {
                Ok(()) => self.task_recovered("upkeep"),
                Err(error) => {
                    tracing::warn!(%error, "upkeep of the store failed");
                    self.task_failed("upkeep", &error);
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(SEAL_EVERY) => {}
            }
        }
    }

    async fn keep_store_once(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        repeat(stop, || self.store.seal(now_ms)).await?;
        repeat(stop, || self.store.purge_removed_hosts(now_ms - RESTORABLE_MS)).await?;
        let pruned_ms = self
            .store
            .load_setting(PRUNED_KEY)
            .await?
            .and_then(|text| text.parse::<i64>().ok());
        if pruned_ms.is_none_or(|pruned_ms| pruning_is_due(pruned_ms, now_ms)) {
            let retention = retention_of(&self.settings.borrow().clone());
            let rows = repeat(stop, || self.store.prune(now_ms, &retention)).await?;
            self.store.save_setting(PRUNED_KEY, &now_ms.to_string()).await?;
            if rows > 0 {
                tracing::info!(rows, "pruned history older than its retention");
                self.refresh_names().await?;
                self.notifier.changed(Tag::Settings);
            }
        }
        Ok(())
    }

    /// Forgets that it was pruned today: a shorter retention takes effect at the next look.
    pub(crate) async fn prune_soon(&self) -> Result<(), StoreError> {
        self.store.save_setting(PRUNED_KEY, "0").await
    }
}

/// Calls a bounded piece of work until nothing is left; the rows of all calls.
async fn repeat<F, W>(stop: &CancellationToken, work: F) -> Result<u64, StoreError>
where
    F: Fn() -> W,
    W: Future<Output = Result<Upkeep, StoreError>>,
{
    let mut rows = 0;
    while !stop.is_cancelled() {
        let done = work().await?;
        rows += done.rows;
        if !done.more {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(rows)
}

/// Whether a 04:30 local time lies between the last pruning and now.
fn pruning_is_due(pruned_ms: i64, now_ms: i64) -> bool {
    if now_ms - pruned_ms >= DAY_MS {
        return true;
    }
    let half_past_four = NaiveTime::from_hms_opt(4, 30, 0).unwrap_or_default();
    let Some(now) = Local.timestamp_millis_opt(now_ms).single() else {
        return false;
    };
    now.with_time(half_past_four)
        .earliest()
        .map(|moment| moment.timestamp_millis())
        .is_some_and(|moment_ms| pruned_ms < moment_ms && moment_ms <= now_ms)
}

/// Retention as the operator set it.
pub(crate) fn retention_of(settings: &Settings) -> Retention {
    Retention {
        samples_h: settings.samples_retention_h,
        reports_days: settings.reports_retention_days,
        daily_days: settings.daily_retention_days,
        issues_days: settings.issues_retention_days,
        ..Retention::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pruning_is_due_once_after_half_past_four() {
        let at = |hour, minute| {
            Local
                .with_ymd_and_hms(2026, 3, 10, hour, minute, 0)
                .single()
                .unwrap()
                .timestamp_millis()
        };
        assert!(!pruning_is_due(at(3, 0), at(4, 29)));
        assert!(pruning_is_due(at(3, 0), at(4, 30)));
        assert!(!pruning_is_due(at(4, 31), at(23, 0)));
        assert!(
            pruning_is_due(at(4, 31) - 2 * DAY_MS, at(1, 0)),
            "a machine that was off catches up"
        );
    }
}

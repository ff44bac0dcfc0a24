//! One task that writes ticks: whatever is waiting goes in one transaction.
//!
//! When the disk is full nothing is thrown away: the batch in hand waits, hosts skip their ticks (a gap, drawn as a
//! gap), and writing goes on by itself when there is space.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_model::Tick;
use roadstead_store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::notify::Notifier;
use crate::wire::{Banner, Tag};

/// Ticks that may wait. A thousand hosts tick once per interval; more waiting than that is a store that hangs.
const QUEUE: usize = 1_024;
/// Ticks of one transaction at most.
const BATCH: usize = 256;
/// Pause after a failed write.
const RETRY_EVERY: Duration = Duration::from_secs(2);

/// Where host tasks put their ticks.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    sender: mpsc::Sender<Tick>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    blocked: AtomicBool,
    banner: Mutex<Option<Banner>>,
}

impl Recorder {
    /// A recorder and the task that writes, which ends when every recorder is dropped or after `stop`, having written
    /// what it could.
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        notifier: Notifier,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let state = Arc::new(State::default());
        let writer = Writer {
            store,
            clock,
            notifier,
            stop,
            state: Arc::clone(&state),
        };
        (Self { sender, state }, writer.run(receiver))
    }

    /// Writing waits for space or for the store: no use taking a tick now.
    #[must_use]
    pub(crate) fn is_blocked(&self) -> bool {
        self.state.blocked.load(Ordering::Relaxed)
    }

    /// What to tell the operator while writing waits.
    #[must_use]
    pub(crate) fn banner(&self) -> Option<Banner> {
        self.state
            .banner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Hands a tick to the writer; false when it had to be dropped because the writer is blocked or gone.
    pub(crate) async fn record(&self, tick: Tick) -> bool {
        !self.is_blocked() && self.sender.send(tick).await.is_ok()
    }
}

struct Writer {
    store: Store,
    clock: Clock,
    notifier: Notifier,
    stop: CancellationToken,
    state: Arc<State>,
}

impl Writer {
    async fn run(self, mut receiver: mpsc::Receiver<Tick>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::select! {
                count = receiver.recv_many(&mut batch, BATCH) => count,
                () = self.stop.cancelled() => {
                    receiver.close();
                    receiver.recv_many(&mut batch, BATCH).await
                }
            };
            if received == 0 {
                return;
            }
            self.write(&batch).await;
            batch.clear();
        }
    }

    /// Writes the batch, waiting for as long as it takes; gives up only when stopping. A tick that can never be stored (its
    /// host is gone by now) is dropped alone.
    async fn write(&self, batch: &[Tick]) {
        loop {
            match self.store.append_ticks(batch).await {
                Ok(()) => {
                    if self.state.blocked.swap(false, Ordering::Relaxed) {
                        tracing::info!("writing goes on");
                        self.set_banner(None);
                    }
                    self.notifier.changed(Tag::Samples);
                    return;
                }
                Err(StoreError::Invalid(_) | StoreError::NotFound { .. }) if batch.len() > 1 => {
                    // One of them is refused: the others are not to wait for it.
                    for tick in batch {
                        Box::pin(self.write(std::slice::from_ref(tick))).await;
                    }
                    return;
                }
                Err(error @ (StoreError::Invalid(_) | StoreError::NotFound { .. })) => {
                    let hosts_ms: Vec<_> = batch.iter().map(|tick| (tick.host, tick.tick_ms)).collect();
                    tracing::warn!(?hosts_ms, %error, "a tick was refused and is dropped");
                    return;
                }
                Err(error) => self.blocked_by(&error),
            }
            tokio::select! {
                () = self.stop.cancelled() => {
                    tracing::warn!(ticks = batch.len(), "stopped while the store could not be written");
                    return;
                }
                () = tokio::time::sleep(RETRY_EVERY) => {}
            }
        }
    }

    fn blocked_by(&self, error: &StoreError) {
        if self.state.blocked.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(%error, "collecting is paused: ticks cannot be written");
        self.set_banner(Some(match error {
            StoreError::DiskFull => Banner::DiskFull {
                since_ms: self.clock.now_ms(),
            },
            other => Banner::TaskFailing {
                task: "recorder".to_owned(),
                reason: other.to_string(),
            },
        }));
    }

    fn set_banner(&self, banner: Option<Banner>) {
        *self.state.banner.lock().unwrap_or_else(PoisonError::into_inner) = banner;
        self.notifier.changed(Tag::AppState);
    }
}

#[cfg(test)]
mod tests {
    use roadstead_model::{Endpoint, HostId, TimeRange};
    use roadstead_store::{NewHost, OpenOptions};

    use super::*;

    #[tokio::test]
    async fn a_tick_that_can_never_be_stored_holds_up_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(OpenOptions {
            dir: dir.path().to_owned(),
            now_ms: 0,
        })
        .await
        .unwrap()
        .store;
        let host = store
            .add_host(NewHost {
                name: "nas".into(),
                customer: "nas".into(),
                endpoint: Endpoint::parse("unix:///run/engine.sock").unwrap(),
                accept_plain_text: false,
                interval_override_ms: None,
                created_at_ms: 0,
            })
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let (recorder, writing) =
            Recorder::new(store.clone(), Clock::fixed(0), Notifier::default(), stop.clone());
        let tick = |host: HostId, tick_ms: i64| Tick {
            host,
            tick_ms,
            interval_ms: 15_000,
            samples: Vec::new(),
        };
        for given in [tick(host, 15_000), tick(HostId(99), 15_000), tick(host, 30_000)] {
            assert!(recorder.record(given).await);
        }
        stop.cancel();
        writing.await;
        assert_eq!(recorder.banner(), None, "nothing is wrong with the store");
        let range = TimeRange {
            from_ms: 0,
            to_ms: 60_000,
        };
        let kept = store.ticks_between(host, range).await.unwrap();
        let kept: Vec<i64> = kept.iter().map(|tick| tick.tick_ms).collect();
        assert_eq!(kept, [15_000, 30_000]);
    }
}

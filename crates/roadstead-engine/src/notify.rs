//! Telling windows what changed: tags are gathered and sent at most four times a second.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::wire::{AppEvent, Tag};

/// Pause between two messages.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// Messages a slow window may fall behind before it is told to fetch everything again.
const BACKLOG: usize = 64;

/// Gathers tags from every task and sends them to every window.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pending: Mutex<HashSet<Tag>>,
    wake: Notify,
    sender: broadcast::Sender<AppEvent>,
}

impl Default for Notifier {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        Self {
            inner: Arc::new(Inner {
                pending: Mutex::default(),
                wake: Notify::new(),
                sender,
            }),
        }
    }
}

impl Notifier {
    /// Something with this tag changed.
    pub(crate) fn changed(&self, tag: Tag) {
        self.inner
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tag);
        self.inner.wake.notify_one();
    }

    /// A window should show this place.
    pub(crate) fn open(&self, path: String) {
        // Nobody listening is no failure: there may be no window.
        let _ = self.inner.sender.send(AppEvent::Open { path });
    }

    /// Messages from now on.
    #[must_use]
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.inner.sender.subscribe()
    }

    /// Sends what was gathered until cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.wake.notified() => {}
            }
            let tags: Vec<Tag> = {
                let mut pending = self.inner.pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.drain().collect()
            };
            if !tags.is_empty() {
                let _ = self.inner.sender.send(AppEvent::Changed { tags });
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FLUSH_EVERY) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_one_message() {
        let notifier = Notifier::default();
        let mut messages = notifier.subscribe();
        let stop = CancellationToken::new();
        for _ in 0..1_000 {
            notifier.changed(Tag::Hosts);
            notifier.changed(Tag::Samples);
        }
        let task = tokio::spawn(notifier.clone().run(stop.clone()));
        let AppEvent::Changed { tags } = messages.recv().await.unwrap() else {
            panic!("expected tags")
        };
        assert_eq!(tags.len(), 2);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(messages.try_recv().is_err(), "nothing changed since");
        stop.cancel();
        task.await.unwrap();
    }
}

//! What the window is told unasked, over one channel.

use std::sync::{Mutex, PoisonError};

use roadstead_engine::Engine;
use roadstead_engine::wire::{AppEvent, Tag, WireError};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use tokio::sync::broadcast::error::RecvError;

/// The window's end of the messages: at most one, since there is one window.
#[derive(Default)]
pub(crate) struct Listener(Mutex<Listening>);

#[derive(Default)]
struct Listening {
    channel: Option<Channel<AppEvent>>,
    forwarding: Option<JoinHandle<()>>,
    /// A place asked for before any page listened, such as the link the program was started with.
    place: Option<String>,
}

impl Listener {
    /// Shows a place in the window, now or as soon as a page listens. Only the last one waits.
    pub(crate) fn open(&self, path: String) {
        let mut listening = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let message = AppEvent::Open { path: path.clone() };
        let told = listening
            .channel
            .as_ref()
            .is_some_and(|channel| channel.send(message).is_ok());
        listening.place = (!told).then_some(path);
    }

    /// A new page listens; the page before it is gone.
    fn replace(&self, channel: Channel<AppEvent>, forwarding: JoinHandle<()>) {
        let mut listening = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = listening.forwarding.replace(forwarding) {
            before.abort();
        }
        if let Some(path) = listening.place.take()
            && channel.send(AppEvent::Open { path: path.clone() }).is_err()
        {
            listening.place = Some(path);
        }
        listening.channel = Some(channel);
    }
}

/// Sends every message of the engine to the page that asks, until another page asks.
#[tauri::command]
pub(crate) async fn subscribe(
    app: AppHandle,
    engine: State<'_, Engine>,
    channel: Channel<AppEvent>,
) -> Result<(), WireError> {
    let mut events = engine.subscribe();
    let to_page = channel.clone();
    let forwarding = tauri::async_runtime::spawn(async move {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => everything_changed(),
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = to_page.send(event) {
                tracing::debug!(%error, "the page that listened is gone");
                return;
            }
        }
    });
    app.state::<Listener>().replace(channel, forwarding);
    Ok(())
}

/// For a page that was too slow to be told what changed. Host pages also fetch again on `Hosts`.
pub(crate) fn everything_changed() -> AppEvent {
    AppEvent::Changed {
        tags: vec![
            Tag::AppState,
            Tag::Hosts,
            Tag::Samples,
            Tag::Apps,
            Tag::Changes,
            Tag::Settings,
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tauri::ipc::InvokeResponseBody;

    use super::*;

    /// A channel whose messages are kept as text.
    fn page() -> (Channel<AppEvent>, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let channel = Channel::new(move |body| {
            if let InvokeResponseBody::Json(text) = body {
                into.lock().unwrap().push(text);
            }
            Ok(())
        });
        (channel, heard)
    }

    #[test]
    fn a_place_asked_for_early_waits_for_the_page() {
        let listener = Listener::default();
        listener.open("apps".into());
        listener.open("apps/immich".into());
        let (channel, heard) = page();
        listener.replace(channel, tauri::async_runtime::spawn(async {}));
        assert_eq!(
            *heard.lock().unwrap(),
            [r#"{"type":"open","path":"apps/immich"}"#],
            "only the last place"
        );
    }

    #[test]
    fn a_place_asked_for_later_goes_to_the_page_that_listens_now() {
        let listener = Listener::default();
        let (first, heard_first) = page();
        let (second, heard_second) = page();
        listener.replace(first, tauri::async_runtime::spawn(async {}));
        listener.replace(second, tauri::async_runtime::spawn(async {}));
        listener.open("hosts".into());
        assert!(heard_first.lock().unwrap().is_empty(), "the page before is gone");
        assert_eq!(heard_second.lock().unwrap().len(), 1);
    }
}

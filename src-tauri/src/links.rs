//! Takes deep links from the desktop and shows what they name.

use tauri::{AppHandle, Manager};
use tauri_plugin_deep_link::DeepLinkExt;
use url::Url;

use crate::messages::Listener;
use crate::place::Place;
use crate::{deep_link, window};

/// Follows the link the program was started with, if any, and every later one.
pub(crate) fn follow(app: &AppHandle, place: &Place) {
    match app.deep_link().get_current() {
        Ok(urls) => show(app, &urls.unwrap_or_default()),
        Err(error) => tracing::warn!(%error, "the link this was started with cannot be read"),
    }
    let to_app = app.clone();
    app.deep_link()
        .on_open_url(move |event| show(&to_app, &event.urls()));

    // Not from a build in progress, nor for a fleet kept apart: links belong to the program the user installed.
    if place.is_usual() && !cfg!(debug_assertions) {
        let app = app.clone();
        // Runs programs of the desktop, so not on the window's thread.
        tauri::async_runtime::spawn_blocking(move || {
            if let Err(error) = app.deep_link().register_all() {
                tracing::warn!(%error, "roadstead:// links do not open here");
            }
        });
    }
}

fn show(app: &AppHandle, urls: &[Url]) {
    for url in urls {
        match deep_link::place(url) {
            Some(path) => {
                window::bring_forward(app);
                app.state::<Listener>().open(path);
            }
            // The link itself may be anything, so it is not repeated in the log.
            None => tracing::warn!("a link that names no page was not followed"),
        }
    }
}

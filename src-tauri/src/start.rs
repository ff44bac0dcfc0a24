//! From nothing to a window: the engine first, then what shows it. Where that cannot be, says why and ends.

use std::io;

use roadstead_engine::{Engine, EngineOptions, StoreError};
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::place::{Place, PlaceError};
use crate::{closing, links, preferences, sockets, tray, window};

/// Given when the session starts the program by itself: collect, and wait in the tray.
pub(crate) const HIDDEN_ARGUMENT: &str = "--hidden";

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the folder for the sockets of ssh hosts cannot be used: {0}")]
    Sockets(#[from] io::Error),
    #[error("{}", in_words(.0))]
    Engine(#[from] StoreError),
    #[error("the window could not be opened: {0}")]
    Window(#[from] tauri::Error),
}

/// What a failed start of the engine means for the user, and what to do.
fn in_words(error: &StoreError) -> String {
    match error {
        StoreError::AlreadyOpen(folder) => format!(
            "Roadstead is already running with the data in {}. Its window may wait in the tray; quit it there first.",
            folder.display()
        ),
        StoreError::NewerSchema { found, known } => format!(
            "The data here was written by a newer Roadstead (version {found} of the data; this program knows up to \
             {known}). Nothing was changed. Start the newer program."
        ),
        StoreError::DiskFull => {
            "The disk is full. Free some space and start again; nothing was lost.".to_owned()
        }
        other => format!("The history cannot be opened: {other}"),
    }
}

/// Starts everything, or shows why not and ends with exit code 1.
pub(crate) fn start(app: &AppHandle, place: Result<Place, PlaceError>) {
    if let Err(error) = begin(app, place) {
        refuse(app, &error);
    }
}

fn begin(app: &AppHandle, place: Result<Place, PlaceError>) -> Result<(), StartError> {
    let place = place?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), folder = %place.folder().display(), "starting");
    let options = EngineOptions::new(place.folder().to_owned(), sockets::folder()?);
    app.manage(tauri::async_runtime::block_on(Engine::start(options))?);
    tauri::async_runtime::spawn(closing::follow_signals(app.clone()));

    let tray = tray::show(app)
        .inspect_err(|error| tracing::warn!(%error, "no tray icon"))
        .is_ok();
    let hidden = tray && std::env::args().any(|argument| argument == HIDDEN_ARGUMENT);
    window::open(app, &place, hidden)?;
    links::follow(app, &place);
    tauri::async_runtime::spawn(preferences::follow(app.clone(), place));
    Ok(())
}

fn refuse(app: &AppHandle, error: &StartError) {
    tracing::error!(%error, "cannot start");
    let app = app.clone();
    app.dialog()
        .message(error.to_string())
        .title("Roadstead cannot start")
        .kind(MessageDialogKind::Error)
        .show(move |_| app.exit(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_start_says_what_to_do() {
        let open = StartError::from(StoreError::AlreadyOpen("/data/store".into())).to_string();
        assert!(open.contains("/data/store") && open.contains("quit it"), "{open}");
        let newer = StartError::from(StoreError::NewerSchema { found: 9, known: 3 }).to_string();
        assert!(
            newer.contains('9') && newer.contains('3') && newer.contains("newer program"),
            "{newer}"
        );
    }
}

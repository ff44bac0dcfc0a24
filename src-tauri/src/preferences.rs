//! Settings that the desktop has to obey: theme of the frame, language of the tray, start with the session.

use roadstead_engine::Engine;
use roadstead_engine::wire::{AppEvent, Language, Settings, Tag, Theme};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_autostart::ManagerExt;
use tokio::sync::broadcast::error::RecvError;

use crate::place::Place;
use crate::start::HIDDEN_ARGUMENT;
use crate::{tray, window};

/// Starts with the session are hidden: they collect, and wait in the tray.
pub(crate) fn autostart() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::Builder::new()
        .arg(HIDDEN_ARGUMENT)
        .build()
}

/// What the desktop obeys, as last applied.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Preferences {
    theme: Theme,
    language: Language,
    /// `None` for a fleet kept apart: it has no say in the user's session.
    start_at_login: Option<bool>,
}

/// Applies the settings now and whenever they change.
pub(crate) async fn follow(app: AppHandle, place: Place) {
    let engine = app.state::<Engine>();
    let mut events = engine.subscribe();
    let mut applied = None;
    loop {
        let wanted = preferences(&engine.current_settings(), place.is_usual());
        apply(&app, applied.as_ref(), &wanted);
        applied = Some(wanted);
        loop {
            match events.recv().await {
                Ok(AppEvent::Changed { tags })
                    if tags.iter().any(|t| matches!(t, Tag::Settings | Tag::AppState)) =>
                {
                    break;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn preferences(settings: &Settings, usual_place: bool) -> Preferences {
    Preferences {
        theme: settings.theme,
        language: settings.language,
        start_at_login: usual_place.then_some(settings.start_at_login),
    }
}

fn apply(app: &AppHandle, before: Option<&Preferences>, now: &Preferences) {
    if before.map(|b| b.theme) != Some(now.theme) {
        window::wear(app, now.theme);
    }
    if before.map(|b| b.language) != Some(now.language) {
        tray::speak(app, now.language);
    }
    if let Some(wanted) = now.start_at_login
        && before.and_then(|b| b.start_at_login) != Some(wanted)
        && let Err(error) = start_at_login(app, wanted)
    {
        tracing::warn!(%error, wanted, "starting with the session could not be changed");
    }
}

fn start_at_login(app: &AppHandle, wanted: bool) -> Result<(), tauri_plugin_autostart::Error> {
    let autostart = app.autolaunch();
    // Written again when it is on already: the program may have moved since.
    if wanted {
        autostart.enable()
    } else if autostart.is_enabled()? {
        autostart.disable()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_kept_apart_does_not_touch_the_session() {
        let settings = Settings {
            start_at_login: true,
            ..Settings::default()
        };
        assert_eq!(preferences(&settings, true).start_at_login, Some(true));
        assert_eq!(preferences(&settings, false).start_at_login, None);
    }
}

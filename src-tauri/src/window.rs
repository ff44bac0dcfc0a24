//! The one window.

use roadstead_engine::wire::Theme as ChosenTheme;
use tauri::plugin::TauriPlugin;
use tauri::utils::config::Color;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Theme, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_plugin_window_state::StateFlags;
use url::Url;

use crate::closing;
use crate::place::Place;

const LABEL: &str = "main";
/// The page's dark ground, shown until the page draws: no white flash.
const DARK: Color = Color(0x0b, 0x0e, 0x13, 255);
/// The page's light ground.
const LIGHT: Color = Color(0xf5, 0xf6, 0xf8, 255);

/// Opens the window; hidden when it is to wait in the tray.
///
/// # Errors
/// When the desktop cannot show a window.
pub(crate) fn open(app: &AppHandle, place: &Place, hidden: bool) -> tauri::Result<()> {
    let Some(shape) = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == LABEL)
        .cloned()
    else {
        return Err(tauri::Error::WindowNotFound);
    };
    let window = WebviewWindowBuilder::from_config(app, &shape)?
        .data_directory(place.web_view())
        .background_color(DARK)
        .visible(!hidden)
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            closing::window_closed(&app);
        }
    });
    Ok(())
}

/// Nothing but our own pages is ever shown: a page from elsewhere must not come near the commands.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" | "https" if url.host_str() == Some("tauri.localhost") => true,
        "http" => tauri::is_dev() && url.host_str() == Some("localhost") && url.port() == Some(5173),
        _ => false,
    }
}

/// Shows the window in front of the others.
pub(crate) fn bring_forward(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be brought forward");
    }
}

/// Hides the window.
pub(crate) fn hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window could not be hidden");
    }
}

/// Gives the window's frame, and what the page hears of the system's theme, the chosen theme.
pub(crate) fn wear(app: &AppHandle, theme: ChosenTheme) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let theme = match theme {
        ChosenTheme::System => None,
        ChosenTheme::Dark => Some(Theme::Dark),
        ChosenTheme::Light => Some(Theme::Light),
    };
    let worn = window.set_theme(theme).and_then(|()| {
        let ground = if window.theme()? == Theme::Light {
            LIGHT
        } else {
            DARK
        };
        window.set_background_color(Some(ground))
    });
    if let Err(error) = worn {
        tracing::warn!(%error, "the window keeps its former theme");
    }
}

/// A second start of the same fleet's program shows the first one's window and ends.
pub(crate) fn single_instance(place: Option<&Place>) -> TauriPlugin<Wry> {
    let mut builder =
        tauri_plugin_single_instance::Builder::new().callback(|app, _arguments, _folder| bring_forward(app));
    if let Some(place) = place {
        builder = builder.dbus_id(place.bus_name());
    }
    builder.build()
}

/// Size and position come back at the next start. Whether it was visible does not: it may have been in the tray.
pub(crate) fn remembered_state(place: Option<&Place>) -> TauriPlugin<Wry> {
    let mut builder = tauri_plugin_window_state::Builder::new().with_state_flags(
        StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN,
    );
    if let Some(place) = place {
        builder = builder.with_filename(place.window_state().display().to_string());
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_shown() {
        for own in [
            "tauri://localhost/apps/immich",
            "http://tauri.localhost/",
            "https://tauri.localhost/hosts",
        ] {
            assert!(is_own_page(&own.parse().unwrap()), "{own}");
        }
        for foreign in [
            "https://example.org/",
            "file:///etc/passwd",
            "data:text/html,x",
            "http://tauri.localhost.evil.org/",
        ] {
            assert!(!is_own_page(&foreign.parse().unwrap()), "{foreign}");
        }
    }
}

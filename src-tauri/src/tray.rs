//! The tray icon: a way back to the window, and the way out.

use roadstead_engine::wire::Language;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::{closing, window};

const OPEN: &str = "open";
const QUIT: &str = "quit";

/// The icon's menu, kept so that its words can follow the language.
struct Tray {
    open: MenuItem<Wry>,
    quit: MenuItem<Wry>,
}

/// Shows the icon.
///
/// # Errors
/// When the desktop cannot show one.
pub(crate) fn show(app: &AppHandle) -> tauri::Result<()> {
    let words = words(Language::System, sys_locale::get_locale().as_deref());
    let open = MenuItem::with_id(app, OPEN, words.open, true, None::<&str>)?;
    let quit = MenuItem::with_id(app, QUIT, words.quit, true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&open, &quit])?;
    TrayIconBuilder::with_id("main")
        .icon(tauri::include_image!("../icons/tray.png"))
        .tooltip("Roadstead")
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => window::bring_forward(app),
            QUIT => closing::stop_and_exit(app),
            _ => {}
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                ..
            } = event
            {
                window::bring_forward(tray.app_handle());
            }
        })
        .build(app)?;
    app.manage(Tray { open, quit });
    Ok(())
}

/// Whether there is an icon to come back by.
pub(crate) fn is_shown(app: &AppHandle) -> bool {
    app.try_state::<Tray>().is_some()
}

/// Speaks the chosen language.
pub(crate) fn speak(app: &AppHandle, language: Language) {
    let Some(tray) = app.try_state::<Tray>() else {
        return;
    };
    let words = words(language, sys_locale::get_locale().as_deref());
    for (item, text) in [(&tray.open, words.open), (&tray.quit, words.quit)] {
        if let Err(error) = item.set_text(text) {
            tracing::warn!(%error, "the tray menu keeps its former language");
        }
    }
}

/// The words of the menu. The pages' catalogues are not at hand before a page is.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    open: &'static str,
    quit: &'static str,
}

fn words(language: Language, system: Option<&str>) -> Words {
    match language {
        Language::En => Words {
            open: "Open Roadstead",
            quit: "Quit",
        },
        Language::Hu => Words {
            open: "Roadstead megnyitása",
            quit: "Kilépés",
        },
        Language::Ru => Words {
            open: "Открыть Roadstead",
            quit: "Выйти",
        },
        Language::System => {
            let spoken = system
                .and_then(|tag| tag.split(['-', '_']).next())
                .unwrap_or_default();
            words(
                match spoken.to_ascii_lowercase().as_str() {
                    "hu" => Language::Hu,
                    "ru" => Language::Ru,
                    _ => Language::En,
                },
                None,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_language_wins_over_the_systems() {
        assert_eq!(words(Language::Ru, Some("hu-HU")), words(Language::Ru, None));
        assert_eq!(words(Language::En, Some("hu-HU")).quit, "Quit");
    }

    #[test]
    fn the_systems_language_is_followed_and_english_stands_in() {
        assert_eq!(words(Language::System, Some("hu-HU")), words(Language::Hu, None));
        assert_eq!(
            words(Language::System, Some("RU_ru.UTF-8")),
            words(Language::Ru, None)
        );
        assert_eq!(words(Language::System, Some("de-AT")), words(Language::En, None));
        assert_eq!(words(Language::System, None), words(Language::En, None));
    }
}

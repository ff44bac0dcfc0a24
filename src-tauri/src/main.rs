//! The desktop face of Roadstead: one window, a tray icon, and commands that are one line each.
//!
//! It knows the engine and the desktop, and nothing of Docker, SQL or what the pages show. Anything that needs a
//! decision about the fleet belongs in the engine.

#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

mod closing;
mod commands;
mod deep_link;
mod handler;
mod links;
mod logs;
mod messages;
mod open_external;
mod place;
mod preferences;
mod save_file;
mod sockets;
mod start;
mod tray;
mod window;

use tauri::RunEvent;

use closing::Closing;
use messages::Listener;
use place::Place;

fn main() {
    let place = Place::find();
    let mut logs = match place.as_ref().map(|place| logs::start(&place.logs())) {
        Ok(Ok(guard)) => Some(guard),
        Ok(Err(error)) => {
            tracing::warn!(%error, "log lines go to standard error only: the log folder cannot be written");
            None
        }
        // `start` tells the user why.
        Err(_) => {
            logs::start_on_screen_only();
            None
        }
    };

    let built = tauri::Builder::default()
        // First of all plugins: a second start must end before it touches anything.
        .plugin(window::single_instance(place.as_ref().ok()))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(preferences::autostart())
        .plugin(window::remembered_state(place.as_ref().ok()))
        .manage(Closing::default())
        .manage(Listener::default())
        .invoke_handler(handler::handler())
        .setup(|app| {
            start::start(app.handle(), place);
            Ok(())
        })
        .build(tauri::generate_context!());

    match built {
        Ok(app) => app.run(move |app, event| match event {
            RunEvent::ExitRequested { code: None, api, .. } => {
                // No code: the last window went away by itself. The engine still has to stop.
                api.prevent_exit();
                closing::stop_and_exit(app);
            }
            // The process ends without returning from here: the last log lines are written out now.
            RunEvent::Exit => drop(logs.take()),
            _ => {}
        }),
        Err(error) => {
            tracing::error!(%error, "the desktop part could not start");
            drop(logs.take());
            std::process::exit(1);
        }
    }
}

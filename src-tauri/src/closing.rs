//! The ways out: closing the window, Quit, and the signals of the session. Each lets the engine write what it holds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roadstead_engine::Engine;
use roadstead_engine::wire::OnClose;
use tauri::{AppHandle, Manager};

use crate::{tray, window};

/// Sealing the last ticks takes far less. What is committed is safe even when this is too short.
const LONGEST_STOP: Duration = Duration::from_secs(20);

/// Whether the program is on its way out.
#[derive(Default)]
pub(crate) struct Closing(AtomicBool);

/// Quits: collecting stops.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle) {
    stop_and_exit(&app);
}

/// Stops the engine, then ends. Asking twice is asking once.
pub(crate) fn stop_and_exit(app: &AppHandle) {
    if app.state::<Closing>().0.swap(true, Ordering::SeqCst) {
        return;
    }
    // Gone at once for the user; the work below takes a moment.
    window::hide(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut code = 0;
        if let Some(engine) = app.try_state::<Engine>() {
            match tokio::time::timeout(LONGEST_STOP, engine.stop()).await {
                Ok(()) => tracing::info!("stopped"),
                Err(_) => {
                    tracing::error!(
                        limit_ms = LONGEST_STOP.as_millis(),
                        "the engine did not stop in time"
                    );
                    code = 1;
                }
            }
        }
        app.exit(code);
    });
}

/// The user closed the window: by the setting it waits in the tray, or the program quits.
pub(crate) fn window_closed(app: &AppHandle) {
    match app.state::<Engine>().current_settings().on_close {
        // Without a tray icon a hidden window could not be found again.
        OnClose::Tray if tray::is_shown(app) => window::hide(app),
        OnClose::Tray | OnClose::Quit => stop_and_exit(app),
    }
}

/// Quits when the session or the terminal asks.
#[cfg(unix)]
pub(crate) async fn follow_signals(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = signal(SignalKind::terminate()).and_then(|terminate| {
        Ok((
            terminate,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        ))
    });
    match signals {
        Ok((mut terminate, mut interrupt, mut hangup)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
            tracing::info!("asked to end by a signal");
            stop_and_exit(&app);
        }
        Err(error) => tracing::warn!(%error, "signals end the program without a clean stop"),
    }
}

/// Quits when the terminal asks.
#[cfg(not(unix))]
pub(crate) async fn follow_signals(app: AppHandle) {
    match tokio::signal::ctrl_c().await {
        Ok(()) => stop_and_exit(&app),
        Err(error) => tracing::warn!(%error, "signals end the program without a clean stop"),
    }
}

//! Routes a window's request to its command, from the two lists: a command is named nowhere else.

use tauri::Wry;
use tauri::ipc::Invoke;

include!("shell_command_list.rs");

macro_rules! engine_then_shell {
    ($($name:ident($request:ty) -> $answer:ty,)*) => {
        for_each_shell_command!(handle_all [$($name)*])
    };
}

macro_rules! handle_all {
    ([$($engine:ident)*] $($module:ident::$shell:ident,)*) => {
        tauri::generate_handler![$(crate::commands::$engine,)* $(crate::$module::$shell,)*]
    };
}

/// Every command of the window.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    roadstead_engine::for_each_command!(engine_then_shell)
}

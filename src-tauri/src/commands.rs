//! Every command of the engine as a command of the window: one line each, made from the one list.

use roadstead_engine::Engine;
use roadstead_engine::wire::*;
use tauri::State;

macro_rules! hand_to_engine {
    ($($name:ident($request:ty) -> $answer:ty,)*) => {$(
        #[tauri::command]
        pub(crate) async fn $name(engine: State<'_, Engine>, request: $request) -> Result<$answer, WireError> {
            engine.$name(request).await
        }
    )*};
}
roadstead_engine::for_each_command!(hand_to_engine);

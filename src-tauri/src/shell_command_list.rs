// What a window may ask of the desktop itself, as `module::name`. The build script and the handler read this one list;
// a bracketed group of the caller's own is handed on before it.
macro_rules! for_each_shell_command {
    ($callback:ident $([$($own:tt)*])?) => {
        $callback! {
            $([$($own)*])?
            messages::subscribe,
            save_file::save_file,
            open_external::open_external,
            closing::quit,
        }
    };
}

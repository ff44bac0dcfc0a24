//! Turns the lists of commands into the access list, so that no command is named here.
//!
//! Also makes the UI's output folder when there is none, so that a fresh clone can be checked before the UI is built.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

include!("../crates/roadstead-engine/src/command_list.rs");
include!("src/shell_command_list.rs");

macro_rules! engine_names {
    ($($name:ident($request:ty) -> $answer:ty,)*) => { [$(stringify!($name)),*] };
}
macro_rules! shell_names {
    ($($module:ident::$name:ident,)*) => { [$(stringify!($name)),*] };
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../crates/roadstead-engine/src/command_list.rs");
    println!("cargo:rerun-if-changed=src/shell_command_list.rs");
    // The UI is inside the program: a new UI is a new program.
    println!("cargo:rerun-if-changed=../ui/build");

    let mut commands = Vec::new();
    commands.extend(for_each_command!(engine_names));
    commands.extend(for_each_shell_command!(shell_names));

    make_ui_folder(Path::new("../ui/build"))?;
    let pattern = write_permission_set(&commands)?;
    // The build script ends in a moment; Tauri wants these for its whole life.
    let manifest = tauri_build::AppManifest::new()
        .commands(Vec::leak(commands))
        .permissions_path_pattern(String::leak(pattern));
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}

/// Every command in one set, `window-commands`, which the window's capability grants.
fn write_permission_set(commands: &[&str]) -> Result<String, Box<dyn Error>> {
    let folder = PathBuf::from(env::var("OUT_DIR")?).join("permission-set");
    fs::create_dir_all(&folder)?;
    let allowed: Vec<String> = commands
        .iter()
        .map(|name| format!("    \"allow-{}\",\n", name.replace('_', "-")))
        .collect();
    let set = format!(
        "[[set]]\nidentifier = \"window-commands\"\ndescription = \"Every command of the main window.\"\n\
         permissions = [\n{}]\n",
        allowed.concat()
    );
    fs::write(folder.join("window-commands.toml"), set)?;
    Ok(folder.join("*.toml").display().to_string())
}

fn make_ui_folder(folder: &Path) -> Result<(), Box<dyn Error>> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::write(
            folder.join("index.html"),
            "<!doctype html><meta charset=\"utf-8\"><title>Roadstead</title>\
             <p>The UI was not built into this program. Run: make ui</p>\n",
        )?;
    }
    Ok(())
}

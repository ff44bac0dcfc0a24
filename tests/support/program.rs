//! Running a program to its end, with a limit of time and its words kept for the error.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// Where Debian and Ubuntu keep system programs that a user's `PATH` often leaves out.
const SYSTEM_DIRS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// The file a program name stands for: looked up in `PATH`, then in the directories of system programs.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_DIRS.iter().map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// The file a program name stands for.
///
/// # Errors
/// When there is none.
pub fn program(name: &str) -> Result<PathBuf> {
    find_program(name).with_context(|| format!("the program {name} is not installed"))
}

/// The docker CLI that came with the engine. Debian's own goes before others in `PATH`: a CLI of another source may
/// be too new for the packaged engine.
///
/// # Errors
/// When there is none.
pub fn docker_cli() -> Result<PathBuf> {
    let packaged = Path::new("/usr/bin/docker");
    if packaged.is_file() {
        return Ok(packaged.to_owned());
    }
    program("docker")
}

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// When it cannot start, does not end within `within` (it is killed then), or ends with an error: with its own words.
pub async fn output(mut command: Command, within: Duration) -> Result<String> {
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    let shown = format!("{:?}", command.as_std());
    let ended = tokio::time::timeout(within, command.output())
        .await
        .with_context(|| format!("{shown} did not end within {within:?}"))?
        .with_context(|| format!("{shown} did not start"))?;
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    if !ended.status.success() {
        let complaint = String::from_utf8_lossy(&ended.stderr);
        bail!(
            "{shown} ended with {}: {}{}",
            ended.status,
            complaint.trim(),
            printed.trim()
        );
    }
    Ok(printed)
}

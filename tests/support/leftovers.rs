//! What a killed daemon leaves behind in its directory: helper processes and mounts.
//!
//! Everything here is found by the path of one part's own directory, which no other part shares.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

/// Kills the processes whose command line names a path below `dir` (shims and container monitors outlive a daemon by
/// design), then unmounts what is still mounted below it.
///
/// # Errors
/// When the mount table cannot be read or something stays mounted.
pub fn clear(dir: &Path) -> Result<()> {
    let pids = processes_naming(dir);
    for pid in &pids {
        // It may have ended since it was found; that is what was wanted.
        let _ = kill_process(*pid, Signal::KILL);
    }
    if !pids.is_empty() {
        std::thread::sleep(Duration::from_millis(100));
    }
    for mount in mounts_below(dir)?.iter().rev() {
        let ended = Command::new("umount")
            .args(["--lazy", "--"])
            .arg(mount)
            .output()
            .context("umount did not start")?;
        anyhow::ensure!(
            ended.status.success(),
            "{} stays mounted: {}",
            mount.display(),
            String::from_utf8_lossy(&ended.stderr).trim()
        );
    }
    Ok(())
}

/// The processes (not our own) whose command line names a path below `dir`.
#[must_use]
pub fn processes_naming(dir: &Path) -> Vec<Pid> {
    let needle = format!("{}/", dir.display());
    let own = std::process::id();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            std::fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&needle))
        })
        .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .collect()
}

/// Mount points below `dir`, outermost first.
///
/// # Errors
/// When the mount table cannot be read.
pub fn mounts_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let table = std::fs::read_to_string("/proc/self/mounts").context("cannot read the mount table")?;
    Ok(table
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(PathBuf::from)
        .filter(|point| point.starts_with(dir))
        .collect())
}

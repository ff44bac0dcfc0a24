//! The one image of the tests: Debian's static busybox, made on the machine, for nothing can be pulled.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::program::{output, program};
use crate::scratch::Scratch;

/// Name of the image in every engine.
pub const IMAGE: &str = "local/busybox";

/// Directories of the image's file system.
const DIRS: [&str; 6] = ["bin", "dev", "etc", "proc", "sys", "tmp"];

/// Packs busybox and its applets as the file system of an image and returns the tar file, inside `scratch`.
///
/// # Errors
/// When busybox is not installed or the files cannot be written.
pub async fn pack(scratch: &Scratch) -> Result<PathBuf> {
    let busybox = program("busybox")?;
    let root = scratch.make_dir("image")?;
    for dir in DIRS {
        std::fs::create_dir_all(root.join(dir))?;
    }
    std::fs::copy(&busybox, root.join("bin/busybox")).context("cannot copy busybox")?;
    let mut list = Command::new(&busybox);
    list.arg("--list");
    for applet in output(list, Duration::from_secs(5)).await?.lines() {
        if applet != "busybox" {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(applet))?;
        }
    }
    std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")?;
    let tar = scratch.join("image.tar");
    let mut pack = Command::new(program("tar")?);
    pack.arg("--create")
        .arg("--file")
        .arg(&tar)
        .arg("--directory")
        .arg(&root)
        .arg(".");
    output(pack, Duration::from_secs(20)).await?;
    std::fs::remove_dir_all(&root)?;
    Ok(tar)
}

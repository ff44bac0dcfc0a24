//! The private folder for the forwarded sockets of ssh hosts.
//!
//! It is the same one at every start, so that what a killed program left behind is found and cleared away.

use std::io;
use std::path::{Path, PathBuf};

/// A socket's path ends at about 100 bytes, and names go below the folder.
const LONGEST_FOLDER_BYTES: usize = 56;

/// The folder, made when there is none. Only this user can enter it: whoever reaches a socket in it commands the engine
/// behind it.
///
/// # Errors
/// When it cannot be made, or stands there already but not as a folder of this user's alone.
pub(crate) fn folder() -> io::Result<PathBuf> {
    let folder = choose(std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from));
    make_private(&folder)?;
    Ok(folder)
}

/// In the session's own folder where there is one that is short enough, else among the temporary files.
fn choose(session: Option<PathBuf>) -> PathBuf {
    session
        .filter(|path| path.is_dir())
        .map(|path| path.join("roadstead"))
        .filter(|path| path.as_os_str().len() <= LONGEST_FOLDER_BYTES)
        .unwrap_or_else(|| std::env::temp_dir().join(own_name()))
}

#[cfg(unix)]
fn own_name() -> String {
    format!("roadstead-{}", rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    // Anyone can make a folder of this name among the temporary files, or a link: then it is not used.
    let found = std::fs::symlink_metadata(folder)?;
    let ours =
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
    if ours {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} is not a folder of this user alone: remove it and start again",
                folder.display()
            ),
        ))
    }
}

#[cfg(not(unix))]
fn own_name() -> String {
    // The temporary folder of these systems is the user's own.
    "roadstead".to_owned()
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_folder_is_private_and_the_same_at_the_next_start() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("roadstead");
        make_private(&folder).unwrap();
        assert_eq!(
            std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
        make_private(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_enter_or_a_link_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let open = outer.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            make_private(&open).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );

        let closed = outer.path().join("closed");
        make_private(&closed).unwrap();
        let link = outer.path().join("link");
        symlink(&closed, &link).unwrap();
        assert_eq!(
            make_private(&link).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }

    #[test]
    fn a_session_folder_that_is_too_deep_or_gone_is_not_used() {
        let outer = tempfile::tempdir().unwrap();
        let deep = outer.path().join("d".repeat(60));
        std::fs::create_dir(&deep).unwrap();
        let temporary = std::env::temp_dir().join(own_name());
        assert_eq!(choose(Some(deep)), temporary);
        assert_eq!(choose(Some(outer.path().join("gone"))), temporary);
        assert_eq!(
            choose(Some(outer.path().to_owned())),
            outer.path().join("roadstead")
        );
    }
}

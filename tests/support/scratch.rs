//! A short-named directory of one part, removed with it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// Longest path a unix socket may have on Linux, without the closing zero byte.
const LONGEST_SOCKET_PATH: usize = 107;

/// A directory of one part. Removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    /// Makes an empty directory that only this user may enter.
    ///
    /// # Errors
    /// When the directory for temporary files cannot be written.
    pub fn new() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("rs-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()
            .context("cannot make a directory for temporary files")?;
        Ok(Self { dir })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path inside the directory; nothing is made.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path inside the directory that is short enough for a unix socket.
    ///
    /// # Errors
    /// When the directory for temporary files lies too deep.
    pub fn socket(&self, name: &str) -> Result<PathBuf> {
        let path = self.join(name);
        let length = path.as_os_str().len();
        ensure!(
            length <= LONGEST_SOCKET_PATH,
            "{} is {length} bytes long and a unix socket may have {LONGEST_SOCKET_PATH}: set TMPDIR to a shorter directory",
            path.display()
        );
        Ok(path)
    }

    /// Makes a directory inside.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_dir(&self, name: &str) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file inside.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

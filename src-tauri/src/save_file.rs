//! Saves what a page made (a table as CSV, a chart as PNG) where the user says, whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roadstead_engine::wire::{ErrorCode, WireError};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, WebviewWindow};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

/// No table or picture of a page comes near this.
const LARGEST_CONTENTS_BYTES: usize = 64 * 1024 * 1024;
/// File systems refuse longer names.
const LONGEST_NAME_CHARS: usize = 120;

/// What to save.
#[derive(Debug, Deserialize)]
pub(crate) struct SaveFile {
    /// The name the dialog starts with; the user may choose any other.
    suggested_name: String,
    /// The bytes of the file.
    contents_base64: String,
}

/// Whether it was saved.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Saved {
    /// False when the user closed the dialog without choosing.
    saved: bool,
}

/// Asks where, and writes the file there.
///
/// # Errors
/// `Invalid` for contents that are not base64 or larger than 64 MiB, `DiskFull` and `Internal` when the file could not be
/// written; a file that was there before is then as it was.
#[tauri::command]
pub(crate) async fn save_file(
    app: AppHandle,
    window: WebviewWindow,
    request: SaveFile,
) -> Result<Saved, WireError> {
    let contents = decode(&request.contents_base64)?;
    let (answer, chosen) = oneshot::channel();
    app.dialog()
        .file()
        .set_file_name(safe_name(&request.suggested_name))
        .set_parent(&window)
        .save_file(move |path| {
            // The page may be gone by the time the user answers; then nobody waits.
            let _ = answer.send(path);
        });
    let Some(path) = chosen.await.ok().flatten() else {
        return Ok(Saved { saved: false });
    };
    let path = path
        .into_path()
        .map_err(|error| failed(&io::Error::other(error.to_string())))?;
    tokio::task::spawn_blocking(move || write_whole(&path, &contents))
        .await
        .map_err(|error| failed(&io::Error::other(error)))?
        .map_err(|error| failed(&error))?;
    Ok(Saved { saved: true })
}

fn decode(text: &str) -> Result<Vec<u8>, WireError> {
    if text.len() > LARGEST_CONTENTS_BYTES.div_ceil(3) * 4 {
        let message = "a file of at most 64 MiB can be saved";
        return Err(WireError::invalid("contents_base64", "file.too_large", message));
    }
    STANDARD.decode(text).map_err(|error| {
        let message = format!("the contents are not base64: {error}");
        WireError::invalid("contents_base64", "file.unreadable", message).with("reason", error)
    })
}

/// The suggested name without anything a path or a terminal would read as more than a name.
fn safe_name(suggested: &str) -> String {
    let name: String = suggested
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                '-'
            } else {
                c
            }
        })
        .take(LONGEST_NAME_CHARS)
        .collect();
    let name = name.trim_start_matches(['.', ' ']).trim_end();
    if name.is_empty() {
        "roadstead".to_owned()
    } else {
        name.to_owned()
    }
}

/// Writes beside the target and moves into place, so that a full disk or a crash leaves no half file.
fn write_whole(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("the chosen path has no folder"))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".roadstead-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file of the user's: the umask decides, not the habit of temporary files.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn failed(error: &io::Error) -> WireError {
    let full = error.kind() == io::ErrorKind::StorageFull;
    WireError {
        code: if full {
            ErrorCode::DiskFull
        } else {
            ErrorCode::Internal
        },
        key: "error.file.not_saved".to_owned(),
        message: format!("the file could not be saved: {error}"),
        ..WireError::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_over_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("apps.csv");
        write_whole(&path, b"long contents of before").unwrap();
        write_whole(&path, b"app,p95\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"app,p95\n");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = failed(&write_whole(&folder.path().join("gone/apps.csv"), b"x").unwrap_err());
        assert_eq!(error.code, ErrorCode::Internal);
        assert!(error.message.contains("could not be saved"), "{}", error.message);
    }

    #[test]
    fn a_full_disk_is_named() {
        let error = failed(&io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(error.code, ErrorCode::DiskFull);
    }

    #[test]
    fn a_suggested_name_stays_a_name() {
        assert_eq!(safe_name("apps 30d.csv"), "apps 30d.csv");
        assert_eq!(safe_name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(safe_name("a\u{0}b\n.csv"), "a-b-.csv");
        assert_eq!(safe_name(".. "), "roadstead");
        assert_eq!(safe_name(&"é".repeat(500)).chars().count(), LONGEST_NAME_CHARS);
    }

    #[test]
    fn contents_are_decoded_or_refused() {
        assert_eq!(decode("YXBw").unwrap(), b"app");
        assert_eq!(decode("not base64!").unwrap_err().code, ErrorCode::Invalid);
    }
}

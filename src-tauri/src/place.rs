//! Where this program keeps its things, and how a second start finds the first.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// Names another folder than the usual one: for tests, for a fleet kept apart.
const FOLDER_VARIABLE: &str = "ROADSTEAD_DATA_DIR";

/// Why there is no place to keep things.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// The variable is set to nothing.
    #[error("{FOLDER_VARIABLE} is set but empty; give it a folder, or unset it")]
    Empty,
    /// The system names no folder for this user's data.
    #[error("this system names no folder for your data; set {FOLDER_VARIABLE} to one")]
    NoHome,
    /// The folder cannot be made or reached.
    #[error("the data folder {path} cannot be used: {source}")]
    Unusable {
        /// The folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// The data folder: the store, the logs, the window's place and the pages' own memory are all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
    usual: bool,
}

impl Place {
    /// The folder named by the variable, else the usual one of the system; made when there is none.
    pub(crate) fn find() -> Result<Self, PlaceError> {
        let place = Self::choose(std::env::var_os(FOLDER_VARIABLE).as_deref())?;
        make_private(&place.folder).map_err(|source| PlaceError::Unusable {
            path: place.folder.display().to_string(),
            source,
        })?;
        Ok(place)
    }

    fn choose(variable: Option<&OsStr>) -> Result<Self, PlaceError> {
        match variable {
            Some(value) if value.is_empty() => Err(PlaceError::Empty),
            Some(value) => {
                let folder = std::path::absolute(value).map_err(|source| PlaceError::Unusable {
                    path: value.display().to_string(),
                    source,
                })?;
                Ok(Self { folder, usual: false })
            }
            None => directories::ProjectDirs::from("", "", "roadstead")
                .map(|folders| Self {
                    folder: folders.data_dir().to_owned(),
                    usual: true,
                })
                .ok_or(PlaceError::NoHome),
        }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the log files are.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// What the web view keeps: sort orders, chosen columns.
    pub(crate) fn web_view(&self) -> PathBuf {
        self.folder.join("webview")
    }

    /// Size and position of the window.
    pub(crate) fn window_state(&self) -> PathBuf {
        self.folder.join("window.json")
    }

    /// Whether this is the usual folder: only then does the program offer itself to the desktop (links, login).
    pub(crate) fn is_usual(&self) -> bool {
        self.usual
    }

    /// The D-Bus name that is owned by the one program of this folder. Another folder is another fleet.
    pub(crate) fn bus_name(&self) -> String {
        if self.usual {
            return "app.roadstead".to_owned();
        }
        let mut hasher = DefaultHasher::new();
        self.folder.hash(&mut hasher);
        format!("app.roadstead.at_{:016x}", hasher.finish())
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // Container names and endpoints are nobody else's business on a shared machine.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_folder_and_another_program() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::choose(Some(folder.path().as_os_str())).unwrap();
        assert_eq!(place.folder(), folder.path());
        assert!(!place.is_usual());

        let usual = Place {
            folder: folder.path().to_owned(),
            usual: true,
        };
        assert_ne!(
            place.bus_name(),
            usual.bus_name(),
            "a fleet kept apart must not focus the usual window"
        );
        let same = Place::choose(Some(folder.path().as_os_str())).unwrap();
        assert_eq!(
            place.bus_name(),
            same.bus_name(),
            "a second start must find the first"
        );
    }

    #[test]
    fn a_relative_folder_becomes_absolute() {
        let place = Place::choose(Some(OsStr::new("fleet"))).unwrap();
        assert!(place.folder().is_absolute(), "{}", place.folder().display());
    }

    #[test]
    fn an_empty_variable_is_refused_with_what_to_do() {
        let error = Place::choose(Some(OsStr::new(""))).unwrap_err();
        assert!(error.to_string().contains("ROADSTEAD_DATA_DIR"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_folder_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a/b");
        make_private(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

//! Log lines to standard error and to files of bounded size.
//!
//! Says nothing about what is logged: secrets are kept out of log lines where they are known.

use std::fs;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::Path;

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Chooses what is logged, in the syntax of `tracing_subscriber::EnvFilter`.
const FILTER_VARIABLE: &str = "ROADSTEAD_LOG";
/// A file is put aside when it grows past this.
const FILE_BYTES: usize = 4 * 1024 * 1024;
/// Files put aside and kept: 20 MiB at most, with the current one.
const FILES_ASIDE: usize = 4;
/// Lines waiting for a slow disk; more are dropped, so that logging never holds the program up.
const WAITING_LINES: usize = 8_192;

/// Starts logging. Lines are written out for as long as the answer lives.
///
/// # Errors
/// When the folder cannot be made or written: lines then go to standard error alone.
pub(crate) fn start(folder: &Path) -> io::Result<WorkerGuard> {
    match open(folder) {
        Ok(file) => {
            let (writer, guard) = NonBlockingBuilder::default()
                .buffered_lines_limit(WAITING_LINES)
                .lossy(true)
                .finish(file);
            let file = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .with_ansi(false);
            tracing_subscriber::registry()
                .with(filter())
                .with(screen())
                .with(file)
                .init();
            Ok(guard)
        }
        Err(error) => {
            start_on_screen_only();
            Err(error)
        }
    }
}

/// Starts logging to standard error alone, where there is no folder for files.
pub(crate) fn start_on_screen_only() {
    tracing_subscriber::registry()
        .with(filter())
        .with(screen())
        .init();
}

fn screen<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // Colour codes are noise in a file or a journal.
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(colours)
}

fn filter() -> EnvFilter {
    chosen_filter(std::env::var(FILTER_VARIABLE).ok().as_deref())
}

fn chosen_filter(chosen: Option<&str>) -> EnvFilter {
    chosen
        .filter(|text| !text.is_empty())
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new("info"))
}

fn open(folder: &Path) -> io::Result<FileRotate<AppendCount>> {
    fs::create_dir_all(folder)?;
    let path = folder.join("roadstead.log");
    let mut options = OpenOptions::new();
    options.read(true).create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // The rotating writer swallows a failed open, so it is tried here first.
    options.open(&path)?;
    Ok(FileRotate::new(
        path,
        AppendCount::new(FILES_ASIDE),
        ContentLimit::BytesSurpassed(FILE_BYTES),
        Compression::None,
        Some(options),
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_are_put_aside_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = open(folder.path()).unwrap();
        let line = vec![b'x'; FILE_BYTES + 1];
        for _ in 0..8 {
            log.write_all(&line).unwrap();
        }
        log.flush().unwrap();
        let mut sizes = Vec::new();
        for entry in fs::read_dir(folder.path()).unwrap() {
            sizes.push(entry.unwrap().metadata().unwrap().len());
        }
        assert!(sizes.len() <= FILES_ASIDE + 1, "kept {} files", sizes.len());
        let all: u64 = sizes.iter().sum();
        assert!(
            all <= ((FILES_ASIDE + 1) * (FILE_BYTES + 1)) as u64,
            "kept {all} bytes"
        );
        assert!(sizes.len() > 1, "something was put aside");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logs");
        fs::write(&file, "in the way").unwrap();
        assert!(open(&file).is_err());
    }

    #[test]
    fn a_filter_that_cannot_be_read_falls_back_to_info() {
        assert_eq!(chosen_filter(Some("=,=,nonsense[")).to_string(), "info");
        assert_eq!(chosen_filter(Some("")).to_string(), "info");
        assert_eq!(chosen_filter(Some("warn")).to_string(), "warn");
    }
}

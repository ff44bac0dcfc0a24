//! Opening a store: one process at a time, newer files refused, damaged ones set aside, a backup before a migration.
//!
//! `synchronous = NORMAL` in WAL mode: a killed program loses nothing it committed, because the log is in the system's
//! hands by then; a machine that loses power may lose the last commits since the log was last synced, but the file
//! stays whole. Every fifteen seconds of readings are not worth a disk flush per tick and host.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use crate::directory::Directory;
use crate::fresh_moments::FreshMoments;
use crate::store::Inner;
use crate::{Store, StoreError};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

const FILE_NAME: &str = "roadstead.db";
const LOCK_NAME: &str = "roadstead.lock";
/// Backups kept, the newest ones.
const BACKUPS: usize = 2;
/// Readers at once: pages are few, and each connection has its own cache.
pub(crate) const READERS: u32 = 3;
/// Rows a connection reads ahead of who takes them: each wait is a switch of threads.
const ROWS_AHEAD: usize = 256;
/// Larger pages than SQLite's 4 KiB: what is read is mostly values of many pages.
const PAGE_BYTES: u32 = 8_192;

/// Where to open a store, and when that is.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The store's folder; made when missing, for the user alone (0700, files 0600).
    pub dir: PathBuf,
    /// Now: names a damaged database that is set aside, and backups.
    pub now_ms: i64,
}

/// A damaged database that was moved out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
    /// What was wrong with it.
    pub reason: String,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The damaged database it replaces, if it does.
    pub set_aside: Option<SetAside>,
}

impl Store {
    /// Opens the store in a folder, or starts a new one there. A damaged database is moved aside and named in the answer.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] (the file is not touched), [`StoreError::AlreadyOpen`], [`StoreError::DiskFull`],
    /// [`StoreError::Io`] for the folder and its files.
    pub async fn open(options: OpenOptions) -> Result<Opened, StoreError> {
        open_with(options, &MIGRATIONS).await
    }
}

pub(crate) async fn open_with(options: OpenOptions, migrations: &Migrator) -> Result<Opened, StoreError> {
    make_private_folder(&options.dir)?;
    let lock = lock(&options.dir)?;
    let path = options.dir.join(FILE_NAME);
    let mut set_aside = None;
    let mut found = 0;
    if path.exists() {
        match examine(&path).await {
            Ok(version) => found = version,
            Err(StoreError::Damaged(reason)) => {
                let aside = move_aside(&path, options.now_ms)?;
                tracing::warn!(path = %aside.display(), reason, "the database is damaged and was set aside");
                set_aside = Some(SetAside { path: aside, reason });
            }
            Err(error) => return Err(error),
        }
    }
    let known = migrations
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    make_private_file(&path)?;
    let writer = pool_options()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(60))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(write_options(&path))
        .await?;
    if found > 0 && found < known {
        back_up(&options.dir, &writer, found, options.now_ms).await?;
    }
    migrations.run(&writer).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => StoreError::from(error),
        other => StoreError::Sql(other.to_string()),
    })?;
    let readers = pool_options()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(60))
        .idle_timeout(Duration::from_secs(120))
        .connect_with(read_options(&path))
        .await?;
    let directory = Directory::load(&readers).await?;
    let fresh_moments = FreshMoments::load(&readers).await?;
    let store = Store {
        inner: Arc::new(Inner {
            path,
            writer,
            readers,
            directory: RwLock::new(Arc::new(directory)),
            listed: Arc::default(),
            fresh_moments: RwLock::new(fresh_moments),
            sealing: tokio::sync::Mutex::new((i64::MIN, 0)),
            lock,
        }),
    };
    Ok(Opened { store, set_aside })
}

/// No connection is asked whether it still answers before it is used: nothing lies between it and its file, and the question is a
/// round through its thread.
fn pool_options() -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false)
}

fn write_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        // These two are set before the first table or never.
        .page_size(PAGE_BYTES)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(ROWS_AHEAD)
        .pragma("journal_size_limit", "67108864")
        // Sealing walks the pages of a span a few times: some 10 MiB of them for the hosts of one call.
        .pragma("cache_size", "-8192")
        .disable_statement_logging()
}

fn read_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(ROWS_AHEAD)
        // Each reader keeps its own: enough for the inner pages of every tree. What is read once lies in the system's cache.
        .pragma("cache_size", "-512")
        .disable_statement_logging()
}

/// The schema version of an existing database, 0 when it has none yet. Reads only.
async fn examine(path: &Path) -> Result<i64, StoreError> {
    let mut connection = read_options(path).connect().await?;
    let checked = check(&mut connection).await;
    connection.close().await?;
    checked
}

async fn check(connection: &mut sqlx::SqliteConnection) -> Result<i64, StoreError> {
    let has_versions: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let version = if has_versions {
        sqlx::query_scalar::<_, Option<i64>>("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&mut *connection)
            .await?
            .unwrap_or_default()
    } else {
        0
    };
    // Every page is walked: damage is found now and not by a page of the window next week.
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if verdict == "ok" {
        Ok(version)
    } else {
        Err(StoreError::Damaged(verdict.replace('\n', " ")))
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| {
        if source.kind() == std::io::ErrorKind::StorageFull {
            StoreError::DiskFull
        } else {
            StoreError::Io { action, path, source }
        }
    }
}

fn make_private_folder(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(io("creating", dir))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(io("protecting", dir))?;
    }
    Ok(())
}

/// Makes the file before SQLite does, so that it and the log beside it are for the user alone from the first byte.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io("creating", path))?;
    Ok(())
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK_NAME);
    make_private_file(&path)?;
    let file = File::options()
        .append(true)
        .open(&path)
        .map_err(io("opening", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(io("locking", &path)(source)),
    }
}

/// Renames a database and its log, which belong together.
fn move_aside(path: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
    let target = (0..)
        .map(|attempt| match attempt {
            0 => with_suffix(path, &format!(".damaged-{now_ms}")),
            again => with_suffix(path, &format!(".damaged-{now_ms}-{again}")),
        })
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| with_suffix(path, ".damaged"));
    fs::rename(path, &target).map_err(io("setting aside", path))?;
    for part in ["-wal", "-shm"] {
        let from = with_suffix(path, part);
        if from.exists() {
            fs::rename(&from, with_suffix(&target, part)).map_err(io("setting aside", &from))?;
        }
    }
    Ok(target)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies the database as it is before a migration and removes all but the newest backups.
async fn back_up(dir: &Path, writer: &sqlx::SqlitePool, version: i64, now_ms: i64) -> Result<(), StoreError> {
    let target = dir.join(format!("{FILE_NAME}.backup-{now_ms}-v{version}"));
    // Of an attempt that did not end.
    if target.exists() {
        fs::remove_file(&target).map_err(io("removing", &target))?;
    }
    make_private_file(&target)?;
    sqlx::query("VACUUM INTO ?")
        .bind(target.to_string_lossy().into_owned())
        .execute(writer)
        .await?;
    let prefix = format!("{FILE_NAME}.backup-");
    let mut backups: Vec<PathBuf> = fs::read_dir(dir)
        .map_err(io("reading", dir))?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect();
    backups.sort();
    let surplus = backups.len().saturating_sub(BACKUPS);
    for old in &backups[..surplus] {
        fs::remove_file(old).map_err(io("removing", old))?;
    }
    Ok(())
}

//! One database: its connections and what is kept in memory beside it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::Mutex;

use roadstead_model::HostId;

use crate::StoreError;
use crate::directory::Directory;
use crate::fresh_moments::FreshMoments;
use crate::inventory::Listed;

/// One database. Cheap to clone; all clones are one store with one writer.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    /// One connection: SQLite has one writer, and a queue in front of it is better than a lock fought over.
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    /// Apps and deployments: small, asked for by every page, changed only through this store.
    pub(crate) directory: RwLock<Arc<Directory>>,
    /// What each host listed last, so that an unchanged list costs no transaction.
    /// Whoever changes the directory holds its lock.
    pub(crate) listed: Arc<Mutex<HashMap<HostId, Listed>>>,
    /// When ticks are fresh: the table has moments first, and would be read whole for this.
    pub(crate) fresh_moments: RwLock<FreshMoments>,
    /// The span being sealed and the last host that was.
    pub(crate) sealing: Mutex<(i64, i64)>,
    /// Held open: its lock says that the store is in use.
    pub(crate) lock: std::fs::File,
}

impl Store {
    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A transaction on the one writer; waits for whoever has it.
    pub(crate) async fn write(&self) -> Result<Transaction<'_, Sqlite>, StoreError> {
        Ok(self.inner.writer.begin().await?)
    }

    /// A transaction that sees one moment of the database throughout, whatever is written meanwhile.
    pub(crate) async fn read(&self) -> Result<Transaction<'_, Sqlite>, StoreError> {
        Ok(self.inner.readers.begin().await?)
    }

    pub(crate) fn directory(&self) -> Arc<Directory> {
        let directory = self
            .inner
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&directory)
    }

    /// Changes the directory in place: it is copied only while an answer still reads it.
    pub(crate) fn change_directory(&self, change: impl FnOnce(&mut Directory)) {
        let mut current = self
            .inner
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
    }

    /// Moves the write-ahead log into the database file and cuts it to nothing.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] and any failure of the database.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.inner.writer)
            .await?;
        Ok(())
    }

    /// Checkpoints, closes and unlocks. Every clone fails from then on.
    ///
    /// # Errors
    /// When the checkpoint failed; the store is closed all the same, and nothing is lost: the log is read at next start.
    pub async fn close(&self) -> Result<(), StoreError> {
        let checkpointed = self.checkpoint().await;
        self.inner.readers.close().await;
        self.inner.writer.close().await;
        if let Err(error) = self.inner.lock.unlock() {
            tracing::warn!(%error, "the store's lock file could not be unlocked; it ends with the process");
        }
        checkpointed
    }
}

/// A list of ids as the JSON text that `json_each` reads: SQL stays one text whatever its length.
pub(crate) fn id_list(ids: impl IntoIterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&id.to_string());
    }
    list.push(']');
    list
}

/// Runs what takes processor time away from the threads that answer.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Sql(format!("a worker thread ended: {error}")))?
}

/// A value that SQLite can hold: its integers have a sign.
pub(crate) fn sized(what: &'static str, value: Option<u64>) -> Result<Option<i64>, StoreError> {
    value
        .map(|value| {
            i64::try_from(value)
                .map_err(|_| StoreError::Invalid(format!("{what} of {value} bytes is out of range")))
        })
        .transpose()
}

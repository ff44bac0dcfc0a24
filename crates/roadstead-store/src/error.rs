//! What can go wrong in the store, in the words a caller branches on.

/// Why the store could not do what was asked. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another host (not removed) has this name, in some spelling of case.
    #[error("a host named “{0}” exists already: names are unique, whatever their case")]
    NameTaken(String),
    /// No such row.
    #[error("there is no {what} {id}")]
    NotFound {
        /// `host`, `app`, …
        what: &'static str,
        /// The id asked for.
        id: i64,
    },
    /// What was to be stored is outside what can be stored.
    #[error("{0}")]
    Invalid(String),
    /// The database was written by a newer version of the program. It was not touched.
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: use the newer program"
    )]
    NewerSchema {
        /// The database's version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Another process has this store open.
    #[error("the store in {0} is open in another process")]
    AlreadyOpen(std::path::PathBuf),
    /// No space is left on the store's disk. The store works again once there is some.
    #[error("the disk is full: nothing was stored")]
    DiskFull,
    /// The database or one of its values is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The database stayed locked by another program for longer than the store waits.
    #[error("the database is locked by another program")]
    Busy,
    /// The store's folder or files could not be made, locked or moved.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was being done, e.g. `creating`.
        action: &'static str,
        /// To what.
        path: std::path::PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Any other failure of the database.
    #[error("the database failed: {0}")]
    Sql(String),
}

/// Primary result codes of SQLite (<https://sqlite.org/rescode.html>); an extended code has them in its low byte.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
    pub(super) const IOERR_WRITE: i32 = 778;
    pub(super) const IOERR_FSYNC: i32 = 1034;
    pub(super) const IOERR_SHMSIZE: i32 = 4874;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::PoolTimedOut => Self::Busy,
                sqlx::Error::ColumnDecode { index, source } => {
                    Self::Damaged(format!("column {index} cannot be read: {source}"))
                }
                other => Self::Sql(other.to_string()),
            };
        };
        let extended: i32 = database
            .code()
            .and_then(|code| code.parse().ok())
            .unwrap_or_default();
        match (extended & 0xff, extended) {
            // A file system without space for the write-ahead log or its index shows as an IO error.
            (code::FULL, _) | (_, code::IOERR_WRITE | code::IOERR_SHMSIZE | code::IOERR_FSYNC) => {
                Self::DiskFull
            }
            (code::BUSY | code::LOCKED, _) => Self::Busy,
            (code::CORRUPT | code::NOT_A_DATABASE, _) => Self::Damaged(database.message().to_owned()),
            _ => Self::Sql(database.message().to_owned()),
        }
    }
}

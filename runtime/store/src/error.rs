//! What can go wrong between the process and its database.

use std::fmt;

use thiserror::Error;

/// Why a statement did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique key already holds the value; somebody else was faster.
    #[error("a row with this key exists already")]
    Conflict,
    /// Somebody has what was to be given away; somebody else was faster.
    #[error("this {0} exists already")]
    Taken(Unique),
    /// Every connection stayed in use for as long as a request may wait.
    #[error("no database connection became free in time")]
    Busy,
    /// The database undid this transaction, because another one waited for it and it for the other.
    #[error("two changes waited for each other, and this one was undone: {0}")]
    Deadlock(#[source] sqlx::Error),
    /// The database cannot be reached or is closing.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The database was written by a newer release that this one must not touch.
    #[error(
        "the database needs a runtime that knows schema version {needed}; this one knows {known}. Upgrade the runtime."
    )]
    TooNew {
        /// Oldest version that may read the schema.
        needed: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// Another process uses the same data folder.
    #[error("{path} is in use by another process; a SQLite database serves one runtime at a time")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// The URL names no supported database.
    #[error("unsupported database URL: it must begin with sqlite:, postgres: or mysql:")]
    UnsupportedUrl,
    /// A migration failed.
    #[error("migrating the database failed: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A file could not be opened or locked.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Anything else the database says.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
}

/// What only one user of a tenant can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unique {
    /// An e-mail address.
    Email,
    /// A username.
    Username,
    /// The id of a WebAuthn credential.
    Passkey,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "e-mail address",
            Self::Username => "username",
            Self::Passkey => "credential",
        })
    }
}

impl Unique {
    /// Says of a failed write what was taken.
    pub(crate) fn refused(self, error: sqlx::Error) -> StoreError {
        match StoreError::from(error) {
            StoreError::Conflict => StoreError::Taken(self),
            other => other,
        }
    }
}

impl StoreError {
    /// Whether the same request may succeed in a moment.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Deadlock(_) | Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_) => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(ref database) if database.is_unique_violation() => Self::Conflict,
            // PostgreSQL says 40P01, MariaDB and MySQL 40001.
            sqlx::Error::Database(ref database)
                if database.code().is_some_and(|code| code == "40P01" || code == "40001") =>
            {
                Self::Deadlock(error)
            }
            // PostgreSQL's class 57P: shutting down, crash of a sibling, still starting; 53300: too many connections.
            sqlx::Error::Database(ref database)
                if database.code().is_some_and(|code| code.starts_with("57P") || code == "53300") =>
            {
                Self::Unavailable(error)
            }
            other => Self::Database(other),
        }
    }
}

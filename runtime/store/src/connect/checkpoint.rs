//! Keeping SQLite's log of changes short (FC-56).
//!
//! SQLite carries the log over into the database by itself, but begins it anew only when it finds a moment in which nobody reads. A busy
//! process has none, and the log would grow for as long as it stays busy. So the one connection that writes makes such a moment when the log
//! has become long.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{Executor, SqliteConnection};

use super::BUSY;

/// Bytes from which on the log is begun anew.
pub(super) const LONGEST: u64 = 16 * 1024 * 1024;
/// How long those who read are waited for. Writers wait meanwhile; readers do not.
const PATIENCE: Duration = Duration::from_millis(500);

/// The log of one database.
#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    bound: AtomicU64,
}

impl Log {
    /// That of the database in this file (<https://sqlite.org/wal.html>).
    pub(super) fn of(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self { file: file.into(), bound: AtomicU64::new(LONGEST) }
    }

    /// Called after each write. Where somebody reads for long, it is not tried again before as much has been added. After an error the
    /// connection is not to be used any more.
    pub(super) async fn keep_short(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.length() < self.bound.load(Ordering::Relaxed) {
            return Ok(());
        }
        let wait = |duration: Duration| sqlx::AssertSqlSafe(format!("PRAGMA busy_timeout = {}", duration.as_millis()));
        connection.execute(wait(PATIENCE)).await?;
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        connection.execute(wait(BUSY)).await?;
        self.bound.store(self.length() + LONGEST, Ordering::Relaxed);
        Ok(())
    }

    fn length(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |found| found.len())
    }
}

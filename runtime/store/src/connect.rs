//! Connecting: lazily, so that a process starts without its database and recovers when it comes back.

mod checkpoint;

use std::{fs::File, path::Path, str::FromStr, sync::Arc, time::Duration};

use crate::{
    StoreError, Work, batch::Batcher, listing::pages::Pages, outbox::Bells, sessions::Session, users::Account,
    work::Transaction,
};
use hanko_domain::{SessionId, TenantId, UserId};
use sqlx::{
    Connection,
    mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

/// How long a request waits for a free connection before it is told to come back (503).
const ACQUIRE: Duration = Duration::from_secs(10);
/// A connection that lay still for so long is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long SQLite waits for other programs that look into the file.
const BUSY: Duration = Duration::from_secs(5);

/// Where a database is.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A file, made when it does not exist.
    Sqlite(std::path::PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
    /// A MariaDB or MySQL server.
    MySql(Box<MySqlConnectOptions>),
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    /// Reads `postgres://…`, `mysql://…` or `sqlite:<path>`. The URL may hold a password and is never part of an error.
    fn from_str(url: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once(':').ok_or(StoreError::UnsupportedUrl)?;
        match scheme {
            "sqlite" => Ok(Self::Sqlite(rest.trim_start_matches("//").into())),
            "postgres" | "postgresql" => {
                url.parse().map(|options| Self::Postgres(Box::new(options))).map_err(|_| StoreError::UnsupportedUrl)
            }
            "mysql" | "mariadb" => {
                url.parse().map(|options| Self::MySql(Box::new(options))).map_err(|_| StoreError::UnsupportedUrl)
            }
            _ => Err(StoreError::UnsupportedUrl),
        }
    }
}

/// Connections a process may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PoolSize(pub u32);

#[derive(Clone, Debug)]
pub(crate) enum Pool {
    /// One connection writes, so that writers queue fairly instead of fighting for SQLite's lock.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
    MySql(MySqlPool),
}

/// One database, shared by every tenant that names the same URL.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: Pool,
    pub(crate) outbox: Arc<Bells>,
    _lock: Option<Arc<File>>,
}

impl Store {
    /// Prepares the pool; connects when first used. With SQLite it takes the lock on the file's folder at once.
    pub fn open(url: &DatabaseUrl, size: PoolSize) -> Result<Self, StoreError> {
        let mut held = None;
        let pool = match url {
            DatabaseUrl::Sqlite(path) => {
                held = Some(Arc::new(lock(path)?));
                sqlite(path, size)
            }
            DatabaseUrl::Postgres(options) => Pool::Postgres(
                PgPoolOptions::new()
                    .max_connections(size.0)
                    .acquire_timeout(ACQUIRE)
                    .test_before_acquire(false)
                    .before_acquire(|connection, meta| {
                        Box::pin(async move {
                            if meta.idle_for > TRUSTED_IDLE {
                                connection.ping().await?;
                            }
                            Ok(true)
                        })
                    })
                    .connect_lazy_with(options.as_ref().clone().application_name("hanko-runtime")),
            ),
            DatabaseUrl::MySql(options) => Pool::MySql(
                MySqlPoolOptions::new()
                    .max_connections(size.0)
                    .acquire_timeout(ACQUIRE)
                    .test_before_acquire(false)
                    .before_acquire(|connection, meta| {
                        Box::pin(async move {
                            if meta.idle_for > TRUSTED_IDLE {
                                connection.ping().await?;
                            }
                            Ok(true)
                        })
                    })
                    .connect_lazy_with(options.as_ref().clone().charset("utf8mb4")),
            ),
        };
        Ok(Self { pool, outbox: Arc::default(), _lock: held })
    }

    /// Prepares the pool for reading only, beside the process that serves the database.
    pub fn open_beside(url: &DatabaseUrl, size: PoolSize) -> Result<Self, StoreError> {
        let DatabaseUrl::Sqlite(path) = url else { return Self::open(url, size) };
        // Else SQLite says of a file that is not there that it cannot be opened, and not which.
        if let Err(source) = std::fs::metadata(path) {
            return Err(StoreError::File { path: path.display().to_string(), source });
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(5));
        let read = SqlitePoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_lazy_with(options);
        Ok(Self { pool: Pool::Sqlite { write: read.clone(), read }, outbox: Arc::default(), _lock: None })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(&self.pool, PING, |sql, pool| sqlx::query(sql).execute(pool).await.map(|_| ()))?;
        Ok(())
    }

    /// The door to one tenant.
    pub fn tenant(&self, tenant: TenantId) -> TenantStore {
        TenantStore { store: self.clone(), tenant, batches: Arc::default(), pages: Arc::default() }
    }

    /// The door of the workers that serve all tenants.
    pub fn system(&self) -> SystemStore {
        SystemStore { store: self.clone() }
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
            Pool::MySql(pool) => pool.close().await,
        }
    }

    /// Connections open and idle now: for metrics.
    pub fn connections(&self) -> (u32, usize) {
        match &self.pool {
            Pool::Sqlite { read, .. } => (read.size(), read.num_idle()),
            Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
            Pool::MySql(pool) => (pool.size(), pool.num_idle()),
        }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pool {
            // A deferred transaction that reads first and writes later fails at once when another wrote in between.
            Pool::Sqlite { write, .. } => Transaction::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => Transaction::Postgres(begin(pool).await?),
            Pool::MySql(pool) => Transaction::MySql(begin(pool).await?),
        })
    }
}

/// A transaction. Whoever asks for it may be gone at any moment, as a client who hangs up; a connection to which `BEGIN` was sent, but on which
/// that was not noted, would go back to the pool inside a transaction that nobody ends. So that is always carried through, and then undone.
async fn begin<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> Result<sqlx::Transaction<'static, DB>, sqlx::Error> {
    let connection = pool.acquire().await?;
    tokio::spawn(sqlx::Transaction::begin(connection, None)).await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// Everything of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TenantStore {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) batches: Arc<Batches>,
    pub(crate) pages: Arc<Pages>,
}

/// The reads that are worth sharing a query: those of every request that carries a session.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    pub(crate) sessions: Batcher<SessionId, Session>,
    pub(crate) accounts: Batcher<UserId, Account>,
}

impl TenantStore {
    /// Whose data this is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Begins a unit of work.
    pub async fn begin(&self) -> Result<Work, StoreError> {
        Ok(Work::new(self.store.begin().await?, self.tenant, self.store.outbox.clone()))
    }

    /// The database behind it.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// What the workers that serve all tenants may do.
#[derive(Clone, Debug)]
pub struct SystemStore {
    pub(crate) store: Store,
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let file = |path: &Path, source| StoreError::File { path: path.display().to_string(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| file(folder, source))?;
    }
    let path = path.with_extension("lock");
    let handle = File::create(&path).map_err(|source| file(&path, source))?;
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.display().to_string() }),
        Err(std::fs::TryLockError::Error(source)) => Err(file(&path, source)),
    }
}

fn sqlite(path: &Path, size: PoolSize) -> Pool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Safe against a crash of the process; a power cut may take the last moments but never harms the file.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .statement_cache_capacity(100)
        .pragma("cache_size", "-512")
        .pragma("journal_size_limit", checkpoint::LONGEST.to_string());
    let pool = |connections: u32| {
        SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE).test_before_acquire(false)
    };
    let log = Arc::new(checkpoint::Log::of(path));
    let writer = pool(1).after_release(move |connection, _| {
        let log = log.clone();
        Box::pin(async move { log.keep_short(connection).await.map(|()| true) })
    });
    // A connection is a thread: two readers keep two cores busy, more only cost memory.
    let read = pool(size.0.clamp(1, 2)).connect_lazy_with(options.clone());
    Pool::Sqlite { read, write: writer.connect_lazy_with(options) }
}

statements! {
    PING = "SELECT 1";
}

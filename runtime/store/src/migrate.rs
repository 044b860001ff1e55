//! Migrations: forward only, under a lock, each leaving the schema usable by the release before.

use std::borrow::Cow;

use sqlx::{
    MySqlPool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::{Store, StoreError, connect::Pool};

/// Version, title and the three texts of a migration.
pub(crate) type Texts = (i64, &'static str, &'static str, &'static str, &'static str);

macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        /// Every migration. A committed one is never edited.
        pub(crate) const MIGRATIONS: &[Texts] = &[$((
            $version,
            $name,
            include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../migrations/postgres/", $name, ".sql")),
            include_str!(concat!("../migrations/mysql/", $name, ".sql")),
        )),*];
    };
}

migrations! {
    1 "0001_initial";
    2 "0002_second_factors";
    3 "0003_profile";
    4 "0004_relying_parties";
    5 "0005_admin_users";
    6 "0006_audit_webhooks";
}

statements! {
    MIN_READER = "SELECT MAX(version) FROM schema_min_reader";
}

/// How long a process waits for another one that migrates.
const LOCK_SECONDS: i64 = 300;
const LOCK: &str = "SELECT GET_LOCK(CONCAT(DATABASE(), '.hanko.migrate'), ?)";
const UNLOCK: &str = "DO RELEASE_LOCK(CONCAT(DATABASE(), '.hanko.migrate'))";

impl Store {
    /// Brings the schema up to date. Several processes may call it at once: one migrates, the others wait. A schema newer than
    /// this program is left alone, unless its writer said that older programs must not read it.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.apply(MIGRATIONS).await?;
        let known = MIGRATIONS.iter().map(|migration| migration.0).max().unwrap_or(0);
        let (needed,): (Option<i64>,) =
            on_pool!(&self.pool, MIN_READER, |sql, db| sqlx::query_as(sql).fetch_one(db).await)?;
        match needed {
            Some(needed) if needed > known => Err(StoreError::TooNew { needed, known }),
            _ => Ok(()),
        }
    }

    /// Applies those of the migrations that the database has not seen.
    pub(crate) async fn apply(&self, migrations: &[Texts]) -> Result<(), StoreError> {
        let run = match &self.pool {
            Pool::Sqlite { write, .. } => migrator(migrations, |m| m.2).run(write).await,
            Pool::Postgres(pool) => migrator(migrations, |m| m.3).run(pool).await,
            Pool::MySql(pool) => on_mysql(pool, migrator(migrations, |m| m.4)).await,
        };
        run.map_err(|error| match error {
            MigrateError::Execute(error) => StoreError::from(error),
            other => StoreError::Migrate(other),
        })
    }
}

/// MariaDB takes sqlx's endless lock time-out for an error and goes on without the lock, and it commits each DDL statement by
/// itself: so the lock is taken here, on the connection that migrates, and covers the whole run.
async fn on_mysql(pool: &MySqlPool, mut migrator: Migrator) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?;
    let (locked,): (Option<i64>,) = sqlx::query_as(LOCK).bind(LOCK_SECONDS).fetch_one(&mut *connection).await?;
    if locked != Some(1) {
        return Err(MigrateError::Execute(sqlx::Error::PoolTimedOut));
    }
    let outcome = migrator.set_locking(false).run_direct(None, &mut *connection, false).await;
    sqlx::query(UNLOCK).execute(&mut *connection).await?;
    outcome
}

fn migrator(migrations: &[Texts], text: impl Fn(&Texts) -> &'static str) -> Migrator {
    let migrations = migrations
        .iter()
        .map(|migration| {
            Migration::new(
                migration.0,
                Cow::Borrowed(migration.1),
                MigrationType::Simple,
                sqlx::SqlStr::from_static(text(migration)),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_ignore_missing(true);
    migrator
}

//! Migrations: forward only, under a lock, each leaving the schema usable by the release before.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::{Store, StoreError, connect::Pool};

macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        /// Version, title and the three texts of every migration. A committed one is never edited.
        const MIGRATIONS: &[(i64, &str, &str, &str, &str)] = &[$((
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
}

statements! {
    MIN_READER = "SELECT MAX(version) FROM schema_min_reader";
}

impl Store {
    /// Brings the schema up to date. Several processes may call it at once: one migrates, the others wait. A schema newer than
    /// this program is left alone, unless its writer said that older programs must not read it.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let run = match &self.pool {
            Pool::Sqlite { write, .. } => migrator(|m| m.2).run(write).await,
            Pool::Postgres(pool) => migrator(|m| m.3).run(pool).await,
            Pool::MySql(pool) => migrator(|m| m.4).run(pool).await,
        };
        run.map_err(|error| match error {
            sqlx::migrate::MigrateError::Execute(error) => StoreError::from(error),
            other => StoreError::Migrate(other),
        })?;
        let known = MIGRATIONS.iter().map(|migration| migration.0).max().unwrap_or(0);
        let (needed,): (Option<i64>,) =
            on_pool!(&self.pool, MIN_READER, |sql, db| sqlx::query_as(sql).fetch_one(db).await)?;
        match needed {
            Some(needed) if needed > known => Err(StoreError::TooNew { needed, known }),
            _ => Ok(()),
        }
    }
}

fn migrator(text: impl Fn(&(i64, &'static str, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS
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

//! Migrations and statements.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use uuid::Uuid;

use hanko_domain::{Random, UserId};

use super::{
    NOW,
    databases::{Database, empty, migrated},
    tenant,
};
use crate::{
    PoolSize, Store, StoreError, TenantStore, connect::Pool, listing::UserQuery, metadata::Metadata,
    migrate::MIGRATIONS, statement::Statement,
};

fn statements() -> Vec<(&'static str, &'static [Statement])> {
    vec![
        ("api_keys", crate::api_keys::STATEMENTS),
        ("audit", crate::audit::STATEMENTS),
        ("audit::chain", crate::audit::chain::STATEMENTS),
        ("audit::query", crate::audit::query::STATEMENTS),
        ("cleanup", crate::cleanup::STATEMENTS),
        ("connect", crate::connect::STATEMENTS),
        ("emails", crate::emails::STATEMENTS),
        ("flows", crate::flows::STATEMENTS),
        ("leases", crate::leases::STATEMENTS),
        ("limits", crate::limits::STATEMENTS),
        ("metadata", crate::metadata::STATEMENTS),
        ("migrate", crate::migrate::STATEMENTS),
        ("one_time_tokens", crate::one_time_tokens::STATEMENTS),
        ("otp_secrets", crate::otp_secrets::STATEMENTS),
        ("outbox", crate::outbox::STATEMENTS),
        ("outbox::claim", crate::outbox::claim::STATEMENTS),
        ("outbox::fan_out", crate::outbox::fan_out::STATEMENTS),
        ("outbox::log", crate::outbox::log::STATEMENTS),
        ("passkeys", crate::passkeys::STATEMENTS),
        ("passwords", crate::passwords::STATEMENTS),
        ("relying_parties", crate::relying_parties::STATEMENTS),
        ("sessions", crate::sessions::STATEMENTS),
        ("signing_keys", crate::signing_keys::STATEMENTS),
        ("tenants", crate::tenants::STATEMENTS),
        ("trusted_devices", crate::trusted_devices::STATEMENTS),
        ("user_counts", crate::user_counts::STATEMENTS),
        ("usernames", crate::usernames::STATEMENTS),
        ("users", crate::users::STATEMENTS),
        ("webhooks", crate::webhooks::STATEMENTS),
    ]
}

#[tokio::test]
async fn every_statement_is_accepted_by_every_database() {
    for database in migrated().await {
        for (module, statements) in statements() {
            for statement in statements {
                let prepared = match &database.store.pool {
                    Pool::Sqlite { read, .. } => read.prepare(statement.sqlite.into_sql_str()).await.map(|_| ()),
                    Pool::Postgres(pool) => pool.prepare(statement.postgres.into_sql_str()).await.map(|_| ()),
                    Pool::MySql(pool) => pool.prepare(statement.mysql.into_sql_str()).await.map(|_| ()),
                };
                assert!(prepared.is_ok(), "{}: {module}::{}: {prepared:?}", database.name, statement.name);
            }
        }
    }
}

/// The doors that serve all tenants, listed; everything else is reachable through a tenant only and says so in its text.
#[test]
fn every_statement_of_a_tenant_names_the_tenant() {
    let of_the_system = ["cleanup", "connect", "migrate", "tenants"];
    let of_the_outbox_worker = ["WAITING", "DEAD", "DUE", "TENANTS"];
    let of_the_metrics = [("sessions", "ACTIVE")];
    for (module, statements) in statements() {
        for statement in statements {
            let exempt = of_the_system.contains(&module)
                || (module.starts_with("outbox") && of_the_outbox_worker.contains(&statement.name))
                || of_the_metrics.contains(&(module, statement.name));
            for text in [statement.sqlite, statement.postgres, statement.mysql] {
                assert!(
                    exempt || text.contains("tenant_id"),
                    "{module}::{} does not name the tenant: {text}",
                    statement.name
                );
            }
        }
    }
}

#[tokio::test]
async fn the_three_schemas_have_the_same_tables_and_columns() {
    let mut schemas = Vec::new();
    for database in migrated().await {
        schemas.push((database.name, columns(&database).await));
    }
    let (_, first) = &schemas[0];
    assert!(first.len() >= 14, "{first:?}");
    for (name, schema) in &schemas {
        assert_eq!(schema, first, "{name} differs from {}", schemas[0].0);
    }
}

pub(super) async fn columns(database: &Database) -> BTreeMap<String, BTreeSet<String>> {
    let pairs: Vec<(String, String)> = match &database.store.pool {
        Pool::Sqlite { read, .. } => {
            let sql =
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
            sqlx::query_as(sql).fetch_all(read).await.unwrap()
        }
        Pool::Postgres(pool) => {
            let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'";
            sqlx::query_as(sql).fetch_all(pool).await.unwrap()
        }
        Pool::MySql(pool) => {
            let sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = database()";
            sqlx::query_as(sql).fetch_all(pool).await.unwrap()
        }
    };
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, column) in pairs {
        if !table.starts_with('_') && !table.starts_with("sqlite") {
            tables.entry(table).or_default().insert(column);
        }
    }
    tables
}

/// FC-58.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_together_migrate_once_and_all_become_ready() {
    for database in empty().await {
        // SQLite serves one process at a time, see below; within it the pool is shared.
        let stores: Vec<Store> = (0..5)
            .map(|_| match database.name {
                "sqlite" => database.store.clone(),
                _ => Store::open(&database.url, PoolSize(2)).unwrap(),
            })
            .collect();
        let runs: Vec<_> =
            stores.iter().cloned().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
        for run in runs {
            let outcome = run.await.unwrap();
            assert!(outcome.is_ok(), "{}: {outcome:?}", database.name);
        }
        for store in &stores {
            assert_eq!(store.system().tenants().await.unwrap(), []);
        }
    }
}

/// It catches errors, and where many users are searched a parallel plan would fail of that.
#[tokio::test]
async fn metadata_is_never_read_in_a_parallel_plan() {
    for database in migrated().await {
        if let Pool::Postgres(pool) = &database.store.pool {
            let sql = "SELECT proparallel = 'u' FROM pg_proc WHERE proname = 'hanko_metadata'";
            assert!(sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.unwrap());
        }
    }
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for database in migrated().await {
        database.store.migrate().await.unwrap();
    }
}

#[tokio::test]
async fn an_older_program_runs_on_a_newer_schema_unless_it_must_not() {
    for database in migrated().await {
        let execute = async |sql: &'static str| match &database.store.pool {
            Pool::Sqlite { write, .. } => write.execute(sql).await.map(|_| ()).unwrap(),
            Pool::Postgres(pool) => pool.execute(sql).await.map(|_| ()).unwrap(),
            Pool::MySql(pool) => pool.execute(sql).await.map(|_| ()).unwrap(),
        };
        execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', true, '', 0)",
        )
        .await;
        database.store.migrate().await.unwrap();
        execute("INSERT INTO schema_min_reader (version) VALUES (9999)").await;
        let refused = database.store.migrate().await.unwrap_err();
        assert!(matches!(refused, StoreError::TooNew { needed: 9999, .. }), "{}: {refused}", database.name);
    }
}

/// Runs a statement with `$1`, `$2` … in the place of ids, on a database as it is.
pub(super) async fn run(database: &Database, sql: &str, ids: &[Uuid]) {
    macro_rules! run {
        ($pool:expr, $sql:expr) => {{
            let mut query = sqlx::query(AssertSqlSafe($sql));
            for id in ids {
                query = query.bind(*id);
            }
            query.execute($pool).await.map(|_| ()).unwrap()
        }};
    }
    match &database.store.pool {
        Pool::Sqlite { write, .. } => run!(write, sql.to_owned()),
        Pool::Postgres(pool) => run!(pool, sql.to_owned()),
        Pool::MySql(pool) => {
            run!(pool, (1..=ids.len()).fold(sql.to_owned(), |sql, n| sql.replace(&format!("${n}"), "?")))
        }
    }
}

/// A user as the release before writes it.
pub(super) async fn user_of_the_release_before(database: &Database, tenant: &TenantStore) -> UserId {
    let user = UserId::random(&Random::system());
    let sql = "INSERT INTO users (tenant_id, id, created_at, updated_at) VALUES ($1, $2, 1, 1)";
    run(database, sql, &[tenant.tenant().0, user.0]).await;
    user
}

/// What 0005 adds stands beside what was there: the release before goes on with its own tables as they were.
#[tokio::test]
async fn a_schema_of_the_release_before_is_brought_up_to_date_with_its_data_and_stays_usable_for_it() {
    for database in empty().await {
        let before = &MIGRATIONS[..4];
        database.store.apply(before).await.unwrap();
        let tables = columns(&database).await;
        assert!(!tables.contains_key("user_counts"), "{}", database.name);
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let mut users = Vec::new();
        for tenant in [&one, &one, &one, &other] {
            users.push(user_of_the_release_before(&database, tenant).await);
        }
        let email = "INSERT INTO emails (tenant_id, id, user_id, address, address_key, verified, created_at, updated_at) \
            VALUES ($1, $2, $3, 'jane@x.de', 'jane@x.de', TRUE, 1, 1)";
        run(&database, email, &[one.tenant().0, Uuid::from_u128(1), users[0].0]).await;
        run(&database, email, &[other.tenant().0, Uuid::from_u128(1), users[3].0]).await;
        let username = "INSERT INTO usernames (tenant_id, id, user_id, username, username_key, created_at, updated_at) \
            VALUES ($1, $2, $3, 'joe', 'joe', 1, 1)";
        run(&database, username, &[one.tenant().0, Uuid::from_u128(1), users[1].0]).await;
        let metadata = Metadata { public: Some(r#"{"a":"\u0000"}"#.into()), ..Metadata::default() };
        one.once(async |work| work.put_metadata(users[0], &metadata, NOW).await).await;

        database.store.migrate().await.unwrap();
        let after = columns(&database).await;
        for (table, known) in &tables {
            assert!(after.get(table).is_some_and(|columns| columns.is_superset(known)), "{}: {table}", database.name);
        }
        let account = one.account(users[0]).await.unwrap().unwrap();
        assert_eq!(account.emails.len(), 1, "{}", database.name);
        assert_eq!((&account.metadata, account.user.last_login_at), (&metadata, None), "{}", database.name);
        let everybody = UserQuery::default();
        let listed = (one.count_users(&everybody).await.unwrap(), other.count_users(&everybody).await.unwrap());
        assert_eq!(listed, (2, 1), "{}: the third is known by its id alone", database.name);
        assert!(one.once(async |work| work.delete_username(users[1]).await).await, "{}", database.name);
        assert_eq!(one.count_users(&everybody).await.unwrap(), 1, "{}", database.name);

        database.store.apply(before).await.unwrap();
        let joe = user_of_the_release_before(&database, &one).await;
        assert!(one.user(joe).await.unwrap().is_some(), "{}", database.name);
    }
}

#[tokio::test]
async fn a_sqlite_file_serves_one_process_at_a_time() {
    let database = empty().await.remove(0);
    let second = Store::open(&database.url, PoolSize(1)).unwrap_err();
    assert!(matches!(second, StoreError::Locked { .. }), "{second}");
}

/// A migration that has been released is never edited: databases out there have run it.
#[test]
fn committed_migrations_are_unchanged() {
    let known = include_str!("../../migrations/checksums");
    for (version, name, sqlite, postgres, mysql) in crate::migrate::MIGRATIONS {
        for (dialect, text) in [("sqlite", sqlite), ("postgres", postgres), ("mysql", mysql)] {
            let checksum: String = sqlx::migrate::Migration::new(
                *version,
                (*name).into(),
                sqlx::migrate::MigrationType::Simple,
                sqlx::SqlStr::from_static(text),
                false,
            )
            .checksum
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
            let line = format!("{dialect}/{name} {checksum}");
            assert!(
                known.lines().any(|known| known == line),
                "migrations/checksums lacks `{line}`; add a migration instead of editing one"
            );
        }
    }
}

#[tokio::test]
async fn the_database_answers_a_ping_and_says_when_it_is_gone() {
    for database in migrated().await {
        database.store.ping().await.unwrap();
        database.store.close().await;
        assert!(database.store.ping().await.unwrap_err().is_temporary(), "{}", database.name);
    }
    let nobody = "postgres://nobody@127.0.0.1:1/none".parse().unwrap();
    let error = Store::open(&nobody, PoolSize(1)).unwrap().ping().await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[test]
fn a_url_is_read_without_showing_its_password() {
    for url in ["", "nonsense", "oracle://u:hunter2@h/d", "postgres://u:hunter2@h:notaport/d"] {
        let error = url.parse::<crate::DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

//! A database of its own for each test, and a hand that reaches into it.

use std::env;

use hanko_domain::{Random, TenantId, Timestamp};
use hanko_store::{DatabaseUrl, PoolSize, Store, TenantStore};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
use uuid::Uuid;

/// A migrated database.
pub(super) struct Database {
    pub(super) name: &'static str,
    pub(super) store: Store,
    address: String,
    _folder: Option<tempfile::TempDir>,
}

/// One of each kind there is a server for. With `HANKO_TEST_REQUIRE_DATABASES` a missing one is a failure.
pub(super) async fn migrated() -> Vec<Database> {
    let mut all = vec![sqlite().await];
    let name = format!("t{}", Random::system().uuid_v4().simple());
    let create = || AssertSqlSafe(format!("CREATE DATABASE {name}"));
    if let Some(server) = server("HANKO_TEST_POSTGRES_URL") {
        PgConnection::connect(&server).await.unwrap().execute(create()).await.unwrap();
        all.push(open("postgres", at(&server, &name), None).await);
    }
    if let Some(server) = server("HANKO_TEST_MYSQL_URL") {
        MySqlConnection::connect(&server).await.unwrap().execute(create()).await.unwrap();
        all.push(open("mariadb", at(&server, &name), None).await);
    }
    all
}

pub(super) async fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("test.db").display());
    open("sqlite", address, Some(folder)).await
}

async fn open(name: &'static str, address: String, folder: Option<tempfile::TempDir>) -> Database {
    let store = Store::open(&address.parse::<DatabaseUrl>().unwrap(), PoolSize(4)).unwrap();
    store.migrate().await.unwrap();
    Database { name, store, address, _folder: folder }
}

fn server(variable: &str) -> Option<String> {
    let url = env::var(variable).ok();
    assert!(
        url.is_some() || env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(),
        "{variable} is not set; start the servers with `eval \"$(e2e/databases.sh up)\"`"
    );
    url
}

fn at(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    url.into()
}

impl Database {
    pub(super) async fn tenant(&self) -> TenantStore {
        let tenant = self.store.tenant(TenantId::random(&Random::system()));
        tenant.register("default/test", Timestamp::from_seconds(1)).await.unwrap();
        tenant
    }

    /// An id as this database writes it.
    pub(super) fn id(&self, id: Uuid) -> String {
        if self.name == "postgres" { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
    }

    /// Bytes as this database writes them.
    pub(super) fn bytes(&self, hex: &str) -> String {
        if self.name == "postgres" { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    }

    /// Changes the database behind the program's back, and says how many rows of it.
    pub(super) async fn tamper(&self, sql: String) -> u64 {
        let statement = AssertSqlSafe(sql.clone());
        let changed = match self.name {
            "sqlite" => {
                let mut connection = SqliteConnection::connect(&self.address).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.map(|done| done.rows_affected())
            }
            "postgres" => {
                let mut connection = PgConnection::connect(&self.address).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.map(|done| done.rows_affected())
            }
            _ => {
                let mut connection = MySqlConnection::connect(&self.address).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.map(|done| done.rows_affected())
            }
        };
        changed.unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name))
    }
}

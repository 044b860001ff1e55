//! A database of its own for each test.

use std::env;

use hanko_domain::Random;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

use crate::{DatabaseUrl, PoolSize, Store};

/// An empty database that goes when the test ends.
pub(super) struct Database {
    pub(super) name: &'static str,
    pub(super) store: Store,
    pub(super) url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
}

/// One empty database of each kind there is a server for. With `HANKO_TEST_REQUIRE_DATABASES` a missing one is a failure.
pub(super) async fn empty() -> Vec<Database> {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
    let mut all = vec![open("sqlite", url, Some(folder))];
    let name = format!("t{}", Random::system().uuid_v4().simple());
    let create = || AssertSqlSafe(format!("CREATE DATABASE {name}"));
    if let Some(server) = server("HANKO_TEST_POSTGRES_URL") {
        let mut connection = PgConnection::connect(&server).await.unwrap();
        connection.execute(create()).await.unwrap();
        all.push(open("postgres", at(&server, &name), None));
    }
    if let Some(server) = server("HANKO_TEST_MYSQL_URL") {
        let mut connection = MySqlConnection::connect(&server).await.unwrap();
        connection.execute(create()).await.unwrap();
        all.push(open("mariadb", at(&server, &name), None));
    }
    all
}

/// The same, migrated.
pub(super) async fn migrated() -> Vec<Database> {
    let all = empty().await;
    for database in &all {
        database.store.migrate().await.unwrap();
    }
    all
}

fn open(name: &'static str, url: DatabaseUrl, folder: Option<tempfile::TempDir>) -> Database {
    Database { name, store: Store::open(&url, PoolSize(4)).unwrap(), url, _folder: folder }
}

fn server(variable: &str) -> Option<String> {
    let url = env::var(variable).ok();
    assert!(
        url.is_some() || env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(),
        "{variable} is not set; start the servers with `eval \"$(e2e/databases.sh up)\"`"
    );
    url
}

fn at(server: &str, name: &str) -> DatabaseUrl {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    url.as_str().parse().unwrap()
}

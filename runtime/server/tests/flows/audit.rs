//! Reading the audit log straight from the file.

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::TestApp;

/// Types and errors, oldest first.
pub async fn rows(app: &TestApp) -> Vec<(String, Option<String>, String)> {
    let mut connection = open(app).await;
    let sql = "SELECT type, error, details FROM audit_logs ORDER BY rowid";
    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
}

/// The types alone.
pub async fn types(app: &TestApp) -> Vec<String> {
    rows(app).await.into_iter().map(|(kind, ..)| kind).collect()
}

/// Rows of a table.
pub async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut open(app).await).await.unwrap();
    count
}

async fn open(app: &TestApp) -> SqliteConnection {
    let folder = app.documents().parent().unwrap().join("data");
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file).read_only(true)).await.unwrap()
}

//! The database file: looking into it, and changing it behind the process's back.

use hanko_domain::{EventId, TenantId};
use hanko_keys::{MasterKeys, Place, Sealer};
use serde_json::Value;
use sqlx::{Connection, SqlSafeStr, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::TestApp;

/// Runs a statement and says how many rows it has changed.
pub async fn execute(app: &TestApp, sql: impl SqlSafeStr) -> u64 {
    sqlx::query(sql).execute(&mut open(app).await).await.unwrap().rows_affected()
}

/// The first column of all rows.
pub async fn texts(app: &TestApp, sql: &'static str) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut open(app).await).await.unwrap();
    rows.into_iter().map(|(text,)| text).collect()
}

/// Whether these bytes stand anywhere in the files of the database.
pub fn holds(app: &TestApp, needle: &str) -> bool {
    let folder = app.documents().parent().unwrap().join("data");
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

/// Names and payloads of the events that are not mails, oldest first.
pub async fn events(app: &TestApp) -> Vec<(String, Value)> {
    let key = std::fs::read(app.secrets().join("tenants/acme-keys/k1")).unwrap();
    let master = MasterKeys::from_entries([("k1".to_owned(), key)]).unwrap();
    let sql = "SELECT lower(hex(tenant_id)), lower(hex(id)), type, payload FROM events WHERE type <> 'email.send' ORDER BY id";
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(sql).fetch_all(&mut open(app).await).await.unwrap();
    rows.into_iter()
        .map(|(tenant, event, kind, sealed)| {
            let (tenant, event): (TenantId, EventId) = (tenant.parse().unwrap(), event.parse().unwrap());
            let place = Place { table: "events", row: event.as_bytes(), column: "payload" };
            let payload = Sealer::new(&master, tenant).unwrap().open(&place, &sealed).unwrap();
            (kind, serde_json::from_slice(&payload).unwrap())
        })
        .collect()
}

async fn open(app: &TestApp) -> SqliteConnection {
    let folder = app.documents().parent().unwrap().join("data");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
}

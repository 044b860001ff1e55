//! FC-85: whoever takes out the audit log and does not read it holds nothing that others need.

use std::time::Duration;

use hanko_server::{Limits, listen::patience::Patience};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    ALONE, crowd, memory,
    program::Database,
    support::{START, TestApp},
    until,
};

/// A log that fits into no buffer on the way: some 20 MB.
const ROWS: u32 = 12_000;
const AGENT: usize = 1_500;

async fn fill(database: &Database) {
    let values = format!("'login_failure', 'r', printed.agent, '{{}}', {}, 1 FROM tenants, printed", START.0);
    let columns =
        "INSERT INTO audit_logs (tenant_id, id, mac, type, request_id, user_agent, details, created_at, sequence)";
    match database {
        Database::Sqlite(file) => {
            let sql = format!(
                "{columns} WITH RECURSIVE printed (n, agent) AS (SELECT 1, hex(zeroblob({AGENT} / 2)) UNION ALL \
                 SELECT n + 1, agent FROM printed WHERE n < {ROWS}) SELECT tenants.id, randomblob(16), x'00', {values}"
            );
            let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(30));
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        Database::Postgres(url) => {
            let values = values.replace("'{}'", "CAST('{}' AS JSONB)");
            let sql = format!(
                "{columns} WITH printed AS (SELECT n, repeat('0', {AGENT}) AS agent FROM generate_series(1, {ROWS}) AS n) \
                 SELECT tenants.id, gen_random_uuid(), '\\x00', {values}"
            );
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
    }
}

/// Whether nobody reads in the database at this moment.
async fn is_quiet(database: &Database) -> bool {
    match database {
        // Succeeds only while no transaction of anybody sees an older state.
        Database::Sqlite(file) => {
            let mut connection =
                SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap();
            let (busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await.unwrap();
            busy == 0
        }
        Database::Postgres(_) => {
            let open = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'hanko-runtime' AND xact_start IS NOT NULL";
            database.texts(open).await.is_empty()
        }
    }
}

/// Asks for everything, with buffers that hold little.
async fn ask(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(app.server().admin_address()).await.unwrap();
    let key = app.admin_key();
    let head = format!("GET /audit_logs/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn start(url: Option<&str>, patience: Patience, connections: usize) -> (TestApp, Database) {
    let mut spec = json!({});
    if url.is_some() {
        spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    }
    let prepared = TestApp::prepare(spec).await;
    if let Some(url) = url {
        prepared.secret("db", "url", url);
    }
    let app = prepared.run(Limits { patience, connections, ..Limits::default() }).await;
    let database = match url {
        Some(url) => Database::Postgres(url.to_owned()),
        None => Database::sqlite(&app.documents().parent().unwrap().join("data")),
    };
    fill(&database).await;
    (app, database)
}

async fn readers_hold_nothing(url: Option<String>) {
    let _alone = ALONE.lock().await;
    let (app, database) = start(url.as_deref(), Patience::default(), 4_096).await;
    let me = std::process::id();
    let before = memory(me, "VmRSS");
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut stream = ask(&app).await;
        let mut byte = [0];
        timeout(Duration::from_secs(20), stream.read_exact(&mut byte)).await.unwrap().unwrap();
        assert_eq!(&byte, b"H");
        readers.push(stream);
    }
    timeout(Duration::from_secs(10), until("no reader is in the database", async || is_quiet(&database).await))
        .await
        .unwrap();
    let grown = memory(me, "VmRSS").saturating_sub(before);
    assert!(grown < 100 << 20, "twenty readers of 20 MB each hold {} MiB", grown >> 20);
    let list = app.admin("GET", "/audit_logs?per_page=5", None).await;
    assert_eq!(list.status, 200, "{}", list.text());
    // They are still being waited for.
    for reader in &mut readers {
        let mut byte = [0];
        timeout(Duration::from_secs(20), reader.read_exact(&mut byte)).await.unwrap().unwrap();
    }

    // All vanish, and some more right after they have asked.
    drop(readers);
    for _ in 0..20 {
        drop(ask(&app).await);
    }
    until("nothing is left of them", async || {
        let page = app.get_admin("/metrics").await.text();
        page.lines().any(|line| line == "hanko_database_connections{state=\"used\"} 0") && is_quiet(&database).await
    })
    .await;
    let mut whole = ask(&app).await;
    let mut taken = Vec::new();
    let mut piece = vec![0; 1 << 20];
    while !taken.ends_with(b"\r\n0\r\n\r\n") {
        let read = timeout(Duration::from_secs(20), whole.read(&mut piece)).await.unwrap().unwrap();
        assert_ne!(read, 0, "it broke off after {} bytes", taken.len());
        taken.extend_from_slice(&piece[..read]);
    }
    assert!(taken.len() > ROWS as usize * AGENT);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_who_stop_reading_and_clients_who_vanish_hold_no_memory_and_no_transaction() {
    readers_hold_nothing(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_on_postgres() {
    if let Some(url) = crowd::postgres().await {
        readers_hold_nothing(Some(url)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_of_a_byte_a_second_are_closed_and_others_take_their_seats() {
    let _alone = ALONE.lock().await;
    let patience = Patience { write: Duration::from_secs(2), ..Patience::default() };
    let (app, _) = start(None, patience, 4).await;
    // More than there are seats.
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut stream = ask(&app).await;
        slow.push(tokio::spawn(async move {
            let mut taken = 0;
            let mut byte = [0];
            while taken < 8 && matches!(stream.read(&mut byte).await, Ok(1..)) {
                taken += 1;
                sleep(Duration::from_secs(1)).await;
            }
            // What was under way when it was closed, and no more.
            let mut rest = Vec::new();
            let end = timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
            end.expect("the connection is closed").ok();
            taken + rest.len()
        }));
    }
    let list = timeout(Duration::from_secs(20), app.admin("GET", "/audit_logs?per_page=5", None)).await.unwrap();
    assert_eq!(list.status, 200);
    for slow in slow {
        let taken = slow.await.unwrap();
        assert!(taken < ROWS as usize * AGENT, "it got everything, {taken} bytes");
    }
    app.end().await;
}

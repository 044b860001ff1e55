//! FC-56: everything at once on the embedded database.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::{
    ALONE,
    program::{Database, Program},
    soak,
    support::{TestApp, send},
    tenant::{Tenant, spec},
    until,
};

const CLIENTS: usize = 50;
/// What the file of changes may grow to: what is kept of it (16 MiB), and what comes while readers are waited for.
const LOG: u64 = 48 << 20;

/// The answer to an action of a flow.
async fn act(tenant: &Tenant, cookie: &str, document: &Value, action: &str, inputs: Value) -> Value {
    let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
    let path = document["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("no {action} in {document:#}"));
    let answer = send(tenant.signed_in(cookie, path).json(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Somebody's profile.
async fn opened(tenant: &Tenant, cookie: &str) -> Value {
    let begun = send(tenant.signed_in(cookie, "/profile")).await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    act(tenant, cookie, &begun.json(), "register_client_capabilities", json!({"webauthn_available": false})).await
}

/// Somebody who signs in, changes the profile, and is looked after by an administrator, until the time is over. Tells what was written last, how
/// often, and the longest that a change took.
async fn client(tenant: Tenant, id: String, over: Arc<AtomicBool>) -> (String, u64, Duration) {
    let (mut n, mut slowest) = (0, Duration::ZERO);
    let (mut cookie, mut profile) = (String::new(), Value::Null);
    while !over.load(Ordering::Relaxed) {
        n += 1;
        if n % 8 == 1 {
            let (answer, _) = tenant.log_in(&id).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            cookie = answer.cookie();
            profile = opened(&tenant, &cookie).await;
        }
        let began = Instant::now();
        profile = act(&tenant, &cookie, &profile, "patch_metadata", json!({"patch_metadata": {"n": n}})).await;
        let patch = json!({"public_metadata": {"n": n}});
        let answer = send(tenant.admin(Method::PATCH, &format!("/users/{id}/metadata")).json(&patch)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        slowest = slowest.max(began.elapsed());
    }
    (id, n, slowest)
}

/// An administrator who takes out the whole audit log, again and again. How often, and how many rows at last.
async fn export(tenant: Tenant, format: &'static str, over: Arc<AtomicBool>) -> (u64, usize) {
    let (mut times, mut rows) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        let answer = tenant.get(&format!("/audit_logs/export?format={format}")).await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        let last = text.lines().count();
        assert!(last >= rows && text.ends_with('\n'), "{last} after {rows}");
        (times, rows) = (times + 1, last);
    }
    (times, rows)
}

/// An administrator who looks for users and at the audit log.
async fn look(tenant: Tenant, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        for path in ["/users?email=fern&per_page=30", "/audit_logs?per_page=100", "/audit_logs?q=fern&page=2"] {
            let answer = tenant.get(path).await;
            assert_eq!(answer.status, 200, "{path} {}", answer.text());
        }
    }
}

/// A clean-up of a process of its own, which knows nothing of the others' queue.
async fn clean_up(file: std::path::PathBuf, over: Arc<AtomicBool>) {
    let options = SqliteConnectOptions::new().filename(&file).busy_timeout(Duration::from_secs(30));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    while !over.load(Ordering::Relaxed) {
        sqlx::query("DELETE FROM flows WHERE expires_at < unixepoch() * 1000000")
            .execute(&mut connection)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn size_of_log(file: &Path) -> u64 {
    std::fs::metadata(file.with_extension("db-wal")).map_or(0, |found| found.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_clients_beside_exports_searches_and_the_clean_up_lose_nothing() {
    let _alone = ALONE.lock().await;
    let prepared = TestApp::prepare(spec()).await;
    let program = Program::start(&prepared, 0).await;
    let Database::Sqlite(file) = Database::sqlite(&prepared.sources().data) else { unreachable!() };
    let tenant = Tenant::of(&program, &prepared);
    let (over, mut clients) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for n in 0..CLIENTS {
        let id = tenant.join(&format!("u{n}@fern.example")).await;
        clients.spawn(client(tenant.clone(), id, over.clone()));
    }
    let exports = ["jsonl", "csv"].map(|format| tokio::spawn(export(tenant.clone(), format, over.clone())));
    let mut others = JoinSet::new();
    others.spawn(look(tenant.clone(), over.clone()));
    others.spawn(clean_up(file.clone(), over.clone()));

    let (began, mut biggest) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(if soak() { 60 } else { 5 }) {
        biggest = biggest.max(size_of_log(&file));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    over.store(true, Ordering::Relaxed);
    let written = clients.join_all().await;
    others.join_all().await;
    for export in exports {
        let (times, rows) = export.await.unwrap();
        assert!(times > 0 && rows > CLIENTS, "{times} exports, the last of {rows} rows");
    }

    for (id, last, slowest) in &written {
        let kept = tenant.get(&format!("/users/{id}/metadata")).await.json();
        let expected: Value = json!({"public_metadata": {"n": last}, "unsafe_metadata": {"n": last}});
        assert_eq!(kept, expected);
        assert!(*slowest < Duration::from_secs(8), "a change took {slowest:?}");
    }
    let changes: u64 = written.iter().map(|(_, last, _)| last).sum();
    assert!(biggest < LOG, "the log of changes has grown to {} MiB after {changes} changes", biggest >> 20);
    until("all is sealed", async || {
        Database::sqlite(&prepared.sources().data)
            .texts("SELECT CAST(COUNT(*) AS TEXT) FROM audit_logs WHERE sequence IS NULL")
            .await
            == ["0"]
    })
    .await;
    program.kill();
    let sources = prepared.sources();
    let verified = Command::new(env!("CARGO_BIN_EXE_hanko-runtime"))
        .args(["audit", "verify"])
        .arg(sources.documents)
        .arg("--secrets-dir")
        .arg(sources.secrets)
        .arg("--data-dir")
        .arg(sources.data)
        .env_clear()
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

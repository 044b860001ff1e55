//! The audit log as its keeper sees it: sealed while the process runs, told to the console, proven beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use support::{TestApp, passcodes_only};

/// Ends with the code, what was printed and what was complained.
fn verify(folder: &Path, more: &[&str]) -> (i32, String, String) {
    let places = ["audit", "verify", "documents", "--secrets-dir", "secrets", "--data-dir", "data"];
    let program = env!("CARGO_BIN_EXE_hanko-runtime");
    let Output { status, stdout, stderr } =
        Command::new(program).current_dir(folder).args(places).args(more).env_clear().output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn folder(app: &TestApp) -> PathBuf {
    app.documents().parent().unwrap().to_owned()
}

async fn database(folder: &Path) -> SqliteConnection {
    let mut files = std::fs::read_dir(folder.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
}

async fn count(folder: &Path, condition: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM audit_logs WHERE {condition}"));
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut database(folder).await).await.unwrap();
    count
}

/// Signs somebody up, and waits until all that was written down of it is sealed.
async fn sealed(app: &TestApp, address: &str) -> i64 {
    app.sign_up(address).await;
    for _ in 0..1_000 {
        if count(&folder(app), "sequence IS NULL").await == 0 {
            return count(&folder(app), "sequence > 0").await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the rows are not sealed");
}

#[tokio::test]
async fn rows_are_sealed_while_the_process_runs_and_proven_beside_it() {
    let app = TestApp::with(passcodes_only()).await;
    let rows = sealed(&app, "jane@acme.test").await;
    assert!(rows > 0);
    let (code, printed, complained) = verify(&folder(&app), &[]);
    assert_eq!((code, complained.as_str()), (0, ""));
    assert!(printed.starts_with(&format!("tenants/acme: {rows} rows proven, up to number {rows}")), "{printed}");

    let changed = "UPDATE audit_logs SET error = 'changed' WHERE sequence = 1";
    sqlx::query(changed).execute(&mut database(&folder(&app)).await).await.unwrap();
    let (code, _, complained) = verify(&folder(&app), &["--tenant", "tenants/acme"]);
    assert_eq!(code, 1);
    assert!(complained.contains("tenants/acme: the audit log was changed: row 1 (id "), "{complained}");
    app.end().await;
}

#[tokio::test]
async fn what_cannot_be_checked_is_told_apart_from_what_was_changed() {
    let app = TestApp::with(passcodes_only()).await;
    sealed(&app, "jane@acme.test").await;
    let (code, _, complained) = verify(&folder(&app), &["--tenant", "tenants/nobody"]);
    assert_eq!((code, complained.contains("tenants/nobody")), (2, true), "{complained}");
    let stopped = app.stop().await;
    let folder = stopped.folder.path();
    assert_eq!(verify(folder, &[]).0, 0, "nobody serves it");

    let keys = folder.join("secrets/tenants/acme-keys");
    let (old, new) = (keys.join("k1"), keys.join("k2"));
    std::fs::copy(&old, &new).unwrap();
    assert_eq!(verify(folder, &[]).0, 0, "the old key is still there");
    std::fs::remove_file(&old).unwrap();
    let (code, printed, _) = verify(folder, &[]);
    assert_eq!(code, 2);
    assert!(printed.contains("cannot be checked, since master key \"k1\" is gone"), "{printed}");
    std::fs::remove_dir_all(folder.join("data")).unwrap();
    std::fs::rename(&new, &old).unwrap();
    let (code, _, complained) = verify(folder, &[]);
    assert_eq!((code, complained.contains("not checked")), (2, true), "{complained}");
}

const PROJECT: &str = "{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {name: acme}, spec: {hosts: [auth.acme.localhost], \
     publicUrl: 'http://auth.acme.localhost:8000', settings: {auditLog: {consoleOutput: {output: OUTPUT}}}}}";

/// A process of its own, since the lines go to its output.
#[tokio::test]
async fn sealed_rows_are_lines_on_the_output_that_the_project_names() {
    for output in ["stdout", "stderr"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("project.yaml"), PROJECT.replace("OUTPUT", output)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hanko-runtime"))
            .current_dir(folder.path())
            .args(["serve", "project.yaml", "--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"])
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut out = BufReader::new(child.stdout.take().unwrap());
        until(&mut log, "is served");
        let insert = "INSERT INTO audit_logs (tenant_id, id, type, request_id, details, created_at) \
            SELECT id, x'0123456789abcdef0123456789abcdef', 'login_success', 'req', '{}', 1790000000000000 FROM tenants";
        sqlx::query(insert).execute(&mut database(folder.path()).await).await.unwrap();
        let sign = "\"audience\":\"audit\"";
        let line = if output == "stdout" { until(&mut out, sign) } else { until(&mut log, sign) };
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["type"], &line["sequence"], &line["http_request_id"]),
            (&json!("login_success"), &json!(1), &json!("req"))
        );
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

/// The first line with the sign.
fn until(lines: &mut impl BufRead, sign: &str) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "no {sign:?} in\n{seen}");
        if line.contains(sign) {
            return line;
        }
        seen.push_str(&line);
    }
}

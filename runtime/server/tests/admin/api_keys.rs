//! `/api_keys` and `hanko-runtime api-keys`: keys that the database keeps.

use std::{path::Path, process::Command, time::Duration};

use hanko_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call, database,
    support::{Answer, Prepared, TestApp, send},
    told,
};

async fn with(app: &TestApp, key: &str, method: &str, path: &str) -> u16 {
    let request = app.http.request(method.parse::<Method>().unwrap(), app.admin_url(path)).bearer_auth(key);
    send(request).await.status.as_u16()
}

async fn make(app: &TestApp, body: Value) -> Answer {
    call(app, "POST", "/api_keys", Some(body)).await
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_once_works_at_once_and_is_listed_without_its_value() {
    let app = TestApp::start().await;
    let made =
        make(&app, json!({"name": "reports", "scopes": ["audit", "audit"], "expires_at": "2026-01-02T00:00:00Z"}))
            .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let value = text(&made, "key");
    assert!(value.starts_with("hk_"));
    assert_eq!(
        (&made["scopes"], &made["origin"], &made["created_by"]),
        (&json!(["audit"]), &json!("database"), &json!("generated"))
    );
    assert_eq!(with(&app, value, "GET", "/audit_logs").await, 200);
    assert_eq!(with(&app, value, "GET", "/users").await, 403);
    assert_eq!(with(&app, value, "GET", "/api_keys").await, 403);
    assert!(!database::holds(&app, value), "a key lies open");

    let listed = call(&app, "GET", "/api_keys", None).await;
    assert!(!listed.text().contains(value));
    let listed = listed.json();
    assert_eq!(text(&listed[0], "origin"), "generated");
    assert_eq!((text(&listed[1], "name"), &listed[1]["id"]), ("reports", &made["id"]));

    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(with(&app, value, "GET", "/audit_logs").await, 401);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_works_beside_the_one_before_until_the_overlap_ends() {
    let app = TestApp::start().await;
    let made = make(&app, json!({"name": "ci", "scopes": ["read"]})).await.json();
    let (id, first) = (text(&made, "id"), text(&made, "key"));
    let rotate = format!("/api_keys/{id}/rotate");
    let second = call(&app, "POST", &rotate, Some(json!({"overlap_seconds": 60}))).await.json();
    assert_eq!(text(&second, "previous_until"), "2026-01-01T00:01:00Z");
    for key in [first, text(&second, "key")] {
        assert_eq!(with(&app, key, "GET", "/users").await, 200);
    }
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(with(&app, first, "GET", "/users").await, 401);
    assert_eq!(with(&app, text(&second, "key"), "GET", "/users").await, 200);
    let third = call(&app, "POST", &rotate, Some(json!({"overlap_seconds": 0}))).await.json();
    assert_eq!(with(&app, text(&second, "key"), "GET", "/users").await, 401);
    // A day, when nothing is said.
    let fourth = call(&app, "POST", &rotate, None).await.json();
    assert_eq!(text(&fourth, "previous_until"), "2026-01-02T00:01:00Z");
    assert_eq!(with(&app, text(&third, "key"), "GET", "/users").await, 200);

    assert_eq!(call(&app, "DELETE", &format!("/api_keys/{id}"), None).await.status, 204);
    for key in [text(&third, "key"), text(&fourth, "key")] {
        assert_eq!(with(&app, key, "GET", "/users").await, 401);
    }
    for (method, path) in [("DELETE", format!("/api_keys/{id}")), ("POST", rotate)] {
        assert_eq!(told(&call(&app, method, &path, None).await), (404, "Not Found".into()));
    }
    let sql = "SELECT type || ' ' || actor_api_key FROM audit_logs WHERE type LIKE 'api_key%' ORDER BY id";
    let rotated = "api_key_rotated generated";
    assert_eq!(
        database::texts(&app, sql).await,
        ["api_key_created generated", rotated, rotated, rotated, "api_key_revoked generated"]
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused_with_what_to_write() {
    let app = TestApp::start().await;
    make(&app, json!({"name": "taken", "scopes": ["read"]})).await;
    for (body, status, message) in [
        (json!({}), 400, "name is a required field and scopes is a required field"),
        (json!({"name": "A b", "scopes": ["read"]}), 400, "name must be 1 to 63 lower-case letters, digits and dashes"),
        (json!({"name": "a", "scopes": []}), 400, "length of scopes must be greater or equal to 1"),
        (json!({"name": "a", "scopes": ["root"]}), 400, "scopes[0] must be read, users, audit, webhooks or all"),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": "2026-01-01T00:00:00Z"}),
            400,
            "expires_at must be in the future",
        ),
        (json!({"name": "taken", "scopes": ["read"]}), 409, "a key with the name taken exists already"),
        (json!({"name": "generated", "scopes": ["read"]}), 409, "a key with the name generated exists already"),
        (json!({"name": "command-line", "scopes": ["read"]}), 409, "a key with the name command-line exists already"),
    ] {
        assert_eq!(told(&make(&app, body.clone()).await), (status, message.to_owned()), "{body}");
    }
    let id = call(&app, "GET", "/api_keys", None).await.json()[1]["id"].as_str().unwrap().to_owned();
    for overlap in [json!(-1), json!("1h"), json!(99_999_999)] {
        let answer =
            call(&app, "POST", &format!("/api_keys/{id}/rotate"), Some(json!({"overlap_seconds": overlap}))).await;
        assert_eq!(answer.status, 400, "{overlap}");
    }
    assert_eq!(call(&app, "DELETE", "/api_keys/x", None).await.status, 400);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_manifest_are_listed_and_their_names_are_taken() {
    let prepared = TestApp::prepare(json!({"adminApi": {"keys": [
        {"name": "back-end", "scopes": ["users"], "keyRef": {"name": "callers", "key": "k"}, "expiresAt": "2027-01-01T00:00:00Z"},
    ]}}))
    .await;
    prepared.secret("callers", "k", &"x".repeat(40));
    let app = prepared.run(Limits::default()).await;
    let listed = call(&app, "GET", "/api_keys", None).await.json();
    assert_eq!(
        listed[1],
        json!({"origin": "manifest", "name": "back-end", "scopes": ["users"], "expires_at": "2027-01-01T00:00:00Z"})
    );
    assert_eq!(make(&app, json!({"name": "back-end", "scopes": ["read"]})).await.status, 409);
    app.end().await;
}

/// Runs the command; its status, what it prints and what it complains.
fn command(folder: &Path, admin: &str, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hanko-runtime"))
        .env_clear()
        .arg("api-keys")
        .arg(arguments[0])
        .args(["documents", "--secrets-dir", "secrets", "--data-dir", "data", "--admin-url", admin])
        .args(&arguments[1..])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// What the command can do, whether it works on the database or asks the process.
fn walk(folder: &Path, admin: &str) -> (String, String) {
    let run = |arguments: &[&str]| {
        let (good, printed, complaint) = command(folder, admin, arguments);
        assert!(good, "{arguments:?}: {complaint}");
        printed
    };
    let first = run(&["create", "--name", "shell", "--scope", "read", "--scope", "audit", "--expires-in", "90d"]);
    assert!(first.starts_with("hk_") && first.lines().count() == 1, "only the key is printed");
    let listed = run(&["list"]);
    assert!(listed.contains("shell") && listed.contains("read,audit") && !listed.contains(&first), "{listed}");
    let second = run(&["rotate", "--name", "shell", "--overlap", "1h"]);
    assert_ne!(first, second);
    let (good, _, complaint) = command(folder, admin, &["create", "--name", "shell", "--scope", "read"]);
    assert!(!good && complaint.contains("exists already"), "{complaint}");
    let (good, _, complaint) = command(folder, admin, &["revoke", "--name", "generated"]);
    assert!(!good && complaint.contains("change it there"), "{complaint}");
    run(&["create", "--name", "brief", "--scope", "all"]);
    run(&["revoke", "--name", "brief"]);
    assert!(!run(&["list"]).contains("brief"));
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_asks_the_process_that_holds_the_database() {
    let app = TestApp::start().await;
    let folder = app.documents().parent().unwrap().to_owned();
    let (good, _, complaint) = command(&folder, "http://127.0.0.1:9", &["list"]);
    assert!(!good && complaint.contains("the database is in use"), "{complaint}");
    let admin = app.admin_url("");
    let walked = tokio::task::spawn_blocking(move || walk(&folder, &admin));
    let (first, second) = walked.await.unwrap();
    // The process's clock stands still; both are good within the overlap.
    assert_eq!(with(&app, &first, "GET", "/users").await, 200);
    assert_eq!(with(&app, &second, "GET", "/users").await, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_works_on_a_database_that_nobody_serves() {
    let Prepared { folder, mailbox } = TestApp::prepare(json!({})).await;
    let at = folder.path().to_owned();
    let (good, _, complaint) = command(&at, "http://127.0.0.1:9", &["list"]);
    assert!(!good, "{complaint}");
    let app = Prepared { folder, mailbox }.run(Limits::default()).await;
    let prepared = app.stop().await;
    let at = prepared.folder.path().to_owned();
    let (_, second) = tokio::task::spawn_blocking(move || walk(&at, "http://127.0.0.1:9")).await.unwrap();
    let app = prepared.run(Limits::default()).await;
    assert_eq!(with(&app, &second, "GET", "/users").await, 200);
    let sql = "SELECT DISTINCT actor_api_key FROM audit_logs WHERE type LIKE 'api_key%'";
    assert_eq!(database::texts(&app, sql).await, ["command-line"]);
    app.end().await;
}

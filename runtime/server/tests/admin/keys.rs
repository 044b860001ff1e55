//! The keys that files give: made on a laptop, changed by a reload, refused when they are none; and what is written down of calls.

use std::{fs, os::unix::fs::PermissionsExt};

use hanko_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    database,
    frame::{key, prepare},
    get, made,
    support::{Answer, TestApp, merge, send, write_secret},
};

async fn with(app: &TestApp, key: &str) -> Answer {
    send(app.http.request(Method::GET, app.admin_url("/openapi.json")).bearer_auth(key)).await
}

/// Waits until a key is good, or is not any more.
async fn until(app: &TestApp, key: &str, status: u16) {
    let mut last = 0;
    for _ in 0..1_000 {
        last = with(app, key).await.status.as_u16();
        if last == status {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{last}, not {status}");
}

#[tokio::test]
async fn a_laptop_makes_its_key_once_and_for_its_owner_only() {
    let app = TestApp::start().await;
    let path = app.secrets().join("tenants/acme-admin-key/key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = app.admin_key();
    assert!(key.len() == 46 && key.starts_with("hk_"), "{}", key.len());
    assert_eq!(with(&app, &key).await.status, 200);
    let app = app.stop().await.run(Limits::default()).await;
    assert_eq!(app.admin_key(), key);
    assert_eq!(with(&app, &key).await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn no_key_is_made_where_none_is_wanted() {
    let app = TestApp::with(json!({"adminApi": {"generatedKey": {"enabled": false}}})).await;
    assert!(!app.secrets().join("tenants/acme-admin-key").exists());
    assert_eq!(with(&app, &key("none")).await.status, 401);
    app.end().await;
}

#[tokio::test]
async fn another_secret_takes_effect_without_a_restart_and_the_key_before_it_stays_while_it_is_there() {
    let app = TestApp::start().await;
    let old = app.admin_key();
    let new = key("rotated");
    write_secret(&app.secrets(), "acme-admin-key", "previous", &old);
    write_secret(&app.secrets(), "acme-admin-key", "key", &new);
    until(&app, &new, 200).await;
    assert_eq!(with(&app, &old).await.status, 200);
    fs::remove_file(app.secrets().join("tenants/acme-admin-key/previous")).unwrap();
    until(&app, &old, 401).await;
    assert_eq!(with(&app, &new).await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn a_key_of_the_manifest_comes_and_goes_with_it() {
    let app = TestApp::start().await;
    write_secret(&app.secrets(), "own-keys", "ci", &key("ci"));
    let mut spec = app.spec("project.yaml");
    let own = json!({"keys": [{"name": "ci", "keyRef": {"name": "own-keys", "key": "ci"}}]});
    merge(&mut spec, json!({"adminApi": own}));
    app.write("project.yaml", "acme", &spec);
    until(&app, &key("ci"), 200).await;
    write_secret(&app.secrets(), "own-keys", "ci", &key("ci-2"));
    until(&app, &key("ci-2"), 200).await;
    assert_eq!(with(&app, &key("ci")).await.status, 401);
    merge(&mut spec, json!({"adminApi": null}));
    app.write("project.yaml", "acme", &spec);
    until(&app, &key("ci-2"), 401).await;
    app.end().await;
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_with_its_field_and_what_to_do() {
    for (entry, text, named, said) in [
        ("own", "short", "spec.adminApi.keys[ci].keyRef", "32 to 256 characters"),
        (
            "own",
            "has a blank in the middle of it, which no key has",
            "spec.adminApi.keys[ci].keyRef",
            "one line of printable ASCII",
        ),
        ("key", "short", "key `key` of Secret `acme-admin-key`", "32 to 256 characters"),
        ("previous", "", "key `previous` of Secret `acme-admin-key`", "32 to 256 characters"),
    ] {
        let spec = json!({"adminApi": {"keys": [{"name": "ci", "keyRef": {"name": "own-keys", "key": "ci"}}]}});
        let prepared = TestApp::prepare(spec).await;
        prepared.secret(
            "own-keys",
            "ci",
            if entry == "own" { text } else { "0123456789012345678901234567890123456789" },
        );
        if entry != "own" {
            prepared.secret("acme-admin-key", entry, text);
        }
        let reason = match prepared.begin(Limits::default()).await {
            Ok(_) => panic!("{entry} {text} is accepted"),
            Err(error) => error.to_string(),
        };
        assert!(reason.contains(named) && reason.contains(said), "{reason}");
        assert!(text.is_empty() || !reason.contains(text), "{reason}");
    }
}

/// Kind, key and details of the rows of calls that changed nothing.
async fn counted(app: &TestApp) -> Vec<(String, Value)> {
    let sql = "SELECT type || ' ' || COALESCE(actor_api_key, '-') || ' ' || details FROM audit_logs \
        WHERE type IN ('admin_read', 'admin_refused') ORDER BY details";
    let rows = database::texts(app, sql).await.into_iter().map(|row| {
        let (who, details) = row.split_once(" {").unwrap();
        (who.to_owned(), serde_json::from_str(&format!("{{{details}")).unwrap())
    });
    rows.collect()
}

#[tokio::test]
async fn reads_and_refusals_are_counted_and_written_down_when_the_process_ends() {
    let app = prepare(&[("reader", &["read"], None)]).await.run(Limits::default()).await;
    let (jane, john) = (made(&app, "jane@acme.test").await, made(&app, "john@acme.test").await);
    for user in [&jane, &jane, &john] {
        get(&app, &format!("/users/{user}")).await;
        get(&app, &format!("/admin/users/{user}")).await;
    }
    let own = key("reader");
    let refused = send(app.http.delete(app.admin_url(&format!("/users/{jane}"))).bearer_auth(&own)).await;
    assert_eq!(refused.status, 403);
    assert_eq!(send(app.http.get(app.admin_url(&format!("/users/{jane}")))).await.status, 401);
    assert_eq!(counted(&app).await, []);
    let app = app.stop().await.run(Limits::default()).await;
    let mut users = [jane.clone(), john];
    users.sort();
    let row = |method: &str, count: u64, users: &[String]| json!({"route": "/users/{id}", "method": method, "count": count, "users": users});
    let mut rows = counted(&app).await;
    rows.sort_by_key(|(who, _)| who.clone());
    assert_eq!(
        rows,
        [
            ("admin_read generated".to_owned(), row("GET", 6, &users)),
            ("admin_refused -".to_owned(), row("GET", 1, &[jane.clone()])),
            ("admin_refused reader".to_owned(), row("DELETE", 1, &[jane])),
        ]
    );
    app.end().await;
}

//! The keys that files give: made on a laptop, changed by a reload, refused when they are none; and what is written down of calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
};

use hanko_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    database,
    frame::{key, prepare},
    get, made,
    support::{Answer, START, TestApp, merge, send, write_secret},
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

/// What was written down of calls that changed nothing: kind, key, method and route, with the count and the users. A slow machine may
/// have written a part of it before.
async fn counted(app: &TestApp) -> BTreeMap<String, (u64, BTreeSet<String>)> {
    let sql = "SELECT type || ' ' || COALESCE(actor_api_key, '-') || ' ' || details FROM audit_logs \
        WHERE type IN ('admin_read', 'admin_refused')";
    let mut all = BTreeMap::<String, (u64, BTreeSet<String>)>::new();
    for row in database::texts(app, sql).await {
        let (who, details) = row.split_once(" {").unwrap();
        let details: Value = serde_json::from_str(&format!("{{{details}")).unwrap();
        let members: Vec<&str> = details.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["route", "method", "count", "users"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (count, users) =
            all.entry(format!("{who} {} {}", text(&details["method"]), text(&details["route"]))).or_default();
        *count += details["count"].as_u64().unwrap();
        users.extend(details["users"].as_array().unwrap().iter().map(text));
    }
    all
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
    let app = app.stop().await.run(Limits::default()).await;
    let row = |who: &str, count: u64, users: &[&String]| {
        (format!("{who} /users/{{id}}"), (count, users.iter().map(|user| (*user).clone()).collect()))
    };
    let rows = [
        row("admin_read generated GET", 6, &[&jane, &john]),
        row("admin_refused - GET", 1, &[&jane]),
        row("admin_refused reader DELETE", 1, &[&jane]),
    ];
    assert_eq!(counted(&app).await, BTreeMap::from(rows));
    app.end().await;
}

/// Puts a key into the database, as a command or another replica does.
async fn store(app: &TestApp, name: &str, key: &str, scopes: &str) {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let tenant = app.revision().await["tenants"][0]["tenantId"].as_str().unwrap().replace('-', "");
    let sql = format!(
        "INSERT INTO api_keys (tenant_id, id, name, hash, scopes, created_by, created_at, expires_at) \
         VALUES (x'{tenant}', randomblob(16), '{name}', x'{hash}', '{scopes}', 'test', 1, {})",
        START.0 + 3_600_000_000
    );
    assert_eq!(database::execute(app, sqlx::AssertSqlSafe(sql)).await, 1);
}

#[tokio::test]
async fn a_key_of_the_database_is_good_at_once_until_it_is_gone_or_ends_and_its_use_is_noted() {
    let app = TestApp::start().await;
    let [one, two] = ["A", "E"].map(|letter| format!("hk_{}", letter.repeat(43)));
    assert_eq!(with(&app, &one).await.status, 401);
    store(&app, "one", &one, "users,read").await;
    store(&app, "two", &two, "audit").await;
    assert_eq!((with(&app, &one).await.status.as_u16(), with(&app, &two).await.status.as_u16()), (200, 200));
    let body = json!({"username": "jane"});
    let made = send(app.http.post(app.admin_url("/users")).bearer_auth(&one).json(&body)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let forbidden = send(app.http.post(app.admin_url("/users")).bearer_auth(&two).json(&body)).await;
    assert_eq!(forbidden.status, 403);
    let sql = "SELECT actor_api_key FROM audit_logs WHERE type = 'admin_user_created'";
    assert_eq!(database::texts(&app, sql).await, ["one"]);
    database::execute(&app, "DELETE FROM api_keys WHERE name = 'one'").await;
    assert_eq!((with(&app, &one).await.status.as_u16(), with(&app, &two).await.status.as_u16()), (401, 200));
    app.clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(with(&app, &two).await.status, 401);

    let uses = "SELECT CAST(last_used_at AS TEXT) FROM api_key_uses WHERE key_id IN (SELECT id FROM api_keys)";
    let app = app.stop().await.run(Limits::default()).await;
    assert_eq!(database::texts(&app, uses).await, [START.0.to_string()]);
    app.end().await;
}

#[tokio::test]
async fn in_a_cluster_the_operator_makes_the_key_and_until_then_calls_are_refused() {
    let prepared = TestApp::start().await.stop().await;
    let at = prepared.folder.path();
    let file = at.join("documents/project.yaml");
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    document["metadata"]["annotations"] = json!({"hanko-operator.dev/rendered-by": "1.0.0"});
    fs::write(&file, document.to_string()).unwrap();
    fs::remove_dir_all(at.join("secrets/tenants/acme-admin-key")).unwrap();
    let app = prepared.run(Limits::default()).await;
    assert!(!app.secrets().join("tenants/acme-admin-key").exists());
    let made = key("made-later");
    assert_eq!(with(&app, &made).await.status, 401);
    write_secret(&app.secrets(), "acme-admin-key", "key", &made);
    until(&app, &made, 200).await;
    app.end().await;
}

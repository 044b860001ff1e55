//! `GET /health/dependencies`: what a project needs, told to whoever has a key of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use serde_json::{Value, json};
use support::{Answer, TestApp, send};

const PATH: &str = "/health/dependencies";

async fn ask(app: &TestApp, key: &str) -> Answer {
    send(app.http.get(app.admin_url(PATH)).bearer_auth(key)).await
}

/// The key that the process has made for its project.
fn generated(app: &TestApp) -> String {
    std::fs::read_to_string(app.secrets().join("tenants/acme-admin-key/key")).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_project_that_reaches_everything_is_ready() {
    let app = TestApp::start().await;
    let expected = json!({
        "ready": true, "database": {"reachable": true}, "mail": {"reachable": true}, "providers": [], "webhooks": {"disabled": 0},
    });
    for path in [PATH, "/admin/health/dependencies"] {
        let answer = send(app.http.get(app.admin_url(path)).bearer_auth(generated(&app))).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()), "{path}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_mail_server_that_is_gone_is_named_without_a_secret() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = json!({"port": free, "tls": "starttls", "credentialsRef": {"name": "smtp"}});
    let prepared = TestApp::prepare(json!({"mail": {"smtp": smtp}})).await;
    prepared.secret("smtp", "username", "mailer-of-acme");
    prepared.secret("smtp", "password", "hunter2hunter2");
    let app = prepared.run(hanko_server::Limits::default()).await;
    let answer = ask(&app, &generated(&app)).await;
    let report = answer.json();
    assert_eq!((answer.status.as_u16(), &report["ready"]), (503, &json!(false)));
    assert_eq!((&report["mail"]["reachable"], &report["database"]["reachable"]), (&json!(false), &json!(true)));
    let reason = report["mail"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the mail server cannot be reached: "), "{reason}");
    assert!(!answer.text().contains("hunter2") && !answer.text().contains("mailer-of-acme"), "{}", answer.text());
    app.end().await;
}

#[tokio::test]
async fn a_project_without_mail_has_none_to_reach() {
    let app =
        TestApp::with(json!({"mail": null, "settings": {"email": {"enabled": false}, "username": {"enabled": true}}}))
            .await;
    let report = ask(&app, &generated(&app)).await.json();
    assert_eq!((&report["ready"], report.get("mail")), (&json!(true), None::<&Value>));
    app.end().await;
}

#[tokio::test]
async fn only_a_key_that_may_read_is_told() {
    let keys = json!([
        {"name": "reader", "scopes": ["read"], "keyRef": {"name": "keys", "key": "reader"}},
        {"name": "clerk", "scopes": ["users", "audit"], "keyRef": {"name": "keys", "key": "clerk"}},
    ]);
    let prepared = TestApp::prepare(json!({"adminApi": {"keys": keys}})).await;
    let (reader, clerk) = ("r".repeat(40), "c".repeat(40));
    prepared.secret("keys", "reader", &reader);
    prepared.secret("keys", "clerk", &clerk);
    let app = prepared.run(hanko_server::Limits::default()).await;
    for (key, status) in [(reader.as_str(), 200), (clerk.as_str(), 403), ("x", 401)] {
        assert_eq!(ask(&app, key).await.status, status, "{key}");
    }
    assert_eq!(app.get_admin(PATH).await.status, 401);
    app.end().await;
}

#[tokio::test]
async fn the_public_listener_does_not_know_it() {
    let app = TestApp::start().await;
    let bearer = format!("Bearer {}", generated(&app));
    for path in [PATH, "/admin/health/dependencies"] {
        assert_eq!(app.get_with(path, &[("Authorization", &bearer)]).await.status, 404, "{path}");
    }
    app.end().await;
}

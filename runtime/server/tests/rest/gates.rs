//! What is offered when (§13.1, `spec/decisions.md` 14).

use serde_json::{Value, json};

use crate::{
    join, merge, open, post, saying,
    support::{TestApp, send},
    told,
};

/// Every endpoint of earlier versions.
const ENDPOINTS: [(&str, &str); 22] = [
    ("PUT", "/password"),
    ("POST", "/password"),
    ("POST", "/password/login"),
    ("POST", "/passcode/login/initialize"),
    ("POST", "/passcode/login/finalize"),
    ("POST", "/webauthn/registration/initialize"),
    ("POST", "/webauthn/registration/finalize"),
    ("POST", "/webauthn/login/initialize"),
    ("POST", "/webauthn/login/finalize"),
    ("GET", "/webauthn/credentials"),
    ("PATCH", "/webauthn/credentials/x"),
    ("DELETE", "/webauthn/credentials/x"),
    ("GET", "/emails"),
    ("POST", "/emails"),
    ("POST", "/emails/x/set_primary"),
    ("PUT", "/emails/x/set_primary"),
    ("DELETE", "/emails/x"),
    ("POST", "/users"),
    ("GET", "/users/x"),
    ("POST", "/user"),
    ("DELETE", "/user"),
    ("POST", "/token"),
];

/// Those that answer as if they were not there.
async fn absent(app: &TestApp) -> Vec<String> {
    let mut absent = Vec::new();
    for (method, path) in ENDPOINTS {
        let answer = send(app.request(method.parse().unwrap(), path)).await;
        if answer.status == 404 {
            assert_eq!(told(&answer), saying(404, "Not Found"), "{method} {path}");
            absent.push(format!("{method} {path}"));
        }
    }
    absent
}

fn below(paths: &[&str]) -> Vec<String> {
    let is = |path: &str| paths.iter().any(|above| path.starts_with(above));
    ENDPOINTS.iter().filter(|(_, path)| is(path)).map(|(method, path)| format!("{method} {path}")).collect()
}

#[tokio::test]
async fn an_endpoint_is_offered_by_the_settings_it_needs() {
    let (password, passcode) = ("/password", "/passcode");
    for (settings, paths) in [
        (json!({}), &[][..]),
        (json!({"mfa": {"enabled": true}}), &[password, passcode]),
        (json!({"mfa": {"enabled": true, "optional": false}}), &[password, passcode, "/webauthn/login", "/token"]),
        (json!({"password": {"enabled": false}}), &[password]),
        (json!({"email": {"useForAuthentication": false}}), &[passcode]),
        (json!({"passkey": {"enabled": false}}), &["/webauthn"]),
        (json!({"legacyApi": {"enabled": false}}), &["/"]),
    ] {
        let app = TestApp::with(open(settings.clone())).await;
        assert_eq!(absent(&app).await, below(paths), "{settings}");
        app.end().await;
    }
}

#[tokio::test]
async fn an_account_is_deleted_only_where_the_project_allows_it() {
    for (settings, me, user) in [
        (json!({}), 401, 401),
        (json!({"account": {"allowDeletion": false}}), 404, 404),
        (json!({"legacyApi": {"enabled": false}}), 401, 404),
    ] {
        let app = TestApp::with(open(settings.clone())).await;
        for (path, expected) in [("/me", me), ("/user", user)] {
            let answer = send(app.request(reqwest::Method::DELETE, path)).await;
            assert_eq!(answer.status.as_u16(), expected, "{settings} {path}");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn what_is_not_deprecated_stays_when_the_rest_is_off() {
    let app = TestApp::with(open(json!({"legacyApi": {"enabled": false}}))).await;
    for (method, path, expected) in [
        ("GET", "/me", 401),
        ("POST", "/logout", 401),
        ("GET", "/sessions/validate", 200),
        ("POST", "/session", 400),
        ("GET", "/.well-known/config", 200),
        ("GET", "/.well-known/jwks.json", 200),
        ("GET", "/openapi.json", 200),
        ("POST", "/login", 200),
    ] {
        let answer = send(app.request(method.parse().unwrap(), path)).await;
        assert_eq!(answer.status.as_u16(), expected, "{method} {path}");
    }
    app.end().await;
}

#[tokio::test]
async fn what_is_offered_changes_with_the_document() {
    let app = TestApp::with(open(json!({}))).await;
    join(&app, "jane@acme.test").await;
    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"settings": {"legacyApi": {"enabled": false}}}));
    app.write("project.yaml", "acme", &spec);
    let mut last = 0;
    for _ in 0..1_000 {
        last = send(app.request(reqwest::Method::POST, "/user").json(&json!({"email": "jane@acme.test"})))
            .await
            .status
            .as_u16();
        if last == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(last, 404);
    app.end().await;
}

/// The contract's item 34.
#[tokio::test]
async fn item_34_the_config_has_exactly_these_members() {
    let settings = json!({"password": {"minLength": 10}, "email": {"limit": 3}, "account": {"allowSignup": false}});
    let app = TestApp::with(open(settings)).await;
    let answer = app.get("/.well-known/config").await;
    crate::described::check("GET", "/.well-known/config", &answer);
    assert_eq!(answer.header("cache-control"), "max-age=600");
    let expected = "{\"password\":{\"enabled\":true,\"min_password_length\":10},\"emails\":{\"require_verification\":true,\
        \"max_num_of_addresses\":3},\"providers\":null,\"account\":{\"allow_deletion\":true,\"allow_signup\":false},\"use_enterprise\":false}\n";
    assert_eq!(answer.text(), expected);
    app.end().await;
}

#[tokio::test]
async fn the_description_is_served_and_every_operation_of_it_is_a_route() {
    let app = TestApp::with(open(json!({}))).await;
    let answer = app.get("/openapi.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type").as_str()), (200, "application/json"));
    let document: Value = answer.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let allowed = send(app.request(reqwest::Method::OPTIONS, path)).await.header("allow");
        let mut allowed: Vec<String> =
            allowed.split(',').filter(|method| *method != "HEAD").map(str::to_lowercase).collect();
        allowed.sort_unstable();
        let mut described: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        described.sort_unstable();
        assert_eq!(allowed, described, "{path}");
    }
    app.end().await;
}

#[tokio::test]
async fn everything_that_may_change_something_is_limited_by_address() {
    let app = TestApp::with(open(json!({"rateLimiter": {"floodLimits": {"tokens": 3, "interval": "1m"}}}))).await;
    for _ in 0..3 {
        post(&app, "/user", json!({"email": "nobody@acme.test"})).await;
    }
    for (method, path) in ENDPOINTS.iter().chain(&[("DELETE", "/me")]) {
        let answer = send(app.request(method.parse().unwrap(), path)).await;
        assert_eq!(answer.status == 429, *method != "GET", "{method} {path}: {}", answer.status);
    }
    app.end().await;
}

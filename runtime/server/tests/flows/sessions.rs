//! Sessions after a flow made them.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    audit, register,
    support::{Answer, TestApp, send},
};

fn token(answer: &Answer) -> String {
    answer.cookie().split_once('=').unwrap().1.to_owned()
}

async fn validate(app: &TestApp, token: &str) -> Answer {
    app.get_with("/sessions/validate", &[("authorization", &format!("Bearer {token}"))]).await
}

#[tokio::test]
async fn a_token_is_valid_with_its_session_on_every_path() {
    let app = TestApp::start().await;
    let flow = register(&app, "jane@x.de").await;
    let (token, claims) = (token(&flow.answer), flow.document()["payload"]["claims"].clone());
    let by_header = validate(&app, &token).await.json();
    assert_eq!(
        by_header,
        json!({"is_valid": true, "claims": claims, "expiration_time": claims["expiration"], "user_id": claims["subject"]})
    );
    for path in ["/sessions/validate", "/session"] {
        assert_eq!(app.post(path, &json!({"session_token": token})).await.json(), by_header, "{path}");
    }
    assert_eq!(validate(&app, &format!("{token}x")).await.json(), json!({"is_valid": false}));
    assert_eq!(app.get("/sessions/validate").await.json(), json!({"is_valid": false}));
    app.end().await;
}

#[tokio::test]
async fn logging_out_ends_the_session_and_clears_the_cookie() {
    for (method, path) in [(Method::POST, "/logout"), (Method::DELETE, "/logout")] {
        let app = TestApp::start().await;
        let flow = register(&app, "jane@x.de").await;
        let cookie = flow.answer.cookie();
        let answer = send(app.request(method, path).header("cookie", &cookie)).await;
        assert_eq!((answer.status, answer.text().as_str()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(answer.header("set-cookie"), "hanko=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
        assert_eq!(validate(&app, &token(&flow.answer)).await.json(), json!({"is_valid": false}));
        let again = send(app.request(Method::POST, path).header("cookie", &cookie)).await;
        assert_eq!(again.json(), json!({"code": 401, "message": "Unauthorized"}));
        assert_eq!(audit::types(&app).await, ["user_created", "user_logged_out"]);
        app.end().await;
    }
}

#[tokio::test]
async fn a_token_in_the_second_half_of_its_life_is_renewed_up_to_the_sessions_end() {
    let app = TestApp::start().await;
    let flow = register(&app, "jane@x.de").await;
    let mut token = token(&flow.answer);
    let session = flow.document()["payload"]["claims"]["session_id"].clone();
    app.clock.advance(Duration::from_secs(1799));
    assert_eq!(validate(&app, &token).await.header("set-cookie"), "", "still in its first half");
    app.clock.advance(Duration::from_secs(2));
    for step in 1..=23 {
        let answer = validate(&app, &token).await;
        assert_eq!(answer.json()["is_valid"], true, "step {step}");
        if answer.header("set-cookie").is_empty() {
            break;
        }
        token = self::token(&answer);
        assert!(answer.header("x-session-lifetime").parse::<u64>().unwrap() <= 3600);
        assert_eq!(validate(&app, &token).await.json()["claims"]["session_id"], session, "it stays the same session");
        app.clock.advance(Duration::from_secs(1801));
    }
    app.clock.advance(Duration::from_secs(12 * 3600));
    assert_eq!(validate(&app, &token).await.json(), json!({"is_valid": false}), "twelve hours are the end");
    app.end().await;
}

#[tokio::test]
async fn a_lifespan_that_was_set_is_fixed() {
    let app = TestApp::with(json!({"settings": {"session": {"lifespan": "2h"}}})).await;
    let flow = register(&app, "jane@x.de").await;
    let token = token(&flow.answer);
    app.clock.advance(Duration::from_secs(7199));
    let answer = validate(&app, &token).await;
    assert_eq!((answer.json()["is_valid"].clone(), answer.header("set-cookie")), (json!(true), String::new()));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(validate(&app, &token).await.json(), json!({"is_valid": false}));
    app.end().await;
}

#[tokio::test]
async fn an_idle_session_ends_and_polling_does_not_keep_it_alive() {
    let app = TestApp::with(json!({"settings": {"session": {"idleTimeout": "10m"}}})).await;
    let flow = register(&app, "jane@x.de").await;
    let token = token(&flow.answer);
    let answer = validate(&app, &token).await.json();
    assert_eq!(answer["idle_expires_at"], "2026-01-01T00:10:00Z");
    app.clock.advance(Duration::from_secs(300));
    let used = app.post("/sessions/validate", &json!({"session_token": token})).await.json();
    assert_eq!(used["idle_expires_at"], "2026-01-01T00:15:00Z", "the POST form is a use");
    app.clock.advance(Duration::from_secs(500));
    assert_eq!(validate(&app, &token).await.json()["is_valid"], true, "the GET form is none");
    app.clock.advance(Duration::from_secs(101));
    let answer = validate(&app, &token).await;
    assert_eq!(answer.json(), json!({"is_valid": false}));
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM sessions").await, 0);
    app.end().await;
}

#[tokio::test]
async fn the_oldest_session_makes_room() {
    let app = TestApp::with(json!({"settings": {"session": {"limit": 2}, "rateLimiter": {"enabled": false}}})).await;
    let first = token(&register(&app, "jane@x.de").await.answer);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        app.clock.advance(Duration::from_secs(1));
        let mut flow = crate::identify(&app, "jane@x.de").await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({"password": crate::PASSWORD})).await;
        tokens.push(token(&flow.answer));
    }
    assert_eq!(validate(&app, &first).await.json(), json!({"is_valid": false}));
    for token in tokens {
        assert_eq!(validate(&app, &token).await.json()["is_valid"], true);
    }
    app.end().await;
}

#[tokio::test]
async fn the_token_can_come_in_a_header_instead_of_a_cookie() {
    let app = TestApp::with(json!({"settings": {"session": {"enableAuthTokenHeader": true}}})).await;
    let flow = register(&app, "jane@x.de").await;
    let token = flow.answer.header("x-auth-token");
    assert_eq!(flow.answer.header("set-cookie"), "");
    assert_eq!(validate(&app, &token).await.json()["is_valid"], true);
    app.end().await;
}

#[tokio::test]
async fn claims_carry_issuer_and_audience_of_the_project() {
    let session = json!({"issuer": "acme", "audience": ["one", "two"], "acquireIpAddress": false});
    let app = TestApp::with(json!({"settings": {"session": session}})).await;
    let claims: Value = register(&app, "jane@x.de").await.document()["payload"]["claims"].clone();
    assert_eq!((&claims["issuer"], &claims["audience"]), (&json!("acme"), &json!(["one", "two"])));
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM sessions WHERE ip_address IS NULL").await, 1);
    app.end().await;
}

#[tokio::test]
async fn claims_of_the_tenants_own_stand_in_the_token_and_none_of_them_replaces_ours() {
    let claims = json!({
        "role": "user",
        "mail": "{{ .User.Email.Address }}",
        "proven": "{{ .User.Email.IsVerified }}",
        "theme": "{{ .User.Metadata.Unsafe \"ui.theme\" }}",
        "meta": {"greeting": "Hello {{ .User.Username }}", "level": 3},
    });
    let app = TestApp::with(json!({"settings": {"session": {"jwtTemplate": {"claims": claims}}}})).await;
    let flow = register(&app, "jane@x.de").await;
    let shown = validate(&app, &token(&flow.answer)).await.json();
    assert_eq!(flow.document()["payload"]["claims"], shown["claims"]);
    let claims = shown["claims"].as_object().unwrap();
    assert_eq!(
        (&claims["role"], &claims["mail"], &claims["proven"]),
        (&json!("user"), &json!("jane@x.de"), &json!(true))
    );
    assert_eq!(claims["meta"], json!({"greeting": "Hello ", "level": 3}));
    assert!(!claims.contains_key("theme"), "a user without metadata does not get it, and signs in all the same");
    assert_eq!(claims["subject"], shown["user_id"]);
    app.end().await;
}

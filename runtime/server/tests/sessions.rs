//! Sessions as a client sees them: delivery, validation, use, renewal, end (`spec/sessions-and-public-rest.md` §5–§9).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, TestApp, merge, passcodes_only, send};

const MINUTE: Duration = Duration::from_secs(60);
const FORGET: &str = "hanko=; Path=/; Domain=acme.localhost; Max-Age=0; HttpOnly; SameSite=Strict";

/// A project with these session settings, whose cookie is shared by its hosts.
async fn app(session: Value) -> TestApp {
    let mut spec = passcodes_only();
    merge(&mut spec, json!({"settings": {"session": {"cookie": {"domain": "acme.localhost", "sameSite": "strict"}}}}));
    merge(&mut spec["settings"]["session"], session);
    TestApp::with(spec).await
}

fn token(answer: &Answer) -> String {
    answer.cookie().strip_prefix("hanko=").unwrap().to_owned()
}

async fn look(app: &TestApp, token: &str) -> Answer {
    app.get_with("/sessions/validate", &[("Cookie", &format!("hanko={token}"))]).await
}

async fn use_it(app: &TestApp, token: &str) -> Answer {
    app.post("/sessions/validate", &json!({"session_token": token})).await
}

#[tokio::test]
async fn a_token_comes_in_a_cookie_with_its_lifetime_beside_it() {
    let app = app(json!({})).await;
    let answer = app.sign_up("jane@acme.test").await;
    let attributes =
        format!("{}; Path=/; Domain=acme.localhost; Max-Age=3600; HttpOnly; SameSite=Strict", answer.cookie());
    assert_eq!(answer.header("set-cookie"), attributes);
    assert_eq!(answer.header("x-session-lifetime"), "3600");
    assert_eq!(answer.header("x-session-retention"), "persistent");
    assert_eq!(answer.header("x-auth-token"), "");
    let counted = "hanko_sessions_created_total{flow=\"registration\",method=\"otp\"} 1\n";
    assert!(app.get_admin("/metrics").await.text().contains(counted));
    app.end().await;
}

#[tokio::test]
async fn in_header_mode_a_token_comes_in_a_header_that_pages_may_read() {
    let app = app(json!({"enableAuthTokenHeader": true})).await;
    let answer = app.sign_up("jane@acme.test").await;
    assert_eq!(answer.header("set-cookie"), "");
    let bearer = format!("Bearer {}", answer.header("x-auth-token"));
    let checked = app.get_with("/sessions/validate", &[("Authorization", &bearer), ("Origin", support::ORIGIN)]).await;
    assert_eq!(checked.json()["is_valid"], true);
    assert!(checked.header("access-control-expose-headers").ends_with(",X-Auth-Token"));
    app.clock.advance(40 * MINUTE);
    let renewed = app.get_with("/me", &[("Authorization", &bearer)]).await;
    assert_eq!((renewed.status.as_u16(), renewed.header("x-session-lifetime").as_str()), (200, "3600"));
    assert!(renewed.header("x-auth-token").split('.').count() == 3 && renewed.header("set-cookie").is_empty());
    app.end().await;
}

#[tokio::test]
async fn a_browser_session_has_a_cookie_without_an_age() {
    let app = app(json!({"cookie": {"retention": "session"}})).await;
    let answer = app.sign_up("jane@acme.test").await;
    assert!(!answer.header("set-cookie").contains("Max-Age"));
    assert_eq!(answer.header("x-session-retention"), "session");
    app.end().await;
}

#[tokio::test]
async fn a_valid_session_is_answered_as_the_contract_says() {
    let app = app(json!({"idleTimeout": "30m"})).await;
    let token = token(&app.sign_up("jane@acme.test").await);
    let answer = look(&app, &token).await;
    let body = answer.json();
    let (user, session) = (&body["user_id"], &body["claims"]["session_id"]);
    assert!(user.is_string() && session.is_string());
    let mut expected = json!({
        "is_valid": true,
        "claims": {
            "amr": ["otp"],
            "audience": ["acme.localhost"],
            "email": {"address": "jane@acme.test", "is_primary": true, "is_verified": true},
            "expiration": "2026-01-01T01:00:00Z",
            "issued_at": "2026-01-01T00:00:00Z",
            "session_id": session,
            "subject": user,
        },
        "expiration_time": "2026-01-01T01:00:00Z",
        "user_id": user,
        "idle_expires_at": "2026-01-01T00:30:00Z",
    });
    for extra in ["auth_time", "acr"] {
        if let Some(value) = body["claims"].get(extra) {
            expected["claims"][extra] = value.clone();
        }
    }
    assert_eq!(body, expected);
    assert_eq!(use_it(&app, &token).await.json(), body);
    assert_eq!(answer.header("set-cookie"), "", "nothing to renew yet");
    app.end().await;
}

#[tokio::test]
async fn a_look_keeps_no_idle_session_alive_and_a_use_does() {
    let app = app(json!({"idleTimeout": "10m"})).await;
    let (seen, used) = (token(&app.sign_up("a@acme.test").await), token(&app.sign_up("b@acme.test").await));
    for _ in 0..2 {
        app.clock.advance(6 * MINUTE);
        assert_eq!(use_it(&app, &used).await.json()["is_valid"], true);
        look(&app, &seen).await;
    }
    for answer in [look(&app, &seen).await, use_it(&app, &seen).await] {
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "{\"is_valid\":false}\n"));
    }
    app.end().await;
}

#[tokio::test]
async fn an_idle_session_ends_when_it_is_noticed_and_its_cookie_goes() {
    let app = app(json!({"idleTimeout": "10m"})).await;
    let sessions = [
        token(&app.sign_up("a@acme.test").await),
        token(&app.sign_up("b@acme.test").await),
        token(&app.sign_up("c@acme.test").await),
    ];
    app.clock.advance(11 * MINUTE);
    assert_eq!(look(&app, &sessions[0]).await.header("set-cookie"), FORGET);
    assert_eq!(use_it(&app, &sessions[1]).await.header("set-cookie"), FORGET);
    let me = app.get_with("/me", &[("Cookie", &format!("hanko={}", sessions[2]))]).await;
    assert_eq!((me.status.as_u16(), me.header("set-cookie").as_str()), (401, FORGET));
    let again = app.get_with("/me", &[("Cookie", &format!("hanko={}", sessions[2]))]).await;
    assert_eq!((again.status.as_u16(), again.header("set-cookie").as_str()), (401, ""), "its row is gone");
    app.end().await;
}

#[tokio::test]
async fn a_token_is_renewed_in_the_second_half_of_its_life_up_to_the_end_of_the_session() {
    let app = app(json!({})).await;
    let first = token(&app.sign_up("jane@acme.test").await);
    app.clock.advance(29 * MINUTE);
    assert_eq!(look(&app, &first).await.header("set-cookie"), "");
    app.clock.advance(2 * MINUTE);
    let answer = look(&app, &first).await;
    let second = token(&answer);
    assert_ne!(second, first);
    assert_eq!(answer.header("x-session-lifetime"), "3600");
    let of = async |token: &str| look(&app, token).await.json()["claims"]["session_id"].clone();
    assert_eq!(of(&first).await, of(&second).await, "a renewed token is of the same session");
    assert_eq!(look(&app, &second).await.json()["expiration_time"], "2026-01-01T01:31:00Z");

    let mut newest = second;
    for _ in 0..40 {
        app.clock.advance(31 * MINUTE);
        let answer = look(&app, &newest).await;
        if answer.json()["is_valid"] == false {
            break;
        }
        newest = if answer.header("set-cookie").is_empty() { newest } else { token(&answer) };
    }
    let hours = app.clock.now().since(support::START).as_secs() / 3600;
    assert_eq!(hours, 12, "no renewal helps beyond the end of the session");
    app.end().await;
}

#[tokio::test]
async fn a_lifespan_that_the_manifest_sets_is_fixed() {
    let app = app(json!({"lifespan": "1h"})).await;
    let token = token(&app.sign_up("jane@acme.test").await);
    app.clock.advance(59 * MINUTE);
    assert_eq!(look(&app, &token).await.header("set-cookie"), "");
    app.clock.advance(MINUTE);
    assert_eq!(look(&app, &token).await.json(), json!({"is_valid": false}));
    app.end().await;
}

#[tokio::test]
async fn the_first_token_that_holds_wins() {
    let app = app(json!({})).await;
    let token = token(&app.sign_up("jane@acme.test").await);
    let (bearer, cookie) = (format!("bearer{token}"), format!("hanko=rubbish; other={token}; hanko={token}"));
    for headers in [
        &[("Authorization", "Bearer rubbish"), ("Cookie", cookie.as_str())][..],
        &[("Authorization", "Basic xyz"), ("Authorization", bearer.as_str())],
        &[("Cookie", "hanko=rubbish"), ("Cookie", cookie.as_str())],
    ] {
        assert_eq!(app.get_with("/me", headers).await.status, 200, "{headers:?}");
        assert_eq!(app.get_with("/sessions/validate", headers).await.json()["is_valid"], true);
    }
    let query = app.get(&format!("/sessions/validate?session_token={token}&hanko={token}")).await;
    assert_eq!(query.json(), json!({"is_valid": false}), "a query is never read");
    app.end().await;
}

#[tokio::test]
async fn tokens_that_this_tenant_did_not_sign_are_nobody() {
    let app = app(json!({})).await;
    let good = token(&app.sign_up("jane@acme.test").await);
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let hmac = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
    for bad in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hmac}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]),
        format!("{}.{}", parts[0], parts[1]),
        parts[0].to_owned(),
        format!("{good}.x"),
    ] {
        for answer in [look(&app, &bad).await, use_it(&app, &bad).await] {
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "{\"is_valid\":false}\n"), "{bad}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn me_is_the_signed_in_user() {
    let app = app(json!({})).await;
    let cookie = app.sign_up("jane@acme.test").await.cookie();
    let answer = app.get_with("/me", &[("Cookie", &cookie)]).await;
    let me = answer.json();
    assert_eq!((answer.status.as_u16(), &me["id"]), (200, &me["user_id"]));
    assert_eq!(me["emails"][0]["address"], "jane@acme.test");
    assert_eq!(answer.header("cache-control"), "no-store");
    app.end().await;
}

#[tokio::test]
async fn logging_out_ends_the_session_and_takes_the_cookie() {
    let app = app(json!({})).await;
    for (method, address) in [(Method::POST, "a@acme.test"), (Method::DELETE, "b@acme.test")] {
        let cookie = app.sign_up(address).await.cookie();
        let out =
            send(app.request(method.clone(), "/logout").header("Cookie", &cookie).header("Content-Length", "0")).await;
        assert_eq!((out.status.as_u16(), out.text().as_str()), (204, ""));
        assert_eq!(out.header("set-cookie"), FORGET);
        assert_eq!(app.get_with("/me", &[("Cookie", &cookie)]).await.status, 401);
        let again = send(app.request(method, "/logout").header("Cookie", &cookie)).await;
        assert_eq!((again.status.as_u16(), again.header("set-cookie").as_str()), (401, ""));
    }
    app.end().await;
}

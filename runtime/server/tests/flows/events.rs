//! What flows tell others (`spec/webhooks-and-audit.md` §3, §5).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin,
    browser::{self, Browser},
    database, identify, modern, plain, register,
    support::{Flow, TestApp},
    totp,
};

/// The names of what was told since the first `known` events, and their payloads.
async fn told(app: &TestApp, known: usize) -> (Vec<String>, Vec<Value>) {
    database::events(app).await.into_iter().skip(known).unzip()
}

async fn sign_in<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = identify(app, address).await;
    flow.headers.push(("User-Agent".into(), "Firefox/1".into()));
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow
}

#[tokio::test]
async fn a_registration_tells_of_the_account_and_then_of_its_session() {
    let app = TestApp::start().await;
    let document = register(&app, "jane@x.de").await.document();
    let (names, payloads) = told(&app, 0).await;
    assert_eq!(names, ["user.create", "session.create.flow"]);
    let (user, at) = (&document["payload"]["user"], "2026-01-01T00:00:00Z");
    let account = &payloads[0];
    assert_eq!(
        account,
        &json!({
            "id": user["id"],
            "emails": [{
                "id": user["emails"][0]["id"], "address": "jane@x.de", "is_verified": true, "is_primary": true,
                "created_at": at, "updated_at": at,
            }],
            "password": {
                "id": account["password"]["id"], "tenant_id": account["password"]["tenant_id"],
                "created_at": at, "updated_at": at,
            },
            "created_at": at, "updated_at": at, "ip_address": "127.0.0.1", "user_agent": "",
        })
    );
    assert_eq!(
        payloads[1],
        json!({
            "id": document["payload"]["claims"]["session_id"], "user_id": user["id"],
            "user_agent": "", "ip_address": "127.0.0.1",
            "created_at": at, "updated_at": at, "last_used": at, "expires_at": "2026-01-01T01:00:00Z",
        })
    );
    app.end().await;
}

#[tokio::test]
async fn an_account_is_told_with_everything_it_has() {
    let settings = json!({"username": {"enabled": true}});
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de", "username": "jane"})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let secret = totp::set_up(&app, &mut flow).await;
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&document).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let (_, payloads) = told(&app, 0).await;
    let (account, user) = (&payloads[0], &document["payload"]["user"]);
    let mut members: Vec<_> = account.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "created_at",
            "emails",
            "id",
            "ip_address",
            "otp",
            "password",
            "updated_at",
            "user_agent",
            "username",
            "webauthn_credentials"
        ]
    );
    assert_eq!(account["username"], user["username"]);
    assert_eq!(account["webauthn_credentials"], user["passkeys"]);
    assert_eq!(account["otp"], json!({"id": account["otp"]["id"], "created_at": "2026-01-01T00:00:00Z"}));
    let text = account.to_string();
    assert!(!text.contains(&secret) && !text.contains("$"), "neither secrets nor hashes: {text}");
    app.end().await;
}

#[tokio::test]
async fn a_login_tells_of_the_sessions_that_made_room_of_its_own_and_of_itself() {
    let settings = json!({"session": {"limit": 2}, "rateLimiter": {"enabled": false}});
    let app = TestApp::with(json!({"settings": settings})).await;
    let registered = register(&app, "jane@x.de").await.document();
    app.clock.advance(Duration::from_secs(1));
    sign_in(&app, "jane@x.de").await;
    assert_eq!(told(&app, 2).await.0, ["session.create.flow", "user.login"]);
    app.clock.advance(Duration::from_secs(1));
    let document = sign_in(&app, "jane@x.de").await.document();
    let (names, payloads) = told(&app, 4).await;
    assert_eq!(names, ["session.delete.passive.limit", "session.create.flow", "user.login"]);
    let user = &document["payload"]["user"]["id"];
    let claims = &registered["payload"]["claims"];
    assert_eq!(
        payloads[0],
        json!({
            "id": claims["session_id"], "user_id": user, "user_agent": "", "ip_address": "127.0.0.1",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "last_used": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T01:00:00Z",
        }),
        "as it was before it ended"
    );
    assert_eq!((&payloads[1]["user_id"], &payloads[1]["user_agent"]), (user, &json!("Firefox/1")));
    assert_eq!((&payloads[2]["id"], &payloads[2]["user_agent"]), (user, &json!("Firefox/1")));
    assert_eq!(payloads[2]["ip_address"], "127.0.0.1");
    assert_eq!(payloads[2]["emails"][0]["address"], "jane@x.de");
    app.end().await;
}

#[tokio::test]
async fn sessions_that_keep_nothing_of_the_client_tell_nothing_of_it() {
    let session = json!({"acquireIpAddress": false, "acquireUserAgent": false});
    let app = TestApp::with(json!({"settings": {"session": session}})).await;
    register(&app, "jane@x.de").await;
    sign_in(&app, "jane@x.de").await;
    for (name, payload) in database::events(&app).await {
        if name == "session.create.flow" {
            assert_eq!((&payload["ip_address"], &payload["user_agent"]), (&Value::Null, &Value::Null));
        }
    }
    app.end().await;
}

#[tokio::test]
async fn a_recovery_tells_of_the_new_password() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let before = told(&app, 0).await.1[0].clone();
    app.clock.advance(Duration::from_secs(60));
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("password_recovery", json!({"new_password": "a new password"})).await;
    let (names, payloads) = told(&app, 2).await;
    assert_eq!(names, ["user.update.password.update", "session.create.flow", "user.login"]);
    assert_eq!(
        payloads[0]["password"],
        json!({
            "id": before["password"]["id"], "tenant_id": before["password"]["tenant_id"],
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:01:00Z",
        })
    );
    app.end().await;
}

#[tokio::test]
async fn what_is_refused_tells_nothing() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": "wrong"})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "nonsense"})).await;
    assert_eq!(told(&app, 2).await.0, Vec::<String>::new());
    app.end().await;
}

#[tokio::test]
async fn payloads_are_sealed_at_rest() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let stored = database::texts(&app, "SELECT payload FROM events WHERE type <> 'email.send'").await;
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|payload| payload.starts_with("v1.k1.")), "{stored:?}");
    assert!(!database::holds(&app, "\"is_primary\""), "a member that every account's payload has");
    app.end().await;
}

//! `POST /token` (§13.14).

use std::time::Duration;

use hanko_credentials::one_time_token;
use hanko_domain::Random;
use hanko_store::one_time_tokens::OneTimeToken;
use serde_json::{Value, json};

use crate::{
    Person, audit, call, inside, join, me, open, post, saying,
    support::{Answer, START, TestApp},
    told,
};

/// What a sign-in elsewhere leaves in the store: a token for this endpoint, good for a minute.
async fn mint(app: &TestApp, person: &Person) -> String {
    mint_with(app, person, false, false, None).await
}

async fn mint_with(app: &TestApp, person: &Person, is_flow: bool, link: bool, verifier: Option<&str>) -> String {
    let (token, hash) = one_time_token::issue(&Random::system());
    let store = inside::store(app).await;
    let now = app.clock.now();
    let mut work = store.begin().await.unwrap();
    work.insert_token(&OneTimeToken {
        hash,
        user: person.id.parse().unwrap(),
        is_flow,
        link_user: link,
        verifier: verifier.map(str::to_owned),
        created_at: now,
        expires_at: now + Duration::from_secs(60),
    })
    .await
    .unwrap();
    work.commit().await.unwrap();
    token.expose().clone()
}

async fn exchange(app: &TestApp, value: &str) -> Answer {
    post(app, "/token", json!({"value": value})).await
}

#[tokio::test]
async fn item_32_unknown_expired_valid_and_the_fourth() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let expired = mint(&app, &jane).await;
    app.clock.advance(Duration::from_secs(60));
    let valid = mint(&app, &jane).await;
    assert_eq!(told(&exchange(&app, "unknown").await), saying(404, "token not found"));
    assert_eq!(told(&exchange(&app, &expired).await), saying(422, "token has expired"));
    let answer = exchange(&app, &valid).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"user_id": jane.id})));
    assert_eq!(me(&app, &answer.cookie()).await["id"], json!(jane.id));
    assert_eq!(answer.header("x-ratelimit-remaining"), "0");
    let fourth = exchange(&app, &valid).await;
    assert_eq!(told(&fourth), saying(429, "Too Many Requests"));
    assert_eq!(["x-ratelimit-limit", "retry-after"].map(|name| fourth.header(name)), ["3", "60"]);
    let rows = audit::rows(&app).await;
    let rows: Vec<_> = rows
        .iter()
        .filter(|(kind, ..)| kind.starts_with("token"))
        .map(|(kind, error, _)| (kind.as_str(), error.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            ("token_exchange_failed", Some("code=404, message=token not found")),
            ("token_exchange_failed", Some("code=422, message=token has expired")),
            ("token_exchange_succeeded", None),
        ]
    );
    assert!(app.clock.now().since(START).as_secs() >= 60);
    app.end().await;
}

#[tokio::test]
async fn a_token_counts_once_however_many_show_it() {
    let app = TestApp::with(open(json!({"rateLimiter": {"enabled": false}}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let token = mint(&app, &jane).await;
    let answers = crate::passcodes::futures_join((0..8).map(|_| exchange(&app, &token))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 404].contains(status)), "{statuses:?}");
    assert!(answers.iter().all(|answer| answer.header("x-ratelimit-limit").is_empty()), "no limit, no headers");
    app.end().await;
}

#[tokio::test]
async fn tokens_for_flows_with_a_verifier_or_to_link_are_none() {
    let app = TestApp::with(open(json!({"rateLimiter": {"enabled": false}}))).await;
    let jane = join(&app, "jane@acme.test").await;
    for (is_flow, link, verifier) in [(true, false, None), (false, true, None), (false, false, Some("v"))] {
        let token = mint_with(&app, &jane, is_flow, link, verifier).await;
        assert_eq!(told(&exchange(&app, &token).await), saying(404, "token not found"));
    }
    app.end().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_audited_and_counted_too() {
    let app = TestApp::with(open(json!({}))).await;
    let answer = post(&app, "/token", json!({})).await;
    assert_eq!(told(&answer), saying(400, "value is a required field"));
    assert_eq!(answer.header("x-ratelimit-remaining"), "2");
    let rows = audit::rows(&app).await;
    assert_eq!(rows[0].1.as_deref(), Some("code=400, message=value is a required field"));
    app.end().await;
}

#[tokio::test]
async fn a_token_is_no_second_factor() {
    let app = TestApp::with(open(json!({"mfa": {"enabled": true, "optional": true}}))).await;
    let mut flow = crate::support::Flow::begin(&app, "/registration").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("register_login_identifier", json!({"email": "jane@acme.test"})).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("register_password", json!({"new_password": crate::PASSWORD})).await;
    while flow.state() != "success" {
        flow.act("skip", json!({})).await;
    }
    let user = flow.document()["payload"]["user"]["id"].as_str().unwrap().to_owned();
    let jane = Person { cookie: flow.answer.cookie(), id: user, email: String::new() };
    assert_eq!(exchange(&app, &mint(&app, &jane).await).await.status, 200);
    crate::database::execute(
        &app,
        "INSERT INTO otp_secrets (tenant_id, id, user_id, sealed, created_at, updated_at) SELECT tenant_id, id, id, 'x', 1, 1 FROM users",
    )
    .await;
    let refused = exchange(&app, &mint(&app, &jane).await).await;
    assert_eq!(told(&refused), saying(403, "Forbidden"));
    let _: Value = call(&app, "GET", "/me", &jane.cookie, None).await.json();
    app.end().await;
}

//! What counts as a fresh factor, what asks for one, and what a step-up leaves as it is.

use std::collections::BTreeMap;

use hanko_model::spec::StepUpAction;
use serde_json::json;

use super::{LONG, is_silent, stepping, update};
use crate::{
    PASSWORD, actions, at_home,
    browser::Browser,
    claims, cookie,
    credentials::{app, make, set_up_totp},
    database, email_id,
    emails::add,
    fine, holds, journeys, modern, open, outcome, plain, sign_in,
    support::{Flow, merge},
    take_cookie, user,
};

#[tokio::test]
async fn codes_that_prove_addresses_and_enrolments_are_no_fresh_factors() {
    let only = json!({"account": {"stepUp": {"actions": ["password_update"]}}});
    let (app, mut browser) = (app(stepping(only)).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    let started = cookie(&flow);
    app.clock.advance(LONG);
    add(&app, &mut flow, "second@x.de").await;
    assert!(is_silent(&flow.answer));
    let second = email_id(&flow, "second@x.de");
    flow.act("email_set_primary", json!({"email_id": second})).await;
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_method_chooser"), "a mailed code proved an address only");
    flow.act("back", json!({})).await;
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    assert!(is_silent(&flow.answer));
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_method_chooser"), "a passkey was only made");
    flow.act("back", json!({})).await;
    set_up_totp(&app, &mut flow).await;
    assert!(is_silent(&flow.answer));
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_otp"), "an app was only set up");
    assert_eq!(cookie(&flow), started);
    assert!(holds(&app, &started).await, "the session is the one of the sign-in");
    assert_eq!(claims(&app, &started).await["auth_time"], crate::support::START.seconds());
    app.end().await;
}

#[tokio::test]
async fn the_end_of_the_session_does_not_move() {
    let app = app(stepping(json!({"email": {"useForAuthentication": false}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let end = database::texts(&app, "SELECT CAST(ends_at AS TEXT) FROM sessions").await;
    for _ in 0..3 {
        app.clock.advance(LONG);
        update(&mut flow).await;
        flow.act("password_login", json!({"password": PASSWORD})).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{:#}", flow.document());
        assert_eq!(flow.answer.header("x-session-lifetime"), "3600");
        take_cookie(&mut flow);
        assert_eq!(database::texts(&app, "SELECT CAST(ends_at AS TEXT) FROM sessions").await, end);
    }
    app.end().await;
}

#[tokio::test]
async fn in_header_mode_the_new_token_comes_in_the_header() {
    let settings =
        stepping(json!({"session": {"enableAuthTokenHeader": true}, "email": {"useForAuthentication": false}}));
    let app = app(settings).await;
    let token = journeys::register(&app, "jane@x.de").await.answer.header("x-auth-token");
    app.clock.advance(LONG);
    let bearer = format!("Bearer {token}");
    let mut flow = Flow::begin_with(&app, "/profile", &[("Authorization", &bearer)]).await;
    flow.act("register_client_capabilities", plain()).await;
    update(&mut flow).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let new = flow.answer.header("x-auth-token");
    assert!(new != token && flow.answer.header("set-cookie").is_empty());
    let valid = async |token: &str| app.post("/sessions/validate", &json!({"session_token": token})).await.json();
    assert_eq!(valid(&token).await, json!({"is_valid": false}));
    assert_eq!(valid(&new).await["is_valid"], true);
    app.end().await;
}

#[tokio::test]
async fn only_the_actions_that_are_named_ask_and_only_when_it_is_on() {
    let settings = json!({"username": {"enabled": true}, "password": {"optional": true}});
    let mut asked: BTreeMap<bool, Vec<String>> = BTreeMap::new();
    for enabled in [false, true] {
        let mut settings = settings.clone();
        merge(&mut settings, json!({"account": {"stepUp": {"enabled": enabled, "actions": ["email_create"]}}}));
        let app = app(settings).await;
        let flow = at_home(&app, "jane@x.de").await;
        let session = cookie(&flow);
        app.clock.advance(LONG);
        for (action, inputs) in [
            ("email_create", json!({"email": "new@x.de"})),
            ("patch_metadata", json!({"patch_metadata": {"a": 1}})),
            ("username_create", json!({"username": "jane"})),
            ("webauthn_credential_create", json!({})),
            ("continue_to_otp_secret_creation", json!({})),
            ("password_update", json!({"password": PASSWORD})),
        ] {
            let mut flow = open(&app, &session, modern()).await;
            flow.act(action, inputs).await;
            assert_eq!(flow.answer.status, 200, "{action}: {:#}", flow.document());
            if flow.state().starts_with("login_") {
                asked.entry(enabled).or_default().push(action.to_owned());
            }
        }
        app.end().await;
    }
    assert_eq!(asked, BTreeMap::from([(true, vec!["email_create".to_owned()])]));
}

#[tokio::test]
async fn every_action_that_can_be_named_is_one_of_the_profile_and_asks() {
    let all = json!({
        "account": {"allowDeletion": true, "stepUp": {"actions": StepUpAction::ALL.map(StepUpAction::as_str)}},
        "username": {"enabled": true, "acquireOnLogin": false}, "password": {"optional": true},
    });
    let app = app(stepping(all)).await;
    let flow = at_home(&app, "jane@x.de").await;
    sign_in(&app, "jane@x.de").await;
    let session = cookie(&flow);
    for sql in [
        "INSERT INTO emails SELECT tenant_id, x'00000000000000000000000000000001', id, 'b@x.de', 'b@x.de', FALSE, created_at + 1, 0 FROM users",
        "INSERT INTO webauthn_credentials SELECT tenant_id, x'01', id, id, x'a5', 'acme.test', 'none', id, 0, TRUE, FALSE, FALSE, '[]', NULL, FALSE, 0, NULL FROM users",
    ] {
        database::execute(&app, sql).await;
    }
    app.clock.advance(LONG);
    let mut left: Vec<&str> = StepUpAction::ALL.iter().map(|action| action.as_str()).collect();
    for more in [
        "SELECT 1",
        "INSERT INTO usernames SELECT tenant_id, id, id, 'jane', 'jane', 0, 0 FROM users",
        "DELETE FROM passwords",
        "INSERT INTO otp_secrets SELECT tenant_id, id, id, 'x', NULL, 0, 0 FROM users",
        "INSERT INTO webauthn_credentials SELECT tenant_id, x'02', id, id, x'a5', 'acme.test', 'none', id, 0, TRUE, FALSE, FALSE, '[]', NULL, TRUE, 0, NULL FROM users",
    ] {
        database::execute(&app, more).await;
        let names = actions(&open(&app, &session, modern()).await);
        for name in names.iter().filter(|name| left.contains(&name.as_str())) {
            let mut flow = open(&app, &session, modern()).await;
            let before = user(&flow);
            flow.act(name, json!({})).await;
            let asks = ["login_method_chooser", "login_otp", "login_security_key"];
            assert!(asks.contains(&flow.state().as_str()), "{name}: {}", flow.state());
            assert_eq!(user(&open(&app, &session, modern()).await), before, "{name}");
        }
        left.retain(|name| !names.iter().any(|offered| offered == name));
    }
    assert_eq!(left, Vec::<&str>::new(), "these are no actions of the profile");
    app.end().await;
}

//! A fresh factor before sensitive actions (`account.stepUp`).

mod bounds;

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, at_home, audit, audit_since,
    browser::Browser,
    claims, cookie,
    credentials::{app, make, set_up_totp},
    database, events_since, fine, holds, input_error, journeys, modern, open, outcome, plain, refused,
    support::{Answer, Flow, TestApp, merge},
    take_cookie, user,
};

/// Longer ago than any factor may be.
const LONG: Duration = Duration::from_secs(301);

/// Step-up for everything that it is for by default, and these settings.
fn stepping(more: Value) -> Value {
    let mut settings = json!({"account": {"stepUp": {"enabled": true}}});
    merge(&mut settings, more);
    settings
}

/// Asks for a new password, which needs a fresh factor.
async fn update(flow: &mut Flow<'_>) {
    flow.act("password_update", json!({"password": "a new password"})).await;
}

/// What may be shown in the newest state.
fn offered(flow: &Flow<'_>) -> Vec<String> {
    actions(flow)
}

/// The profile came after a step-up: the session goes on under a new id and the old token is dead at once.
async fn raised(app: &TestApp, flow: &mut Flow<'_>, amr: &[&str], acr: &str) {
    assert_eq!(outcome(flow), fine("profile_init"), "{:#}", flow.document());
    let old = cookie(flow);
    let before = flow.document();
    take_cookie(flow);
    assert!(!holds(app, &old).await, "the old token is dead at once");
    let new = claims(app, &cookie(flow)).await;
    assert_eq!((&new["amr"], &new["acr"]), (&json!(amr), &json!(acr)));
    assert_eq!(new["auth_time"], app.clock.now().seconds());
    let current: Vec<&Value> =
        before["payload"]["sessions"].as_array().unwrap().iter().filter(|s| s["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["id"]), (1, &new["session_id"]), "the list shows the new id");
}

/// The newest answer sets no session.
fn is_silent(answer: &Answer) -> bool {
    answer.header("set-cookie").is_empty() && answer.header("x-auth-token").is_empty()
}

#[tokio::test]
async fn a_password_is_asked_of_whoever_has_nothing_else() {
    let app = app(stepping(json!({"email": {"useForAuthentication": false}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "the sign-in was just now");
    app.mailbox.take("jane@x.de").await;
    app.clock.advance(Duration::from_secs(300));
    flow.act("password_update", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "exactly as old as it may be");
    app.mailbox.take("jane@x.de").await;
    app.clock.advance(Duration::from_secs(1));
    let session = flow.document()["payload"]["sessions"][0].clone();
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_password"));
    assert!(is_silent(&flow.answer));
    assert_eq!(offered(&flow), ["back", "password_login"], "no recovery for somebody signed in");
    flow.act("password_login", json!({"password": "wrong"})).await;
    assert_eq!(outcome(&flow), refused(400, "login_password", "form_data_invalid_error"));
    assert!(is_silent(&flow.answer) && holds(&app, &cookie(&flow)).await);
    assert_eq!(events_since(&app, known).await, [], "a wrong factor changes nothing");
    flow.act("password_login", json!({"password": PASSWORD})).await;
    raised(&app, &mut flow, &["otp", "pwd"], "aal1").await;

    let events = events_since(&app, known).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["session.delete.explicit.revoke", "session.create.flow"]);
    assert_eq!(events[0].1["id"], session["id"]);
    assert_eq!(events[1].1["created_at"], session["created_at"], "the same sign-in");
    let stepped: Vec<(String, Value)> =
        audit_since(&app, rows).await.into_iter().filter(|(kind, _)| kind != "login_failure").collect();
    assert_eq!(stepped.len(), 1, "{stepped:?}");
    assert_eq!((stepped[0].0.as_str(), &stepped[0].1["method"]), ("session_stepped_up", &json!("pwd")));

    // What was asked for is not done by itself; now it can be.
    assert_eq!(journeys::sign_in_with_password(&app, "jane@x.de", plain()).await.state(), "success");
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(journeys::sign_in_with_password(&app, "jane@x.de", plain()).await.state(), "login_password");
    app.end().await;
}

#[tokio::test]
async fn a_code_is_asked_of_whoever_has_only_an_address() {
    let app = app(stepping(json!({"password": {"optional": true}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("password_delete", json!({})).await;
    app.clock.advance(LONG);
    flow.act("password_create", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    let code = app.mailbox.take("jane@x.de").await.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    flow.act("verify_passcode", json!({"code": wrong})).await;
    assert_eq!(outcome(&flow), refused(400, "passcode_confirmation", "form_data_invalid_error"));
    assert!(is_silent(&flow.answer));
    flow.act("verify_passcode", json!({"code": code})).await;
    raised(&app, &mut flow, &["otp", "pwd"], "aal1").await;
    flow.act("password_create", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.end().await;
}

#[tokio::test]
async fn a_passkey_is_asked_of_whoever_has_nothing_else() {
    let settings = stepping(json!({"password": {"optional": true}, "email": {"useForAuthentication": false}}));
    let (app, mut browser) = (app(settings).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    flow.act("password_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.clock.advance(LONG);
    let own = user(&flow)["passkeys"][0]["id"].clone();
    let document = flow.act("password_create", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("login_passkey"));
    assert_eq!(offered(&flow), ["back", "webauthn_verify_assertion_response"]);
    let allowed = &document["payload"]["request_options"]["publicKey"]["allowCredentials"];
    assert_eq!((allowed.as_array().unwrap().len(), &allowed[0]["id"]), (1, &own));
    let assertion = browser.get(&document).await;
    // FC-02: what the authenticator says of its backup may change.
    database::execute(&app, "UPDATE webauthn_credentials SET backup_eligible = 1 - backup_eligible").await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    raised(&app, &mut flow, &["otp", "pwd", "passkey"], "aal2").await;
    assert!(audit::types(&app).await.contains(&"passkey_backup_changed".to_owned()));
    flow.act("password_create", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.end().await;
}

#[tokio::test]
async fn somebody_with_several_ways_chooses_and_going_back_changes_nothing() {
    let (app, mut browser) = (app(stepping(json!({}))).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    app.mailbox.take("jane@x.de").await;
    app.clock.advance(LONG);
    let before = user(&flow);
    for action in
        ["continue_to_password_login", "continue_to_passcode_confirmation", "webauthn_generate_request_options"]
    {
        update(&mut flow).await;
        assert_eq!(outcome(&flow), fine("login_method_chooser"));
        assert_eq!(
            offered(&flow),
            [
                "back",
                "continue_to_passcode_confirmation",
                "continue_to_password_login",
                "webauthn_generate_request_options"
            ]
        );
        flow.act(action, json!({})).await;
        assert_eq!(flow.answer.status, 200, "{action}");
        flow.act("back", json!({})).await;
        assert_eq!(outcome(&flow), fine("login_method_chooser"));
        flow.act("back", json!({})).await;
        assert_eq!(outcome(&flow), fine("profile_init"));
        assert!(is_silent(&flow.answer) && holds(&app, &cookie(&flow)).await);
        assert_eq!(user(&flow), before);
    }
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_method_chooser"), "still nothing was shown");
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = browser.get(&document).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    raised(&app, &mut flow, &["otp", "pwd", "passkey"], "aal2").await;

    // A client without WebAuthn is offered the others.
    app.clock.advance(LONG);
    let mut flow = open(&app, &cookie(&flow), plain()).await;
    update(&mut flow).await;
    assert_eq!(offered(&flow), ["back", "continue_to_passcode_confirmation", "continue_to_password_login"]);
    app.end().await;
}

#[tokio::test]
async fn another_accounts_passkey_does_not_count() {
    let (app, mut own, mut theirs) = (app(stepping(json!({}))).await, Browser::default(), Browser::default());
    let mut stranger = at_home(&app, "john@x.de").await;
    make(&mut stranger, &mut theirs, "webauthn_credential_create").await;
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut own, "webauthn_credential_create").await;
    app.clock.advance(LONG);
    update(&mut flow).await;
    let mut document = flow.act("webauthn_generate_request_options", json!({})).await;
    document["payload"]["request_options"]["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
    let known = database::events(&app).await.len();
    let assertion = theirs.get(&document).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(
        (flow.answer.status.as_u16(), flow.document()["error"]["code"].clone()),
        (401, json!("passkey_invalid"))
    );
    assert!(is_silent(&flow.answer));
    assert_eq!(events_since(&app, known).await, []);
    let mut flow = open(&app, &cookie(&flow), modern()).await;
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_method_chooser"));
    app.end().await;
}

#[tokio::test]
async fn a_second_factor_is_asked_of_whoever_has_one() {
    // (app, key, what is asked for, the `amr` afterwards)
    for (totp, key, state) in
        [(true, false, "login_otp"), (false, true, "login_security_key"), (true, true, "login_security_key")]
    {
        let (app, mut browser) = (app(stepping(json!({}))).await, Browser::without_verification());
        let mut flow = at_home(&app, "jane@x.de").await;
        // The second is made after the first was shown, else it would be asked for now.
        let mut secret = String::new();
        if key {
            make(&mut flow, &mut browser, "security_key_create").await;
        }
        if totp {
            if key {
                show_key(&app, &mut flow, &mut browser, "continue_to_otp_secret_creation").await;
            }
            secret = set_up_totp(&app, &mut flow).await;
        }
        // Enrolled just now in a session that never showed it: it is asked for, however fresh the sign-in is.
        if !(key && totp) {
            update(&mut flow).await;
            assert_eq!(outcome(&flow), fine(state), "an enrolment is no fresh factor");
            flow = open(&app, &cookie(&flow), modern()).await;
        }
        app.clock.advance(LONG);
        update(&mut flow).await;
        assert_eq!(outcome(&flow), fine(state), "{totp} {key}");
        if state == "login_otp" {
            flow.act("otp_code_validate", json!({"otp_code": "000"})).await;
            assert_eq!(input_error(&flow, "otp_code_validate", "otp_code"), "otp_code_invalid");
            flow.act("otp_code_validate", json!({"otp_code": journeys::code(&app, &secret, 0)})).await;
            raised(&app, &mut flow, &["otp", "pwd", "totp"], "aal2").await;
        } else {
            assert_eq!(offered(&flow).contains(&"continue_to_login_otp".to_owned()), totp);
            let document = flow.act("webauthn_generate_request_options", json!({})).await;
            let assertion = browser.get(&document).await;
            flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
            raised(&app, &mut flow, &["otp", "pwd", "security_key"], "aal2").await;
        }
        update(&mut flow).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "two factors and one of them just now");
        app.end().await;
    }
}

/// Shows the security key where an action asks for it.
async fn show_key(app: &TestApp, flow: &mut Flow<'_>, browser: &mut Browser, action: &str) {
    flow.act(action, json!({})).await;
    assert_eq!(outcome(flow), fine("login_security_key"));
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = browser.get(&document).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    raised(app, flow, &["otp", "pwd", "security_key"], "aal2").await;
}

#[tokio::test]
async fn a_trusted_device_is_no_second_factor_here() {
    let app = app(stepping(json!({}))).await;
    let secret = journeys::register_with_totp(&app, "jane@x.de").await;
    let mut login = journeys::sign_in_with_password(&app, "jane@x.de", plain()).await;
    login.act("otp_code_validate", json!({"otp_code": journeys::code(&app, &secret, 0)})).await;
    login.act("trust_device", json!({})).await;
    assert_eq!(login.state(), "success", "{:#}", login.document());
    let device = login.answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let device = device.filter(|cookie| !cookie.starts_with("hanko=")).collect::<String>();
    let device = device.split(';').next().unwrap().to_owned();
    let mut login = Flow::begin_with(&app, "/login", &[("Cookie", &device)]).await;
    for (action, inputs) in [
        ("register_client_capabilities", plain()),
        ("continue_with_login_identifier", json!({"email": "jane@x.de"})),
        ("continue_to_password_login", json!({})),
        ("password_login", json!({"password": PASSWORD})),
    ] {
        login.act(action, inputs).await;
    }
    assert_eq!(login.state(), "success", "the device is spared the code");
    let session = login.answer.cookie();
    assert_eq!(claims(&app, &session).await["acr"], "aal1");
    let mut flow = open(&app, &format!("{session}; {device}"), plain()).await;
    update(&mut flow).await;
    assert_eq!(outcome(&flow), fine("login_otp"), "fresh, but of one factor");
    app.clock.advance(Duration::from_secs(60));
    flow.act("otp_code_validate", json!({"otp_code": journeys::code(&app, &secret, 0)})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let new = claims(&app, &flow.answer.cookie()).await;
    assert_eq!((&new["amr"], &new["acr"]), (&json!(["pwd", "totp"]), &json!("aal2")));
    app.end().await;
}

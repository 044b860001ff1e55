//! An address that an account has added and never proven belongs to whoever proves it (`spec/decisions.md` 2).

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, at_home, audit, audit_since, cookie, database, email_id,
    emails::add,
    events_since, fine, holds,
    journeys::{begin, identify},
    modern, open, outcome, plain,
    support::{Flow, TestApp},
    unlimited, user,
};

/// An account with a proven address that has added this one without proving it.
async fn claimant<'a>(app: &'a TestApp, claimed: &str) -> Flow<'a> {
    let mut flow = at_home(app, "jane@x.de").await;
    let own = email_id(&flow, "jane@x.de");
    flow.act("email_verify", json!({"email_id": own})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("email_create", json!({"email": claimed})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "{:#}", flow.document());
    app.mailbox.take("jane@x.de").await;
    flow
}

async fn app() -> TestApp {
    TestApp::with(unlimited(json!({"email": {"requireVerification": false}}))).await
}

fn without(mut document: Value) -> Value {
    for name in ["csrf_token", "actions"] {
        document[name] = Value::Null;
    }
    document
}

#[tokio::test]
async fn whoever_proves_a_claimed_address_gets_an_account_of_their_own() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    // As a project that asks for no codes has left it.
    database::execute(&app, "INSERT INTO emails SELECT tenant_id, x'00000000000000000000000000000009', id, 'victim@x.de', 'victim@x.de', FALSE, created_at + 1, created_at FROM users").await;
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    let before = user(&flow);
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());

    let mut stranger = begin(&app, "/registration", plain()).await;
    stranger.act("register_login_identifier", json!({"email": "victim@x.de"})).await;
    assert_eq!(stranger.state(), "passcode_confirmation");
    let code = app.mailbox.take("victim@x.de").await.code();
    stranger.act("verify_passcode", json!({"code": code})).await;
    stranger.act("register_password", json!({"new_password": "a password of one's own"})).await;
    stranger.act("skip", json!({})).await;
    assert_eq!(stranger.state(), "success", "{:#}", stranger.document());
    let theirs = stranger.document()["payload"]["user"].clone();
    assert_ne!(theirs["id"], before["id"]);
    assert_eq!(theirs["emails"][0]["address"], "victim@x.de");
    assert_eq!((&theirs["emails"][0]["is_verified"], &theirs["emails"][0]["is_primary"]), (&json!(true), &json!(true)));

    let told = app.mailbox.take("jane@x.de").await;
    assert!(told.text.contains("victim@x.de"), "{}", told.text);
    let flow = open(&app, &cookie(&flow), modern()).await;
    let mut expected = before;
    expected["emails"].as_array_mut().unwrap().pop();
    let mut now = user(&flow);
    for user in [&mut expected, &mut now] {
        user["updated_at"] = Value::Null;
    }
    assert_eq!(now, expected, "nothing else has changed");
    assert!(holds(&app, &cookie(&flow)).await);
    let kinds: Vec<String> = audit_since(&app, rows).await.into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"email_deleted".to_owned()), "{kinds:?}");
    assert!(!kinds.contains(&"credentials_purged".to_owned()), "{kinds:?}");
    let events = events_since(&app, known).await;
    let lost = events.iter().find(|(name, _)| name == "user.update.email.delete").unwrap();
    assert_eq!((&lost.1["id"], lost.1["emails"].as_array().unwrap().len()), (&expected["id"], 1));
    let login = crate::journeys::sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(login.document()["payload"]["user"]["id"], expected["id"]);
    app.end().await;
}

#[tokio::test]
async fn a_claimed_address_signs_nobody_in_and_looks_unknown() {
    let app = app().await;
    claimant(&app, "victim@x.de").await;
    let (claimed, unknown) = (identify(&app, "victim@x.de").await, identify(&app, "nobody@x.de").await);
    assert_eq!(actions(&claimed), actions(&unknown));
    assert_eq!(without(claimed.document()), without(unknown.document()));
    for mut flow in [claimed, unknown] {
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({"password": PASSWORD})).await;
        assert_eq!(outcome(&flow), crate::refused(400, "login_password", "form_data_invalid_error"));
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        assert_eq!(flow.state(), "passcode_confirmation");
    }
    for address in ["victim@x.de", "nobody@x.de"] {
        let mail = app.mailbox.take(address).await;
        assert!(crate::is_codeless(&mail), "{}", mail.text);
    }
    for address in ["victim@x.de", "nobody@x.de"] {
        let mut flow = identify(&app, address).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        assert_eq!(flow.state(), "passcode_confirmation");
        assert!(crate::is_codeless(&app.mailbox.take(address).await));
    }
    app.end().await;
}

#[tokio::test]
async fn a_claimed_address_is_taken_by_the_account_that_proves_it() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let claimant = at_home(&app, "jane@x.de").await;
    database::execute(&app, "INSERT INTO emails SELECT tenant_id, x'00000000000000000000000000000009', id, 'shared@x.de', 'shared@x.de', FALSE, created_at + 1, created_at FROM users").await;
    let mut owner = at_home(&app, "john@x.de").await;
    add(&app, &mut owner, "shared@x.de").await;
    assert_eq!(user(&owner)["emails"].as_array().unwrap().len(), 2);
    let claimant = open(&app, &cookie(&claimant), modern()).await;
    assert_eq!(user(&claimant)["emails"].as_array().unwrap().len(), 1);
    assert!(app.mailbox.take("jane@x.de").await.text.contains("shared@x.de"));
    app.mailbox.take("john@x.de").await;
    app.end().await;
}

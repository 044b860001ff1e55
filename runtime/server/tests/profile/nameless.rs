//! Somebody without any address can do everything too; nobody is told by mail (§15 Q4, §16 item 30).

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, at_home,
    browser::Browser,
    cookie,
    credentials::{app, make, set_up_totp},
    database, fine, journeys, modern, open, outcome, plain, refused,
    support::TestApp,
    user,
};

#[tokio::test]
async fn item_30_everything_works_without_an_address_and_without_a_mail() {
    let settings = json!({
        "username": {"enabled": true, "optional": false}, "email": {"optional": true, "acquireOnRegistration": false},
        "password": {"optional": true}, "account": {"allowDeletion": true},
    });
    let (app, mut browser) = (app(settings).await, Browser::default());
    let mut flow = journeys::begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"username": "jane"})).await;
    while flow.state() != "success" {
        let document = flow.document();
        if document["name"] == "onboarding_verify_passkey_attestation" {
            let created = browser.create(&document).await;
            flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
        } else if document["actions"].get("webauthn_generate_creation_options").is_some() {
            flow.act("webauthn_generate_creation_options", json!({})).await;
        } else if document["actions"].get("continue_to_passkey_registration").is_some() {
            flow.act("continue_to_passkey_registration", json!({})).await;
        } else if document["actions"].get("register_password").is_some() {
            flow.act("register_password", json!({"new_password": PASSWORD})).await;
        } else {
            flow.act("skip", json!({})).await;
        }
        assert_eq!(flow.answer.status, 200, "{:#}", flow.document());
    }
    let mut flow = open(&app, &flow.answer.cookie(), modern()).await;
    assert_eq!(user(&flow).get("emails"), None);
    let password =
        if actions(&flow).contains(&"password_update".to_owned()) { "password_update" } else { "password_create" };
    let mut steps: Vec<(&str, Value)> = vec![
        (password, json!({"password": "another password"})),
        ("password_update", json!({"password": PASSWORD})),
        ("patch_metadata", json!({"patch_metadata": {"a": 1}})),
        ("username_update", json!({"username": "janet"})),
    ];
    let second = database::execute(&app, "INSERT INTO sessions SELECT tenant_id, x'000000000000000000000000000000ff', user_id, NULL, NULL, created_at, last_used, expires_at, ends_at FROM sessions").await;
    assert_eq!(second, 1);
    flow = open(&app, &cookie(&flow), modern()).await;
    steps.push(("session_delete", json!({"session_id": "00000000-0000-0000-0000-0000000000ff"})));
    for (action, inputs) in steps {
        flow.act(action, inputs).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{action}: {:#}", flow.document());
    }
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    set_up_totp(&app, &mut flow).await;
    if user(&flow).get("passkeys").is_none() {
        make(&mut flow, &mut browser, "webauthn_credential_create").await;
    }
    let shown = user(&flow);
    assert_eq!(shown["mfa_config"]["auth_app_set_up"], true);
    let id = |list: &str| shown[list][0]["id"].clone();
    for (action, inputs) in [
        ("webauthn_credential_rename", json!({"passkey_id": id("passkeys"), "passkey_name": "mine"})),
        ("security_key_delete", json!({"security_key_id": id("security_keys")})),
        ("otp_secret_delete", json!({})),
        ("webauthn_credential_delete", json!({"passkey_id": id("passkeys")})),
    ] {
        flow.act(action, inputs).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{action}: {:#}", flow.document());
    }
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    flow.act("password_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    flow.act("email_delete", json!({"email_id": "3b241101-e2bb-4255-8caf-4136c566a962"})).await;
    assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"));
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "nobody is told");
    let told = database::texts(&app, "SELECT type FROM audit_logs WHERE type = 'security_notification_sent'").await;
    assert_eq!(told, Vec::<String>::new());

    // §7.3: the first address is the main one, and nobody else is told of it.
    crate::emails::add(&app, &mut flow, "jane@x.de").await;
    assert_eq!(user(&flow)["emails"][0]["is_primary"], true);
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    flow.act("account_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("account_deleted"));
    app.end().await;
}

#[tokio::test]
async fn addresses_of_which_none_is_the_main_one_do_no_harm() {
    let app = TestApp::with(crate::unlimited(json!({"email": {"requireVerification": false}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    database::execute(&app, "UPDATE users SET primary_email_id = NULL").await;
    flow.act("password_update", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let id = user(&flow)["emails"][0]["id"].clone();
    flow.act("email_set_primary", json!({"email_id": id})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(user(&flow)["emails"][0]["is_primary"], true);
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "there was no previous main address to tell");
    app.end().await;
}

#[tokio::test]
async fn what_needs_a_name_is_refused_to_whoever_has_none() {
    let app = app(json!({})).await;
    let cookie = cookie(&at_home(&app, "jane@x.de").await);
    for sql in ["UPDATE users SET primary_email_id = NULL", "DELETE FROM emails"] {
        database::execute(&app, sql).await;
    }
    for action in ["continue_to_otp_secret_creation", "webauthn_credential_create", "security_key_create"] {
        let mut flow = open(&app, &cookie, modern()).await;
        flow.act(action, json!({})).await;
        assert_eq!(outcome(&flow), refused(403, "profile_init", "operation_not_permitted_error"), "{action}");
    }
    let flow = open(&app, &cookie, plain()).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.end().await;
}

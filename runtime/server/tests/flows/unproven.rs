//! `spec/decisions.md` 2: who proves an address gets an account that nobody else has a key to.

use serde_json::json;

use crate::{
    PASSWORD, actions, audit,
    browser::{self, Browser},
    database, identify, modern, plain, register,
    support::TestApp,
    totp::{self, register_with_totp, sign_in_with_password},
};

#[tokio::test]
async fn proving_an_unproven_address_removes_what_strangers_attached_to_it() {
    let app = TestApp::with(json!({"settings": {"email": {"requireVerification": false}}})).await;
    let squatter = register(&app, "victim@x.de").await;
    let cookie = squatter.answer.cookie();
    assert_eq!(app.get_with("/me", &[("cookie", &cookie)]).await.status, 200);

    let mut owner = identify(&app, "victim@x.de").await;
    owner.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("victim@x.de").await.code();
    let document = owner.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"]["emails"][0]["is_verified"], true);

    assert_eq!(app.get_with("/me", &[("cookie", &cookie)]).await.status, 401, "the squatter's session is gone");
    assert_eq!(app.get_with("/me", &[("cookie", &owner.answer.cookie())]).await.status, 200);
    let mut flow = identify(&app, "victim@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["status"], 400, "the squatter's password is gone");
    let purge = audit::rows(&app).await.into_iter().find(|row| row.0 == "credentials_purged").unwrap();
    let told = app.mailbox.take("victim@x.de").await.text;
    assert!(
        told.contains("every password, passkey and session from that time was removed"),
        "the owner is told: {told}"
    );
    assert!(purge.2.contains("\"password\":true") && purge.2.contains("\"sessions\":1"), "{}", purge.2);
    app.end().await;
}

#[tokio::test]
async fn proving_a_proven_address_again_removes_nothing() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert!(!audit::types(&app).await.contains(&"credentials_purged".to_owned()));
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn the_second_factor_and_the_devices_of_a_stranger_go_too() {
    let settings = json!({"email": {"requireVerification": false}, "rateLimiter": {"enabled": false}});
    for recovers in [false, true] {
        let app = TestApp::with(json!({"settings": settings})).await;
        let secret = register_with_totp(&app, "victim@x.de").await;
        let mut squatter = sign_in_with_password(&app, "victim@x.de", plain()).await;
        squatter.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
        squatter.act("trust_device", json!({})).await;
        assert_eq!(squatter.state(), "success");

        let mut owner = identify(&app, "victim@x.de").await;
        if recovers {
            owner.act("continue_to_password_login", json!({})).await;
            owner.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        } else {
            owner.act("continue_to_passcode_confirmation", json!({})).await;
        }
        let code = app.mailbox.take("victim@x.de").await.code();
        let document = owner.act("verify_passcode", json!({"code": code})).await;
        if recovers {
            assert_eq!(document["name"], "login_password_recovery", "nobody asks for the stranger's app: {document:#}");
            owner.act("password_recovery", json!({"new_password": "the owner's own"})).await;
        }
        let document = owner.document();
        assert_eq!(document["name"], "success", "{document:#}");
        assert_eq!(document["payload"]["user"]["mfa_config"]["auth_app_set_up"], false);
        for table in ["SELECT COUNT(*) FROM otp_secrets", "SELECT COUNT(*) FROM trusted_devices"] {
            assert_eq!(audit::count(&app, table).await, 0);
        }
        assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM sessions").await, 1, "the owner's");
        let purge = audit::rows(&app).await.into_iter().find(|row| row.0 == "credentials_purged").unwrap();
        assert!(purge.2.contains("\"otp_secret\":true") && purge.2.contains("\"trusted_devices\":1"), "{}", purge.2);
        app.mailbox.take("victim@x.de").await;
        app.end().await;
    }
}

#[tokio::test]
async fn a_stranger_who_signs_in_meanwhile_gets_no_session_from_what_was_removed() {
    let settings = json!({"email": {"requireVerification": false}, "rateLimiter": {"enabled": false}});
    let app = TestApp::with(json!({"settings": settings})).await;
    let secret = register_with_totp(&app, "victim@x.de").await;
    // The stranger has shown the password and waits.
    let mut squatter = sign_in_with_password(&app, "victim@x.de", plain()).await;
    assert_eq!(actions(&squatter), ["otp_code_validate"]);
    let mut waiting = sign_in_with_password(&app, "victim@x.de", plain()).await;
    waiting.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!(waiting.state(), "device_trust");

    let mut owner = identify(&app, "victim@x.de").await;
    owner.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("victim@x.de").await.code();
    assert_eq!(owner.act("verify_passcode", json!({"code": code})).await["name"], "success");

    squatter.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 1)})).await;
    assert_eq!(squatter.answer.status, 403);
    waiting.act("skip", json!({})).await;
    assert_eq!(waiting.answer.status, 403);
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM sessions").await, 1, "the owner's");
    app.mailbox.take("victim@x.de").await;
    app.end().await;
}

#[tokio::test]
async fn a_stranger_who_waits_in_a_flow_adds_nothing_to_the_account_its_owner_has_taken_back() {
    let own = json!({"acquireOnRegistration": false, "acquireOnLogin": true});
    let settings = json!({
        "email": {"requireVerification": false}, "rateLimiter": {"enabled": false}, "mfa": own,
        "username": {"enabled": true, "acquireOnRegistration": false},
    });
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    register(&app, "victim@x.de").await;
    let [mut chooser, mut username, mut passkey] =
        [sign_in_as_squatter(&app).await, sign_in_as_squatter(&app).await, sign_in_as_squatter(&app).await];
    for flow in [&mut username, &mut passkey] {
        flow.act("skip", json!({})).await;
        assert_eq!(flow.state(), "onboarding_username");
    }
    passkey.act("skip", json!({})).await;
    let options = passkey.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&options).await;

    let mut owner = crate::begin(&app, "/login", plain()).await;
    owner.act("continue_with_login_identifier", json!({"identifier": "victim@x.de"})).await;
    owner.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("victim@x.de").await.code();
    owner.act("verify_passcode", json!({"code": code})).await;
    app.mailbox.take("victim@x.de").await;

    chooser.act("continue_to_otp_secret_creation", json!({})).await;
    username.act("username_create", json!({"username": "squatter"})).await;
    passkey.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    for flow in [chooser, username, passkey] {
        assert_eq!((flow.state().as_str(), flow.answer.status.as_u16()), ("error", 403));
    }
    for table in ["SELECT COUNT(*) FROM usernames", "SELECT COUNT(*) FROM webauthn_credentials"] {
        assert_eq!(audit::count(&app, table).await, 0, "{table}");
    }
    app.end().await;
}

async fn sign_in_as_squatter(app: &TestApp) -> crate::support::Flow<'_> {
    let mut flow = crate::begin(app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": "victim@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "mfa_method_chooser");
    flow
}

#[tokio::test]
async fn a_login_ends_with_the_credential_it_was_begun_with() {
    let app = TestApp::with(json!({"settings": {"rateLimiter": {"enabled": false}}})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let waits = async |steps: i64| {
        let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
        flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, steps)})).await;
        assert_eq!(flow.state(), "device_trust", "{:#}", flow.document());
        app.clock.advance(std::time::Duration::from_secs(90));
        flow
    };
    let mut replaced = waits(0).await;
    let mut owner = identify(&app, "jane@x.de").await;
    owner.act("continue_to_password_login", json!({})).await;
    owner.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    owner.act("verify_passcode", json!({"code": code})).await;
    owner.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    owner.act("password_recovery", json!({"new_password": PASSWORD})).await;
    assert_eq!(owner.act("trust_device", json!({})).await["name"], "success");
    replaced.act("trust_device", json!({})).await;
    assert_eq!(replaced.answer.status, 403, "the password was replaced");

    app.clock.advance(std::time::Duration::from_secs(90));
    let mut removed = waits(0).await;
    database::execute(&app, "DELETE FROM otp_secrets").await;
    removed.act("trust_device", json!({})).await;
    assert_eq!(removed.answer.status, 403, "the app was removed");

    let mut deleted = identify(&app, "jane@x.de").await;
    deleted.act("continue_to_password_login", json!({})).await;
    database::execute(&app, "DELETE FROM users").await;
    deleted.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(deleted.answer.status, 400, "like any unknown account");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strangers_who_hurry_get_no_session_beside_the_owner_who_takes_the_account_back() {
    let mfa = json!({"acquireOnRegistration": false, "acquireOnLogin": true});
    let settings = json!({"email": {"requireVerification": false}, "rateLimiter": {"enabled": false}, "mfa": mfa});
    let app = TestApp::with(json!({"settings": settings})).await;
    register(&app, "victim@x.de").await;
    let mut requests = Vec::new();
    for _ in 0..24 {
        let document = sign_in_with_password(&app, "victim@x.de", plain()).await.document();
        let href = app.url(document["actions"]["skip"]["href"].as_str().unwrap());
        requests.push(app.http.post(href).json(&json!({"csrf_token": document["csrf_token"]})));
    }
    let mut owner = identify(&app, "victim@x.de").await;
    owner.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("victim@x.de").await.code();
    // A clock that stands still cannot tell before from after.
    app.clock.advance(std::time::Duration::from_secs(1));
    let last = requests.split_off(12);
    let spawn = |request| tokio::spawn(crate::support::send(request));
    let mut hurrying: Vec<_> = requests.into_iter().map(spawn).collect();
    owner.act("verify_passcode", json!({"code": code})).await;
    hurrying.extend(last.into_iter().map(spawn));
    for request in hurrying {
        let status = request.await.unwrap().status.as_u16();
        assert!([200, 403, 503].contains(&status), "{status}");
    }
    assert_eq!(owner.state(), "mfa_method_chooser", "{:#}", owner.document());
    assert_eq!(owner.act("skip", json!({})).await["name"], "success");
    assert_eq!(
        audit::count(&app, "SELECT COUNT(*) FROM sessions").await,
        1,
        "whoever was faster was ended, and nobody was slower"
    );
    app.mailbox.take("victim@x.de").await;
    app.end().await;
}

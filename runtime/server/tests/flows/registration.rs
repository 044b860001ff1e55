//! The registration flow.

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin, input_error, plain, register,
    support::{Flow, TestApp},
};

#[tokio::test]
async fn an_address_a_code_and_a_password_make_an_account_with_a_session() {
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/registration", plain()).await;
    let init = flow.document();
    assert_eq!(
        init["actions"]["register_login_identifier"]["inputs"],
        json!({"email": {"name": "email", "type": "email", "max_length": 120, "required": true}})
    );
    assert_eq!(
        flow.act("register_login_identifier", json!({"email": " New@Example.com "})).await["name"],
        "passcode_confirmation"
    );
    assert_eq!(actions(&flow), ["back", "resend_passcode", "verify_passcode"]);
    let code = app.mailbox.take("New@example.com").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(flow.state(), "password_creation");
    assert_eq!(actions(&flow), ["register_password"], "nothing to skip, no way back over a proof");

    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "mfa_method_chooser");
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation", "skip"], "no security keys without WebAuthn");
    let document = flow.act("skip", json!({})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("success"), &json!(200)));
    let (user, claims) = (&document["payload"]["user"], &document["payload"]["claims"]);
    assert_eq!(user["id"], user["user_id"]);
    assert_eq!(
        user["mfa_config"],
        json!({"auth_app_set_up": false, "totp_enabled": true, "security_keys_enabled": true})
    );
    assert_eq!(
        user["emails"],
        json!([{"id": user["emails"][0]["id"], "address": "New@example.com", "is_verified": true, "is_primary": true}])
    );
    assert_eq!(claims["subject"], user["id"]);
    assert_eq!(claims["amr"], json!(["otp", "pwd"]));
    assert_eq!(claims["audience"], json!(["acme.localhost"]));
    assert_eq!(claims["email"], json!({"address": "New@example.com", "is_primary": true, "is_verified": true}));
    assert_eq!(claims["issued_at"], "2026-01-01T00:00:00Z");
    assert_eq!(claims["expiration"], "2026-01-01T01:00:00Z");
    assert_eq!(document["payload"].get("last_login"), None);

    assert_eq!(flow.answer.header("x-session-lifetime"), "3600");
    assert_eq!(flow.answer.header("x-session-retention"), "persistent");
    let cookie = flow.answer.header("set-cookie");
    assert!(
        cookie.starts_with("hanko=ey") && cookie.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    let me = app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await.json();
    assert_eq!(&me, user, "what the flow showed is what is stored");
    assert_eq!(audit::types(&app).await, ["user_created"]);
    app.end().await;
}

#[tokio::test]
async fn a_code_for_the_address_before_is_refused_for_the_next_one() {
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "one@x.de"})).await;
    let code = app.mailbox.take("one@x.de").await.code();
    flow.act("back", json!({})).await;
    flow.act("register_login_identifier", json!({"email": "two@x.de"})).await;
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    let code = app.mailbox.take("two@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "password_creation");
    app.end().await;
}

#[tokio::test]
async fn going_back_and_forth_with_one_address_sends_one_mail_and_its_code_works() {
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "one@x.de"})).await;
    let code = app.mailbox.take("one@x.de").await.code();
    flow.act("back", json!({})).await;
    flow.act("register_login_identifier", json!({"email": "one@x.de"})).await;
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "password_creation");
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    flow.act("skip", json!({})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn a_password_is_checked_where_it_is_set() {
    let app = TestApp::with(json!({"settings": {"email": {"requireVerification": false}}})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    for (password, code) in [
        (json!(""), "value_missing_error"),
        (json!(null), "value_missing_error"),
        (json!("short"), "value_too_short_error"),
        // Seven characters in 14 bytes.
        (json!("äöüßÄÖÜ"), "value_too_short_error"),
        (json!("x".repeat(73)), "value_too_long_error"),
    ] {
        let document = flow.act("register_password", json!({"new_password": password})).await;
        assert_eq!(document["status"], 400);
        assert_eq!(input_error(&flow, "register_password", "new_password"), code, "{password}");
    }
    assert_eq!(
        flow.act("register_password", json!({"new_password": "x".repeat(72)})).await["name"],
        "mfa_method_chooser"
    );
    app.end().await;
}

#[tokio::test]
async fn an_account_comes_into_being_once_even_when_two_register_it() {
    let spec = json!({"settings": {"email": {"requireVerification": false}, "mfa": {"enabled": false}}});
    let app = TestApp::with(spec).await;
    let mut flows = [begin(&app, "/registration", plain()).await, begin(&app, "/registration", plain()).await];
    for flow in &mut flows {
        flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    }
    let [first, second] = &mut flows;
    assert_eq!(first.act("register_password", json!({"new_password": PASSWORD})).await["name"], "success");
    let late = second.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!((&late["status"], &late["error"]["code"]), (&json!(500), &json!("technical_error")));
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(audit::types(&app).await, ["user_created"], "the loser left nothing behind");
    app.end().await;
}

#[tokio::test]
async fn signing_up_can_be_closed() {
    let app = TestApp::with(json!({"settings": {"account": {"allowSignup": false}}})).await;
    let flow = begin(&app, "/registration", plain()).await;
    assert_eq!(flow.document()["actions"], json!({}));
    app.end().await;
}

#[tokio::test]
async fn what_is_asked_for_follows_the_settings() {
    let with = |password: Value, passkey: Value| json!({"settings": {"email": {"requireVerification": false}, "password": password, "passkey": passkey}});
    for (spec, capabilities, first, offered) in [
        (with(json!({}), json!({})), true, "password_creation", vec!["back", "register_password"]),
        (
            with(json!({"optional": true}), json!({})),
            true,
            "onboarding_create_passkey",
            vec!["back", "skip", "webauthn_generate_creation_options"],
        ),
        (
            with(json!({"optional": true}), json!({"optional": false})),
            true,
            "onboarding_create_passkey",
            vec!["back", "webauthn_generate_creation_options"],
        ),
        (
            with(json!({"acquireOnRegistration": "conditional"}), json!({"acquireOnRegistration": "conditional"})),
            true,
            "credential_onboarding_chooser",
            vec!["back", "continue_to_passkey_registration", "continue_to_password_registration", "skip"],
        ),
        (
            with(json!({"acquireOnRegistration": "never"}), json!({"acquireOnRegistration": "always"})),
            true,
            "onboarding_create_passkey",
            vec!["back", "skip", "webauthn_generate_creation_options"],
        ),
        (
            with(json!({"acquireOnRegistration": "conditional"}), json!({"acquireOnRegistration": "conditional"})),
            false,
            "password_creation",
            vec!["back", "register_password"],
        ),
        (
            with(json!({"enabled": false}), json!({})),
            false,
            "mfa_method_chooser",
            vec!["back", "continue_to_otp_secret_creation", "skip"],
        ),
    ] {
        let app = TestApp::with(spec.clone()).await;
        let mut flow = begin(&app, "/registration", json!({"webauthn_available": capabilities})).await;
        flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
        assert_eq!(flow.state(), first, "{spec}");
        assert_eq!(actions(&flow), offered, "{spec}");
        app.end().await;
    }
}

#[tokio::test]
async fn skipping_the_one_leads_to_the_other_where_either_is_wanted() {
    let conditional = json!({"acquireOnRegistration": "conditional", "optional": true});
    let spec = json!({"settings": {
        "email": {"requireVerification": false},
        "password": conditional,
        "passkey": {"acquireOnRegistration": "always"},
    }});
    let app = TestApp::with(spec).await;
    let mut flow = begin(&app, "/registration", json!({"webauthn_available": true})).await;
    flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    assert_eq!(flow.act("skip", json!({})).await["name"], "password_creation");
    assert_eq!(
        flow.act("skip", json!({})).await["name"],
        "mfa_method_chooser",
        "codes by mail are left to sign in with"
    );
    app.end().await;
}

#[tokio::test]
async fn the_last_way_to_sign_in_cannot_be_skipped() {
    let spec = json!({"settings": {
        "email": {"requireVerification": false, "useForAuthentication": false},
        "password": {"acquireOnRegistration": "conditional", "optional": true, "recovery": false},
        "passkey": {"acquireOnRegistration": "always"},
    }});
    let app = TestApp::with(spec).await;
    let mut flow = begin(&app, "/registration", json!({"webauthn_available": true})).await;
    flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    assert_eq!(flow.act("skip", json!({})).await["name"], "password_creation");
    assert!(!actions(&flow).contains(&"skip".to_owned()));
    // An invalid input must not lift the rule (§7 Q3).
    flow.act("register_password", json!({"new_password": "x"})).await;
    assert!(!actions(&flow).contains(&"skip".to_owned()));
    app.end().await;
}

#[tokio::test]
async fn an_invalid_address_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/registration", plain()).await;
    for (address, code) in [
        (json!("nonsense"), "value_invalid_error"),
        (json!(""), "value_missing_error"),
        (json!(format!("{}@x.de", "a".repeat(130))), "value_too_long_error"),
    ] {
        flow.act("register_login_identifier", json!({"email": address})).await;
        assert_eq!(input_error(&flow, "register_login_identifier", "email"), code, "{address}");
    }
    app.end().await;
}

#[tokio::test]
async fn the_language_of_the_request_is_the_language_of_the_mail() {
    let app = TestApp::start().await;
    let mut flow = Flow::begin(&app, "/registration").await;
    flow.headers.push(("X-Language".into(), "de-AT".into()));
    flow.act("register_client_capabilities", plain()).await;
    flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    assert!(app.mailbox.take("a@x.de").await.text.contains("Content-Language: de"));
    app.end().await;
}

#[tokio::test]
async fn registering_leaves_no_mail_behind() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

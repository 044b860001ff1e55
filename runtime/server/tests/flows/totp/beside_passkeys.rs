//! An authenticator app of somebody who has a passkey too (`spec/flow-login-registration.md` §4.6.8, §7 Q35).

use super::*;

/// An account with a password, an app and a passkey made by this browser.
async fn account_with_passkey(app: &TestApp, browser: &mut Browser) -> String {
    let mut flow = register_up_to_chooser(app, "jane@x.de", modern()).await;
    let secret = set_up(app, &mut flow).await;
    assert_eq!(flow.state(), "onboarding_create_passkey", "{:#}", flow.document());
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&document).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.clock.advance(Duration::from_secs(120));
    secret
}

async fn sign_in_with_passkey<'a>(app: &'a TestApp, browser: &mut Browser) -> Flow<'a> {
    let mut flow = begin(app, "/login", modern()).await;
    let assertion = browser.get(&flow.document()).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    flow
}

#[tokio::test]
async fn a_passkey_that_has_verified_its_user_is_both_factors() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    account_with_passkey(&app, &mut browser).await;
    let flow = sign_in_with_passkey(&app, &mut browser).await;
    let document = flow.document();
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "passkey"}));
    assert_eq!(document["payload"]["claims"]["acr"], "aal2");
    app.end().await;
}

#[tokio::test]
async fn a_passkey_that_has_not_verified_its_user_is_one_factor() {
    // §7 Q35.
    let (app, mut browser) = (browser::app(json!({})).await, Browser::without_verification());
    let secret = account_with_passkey(&app, &mut browser).await;
    let mut flow = sign_in_with_passkey(&app, &mut browser).await;
    assert_eq!(flow.state(), "login_otp");
    assert_eq!(actions(&flow), ["otp_code_validate"], "the one passkey does not count twice");
    assert_eq!(
        flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await["name"],
        "device_trust"
    );
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "passkey", "mfa_method": "totp"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["passkey", "totp"]));
    app.end().await;
}

#[tokio::test]
async fn a_passkey_without_verification_alone_is_one_factor_in_the_token_too() {
    let settings = json!({"mfa": {"enabled": false}});
    let (app, mut browser) = (browser::app(settings).await, Browser::without_verification());
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    let mailed = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": mailed})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&document).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    let document = sign_in_with_passkey(&app, &mut browser).await.document();
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["acr"], "aal1");
    app.end().await;
}

#[tokio::test]
async fn who_signs_in_with_a_passkey_makes_the_second_factor_that_everybody_has_to_make() {
    // §4.10: their password is a way in that it protects.
    let own = json!({"optional": false, "acquireOnRegistration": false, "acquireOnLogin": true});
    let (app, mut browser) = (browser::app(json!({"mfa": own})).await, Browser::default());
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    let mailed = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": mailed})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&document).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    let mut flow = sign_in_with_passkey(&app, &mut browser).await;
    assert_eq!(flow.state(), "mfa_method_chooser", "{:#}", flow.document());
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation", "continue_to_security_key_creation"]);
    set_up(&app, &mut flow).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    assert_eq!(sign_in_with_passkey(&app, &mut browser).await.state(), "success", "and is not asked for it");
    app.end().await;
}

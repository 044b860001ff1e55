//! Ways through the flows that many tests begin with.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use crate::support::{Flow, TestApp};

pub const PASSWORD: &str = "correct horse battery";

/// No WebAuthn.
pub fn plain() -> Value {
    json!({"webauthn_available": false})
}

/// Everything a modern browser has.
pub fn modern() -> Value {
    json!({
        "webauthn_available": true,
        "webauthn_conditional_mediation_available": true,
        "webauthn_platform_authenticator_available": true,
    })
}

/// A flow after `preflight`.
pub async fn begin<'a>(app: &'a TestApp, path: &str, capabilities: Value) -> Flow<'a> {
    let mut flow = Flow::begin(app, path).await;
    flow.act("register_client_capabilities", capabilities).await;
    flow
}

/// Registers an address with a password, without WebAuthn, and returns the finished flow.
pub async fn register<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": address})).await;
    if flow.state() == "passcode_confirmation" {
        let code = app.mailbox.take(address).await.code();
        flow.act("verify_passcode", json!({"code": code})).await;
    }
    if flow.state() == "password_creation" {
        flow.act("register_password", json!({"new_password": PASSWORD})).await;
    }
    if flow.state() == "mfa_method_chooser" {
        flow.act("skip", json!({})).await;
    }
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow
}

/// Names an address in the login flow.
pub async fn identify<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    flow
}

/// The names of the actions that are offered, sorted.
pub fn actions(flow: &Flow<'_>) -> Vec<String> {
    let mut names: Vec<String> = flow.document()["actions"].as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    names
}

/// The error code of an input of an action.
pub fn input_error(flow: &Flow<'_>, action: &str, input: &str) -> Value {
    flow.document()["actions"][action]["inputs"][input]["error"]["code"].clone()
}

/// What the app shows now, or so many steps of 30 seconds from now (RFC 6238).
pub fn code(app: &TestApp, secret: &str, steps: i64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let step = app.clock.now().seconds() / 30 + steps;
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// A registration with a password that has come to the choice of a second factor.
pub async fn register_up_to_chooser<'a>(app: &'a TestApp, address: &str, capabilities: Value) -> Flow<'a> {
    register_up_to_chooser_as(app, json!({"email": address}), capabilities).await
}

/// The same with these identifiers.
pub async fn register_up_to_chooser_as<'a>(app: &'a TestApp, identifiers: Value, capabilities: Value) -> Flow<'a> {
    let mut flow = begin(app, "/registration", capabilities).await;
    let address = identifiers["email"].as_str().unwrap_or_default().to_owned();
    flow.act("register_login_identifier", identifiers).await;
    if flow.state() == "passcode_confirmation" {
        let code = app.mailbox.take(&address).await.code();
        flow.act("verify_passcode", json!({"code": code})).await;
    }
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "mfa_method_chooser", "{:#}", flow.document());
    flow
}

/// Sets an authenticator app up where one may be chosen, and returns its secret.
pub async fn set_up(app: &TestApp, flow: &mut Flow<'_>) -> String {
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    flow.act("otp_code_verify", json!({"otp_code": code(app, &secret, 0)})).await;
    secret
}

/// Registers an address with a password and an authenticator app, and returns the app's secret. The set-up is two minutes
/// ago, so that every code and limit is fresh.
pub async fn register_with_totp(app: &TestApp, address: &str) -> String {
    let mut flow = register_up_to_chooser(app, address, plain()).await;
    let secret = set_up(app, &mut flow).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    app.clock.advance(Duration::from_secs(120));
    secret
}

/// A login up to what follows the password, with an address or a username.
pub async fn sign_in_with_password<'a>(app: &'a TestApp, identifier: &str, capabilities: Value) -> Flow<'a> {
    let mut flow = begin(app, "/login", capabilities).await;
    flow.act("continue_with_login_identifier", json!({"email": identifier, "identifier": identifier})).await;
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("password_login", json!({"password": PASSWORD})).await;
    flow
}

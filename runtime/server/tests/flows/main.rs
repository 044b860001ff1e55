//! The flows through HTTP, as the official client drives them (`spec/flow-login-registration.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "a test program has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod bad_input;
mod browser;
mod concurrency;
mod database;
mod details;
mod engine;
mod events;
mod field_cases;
mod identifiers;
mod limits;
mod login;
mod passkeys;
mod postgres;
mod privacy;
mod properties;
mod recovery;
mod registration;
mod security_keys;
mod sessions;
mod totp;
mod transcripts;
mod trusted_devices;
mod unproven;
mod walk;

use serde_json::{Value, json};
use support::{Flow, TestApp};

const PASSWORD: &str = "correct horse battery";

/// No WebAuthn.
fn plain() -> Value {
    json!({"webauthn_available": false})
}

/// Everything a modern browser has.
fn modern() -> Value {
    json!({
        "webauthn_available": true,
        "webauthn_conditional_mediation_available": true,
        "webauthn_platform_authenticator_available": true,
    })
}

/// A flow after `preflight`.
async fn begin<'a>(app: &'a TestApp, path: &str, capabilities: Value) -> Flow<'a> {
    let mut flow = Flow::begin(app, path).await;
    flow.act("register_client_capabilities", capabilities).await;
    flow
}

/// Registers an address with a password, without WebAuthn, and returns the finished flow.
async fn register<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
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
async fn identify<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    flow
}

/// The names of the actions that are offered, sorted.
fn actions(flow: &Flow<'_>) -> Vec<String> {
    let mut names: Vec<String> = flow.document()["actions"].as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    names
}

/// The error code of an input of an action.
fn input_error(flow: &Flow<'_>, action: &str, input: &str) -> Value {
    flow.document()["actions"][action]["inputs"][input]["error"]["code"].clone()
}

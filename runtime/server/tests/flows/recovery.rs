//! Setting a new password with a code.

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, identify, input_error, register,
    support::{Flow, TestApp},
};

async fn recover<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = identify(app, address).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let code = app.mailbox.take(address).await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow
}

#[tokio::test]
async fn a_code_lets_set_a_new_password_which_replaces_the_old_one() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = recover(&app, "jane@x.de").await;
    assert_eq!(flow.state(), "login_password_recovery");
    assert_eq!(actions(&flow), ["password_recovery"]);
    assert_eq!(
        flow.document()["actions"]["password_recovery"]["inputs"]["new_password"],
        json!({"name": "new_password", "type": "password", "min_length": 8, "max_length": 72, "required": true})
    );
    flow.act("password_recovery", json!({"new_password": "short"})).await;
    assert_eq!(input_error(&flow, "password_recovery", "new_password"), "value_too_short_error");
    let document = flow.act("password_recovery", json!({"new_password": "a new password"})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd"]));

    for (password, name) in [(PASSWORD, "login_password"), ("a new password", "success")] {
        let mut flow = identify(&app, "jane@x.de").await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": password})).await["name"], name);
    }
    let rows = audit::rows(&app).await;
    let changed: Vec<_> = rows.iter().filter(|row| row.0 == "password_changed").collect();
    assert_eq!(changed.len(), 1);
    let details: Value = serde_json::from_str(&changed[0].2).unwrap();
    assert_eq!(details["context"], "recovery");
    app.end().await;
}

#[tokio::test]
async fn recovery_can_be_switched_off() {
    let app = TestApp::with(json!({"settings": {"password": {"recovery": false}}})).await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(actions(&flow), ["back", "password_login"]);
    app.end().await;
}

#[tokio::test]
async fn recovery_of_a_user_who_is_asked_for_passwords_anyway_asks_once() {
    let app = TestApp::with(json!({"settings": {"password": {"acquireOnLogin": "always"}}})).await;
    register(&app, "jane@x.de").await;
    let mut flow = recover(&app, "jane@x.de").await;
    assert_eq!(flow.act("password_recovery", json!({"new_password": "a new password"})).await["name"], "success");
    app.end().await;
}

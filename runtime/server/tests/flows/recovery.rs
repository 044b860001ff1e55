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

/// The status of `/me` for a session.
async fn me(app: &TestApp, cookie: &str) -> u16 {
    app.get_with("/me", &[("cookie", cookie)]).await.status.as_u16()
}

#[tokio::test]
async fn a_recovery_ends_all_other_sessions_unless_the_project_keeps_them() {
    for (settings, kept) in [(json!({}), 401), (json!({"password": {"recoveryEndsSessions": false}}), 200)] {
        let app = TestApp::with(json!({"settings": settings})).await;
        let before = register(&app, "jane@x.de").await.answer.cookie();
        let of_john = register(&app, "john@x.de").await.answer.cookie();
        let mut flow = recover(&app, "jane@x.de").await;
        assert_eq!(me(&app, &before).await, 200, "a code alone ends nothing");
        flow.act("password_recovery", json!({"new_password": "a new password"})).await;
        assert_eq!(flow.state(), "success");
        assert_eq!(me(&app, &before).await, kept, "{settings}");
        assert_eq!(me(&app, &flow.answer.cookie()).await, 200, "its own session lives");
        assert_eq!(me(&app, &of_john).await, 200, "others are not concerned");
        app.end().await;
    }
}

#[tokio::test]
async fn owners_are_told_of_recoveries_and_sign_ins_where_the_project_wants_it() {
    let notifications = json!({"passwordRecovery": {"enabled": true}, "newSession": {"enabled": true}});
    let settings =
        json!({"securityNotifications": {"notifications": notifications}, "service": {"name": "Fern & Moor"}});
    let app = TestApp::with(json!({"settings": settings})).await;
    register(&app, "jane@x.de").await;
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "a registration is no sign-in");
    let mut flow = recover(&app, "jane@x.de").await;
    flow.headers
        .push(("User-Agent".into(), "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into()));
    flow.act("password_recovery", json!({"new_password": "a new password"})).await;
    assert_eq!(flow.state(), "success");
    let mut mails = [app.mailbox.take("jane@x.de").await.text, app.mailbox.take("jane@x.de").await.text];
    mails.sort_by_key(|mail| mail.contains("Firefox"));
    assert!(mails[0].contains("reset"), "{}", mails[0]);
    assert!(mails[1].contains("sign-in") && mails[1].contains("Firefox"), "{}", mails[1]);
    let sent = audit::types(&app).await.into_iter().filter(|kind| kind == "security_notification_sent").count();
    assert_eq!(sent, 2);
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn nobody_is_told_of_recoveries_and_sign_ins_unless_the_project_wants_it() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = recover(&app, "jane@x.de").await;
    flow.act("password_recovery", json!({"new_password": "a new password"})).await;
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    assert!(!audit::types(&app).await.contains(&"security_notification_sent".to_owned()));
    app.end().await;
}

#[tokio::test]
async fn a_new_password_that_is_refused_changes_nothing() {
    let app = TestApp::start().await;
    let before = register(&app, "jane@x.de").await.answer.cookie();
    let mut flow = recover(&app, "jane@x.de").await;
    for (password, error) in [
        (json!("x".repeat(73)), "value_too_long_error"),
        (json!("ä".repeat(37)), "value_too_long_error"),
        (json!(""), "value_missing_error"),
        (json!(12_345_678), "value_missing_error"),
    ] {
        let document = flow.act("password_recovery", json!({"new_password": password})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("login_password_recovery"), &json!(400)));
        assert_eq!(input_error(&flow, "password_recovery", "new_password"), error, "{password}");
    }
    assert_eq!(me(&app, &before).await, 200);
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
    app.end().await;
}

//! The login flow with codes and passwords.

use std::time::Duration;

use serde_json::json;

use crate::{PASSWORD, actions, audit, identify, input_error, register, support::TestApp};

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_says_only_that() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "Jane@X.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(actions(&flow), ["back", "continue_to_passcode_confirmation_recovery", "password_login"]);
    let document = flow.act("password_login", json!({"password": "wrong"})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("login_password"), &json!(400)));
    assert_eq!(input_error(&flow, "password_login", "password"), "value_invalid_error");
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd"]));
    assert_eq!(audit::types(&app).await, ["user_created", "login_failure", "login_success"]);
    let failure = &audit::rows(&app).await[1];
    assert_eq!(failure.1.as_deref(), Some("password invalid"));
    assert!(failure.2.contains("\"login_method\":\"password\"") && failure.2.contains("flow_id"), "{}", failure.2);
    let counted =
        "hanko_flow_refusals_total{action=\"password_login\",flow=\"login\",reason=\"value_invalid_error\"} 1\n";
    let page = app.get_admin("/metrics").await.text();
    assert!(page.contains(counted), "{page}");
    app.end().await;
}

#[tokio::test]
async fn a_code_by_mail_signs_in() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    assert_eq!(flow.act("continue_to_passcode_confirmation", json!({})).await["name"], "passcode_confirmation");
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(mail.text.contains("acme"), "the mail names the service");
    let document = flow.act("verify_passcode", json!({"code": mail.code()})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "passcode"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["otp"]));
    app.end().await;
}

#[tokio::test]
async fn three_wrong_codes_exhaust_a_passcode_and_a_new_one_gives_three_more() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for expected in [400, 400, 401, 401] {
        let document = flow.act("verify_passcode", json!({"code": wrong})).await;
        assert_eq!(document["status"], expected, "{document:#}");
    }
    let document = flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(document["error"]["code"], "passcode_max_attempts_reached", "the right code comes too late");
    assert_eq!(flow.act("resend_passcode", json!({})).await["status"], 200);
    let fresh = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": fresh})).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn a_code_expires() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    app.clock.advance(Duration::from_secs(300));
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    app.end().await;
}

#[tokio::test]
async fn a_code_for_one_purpose_is_refused_for_another() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let login_code = app.mailbox.take("jane@x.de").await.code();
    flow.act("back", json!({})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    let recovery_code = app.mailbox.take("jane@x.de").await.code();
    if login_code != recovery_code {
        flow.act("verify_passcode", json!({"code": login_code})).await;
        assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    }
    assert_eq!(flow.act("verify_passcode", json!({"code": recovery_code})).await["name"], "login_password_recovery");
    app.end().await;
}

#[tokio::test]
async fn a_code_of_another_flow_is_worth_nothing() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let (mut one, mut other) = (identify(&app, "jane@x.de").await, identify(&app, "jane@x.de").await);
    one.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    other.act("continue_to_passcode_confirmation", json!({})).await;
    if app.mailbox.take("jane@x.de").await.code() != code {
        other.act("verify_passcode", json!({"code": code})).await;
        assert_eq!(input_error(&other, "verify_passcode", "code"), "passcode_invalid");
    }
    app.end().await;
}

#[tokio::test]
async fn one_token_of_the_limit_is_one_mail() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    app.clock.advance(Duration::from_secs(60));
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    for _ in 0..2 {
        assert_eq!(flow.act("resend_passcode", json!({})).await["status"], 200);
    }
    let document = flow.act("resend_passcode", json!({})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("passcode_confirmation"), &json!(429)));
    assert_eq!(document["error"]["code"], "rate_limit_exceeded");
    assert_eq!(document["payload"]["resend_after"], 60);
    // The last code is still good, and nothing counts that sends nothing.
    for _ in 0..3 {
        app.mailbox.take("jane@x.de").await;
    }
    assert_eq!(flow.act("back", json!({})).await["name"], "login_method_chooser");
    assert_eq!(flow.act("continue_to_passcode_confirmation", json!({})).await["status"], 200);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(flow.act("resend_passcode", json!({})).await["status"], 200);
    let code = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn entering_the_code_page_over_the_limit_shows_it_with_the_time_to_wait() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    app.clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        let mut flow = identify(&app, "jane@x.de").await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        app.mailbox.take("jane@x.de").await;
    }
    let mut flow = identify(&app, "jane@x.de").await;
    let document = flow.act("continue_to_passcode_confirmation", json!({})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("passcode_confirmation"), &json!(429)));
    assert_eq!(document["payload"], json!({"resend_after": 60}));
    // There is no code to be right; that is a wrong code, not a broken server (§7 Q16).
    flow.act("verify_passcode", json!({"code": "123456"})).await;
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    app.end().await;
}

#[tokio::test]
async fn passwords_are_limited_per_account_across_flows() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    register(&app, "john@x.de").await;
    let attempt = async |address: &str, password: &str| {
        let mut flow = identify(&app, address).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({"password": password})).await
    };
    for _ in 0..5 {
        assert_eq!(attempt("jane@x.de", "wrong").await["status"], 400);
    }
    let document = attempt("JANE@x.de", PASSWORD).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("login_password"), &json!(429)));
    assert_eq!(document["payload"]["retry_after"], 60);
    assert_eq!(attempt("john@x.de", PASSWORD).await["name"], "success", "others are not locked out");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(attempt("jane@x.de", PASSWORD).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn without_passwords_the_code_comes_at_once_and_without_codes_the_password() {
    for (settings, state) in [
        (json!({"password": {"enabled": false}}), "passcode_confirmation"),
        (json!({"email": {"useForAuthentication": false}}), "login_password"),
    ] {
        let app = TestApp::with(json!({"settings": settings})).await;
        let flow = identify(&app, "jane@x.de").await;
        assert_eq!(flow.state(), state);
        app.end().await;
    }
}

#[tokio::test]
async fn remember_me_is_asked_only_where_the_project_wants_it() {
    for (retention, remember, kept) in [("prompt", true, true), ("prompt", false, false), ("session", false, false)] {
        let app = TestApp::with(json!({"settings": {"session": {"cookie": {"retention": retention}}}})).await;
        register(&app, "jane@x.de").await;
        let mut flow = crate::begin(&app, "/login", crate::plain()).await;
        assert_eq!(actions(&flow).contains(&"remember_me".to_owned()), retention == "prompt");
        if remember {
            assert_eq!(flow.act("remember_me", json!({"remember_me": true})).await["name"], "login_init");
        }
        flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({"password": PASSWORD})).await;
        assert_eq!(flow.answer.header("x-session-retention"), if kept { "persistent" } else { "session" });
        assert_eq!(flow.answer.header("set-cookie").contains("Max-Age"), kept);
        app.end().await;
    }
}

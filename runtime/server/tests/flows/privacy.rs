//! §4.1: what a stranger learns about an address.

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin, identify, input_error, plain, register,
    support::{Flow, TestApp},
};

/// The document without what differs in every answer.
fn comparable(flow: &Flow<'_>) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "csrf_token" | "href" => *value = Value::Null,
                        _ => clean(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    let mut document = flow.document();
    clean(&mut document);
    document
}

#[tokio::test]
async fn known_and_unknown_addresses_answer_the_same_at_login() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    app.clock.advance(std::time::Duration::from_secs(60));
    let steps: [&[(&str, Value)]; 3] = [
        &[("continue_to_password_login", json!({})), ("password_login", json!({"password": "wrong"}))],
        &[
            ("continue_to_passcode_confirmation", json!({})),
            ("verify_passcode", json!({"code": "x"})),
            ("verify_passcode", json!({"code": "x"})),
            ("verify_passcode", json!({"code": "x"})),
            ("resend_passcode", json!({})),
        ],
        &[("continue_to_password_login", json!({})), ("continue_to_passcode_confirmation_recovery", json!({}))],
    ];
    for path in steps {
        let (mut known, mut unknown) = (identify(&app, "jane@x.de").await, identify(&app, "nobody@x.de").await);
        assert_eq!(comparable(&known), comparable(&unknown));
        for (action, inputs) in path {
            known.act(action, inputs.clone()).await;
            unknown.act(action, inputs.clone()).await;
            assert_eq!(comparable(&known), comparable(&unknown), "{action}");
            assert_eq!(known.answer.status, unknown.answer.status);
        }
        app.clock.advance(std::time::Duration::from_secs(60));
    }
    app.end().await;
}

#[tokio::test]
async fn a_stranger_at_login_gets_a_mail_without_a_code() {
    let app = TestApp::start().await;
    let mut flow = identify(&app, "nobody@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let mail = app.mailbox.take("nobody@x.de").await.text;
    // The HTML part has colours, which look like codes.
    let text = mail.split("text/html").next().unwrap();
    let words: Vec<_> = text.split("text/plain").last().unwrap().split(|c: char| !c.is_ascii_alphanumeric()).collect();
    assert!(!words.iter().any(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())), "{text}");
    app.end().await;
}

#[tokio::test]
async fn registering_a_taken_address_looks_like_any_registration_and_tells_its_owner() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let (mut taken, mut free) =
        (begin(&app, "/registration", plain()).await, begin(&app, "/registration", plain()).await);
    taken.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    free.act("register_login_identifier", json!({"email": "new@x.de"})).await;
    assert_eq!(comparable(&taken), comparable(&free));
    for flow in [&mut taken, &mut free] {
        flow.act("verify_passcode", json!({"code": "x"})).await;
    }
    assert_eq!(comparable(&taken), comparable(&free));
    let mail = app.mailbox.take("jane@x.de").await.text;
    assert!(mail.contains("already"), "{mail}");
    app.mailbox.take("new@x.de").await;
    app.end().await;
}

#[tokio::test]
async fn hints_are_given_where_the_project_wants_them() {
    let app = TestApp::with(json!({"settings": {"privacy": {"showAccountExistenceHints": true}}})).await;
    register(&app, "jane@x.de").await;
    let flow = identify(&app, "nobody@x.de").await;
    assert_eq!(flow.state(), "login_init");
    assert_eq!(input_error(&flow, "continue_with_login_identifier", "email"), "unknown_email_error");
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    assert_eq!(input_error(&flow, "register_login_identifier", "email"), "email_already_exists");
    let rows = crate::audit::rows(&app).await;
    assert_eq!(rows[1].1.as_deref(), Some("unknown_email_error - The email address is unknown."));
    app.end().await;
}

#[tokio::test]
async fn without_verification_a_taken_address_is_said_to_be_taken() {
    let app = TestApp::with(json!({"settings": {"email": {"requireVerification": false}}})).await;
    register(&app, "jane@x.de").await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "JANE@x.de"})).await;
    assert_eq!(input_error(&flow, "register_login_identifier", "email"), "email_already_exists");
    app.end().await;
}

#[tokio::test]
async fn only_actual_methods_are_offered_where_the_project_wants_it() {
    let app = TestApp::with(json!({"settings": {"privacy": {"onlyShowActualLoginMethods": true}}})).await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    assert_eq!(flow.state(), "login_method_chooser");
    assert_eq!(crate::actions(&flow), ["back", "continue_to_passcode_confirmation", "continue_to_password_login"]);
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
    let flow = identify(&app, "nobody@x.de").await;
    assert_eq!(flow.state(), "passcode_confirmation", "an unknown address behaves like one with mail only");
    app.end().await;
}

#[tokio::test]
async fn attempts_on_unknown_accounts_are_audited_without_an_actor() {
    // §7 Q41.
    let app = TestApp::start().await;
    let mut flow = identify(&app, "nobody@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    let rows = crate::audit::rows(&app).await;
    assert_eq!((rows.len(), rows[0].0.as_str(), rows[0].1.as_deref()), (1, "login_failure", Some("password invalid")));
    let anonymous = "SELECT COUNT(*) FROM audit_logs WHERE actor_user_id IS NULL AND actor_email IS NULL";
    assert_eq!(crate::audit::count(&app, anonymous).await, 1);
    app.end().await;
}

//! The worked example of §1.9.6 and the typical paths of §4.17.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, begin,
    browser::{self, Browser},
    modern, plain,
    support::{Flow, TestApp},
};

/// §1.9.6: the state after each step, and whether there is a way back, which tells what the history says.
#[tokio::test]
async fn the_worked_example() {
    let app = browser::app(json!({})).await;
    let mut flow = Flow::begin(&app, "/registration").await;
    assert_eq!(flow.state(), "preflight");
    let named = json!({"email": "user@example.com"});
    let steps = [
        ("register_client_capabilities", modern(), "registration_init", false),
        ("register_login_identifier", named.clone(), "passcode_confirmation", true),
        ("back", json!({}), "registration_init", false),
        ("register_login_identifier", named, "passcode_confirmation", true),
    ];
    for (action, inputs, state, back) in steps {
        flow.act(action, inputs).await;
        assert_eq!((flow.state().as_str(), actions(&flow).contains(&"back".to_owned())), (state, back), "{action}");
    }
    let code = app.mailbox.take("user@example.com").await.code();
    assert_eq!(app.mailbox.left(), 0, "one mail while its code is valid");
    for (action, inputs, state, back) in [
        ("verify_passcode", json!({"code": code}), "password_creation", false),
        ("register_password", json!({"new_password": PASSWORD}), "mfa_method_chooser", false),
        ("skip", json!({}), "onboarding_create_passkey", true),
        ("back", json!({}), "mfa_method_chooser", false),
        ("skip", json!({}), "onboarding_create_passkey", true),
        ("skip", json!({}), "success", false),
    ] {
        flow.act(action, inputs).await;
        assert_eq!((flow.state().as_str(), actions(&flow).contains(&"back".to_owned())), (state, back), "{action}");
    }
    app.end().await;
}

/// §4.17. A step is the only or the first of the actions named that is offered.
#[tokio::test]
async fn the_typical_paths() {
    let chooser = "login_init login_method_chooser";
    for (settings, flow, client, choices, path) in [
        (
            json!({}),
            "/registration",
            modern(),
            "",
            "registration_init passcode_confirmation password_creation mfa_method_chooser onboarding_create_passkey \
          onboarding_verify_passkey_attestation success"
                .to_owned(),
        ),
        (
            json!({}),
            "/registration",
            plain(),
            "",
            "registration_init passcode_confirmation password_creation mfa_method_chooser success".to_owned(),
        ),
        (
            json!({"email": {"requireVerification": false}, "password": {"enabled": false}, "mfa": {"enabled": false}}),
            "/registration",
            modern(),
            "",
            "registration_init onboarding_create_passkey onboarding_verify_passkey_attestation success".to_owned(),
        ),
        (
            json!({"email": {"enabled": false}, "username": {"enabled": true, "optional": false}, "passkey": {"enabled": false}}),
            "/registration",
            modern(),
            "",
            "registration_init password_creation mfa_method_chooser success".to_owned(),
        ),
        (json!({}), "/login", plain(), "continue_to_password_login", format!("{chooser} login_password success")),
        (
            json!({}),
            "/login",
            plain(),
            "continue_to_passcode_confirmation",
            format!("{chooser} passcode_confirmation success"),
        ),
        (
            json!({}),
            "/login",
            modern(),
            "continue_with_login_identifier webauthn_generate_request_options",
            format!("{chooser} login_passkey"),
        ),
        (
            json!({"password": {"enabled": false}}),
            "/login",
            plain(),
            "",
            "login_init passcode_confirmation success".to_owned(),
        ),
        (
            json!({"email": {"useForAuthentication": false}}),
            "/login",
            plain(),
            "",
            "login_init login_password success".to_owned(),
        ),
        (
            json!({}),
            "/login",
            plain(),
            "continue_to_password_login continue_to_passcode_confirmation_recovery",
            format!("{chooser} login_password passcode_confirmation login_password_recovery success"),
        ),
        (
            json!({}),
            "/login",
            modern(),
            "continue_to_password_login",
            format!("{chooser} login_password onboarding_create_passkey onboarding_verify_passkey_attestation success"),
        ),
    ] {
        let app = browser::app(settings.clone()).await;
        if flow == "/login" {
            crate::register(&app, "user@example.com").await;
        }
        app.clock.advance(Duration::from_secs(60));
        assert_eq!(walked(&app, flow, client, choices).await, path, "{settings}");
        app.end().await;
    }
}

/// Does what is wanted, else what can be done, and tells the states on the way.
async fn walked(app: &TestApp, path: &str, client: Value, choices: &str) -> String {
    let (mut flow, mut browser, mut states) = (begin(app, path, client).await, Browser::default(), vec![]);
    loop {
        let document = flow.document();
        states.push(flow.state());
        let offered = actions(&flow);
        let wanted = choices.split(' ').find(|choice| offered.iter().any(|action| action == choice));
        let inputs = match flow.state().as_str() {
            // Nobody has a passkey to go on with.
            "success" | "login_passkey" => return states.join(" "),
            "login_init" | "registration_init" => json!({"email": "user@example.com", "username": "user"}),
            "passcode_confirmation" => {
                app.until_delivered().await;
                json!({"code": app.mailbox.newest("user@example.com").unwrap().code()})
            }
            "onboarding_verify_passkey_attestation" => json!({"public_key": browser.create(&document).await}),
            _ => json!({"password": PASSWORD, "new_password": PASSWORD}),
        };
        let usual = [
            "register_login_identifier",
            "continue_with_login_identifier",
            "verify_passcode",
            "password_login",
            "password_recovery",
            "register_password",
            "webauthn_generate_creation_options",
            "webauthn_verify_attestation_response",
            "skip",
        ];
        let action = wanted.or(usual.into_iter().find(|action| offered.iter().any(|offer| offer == action)));
        flow.act(action.unwrap(), inputs).await;
    }
}

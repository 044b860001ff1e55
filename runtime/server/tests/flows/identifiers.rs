//! E-mail addresses and usernames (`spec/flow-login-registration.md` §2.2, §2.3, §3.2, §3.23, `spec/decisions.md` 8, 29).

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin,
    browser::{self, Browser},
    input_error, modern, plain,
    support::{Flow, TestApp, send},
};

/// A project that asks for nothing but identifiers and a password.
async fn app(settings: Value) -> TestApp {
    let mut own = json!({
        "email": {"requireVerification": false}, "mfa": {"enabled": false}, "rateLimiter": {"enabled": false},
    });
    crate::support::merge(&mut own, settings);
    TestApp::with(json!({"settings": own})).await
}

/// Registers these identifiers with a password.
async fn register<'a>(app: &'a TestApp, identifiers: Value) -> Flow<'a> {
    let mut flow = begin(app, "/registration", plain()).await;
    flow.act("register_login_identifier", identifiers).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow
}

/// Names an account in the one input that the login has.
async fn identify<'a>(app: &'a TestApp, input: &str, value: &str) -> Flow<'a> {
    let mut flow = begin(app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({input: value})).await;
    flow
}

fn username(min: u32, max: u32, required: bool) -> Value {
    json!({"name": "username", "type": "string", "min_length": min, "max_length": max, "required": required})
}

#[tokio::test]
async fn login_asks_for_what_names_an_account_in_this_project() {
    let email = |max: u32| json!({"email": {"name": "email", "type": "email", "min_length": 3, "max_length": max, "required": true}});
    let either = json!({"identifier": {"name": "identifier", "type": "string", "max_length": 255, "required": true}});
    for (settings, inputs) in [
        (json!({}), Some(email(120))),
        (json!({"email": {"maxLength": 60}}), Some(email(60))),
        (json!({"username": {"enabled": true}}), Some(either.clone())),
        (json!({"username": {"enabled": true, "maxLength": 20}, "email": {"maxLength": 50}}), Some(either)),
        (json!({"username": {"enabled": true, "useAsLoginIdentifier": false}}), Some(email(120))),
        (
            json!({"username": {"enabled": true}, "email": {"useAsLoginIdentifier": false}}),
            Some(json!({"username": username(3, 32, true)})),
        ),
        (
            json!({"username": {"enabled": true, "optional": false, "minLength": 1, "maxLength": 128}, "email": {"enabled": false}}),
            Some(json!({"username": username(1, 128, true)})),
        ),
        (
            json!({"email": {"useAsLoginIdentifier": false, "useForAuthentication": false}, "password": {"enabled": false}}),
            None,
        ),
    ] {
        let app = app(settings.clone()).await;
        let flow = begin(&app, "/login", plain()).await;
        let action = &flow.document()["actions"]["continue_with_login_identifier"];
        assert_eq!(action.get("inputs").cloned(), inputs, "{settings}");
        app.end().await;
    }
}

#[tokio::test]
async fn registration_asks_for_what_it_acquires() {
    let email = |required: bool| json!({"name": "email", "type": "email", "max_length": 120, "required": required});
    for (settings, inputs) in [
        (json!({}), json!({"email": email(true)})),
        (json!({"email": {"optional": true}}), json!({"email": email(false)})),
        (json!({"username": {"enabled": true}}), json!({"email": email(true), "username": username(3, 32, false)})),
        (
            json!({"username": {"enabled": true, "optional": false, "minLength": 5, "maxLength": 8}}),
            json!({"email": email(true), "username": username(5, 8, true)}),
        ),
        (json!({"username": {"enabled": true, "acquireOnRegistration": false}}), json!({"email": email(true)})),
        (
            json!({"username": {"enabled": true, "optional": false}, "email": {"acquireOnRegistration": false, "optional": true}}),
            json!({"username": username(3, 32, true)}),
        ),
        (
            json!({"username": {"enabled": true, "optional": false}, "email": {"enabled": false}}),
            json!({"username": username(3, 32, true)}),
        ),
    ] {
        let app = app(settings.clone()).await;
        let flow = begin(&app, "/registration", plain()).await;
        assert_eq!(flow.document()["actions"]["register_login_identifier"]["inputs"], inputs, "{settings}");
        app.end().await;
    }
}

#[tokio::test]
async fn a_username_is_an_account_of_its_own_without_an_address() {
    let app = app(json!({"username": {"enabled": true, "optional": false}, "email": {"enabled": false}})).await;
    let flow = register(&app, json!({"username": " Jane_1 "})).await;
    let document = flow.document();
    let (user, claims) = (&document["payload"]["user"], &document["payload"]["claims"]);
    assert_eq!(
        user["username"],
        json!({
            "id": user["username"]["id"], "username": "jane_1",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        })
    );
    assert!(user["username"]["id"].is_string());
    assert_eq!(user.get("emails"), None);
    assert_eq!((claims["username"].as_str(), claims.get("email")), (Some("jane_1"), None));
    assert_eq!(&app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await.json(), user);

    let mut flow = identify(&app, "username", "JANE_1\t").await;
    assert_eq!(flow.state(), "login_password");
    assert_eq!(actions(&flow), ["back", "password_login"], "no address, no recovery");
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["username"], "jane_1");
    assert_eq!(document["payload"]["user"]["id"], user["id"]);
    app.end().await;
}

#[tokio::test]
async fn a_username_and_an_address_name_the_same_account() {
    let app = app(json!({"username": {"enabled": true}})).await;
    let user =
        register(&app, json!({"email": "Jane@x.de", "username": "Jane"})).await.document()["payload"]["user"].clone();
    for typed in ["jane@X.DE", " JANE ", "jane"] {
        let mut flow = identify(&app, "identifier", typed).await;
        assert_eq!(flow.state(), "login_method_chooser", "{typed}");
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(actions(&flow), ["back", "continue_to_passcode_confirmation_recovery", "password_login"], "{typed}");
        let document = flow.act("password_login", json!({"password": PASSWORD})).await;
        assert_eq!(document["payload"]["user"]["id"], user["id"], "{typed}: {document:#}");
    }
    let mut flow = identify(&app, "identifier", "jane").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("Jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn usernames_have_their_own_errors() {
    let app = app(json!({"username": {"enabled": true, "optional": false}, "email": {"optional": true}})).await;
    register(&app, json!({"username": "taken"})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    for (typed, error) in [
        ("", "value_missing_error"),
        ("   ", "value_missing_error"),
        ("ab", "value_too_short_error"),
        ("abcdefghijklmnopqrstuvwxyzabcdefg", "value_too_long_error"),
        ("jane doe", "invalid_username_error"),
        ("jane-doe", "invalid_username_error"),
        ("jane@x.de", "invalid_username_error"),
        ("jané", "invalid_username_error"),
        ("ｊａｎｅ", "invalid_username_error"),
        ("jane\u{202e}", "invalid_username_error"),
        ("ja\u{0}ne", "invalid_username_error"),
        ("ja\u{200d}ne", "invalid_username_error"),
        ("\u{feff}jane", "invalid_username_error"),
        ("аdmin", "invalid_username_error"),
        ("TAKEN", "username_already_exists"),
    ] {
        let document = flow.act("register_login_identifier", json!({"username": typed})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("registration_init"), &json!(400)), "{typed:?}");
        assert_eq!(input_error(&flow, "register_login_identifier", "username"), error, "{typed:?}");
    }
    let document = flow.act("register_login_identifier", json!({"username": "a".repeat(32)})).await;
    assert_eq!(document["name"], "password_creation", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn an_address_with_control_or_bidirectional_characters_is_none() {
    let app = app(json!({})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    for typed in [
        "ja\u{0}ne@x.de",
        "jane\r\nBcc: all@x.de",
        "jane\n@x.de",
        "\u{202e}jane@x.de",
        "jane@x\u{202e}.de",
        "jane@x\u{2066}.de",
        "jane\u{7f}@x.de",
        "jane@x.de, all@x.de",
        "<jane@x.de>",
        "jane@@x.de",
        "jane@",
        "@x.de",
        "jane@x",
    ] {
        let document = flow.act("register_login_identifier", json!({"email": typed})).await;
        assert_eq!(document["status"], 400, "{typed:?}");
        assert_eq!(input_error(&flow, "register_login_identifier", "email"), "value_invalid_error", "{typed:?}");
    }
    app.end().await;
}

#[tokio::test]
async fn addresses_are_one_whatever_the_case_and_the_spelling_of_their_domain() {
    let app = app(json!({})).await;
    let flow = register(&app, json!({"email": " Jane@BÜCHER.example"})).await;
    assert_eq!(flow.document()["payload"]["user"]["emails"][0]["address"], "Jane@xn--bcher-kva.example");
    for typed in [
        "jane@bücher.example",
        "JANE@xn--bcher-kva.EXAMPLE",
        "jane@bu\u{308}cher.example",
        "jane@bücher.example\u{200b}",
    ] {
        let mut flow = begin(&app, "/registration", plain()).await;
        flow.act("register_login_identifier", json!({"email": typed})).await;
        assert_eq!(input_error(&flow, "register_login_identifier", "email"), "email_already_exists", "{typed}");
        let mut flow = identify(&app, "email", typed).await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success", "{typed}");
    }
    app.end().await;
}

#[tokio::test]
async fn an_unknown_username_is_said_to_be_unknown_and_an_unknown_address_where_hints_are_given() {
    for hints in [false, true] {
        let privacy = json!({"showAccountExistenceHints": hints});
        let app = app(json!({"username": {"enabled": true}, "privacy": privacy})).await;
        register(&app, json!({"email": "jane@x.de", "username": "jane"})).await;
        for typed in ["nobody", "jane@x", "jane doe", "jane\u{202e}"] {
            let flow = identify(&app, "identifier", typed).await;
            assert_eq!((flow.state().as_str(), flow.answer.status.as_u16()), ("login_init", 400), "{typed}");
            let error = input_error(&flow, "continue_with_login_identifier", "identifier");
            assert_eq!(error, "unknown_username_error", "{typed}");
        }
        let rows = audit::rows(&app).await;
        assert_eq!(rows[1].0, "login_failure");
        assert_eq!(rows[1].1.as_deref(), Some("unknown_username_error - The username is unknown."));
        let flow = identify(&app, "identifier", "nobody@x.de").await;
        if hints {
            assert_eq!(input_error(&flow, "continue_with_login_identifier", "identifier"), "unknown_email_error");
        } else {
            assert_eq!(flow.state(), "login_method_chooser");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn an_identifier_has_to_be_there() {
    for (settings, input, long) in [
        (json!({}), "email", 121),
        (json!({"username": {"enabled": true}}), "identifier", 256),
        (json!({"username": {"enabled": true}, "email": {"useAsLoginIdentifier": false}}), "username", 33),
    ] {
        let app = app(settings).await;
        let mut flow = begin(&app, "/login", plain()).await;
        for (typed, error) in [
            (json!({}), "value_missing_error"),
            (json!({input: null}), "value_missing_error"),
            (json!({input: " \t "}), "value_missing_error"),
            (json!({input: ["jane"]}), "value_missing_error"),
            (json!({input: "a".repeat(long)}), "value_too_long_error"),
        ] {
            let document = flow.act("continue_with_login_identifier", typed.clone()).await;
            assert_eq!((&document["name"], &document["status"]), (&json!("login_init"), &json!(400)));
            assert_eq!(input_error(&flow, "continue_with_login_identifier", input), error, "{typed}");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn an_account_needs_one_identifier_where_either_will_do() {
    // §7 Q21.
    let app = app(json!({"username": {"enabled": true}, "email": {"optional": true}})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    for nothing in [json!({}), json!({"email": "", "username": " "}), json!({"email": null, "username": []})] {
        let document = flow.act("register_login_identifier", nothing.clone()).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("registration_init"), &json!(400)), "{nothing}");
        assert_eq!(document["error"]["code"], "form_data_invalid_error");
        for input in ["email", "username"] {
            assert_eq!(
                document["actions"]["register_login_identifier"]["inputs"][input]["error"],
                json!({"code": "value_invalid_error", "message": "The value is invalid."}),
                "no cause on the wire"
            );
        }
    }
    for one in [json!({"username": "jane"}), json!({"email": "john@x.de"})] {
        register(&app, one).await;
    }
    app.end().await;
}

#[tokio::test]
async fn a_single_optional_identifier_is_needed_all_the_same() {
    let app = app(json!({"email": {"optional": true}})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": ""})).await;
    assert_eq!(input_error(&flow, "register_login_identifier", "email"), "value_invalid_error");
    app.end().await;
}

#[tokio::test]
async fn without_passwords_and_address_a_username_leads_to_its_passkeys_or_nowhere() {
    // §7 Q11.
    let settings = json!({
        "username": {"enabled": true}, "mfa": {"enabled": false}, "password": {"enabled": false},
        "email": {"optional": true, "acquireOnLogin": false},
    });
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"username": "jane"})).await;
    assert_eq!(flow.state(), "onboarding_create_passkey");
    assert!(!actions(&flow).contains(&"skip".to_owned()), "it is the only way to sign in");
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    assert_eq!(document["payload"]["creation_options"]["publicKey"]["user"]["name"], "jane");
    let created = browser.create(&document).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    let id = document["payload"]["user"]["passkeys"][0]["id"].clone();

    let mut flow = begin(&app, "/login", modern()).await;
    let document = flow.act("continue_with_login_identifier", json!({"identifier": "jane"})).await;
    assert_eq!(document["name"], "login_passkey", "{document:#}");
    assert_eq!(document["payload"]["request_options"]["publicKey"]["allowCredentials"][0]["id"], id);
    let assertion = browser.get(&document).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");

    let flow = identify(&app, "identifier", "jane").await;
    let document = flow.document();
    assert_eq!((&document["name"], &document["status"]), (&json!("error"), &json!(500)), "no WebAuthn in this client");
    assert_eq!(document["error"]["code"], "flow_discontinuity_error");
    assert_eq!((&document["payload"], &document["actions"]), (&json!({}), &json!({})));
    app.end().await;
}

#[tokio::test]
async fn of_two_registrations_of_one_username_the_later_one_leaves_nothing_behind() {
    let app = app(json!({"username": {"enabled": true, "optional": false}, "email": {"enabled": false}})).await;
    let mut flows = [begin(&app, "/registration", plain()).await, begin(&app, "/registration", plain()).await];
    for flow in &mut flows {
        let document = flow.act("register_login_identifier", json!({"username": "jane"})).await;
        assert_eq!(document["name"], "password_creation");
    }
    let [first, second] = &mut flows;
    assert_eq!(first.act("register_password", json!({"new_password": PASSWORD})).await["name"], "success");
    let late = second.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!((&late["status"], &late["error"]["code"]), (&json!(500), &json!("technical_error")), "§4.12");
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(audit::types(&app).await, ["user_created"]);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_ask_for_one_identifier_at_once_one_gets_it_and_the_others_are_told() {
    let settings = json!({
        "username": {"enabled": true, "optional": false}, "password": {"enabled": false}, "passkey": {"enabled": false},
    });
    let app = app(settings).await;
    for same in ["email", "username"] {
        let mut requests = Vec::new();
        for n in 0..8 {
            let document = begin(&app, "/registration", plain()).await.document();
            let href = app.url(document["actions"]["register_login_identifier"]["href"].as_str().unwrap());
            let mut inputs = json!({"email": format!("{same}{n}@x.de"), "username": format!("{same}_{n}")});
            inputs[same] = json!(if same == "email" { "jane@x.de" } else { "jane" });
            let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
            requests.push(tokio::spawn(send(app.http.post(href).json(&body))));
        }
        let mut registered = 0;
        for request in requests {
            let document = request.await.unwrap().json();
            if document["name"] == "success" {
                registered += 1;
                continue;
            }
            assert_eq!(
                (&document["name"], &document["status"]),
                (&json!("registration_init"), &json!(400)),
                "{document:#}"
            );
            let error = &document["actions"]["register_login_identifier"]["inputs"][same]["error"]["code"];
            assert_eq!(error, &json!(format!("{same}_already_exists")));
        }
        assert_eq!(registered, 1, "{same}");
    }
    app.end().await;
}

#[tokio::test]
async fn mail_goes_to_the_spelling_that_was_proven_and_never_to_the_one_that_was_typed() {
    // Two spellings of one key may be two mailboxes: local parts may differ by case (RFC 5321 §2.4), and the Kelvin sign folds to k.
    let app = app(json!({"username": {"enabled": true}, "email": {"requireVerification": true}})).await;
    let mut flow = begin(&app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"email": "Kane@x.de", "username": "kane"})).await;
    let code = app.mailbox.take("Kane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "success");
    for typed in ["kane@x.de", "KANE@X.DE", "\u{212a}ane@x.de", "kane"] {
        let mut flow = identify(&app, "identifier", typed).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.mailbox.take("Kane@x.de").await.code();
        assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "success", "{typed}");
        let mut flow = identify(&app, "identifier", typed).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        app.mailbox.take("Kane@x.de").await;
        if typed.contains('@') {
            let mut flow = begin(&app, "/registration", plain()).await;
            flow.act("register_login_identifier", json!({"email": typed})).await;
            assert_eq!(flow.state(), "passcode_confirmation");
            app.mailbox.take("Kane@x.de").await;
        }
    }
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

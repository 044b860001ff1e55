//! What a login asks those for who lack it (`spec/flow-login-registration.md` §2.14, §2.15, §3.18).

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin, database, input_error, plain, register,
    support::{Flow, TestApp, merge},
};

/// A project whose login asks for a username, on which these settings are laid.
async fn asking_for_usernames(username: Value) -> TestApp {
    let mut own = json!({"enabled": true, "acquireOnRegistration": false});
    merge(&mut own, username);
    TestApp::with(json!({"settings": {"username": own, "mfa": {"enabled": false}, "rateLimiter": {"enabled": false}}}))
        .await
}

/// A project of usernames whose login asks for an address.
async fn asking_for_addresses(email: Value, privacy: Value) -> TestApp {
    let mut own = json!({"optional": true, "acquireOnRegistration": false});
    merge(&mut own, email);
    let username = json!({"enabled": true, "optional": false});
    TestApp::with(json!({"settings": {
        "username": username, "email": own, "privacy": privacy, "mfa": {"enabled": false}, "rateLimiter": {"enabled": false},
    }}))
    .await
}

async fn register_username(app: &TestApp, username: &str) {
    let mut flow = begin(app, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"username": username})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
}

async fn sign_in<'a>(app: &'a TestApp, identifier: &str) -> Flow<'a> {
    let mut flow = begin(app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": identifier})).await;
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("password_login", json!({"password": PASSWORD})).await;
    flow
}

async fn told(app: &TestApp) -> Vec<String> {
    database::events(app).await.into_iter().skip(2).map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_login_asks_for_a_username_and_keeps_it() {
    let app = asking_for_usernames(json!({"optional": false, "minLength": 4})).await;
    register(&app, "jane@x.de").await;
    let mut flow = sign_in(&app, "jane@x.de").await;
    assert_eq!(
        (flow.document()["name"].clone(), flow.document()["payload"].clone()),
        (json!("onboarding_username"), json!({}))
    );
    assert_eq!(actions(&flow), ["username_create"], "nothing to skip, no way back over a proof");
    assert_eq!(
        flow.document()["actions"]["username_create"]["inputs"],
        json!({"username": {"name": "username", "type": "string", "min_length": 4, "max_length": 32, "required": true}})
    );
    for (typed, error) in [
        (json!(""), "value_missing_error"),
        (json!("abc"), "value_too_short_error"),
        (json!("a".repeat(33)), "value_too_long_error"),
        (json!("jane doe"), "invalid_username_error"),
        (json!("jane\u{202e}doe"), "invalid_username_error"),
    ] {
        let document = flow.act("username_create", json!({"username": typed})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("onboarding_username"), &json!(400)));
        assert_eq!(input_error(&flow, "username_create", "username"), error, "{typed}");
    }
    let document = flow.act("username_create", json!({"username": " Jane "})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"]["username"]["username"], "jane");
    assert_eq!(document["payload"]["claims"]["username"], "jane");
    assert_eq!(told(&app).await, ["user.update.username.create", "session.create.flow", "user.login"]);
    let payload = &database::events(&app).await[2].1;
    assert_eq!(payload["username"], document["payload"]["user"]["username"]);
    assert_eq!(audit::types(&app).await, ["user_created", "login_success"], "§3.18: no entry");
    let document = sign_in(&app, "JANE").await.document();
    assert_eq!(document["name"], "success", "it is asked for once, and signs in: {document:#}");
    app.end().await;
}

#[tokio::test]
async fn a_username_that_is_taken_is_refused_and_an_optional_one_can_be_skipped() {
    let app = asking_for_usernames(json!({})).await;
    for address in ["jane@x.de", "john@x.de"] {
        register(&app, address).await;
    }
    let mut flow = sign_in(&app, "jane@x.de").await;
    assert_eq!(flow.act("username_create", json!({"username": "jane"})).await["name"], "success");
    let mut flow = sign_in(&app, "john@x.de").await;
    assert_eq!(actions(&flow), ["skip", "username_create"]);
    assert_eq!(flow.document()["actions"]["username_create"]["inputs"]["username"]["required"], false);
    for (typed, error) in [("JANE", "username_already_exists"), ("", "invalid_username_error")] {
        flow.act("username_create", json!({"username": typed})).await;
        assert_eq!(input_error(&flow, "username_create", "username"), error, "{typed:?}");
    }
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"].get("username"), None);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_logins_that_ask_for_one_username_at_once_one_gets_it() {
    let app = asking_for_usernames(json!({})).await;
    let mut requests = Vec::new();
    for n in 0..6 {
        register(&app, &format!("a{n}@x.de")).await;
        let document = sign_in(&app, &format!("a{n}@x.de")).await.document();
        let href = app.url(document["actions"]["username_create"]["href"].as_str().unwrap());
        let body = json!({"input_data": {"username": "jane"}, "csrf_token": document["csrf_token"]});
        requests.push(app.http.post(href).json(&body));
    }
    let requests: Vec<_> = requests.into_iter().map(|request| tokio::spawn(crate::support::send(request))).collect();
    let mut names = Vec::new();
    for request in requests {
        let document = request.await.unwrap().json();
        assert!(document["status"] == 200 || document["status"] == 400, "{document:#}");
        names.push(document["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names.iter().filter(|name| *name == "success").count(), 1, "{names:?}");
    assert_eq!(names.iter().filter(|name| *name == "onboarding_username").count(), 5, "{names:?}");
    app.end().await;
}

#[tokio::test]
async fn a_login_asks_for_an_address_and_proves_it() {
    let app = asking_for_addresses(json!({}), json!({})).await;
    register_username(&app, "jane").await;
    let mut flow = sign_in(&app, "jane").await;
    let document = flow.document();
    assert_eq!((&document["name"], &document["payload"]), (&json!("onboarding_email"), &json!({})));
    assert_eq!(actions(&flow), ["email_address_set", "skip"]);
    assert_eq!(
        document["actions"]["email_address_set"]["inputs"],
        json!({"email": {"name": "email", "type": "string", "value": null, "max_length": 120, "required": false}})
    );
    for (typed, error, shown) in [
        (" Jane@X ", "value_invalid_error", json!("jane@x")),
        ("", "value_invalid_error", json!("")),
        ("jane\r\n@x.de", "value_invalid_error", json!("jane\r\n@x.de")),
        (&format!("{}@x.de", "a".repeat(120)), "value_too_long_error", json!(format!("{}@x.de", "a".repeat(120)))),
    ] {
        let document = flow.act("email_address_set", json!({"email": typed})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("onboarding_email"), &json!(400)), "{typed:?}");
        let input = &document["actions"]["email_address_set"]["inputs"]["email"];
        assert_eq!((&input["error"]["code"], &input["value"]), (&json!(error), &shown), "{typed:?}");
    }
    assert_eq!(flow.act("email_address_set", json!({"email": "typo@x.de"})).await["name"], "passcode_confirmation");
    app.mailbox.take("typo@x.de").await;
    assert_eq!(actions(&flow), ["back", "resend_passcode", "verify_passcode"]);
    let document = flow.act("back", json!({})).await;
    assert_eq!(document["name"], "onboarding_email");
    assert_eq!(document["actions"]["email_address_set"]["inputs"]["email"]["value"], Value::Null);
    flow.act("email_address_set", json!({"email": "Jane@x.de"})).await;
    let code = app.mailbox.take("Jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": "wrong"})).await;
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM emails").await, 0, "nothing is kept before it is proven");
    let document = flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let user = &document["payload"]["user"];
    assert_eq!(
        user["emails"],
        json!([{"id": user["emails"][0]["id"], "address": "Jane@x.de", "is_verified": true, "is_primary": true}])
    );
    assert_eq!(
        document["payload"]["claims"]["email"],
        json!({"address": "Jane@x.de", "is_primary": true, "is_verified": true})
    );
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password"}));
    assert_eq!(&app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await.json(), user);
    assert_eq!(told(&app).await, ["user.update.email.create", "session.create.flow", "user.login"]);
    let kinds = audit::types(&app).await;
    for kind in ["email_created", "email_verified", "login_success"] {
        assert_eq!(kinds.iter().filter(|other| *other == kind).count(), 1, "{kind}: {kinds:?}");
    }
    assert_eq!(sign_in(&app, "jane@X.de").await.state(), "success", "it signs in");
    assert!(!audit::types(&app).await.contains(&"credentials_purged".to_owned()), "it is the user's own password");
    app.end().await;
}

#[tokio::test]
async fn without_verification_an_address_is_kept_at_once_and_unproven() {
    let app = asking_for_addresses(json!({"requireVerification": false, "optional": false}), json!({})).await;
    register_username(&app, "jane").await;
    let mut flow = sign_in(&app, "jane").await;
    assert_eq!(actions(&flow), ["email_address_set"]);
    let document = flow.act("email_address_set", json!({"email": "jane@x.de"})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let email = &document["payload"]["user"]["emails"][0];
    assert_eq!((&email["is_verified"], &email["is_primary"]), (&json!(false), &json!(true)));
    assert_eq!(told(&app).await, ["user.update.email.create", "session.create.flow", "user.login"]);
    assert!(audit::types(&app).await.contains(&"email_created".to_owned()));
    app.end().await;
}

#[tokio::test]
async fn an_address_can_be_skipped_where_it_is_optional() {
    let app = asking_for_addresses(json!({}), json!({})).await;
    register_username(&app, "jane").await;
    for _ in 0..2 {
        let mut flow = sign_in(&app, "jane").await;
        assert_eq!(flow.act("skip", json!({})).await["name"], "success", "and is asked for again");
    }
    app.end().await;
}

#[tokio::test]
async fn a_taken_address_is_told_where_hints_are_given_and_looks_like_any_other_elsewhere() {
    let hints = json!({"showAccountExistenceHints": true});
    for (email, privacy, told) in [
        (json!({}), json!({}), false),
        (json!({}), hints, true),
        (json!({"requireVerification": false}), json!({}), true),
    ] {
        let app = asking_for_addresses(email.clone(), privacy.clone()).await;
        register_username(&app, "john").await;
        let mut flow = sign_in(&app, "john").await;
        flow.act("email_address_set", json!({"email": "john@x.de"})).await;
        if flow.state() == "passcode_confirmation" {
            let code = app.mailbox.take("john@x.de").await.code();
            flow.act("verify_passcode", json!({"code": code})).await;
        }
        assert_eq!(flow.state(), "success");

        register_username(&app, "jane").await;
        let mut flow = sign_in(&app, "jane").await;
        let document = flow.act("email_address_set", json!({"email": "JOHN@x.de"})).await;
        if told {
            assert_eq!(document["name"], "onboarding_email", "{email} {privacy}");
            assert_eq!(input_error(&flow, "email_address_set", "email"), "email_already_exists");
        } else {
            assert_eq!((&document["name"], &document["status"]), (&json!("passcode_confirmation"), &json!(200)));
            let mail = app.mailbox.take("john@x.de").await;
            assert!(mail.text.contains("already"), "{}", mail.text);
            for status in [400, 400, 401] {
                assert_eq!(flow.act("verify_passcode", json!({"code": "123456"})).await["status"], status);
            }
            assert_eq!(flow.act("back", json!({})).await["name"], "onboarding_email");
        }
        assert_eq!(
            flow.act("email_address_set", json!({"email": "jane@x.de"})).await["status"],
            200,
            "another one is fine"
        );
        app.until_delivered().await;
        app.end().await;
    }
}

#[tokio::test]
async fn an_address_that_somebody_else_proves_meanwhile_is_no_server_error() {
    let app = asking_for_addresses(json!({}), json!({})).await;
    let mut flows = Vec::new();
    for name in ["jane", "john"] {
        register_username(&app, name).await;
        let mut flow = sign_in(&app, name).await;
        flow.act("email_address_set", json!({"email": "same@x.de"})).await;
        let code = app.mailbox.take("same@x.de").await.code();
        flows.push((flow, code));
    }
    let (mut second, late) = flows.pop().unwrap();
    let (mut first, code) = flows.pop().unwrap();
    assert_eq!(first.act("verify_passcode", json!({"code": code})).await["name"], "success");
    let document = second.act("verify_passcode", json!({"code": late})).await;
    assert!((400..500).contains(&document["status"].as_u64().unwrap()), "{document:#}");
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM emails").await, 1);
    app.end().await;
}

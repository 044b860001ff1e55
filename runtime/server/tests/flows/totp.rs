//! Codes of an authenticator app (`spec/flow-login-registration.md` §3.19, §3.20, §4.4, §5.4).

mod beside_passkeys;

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

pub use crate::journeys::{
    code, register_up_to_chooser, register_up_to_chooser_as, register_with_totp, set_up, sign_in_with_password,
};
use crate::{
    PASSWORD, actions, audit, begin,
    browser::{self, Browser},
    database, input_error, modern, plain, register,
    support::{Flow, TestApp},
};

/// A code that is none of the three that count now.
fn wrong_code(app: &TestApp, secret: &str) -> String {
    let right: Vec<_> = (-1..=1).map(|steps| code(app, secret, steps)).collect();
    (0..4).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

#[tokio::test]
async fn an_app_is_set_up_at_registration() {
    let app = TestApp::with(json!({"settings": {"rateLimiter": {"enabled": false}}})).await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    let shown = flow.act("continue_to_otp_secret_creation", json!({})).await;
    assert_eq!(shown["name"], "mfa_otp_secret_creation");
    assert_eq!(actions(&flow), ["back", "otp_code_verify"]);
    assert_eq!(
        shown["actions"]["otp_code_verify"]["inputs"],
        json!({"otp_code": {"name": "otp_code", "type": "string", "required": true}})
    );
    assert_eq!(shown["payload"].as_object().unwrap().len(), 2);
    let secret = shown["payload"]["otp_secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 32);
    let image = shown["payload"]["otp_image_source"].as_str().unwrap();
    assert!(image.starts_with("data:image/png;base64,iVBOR"), "{image}");

    let wrong = wrong_code(&app, &secret);
    for (typed, error) in [
        (json!(wrong), "passcode_invalid"),
        (json!("12345"), "passcode_invalid"),
        (json!("1234567"), "passcode_invalid"),
        (json!("x".repeat(60_000)), "passcode_invalid"),
        (json!("      "), "passcode_invalid"),
        (json!(""), "value_missing_error"),
        (json!(null), "value_missing_error"),
        (json!(123_456), "value_missing_error"),
    ] {
        let document = flow.act("otp_code_verify", json!({"otp_code": typed})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("mfa_otp_secret_creation"), &json!(400)));
        assert_eq!(input_error(&flow, "otp_code_verify", "otp_code"), error, "{typed}");
        assert_eq!(document["payload"], shown["payload"], "the same secret is shown again");
    }
    let typed = format!(" {} ", code(&app, &secret, 0));
    let document = flow.act("otp_code_verify", json!({"otp_code": typed})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["amr"], json!(["otp", "pwd", "totp"]));
    assert_eq!(document["payload"]["user"]["mfa_config"]["auth_app_set_up"], true);
    let rows = audit::rows(&app).await;
    let created = rows.iter().find(|row| row.0 == "user_created").unwrap();
    let details: Value = serde_json::from_str(&created.2).unwrap();
    assert!(details["otp_secret"].is_string() && details["password"] == true, "{details}");
    assert_eq!(app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await.json(), document["payload"]["user"]);
    app.end().await;
}

#[tokio::test]
async fn another_secret_is_shown_after_going_back_and_the_one_before_is_worth_nothing() {
    let app = TestApp::start().await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    let first = flow.act("continue_to_otp_secret_creation", json!({})).await["payload"]["otp_secret"].clone();
    assert_eq!(flow.act("back", json!({})).await["name"], "mfa_method_chooser");
    let second = flow.act("continue_to_otp_secret_creation", json!({})).await["payload"]["otp_secret"].clone();
    assert_ne!(first, second);
    let old = code(&app, first.as_str().unwrap(), 0);
    let new = code(&app, second.as_str().unwrap(), 0);
    if old != new {
        flow.act("otp_code_verify", json!({"otp_code": old})).await;
        assert_eq!(input_error(&flow, "otp_code_verify", "otp_code"), "passcode_invalid");
    }
    assert_eq!(flow.act("otp_code_verify", json!({"otp_code": new})).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn an_account_with_an_app_signs_in_with_password_and_code() {
    let app = TestApp::start().await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    let document = flow.document();
    assert_eq!((&document["name"], &document["payload"]), (&json!("login_otp"), &json!({})));
    assert_eq!(actions(&flow), ["otp_code_validate"], "no way back, no security key");
    assert_eq!(
        document["actions"]["otp_code_validate"]["inputs"],
        json!({"otp_code": {"name": "otp_code", "type": "string", "required": true}})
    );
    let wrong = wrong_code(&app, &secret);
    let document = flow.act("otp_code_validate", json!({"otp_code": wrong})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("login_otp"), &json!(400)));
    assert_eq!(input_error(&flow, "otp_code_validate", "otp_code"), "otp_code_invalid");
    let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!((&document["name"], &document["payload"]), (&json!("device_trust"), &json!({})));
    assert_eq!(actions(&flow), ["skip", "trust_device"], "no way back over a proof");
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password", "mfa_method": "totp"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd", "totp"]));
    assert_eq!(document["payload"]["claims"]["acr"], "aal2");
    let rows = audit::rows(&app).await;
    let [_, failure, success] = rows.as_slice() else { panic!("{rows:?}") };
    let details = |row: &(String, Option<String>, String)| serde_json::from_str::<Value>(&row.2).unwrap();
    assert_eq!((failure.0.as_str(), failure.1.as_deref()), ("login_failure", Some("TOTP code invalid")));
    assert_eq!(
        (&details(failure)["login_method"], &details(failure)["mfa_method"]),
        (&json!("password"), &json!("totp"))
    );
    assert_eq!(success.0, "login_success");
    assert_eq!(
        (&details(success)["login_method"], &details(success)["mfa_method"]),
        (&json!("password"), &json!("totp"))
    );
    app.end().await;
}

#[tokio::test]
async fn an_app_is_set_up_at_login_where_the_project_asks_and_passcodes_want_its_code_too() {
    let mfa = json!({"acquireOnRegistration": false, "acquireOnLogin": true});
    let app = TestApp::with(json!({"settings": {"mfa": mfa}})).await;
    register(&app, "jane@x.de").await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.state(), "mfa_method_chooser");
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation", "skip"], "no way back over a proof");
    let secret = set_up(&app, &mut flow).await;
    let document = flow.document();
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd"]), "setting up is not signing in");
    assert_eq!(document["payload"]["user"]["mfa_config"]["auth_app_set_up"], true);
    assert_eq!(audit::types(&app).await, ["user_created", "otp_created", "login_success"]);

    app.clock.advance(Duration::from_secs(60));
    let mut flow = crate::identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let mailed = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": mailed})).await["name"], "login_otp");
    flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await;
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["claims"]["amr"], json!(["otp", "totp"]));
    app.end().await;
}

#[tokio::test]
async fn the_code_of_the_set_up_does_not_sign_in() {
    let app = TestApp::start().await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    let secret = set_up(&app, &mut flow).await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    for steps in [0, -1] {
        flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, steps)})).await;
        assert_eq!(input_error(&flow, "otp_code_validate", "otp_code"), "otp_code_already_used", "{steps}");
    }
    let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 1)})).await;
    assert_eq!(document["name"], "device_trust", "the next code does");
    app.end().await;
}

#[tokio::test]
async fn a_code_counts_one_step_around_its_time_and_once() {
    let app = TestApp::with(json!({"settings": {"rateLimiter": {"enabled": false}}})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    for (steps, outcome) in [
        (-2, "otp_code_invalid"),
        (2, "otp_code_invalid"),
        (-1, "device_trust"),
        (-1, "otp_code_already_used"),
        (0, "device_trust"),
        (0, "otp_code_already_used"),
        (-1, "otp_code_already_used"),
        (1, "device_trust"),
        (0, "otp_code_already_used"),
    ] {
        let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
        let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, steps)})).await;
        if document["status"] == 400 {
            assert_eq!(input_error(&flow, "otp_code_validate", "otp_code"), outcome, "{steps}");
        } else {
            assert_eq!(document["name"], outcome, "{steps}: {document:#}");
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_logins_with_one_code_at_once_one_succeeds() {
    let settings = json!({"rateLimiter": {"enabled": false}, "mfa": {"deviceTrustPolicy": "never"}});
    let app = TestApp::with(json!({"settings": settings})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let mut requests = Vec::new();
    for _ in 0..30 {
        let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
        let document = flow.document();
        let href = app.url(document["actions"]["otp_code_validate"]["href"].as_str().unwrap());
        let inputs = json!({"otp_code": code(&app, &secret, 0)});
        let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
        requests.push((app.http.clone(), href, body));
    }
    let requests: Vec<_> = requests
        .into_iter()
        .map(|(http, href, body)| tokio::spawn(crate::support::send(http.post(href).json(&body))))
        .collect();
    let mut successes = 0;
    for request in requests {
        let answer = request.await.unwrap();
        let document = answer.json();
        match answer.status.as_u16() {
            200 => successes += 1,
            status => assert!([400, 403].contains(&status), "{document:#}"),
        }
    }
    assert_eq!(successes, 1);
    assert_eq!(
        audit::count(&app, "SELECT COUNT(*) FROM sessions").await,
        2,
        "one of the registration, one of the login"
    );
    app.end().await;
}

#[tokio::test]
async fn three_codes_a_minute_may_be_tried_for_an_account_in_whatever_flow() {
    let app = TestApp::start().await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let wrong = wrong_code(&app, &secret);
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    for _ in 0..2 {
        assert_eq!(flow.act("otp_code_validate", json!({"otp_code": wrong})).await["status"], 400);
    }
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.act("otp_code_validate", json!({"otp_code": wrong})).await["status"], 400);
    app.clock.advance(Duration::from_secs(18));
    let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("login_otp"), &json!(429)));
    assert_eq!(document["error"]["code"], "rate_limit_exceeded");
    assert_eq!(document["payload"], json!({"retry_after": 42}));
    app.clock.advance(Duration::from_secs(42));
    let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!(document["name"], "device_trust", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn codes_of_the_set_up_are_limited_with_room_for_mistyping() {
    let app =
        TestApp::with(json!({"settings": {"rateLimiter": {"accountLimits": {"tokens": 6, "interval": "10m"}}}})).await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    let wrong = wrong_code(&app, &secret);
    for _ in 0..6 {
        assert_eq!(flow.act("otp_code_verify", json!({"otp_code": wrong})).await["status"], 400);
    }
    let document = flow.act("otp_code_verify", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("mfa_otp_secret_creation"), &json!(429)));
    assert_eq!(document["payload"]["retry_after"], 600);
    assert_eq!(document["payload"]["otp_secret"], json!(secret));
    app.clock.advance(Duration::from_secs(600));
    let document = flow.act("otp_code_verify", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn a_secret_is_nowhere_in_the_database_in_the_clear() {
    let app = TestApp::start().await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    assert!(!database::holds(&app, &secret), "in the flow");
    flow.act("otp_code_verify", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!(flow.state(), "success");
    assert!(!database::holds(&app, &secret), "in the account");
    assert!(database::holds(&app, "jane@x.de"), "what is not sealed is found this way");
    let raw = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let stored = database::texts(&app, "SELECT sealed FROM otp_secrets").await;
    assert!(stored[0].starts_with("v1.k1."), "{stored:?}");
    assert!(!stored[0].as_bytes().windows(raw.len()).any(|window| window == raw));
    app.end().await;
}

#[tokio::test]
async fn a_second_factor_that_is_not_optional_cannot_be_skipped() {
    let mfa = json!({"optional": false, "acquireOnLogin": true});
    let app = TestApp::with(json!({"settings": {"mfa": mfa}})).await;
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation"]);
    let href = flow.document()["actions"]["continue_to_otp_secret_creation"]["href"].as_str().unwrap().to_owned();
    let skip = href.replace("continue_to_otp_secret_creation", "skip");
    let body = json!({"csrf_token": flow.document()["csrf_token"]});
    assert_eq!(app.post(&skip, &body).await.status, 403);
    set_up(&app, &mut flow).await;
    assert_eq!(flow.state(), "success");

    // An older account has none.
    database::execute(&app, "DELETE FROM otp_secrets").await;
    let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.state(), "mfa_method_chooser");
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation"]);
    app.end().await;
}

#[tokio::test]
async fn a_secret_that_is_removed_during_the_login_is_no_server_error_and_no_way_in() {
    let app = TestApp::start().await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    database::execute(&app, "DELETE FROM otp_secrets").await;
    let document = flow.act("otp_code_validate", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!(
        (&document["status"], &document["error"]["code"]),
        (&json!(403), &json!("operation_not_permitted_error"))
    );
    let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.state(), "success", "the next login does not ask");
    app.end().await;
}

#[tokio::test]
async fn a_secret_that_is_stored_during_the_login_is_asked_for() {
    let app = browser::app(json!({"rateLimiter": {"enabled": false}})).await;
    register(&app, "jane@x.de").await;
    let mut waiting = sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!(waiting.state(), "onboarding_create_passkey");
    let stored = "INSERT INTO otp_secrets SELECT tenant_id, id, id, 'v1.k1.x', NULL, 0, 0 FROM users";
    assert_eq!(database::execute(&app, stored).await, 1);
    let document = waiting.act("skip", json!({})).await;
    assert_eq!(
        (&document["status"], &document["error"]["code"]),
        (&json!(403), &json!("operation_not_permitted_error"))
    );
    app.end().await;
}

#[tokio::test]
async fn without_second_factors_in_the_project_nobody_is_asked() {
    let app = TestApp::start().await;
    register_with_totp(&app, "jane@x.de").await;
    for mfa in [json!({"enabled": false}), json!({"totp": {"enabled": false}})] {
        let mut spec = app.spec("project.yaml");
        crate::support::merge(&mut spec, json!({"settings": {"mfa": mfa.clone()}}));
        let before = app.revision().await;
        app.write("project.yaml", "acme", &spec);
        app.until_revision(|now| now != &before).await;
        let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
        assert_eq!(flow.state(), "success", "{mfa}: {:#}", flow.document());
    }
    app.end().await;
}

#[tokio::test]
async fn names_that_are_too_long_for_the_picture_are_shortened() {
    let service = json!({"name": "服务".repeat(120)});
    let app = TestApp::with(json!({"settings": {"service": service}})).await;
    let mut flow = register_up_to_chooser(&app, &format!("{}@x.de", "a".repeat(64)), plain()).await;
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    assert_eq!(document["name"], "mfa_otp_secret_creation", "{document:#}");
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    let document = flow.act("otp_code_verify", json!({"otp_code": code(&app, &secret, 0)})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

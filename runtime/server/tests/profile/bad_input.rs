//! Input that no client sends: for every action and kind of bad value the exact answer, which is the profile as it was.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actions, at_home,
    browser::Browser,
    cookie,
    credentials::{app, make},
    database, email_id, modern, open, outcome, refused, register, sign_in,
    support::{Answer, Flow, TestApp, send},
    unlimited, user,
};

/// What is wrong with an input, by its code.
fn message(code: &str) -> &'static str {
    match code {
        "value_missing_error" => "The value is missing.",
        "value_invalid_error" => "The value is invalid.",
        "value_too_long_error" => "The value is too long.",
        "value_too_short_error" => "The value is too short.",
        "invalid_username_error" => "The username is invalid.",
        code => panic!("unknown {code}"),
    }
}

/// The profile with an error in it.
fn with_error(before: &Value, after: &Value, (status, code): (u16, &str), wrong: Option<(&str, &str, &str)>) -> Value {
    let mut expected = before.clone();
    expected["csrf_token"] = after["csrf_token"].clone();
    expected["status"] = json!(status);
    let text = match code {
        "form_data_invalid_error" => "Form data invalid.",
        "not_found" => "The requested resource was not found.",
        code => panic!("unknown {code}"),
    };
    expected["error"] = json!({"code": code, "message": text});
    if let Some((action, input, code)) = wrong {
        let described = &mut expected["actions"][action]["inputs"][input];
        let mut text = message(code).to_owned();
        let choices = described["allowed_values"].as_array().cloned();
        if let (Some(choices), "value_invalid_error") = (choices, code) {
            let values: Vec<&str> = choices.iter().map(|choice| choice["value"].as_str().unwrap()).collect();
            text = format!("{text} Must be one of: {}", values.join(","));
        }
        described["error"] = json!({"code": code, "message": text});
    }
    expected
}

/// Sends inputs and compares the whole answer.
async fn refuse(
    flow: &mut Flow<'_>,
    (action, inputs): (&str, Value),
    error: (u16, &str),
    wrong: Option<(&str, &str)>,
    clean: &Value,
) {
    let after = flow.act(action, inputs.clone()).await;
    let mut expected = with_error(clean, &after, error, wrong.map(|(input, code)| (action, input, code)));
    if let Some(shown) = after["actions"][action]["inputs"].get("username") {
        expected["actions"][action]["inputs"]["username"]["value"] = shown["value"].clone();
    }
    assert_eq!(after, expected, "{action} {inputs}");
    assert_eq!(flow.answer.status.as_u16(), error.0);
}

const FORM: (u16, &str) = (400, "form_data_invalid_error");
const NOT_FOUND: (u16, &str) = (404, "not_found");

#[tokio::test]
async fn every_action_refuses_what_fits_into_no_input_with_the_profile_as_it_was() {
    let settings =
        json!({"username": {"enabled": true, "acquireOnLogin": false}, "email": {"requireVerification": false}});
    let app = app(settings).await;
    let mut stranger = at_home(&app, "john@x.de").await;
    make(&mut stranger, &mut Browser::default(), "webauthn_credential_create").await;
    let theirs = user(&stranger);
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut Browser::default(), "webauthn_credential_create").await;
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    let mut gone = Vec::new();
    for name in ["second@x.de", "third@x.de"] {
        app.clock.advance(std::time::Duration::from_secs(1));
        flow.act("email_create", json!({"email": name})).await;
        gone.push(email_id(&flow, name));
    }
    flow.act("email_delete", json!({"email_id": gone[1]})).await;
    flow.act("username_create", json!({"username": "jane"})).await;
    let other = sign_in_with_key(&app).await;
    let flow_cookie = cookie(&flow);
    let mut flow = open(&app, &flow_cookie, modern()).await;
    let clean = flow.document();
    assert!(other && actions(&flow).contains(&"session_delete".to_owned()));
    let long = "x".repeat(20_000);
    let nowhere = "3b241101-e2bb-4255-8caf-4136c566a962";

    // Not texts, in every input that is one.
    let inputs = [
        ("email_create", "email"),
        ("email_delete", "email_id"),
        ("email_set_primary", "email_id"),
        ("email_verify", "email_id"),
        ("password_update", "password"),
        ("security_key_delete", "security_key_id"),
        ("session_delete", "session_id"),
        ("username_update", "username"),
        ("webauthn_credential_delete", "passkey_id"),
        ("webauthn_credential_rename", "passkey_id"),
        ("webauthn_credential_rename", "passkey_name"),
    ];
    for (action, input) in inputs {
        let rest = if input == "passkey_id" { json!({"passkey_name": "x"}) } else { json!({"passkey_id": "x"}) };
        let rest = if action == "webauthn_credential_rename" { rest } else { json!({}) };
        let mut tried = vec![rest.clone()];
        for value in [json!(null), json!(""), json!([]), json!(["x"]), json!({}), json!({"a": 1})] {
            let mut inputs = rest.clone();
            inputs[input] = value;
            inputs["no_such_input"] = json!("x");
            tried.push(inputs);
        }
        for inputs in tried {
            refuse(&mut flow, (action, inputs), FORM, Some((input, "value_missing_error")), &clean).await;
        }
    }
    // Ids of nothing, of somebody else, of something that is gone, and none.
    let (email, passkey) = (theirs["emails"][0]["id"].clone(), theirs["passkeys"][0]["id"].clone());
    let ids = [
        json!(nowhere),
        email,
        gone[1].clone(),
        json!("x"),
        json!(long),
        json!("{}"),
        json!("\u{0}"),
        json!("%00' OR 1=1 --"),
    ];
    for id in &ids {
        for action in ["email_set_primary", "email_verify"] {
            refuse(&mut flow, (action, json!({"email_id": id})), NOT_FOUND, None, &clean).await;
        }
        for (action, input) in [("email_delete", "email_id"), ("session_delete", "session_id")] {
            refuse(&mut flow, (action, json!({input: id})), FORM, Some((input, "value_invalid_error")), &clean).await;
        }
    }
    for id in ids.iter().chain([&passkey]) {
        for (action, input) in [
            ("security_key_delete", "security_key_id"),
            ("webauthn_credential_delete", "passkey_id"),
            ("webauthn_credential_rename", "passkey_id"),
        ] {
            refuse(&mut flow, (action, json!({input: id, "passkey_name": "x"})), NOT_FOUND, None, &clean).await;
        }
    }
    // Texts that are none of what is wanted.
    for (action, input, value, code) in [
        ("email_create", "email", json!("x"), "value_invalid_error"),
        ("email_create", "email", json!(7), "value_invalid_error"),
        ("email_create", "email", json!(true), "value_invalid_error"),
        ("email_create", "email", json!("a@b"), "value_invalid_error"),
        ("email_create", "email", json!("a b@x.de"), "value_invalid_error"),
        ("email_create", "email", json!("a@x.de\u{0}"), "value_invalid_error"),
        ("email_create", "email", json!(format!("{}@x.de", "a".repeat(116))), "value_too_long_error"),
        ("email_create", "email", json!(long), "value_too_long_error"),
        ("password_update", "password", json!("1234567"), "value_too_short_error"),
        ("password_update", "password", json!(long), "value_too_long_error"),
        ("password_update", "password", json!(12_345_678), "value_missing_error"),
        ("username_update", "username", json!("ab"), "value_too_short_error"),
        ("username_update", "username", json!("a".repeat(33)), "value_too_long_error"),
        ("username_update", "username", json!("a\u{202e}b"), "invalid_username_error"),
        ("username_update", "username", json!("a.b.c"), "invalid_username_error"),
    ] {
        refuse(&mut flow, (action, json!({input: value})), FORM, Some((input, code)), &clean).await;
    }
    // After all of that everything is as it was, and still works.
    assert_eq!(open(&app, &flow_cookie, modern()).await.document()["payload"], clean["payload"]);
    flow.act("username_update", json!({"username": 12_345, "no_such_input": 1})).await;
    assert_eq!(user(&flow)["username"]["username"], "12345", "§3: a number is text here");
    app.end().await;
}

/// A second session of the only account with a username.
async fn sign_in_with_key(app: &TestApp) -> bool {
    let sql = "INSERT INTO sessions SELECT tenant_id, x'000000000000000000000000000000ff', user_id, NULL, NULL, created_at, last_used, expires_at, ends_at FROM sessions WHERE user_id = (SELECT user_id FROM usernames) LIMIT 1";
    database::execute(app, sql).await == 1
}

/// Sends a body as it is to an action of the profile.
async fn raw(flow: &Flow<'_>, app: &TestApp, kind: &str, body: Vec<u8>) -> Answer {
    let href = flow.document()["actions"]["patch_metadata"]["href"].as_str().unwrap().to_owned();
    let request = app.request(Method::POST, &href).header("Cookie", cookie(flow)).header("Content-Type", kind);
    send(request.body(body)).await
}

#[tokio::test]
async fn bodies_that_are_no_requests_change_nothing() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let token = flow.document()["csrf_token"].as_str().unwrap().to_owned();
    let good = json!({"input_data": {"patch_metadata": {"a": 1}}, "csrf_token": token}).to_string();
    let wrong = json!({"input_data": {"patch_metadata": {"a": 1}}, "csrf_token": "x"}).to_string();
    for (kind, body, status) in [
        ("text/plain", good.clone(), 500),
        ("application/octet-stream", good.clone(), 500),
        ("application/x-www-form-urlencoded", format!("csrf_token={token}"), 403),
        ("application/json", wrong, 403),
        ("application/json", "{}".to_owned(), 403),
        ("application/json", "null".to_owned(), 500),
        ("application/json", "[]".to_owned(), 500),
        ("application/json", "{".to_owned(), 500),
        ("application/json", format!("{{\"csrf_token\":\"{token}\",\"input_data\":[]}}"), 500),
        (
            "application/json",
            format!("{{\"csrf_token\":\"{token}\",\"input_data\":{{\"patch_metadata\":{}}}}}", "[".repeat(5_000)),
            400,
        ),
    ] {
        let answer = raw(&flow, &app, kind, body.clone().into_bytes()).await;
        assert_eq!(answer.status.as_u16(), status, "{kind} {body:.80}: {}", answer.text());
        assert_eq!(answer.json()["name"], "error");
    }
    let big = format!("{{\"csrf_token\":\"{token}\",\"x\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(raw(&flow, &app, "application/json", big.into_bytes()).await.status, 413);
    assert_eq!(user(&open(&app, &cookie(&flow), modern()).await).get("metadata"), None);
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert_eq!(flow.answer.status, 200, "the run goes on");
    // The token of the answer before is spent.
    let answer = raw(&flow, &app, "application/json", good.into_bytes()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["error"]["code"].clone()),
        (403, json!("operation_not_permitted_error"))
    );
    app.end().await;
}

#[tokio::test]
async fn runs_of_other_flows_and_expired_ones_are_refused() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let login = crate::journeys::begin(&app, "/login", crate::plain()).await;
    let document = login.document();
    let href =
        document["actions"]["continue_with_login_identifier"]["href"].as_str().unwrap().replace("/login", "/profile");
    let body = json!({"input_data": {"email": "jane@x.de"}, "csrf_token": document["csrf_token"]});
    let answer = send(app.request(Method::POST, &href).header("Cookie", cookie(&flow)).json(&body)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["name"].clone()), (403, json!("error")));
    let href = flow.document()["actions"]["patch_metadata"]["href"].as_str().unwrap().replace("/profile", "/login");
    let body = json!({"input_data": {}, "csrf_token": flow.document()["csrf_token"]});
    assert_eq!(app.post(&href, &body).await.status, 403);
    app.clock.advance(std::time::Duration::from_secs(24 * 3600 + 1));
    flow.headers[0].1 = sign_in(&app, "jane@x.de").await;
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert_eq!(outcome(&flow), refused(410, "error", "flow_expired_error"));
    register(&app, "john@x.de").await;
    app.end().await;
}

//! §1: transport, order of checks, history, concurrency.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    actions, begin, identify, plain, register,
    support::{Flow, TestApp, send},
};

/// The short error form.
fn short(status: u16, code: &str, message: &str) -> Value {
    json!({
        "name": "error", "status": status, "csrf_token": "", "actions": {},
        "error": {"code": code, "message": message}, "links": null,
    })
}

fn not_permitted() -> Value {
    short(403, "operation_not_permitted_error", "The operation is not permitted.")
}

fn technical() -> Value {
    short(500, "technical_error", "Something went wrong.")
}

#[tokio::test]
async fn a_flow_begins_whatever_the_body_and_is_not_stored() {
    let app = TestApp::start().await;
    for path in ["/login", "/registration", "/flow/login", "/login?action="] {
        let answer =
            send(app.request(Method::POST, path).header("content-type", "application/json").body("{not json")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.body.ends_with(b"\n"));
        let document = answer.json();
        assert_eq!(
            (&document["name"], &document["status"], &document["payload"], &document["links"]),
            (&json!("preflight"), &json!(200), &json!({}), &Value::Null)
        );
        assert_eq!(document["csrf_token"].as_str().unwrap().len(), 32);
        let prefix = if path.starts_with("/flow") { "/flow/login" } else { path.split('?').next().unwrap() };
        let href = document["actions"]["register_client_capabilities"]["href"].as_str().unwrap();
        assert!(href.starts_with(&format!("{prefix}?action=register_client_capabilities%40")), "{href}");
    }
    assert_eq!(crate::audit::count(&app, "SELECT COUNT(*) FROM flows").await, 0);
    app.end().await;
}

#[tokio::test]
async fn only_post_reaches_a_flow() {
    let app = TestApp::start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(send(app.request(method, "/login")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    app.end().await;
}

#[tokio::test]
async fn bodies_are_bound_as_the_contract_says() {
    let app = TestApp::start().await;
    let flow = begin(&app, "/login", plain()).await;
    let (href, token) = (href(&flow, "continue_with_login_identifier"), flow.document()["csrf_token"].clone());
    let request = |kind: &str, body: String| app.request(Method::POST, &href).header("content-type", kind).body(body);
    let json_kind = "application/json";
    for (kind, body, expected) in [
        (json_kind, String::new(), not_permitted()),
        (json_kind, "{".into(), technical()),
        (json_kind, json!({"input_data": [], "csrf_token": token}).to_string(), technical()),
        (json_kind, json!({"input_data": {}, "csrf_token": 7}).to_string(), technical()),
        ("text/plain", json!({"csrf_token": token}).to_string(), technical()),
        ("application/x-www-form-urlencoded", "csrf_token=x".into(), not_permitted()),
        (json_kind, json!({"input_data": {}}).to_string(), not_permitted()),
    ] {
        assert_eq!(send(request(kind, body.clone())).await.json(), expected, "{kind} {body}");
    }
    // Nothing of this has touched the run: the token still works, and what follows the first value is ignored.
    let body = format!("{} trailing", json!({"input_data": {"email": "a@x.de"}, "csrf_token": token}));
    assert_eq!(send(request("application/json; charset=utf-8", body)).await.json()["name"], "login_method_chooser");
    app.end().await;
}

fn href(flow: &Flow<'_>, action: &str) -> String {
    flow.document()["actions"][action]["href"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn checks_apply_in_the_order_of_the_contract() {
    let app = TestApp::start().await;
    let flow = begin(&app, "/login", plain()).await;
    let token = flow.document()["csrf_token"].clone();
    let id = href(&flow, "continue_with_login_identifier").split("%40").last().unwrap().to_owned();
    let stranger = "3b241101-e2bb-4255-8caf-4136c566a962";
    let body = |token: &Value| json!({"input_data": {"email": "a@x.de"}, "csrf_token": token});
    for (path, body, expected) in [
        ("/login?action=x".to_owned(), body(&token), technical()),
        ("/login?action=x@y@z".to_owned(), body(&token), technical()),
        ("/login?action=x@not-a-uuid".to_owned(), body(&token), technical()),
        (format!("/login?action=@{id}"), body(&token), technical()),
        (format!("/login?action=back@{stranger}"), body(&token), not_permitted()),
        (format!("/login?action=continue_with_login_identifier@{id}"), body(&json!("")), not_permitted()),
        (format!("/login?action=continue_with_login_identifier@{id}"), body(&json!("x".repeat(32))), not_permitted()),
        (format!("/login?action=no_such_action@{id}"), body(&token), not_permitted()),
        // Suspended: the client has no WebAuthn.
        (format!("/login?action=webauthn_generate_request_options@{id}"), body(&token), not_permitted()),
        // Another flow's endpoint (§7 Q1).
        (format!("/registration?action=continue_with_login_identifier@{id}"), body(&token), not_permitted()),
    ] {
        assert_eq!(app.post(&path, &body).await.json(), expected, "{path}");
    }
    // The run is untouched, and a plain @ is as good as an escaped one.
    let path = format!("/login?action=continue_with_login_identifier@{id}");
    assert_eq!(app.post(&path, &body(&token)).await.json()["name"], "login_method_chooser");
    app.end().await;
}

#[tokio::test]
async fn a_flow_expires_a_day_after_it_began_whether_stored_or_not() {
    let app = TestApp::start().await;
    let (mut unstored, mut stored) = (Flow::begin(&app, "/login").await, begin(&app, "/login", plain()).await);
    app.clock.advance(Duration::from_secs(24 * 3600 + 2));
    let expired = short(410, "flow_expired_error", "The flow has expired.");
    assert_eq!(unstored.act("register_client_capabilities", plain()).await, expired);
    assert_eq!(stored.act("continue_with_login_identifier", json!({"email": "a@x.de"})).await, expired);
    app.end().await;
}

#[tokio::test]
async fn nothing_a_client_does_makes_a_run_live_longer() {
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/login", plain()).await;
    app.clock.advance(Duration::from_secs(23 * 3600));
    assert_eq!(flow.act("continue_with_login_identifier", json!({"email": "a@x.de"})).await["status"], 200);
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(flow.act("continue_to_password_login", json!({})).await["status"], 200, "the last moment counts");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(flow.act("back", json!({})).await["error"]["code"], "flow_expired_error");
    app.end().await;
}

#[tokio::test]
async fn of_two_things_that_are_wrong_the_first_of_the_contract_is_told() {
    let app = TestApp::start().await;
    let flow = begin(&app, "/login", plain()).await;
    let token = flow.document()["csrf_token"].clone();
    let id = href(&flow, "continue_with_login_identifier").split("%40").last().unwrap().to_owned();
    let stranger = "3b241101-e2bb-4255-8caf-4136c566a962";
    let (malformed, stale) = (json!({"csrf_token": 7}), json!({"csrf_token": "stale"}));
    for (action, body, expected) in [
        // 1 before 5: a body that does not bind, for a run that does not exist.
        (format!("back@{stranger}"), &malformed, technical()),
        // 2 before 8.
        ("back@no-uuid".to_owned(), &stale, technical()),
        // 4 before 5 and 8.
        (format!("@{stranger}"), &stale, technical()),
        (format!("@{id}"), &stale, technical()),
        // 8 and 10 look the same.
        (format!("no_such_action@{id}"), &stale, not_permitted()),
    ] {
        assert_eq!(app.post(&format!("/login?action={action}"), body).await.json(), expected, "{action} {body}");
    }
    app.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let expired = short(410, "flow_expired_error", "The flow has expired.");
    for (endpoint, action, body, expected) in [
        // 6 before 8, 10 and 12.
        ("/login", "back", &stale, expired.clone()),
        ("/login", "no_such_action", &json!({"csrf_token": token}), expired.clone()),
        ("/login", "webauthn_generate_request_options", &json!({"csrf_token": token}), expired),
        // 1 before 6; 5 before 6.
        ("/login", "back", &malformed, technical()),
        ("/registration", "back", &stale, not_permitted()),
    ] {
        let answer = app.post(&format!("{endpoint}?action={action}@{id}"), body).await;
        assert_eq!(answer.json(), expected, "{endpoint} {action} {body}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_token_works_once() {
    let app = TestApp::start().await;
    let first = Flow::begin(&app, "/login").await.document();
    let href = first["actions"]["register_client_capabilities"]["href"].as_str().unwrap();
    let body = json!({"input_data": plain(), "csrf_token": first["csrf_token"]});
    assert_eq!(app.post(href, &body).await.json()["name"], "login_init");
    assert_eq!(app.post(href, &body).await.json(), not_permitted(), "a lost answer is not repeated");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_requests_that_come_at_once_one_is_performed() {
    let app = TestApp::start().await;
    for stored in [false, true] {
        let (path, inputs) = if stored {
            ("continue_with_login_identifier", json!({"email": "a@x.de"}))
        } else {
            ("register_client_capabilities", plain())
        };
        let flow = if stored { begin(&app, "/login", plain()).await } else { Flow::begin(&app, "/login").await };
        let url = app.url(&href(&flow, path));
        let body = json!({"input_data": inputs, "csrf_token": flow.document()["csrf_token"]});
        let requests: Vec<_> = (0..8).map(|_| tokio::spawn(send(app.http.post(&url).json(&body)))).collect();
        let mut performed = 0;
        for request in requests {
            let answer = request.await.unwrap();
            match answer.status.as_u16() {
                200 => performed += 1,
                _ => assert_eq!(answer.json(), not_permitted()),
            }
        }
        assert_eq!(performed, 1, "stored: {stored}");
    }
    app.end().await;
}

#[tokio::test]
async fn back_returns_to_what_was_and_only_where_nothing_was_proven() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    assert_eq!(flow.state(), "login_method_chooser");
    assert_eq!(flow.act("continue_to_password_login", json!({})).await["name"], "login_password");
    assert_eq!(flow.act("back", json!({})).await["name"], "login_method_chooser");
    assert_eq!(flow.act("back", json!({})).await["name"], "login_init");
    assert!(!actions(&flow).contains(&"back".to_owned()), "login_init has no way back");
    app.end().await;
}

#[tokio::test]
async fn an_ended_flow_remembers_nothing_and_offers_nothing() {
    let app = TestApp::start().await;
    let flow = register(&app, "jane@x.de").await;
    assert_eq!(flow.document()["actions"], json!({}));
    let id = crate::audit::rows(&app).await[0].2.clone();
    let id = serde_json::from_str::<Value>(&id).unwrap()["flow_id"].as_str().unwrap().to_owned();
    let body = json!({"input_data": {}, "csrf_token": flow.document()["csrf_token"]});
    assert_eq!(app.post(&format!("/registration?action=back@{id}"), &body).await.json(), not_permitted());
    app.end().await;
}

#[tokio::test]
async fn documents_have_exactly_the_members_of_the_contract() {
    let app = TestApp::start().await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let document = flow.act("verify_passcode", json!({"code": ""})).await;
    let id = document["actions"]["back"]["href"].as_str().unwrap().split("%40").last().unwrap().to_owned();
    let action = |name: &str, description: &str, inputs: Value| json!({"action": name, "href": format!("/login?action={name}%40{id}"), "description": description, "inputs": inputs});
    assert_eq!(
        document,
        json!({
            "name": "passcode_confirmation", "status": 400, "payload": {}, "csrf_token": document["csrf_token"], "links": null,
            "error": {"code": "form_data_invalid_error", "message": "Form data invalid."},
            "actions": {
                "verify_passcode": action("verify_passcode", "Confirms the code that was sent by mail.", json!({
                    "code": {"name": "code", "type": "string", "required": true,
                             "error": {"code": "value_missing_error", "message": "The value is missing."}},
                })),
                "resend_passcode": action("resend_passcode", "Sends a new code by mail.", json!({})),
                "back": action("back", "Returns to the previous state.", json!({})),
            },
        })
    );
    app.end().await;
}

#[tokio::test]
async fn a_setting_applies_to_runs_that_are_under_way() {
    // §1.6.
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    let page = flow.document();
    let mut spec = app.spec("project.yaml");
    crate::support::merge(&mut spec, json!({"settings": {"password": {"enabled": false}}}));
    let before = app.revision().await;
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| now != &before).await;
    let body = json!({"input_data": {"password": crate::PASSWORD}, "csrf_token": page["csrf_token"]});
    let href = page["actions"]["password_login"]["href"].as_str().unwrap();
    assert_eq!(app.post(href, &body).await.json(), not_permitted());
    flow.act("back", json!({})).await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "success");
    app.end().await;
}

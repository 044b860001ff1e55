//! Input that no client sends: always a clear refusal, never a broken server, and the flow can go on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, begin,
    browser::{self, Browser},
    database, modern, plain, register,
    support::{Answer, Flow, TestApp, send},
    totp::{self, register_up_to_chooser, sign_in_with_password},
};

/// Values of every kind that fit into no input.
fn values() -> Vec<Value> {
    let long = "x".repeat(15_000);
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!([[["x"]]]),
        json!({}),
        json!({"a": {"b": []}}),
        json!(""),
        json!(" \t\r\n "),
        json!("\u{0}"),
        json!("\u{1b}[31m\u{7}\u{8}"),
        json!("\u{202e}\u{2066}x\u{2069}\u{200f}"),
        json!("\u{feff}\u{fffe}\u{10ffff}"),
        json!("' OR 1=1 --"),
        json!("${jndi:ldap://x}{{7*7}}<script>"),
        json!("%00%0a"),
        json!(long),
        json!(format!("{long}@x.de")),
        json!("[".repeat(15_000)),
        json!("{\"id\":".repeat(2_000)),
        json!("\u{1f98a}".repeat(4_000)),
    ]
}

/// What looks odd and is as good as anything.
fn is_fine(action: &str, input: &str, value: &Value) -> bool {
    match (action, input) {
        // Typed into a text field they are text (§1.15).
        ("username_create", "username") => value.is_number() || value.is_boolean(),
        (_, "new_password") => {
            value.as_str().is_some_and(|password| password.chars().count() >= 8 && password.len() <= 72)
        }
        _ => false,
    }
}

/// Sends all of them in every input of every action that is offered, and returns the flow as it was before, but for its token.
/// Actions without a required text would go on, so they are left out.
async fn hold_out(flow: &mut Flow<'_>) {
    let before = (flow.state(), actions(flow));
    let document = flow.document();
    let mut tried = 0;
    for (action, offered) in document["actions"].as_object().unwrap() {
        for (input, description) in offered["inputs"].as_object().unwrap() {
            if description["type"] == "boolean" {
                continue;
            }
            for value in values() {
                if is_fine(action, input, &value) {
                    continue;
                }
                let document = flow.act(action, json!({input: value, "no_such_input": value})).await;
                let status = document["status"].as_u64().unwrap();
                assert!((400..500).contains(&status), "{action} {input} {value}: {document:#}");
                assert_eq!(u64::from(flow.answer.status.as_u16()), status);
                assert_eq!((flow.state(), actions(flow)), before, "{action} {input} {value}");
                assert!(document["error"]["code"].is_string() && document["csrf_token"].as_str().unwrap().len() == 32);
                tried += 1;
            }
        }
    }
    assert!(tried > 0, "{} has no input", before.0);
}

fn settings(more: Value) -> Value {
    let mut settings = json!({"rateLimiter": {"enabled": false}, "username": {"enabled": true, "optional": false}});
    crate::support::merge(&mut settings, more);
    settings
}

#[tokio::test]
async fn a_registration_holds_out() {
    let (app, mut browser) = (browser::app(settings(json!({}))).await, Browser::default());
    let mut flow = begin(&app, "/registration", modern()).await;
    hold_out(&mut flow).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de", "username": "jane"})).await;
    hold_out(&mut flow).await;
    flow.act("resend_passcode", json!({})).await;
    app.mailbox.take("jane@x.de").await;
    let code = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "password_creation");
    hold_out(&mut flow).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    hold_out(&mut flow).await;
    flow.act("otp_code_verify", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    assert_eq!(options["name"], "onboarding_verify_passkey_attestation", "{options:#}");
    hold_out(&mut flow).await;
    let created = browser.create(&options).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn a_login_holds_out() {
    let app = browser::app(settings(json!({"passkey": {"acquireOnLogin": "never"}}))).await;
    let mut flow =
        totp::register_up_to_chooser_as(&app, json!({"email": "jane@x.de", "username": "jane"}), modern()).await;
    let secret = totp::set_up(&app, &mut flow).await;
    flow.act("skip", json!({})).await;
    app.clock.advance(std::time::Duration::from_secs(60));

    let mut flow = begin(&app, "/login", modern()).await;
    hold_out(&mut flow).await;
    flow.act("continue_with_login_identifier", json!({"identifier": "jane"})).await;
    flow.act("webauthn_generate_request_options", json!({})).await;
    hold_out(&mut flow).await;
    flow.act("back", json!({})).await;
    flow.act("continue_to_password_login", json!({})).await;
    hold_out(&mut flow).await;
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    hold_out(&mut flow).await;
    flow.act("resend_passcode", json!({})).await;
    app.mailbox.take("jane@x.de").await;
    let code = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "login_otp");
    hold_out(&mut flow).await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!(flow.state(), "login_password_recovery");
    hold_out(&mut flow).await;
    flow.act("password_recovery", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.act("skip", json!({})).await["name"], "success", "{:#}", flow.document());
    app.end().await;
}

#[tokio::test]
async fn onboarding_holds_out() {
    let own = json!({"username": {"acquireOnRegistration": false}, "mfa": {"enabled": false}});
    let app = TestApp::with(json!({"settings": settings(own)})).await;
    register(&app, "jane@x.de").await;
    let mut flow = begin(&app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": "jane@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "onboarding_username");
    hold_out(&mut flow).await;
    assert_eq!(flow.act("username_create", json!({"username": "jane"})).await["name"], "success");

    let email = json!({"email": {"acquireOnRegistration": false, "optional": true}, "mfa": {"enabled": false}});
    let other = TestApp::with(json!({"settings": settings(email)})).await;
    let mut flow = begin(&other, "/registration", plain()).await;
    flow.act("register_login_identifier", json!({"username": "jane"})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let mut flow = begin(&other, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": "jane"})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "onboarding_email");
    hold_out(&mut flow).await;
    assert_eq!(flow.act("skip", json!({})).await["name"], "success");
    for app in [app, other] {
        app.end().await;
    }
}

#[tokio::test]
async fn switches_are_read_as_what_they_look_like() {
    let session = json!({"session": {"cookie": {"retention": "prompt"}}});
    let app = TestApp::with(json!({"settings": settings(session)})).await;
    for value in values() {
        let mut flow = Flow::begin(&app, "/login").await;
        let all = json!({
            "webauthn_available": value, "webauthn_conditional_mediation_available": value,
            "webauthn_platform_authenticator_available": value,
        });
        let document = flow.act("register_client_capabilities", all).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("login_init"), &json!(200)), "{value}");
        let offered = actions(&flow).contains(&"webauthn_generate_request_options".to_owned());
        assert_eq!(offered, [json!(true), json!(-1), json!(1e300), json!(u64::MAX)].contains(&value), "{value}");
        assert_eq!(flow.act("remember_me", json!({"remember_me": value})).await["status"], 200, "{value}");
    }
    app.end().await;
}

/// Sends a body to the action of a login in `login_init` and returns the answer and whether the flow still goes on.
async fn to_login_init(app: &TestApp, body: impl FnOnce(&str) -> Vec<u8>) -> (Answer, bool) {
    let mut flow = begin(app, "/login", plain()).await;
    let document = flow.document();
    let href = document["actions"]["continue_with_login_identifier"]["href"].as_str().unwrap();
    let body = body(document["csrf_token"].as_str().unwrap());
    let answer = send(app.request(Method::POST, href).header("content-type", "application/json").body(body)).await;
    let next = flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    (answer, next["name"] == "login_method_chooser")
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let expected = json!({"code": 413, "message": "Payload Too Large"});
    for size in [64 * 1024 + 1, 100_000, 4_000_000] {
        let (answer, goes_on) = to_login_init(&app, |token| {
            let inputs = json!({"email": "a".repeat(size)});
            json!({"input_data": inputs, "csrf_token": token}).to_string().into_bytes()
        })
        .await;
        assert_eq!((answer.status.as_u16(), answer.json(), goes_on), (413, expected.clone(), true), "{size}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_password_of_any_length_is_only_wrong() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    for (length, status) in [(73, 400), (60_000, 400), (100_000, 413)] {
        let mut flow = crate::identify(&app, "jane@x.de").await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({"password": "x".repeat(length)})).await;
        assert_eq!(flow.answer.status.as_u16(), status, "{length}");
    }
    let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.state(), "success");
    app.end().await;
}

#[tokio::test]
async fn a_body_that_is_nested_too_deep_or_no_unicode_is_refused() {
    let app = TestApp::start().await;
    let refused = json!({
        "name": "error", "status": 400, "csrf_token": "", "actions": {},
        "error": {"code": "form_data_invalid_error", "message": "Form data invalid."}, "links": null,
    });
    let inside = |token: &str, bytes: &[u8]| {
        let before = format!("{{\"csrf_token\":\"{token}\",\"input_data\":{{\"email\":");
        [before.as_bytes(), bytes, b"}}"].concat()
    };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(9_000), "}".repeat(9_000));
    for bytes in [deep.as_bytes(), objects.as_bytes(), b"\"\xff\xfe\"", b"\"a\xc0\xafb\"", b"\"\xed\xa0\x80\""] {
        let (answer, goes_on) = to_login_init(&app, |token| inside(token, bytes)).await;
        assert_eq!((answer.status.as_u16(), answer.json(), goes_on), (400, refused.clone(), true));
    }
    // Half a surrogate pair is no text either.
    let (answer, goes_on) = to_login_init(&app, |token| inside(token, b"\"\\ud800\"")).await;
    assert_eq!((answer.status.as_u16(), goes_on), (500, true), "§1.3: no JSON");
    app.end().await;
}

#[tokio::test]
async fn bodies_that_bind_to_nothing_leave_the_flow_as_it_was() {
    // §1.3, beyond what `engine` has.
    let app = TestApp::start().await;
    for (body, status, code) in [
        ("null", 500, "technical_error"),
        ("[]", 500, "technical_error"),
        ("[{},\"x\"]", 500, "technical_error"),
        ("\"x\"", 500, "technical_error"),
        ("{} {}", 403, "operation_not_permitted_error"),
        ("{\"input_data\":null}", 403, "operation_not_permitted_error"),
        ("{\"input_data\":\"x\",\"csrf_token\":\"x\"}", 500, "technical_error"),
        ("{\"csrf_token\":null}", 500, "technical_error"),
        ("{\"csrf_token\":\"\u{202e}\"}", 403, "operation_not_permitted_error"),
        ("{\"csrf_token\":\"x\",\"csrf_token\":\"y\"}", 403, "operation_not_permitted_error"),
        ("\u{feff}{}", 500, "technical_error"),
    ] {
        let (answer, goes_on) = to_login_init(&app, |_| body.as_bytes().to_vec()).await;
        assert_eq!((answer.status.as_u16(), goes_on), (status, true), "{body}");
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
    }
    app.end().await;
}

#[tokio::test]
async fn an_empty_body_of_unknown_length_cannot_be_bound() {
    let app = TestApp::start().await;
    let flow = begin(&app, "/login", plain()).await;
    let href = flow.document()["actions"]["continue_with_login_identifier"]["href"].as_str().unwrap().to_owned();
    let head = format!("POST {href} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    let answer = app.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("\"technical_error\""), "{answer}");
    let answer = app.raw(format!("{head}Content-Length: 0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("\"operation_not_permitted_error\""), "{answer}");
    app.end().await;
}

#[tokio::test]
async fn a_row_that_does_not_open_is_a_technical_error() {
    // §1.4 step 7.
    let app = TestApp::start().await;
    let mut flow = begin(&app, "/login", plain()).await;
    assert_eq!(database::execute(&app, "UPDATE flows SET data = CAST('v1.k1.AAAA' AS BLOB)").await, 1);
    let document = flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    assert_eq!((&document["status"], &document["error"]["code"]), (&json!(500), &json!("technical_error")));
    app.end().await;
}

#[tokio::test]
async fn strange_actions_are_refused() {
    // §1.4 steps 2 to 5, beyond what `engine` has.
    let app = TestApp::start().await;
    let id = "3b241101-e2bb-4255-8caf-4136c566a962";
    for (query, status) in [
        ("action=%40".to_owned(), 500),
        ("action=%00%40".to_owned(), 500),
        (format!("action={}%40{id}", "x".repeat(5_000)), 403),
        (format!("action=%e2%80%ae%40{id}"), 403),
        (format!("action=back%40{}", id.to_uppercase()), 403),
        (format!("action=back%40{id}%40{id}"), 500),
        (format!("action=back%40{id}&action=x"), 403),
        (format!("action=back%40%20{id}"), 500),
        ("action=back%4000000000-0000-0000-0000-000000000000".to_owned(), 403),
        ("action=back%40ffffffff-ffff-ffff-ffff-ffffffffffff".to_owned(), 403),
    ] {
        let answer = app.post(&format!("/login?{query}"), &json!({"csrf_token": "x"})).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text());
        assert_eq!(answer.json()["name"], "error");
    }
    app.end().await;
}

#[tokio::test]
async fn strange_headers_and_cookies_do_no_harm() {
    let app = TestApp::start().await;
    let long = "x".repeat(8_000);
    for (name, value) in [
        ("X-Language", long.as_str()),
        ("X-Language", "../../etc/passwd"),
        ("X-Language", "de\u{a0}"),
        ("Cookie", "hanko=; hanko-device-token=;;;=;\"; x"),
        ("Cookie", "hanko-device-token=|:|:|"),
        ("User-Agent", long.as_str()),
        ("X-Forwarded-For", "1.2.3.4, x, ,"),
        ("Authorization", "Bearer x"),
    ] {
        let mut flow = Flow::begin_with(&app, "/registration", &[(name, value)]).await;
        flow.act("register_client_capabilities", plain()).await;
        let address = format!("{}@x.de", hanko_domain::Random::system().text(b"abcdefghijklmnopqrstuvwxyz", 12));
        flow.act("register_login_identifier", json!({"email": address})).await;
        let code = app.mailbox.take(&address).await.code();
        let document = flow.act("verify_passcode", json!({"code": code})).await;
        assert_eq!(document["name"], "password_creation", "{name}: {document:#}");
    }
    let mut flow = register_up_to_chooser(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.act("skip", json!({})).await["name"], "success");
    app.end().await;
}

//! `/passcode/login/*` (§13.4, §13.5).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    audit, call, database, join, me, open, post, prove, saying,
    support::{Answer, TestApp},
    told,
};

async fn ask(app: &TestApp, user: &str) -> Value {
    let answer = post(app, "/passcode/login/initialize", json!({"user_id": user})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn show(app: &TestApp, sent: &Value, code: &str) -> Answer {
    post(app, "/passcode/login/finalize", json!({"id": sent["id"], "code": code})).await
}

fn other(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

#[tokio::test]
async fn item_26_a_sign_up_ends_with_a_verified_main_address_an_event_and_a_session() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let user = me(&app, &jane.cookie).await;
    assert_eq!((&user["id"], &user["emails"][0]["id"]), (&json!(jane.id), &json!(jane.email)));
    assert_eq!((&user["emails"][0]["is_verified"], &user["emails"][0]["is_primary"]), (&json!(true), &json!(true)));
    let names: Vec<String> = database::events(&app).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user.create", "session.create.flow"]);
    let kinds = [
        "passcode_login_init_succeeded",
        "user_created",
        "primary_email_changed",
        "email_verified",
        "passcode_login_final_succeeded",
    ];
    let mut written = audit::types(&app).await;
    written.retain(|kind| kinds.contains(&kind.as_str()));
    assert_eq!(written, kinds);
    app.end().await;
}

#[tokio::test]
async fn a_code_signs_in_with_a_token_that_tells_neither_username_nor_methods() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    assert_eq!((&sent["ttl"], &sent["created_at"]), (&json!(300), &json!("2026-01-01T00:00:00Z")));
    let code = app.mailbox.take("jane@acme.test").await.code();
    assert!(code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()), "always digits");
    let answer = show(&app, &sent, &code).await;
    assert_eq!(answer.json(), sent);
    assert_eq!(
        (answer.header("x-session-lifetime"), answer.header("x-session-retention")),
        ("3600".into(), String::new())
    );
    assert!(answer.header("set-cookie").contains("Max-Age=3600"));
    let claims = call(&app, "GET", "/sessions/validate", &answer.cookie(), None).await.json()["claims"].clone();
    assert!(claims.get("amr").is_none() && claims.get("username").is_none(), "{claims}");
    assert_eq!(claims["email"]["address"], "jane@acme.test");
    assert_eq!(told(&show(&app, &sent, &code).await), saying(401, "passcode not found"), "it counts once");
    let page = app.get_admin("/metrics").await.text();
    for series in [
        "hanko_registrations_total 1",
        "hanko_logins_total{method=\"otp\",outcome=\"success\"} 1",
        "hanko_logins_total{method=\"otp\",outcome=\"failure\"} 1",
        "hanko_sessions_created_total{flow=\"rest\",method=\"otp\"} 2",
    ] {
        assert!(page.contains(&format!("\n{series}\n")), "{series} in {page}");
    }
    app.end().await;
}

#[tokio::test]
async fn item_24_three_wrong_codes_end_it() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    let wrong = other(&code);
    for expected in [
        saying(401, "Unauthorized"),
        saying(401, "Unauthorized"),
        saying(410, "max attempts reached"),
        saying(401, "passcode not found"),
    ] {
        assert_eq!(told(&show(&app, &sent, wrong).await), expected);
    }
    assert_eq!(told(&show(&app, &sent, &code).await), saying(401, "passcode not found"));
    let errors: Vec<String> = audit::rows(&app).await.into_iter().filter_map(|(_, error, _)| error).collect();
    assert_eq!(
        errors,
        ["passcode invalid", "passcode invalid", "max attempts reached", "unknown passcode", "unknown passcode"]
    );
    app.end().await;
}

#[tokio::test]
async fn item_25_a_code_that_came_too_late_says_so() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    app.clock.advance(Duration::from_secs(300));
    for _ in 0..2 {
        assert_eq!(told(&show(&app, &sent, &code).await), saying(408, "passcode request timed out"));
    }
    app.end().await;
}

#[tokio::test]
async fn of_many_who_show_one_code_at_once_one_signs_in() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    let answers = futures_join((0..8).map(|_| show(&app, &sent, &code))).await;
    let signed_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(signed_in, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let sign_up = post(&app, "/users", json!({"email": "new@acme.test"})).await.json();
    let sent =
        post(&app, "/passcode/login/initialize", json!({"user_id": sign_up["id"], "email_id": sign_up["email_id"]}));
    let sent = sent.await.json();
    let code = app.mailbox.take("new@acme.test").await.code();
    let answers = futures_join((0..8).map(|_| show(&app, &sent, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    app.end().await;
}

#[tokio::test]
async fn of_many_wrong_answers_at_once_three_count() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    let answers = futures_join((0..10).map(|_| show(&app, &sent, other(&code)))).await;
    let mut messages: Vec<String> = answers.iter().map(|answer| told(answer).1).collect();
    messages.sort_unstable();
    let mut expected = vec!["Unauthorized", "Unauthorized", "max attempts reached"];
    expected.extend(["passcode not found"; 7]);
    assert_eq!(messages, expected);
    app.end().await;
}

pub async fn futures_join<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures::future::join_all(all).await
}

#[tokio::test]
async fn a_code_is_for_its_user_and_nobody_elses_session() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let body = json!({"user_id": jane.id});
    let asked = call(&app, "POST", "/passcode/login/initialize", &joe.cookie, Some(body)).await;
    assert_eq!(told(&asked), saying(403, "Forbidden"));
    for (user, email) in [(&jane.id, &joe.email), (&joe.id, &jane.email)] {
        let answer = post(&app, "/passcode/login/initialize", json!({"user_id": user, "email_id": email})).await;
        assert_eq!(told(&answer), saying(403, "Forbidden"));
    }
    app.clock.advance(Duration::from_secs(60));
    let sent = ask(&app, &jane.id).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    let shown = json!({"id": sent["id"], "code": code});
    let answer = call(&app, "POST", "/passcode/login/finalize", &joe.cookie, Some(shown)).await;
    assert_eq!(told(&answer), saying(403, "Forbidden"));
    assert_eq!(show(&app, &sent, &code).await.status, 200, "nothing has happened to it");
    app.end().await;
}

#[tokio::test]
async fn only_the_address_of_the_sign_up_completes_it() {
    let app = TestApp::with(open(json!({}))).await;
    let first = post(&app, "/users", json!({"email": "a@acme.test"})).await;
    let second = post(&app, "/users", json!({"email": "b@acme.test"})).await.json();
    let user = first.json()["id"].clone();
    let ask = async |email: Value, cookie: &str| {
        let body = json!({"user_id": user, "email_id": email});
        call(&app, "POST", "/passcode/login/initialize", cookie, Some(body)).await
    };
    assert_eq!(told(&ask(second["email_id"].clone(), "").await), saying(400, "the specified emailId is not available"));
    assert_eq!(told(&ask(Value::Null, "").await), saying(400, "an emailId needs to be specified"));
    assert_eq!(told(&ask(Value::Null, "hanko_email_id=x").await), saying(400, "failed to parse emailId as uuid"));
    let cookie = first.header("set-cookie");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(cookie, format!("hanko_email_id={}", first.json()["email_id"].as_str().unwrap()));
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(ask(Value::Null, cookie).await.status, 200);
    app.mailbox.take("a@acme.test").await;
    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(told(&ask(first.json()["email_id"].clone(), "").await), saying(400, "Bad Request"), "after a day");
    app.end().await;
}

#[tokio::test]
async fn an_address_somebody_else_proves_first_is_lost() {
    let app = TestApp::with(open(json!({}))).await;
    let mut pairs = Vec::new();
    for _ in 0..2 {
        let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await.json();
        let sent = post(&app, "/passcode/login/initialize", json!({"user_id": new["id"], "email_id": new["email_id"]}));
        let sent = sent.await.json();
        pairs.push((sent, app.mailbox.take("jane@acme.test").await.code()));
    }
    assert_eq!(show(&app, &pairs[0].0, &pairs[0].1).await.status, 200);
    let late = show(&app, &pairs[1].0, &pairs[1].1).await;
    assert_eq!(told(&late), saying(403, "email address has been claimed by another user"));
    app.end().await;
}

#[tokio::test]
async fn mails_go_by_the_browsers_language_and_are_limited_with_headers() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    app.clock.advance(Duration::from_secs(60));
    let ask = async || {
        let request = app.request(reqwest::Method::POST, "/passcode/login/initialize");
        let request = request.header("Accept-Language", "de-DE,de;q=0.9,en;q=0.5").header("X-Language", "fr");
        crate::support::send(request.json(&json!({"user_id": jane.id}))).await
    };
    for remaining in ["2", "1", "0"] {
        let answer = ask().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), "3");
        assert_eq!(answer.header("x-ratelimit-remaining"), remaining);
        assert_eq!(answer.header("x-ratelimit-reset"), "60");
        let mail = app.mailbox.take("jane@acme.test").await;
        assert!(
            mail.text.contains("Code") || mail.text.contains("Passcode") || mail.text.contains("melde"),
            "{}",
            mail.text
        );
        assert!(!mail.text.contains("Enter the following"), "{}", mail.text);
    }
    let refused = ask().await;
    assert_eq!(told(&refused), saying(429, "Too Many Requests"));
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-remaining")), ("60".into(), "0".into()));
    app.end().await;
}

#[tokio::test]
async fn no_flow_opens_what_waits_here_and_nothing_of_a_flow_is_opened_here() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let sent = ask(&app, &jane.id).await;
    app.mailbox.take("jane@acme.test").await;
    let path = format!("/login?action=verify_passcode@{}", sent["id"].as_str().unwrap());
    let answer = app.post(&path, &json!({"input_data": {"code": "1"}, "csrf_token": ""})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["code"]),
        (403, &json!("operation_not_permitted_error"))
    );
    let mut flow = crate::support::Flow::begin(&app, "/login").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    let document = flow.document();
    let href = document["actions"].as_object().unwrap().values().next().unwrap()["href"].as_str().unwrap();
    let id = href.rsplit("%40").next().unwrap();
    let answer = post(&app, "/passcode/login/finalize", json!({"id": id, "code": "1"})).await;
    assert_eq!(told(&answer), saying(401, "passcode not found"));
    app.end().await;
}

#[tokio::test]
async fn an_unproven_address_that_its_owner_proves_takes_what_strangers_attached() {
    let app = TestApp::with(open(json!({"email": {"requireVerification": false}}))).await;
    let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await;
    let stranger = new.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    let stranger: Vec<String> = stranger.filter(|cookie| cookie.starts_with("hanko=")).collect();
    let cookie = stranger[0].split(';').next().unwrap().to_owned();
    let id = new.json()["id"].as_str().unwrap().to_owned();
    let body = json!({"user_id": id, "password": crate::PASSWORD});
    assert_eq!(call(&app, "PUT", "/password", &cookie, Some(body.clone())).await.status, 201);
    let owner = prove(&app, &id, None, "jane@acme.test", "").await;
    assert_eq!(owner.status, 200, "{}", owner.text());
    assert_eq!(call(&app, "GET", "/me", &cookie, None).await.status, 401, "the stranger is out");
    assert_eq!(told(&post(&app, "/password/login", body).await), saying(401, "Unauthorized"));
    assert_eq!(me(&app, &owner.cookie()).await["emails"][0]["is_verified"], true);
    app.end().await;
}

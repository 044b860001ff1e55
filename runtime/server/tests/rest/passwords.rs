//! `/password` and `/password/login` (§13.6, §13.7).

use std::time::Duration;

use serde_json::json;

use crate::{
    PASSWORD, audit, call, join, open, post, saying, set_password,
    support::{Flow, TestApp},
    told,
};

const UNKNOWN: &str = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50";

#[tokio::test]
async fn item_22_with_second_factors_on_there_is_no_password_login() {
    let app = TestApp::with(open(json!({"mfa": {"enabled": true}}))).await;
    let answer = post(&app, "/password/login", json!({"user_id": UNKNOWN, "password": "x"})).await;
    assert_eq!(told(&answer), saying(404, "Not Found"));
    app.end().await;
}

#[tokio::test]
async fn item_23_right_wrong_unknown_too_long_and_too_often() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    let log_in = async |user: &str, password: &str| {
        post(&app, "/password/login", json!({"user_id": user, "password": password})).await
    };
    let right = log_in(&jane.id, PASSWORD).await;
    assert_eq!((right.status.as_u16(), right.text().as_str()), (200, "null\n"));
    assert_eq!(crate::me(&app, &right.cookie()).await["id"], json!(jane.id));
    assert_eq!(
        (right.header("x-session-lifetime"), right.header("x-session-retention")),
        ("3600".into(), String::new())
    );
    let limit = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| right.header(name));
    assert_eq!(limit, ["5", "4", "60"]);
    let wrong = log_in(&jane.id, "wrong").await;
    assert_eq!((told(&wrong), wrong.header("x-ratelimit-remaining")), (saying(401, "Unauthorized"), "3".into()));
    assert_eq!(told(&log_in(UNKNOWN, PASSWORD).await), saying(401, "Unauthorized"));
    let long = saying(400, "password must not be longer than 72 bytes");
    assert_eq!(told(&log_in(&jane.id, &"x".repeat(73)).await), long);
    assert_eq!(told(&log_in(UNKNOWN, &"x".repeat(73)).await), long, "it says nothing about a user");
    for _ in 0..2 {
        log_in(&jane.id, "wrong").await;
    }
    let sixth = log_in(&jane.id, PASSWORD).await;
    assert_eq!(told(&sixth), saying(429, "Too Many Requests"));
    let limit = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
    assert_eq!(limit.map(|name| sixth.header(name)), ["5", "0", "60", "60"]);
    let errors: Vec<String> = audit::rows(&app).await.into_iter().filter_map(|(_, error, _)| error).collect();
    let expected = [
        "password hash not equal",
        &format!("unknown user: {UNKNOWN}"),
        "password too long",
        "password too long",
        "password hash not equal",
        "password hash not equal",
    ];
    assert_eq!(errors, expected);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(log_in(&jane.id, PASSWORD).await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn attempts_here_and_in_the_flow_are_counted_together() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    for _ in 0..5 {
        post(&app, "/password/login", json!({"user_id": jane.id, "password": "wrong"})).await;
    }
    let mut flow = Flow::begin(&app, "/login").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@acme.test"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.document()["error"]["code"], "rate_limit_exceeded");
    app.end().await;
}

#[tokio::test]
async fn a_password_is_set_with_either_method_and_only_ones_own() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let set = async |method: &str, user: &str, password: &str| {
        let body = json!({"user_id": user, "password": password});
        call(&app, method, "/password", &jane.cookie, Some(body)).await
    };
    let first = set("POST", &jane.id, PASSWORD).await;
    assert_eq!((first.status.as_u16(), first.text().as_str()), (201, "null\n"));
    let again = set("PUT", &jane.id, "another horse battery").await;
    assert_eq!((again.status.as_u16(), again.text().as_str()), (200, "null\n"));
    assert!(app.mailbox.take("jane@acme.test").await.text.contains("assword"), "its owner is told");
    assert_eq!(told(&set("PUT", &jane.id, "short").await), saying(400, "password must be at least 8 characters long"));
    let long = saying(400, "password must not be longer than 72 bytes");
    assert_eq!(told(&set("PUT", &jane.id, &"x".repeat(73)).await), long);
    assert_eq!(told(&set("PUT", UNKNOWN, PASSWORD).await), saying(401, "Unauthorized"));
    assert_eq!(told(&set("PUT", &joe.id, PASSWORD).await), saying(403, "Forbidden"));
    let mut kinds = audit::types(&app).await;
    kinds.retain(|kind| kind.starts_with("password_set"));
    let failed = "password_set_failed";
    assert_eq!(kinds, ["password_set_succeeded", "password_set_succeeded", failed, failed, failed, failed]);
    let wrong = format!("wrong user: expected {} -> got {}", jane.id, joe.id);
    assert!(audit::rows(&app).await.iter().any(|(_, error, _)| error.as_deref() == Some(&wrong)));
    app.end().await;
}

/// FC-52: guessing from many addresses is stopped, once noted and once told, and not its owner at home.
#[tokio::test]
async fn an_account_that_is_guessed_at_from_everywhere_is_paused_for_strangers() {
    let mut spec = open(json!({"rateLimiter": {"accountLimits": {"tokens": 5, "interval": "10m"}}}));
    spec["clientIp"] = json!({"extractor": "xForwardedFor", "trustedProxies": ["127.0.0.0/8"]});
    let app = TestApp::with(spec).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    let from = async |ip: &str, password: &str| {
        let request = app.request(reqwest::Method::POST, "/password/login").header("X-Forwarded-For", ip);
        crate::support::send(request.json(&json!({"user_id": jane.id, "password": password}))).await
    };
    for n in 0..10 {
        let refused = from(&format!("192.0.2.{n}"), "wrong").await;
        assert_eq!(refused.status.as_u16(), if n < 5 { 401 } else { 429 }, "{n}");
    }
    let stranger = from("192.0.2.99", PASSWORD).await;
    assert_eq!((told(&stranger), stranger.header("retry-after")), (saying(429, "Too Many Requests"), "600".into()));
    assert_eq!(from("127.0.0.1", PASSWORD).await.status, 200, "where the owner is signed in already");
    app.mailbox.take("jane@acme.test").await;
    let noted = audit::types(&app).await.iter().filter(|kind| *kind == "password_limit_reached").count();
    assert_eq!(noted, 1);
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "one mail");
    app.end().await;
}

/// FC-83: the same work for everybody, and who waits too long for a turn is told to come back.
#[tokio::test]
async fn a_crowd_of_logins_is_answered_and_unknown_users_take_the_same_path() {
    let app = TestApp::with(open(json!({"rateLimiter": {"enabled": false}}))).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    let attempts = (0..30).map(|n| {
        let (user, password) = match n % 3 {
            0 => (jane.id.as_str(), PASSWORD.to_owned()),
            1 => (UNKNOWN, PASSWORD.to_owned()),
            _ => (jane.id.as_str(), "x".repeat(73)),
        };
        post(&app, "/password/login", json!({"user_id": user, "password": password}))
    });
    let answers = crate::passcodes::futures_join(attempts).await;
    for (n, answer) in answers.iter().enumerate() {
        let status = answer.status.as_u16();
        let expected = [200, 401, 400][n % 3];
        assert!(status == expected || status == 503 && !answer.header("retry-after").is_empty(), "{n}: {status}");
    }
    app.end().await;
}

//! The endpoints of earlier versions through HTTP (`spec/sessions-and-public-rest.md` §13). Every answer is checked against the
//! description in the docs as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "a test program has no outside, and shares modules with another one")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../flows/audit.rs"]
mod audit;
mod bad_input;
#[path = "../flows/browser.rs"]
mod browser;
#[path = "../flows/crowd.rs"]
mod crowd;
#[path = "../flows/database.rs"]
mod database;
mod described;
mod emails;
mod enumeration;
mod gates;
mod inside;
mod passcodes;
mod passkeys;
mod passwords;
mod postgres;
mod step_up;
mod tenants;
mod tokens;
mod users;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, TestApp, merge, send};

/// What the answers are checked against.
const DESCRIPTION: &str = include_str!("../../../../docs/api/public.openapi.json");
const PASSWORD: &str = "correct horse battery";

/// A project that offers everything, and shows whether accounts exist.
fn open(over: Value) -> Value {
    let mut spec = json!({"settings": {
        "mfa": {"enabled": false},
        "privacy": {"showAccountExistenceHints": true},
        "account": {"allowDeletion": true},
    }});
    merge(&mut spec, json!({"settings": over}));
    spec
}

/// A request as a client of an earlier version sends it; the answer must be one that the description knows.
async fn call(app: &TestApp, method: &str, path: &str, cookie: &str, body: Option<Value>) -> Answer {
    let mut request = app.request(method.parse::<Method>().unwrap(), path);
    if !cookie.is_empty() {
        request = request.header("Cookie", cookie);
    }
    let answer = send(match &body {
        Some(body) => request.json(body),
        None => request,
    })
    .await;
    described::check(method, path, &answer);
    answer
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    call(app, "POST", path, "", Some(body)).await
}

/// Status and body of an error.
fn told(answer: &Answer) -> (u16, String) {
    let status = answer.status.as_u16();
    let body = answer.json();
    assert_eq!(body["code"], status, "{body}");
    (status, body["message"].as_str().unwrap().to_owned())
}

fn saying(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

/// Somebody who is signed in.
struct Person {
    cookie: String,
    id: String,
    email: String,
}

/// Signs up with a mailed code, as the contract's item 26.
async fn join(app: &TestApp, address: &str) -> Person {
    let new = post(app, "/users", json!({"email": address})).await;
    assert_eq!(new.status, 200, "{}", new.text());
    let new = new.json();
    let (id, email) = (new["id"].as_str().unwrap().to_owned(), new["email_id"].as_str().unwrap().to_owned());
    let answer = prove(app, &id, Some(&email), address, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Person { cookie: answer.cookie(), id, email }
}

/// Asks for a code and shows it.
async fn prove(app: &TestApp, user: &str, email: Option<&str>, address: &str, cookie: &str) -> Answer {
    let sent =
        call(app, "POST", "/passcode/login/initialize", cookie, Some(json!({"user_id": user, "email_id": email})))
            .await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let code = app.mailbox.take(address).await.code();
    let body = json!({"id": sent.json()["id"], "code": code});
    call(app, "POST", "/passcode/login/finalize", cookie, Some(body)).await
}

/// Who a cookie belongs to.
async fn me(app: &TestApp, cookie: &str) -> Value {
    call(app, "GET", "/me", cookie, None).await.json()
}

async fn set_password(app: &TestApp, person: &Person) {
    let body = json!({"user_id": person.id, "password": PASSWORD});
    assert_eq!(call(app, "PUT", "/password", &person.cookie, Some(body)).await.status, 201);
}

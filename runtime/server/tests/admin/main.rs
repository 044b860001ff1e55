//! The Admin API through HTTP (`spec/admin-api.md`). Answers are checked against the description in the docs as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "a test program has no outside, and shares modules with others")]

#[path = "../support/mod.rs"]
mod support;

mod api_keys;
#[path = "../flows/audit.rs"]
mod audit;
mod audit_logs;
#[path = "../flows/browser.rs"]
mod browser;
mod cases;
#[path = "../flows/crowd.rs"]
mod crowd;
#[path = "../flows/database.rs"]
mod database;
#[path = "../rest/described.rs"]
mod described;
mod frame;
mod import;
#[path = "../flows/journeys.rs"]
mod journeys;
mod keys;
mod pages;
mod users;
mod webhooks;

use serde_json::{Value, json};
use support::{Answer, TestApp};

/// What the answers are checked against.
const DESCRIPTION: &str = include_str!("../../../../docs/api/admin.openapi.json");

/// A call with the generated key.
async fn call(app: &TestApp, method: &str, path: &str, body: Option<Value>) -> Answer {
    let answer = app.admin(method, path, body).await;
    described::check(method, path.strip_prefix("/admin").unwrap_or(path), &answer);
    answer
}

async fn get(app: &TestApp, path: &str) -> Answer {
    call(app, "GET", path, None).await
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    call(app, "POST", path, Some(body)).await
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

/// A user with one address, by its id.
async fn made(app: &TestApp, address: &str) -> String {
    let body = json!({"emails": [{"address": address, "is_primary": true, "is_verified": true}]});
    let answer = post(app, "/users", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

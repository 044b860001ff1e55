//! What signed-in users do with their own account, through HTTP (`spec/flow-profile.md`). Tests that stand for an item of its §16 begin
//! with the item's number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "what several test programs share is not used whole by each")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../flows/audit.rs"]
mod audit;
#[path = "../flows/browser.rs"]
mod browser;
#[path = "../flows/crowd.rs"]
mod crowd;
#[path = "../flows/database.rs"]
mod database;
#[path = "../flows/journeys.rs"]
mod journeys;

mod bad_input;
mod claims;
mod credentials;
mod details;
mod emails;
mod field_cases;
mod metadata;
mod nameless;
mod notices;
mod offers;
mod payload;
mod races;
mod sessions;
mod start;
mod step_up;

use journeys::{PASSWORD, actions, input_error, modern, plain, register};
use serde_json::{Value, json};
use support::{Answer, Flow, TestApp};

/// A profile, as the owner of this session cookie sees it.
async fn open<'a>(app: &'a TestApp, cookie: &str, capabilities: Value) -> Flow<'a> {
    let mut flow = Flow::begin_with(app, "/profile", &[("Cookie", cookie)]).await;
    assert_eq!(flow.state(), "preflight", "{:#}", flow.document());
    flow.act("register_client_capabilities", capabilities).await;
    assert_eq!(flow.state(), "profile_init", "{:#}", flow.document());
    flow
}

/// Registers an address with a password and opens the profile, in a project without a limit on requests.
async fn at_home<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let cookie = register(app, address).await.answer.cookie();
    open(app, &cookie, modern()).await
}

/// The same with these identifiers, in a project that offers a second factor.
async fn at_home_as<'a>(app: &'a TestApp, identifiers: Value) -> Flow<'a> {
    let mut flow = journeys::register_up_to_chooser_as(app, identifiers, plain()).await;
    flow.act("skip", json!({})).await;
    let cookie = flow.answer.cookie();
    open(app, &cookie, modern()).await
}

/// Signs in with the password alone and returns the session's cookie.
async fn sign_in(app: &TestApp, address: &str) -> String {
    let flow = journeys::sign_in_with_password(app, address, plain()).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow.answer.cookie()
}

/// Settings without limits on requests, and these laid over them.
fn unlimited(more: Value) -> Value {
    let mut settings = json!({"rateLimiter": {"enabled": false}});
    support::merge(&mut settings, more);
    json!({"settings": settings})
}

/// The cookie that the run's requests carry.
fn cookie(flow: &Flow<'_>) -> String {
    flow.headers.iter().find(|(name, _)| name == "Cookie").unwrap().1.clone()
}

/// Goes on with the session that the newest answer has set.
fn take_cookie(flow: &mut Flow<'_>) {
    let new = flow.answer.cookie();
    flow.headers.iter_mut().find(|(name, _)| name == "Cookie").unwrap().1 = new;
}

/// Status, state and code of the error of the newest answer.
fn outcome(flow: &Flow<'_>) -> (u16, String, String) {
    let document = flow.document();
    assert_eq!(document["status"], flow.answer.status.as_u16());
    (flow.answer.status.as_u16(), flow.state(), document["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// What [`outcome`] says of an action that succeeded.
fn fine(state: &str) -> (u16, String, String) {
    (200, state.to_owned(), String::new())
}

/// What [`outcome`] says of one that was refused.
fn refused(status: u16, state: &str, code: &str) -> (u16, String, String) {
    (status, state.to_owned(), code.to_owned())
}

/// The user in the payload.
fn user(flow: &Flow<'_>) -> Value {
    flow.document()["payload"]["user"].clone()
}

/// The id of one of the user's addresses.
fn email_id(flow: &Flow<'_>, address: &str) -> Value {
    let emails = user(flow)["emails"].clone();
    emails.as_array().unwrap().iter().find(|email| email["address"] == address).unwrap()["id"].clone()
}

/// Names and payloads of the events since the first `known`.
async fn events_since(app: &TestApp, known: usize) -> Vec<(String, Value)> {
    database::events(app).await.into_iter().skip(known).collect()
}

/// Types and details of the audit rows since the first `known`.
async fn audit_since(app: &TestApp, known: usize) -> Vec<(String, Value)> {
    let rows = audit::rows(app).await.into_iter().skip(known);
    rows.map(|(kind, _, details)| (kind, serde_json::from_str(&details).unwrap())).collect()
}

/// Whether a mail is one without a code.
fn is_codeless(mail: &support::Mail) -> bool {
    let plain = mail.text.split("text/plain").nth(1).unwrap().split("--=_").next().unwrap();
    !plain.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 6)
}

/// Whether a session still holds.
async fn holds(app: &TestApp, cookie: &str) -> bool {
    let by_cookie = app.get_with("/sessions/validate", &[("Cookie", cookie)]).await.json()["is_valid"] == true;
    let token = cookie.split_once('=').unwrap().1;
    let by_body = app.post("/sessions/validate", &json!({"session_token": token})).await.json()["is_valid"] == true;
    assert_eq!(by_cookie, by_body);
    by_cookie
}

/// The claims of a session's token.
async fn claims(app: &TestApp, cookie: &str) -> Value {
    app.get_with("/sessions/validate", &[("Cookie", cookie)]).await.json()["claims"].clone()
}

/// The document that refuses whoever has no session, byte for byte.
const UNAUTHORIZED: &str = "{\"name\":\"error\",\"status\":401,\"csrf_token\":\"\",\"actions\":{},\"error\":{\"code\":\"unauthorized\",\"message\":\"The session is invalid.\"},\"links\":null}\n";

fn is_unauthorized(answer: &Answer) -> bool {
    answer.status == 401 && answer.text() == UNAUTHORIZED && answer.header("content-type") == "application/json"
}

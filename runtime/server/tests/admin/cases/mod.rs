//! The Admin API of users, row by row of its contract (`spec/admin-api.md` §§3, 5–11 and 18), and what must hold whatever comes: bad
//! input, crowds, other projects, secrets. Tests that stand for a quirk of §18 name its number.

mod emails;
mod events;
mod lists;
mod matrix;
mod metadata;
mod model;
mod patches;
mod races;
mod secrets;
mod sessions;
mod sign_in;
mod tenants;
mod users;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, TestApp, send};

/// Nobody's id.
const NOBODY: &str = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50";
/// A password, hashed with bcrypt.
const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
/// The password of [`HASH`].
const HASHED: &str = "U*U";

/// A call with the generated key and a body that is sent as it is, on a connection of its own: the server closes one whose body it
/// does not read.
async fn raw(app: &TestApp, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let request = app.http.request(method.parse::<Method>().unwrap(), app.admin_url(path)).bearer_auth(app.admin_key());
    let request = request.header("connection", "close");
    let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    send(request.body(body)).await
}

/// Never a broken server, and every error in its envelope.
fn sound(answer: &Answer, at: &str) {
    let status = answer.status.as_u16();
    assert!(status < 500, "{at}: {status} {}", answer.text());
    if status < 400 {
        return;
    }
    assert_eq!(answer.header("content-type"), "application/json", "{at}");
    let body = answer.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["code", "message"], "{at}");
    assert_eq!(body["code"], status, "{at}");
    assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{at}: {body}");
}

/// The id of whatever this is.
fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

/// An error of an endpoint that binds path and body together.
fn wrapped(message: &str) -> (u16, String) {
    (400, format!("code=400, message={message}"))
}

//! §10: the sessions of a user.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{NOBODY, id, wrapped};
use crate::{
    call,
    crowd::apps,
    get, made, post, saying,
    support::{TestApp, merge},
    told,
};

const OTHER: &str = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11";

async fn begin(app: &TestApp, user: &str) -> String {
    let made = post(app, "/sessions", json!({"user_id": user})).await;
    assert_eq!(made.status, 200, "{}", made.text());
    made.json()["session_token"].as_str().unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn what_makes_no_session() {
    let (user, address) = ("user_id must be a valid uuid", "ip_address must be a valid ip address (v4 or v6)");
    for app in apps(json!({})).await {
        let jane = made(&app, "jane@acme.test").await;
        for (body, expected) in [
            (json!({}), saying(400, "user_id is a required field")),
            (json!({"user_id": null}), saying(400, "user_id is a required field")),
            (json!({"user_id": ""}), saying(400, "user_id is a required field")),
            (json!({"user_id": "x"}), saying(400, user)),
            (json!({"user_id": jane.replace('-', "")}), saying(400, user)),
            (json!({"user_id": "x", "ip_address": "y"}), saying(400, &format!("{user} and {address}"))),
            (json!({"user_id": jane, "ip_address": "192.0.2.256"}), saying(400, address)),
            (json!({"user_id": jane, "ip_address": "192.0.2.1:80"}), saying(400, address)),
            (json!({"user_id": jane, "ip_address": "acme.test"}), saying(400, address)),
            (
                json!({"user_id": jane, "user_agent": "a\u{0}b"}),
                saying(400, "user_agent must not contain NUL characters"),
            ),
            (json!({"user_id": NOBODY}), saying(404, "user not found")),
        ] {
            assert_eq!(told(&post(&app, "/sessions", body.clone()).await), expected, "{body}");
        }
        assert_eq!(get(&app, &format!("/users/{jane}/sessions")).await.json(), json!([]));
        app.end().await;
    }
}

#[tokio::test]
async fn a_session_is_shown_as_it_was_made() {
    for app in apps(json!({})).await {
        let jane = made(&app, "jane@acme.test").await;
        for (given, agent, address) in [
            (json!({}), Value::Null, Value::Null),
            (json!({"user_agent": "", "ip_address": ""}), Value::Null, Value::Null),
            (json!({"user_agent": "curl/8", "ip_address": "2001:db8::1"}), json!("curl/8"), json!("2001:db8::1")),
            (
                json!({"user_agent": "x".repeat(5_000), "ip_address": "192.0.2.1"}),
                json!("x".repeat(5_000)),
                json!("192.0.2.1"),
            ),
        ] {
            app.clock.advance(Duration::from_secs(1));
            let mut body = json!({"user_id": jane.to_uppercase()});
            merge(&mut body, given.clone());
            let token = post(&app, "/sessions", body).await.json()["session_token"].as_str().unwrap().to_owned();
            let said = claims(&token);
            let newest = get(&app, &format!("/users/{jane}/sessions")).await.json()[0].clone();
            let now = app.clock.now().rfc3339();
            let expected = json!({
                "id": said["session_id"], "user_id": jane, "user_agent": agent, "ip_address": address,
                "created_at": now, "updated_at": now, "expires_at": newest["expires_at"], "last_used": now,
            });
            assert_eq!(newest, expected, "{given}");
            assert!(newest["expires_at"].is_string());
            assert_eq!(said["sub"], jane);
            assert_eq!(said["email"], json!({"address": "jane@acme.test", "is_primary": true, "is_verified": true}));
            for absent in ["amr", "auth_time", "acr", "username"] {
                assert_eq!(said.get(absent), None, "{absent}");
            }
        }
        app.end().await;
    }
}

/// Newest first, and only until they end.
#[tokio::test]
async fn sessions_are_listed_until_they_expire() {
    for app in apps(json!({"session": {"lifespan": "1h"}})).await {
        let jane = made(&app, "jane@acme.test").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.insert(0, claims(&begin(&app, &jane).await)["session_id"].clone());
            app.clock.advance(Duration::from_secs(600));
        }
        let shown = |list: Value| list.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        let path = format!("/users/{jane}/sessions");
        assert_eq!(shown(get(&app, &path).await.json()), ids);
        app.clock.advance(Duration::from_secs(1_801));
        assert_eq!(shown(get(&app, &path).await.json()), ids[..2]);
        // What has expired cannot be ended.
        let gone = format!("{path}/{}", ids[2].as_str().unwrap());
        assert_eq!(told(&call(&app, "DELETE", &gone, None).await), saying(404, "Not Found"));
        app.clock.advance(Duration::from_secs(3_600));
        assert_eq!(get(&app, &path).await.json(), json!([]));
        app.end().await;
    }
}

#[tokio::test]
async fn every_row_of_the_sessions_tables() {
    for app in apps(json!({})).await {
        let (jane, john) = (made(&app, "jane@acme.test").await, made(&app, "john@acme.test").await);
        let token = begin(&app, &jane).await;
        let own = claims(&token)["session_id"].as_str().unwrap().to_owned();
        let (user, session) = ("UserID must be a valid uuid", "SessionID must be a valid uuid4");
        for (id, expected) in [
            (NOBODY, saying(404, "Not Found")),
            ("x", wrapped(user)),
            ("", wrapped("UserID is a required field")),
            (&jane.replace('-', ""), wrapped(user)),
        ] {
            assert_eq!(told(&get(&app, &format!("/users/{id}/sessions")).await), expected, "{id}");
        }
        for (of, id, expected) in [
            (NOBODY, own.as_str(), saying(404, "Not Found")),
            (&john, &own, saying(404, "Not Found")),
            (&jane, OTHER, saying(404, "Not Found")),
            (&jane, "x", wrapped(session)),
            (&jane, &own.to_uppercase(), wrapped(session)),
            ("x", "y", wrapped(&format!("{user} and {session}"))),
            ("", &own, wrapped("UserID is a required field")),
        ] {
            let answer = call(&app, "DELETE", &format!("/users/{of}/sessions/{id}"), None).await;
            assert_eq!(told(&answer), expected, "{of} {id}");
        }
        let path = format!("/users/{jane}/sessions/{own}");
        let ended = call(&app, "DELETE", &path, None).await;
        assert_eq!((ended.status.as_u16(), ended.text()), (204, String::new()));
        assert_eq!(told(&call(&app, "DELETE", &path, None).await), saying(404, "Not Found"));
        let validity = app.post("/sessions/validate", &json!({"session_token": token})).await.json();
        assert_eq!(validity["is_valid"], false);
        app.end().await;
    }
}

/// Above the limit the oldest end; Q19: a limit is at least one.
#[tokio::test]
async fn the_newest_sessions_stay() {
    for (limit, stay) in [(2, 2), (1, 1)] {
        for app in apps(json!({"session": {"limit": limit}})).await {
            let jane = made(&app, "jane@acme.test").await;
            let mut tokens = Vec::new();
            for _ in 0..4 {
                app.clock.advance(Duration::from_secs(1));
                tokens.push(begin(&app, &jane).await);
            }
            let listed = get(&app, &format!("/users/{jane}/sessions")).await.json();
            let newest: Vec<_> =
                tokens.iter().rev().take(stay).map(|token| claims(token)["session_id"].clone()).collect();
            assert_eq!(listed.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), newest);
            app.end().await;
        }
    }
}

/// A claim names the main address, the username, and neither where there is none.
#[tokio::test]
async fn a_token_names_the_user_as_a_login_does() {
    for app in apps(json!({})).await {
        let jane = id(&post(&app, "/users", json!({"username": "jane"})).await.json());
        let said = claims(&begin(&app, &jane).await);
        assert_eq!((said.get("email"), &said["username"]), (None, &json!("jane")));
        let answer = post(&app, &format!("/users/{jane}/emails"), json!({"address": "jane@acme.test"})).await;
        assert_eq!(answer.status, 201);
        let said = claims(&begin(&app, &jane).await);
        assert_eq!(said["email"], json!({"address": "jane@acme.test", "is_primary": true, "is_verified": false}));
        app.end().await;
    }
}

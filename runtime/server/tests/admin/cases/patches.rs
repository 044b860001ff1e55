//! §5.8: what a user is called.

use std::time::Duration;

use serde_json::{Value, json};

use super::{NOBODY, id};
use crate::{
    call,
    crowd::apps,
    get, made, post, saying,
    support::{Answer, START, TestApp},
    told,
};

async fn patch(app: &TestApp, user: &str, body: Value) -> Answer {
    call(app, "PATCH", &format!("/users/{user}"), Some(body)).await
}

#[tokio::test]
async fn what_is_no_patch_is_said_in_the_contracts_order_and_changes_nothing() {
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        post(&app, "/users", json!({"username": "taken"})).await;
        patch(&app, &user, json!({"name": "Jane"})).await;
        let before = get(&app, &format!("/users/{user}")).await.json();
        let picture = "picture must be a valid http(s) URL or null";
        let long = format!("https://acme.test/{}", "x".repeat(2031));
        for (body, status, message) in [
            (json!({"username": ""}), 400, "username must be a non-empty string or null"),
            (json!({"name": "  "}), 400, "name must be a non-empty string or null"),
            (json!({"given_name": "\t"}), 400, "given_name must be a non-empty string or null"),
            (json!({"family_name": ""}), 400, "family_name must be a non-empty string or null"),
            (json!({"picture": ""}), 400, "picture must be a non-empty string or null"),
            (json!({"picture": "", "name": "", "username": "a b"}), 400, "name must be a non-empty string or null"),
            (json!({"picture": "not-a-url", "username": "a b"}), 400, picture),
            (json!({"picture": "/relative.png"}), 400, picture),
            (json!({"picture": "ftp://acme.test/a.png"}), 400, picture),
            (json!({"picture": "javascript:alert(1)"}), 400, picture),
            (json!({"picture": "data:image/png;base64,AAAA"}), 400, picture),
            (json!({"picture": "https://"}), 400, picture),
            (json!({"picture": "https://acme.test/a\u{0}b"}), 400, picture),
            (json!({"picture": "https://acme.test/a\nb"}), 400, picture),
            (json!({"picture": "https://jane@acme.test/a.png"}), 400, picture),
            (json!({"picture": "https://:secret@acme.test/a.png"}), 400, picture),
            (json!({"picture": long}), 400, picture),
            (json!({"username": "jane doe"}), 400, "username is invalid"),
            (json!({"username": "jane-doe"}), 400, "username is invalid"),
            (json!({"username": "jané"}), 400, "username is invalid"),
            (json!({"username": " TAKEN "}), 409, "username already exists"),
            (json!({"name": "x".repeat(256)}), 400, "name must not be longer than 255 characters"),
            (json!({"username": "x".repeat(256)}), 400, "username must not be longer than 255 characters"),
            (json!({"name": "a\u{0}b"}), 400, "name must not contain NUL characters"),
            (json!({"name": "Changed", "username": "a b"}), 400, "username is invalid"),
        ] {
            assert_eq!(told(&patch(&app, &user, body.clone()).await), saying(status, message), "{body}");
        }
        for member in ["username", "name", "given_name", "family_name", "picture"] {
            for wrong in [json!(5), json!(true), json!([]), json!({})] {
                let (status, message) = told(&patch(&app, &user, json!({member: wrong})).await);
                assert!(status == 400 && message.starts_with("expected string or null: "), "{member}: {message}");
            }
        }
        assert_eq!(get(&app, &format!("/users/{user}")).await.json(), before);
        // Who is looked for after what is said, but before whether a username is one.
        for (body, status) in [
            (json!({"name": ""}), 400),
            (json!({"picture": "x"}), 400),
            (json!({"username": "a b"}), 404),
            (json!({"username": "taken"}), 404),
        ] {
            assert_eq!(patch(&app, NOBODY, body.clone()).await.status.as_u16(), status, "{body}");
        }
        app.end().await;
    }
}

/// Pinned by upstream's tests.
#[tokio::test]
async fn all_five_are_set_and_all_five_are_cleared() {
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let before = get(&app, &format!("/users/{user}")).await.json();
        app.clock.advance(Duration::from_secs(60));
        let all = json!({"username": " Jane_D ", "name": " Jane Doe ", "given_name": "Jane\n", "family_name": "Doe", "picture": " https://acme.test/j.png?a=b#c "});
        let patched = patch(&app, &user, all).await.json();
        let later = "2026-01-01T00:01:00Z";
        let mut expected = before.clone();
        assert!(patched["updated_at"].as_str().unwrap().starts_with("2026-01-01T00:01:00"));
        expected["updated_at"] = patched["updated_at"].clone();
        expected["username"] =
            json!({"id": patched["username"]["id"], "username": "jane_d", "created_at": later, "updated_at": later});
        for (member, text) in [
            ("name", "Jane Doe"),
            ("given_name", "Jane"),
            ("family_name", "Doe"),
            ("picture", "https://acme.test/j.png?a=b#c"),
        ] {
            expected[member] = json!(text);
        }
        assert_eq!(patched, expected);
        assert_eq!(get(&app, &format!("/users/{user}")).await.json(), expected);
        let cleared = json!({"username": null, "name": null, "given_name": null, "family_name": null, "picture": null});
        app.clock.advance(Duration::from_secs(60));
        let mut expected = before.clone();
        let after = patch(&app, &user, cleared.clone()).await.json();
        assert!(after["updated_at"].as_str().unwrap().starts_with("2026-01-01T00:02:00"));
        expected["updated_at"] = after["updated_at"].clone();
        assert_eq!(after, expected);
        // What is not there can be cleared as well.
        assert_eq!(patch(&app, &user, cleared).await.status, 200);
        app.end().await;
    }
}

/// §5.8: with a name in the body it does, even with the same; a username must really change; an empty body does nothing.
#[tokio::test]
async fn the_time_of_the_change_moves_when_the_contract_says() {
    for app in apps(json!({})).await {
        let user = post(&app, "/users", json!({"username": "jane"})).await.json();
        let user = id(&user);
        patch(&app, &user, json!({"name": "Jane"})).await;
        for (body, moves) in [
            (json!({}), false),
            (json!({"unknown": "x"}), false),
            (json!({"username": "JANE"}), false),
            (json!({"username": "janet"}), true),
            (json!({"name": "Jane"}), true),
            (json!({"picture": null}), true),
            (json!({"Username": null, "NAME": "Jane"}), true),
            (json!({"username": null}), false),
            (json!({"username": "jane"}), true),
        ] {
            app.clock.advance(Duration::from_secs(60));
            let before = get(&app, &format!("/users/{user}")).await.json();
            let after = patch(&app, &user, body.clone()).await;
            assert_eq!(after.status, 200, "{body}");
            assert_eq!(after.json()["updated_at"] != before["updated_at"], moves, "{body}");
            assert_eq!(get(&app, &format!("/users/{user}")).await.json(), after.json(), "{body}");
        }
        let absent = call(&app, "PATCH", &format!("/users/{user}"), None).await;
        assert_eq!((absent.status.as_u16(), app.clock.now() > START), (200, true));
        app.end().await;
    }
}

/// §5.4, §5.8: without a name left it is in no list, but still there.
#[tokio::test]
async fn who_loses_the_last_name_is_listed_no_more() {
    for app in apps(json!({})).await {
        let user = id(&post(&app, "/users", json!({"username": "jane"})).await.json());
        for (name, listed) in [(Value::Null, "0"), (json!("jane"), "1"), (Value::Null, "0")] {
            assert_eq!(patch(&app, &user, json!({"username": name})).await.status, 200);
            for query in ["", "?created_after=2020-01-01T00:00:00Z", &format!("?user_id={user}")] {
                let list = get(&app, &format!("/users{query}")).await;
                let count = list.json().as_array().unwrap().len().to_string();
                assert_eq!((list.header("x-total-count").as_str(), count.as_str()), (listed, listed), "{name} {query}");
            }
            assert_eq!(get(&app, &format!("/users/{user}")).await.status, 200);
        }
        app.end().await;
    }
}

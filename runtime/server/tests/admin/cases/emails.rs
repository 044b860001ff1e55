//! §7: the addresses of a user.

use std::time::Duration;

use serde_json::{Value, json};

use super::{NOBODY, id, raw, wrapped};
use crate::{
    call,
    crowd::apps,
    get, made, post, saying,
    support::{Answer, TestApp},
    told,
};

const OTHER: &str = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11";

async fn add(app: &TestApp, user: &str, address: &str, is_verified: bool) -> Answer {
    post(app, &format!("/users/{user}/emails"), json!({"address": address, "is_verified": is_verified})).await
}

async fn listed(app: &TestApp, user: &str) -> Vec<(String, bool)> {
    let list = get(app, &format!("/users/{user}/emails")).await.json();
    let all = list.as_array().unwrap().iter();
    all.map(|email| (email["address"].as_str().unwrap().to_owned(), email["is_primary"] == true)).collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_path_is_said_for_all_of_it() {
    let (user, email) = ("UserId must be a valid uuid", "EmailId must be a valid uuid4");
    let both = format!("{user} and {email}");
    let missing = "UserId is a required field";
    for app in apps(json!({})).await {
        let jane = made(&app, "jane@acme.test").await;
        for (path, message) in [
            ("x".to_owned(), user.to_owned()),
            (jane.replace('-', ""), user.into()),
            (format!("{{{jane}}}"), user.into()),
            (String::new(), missing.into()),
        ] {
            assert_eq!(told(&get(&app, &format!("/users/{path}/emails")).await), wrapped(&message), "{path}");
            let answer = post(&app, &format!("/users/{path}/emails"), json!({})).await;
            assert_eq!(told(&answer), wrapped(&format!("{message} and address is a required field")), "{path}");
        }
        for (path, message) in [
            ("x/emails/y".to_owned(), both.clone()),
            (format!("{jane}/emails/y"), email.into()),
            (format!("{jane}/emails/{}", OTHER.to_uppercase()), email.into()),
            (format!("{jane}/emails/00000000-0000-0000-0000-000000000000"), email.into()),
            (format!("{jane}/emails/4bd6a3a1-6a8f-1b3a-9d7e-0f5f1f7a7c11"), email.into()),
            (format!("/emails/{OTHER}"), missing.into()),
            ("/emails/y".to_owned(), format!("{missing} and {email}")),
        ] {
            for (method, end) in [("GET", ""), ("DELETE", ""), ("POST", "/set_primary")] {
                let answer = call(&app, method, &format!("/users/{path}{end}"), None).await;
                assert_eq!(told(&answer), wrapped(&message), "{method} {path}");
            }
        }
        // An id of a user in another spelling is one.
        assert_eq!(listed(&app, &jane.to_uppercase()).await.len(), 1);
        app.end().await;
    }
}

#[tokio::test]
async fn who_and_what_is_not_there_is_said_in_the_contracts_words() {
    for app in apps(json!({})).await {
        let (jane, john) = (made(&app, "jane@acme.test").await, made(&app, "john@acme.test").await);
        let foreign = id(&get(&app, &format!("/users/{john}/emails")).await.json()[0]);
        let no_user = format!("user with id '{NOBODY}' was not found");
        // Q11.
        assert_eq!(get(&app, &format!("/users/{NOBODY}/emails")).await.json(), json!([]));
        assert_eq!(told(&add(&app, NOBODY, "new@acme.test", false).await), saying(404, "Not Found"));
        for (method, end, no_email) in
            [("GET", "", None), ("DELETE", "", None), ("POST", "/set_primary", Some("Not Found"))]
        {
            let answer = call(&app, method, &format!("/users/{NOBODY}/emails/{OTHER}{end}"), None).await;
            assert_eq!(told(&answer), saying(404, &no_user), "{method}");
            for email in [OTHER, &foreign] {
                let text = format!("email with id '{email}' was not found");
                let answer = call(&app, method, &format!("/users/{jane}/emails/{email}{end}"), None).await;
                assert_eq!(told(&answer), saying(404, no_email.unwrap_or(&text)), "{method}");
            }
        }
        assert_eq!(listed(&app, &john).await, [("john@acme.test".to_owned(), true)]);
        app.end().await;
    }
}

/// The checks of `POST`, in their order.
#[tokio::test]
async fn an_address_is_added_when_nothing_speaks_against_it() {
    for app in apps(json!({"email": {"limit": 3}})).await {
        let (jane, john) = (made(&app, "jane@acme.test").await, made(&app, "john@acme.test").await);
        let path = format!("/users/{jane}/emails");
        for (body, message) in [
            (json!({}), "address is a required field"),
            (json!({"address": null}), "address is a required field"),
            (json!({"address": ""}), "address is a required field"),
            (json!({"address": "lorem"}), "address must be a valid email address"),
            (json!({"address": "a@localhost"}), "address must be a valid email address"),
        ] {
            assert_eq!(told(&post(&app, &path, body.clone()).await), wrapped(message), "{body}");
        }
        // Somebody's, also one's own, in any case.
        for taken in ["john@acme.test", "JOHN@acme.TEST", "jane@acme.test"] {
            assert_eq!(told(&add(&app, &jane, taken, true).await), saying(400, "Bad Request"), "{taken}");
        }
        app.clock.advance(Duration::from_secs(1));
        let added = post(&app, &path, json!({"address": "Two@Acme.test", "is_primary": true})).await;
        assert_eq!(added.status, 201);
        let email = added.json();
        let now = "2026-01-01T00:00:01Z";
        assert_eq!(
            email,
            json!({"id": email["id"], "address": "Two@acme.test", "is_verified": false, "is_primary": false, "created_at": now, "updated_at": now})
        );
        assert_eq!(get(&app, &format!("{path}/{}", id(&email))).await.json(), email);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(add(&app, &jane, "three@acme.test", true).await.json()["is_verified"], true);
        let order = [("jane@acme.test", true), ("Two@acme.test", false), ("three@acme.test", false)];
        assert_eq!(listed(&app, &jane).await, order.map(|(address, primary)| (address.to_owned(), primary)));
        // As many as there may be; that is said before whose it is.
        for address in ["four@acme.test", "john@acme.test"] {
            assert_eq!(told(&add(&app, &jane, address, false).await), saying(409, "Conflict"), "{address}");
        }
        assert_eq!(add(&app, &john, "four@acme.test", false).await.status, 201);
        app.end().await;
    }
}

#[tokio::test]
async fn q6_the_first_address_is_the_main_one_and_says_so() {
    for app in apps(json!({})).await {
        let user = id(&post(&app, "/users", json!({"username": "jane"})).await.json());
        let first = add(&app, &user, "jane@acme.test", false).await.json();
        assert_eq!(first["is_primary"], true);
        assert_eq!(get(&app, &format!("/users/{user}/emails/{}", id(&first))).await.json(), first);
        let second = add(&app, &user, "two@acme.test", false).await.json();
        assert_eq!(second["is_primary"], false);
        app.end().await;
    }
}

#[tokio::test]
async fn q7_a_body_says_nothing_of_the_path() {
    for app in apps(json!({})).await {
        let (jane, john) = (made(&app, "jane@acme.test").await, made(&app, "john@acme.test").await);
        let body =
            json!({"UserId": john, "user_id": john, "userid": john, "EmailId": OTHER, "address": "new@acme.test"});
        assert_eq!(post(&app, &format!("/users/{jane}/emails"), body).await.status, 201);
        assert_eq!((listed(&app, &jane).await.len(), listed(&app, &john).await.len()), (2, 1));
        let own = id(&get(&app, &format!("/users/{jane}/emails")).await.json()[1]);
        let body = json!({"UserId": john, "EmailId": OTHER}).to_string();
        let path = format!("/users/{jane}/emails/{own}");
        assert_eq!(
            raw(&app, "POST", &format!("{path}/set_primary"), "application/json", body.clone().into()).await.status,
            204
        );
        assert_eq!(listed(&app, &jane).await.iter().filter(|(_, primary)| *primary).count(), 1);
        // Whatever stands in the body of a call that has none.
        for body in [body.into_bytes(), b"nonsense".to_vec(), vec![0xff]] {
            for content_type in ["application/json", "text/plain", ""] {
                assert_eq!(raw(&app, "GET", &path, content_type, body.clone()).await.status, 200);
                assert_eq!(raw(&app, "DELETE", &path, content_type, body.clone()).await.status, 409);
            }
        }
        app.end().await;
    }
}

#[tokio::test]
async fn the_main_address_moves_and_only_then_goes() {
    for app in apps(json!({})).await {
        let user = made(&app, "one@acme.test").await;
        app.clock.advance(Duration::from_secs(1));
        let two = id(&add(&app, &user, "two@acme.test", false).await.json());
        let one = id(&get(&app, &format!("/users/{user}/emails")).await.json()[0]);
        let path = |email: &str| format!("/users/{user}/emails/{email}");
        assert_eq!(told(&call(&app, "DELETE", &path(&one), None).await), saying(409, "Conflict"));
        for _ in 0..2 {
            let moved = call(&app, "POST", &format!("{}/set_primary", path(&two)), None).await;
            assert_eq!((moved.status.as_u16(), moved.text()), (204, String::new()));
        }
        assert_eq!(
            listed(&app, &user).await,
            [("one@acme.test".to_owned(), false), ("two@acme.test".to_owned(), true)]
        );
        assert_eq!(call(&app, "DELETE", &path(&one), None).await.status, 204);
        assert_eq!(call(&app, "DELETE", &path(&one), None).await.status, 404);
        assert_eq!(told(&call(&app, "DELETE", &path(&two), None).await), saying(409, "Conflict"));
        // What has gone is free for others.
        let other = made(&app, "three@acme.test").await;
        assert_eq!(add(&app, &other, "one@acme.test", false).await.status, 201);
        assert_eq!(get(&app, &path(&two)).await.json()["is_primary"], Value::Bool(true));
        app.end().await;
    }
}

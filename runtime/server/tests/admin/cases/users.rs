//! §5.5–§5.7: users are made, shown and deleted.

use serde_json::{Value, json};

use super::{HASH, NOBODY, id};
use crate::{
    call,
    crowd::apps,
    get, made, post, saying,
    support::{TestApp, merge},
    told,
};

const NAMELESS: &str = "at least one of [Emails, Username] must be set";
const INVALID: &str = "address must be a valid email address";

fn main(address: &str) -> Value {
    json!([{"address": address, "is_primary": true}])
}

#[tokio::test]
async fn what_makes_no_user_is_said_in_the_contracts_order() {
    for app in apps(json!({})).await {
        let long = format!("{}@acme.test", "x".repeat(250));
        for (body, message) in [
            (json!({}), NAMELESS),
            (json!({"emails": [], "username": ""}), NAMELESS),
            (json!({"emails": null, "username": null}), NAMELESS),
            (json!({"username": "  "}), NAMELESS),
            (json!({"emails": [{"address": "a@acme.test"}]}), "at least one primary email must be provided"),
            (
                json!({"emails": [{"address": "a@acme.test", "is_primary": true}, {"address": "b@acme.test", "is_primary": true}]}),
                "only one primary email is allowed",
            ),
            (json!({"emails": [{"is_primary": true}]}), "address is a required field"),
            (json!({"emails": main("")}), "address is a required field"),
            (
                json!({"emails": [{}, {"address": "lorem"}]}),
                "address is a required field and address must be a valid email address",
            ),
            (json!({"emails": main("lorem")}), INVALID),
            (json!({"emails": main("a@localhost")}), INVALID),
            (json!({"emails": main("a@acme.t3st9")}), INVALID),
            (json!({"emails": main("Jane <a@acme.test>")}), INVALID),
            (json!({"emails": main("a@acme.test, b@acme.test")}), INVALID),
            (json!({"emails": main(&long)}), INVALID),
            (
                json!({"emails": [{"address": "a@acme.test"}, {"address": "a@acme.test"}]}),
                "emails entries are not unique",
            ),
            (json!({"username": "jane doe"}), "username is invalid"),
            (json!({"username": "jané"}), "username is invalid"),
            (json!({"username": "x".repeat(5_000)}), "username must not be longer than 255 characters"),
            (json!({"username": "jane", "id": "x"}), "id must be a valid uuid"),
            (json!({"username": "jane", "id": ""}), "id must be a valid uuid"),
            (json!({"username": "jane", "created_at": "yesterday"}), "created_at must be a time as RFC 3339 writes it"),
            (
                json!({"username": "jane", "password_hash": "plain"}),
                "password_hash: password must be in argon2id, bcrypt or firebase scrypt format",
            ),
        ] {
            assert_eq!(told(&post(&app, "/users", body.clone()).await), saying(400, message), "{body}");
        }
        assert_eq!(get(&app, "/users").await.header("x-total-count"), "0");
        app.end().await;
    }
}

/// Without and with a member that decides nothing; the nil id is none (§5.5).
#[tokio::test]
async fn a_user_has_what_it_was_given_and_defaults_elsewhere() {
    for app in apps(json!({})).await {
        let nil = "00000000-0000-0000-0000-000000000000";
        let body = json!({"id": nil, "emails": main("Jane@ACME.test"), "username": null, "created_at": null, "name": "ignored"});
        let user = post(&app, "/users", body).await.json();
        assert_ne!(id(&user), nil);
        let (email, now) = (user["emails"][0]["id"].clone(), "2026-01-01T00:00:00Z");
        // The spelling is kept, the domain has none (`spec/decisions.md` 8).
        let expected = json!({
            "id": user["id"],
            "emails": [{"id": email, "address": "Jane@acme.test", "is_verified": false, "is_primary": true, "created_at": now, "updated_at": now}],
            "created_at": now, "updated_at": now,
        });
        assert_eq!(user, expected);
        assert_eq!(get(&app, &format!("/users/{}", id(&user))).await.json(), expected);

        let body = json!({"id": format!("urn:uuid:{}", NOBODY.to_uppercase()), "username": "Max_1", "created_at": "1999-12-31T23:59:59.123456789-01:00", "password_hash": HASH});
        let user = post(&app, "/admin/users", body).await.json();
        let tenant = app.revision().await["tenants"][0]["tenantId"].clone();
        let expected = json!({
            "id": NOBODY,
            "username": {"id": user["username"]["id"], "username": "max_1", "created_at": now, "updated_at": now},
            "password": {"id": user["password"]["id"], "tenant_id": tenant, "created_at": now, "updated_at": now},
            "created_at": "2000-01-01T00:59:59.123456Z", "updated_at": now,
        });
        assert_eq!(user, expected);
        assert_eq!(get(&app, &format!("/users/{NOBODY}")).await.json(), expected);
        app.end().await;
    }
}

#[tokio::test]
async fn what_somebody_else_has_is_a_conflict() {
    for app in apps(json!({})).await {
        let first = post(&app, "/users", json!({"emails": main("jane@acme.test"), "username": "jane"})).await.json();
        let (own, taken) = (id(&first), "already exists");
        let email = |address: &str| format!("failed to create email '{address}' for user '{NOBODY}': email {taken}");
        let name = format!("failed to create username 'jane' for user '{NOBODY}': username {taken}");
        let twice = json!([{"address": "a@acme.test", "is_primary": true}, {"address": "A@acme.test"}]);
        for (body, message) in [
            (json!({"id": own}), format!("failed to create user with id '{own}': user {taken}")),
            (json!({"emails": main("JANE@Acme.TEST")}), email("JANE@acme.test")),
            (json!({"emails": twice}), email("A@acme.test")),
            (json!({"username": " JANE "}), name),
        ] {
            let mut whole = json!({"id": NOBODY, "username": "john"});
            merge(&mut whole, body);
            assert_eq!(told(&post(&app, "/users", whole.clone()).await), saying(409, &message), "{whole}");
            assert_eq!(get(&app, &format!("/users/{NOBODY}")).await.status, 404, "nothing is half made");
        }
        app.end().await;
    }
}

/// Q15: the second such request is no conflict, and the user can sign in with the name.
#[tokio::test]
async fn q15_an_empty_username_is_none() {
    for app in apps(json!({})).await {
        for address in ["a@acme.test", "b@acme.test"] {
            let user = post(&app, "/users", json!({"emails": main(address), "username": ""})).await;
            assert_eq!((user.status.as_u16(), user.json().get("username")), (200, None));
        }
        app.end().await;
    }
}

#[tokio::test]
async fn an_id_of_a_user_is_lenient() {
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let plain = user.replace('-', "");
        for same in [
            user.clone(),
            user.to_uppercase(),
            plain.clone(),
            format!("%7B{user}%7D"),
            format!("{{{plain}}}"),
            format!("urn:uuid:{user}"),
            format!("urn:uuid:{plain}"),
        ] {
            assert_eq!(get(&app, &format!("/users/{same}")).await.json()["id"], user, "{same}");
        }
        for none in ["x", "1", &user[1..], &format!("{user}0"), &format!("%20{user}"), "urn:uuid:", "%00"] {
            for (method, body) in [("GET", None), ("DELETE", None), ("PATCH", Some(json!({"name": 5})))] {
                let answer = call(&app, method, &format!("/users/{none}"), body).await;
                assert_eq!(told(&answer), saying(400, "failed to parse userId as uuid"), "{method} {none}");
            }
        }
        for nobody in [NOBODY, "00000000-0000-0000-0000-000000000000"] {
            for (method, body) in [("GET", None), ("DELETE", None), ("PATCH", Some(json!({})))] {
                let answer = call(&app, method, &format!("/users/{nobody}"), body).await;
                assert_eq!(told(&answer), saying(404, "user not found"), "{method} {nobody}");
            }
        }
        app.end().await;
    }
}

/// §5.7: with everything of it, and everything is free again.
#[tokio::test]
async fn who_is_deleted_leaves_nothing() {
    for app in apps(json!({})).await {
        for round in 0..2 {
            let body =
                json!({"id": NOBODY, "emails": main("jane@acme.test"), "username": "jane", "password_hash": HASH});
            assert_eq!(post(&app, "/users", body).await.status, 200, "round {round}");
            let patch = json!({"private_metadata": {"a": 1}});
            assert_eq!(call(&app, "PATCH", &format!("/users/{NOBODY}/metadata"), Some(patch)).await.status, 200);
            let token = post(&app, "/sessions", json!({"user_id": NOBODY})).await.json()["session_token"].clone();
            let deleted = call(&app, "DELETE", &format!("/users/{NOBODY}"), None).await;
            assert_eq!((deleted.status.as_u16(), deleted.text()), (204, String::new()));
            assert_eq!(call(&app, "DELETE", &format!("/users/{NOBODY}"), None).await.status, 404);
            let validity = app.post("/sessions/validate", &json!({"session_token": token})).await.json();
            assert_eq!(validity["is_valid"], false);
            for part in ["metadata", "password", "sessions", "otp", "webauthn_credentials"] {
                assert_eq!(get(&app, &format!("/users/{NOBODY}/{part}")).await.status, 404, "{part}");
            }
            assert_eq!(get(&app, &format!("/users/{NOBODY}/emails")).await.json(), json!([]));
            assert_eq!(get(&app, "/users").await.header("x-total-count"), "0");
        }
        app.end().await;
    }
}

/// §5.1: what a user does not have is not there, and the list shows less than one user's own page.
#[tokio::test]
async fn an_administrator_may_do_what_the_project_does_not_offer() {
    let settings = json!({"email": {"limit": 1, "maxLength": 10}, "username": {"enabled": false, "maxLength": 4, "minLength": 4},
        "password": {"enabled": false, "minLength": 20}});
    let app = TestApp::with(json!({"settings": settings})).await;
    let emails = json!([{"address": "a.long.address@acme.test", "is_primary": true}, {"address": "b@acme.test"}]);
    let user = post(&app, "/users", json!({"emails": emails, "username": "longer_than_four"})).await;
    assert_eq!(user.status, 200, "{}", user.text());
    let password = post(&app, &format!("/users/{}/password", id(&user.json())), json!({"password": "x"})).await;
    assert_eq!(password.status, 200, "{}", password.text());
    app.end().await;
}

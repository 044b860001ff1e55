//! §8, §9, §11: passwords, passkeys, security keys and authenticator apps of a user.

use std::time::Duration;

use serde_json::{Value, json};

use super::{HASH, NOBODY, id, wrapped};
use crate::{
    browser::{Browser, app as on_https},
    call,
    crowd::apps,
    get,
    journeys::{begin, modern, register_with_totp},
    made, post, saying, told,
};

#[tokio::test]
async fn every_row_of_the_passwords_table() {
    for app in apps(json!({"password": {"minLength": 20}})).await {
        let user = made(&app, "jane@acme.test").await;
        let path = format!("/users/{user}/password");
        let tenant = app.revision().await["tenants"][0]["tenantId"].clone();
        for method in ["GET", "DELETE"] {
            assert_eq!(told(&call(&app, method, &path, None).await), saying(404, "Not Found"), "{method}");
        }
        for method in ["POST", "PUT"] {
            // What is said comes before whom it is about.
            for (owner, body, expected) in [
                (NOBODY, json!({}), wrapped("password is a required field")),
                (NOBODY, json!({"password": ""}), wrapped("password is a required field")),
                (NOBODY, json!({"password": null}), wrapped("password is a required field")),
                ("x", json!({}), wrapped("UserID must be a valid uuid and password is a required field")),
                ("x", json!({"password": "a"}), wrapped("UserID must be a valid uuid")),
                (NOBODY, json!({"password": "a"}), saying(404, "Not Found")),
                (&user, json!({"password": "a".repeat(73)}), saying(400, "password must not be longer than 72 bytes")),
                (&user, json!({"password": "ä".repeat(37)}), saying(400, "password must not be longer than 72 bytes")),
            ] {
                // Only who has a password gets another one.
                let expected = if method == "PUT" && owner == user { saying(404, "Not Found") } else { expected };
                let answer = call(&app, method, &format!("/users/{owner}/password"), Some(body.clone())).await;
                assert_eq!(told(&answer), expected, "{method} {owner} {body}");
            }
        }
        assert_eq!(told(&call(&app, "PUT", &path, Some(json!({"password": "a"}))).await), saying(404, "Not Found"));
        let now = "2026-01-01T00:00:00Z";
        let first = post(&app, &path, json!({"password": "a"})).await;
        let expected = json!({"id": first.json()["id"], "tenant_id": tenant, "created_at": now, "updated_at": now});
        assert_eq!((first.status.as_u16(), first.json()), (200, expected.clone()));
        assert_eq!(told(&post(&app, &path, json!({"password": "b"})).await), saying(409, "Conflict"));
        assert_eq!(get(&app, &path).await.json(), expected);
        app.clock.advance(Duration::from_secs(60));
        for body in [json!({"password": "b".repeat(72)}), json!({"hash": HASH})] {
            let second = call(&app, "PUT", &path, Some(body)).await;
            let mut later = expected.clone();
            later["updated_at"] = json!("2026-01-01T00:01:00Z");
            assert_eq!((second.status.as_u16(), second.json()), (200, later.clone()));
            assert_eq!(get(&app, &path).await.json(), later);
        }
        assert_eq!(call(&app, "DELETE", &path, None).await.status, 204);
        assert_eq!(told(&call(&app, "DELETE", &path, None).await), saying(404, "Not Found"));
        let anew = post(&app, &path, json!({"hash": HASH})).await.json();
        assert_ne!(anew["id"], expected["id"], "another password");
        app.end().await;
    }
}

#[tokio::test]
async fn every_row_of_the_credentials_table() {
    let app =
        on_https(json!({"mfa": {"enabled": false}, "password": {"enabled": false}, "rateLimiter": {"enabled": false}}))
            .await;
    let mut browser = Browser::default();
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": "jane@acme.test"})).await;
    let code = app.mailbox.take("jane@acme.test").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(flow.state(), "onboarding_create_passkey", "{:#}", flow.document());
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&options).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    let user = flow.document()["payload"]["user"]["id"].as_str().unwrap().to_owned();

    let path = format!("/users/{user}/webauthn_credentials");
    let listed = get(&app, &path).await.json();
    let own = id(&listed[0]);
    assert_eq!(own, created["id"].as_str().unwrap());
    let mut members: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
    members.sort();
    let expected = [
        "aaguid",
        "attestation_type",
        "backup_eligible",
        "backup_state",
        "created_at",
        "id",
        "last_used_at",
        "mfa_only",
        "name",
        "public_key",
        "transports",
    ];
    assert!(members.iter().all(|member| expected.contains(&member.as_str())), "{members:?}");
    assert_eq!(get(&app, &format!("{path}/{own}")).await.json(), listed[0]);
    assert_eq!(get(&app, &format!("/users/{user}")).await.json()["webauthn_credentials"], listed);

    let other = made(&app, "john@acme.test").await;
    assert_eq!(get(&app, &format!("/users/{other}/webauthn_credentials")).await.json(), json!([]));
    for (method, user, credential, expected) in [
        ("GET", NOBODY, own.as_str(), saying(404, "Not Found")),
        ("DELETE", NOBODY, &own, saying(404, "Not Found")),
        ("GET", &other, &own, saying(404, "webauthn credential not found")),
        ("DELETE", &other, &own, saying(404, "webauthn credential not found")),
        ("GET", &user, "AAEC", saying(404, "webauthn credential not found")),
        ("DELETE", &user, "%20", saying(404, "webauthn credential not found")),
        ("DELETE", &user, "%00", wrapped("WebauthnCredentialID is a required field")),
        ("GET", "x", &own, wrapped("UserID must be a valid uuid")),
        ("GET", "", &own, wrapped("UserID is a required field")),
        ("DELETE", "x", "%20", wrapped("UserID must be a valid uuid")),
    ] {
        let answer = call(&app, method, &format!("/users/{user}/webauthn_credentials/{credential}"), None).await;
        assert_eq!(told(&answer), expected, "{method} {user} {credential}");
    }
    for (user, expected) in [(NOBODY, saying(404, "Not Found")), ("x", wrapped("UserID must be a valid uuid"))] {
        assert_eq!(told(&get(&app, &format!("/users/{user}/webauthn_credentials")).await), expected);
    }
    let deleted = call(&app, "DELETE", &format!("{path}/{own}"), None).await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (204, String::new()));
    assert_eq!(call(&app, "DELETE", &format!("{path}/{own}"), None).await.status, 404);
    assert_eq!(get(&app, &path).await.json(), json!([]));
    // It opens nothing any more.
    let mut flow = begin(&app, "/login", modern()).await;
    if flow.document()["payload"].get("request_options").is_none() {
        flow.act("webauthn_generate_request_options", json!({})).await;
    }
    let assertion = browser.get(&flow.document()).await;
    let refused = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_ne!(refused["name"], "success");
    app.may_leave_deliveries().end().await;
}

#[tokio::test]
async fn every_row_of_the_otp_table() {
    for app in apps(json!({"mfa": {"deviceTrustPolicy": "never"}})).await {
        register_with_totp(&app, "jane@acme.test").await;
        let list = get(&app, "/users?email=jane").await.json();
        let user = id(&list[0]);
        let path = format!("/users/{user}/otp");
        let shown = get(&app, &path).await.json();
        let mut members: Vec<&String> = shown.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["created_at", "id"]);
        assert_eq!(get(&app, &format!("/users/{user}")).await.json()["otp"], shown);
        assert_eq!(list[0].get("otp"), None::<&Value>);
        let other = made(&app, "john@acme.test").await;
        for method in ["GET", "DELETE"] {
            for (user, expected) in [
                (NOBODY, saying(404, "Not Found")),
                (&other, saying(404, "Not Found")),
                ("x", wrapped("UserID must be a valid uuid")),
                ("", wrapped("UserID is a required field")),
                (&user.replace('-', ""), wrapped("UserID must be a valid uuid")),
            ] {
                assert_eq!(
                    told(&call(&app, method, &format!("/users/{user}/otp"), None).await),
                    expected,
                    "{method} {user}"
                );
            }
        }
        assert_eq!(call(&app, "DELETE", &path, None).await.status, 204);
        assert_eq!(told(&call(&app, "DELETE", &path, None).await), saying(404, "Not Found"));
        assert_eq!(get(&app, &format!("/users/{user}")).await.json().get("otp"), None);
        // The password alone signs in again.
        let flow = crate::journeys::sign_in_with_password(&app, "jane@acme.test", crate::journeys::plain()).await;
        assert_ne!(flow.state(), "login_otp", "{:#}", flow.document());
        app.may_leave_deliveries().end().await;
    }
}

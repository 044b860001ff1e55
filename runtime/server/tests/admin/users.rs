//! Every route of users once as it is meant; what can go wrong stands elsewhere.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    call, database, get, made, post, saying,
    support::{Flow, TestApp, send},
    told,
};

const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

async fn delete(app: &TestApp, path: &str) -> u16 {
    call(app, "DELETE", path, None).await.status.as_u16()
}

#[tokio::test]
async fn a_user_is_made_shown_changed_and_deleted() {
    let app = TestApp::start().await;
    let id = "A2882293-F1D6-4A9D-91A2-B3B28F6A4C50";
    let answer = post(
        &app,
        "/admin/users",
        json!({
            "id": id,
            "Emails": [{"address": "second@acme.test"}, {"Address": "Jane@Acme.test", "is_primary": true, "is_verified": true}],
            "username": " Jane_D ",
            "password_hash": BCRYPT,
            "created_at": "2020-02-03T04:05:06.789+01:00",
            "metadata": {"public_metadata": {"ignored": true}},
        }),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let user = answer.json();
    assert_eq!(user["id"], id.to_lowercase());
    assert_eq!(user["username"]["username"], "jane_d");
    assert_eq!(user["created_at"], "2020-02-03T03:05:06.789Z");
    assert_eq!(user["password"]["tenant_id"], app.revision().await["tenants"][0]["tenantId"]);
    assert_eq!(user.get("metadata"), None);
    let emails = user["emails"].as_array().unwrap();
    let primary = emails.iter().find(|email| email["is_primary"] == true).unwrap();
    assert_eq!((emails.len(), primary["is_verified"].as_bool()), (2, Some(true)));

    let path = format!("/users/{id}");
    // The order of addresses means nothing.
    let sorted = |mut user: Value| {
        user["emails"].as_array_mut().unwrap().sort_by_key(|email| email["address"].to_string());
        user
    };
    assert_eq!(sorted(get(&app, &path).await.json()), sorted(user.clone()));
    assert_eq!(sorted(get(&app, &format!("/users/{{{}}}", id.replace('-', ""))).await.json()), sorted(user));
    let patch =
        json!({"username": null, "name": " Jane Doe ", "given_name": "Jane", "picture": "https://acme.test/j.png"});
    let patched = call(&app, "PATCH", &path, Some(patch)).await.json();
    assert_eq!((patched.get("username"), patched["name"].as_str()), (None, Some("Jane Doe")));
    assert_eq!(call(&app, "PATCH", &path, Some(json!({"name": null}))).await.json().get("name"), None);

    assert_eq!(delete(&app, &path).await, 204);
    assert_eq!(told(&get(&app, &path).await), saying(404, "user not found"));
    let sql = "SELECT type || ' ' || actor_api_key FROM audit_logs ORDER BY rowid";
    let rows = database::texts(&app, sql).await;
    let kinds = ["admin_user_created", "admin_user_updated", "admin_user_updated", "admin_user_deleted"];
    assert_eq!(rows, kinds.map(|kind| format!("{kind} generated")));
    app.end().await;
}

#[tokio::test]
async fn metadata_is_merged_and_shown() {
    for app in crate::crowd::apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let path = format!("/users/{user}/metadata");
        assert_eq!(get(&app, &path).await.status, 204);
        let patch = json!({"public_metadata": {"plan": "pro", "x": {"y": 1}}, "private_metadata": {"n": [1, null]}});
        assert_eq!(call(&app, "PATCH", &path, Some(patch.clone())).await.json(), patch);
        let patch = json!({"public_metadata": {"x": {"y": null, "z": 2}}, "private_metadata": null});
        let after = json!({"public_metadata": {"plan": "pro", "x": {"z": 2}}});
        assert_eq!(call(&app, "PATCH", &path, Some(patch)).await.json(), after);
        assert_eq!(get(&app, &path).await.json(), after);
        assert_eq!(get(&app, &format!("/users/{user}")).await.json()["metadata"], after);
        // Q14: nothing is to change.
        assert_eq!(call(&app, "PATCH", &path, None).await.json(), after);
        let wrong = call(&app, "PATCH", &path, Some(json!({"public_metadata": 5}))).await;
        let message = "public_metadata must be an object or null";
        assert_eq!(told(&wrong), saying(400, &format!("code=400, message={message}, internal={message}")));
        assert_eq!(call(&app, "PATCH", &path, Some(Value::Null)).await.status, 204);
        app.end().await;
    }
}

#[tokio::test]
async fn addresses_come_move_and_go() {
    for app in crate::crowd::apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let path = format!("/users/{user}/emails");
        app.clock.advance(Duration::from_secs(1));
        let added =
            post(&app, &path, json!({"address": "work@acme.test", "is_verified": true, "is_primary": true})).await;
        assert_eq!(added.status, 201, "{}", added.text());
        let added = added.json();
        assert_eq!((added["is_primary"].as_bool(), added["is_verified"].as_bool()), (Some(false), Some(true)));
        let listed = get(&app, &path).await.json();
        assert_eq!(listed.as_array().unwrap().len(), 2);
        let (first, second) = (listed[0]["id"].as_str().unwrap(), added["id"].as_str().unwrap());
        assert_eq!(get(&app, &format!("{path}/{second}")).await.json(), added);
        assert_eq!(call(&app, "POST", &format!("{path}/{second}/set_primary"), None).await.status, 204);
        assert_eq!(get(&app, &format!("{path}/{second}")).await.json()["is_primary"], true);
        assert_eq!(delete(&app, &format!("{path}/{second}")).await, 409);
        assert_eq!(delete(&app, &format!("{path}/{first}")).await, 204);
        assert_eq!(get(&app, &path).await.json().as_array().unwrap().len(), 1);
        app.end().await;
    }
}

#[tokio::test]
async fn a_password_is_set_replaced_taken_over_and_removed() {
    let spec = json!({"settings": {"passkey": {"enabled": false}, "mfa": {"enabled": false}}});
    let app = TestApp::with(spec).await;
    let user = made(&app, "jane@acme.test").await;
    let path = format!("/users/{user}/password");
    assert_eq!(get(&app, &path).await.status, 404);
    let first = post(&app, &path, json!({"password": "short"})).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(post(&app, &path, json!({"password": "again"})).await.status, 409);
    assert_eq!(get(&app, &path).await.json(), first.json());
    let replaced = call(&app, "PUT", &path, Some(json!({"hash": BCRYPT}))).await;
    assert_eq!(replaced.json()["id"], first.json()["id"]);
    for (body, message) in [
        (json!({}), "password is a required field"),
        (json!({"password": "", "hash": null}), "password is a required field"),
        (json!({"password": "x", "hash": BCRYPT}), "password and hash cannot both be set"),
        (json!({"hash": "md5"}), "hash: password must be in argon2id, bcrypt or firebase scrypt format"),
        (json!({"password": "x".repeat(73)}), "password must not be longer than 72 bytes"),
    ] {
        let (status, said) = told(&call(&app, "PUT", &path, Some(body.clone())).await);
        assert!(status == 400 && said.trim_start_matches("code=400, message=") == message, "{body}: {said}");
    }
    let mut flow = Flow::begin(&app, "/login").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@acme.test"})).await;
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("password_login", json!({"password": "U*U"})).await;
    assert_ne!(flow.state(), "login_password", "{:#}", flow.document());
    assert_eq!(delete(&app, &path).await, 204);
    assert_eq!(delete(&app, &path).await, 404);
    app.end().await;
}

#[tokio::test]
async fn a_session_is_made_listed_and_ended() {
    for app in crate::crowd::apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let body = json!({"user_id": user, "user_agent": "curl", "ip_address": "192.0.2.1"});
        let answer = post(&app, "/sessions", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.json()["session_token"].as_str().unwrap().to_owned();
        let me = send(app.request(Method::GET, "/me").bearer_auth(&token)).await;
        assert_eq!(me.json()["user_id"], user);
        let path = format!("/users/{user}/sessions");
        let listed = get(&app, &path).await.json();
        assert_eq!(
            (listed[0]["user_agent"].as_str(), listed[0]["ip_address"].as_str()),
            (Some("curl"), Some("192.0.2.1"))
        );
        let session = listed[0]["id"].as_str().unwrap();
        assert_eq!(delete(&app, &format!("{path}/{session}")).await, 204);
        assert_eq!(delete(&app, &format!("{path}/{session}")).await, 404);
        assert_eq!(get(&app, &path).await.json(), json!([]));
        assert_eq!(send(app.request(Method::GET, "/me").bearer_auth(&token)).await.status, 401);
        for (body, message) in [
            (json!({}), "user_id is a required field"),
            (
                json!({"user_id": "x", "ip_address": "y"}),
                "user_id must be a valid uuid and ip_address must be a valid ip address (v4 or v6)",
            ),
        ] {
            assert_eq!(told(&post(&app, "/sessions", body).await), saying(400, message));
        }
        app.end().await;
    }
}

#[tokio::test]
async fn credentials_and_apps_are_shown_and_removed() {
    let app = TestApp::start().await;
    let user = made(&app, "jane@acme.test").await;
    let hex = user.replace('-', "");
    let sql = format!(
        "INSERT INTO webauthn_credentials (tenant_id, credential_id, user_id, user_handle, public_key, rp_id, attestation_format, aaguid, \
         sign_count, user_verified, backup_eligible, backup_state, transports, mfa_only, created_at) \
         SELECT tenant_id, x'000102', id, x'00', x'a0', 'acme.localhost', 'none', x'00000000000000000000000000000000', 0, 1, 0, 0, '[\"usb\"]', 1, 1 \
         FROM users WHERE id = x'{hex}'"
    );
    assert_eq!(database::execute(&app, sqlx::AssertSqlSafe(sql)).await, 1);
    let path = format!("/users/{user}/webauthn_credentials");
    let listed = get(&app, &path).await.json();
    assert_eq!((listed[0]["id"].as_str(), listed[0]["mfa_only"].as_bool()), (Some("AAEC"), Some(true)), "{listed}");
    assert_eq!(get(&app, &format!("{path}/AAEC")).await.json(), listed[0]);
    assert_eq!(told(&get(&app, &format!("{path}/!")).await), saying(404, "webauthn credential not found"));
    assert_eq!(delete(&app, &format!("{path}/AAEC")).await, 204);
    assert_eq!(delete(&app, &format!("{path}/AAEC")).await, 404);

    let path = format!("/users/{user}/otp");
    assert_eq!(get(&app, &path).await.status, 404);
    let sql = format!(
        "INSERT INTO otp_secrets (tenant_id, id, user_id, sealed, created_at, updated_at) \
         SELECT tenant_id, x'f2882293f1d64a9d91a2b3b28f6a4c50', id, 'sealed', 1, 1 FROM users WHERE id = x'{hex}'"
    );
    assert_eq!(database::execute(&app, sqlx::AssertSqlSafe(sql)).await, 1);
    let shown = get(&app, &path).await.json();
    assert_eq!(
        shown,
        json!({"id": "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", "created_at": "1970-01-01T00:00:00.000001Z"})
    );
    assert_eq!(delete(&app, &path).await, 204);
    assert_eq!(delete(&app, &path).await, 404);
    app.end().await;
}

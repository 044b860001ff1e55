//! The whole documents of `profile_init` (§4).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{actions, at_home, cookie, database, modern, open, plain, register, support::TestApp, unlimited};

const AT: &str = "2026-01-01T00:00:00Z";

/// The documents' members that are drawn anew for every run are taken from it; that they are what they should be is said here.
fn drawn(document: &Value) -> (Value, Value) {
    let token = document["csrf_token"].as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{token}");
    (document["csrf_token"].clone(), document["actions"].clone())
}

#[tokio::test]
async fn a_rich_account_is_shown_with_everything_it_has() {
    let settings = json!({"username": {"enabled": true}, "account": {"allowDeletion": true}});
    let app = TestApp::with(unlimited(settings)).await;
    let mut other = register(&app, "jane@x.de").await;
    other.headers.push(("Cookie".into(), other.answer.cookie()));
    let id = other.document()["payload"]["user"]["id"].clone();
    for sql in [
        "INSERT INTO emails SELECT tenant_id, x'00000000000000000000000000000001', id, 'Second@x.de', 'second@x.de', FALSE, created_at + 1000000, created_at FROM users",
        "INSERT INTO usernames SELECT tenant_id, id, x'00000000000000000000000000000002', 'jane', 'jane', created_at, created_at + 2000000 FROM users",
        "INSERT INTO webauthn_credentials SELECT tenant_id, x'0102ff', id, id, x'a5', 'acme.localhost', 'packed', x'fbfc3007154e4ecc8c0b6e020557d7bd', 0, TRUE, TRUE, TRUE, '[\"internal\",\"hybrid\"]', 'iCloud Keychain', FALSE, created_at, created_at + 3000000 FROM users",
        "INSERT INTO webauthn_credentials SELECT tenant_id, x'0103', id, id, x'a6', 'acme.localhost', 'none', x'00000000000000000000000000000000', 0, FALSE, FALSE, FALSE, '[]', NULL, TRUE, created_at + 1, NULL FROM users",
        "INSERT INTO otp_secrets SELECT tenant_id, id, id, 'x', NULL, created_at, created_at FROM users",
        "INSERT INTO user_metadata SELECT tenant_id, id, '{\"role\":\"beta\"}', '{\"secret\":1}', '{\"theme\":\"<dark>\"}', created_at, created_at FROM users",
        "INSERT INTO sessions SELECT tenant_id, x'00000000000000000000000000000003', user_id, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36', '203.0.113.7', created_at - 60000000, last_used - 1, expires_at, ends_at FROM sessions",
        "INSERT INTO sessions SELECT tenant_id, x'00000000000000000000000000000004', user_id, NULL, NULL, created_at - 120000000, last_used, expires_at, ends_at FROM sessions WHERE id = x'00000000000000000000000000000003'",
        "INSERT INTO sessions SELECT tenant_id, x'00000000000000000000000000000005', user_id, NULL, NULL, created_at, last_used, created_at, ends_at FROM sessions WHERE id = x'00000000000000000000000000000003'",
    ] {
        assert_eq!(database::execute(&app, sql).await, 1, "{sql}");
    }
    app.clock.advance(Duration::from_secs(90));
    let flow = open(&app, &cookie(&other), modern()).await;
    let document = flow.document();
    let (csrf_token, actions) = drawn(&document);
    let emails = document["payload"]["user"]["emails"].clone();
    let current = document["payload"]["sessions"][0]["id"].clone();
    let expected = json!({
        "name": "profile_init",
        "status": 200,
        "payload": {
            "sessions": [
                {
                    "id": current, "user_agent_raw": "", "user_agent": " ()", "ip_address": "127.0.0.1", "current": true,
                    "created_at": AT, "expires_at": "2026-01-01T01:00:00Z", "last_used": "2026-01-01T00:01:30Z",
                },
                {
                    "id": "00000000-0000-0000-0000-000000000003",
                    "user_agent_raw": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                    "user_agent": "macOS (Chrome)", "ip_address": "203.0.113.7", "current": false,
                    "created_at": "2025-12-31T23:59:00Z", "expires_at": "2026-01-01T01:00:00Z",
                    "last_used": "2025-12-31T23:59:59.999999Z",
                },
                {
                    "id": "00000000-0000-0000-0000-000000000004", "current": false,
                    "created_at": "2025-12-31T23:57:00Z", "expires_at": "2026-01-01T01:00:00Z",
                    "last_used": "2025-12-31T23:59:59.999999Z",
                },
            ],
            "user": {
                "id": id,
                "user_id": id,
                "passkeys": [{
                    "id": "AQL_", "name": "iCloud Keychain", "public_key": "pQ", "attestation_type": "packed",
                    "aaguid": "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "last_used_at": "2026-01-01T00:00:03Z",
                    "created_at": AT, "transports": ["internal", "hybrid"], "backup_eligible": true,
                    "backup_state": true, "mfa_only": false,
                }],
                "security_keys": [{
                    "id": "AQM", "public_key": "pg", "attestation_type": "none",
                    "aaguid": "00000000-0000-0000-0000-000000000000", "created_at": "2026-01-01T00:00:00.000001Z",
                    "transports": [], "backup_eligible": false, "backup_state": false, "mfa_only": true,
                }],
                "mfa_config": {"auth_app_set_up": true, "totp_enabled": true, "security_keys_enabled": true},
                "emails": [
                    {"id": emails[0]["id"], "address": "jane@x.de", "is_verified": true, "is_primary": true},
                    {
                        "id": "00000000-0000-0000-0000-000000000001", "address": "Second@x.de",
                        "is_verified": false, "is_primary": false,
                    },
                ],
                "username": {
                    "id": "00000000-0000-0000-0000-000000000002", "username": "jane",
                    "created_at": AT, "updated_at": "2026-01-01T00:00:02Z",
                },
                "created_at": AT,
                "updated_at": AT,
                "metadata": {"public_metadata": {"role": "beta"}, "unsafe_metadata": {"theme": "<dark>"}},
            },
        },
        "csrf_token": csrf_token,
        "actions": actions,
        "links": null,
    });
    assert_eq!(document, expected);
    let me = app.get_with("/me", &[("Cookie", &cookie(&other))]).await;
    assert_eq!(me.json(), document["payload"]["user"], "§4.2: the same as `GET /me`");
    app.end().await;
}

#[tokio::test]
async fn a_bare_account_is_shown_without_what_it_lacks() {
    let session = json!({"showOnProfile": false});
    let app = TestApp::with(unlimited(json!({"session": session, "mfa": {"enabled": false}}))).await;
    let answer = register(&app, "jane@x.de").await;
    let id = answer.document()["payload"]["user"]["id"].clone();
    for sql in ["UPDATE users SET primary_email_id = NULL", "DELETE FROM emails", "DELETE FROM passwords"] {
        assert_eq!(database::execute(&app, sql).await, 1);
    }
    database::execute(&app, "INSERT INTO user_metadata SELECT tenant_id, id, '{}', '{\"a\":1}', NULL, 0, 0 FROM users")
        .await;
    let flow = open(&app, &answer.answer.cookie(), plain()).await;
    let document = flow.document();
    let (csrf_token, offered) = drawn(&document);
    assert_eq!(
        document,
        json!({
            "name": "profile_init",
            "status": 200,
            "payload": {"user": {
                "id": id, "user_id": id,
                "mfa_config": {"auth_app_set_up": false, "totp_enabled": false, "security_keys_enabled": false},
                "created_at": AT, "updated_at": AT,
            }},
            "csrf_token": csrf_token,
            "actions": offered,
            "links": null,
        })
    );
    assert_eq!(
        actions(&flow),
        ["continue_to_otp_secret_creation", "email_create", "email_delete", "password_create", "patch_metadata"]
    );
    app.end().await;
}

#[tokio::test]
async fn credentials_that_a_project_does_not_use_are_not_shown() {
    let insert = "INSERT INTO webauthn_credentials SELECT tenant_id, x'01', id, id, x'a5', 'acme.localhost', 'none', x'00000000000000000000000000000000', 0, TRUE, TRUE, TRUE, '[]', NULL, FALSE, created_at, NULL FROM users";
    let key = "INSERT INTO webauthn_credentials SELECT tenant_id, x'02', id, id, x'a5', 'acme.localhost', 'none', x'00000000000000000000000000000000', 0, TRUE, TRUE, TRUE, '[]', NULL, TRUE, created_at, NULL FROM users";
    for (settings, passkeys, keys, emails, username) in [
        (json!({}), true, true, true, true),
        (json!({"passkey": {"enabled": false}}), false, true, true, true),
        (json!({"mfa": {"securityKeys": {"enabled": false}}}), true, false, true, true),
        // §4.2: the master switch is not asked.
        (json!({"mfa": {"enabled": false}}), true, true, true, true),
        (json!({"username": {"enabled": false}}), true, true, true, true),
    ] {
        let app = TestApp::with(unlimited(settings.clone())).await;
        let home = at_home(&app, "jane@x.de").await;
        database::execute(&app, insert).await;
        database::execute(&app, key).await;
        database::execute(&app, "INSERT INTO usernames SELECT tenant_id, id, id, 'jane', 'jane', 0, 0 FROM users")
            .await;
        let user = crate::user(&open(&app, &cookie(&home), modern()).await);
        let has = |name: &str| user.get(name).is_some();
        assert_eq!(
            (has("passkeys"), has("security_keys"), has("emails"), has("username")),
            (passkeys, keys, emails, username),
            "{settings}"
        );
        app.end().await;
    }
}

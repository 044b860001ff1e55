//! What is made, set and removed here decides who signs in there.

use serde_json::{Value, json};

use super::{HASH, HASHED, id};
use crate::{
    call,
    crowd::apps,
    get,
    journeys::{begin, modern, plain},
    made, post,
    support::{Answer, Flow, TestApp},
};

/// `password`, hashed with Argon2id (the reference implementation's own example).
const ARGON2ID: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
/// `user1password`, hashed with Firebase's scrypt (its documentation's own example).
const FIREBASE: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

/// Nothing is offered that a test would have to skip.
fn settings() -> Value {
    json!({"passkey": {"enabled": false}, "mfa": {"enabled": false}, "username": {"enabled": true, "acquireOnLogin": false}, "session": {"limit": 20}})
}

/// The state that a login with a password comes to.
async fn sign_in(app: &TestApp, identifier: &str, password: &str) -> String {
    let mut flow = begin(app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": identifier})).await;
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    if flow.state() != "login_password" {
        return flow.state();
    }
    flow.act("password_login", json!({"password": password})).await;
    flow.state()
}

#[tokio::test]
async fn a_password_that_was_set_or_brought_along_signs_in() {
    for app in apps(settings()).await {
        let jane = made(&app, "jane@acme.test").await;
        let path = format!("/users/{jane}/password");
        post(&app, &path, json!({"password": " ä 1"})).await;
        for (body, password) in [
            (None, " ä 1"),
            // The same letter, spelt in two characters.
            (None, " a\u{308} 1"),
            (Some(json!({"password": "x".repeat(72)})), "x".repeat(72).as_str()),
            (Some(json!({"hash": HASH})), HASHED),
            (Some(json!({"hash": ARGON2ID})), "password"),
            (Some(json!({"hash": FIREBASE})), "user1password"),
        ] {
            if let Some(body) = body {
                let set = call(&app, "PUT", &path, Some(body)).await;
                assert_eq!(set.status, 200, "{}", set.text());
            }
            assert_eq!(sign_in(&app, "jane@acme.test", &format!("{password}?")).await, "login_password", "{password}");
            // Twice: the first time a hash from elsewhere is made anew.
            for _ in 0..2 {
                assert_eq!(sign_in(&app, "jane@acme.test", password).await, "success", "{password}");
            }
        }
        call(&app, "DELETE", &path, None).await;
        assert_ne!(sign_in(&app, "jane@acme.test", "user1password").await, "success");
        app.may_leave_deliveries().end().await;
    }
}

/// Q15, and what follows when names change hands.
#[tokio::test]
async fn a_user_signs_in_with_whatever_names_it_now() {
    for app in apps(settings()).await {
        let body = json!({"emails": [{"address": "Jane@Acme.test", "is_primary": true, "is_verified": true}], "username": " Jane_D ", "password_hash": HASH});
        let jane = id(&post(&app, "/users", body).await.json());
        for name in ["jane@acme.test", "JANE@ACME.TEST", "jane_d", "JANE_D"] {
            assert_eq!(sign_in(&app, name, HASHED).await, "success", "{name}");
        }
        call(&app, "PATCH", &format!("/users/{jane}"), Some(json!({"username": "Janet"}))).await;
        let added =
            post(&app, &format!("/users/{jane}/emails"), json!({"address": "two@acme.test", "is_verified": true}))
                .await;
        let (path, two) = (format!("/users/{jane}/emails"), id(&added.json()));
        call(&app, "POST", &format!("{path}/{two}/set_primary"), None).await;
        let one = get(&app, &path).await.json().as_array().unwrap().iter().map(id).find(|one| *one != two).unwrap();
        assert_eq!(call(&app, "DELETE", &format!("{path}/{one}"), None).await.status, 204);
        for (name, signs_in) in [("janet", true), ("two@acme.test", true), ("jane_d", false), ("jane@acme.test", false)]
        {
            assert_eq!(sign_in(&app, name, HASHED).await == "success", signs_in, "{name}");
        }
        call(&app, "DELETE", &format!("/users/{jane}"), None).await;
        for name in ["janet", "two@acme.test"] {
            assert_ne!(sign_in(&app, name, HASHED).await, "success", "{name}");
        }
        app.may_leave_deliveries().end().await;
    }
}

/// What a login writes down can be searched for.
#[tokio::test]
async fn a_login_is_found_by_its_time() {
    for app in apps(settings()).await {
        let jane = made(&app, "jane@acme.test").await;
        made(&app, "john@acme.test").await;
        post(&app, &format!("/users/{jane}/password"), json!({"hash": HASH})).await;
        app.clock.advance(std::time::Duration::from_secs(3_600));
        assert_eq!(get(&app, &format!("/users/{jane}")).await.json().get("last_login_at"), None);
        assert_eq!(sign_in(&app, "jane@acme.test", HASHED).await, "success");
        let shown = get(&app, &format!("/users/{jane}")).await.json();
        assert_eq!(shown["last_login_at"], "2026-01-01T01:00:00Z");
        for (query, found) in [
            ("last_login_after=2026-01-01T01:00:00Z", "1"),
            ("last_login_after=2026-01-01T01:00:01Z", "0"),
            ("last_login_before=2026-01-01T01:00:00Z", "0"),
            ("last_login_before=2026-01-01T01:00:01Z&email=jane", "1"),
        ] {
            assert_eq!(get(&app, &format!("/users?{query}")).await.header("x-total-count"), found, "{query}");
        }
        app.may_leave_deliveries().end().await;
    }
}

async fn with_token(app: &TestApp, path: &str, token: &str) -> Answer {
    app.get_with(path, &[("authorization", &format!("Bearer {token}"))]).await
}

/// An impersonation is a session as any other, except that nobody has shown anything for it.
#[tokio::test]
async fn a_session_made_for_somebody_is_one_without_a_factor() {
    let mut settings = settings();
    settings["account"] = json!({"stepUp": {"enabled": true}});
    for app in apps(settings).await {
        let jane = made(&app, "jane@acme.test").await;
        post(&app, &format!("/users/{jane}/password"), json!({"hash": HASH})).await;
        let answer = post(&app, "/sessions", json!({"user_id": jane})).await.json();
        let token = answer["session_token"].as_str().unwrap();
        let me = with_token(&app, "/me", token).await;
        assert_eq!((me.status.as_u16(), &me.json()["user_id"]), (200, &json!(jane)));
        for validity in [
            with_token(&app, "/sessions/validate", token).await.json(),
            app.post("/sessions/validate", &json!({"session_token": token})).await.json(),
        ] {
            assert_eq!((&validity["is_valid"], &validity["user_id"]), (&json!(true), &json!(jane)), "{validity}");
            for absent in ["amr", "auth_time", "acr"] {
                assert_eq!(validity["claims"].get(absent), None, "{absent}: {validity}");
            }
        }
        // In the profile whatever needs a fresh factor asks for one.
        let cookie = format!("hanko={token}");
        let mut flow = Flow::begin_with(&app, "/profile", &[("Cookie", &cookie)]).await;
        flow.act("register_client_capabilities", modern()).await;
        assert_eq!(flow.state(), "profile_init", "{:#}", flow.document());
        flow.act("password_update", json!({"password": "a new password"})).await;
        assert_ne!(flow.state(), "profile_init", "{:#}", flow.document());
        assert_eq!(sign_in(&app, "jane@acme.test", "a new password").await, "login_password");
        assert_eq!(sign_in(&app, "jane@acme.test", HASHED).await, "success", "nothing has changed");

        // It ends where administrators and users end sessions.
        let claims = app.post("/sessions/validate", &json!({"session_token": token})).await.json()["claims"].clone();
        let path = format!("/users/{jane}/sessions/{}", claims["session_id"].as_str().unwrap());
        assert_eq!(call(&app, "DELETE", &path, None).await.status, 204);
        assert_eq!(with_token(&app, "/me", token).await.status, 401);
        app.may_leave_deliveries().end().await;
    }
}

/// Q33: neither a new password nor a removed one ends sessions.
#[tokio::test]
async fn q33_sessions_go_on_when_credentials_change() {
    for app in apps(settings()).await {
        let jane = made(&app, "jane@acme.test").await;
        let token = post(&app, "/sessions", json!({"user_id": jane})).await.json()["session_token"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/users/{jane}/password");
        for (method, body) in
            [("POST", Some(json!({"hash": HASH}))), ("PUT", Some(json!({"hash": HASH}))), ("DELETE", None)]
        {
            assert!(call(&app, method, &path, body).await.status.is_success());
            assert_eq!(with_token(&app, "/me", &token).await.status, 200, "{method}");
        }
        assert_eq!(app.mailbox.left(), 0, "nobody is told");
        app.end().await;
    }
}

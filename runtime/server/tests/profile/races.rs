//! Requests at once, and a whole profile, on SQLite and on PostgreSQL.

mod last_ways;

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    cookie,
    credentials::{make, set_up_totp},
    crowd::{Prepared, apps, at_once, prepare},
    email_id,
    emails::add,
    fine, holds, modern, open, outcome,
    support::{Flow, TestApp},
    take_cookie, user,
};

/// How often each race is run.
const ROUNDS: usize = 4;

/// A signed-in user of a round.
async fn person<'a>(app: &'a TestApp, round: usize) -> Flow<'a> {
    crate::at_home(app, &address(round)).await
}

fn address(round: usize) -> String {
    format!("jane{round}@x.de")
}

/// The same profile in a run of its own.
async fn again<'a>(app: &'a TestApp, flow: &Flow<'_>) -> Flow<'a> {
    open(app, &cookie(flow), modern()).await
}

/// Sends all at once and tells how many succeeded. Nobody is told of a broken server.
async fn winners(app: &TestApp, requests: &[Prepared]) -> usize {
    let outcomes = at_once(app, requests).await;
    assert!(outcomes.keys().all(|(status, _)| *status < 500), "{outcomes:?}");
    outcomes.iter().filter(|((status, _), _)| *status == 200).map(|(_, count)| count).sum()
}

/// Sends six patches with the project's key at once and tells how many succeeded.
async fn patched_by_admin(app: &TestApp, path: &str) -> usize {
    let key = std::fs::read_to_string(app.secrets().join("tenants/acme-admin-key/key")).unwrap();
    let patches = (0..6).map(|n| {
        let patch = json!({"unsafe_metadata": {format!("a{n}"): n}});
        let request = app.http.patch(app.admin_url(path)).bearer_auth(key.trim()).json(&patch);
        tokio::spawn(crate::support::send(request))
    });
    let mut won = 0;
    for answer in patches.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert!(answer.status.as_u16() < 500, "{}", answer.text());
        won += usize::from(answer.status == 200);
    }
    won
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patches_at_once_lose_nothing() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS {
            let one = person(&app, round).await;
            let mut requests = Vec::new();
            for n in 0..6 {
                let flow = again(&app, &one).await;
                let patch = json!({"patch_metadata": {format!("k{n}"): n}});
                requests.push(prepare(&app, &flow, "patch_metadata", patch));
            }
            // An administrator writes the same document.
            let id = user(&one)["user_id"].as_str().unwrap().to_owned();
            let path = format!("/users/{id}/metadata");
            let (by_admin, by_users) = tokio::join!(patched_by_admin(&app, &path), winners(&app, &requests),);
            assert_eq!((by_admin, by_users), (6, 6));
            let stored = user(&again(&app, &one).await)["metadata"]["unsafe_metadata"].clone();
            assert_eq!(stored.as_object().unwrap().len(), 12, "what was accepted is there: {stored}");
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_name_is_one_persons() {
    let settings = json!({"username": {"enabled": true, "acquireOnRegistration": false}});
    for app in apps(settings).await {
        for round in 0..ROUNDS {
            let (one, other) = (person(&app, 2 * round).await, person(&app, 2 * round + 1).await);
            let name = json!({"username": format!("name{round}")});
            let requests =
                [prepare(&app, &one, "username_create", name.clone()), prepare(&app, &other, "username_create", name)];
            assert_eq!(winners(&app, &requests).await, 1);
            let (one, other) = (user(&again(&app, &one).await), user(&again(&app, &other).await));
            assert_ne!(one.get("username").is_some(), other.get("username").is_some());
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_is_raised_once() {
    let settings = json!({"account": {"stepUp": {"enabled": true}}, "email": {"useForAuthentication": false}});
    for app in apps(settings).await {
        for round in 0..ROUNDS {
            let mut one = person(&app, round).await;
            app.clock.advance(std::time::Duration::from_secs(301));
            let mut requests = Vec::new();
            for _ in 0..3 {
                let mut flow = again(&app, &one).await;
                flow.act("password_update", json!({"password": crate::PASSWORD})).await;
                requests.push(prepare(&app, &flow, "password_login", json!({"password": crate::PASSWORD})));
            }
            let sent: Vec<_> =
                requests.iter().map(|request| tokio::spawn(crate::support::send(request.request(&app)))).collect();
            let mut new = Vec::new();
            for answer in sent {
                let answer = answer.await.unwrap();
                assert!(answer.status.as_u16() < 500, "{}", answer.text());
                if answer.status == 200 {
                    new.push(answer);
                }
            }
            assert_eq!(new.len(), 1);
            assert!(!holds(&app, &cookie(&one)).await);
            one.answer = new.remove(0);
            take_cookie(&mut one);
            assert!(holds(&app, &cookie(&one)).await);
            let sessions = again(&app, &one).await.document()["payload"]["sessions"].clone();
            assert_eq!(sessions.as_array().unwrap().len(), 1, "it goes on once");
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_that_ends_takes_what_comes_at_the_same_time_with_it() {
    for app in apps(json!({"account": {"allowDeletion": true}})).await {
        for round in 0..ROUNDS {
            let one = person(&app, round).await;
            let other = again(&app, &one).await;
            let requests = [
                prepare(&app, &one, "account_delete", json!({})),
                prepare(&app, &other, "patch_metadata", json!({"patch_metadata": {"a": 1}})),
            ];
            let won = winners(&app, &requests).await;
            assert!((1..=2).contains(&won));
            // Whoever was second was refused or came first; either way nothing is left once the end was answered.
            let mut last = Flow::begin_with(&app, "/profile", &[("Cookie", &cookie(&one))]).await;
            if last.state() == "preflight" {
                last.act("register_client_capabilities", modern()).await;
                last.act("account_delete", json!({})).await;
            }
            assert!(!holds(&app, &cookie(&one)).await);
        }
        app.end().await;
    }
}

#[tokio::test]
async fn a_whole_profile_on_every_database() {
    let settings = json!({
        "account": {"allowDeletion": true}, "username": {"enabled": true, "acquireOnRegistration": false},
        "password": {"optional": true}, "auditLog": {"mask": false},
    });
    for app in apps(settings).await {
        let mut flow = person(&app, 0).await;
        add(&app, &mut flow, "second@x.de").await;
        let (first, second) = (email_id(&flow, "jane0@x.de"), email_id(&flow, "second@x.de"));
        make(&mut flow, &mut Browser::default(), "webauthn_credential_create").await;
        make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
        set_up_totp(&app, &mut flow).await;
        let (passkey, key) = (user(&flow)["passkeys"][0]["id"].clone(), user(&flow)["security_keys"][0]["id"].clone());
        let steps: [(&str, Value); 13] = [
            ("email_set_primary", json!({"email_id": second})),
            ("email_delete", json!({"email_id": first})),
            ("patch_metadata", json!({"patch_metadata": {"theme": "dark \u{1f98a}"}})),
            ("username_create", json!({"username": "jane"})),
            ("username_update", json!({"username": "janet"})),
            ("webauthn_credential_rename", json!({"passkey_id": passkey, "passkey_name": "\u{1f511}"})),
            ("password_update", json!({"password": "another password"})),
            ("password_delete", json!({})),
            ("password_create", json!({"password": "another password"})),
            ("otp_secret_delete", json!({})),
            ("security_key_delete", json!({"security_key_id": key})),
            ("webauthn_credential_delete", json!({"passkey_id": passkey})),
            ("username_delete", json!({})),
        ];
        for (action, inputs) in steps {
            flow.act(action, inputs).await;
            assert_eq!(outcome(&flow), fine("profile_init"), "{action}: {:#}", flow.document());
        }
        let left = user(&flow);
        let mut members: Vec<&str> = left.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["created_at", "emails", "id", "metadata", "mfa_config", "updated_at", "user_id"]);
        assert_eq!(left["metadata"], json!({"unsafe_metadata": {"theme": "dark \u{1f98a}"}}));
        assert_eq!((left["emails"].as_array().unwrap().len(), &left["emails"][0]["id"]), (1, &second));
        flow.act("account_delete", json!({})).await;
        assert_eq!(outcome(&flow), fine("account_deleted"));
        assert!(!holds(&app, &cookie(&flow)).await);
        app.end().await;
    }
}

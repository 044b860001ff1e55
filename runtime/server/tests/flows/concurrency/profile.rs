//! Two browsers in one account.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin,
    crowd::{apps, on_postgres, postgres, spec, told},
    modern,
    support::{Answer, Flow, TestApp, send},
    walk::people::Person,
};

/// A profile that has come to its first state.
async fn profile<'a>(app: &'a TestApp, cookie: &str) -> Flow<'a> {
    let mut flow = Flow::begin_with(app, "/profile", &[("cookie", cookie)]).await;
    flow.act("register_client_capabilities", modern()).await;
    assert_eq!(flow.state(), "profile_init", "{:#}", flow.document());
    flow
}

/// The request of an action, for whichever process.
fn request(app: &TestApp, flow: &Flow<'_>, action: &str, inputs: Value) -> reqwest::RequestBuilder {
    let document = flow.document();
    let href = document["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("no {action} in {document:#}"));
    let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
    flow.headers
        .iter()
        .fold(app.http.post(app.url(href)), |request, (name, value)| request.header(name, value))
        .json(&body)
}

async fn at_once(requests: Vec<reqwest::RequestBuilder>) -> Vec<Answer> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(send(request))).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

fn count(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut seen = BTreeMap::new();
    for answer in answers {
        *seen.entry((answer.status.as_u16(), told(answer))).or_default() += 1;
    }
    seen
}

/// Signs in with the password once more.
async fn again(app: &TestApp, address: &str) -> String {
    let mut flow = begin(app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": address})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow.answer.cookie()
}

fn settings() -> Value {
    json!({"password": {"optional": true}, "mfa": {"acquireOnLogin": false}, "email": {"optional": true},
        "username": {"enabled": true, "acquireOnLogin": false}, "passkey": {"acquireOnLogin": "never"}})
}

/// Each of them sees another way that is left, and both cannot be right.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_browsers_cannot_remove_the_last_two_ways_to_sign_in_at_once() {
    let mut settings = settings();
    settings["email"]["useForAuthentication"] = json!(false);
    for app in apps(settings).await {
        for name in ["nora", "olga", "petra", "queenie", "rosa", "sina", "tina", "uma", "vera", "wanda"] {
            let mut person = Person::of(None, Some(name), true).passkey();
            let cookie = person.register(&app).await;
            let (one, other) = (profile(&app, &cookie).await, profile(&app, &cookie).await);
            let passkey = one.document()["payload"]["user"]["passkeys"][0]["id"].clone();
            let answers = at_once(vec![
                request(&app, &one, "password_delete", json!({})),
                request(&app, &other, "webauthn_credential_delete", json!({"passkey_id": passkey})),
            ])
            .await;
            let seen = count(&answers);
            let profile = profile(&app, &cookie).await.document();
            assert_eq!(seen.get(&(200, "profile_init".into())), Some(&1), "{seen:?} {profile:#}");
            let ways = [
                profile["payload"]["user"].get("passkeys").is_some(),
                profile["actions"].get("password_update").is_some(),
            ];
            assert_eq!(ways.into_iter().filter(|way| *way).count(), 1, "{profile:#}");
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_two_browsers_make_at_once_is_made_once() {
    let mut settings = settings();
    settings["email"] = json!({"requireVerification": false, "limit": 2});
    for app in apps(settings).await {
        let mut person = Person::of(Some("jane@x.de"), None, true);
        let cookie = person.register(&app).await;
        let mut requests = Vec::new();
        for n in 0..10 {
            let flow = profile(&app, &cookie).await;
            requests.push(request(&app, &flow, "email_create", json!({"email": format!("jane{n}@x.de")})));
        }
        for n in 0..10 {
            let flow = profile(&app, &cookie).await;
            requests.push(request(&app, &flow, "username_create", json!({"username": format!("jane{n}")})));
        }
        at_once(requests).await;
        // Whoever came late finds the account changed and asks again; the limit and the one username hold whoever wins.
        let mut flow = profile(&app, &cookie).await;
        for action in ["email_create", "username_create"] {
            if flow.document()["actions"].get(action).is_some() {
                let inputs = json!({"email": "last@x.de", "username": "last"});
                flow.act(action, inputs).await;
            }
        }
        let user = flow.document()["payload"]["user"].clone();
        assert_eq!(user["emails"].as_array().unwrap().len(), 2, "{user:#}");
        assert!(user["username"].is_object(), "{user:#}");
        app.end().await;
    }
}

/// One is ended, and its own request ends nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_browsers_that_end_each_other_at_once_one_is_left() {
    for app in apps(settings()).await {
        let mut person = Person::of(Some("jane@x.de"), None, true);
        let mut cookies = vec![person.register(&app).await];
        for _ in 0..5 {
            cookies.push(again(&app, "jane@x.de").await);
            let (one, other) = (profile(&app, &cookies[0]).await, profile(&app, &cookies[1]).await);
            let target = |flow: &Flow<'_>| {
                let document = flow.document();
                json!({"session_id": document["actions"]["session_delete"]["inputs"]["session_id"]["allowed_values"][0]["value"]})
            };
            let requests = vec![
                request(&app, &one, "session_delete", target(&one)),
                request(&app, &other, "session_delete", target(&other)),
            ];
            let seen = count(&at_once(requests).await);
            assert_eq!(seen.get(&(200, "profile_init".into())), Some(&1), "{seen:?}");
            let mut left = Vec::new();
            for cookie in &cookies {
                if app.get_with("/me", &[("cookie", cookie)]).await.status == 200 {
                    left.push(cookie.clone());
                }
            }
            assert_eq!(left.len(), 1);
            cookies = left;
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_profile_goes_on_at_another_process_and_a_revoked_session_is_dead_there_at_once() {
    let Some(url) = postgres().await else { return };
    let (one, other) = (on_postgres(spec(settings()), &url).await, on_postgres(spec(settings()), &url).await);
    let mut person = Person::of(Some("jane@x.de"), None, true);
    let here = person.register(&one).await;
    let there = again(&other, "jane@x.de").await;
    // What is made from now on is newer.
    for app in [&one, &other] {
        app.clock.advance(Duration::from_secs(1));
    }

    // Begun at one, each step at the other of the two, the code of a mail among them.
    let mut flow = Flow::begin_with(&one, "/profile", &[("cookie", &here)]).await;
    let mut steps = vec![(&other, "register_client_capabilities", modern())];
    steps.push((&one, "username_create", json!({"username": "jane"})));
    steps.push((&other, "email_create", json!({"email": "second@x.de"})));
    for (app, action, inputs) in steps {
        flow.answer = send(request(app, &flow, action, inputs)).await;
        assert_eq!(flow.answer.status, 200, "{:#}", flow.document());
    }
    other.until_delivered().await;
    let code = [&one, &other].iter().find_map(|app| app.mailbox.newest("second@x.de")).unwrap().code();
    flow.answer = send(request(&one, &flow, "verify_passcode", json!({"code": code}))).await;
    assert_eq!(flow.state(), "profile_init", "{:#}", flow.document());
    let shown = flow.document()["payload"]["user"].clone();
    assert_eq!(shown["emails"].as_array().unwrap().len(), 2);
    assert_eq!(other.get_with("/me", &[("cookie", &there)]).await.json(), shown);

    // Revoked here, dead there in the same moment: for looking, for using, and in the middle of a flow.
    let begun = profile(&other, &there).await;
    let document = flow.document();
    let session = &document["actions"]["session_delete"]["inputs"]["session_id"]["allowed_values"][0]["value"];
    flow.answer = send(request(&one, &flow, "session_delete", json!({"session_id": session}))).await;
    assert_eq!(flow.answer.status, 200);
    let validity = other.get_with("/sessions/validate", &[("cookie", &there)]).await.json();
    assert_eq!(validity["is_valid"], false);
    assert_eq!(other.get_with("/me", &[("cookie", &there)]).await.status, 401);
    let late = send(request(&other, &begun, "username_delete", json!({}))).await;
    assert_eq!((late.status.as_u16(), told(&late)), (401, "unauthorized".to_owned()));
    assert_eq!(one.get_with("/me", &[("cookie", &here)]).await.json()["username"]["username"], "jane");
    one.may_leave_deliveries().end().await;
    other.may_leave_deliveries().end().await;
}

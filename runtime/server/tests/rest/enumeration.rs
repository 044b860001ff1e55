//! Without hints nobody learns here who has an account (`spec/decisions.md`, rule 3 of the runtime).

use serde_json::{Value, json};

use crate::{
    call, database, join, open, post, saying, set_password,
    support::{Answer, Mail, TestApp},
    told,
};

fn quiet(over: Value) -> Value {
    let mut spec = open(json!({"privacy": {"showAccountExistenceHints": false}}));
    crate::merge(&mut spec["settings"], over);
    spec
}

/// An answer with its ids and times taken out: everything a stranger could tell two by.
fn visible(answer: &Answer) -> (u16, Vec<String>, String) {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", blank(value.to_str().unwrap())))
        .collect();
    headers.sort_unstable();
    (answer.status.as_u16(), headers, blank(&answer.text()))
}

/// A code stands in the subject.
fn has_code(mail: &Mail) -> bool {
    let subject = mail.text.lines().find(|line| line.starts_with("Subject:")).unwrap();
    subject.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 6)
}

/// UUIDs and challenges in a text are replaced by their length.
fn blank(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut parts: Vec<String> = Vec::new();
    for part in text.split_inclusive(|c: char| !is_part(c)) {
        let word = part.trim_end_matches(|c: char| !is_part(c));
        let random = word.len() == 36 || word.len() == 43;
        parts.push(if random { part.replacen(word, &format!("<{}>", word.len()), 1) } else { part.to_owned() });
    }
    // Times: what stands before the seconds' end in a text that begins with a date.
    parts.concat().split('"').map(|part| if part.ends_with(":00Z") { "<time>" } else { part }).collect()
}

#[tokio::test]
async fn everything_that_follows_a_look_up_is_the_same_for_known_and_unknown_addresses() {
    let app = TestApp::with(quiet(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    let joe = join(&app, "joe@acme.test").await;
    let waiting = call(&app, "POST", "/emails", &joe.cookie, Some(json!({"address": "joe2@acme.test"}))).await.json();
    let waiting = waiting["id"].as_str().unwrap().to_owned();
    app.clock.advance(std::time::Duration::from_secs(60));
    let mut seen = Vec::new();
    for address in ["jane@acme.test", "nobody@acme.test"] {
        let found = post(&app, "/user", json!({"email": address})).await;
        let again = post(&app, "/user", json!({"email": address})).await;
        assert_eq!(found.text(), again.text(), "its ids stay");
        let ids = found.json();
        let (user, email) = (&ids["id"], &ids["email_id"]);
        let mut answers = vec![found];
        let sent = post(&app, "/passcode/login/initialize", json!({"user_id": user})).await;
        app.mailbox.take(address).await;
        let named = post(&app, "/passcode/login/initialize", json!({"user_id": user, "email_id": email})).await;
        app.mailbox.take(address).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        for cookie in ["hanko_email_id=f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", "hanko_email_id=x"] {
            let body = json!({"user_id": user});
            let asked = call(&app, "POST", "/passcode/login/initialize", cookie, Some(body)).await;
            assert_eq!(asked.status, 200, "a cookie says nothing about who has a main address");
            app.mailbox.take(address).await;
        }
        app.clock.advance(std::time::Duration::from_secs(60));
        for other in ["f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", joe.email.as_str(), waiting.as_str()] {
            let foreign = json!({"user_id": user, "email_id": other});
            answers.push(post(&app, "/passcode/login/initialize", foreign.clone()).await);
            answers.push(call(&app, "POST", "/passcode/login/initialize", &joe.cookie, Some(foreign)).await);
            app.clock.advance(std::time::Duration::from_secs(60));
        }
        for _ in 0..4 {
            answers.push(post(&app, "/passcode/login/finalize", json!({"id": sent.json()["id"], "code": "x"})).await);
        }
        answers.extend([sent, named]);
        for password in ["wrong password", ""] {
            answers.push(post(&app, "/password/login", json!({"user_id": user, "password": password})).await);
        }
        answers.push(post(&app, "/webauthn/login/initialize", json!({"user_id": user})).await);
        seen.push(answers.iter().map(visible).collect::<Vec<_>>());
    }
    for (known, unknown) in seen[0].iter().zip(&seen[1]) {
        assert_eq!(known, unknown);
    }
    app.end().await;
}

#[tokio::test]
async fn an_unknown_owner_is_told_that_somebody_tried_and_gets_no_code() {
    let app = TestApp::with(quiet(json!({}))).await;
    let found = post(&app, "/user", json!({"email": "nobody@acme.test"})).await.json();
    assert_eq!((&found["verified"], &found["has_webauthn_credential"]), (&json!(true), &json!(false)));
    assert!(!database::holds(&app, "nobody@acme.test"), "what was asked for is sealed");
    let sent = post(&app, "/passcode/login/initialize", json!({"user_id": found["id"]})).await;
    assert_eq!(sent.status, 200);
    assert!(!has_code(&app.mailbox.take("nobody@acme.test").await));
    app.clock.advance(std::time::Duration::from_secs(48 * 3600));
    let later = post(&app, "/passcode/login/initialize", json!({"user_id": found["id"]})).await;
    assert_eq!(later.status, 200, "an id that was made here stays one");
    app.end().await;
}

#[tokio::test]
async fn a_taken_address_signs_up_like_a_free_one_and_its_owner_is_told() {
    let app = TestApp::with(quiet(json!({}))).await;
    join(&app, "jane@acme.test").await;
    app.clock.advance(std::time::Duration::from_secs(60));
    let mut seen = Vec::new();
    for address in ["jane@acme.test", "new@acme.test"] {
        let new = post(&app, "/users", json!({"email": address})).await;
        let ids = new.json();
        let pair = json!({"user_id": ids["id"], "email_id": ids["email_id"]});
        let sent = post(&app, "/passcode/login/initialize", pair).await;
        let mail = app.mailbox.take(address).await;
        assert_eq!(has_code(&mail), address == "new@acme.test", "{}", mail.text);
        let shown = json!({"id": sent.json()["id"], "code": "x"});
        let mut answers = vec![new, sent];
        for _ in 0..3 {
            answers.push(post(&app, "/passcode/login/finalize", shown.clone()).await);
        }
        answers.push(post(&app, "/password/login", json!({"user_id": ids["id"], "password": "x"})).await);
        answers.push(post(&app, "/webauthn/login/initialize", json!({"user_id": ids["id"]})).await);
        seen.push(answers.iter().map(visible).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    app.end().await;
}

#[tokio::test]
async fn adding_somebody_elses_address_looks_like_adding_a_free_one() {
    let app = TestApp::with(quiet(json!({"rateLimiter": {"enabled": false}}))).await;
    let jane = join(&app, "jane@acme.test").await;
    join(&app, "joe@acme.test").await;
    let mut seen = Vec::new();
    for address in ["joe@acme.test", "new@acme.test"] {
        let added = call(&app, "POST", "/emails", &jane.cookie, Some(json!({"address": address}))).await;
        let pair = json!({"user_id": jane.id, "email_id": added.json()["id"]});
        let sent = call(&app, "POST", "/passcode/login/initialize", &jane.cookie, Some(pair)).await;
        let mail = app.mailbox.take(address).await;
        assert_eq!(has_code(&mail), address == "new@acme.test", "{}", mail.text);
        let shown = json!({"id": sent.json()["id"], "code": "x"});
        let wrong = call(&app, "POST", "/passcode/login/finalize", &jane.cookie, Some(shown)).await;
        let mut answers = [added, sent, wrong].map(|answer| visible(&answer));
        answers[0].2 = answers[0].2.replace(address, "<address>");
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    let own = call(&app, "POST", "/emails", &jane.cookie, Some(json!({"address": "jane@acme.test"}))).await;
    assert_eq!(told(&own), saying(400, "Bad Request"), "one's own is no secret");
    app.end().await;
}

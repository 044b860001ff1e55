//! `/emails` (§13.9).

use serde_json::{Value, json};

use crate::{
    Person, audit, call, database, join, me, open, post, prove, saying,
    support::{Answer, TestApp},
    told,
};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);
const UNKNOWN: &str = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50";

async fn add(app: &TestApp, person: &Person, address: &str) -> Answer {
    call(app, "POST", "/emails", &person.cookie, Some(json!({"address": address}))).await
}

/// Adds an address and proves it.
async fn add_proven(app: &TestApp, person: &Person, address: &str) -> String {
    app.clock.advance(MINUTE);
    let added = add(app, person, address).await.json();
    let id = added["id"].as_str().unwrap().to_owned();
    let answer = prove(app, &person.id, Some(&id), address, &person.cookie).await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, String::new()), "the session goes on");
    id
}

async fn addresses(app: &TestApp, person: &Person) -> Vec<String> {
    let emails = call(app, "GET", "/emails", &person.cookie, None).await.json();
    emails.as_array().unwrap().iter().map(|email| email["address"].as_str().unwrap().to_owned()).collect()
}

async fn events(app: &TestApp) -> Vec<String> {
    let names = database::events(app).await.into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with("user.update")).collect()
}

#[tokio::test]
async fn item_30_the_sixth_a_foreign_one_and_the_main_one() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, _joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    for address in ["joe@acme.test", "jane@acme.test", "no address", ""] {
        assert_eq!(told(&add(&app, &jane, address).await), saying(400, "Bad Request"), "{address}");
    }
    for n in 2..=5 {
        add_proven(&app, &jane, &format!("jane{n}@acme.test")).await;
    }
    assert_eq!(told(&add(&app, &jane, "jane6@acme.test").await), saying(409, "Conflict"));
    let main = call(&app, "DELETE", &format!("/emails/{}", jane.email), &jane.cookie, None).await;
    assert_eq!(told(&main), saying(409, "Conflict"));
    let all = addresses(&app, &jane).await;
    assert_eq!(all, ["jane@acme.test", "jane2@acme.test", "jane3@acme.test", "jane4@acme.test", "jane5@acme.test"]);
    app.end().await;
}

#[tokio::test]
async fn an_address_is_added_by_its_code_made_main_and_removed() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    app.clock.advance(MINUTE);
    let added = add(&app, &jane, "Work@acme.test").await.json();
    assert_eq!((added.get("user_id"), &added["verified"]), (None, &json!(false)), "it waits");
    assert_eq!(addresses(&app, &jane).await, ["jane@acme.test"]);
    let id = added["id"].as_str().unwrap();
    let answer = prove(&app, &jane.id, Some(id), "Work@acme.test", &jane.cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(app.mailbox.take("jane@acme.test").await.text.contains("Work@acme.test"), "the owner is told");

    for (method, status) in [("PUT", 204), ("POST", 204)] {
        let set = call(&app, method, &format!("/emails/{id}/set_primary"), &jane.cookie, None).await;
        assert_eq!(set.status.as_u16(), status);
    }
    assert!(app.mailbox.take("jane@acme.test").await.text.contains("Work@acme.test"), "at the main address of before");
    let user = me(&app, &jane.cookie).await;
    assert_eq!((&user["emails"][1]["id"], &user["emails"][1]["is_primary"]), (&json!(id), &json!(true)));
    let removed = call(&app, "DELETE", &format!("/emails/{}", jane.email), &jane.cookie, None).await;
    assert_eq!((removed.status.as_u16(), removed.text().as_str()), (204, ""));
    app.mailbox.take("Work@acme.test").await;
    assert_eq!(addresses(&app, &jane).await, ["Work@acme.test"]);
    assert_eq!(
        events(&app).await,
        ["user.update.email.create", "user.update.email.primary", "user.update.email.delete"]
    );
    let mut kinds = audit::types(&app).await;
    kinds.retain(|kind| kind.contains("email_") && kind != "email_verified");
    assert_eq!(kinds, ["primary_email_changed", "email_created", "primary_email_changed", "email_deleted"]);
    app.end().await;
}

#[tokio::test]
async fn where_addresses_need_no_proof_one_is_added_at_once_and_stays_unproven() {
    let app = TestApp::with(open(json!({"email": {"requireVerification": false}}))).await;
    let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await;
    let mut cookies = new.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.starts_with("hanko=")).unwrap().split(';').next().unwrap();
    let id = new.json()["id"].as_str().unwrap().to_owned();
    let jane = Person { cookie: cookie.to_owned(), id, email: String::new() };
    app.clock.advance(MINUTE);
    let added = add(&app, &jane, "work@acme.test").await.json();
    assert_eq!((&added["user_id"], &added["verified"]), (&json!(jane.id), &json!(false)));
    app.mailbox.take("jane@acme.test").await;
    assert_eq!(addresses(&app, &jane).await, ["jane@acme.test", "work@acme.test"]);
    assert_eq!(told(&add(&app, &jane, "work@acme.test").await), saying(400, "Bad Request"));
    app.end().await;
}

#[tokio::test]
async fn other_peoples_malformed_and_deleted_ids_are_nothing() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let gone = add_proven(&app, &jane, "work@acme.test").await;
    app.mailbox.take("jane@acme.test").await;
    call(&app, "DELETE", &format!("/emails/{gone}"), &jane.cookie, None).await;
    app.mailbox.take("jane@acme.test").await;
    for id in [joe.email.as_str(), UNKNOWN, &gone] {
        for (method, path) in [("DELETE", format!("/emails/{id}")), ("POST", format!("/emails/{id}/set_primary"))] {
            let answer = call(&app, method, &path, &jane.cookie, None).await;
            assert_eq!(told(&answer), saying(404, "Not Found"), "{method} {path}");
        }
    }
    assert_eq!(told(&call(&app, "DELETE", "/emails/x", &jane.cookie, None).await), saying(404, "Not Found"));
    assert_eq!(told(&call(&app, "PUT", "/emails/x/set_primary", &jane.cookie, None).await), saying(400, "Bad Request"));
    assert_eq!(addresses(&app, &joe).await, ["joe@acme.test"]);
    app.end().await;
}

#[tokio::test]
async fn an_address_that_waits_is_for_its_session_and_is_lost_to_who_proves_it_first() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let waiting = add(&app, &jane, "new@acme.test").await.json();
    let ask = async |user: &str, cookie: &str| {
        let body = json!({"user_id": user, "email_id": waiting["id"]});
        call(&app, "POST", "/passcode/login/initialize", cookie, Some(body)).await
    };
    assert_eq!(told(&ask(&jane.id, "").await), saying(403, "Forbidden"), "without a session");
    assert_eq!(told(&ask(&joe.id, &joe.cookie).await), saying(403, "Forbidden"), "with another one");
    let sent = ask(&jane.id, &jane.cookie).await.json();
    let code = app.mailbox.take("new@acme.test").await.code();
    let shown = json!({"id": sent["id"], "code": code});
    let nobody = call(&app, "POST", "/passcode/login/finalize", "", Some(shown.clone())).await;
    assert_eq!(told(&nobody), saying(403, "Forbidden"));
    app.clock.advance(MINUTE);
    join(&app, "new@acme.test").await;
    let late = call(&app, "POST", "/passcode/login/finalize", &jane.cookie, Some(shown)).await;
    assert_eq!(told(&late), saying(403, "email address has been claimed by another user"));
    let _: Value = me(&app, &jane.cookie).await;
    app.end().await;
}

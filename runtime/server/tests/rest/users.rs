//! `/users`, `/user`, `DELETE /me` (§13.10–§13.13).

use serde_json::{Value, json};

use crate::{
    audit, call, database, join, me, open, post, saying, set_password,
    support::{ORIGIN, TestApp},
    told,
};

#[tokio::test]
async fn item_27_a_taken_address_conflicts_and_nobody_signs_up_where_that_is_off() {
    let app = TestApp::with(open(json!({}))).await;
    join(&app, "jane@acme.test").await;
    for address in ["jane@acme.test", "JANE@ACME.test"] {
        assert_eq!(told(&post(&app, "/users", json!({"email": address})).await), saying(409, "Conflict"));
    }
    app.end().await;
    let app = TestApp::with(open(json!({"account": {"allowSignup": false}}))).await;
    // Before the body is looked at.
    for body in [json!({"email": "x@acme.test"}), json!({})] {
        assert_eq!(told(&post(&app, "/users", body).await), saying(403, "Forbidden"));
    }
    app.end().await;
}

#[tokio::test]
async fn nothing_of_a_sign_up_exists_before_its_address_is_proven() {
    let app = TestApp::with(open(json!({}))).await;
    let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await;
    assert_eq!(new.json()["id"], new.json()["user_id"]);
    let cookie = new.header("set-cookie");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict") && !cookie.contains("Path"), "{cookie}");
    assert_eq!(audit::count(&app, "SELECT count(*) FROM users").await, 0);
    assert!(!database::holds(&app, "jane@acme.test"), "the address is sealed");
    assert_eq!(told(&post(&app, "/user", json!({"email": "jane@acme.test"})).await), saying(404, "Not Found"));
    app.end().await;
}

#[tokio::test]
async fn where_addresses_need_no_proof_a_sign_up_is_a_session_that_holds() {
    let app = TestApp::with(open(json!({"email": {"requireVerification": false}}))).await;
    let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await;
    let cookies: Vec<&str> = new.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("hanko=")).unwrap();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("hanko_email_id=")), "{cookies:?}");
    let session = session.split(';').next().unwrap();
    let user = me(&app, session).await;
    assert_eq!((&user["id"], &user["emails"][0]["is_verified"]), (&new.json()["id"], &json!(false)));
    let names: Vec<String> = database::events(&app).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user.create", "session.create.flow"]);
    assert_eq!(told(&post(&app, "/users", json!({"email": "jane@acme.test"})).await), saying(409, "Conflict"));
    app.end().await;
}

#[tokio::test]
async fn where_a_second_factor_is_mandatory_a_sign_up_makes_no_session() {
    let settings = json!({"email": {"requireVerification": false}, "mfa": {"enabled": true, "optional": false}});
    let app = TestApp::with(open(settings)).await;
    let new = post(&app, "/users", json!({"email": "jane@acme.test"})).await;
    assert_eq!(new.status, 200);
    assert!(new.headers.get_all("set-cookie").iter().all(|value| !value.to_str().unwrap().starts_with("hanko=")));
    assert_eq!(audit::count(&app, "SELECT count(*) FROM sessions").await, 0);
    app.end().await;
}

#[tokio::test]
async fn item_28_users_see_themselves_only() {
    let app = TestApp::with(open(json!({}))).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let see = async |id: &str, cookie: &str| call(&app, "GET", &format!("/users/{id}"), cookie, None).await;
    for id in [joe.id.as_str(), "x", "00000000-0000-0000-0000-000000000000", &jane.id.to_uppercase()] {
        assert_eq!(told(&see(id, &jane.cookie).await), saying(403, "Forbidden"), "{id}");
    }
    assert_eq!(told(&see(&jane.id, "").await), saying(401, "Unauthorized"));
    let own = see(&jane.id, &jane.cookie).await.json();
    assert_eq!((&own["id"], &own["user_id"]), (&json!(jane.id), &json!(jane.id)));
    assert_eq!((&own["email"], &own["webauthn_credentials"]), (&json!("jane@acme.test"), &Value::Null));
    assert!(own.get("username").is_none() && own["emails"][0]["is_primary"] == true);
    app.end().await;
}

#[tokio::test]
async fn item_29_an_unknown_address_is_not_found_where_the_project_gives_hints() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    assert_eq!(told(&post(&app, "/user", json!({"email": "nobody@acme.test"})).await), saying(404, "Not Found"));
    let found = post(&app, "/user", json!({"email": "Jane@acme.test"})).await.json();
    let expected = json!({"id": jane.id, "email_id": jane.email, "verified": true, "has_webauthn_credential": false});
    assert_eq!(found, expected);
    app.end().await;
}

#[tokio::test]
async fn an_account_is_deleted_at_both_places_with_everything() {
    let app = TestApp::with(open(json!({}))).await;
    for (path, address) in [("/me", "jane@acme.test"), ("/user", "joe@acme.test")] {
        let person = join(&app, address).await;
        set_password(&app, &person).await;
        assert_eq!(told(&call(&app, "DELETE", path, "", None).await), saying(401, "Unauthorized"));
        let gone = call(&app, "DELETE", path, &person.cookie, None).await;
        assert_eq!((gone.status.as_u16(), gone.text().as_str()), (204, ""));
        assert!(gone.header("set-cookie").starts_with("hanko=; Path=/; Max-Age=0"), "{}", gone.header("set-cookie"));
        assert_eq!(told(&call(&app, "DELETE", path, &person.cookie, None).await), saying(401, "Unauthorized"));
        let (name, payload) = database::events(&app).await.pop().unwrap();
        assert_eq!(
            (name.as_str(), &payload["id"], &payload["emails"][0]["address"]),
            ("user.delete", &json!(person.id), &json!(address))
        );
    }
    for table in ["users", "emails", "passwords", "sessions"] {
        let sql = match table {
            "users" => "SELECT count(*) FROM users",
            "emails" => "SELECT count(*) FROM emails",
            "passwords" => "SELECT count(*) FROM passwords",
            _ => "SELECT count(*) FROM sessions",
        };
        assert_eq!(audit::count(&app, sql).await, 0, "{table}");
    }
    assert_eq!(audit::types(&app).await.iter().filter(|kind| *kind == "user_deleted").count(), 2);
    app.end().await;
}

#[tokio::test]
async fn of_two_who_delete_one_account_at_once_one_does() {
    let app = TestApp::with(open(json!({}))).await;
    let jane = join(&app, "jane@acme.test").await;
    let answers = crate::passcodes::futures_join((0..4).map(|_| call(&app, "DELETE", "/me", &jane.cookie, None))).await;
    let deleted = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(deleted, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    app.end().await;
}

/// FC-50 and FC-54.
#[tokio::test]
async fn the_host_decides_nothing_and_every_answer_varies_by_origin() {
    let app = TestApp::with(open(json!({}))).await;
    for (path, host) in [("/users", "evil.test"), ("/user", "evil.test"), ("/token", "evil.test")] {
        let request = app.request(reqwest::Method::POST, path).header("Host", host).header("X-Forwarded-Host", host);
        let answer = crate::support::send(request.json(&json!({"email": "a@b.test", "value": "x"}))).await;
        assert!(!answer.text().contains("evil"), "{path}");
        assert!(!answer.header("set-cookie").contains("evil") && !answer.header("location").contains("evil"));
    }
    for origin in [ORIGIN, "https://evil.test", "null"] {
        let request = app.request(reqwest::Method::POST, "/user").header("Origin", origin);
        let answer = crate::support::send(request.json(&json!({"email": "nobody@acme.test"}))).await;
        assert!(answer.header("vary").starts_with("Origin"), "{origin}");
        let granted = if origin == ORIGIN { ORIGIN } else { "" };
        assert_eq!(answer.header("access-control-allow-origin"), granted);
    }
    app.end().await;
}

//! A project that wants a recent sign-in gets it here as in the profile (`account.stepUp`).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{call, join, open, post, saying, set_password, support::TestApp, told};

#[tokio::test]
async fn protected_changes_need_a_recent_sign_in() {
    let settings = json!({"account": {"stepUp": {"enabled": true}}, "session": {"lifespan": "12h"}});
    let app = TestApp::with(open(settings)).await;
    let jane = join(&app, "jane@acme.test").await;
    set_password(&app, &jane).await;
    app.clock.advance(Duration::from_secs(600));
    let password = json!({"user_id": jane.id, "password": "another horse battery"});
    let protected: Vec<(&str, String, Option<Value>)> = vec![
        ("DELETE", "/me".into(), None),
        ("DELETE", "/user".into(), None),
        ("PUT", "/password".into(), Some(password.clone())),
        ("POST", "/password".into(), Some(password.clone())),
        ("POST", "/emails".into(), Some(json!({"address": "new@acme.test"}))),
        ("POST", format!("/emails/{}/set_primary", jane.email), None),
        ("DELETE", format!("/emails/{}", jane.email), None),
        ("POST", "/webauthn/registration/initialize".into(), None),
    ];
    for (method, path, body) in &protected {
        let answer = call(&app, method, path, &jane.cookie, body.clone()).await;
        assert_eq!(told(&answer), saying(403, "a recent sign-in is required"), "{method} {path}");
    }
    assert_eq!(call(&app, "GET", "/emails", &jane.cookie, None).await.status, 200, "looking is free");
    let again = post(&app, "/password/login", json!({"user_id": jane.id, "password": crate::PASSWORD})).await;
    let fresh = again.cookie();
    assert_eq!(call(&app, "PUT", "/password", &fresh, Some(password)).await.status, 200);
    app.mailbox.take("jane@acme.test").await;
    assert_eq!(call(&app, "DELETE", "/me", &fresh, None).await.status, 204);
    app.end().await;
}

//! `spec/decisions.md` 2: who proves an address gets an account that nobody else has a key to.

use serde_json::json;

use crate::{PASSWORD, audit, identify, register, support::TestApp};

#[tokio::test]
async fn proving_an_unproven_address_removes_what_strangers_attached_to_it() {
    let app = TestApp::with(json!({"settings": {"email": {"requireVerification": false}}})).await;
    let squatter = register(&app, "victim@x.de").await;
    let cookie = squatter.answer.cookie();
    assert_eq!(app.get_with("/me", &[("cookie", &cookie)]).await.status, 200);

    let mut owner = identify(&app, "victim@x.de").await;
    owner.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("victim@x.de").await.code();
    let document = owner.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"]["emails"][0]["is_verified"], true);

    assert_eq!(app.get_with("/me", &[("cookie", &cookie)]).await.status, 401, "the squatter's session is gone");
    assert_eq!(app.get_with("/me", &[("cookie", &owner.answer.cookie())]).await.status, 200);
    let mut flow = identify(&app, "victim@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["status"], 400, "the squatter's password is gone");
    let purge = audit::rows(&app).await.into_iter().find(|row| row.0 == "credentials_purged").unwrap();
    let told = app.mailbox.take("victim@x.de").await.text;
    assert!(
        told.contains("every password, passkey and session from that time was removed"),
        "the owner is told: {told}"
    );
    assert!(purge.2.contains("\"password\":true") && purge.2.contains("\"sessions\":1"), "{}", purge.2);
    app.end().await;
}

#[tokio::test]
async fn proving_a_proven_address_again_removes_nothing() {
    let app = TestApp::start().await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert!(!audit::types(&app).await.contains(&"credentials_purged".to_owned()));
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
    app.end().await;
}

//! The user's sessions (§4.9, §6.19).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    actions, at_home, audit, cookie, database, events_since, fine, holds, is_unauthorized, modern, open, outcome,
    refused, register, sign_in,
    support::{Flow, TestApp},
    unlimited,
};

fn listed(flow: &Flow<'_>) -> Vec<Value> {
    flow.document()["payload"]["sessions"].as_array().cloned().unwrap_or_default()
}

fn choices(flow: &Flow<'_>) -> Vec<String> {
    let values = flow.document()["actions"]["session_delete"]["inputs"]["session_id"]["allowed_values"].clone();
    let values = values.as_array().cloned().unwrap_or_default();
    for choice in &values {
        assert_eq!(choice["name"], choice["value"]);
    }
    values.iter().map(|choice| choice["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn item_7_another_session_is_ended_at_once() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let first = register(&app, "jane@x.de").await;
    let first_id = first.document()["payload"]["claims"]["session_id"].clone();
    let first = first.answer.cookie();
    app.clock.advance(Duration::from_secs(5));
    let mut flow = open(&app, &sign_in(&app, "jane@x.de").await, modern()).await;
    let sessions = listed(&flow);
    let current: Vec<bool> = sessions.iter().map(|session| session["current"] == true).collect();
    assert_eq!((current, &sessions[1]["id"]), (vec![true, false], &first_id), "newest first");
    assert_eq!(choices(&flow), [first_id.as_str().unwrap()]);
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    assert!(holds(&app, &first).await);
    flow.act("session_delete", json!({"session_id": first_id})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!((listed(&flow).len(), choices(&flow).len()), (1, 0));
    assert!(!actions(&flow).contains(&"session_delete".to_owned()));
    assert!(!holds(&app, &first).await, "seen at once");
    assert!(is_unauthorized(&app.post_with("/profile", &[("Cookie", &first)]).await));
    assert!(holds(&app, &cookie(&flow)).await);
    let events = events_since(&app, known).await;
    assert_eq!((events.len(), events[0].0.as_str()), (1, "session.delete.explicit.revoke"));
    let at = "2026-01-01T00:00:00Z";
    assert_eq!(
        events[0].1,
        json!({
            "id": first_id, "user_id": flow.document()["payload"]["user"]["id"], "user_agent": "",
            "ip_address": "127.0.0.1", "created_at": at, "updated_at": at, "last_used": at,
            "expires_at": "2026-01-01T01:00:00Z",
        })
    );
    assert_eq!(audit::rows(&app).await.len(), rows, "no entry");
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "no mail");
    app.end().await;
}

#[tokio::test]
async fn item_8_only_another_session_of_ones_own_can_be_ended() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let current = listed(&flow)[0]["id"].clone();
    let mut others = Vec::new();
    for _ in 0..2 {
        app.clock.advance(Duration::from_secs(1));
        let cookie = sign_in(&app, "jane@x.de").await;
        others.insert(0, crate::claims(&app, &cookie).await["session_id"].as_str().unwrap().to_owned());
    }
    let stranger = at_home(&app, "john@x.de").await;
    let theirs = listed(&stranger)[0]["id"].clone();
    flow.act("patch_metadata", json!({"patch_metadata": {}})).await;
    assert_eq!(choices(&flow), others);
    for (id, code) in [
        (current, "value_invalid_error"),
        (theirs, "value_invalid_error"),
        (json!("3b241101-e2bb-4255-8caf-4136c566a962"), "value_invalid_error"),
        (json!("x"), "value_invalid_error"),
        (json!(""), "value_missing_error"),
    ] {
        flow.act("session_delete", json!({"session_id": id})).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"), "{id}");
        let error = flow.document()["actions"]["session_delete"]["inputs"]["session_id"]["error"].clone();
        assert_eq!(error["code"], code, "{id}");
        if code == "value_invalid_error" {
            let message = format!("The value is invalid. Must be one of: {}", others.join(","));
            assert_eq!(error["message"], message);
        }
    }
    assert!(holds(&app, &cookie(&flow)).await && holds(&app, &cookie(&stranger)).await);
    app.end().await;
}

#[tokio::test]
async fn sessions_can_be_hidden_or_kept_from_being_ended() {
    for (session, shown, offered) in [
        (json!({"showOnProfile": false}), 0, true),
        (json!({"allowRevocation": false}), 2, false),
        (json!({"showOnProfile": false, "allowRevocation": false}), 0, false),
    ] {
        let app = TestApp::with(unlimited(json!({"session": session}))).await;
        let flow = at_home(&app, "jane@x.de").await;
        sign_in(&app, "jane@x.de").await;
        let flow = open(&app, &cookie(&flow), modern()).await;
        assert_eq!(listed(&flow).len(), shown);
        assert_eq!(flow.document()["payload"].get("sessions").is_some(), shown > 0);
        assert_eq!(actions(&flow).contains(&"session_delete".to_owned()), offered, "{session}");
        app.end().await;
    }
}

#[tokio::test]
async fn expired_sessions_are_not_listed_and_idle_ones_are() {
    let app = TestApp::with(unlimited(json!({"session": {"idleTimeout": "10m"}}))).await;
    register(&app, "jane@x.de").await;
    app.clock.advance(Duration::from_secs(59 * 60));
    let second = sign_in(&app, "jane@x.de").await;
    let flow = open(&app, &second, modern()).await;
    assert_eq!(listed(&flow).len(), 2, "idleness is noticed when the session is used");
    app.clock.advance(Duration::from_secs(60));
    let flow = open(&app, &second, modern()).await;
    assert_eq!(listed(&flow).len(), 1, "the first has expired");
    app.end().await;
}

#[tokio::test]
async fn logging_out_is_told() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let flow = at_home(&app, "jane@x.de").await;
    let session = listed(&flow)[0]["id"].clone();
    let known = database::events(&app).await.len();
    let out = app.post_with("/logout", &[("Cookie", &cookie(&flow))]).await;
    assert_eq!(out.status, 204);
    let events = events_since(&app, known).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, &events[0].1["id"]), (vec!["session.delete.explicit.logout"], &session));
    assert!(!holds(&app, &cookie(&flow)).await);
    app.end().await;
}

#[tokio::test]
async fn requests_to_the_profile_keep_a_session_in_use() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    app.clock.advance(Duration::from_secs(61));
    flow.act("patch_metadata", json!({"patch_metadata": {}})).await;
    assert_eq!(listed(&flow)[0]["last_used"], "2026-01-01T00:01:01Z");
    assert_eq!(listed(&flow)[0]["created_at"], "2026-01-01T00:00:00Z");
    app.end().await;
}

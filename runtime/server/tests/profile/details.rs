//! Passwords, usernames and the end of the account (§6.1, §6.8–§6.10, §6.14–§6.16).

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, at_home, at_home_as, audit, audit_since, cookie, database, events_since, fine, holds,
    input_error, is_unauthorized,
    journeys::{self, sign_in_with_password},
    modern, open, outcome, plain, refused, register, sign_in,
    support::TestApp,
    unlimited, user,
};

#[tokio::test]
async fn item_17_a_password_is_replaced_by_one_of_a_good_length() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let other = sign_in(&app, "jane@x.de").await;
    for (password, error) in [
        (json!("1234567"), "value_too_short_error"),
        (json!("x".repeat(73)), "value_too_long_error"),
        // Q18: bytes.
        (json!("ä".repeat(37)), "value_too_long_error"),
        (json!(""), "value_missing_error"),
        (json!(12_345_678), "value_missing_error"),
    ] {
        flow.act("password_update", json!({"password": password})).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"), "{password}");
        assert_eq!(input_error(&flow, "password_update", "password"), error, "{password}");
    }
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    flow.act("password_update", json!({"password": "x".repeat(72)})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.mailbox.take("jane@x.de").await;
    let events = events_since(&app, known).await;
    assert_eq!((events.len(), events[0].0.as_str()), (1, "user.update.password.update"));
    let rows = audit_since(&app, rows).await;
    let changed = rows.iter().find(|(kind, _)| kind == "password_changed").unwrap();
    assert_eq!((&changed.1["context"], changed.1.as_object().unwrap().len()), (&json!("profile"), 2));
    assert!(holds(&app, &other).await, "Q17: other sessions stay");
    assert_eq!(
        sign_in_with_password(&app, "jane@x.de", plain()).await.state(),
        "login_password",
        "the old one is wrong"
    );
    app.end().await;
}

#[tokio::test]
async fn a_password_is_removed_and_made_again() {
    let app = TestApp::with(unlimited(json!({"password": {"optional": true}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    flow.act("password_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let offered = actions(&flow);
    assert!(offered.contains(&"password_create".to_owned()) && !offered.contains(&"password_update".to_owned()));
    assert_eq!(sign_in_with_password(&app, "jane@x.de", plain()).await.state(), "login_password");
    flow.act("password_create", json!({"password": "  äöü ß "})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert!(actions(&flow).contains(&"password_update".to_owned()));
    let rows: Vec<(String, usize)> = audit_since(&app, rows)
        .await
        .into_iter()
        .map(|(kind, details)| (kind, details.as_object().unwrap().len()))
        .collect();
    let changes: Vec<_> = rows.iter().filter(|(kind, _)| kind.starts_with("password")).cloned().collect();
    assert_eq!(changes, [("password_deleted".to_owned(), 1), ("password_changed".to_owned(), 2)]);
    assert_eq!(events_since(&app, known).await, [], "§11: no webhook");
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "§6.8: no mail");
    app.end().await;
}

#[tokio::test]
async fn item_19_usernames() {
    let app = TestApp::with(unlimited(json!({"username": {"enabled": true}}))).await;
    at_home_as(&app, json!({"email": "john@x.de", "username": "john"})).await;
    let mut flow = at_home_as(&app, json!({"email": "jane@x.de"})).await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    for (typed, error) in [
        ("a b", "invalid_username_error"),
        ("ab", "value_too_short_error"),
        ("john", "username_already_exists"),
        (" JOHN ", "username_already_exists"),
        ("", "value_missing_error"),
        ("jäne", "invalid_username_error"),
        ("jane-doe", "invalid_username_error"),
    ] {
        flow.act("username_create", json!({"username": typed})).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"), "{typed}");
        assert_eq!(input_error(&flow, "username_create", "username"), error, "{typed}");
        let shown = &flow.document()["actions"]["username_create"]["inputs"]["username"]["value"];
        assert_eq!(shown, &json!(typed.trim().to_lowercase()), "what was typed is shown again");
    }
    flow.act("username_create", json!({"username": "Jane"})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let made = user(&flow)["username"].clone();
    assert_eq!((&made["username"], &made["created_at"]), (&json!("jane"), &json!("2026-01-01T00:00:00Z")));
    app.clock.advance(std::time::Duration::from_secs(10));
    for (typed, error) in [("john", Some("username_already_exists")), ("jane", None), ("JANE", None), ("janet", None)] {
        flow.act("username_update", json!({"username": typed})).await;
        let code = input_error(&flow, "username_update", "username");
        assert_eq!(code.as_str(), error, "{typed}");
    }
    let changed = user(&flow)["username"].clone();
    assert_eq!(
        (&changed["id"], &changed["username"], &changed["updated_at"]),
        (&made["id"], &json!("janet"), &json!("2026-01-01T00:00:10Z"))
    );
    assert_eq!(sign_in_with_password(&app, "janet", plain()).await.state(), "success");
    flow.act("username_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(user(&flow).get("username"), None);
    let mut login = journeys::begin(&app, "/login", plain()).await;
    login.act("continue_with_login_identifier", json!({"identifier": "janet"})).await;
    assert_eq!(input_error(&login, "continue_with_login_identifier", "identifier"), "unknown_username_error");
    let rows = audit_since(&app, rows).await.into_iter().filter(|(kind, _)| kind.starts_with("username"));
    let rows: Vec<(String, Value)> = rows.map(|(kind, details)| (kind, details["username"].clone())).collect();
    let row = |kind: &str, name: &str| (kind.to_owned(), json!(name));
    assert_eq!(
        rows,
        [row("username_changed", "j**e"), row("username_changed", "j***t"), row("username_deleted", "j***t")]
    );
    let names = |events: Vec<(String, Value)>| -> Vec<String> {
        events.into_iter().map(|(name, _)| name).filter(|name| name.starts_with("user.update")).collect()
    };
    let events = events_since(&app, known).await;
    assert_eq!(events[0].1["username"]["username"], "jane");
    assert_eq!(
        names(events),
        ["user.update.username.create", "user.update.username.update", "user.update.username.delete"]
    );
    app.end().await;
}

#[tokio::test]
async fn details_are_written_in_clear_where_the_project_wants_that() {
    let app = TestApp::with(unlimited(json!({"auditLog": {"mask": false}, "username": {"enabled": true}}))).await;
    let mut flow = at_home_as(&app, json!({"email": "jane@x.de"})).await;
    let rows = audit::rows(&app).await.len();
    flow.act("username_create", json!({"username": "jane"})).await;
    crate::emails::add(&app, &mut flow, "second@x.de").await;
    let rows = audit_since(&app, rows).await;
    assert_eq!(rows[0].1["username"], "jane");
    assert!(
        rows.iter()
            .skip(1)
            .all(|(kind, details)| kind == "security_notification_sent" || details["email"] == "second@x.de")
    );
    let texts =
        database::texts(&app, "SELECT coalesce(actor_email, '') FROM audit_logs WHERE type = 'username_changed'").await;
    assert_eq!(texts, [""], "§12: the actor is the id alone");
    app.end().await;
}

#[tokio::test]
async fn item_28_an_account_ends_with_everything_it_has() {
    let settings = json!({"account": {"allowDeletion": true}, "session": {"cookie": {"domain": "acme.localhost", "sameSite": "lax"}}});
    let app = TestApp::with(unlimited(settings)).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let set = register(&app, "john@x.de").await.answer.header("set-cookie");
    let other = sign_in(&app, "jane@x.de").await;
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    let before = user(&flow);
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    let lists_password = "SELECT hash FROM passwords";
    assert_eq!(database::texts(&app, lists_password).await.len(), 2);
    flow.act("account_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("account_deleted"));
    let document = flow.document();
    assert_eq!(
        (&document["actions"], &document["payload"], &document["links"]),
        (&json!({}), &json!({}), &Value::Null)
    );
    let attributes = |cookie: &str| -> Vec<String> {
        cookie.split("; ").skip(1).filter(|part| !part.starts_with("Max-Age")).map(str::to_owned).collect()
    };
    let gone = flow.answer.header("set-cookie");
    assert!(gone.starts_with("hanko=; ") && gone.contains("Max-Age=0"), "{gone}");
    assert_eq!(attributes(&gone), attributes(&set), "FC-48: a browser only takes a cookie away by its own attributes");

    let events = events_since(&app, known).await;
    assert_eq!(events.len(), 1, "§6.1: nothing of the sessions");
    let (name, payload) = &events[0];
    assert_eq!(
        (name.as_str(), &payload["id"], &payload["emails"][0]["address"]),
        ("user.delete", &before["id"], &json!("jane@x.de"))
    );
    assert_eq!((payload.get("ip_address"), payload.get("user_agent")), (None, None));
    assert_eq!(payload["metadata"], json!({"unsafe_metadata": {"a": 1}}), "as it was");
    let rows = audit_since(&app, rows).await;
    assert_eq!((rows.len(), rows[0].0.as_str(), rows[0].1.as_object().unwrap().len()), (1, "user_deleted", 1));

    let mut again = flow;
    again.answer = app.post_with("/profile", &[("Cookie", &cookie(&again))]).await;
    assert!(is_unauthorized(&again.answer));
    assert!(!holds(&app, &cookie(&again)).await && !holds(&app, &other).await);
    for table in ["SELECT address FROM emails", lists_password, "SELECT unsafe_metadata FROM user_metadata"] {
        assert!(database::texts(&app, table).await.len() <= 1, "{table}");
    }
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "no mail");
    let fresh = register(&app, "jane@x.de").await.document();
    assert_ne!(fresh["payload"]["user"]["id"], before["id"], "the address is free");
    let mut flow = open(&app, &sign_in(&app, "john@x.de").await, modern()).await;
    flow.act("password_update", json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "others go on");
    app.end().await;
}

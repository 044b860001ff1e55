//! Addresses and the codes that prove them (§6.3–§6.6, §7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    actions, at_home, audit, audit_since, cookie, database, email_id, events_since, fine, input_error, modern, open,
    outcome, refused, register,
    support::{Flow, TestApp},
    unlimited, user,
};

/// Every address with whether it is verified and the main one.
fn addresses(flow: &Flow<'_>) -> Vec<(String, bool, bool)> {
    let emails = user(flow)["emails"].clone();
    let emails = emails.as_array().cloned().unwrap_or_default();
    let text = |email: &Value| email["address"].as_str().unwrap().to_owned();
    emails.iter().map(|email| (text(email), email["is_verified"] == true, email["is_primary"] == true)).collect()
}

fn address(text: &str, verified: bool, primary: bool) -> (String, bool, bool) {
    (text.to_owned(), verified, primary)
}

/// Adds an address and proves it.
pub async fn add(app: &TestApp, flow: &mut Flow<'_>, address: &str) {
    app.clock.advance(Duration::from_secs(1));
    flow.act("email_create", json!({"email": address})).await;
    assert_eq!(outcome(flow), fine("passcode_confirmation"), "{:#}", flow.document());
    let code = app.mailbox.take(address).await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(flow), fine("profile_init"), "{:#}", flow.document());
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn item_9_there_are_only_so_many_addresses() {
    let app = TestApp::with(unlimited(json!({"email": {"limit": 2}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    add(&app, &mut flow, "second@x.de").await;
    assert!(!actions(&flow).contains(&"email_create".to_owned()));
    app.end().await;
}

#[tokio::test]
async fn items_10_and_13_a_new_address_is_kept_once_its_code_is_typed() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    flow.headers.push(("User-Agent".into(), "Firefox/1".into()));
    app.clock.advance(Duration::from_secs(1));
    flow.act("email_create", json!({"email": "  new@Example.COM "})).await;
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    assert_eq!(flow.document()["payload"], json!({}));
    assert_eq!(actions(&flow), ["back", "resend_passcode", "verify_passcode"]);
    assert_eq!(
        flow.document()["actions"]["verify_passcode"]["inputs"],
        json!({"code": {"name": "code", "type": "string", "required": true}})
    );
    let code = app.mailbox.take("new@example.com").await.code();
    assert_eq!(addresses(&open(&app, &cookie(&flow), modern()).await).len(), 1, "nothing is kept before the code");
    flow.act("verify_passcode", json!({})).await;
    assert_eq!(outcome(&flow), refused(400, "passcode_confirmation", "form_data_invalid_error"));
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "value_missing_error");
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(addresses(&flow), [address("jane@x.de", true, true), address("new@example.com", true, false)]);
    assert!(!actions(&flow).contains(&"back".to_owned()));
    app.mailbox.take("jane@x.de").await;

    let rows = audit_since(&app, rows).await;
    let kinds: Vec<&str> = rows.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["email_verified", "security_notification_sent", "email_created"]);
    let run =
        flow.document()["actions"]["patch_metadata"]["href"].as_str().unwrap().rsplit_once("%40").unwrap().1.to_owned();
    for row in [&rows[0], &rows[2]] {
        assert_eq!(row.1, json!({"email": "n*****@example.com", "flow_id": run}), "masked");
    }
    let events = events_since(&app, known).await;
    assert_eq!(events.len(), 1);
    let (name, payload) = &events[0];
    assert_eq!(
        (name.as_str(), &payload["user_agent"], &payload["ip_address"]),
        ("user.update.email.create", &json!("Firefox/1"), &json!("127.0.0.1"))
    );
    assert_eq!(payload["emails"][1]["address"], "new@example.com", "as it is after the change");
    assert_eq!(payload["emails"][1]["id"], email_id(&flow, "new@example.com"));
    app.end().await;
}

#[tokio::test]
async fn item_11_ones_own_address_exists() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    for typed in ["jane@x.de", " JANE@X.DE "] {
        flow.act("email_create", json!({"email": typed})).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"));
        assert_eq!(input_error(&flow, "email_create", "email"), "email_already_exists", "{typed}");
    }
    app.end().await;
}

#[tokio::test]
async fn item_12_a_strangers_address_looks_free_and_no_code_works() {
    let app = TestApp::with(unlimited(json!({}))).await;
    register(&app, "john@x.de").await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("email_create", json!({"email": "john@x.de"})).await;
    let stranger = flow.document();
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    let mail = app.mailbox.take("john@x.de").await;
    assert!(crate::is_codeless(&mail), "Q22: {}", mail.text);
    flow.act("verify_passcode", json!({"code": "000000"})).await;
    assert_eq!(outcome(&flow), refused(400, "passcode_confirmation", "form_data_invalid_error"));
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    flow.act("back", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    flow.act("email_create", json!({"email": "free@x.de"})).await;
    app.mailbox.take("free@x.de").await;
    let (mut stranger, mut free) = (stranger, flow.document());
    for document in [&mut stranger, &mut free] {
        document["csrf_token"] = Value::Null;
    }
    assert_eq!(free, stranger, "the answers are the same");
    app.end().await;

    for settings in
        [json!({"privacy": {"showAccountExistenceHints": true}}), json!({"email": {"requireVerification": false}})]
    {
        let app = TestApp::with(unlimited(settings)).await;
        register(&app, "john@x.de").await;
        let mut flow = at_home(&app, "jane@x.de").await;
        flow.act("email_create", json!({"email": "john@x.de"})).await;
        assert_eq!(input_error(&flow, "email_create", "email"), "email_already_exists");
        app.end().await;
    }
}

#[tokio::test]
async fn item_14_a_code_proves_one_address_once() {
    // Q2b.
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    add(&app, &mut flow, "second@x.de").await;
    flow.act("email_create", json!({"email": "victim@x.de"})).await;
    flow.act("resend_passcode", json!({})).await;
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    let first = app.mailbox.take("victim@x.de").await.code();
    let second = app.mailbox.take("victim@x.de").await.code();
    let seen = addresses(&open(&app, &cookie(&flow), modern()).await);
    assert_eq!(seen, [address("jane@x.de", true, true), address("second@x.de", true, false)]);
    if first != second {
        flow.act("verify_passcode", json!({"code": first})).await;
        assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid", "the newer code replaced it");
    }
    flow.act("back", json!({})).await;
    flow.act("email_create", json!({"email": "third@x.de"})).await;
    app.mailbox.take("third@x.de").await;
    flow.act("verify_passcode", json!({"code": second})).await;
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid", "a code for another address");
    app.end().await;
}

#[tokio::test]
async fn item_15_three_wrong_codes_are_enough() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("email_create", json!({"email": "new@x.de"})).await;
    let code = app.mailbox.take("new@x.de").await.code();
    for status in [400, 400, 401, 401] {
        flow.act("verify_passcode", json!({"code": wrong(&code)})).await;
        let error = if status == 400 { "form_data_invalid_error" } else { "passcode_max_attempts_reached" };
        assert_eq!(outcome(&flow), refused(status, "passcode_confirmation", error));
    }
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(&flow), refused(401, "passcode_confirmation", "passcode_max_attempts_reached"));
    flow.act("resend_passcode", json!({})).await;
    let code = app.mailbox.take("new@x.de").await.code();
    app.clock.advance(Duration::from_secs(301));
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid", "it has expired");
    let failures = audit::types(&app).await.into_iter().filter(|kind| kind.starts_with("login")).count();
    assert_eq!(failures, 0, "§7.1: no login");
    app.end().await;
}

#[tokio::test]
async fn a_code_that_was_mailed_is_good_after_going_back() {
    // §7.2.
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("email_create", json!({"email": "new@x.de"})).await;
    let code = app.mailbox.take("new@x.de").await.code();
    flow.act("back", json!({})).await;
    flow.act("email_create", json!({"email": "new@x.de"})).await;
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "no second mail");
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.end().await;
}

#[tokio::test]
async fn mails_to_an_address_are_limited() {
    // §7.4.
    let app = TestApp::start().await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("email_create", json!({"email": "new@x.de"})).await;
    for _ in 0..2 {
        flow.act("resend_passcode", json!({})).await;
        assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    }
    flow.act("resend_passcode", json!({})).await;
    assert_eq!(outcome(&flow), refused(429, "passcode_confirmation", "rate_limit_exceeded"));
    let seconds = flow.document()["payload"]["resend_after"].as_u64().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let mut other = open(&app, &cookie(&flow), modern()).await;
    other.act("email_create", json!({"email": "new@x.de"})).await;
    assert_eq!(outcome(&other), refused(429, "passcode_confirmation", "rate_limit_exceeded"), "the state is entered");
    assert!(actions(&other).contains(&"resend_passcode".to_owned()));
    app.clock.advance(Duration::from_secs(60));
    other.act("resend_passcode", json!({})).await;
    assert_eq!(outcome(&other), fine("passcode_confirmation"));
    for _ in 0..4 {
        app.mailbox.take("new@x.de").await;
    }
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn item_16_the_main_address_changes_and_the_old_one_is_told() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    add(&app, &mut flow, "second@x.de").await;
    app.mailbox.take("jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    let second = email_id(&flow, "second@x.de").as_str().unwrap().to_uppercase();
    flow.act("email_set_primary", json!({"email_id": second})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "Q20: any case");
    assert_eq!(addresses(&flow), [address("jane@x.de", true, false), address("second@x.de", true, true)]);
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(mail.text.contains("second@x.de") && mail.text.contains("jane@x.de"), "{}", mail.text);
    let rows = audit_since(&app, rows).await;
    assert_eq!(rows[0].0, "security_notification_sent");
    assert_eq!(rows[0].1["template"], "primary_email_update");
    assert_eq!((rows[1].0.as_str(), &rows[1].1["email"]), ("primary_email_changed", &json!("s*****@x.de")));
    let events = events_since(&app, known).await;
    assert_eq!((events.len(), events[0].0.as_str()), (1, "user.update.email.primary"));
    assert_eq!(events[0].1["emails"][1]["is_primary"], true);
    let rows = audit::rows(&app).await.len();
    flow.act("email_set_primary", json!({"email_id": second})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!((events_since(&app, known).await.len(), audit_since(&app, rows).await), (1, Vec::new()));
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "what is the main address already stays it, silently");
    app.end().await;
}

#[tokio::test]
async fn an_unproven_address_can_be_the_main_one() {
    // Q13.
    let app = TestApp::with(unlimited(json!({"email": {"requireVerification": false}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let known = database::events(&app).await.len();
    app.clock.advance(Duration::from_secs(1));
    flow.act("email_create", json!({"email": "second@x.de"})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "no code is asked for");
    assert_eq!(addresses(&flow), [address("jane@x.de", false, true), address("second@x.de", false, false)]);
    app.mailbox.take("jane@x.de").await;
    let second = email_id(&flow, "second@x.de");
    flow.act("email_set_primary", json!({"email_id": second})).await;
    assert_eq!(addresses(&flow), [address("jane@x.de", false, false), address("second@x.de", false, true)]);
    app.mailbox.take("jane@x.de").await;
    let names: Vec<String> = events_since(&app, known).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user.update.email.create", "user.update.email.primary"]);
    app.end().await;
}

#[tokio::test]
async fn an_address_is_proven_later() {
    // §6.6, the second row of §7.3.
    let app = TestApp::with(unlimited(json!({"email": {"requireVerification": false}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    let own = email_id(&flow, "jane@x.de");
    flow.act("email_verify", json!({"email_id": own})).await;
    assert_eq!(outcome(&flow), fine("passcode_confirmation"));
    let code = app.mailbox.take("jane@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(addresses(&flow), [address("jane@x.de", true, true)]);
    assert!(!actions(&flow).contains(&"email_verify".to_owned()));
    assert_eq!(events_since(&app, known).await, []);
    let rows = audit_since(&app, rows).await;
    assert_eq!(rows.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["email_verified"]);
    assert!(crate::holds(&app, &cookie(&flow)).await, "its owner proved it: nothing is taken away");
    let flow = crate::journeys::sign_in_with_password(&app, "jane@x.de", crate::plain()).await;
    assert_eq!(flow.state(), "success", "the password still is good");
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn an_address_goes_when_another_way_in_is_left() {
    // §6.4.
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let own = email_id(&flow, "jane@x.de");
    flow.act("email_delete", json!({"email_id": own})).await;
    assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"), "Q5");
    assert_eq!(
        flow.document()["actions"]["email_delete"]["inputs"]["email_id"]["error"],
        json!({"code": "value_invalid_error", "message": "The value is invalid."})
    );
    add(&app, &mut flow, "second@x.de").await;
    app.mailbox.take("jane@x.de").await;
    let second = email_id(&flow, "second@x.de");
    flow.act("email_delete", json!({"email_id": own})).await;
    assert_eq!(
        flow.document()["actions"]["email_delete"]["inputs"]["email_id"]["error"],
        json!({"code": "value_invalid_error", "message": format!("The value is invalid. Must be one of: {}", second.as_str().unwrap())})
    );
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    flow.act("email_delete", json!({"email_id": second})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(addresses(&flow), [address("jane@x.de", true, true)]);
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(mail.text.contains("second@x.de"), "{}", mail.text);
    let events = events_since(&app, known).await;
    assert_eq!((events.len(), events[0].0.as_str()), (1, "user.update.email.delete"));
    assert_eq!(events[0].1["emails"].as_array().unwrap().len(), 1);
    let rows = audit_since(&app, rows).await;
    assert_eq!(
        rows.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(),
        ["security_notification_sent", "email_deleted"]
    );
    assert_eq!(rows[1].1["email"], "s*****@x.de");
    // It is free again.
    let other = register(&app, "second@x.de").await;
    assert_eq!(other.state(), "success");
    app.end().await;
}

#[tokio::test]
async fn the_only_address_goes_where_a_username_and_a_password_are_left() {
    let settings = json!({"email": {"optional": true}, "username": {"enabled": true}});
    let app = TestApp::with(unlimited(settings)).await;
    let mut flow = crate::at_home_as(&app, json!({"email": "jane@x.de", "username": "jane"})).await;
    let own = email_id(&flow, "jane@x.de");
    flow.act("email_delete", json!({"email_id": own})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(user(&flow).get("emails"), None);
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(mail.text.contains("jane@x.de"), "the address that goes is told: {}", mail.text);
    let login = crate::journeys::sign_in_with_password(&app, "jane", crate::plain()).await;
    assert_eq!(login.state(), "onboarding_email", "signed in, and asked for an address");
    // §6.3: the first address is the main one again.
    add(&app, &mut flow, "new@x.de").await;
    assert_eq!(addresses(&flow), [address("new@x.de", true, true)]);
    app.end().await;
}

#[tokio::test]
async fn a_code_does_not_prove_an_address_that_somebody_else_has_proven_meanwhile() {
    // §7.3.
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    flow.act("email_create", json!({"email": "new@x.de"})).await;
    let code = app.mailbox.take("new@x.de").await.code();
    let other = register(&app, "new@x.de").await.document()["payload"]["user"].clone();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(outcome(&flow), refused(400, "passcode_confirmation", "form_data_invalid_error"));
    assert_eq!(input_error(&flow, "verify_passcode", "code"), "passcode_invalid");
    assert_eq!(addresses(&open(&app, &cookie(&flow), modern()).await).len(), 1);
    let login = crate::journeys::sign_in_with_password(&app, "new@x.de", crate::plain()).await;
    assert_eq!(login.document()["payload"]["user"]["emails"], other["emails"], "nothing of its owner has changed");
    app.end().await;
}

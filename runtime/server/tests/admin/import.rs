//! `POST /users/import`: nothing half-written, and a second run that goes on.

mod stream;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    audit, call, database,
    support::{Answer, TestApp, send},
};

const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
/// What it is a hash of.
const PASSWORD: &str = "U*U";
const KEY: &str =
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

async fn import(app: &TestApp, query: &str, content_type: &str, body: String) -> Answer {
    let request = app.http.request(Method::POST, app.admin_url(&format!("/users/import{query}")));
    send(request.bearer_auth(app.admin_key()).header("Content-Type", content_type).body(body)).await
}

/// The lines of an answer, the summary apart.
fn told(answer: &Answer) -> (Vec<Value>, Value) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap()["summary"].take();
    (lines, summary)
}

async fn lines(app: &TestApp, query: &str, entries: &[Value]) -> (Vec<Value>, Value) {
    let body = entries.iter().map(|entry| format!("{entry}\n")).collect();
    told(&import(app, query, "application/x-ndjson", body).await)
}

fn statuses(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["status"].as_str().unwrap()).collect()
}

fn user(address: &str) -> Value {
    json!({"emails": [{"address": address, "is_primary": true, "is_verified": true}]})
}

fn named(id: u128, address: &str) -> Value {
    let mut entry = user(address);
    entry["user_id"] = uuid::Uuid::from_u128(id).to_string().into();
    entry
}

async fn users(app: &TestApp) -> i64 {
    audit::count(app, "SELECT COUNT(*) FROM users").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_comes_with_everything_it_had_and_signs_in() {
    let app = TestApp::with(json!({"settings": {"mfa": {"enabled": false}}})).await;
    let entry = json!({
        "user_id": "a9ae6bc8-d829-43de-b672-f50230833877",
        "emails": [
            {"address": "c2@example.com"},
            {"address": "Carol@Example.com", "is_primary": true, "is_verified": true},
        ],
        "username": "Carol",
        "password": {"password": BCRYPT, "created_at": "2024-08-17T12:05:15Z"},
        "otp_secret": {"secret": "JBSWY3DPEHPK3PXP"},
        "webauthn_credentials": [{"id": "AAEC", "public_key": KEY, "attestation_type": "none", "name": "Phone",
            "sign_count": 3, "user_handle": "legacy", "transports": ["usb"]}],
        "metadata": {"public_metadata": {"plan": "pro"}},
        "name": "Carol Example",
        "picture": "https://cdn.test/c.png",
        "created_at": "2024-08-17T12:05:15.651387Z",
        "updated_at": "2025-01-02T08:00:00Z",
    });
    let (lines, summary) = lines(&app, "", &[entry]).await;
    assert_eq!(lines, [json!({"line": 1, "status": "created", "id": "a9ae6bc8-d829-43de-b672-f50230833877"})]);
    assert_eq!(
        summary,
        json!({"entries": 1, "created": 1, "exists": 0, "invalid": 0, "conflict": 0, "skipped": 0, "dry_run": false,
            "complete": true})
    );

    let stored = call(&app, "GET", "/users/a9ae6bc8-d829-43de-b672-f50230833877", None).await.json();
    assert_eq!(stored["username"]["username"], "carol");
    assert_eq!(stored["created_at"], "2024-08-17T12:05:15.651387Z");
    assert_eq!(stored["updated_at"], "2025-01-02T08:00:00Z");
    assert_eq!(stored["password"]["created_at"], "2024-08-17T12:05:15Z");
    assert_eq!(stored["name"], "Carol Example");
    assert_eq!(stored["metadata"], json!({"public_metadata": {"plan": "pro"}}));
    assert_eq!(stored["webauthn_credentials"][0]["id"], "AAEC");
    assert!(stored["otp"].is_object());
    let primary = |email: &&Value| email["is_primary"] == true;
    let emails = stored["emails"].as_array().unwrap();
    let main = emails.iter().find(primary).unwrap();
    assert_eq!((emails.len(), &main["address"], &main["is_verified"]), (2, &json!("Carol@example.com"), &json!(true)));
    assert!(!database::holds(&app, "JBSWY3DPEHPK3PXP"), "a TOTP secret lies open");
    // As a registration would have stored it.
    let sql = "SELECT rp_id || ' ' || hex(user_handle) || ' ' || sign_count FROM webauthn_credentials";
    assert_eq!(database::texts(&app, sql).await, ["acme.localhost 6C6567616379 3"]);

    let body = json!({"user_id": "a9ae6bc8-d829-43de-b672-f50230833877", "password": PASSWORD});
    let wrong = app.post("/password/login", &json!({"user_id": body["user_id"], "password": "wrong"})).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(app.post("/password/login", &body).await.status, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_written_leave_the_others_written() {
    let app = TestApp::start().await;
    lines(&app, "", &[user("taken@example.com"), json!({"username": "taken"})]).await;
    let (told, summary) = lines(
        &app,
        "",
        &[
            user("a@example.com"),
            json!({"emails": [{"address": "nonsense", "is_primary": true}]}),
            user("TAKEN@example.com"),
            json!({"emails": [{"address": "b@example.com", "is_primary": true}], "username": "Taken"}),
            // The second of two in one batch that want the same.
            user("A@example.com"),
            user("c@example.com"),
        ],
    )
    .await;
    assert_eq!(statuses(&told), ["created", "invalid", "conflict", "conflict", "conflict", "created"]);
    assert_eq!(told.iter().map(|line| line["line"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        told[1]["errors"],
        json!([{"field": "emails[0].address", "message": "Address must be a valid email address"}])
    );
    assert_eq!(told[2]["errors"], json!([{"field": "emails[0].address", "message": "email already exists"}]));
    assert_eq!(told[3]["errors"], json!([{"field": "username", "message": "username already exists"}]));
    assert_eq!((&summary["created"], &summary["conflict"], &summary["complete"]), (&json!(2), &json!(3), &json!(true)));
    assert_eq!(users(&app).await, 4);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_finds_its_own_users_and_changes_nothing() {
    let app = TestApp::start().await;
    let mut entries: Vec<Value> = (1..=450).map(|n| named(n, &format!("u{n}@example.com"))).collect();
    entries.push(json!({"user_id": uuid::Uuid::from_u128(1_000).to_string(), "username": "nameless"}));
    let (_, first) = lines(&app, "", &entries[..250]).await;
    assert_eq!(first["created"], 250);
    let before = database::texts(&app, "SELECT hex(id) || updated_at FROM users ORDER BY id").await;

    let (told, second) = lines(&app, "", &entries).await;
    assert_eq!((&second["exists"], &second["created"]), (&json!(250), &json!(201)));
    assert_eq!(told[0]["id"], uuid::Uuid::from_u128(1).to_string());
    let after = database::texts(&app, "SELECT hex(id) || updated_at FROM users ORDER BY id").await;
    assert!(before.iter().all(|row| after.contains(row)));
    let (_, third) = lines(&app, "", &entries).await;
    assert_eq!((&third["exists"], &third["created"]), (&json!(451), &json!(0)));

    let (told, _) = lines(&app, "", &[named(1, "another@example.com")]).await;
    assert_eq!(told[0]["status"], "conflict");
    assert_eq!(told[0]["errors"][0]["field"], "user_id");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_become_of_each_entry_and_writes_nothing() {
    let app = TestApp::start().await;
    lines(&app, "", &[user("taken@example.com")]).await;
    let mut entries: Vec<Value> = (0..300).map(|n| user(&format!("u{n}@example.com"))).collect();
    entries.push(user("u5@example.com"));
    entries.push(user("taken@example.com"));
    entries.push(json!({}));
    for mode in ["", "&mode=all"] {
        let (told, summary) = lines(&app, &format!("?dry_run=true{mode}"), &entries).await;
        assert_eq!(statuses(&told[..300]), ["created"; 300]);
        assert_eq!(statuses(&told[300..]), ["conflict", "conflict", "invalid"]);
        assert!(told[300]["errors"][0]["message"].as_str().unwrap().contains("entry 6"), "{}", told[300]);
        assert_eq!((&summary["dry_run"], &summary["created"]), (&json!(true), &json!(300)));
    }
    assert_eq!(users(&app).await, 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_writes_nothing_when_one_entry_cannot_be_written() {
    let app = TestApp::start().await;
    let mut entries: Vec<Value> = (0..450).map(|n| named(n + 1, &format!("u{n}@example.com"))).collect();
    entries[420] = json!({"username": "not a name"});
    let (told, summary) = lines(&app, "?mode=all", &entries).await;
    assert_eq!((&summary["skipped"], &summary["invalid"], &summary["created"]), (&json!(449), &json!(1), &json!(0)));
    assert_eq!(summary["complete"], false);
    assert_eq!((told[0]["status"].as_str(), told[420]["status"].as_str()), (Some("skipped"), Some("invalid")));
    assert_eq!(users(&app).await, 0);

    entries[420] = named(421, "u420@example.com");
    let (told, summary) = lines(&app, "?mode=all", &entries).await;
    assert_eq!((&summary["created"], &summary["complete"]), (&json!(450), &json!(true)));
    assert_eq!(told[449]["id"], uuid::Uuid::from_u128(450).to_string());
    assert_eq!(users(&app).await, 450);
    let (_, again) = lines(&app, "?mode=all", &entries).await;
    assert_eq!((&again["exists"], &again["complete"]), (&json!(450), &json!(true)));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_address_is_taken_from_who_only_claims_it_and_an_unverified_one_is_not() {
    let app = TestApp::start().await;
    let claimant = json!({"user_id": uuid::Uuid::from_u128(1).to_string(), "emails": [
        {"address": "own@example.com", "is_primary": true, "is_verified": true}, {"address": "claimed@example.com"},
    ]});
    lines(&app, "", &[claimant]).await;
    let unverified = json!({"emails": [{"address": "claimed@example.com", "is_primary": true}]});
    let (told, _) = lines(&app, "", &[unverified, user("claimed@example.com")]).await;
    assert_eq!(statuses(&told), ["conflict", "created"]);
    let left = call(&app, "GET", &format!("/users/{}", uuid::Uuid::from_u128(1)), None).await.json();
    assert_eq!(left["emails"].as_array().unwrap().len(), 1);
    app.mailbox.take("own@example.com").await;
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_list_is_read_as_lines_are() {
    let app = TestApp::start().await;
    let body = json!([user("a@example.com"), {"username": ""}, user("b@example.com")]).to_string();
    let (told, summary) = told(&import(&app, "", "application/json", body).await);
    assert_eq!(statuses(&told), ["created", "invalid", "created"]);
    assert_eq!((&summary["entries"], &summary["complete"]), (&json!(3), &json!(true)));
    for (body, entries, error) in [
        ("[]", 0, None),
        ("null", 0, None),
        ("{}", 0, Some("the body must be a JSON list of users")),
        ("[{\"username\":\"x\"}", 0, Some("the JSON list is not closed; what stood before its end has been read")),
    ] {
        let (_, summary) = self::told(&import(&app, "", "application/json", body.into()).await);
        assert_eq!((summary["entries"].as_u64(), summary.get("error").and_then(Value::as_str)), (Some(entries), error));
        assert_eq!(summary["complete"], error.is_none());
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_too_long_is_invalid_and_the_next_is_written() {
    let app = TestApp::start().await;
    let body = format!("{{\"username\":\"{}\"}}\n{}\n", "x".repeat(70_000), user("a@example.com"));
    let (told, _) = told(&import(&app, "", "application/jsonl", body).await);
    assert_eq!(statuses(&told), ["invalid", "created"]);
    assert_eq!(told[0]["errors"][0]["message"], "an entry must not be longer than 65536 bytes");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_held_against_the_projects_schemas() {
    let schema = json!({"type": "object", "properties": {"plan": {"enum": ["free", "pro"]}}});
    let app = TestApp::with(json!({"settings": {"metadata": {"schemas": {"public": schema}}}})).await;
    let with = |plan: &str| json!({"username": plan, "metadata": {"public_metadata": {"plan": plan}}});
    let (told, _) = lines(
        &app,
        "",
        &[
            with("pro"),
            with("gold"),
            json!({"username": "x", "metadata": {"private_metadata": {"t": "x".repeat(3_000)}}}),
        ],
    )
    .await;
    assert_eq!(statuses(&told), ["created", "invalid", "invalid"]);
    assert_eq!(told[1]["errors"][0]["field"], "metadata");
    assert_eq!(
        told[2]["errors"][0]["message"],
        "metadata limit exceeded: private metadata must not exceed 3000 characters"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_told_only_when_asked_and_nobody_gets_a_mail() {
    let app = TestApp::start().await;
    lines(&app, "", &[user("quiet@example.com")]).await;
    assert_eq!(database::events(&app).await, []);
    lines(&app, "?webhooks=true", &[user("loud@example.com"), user("louder@example.com")]).await;
    let events = database::events(&app).await;
    assert_eq!(events.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["user.create"; 2]);
    assert_eq!(events[0].1["emails"][0]["address"], "loud@example.com");
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM events WHERE type = 'email.send'").await, 0);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_batch_and_the_whole_stand_in_the_audit_log_with_the_keys_name() {
    let app = TestApp::start().await;
    let mut entries: Vec<Value> = (0..250).map(|n| user(&format!("u{n}@example.com"))).collect();
    entries.push(json!({}));
    lines(&app, "", &entries).await;
    let sql = "SELECT actor_api_key || ' ' || details FROM audit_logs WHERE type = 'admin_user_imported' ORDER BY id";
    let rows = database::texts(&app, sql).await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[0].starts_with("generated ") && rows[0].contains("\"created\":200"), "{}", rows[0]);
    assert!(rows[1].contains("\"created\":50"), "{}", rows[1]);
    assert!(rows[2].contains("\"entries\":251") && rows[2].contains("\"invalid\":1"), "{}", rows[2]);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_import_is_refused_before_anything_is_read() {
    let app = TestApp::start().await;
    for (query, content_type, status) in [
        ("", "text/csv", 415),
        ("", "", 415),
        ("?mode=some", "application/json", 400),
        ("?dry_run=maybe", "application/json", 400),
        ("?webhooks=1", "application/json", 400),
    ] {
        let answer = import(&app, query, content_type, "[]".into()).await;
        assert_eq!(answer.status, status, "{query} {content_type}");
        assert_eq!(answer.json()["code"], status);
    }
    let keyless = app.http.post(app.admin_url("/users/import")).header("Content-Type", "application/json").body("[]");
    assert_eq!(send(keyless).await.status, 401);
    app.end().await;
}

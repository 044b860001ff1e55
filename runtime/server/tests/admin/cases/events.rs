//! What every changing call tells others, and what it leaves in the audit log (`spec/webhooks-and-audit.md` §3.1, §3.2): exactly one
//! row with the key's name and the user, nothing of a call that changed nothing, and nowhere a secret.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{HASH, NOBODY, id, raw};
use crate::{call, database, get, journeys, post, support::TestApp};

const ROWS: &str = "SELECT type || ' ' || coalesce(actor_api_key, '-') || ' ' || coalesce(lower(hex(subject_user_id)), '-') \
    FROM audit_logs WHERE type NOT IN ('admin_read', 'admin_refused') ORDER BY rowid";

/// What has been told and written down so far.
struct Ledger<'a> {
    app: &'a TestApp,
    events: usize,
    rows: usize,
}

impl<'a> Ledger<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, events: 0, rows: 0 }
    }

    /// One call and what came of it: events with payloads, and rows of the audit log.
    async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> (Value, Vec<(String, Value)>, Vec<String>) {
        let answer = call(self.app, method, path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        let events = database::events(self.app).await.split_off(self.events);
        let rows = database::texts(self.app, ROWS).await.split_off(self.rows);
        (self.events, self.rows) = (self.events + events.len(), self.rows + rows.len());
        (if answer.body.is_empty() { Value::Null } else { answer.json() }, events, rows)
    }

    /// A call that must have told these events of this user and left this row.
    async fn changes(
        &mut self,
        (method, path, body, status): (&str, &str, Option<Value>, u16),
        user: &str,
        kind: &str,
        events: &[&str],
    ) -> (Value, Vec<Value>) {
        let (answer, told, rows) = self.call(method, path, body, status).await;
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, events, "{method} {path}");
        assert_eq!(rows, [format!("{kind} generated {}", user.replace('-', ""))], "{method} {path}");
        (
            answer,
            told.into_iter()
                .map(|(_, payload)| if payload.get("emails").is_some() { sorted(payload) } else { payload })
                .collect(),
        )
    }

    /// A call that must have told and left nothing.
    async fn is_silent(&mut self, method: &str, path: &str, body: Option<Value>, status: u16) {
        let (_, told, rows) = self.call(method, path, body, status).await;
        assert!(told.is_empty() && rows.is_empty(), "{method} {path}: {told:?} {rows:?}");
    }
}

async fn shown(app: &TestApp, user: &str) -> Value {
    sorted(get(app, &format!("/users/{user}")).await.json())
}

/// The order of addresses means nothing.
fn sorted(mut user: Value) -> Value {
    if let Some(emails) = user["emails"].as_array_mut() {
        emails.sort_by_key(|email| email["address"].to_string());
    }
    user
}

/// The user with the circumstances of the request.
fn with_request(mut user: Value) -> Value {
    user["ip_address"] = json!("127.0.0.1");
    user["user_agent"] = json!("");
    user
}

#[tokio::test]
async fn every_changing_call_tells_what_the_contract_says_and_leaves_one_row() {
    let app = TestApp::with(json!({"settings": {"session": {"limit": 1}}})).await;
    let mut all = Ledger::new(&app);
    let jane = NOBODY;
    let path = |part: &str| format!("/users/{jane}{part}");

    let body =
        json!({"id": jane, "emails": [{"address": "jane@acme.test", "is_primary": true}], "password_hash": HASH});
    let (user, told) =
        all.changes(("POST", "/users", Some(body.clone()), 200), jane, "admin_user_created", &["user.create"]).await;
    assert_eq!(told, [user], "U: no address, no agent");
    all.is_silent("POST", "/users", Some(body), 409).await;
    all.is_silent("POST", "/users", Some(json!({})), 400).await;

    all.changes(
        ("PATCH", &path(""), Some(json!({"username": "jane", "name": "Jane"})), 200),
        jane,
        "admin_user_updated",
        &[],
    )
    .await;
    for (body, status) in [
        (json!({}), 200),
        (json!({"username": "JANE"}), 200),
        (json!({"username": "a b"}), 400),
        (json!({"name": ""}), 400),
    ] {
        all.is_silent("PATCH", &path(""), Some(body), status).await;
    }

    let patch = json!({"private_metadata": {"a": 1}});
    all.changes(("PATCH", &path("/metadata"), Some(patch.clone()), 200), jane, "admin_metadata_updated", &[]).await;
    for (body, status) in
        [(json!({}), 200), (patch, 200), (json!(5), 400), (json!({"public_metadata": {"a": "x".repeat(3_000)}}), 400)]
    {
        all.is_silent("PATCH", &path("/metadata"), Some(body), status).await;
    }

    let body = json!({"address": "two@acme.test"});
    let (two, told) = all
        .changes(
            ("POST", &path("/emails"), Some(body.clone()), 201),
            jane,
            "admin_email_created",
            &["user.update.email.create"],
        )
        .await;
    assert_eq!(told, [with_request(shown(&app, jane).await)], "U+");
    all.is_silent("POST", &path("/emails"), Some(body), 400).await;
    let one = get(&app, &path("/emails"))
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .find(|email| email["is_primary"] == true)
        .map(id)
        .unwrap();
    let (one, two) = (path(&format!("/emails/{one}")), path(&format!("/emails/{}", id(&two))));
    all.is_silent("DELETE", &one, None, 409).await;
    all.is_silent("POST", &format!("{one}/set_primary"), None, 204).await;
    let call = ("POST", format!("{two}/set_primary"), None, 204);
    let (_, told) = all
        .changes((call.0, &call.1, call.2, call.3), jane, "admin_primary_email_changed", &["user.update.email.primary"])
        .await;
    assert_eq!(told, [with_request(shown(&app, jane).await)]);
    let (_, told) =
        all.changes(("DELETE", &one, None, 204), jane, "admin_email_deleted", &["user.update.email.delete"]).await;
    assert_eq!(told, [with_request(shown(&app, jane).await)]);
    all.is_silent("DELETE", &one, None, 404).await;

    all.is_silent("POST", &path("/password"), Some(json!({"password": "x"})), 409).await;
    all.changes(("PUT", &path("/password"), Some(json!({"password": "x"})), 200), jane, "admin_password_set", &[])
        .await;
    all.changes(("DELETE", &path("/password"), None, 204), jane, "admin_password_deleted", &[]).await;
    all.is_silent("DELETE", &path("/password"), None, 404).await;
    all.is_silent("PUT", &path("/password"), Some(json!({"password": "x"})), 404).await;
    all.changes(("POST", &path("/password"), Some(json!({"password": "x"})), 200), jane, "admin_password_set", &[])
        .await;

    let body = json!({"user_id": jane, "user_agent": "curl"});
    let (_, told) = all
        .changes(("POST", "/sessions", Some(body.clone()), 200), jane, "login_success", &["session.create.admin"])
        .await;
    let sessions = get(&app, &path("/sessions")).await.json();
    assert_eq!(told, [sessions[0].clone()]);
    app.clock.advance(std::time::Duration::from_secs(1));
    let events = ["session.delete.passive.limit", "session.create.admin"];
    let (_, told) = all.changes(("POST", "/sessions", Some(body), 200), jane, "login_success", &events).await;
    assert_eq!((&told[0]["id"], told.len()), (&sessions[0]["id"], 2), "the one before goes first");
    all.is_silent("POST", "/sessions", Some(json!({"user_id": "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11"})), 404).await;
    let session = get(&app, &path("/sessions")).await.json()[0].clone();
    let one = path(&format!("/sessions/{}", id(&session)));
    let (_, told) =
        all.changes(("DELETE", &one, None, 204), jane, "admin_session_revoked", &["session.delete.admin.revoke"]).await;
    assert_eq!(told, [session]);
    all.is_silent("DELETE", &one, None, 404).await;

    all.is_silent("DELETE", &path("/otp"), None, 404).await;
    all.is_silent("DELETE", &path("/webauthn_credentials/AAEC"), None, 404).await;
    let before = shown(&app, jane).await;
    let (_, told) = all.changes(("DELETE", &path(""), None, 204), jane, "admin_user_deleted", &["user.delete"]).await;
    assert_eq!(told, [before], "as it was");
    all.is_silent("DELETE", &path(""), None, 404).await;
    app.end().await;
}

/// Removing what proves a user tells nobody else.
#[tokio::test]
async fn removing_a_factor_leaves_one_row_and_tells_nothing() {
    let app = TestApp::start().await;
    let user = crate::made(&app, "jane@acme.test").await;
    let hex = user.replace('-', "");
    for sql in [
        format!(
            "INSERT INTO webauthn_credentials (tenant_id, credential_id, user_id, user_handle, public_key, rp_id, attestation_format, \
             aaguid, sign_count, user_verified, backup_eligible, backup_state, transports, mfa_only, created_at) SELECT tenant_id, \
             x'000102', id, x'00', x'a0', 'acme.localhost', 'none', x'00000000000000000000000000000000', 0, 1, 0, 0, '[]', 1, 1 \
             FROM users WHERE id = x'{hex}'"
        ),
        format!(
            "INSERT INTO otp_secrets (tenant_id, id, user_id, sealed, created_at, updated_at) SELECT tenant_id, \
             x'f2882293f1d64a9d91a2b3b28f6a4c50', id, 'sealed', 1, 1 FROM users WHERE id = x'{hex}'"
        ),
    ] {
        assert_eq!(database::execute(&app, sqlx::AssertSqlSafe(sql)).await, 1);
    }
    let mut all = Ledger::new(&app);
    (all.events, all.rows) = (database::events(&app).await.len(), database::texts(&app, ROWS).await.len());
    for (part, kind) in [("webauthn_credentials/AAEC", "admin_credential_deleted"), ("otp", "admin_otp_deleted")] {
        let path = format!("/users/{user}/{part}");
        all.changes(("DELETE", &path, None, 204), &user, kind, &[]).await;
        all.is_silent("DELETE", &path, None, 404).await;
    }
    app.end().await;
}

/// The details of `login_success` of an impersonation name where it came from, and its actor is the user.
#[tokio::test]
async fn a_session_made_for_somebody_is_written_down_as_such() {
    let app = TestApp::start().await;
    let user = crate::made(&app, "jane@acme.test").await;
    post(&app, "/sessions", json!({"user_id": user, "user_agent": "theirs", "ip_address": "192.0.2.1"})).await;
    let row = get(&app, "/audit_logs?type=login_success").await.json()[0].clone();
    assert_eq!((&row["details"], &row["actor_user_id"]), (&json!({"api": "admin"}), &json!(user)), "{row}");
    assert_eq!(row["meta_source_ip"], "127.0.0.1", "the caller's address");
    // It is no login of the user's: when it was last here stays unknown.
    let list = get(&app, "/users?last_login_after=2000-01-01T00:00:00Z").await;
    assert_eq!(list.header("x-total-count"), "0");
    app.end().await;
}

/// Every line of this program's log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const PASSWORD: &str = "Correct-Horse-7781";

/// Passwords, hashes, TOTP secrets and keys stand in no answer, no audit row, no event and no line of the log, whether a call is taken
/// or refused.
#[tokio::test]
async fn no_secret_is_told_to_anybody() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let app = TestApp::with(json!({"settings": {"rateLimiter": {"enabled": false}}})).await;
    let totp = journeys::register_with_totp(&app, "totp@acme.test").await;
    let mut answers = Vec::new();
    let user = crate::made(&app, "jane@acme.test").await;
    let path = format!("/users/{user}/password");
    for (method, path, body) in [
        ("POST", path.as_str(), json!({"password": PASSWORD})),
        ("POST", &path, json!({"password": PASSWORD})),
        ("PUT", &path, json!({"password": PASSWORD})),
        ("PUT", &path, json!({"hash": HASH})),
        ("PUT", &path, json!({"password": PASSWORD, "hash": HASH})),
        ("PUT", &path, json!({"password": [PASSWORD]})),
        ("PUT", &path, json!({"password": {PASSWORD: 1}})),
        ("PUT", &path, json!({"password": PASSWORD.repeat(5)})),
        ("PUT", &path, json!({"hash": format!("{HASH}x")})),
        ("PUT", &path, json!({"hash": PASSWORD})),
        ("PUT", &path, json!({"hash": [HASH]})),
        ("POST", "/users", json!({"username": "jane", "password_hash": HASH})),
        ("POST", "/users", json!({"username": "jane", "password_hash": HASH})),
        ("POST", "/users", json!({"username": "john", "password_hash": PASSWORD})),
        ("POST", "/users", json!({"username": "john", "password_hash": [PASSWORD]})),
        ("POST", "/users", json!({"username": "josh", "password": PASSWORD, "otp_secret": totp})),
    ] {
        answers.push(raw(&app, method, path, "application/json", body.to_string().into()).await);
    }
    for text in [
        format!("{{\"password\":\"{PASSWORD}"),
        format!("{{\"password\":\"{PASSWORD}\" x"),
        format!("\"{PASSWORD}\""),
        format!("{{\"{PASSWORD}\":{HASH}}}"),
    ] {
        for content_type in ["application/json", "text/plain"] {
            answers.push(raw(&app, "PUT", &path, content_type, text.clone().into()).await);
        }
    }
    let (key, wrong) = (app.admin_key(), "hk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE");
    for wrong in [wrong, "hk_short-but-secret-9912", &key[..45]] {
        let request = app.http.get(app.admin_url("/users")).header("apikey", wrong);
        let answer = crate::support::send(request).await;
        assert_eq!(answer.status, 401);
        answers.push(answer);
    }
    for other in get(&app, "/users").await.json().as_array().unwrap() {
        for part in ["", "/password", "/otp", "/metadata", "/sessions", "/emails"] {
            answers.push(get(&app, &format!("/users/{}{part}", id(other))).await);
        }
    }
    answers.push(get(&app, "/users").await);
    answers.push(get(&app, "/audit_logs?per_page=1000").await);
    let tokens =
        [post(&app, "/sessions", json!({"user_id": user})).await.json()["session_token"].as_str().unwrap().to_owned()];

    let mut told: Vec<String> =
        answers.iter().map(|answer| format!("{} {:?}", answer.text(), answer.headers)).collect();
    told.extend(database::events(&app).await.into_iter().map(|(name, payload)| format!("{name} {payload}")));
    told.extend(database::texts(&app, "SELECT type || coalesce(error, '') || details || coalesce(actor_api_key, '') || coalesce(user_agent, '') FROM audit_logs").await);
    app.may_leave_deliveries().end().await;
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.contains("INFO") || log.contains("DEBUG"), "the log is read");
    told.push(log);
    let hash = &HASH[7..];
    for secret in [PASSWORD, hash, totp.as_str(), key.as_str(), wrong, "hk_short-but-secret-9912", tokens[0].as_str()] {
        let found = told.iter().find(|text| text.contains(secret));
        assert!(found.is_none(), "{secret} stands in {}", found.unwrap());
    }
}

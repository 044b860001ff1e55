//! Whose profile it is: the session every request needs (§1, `spec/sessions-and-public-rest.md` §7).

use std::time::Duration;

use hanko_domain::{Clock, Random};
use hanko_keys::{MasterKeys, Sealer, SigningKeys};
use hanko_store::{DatabaseUrl, PoolSize, Store};
use reqwest::Method;
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    UNAUTHORIZED, actions, at_home, cookie, database, fine, holds, is_unauthorized, modern, open, outcome, refused,
    register,
    support::{Answer, Flow, TestApp, send},
    unlimited,
};

const FORGET: &str = "hanko=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";

async fn post(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.post_with(path, headers).await
}

#[tokio::test]
async fn item_1_without_a_session_there_is_only_the_refusal() {
    let app = TestApp::start().await;
    for path in ["/profile", "/flow/profile", "/profile?action=", "/profile?action=patch_metadata%40x"] {
        let answer = post(&app, path, &[]).await;
        assert!(is_unauthorized(&answer), "{path}: {} {}", answer.status, answer.text());
        assert_eq!((answer.header("set-cookie"), answer.header("cache-control")), (String::new(), "no-store".into()));
    }
    assert_eq!(database::texts(&app, "SELECT flow FROM flows").await, Vec::<String>::new(), "no run is stored");
    assert_eq!(database::texts(&app, "SELECT type FROM audit_logs").await, Vec::<String>::new());
    app.end().await;
}

#[tokio::test]
async fn item_2_a_session_begins_with_what_the_client_can_do() {
    let app = TestApp::start().await;
    let cookie = register(&app, "jane@x.de").await.answer.cookie();
    for path in ["/profile", "/flow/profile"] {
        let flow = Flow::begin_with(&app, path, &[("Cookie", &cookie)]).await;
        assert_eq!((outcome(&flow), actions(&flow)), (fine("preflight"), vec!["register_client_capabilities".into()]));
        let href = flow.document()["actions"]["register_client_capabilities"]["href"].as_str().unwrap().to_owned();
        assert!(href.starts_with(&format!("{path}?action=register_client_capabilities%40")), "{href}");
        assert_eq!(flow.document()["payload"], json!({}));
    }
    app.end().await;
}

#[tokio::test]
async fn item_3_the_first_token_that_holds_wins() {
    let app = TestApp::start().await;
    let cookie = register(&app, "jane@x.de").await.answer.cookie();
    let bearer = format!("bearer{}", cookie.strip_prefix("hanko=").unwrap());
    let several = format!("hanko=rubbish; {cookie}");
    for headers in [
        &[("Authorization", "Bearer rubbish"), ("Cookie", cookie.as_str())][..],
        &[("Authorization", bearer.as_str())],
        &[("Authorization", "Basic xyz"), ("Authorization", bearer.as_str())],
        &[("Cookie", several.as_str())],
    ] {
        assert_eq!(post(&app, "/profile", headers).await.status, 200, "{headers:?}");
    }
    assert!(is_unauthorized(&post(&app, "/profile", &[("Authorization", "Bearer rubbish")]).await));
    app.end().await;
}

#[tokio::test]
async fn every_request_of_a_run_needs_the_session() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let own = flow.headers.clone();
    flow.headers.clear();
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert!(is_unauthorized(&flow.answer), "{}", flow.answer.text());
    let mut flow = open(&app, &own[0].1, modern()).await;
    assert_eq!(flow.document()["payload"]["user"].get("metadata"), None, "nothing was changed");
    let out = send(app.request(Method::POST, "/logout").header("Cookie", &own[0].1)).await;
    assert_eq!(out.status, 204);
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert!(is_unauthorized(&flow.answer), "{}", flow.answer.text());
    assert_eq!(flow.answer.header("set-cookie"), "");
    app.end().await;
}

#[tokio::test]
async fn q2_a_run_belongs_to_whoever_began_it() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let jane = cookie(&flow);
    let stranger = register(&app, "john@x.de").await.answer.cookie();
    flow.headers[0].1 = stranger.clone();
    let before = flow.answer.clone();
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert_eq!(outcome(&flow), refused(403, "error", "operation_not_permitted_error"));
    for cookie in [&jane, &stranger] {
        let flow = open(&app, cookie, modern()).await;
        assert_eq!(flow.document()["payload"]["user"].get("metadata"), None);
    }
    flow.headers[0].1 = jane.clone();
    flow.answer = before;
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "its owner goes on");
    // Another session of the same user may go on with it.
    let other = crate::sign_in(&app, "jane@x.de").await;
    flow.headers[0].1 = other;
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 2}})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.end().await;
}

#[tokio::test]
async fn item_29_an_action_that_is_not_offered_is_refused() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let document = flow.document();
    let href = document["actions"]["patch_metadata"]["href"].as_str().unwrap().to_owned();
    for action in
        ["account_delete", "password_create", "session_delete", "username_create", "verify_passcode", "nonsense"]
    {
        let href = href.replace("patch_metadata", action);
        let body = json!({"input_data": {}, "csrf_token": document["csrf_token"]});
        let answer = send(app.request(Method::POST, &href).header("Cookie", cookie(&flow)).json(&body)).await;
        flow.answer = answer;
        assert_eq!(outcome(&flow), refused(403, "error", "operation_not_permitted_error"), "{action}");
    }
    assert!(holds(&app, &cookie(&flow)).await);
    app.end().await;
}

#[tokio::test]
async fn an_idle_session_ends_here_too_and_its_cookie_goes() {
    // Q1.
    let session = json!({"idleTimeout": "10m", "cookie": {"domain": "acme.localhost"}});
    let app = TestApp::with(unlimited(json!({"session": session}))).await;
    let cookie = register(&app, "jane@x.de").await.answer.cookie();
    let known = database::events(&app).await.len();
    app.clock.advance(Duration::from_secs(9 * 60));
    let mut flow = open(&app, &cookie, modern()).await;
    app.clock.advance(Duration::from_secs(9 * 60));
    flow.act("patch_metadata", json!({"patch_metadata": {"a": 1}})).await;
    assert_eq!(outcome(&flow), fine("profile_init"), "every request of the run keeps it alive");
    let listed = flow.document()["payload"]["sessions"][0].clone();
    app.clock.advance(Duration::from_secs(10 * 60 + 1));
    let answer = post(&app, "/profile", &[("Cookie", &cookie)]).await;
    assert!(is_unauthorized(&answer), "{}", answer.text());
    // FC-48: what takes the cookie away has the attributes it was set with.
    assert_eq!(answer.header("set-cookie"), FORGET.replace("Path=/;", "Path=/; Domain=acme.localhost;"));
    let events = crate::events_since(&app, known).await;
    let expired: Vec<_> = events.iter().filter(|(name, _)| name == "session.delete.passive.expire").collect();
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].1["id"], listed["id"]);
    let members: Vec<&str> = expired[0].1.as_object().unwrap().keys().map(String::as_str).collect();
    for name in ["id", "user_id", "user_agent", "ip_address", "created_at", "updated_at", "expires_at", "last_used"] {
        assert!(members.contains(&name), "{name} in {members:?}");
    }
    let again = post(&app, "/profile", &[("Cookie", &cookie)]).await;
    assert!(is_unauthorized(&again) && again.header("set-cookie").is_empty(), "it is gone already");
    app.end().await;
}

#[tokio::test]
async fn a_token_is_renewed_on_the_way_in_both_modes() {
    let minute = Duration::from_secs(60);
    for header_mode in [false, true] {
        let session = json!({"session": {"enableAuthTokenHeader": header_mode}});
        let app = TestApp::with(unlimited(session)).await;
        let answer = register(&app, "jane@x.de").await.answer;
        let (name, value) = if header_mode {
            ("Authorization", format!("Bearer {}", answer.header("x-auth-token")))
        } else {
            ("Cookie", answer.cookie())
        };
        app.clock.advance(29 * minute);
        let early = post(&app, "/profile", &[(name, &value)]).await;
        assert_eq!((early.header("set-cookie"), early.header("x-auth-token")), (String::new(), String::new()));
        app.clock.advance(2 * minute);
        let late = post(&app, "/profile", &[(name, &value)]).await;
        assert_eq!((late.status.as_u16(), late.header("x-session-lifetime").as_str()), (200, "3600"));
        let renewed = if header_mode {
            assert_eq!(late.header("set-cookie"), "");
            ("Authorization", format!("Bearer {}", late.header("x-auth-token")))
        } else {
            assert_eq!(late.header("x-auth-token"), "");
            ("Cookie", late.cookie())
        };
        assert_ne!(renewed.1, value);
        app.clock.advance(30 * minute);
        assert!(is_unauthorized(&post(&app, "/profile", &[(name, &value)]).await), "the old token has expired");
        let flow = Flow::begin_with(&app, "/profile", &[(renewed.0, &renewed.1)]).await;
        assert_eq!(outcome(&flow), fine("preflight"));
        app.end().await;
    }
}

#[tokio::test]
async fn tokens_that_are_no_session_of_this_tenant_are_nobody() {
    let prepared = TestApp::prepare(unlimited(json!({}))).await;
    prepared.write("second.yaml", "beta", &json!({
        "hosts": ["auth.beta.localhost"],
        "mail": {"from": {"address": "login@beta.test"}, "smtp": {"host": "127.0.0.1", "port": prepared.mailbox.port(), "tls": "none"}},
    }));
    let app = prepared.run(Default::default()).await;
    let (here, there) = (("Host", "auth.acme.localhost"), ("Host", "auth.beta.localhost"));
    let mut flow = Flow::begin_with(&app, "/registration", &[here]).await;
    for (action, inputs) in [
        ("register_client_capabilities", json!({"webauthn_available": false})),
        ("register_login_identifier", json!({"email": "jane@x.de"})),
        ("verify_passcode", Value::Null),
        ("register_password", json!({"new_password": crate::PASSWORD})),
        ("skip", json!({})),
    ] {
        let inputs = match inputs {
            Value::Null => json!({"code": app.mailbox.take("jane@x.de").await.code()}),
            inputs => inputs,
        };
        flow.act(action, inputs).await;
    }
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    let cookie = flow.answer.cookie();
    assert_eq!(post(&app, "/profile", &[here, ("Cookie", &cookie)]).await.status, 200);
    assert!(is_unauthorized(&post(&app, "/profile", &[there, ("Cookie", &cookie)]).await));
    app.end().await;

    let app = TestApp::with(unlimited(json!({}))).await;
    let jane = register(&app, "jane@x.de").await;
    let claims = jane.document()["payload"]["claims"].clone();
    let (subject, session) = (claims["subject"].clone(), claims["session_id"].clone());
    let at = app.clock.now().seconds();
    let forge = async |claims: Value| {
        let token = sign(&app, claims.as_object().unwrap()).await;
        post(&app, "/profile", &[("Authorization", &format!("Bearer {token}"))]).await
    };
    let good = json!({"sub": subject, "session_id": session, "iat": at, "exp": at + 600, "aud": ["x"]});
    assert_eq!(forge(good.clone()).await.status, 200, "this is the tenant's key");
    let nowhere = json!("3b241101-e2bb-4255-8caf-4136c566a962");
    for (name, change) in [
        ("a webhook's", json!({"sub": "hanko webhooks", "session_id": null})),
        ("a webhook's with a session", json!({"sub": "hanko webhooks"})),
        ("without a session", json!({"session_id": null})),
        ("of no session", json!({"session_id": nowhere})),
        ("of somebody else", json!({"sub": nowhere})),
        ("no UUID", json!({"session_id": "x"})),
        ("expired", json!({"iat": at - 20, "exp": at - 10})),
        ("that expires now", json!({"exp": at})),
        ("from the future", json!({"iat": at + 60})),
        ("not yet good", json!({"nbf": at + 60})),
        ("without an end", json!({"exp": null})),
    ] {
        let mut claims = good.clone();
        crate::support::merge(&mut claims, change);
        let answer = forge(claims).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (401, UNAUTHORIZED), "{name}");
    }
    app.end().await;
}

/// Signs with the tenant's own key, as a webhook is signed.
async fn sign(app: &TestApp, claims: &Map<String, Value>) -> String {
    // The process keeps its own file to itself.
    let copy = app.documents().parent().unwrap().join("copy.db");
    let _ = std::fs::remove_file(&copy);
    database::execute(app, AssertSqlSafe(format!("VACUUM INTO '{}'", copy.display()))).await;
    let store = Store::open(&DatabaseUrl::Sqlite(copy), PoolSize(1)).unwrap();
    let tenant = app.revision().await["tenants"][0]["tenantId"].as_str().unwrap().parse().unwrap();
    let key = std::fs::read(app.secrets().join("tenants/acme-keys/k1")).unwrap();
    let master = MasterKeys::from_entries([("k1".to_owned(), key)]).unwrap();
    let sealer = Sealer::new(&master, tenant).unwrap();
    let clock = Clock::manual(app.clock.now());
    let keys = SigningKeys::load_or_create(&store.tenant(tenant), &sealer, 2048, false, &clock, &Random::system())
        .await
        .unwrap();
    keys.sign(claims).unwrap()
}

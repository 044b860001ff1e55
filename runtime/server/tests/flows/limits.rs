//! Limits that protect accounts and mailboxes (`spec/flow-login-registration.md` §4.15, `spec/decisions.md` 24).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, audit,
    browser::{self, Browser},
    input_error, modern, plain, register,
    support::{Flow, TestApp, merge},
    totp,
};

/// The project's clients are behind a proxy.
fn proxied(settings: Value) -> Value {
    json!({
        "clientIp": {"extractor": "xForwardedFor", "trustedProxies": ["127.0.0.0/8"]},
        "settings": settings,
    })
}

/// A login by a client at this address, who has named an account.
async fn from<'a>(app: &'a TestApp, ip: &str, capabilities: Value, account: Value) -> Flow<'a> {
    let mut flow = Flow::begin_with(app, "/login", &[("X-Forwarded-For", ip)]).await;
    flow.act("register_client_capabilities", capabilities).await;
    flow.act("continue_with_login_identifier", account).await;
    flow
}

/// What a password comes to, typed by a client at this address.
async fn attempt<'a>(app: &'a TestApp, ip: &str, address: &str, password: &str) -> Flow<'a> {
    let mut flow = from(app, ip, plain(), json!({"email": address})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": password})).await;
    flow
}

/// Fifty failures from fifty addresses, and how many of them were refused for their number.
async fn attack(app: &TestApp, address: &str) -> usize {
    let mut refused = 0;
    for n in 1..=50 {
        let flow = attempt(app, &format!("203.0.113.{n}"), address, "wrong").await;
        let document = flow.document();
        assert_eq!(document["name"], "login_password");
        if document["status"] == 429 {
            assert_eq!(document["payload"], json!({"retry_after": 3600}), "{n}");
            refused += 1;
        } else {
            assert_eq!(input_error(&flow, "password_login", "password"), "value_invalid_error", "{n}");
        }
    }
    refused
}

#[tokio::test]
async fn fc52_a_flood_of_wrong_passwords_does_not_keep_the_owner_out() {
    let mut spec = proxied(json!({"passkey": {"acquireOnLogin": "never"}}));
    merge(&mut spec, json!({"hosts": ["auth.acme.test"], "origins": [browser::PAGE]}));
    spec["publicUrl"] = Value::Null;
    let (app, mut browser) = (TestApp::with(spec).await, Browser::default());
    let mut flow = totp::register_up_to_chooser(&app, "jane@x.de", modern()).await;
    let secret = totp::set_up(&app, &mut flow).await;
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&options).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    app.clock.advance(Duration::from_secs(120));
    let mut flow = attempt(&app, "198.51.100.1", "jane@x.de", PASSWORD).await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    flow.act("trust_device", json!({})).await;
    let cookies = flow.answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    let device = cookies.into_iter().find(|cookie| cookie.starts_with("hanko-device-token=")).unwrap();
    app.clock.advance(Duration::from_secs(3600));

    assert_eq!(attack(&app, "jane@x.de").await, 20);

    // (a) From a device that was trusted, wherever it is; and from where a session lives.
    let device = device.split(';').next().unwrap();
    let mut flow = Flow::begin_with(&app, "/login", &[("X-Forwarded-For", "192.0.2.9"), ("Cookie", device)]).await;
    flow.act("register_client_capabilities", plain()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(
        attempt(&app, "192.0.2.9", "jane@x.de", PASSWORD).await.state(),
        "login_otp",
        "a session lives there now"
    );
    // (b) By passkey.
    let mut flow = Flow::begin_with(&app, "/login", &[("X-Forwarded-For", "192.0.2.10")]).await;
    flow.act("register_client_capabilities", modern()).await;
    let assertion = browser.get(&flow.document()).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    // (c) By a code.
    let mut flow = from(&app, "192.0.2.11", plain(), json!({"email": "jane@x.de"})).await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let limit_notice = app.mailbox.take("jane@x.de").await.text;
    let code = app.mailbox.take("jane@x.de").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "login_otp");
    // (d) Not by the password from a new address.
    let flow = attempt(&app, "192.0.2.12", "jane@x.de", PASSWORD).await;
    assert_eq!(flow.document()["payload"]["retry_after"], 3600);

    // One entry and one mail, not fifty.
    let reached: Vec<_> = audit::rows(&app).await.into_iter().filter(|row| row.0 == "password_limit_reached").collect();
    assert_eq!(reached.len(), 1, "{reached:?}");
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    assert!(limit_notice.contains("password"), "{limit_notice}");

    // It ends by time, and another one is told again.
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(attempt(&app, "192.0.2.13", "jane@x.de", PASSWORD).await.state(), "login_otp");
    assert_eq!(attack(&app, "jane@x.de").await, 21);
    let told = audit::types(&app).await.into_iter().filter(|kind| kind == "password_limit_reached").count();
    assert_eq!(told, 2);
    app.mailbox.take("jane@x.de").await;
    app.end().await;
}

#[tokio::test]
async fn an_unknown_account_is_limited_like_a_known_one() {
    let app = TestApp::with(proxied(json!({}))).await;
    assert_eq!(attack(&app, "nobody@x.de").await, 20);
    let rows: Vec<_> = audit::rows(&app).await.into_iter().filter(|row| row.0 == "password_limit_reached").collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        audit::count(&app, "SELECT COUNT(*) FROM audit_logs WHERE actor_user_id IS NOT NULL").await,
        0,
        "and nobody is told"
    );
    assert_eq!(app.waiting_deliveries().await, 0);
    app.end().await;
}

#[tokio::test]
async fn an_account_has_one_limit_whatever_it_is_called() {
    let limits = json!({"accountLimits": {"tokens": 4, "interval": "10m"}});
    let app = TestApp::with(proxied(json!({"username": {"enabled": true}, "rateLimiter": limits}))).await;
    let mut flow =
        totp::register_up_to_chooser_as(&app, json!({"email": "jane@x.de", "username": "jane"}), plain()).await;
    flow.act("skip", json!({})).await;
    for (n, name) in ["jane", "jane@x.de", "JANE", "Jane@X.de", "jane", "jane@x.de"].into_iter().enumerate() {
        let mut flow = from(&app, &format!("203.0.113.{n}"), plain(), json!({"identifier": name})).await;
        flow.act("continue_to_password_login", json!({})).await;
        let document = flow.act("password_login", json!({"password": "wrong"})).await;
        assert_eq!(document["status"], if n < 4 { 400 } else { 429 }, "{name}");
    }
    app.end().await;
}

#[tokio::test]
async fn an_account_may_be_asked_for_so_many_codes_of_its_app_from_everywhere() {
    let limits = json!({"accountLimits": {"tokens": 4, "interval": "10m"}});
    let app = TestApp::with(proxied(json!({"rateLimiter": limits}))).await;
    let secret = totp::register_with_totp(&app, "jane@x.de").await;
    for n in 0..6 {
        let mut flow = attempt(&app, &format!("203.0.113.{n}"), "jane@x.de", PASSWORD).await;
        if n >= 4 {
            assert_eq!(flow.document()["status"], 429, "passwords are counted too, right ones like wrong ones");
            continue;
        }
        assert_eq!(flow.act("otp_code_validate", json!({"otp_code": "x"})).await["status"], 400);
    }
    app.clock.advance(Duration::from_secs(600));
    let mut flows = Vec::new();
    for n in 0..3 {
        flows.push(attempt(&app, &format!("198.51.100.{n}"), "jane@x.de", PASSWORD).await);
    }
    let mut statuses = Vec::new();
    for flow in &mut flows {
        for _ in 0..2 {
            statuses.push(flow.act("otp_code_validate", json!({"otp_code": "x"})).await["status"].clone());
        }
    }
    assert_eq!(statuses, [400, 400, 400, 400, 429, 429]);
    assert!(flows[2].document()["payload"]["retry_after"].as_u64().unwrap() > 500);
    let mut owner = attempt(&app, "127.0.0.1", "jane@x.de", PASSWORD).await;
    let code = totp::code(&app, &secret, 0);
    let document = owner.act("otp_code_validate", json!({"otp_code": code})).await;
    assert_eq!(document["name"], "device_trust", "from where a session lives: {document:#}");
    app.end().await;
}

#[tokio::test]
async fn one_mailbox_gets_so_many_mails_whoever_asks_for_them() {
    let limits = json!({"recipientLimits": {"tokens": 3, "interval": "30m"}});
    let app = TestApp::with(proxied(json!({"rateLimiter": limits}))).await;
    register(&app, "jane@x.de").await;
    for address in ["jane@x.de", "nobody@x.de"] {
        let mut statuses = Vec::new();
        for n in 0..4 {
            let mut flow = from(&app, &format!("203.0.113.{n}"), plain(), json!({"email": address})).await;
            let document = flow.act("continue_to_passcode_confirmation", json!({})).await;
            assert_eq!(document["name"], "passcode_confirmation");
            statuses.push(document["status"].clone());
            if document["status"] == 429 {
                assert_eq!(document["payload"], json!({"resend_after": 1800}));
            }
        }
        // The registration has sent one to Jane.
        assert_eq!(statuses, if address == "jane@x.de" { [200, 200, 429, 429] } else { [200, 200, 200, 429] });
    }
    let mut flow = from(&app, "127.0.0.1", plain(), json!({"email": "jane@x.de"})).await;
    let document = flow.act("continue_to_passcode_confirmation", json!({})).await;
    assert_eq!(document["status"], 200, "the owner, from where a session lives: {document:#}");
    app.end().await;
}

#[tokio::test]
async fn one_client_asks_for_so_many_mails_whomever_they_are_for() {
    let limits = json!({"mailClientLimits": {"tokens": 3, "interval": "30m"}});
    let app = TestApp::with(proxied(json!({"rateLimiter": limits}))).await;
    for (n, ip, status) in [
        (0, "203.0.113.1", 200),
        (1, "203.0.113.1", 200),
        (2, "203.0.113.1", 200),
        (3, "203.0.113.1", 429),
        (4, "203.0.113.2", 200),
        (5, "2001:db8::1", 200),
        (6, "2001:db8::2", 200),
        (7, "2001:db8::3", 200),
        (8, "2001:db8::4", 429),
    ] {
        let mut flow = Flow::begin_with(&app, "/registration", &[("X-Forwarded-For", ip)]).await;
        flow.act("register_client_capabilities", plain()).await;
        let document = flow.act("register_login_identifier", json!({"email": format!("a{n}@x.de")})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("passcode_confirmation"), &json!(status)), "{n}");
    }
    app.end().await;
}

#[tokio::test]
async fn limits_that_are_off_refuse_nobody() {
    let one = json!({"tokens": 1, "interval": "1h"});
    let limits = json!({
        "enabled": false, "passwordLimits": one, "passcodeLimits": one, "otpLimits": one, "accountLimits": one,
        "recipientLimits": one, "mailClientLimits": one, "floodLimits": one,
    });
    let app = TestApp::with(proxied(json!({"rateLimiter": limits}))).await;
    totp::register_with_totp(&app, "jane@x.de").await;
    for _ in 0..3 {
        attempt(&app, "203.0.113.1", "jane@x.de", "wrong").await;
        let mut flow = attempt(&app, "203.0.113.1", "jane@x.de", PASSWORD).await;
        assert_eq!(flow.act("otp_code_validate", json!({"otp_code": "x"})).await["status"], 400);
        let mut flow = from(&app, "203.0.113.1", plain(), json!({"email": "jane@x.de"})).await;
        assert_eq!(flow.act("continue_to_passcode_confirmation", json!({})).await["status"], 200);
        assert_eq!(flow.act("resend_passcode", json!({})).await["status"], 200);
    }
    assert_eq!(audit::count(&app, "SELECT COUNT(*) FROM limits").await, 0);
    app.end().await;
}

#[tokio::test]
async fn projects_of_one_process_do_not_share_their_limits() {
    let prepared = TestApp::prepare(json!({})).await;
    let mail = json!({
        "from": {"address": "login@beta.test"},
        "smtp": {"host": "127.0.0.1", "port": prepared.mailbox.port(), "tls": "none"},
    });
    prepared.write("beta.yaml", "beta", &json!({"hosts": ["auth.beta.localhost"], "mail": mail}));
    let app = prepared.run(Default::default()).await;
    let statuses = async |host: &str| {
        let mut flow = Flow::begin_with(&app, "/login", &[("Host", host)]).await;
        flow.act("register_client_capabilities", plain()).await;
        flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
        flow.act("continue_to_password_login", json!({})).await;
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(flow.act("password_login", json!({"password": "wrong"})).await["status"].clone());
        }
        statuses
    };
    for host in ["auth.acme.localhost", "auth.beta.localhost"] {
        assert_eq!(statuses(host).await, [400, 400, 400, 400, 400, 429], "{host}");
    }
    app.end().await;
}

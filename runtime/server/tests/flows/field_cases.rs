//! Trouble that others had in the field, tried on the flows; each test is named after its case.

use aws_lc_rs::digest;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin,
    browser::{self, Browser},
    database, identify, input_error, modern, plain, register,
    support::{Flow, TestApp, send},
};

/// Registers an address with a password and a passkey made by this browser.
async fn register_with_passkey(app: &TestApp, browser: &mut Browser, address: &str) {
    let mut flow = up_to_attestation(app, address).await;
    let created = browser.create(&flow.document()).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
}

/// A registration whose browser is about to make a passkey.
async fn up_to_attestation<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": address})).await;
    let code = app.mailbox.take(address).await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    flow.act("webauthn_generate_creation_options", json!({})).await;
    assert_eq!(flow.state(), "onboarding_verify_passkey_attestation", "{:#}", flow.document());
    flow
}

/// Signs in by autofill, the authenticator's answer changed by `change`.
async fn autofill<'a>(app: &'a TestApp, browser: &mut Browser, change: impl FnOnce(&mut Value)) -> Flow<'a> {
    let mut flow = begin(app, "/login", modern()).await;
    let mut assertion = browser.get(&flow.document()).await;
    change(&mut assertion);
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    flow
}

fn no_mfa() -> Value {
    json!({"mfa": {"enabled": false}, "rateLimiter": {"enabled": false}})
}

#[tokio::test]
async fn fc02_a_passkey_may_change_its_mind_about_backup() {
    let (app, mut browser) = (browser::app(no_mfa()).await, Browser::default());
    register_with_passkey(&app, &mut browser, "jane@x.de").await;
    let flags = "SELECT CAST(backup_eligible AS TEXT) FROM webauthn_credentials";
    let said = database::texts(&app, flags).await;
    let turn = "UPDATE webauthn_credentials SET backup_eligible = 1 - backup_eligible";
    database::execute(&app, turn).await;
    let flow = autofill(&app, &mut browser, |_| {}).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    assert_eq!(database::texts(&app, flags).await, said, "what it says now is kept");
    let rows = audit::rows(&app).await;
    let row = rows.iter().find(|row| row.0 == "passkey_backup_changed").unwrap();
    let details: Value = serde_json::from_str(&row.2).unwrap();
    assert_eq!(details["backup_eligible"], said[0] == "1");
    assert_eq!(autofill(&app, &mut browser, |_| {}).await.state(), "success");
    let changes = audit::types(&app).await.into_iter().filter(|kind| kind == "passkey_backup_changed").count();
    assert_eq!(changes, 1, "only a change is told");
    app.end().await;
}

#[tokio::test]
async fn fc03_a_key_that_cannot_be_read_is_refused_with_its_reason() {
    // From the flags on. Both keys are Ed25519, which is not offered; the map of the first one counts a pair too few.
    let bad = "4500000001000000000000000000000000000000000020\
        4f49d1a8046aeaf3bab3d7ec0bca701d206ff99e81411f9d714fa5efada03756\
        a301634f4b5003272067456432353531392158207906045cf0cc3dfabf0197ef7208c20c7b0fe228bad8f62d95fe6c0c77a51875";
    let good = "4500000001000000000000000000000000000000000020\
        4f49d1a8046aeaf3bab3d7ec0bca701d206ff99e81411f9d714fa5efada03756\
        a40101032720062158207906045cf0cc3dfabf0197ef7208c20c7b0fe228bad8f62d95fe6c0c77a51875";
    let (app, mut browser) = (browser::app(no_mfa()).await, Browser::default());
    let mut flow = up_to_attestation(&app, "jane@x.de").await;
    let options = flow.document();
    for (rest, expected) in [(bad, "leftover bytes"), (good, "algorithm -8 was not offered")] {
        let rp_id_hash = digest::digest(&digest::SHA256, b"acme.test");
        let data = [rp_id_hash.as_ref(), &HEXLOWER.decode(rest.as_bytes()).unwrap()].concat();
        let length = u8::try_from(data.len()).unwrap();
        let object = [b"\xa3cfmtdnonegattStmt\xa0hauthData\x58".as_slice(), &[length], &data].concat();
        let challenge = &options["payload"]["creation_options"]["publicKey"]["challenge"];
        let client_data = json!({"type": "webauthn.create", "challenge": challenge, "origin": browser::PAGE});
        let id = "T0nRqARq6vO6s9fsC8pwHSBv-Z6BQR-dcU-l762gN1Y";
        let created = json!({
            "type": "public-key", "id": id, "rawId": id,
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.to_string().as_bytes()),
                "attestationObject": BASE64URL_NOPAD.encode(&object),
            },
        });
        let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
        assert_eq!((&document["status"], &document["error"]["code"]), (&json!(401), &json!("passkey_invalid")));
        let rows = audit::rows(&app).await;
        let reason = rows.last().unwrap().1.clone().unwrap_or_default();
        assert!(reason.contains(expected), "{reason}");
    }
    let created = browser.create(&options).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

/// The forms of `userHandle` that bridges and extensions send, and whether they are good where nobody and where somebody was
/// named before.
fn handles(correct: &Value) -> Vec<(Option<Value>, bool, bool)> {
    vec![
        (Some(correct.clone()), true, true),
        (Some(Value::Null), false, true),
        (None, false, true),
        (Some(json!("")), false, true),
        (Some(json!(BASE64URL_NOPAD.encode(&[7; 16]))), false, false),
        (Some(json!("not*base64")), false, false),
        (Some(json!(7)), false, false),
    ]
}

#[tokio::test]
async fn fc05_a_user_handle_may_be_missing_where_the_user_is_known() {
    let mut settings = no_mfa();
    settings["privacy"] = json!({"onlyShowActualLoginMethods": true});
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    register_with_passkey(&app, &mut browser, "jane@x.de").await;
    let mut probe = begin(&app, "/login", modern()).await;
    let correct = browser.get(&probe.document()).await["response"]["userHandle"].clone();
    probe.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    for (handle, discovered, known) in handles(&correct) {
        let put = |assertion: &mut Value| {
            let response = assertion["response"].as_object_mut().unwrap();
            match &handle {
                Some(handle) => response.insert("userHandle".into(), handle.clone()),
                None => response.remove("userHandle"),
            };
        };
        let flow = autofill(&app, &mut browser, put).await;
        assert_eq!(flow.state(), if discovered { "success" } else { "login_init" }, "{handle:?}");
        let mut flow = begin(&app, "/login", modern()).await;
        flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
        let document = flow.act("webauthn_generate_request_options", json!({})).await;
        let mut assertion = browser.get(&document).await;
        put(&mut assertion);
        let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
        assert_eq!(document["name"], if known { "success" } else { "login_passkey" }, "{handle:?}");
        if !known {
            assert_eq!((&document["status"], &document["error"]["code"]), (&json!(401), &json!("passkey_invalid")));
        }
    }
    app.end().await;
}

#[tokio::test]
async fn fc05_members_that_need_not_be_there_may_be_missing() {
    let (app, mut browser) = (browser::app(no_mfa()).await, Browser::default());
    let mut flow = up_to_attestation(&app, "jane@x.de").await;
    let strip = |answer: &mut Value| {
        for name in ["clientExtensionResults", "authenticatorAttachment", "type", "rawId"] {
            answer.as_object_mut().unwrap().remove(name);
        }
        for name in ["transports", "publicKeyAlgorithm", "publicKey", "authenticatorData"] {
            answer["response"].as_object_mut().unwrap().remove(name);
        }
    };
    let mut created = browser.create(&flow.document()).await;
    strip(&mut created);
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let flow = autofill(&app, &mut browser, |assertion| {
        for name in ["clientExtensionResults", "authenticatorAttachment"] {
            assertion.as_object_mut().unwrap().remove(name);
        }
    })
    .await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    app.end().await;
}

#[tokio::test]
async fn fc07_a_passkey_of_another_relying_party_is_no_way_in_until_it_is_back() {
    let mut settings = no_mfa();
    settings["privacy"] = json!({"onlyShowActualLoginMethods": true});
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    register_with_passkey(&app, &mut browser, "jane@x.de").await;
    let offers = async || {
        let mut flow = begin(&app, "/login", modern()).await;
        flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
        actions(&flow).contains(&"webauthn_generate_request_options".to_owned())
    };
    assert!(offers().await);
    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'auth.acme.test'").await;
    assert!(!offers().await, "it is not counted");
    let flow = autofill(&app, &mut browser, |_| {}).await;
    assert_eq!((flow.state().as_str(), flow.answer.status.as_u16()), ("login_init", 401));
    let rows = audit::rows(&app).await;
    let reason = rows.last().unwrap().1.clone().unwrap();
    assert!(reason.contains("auth.acme.test"), "the log names the one it was made for: {reason}");
    let flow = crate::totp::sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!(flow.state(), "onboarding_create_passkey", "and a new one is offered");
    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'acme.test'").await;
    assert!(offers().await);
    assert_eq!(autofill(&app, &mut browser, |_| {}).await.state(), "success");
    app.end().await;
}

#[tokio::test]
async fn fc09_of_two_open_ceremonies_a_failed_one_does_not_spoil_the_other() {
    let (app, mut browser) = (browser::app(no_mfa()).await, Browser::default());
    register_with_passkey(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let mut older = browser.get(&flow.document()).await;
    older["response"]["signature"] = json!("AAAA");
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let newer = browser.get(&document).await;
    let refused = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": older})).await;
    assert_eq!((&refused["name"], &refused["status"]), (&json!("login_passkey"), &json!(401)));
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": newer})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn fc09_autofill_goes_on_after_a_credential_that_was_deleted() {
    let (app, mut gone, mut browser) = (browser::app(no_mfa()).await, Browser::default(), Browser::default());
    register_with_passkey(&app, &mut gone, "gone@x.de").await;
    database::execute(&app, "DELETE FROM webauthn_credentials").await;
    register_with_passkey(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    for _ in 0..8 {
        let assertion = gone.get(&flow.document()).await;
        let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("login_init"), &json!(401)));
    }
    let assertion = browser.get(&flow.document()).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn fc37_an_address_that_needs_smtputf8_signs_up_and_in() {
    // What a server without it makes of the mail is the mail worker's to test.
    let app = TestApp::with(json!({"settings": no_mfa()})).await;
    let flow = register(&app, "José@fern.test").await;
    assert_eq!(flow.document()["payload"]["user"]["emails"][0]["address"], "José@fern.test");
    let mut flow = identify(&app, "JOSÉ@FERN.test").await;
    flow.act("continue_to_passcode_confirmation", json!({})).await;
    let code = app.mailbox.take("José@fern.test").await.code();
    assert_eq!(flow.act("verify_passcode", json!({"code": code})).await["name"], "success");
    // The same letters written in another way are no second account.
    let flow = identify(&app, "jose\u{301}@fern.test").await;
    assert_eq!(input_error(&flow, "continue_with_login_identifier", "email"), "value_invalid_error");
    app.end().await;
}

#[tokio::test]
async fn fc48_the_cookie_of_a_login_and_of_its_end_have_the_same_attributes() {
    let session = json!({"cookie": {"domain": ".acme.test", "sameSite": "lax"}});
    let app = browser::app(json!({"session": session})).await;
    let flow = register(&app, "jane@x.de").await;
    let attributes = "; Path=/; Domain=acme.test; Max-Age=3600; HttpOnly; Secure; SameSite=Lax";
    let cookie = flow.answer.header("set-cookie");
    assert!(cookie.starts_with("hanko=ey") && cookie.ends_with(attributes), "{cookie}");
    let request = app.request(reqwest::Method::POST, "/logout").header("cookie", flow.answer.cookie());
    let cleared = send(request).await.header("set-cookie");
    assert_eq!(cleared, format!("hanko={}", attributes.replace("3600", "0")));
    app.end().await;
}

#[tokio::test]
async fn fc50_the_host_header_decides_nothing() {
    let app = TestApp::start().await;
    let evil = [
        ("Host", "evil.test"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.test"),
    ];
    let mut flow = Flow::begin_with(&app, "/registration", &evil).await;
    flow.act("register_client_capabilities", plain()).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(!mail.text.contains("evil.test"), "{}", mail.text);
    flow.act("verify_passcode", json!({"code": mail.code()})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["claims"]["audience"], json!(["acme.localhost"]));
    let cookie = flow.answer.header("set-cookie");
    assert!(!document.to_string().contains("evil.test") && !cookie.contains("evil.test"), "{cookie}");

    let mut flow = Flow::begin_with(&app, "/login", &evil).await;
    flow.act("register_client_capabilities", plain()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    let document = flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    assert!(!document.to_string().contains("evil.test"));
    let mail = app.mailbox.take("jane@x.de").await;
    assert!(!mail.text.contains("evil.test"), "{}", mail.text);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fc83_many_logins_at_once_are_answered_or_told_to_wait_and_the_rest_goes_on() {
    let app = TestApp::with(json!({"settings": no_mfa()})).await;
    let session = register(&app, "jane@x.de").await.answer.cookie();
    let mut requests = Vec::new();
    for n in 0..60 {
        let (address, password) = match n % 3 {
            0 => ("jane@x.de", "wrong".to_owned()),
            1 => ("nobody@x.de", "wrong".to_owned()),
            _ => ("jane@x.de", "x".repeat(50_000)),
        };
        let mut flow = identify(&app, address).await;
        let document = flow.act("continue_to_password_login", json!({})).await;
        let href = app.url(document["actions"]["password_login"]["href"].as_str().unwrap());
        let body = json!({"input_data": {"password": password}, "csrf_token": document["csrf_token"]});
        requests.push(app.http.post(href).json(&body));
    }
    let requests: Vec<_> = requests.into_iter().map(|request| tokio::spawn(send(request))).collect();
    assert_eq!(app.get("/livez").await.status, 200);
    assert_eq!(app.get_with("/me", &[("cookie", &session)]).await.status, 200);
    for request in requests {
        let answer = request.await.unwrap();
        match answer.status.as_u16() {
            503 => assert!(!answer.header("retry-after").is_empty()),
            status => assert_eq!(status, 400, "{}", answer.text()),
        }
    }
    app.end().await;
}

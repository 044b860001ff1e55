//! Passkeys, security keys and authenticator apps (§6.2, §6.7, §6.12, §6.13, §6.17, §6.18, §6.20, §8, §9).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::{
    actions, at_home, at_home_as, audit, audit_since,
    browser::{self, Browser},
    database, events_since, fine, input_error, journeys, modern, open, outcome, plain, refused,
    support::{Flow, TestApp},
    unlimited, user,
};

/// A project on https.
pub async fn app(settings: Value) -> TestApp {
    browser::app(unlimited(settings)["settings"].clone()).await
}

/// Makes a passkey or, with `security_key_create`, a security key.
pub async fn make(flow: &mut Flow<'_>, browser: &mut Browser, action: &str) {
    let document = flow.act(action, json!({})).await;
    assert_eq!(outcome(flow), fine("webauthn_credential_verification"), "{document:#}");
    let created = browser.create(&document).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(outcome(flow), fine("profile_init"), "{:#}", flow.document());
}

/// Sets up an authenticator app and returns its secret.
pub async fn set_up_totp(app: &TestApp, flow: &mut Flow<'_>) -> String {
    let document = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
    flow.act("otp_code_verify", json!({"otp_code": journeys::code(app, &secret, 0)})).await;
    assert_eq!(outcome(flow), fine("profile_init"), "{:#}", flow.document());
    secret
}

fn only_id(flow: &Flow<'_>, kind: &str) -> Value {
    let list = user(flow)[kind].as_array().cloned().unwrap_or_default();
    assert_eq!(list.len(), 1);
    list[0]["id"].clone()
}

#[tokio::test]
async fn creation_options_of_both_kinds_are_as_the_contract_says() {
    let settings = json!({
        "username": {"enabled": true}, "passkey": {"attestationPreference": "none"},
        "mfa": {"securityKeys": {"attestationPreference": "indirect"}},
    });
    let app = app(settings).await;
    let mut flow = at_home_as(&app, json!({"email": "jane@x.de", "username": "jane"})).await;
    let id = user(&flow)["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    let id = BASE64URL_NOPAD.encode(id.as_bytes());
    let mut exclude: Vec<Value> = Vec::new();
    for (action, selection, attestation) in [
        (
            "webauthn_credential_create",
            json!({"requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"}),
            "none",
        ),
        (
            "security_key_create",
            json!({
                "authenticatorAttachment": "cross-platform", "requireResidentKey": false,
                "residentKey": "discouraged", "userVerification": "discouraged",
            }),
            // Q11.
            "indirect",
        ),
    ] {
        let document = flow.act(action, json!({})).await;
        assert_eq!(actions(&flow), ["back", "webauthn_verify_attestation_response"]);
        assert_eq!(
            document["actions"]["webauthn_verify_attestation_response"]["inputs"],
            json!({"public_key": {"name": "public_key", "type": "json", "required": true}})
        );
        let mut options = document["payload"]["creation_options"]["publicKey"].clone();
        let challenge = options["challenge"].as_str().unwrap().to_owned();
        assert_eq!(BASE64URL_NOPAD.decode(challenge.as_bytes()).unwrap().len(), 32);
        let mut expected = json!({
            "rp": {"name": "acme", "id": "acme.test"},
            "user": {"name": "jane@x.de", "displayName": "jane", "id": id},
            "challenge": challenge,
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -257},
            ],
            "timeout": 600_000,
            "authenticatorSelection": selection,
            "attestation": attestation,
        });
        if !exclude.is_empty() {
            expected["excludeCredentials"] = json!(exclude);
            for credential in options["excludeCredentials"].as_array_mut().unwrap() {
                credential.as_object_mut().unwrap().remove("transports");
            }
        }
        assert_eq!(options, expected, "{action}");
        assert_eq!(document["payload"].as_object().unwrap().len(), 1);
        let created = Browser::default().create(&document).await;
        flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{:#}", flow.document());
        exclude = vec![json!({"type": "public-key", "id": only_id(&flow, "passkeys")})];
        app.mailbox.take("jane@x.de").await;
    }
    app.end().await;
}

fn replace(answer: &Value, name: &str, value: Value) -> Value {
    let raw = BASE64URL_NOPAD.decode(answer["response"]["clientDataJSON"].as_str().unwrap().as_bytes()).unwrap();
    let mut data: Value = serde_json::from_slice(&raw).unwrap();
    data[name] = value;
    let mut answer = answer.clone();
    answer["response"]["clientDataJSON"] = json!(BASE64URL_NOPAD.encode(data.to_string().as_bytes()));
    answer
}

#[tokio::test]
async fn item_22_an_answer_for_another_page_or_challenge_is_refused() {
    let (app, mut browser) = (app(json!({})).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    let rows = audit::rows(&app).await.len();
    for case in 0..8 {
        let document = flow.act("webauthn_credential_create", json!({})).await;
        let good = browser.create(&document).await;
        let bad = match case {
            0 => replace(&good, "origin", json!("https://evil.test")),
            1 => replace(&good, "challenge", json!(BASE64URL_NOPAD.encode(&[7; 32]))),
            2 => replace(&good, "type", json!("webauthn.get")),
            3 => replace(&good, "crossOrigin", json!(true)),
            // Q15: no credential at all.
            4 => json!({}),
            5 => json!("nonsense"),
            6 => Value::Null,
            _ => {
                let mut answer = good.clone();
                answer["response"]["attestationObject"] = json!("AAAA");
                answer
            }
        };
        flow.act("webauthn_verify_attestation_response", json!({"public_key": bad})).await;
        assert_eq!(outcome(&flow), refused(401, "profile_init", "passkey_invalid"), "{case}");
        assert_eq!(flow.document()["error"]["message"], "The passkey is invalid.");
        assert_eq!(user(&flow).get("passkeys"), None);
        assert!(flow.document()["payload"]["sessions"].is_array(), "the whole profile");
        assert!(actions(&flow).contains(&"webauthn_credential_create".to_owned()));
    }
    let document = flow.act("webauthn_credential_create", json!({})).await;
    let late = browser.create(&document).await;
    app.clock.advance(Duration::from_secs(601));
    flow.act("webauthn_verify_attestation_response", json!({"public_key": late})).await;
    assert_eq!(outcome(&flow), refused(401, "profile_init", "passkey_invalid"), "too late");
    let rows = audit::rows(&app).await.into_iter().skip(rows).collect::<Vec<_>>();
    assert!(rows.iter().all(|(kind, error, _)| kind == "passkey_created" && error.is_some()), "{rows:?}");
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn item_23_a_passkey_is_kept_and_signs_in() {
    let (app, mut browser) = (app(json!({})).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    let passkey = user(&flow)["passkeys"][0].clone();
    assert_eq!((&passkey["mfa_only"], &passkey["last_used_at"]), (&json!(false), &passkey["created_at"]));
    assert_eq!(passkey["aaguid"], "00000000-0000-0000-0000-000000000000");
    assert!(!actions(&flow).contains(&"back".to_owned()));
    let rows = audit_since(&app, rows).await;
    let made = rows.iter().find(|(kind, _)| kind == "passkey_created").unwrap();
    assert_eq!((&made.1["passkey"], made.1.as_object().unwrap().len()), (&passkey["id"], 2));
    let told = rows.iter().find(|(kind, _)| kind == "security_notification_sent").unwrap();
    assert_eq!(told.1["template"], "passkey_create");
    app.mailbox.take("jane@x.de").await;
    assert_eq!(events_since(&app, known).await, [], "§8.4: no webhook");
    let mut login = journeys::begin(&app, "/login", modern()).await;
    let assertion = browser.get(&login.document()).await;
    login.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(login.state(), "success", "{:#}", login.document());
    app.end().await;
}

#[tokio::test]
async fn a_credential_is_renamed_and_removed_by_the_action_of_its_kind() {
    let (app, mut browser) = (app(json!({})).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    app.mailbox.take("jane@x.de").await;
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    app.mailbox.take("jane@x.de").await;
    let (passkey, security_key) = (only_id(&flow, "passkeys"), only_id(&flow, "security_keys"));
    let rows = audit::rows(&app).await.len();
    let name = "  my <key> \u{1f511} ";
    for (id, list) in [(&passkey, "passkeys"), (&security_key, "security_keys")] {
        for name in [name.to_owned(), "ä".repeat(255)] {
            flow.act("webauthn_credential_rename", json!({"passkey_id": id, "passkey_name": name})).await;
            assert_eq!(outcome(&flow), fine("profile_init"));
            assert_eq!(user(&flow)[list][0]["name"], name, "not trimmed");
        }
    }
    flow.act("webauthn_credential_rename", json!({"passkey_id": passkey, "passkey_name": "ä".repeat(256)})).await;
    assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"));
    assert_eq!(input_error(&flow, "webauthn_credential_rename", "passkey_name"), "value_too_long_error");
    let input = flow.document()["actions"]["webauthn_credential_rename"]["inputs"]["passkey_name"].clone();
    assert_eq!(input.get("max_length"), None, "not announced");
    assert_eq!(audit::rows(&app).await.len(), rows, "no entry");

    // Q6.
    flow.act("webauthn_credential_delete", json!({"passkey_id": security_key})).await;
    assert_eq!(outcome(&flow), refused(404, "profile_init", "not_found"));
    flow.act("security_key_delete", json!({"security_key_id": passkey})).await;
    assert_eq!(outcome(&flow), refused(404, "profile_init", "not_found"));
    flow.act("webauthn_credential_delete", json!({"passkey_id": passkey})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(user(&flow).get("passkeys"), None);
    let deleted = audit_since(&app, rows).await;
    assert_eq!((deleted.len(), deleted[0].0.as_str()), (1, "passkey_deleted"));
    assert_eq!(deleted[0].1["credential_id"], passkey);
    app.until_delivered().await;
    assert_eq!(app.mailbox.left(), 0, "§6.18: no mail");
    let rows = audit::rows(&app).await.len();
    flow.act("security_key_delete", json!({"security_key_id": security_key})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    app.mailbox.take("jane@x.de").await;
    let rows: Vec<String> = audit_since(&app, rows).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(rows, ["security_notification_sent"], "§6.13: no entry of its own");
    app.end().await;
}

#[tokio::test]
async fn item_24_the_last_passkey_stays_where_nothing_else_signs_in() {
    let settings = json!({"email": {"useForAuthentication": false}, "password": {"optional": true}});
    let (app, mut browser) = (app(settings).await, Browser::default());
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut browser, "webauthn_credential_create").await;
    assert!(actions(&flow).contains(&"webauthn_credential_delete".to_owned()), "the password is left");
    flow.act("password_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert!(!actions(&flow).contains(&"webauthn_credential_delete".to_owned()));
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    let last = only_id(&flow, "passkeys");
    flow.act("webauthn_credential_delete", json!({"passkey_id": last})).await;
    let refusal = refused(403, "profile_init", "operation_not_permitted_error");
    assert_eq!(outcome(&flow), refusal, "Q11: a security key is no way in");
    app.end().await;
}

#[tokio::test]
async fn item_20_an_authenticator_app_is_set_up_and_its_code_is_used_up() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    let first = flow.act("continue_to_otp_secret_creation", json!({})).await;
    assert_eq!(outcome(&flow), fine("mfa_otp_secret_creation"));
    assert_eq!(actions(&flow), ["back", "otp_code_verify"]);
    flow.act("back", json!({})).await;
    let shown = flow.act("continue_to_otp_secret_creation", json!({})).await;
    let secret = shown["payload"]["otp_secret"].as_str().unwrap().to_owned();
    assert_ne!(first["payload"]["otp_secret"], shown["payload"]["otp_secret"], "a new one after going back");
    assert_eq!(secret.len(), 32);
    let right: Vec<_> = (-1..=1).map(|steps| journeys::code(&app, &secret, steps)).collect();
    let wrong = (0..4).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap();
    for (typed, code) in
        [(wrong.as_str(), "passcode_invalid"), ("12345", "passcode_invalid"), ("", "value_missing_error")]
    {
        let document = flow.act("otp_code_verify", json!({"otp_code": typed})).await;
        assert_eq!(outcome(&flow), refused(400, "mfa_otp_secret_creation", "form_data_invalid_error"));
        assert_eq!(input_error(&flow, "otp_code_verify", "otp_code"), code);
        assert_eq!(document["payload"], shown["payload"], "the same secret and image");
    }
    let code = journeys::code(&app, &secret, 0);
    flow.act("otp_code_verify", json!({"otp_code": code})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(user(&flow)["mfa_config"]["auth_app_set_up"], true);
    let offered = actions(&flow);
    assert!(offered.contains(&"otp_secret_delete".to_owned()));
    assert!(!offered.contains(&"continue_to_otp_secret_creation".to_owned()) && !offered.contains(&"back".to_owned()));
    let rows = audit_since(&app, rows).await;
    let made = rows.iter().find(|(kind, _)| kind == "otp_created").unwrap();
    assert!(made.1["otp_secret"].as_str().is_some_and(|id| id.len() == 36) && made.1.as_object().unwrap().len() == 2);
    let told = rows.iter().find(|(kind, _)| kind == "security_notification_sent").unwrap();
    assert_eq!(told.1["template"], "mfa_create");
    app.mailbox.take("jane@x.de").await;
    assert_eq!(events_since(&app, known).await, []);
    assert!(!database::holds(&app, &secret), "sealed at rest");

    let mut login = journeys::sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(login.state(), "login_otp");
    login.act("otp_code_validate", json!({"otp_code": code})).await;
    assert_eq!(input_error(&login, "otp_code_validate", "otp_code"), "otp_code_already_used");
    let rows = audit::rows(&app).await.len();
    flow.act("otp_secret_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert!(actions(&flow).contains(&"continue_to_otp_secret_creation".to_owned()));
    app.mailbox.take("jane@x.de").await;
    let kinds: Vec<String> = audit_since(&app, rows).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["security_notification_sent"], "§6.7: no entry of its own");
    assert_eq!(journeys::sign_in_with_password(&app, "jane@x.de", plain()).await.state(), "success");
    app.end().await;
}

#[tokio::test]
async fn item_21_where_a_second_factor_is_mandatory_the_last_one_stays() {
    let (app, mut key) = (app(json!({"mfa": {"optional": false}})).await, Browser::without_verification());
    let mut flow = journeys::register_up_to_chooser(&app, "jane@x.de", plain()).await;
    journeys::set_up(&app, &mut flow).await;
    assert_eq!(flow.state(), "success");
    let mut flow = open(&app, &flow.answer.cookie(), modern()).await;
    assert!(!actions(&flow).contains(&"otp_secret_delete".to_owned()));
    make(&mut flow, &mut key, "security_key_create").await;
    let offered = actions(&flow);
    assert!(offered.contains(&"otp_secret_delete".to_owned()) && offered.contains(&"security_key_delete".to_owned()));
    flow.act("otp_secret_delete", json!({})).await;
    assert!(!actions(&flow).contains(&"security_key_delete".to_owned()));
    app.end().await;
}

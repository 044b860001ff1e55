//! The transcripts of the contract (§5), word for word but for what is drawn at random.

mod paths;

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin,
    browser::{self, Browser},
    modern, plain,
    support::{Flow, TestApp},
    totp,
};

/// Puts names in the place of what is drawn at random: the first id of a kind is `…1`.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(&mut self, document: &Value) -> Value {
        let mut document = document.clone();
        self.replace("", &mut document);
        document
    }

    fn replace(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("description");
                members.iter_mut().for_each(|(key, value)| self.replace(key, value));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace(key, value)),
            Value::String(text) => {
                if let Some((before, id)) = text.split_once("%40") {
                    *text = format!("{before}%40{}", self.name("flow", id));
                } else if ["csrf_token", "challenge", "session_id", "public_key"].contains(&key) && !text.is_empty() {
                    *text = self.name(key, &text.clone());
                } else if let Ok(id) = text.parse::<hanko_domain::FlowId>()
                    && key != "aaguid"
                {
                    *text = self.name("id", &id.to_string());
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, kind: &str, text: &str) -> String {
        let count = self.0.values().filter(|name| name.starts_with(kind)).count();
        self.0.entry(text.to_owned()).or_insert_with(|| format!("{kind}{}", count + 1)).clone()
    }
}

/// A document of the login or the registration. `error`: its status and code.
fn document(
    flow: &str,
    name: &str,
    token: usize,
    payload: Value,
    offers: Value,
    error: Option<(u16, &str, &str)>,
) -> Value {
    let offers = offers.as_object().unwrap().iter().map(|(action, inputs)| {
        let href = format!("/{flow}?action={action}%40flow1");
        (action.clone(), json!({"action": action, "href": href, "inputs": inputs}))
    });
    let mut document = json!({
        "name": name, "status": error.map_or(200, |error| error.0), "payload": payload, "links": null,
        "csrf_token": format!("csrf_token{token}"), "actions": Value::Object(offers.collect()),
    });
    if let Some((_, code, message)) = error {
        document["error"] = json!({"code": code, "message": message});
    }
    document
}

const INVALID: Option<(u16, &str, &str)> = Some((400, "form_data_invalid_error", "Form data invalid."));

fn code_input() -> Value {
    json!({"code": {"name": "code", "type": "string", "required": true}})
}

fn wrong(mut inputs: Value, name: &str, code: &str, message: &str) -> Value {
    inputs[name]["error"] = json!({"code": code, "message": message});
    inputs
}

fn capabilities() -> Value {
    let input = |name: &str| json!({"name": name, "type": "boolean", "hidden": true});
    let mut first = input("webauthn_available");
    first["required"] = json!(true);
    json!({"register_client_capabilities": {
        "webauthn_available": first,
        "webauthn_conditional_mediation_available": input("webauthn_conditional_mediation_available"),
        "webauthn_platform_authenticator_available": input("webauthn_platform_authenticator_available"),
    }})
}

const REQUEST_OPTIONS: fn(&str) -> Value = |challenge| {
    json!({"request_options": {"publicKey": {
        "challenge": challenge, "timeout": 600_000, "rpId": "acme.test", "userVerification": "preferred",
    }}})
};

fn login_init() -> Value {
    json!({
        "continue_with_login_identifier":
            {"email": {"name": "email", "type": "email", "min_length": 3, "max_length": 120, "required": true}},
        "webauthn_generate_request_options": {},
        "webauthn_verify_assertion_response":
            {"assertion_response": {"name": "assertion_response", "type": "json", "required": true}},
    })
}

/// §5.1.
#[tokio::test]
async fn registration_with_an_address_and_a_passkey() {
    let settings = json!({"password": {"enabled": false}, "mfa": {"enabled": false}, "session": {"lifespan": "12h"}});
    let (app, mut browser, mut names) = (browser::app(settings).await, Browser::default(), Names::default());
    let shown = |name, token, payload, offers, error| document("registration", name, token, payload, offers, error);
    let mut flow = Flow::begin(&app, "/registration").await;
    assert_eq!(names.of(&flow.document()), shown("preflight", 1, json!({}), capabilities(), None));

    let init = flow.act("register_client_capabilities", modern()).await;
    let email = json!({"email": {"name": "email", "type": "email", "max_length": 120, "required": true}});
    assert_eq!(
        names.of(&init),
        shown("registration_init", 2, json!({}), json!({"register_login_identifier": email}), None)
    );

    let confirmation = flow.act("register_login_identifier", json!({"email": "New@Example.com "})).await;
    let offers = |code: Value| json!({"back": {}, "resend_passcode": {}, "verify_passcode": code});
    assert_eq!(names.of(&confirmation), shown("passcode_confirmation", 3, json!({}), offers(code_input()), None));

    let code = app.mailbox.take("New@example.com").await.code();
    let other = if code == "000000" { "000001" } else { "000000" };
    let refused = flow.act("verify_passcode", json!({"code": other})).await;
    let input = wrong(code_input(), "code", "passcode_invalid", "The passcode is invalid.");
    assert_eq!(names.of(&refused), shown("passcode_confirmation", 4, json!({}), offers(input), INVALID));

    let onboarding = flow.act("verify_passcode", json!({"code": code})).await;
    let offers = json!({"skip": {}, "webauthn_generate_creation_options": {}});
    assert_eq!(names.of(&onboarding), shown("onboarding_create_passkey", 5, json!({}), offers, None));

    let creation = flow.act("webauthn_generate_creation_options", json!({})).await;
    let user = creation["payload"]["creation_options"]["publicKey"]["user"]["id"].clone();
    let options = json!({"creation_options": {"publicKey": {
        "rp": {"name": "acme", "id": "acme.test"},
        "user": {"name": "New@example.com", "displayName": "New@example.com", "id": user},
        "challenge": "challenge1",
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -257},
        ],
        "timeout": 600_000,
        "authenticatorSelection": {"requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"},
        "attestation": "direct",
    }}});
    let offers = json!({"back": {}, "webauthn_verify_attestation_response": {"public_key": {"name": "public_key", "type": "json"}}});
    assert_eq!(names.of(&creation), shown("onboarding_verify_passkey_attestation", 6, options, offers, None));

    let created = browser.create(&creation).await;
    let success = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    let passkey = &success["payload"]["user"]["passkeys"][0];
    let time = "2026-01-01T00:00:00Z";
    let payload = json!({
        "user": {
            "id": "id1", "user_id": "id1", "created_at": time, "updated_at": time,
            "emails": [{"id": "id2", "address": "New@example.com", "is_verified": true, "is_primary": true}],
            "passkeys": [{
                "id": created["id"], "public_key": "public_key1", "attestation_type": "none",
                "aaguid": "00000000-0000-0000-0000-000000000000", "last_used_at": time, "created_at": time,
                "transports": passkey["transports"], "backup_eligible": true, "backup_state": true, "mfa_only": false,
            }],
            "mfa_config": {"auth_app_set_up": false, "totp_enabled": false, "security_keys_enabled": false},
        },
        "claims": {
            "subject": "id1", "session_id": "session_id1", "issued_at": time, "expiration": "2026-01-01T12:00:00Z",
            "audience": ["acme.test"], "amr": ["otp", "passkey"], "acr": "aal2", "auth_time": 1_767_225_600,
            "email": {"address": "New@example.com", "is_primary": true, "is_verified": true},
        },
    });
    assert_eq!(names.of(&success), shown("success", 7, payload, json!({}), None));
    assert_eq!(flow.answer.header("x-session-lifetime"), "43200");
    assert_eq!(flow.answer.header("x-session-retention"), "persistent");
    let cookie = flow.answer.header("set-cookie");
    assert!(cookie.starts_with("hanko=ey"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict"), "{cookie}");
    app.end().await;
}

/// A registration of the default project up to `password_creation`.
async fn up_to_password<'a>(app: &'a TestApp, names: &mut Names) -> Flow<'a> {
    let mut flow = Flow::begin(app, "/registration").await;
    names.of(&flow.document());
    names.of(&flow.act("register_client_capabilities", modern()).await);
    names.of(&flow.act("register_login_identifier", json!({"email": "user@example.com"})).await);
    let code = app.mailbox.take("user@example.com").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow
}

/// §5.2.
#[tokio::test]
async fn registration_with_an_address_a_password_and_a_code() {
    let (app, mut names) = (browser::app(json!({})).await, Names::default());
    let shown = |name, token, offers, error| document("registration", name, token, json!({}), offers, error);
    let mut flow = up_to_password(&app, &mut names).await;
    let input =
        json!({"new_password": {"name": "new_password", "type": "password", "min_length": 8, "required": true}});
    let offers = json!({"register_password": input});
    assert_eq!(names.of(&flow.document()), shown("password_creation", 4, offers, None), "no skip, no back");

    let refused = flow.act("register_password", json!({"new_password": "short"})).await;
    let offers =
        json!({"register_password": wrong(input, "new_password", "value_too_short_error", "The value is too short.")});
    assert_eq!(names.of(&refused), shown("password_creation", 5, offers, INVALID));

    let chooser = flow.act("register_password", json!({"new_password": "correct horse"})).await;
    let offers = json!({"continue_to_otp_secret_creation": {}, "continue_to_security_key_creation": {}, "skip": {}});
    assert_eq!(names.of(&chooser), shown("mfa_method_chooser", 6, offers, None));

    let passkey = flow.act("skip", json!({})).await;
    let offers = json!({"back": {}, "skip": {}, "webauthn_generate_creation_options": {}});
    assert_eq!(names.of(&passkey), shown("onboarding_create_passkey", 7, offers, None));

    let success = flow.act("skip", json!({})).await;
    assert_eq!((&success["name"], &success["actions"]), (&json!("success"), &json!({})));
    assert_eq!(success["payload"]["claims"]["amr"], json!(["otp", "pwd"]));
    let payload = success["payload"].as_object().unwrap();
    assert!(payload.len() == 2 && payload.contains_key("claims") && payload.contains_key("user"), "no last_login");
    app.end().await;
}

/// §5.3.
#[tokio::test]
async fn login_with_a_code() {
    let app = browser::app(json!({})).await;
    crate::register(&app, "user@example.com").await;
    app.clock.advance(Duration::from_secs(60));
    let mut names = Names::default();
    let shown = |name, token, payload, offers, error| document("login", name, token, payload, offers, error);
    let mut flow = Flow::begin(&app, "/login").await;
    assert_eq!(names.of(&flow.document()), shown("preflight", 1, json!({}), capabilities(), None));
    let init = flow.act("register_client_capabilities", modern()).await;
    assert_eq!(names.of(&init), shown("login_init", 2, REQUEST_OPTIONS("challenge1"), login_init(), None));

    let chooser = flow.act("continue_with_login_identifier", json!({"email": "user@example.com"})).await;
    let offers = json!({
        "back": {}, "continue_to_passcode_confirmation": {}, "continue_to_password_login": {},
        "webauthn_generate_request_options": {},
    });
    assert_eq!(names.of(&chooser), shown("login_method_chooser", 3, json!({}), offers, None));

    let confirmation = flow.act("continue_to_passcode_confirmation", json!({})).await;
    let offers = || json!({"back": {}, "resend_passcode": {}, "verify_passcode": code_input()});
    assert_eq!(names.of(&confirmation), shown("passcode_confirmation", 4, json!({}), offers(), None));

    // Each mail is one token of three (§7 Q15).
    for token in [5, 6] {
        let sent = flow.act("resend_passcode", json!({})).await;
        assert_eq!(names.of(&sent), shown("passcode_confirmation", token, json!({}), offers(), None));
    }
    app.clock.advance(Duration::from_secs(19));
    let limited = flow.act("resend_passcode", json!({})).await;
    let error = Some((429, "rate_limit_exceeded", "The rate limit has been exceeded."));
    assert_eq!(names.of(&limited), shown("passcode_confirmation", 7, json!({"resend_after": 41}), offers(), error));

    app.until_delivered().await;
    let code = app.mailbox.newest("user@example.com").unwrap().code();
    let onboarding = flow.act("verify_passcode", json!({"code": code})).await;
    let offers = json!({"skip": {}, "webauthn_generate_creation_options": {}});
    assert_eq!(names.of(&onboarding), shown("onboarding_create_passkey", 8, json!({}), offers, None));
    let success = flow.act("skip", json!({})).await;
    assert_eq!(success["name"], "success");
    assert_eq!(success["payload"]["last_login"], json!({"login_method": "passcode"}));
    assert_eq!(success["payload"]["claims"]["amr"], json!(["otp"]));
    app.end().await;
}

/// §5.4.
#[tokio::test]
async fn login_with_a_password_and_an_authenticator_app() {
    let app = browser::app(json!({"passkey": {"acquireOnLogin": "never"}})).await;
    let secret = totp::register_with_totp(&app, "user@example.com").await;
    let mut names = Names::default();
    let shown = |name, token, offers, error| document("login", name, token, json!({}), offers, error);
    let mut flow = begin(&app, "/login", plain()).await;
    flow.act("continue_with_login_identifier", json!({"email": "user@example.com"})).await;
    let input = || json!({"password": {"name": "password", "type": "password", "required": true}});
    let offers = |input| json!({"back": {}, "continue_to_passcode_confirmation_recovery": {}, "password_login": input});
    let page = flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(names.of(&page), shown("login_password", 1, offers(input()), None));

    let refused = flow.act("password_login", json!({"password": "wrong"})).await;
    let told = wrong(input(), "password", "value_invalid_error", "The value is invalid.");
    assert_eq!(names.of(&refused), shown("login_password", 2, offers(told), INVALID));

    let second = flow.act("password_login", json!({"password": PASSWORD})).await;
    let input = json!({"otp_code": {"name": "otp_code", "type": "string", "required": true}});
    assert_eq!(names.of(&second), shown("login_otp", 3, json!({"otp_code_validate": input}), None));

    let trust = flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!(names.of(&trust), shown("device_trust", 4, json!({"skip": {}, "trust_device": {}}), None));

    let success = flow.act("trust_device", json!({})).await;
    assert_eq!((&success["name"], &success["status"]), (&json!("success"), &json!(200)));
    assert_eq!(success["payload"]["last_login"], json!({"login_method": "password", "mfa_method": "totp"}));
    assert_eq!(success["payload"]["claims"]["amr"], json!(["pwd", "totp"]));
    let cookies = flow.answer.header("set-cookie");
    let cookies: Vec<&str> = cookies.split(" | ").collect();
    assert_eq!(cookies.len(), 2);
    let session = cookies.iter().find(|cookie| cookie.starts_with("hanko=ey")).unwrap();
    assert!(session.ends_with("; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Strict"), "{session}");
    let prefix = format!("hanko-device-token={}:", success["payload"]["user"]["id"].as_str().unwrap());
    let device = cookies.iter().find_map(|cookie| cookie.strip_prefix(&prefix)).unwrap();
    let (token, attributes) = device.split_once(';').unwrap();
    assert_eq!((token.len(), attributes), (88, " Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=None"));
    app.end().await;
}

/// §5.5.
#[tokio::test]
async fn login_with_a_passkey_by_autofill() {
    let (app, mut names) = (browser::app(json!({})).await, Names::default());
    let mut pia = crate::walk::people::Person::of(Some("user@example.com"), None, true).passkey();
    pia.register(&app).await;
    let browser = pia.passkey.as_mut().unwrap();
    let mut flow = Flow::begin(&app, "/login").await;
    names.of(&flow.document());
    let init = flow.act("register_client_capabilities", modern()).await;
    let shown = |token, payload, error| document("login", "login_init", token, payload, login_init(), error);
    assert_eq!(names.of(&init), shown(2, REQUEST_OPTIONS("challenge1"), None));

    let mut forged = browser.get(&init).await;
    forged["response"]["signature"] = json!("AAAA");
    let refused = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": forged})).await;
    let error = Some((401, "passkey_invalid", "The passkey is invalid."));
    assert_eq!(names.of(&refused), shown(3, REQUEST_OPTIONS("challenge2"), error));

    let assertion = json!({"assertion_response": browser.get(&refused).await});
    let success = flow.act("webauthn_verify_assertion_response", assertion).await;
    assert_eq!((&success["name"], &success["actions"]), (&json!("success"), &json!({})));
    assert_eq!(success["payload"]["last_login"], json!({"login_method": "passkey"}));
    assert_eq!(success["payload"]["claims"]["amr"], json!(["passkey"]));
    app.end().await;
}

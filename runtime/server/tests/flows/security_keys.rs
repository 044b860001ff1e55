//! Security keys as the second factor (`spec/flow-login-registration.md` §2.16–§2.20, §3.19, §3.20, §4.6).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin,
    browser::{self, Browser},
    database, modern, plain,
    support::{Flow, TestApp},
    totp::{self, register_up_to_chooser, register_with_totp, sign_in_with_password},
};

/// Makes a security key where one may be chosen, and answers with the options and the flow's next document.
async fn make(flow: &mut Flow<'_>, key: &mut Browser) -> (Value, Value) {
    let document = flow.act("continue_to_security_key_creation", json!({})).await;
    assert_eq!((&document["name"], &document["payload"]), (&json!("mfa_security_key_creation"), &json!({})));
    assert_eq!(actions(flow), ["back", "webauthn_generate_creation_options"]);
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    assert_eq!(options["name"], "onboarding_verify_passkey_attestation");
    let created = key.create(&options).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    (options["payload"]["creation_options"].clone(), document)
}

/// Registers an address with a password and this security key, and returns the credential's id.
async fn register_with_key(app: &TestApp, key: &mut Browser, address: &str) -> Value {
    let mut flow = register_up_to_chooser(app, address, modern()).await;
    let (_, document) = make(&mut flow, key).await;
    let document = if document["name"] == "success" { document } else { flow.act("skip", json!({})).await };
    assert_eq!(document["name"], "success", "{document:#}");
    document["payload"]["user"]["security_keys"][0]["id"].clone()
}

fn allowed(document: &Value) -> Vec<Value> {
    let list = &document["payload"]["request_options"]["publicKey"]["allowCredentials"];
    list.as_array().unwrap().iter().map(|credential| credential["id"].clone()).collect()
}

#[tokio::test]
async fn a_security_key_is_made_at_registration_and_asked_for_at_login() {
    let settings = json!({"passkey": {"acquireOnLogin": "never"}});
    let (app, mut key) = (browser::app(settings).await, Browser::without_verification());
    let mut flow = register_up_to_chooser(&app, "jane@x.de", modern()).await;
    assert_eq!(actions(&flow), ["continue_to_otp_secret_creation", "continue_to_security_key_creation", "skip"]);
    let (options, document) = make(&mut flow, &mut key).await;
    let public_key = &options["publicKey"];
    assert_eq!(
        options,
        json!({"publicKey": {
            "rp": {"id": "acme.test", "name": "acme"},
            "user": {"id": public_key["user"]["id"], "name": "jane@x.de", "displayName": "jane@x.de"},
            "challenge": public_key["challenge"],
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -257},
            ],
            "timeout": 600_000,
            "authenticatorSelection": {
                "authenticatorAttachment": "cross-platform", "requireResidentKey": false,
                "residentKey": "discouraged", "userVerification": "discouraged",
            },
            "attestation": "direct",
        }})
    );
    assert_eq!(document["name"], "onboarding_create_passkey", "{document:#}");
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let user = &document["payload"]["user"];
    assert_eq!(document["payload"]["claims"]["amr"], json!(["otp", "pwd", "security_key"]));
    assert_eq!((user.get("passkeys"), &user["security_keys"][0]["mfa_only"]), (None, &json!(true)));
    let rows = audit::rows(&app).await;
    let details: Value = serde_json::from_str(&rows[0].2).unwrap();
    assert_eq!(details["security_key"], user["security_keys"][0]["id"]);

    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!((&flow.document()["name"], &flow.document()["payload"]), (&json!("login_security_key"), &json!({})));
    assert_eq!(actions(&flow), ["webauthn_generate_request_options"]);
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    assert_eq!(document["name"], "login_passkey");
    assert_eq!(actions(&flow), ["back", "webauthn_verify_assertion_response"]);
    let options = &document["payload"]["request_options"];
    let mut credential = json!({"type": "public-key", "id": user["security_keys"][0]["id"]});
    if let Some(transports) = options["publicKey"]["allowCredentials"][0].get("transports") {
        assert_eq!(transports, &user["security_keys"][0]["transports"]);
        credential["transports"] = transports.clone();
    }
    assert_eq!(
        options,
        &json!({"publicKey": {
            "challenge": options["publicKey"]["challenge"], "timeout": 600_000, "rpId": "acme.test",
            "allowCredentials": [credential], "userVerification": "discouraged",
        }})
    );
    let assertion = key.get(&document).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "device_trust", "{document:#}");
    assert_eq!(actions(&flow), ["skip", "trust_device"]);
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password", "mfa_method": "security_key"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd", "security_key"]));
    assert_eq!(document["payload"]["claims"]["acr"], "aal2");
    app.end().await;
}

#[tokio::test]
async fn a_security_key_is_made_at_login_where_the_project_asks() {
    let settings = json!({
        "mfa": {"acquireOnRegistration": false, "acquireOnLogin": true, "totp": {"enabled": false}},
        "passkey": {"acquireOnLogin": "never"},
    });
    let (app, mut key) = (browser::app(settings).await, Browser::without_verification());
    crate::register(&app, "jane@x.de").await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!(actions(&flow), ["continue_to_security_key_creation", "skip"]);
    let (_, document) = make(&mut flow, &mut key).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd"]), "making one is not signing in with it");
    assert_eq!(document["payload"]["user"]["security_keys"].as_array().unwrap().len(), 1);
    assert_eq!(audit::types(&app).await, ["user_created", "security_key_created", "login_success"]);
    app.end().await;
}

#[tokio::test]
async fn options_follow_the_settings() {
    for (keys, attachment, verification, attestation) in [
        (json!({"authenticatorAttachment": "platform"}), Some("platform"), "discouraged", "direct"),
        (
            json!({"authenticatorAttachment": "noPreference", "userVerification": "required"}),
            None,
            "required",
            "direct",
        ),
        (
            json!({"userVerification": "preferred", "attestationPreference": "none"}),
            Some("cross-platform"),
            "preferred",
            "none",
        ),
        (json!({"attestationPreference": "indirect"}), Some("cross-platform"), "discouraged", "indirect"),
    ] {
        let settings =
            json!({"mfa": {"securityKeys": keys}, "webauthn": {"timeouts": {"registration": 90_000, "login": 30_000}}});
        let (app, mut key) = (browser::app(settings).await, Browser::default());
        let mut flow = register_up_to_chooser(&app, "jane@x.de", modern()).await;
        let (options, _) = make(&mut flow, &mut key).await;
        let public_key = &options["publicKey"];
        let selection = &public_key["authenticatorSelection"];
        assert_eq!(selection.get("authenticatorAttachment").and_then(Value::as_str), attachment, "{keys}");
        assert_eq!(
            (&selection["userVerification"], &public_key["attestation"]),
            (&json!(verification), &json!(attestation))
        );
        assert_eq!(public_key["timeout"], 90_000, "whatever the verification (§7 Q27)");
        flow.act("skip", json!({})).await;
        let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
        let document = flow.act("webauthn_generate_request_options", json!({})).await;
        let public_key = &document["payload"]["request_options"]["publicKey"];
        assert_eq!((&public_key["userVerification"], &public_key["timeout"]), (&json!(verification), &json!(30_000)));
        app.end().await;
    }
}

#[tokio::test]
async fn a_security_key_is_no_first_factor() {
    let (app, mut key) = (browser::app(json!({})).await, Browser::without_verification());
    register_with_key(&app, &mut key, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let assertion = key.get(&flow.document()).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!((&document["name"], &document["status"]), (&json!("login_init"), &json!(401)));
    assert_eq!(
        document["error"],
        json!({
            "code": "webauthn_credential_invalid_mfa_only",
            "message": "This credential can be used as a second factor security key only.",
        })
    );
    assert!(document["payload"]["request_options"].is_object(), "autofill goes on");
    assert_eq!(audit::types(&app).await, ["user_created", "login_failure"]);
    app.end().await;
}

#[tokio::test]
async fn an_answer_to_autofill_is_none_for_the_second_factor_and_the_page_allows_another_try() {
    let (app, mut key) = (browser::app(json!({})).await, Browser::without_verification());
    register_with_key(&app, &mut key, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let early = key.get(&flow.document()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    flow.act("webauthn_generate_request_options", json!({})).await;
    for answer in
        [json!({"assertion_response": early}), json!({"assertion_response": {}}), json!({"assertion_response": "["})]
    {
        let document = flow.act("webauthn_verify_assertion_response", answer).await;
        assert_eq!((&document["name"], &document["status"]), (&json!("login_passkey"), &json!(401)), "{document:#}");
        assert_eq!((&document["error"]["code"], &document["payload"]), (&json!("passkey_invalid"), &json!({})));
    }
    assert_eq!(flow.act("back", json!({})).await["name"], "login_security_key");
    assert_eq!(actions(&flow), ["webauthn_generate_request_options"], "and not further");
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = json!({"assertion_response": key.get(&document).await});
    assert_eq!(flow.act("webauthn_verify_assertion_response", assertion).await["name"], "onboarding_create_passkey");
    app.end().await;
}

#[tokio::test]
async fn a_key_of_somebody_else_is_no_second_factor() {
    let settings = json!({"rateLimiter": {"enabled": false}});
    let (app, mut own, mut other) =
        (browser::app(settings).await, Browser::without_verification(), Browser::without_verification());
    register_with_key(&app, &mut own, "jane@x.de").await;
    register_with_key(&app, &mut other, "john@x.de").await;
    let mut of_john = sign_in_with_password(&app, "john@x.de", modern()).await;
    let johns = other.get(&of_john.act("webauthn_generate_request_options", json!({})).await).await;
    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    let mut document = flow.act("webauthn_generate_request_options", json!({})).await;
    let answer = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": johns})).await;
    assert_eq!((&answer["name"], &answer["error"]["code"]), (&json!("login_passkey"), &json!("passkey_invalid")));
    // With the right challenge too.
    let list = document["payload"]["request_options"]["publicKey"].as_object_mut().unwrap();
    list.remove("allowCredentials");
    let johns = other.get(&document).await;
    let answer = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": johns})).await;
    assert_eq!((&answer["name"], &answer["error"]["code"]), (&json!("login_passkey"), &json!("passkey_invalid")));
    app.end().await;
}

#[tokio::test]
async fn who_has_both_goes_from_the_key_to_the_app_and_back() {
    let settings = json!({"passkey": {"acquireOnLogin": "never"}, "rateLimiter": {"enabled": false}});
    let (app, mut key) = (browser::app(settings).await, Browser::without_verification());
    let secret = register_with_totp(&app, "other@x.de").await;
    register_with_key(&app, &mut key, "jane@x.de").await;
    let give = "UPDATE otp_secrets SET user_id = (SELECT user_id FROM webauthn_credentials)";
    assert_eq!(database::execute(&app, give).await, 1);

    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!(flow.state(), "login_security_key", "the key comes first");
    assert_eq!(actions(&flow), ["continue_to_login_otp", "webauthn_generate_request_options"]);
    flow.act("webauthn_generate_request_options", json!({})).await;
    flow.act("back", json!({})).await;
    assert_eq!(flow.act("continue_to_login_otp", json!({})).await["name"], "login_otp");
    assert_eq!(actions(&flow), ["continue_to_login_security_key", "otp_code_validate"]);
    assert_eq!(flow.act("continue_to_login_security_key", json!({})).await["name"], "login_security_key");
    flow.act("continue_to_login_otp", json!({})).await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password", "mfa_method": "totp"}));

    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    flow.act("continue_to_login_otp", json!({})).await;
    flow.act("continue_to_login_security_key", json!({})).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = json!({"assertion_response": key.get(&document).await});
    flow.act("webauthn_verify_assertion_response", assertion).await;
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password", "mfa_method": "security_key"}));

    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    let size = "SELECT CAST(MAX(LENGTH(data)) AS TEXT) FROM flows";
    let mut sizes = Vec::new();
    for _ in 0..3 {
        for _ in 0..20 {
            flow.act("continue_to_login_otp", json!({})).await;
            flow.act("continue_to_login_security_key", json!({})).await;
        }
        sizes.push(database::texts(&app, size).await[0].parse::<u64>().unwrap());
    }
    assert!(sizes[2] < sizes[1] + 200, "a run does not grow for ever: {sizes:?}");

    let flow = sign_in_with_password(&app, "jane@x.de", plain()).await;
    assert_eq!(flow.state(), "login_otp", "a client without WebAuthn gets the app at once");
    assert_eq!(actions(&flow), ["otp_code_validate"]);
    app.end().await;
}

#[tokio::test]
async fn garbage_instead_of_a_key_that_must_be_made_stays_on_the_page() {
    // §7 Q14, Q14b.
    let settings = json!({"mfa": {"optional": false, "totp": {"enabled": false}}});
    let (app, mut key) = (browser::app(settings).await, Browser::without_verification());
    let mut flow = register_up_to_chooser(&app, "jane@x.de", modern()).await;
    assert_eq!(actions(&flow), ["continue_to_security_key_creation"]);
    flow.act("continue_to_security_key_creation", json!({})).await;
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    let mut broken = key.create(&options).await;
    broken["response"]["attestationObject"] = json!("oA");
    for garbage in [json!({}), json!({"public_key": {}}), json!({"public_key": broken}), json!({"public_key": "{"})] {
        let document = flow.act("webauthn_verify_attestation_response", garbage).await;
        assert_eq!(
            (&document["name"], &document["status"], &document["error"]["code"], &document["payload"]),
            (&json!("onboarding_verify_passkey_attestation"), &json!(401), &json!("passkey_invalid"), &json!({}))
        );
        assert_eq!(actions(&flow), ["back", "webauthn_verify_attestation_response"]);
    }
    assert_eq!(flow.act("back", json!({})).await["name"], "mfa_security_key_creation");
    flow.act("back", json!({})).await;
    let (_, document) = make(&mut flow, &mut key).await;
    assert_eq!(document["name"], "onboarding_create_passkey", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn keys_of_the_platform_need_one() {
    let platform = json!({"webauthn_available": true});
    let keys = json!({"authenticatorAttachment": "platform"});
    let required = json!({
        "code": "platform_authenticator_required",
        "message": "The device or browser does not support the required platform authenticators.",
    });
    for (optional, totp) in [(true, true), (true, false), (false, true), (false, false)] {
        let mfa = json!({"optional": optional, "totp": {"enabled": totp}, "securityKeys": keys});
        let app = browser::app(json!({"mfa": mfa})).await;
        let mut flow = begin(&app, "/registration", platform.clone()).await;
        flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
        let code = app.mailbox.take("jane@x.de").await.code();
        flow.act("verify_passcode", json!({"code": code})).await;
        let document = flow.act("register_password", json!({"new_password": PASSWORD})).await;
        match (optional, totp) {
            (_, true) => {
                assert_eq!(document["name"], "mfa_method_chooser");
                assert!(!actions(&flow).contains(&"continue_to_security_key_creation".to_owned()));
            }
            (true, false) => assert_eq!(document["name"], "onboarding_create_passkey", "nothing can be offered"),
            (false, false) => {
                // §7 Q14c.
                assert_eq!((&document["name"], &document["status"]), (&json!("error"), &json!(401)));
                assert_eq!((&document["error"], &document["actions"]), (&required, &json!({})));
            }
        }
        app.end().await;
    }
}

#[tokio::test]
async fn a_login_that_cannot_reach_its_only_key_ends_with_the_reason() {
    // §4.9, §7 Q33.
    let keys = json!({"authenticatorAttachment": "platform"});
    let settings = json!({"mfa": {"securityKeys": keys}, "rateLimiter": {"enabled": false}});
    let (app, mut key) = (browser::app(settings).await, Browser::default());
    register_with_key(&app, &mut key, "jane@x.de").await;
    for capabilities in [plain(), json!({"webauthn_available": true})] {
        let flow = sign_in_with_password(&app, "jane@x.de", capabilities.clone()).await;
        let document = flow.document();
        assert_eq!((&document["name"], &document["status"]), (&json!("error"), &json!(401)), "{capabilities}");
        assert_eq!(document["error"]["code"], "platform_authenticator_required");
        assert_eq!(flow.answer.header("set-cookie"), "");
    }
    assert_eq!(sign_in_with_password(&app, "jane@x.de", modern()).await.state(), "login_security_key");
    app.end().await;
}

/// An account with a password, this security key and, made a minute later at a login, this passkey. Returns their ids.
async fn account_with_both(app: &TestApp, key: &mut Browser, passkey: &mut Browser) -> (Value, Value) {
    let key_id = register_with_key(app, key, "jane@x.de").await;
    app.clock.advance(Duration::from_secs(60));
    let mut flow = sign_in_with_password(app, "jane@x.de", modern()).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = json!({"assertion_response": key.get(&document).await});
    assert_eq!(flow.act("webauthn_verify_assertion_response", assertion).await["name"], "onboarding_create_passkey");
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    let excluded = &options["payload"]["creation_options"]["publicKey"]["excludeCredentials"];
    assert_eq!((&excluded[0]["id"], excluded.as_array().unwrap().len()), (&key_id, 1));
    let created = passkey.create(&options).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    let user = &document["payload"]["user"];
    (key_id, user["passkeys"][0]["id"].clone())
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_too_but_not_next_to_itself() {
    let (app, mut key, mut passkey) =
        (browser::app(json!({})).await, Browser::without_verification(), Browser::without_verification());
    let (key_id, passkey_id) = account_with_both(&app, &mut key, &mut passkey).await;

    let mut flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    assert_eq!(allowed(&document), [key_id.clone(), passkey_id], "all of them, the oldest first");
    let assertion = json!({"assertion_response": passkey.get(&document).await});
    let document = flow.act("webauthn_verify_assertion_response", assertion).await;
    assert_eq!(document["name"], "device_trust", "{document:#}");
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["claims"]["amr"], json!(["pwd", "security_key"]));

    let mut flow = begin(&app, "/login", modern()).await;
    let assertion = json!({"assertion_response": passkey.get(&flow.document()).await});
    let document = flow.act("webauthn_verify_assertion_response", assertion).await;
    assert_eq!(document["name"], "login_security_key", "it has not verified its user: {document:#}");
    let mut document = flow.act("webauthn_generate_request_options", json!({})).await;
    assert_eq!(allowed(&document), [key_id]);
    let unrestricted = document["payload"]["request_options"]["publicKey"].as_object_mut().unwrap();
    let list = unrestricted.remove("allowCredentials").unwrap();
    let same = json!({"assertion_response": passkey.get(&document).await});
    let refused = flow.act("webauthn_verify_assertion_response", same).await;
    assert_eq!((&refused["name"], &refused["error"]["code"]), (&json!("login_passkey"), &json!("passkey_invalid")));
    document["payload"]["request_options"]["publicKey"]["allowCredentials"] = list;
    let other = json!({"assertion_response": key.get(&document).await});
    assert_eq!(flow.act("webauthn_verify_assertion_response", other).await["name"], "device_trust");
    let document = flow.act("skip", json!({})).await;
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "passkey", "mfa_method": "security_key"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["passkey", "security_key"]));
    app.end().await;
}

#[tokio::test]
async fn keys_that_are_switched_off_are_neither_asked_for_nor_shown() {
    let (app, mut key) = (browser::app(json!({})).await, Browser::without_verification());
    register_with_key(&app, &mut key, "jane@x.de").await;
    let mut spec = app.spec("project.yaml");
    crate::support::merge(
        &mut spec,
        json!({"settings": {"mfa": {"securityKeys": {"enabled": false}}, "passkey": {"acquireOnLogin": "never"}}}),
    );
    let before = app.revision().await;
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| now != &before).await;
    let flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    let document = flow.document();
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"].get("security_keys"), None);
    app.end().await;
}

#[tokio::test]
async fn a_key_of_another_relying_party_does_not_count_until_it_is_back() {
    // FC-07, as far as second factors go.
    let (app, mut key) =
        (browser::app(json!({"rateLimiter": {"enabled": false}})).await, Browser::without_verification());
    register_with_key(&app, &mut key, "jane@x.de").await;
    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'old.acme.test'").await;
    let flow = sign_in_with_password(&app, "jane@x.de", modern()).await;
    assert_eq!(flow.state(), "onboarding_create_passkey", "{:#}", flow.document());
    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'acme.test'").await;
    assert_eq!(sign_in_with_password(&app, "jane@x.de", modern()).await.state(), "login_security_key");
    app.end().await;
}

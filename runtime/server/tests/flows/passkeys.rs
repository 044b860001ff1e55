//! Passkeys through both flows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    PASSWORD, actions, audit, begin,
    browser::{self, Browser},
    modern,
    support::{Flow, TestApp},
};

/// Registers an address with a password and a passkey.
async fn register<'a>(app: &'a TestApp, browser: &mut Browser, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": address})).await;
    let code = app.mailbox.take(address).await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    flow.act("register_password", json!({"new_password": PASSWORD})).await;
    assert_eq!(flow.state(), "mfa_method_chooser", "inserted before the passkey that is still to come");
    flow.act("skip", json!({})).await;
    assert_eq!(flow.state(), "onboarding_create_passkey");
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = browser.create(&document).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    flow
}

#[tokio::test]
async fn a_passkey_made_at_registration_signs_in_by_autofill() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    let registered = register(&app, &mut browser, "jane@x.de").await.document();
    let user = &registered["payload"]["user"];
    assert_eq!(user["passkeys"].as_array().unwrap().len(), 1);
    assert_eq!(registered["payload"]["claims"]["amr"], json!(["otp", "pwd", "passkey"]));
    assert_eq!(registered["payload"]["claims"]["acr"], "aal2");

    let mut flow = begin(&app, "/login", modern()).await;
    let init = flow.document();
    let options = &init["payload"]["request_options"]["publicKey"];
    assert_eq!(options["rpId"], "acme.test");
    assert_eq!(options["userVerification"], "preferred");
    assert_eq!(options["timeout"], 600_000);
    assert_eq!(options.get("allowCredentials"), None);
    let assertion = browser.get(&init).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "passkey"}));
    assert_eq!(document["payload"]["claims"]["amr"], json!(["passkey"]));
    assert_eq!(document["payload"]["user"]["id"], user["id"]);
    assert_eq!(audit::types(&app).await, ["user_created", "login_success"]);
    app.end().await;
}

#[tokio::test]
async fn two_ceremonies_of_one_flow_are_both_good_once() {
    // FC-09: autofill and the button run at the same time.
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    register(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let older = browser.get(&flow.document()).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    assert_eq!(document["name"], "login_passkey");
    browser.get(&document).await;
    let answer = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": older})).await;
    assert_eq!(answer["name"], "success", "{answer:#}");
    app.end().await;
}

#[tokio::test]
async fn a_refused_assertion_leaves_autofill_with_a_fresh_challenge() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    register(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let first = flow.document();
    let mut broken = browser.get(&first).await;
    broken["response"]["signature"] = json!("AAAA");
    let refused = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": broken})).await;
    assert_eq!((&refused["name"], &refused["status"]), (&json!("login_init"), &json!(401)));
    assert_eq!(refused["error"]["code"], "passkey_invalid");
    let challenge = |document: &Value| document["payload"]["request_options"]["publicKey"]["challenge"].clone();
    assert_ne!(challenge(&refused), challenge(&first));
    let assertion = browser.get(&refused).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn a_refused_button_keeps_its_page_without_options_and_with_a_way_back() {
    // The client relies on exactly this (§6.3).
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    register(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let mut broken = browser.get(&document).await;
    broken["response"]["signature"] = json!("AAAA");
    let refused = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": broken})).await;
    assert_eq!(
        (&refused["name"], &refused["status"], &refused["payload"]),
        (&json!("login_passkey"), &json!(401), &json!({}))
    );
    assert_eq!(actions(&flow), ["back", "webauthn_verify_assertion_response"]);
    let back = flow.act("back", json!({})).await;
    let assertion = browser.get(&back).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "autofill works after going back: {document:#}");
    let failure = audit::rows(&app).await.into_iter().find(|row| row.0 == "login_failure").unwrap();
    assert!(failure.1.unwrap().starts_with("the signature is invalid"), "the reason is audited");
    app.end().await;
}

#[tokio::test]
async fn an_assertion_is_good_once_and_only_in_its_flow() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    register(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let assertion = json!({"assertion_response": browser.get(&flow.document()).await});
    let mut other = begin(&app, "/login", modern()).await;
    let document = other.act("webauthn_verify_assertion_response", assertion.clone()).await;
    assert_eq!(document["error"]["code"], "passkey_invalid", "the challenge belongs to another flow");
    assert_eq!(flow.act("webauthn_verify_assertion_response", assertion).await["name"], "success");
    app.end().await;
}

#[tokio::test]
async fn an_assertion_after_its_ceremony_expired_is_refused() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    register(&app, &mut browser, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    let assertion = browser.get(&flow.document()).await;
    app.clock.advance(Duration::from_secs(600));
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!((&document["name"], &document["error"]["code"]), (&json!("login_init"), &json!("passkey_invalid")));
    app.end().await;
}

#[tokio::test]
async fn garbage_instead_of_a_passkey_stays_on_the_page() {
    // §7 Q14: moving on would let everybody skip a passkey that must be made.
    let (app, mut browser) = (browser::app(json!({"passkey": {"optional": false}})).await, Browser::default());
    let mut flow = begin(&app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": "a@x.de"})).await;
    let code = app.mailbox.take("a@x.de").await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(flow.state(), "onboarding_create_passkey");
    assert!(!actions(&flow).contains(&"skip".to_owned()));
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    for garbage in [json!({}), json!({"public_key": {}}), json!({"public_key": "{"}), json!({"public_key": null})] {
        let refused = flow.act("webauthn_verify_attestation_response", garbage.clone()).await;
        assert_eq!(
            (&refused["name"], &refused["status"]),
            (&json!("onboarding_verify_passkey_attestation"), &json!(401)),
            "{garbage}"
        );
        assert_eq!(refused["payload"], json!({}));
    }
    let created = browser.create(&document).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(flow.state(), "password_creation", "{:#}", flow.document());
    app.end().await;
}

#[tokio::test]
async fn a_login_without_a_passkey_is_offered_one_and_keeps_it() {
    let (app, mut browser) = (browser::app(json!({})).await, Browser::default());
    crate::register(&app, "jane@x.de").await;
    let mut flow = begin(&app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    flow.act("continue_to_password_login", json!({})).await;
    assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "onboarding_create_passkey");
    assert_eq!(actions(&flow), ["skip", "webauthn_generate_creation_options"]);
    let document = flow.act("webauthn_generate_creation_options", json!({})).await;
    let public_key = &document["payload"]["creation_options"]["publicKey"];
    assert_eq!(public_key["rp"], json!({"id": "acme.test", "name": "acme"}));
    assert_eq!(public_key["user"]["name"], "jane@x.de");
    assert_eq!(public_key["attestation"], "direct");
    let algorithms: Vec<_> =
        public_key["pubKeyCredParams"].as_array().unwrap().iter().map(|p| p["alg"].clone()).collect();
    assert_eq!(algorithms, [-7, -35, -257]);
    let created = browser.create(&document).await;
    let document = flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(document["payload"]["user"]["passkeys"].as_array().unwrap().len(), 1);
    assert_eq!(audit::types(&app).await, ["user_created", "passkey_created", "login_success"]);
    let me = app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await.json();
    assert_eq!(me, document["payload"]["user"]);

    let mut flow = begin(&app, "/login", modern()).await;
    let assertion = browser.get(&flow.document()).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn with_only_actual_methods_the_options_name_the_users_passkeys() {
    let settings = json!({"privacy": {"onlyShowActualLoginMethods": true}});
    let (app, mut browser) = (browser::app(settings).await, Browser::default());
    let registered = register(&app, &mut browser, "jane@x.de").await.document();
    let mut flow = begin(&app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let allowed = &document["payload"]["request_options"]["publicKey"]["allowCredentials"];
    assert_eq!(allowed[0]["id"], registered["payload"]["user"]["passkeys"][0]["id"]);
    let assertion = browser.get(&document).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(document["name"], "success", "{document:#}");
    app.end().await;
}

#[tokio::test]
async fn without_webauthn_in_the_client_nothing_of_it_is_offered() {
    let app = browser::app(json!({})).await;
    let flow = begin(&app, "/login", crate::plain()).await;
    assert_eq!(actions(&flow), ["continue_with_login_identifier"]);
    assert_eq!(flow.document()["payload"], json!({}));
    app.end().await;
}

#[tokio::test]
async fn without_conditional_mediation_the_button_is_there_and_the_options_are_not() {
    let app = browser::app(json!({})).await;
    let mut flow = begin(&app, "/login", json!({"webauthn_available": true})).await;
    assert_eq!(flow.document()["payload"], json!({}));
    // §7 Q43: an answer to no challenge is an invalid passkey, not a broken server.
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": {"id": "x"}})).await;
    assert_eq!((&document["status"], &document["error"]["code"]), (&json!(401), &json!("passkey_invalid")));
    app.end().await;
}

#[tokio::test]
async fn whose_passkey_is_shown_decides_who_signs_in_unless_the_options_named_somebody() {
    // §7 Q12.
    let settings = json!({"rateLimiter": {"enabled": false}});
    let (app, mut janes, mut johns) = (browser::app(settings).await, Browser::default(), Browser::default());
    register(&app, &mut janes, "jane@x.de").await;
    let john = register(&app, &mut johns, "john@x.de").await.document()["payload"]["user"]["id"].clone();
    let mut flow = begin(&app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    assert_eq!(document["payload"]["request_options"]["publicKey"].get("allowCredentials"), None);
    let assertion = johns.get(&document).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!((&document["name"], &document["payload"]["user"]["id"]), (&json!("success"), &john));
    assert_eq!(document["payload"]["claims"]["email"]["address"], "john@x.de");
    app.end().await;
}

#[tokio::test]
async fn options_for_a_named_user_list_no_security_keys_and_accept_nobody_elses_passkey() {
    // §7 Q13.
    let privacy = json!({"onlyShowActualLoginMethods": true});
    let settings = json!({"privacy": privacy, "rateLimiter": {"enabled": false}});
    let (app, mut janes, mut johns) = (browser::app(settings).await, Browser::default(), Browser::default());
    let id = register(&app, &mut janes, "jane@x.de").await.document()["payload"]["user"]["passkeys"][0]["id"].clone();
    app.clock.advance(Duration::from_secs(1));
    register(&app, &mut johns, "john@x.de").await;
    let key = "INSERT INTO webauthn_credentials SELECT tenant_id, x'00', user_id, user_handle, public_key, rp_id, \
        attestation_format, aaguid, sign_count, user_verified, backup_eligible, backup_state, transports, name, TRUE, \
        created_at, last_used_at FROM webauthn_credentials ORDER BY created_at LIMIT 1";
    assert_eq!(crate::database::execute(&app, key).await, 1);
    let mut flow = begin(&app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"email": "jane@x.de"})).await;
    let mut document = flow.act("webauthn_generate_request_options", json!({})).await;
    let options = document["payload"]["request_options"]["publicKey"].as_object_mut().unwrap();
    let listed = options.remove("allowCredentials").unwrap();
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|credential| credential["id"].clone()).collect();
    assert_eq!(ids, [id]);
    let assertion = johns.get(&document).await;
    let document = flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!((&document["status"], &document["error"]["code"]), (&json!(401), &json!("passkey_invalid")));
    app.end().await;
}

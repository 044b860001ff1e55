//! A project that changes its relying party: every passkey and security key belongs to the RP ID it was made for (WebAuthn L3 §4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "a test program has no outside, and shares modules with another one")]

#[path = "flows/browser.rs"]
mod browser;
#[path = "flows/database.rs"]
mod database;
#[path = "flows/journeys.rs"]
mod journeys;
mod support;

use std::{fs, path::Path};

use browser::Browser;
use journeys::{PASSWORD, actions, begin, modern};
use serde_json::{Value, json};
use support::{Flow, TestApp, merge};

const OLD: &str = "acme.test";
const NEW: &str = "auth.acme.test";
const ANNOTATION: &str = "hanko-operator.dev/acknowledge-new-relying-party";

/// Passkeys and passwords sign in, codes by mail do not, and second factors are asked of whoever has one.
async fn app() -> TestApp {
    browser::app(json!({
        "email": {"useForAuthentication": false},
        "passkey": {"acquireOnLogin": "never"},
        "password": {"optional": true},
        "privacy": {"onlyShowActualLoginMethods": true},
        "rateLimiter": {"enabled": false},
    }))
    .await
}

/// Writes the document with this RP ID and this acknowledgement.
fn write(documents: &Path, mut spec: Value, rp_id: &str, acknowledged: Option<&str>) {
    merge(&mut spec, json!({"settings": {"webauthn": {"relyingParty": {"id": rp_id}}}}));
    let annotations = acknowledged.map_or(json!({}), |rp_id| json!({ANNOTATION: rp_id}));
    let document = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject",
        "metadata": {"name": "acme", "namespace": "tenants", "annotations": annotations},
        "spec": spec,
    });
    fs::write(documents.join("project.new"), document.to_string()).unwrap();
    fs::rename(documents.join("project.new"), documents.join("project.yaml")).unwrap();
}

/// The reason why the document is refused.
async fn refused(app: &TestApp, rp_id: &str, acknowledged: Option<&str>) -> String {
    let before = app.revision().await;
    write(&app.documents(), app.spec("project.yaml"), rp_id, acknowledged);
    let now = app
        .until_revision(|now| {
            let revision = |now: &Value| now["refused"][0]["documentRevision"].clone();
            now["refused"][0].is_object() && revision(now) != revision(&before)
        })
        .await;
    assert_eq!(now["tenants"], before["tenants"], "the one before is served on");
    now["refused"][0]["reason"].as_str().unwrap().to_owned()
}

/// What is said of the tenant once the document is served.
async fn served(app: &TestApp, rp_id: &str, acknowledged: Option<&str>) -> Value {
    let before = app.revision().await["tenants"][0]["documentRevision"].clone();
    write(&app.documents(), app.spec("project.yaml"), rp_id, acknowledged);
    let is_new = |now: &Value| now["refused"] == json!([]) && now["tenants"][0]["documentRevision"] != before;
    app.until_revision(is_new).await["tenants"][0].clone()
}

/// Registers an address with everything that is offered: a passkey, a password, and this security key.
async fn register(app: &TestApp, address: &str, passkey: &mut Browser, mut key: Option<&mut Browser>) {
    let mut flow = begin(app, "/registration", modern()).await;
    flow.act("register_login_identifier", json!({"email": address})).await;
    let code = app.mailbox.take(address).await.code();
    flow.act("verify_passcode", json!({"code": code})).await;
    loop {
        match flow.state().as_str() {
            "password_creation" => flow.act("register_password", json!({"new_password": PASSWORD})).await,
            "onboarding_create_passkey" => make(&mut flow, passkey).await,
            "mfa_method_chooser" => match key.take() {
                Some(key) => {
                    flow.act("continue_to_security_key_creation", json!({})).await;
                    make(&mut flow, key).await
                }
                None => flow.act("skip", json!({})).await,
            },
            "success" => return,
            other => panic!("{other}: {:#}", flow.document()),
        };
    }
}

async fn make(flow: &mut Flow<'_>, authenticator: &mut Browser) -> Value {
    let options = flow.act("webauthn_generate_creation_options", json!({})).await;
    let created = authenticator.create(&options).await;
    flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await
}

async fn signs_in_by_autofill(app: &TestApp, browser: &mut Browser) -> bool {
    let mut flow = begin(app, "/login", modern()).await;
    let assertion = browser.get(&flow.document()).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    flow.state() == "success"
}

/// A login that knows the address.
async fn identify<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = begin(app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    flow
}

/// A login up to what follows the password, which is asked for at once where nothing else is possible.
async fn sign_in_with_password<'a>(app: &'a TestApp, address: &str) -> Flow<'a> {
    let mut flow = identify(app, address).await;
    if flow.state() != "login_password" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("password_login", json!({"password": PASSWORD})).await;
    flow
}

/// What the profile offers to whoever has signed in with the password.
async fn profile_offers(app: &TestApp, address: &str) -> Vec<String> {
    let flow = sign_in_with_password(app, address).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    let mut profile = Flow::begin_with(app, "/profile", &[("Cookie", &flow.answer.cookie())]).await;
    profile.act("register_client_capabilities", modern()).await;
    assert_eq!(profile.state(), "profile_init", "{:#}", profile.document());
    actions(&profile)
}

#[tokio::test]
async fn fc07_a_new_relying_party_is_acknowledged_and_the_old_one_can_come_back() {
    let app = app().await;
    let (mut jane, mut joe, mut kim, mut key) =
        (Browser::default(), Browser::default(), Browser::default(), Browser::without_verification());
    register(&app, "jane@x.de", &mut jane, None).await;
    register(&app, "joe@x.de", &mut joe, None).await;
    register(&app, "kim@x.de", &mut kim, Some(&mut key)).await;
    assert_eq!(app.revision().await["tenants"][0]["strandedCredentials"], 0);
    let passkey_login = "webauthn_generate_request_options".to_owned();
    let remove_password = "password_delete".to_owned();
    assert!(actions(&identify(&app, "jane@x.de").await).contains(&passkey_login));
    assert!(profile_offers(&app, "jane@x.de").await.contains(&remove_password));

    assert_eq!(
        refused(&app, NEW, None).await,
        format!(
            "spec.settings.webauthn.relyingParty.id: `{NEW}` is not the relying party `{OLD}`, whose credentials would stop working \
             (passkeys: 3, security keys: 1); write `{OLD}` to keep them, or accept it with the annotation `{ANNOTATION}: {NEW}`"
        )
    );
    let reason = refused(&app, NEW, Some(OLD)).await;
    assert!(reason.contains(&format!("does not name the RP ID, which is `{NEW}`")), "{reason}");
    assert!(signs_in_by_autofill(&app, &mut jane).await);

    assert_eq!(served(&app, NEW, Some(NEW)).await["strandedCredentials"], 4);
    assert!(!actions(&identify(&app, "jane@x.de").await).contains(&passkey_login), "a dead one is no way in");
    let offered = profile_offers(&app, "jane@x.de").await;
    assert!(!offered.contains(&remove_password), "the last other way in stays: {offered:?}");
    assert!(offered.contains(&"webauthn_credential_delete".to_owned()), "{offered:?}");
    let flow = sign_in_with_password(&app, "kim@x.de").await;
    assert_eq!(flow.state(), "success", "a dead security key is no second factor: {:#}", flow.document());

    // The key is made anew.
    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'auth.acme.test' WHERE mfa_only").await;
    assert_eq!(app.revision().await["tenants"][0]["strandedCredentials"], 3);
    let mut flow = sign_in_with_password(&app, "kim@x.de").await;
    assert_eq!(flow.state(), "login_security_key");
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let options = &document["payload"]["request_options"]["publicKey"];
    assert_eq!(
        (&options["rpId"], options["allowCredentials"].as_array().unwrap().len()),
        (&json!(NEW), 1),
        "{options:#}"
    );
    let reason = refused(&app, OLD, None).await;
    assert!(reason.contains(&format!("`{NEW}`, whose credentials would stop working (passkeys: 0, security keys: 1)")));

    database::execute(&app, "UPDATE webauthn_credentials SET rp_id = 'acme.test' WHERE mfa_only").await;
    served(&app, NEW, None).await;
    assert_eq!(served(&app, OLD, None).await["strandedCredentials"], 0, "nothing of the new one is lost");
    assert!(actions(&identify(&app, "joe@x.de").await).contains(&passkey_login));
    for browser in [&mut jane, &mut joe, &mut kim] {
        assert!(signs_in_by_autofill(&app, browser).await);
    }
    assert!(profile_offers(&app, "jane@x.de").await.contains(&remove_password));
    let mut flow = sign_in_with_password(&app, "kim@x.de").await;
    let document = flow.act("webauthn_generate_request_options", json!({})).await;
    let assertion = key.get(&document).await;
    flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!(flow.state(), "device_trust", "{:#}", flow.document());
    app.end().await;
}

#[tokio::test]
async fn a_restart_neither_lets_a_new_relying_party_in_nor_forgets_that_it_was_accepted() {
    let (app, mut jane) = (app().await, Browser::default());
    register(&app, "jane@x.de", &mut jane, None).await;
    let spec = app.spec("project.yaml");
    app.until_delivered().await;
    let prepared = app.stop().await;
    let documents = prepared.folder.path().join("documents");
    write(&documents, spec.clone(), NEW, None);
    let app = prepared.begin(Default::default()).await.unwrap();
    let now = app.until_revision(|now| now["refused"][0].is_object()).await;
    assert!(now["refused"][0]["reason"].as_str().unwrap().contains("passkeys: 1, security keys: 0"), "{now:#}");
    assert_eq!((&now["tenants"], app.get("/readyz").await.status.as_u16()), (&json!([]), 503));
    write(&documents, spec.clone(), NEW, Some(NEW));
    app.until_ready().await;

    let prepared = app.stop().await;
    write(&documents, spec, NEW, None);
    let app = prepared.run(Default::default()).await;
    let now = app.revision().await;
    assert_eq!((&now["refused"], &now["tenants"][0]["strandedCredentials"]), (&json!([]), &json!(1)));
    app.end().await;
}

#[tokio::test]
async fn a_tenant_without_credentials_changes_its_relying_party_as_it_likes() {
    let app = app().await;
    served(&app, NEW, None).await;
    assert_eq!(served(&app, OLD, None).await["strandedCredentials"], 0);
    app.end().await;
}

#[tokio::test]
async fn other_sites_whose_pages_use_the_passkeys_are_listed_where_browsers_ask() {
    let app = app().await;
    let none = app.get("/.well-known/webauthn").await;
    assert_eq!((none.status.as_u16(), none.json()["code"].as_u64()), (404, Some(404)));
    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"origins": ["https://app.acme.test", "https://acme.shop", "http://localhost:3000"]}));
    let before = app.revision().await;
    write(&app.documents(), spec, OLD, None);
    app.until_revision(|now| now["tenants"] != before["tenants"]).await;
    let listed = app.get("/.well-known/webauthn").await;
    assert_eq!((listed.status.as_u16(), listed.header("content-type")), (200, "application/json".to_owned()));
    assert_eq!(listed.json(), json!({"origins": ["https://acme.shop"]}));
    app.end().await;
}

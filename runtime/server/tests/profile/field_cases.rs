//! Trouble that others had in the field, tried on the profile; each test is named after its case.

use aws_lc_rs::digest;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::json;

use crate::{
    actions, at_home, audit,
    browser::{self, Browser},
    credentials::{app, make},
    database, fine, outcome, refused, user,
};

#[tokio::test]
async fn fc03_a_key_that_cannot_be_read_is_refused_here_too() {
    let case: serde_json::Value = json!({
        "broken": "4500000001000000000000000000000000000000000020\
            4f49d1a8046aeaf3bab3d7ec0bca701d206ff99e81411f9d714fa5efada03756\
            a301634f4b5003272067456432353531392158207906045cf0cc3dfabf0197ef7208c20c7b0fe228bad8f62d95fe6c0c77a51875",
        "whole": "4500000001000000000000000000000000000000000020\
            4f49d1a8046aeaf3bab3d7ec0bca701d206ff99e81411f9d714fa5efada03756\
            a40101032720062158207906045cf0cc3dfabf0197ef7208c20c7b0fe228bad8f62d95fe6c0c77a51875",
    });
    let app = app(json!({})).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    for (name, expected) in [("broken", "leftover bytes"), ("whole", "algorithm -8 was not offered")] {
        let options = flow.act("webauthn_credential_create", json!({})).await;
        let rest = HEXLOWER.decode(case[name].as_str().unwrap().as_bytes()).unwrap();
        let data = [digest::digest(&digest::SHA256, b"acme.test").as_ref(), &rest].concat();
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
        flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
        assert_eq!(outcome(&flow), refused(401, "profile_init", "passkey_invalid"));
        let reason = audit::rows(&app).await.last().unwrap().1.clone().unwrap_or_default();
        assert!(reason.contains(expected), "{reason}");
    }
    app.end().await;
}

#[tokio::test]
async fn fc05_members_that_need_not_be_there_may_be_missing_and_the_answer_may_be_text() {
    let app = app(json!({})).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    for as_text in [false, true] {
        let document = flow.act("webauthn_credential_create", json!({})).await;
        let mut created = Browser::default().create(&document).await;
        for name in ["clientExtensionResults", "authenticatorAttachment", "type", "rawId"] {
            created.as_object_mut().unwrap().remove(name);
        }
        for name in ["transports", "publicKeyAlgorithm", "publicKey", "authenticatorData"] {
            created["response"].as_object_mut().unwrap().remove(name);
        }
        let created = if as_text { json!(created.to_string()) } else { created };
        flow.act("webauthn_verify_attestation_response", json!({"public_key": created})).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{:#}", flow.document());
    }
    let passkeys = user(&flow)["passkeys"].as_array().unwrap().clone();
    assert_eq!((passkeys.len(), &passkeys[1]["transports"]), (2, &json!([])));
    app.end().await;
}

#[tokio::test]
async fn fc07_passkeys_of_another_relying_party_protect_nobody_and_can_go() {
    let settings = json!({"password": {"optional": true}, "email": {"useForAuthentication": false}});
    let app = app(settings).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    for _ in 0..2 {
        make(&mut flow, &mut Browser::default(), "webauthn_credential_create").await;
    }
    let passkeys = user(&flow)["passkeys"].as_array().unwrap().clone();
    let dead = "UPDATE webauthn_credentials SET rp_id = 'auth.acme.test' WHERE rowid = (SELECT MIN(rowid) FROM webauthn_credentials)";
    database::execute(&app, dead).await;
    flow.act("password_delete", json!({})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let mut gone = 0;
    for passkey in &passkeys {
        flow.act("webauthn_credential_delete", json!({"passkey_id": passkey["id"]})).await;
        gone += usize::from(flow.answer.status == 200);
        let last_way_in = refused(403, "profile_init", "operation_not_permitted_error");
        assert!(outcome(&flow) == fine("profile_init") || outcome(&flow) == last_way_in, "{:?}", outcome(&flow));
        if flow.document()["actions"].get("webauthn_credential_delete").is_none() {
            break;
        }
    }
    assert_eq!(gone, 1);
    let left = database::texts(&app, "SELECT rp_id FROM webauthn_credentials").await;
    assert_eq!(left, ["acme.test"], "the one that can still sign in stays");
    app.end().await;
}

#[tokio::test]
async fn limits_count_each_kind_on_its_own() {
    // Q11.
    let settings = json!({"passkey": {"limit": 1}, "mfa": {"securityKeys": {"limit": 1}}});
    let app = app(settings).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    make(&mut flow, &mut Browser::default(), "webauthn_credential_create").await;
    let offered = actions(&flow);
    assert!(!offered.iter().any(|name| name == "security_key_create" || name == "webauthn_credential_create"));
    app.end().await;
}

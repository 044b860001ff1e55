//! Holds an answer against the tables (§1.5 to §1.8, §2).

use serde_json::{Map, Value, json};

use super::{
    model::{Run, World},
    outcome::{Outcome, Payload},
    tables::{actions, message},
};
use crate::support::{Answer, TestApp};

/// Panics unless the answer is what the run must get.
#[track_caller]
pub fn check(world: &World<'_>, run: &Run, called: &str, outcome: &Outcome, before: &Value, answer: &Answer) {
    let document = answer.json();
    let status = if outcome.status == 0 { 200 } else { outcome.status };
    assert_eq!(answer.status.as_u16(), status, "HTTP and document say the same");
    assert_eq!((&document["name"], &document["status"]), (&json!(run.at.state), &json!(status)));
    let token = document["csrf_token"].as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    assert_ne!(before["csrf_token"], token, "every answer has a new token");
    let mut members = vec!["actions", "csrf_token", "links", "name", "payload", "status"];
    if let Some(code) = outcome.error {
        members.push("error");
        assert_eq!(document["error"], json!({"code": code, "message": message(code)}));
    }
    members.sort_unstable();
    assert_eq!(names(&document), members);
    assert_eq!(document["links"], Value::Null);
    check_actions(world, run, called, outcome, &document);
    check_payload(world, run, outcome, before, &document["payload"]);
    check_headers(world, run, outcome, answer);
}

/// The members of an object, sorted.
pub fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn check_actions(world: &World<'_>, run: &Run, called: &str, outcome: &Outcome, document: &Value) {
    let mut expected = actions(world, run);
    if let Some(inputs) = expected.get_mut(called) {
        for (name, code) in &outcome.inputs {
            inputs[name]["error"] = json!({"code": code, "message": message(code)});
        }
        if let (Some(value), Some(email)) = (&outcome.value, inputs.get_mut("email")) {
            email["value"] = json!(value);
        }
    }
    let shown = document["actions"].as_object().unwrap();
    let inputs: Map<String, Value> =
        shown.iter().map(|(name, action)| (name.clone(), action["inputs"].clone())).collect();
    assert_eq!(Value::Object(inputs), Value::Object(expected), "offers and inputs of {}", run.at.state);
    for (name, action) in shown {
        assert_eq!(names(action), ["action", "description", "href", "inputs"]);
        assert_eq!(action["action"], json!(name));
        assert!(!action["description"].as_str().unwrap().is_empty());
        let flow = if world.registering { "registration" } else { "login" };
        let href = action["href"].as_str().unwrap();
        let id = href.strip_prefix(&format!("/{flow}?action={name}%40")).unwrap();
        assert!(id.parse::<hanko_domain::FlowId>().is_ok(), "{href}");
    }
}

fn check_payload(world: &World<'_>, run: &Run, outcome: &Outcome, before: &Value, payload: &Value) {
    match &outcome.payload {
        Payload::Nothing => assert_eq!(payload, &json!({})),
        Payload::Request(allowed) => {
            assert_eq!(names(payload), ["request_options"]);
            let options = &payload["request_options"]["publicKey"];
            let list = options["allowCredentials"].as_array();
            assert_eq!(list.map(Vec::len), *allowed, "{options:#}");
            let mut members = vec!["challenge", "rpId", "timeout", "userVerification"];
            members.extend(allowed.map(|_| "allowCredentials"));
            members.sort_unstable();
            assert_eq!(names(options), members);
        }
        Payload::Creation { key } => {
            assert_eq!(names(payload), ["creation_options"]);
            let options = &payload["creation_options"]["publicKey"];
            let selection = &options["authenticatorSelection"];
            assert_eq!(selection["requireResidentKey"], json!(!key));
            assert_eq!(selection["residentKey"], if *key { "discouraged" } else { "required" });
            let facts = &run.at.facts;
            let name = facts.email.as_ref().or(facts.username.as_ref());
            assert_eq!(options["user"]["name"], json!(name));
        }
        Payload::Secret { same } => {
            assert_eq!(names(payload), ["otp_image_source", "otp_secret"]);
            assert_eq!(payload["otp_secret"].as_str().unwrap().len(), 32);
            assert!(payload["otp_image_source"].as_str().unwrap().starts_with("data:image/png;base64,"));
            assert_eq!(*same, before["payload"].get("otp_secret").is_some() && before["payload"] == *payload);
        }
        Payload::Success => check_success(world, run, payload),
    }
}

/// §2.22, §4.13.
fn check_success(world: &World<'_>, run: &Run, payload: &Value) {
    let facts = &run.at.facts;
    let (user, claims) = (&payload["user"], &payload["claims"]);
    let method = |method: &str| match method {
        "password" => "pwd",
        "passcode" => "otp",
        other => {
            if other == "passkey" {
                "passkey"
            } else {
                panic!("{other}")
            }
        }
    };
    let amr: Vec<&str> = if world.registering {
        let order = ["pwd", "passkey", "totp", "security_key"].into_iter().filter(|made| facts.made.contains(made));
        facts.proven_code.then_some("otp").into_iter().chain(order).collect()
    } else {
        facts.method.map(method).into_iter().chain(facts.second).collect()
    };
    assert_eq!(claims.get("amr").cloned().unwrap_or(json!([])), json!(amr));
    // What is not shown cannot be claimed: two factors in this run, or enrolled in it.
    let enrolled = !world.registering && facts.two_factors;
    if claims["acr"] == "aal2" {
        assert!(enrolled || facts.made.contains(&"passkey"), "{claims:#} for {facts:#?}");
    } else {
        assert!(!enrolled, "{claims:#} for {facts:#?}");
    }
    assert_eq!((&user["id"], &user["id"]), (&user["user_id"], &claims["subject"]));
    let mut members = vec!["claims", "user"];
    if !world.registering {
        members.insert(1, "last_login");
        let mut last_login = json!({"login_method": facts.method});
        if let Some(second) = facts.second {
            last_login["mfa_method"] = json!(second);
        }
        assert_eq!(payload["last_login"], last_login);
    }
    assert_eq!(names(payload), members);
    let settings = world.settings;
    let mfa = &settings.mfa;
    assert_eq!(
        user["mfa_config"],
        json!({
            "auth_app_set_up": facts.has_otp,
            "totp_enabled": mfa.enabled && mfa.totp_enabled,
            "security_keys_enabled": mfa.enabled && mfa.security_keys.enabled,
        })
    );
    let has = |member: &str| user.get(member).is_some();
    assert_eq!(has("passkeys"), facts.has_passkey && settings.passkey.enabled);
    assert_eq!(has("security_keys"), facts.has_key && mfa.security_keys.enabled);
    assert_eq!(has("username"), facts.has_username);
    let has_email = if world.registering { facts.email.is_some() } else { facts.has_email };
    assert_eq!((has("emails"), claims.get("email").is_some()), (has_email, has_email));
    assert_eq!(claims.get("username").is_some(), facts.has_username);
}

/// §1.18.
fn check_headers(world: &World<'_>, run: &Run, outcome: &Outcome, answer: &Answer) {
    let cookies = answer.header("set-cookie");
    if outcome.payload != Payload::Success {
        assert_eq!((cookies, answer.header("x-session-lifetime")), (String::new(), String::new()));
        return;
    }
    use hanko_model::spec::{DeviceTrustPolicy, Retention};
    let cookie = &world.settings.session.cookie;
    let facts = &run.at.facts;
    let keeps = match cookie.retention {
        Retention::Persistent => true,
        Retention::Session => false,
        Retention::Prompt => facts.remember,
    };
    assert_eq!(answer.header("x-session-retention"), if keeps { "persistent" } else { "session" });
    assert_eq!(answer.header("x-session-lifetime"), world.settings.session.lifespan.as_secs().to_string());
    let trusted = !world.registering
        && facts.second.is_some()
        && match world.settings.mfa.device_trust.policy {
            DeviceTrustPolicy::Always => true,
            DeviceTrustPolicy::Prompt => facts.trusts_device,
            DeviceTrustPolicy::Never => false,
        };
    assert_eq!(cookies.contains("hanko-device-token="), trusted, "{cookies}");
}

/// What the answer showed is what is stored.
pub async fn check_stored(app: &TestApp, answer: &Answer) {
    let me = app.get_with("/me", &[("cookie", &answer.cookie())]).await;
    assert_eq!(me.json(), answer.json()["payload"]["user"]);
}

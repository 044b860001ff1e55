//! `/webauthn/**` (§13.8).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::{
    PASSWORD, Person, audit,
    browser::{self, Browser},
    call, join, me, merge, open, post, saying, set_password,
    support::{Answer, TestApp},
    told,
};

const MISMATCH: &str = "Stored challenge and received challenge do not match";

async fn app(over: Value) -> TestApp {
    let mut spec = open(over);
    browser::app(spec["settings"].take()).await
}

async fn register(app: &TestApp, person: &Person, browser: &mut Browser) -> Answer {
    let options = call(app, "POST", "/webauthn/registration/initialize", &person.cookie, None).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let created = browser.create(&json!({"payload": {"creation_options": options.json()}})).await;
    call(app, "POST", "/webauthn/registration/finalize", &person.cookie, Some(created)).await
}

/// Options to sign in, and the authenticator's answer.
async fn assertion(app: &TestApp, browser: &mut Browser, user: Option<&str>) -> (Value, Value) {
    let options = post(app, "/webauthn/login/initialize", json!({"user_id": user})).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let signed = browser.get(&json!({"payload": {"request_options": options.json()}})).await;
    (options.json(), signed)
}

#[tokio::test]
async fn item_31_a_passkey_is_registered_and_signs_in() {
    let app = app(json!({})).await;
    let jane = join(&app, "jane@acme.test").await;
    let options = call(&app, "POST", "/webauthn/registration/initialize", &jane.cookie, None).await.json();
    let public_key = &options["publicKey"];
    assert_eq!(
        (&public_key["user"]["name"], &public_key["user"]["displayName"]),
        (&json!("jane@acme.test"), &json!("jane@acme.test"))
    );
    assert!(public_key.get("excludeCredentials").is_none());
    let mut browser = Browser::default();
    let registered = register(&app, &jane, &mut browser).await;
    app.mailbox.take("jane@acme.test").await;
    assert_eq!(registered.status, 200, "{}", registered.text());
    assert_eq!(registered.json()["user_id"], json!(jane.id));
    for user in [None, Some(jane.id.as_str())] {
        let (options, signed) = assertion(&app, &mut browser, user).await;
        let listed = &options["publicKey"]["allowCredentials"];
        let expected = json!([{"type": "public-key", "id": registered.json()["credential_id"]}]);
        assert_eq!(*listed, if user.is_some() { expected } else { Value::Null });
        let answer = post(&app, "/webauthn/login/finalize", signed.clone()).await;
        assert_eq!(answer.json(), registered.json());
        assert_eq!(me(&app, &answer.cookie()).await["id"], json!(jane.id));
        assert_eq!(
            told(&post(&app, "/webauthn/login/finalize", signed).await),
            saying(401, MISMATCH),
            "it counts once"
        );
    }
    let mut kinds = audit::types(&app).await;
    kinds.retain(|kind| kind.starts_with("webauthn"));
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "webauthn_registration_init_succeeded",
            "webauthn_registration_final_succeeded",
            "webauthn_authentication_init_succeeded",
            "webauthn_authentication_final_succeeded",
            "webauthn_authentication_final_failed",
            "webauthn_authentication_init_succeeded",
            "webauthn_authentication_final_succeeded",
            "webauthn_authentication_final_failed",
        ]
    );
    app.end().await;
}

#[tokio::test]
async fn item_31_an_unknown_challenge_is_told_by_both_ends() {
    let (one, two) = (app(json!({})).await, app(json!({})).await);
    let (jane, joe) = (join(&one, "jane@acme.test").await, join(&two, "joe@acme.test").await);
    let mut browser = Browser::default();
    assert_eq!(register(&one, &jane, &mut browser).await.status, 200);
    one.mailbox.take("jane@acme.test").await;
    let (_, signed) = assertion(&one, &mut browser, None).await;
    assert_eq!(told(&post(&two, "/webauthn/login/finalize", signed).await), saying(401, MISMATCH));
    let options = call(&one, "POST", "/webauthn/registration/initialize", &jane.cookie, None).await.json();
    let created = Browser::default().create(&json!({"payload": {"creation_options": options}})).await;
    let answer = call(&two, "POST", "/webauthn/registration/finalize", &joe.cookie, Some(created.clone())).await;
    assert_eq!(told(&answer), saying(400, MISMATCH));
    // A challenge is for one operation and one user.
    let sam = join(&one, "sam@acme.test").await;
    let answer = call(&one, "POST", "/webauthn/registration/finalize", &sam.cookie, Some(created.clone())).await;
    assert_eq!(told(&answer), saying(400, MISMATCH));
    let answer = call(&one, "POST", "/webauthn/registration/finalize", &jane.cookie, Some(created)).await;
    assert_eq!(answer.status, 200, "nothing has happened to it");
    one.mailbox.take("jane@acme.test").await;
    one.end().await;
    two.end().await;
}

/// FC-03: a broken key is refused with its reason in the audit log.
#[tokio::test]
async fn a_broken_key_is_refused_cleanly() {
    let app = app(json!({})).await;
    let jane = join(&app, "jane@acme.test").await;
    let options = call(&app, "POST", "/webauthn/registration/initialize", &jane.cookie, None).await.json();
    let challenge = options["publicKey"]["challenge"].as_str().unwrap();
    let client_data =
        json!({"type": "webauthn.create", "challenge": challenge, "origin": browser::PAGE, "crossOrigin": false});
    let authenticator_data = data_encoding::HEXLOWER
        .decode(b"49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d976345000000010000000000000000000000000000000000204f49d1a8046aeaf3bab3d7ec0bca701d206ff99e81411f9d714fa5efada03756a301634f4b5003272067456432353531392158207906045cf0cc3dfabf0197ef7208c20c7b0fe228bad8f62d95fe6c0c77a51875")
        .unwrap();
    let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
    object.push(u8::try_from(authenticator_data.len()).unwrap());
    object.extend(&authenticator_data);
    let credential = "T0nRqARq6vO6s9fsC8pwHSBv-Z6BQR-dcU-l762gN1Y";
    let created = json!({"id": credential, "rawId": credential, "type": "public-key", "response": {
        "clientDataJSON": BASE64URL_NOPAD.encode(client_data.to_string().as_bytes()),
        "attestationObject": BASE64URL_NOPAD.encode(&object),
    }});
    let answer = call(&app, "POST", "/webauthn/registration/finalize", &jane.cookie, Some(created)).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let rows = audit::rows(&app).await;
    let (_, error, _) = rows.iter().find(|(kind, ..)| kind == "webauthn_registration_final_failed").unwrap();
    assert!(error.as_ref().unwrap().starts_with("failed to validate attestation: "), "{error:?}");
    app.end().await;
}

/// FC-05, with nobody named and with a named user, and with every optional member missing.
#[tokio::test]
async fn the_user_handle_may_be_missing_only_where_a_user_was_named() {
    let app = app(json!({})).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let mut browser = Browser::default();
    assert_eq!(register(&app, &jane, &mut browser).await.status, 200);
    app.mailbox.take("jane@acme.test").await;
    let other = BASE64URL_NOPAD.encode(joe.id.parse::<uuid::Uuid>().unwrap().as_bytes());
    let no_handle = saying(400, "failed to parse userHandle as uuid");
    let wrong = saying(401, "failed to validate assertion");
    for user in [None, Some(jane.id.as_str())] {
        for (handle, discoverable) in [
            (Some(Value::Null), Some(&no_handle)),
            (None, Some(&no_handle)),
            (Some(json!("")), Some(&no_handle)),
            (Some(json!(other)), Some(&wrong)),
            (Some(json!("not*base64")), None),
        ] {
            let (_, mut signed) = assertion(&app, &mut browser, user).await;
            for optional in ["clientExtensionResults", "authenticatorAttachment"] {
                signed.as_object_mut().unwrap().remove(optional);
            }
            match handle.clone() {
                Some(handle) => signed["response"]["userHandle"] = handle,
                None => drop(signed["response"].as_object_mut().unwrap().remove("userHandle")),
            }
            let answer = post(&app, "/webauthn/login/finalize", signed).await;
            match (user, discoverable) {
                (_, None) => assert_eq!(answer.status, 400, "{handle:?}"),
                (Some(_), Some(expected)) if *expected == no_handle => assert_eq!(answer.status, 200, "{handle:?}"),
                (_, Some(expected)) => assert_eq!(told(&answer), *expected, "{handle:?}"),
            }
        }
    }
    app.end().await;
}

/// FC-02.
#[tokio::test]
async fn a_changed_mind_about_backup_is_accepted_and_audited() {
    let app = app(json!({})).await;
    let jane = join(&app, "jane@acme.test").await;
    let mut browser = Browser::default();
    assert_eq!(register(&app, &jane, &mut browser).await.status, 200);
    app.mailbox.take("jane@acme.test").await;
    crate::database::execute(
        &app,
        "UPDATE webauthn_credentials SET backup_eligible = NOT backup_eligible, backup_state = 0",
    )
    .await;
    let (_, signed) = assertion(&app, &mut browser, None).await;
    assert_eq!(post(&app, "/webauthn/login/finalize", signed).await.status, 200);
    assert!(audit::types(&app).await.contains(&"passkey_backup_changed".to_owned()));
    app.end().await;
}

#[tokio::test]
async fn of_many_who_answer_one_challenge_at_once_one_signs_in() {
    let app = app(json!({})).await;
    let jane = join(&app, "jane@acme.test").await;
    let mut browser = Browser::default();
    assert_eq!(register(&app, &jane, &mut browser).await.status, 200);
    app.mailbox.take("jane@acme.test").await;
    let (_, signed) = assertion(&app, &mut browser, None).await;
    let answers = (0..8).map(|_| post(&app, "/webauthn/login/finalize", signed.clone()));
    let answers = crate::passcodes::futures_join(answers).await;
    let signed_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(signed_in, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    app.end().await;
}

#[tokio::test]
async fn without_required_verification_a_new_passkey_is_unprocessable() {
    let app = app(json!({"passkey": {"userVerification": "required"}})).await;
    let jane = join(&app, "jane@acme.test").await;
    let mut options = call(&app, "POST", "/webauthn/registration/initialize", &jane.cookie, None).await.json();
    options["publicKey"]["authenticatorSelection"]["userVerification"] = json!("discouraged");
    let created = Browser::without_verification().create(&json!({"payload": {"creation_options": options}})).await;
    let (status, message) =
        told(&call(&app, "POST", "/webauthn/registration/finalize", &jane.cookie, Some(created)).await);
    assert!(status == 422 && message.contains("User verification"), "{status} {message}");
    app.end().await;
}

#[tokio::test]
async fn credentials_are_listed_renamed_and_removed_by_their_owner_only() {
    let app = app(json!({})).await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let mut browser = Browser::default();
    let id = register(&app, &jane, &mut browser).await.json()["credential_id"].as_str().unwrap().to_owned();
    app.mailbox.take("jane@acme.test").await;
    let path = format!("/webauthn/credentials/{id}");
    let list = async |person: &Person| call(&app, "GET", "/webauthn/credentials", &person.cookie, None).await.json();
    assert_eq!((&list(&jane).await[0]["id"], list(&joe).await), (&json!(id), json!([])));
    for path in [path.as_str(), "/webauthn/credentials/x", "/webauthn/credentials/****"] {
        let rename = call(&app, "PATCH", path, &joe.cookie, Some(json!({"name": "mine"}))).await;
        assert_eq!(told(&rename), saying(404, "Not Found"), "{path}");
        assert_eq!(told(&call(&app, "DELETE", path, &joe.cookie, None).await), saying(404, "Not Found"));
    }
    for (body, name) in
        [(json!({"name": " Laptop "}), " Laptop "), (json!({}), " Laptop "), (json!({"name": null}), " Laptop ")]
    {
        let renamed = call(&app, "PATCH", &path, &jane.cookie, Some(body)).await;
        assert_eq!((renamed.status.as_u16(), renamed.text().as_str()), (200, ""));
        assert_eq!(list(&jane).await[0]["name"], name);
    }
    let own = call(&app, "GET", &format!("/users/{}", jane.id), &jane.cookie, None).await.json();
    let row = &own["webauthn_credentials"][0];
    assert_eq!((&row["id"], &row["user_id"]), (&json!(id), &json!(jane.id)));
    let removed = call(&app, "DELETE", &path, &jane.cookie, None).await;
    assert_eq!((removed.status.as_u16(), removed.text().as_str()), (204, ""));
    assert_eq!(told(&call(&app, "DELETE", &path, &jane.cookie, None).await), saying(404, "Not Found"));
    let (_, signed) = assertion(&app, &mut browser, None).await;
    assert_eq!(told(&post(&app, "/webauthn/login/finalize", signed).await), saying(401, "Unauthorized"));
    app.end().await;
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let app = app(json!({})).await;
    let jane = join(&app, "jane@acme.test").await;
    let id = register(&app, &jane, &mut Browser::default()).await.json()["credential_id"].as_str().unwrap().to_owned();
    app.mailbox.take("jane@acme.test").await;
    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"settings": {"email": {"useForAuthentication": false}}}));
    app.write("project.yaml", "acme", &spec);
    let path = format!("/webauthn/credentials/{id}");
    // The passcode endpoints go with the setting.
    for _ in 0..1_000 {
        if crate::support::send(app.request(reqwest::Method::POST, "/passcode/login/finalize")).await.status == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(told(&call(&app, "DELETE", &path, &jane.cookie, None).await), saying(409, "Conflict"));
    set_password(&app, &jane).await;
    assert_eq!(call(&app, "DELETE", &path, &jane.cookie, None).await.status, 204);
    let again = post(&app, "/password/login", json!({"user_id": jane.id, "password": PASSWORD})).await;
    assert_eq!(again.status, 200);
    app.end().await;
}

#[tokio::test]
async fn whoever_is_to_be_asked_for_is_named_properly() {
    let app = app(json!({})).await;
    for (body, expected) in [
        (json!({"user_id": "x"}), saying(400, "failed to parse UserID as uuid")),
        (json!({"user_id": "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50"}), saying(400, "user not found")),
    ] {
        assert_eq!(told(&post(&app, "/webauthn/login/initialize", body).await), expected);
    }
    assert_eq!(call(&app, "POST", "/webauthn/login/initialize", "", None).await.status, 200, "no body at all");
    let errors: Vec<String> = audit::rows(&app).await.into_iter().filter_map(|(_, error, _)| error).collect();
    assert_eq!(errors, ["user_id is not a uuid", "unknown user"]);
    app.end().await;
}

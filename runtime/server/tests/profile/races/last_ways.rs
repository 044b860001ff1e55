//! What has to be left of an account, and limits, hold whatever comes at the same time.

use serde_json::json;

use super::{ROUNDS, address, again, person, winners};
use crate::{
    actions,
    browser::Browser,
    credentials::make,
    crowd::{apps, prepare},
    email_id,
    emails::add,
    fine, modern, open, outcome, user,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_the_last_two_ways_in_one_is_left() {
    let settings = json!({"password": {"optional": true}, "email": {"useForAuthentication": false}});
    for app in apps(settings).await {
        for round in 0..ROUNDS {
            let (mut one, mut browser) = (person(&app, round).await, Browser::default());
            make(&mut one, &mut browser, "webauthn_credential_create").await;
            let other = again(&app, &one).await;
            let passkey = user(&one)["passkeys"][0]["id"].clone();
            let requests = [
                prepare(&app, &one, "password_delete", json!({})),
                prepare(&app, &other, "webauthn_credential_delete", json!({"passkey_id": passkey})),
            ];
            assert_eq!(winners(&app, &requests).await, 1);
            let left = again(&app, &one).await;
            let has_password = actions(&left).contains(&"password_update".to_owned());
            assert_ne!(has_password, user(&left).get("passkeys").is_some());
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_passkeys_one_is_left() {
    let settings = json!({"password": {"optional": true}, "email": {"useForAuthentication": false}});
    for app in apps(settings).await {
        for round in 0..ROUNDS {
            let mut one = person(&app, round).await;
            for _ in 0..2 {
                make(&mut one, &mut Browser::default(), "webauthn_credential_create").await;
            }
            one.act("password_delete", json!({})).await;
            assert_eq!(outcome(&one), fine("profile_init"));
            let other = again(&app, &one).await;
            let passkeys = user(&one)["passkeys"].clone();
            let requests = [
                prepare(&app, &one, "webauthn_credential_delete", json!({"passkey_id": passkeys[0]["id"]})),
                prepare(&app, &other, "webauthn_credential_delete", json!({"passkey_id": passkeys[1]["id"]})),
            ];
            assert_eq!(winners(&app, &requests).await, 1);
            assert_eq!(user(&again(&app, &one).await)["passkeys"].as_array().unwrap().len(), 1);
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_mandatory_second_factors_one_is_left() {
    for app in apps(json!({"mfa": {"optional": false}})).await {
        for round in 0..ROUNDS {
            let mut flow = crate::journeys::register_up_to_chooser(&app, &address(round), crate::plain()).await;
            crate::journeys::set_up(&app, &mut flow).await;
            let mut one = open(&app, &flow.answer.cookie(), modern()).await;
            make(&mut one, &mut Browser::without_verification(), "security_key_create").await;
            let other = again(&app, &one).await;
            let key = user(&one)["security_keys"][0]["id"].clone();
            let requests = [
                prepare(&app, &one, "otp_secret_delete", json!({})),
                prepare(&app, &other, "security_key_delete", json!({"security_key_id": key})),
            ];
            assert_eq!(winners(&app, &requests).await, 1);
            let left = user(&again(&app, &one).await);
            assert_ne!(left["mfa_config"]["auth_app_set_up"] == true, left.get("security_keys").is_some());
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_main_address_is_always_one_that_is_there() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS {
            let mut one = person(&app, round).await;
            let second = format!("second{round}@x.de");
            add(&app, &mut one, &second).await;
            let other = again(&app, &one).await;
            let id = email_id(&one, &second);
            let requests = [
                prepare(&app, &one, "email_set_primary", json!({"email_id": id})),
                prepare(&app, &other, "email_delete", json!({"email_id": id})),
            ];
            assert_eq!(winners(&app, &requests).await, 1);
            let emails = user(&again(&app, &one).await)["emails"].as_array().unwrap().clone();
            assert_eq!(emails.iter().filter(|email| email["is_primary"] == true).count(), 1, "{emails:?}");
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn flows_that_add_up_to_more_than_the_limit_stop_at_it() {
    let limits = json!({"email": {"limit": 2}, "passkey": {"limit": 1}, "mfa": {"securityKeys": {"limit": 1}}});
    for app in apps(limits).await {
        for round in 0..ROUNDS {
            let one = person(&app, round).await;
            let mut requests = Vec::new();
            for n in 0..3 {
                let (mut flow, address) = (again(&app, &one).await, format!("new{n}-{round}@x.de"));
                flow.act("email_create", json!({"email": address})).await;
                let code = app.mailbox.take(&address).await.code();
                requests.push(prepare(&app, &flow, "verify_passcode", json!({"code": code})));
            }
            assert_eq!(winners(&app, &requests).await, 1);
            assert_eq!(user(&again(&app, &one).await)["emails"].as_array().unwrap().len(), 2);
            for (action, list) in [("webauthn_credential_create", "passkeys"), ("security_key_create", "security_keys")]
            {
                let mut requests = Vec::new();
                for _ in 0..3 {
                    let mut flow = again(&app, &one).await;
                    let document = flow.act(action, json!({})).await;
                    let created = Browser::default().create(&document).await;
                    let inputs = json!({"public_key": created});
                    requests.push(prepare(&app, &flow, "webauthn_verify_attestation_response", inputs));
                }
                assert_eq!(winners(&app, &requests).await, 1, "{action}");
                assert_eq!(user(&again(&app, &one).await)[list].as_array().unwrap().len(), 1);
            }
        }
        app.end().await;
    }
}

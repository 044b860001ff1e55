//! Devices that are spared the second factor (`spec/flow-login-registration.md` §4.8).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    actions, audit, database, identify, plain,
    support::{Answer, Flow, TestApp, merge},
    totp::{self, register_with_totp},
};

async fn app(mfa: Value) -> TestApp {
    TestApp::with(json!({"settings": {"mfa": mfa, "rateLimiter": {"enabled": false}}})).await
}

/// The `Set-Cookie` header of a trusted device, empty without one.
fn set_cookie(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    cookies.filter(|cookie| !cookie.starts_with("hanko=")).collect()
}

/// The value of that cookie.
fn value(answer: &Answer) -> String {
    let cookie = set_cookie(answer);
    cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

/// A login up to what follows the password, from a device with this cookie.
async fn sign_in<'a>(app: &'a TestApp, address: &str, device: &str) -> Flow<'a> {
    let mut flow = crate::begin(app, "/login", plain()).await;
    flow.headers.push(("Cookie".into(), format!("theme=dark; hanko-device-token={device}")));
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": crate::PASSWORD})).await;
    flow
}

/// Signs in with the app's code and trusts the device, whose new cookie value is returned.
async fn trust(app: &TestApp, address: &str, secret: &str, device: &str) -> String {
    app.clock.advance(Duration::from_secs(90));
    let mut flow = sign_in(app, address, device).await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(app, secret, 0)})).await;
    if flow.state() == "device_trust" {
        flow.act("trust_device", json!({})).await;
    }
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    value(&flow.answer)
}

async fn devices(app: &TestApp) -> i64 {
    audit::count(app, "SELECT COUNT(*) FROM trusted_devices").await
}

#[tokio::test]
async fn a_device_is_trusted_when_its_user_says_so_and_is_then_spared_the_code() {
    let app = app(json!({})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let mut flow = sign_in(&app, "jane@x.de", "").await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!(actions(&flow), ["skip", "trust_device"]);
    flow.act("skip", json!({})).await;
    assert_eq!((flow.state().as_str(), set_cookie(&flow.answer).as_str()), ("success", ""), "not wanted");
    assert_eq!(devices(&app).await, 0);

    app.clock.advance(Duration::from_secs(60));
    let mut flow = sign_in(&app, "jane@x.de", "").await;
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    let document = flow.act("trust_device", json!({})).await;
    let user = document["payload"]["user"]["id"].as_str().unwrap().to_owned();
    let cookie = set_cookie(&flow.answer);
    let (head, attributes) = cookie.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=None");
    let token = head.strip_prefix(&format!("hanko-device-token={user}:")).unwrap();
    assert_eq!((token.len(), &token[86..]), (88, "=="));
    assert_eq!(devices(&app).await, 1);
    assert!(!database::holds(&app, token), "only a hash is stored");

    let device = value(&flow.answer);
    let flow = sign_in(&app, "jane@x.de", &device).await;
    let document = flow.document();
    assert_eq!(document["name"], "success", "{document:#}");
    assert_eq!(set_cookie(&flow.answer), "", "trust is not prolonged by its use");
    assert_eq!(document["payload"]["last_login"], json!({"login_method": "password"}));
    assert_eq!(
        (&document["payload"]["claims"]["amr"], &document["payload"]["claims"]["acr"]),
        (&json!(["pwd"]), &json!("aal1")),
        "the factor of an earlier login is none of this one"
    );
    app.end().await;
}

#[tokio::test]
async fn a_device_is_trusted_without_asking_or_never_where_the_project_says_so() {
    let app =
        app(json!({"deviceTrustPolicy": "always", "deviceTrustDuration": "168h", "deviceTrustCookieName": "known"}))
            .await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let mut flow = sign_in(&app, "jane@x.de", "").await;
    let document = flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!(document["name"], "success", "nobody asks: {document:#}");
    let cookie = set_cookie(&flow.answer);
    assert!(cookie.starts_with("known=") && cookie.contains("; Max-Age=604800;"), "{cookie}");
    let device = format!("x; known={}", value(&flow.answer));
    assert_eq!(sign_in(&app, "jane@x.de", &device).await.state(), "success");

    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"settings": {"mfa": {"deviceTrustPolicy": "never"}}}));
    let before = app.revision().await;
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| now != &before).await;
    app.clock.advance(Duration::from_secs(60));
    let mut flow = sign_in(&app, "jane@x.de", &device).await;
    assert_eq!(flow.state(), "login_otp", "what was trusted before is not believed");
    flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
    assert_eq!((flow.state().as_str(), set_cookie(&flow.answer).as_str()), ("success", ""));
    app.end().await;
}

#[tokio::test]
async fn no_trust_comes_of_a_login_without_a_second_factor() {
    // §7 Q29.
    let app = app(json!({"deviceTrustPolicy": "always"})).await;
    crate::register(&app, "jane@x.de").await;
    let flow = sign_in(&app, "jane@x.de", "").await;
    assert_eq!((flow.state().as_str(), set_cookie(&flow.answer).as_str()), ("success", ""));
    let secret = register_with_totp(&app, "john@x.de").await;
    let device = trust(&app, "john@x.de", &secret, "").await;
    let flow = sign_in(&app, "john@x.de", &device).await;
    assert_eq!((flow.state().as_str(), set_cookie(&flow.answer).as_str()), ("success", ""));
    assert_eq!(devices(&app).await, 1);
    app.end().await;
}

#[tokio::test]
async fn a_device_has_several_users_the_newest_first_and_each_replaces_its_own_token() {
    let app = app(json!({"deviceTrustMaxUsersPerDevice": 2})).await;
    let mut secrets = Vec::new();
    let people = ["jane@x.de", "john@x.de", "kim@x.de"];
    for address in people {
        secrets.push(register_with_totp(&app, address).await);
    }
    let jane = trust(&app, people[0], &secrets[0], "").await;
    let both = trust(&app, people[1], &secrets[1], &jane).await;
    assert_eq!(both.split('|').nth(1), Some(jane.as_str()));
    for address in &people[..2] {
        assert_eq!(sign_in(&app, address, &both).await.state(), "success", "{address}");
    }
    let with_kim = trust(&app, people[2], &secrets[2], &both).await;
    assert_eq!(with_kim.split('|').count(), 2, "the oldest makes room");
    assert_eq!(sign_in(&app, people[0], &with_kim).await.state(), "login_otp");
    assert_eq!(devices(&app).await, 2, "a token that is in no cookie is gone");
    assert_eq!(sign_in(&app, people[0], &jane).await.state(), "login_otp");

    // Kim's token is lost on the way, the one that stays is John's.
    let john = with_kim.split('|').nth(1).unwrap();
    let again = trust(&app, people[2], &secrets[2], john).await;
    assert_eq!(again.split('|').nth(1), Some(john));
    app.end().await;
}

#[tokio::test]
async fn a_new_trust_of_the_same_user_replaces_the_old_one() {
    let app = app(json!({})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let first = trust(&app, "jane@x.de", &secret, "").await;
    // The cookie is there but its row was about to expire when the login began.
    app.clock.advance(Duration::from_secs(30 * 24 * 3600));
    let second = trust(&app, "jane@x.de", &secret, &first).await;
    assert_ne!(first, second);
    assert_eq!(second.split('|').count(), 1);
    assert_eq!(devices(&app).await, 1);
    app.end().await;
}

#[tokio::test]
async fn what_is_no_trust_of_this_user_is_not_believed() {
    let app = app(json!({})).await;
    let jane = register_with_totp(&app, "jane@x.de").await;
    let john = register_with_totp(&app, "john@x.de").await;
    let of_jane = trust(&app, "jane@x.de", &jane, "").await;
    let of_john = trust(&app, "john@x.de", &john, "").await;
    let (jane_id, jane_token) = of_jane.split_once(':').unwrap();
    let (_, john_token) = of_john.split_once(':').unwrap();
    let other_end = if jane_token.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{jane_id}:{other_end}{}", &jane_token[1..]);
    let swapped = format!("{jane_id}:{john_token}");
    let (short, long) = (&of_jane[..of_jane.len() - 1], format!("{of_jane}="));
    let endless = "x".repeat(6000);
    for device in ["", "x", ":", "|", "||::||", jane_id, &of_john, &tampered, &swapped, short, &long, &endless] {
        let flow = sign_in(&app, "jane@x.de", device).await;
        assert_eq!(flow.state(), "login_otp", "{device:?}");
    }
    for device in [
        of_jane.clone(),
        format!("nonsense|{of_jane}"),
        format!("{of_john}|:|{of_jane}|x:y"),
        format!("\"{of_jane}\""),
        jane_token.to_owned(),
    ] {
        let flow = sign_in(&app, "jane@x.de", &device).await;
        assert_eq!(flow.state(), "success", "malformed entries are skipped, a bare token is read: {device:?}");
    }
    app.end().await;
}

#[tokio::test]
async fn trust_ends_with_its_time_its_row_and_a_recovery() {
    let app = app(json!({"deviceTrustDuration": "2h"})).await;
    let secret = register_with_totp(&app, "jane@x.de").await;
    let device = trust(&app, "jane@x.de", &secret, "").await;
    app.clock.advance(Duration::from_secs(2 * 3600 - 1));
    assert_eq!(sign_in(&app, "jane@x.de", &device).await.state(), "success");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&app, "jane@x.de", &device).await.state(), "login_otp");

    let device = trust(&app, "jane@x.de", &secret, "").await;
    database::execute(&app, "DELETE FROM trusted_devices").await;
    assert_eq!(sign_in(&app, "jane@x.de", &device).await.state(), "login_otp");
    app.end().await;
}

#[tokio::test]
async fn a_recovery_forgets_trusted_devices_where_it_ends_sessions() {
    for (ends, state) in [(true, "login_otp"), (false, "success")] {
        let password = json!({"recoveryEndsSessions": ends});
        let app = TestApp::with(json!({"settings": {"password": password, "rateLimiter": {"enabled": false}}})).await;
        let secret = register_with_totp(&app, "jane@x.de").await;
        let device = trust(&app, "jane@x.de", &secret, "").await;
        app.clock.advance(Duration::from_secs(60));
        let mut flow = identify(&app, "jane@x.de").await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let code = app.mailbox.take("jane@x.de").await.code();
        assert_eq!(
            flow.act("verify_passcode", json!({"code": code})).await["name"],
            "login_otp",
            "a code by mail is one factor"
        );
        flow.act("otp_code_validate", json!({"otp_code": totp::code(&app, &secret, 0)})).await;
        assert_eq!(flow.state(), "login_password_recovery");
        flow.act("password_recovery", json!({"new_password": crate::PASSWORD})).await;
        assert_eq!(flow.act("skip", json!({})).await["name"], "success", "{:#}", flow.document());
        assert_eq!(sign_in(&app, "jane@x.de", &device).await.state(), state, "{ends}");
        app.end().await;
    }
}

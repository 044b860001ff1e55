//! Many requests at once, on SQLite and on PostgreSQL, and two processes on one database (§1.13).

mod profile;

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin,
    browser::Browser,
    crowd::{apps, at_once, on_postgres, outcomes, postgres, prepare, spec},
    modern, plain, register,
    support::{Flow, TestApp, send},
    totp,
};

/// How many come at once.
const CROWD: usize = 40;

const NOT_PERMITTED: &str = "operation_not_permitted_error";

async fn identify<'a>(app: &'a TestApp, address: &str, capabilities: Value) -> Flow<'a> {
    let mut flow = begin(app, "/login", capabilities).await;
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    flow
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_token_is_used_by_one_of_a_crowd_and_the_run_goes_on() {
    for app in apps(json!({})).await {
        register(&app, "jane@x.de").await;
        let mut flow = identify(&app, "jane@x.de", plain()).await;
        let request = prepare(&app, &flow, "continue_to_password_login", json!({}));
        let seen = at_once(&app, std::iter::repeat_n(&request, CROWD)).await;
        assert_eq!(seen, outcomes([(200, "login_password", 1), (403, NOT_PERMITTED, CROWD - 1)]));
        // The winner's answer is lost; the client begins anew.
        assert_eq!(flow.act("continue_to_password_login", json!({})).await["status"], 403);
        let mut flow = identify(&app, "jane@x.de", plain()).await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_passcode_is_spent_by_one_of_a_crowd() {
    for app in apps(json!({})).await {
        register(&app, "jane@x.de").await;
        let mut flow = identify(&app, "jane@x.de", plain()).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let code = app.mailbox.take("jane@x.de").await.code();
        let request = prepare(&app, &flow, "verify_passcode", json!({"code": code}));
        let seen = at_once(&app, std::iter::repeat_n(&request, CROWD)).await;
        assert_eq!(seen, outcomes([(200, "success", 1), (403, NOT_PERMITTED, CROWD - 1)]));
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_codes_of_a_crowd_count_one_each_and_only_the_winners() {
    for app in apps(json!({})).await {
        register(&app, "jane@x.de").await;
        let mut flow = identify(&app, "jane@x.de", plain()).await;
        flow.act("continue_to_passcode_confirmation", json!({})).await;
        let request = prepare(&app, &flow, "verify_passcode", json!({"code": "12345"}));
        let seen = at_once(&app, std::iter::repeat_n(&request, CROWD)).await;
        assert_eq!(seen, outcomes([(400, "passcode_invalid", 1), (403, NOT_PERMITTED, CROWD - 1)]));
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_step_of_an_authenticator_app_signs_in_once() {
    for app in apps(json!({"mfa": {"deviceTrustPolicy": "never"}})).await {
        let secret = totp::register_with_totp(&app, "jane@x.de").await;
        let mut requests = Vec::new();
        for _ in 0..10 {
            let flow = totp::sign_in_with_password(&app, "jane@x.de", plain()).await;
            let code = totp::code(&app, &secret, 0);
            requests.push(prepare(&app, &flow, "otp_code_validate", json!({"otp_code": code})));
        }
        let seen = at_once(&app, &requests).await;
        let count =
            |status| seen.iter().filter(|((found, _), _)| *found == status).map(|(_, count)| count).sum::<usize>();
        assert_eq!((count(200), count(400) + count(403)), (1, 9), "{seen:?}");
        // Whoever came late is told so when asking again.
        let mut late = totp::sign_in_with_password(&app, "jane@x.de", plain()).await;
        let code = totp::code(&app, &secret, 0);
        late.act("otp_code_validate", json!({"otp_code": code})).await;
        assert_eq!(crate::input_error(&late, "otp_code_validate", "otp_code"), "otp_code_already_used");
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_assertion_signs_in_once() {
    for app in apps(json!({})).await {
        let mut person = crate::walk::people::Person::of(Some("pia@x.de"), None, true).passkey();
        person.register(&app).await;
        let flow = begin(&app, "/login", modern()).await;
        let browser: &mut Browser = person.passkey.as_mut().unwrap();
        let assertion = json!({"assertion_response": browser.get(&flow.document()).await});
        let request = prepare(&app, &flow, "webauthn_verify_assertion_response", assertion.clone());
        // Others replay it in runs of their own.
        let mut requests: Vec<_> = (0..20).map(|_| &request).collect();
        let mut others = Vec::new();
        for _ in 0..10 {
            let other = begin(&app, "/login", modern()).await;
            others.push(prepare(&app, &other, "webauthn_verify_assertion_response", assertion.clone()));
        }
        requests.extend(&others);
        let seen = at_once(&app, requests).await;
        assert_eq!(seen, outcomes([(200, "success", 1), (401, "passkey_invalid", 10), (403, NOT_PERMITTED, 19)]));
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_name_makes_one_account_whoever_comes() {
    let settings = json!({
        "email": {"requireVerification": false}, "username": {"enabled": true}, "mfa": {"enabled": false},
        "password": {"enabled": false}, "passkey": {"acquireOnRegistration": "never"},
    });
    for app in apps(settings).await {
        for (taken, same) in [("email_already_exists", "email"), ("username_already_exists", "username")] {
            let mut requests = Vec::new();
            for n in 0..20 {
                let flow = begin(&app, "/registration", plain()).await;
                let mut names = json!({"email": format!("{same}{n}@x.de"), "username": format!("{same}{n}")});
                names[same] = json!(if same == "email" { "jane@x.de" } else { "john" });
                requests.push(prepare(&app, &flow, "register_login_identifier", names));
            }
            let seen = at_once(&app, &requests).await;
            assert_eq!(seen, outcomes([(200, "success", 1), (400, taken, 19)]));
        }
        app.end().await;
    }
}

/// What an earlier step has asked for can no longer be asked for again; §4.12 answers 500 and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_loses_an_address_at_the_last_step_leaves_nothing_behind() {
    for app in apps(json!({"email": {"requireVerification": false}, "mfa": {"enabled": false}})).await {
        let mut requests = Vec::new();
        for _ in 0..5 {
            let mut flow = begin(&app, "/registration", plain()).await;
            flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
            requests.push(prepare(&app, &flow, "register_password", json!({"new_password": PASSWORD})));
        }
        let seen = at_once(&app, &requests).await;
        assert_eq!(seen, outcomes([(200, "success", 1), (500, "technical_error", 4)]));
        let mut flow = identify(&app, "jane@x.de", plain()).await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["name"], "success");
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_database_are_one() {
    let Some(url) = postgres().await else { return };
    let mut spec = spec(json!({}));
    spec["settings"]["rateLimiter"] = json!({"passwordLimits": {"tokens": 5, "interval": "1m"}});
    let (one, other) = (on_postgres(spec.clone(), &url).await, on_postgres(spec, &url).await);
    register(&one, "jane@x.de").await;

    // A run that began at one goes on at the other, step by step.
    let mut flow = Flow::begin(&one, "/login").await;
    let steps = [
        ("register_client_capabilities", plain()),
        ("continue_with_login_identifier", json!({"email": "jane@x.de"})),
        ("continue_to_password_login", json!({})),
    ];
    for (step, app) in steps.into_iter().zip([&other, &one, &other]) {
        flow.answer = send(prepared(app, &flow, step.0, step.1)).await;
        assert_eq!(flow.answer.status, 200);
    }
    // A token that one has used is used up at the other.
    let request = prepare(&one, &flow, "password_login", json!({"password": "wrong"}));
    assert_eq!(send(one.http.post(&request.url).json(&request.body)).await.status, 400);
    let elsewhere = other.url(request.url.strip_prefix(&one.url("")).unwrap());
    assert_eq!(send(other.http.post(elsewhere).json(&request.body)).await.status, 403);

    // Attempts count together: one above, four here, and none is left at either.
    for (n, app) in [&one, &other, &one, &other].into_iter().enumerate() {
        let mut flow = identify(app, "jane@x.de", plain()).await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": "wrong"})).await["status"], 400, "attempt {n}");
    }
    for app in [&one, &other] {
        let mut flow = identify(app, "jane@x.de", plain()).await;
        flow.act("continue_to_password_login", json!({})).await;
        assert_eq!(flow.act("password_login", json!({"password": PASSWORD})).await["status"], 429);
    }
    one.end().await;
    other.may_leave_deliveries().end().await;
}

fn prepared(app: &TestApp, flow: &Flow<'_>, action: &str, inputs: Value) -> reqwest::RequestBuilder {
    let request = prepare(app, flow, action, inputs);
    app.http.post(request.url).json(&request.body)
}

//! Two tenants of one process know nothing of each other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    open, saying,
    support::{Answer, TestApp, send},
    told,
};

const ACME: &str = "auth.acme.localhost";
const BETA: &str = "auth.beta.localhost";

async fn ask(app: &TestApp, host: &str, method: &str, path: &str, cookie: &str, body: Option<Value>) -> Answer {
    let mut request = app.request(method.parse::<Method>().unwrap(), path).header("Host", host);
    if !cookie.is_empty() {
        request = request.header("Cookie", cookie);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    send(request).await
}

#[tokio::test]
async fn ids_codes_challenges_and_sessions_of_one_are_nothing_to_the_other() {
    let prepared = TestApp::prepare(open(json!({}))).await;
    let mail = json!({
        "from": {"address": "login@beta.test"},
        "smtp": {"host": "127.0.0.1", "port": prepared.mailbox.port(), "tls": "none"},
    });
    let mut beta = open(json!({}));
    crate::merge(&mut beta, json!({"hosts": [BETA], "publicUrl": "http://auth.beta.localhost:8000", "mail": mail}));
    prepared.write("beta.yaml", "beta", &beta);
    let app = prepared.run(Default::default()).await;

    let new = ask(&app, ACME, "POST", "/users", "", Some(json!({"email": "jane@x.de"}))).await.json();
    let pair = json!({"user_id": new["id"], "email_id": new["email_id"]});
    let foreign = ask(&app, BETA, "POST", "/passcode/login/initialize", "", Some(pair.clone())).await;
    assert_eq!(told(&foreign), saying(400, "Bad Request"), "a sign-up of somewhere else");
    let sent = ask(&app, ACME, "POST", "/passcode/login/initialize", "", Some(pair)).await.json();
    let shown = json!({"id": sent["id"], "code": app.mailbox.take("jane@x.de").await.code()});
    let foreign = ask(&app, BETA, "POST", "/passcode/login/finalize", "", Some(shown.clone())).await;
    assert_eq!(told(&foreign), saying(401, "passcode not found"));
    let signed_in = ask(&app, ACME, "POST", "/passcode/login/finalize", "", Some(shown)).await;
    let cookie = signed_in.cookie();
    assert_eq!(ask(&app, ACME, "GET", "/me", &cookie, None).await.status, 200);

    for (method, path) in [("GET", "/me"), ("DELETE", "/me"), ("GET", "/emails"), ("GET", "/webauthn/credentials")] {
        assert_eq!(told(&ask(&app, BETA, method, path, &cookie, None).await), saying(401, "Unauthorized"), "{path}");
    }
    let password = json!({"user_id": new["id"], "password": crate::PASSWORD});
    assert_eq!(ask(&app, ACME, "PUT", "/password", &cookie, Some(password.clone())).await.status, 201);
    let foreign = ask(&app, BETA, "POST", "/password/login", "", Some(password.clone())).await;
    assert_eq!(told(&foreign), saying(401, "Unauthorized"));
    assert_eq!(ask(&app, ACME, "POST", "/password/login", "", Some(password)).await.status, 200);
    let find = json!({"email": "jane@x.de"});
    assert_eq!(told(&ask(&app, BETA, "POST", "/user", "", Some(find)).await), saying(404, "Not Found"));
    app.end().await;
}

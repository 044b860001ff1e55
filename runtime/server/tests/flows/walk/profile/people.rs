//! A signed-in user's side of a run: the browser, the authenticators, the app and the mailbox.

use serde_json::{Value, json};

use super::{
    account::{Account, Credential},
    model::{Pending, Run, World},
    moves::Way,
};
use crate::{
    PASSWORD,
    browser::Browser,
    journeys::code,
    support::{Answer, TestApp},
    walk::people::Person,
};

pub const NEW_PASSWORD: &str = "another horse battery";

#[derive(Clone)]
pub struct Client {
    /// That of the session.
    pub cookie: String,
    pub password: &'static str,
    browsers: Vec<(String, Browser)>,
    /// Base32.
    totp: Option<String>,
    /// The newest answers with options for an authenticator, and the secret shown last.
    request: Value,
    creation: Value,
    secret: String,
}

/// Somebody who has signed in.
#[derive(Clone)]
pub struct Guest {
    pub client: Client,
    pub run: Run,
}

/// What a session says of its user.
pub async fn claims(app: &TestApp, cookie: &str) -> Value {
    let answer = app.get_with("/sessions/validate", &[("cookie", cookie)]).await.json();
    assert_eq!(answer["is_valid"], true, "{answer:#}");
    answer["claims"].clone()
}

/// `GET /me`.
pub async fn me(app: &TestApp, cookie: &str) -> Answer {
    app.get_with("/me", &[("cookie", cookie)]).await
}

impl Guest {
    pub async fn of(app: &TestApp, person: &Person, cookie: &str, others: Vec<String>) -> Self {
        let user = me(app, cookie).await.json();
        let account = Account::of(&user, person.password, others);
        let own = |list: &[Credential], browser: &Option<Browser>| {
            list.first().zip(browser.as_ref()).map(|(credential, browser)| (credential.id.clone(), browser.clone()))
        };
        let browsers = [own(&account.passkeys, &person.passkey), own(&account.keys, &person.key)];
        let claims = claims(app, cookie).await;
        let client = Client {
            cookie: cookie.to_owned(),
            password: PASSWORD,
            browsers: browsers.into_iter().flatten().collect(),
            totp: person.totp.clone(),
            request: Value::Null,
            creation: Value::Null,
            secret: String::new(),
        };
        let run = Run {
            account,
            at: super::model::At { state: "preflight", pending: Pending::Nothing },
            history: Vec::new(),
            code: None,
            webauthn: false,
            platform: false,
            session: claims["session_id"].as_str().unwrap().to_owned(),
            proven_at: claims["auth_time"].as_i64().unwrap(),
            aal2: claims["acr"] == "aal2",
            changes: 0,
        };
        Self { client, run }
    }
}

impl Client {
    /// The answer of one's own authenticator to the options in a document.
    pub async fn sign(&mut self, document: &Value, credential: &str) -> Value {
        let browser = self.browsers.iter_mut().find(|(id, _)| id == credential);
        browser.unwrap().1.get(document).await
    }

    /// Remembers what later requests need.
    pub fn see(&mut self, document: &Value) {
        let payload = &document["payload"];
        if payload.get("request_options").is_some() {
            self.request = document.clone();
        }
        if payload.get("creation_options").is_some() {
            self.creation = document.clone();
        }
        if let Some(secret) = payload["otp_secret"].as_str() {
            secret.clone_into(&mut self.secret);
        }
    }

    /// `input_data` of an action, called in the state a run is in. A credential that is made is put into the account.
    pub async fn inputs(&mut self, app: &TestApp, world: &World<'_>, run: &mut Run, action: &str, way: &Way) -> Value {
        match (action, way) {
            ("register_client_capabilities", Way::Capabilities(webauthn, platform)) => json!({
                "webauthn_available": webauthn,
                "webauthn_conditional_mediation_available": false,
                "webauthn_platform_authenticator_available": platform,
            }),
            ("verify_passcode", Way::Right) => {
                app.until_delivered().await;
                json!({"code": app.mailbox.newest(&run.code.as_ref().unwrap().address).unwrap().code()})
            }
            ("password_login", Way::Right) => json!({"password": self.password}),
            ("otp_code_verify", Way::Right) => {
                self.totp = Some(self.secret.clone());
                json!({"otp_code": code(app, &self.secret, 0)})
            }
            ("otp_code_validate", Way::Right) => json!({"otp_code": code(app, self.totp.as_ref().unwrap(), 0)}),
            ("otp_code_validate", Way::Used) => json!({"otp_code": code(app, self.totp.as_ref().unwrap(), -1)}),
            ("webauthn_verify_attestation_response", Way::Right) => {
                let mut browser = Browser::default();
                let created = browser.create(&self.creation).await;
                let id = created["id"].as_str().unwrap().to_owned();
                self.browsers.push((id.clone(), browser));
                let Account { passkeys, keys, .. } = &mut run.account;
                let list = if run.at.pending == Pending::Key { keys } else { passkeys };
                list.push(Credential { id, name: None });
                json!({"public_key": created})
            }
            ("webauthn_verify_assertion_response", Way::Right) => {
                let allowed = &self.request["payload"]["request_options"]["publicKey"]["allowCredentials"];
                let is_allowed = |id: &str| allowed.as_array().unwrap().iter().any(|one| one["id"] == id);
                let browser = self.browsers.iter_mut().find(|(id, _)| is_allowed(id));
                json!({"assertion_response": browser.unwrap().1.get(&self.request).await})
            }
            _ => world.text(run, action, way),
        }
    }
}

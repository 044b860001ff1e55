//! The people who sign in: what they know, have and receive, and the answers they give with it.

use serde_json::{Value, json};

use super::{
    model::{Ceremony, Run, Subject},
    moves::{NEW_EMAIL, NEW_USERNAME, With},
};
use crate::{
    PASSWORD,
    browser::Browser,
    modern,
    support::{Flow, TestApp},
    totp::code,
};

/// Somebody with an account.
#[derive(Clone, Default)]
pub struct Person {
    pub email: Option<&'static str>,
    pub username: Option<&'static str>,
    pub password: bool,
    pub passkey: Option<Browser>,
    pub key: Option<Browser>,
    /// Base32.
    pub totp: Option<String>,
}

impl Person {
    pub fn of(email: Option<&'static str>, username: Option<&'static str>, password: bool) -> Self {
        Self { email, username, password, ..Self::default() }
    }

    pub fn passkey(self) -> Self {
        Self { passkey: Some(Browser::default()), ..self }
    }

    pub fn key(self) -> Self {
        Self { key: Some(Browser::default()), ..self }
    }

    pub fn totp(self) -> Self {
        Self { totp: Some(String::new()), ..self }
    }

    /// Makes the account, in a project that lets everybody have everything and nobody must. Returns the session's cookie.
    pub async fn register(&mut self, app: &TestApp) -> String {
        let mut flow = crate::begin(app, "/registration", modern()).await;
        let mut names = json!({});
        names["email"] = json!(self.email.unwrap_or_default());
        names["username"] = json!(self.username.unwrap_or_default());
        flow.act("register_login_identifier", names).await;
        let mut for_key = false;
        loop {
            let document = flow.document();
            let (action, inputs) = match document["name"].as_str().unwrap() {
                "passcode_confirmation" => {
                    let code = app.mailbox.take(self.email.unwrap()).await.code();
                    ("verify_passcode", json!({"code": code}))
                }
                "onboarding_create_passkey" if self.passkey.is_some() => {
                    for_key = false;
                    ("webauthn_generate_creation_options", json!({}))
                }
                "onboarding_verify_passkey_attestation" => {
                    let browser = if for_key { &mut self.key } else { &mut self.passkey };
                    let created = browser.as_mut().unwrap().create(&document).await;
                    ("webauthn_verify_attestation_response", json!({"public_key": created}))
                }
                "password_creation" if self.password => ("register_password", json!({"new_password": PASSWORD})),
                "mfa_method_chooser" if self.totp.is_some() => ("continue_to_otp_secret_creation", json!({})),
                "mfa_method_chooser" if self.key.is_some() => ("continue_to_security_key_creation", json!({})),
                "mfa_otp_secret_creation" => {
                    let secret = document["payload"]["otp_secret"].as_str().unwrap().to_owned();
                    let code = code(app, &secret, 0);
                    self.totp = Some(secret);
                    ("otp_code_verify", json!({"otp_code": code}))
                }
                "mfa_security_key_creation" => {
                    for_key = true;
                    ("webauthn_generate_creation_options", json!({}))
                }
                "success" => return flow.answer.cookie(),
                _ => ("skip", json!({})),
            };
            flow.act(action, inputs).await;
        }
    }
}

/// The client's side of one run.
pub struct Client {
    pub people: Vec<Person>,
    /// The newest answers with options for an authenticator, and with a secret.
    request: Value,
    creation: Value,
    pub secret: String,
    /// The authenticators that this run has filled, and the secret it has shown last.
    pub made: Vec<Browser>,
}

impl Client {
    pub fn new(people: &[Person]) -> Self {
        let people = people.to_vec();
        Self { people, request: Value::Null, creation: Value::Null, secret: String::new(), made: Vec::new() }
    }

    /// Remembers what later answers need.
    pub fn see(&mut self, document: &Value) {
        let payload = &document["payload"];
        if payload.get("request_options").is_some() {
            self.request = document.clone();
        }
        if payload.get("creation_options").is_some() {
            self.creation = document.clone();
        }
        if let Some(secret) = payload["otp_secret"].as_str() {
            self.secret = secret.to_owned();
        }
    }

    /// `input_data` of an action, called in the state a run is in.
    pub async fn inputs(&mut self, app: &TestApp, flow: &Flow<'_>, run: &Run, action: &str, with: &With) -> Value {
        let document = flow.document();
        match (action, with) {
            ("register_client_capabilities", With::Capabilities(webauthn, conditional, platform)) => json!({
                "webauthn_available": webauthn,
                "webauthn_conditional_mediation_available": conditional,
                "webauthn_platform_authenticator_available": platform,
            }),
            ("continue_with_login_identifier", With::Name(typed)) => {
                let inputs = document["actions"][action]["inputs"].as_object().unwrap();
                json!({inputs.keys().next().unwrap(): format!(" {typed} ")})
            }
            ("register_login_identifier", With::Names(email, username)) => {
                json!({"email": email, "username": username})
            }
            ("remember_me", With::Remember(choice)) => json!({"remember_me": choice}),
            ("password_login", With::Right) => json!({"password": PASSWORD}),
            ("password_login", With::Wrong) => json!({"password": "wrong"}),
            ("password_recovery" | "register_password", with) => json!({"new_password": match with {
                With::Right => PASSWORD.to_owned(),
                With::Short => "short".to_owned(),
                With::Long => "x".repeat(73),
                _ => String::new(),
            }}),
            ("verify_passcode", With::Right) => {
                app.until_delivered().await;
                json!({"code": app.mailbox.newest(&run.code.as_ref().unwrap().address).unwrap().code()})
            }
            ("verify_passcode", With::Wrong) => json!({"code": "12345"}),
            ("otp_code_verify", With::Right) => json!({"otp_code": code(app, &self.secret, 0)}),
            ("otp_code_validate", With::Right) => json!({"otp_code": self.totp(app, run, 0)}),
            ("otp_code_validate", With::Used) => json!({"otp_code": self.totp(app, run, -1)}),
            ("otp_code_verify" | "otp_code_validate", With::Wrong) => json!({"otp_code": "12345"}),
            ("username_create", with) => json!({"username": match with {
                With::Fresh => NEW_USERNAME,
                With::Taken => "Nora",
                With::Wrong => "not a name",
                With::Short => "ab",
                With::Long => "abcdefghijabcdefghijabcdefghijabc",
                _ => "",
            }}),
            ("email_address_set", with) => json!({"email": match with {
                With::Fresh => NEW_EMAIL,
                With::Taken => "Jane@x.de",
                With::Wrong => "Not an address",
                _ => "",
            }}),
            ("webauthn_verify_attestation_response", With::Right) => {
                let mut browser = Browser::default();
                let created = browser.create(&self.creation).await;
                self.made.push(browser);
                json!({"public_key": created})
            }
            ("webauthn_verify_attestation_response", With::Wrong) => json!({"public_key": {"id": "AA"}}),
            ("webauthn_verify_assertion_response", With::Passkey(owner)) => {
                let second = run.ceremony == Some(Ceremony::Second(*owner));
                let Person { passkey, key, .. } = &mut self.people[*owner];
                let browser = if second { key.as_mut().or(passkey.as_mut()) } else { passkey.as_mut() };
                json!({"assertion_response": browser.unwrap().get(&self.request).await})
            }
            ("webauthn_verify_assertion_response", With::Wrong) => json!({"assertion_response": {"id": "AA"}}),
            _ => json!({}),
        }
    }

    fn totp(&self, app: &TestApp, run: &Run, steps: i64) -> String {
        let Some(Subject::Known(who)) = run.at.facts.subject else { panic!("a code of nobody") };
        code(app, self.people[who].totp.as_ref().unwrap(), steps)
    }
}

//! A browser with an authenticator in software.

use passkey::{
    authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod},
    client::{Client, DefaultClientData},
    crypto::rust_crypto::RustCryptoBackend,
    types::{
        Passkey,
        ctap2::{Aaguid, Ctap2Error},
        webauthn::{CredentialCreationOptions, CredentialRequestOptions},
    },
};
use serde_json::{Value, json};
use url::Url;

use crate::support::TestApp;

pub const PAGE: &str = "https://app.acme.test";

/// A project on https, since no browser makes passkeys on a plain page.
pub async fn app(settings: Value) -> TestApp {
    TestApp::with(json!({
        "hosts": ["auth.acme.test"], "publicUrl": null, "origins": [PAGE], "settings": settings,
    }))
    .await
}

/// Whoever holds the authenticator; it can verify them or it cannot.
struct Person {
    verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Person {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification: verification && self.verified })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.verified.then_some(true)
    }
}

/// It holds at most one passkey or security key.
#[derive(Clone)]
pub struct Browser {
    passkey: Option<Passkey>,
    verifies: bool,
}

impl Default for Browser {
    fn default() -> Self {
        Self { passkey: None, verifies: true }
    }
}

impl Browser {
    /// Its authenticator asks for a touch and cannot tell who touches it.
    pub fn without_verification() -> Self {
        Self { passkey: None, verifies: false }
    }

    /// `navigator.credentials.create` with the options of an answer.
    pub async fn create(&mut self, document: &Value) -> Value {
        let options: CredentialCreationOptions =
            serde_json::from_value(document["payload"]["creation_options"].clone()).unwrap();
        let mut client = Client::new(self.authenticator()).user_verification_when_preferred(self.verifies);
        let created = client.register(&Url::parse(PAGE).unwrap(), options, DefaultClientData).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(created).unwrap()
    }

    /// `navigator.credentials.get` with the options of an answer.
    pub async fn get(&mut self, document: &Value) -> Value {
        let options: CredentialRequestOptions =
            serde_json::from_value(document["payload"]["request_options"].clone()).unwrap();
        let mut client = Client::new(self.authenticator()).user_verification_when_preferred(self.verifies);
        let signed = client.authenticate(&Url::parse(PAGE).unwrap(), options, DefaultClientData).await.unwrap();
        self.passkey = client.authenticator().store().clone();
        serde_json::to_value(signed).unwrap()
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Person, RustCryptoBackend> {
        let person = Person { verified: self.verifies };
        Authenticator::new(Aaguid::new_empty(), self.passkey.clone(), person, RustCryptoBackend)
    }
}

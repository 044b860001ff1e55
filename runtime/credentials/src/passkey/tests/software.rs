//! Round trips with a real client and authenticator in software.

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
use serde_json::Value;
use url::Url;

use super::*;
use crate::Evidence;

/// Somebody who touches, and has a finger or PIN on file or has not.
struct Person {
    verifies: bool,
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
        Ok(UserCheck { presence, verification: verification && self.verifies })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        self.verifies.then_some(true)
    }
}

/// A browser with an authenticator that holds one passkey. Pages and people change.
struct Browser {
    store: Option<Passkey>,
    verifies: bool,
}

impl Browser {
    fn new(verifies: bool) -> Self {
        Self { store: None, verifies }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Person, RustCryptoBackend> {
        let person = Person { verifies: self.verifies };
        Authenticator::new(Aaguid::new_empty(), self.store.clone(), person, RustCryptoBackend)
    }

    fn create(&mut self, origin: &str, options: &Value) -> Value {
        let options: CredentialCreationOptions = serde_json::from_value(options.clone()).unwrap();
        let mut client = Client::new(self.authenticator()).user_verification_when_preferred(self.verifies);
        let created = run(client.register(&Url::parse(origin).unwrap(), options, DefaultClientData)).unwrap();
        self.store = client.authenticator().store().clone();
        serde_json::to_value(created).unwrap()
    }

    fn get(&mut self, origin: &str, options: &Value) -> Value {
        let options: CredentialRequestOptions = serde_json::from_value(options.clone()).unwrap();
        let mut client = Client::new(self.authenticator()).user_verification_when_preferred(self.verifies);
        let signed = run(client.authenticate(&Url::parse(origin).unwrap(), options, DefaultClientData)).unwrap();
        self.store = client.authenticator().store().clone();
        serde_json::to_value(signed).unwrap()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_passkey_made_on_one_page_signs_in_on_another_with_and_without_a_known_user() {
    for verifies in [true, false] {
        let mut world = World::new();
        let mut browser = Browser::new(verifies);
        let options = world.creation();
        let answer = browser.create("https://auth.fern.test", &options);
        let (passkey, _) = world.finish_registration(&answer).unwrap();
        assert_eq!(passkey.user_verified, verifies);

        let options = world.discoverable();
        let answer = browser.get("https://shop.fern.test:8443", &options);
        let (assertion, proof) = world.finish_login(&answer, &passkey).unwrap();
        assert_eq!(proof.evidence(), &Evidence::Passkey { credential: passkey.id.clone(), user_verified: verifies });

        let options = world.known(&[assertion.passkey]);
        let answer = browser.get("https://auth.fern.test", &options);
        assert!(world.finish_login(&answer, &passkey).is_ok());
    }
}

#[test]
fn a_page_that_is_not_listed_is_refused() {
    let mut world = World::new();
    let options = world.creation();
    let answer = Browser::new(true).create("https://other.fern.test", &options);
    let refusal = world.finish_registration(&answer).unwrap_err();
    assert_eq!(refusal, Refusal::Origin("https://other.fern.test".into()));
}

#[test]
fn a_key_that_cannot_be_found_without_its_id_confirms_its_user() {
    for verifies in [true, false] {
        let mut world = World::new();
        world.user_verification = UserVerification::Discouraged;
        let mut browser = Browser::new(verifies);
        let options = world.security_key(Some(Attachment::Platform));
        let (key, _) = world.finish_registration(&browser.create("https://auth.fern.test", &options)).unwrap();
        assert!(key.mfa_only);

        world.needed = Use::SecondFactor(key.user);
        let options = world.second_factor(std::slice::from_ref(&key));
        let (_, proof) = world.finish_login(&browser.get("https://shop.fern.test:8443", &options), &key).unwrap();
        assert!(proof.is_second_factor());
    }
}

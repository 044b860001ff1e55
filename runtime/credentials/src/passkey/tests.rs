//! Ceremonies against two authenticators: a real one in software (`software`), and one that lies (`device`).

mod device;
mod logins;
mod registrations;
mod security_keys;
mod software;

use std::time::Duration;

use hanko_domain::{FlowId, Random, TenantId, Timestamp, UserId};
use serde_json::{Value, json};

use self::device::Device;
use super::*;
use crate::{Proof, Subject};

/// 2024-07-01T09:40:00Z
const NOW: Timestamp = Timestamp(1_719_826_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

/// A project with its browser page open in one flow.
struct World {
    rp: RelyingParty,
    random: Random,
    subject: Subject,
    ceremonies: Vec<Ceremony>,
    user_verification: UserVerification,
    needed: Use,
}

impl World {
    fn new() -> Self {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        let origins = ["https://auth.fern.test", "https://shop.fern.test:8443", "android:apk-key-hash:Ab-9_x"];
        let rp = RelyingParty::new("fern.test", "Fern", origins, 300 * SECOND, 600 * SECOND);
        let (user_verification, needed) = (UserVerification::Preferred, Use::FirstFactor);
        Self { rp, random, subject, ceremonies: Vec::new(), user_verification, needed }
    }

    fn creation(&mut self) -> Value {
        let owner = NewOwner { user: self.subject.user, email: Some("jane@x.de"), username: None };
        let creation = Creation::Passkey { attestation: Attestation::None, user_verification: self.user_verification };
        let (options, ceremony) = self.rp.creation_options(&self.random, owner, &[], creation, NOW);
        self.ceremonies.push(ceremony);
        serde_json::to_value(options).unwrap()
    }

    fn discoverable(&mut self) -> Value {
        let (options, ceremony) = self.rp.discoverable_options(&self.random, self.user_verification, NOW);
        self.ceremonies.push(ceremony);
        serde_json::to_value(options).unwrap()
    }

    fn known(&mut self, passkeys: &[StoredPasskey]) -> Value {
        let user = passkeys[0].user;
        let (options, ceremony) =
            self.rp.options_for(&self.random, user, passkeys, self.user_verification, NOW).unwrap();
        self.ceremonies.push(ceremony);
        serde_json::to_value(options).unwrap()
    }

    fn finish_registration(&mut self, answer: &Value) -> Result<(StoredPasskey, Proof), Refusal> {
        let (passkey, challenge, proof) =
            self.rp.finish_registration(&self.ceremonies, &answer.to_string(), self.subject, NOW)?;
        self.close(&challenge);
        Ok((passkey, proof))
    }

    fn finish_login(&mut self, answer: &Value, passkey: &StoredPasskey) -> Result<(Assertion, Proof), Refusal> {
        self.finish_login_at(answer, passkey, NOW)
    }

    fn finish_login_at(
        &mut self,
        answer: &Value,
        passkey: &StoredPasskey,
        now: Timestamp,
    ) -> Result<(Assertion, Proof), Refusal> {
        let parsed = ParsedAssertion::parse(&answer.to_string())?;
        let place = (self.subject.tenant, self.subject.flow);
        let (assertion, proof) =
            self.rp.finish_authentication(&self.ceremonies, &parsed, passkey.clone(), self.needed, place, now)?;
        self.close(&assertion.challenge);
        Ok((assertion, proof))
    }

    /// As the flow does: the sealed row goes through JSON, and a ceremony is used once.
    fn close(&mut self, challenge: &Challenge) {
        let before = self.ceremonies.len();
        let text = serde_json::to_string(&self.ceremonies).unwrap();
        self.ceremonies = serde_json::from_str(&text).unwrap();
        self.ceremonies.retain(|ceremony| ceremony.challenge() != challenge);
        assert_eq!(self.ceremonies.len(), before - 1);
    }

    fn enrol(&mut self, device: &mut Device) -> StoredPasskey {
        let options = self.creation();
        self.finish_registration(&device.create(&options)).unwrap().0
    }
}

/// The document with its challenge, which must be 32 random bytes, replaced by a word.
fn with_known_challenge(mut options: Value) -> Value {
    let challenge = options["publicKey"]["challenge"].as_str().unwrap();
    assert_eq!(crate::base64url::decode(challenge).unwrap().len(), 32);
    options["publicKey"]["challenge"] = "random".into();
    options
}

#[test]
fn creation_options_have_exactly_the_members_of_the_contract() {
    let mut world = World::new();
    let id = crate::base64url::encode(world.subject.user.as_bytes());
    let expected = json!({"publicKey": {
        "rp": {"name": "Fern", "id": "fern.test"},
        "user": {"name": "jane@x.de", "displayName": "jane@x.de", "id": id},
        "challenge": "random",
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -257}],
        "timeout": 300_000,
        "authenticatorSelection": {"requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"},
        "attestation": "none",
    }});
    assert_eq!(with_known_challenge(world.creation()), expected);
}

#[test]
fn a_username_is_shown_and_existing_credentials_are_excluded() {
    let mut world = World::new();
    let passkey = world.enrol(&mut Device::new(-7));
    let owner = NewOwner { user: passkey.user, email: Some(""), username: Some("jane") };
    let (options, _) = world.rp.creation_options(
        &world.random,
        owner,
        std::slice::from_ref(&passkey),
        Creation::Passkey { attestation: Attestation::Direct, user_verification: UserVerification::Required },
        NOW,
    );
    let options = serde_json::to_value(options).unwrap();
    assert_eq!(options["publicKey"]["user"]["name"], "jane");
    assert_eq!(options["publicKey"]["user"]["displayName"], "jane");
    assert_eq!(options["publicKey"]["attestation"], "direct");
    assert_eq!(
        options["publicKey"]["excludeCredentials"],
        json!([{"type": "public-key", "id": passkey.id.to_string(), "transports": ["internal", "hybrid"]}])
    );
}

#[test]
fn request_options_have_exactly_the_members_of_the_contract() {
    let mut world = World::new();
    let mut expected = json!({"publicKey": {
        "challenge": "random", "timeout": 600_000, "rpId": "fern.test", "userVerification": "discouraged"}});
    world.user_verification = UserVerification::Discouraged;
    assert_eq!(with_known_challenge(world.discoverable()), expected);

    let passkey = world.enrol(&mut Device::new(-7));
    let without_hint = StoredPasskey { id: hanko_domain::CredentialId(vec![1]), transports: vec![], ..passkey.clone() };
    expected["publicKey"]["allowCredentials"] = json!([
        {"type": "public-key", "id": passkey.id.to_string(), "transports": ["internal", "hybrid"]},
        {"type": "public-key", "id": "AQ"}]);
    assert_eq!(with_known_challenge(world.known(&[passkey, without_hint])), expected);
}

#[test]
fn what_cannot_sign_in_is_not_offered() {
    let mut world = World::new();
    let passkey = world.enrol(&mut Device::new(-7));
    let security_key = StoredPasskey { mfa_only: true, ..passkey.clone() };
    let elsewhere = StoredPasskey { rp_id: "auth.fern.test".into(), ..passkey.clone() };
    let somebody = StoredPasskey { user: UserId::random(&world.random), ..passkey.clone() };
    let options = |passkeys: &[StoredPasskey]| {
        let user = passkey.user;
        world.rp.options_for(&world.random, user, passkeys, UserVerification::Preferred, NOW).is_some()
    };
    assert!(options(&[security_key.clone(), passkey.clone()]));
    assert!(!options(&[]));
    assert!(!options(&[security_key, elsewhere, somebody]));
}

#[test]
fn origins_are_compared_exactly_web_ones_without_case() {
    let rp = World::new().rp;
    for (origin, allowed) in [
        ("https://auth.fern.test", true),
        ("HTTPS://Auth.Fern.test", true),
        ("https://shop.fern.test:8443", true),
        ("android:apk-key-hash:Ab-9_x", true),
        ("android:apk-key-hash:aB-9_x", false),
        ("https://shop.fern.test", false),
        ("https://auth.fern.test:443", false),
        ("https://auth.fern.test/", false),
        ("http://auth.fern.test", false),
        ("https://fern.test", false),
        ("https://evil.auth.fern.test", false),
        ("https://auth.fern.test.evil.test", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(rp.allows_origin(origin), allowed, "{origin:?}");
    }
}

#[test]
fn well_known_authenticators_have_a_name() {
    let name = |text: &str| authenticators::name(text.parse().unwrap());
    assert_eq!(name("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), Some("iCloud Keychain"));
    assert_eq!(name("00000000-0000-0000-0000-000000000000"), None);
}

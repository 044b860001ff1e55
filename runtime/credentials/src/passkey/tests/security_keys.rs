//! Rules of `spec/flow-login-registration.md` §4.6.4 and §4.6.8: a security key is made and used next to another factor.

use hanko_domain::{CredentialId, UserId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    device::{Device, UP, UV},
    *,
};
use crate::{Evidence, Factor};

impl World {
    pub(super) fn security_key(&mut self, attachment: Option<Attachment>) -> Value {
        let owner = NewOwner { user: self.subject.user, email: None, username: Some("jane") };
        let creation = Creation::SecurityKey {
            attestation: Attestation::Direct,
            user_verification: self.user_verification,
            attachment,
        };
        let (options, ceremony) = self.rp.creation_options(&self.random, owner, &[], creation, NOW);
        self.ceremonies.push(ceremony);
        serde_json::to_value(options).unwrap()
    }

    pub(super) fn second_factor(&mut self, credentials: &[StoredPasskey]) -> Value {
        let (user, verification) = (self.subject.user, self.user_verification);
        let (options, ceremony) =
            self.rp.second_factor_options(&self.random, user, credentials, verification, NOW).unwrap();
        self.ceremonies.push(ceremony);
        serde_json::to_value(options).unwrap()
    }

    /// Another factor was shown by the subject's user.
    fn after_first_factor(mut self) -> Self {
        self.needed = Use::SecondFactor(self.subject.user);
        self
    }
}

/// Somebody with a passkey and a security key on one device.
fn enrolled() -> (World, Device, StoredPasskey, StoredPasskey) {
    let (mut world, mut device) = (World::new(), Device::new(-7));
    let passkey = world.enrol(&mut device);
    device.counter = 2;
    let security_key = StoredPasskey { mfa_only: true, ..passkey.clone() };
    (world, device, passkey, security_key)
}

/// Quirks Q27 and Q28: the configured timeout although verification is discouraged, and the wanted attestation.
#[test]
fn creation_options_of_a_security_key_have_exactly_the_members_of_the_contract() {
    let mut world = World::new();
    world.user_verification = UserVerification::Discouraged;
    let id = crate::base64url::encode(world.subject.user.as_bytes());
    let mut expected = json!({"publicKey": {
        "rp": {"name": "Fern", "id": "fern.test"},
        "user": {"name": "jane", "displayName": "jane", "id": id},
        "challenge": "random",
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -257}],
        "timeout": 300_000,
        "authenticatorSelection": {
            "requireResidentKey": false, "residentKey": "discouraged", "userVerification": "discouraged"},
        "attestation": "direct",
    }});
    assert_eq!(with_known_challenge(world.security_key(None)), expected);
    for (attachment, text) in [(Attachment::Platform, "platform"), (Attachment::CrossPlatform, "cross-platform")] {
        expected["publicKey"]["authenticatorSelection"]["authenticatorAttachment"] = text.into();
        assert_eq!(with_known_challenge(world.security_key(Some(attachment))), expected);
    }
}

#[test]
fn a_new_security_key_is_never_a_first_factor_and_verifies_its_user_only_if_required() {
    for (verification, flags, outcome) in [
        (UserVerification::Discouraged, UP, Ok(false)),
        (UserVerification::Preferred, UP, Ok(false)),
        (UserVerification::Preferred, UP | UV, Ok(true)),
        (UserVerification::Required, UP | UV, Ok(true)),
        (UserVerification::Required, UP, Err(Refusal::UserNotVerified)),
    ] {
        let (mut world, mut device) = (World::new(), Device::new(-7));
        (world.user_verification, device.flags) = (verification, flags);
        let options = world.security_key(None);
        let made = world.finish_registration(&device.create(&options));
        assert_eq!(made.clone().map(|(key, _)| key.user_verified), outcome, "{verification:?}");
        let Ok((key, proof)) = made else { continue };
        assert!(key.mfa_only && proof.is_enrolment());
        assert_eq!(proof.factor(), Factor::SecurityKey);
        let (credential, user_verified) = (key.id.clone(), key.user_verified);
        assert_eq!(proof.evidence(), &Evidence::SecurityKeyCreated { credential, user_verified });

        let options = world.discoverable();
        assert_eq!(world.finish_login(&device.get(&options), &key).unwrap_err(), Refusal::SecurityKeyOnly);
    }
}

#[test]
fn what_is_made_is_what_was_asked_for() {
    let (mut world, mut device) = (World::new(), Device::new(-7));
    let (for_passkey, for_key) = (world.creation(), world.security_key(None));
    let (key, _) = world.finish_registration(&device.create(&for_key)).unwrap();
    let (passkey, _) = world.finish_registration(&device.create(&for_passkey)).unwrap();
    assert_eq!((key.mfa_only, passkey.mfa_only), (true, false));
}

#[test]
fn all_credentials_of_the_user_are_asked_for_oldest_first() {
    let (mut world, _, passkey, security_key) = enrolled();
    world.user_verification = UserVerification::Discouraged;
    let newer = StoredPasskey {
        id: CredentialId(vec![1]),
        transports: vec![],
        created_at: NOW + SECOND,
        ..security_key.clone()
    };
    let elsewhere = StoredPasskey { id: CredentialId(vec![2]), rp_id: "auth.fern.test".into(), ..security_key.clone() };
    let somebody = StoredPasskey { id: CredentialId(vec![3]), user: UserId::random(&world.random), ..security_key };
    let options = world.second_factor(&[newer, elsewhere.clone(), passkey.clone(), somebody.clone()]);
    let expected = json!({"publicKey": {
        "challenge": "random", "timeout": 600_000, "rpId": "fern.test", "userVerification": "discouraged",
        "allowCredentials": [
            {"type": "public-key", "id": passkey.id.to_string(), "transports": ["internal", "hybrid"]},
            {"type": "public-key", "id": "AQ"}],
    }});
    assert_eq!(with_known_challenge(options), expected);
    let user = world.subject.user;
    let nothing =
        world.rp.second_factor_options(&world.random, user, &[elsewhere, somebody], UserVerification::Preferred, NOW);
    assert!(nothing.is_none());
}

#[test]
fn a_security_key_and_a_passkey_confirm_the_user_with_and_without_a_handle() {
    for mfa_only in [true, false] {
        for handle in [Value::Null, "".into(), Value::Bool(true)] {
            let (world, device, passkey, _) = enrolled();
            let mut world = world.after_first_factor();
            let credential = StoredPasskey { mfa_only, ..passkey };
            let options = world.second_factor(std::slice::from_ref(&credential));
            let mut answer = device.get(&options);
            if handle != Value::Bool(true) {
                answer["response"]["userHandle"] = handle;
            }
            let (assertion, proof) = world.finish_login(&answer, &credential).unwrap();
            assert_eq!((assertion.passkey.counter, assertion.passkey.mfa_only), (2, mfa_only));
            assert!(proof.is_second_factor() && !proof.is_enrolment());
            assert_eq!((proof.factor(), *proof.subject()), (Factor::SecurityKey, world.subject));
            let evidence = Evidence::SecurityKey { credential: credential.id, user_verified: true };
            assert_eq!(proof.evidence(), &evidence);
        }
    }
}

#[test]
fn an_answer_for_one_use_is_worth_nothing_for_the_other() {
    let (mut world, device, passkey, _) = enrolled();
    let user = world.subject.user;
    let first = [world.discoverable(), world.known(std::slice::from_ref(&passkey))];
    let second = world.second_factor(std::slice::from_ref(&passkey));
    let creations = [world.creation(), world.security_key(None)];
    world.needed = Use::SecondFactor(user);
    for options in first.iter().chain(&creations) {
        assert_eq!(world.finish_login(&device.get(options), &passkey).unwrap_err(), Refusal::WrongCeremony);
    }
    world.needed = Use::FirstFactor;
    for options in creations.iter().chain([&second]) {
        assert_eq!(world.finish_login(&device.get(options), &passkey).unwrap_err(), Refusal::WrongCeremony);
    }
    world.needed = Use::SecondFactor(user);
    assert!(world.finish_login(&device.get(&second), &passkey).is_ok());
}

#[test]
fn a_second_factor_is_bound_to_its_user_and_its_list() {
    let (world, mut device, _, key) = enrolled();
    let mut world = world.after_first_factor();
    let listed = StoredPasskey { id: CredentialId(vec![7; 16]), ..key.clone() };
    let options = world.second_factor(std::slice::from_ref(&listed));
    assert_eq!(world.finish_login(&device.get(&options), &key).unwrap_err(), Refusal::NotAllowed);

    let options = world.second_factor(std::slice::from_ref(&key));
    let strangers = StoredPasskey { user: UserId::random(&world.random), ..key.clone() };
    assert_eq!(world.finish_login(&device.get(&options), &strangers).unwrap_err(), Refusal::OtherUser);

    // The user named another account since, and showed its first factor.
    let named = UserId::random(&world.random);
    world.needed = Use::SecondFactor(named);
    assert_eq!(world.finish_login(&device.get(&options), &key).unwrap_err(), Refusal::OtherUser);
    assert_eq!(
        world.finish_login(&device.get(&options), &StoredPasskey { user: named, ..key.clone() }).unwrap_err(),
        Refusal::OtherUser
    );

    world.needed = Use::SecondFactor(world.subject.user);
    device.handle = named.as_bytes().to_vec();
    assert_eq!(world.finish_login(&device.get(&options), &key).unwrap_err(), Refusal::UserHandle);
}

/// Quirk Q13b.
#[test]
fn an_imported_handle_does_not_keep_its_owner_from_confirming() {
    let (world, mut device, _, mut key) = enrolled();
    let mut world = world.after_first_factor();
    key.user_handle = b"legacy-4711".to_vec();
    device.handle = key.user_handle.clone();
    let options = world.second_factor(std::slice::from_ref(&key));
    let (_, proof) = world.finish_login(&device.get(&options), &key).unwrap();
    assert_eq!(proof.user(), world.subject.user);
}

#[test]
fn a_second_factor_is_spent_expires_and_keeps_its_counter() {
    let (world, device, _, key) = enrolled();
    let mut world = world.after_first_factor();
    let options = world.second_factor(std::slice::from_ref(&key));
    let answer = device.get(&options);
    assert_eq!(world.finish_login_at(&answer, &key, NOW + 600 * SECOND).unwrap_err(), Refusal::Expired);
    let cloned = StoredPasskey { counter: 2, ..key.clone() };
    let refusal = world.finish_login(&answer, &cloned).unwrap_err();
    assert_eq!(refusal, Refusal::Counter { stored: 2, received: 2 });
    let (assertion, _) = world.finish_login(&answer, &key).unwrap();
    assert_eq!(world.finish_login(&answer, &assertion.passkey).unwrap_err(), Refusal::UnknownChallenge);
}

proptest! {
    /// Law: whatever was opened, whoever owns it and whatever it is needed for, a proof is one of that use and that user.
    #[test]
    fn a_proof_is_always_of_the_use_that_was_asked_for(
        opened in 0..3_usize, second in any::<bool>(), mfa_only in any::<bool>(), stranger in any::<bool>()
    ) {
        let (mut world, device, passkey, _) = enrolled();
        let credential = StoredPasskey { mfa_only, ..passkey.clone() };
        let options = match opened {
            0 => world.discoverable(),
            1 => world.known(std::slice::from_ref(&passkey)),
            _ => world.second_factor(std::slice::from_ref(&credential)),
        };
        let known = if stranger { UserId::random(&world.random) } else { passkey.user };
        world.needed = if second { Use::SecondFactor(known) } else { Use::FirstFactor };
        let possible = if second { opened == 2 && !stranger } else { opened != 2 && !mfa_only };
        match world.finish_login(&device.get(&options), &credential) {
            Ok((_, proof)) => {
                prop_assert!(possible);
                prop_assert_eq!(proof.is_second_factor(), second);
                prop_assert_eq!(proof.user(), passkey.user);
            }
            Err(refusal) => prop_assert!(!possible, "{}", refusal),
        }
    }
}

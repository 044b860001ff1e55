//! Rules of `spec/flow-login-registration.md` §4.6.6.

use hanko_domain::{CredentialId, UserId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    device::{BE, BS, Device, Statement, UP, UV},
    *,
};
use crate::{Evidence, Factor};

#[test]
fn a_new_passkey_is_stored_as_the_authenticator_sent_it() {
    let mut world = World::new();
    let mut device = Device::new(-7);
    device.flags = UP | UV | BE | BS;
    device.aaguid = *uuid::uuid!("d548826e-79b4-db40-a3d8-11116f7e8349").as_bytes();
    let options = world.creation();
    let (passkey, proof) = world.finish_registration(&device.create(&options)).unwrap();
    let expected = StoredPasskey {
        id: CredentialId(device.id.clone()),
        user: world.subject.user,
        user_handle: world.subject.user.as_bytes().to_vec(),
        public_key: device.cose(),
        counter: 1,
        user_verified: true,
        backup_eligible: true,
        backup_state: true,
        aaguid: uuid::uuid!("d548826e-79b4-db40-a3d8-11116f7e8349"),
        transports: vec!["internal".into(), "hybrid".into()],
        rp_id: "fern.test".into(),
        attestation_format: "none".into(),
        mfa_only: false,
        name: Some("Bitwarden".into()),
        created_at: NOW,
        last_used_at: Some(NOW),
    };
    assert_eq!(passkey, expected);
    assert_eq!(serde_json::from_str::<StoredPasskey>(&serde_json::to_string(&passkey).unwrap()).unwrap(), expected);
    assert_eq!(
        (proof.factor(), *proof.subject(), proof.at(), proof.is_enrolment()),
        (Factor::Passkey, world.subject, NOW, true)
    );
    assert_eq!(proof.evidence(), &Evidence::PasskeyCreated { credential: expected.id, user_verified: true });
}

#[test]
fn every_offered_algorithm_can_register_and_sign_in() {
    for algorithm in [-7, -35, -257] {
        let mut world = World::new();
        let mut device = Device::new(algorithm);
        let passkey = world.enrol(&mut device);
        device.counter = 2;
        let options = world.discoverable();
        let outcome = world.finish_login(&device.get(&options), &passkey);
        assert!(outcome.is_ok(), "{algorithm}: {:?}", outcome.err());
    }
}

#[test]
fn a_self_attestation_is_verified() {
    let mut world = World::new();
    let mut device = Device::new(-7);
    device.statement = Statement::SelfSigned;
    assert_eq!(world.enrol(&mut device).attestation_format, "packed");
}

#[test]
fn a_lying_browser_or_authenticator_registers_nothing() {
    type Lie = fn(&mut Device);
    let cases: [(&str, Lie, Refusal); 10] = [
        ("origin", |d| d.origin = "https://evil.test".into(), Refusal::Origin("https://evil.test".into())),
        ("frame", |d| d.cross_origin = Some(true), Refusal::CrossOrigin(String::new())),
        ("type", |d| d.kind = Some("webauthn.get"), Refusal::ClientDataType),
        ("rp id", |d| d.rp_id = "auth.fern.test".into(), Refusal::RpId),
        ("presence", |d| d.flags = UV, Refusal::UserNotPresent),
        ("verification", |d| d.flags = UP, Refusal::UserNotVerified),
        ("backup", |d| d.flags = UP | UV | BS, Refusal::BackupFlags),
        ("format", |d| d.statement = Statement::Unknown, Refusal::AttestationFormat("android-safetynet".into())),
        (
            "filled none",
            |d| d.statement = Statement::NoneButFilled,
            Refusal::Attestation("the format none has a statement".into()),
        ),
        ("extensions announced", |d| d.flags = UP | UV | 0x80, Refusal::Malformed("authenticatorData")),
    ];
    for (name, lie, refusal) in cases {
        let mut world = World::new();
        world.user_verification = UserVerification::Required;
        let mut device = Device::new(-7);
        lie(&mut device);
        let options = world.creation();
        assert_eq!(world.finish_registration(&device.create(&options)).unwrap_err(), refusal, "{name}");
        assert_eq!(world.ceremonies.len(), 1, "{name}: the ceremony stays open");
    }
}

#[test]
fn a_wrong_attestation_signature_is_refused() {
    let mut world = World::new();
    let mut device = Device::new(-7);
    device.statement = Statement::WronglySelfSigned;
    let options = world.creation();
    let refusal = world.finish_registration(&device.create(&options)).unwrap_err();
    assert!(matches!(refusal, Refusal::Attestation(_)), "{refusal:?}");
}

#[test]
fn the_frame_may_say_that_it_is_not_foreign() {
    let mut world = World::new();
    let mut device = Device::new(-7);
    device.cross_origin = Some(false);
    world.enrol(&mut device);
}

#[test]
fn a_ceremony_is_good_for_one_user_one_kind_one_time_and_its_lifetime() {
    let mut world = World::new();
    let mut device = Device::new(-7);
    let options = world.creation();
    let answer = device.create(&options);
    let text = answer.to_string();

    let other = Subject { user: UserId::random(&world.random), ..world.subject };
    let at = |subject, now| world.rp.finish_registration(&world.ceremonies, &text, subject, now).map(drop);
    assert_eq!(at(other, NOW), Err(Refusal::OtherUser));
    assert_eq!(at(world.subject, NOW + 300 * SECOND), Err(Refusal::Expired));
    assert_eq!(at(world.subject, NOW + 299 * SECOND), Ok(()));

    world.finish_registration(&answer).unwrap();
    assert_eq!(world.finish_registration(&answer).unwrap_err(), Refusal::UnknownChallenge);

    let mut login = world.discoverable();
    login["publicKey"]["user"] = options["publicKey"]["user"].clone();
    assert_eq!(world.finish_registration(&device.create(&login)).unwrap_err(), Refusal::WrongCeremony);
}

/// FC-03: an encoding that counts one pair too few, and its correct twin of an algorithm that was not offered.
#[test]
fn a_key_that_could_never_sign_in_is_refused_at_registration() {
    let data: Value = serde_json::from_str(include_str!("../../../tests/data/ed25519_keys.json")).unwrap();
    for (name, refusal) in
        [("broken", Refusal::Malformed("authenticatorData has leftover bytes")), ("correct", Refusal::Algorithm(-8))]
    {
        let mut world = World::new();
        world.rp = RelyingParty::new("localhost", "Fern", ["http://localhost:8000"], 300 * SECOND, 600 * SECOND);
        let mut device = Device::new(-7);
        device.origin = "http://localhost:8000".into();
        device.id = crate::base64url::decode(data["credential_id"].as_str().unwrap()).unwrap();
        let hex = data[name].as_str().unwrap();
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let options = world.creation();
        assert_eq!(world.finish_registration(&device.created_with(&options, bytes)).unwrap_err(), refusal, "{name}");
    }
}

#[test]
fn optional_members_may_be_missing_and_padding_is_tolerated() {
    let mut world = World::new();
    let options = world.creation();
    let mut answer = Device::new(-7).create(&options);
    for member in ["rawId", "type", "authenticatorAttachment", "clientExtensionResults"] {
        answer.as_object_mut().unwrap().remove(member);
    }
    answer["response"].as_object_mut().unwrap().remove("transports");
    pad(&mut answer);
    let (passkey, _) = world.finish_registration(&answer).unwrap();
    assert_eq!(passkey.transports, Vec::<String>::new());
}

/// Adds the padding that base64url leaves out, wherever there is base64url.
fn pad(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(pad),
        Value::String(text) => text.push_str(&"=".repeat((4 - text.len() % 4) % 4)),
        _ => {}
    }
}

/// Quirk Q39.
#[test]
fn transports_are_kept_once_and_only_if_they_look_like_one() {
    let mut world = World::new();
    let options = world.creation();
    let mut answer = Device::new(-7).create(&options);
    answer["response"]["transports"] = json!(["usb", "usb", "", "smart-card", "<b>", "usb", "x".repeat(33), "nfc"]);
    let (passkey, _) = world.finish_registration(&answer).unwrap();
    assert_eq!(passkey.transports, ["usb", "smart-card", "nfc"]);
}

#[test]
fn one_flipped_bit_anywhere_in_attested_data_is_refused() {
    let mut world = World::new();
    let options = world.creation();
    let mut device = Device::new(-7);
    device.statement = Statement::SelfSigned;
    let mut answer = device.create(&options);
    let object = crate::base64url::decode(answer["response"]["attestationObject"].as_str().unwrap()).unwrap();
    let name = b"authData"; // the last member
    let start = object.windows(name.len()).position(|window| window == name).unwrap() + name.len();
    for (at, bit) in (start..object.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = object.clone();
        flipped[at] ^= 1 << bit;
        answer["response"]["attestationObject"] = crate::base64url::encode(&flipped).into();
        assert!(world.finish_registration(&answer).is_err(), "bit {bit} of byte {at} was not missed");
    }
}

#[test]
fn the_ids_in_an_answer_have_to_agree() {
    let mut world = World::new();
    let options = world.creation();
    let mut answer = Device::new(-7).create(&options);
    answer["rawId"] = "AQID".into();
    assert_eq!(world.finish_registration(&answer).unwrap_err(), Refusal::Malformed("id and rawId differ"));
    answer["id"] = "AQID".into();
    assert_eq!(world.finish_registration(&answer).unwrap_err(), Refusal::Malformed("the attested id is another"));
}

proptest! {
    #[test]
    fn garbage_is_refused_and_nothing_falls_over(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..400_usize) {
        let mut world = World::new();
        let options = world.creation();
        let mut device = Device::new(-7);
        let answer = device.create(&options);
        prop_assert!(world.finish_registration(&device.created_with(&options, bytes.clone())).is_err());
        let mut mangled = answer.clone();
        mangled["response"]["attestationObject"] = crate::base64url::encode(&bytes).into();
        prop_assert!(world.finish_registration(&mangled).is_err());
        let text = answer.to_string();
        let cut = cut.min(text.len() - 1);
        prop_assert!(world.rp.finish_registration(&world.ceremonies, &text[..cut], world.subject, NOW).is_err());
    }
}

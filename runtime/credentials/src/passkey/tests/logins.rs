//! Rules of `spec/flow-login-registration.md` §4.6.5.

use hanko_domain::{CredentialId, UserId};
use proptest::prelude::*;
use serde_json::Value;

use super::{
    device::{BE, BS, Device, UP, UV},
    *,
};
use crate::{Evidence, Factor};

fn enrolled() -> (World, Device, StoredPasskey) {
    let (mut world, mut device) = (World::new(), Device::new(-7));
    let passkey = world.enrol(&mut device);
    device.counter = 2;
    (world, device, passkey)
}

#[test]
fn a_login_proves_who_holds_the_passkey_and_says_what_to_store() {
    let (mut world, device, passkey) = enrolled();
    world.subject.user = UserId::random(&world.random); // nobody knows yet who it is
    let options = world.discoverable();
    let (assertion, proof) = world.finish_login_at(&device.get(&options), &passkey, NOW + SECOND).unwrap();
    assert_eq!(assertion.passkey, StoredPasskey { counter: 2, last_used_at: Some(NOW + SECOND), ..passkey.clone() });
    assert!(!assertion.backup_eligibility_changed);
    assert_eq!(
        (proof.factor(), proof.user(), proof.tenant(), proof.flow(), proof.at(), proof.is_enrolment()),
        (Factor::Passkey, passkey.user, world.subject.tenant, world.subject.flow, NOW + SECOND, false)
    );
    assert_eq!(proof.evidence(), &Evidence::Passkey { credential: passkey.id, user_verified: true });
}

#[test]
fn a_lying_browser_or_authenticator_does_not_sign_in() {
    type Lie = fn(&mut Device);
    let cases: [(&str, Lie, Refusal); 7] = [
        ("origin", |d| d.origin = "https://evil.test".into(), Refusal::Origin("https://evil.test".into())),
        ("frame", |d| d.cross_origin = Some(true), Refusal::CrossOrigin(String::new())),
        ("type", |d| d.kind = Some("webauthn.create"), Refusal::ClientDataType),
        ("rp id", |d| d.rp_id = "auth.fern.test".into(), Refusal::RpId),
        ("presence", |d| d.flags = UV, Refusal::UserNotPresent),
        ("verification", |d| d.flags = UP, Refusal::UserNotVerified),
        ("backup", |d| d.flags = UP | UV | BS, Refusal::BackupFlags),
    ];
    for (name, lie, refusal) in cases {
        let (mut world, mut device, passkey) = enrolled();
        world.user_verification = UserVerification::Required;
        lie(&mut device);
        let options = world.discoverable();
        assert_eq!(world.finish_login(&device.get(&options), &passkey).unwrap_err(), refusal, "{name}");
        assert_eq!(world.ceremonies.len(), 1, "{name}: the ceremony stays open");
    }
}

#[test]
fn a_frame_is_good_where_its_page_is_listed_and_nowhere_else() {
    for (listed, top, accepted) in [
        (vec!["https://shop.test"], Some("https://shop.test"), true),
        (vec!["https://shop.test"], Some("https://evil.test"), false),
        (vec!["https://shop.test"], None, false),
        (vec![], Some("https://shop.test"), false),
    ] {
        let (mut world, mut device, passkey) = enrolled();
        world.rp = world.rp.clone().framed_by(listed.clone());
        (device.cross_origin, device.top_origin) = (Some(true), top);
        let options = world.discoverable();
        let outcome = world.finish_login(&device.get(&options), &passkey);
        assert_eq!(outcome.is_ok(), accepted, "{listed:?} {top:?}");
    }
}

/// WebAuthn L3 §5.11: whether such a page may ask for this RP ID is the browser's affair.
#[test]
fn a_page_beside_the_rp_id_signs_in_where_its_origin_is_listed() {
    for (listed, accepted) in [("https://fern.shop", true), ("https://other.shop", false)] {
        let (mut world, mut device, passkey) = enrolled();
        world.rp = RelyingParty::new("fern.test", "Fern", [listed], 300 * SECOND, 600 * SECOND);
        device.origin = "https://fern.shop".into();
        let options = world.discoverable();
        let outcome = world.finish_login(&device.get(&options), &passkey);
        assert_eq!(outcome.is_ok(), accepted, "{listed}: {outcome:?}");
    }
}

#[test]
fn another_key_does_not_sign_in() {
    let (mut world, device, passkey) = enrolled();
    let other = Device { handle: device.handle.clone(), ..Device::new(-7) };
    let options = world.discoverable();
    let refusal = world.finish_login(&other.get(&options), &passkey).unwrap_err();
    assert!(matches!(refusal, Refusal::Signature(_)), "{refusal:?}");
}

#[test]
fn verification_seen_once_is_not_required_for_ever() {
    for (required, outcome) in [
        (UserVerification::Required, Err(Refusal::UserNotVerified)),
        (UserVerification::Preferred, Ok(false)),
        (UserVerification::Discouraged, Ok(false)),
    ] {
        let (mut world, mut device, passkey) = enrolled();
        assert!(passkey.user_verified);
        world.user_verification = required;
        device.flags = UP;
        let options = world.discoverable();
        let verified = world.finish_login(&device.get(&options), &passkey).map(|(assertion, proof)| {
            assert!(assertion.passkey.user_verified, "it was seen once");
            matches!(proof.evidence(), Evidence::Passkey { user_verified: true, .. })
        });
        assert_eq!(verified, outcome, "{required:?}");
    }
}

#[test]
fn a_counter_that_does_not_grow_is_refused_unless_one_side_has_none() {
    for (stored, received, accepted) in
        [(0, 0, true), (0, 5, true), (5, 0, true), (5, 6, true), (5, 5, false), (5, 4, false), (u32::MAX, 1, false)]
    {
        let (mut world, mut device, mut passkey) = enrolled();
        (passkey.counter, device.counter) = (stored, received);
        let options = world.discoverable();
        let outcome =
            world.finish_login(&device.get(&options), &passkey).map(|(assertion, _)| assertion.passkey.counter);
        let expected = if accepted { Ok(received) } else { Err(Refusal::Counter { stored, received }) };
        assert_eq!(outcome, expected);
    }
}

/// FC-02
#[test]
fn a_changed_backup_eligibility_is_accepted_stored_and_reported() {
    for (before, after) in [(UP, UP | BE | BS), (UP | BE | BS, UP), (UP, UP | BE)] {
        let (mut world, mut device) = (World::new(), Device::new(-7));
        device.flags = before;
        let passkey = world.enrol(&mut device);
        (device.flags, device.counter) = (after, 2);
        let options = world.discoverable();
        let (assertion, _) = world.finish_login(&device.get(&options), &passkey).unwrap();
        assert!(assertion.backup_eligibility_changed);
        assert_eq!(assertion.passkey.backup_eligible, after & BE != 0);
        assert_eq!(assertion.passkey.backup_state, after & BS != 0);
    }
}

/// FC-05
#[test]
fn the_user_handle_is_needed_only_where_nobody_was_known() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../../tests/data/user_handles.json")).unwrap();
    for case in cases {
        for known in [false, true] {
            let (mut world, device, passkey) = enrolled();
            let options = if known { world.known(std::slice::from_ref(&passkey)) } else { world.discoverable() };
            let mut answer = device.get(&options);
            let response = answer["response"].as_object_mut().unwrap();
            match case["userHandle"].as_str() {
                Some("owner") => {}
                None => drop(response.insert("userHandle".into(), Value::Null)),
                Some("absent") => drop(response.remove("userHandle")),
                Some("empty") => drop(response.insert("userHandle".into(), "".into())),
                Some("other") => {
                    let other = crate::base64url::encode(UserId::random(&world.random).as_bytes());
                    response.insert("userHandle".into(), other.into());
                }
                Some(_) => drop(response.insert("userHandle".into(), "not*base64".into())),
            }
            let expected = case[if known { "known" } else { "discoverable" }].as_bool().unwrap();
            let outcome = world.finish_login(&answer, &passkey);
            assert_eq!(outcome.is_ok(), expected, "known: {known}, {case}, {:?}", outcome.err());
        }
    }
}

#[test]
fn an_imported_handle_is_expected_instead_of_the_user_id() {
    let (mut world, mut device, mut passkey) = enrolled();
    passkey.user_handle = b"legacy-4711".to_vec();
    let options = world.discoverable();
    assert_eq!(world.finish_login(&device.get(&options), &passkey).unwrap_err(), Refusal::UserHandle);
    device.handle = b"legacy-4711".to_vec();
    let (_, proof) = world.finish_login(&device.get(&options), &passkey).unwrap();
    assert_eq!(proof.user(), passkey.user);
}

#[test]
fn options_for_one_user_accept_only_the_credentials_they_list() {
    let (mut world, device, passkey) = enrolled();
    let listed = StoredPasskey { id: CredentialId(vec![7; 16]), ..passkey.clone() };
    let options = world.known(std::slice::from_ref(&listed));
    let answer = device.get(&options);
    assert_eq!(world.finish_login(&answer, &passkey).unwrap_err(), Refusal::NotAllowed);
    let strangers = StoredPasskey { user: UserId::random(&world.random), ..passkey.clone() };
    assert_eq!(world.finish_login(&answer, &strangers).unwrap_err(), Refusal::OtherUser);
    assert_eq!(world.finish_login(&answer, &listed).unwrap_err(), Refusal::UnknownCredential);
}

/// FC-09
#[test]
fn two_open_ceremonies_are_answered_in_any_order_each_once() {
    let (mut world, mut device, passkey) = enrolled();
    let (autofill, button) = (world.discoverable(), world.discoverable());
    let older = device.get(&autofill);
    let (assertion, _) = world.finish_login(&older, &passkey).unwrap();
    device.counter = 3;
    let (assertion, _) = world.finish_login(&device.get(&button), &assertion.passkey).unwrap();
    assert_eq!(assertion.passkey.counter, 3);
    assert_eq!(world.finish_login(&older, &passkey).unwrap_err(), Refusal::UnknownChallenge);
}

/// Quirk Q27
#[test]
fn an_answer_after_the_announced_timeout_is_refused_even_without_a_known_user() {
    for verification in [UserVerification::Preferred, UserVerification::Discouraged] {
        let (mut world, device, passkey) = enrolled();
        world.user_verification = verification;
        let options = world.discoverable();
        let answer = device.get(&options);
        let late = world.finish_login_at(&answer, &passkey, NOW + 600 * SECOND);
        assert_eq!(late.unwrap_err(), Refusal::Expired);
        assert!(world.finish_login_at(&answer, &passkey, NOW + 599 * SECOND).is_ok());
    }
}

/// FC-07
#[test]
fn a_credential_of_another_rp_id_is_dead_until_the_rp_id_comes_back() {
    let (mut world, mut device, passkey) = enrolled();
    let old = std::mem::replace(
        &mut world.rp,
        RelyingParty::new("auth.fern.test", "Fern", ["https://auth.fern.test"], 300 * SECOND, 600 * SECOND),
    );
    assert!(!world.rp.can_sign_in_with(&passkey));
    device.rp_id = "auth.fern.test".into();
    let options = world.discoverable();
    let refusal = world.finish_login(&device.get(&options), &passkey).unwrap_err();
    assert_eq!(refusal, Refusal::CredentialRpId("fern.test".into()));

    world.rp = old;
    device.rp_id = "fern.test".into();
    let options = world.discoverable();
    assert!(world.finish_login(&device.get(&options), &passkey).is_ok());
}

#[test]
fn a_security_key_is_no_first_factor() {
    let (mut world, device, mut passkey) = enrolled();
    passkey.mfa_only = true;
    let options = world.discoverable();
    assert_eq!(world.finish_login(&device.get(&options), &passkey).unwrap_err(), Refusal::SecurityKeyOnly);
}

#[test]
fn the_answer_to_a_registration_signs_nobody_in() {
    let (mut world, device, passkey) = enrolled();
    let options = world.creation();
    assert_eq!(world.finish_login(&device.get(&options), &passkey).unwrap_err(), Refusal::WrongCeremony);
}

#[test]
fn nothing_may_follow_the_json() {
    let (mut world, device, _) = enrolled();
    let options = world.discoverable();
    let text = device.get(&options).to_string();
    let parsed = ParsedAssertion::parse(&text).unwrap();
    assert_eq!((parsed.credential().0.as_slice(), parsed.user_handle()), (&device.id[..], Some(&device.handle[..])));
    assert!(ParsedAssertion::parse(&format!("{text} \n")).is_ok());
    assert_eq!(ParsedAssertion::parse(&format!("{text}{{}}")).unwrap_err(), Refusal::Malformed("JSON"));
}

#[test]
fn a_refusal_repeats_only_the_beginning_of_a_foreign_text() {
    let (mut world, mut device, passkey) = enrolled();
    device.origin = format!("https://{}\n.test", "é".repeat(5_000));
    let options = world.discoverable();
    let text = world.finish_login(&device.get(&options), &passkey).unwrap_err().to_string();
    assert!(text.chars().count() < 150 && !text.contains('\n'), "{text}");
}

proptest! {
    #[test]
    fn one_flipped_bit_anywhere_in_what_is_signed_is_refused(part in 0..3_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (mut world, device, passkey) = enrolled();
        let options = world.discoverable();
        let mut answer = device.get(&options);
        let member = ["clientDataJSON", "authenticatorData", "signature"][part];
        let mut bytes = crate::base64url::decode(answer["response"][member].as_str().unwrap()).unwrap();
        *at.get_mut(&mut bytes) ^= 1 << bit;
        answer["response"][member] = crate::base64url::encode(&bytes).into();
        prop_assert!(world.finish_login(&answer, &passkey).is_err());
    }
}

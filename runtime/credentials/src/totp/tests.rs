//! Acceptance list of `spec/flow-login-registration.md` §4.4, vectors of RFC 6238 appendix B.

use hanko_domain::{FlowId, TenantId, UserId};
use proptest::prelude::*;

use super::*;
use crate::Factor;

/// The RFC's secret, "12345678901234567890".
const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// The middle of a step.
const NOW: Timestamp = Timestamp(1_719_826_815_000_000);
const T: i64 = 57_327_560;

struct World {
    secret: TotpSecret,
    subject: Subject,
}

impl World {
    fn new() -> Self {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        Self { secret: secret(RFC).unwrap(), subject }
    }

    fn login(&self, code: &str, last_step: Option<i64>) -> Outcome {
        self.secret.verify(&Secret::new(code.to_owned()), last_step, self.subject, NOW)
    }

    /// The step it was accepted for.
    fn accepted(&self, code: &str, last_step: Option<i64>) -> Option<i64> {
        match self.login(code, last_step) {
            Outcome::Accepted { step, .. } => Some(step),
            Outcome::AlreadyUsed | Outcome::Wrong => None,
        }
    }

    fn code(&self, step: i64) -> String {
        self.secret.code(step).expose().clone()
    }
}

fn secret(text: &str) -> Option<TotpSecret> {
    TotpSecret::from_base32(&Secret::new(text.to_owned()))
}

#[test]
fn codes_are_those_of_the_rfc() {
    let world = World::new();
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let code = Secret::new(code.to_owned());
        let outcome = world.secret.verify(&code, None, world.subject, Timestamp::from_seconds(seconds));
        assert!(matches!(outcome, Outcome::Accepted { step, .. } if step == seconds / 30), "{seconds}: {outcome:?}");
    }
}

#[test]
fn a_code_of_this_step_and_of_its_neighbours_fits_and_tells_its_own_step() {
    let world = World::new();
    for (step, accepted) in [(T, Some(T)), (T - 1, Some(T - 1)), (T + 1, Some(T + 1)), (T - 2, None), (T + 2, None)] {
        assert_eq!(world.accepted(&world.code(step), None), accepted, "{step}");
    }
    assert_eq!(world.login(&world.code(T - 2), None), Outcome::Wrong);
    assert_eq!(world.login(&world.code(T - 2), Some(T)), Outcome::Wrong, "it is not even a used one");
}

#[test]
fn after_a_step_was_used_only_later_ones_fit() {
    let world = World::new();
    assert_eq!(world.login(&world.code(T), Some(T)), Outcome::AlreadyUsed);
    assert_eq!(world.login(&world.code(T - 1), Some(T)), Outcome::AlreadyUsed);
    assert_eq!(world.accepted(&world.code(T + 1), Some(T)), Some(T + 1));
    assert_eq!(world.login(&world.code(T + 1), Some(T + 1)), Outcome::AlreadyUsed);
    assert_eq!(world.accepted(&world.code(T), Some(T - 1)), Some(T));
}

#[test]
fn a_right_code_proves_the_second_factor() {
    let world = World::new();
    let Outcome::Accepted { proof, .. } = world.login(&world.code(T), None) else { panic!("refused") };
    assert_eq!((proof.factor(), *proof.subject(), proof.at()), (Factor::Totp, world.subject, NOW));
    assert!(proof.is_second_factor() && !proof.is_enrolment());
}

#[test]
fn the_first_code_of_an_app_is_an_enrolment_and_no_login() {
    let world = World::new();
    let code = Secret::new(world.code(T + 1));
    let (step, proof) = world.secret.enrol(&code, world.subject, NOW).unwrap();
    assert_eq!((step, proof.evidence()), (T + 1, &Evidence::TotpCreated));
    assert_eq!(world.secret.verify(&code, Some(step), world.subject, NOW), Outcome::AlreadyUsed);
    assert_eq!(world.secret.enrol(&Secret::new(world.code(T - 2)), world.subject, NOW), None);
}

/// Quirk Q24.
#[test]
fn blanks_around_a_code_are_ignored_and_any_other_length_is_a_wrong_code() {
    let world = World::new();
    let code = world.code(T);
    assert_eq!(world.accepted(&format!(" \t{code}\r\n"), None), Some(T));
    let (first, rest) = code.split_at(3);
    for wrong in ["", " ", rest, &format!("{code}0"), &format!("0{code}"), &format!("{first} {rest}"), "１２３４５６"]
    {
        assert_eq!(world.login(wrong, None), Outcome::Wrong, "{wrong:?}");
    }
}

#[test]
fn a_new_secret_has_160_bits_and_is_written_in_32_characters() {
    let (one, other) = (TotpSecret::generate(&Random::system()), TotpSecret::generate(&Random::system()));
    assert_eq!((one.0.expose().len(), one.base32().expose().len()), (20, 32));
    assert!(one.base32() != other.base32());
    assert_eq!(format!("{one:?}"), "TotpSecret(Secret(…))");
}

#[test]
fn a_secret_from_elsewhere_is_read_as_people_write_it() {
    let of = |text: &str| secret(text).map(|secret| secret.base32().expose().clone());
    assert_eq!(of("JBSWY3DPEHPK3PXP").as_deref(), Some("JBSWY3DPEHPK3PXP"), "80 bits");
    assert_eq!(of("jbsw y3dp-ehpk 3pxp=").as_deref(), Some("JBSWY3DPEHPK3PXP"));
    for wrong in ["", "JBSWY3DP", "JBSWY3DPEHPK3PX1", "JBSWY3DPEHPK3PXPA", &"A".repeat(104)] {
        assert_eq!(of(wrong), None, "{wrong:?}");
    }
}

#[test]
fn the_uri_has_exactly_the_members_of_the_contract() {
    let uri = |issuer, account| secret(RFC).unwrap().provisioning_uri(issuer, account).expose().clone();
    assert_eq!(
        uri("Fern", "jane"),
        format!("otpauth://totp/Fern:jane?algorithm=SHA1&digits=6&issuer=Fern&period=30&secret={RFC}")
    );
    assert_eq!(
        uri("Fern & Söhne: 100%", "jane+a@x.de"),
        format!(
            "otpauth://totp/Fern%20%26%20S%C3%B6hne%3A%20100%25:jane%2Ba%40x.de\
             ?algorithm=SHA1&digits=6&issuer=Fern%20%26%20S%C3%B6hne%3A%20100%25&period=30&secret={RFC}"
        )
    );
}

proptest! {
    #[test]
    fn a_step_is_accepted_at_most_once_however_often_and_in_whatever_order_codes_come(
        steps in proptest::collection::vec(-3..4_i64, 1..40)
    ) {
        let world = World::new();
        let (mut last, mut accepted) = (None, Vec::new());
        for offset in steps {
            if let Some(step) = world.accepted(&world.code(T + offset), last) {
                prop_assert!(!accepted.contains(&step));
                accepted.push(step);
                last = Some(step);
            }
        }
    }

    #[test]
    fn no_answer_makes_it_fall_over(text in "\\PC{0,40}", seconds in any::<i64>()) {
        let world = World::new();
        let outcome = world.secret.verify(&Secret::new(text), None, world.subject, Timestamp(seconds));
        prop_assert!(!matches!(outcome, Outcome::AlreadyUsed));
    }

    #[test]
    fn a_secret_survives_its_text(bytes in proptest::collection::vec(any::<u8>(), 10..=64)) {
        let secret = TotpSecret(Secret::new(bytes));
        let again = TotpSecret::from_base32(&secret.base32()).unwrap();
        prop_assert!(again.0 == secret.0);
    }
}

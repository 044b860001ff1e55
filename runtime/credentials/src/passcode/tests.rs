use hanko_domain::EmailAddress;
use proptest::prelude::*;

use super::*;
use crate::Factor;

const NOW: Timestamp = Timestamp(1_719_826_800_000_000);
const EXPIRY: Timestamp = Timestamp(NOW.0 + 300_000_000);

struct World {
    key: Secret<[u8; 32]>,
    random: Random,
    subject: Subject,
}

impl World {
    fn new() -> Self {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        Self { key: Secret::new(random.bytes()), random, subject }
    }

    fn issue(&self, charset: Charset) -> (Secret<String>, Passcode) {
        let address = EmailAddress::parse("Jane@x.de").unwrap();
        Passcode::issue(&self.key, &self.random, charset, Purpose::Login, &self.subject, address.key(), EXPIRY)
    }

    /// As the flow does: the record goes through the sealed row's JSON in between.
    fn answer(&self, passcode: &mut Passcode, code: &Secret<String>, now: Timestamp) -> Outcome {
        *passcode = serde_json::from_str(&serde_json::to_string(passcode).unwrap()).unwrap();
        passcode.verify(&self.key, self.subject.tenant, self.subject.flow, Purpose::Login, code, now)
    }
}

fn wrong(code: &Secret<String>) -> Secret<String> {
    let mut text = code.expose().clone();
    let other = if text.ends_with('7') { '8' } else { '7' };
    text.pop();
    text.push(other);
    Secret::new(text)
}

#[test]
fn the_right_code_proves_the_address() {
    let world = World::new();
    let (code, mut passcode) = world.issue(Charset::Numeric);
    let Outcome::Correct(proof) = world.answer(&mut passcode, &code, NOW) else { panic!("refused") };
    assert_eq!((proof.factor(), *proof.subject(), proof.at()), (Factor::Passcode, world.subject, NOW));
    let evidence = Evidence::Passcode { purpose: Purpose::Login, address: "jane@x.de".into() };
    assert_eq!(proof.evidence(), &evidence);
    assert_eq!((passcode.purpose(), passcode.address(), passcode.expires_at()), (Purpose::Login, "jane@x.de", EXPIRY));
}

#[test]
fn the_third_wrong_answer_exhausts_the_code_even_for_the_right_one() {
    let world = World::new();
    let (code, mut passcode) = world.issue(Charset::Numeric);
    let wrong = wrong(&code);
    let outcomes: Vec<Outcome> =
        [&wrong, &wrong, &wrong, &wrong, &code].map(|answer| world.answer(&mut passcode, answer, NOW)).to_vec();
    use Outcome::{Exhausted, Wrong};
    assert_eq!(outcomes, [Wrong, Wrong, Exhausted, Exhausted, Exhausted]);
    assert!(!passcode.is_open(NOW));
}

#[test]
fn two_wrong_answers_leave_the_last_try() {
    let world = World::new();
    let (code, mut passcode) = world.issue(Charset::Alphanumeric);
    let wrong = wrong(&code);
    for _ in 0..2 {
        assert_eq!(world.answer(&mut passcode, &wrong, NOW), Outcome::Wrong);
    }
    assert!(passcode.is_open(NOW));
    assert!(matches!(world.answer(&mut passcode, &code, NOW), Outcome::Correct(_)));
}

#[test]
fn a_code_expires_at_its_second_and_the_tries_do_not_matter_then() {
    let world = World::new();
    let (code, mut passcode) = world.issue(Charset::Numeric);
    let last = Timestamp(EXPIRY.0 - 1);
    assert!(matches!(world.answer(&mut passcode.clone(), &code, last), Outcome::Correct(_)));
    assert!(passcode.is_open(last) && !passcode.is_open(EXPIRY));
    let before = passcode.clone();
    assert_eq!(world.answer(&mut passcode, &code, EXPIRY), Outcome::Expired);
    assert_eq!(passcode, before);
}

#[test]
fn a_code_is_worth_nothing_for_another_tenant_flow_purpose_user_address_or_key() {
    let world = World::new();
    let (code, passcode) = world.issue(Charset::Numeric);
    let Subject { tenant, flow, .. } = world.subject;
    let tried = |key: &Secret<[u8; 32]>, tenant, flow, purpose, mut record: Passcode| {
        record.verify(key, tenant, flow, purpose, &code, NOW)
    };
    let (key, login) = (&world.key, Purpose::Login);
    assert!(matches!(tried(key, tenant, flow, login, passcode.clone()), Outcome::Correct(_)));
    assert_eq!(tried(key, TenantId::random(&world.random), flow, login, passcode.clone()), Outcome::Wrong);
    assert_eq!(tried(key, tenant, FlowId::random(&world.random), login, passcode.clone()), Outcome::Wrong);
    assert_eq!(tried(key, tenant, flow, Purpose::Recovery, passcode.clone()), Outcome::Wrong);
    assert_eq!(tried(&Secret::new([0; 32]), tenant, flow, login, passcode.clone()), Outcome::Wrong);

    let recovery = Passcode { purpose: Purpose::Recovery, ..passcode.clone() };
    assert_eq!(tried(key, tenant, flow, Purpose::Recovery, recovery), Outcome::Wrong);
    let somebody = Passcode { user: Some(UserId::random(&world.random)), ..passcode.clone() };
    assert_eq!(tried(key, tenant, flow, login, somebody), Outcome::Wrong);
    let elsewhere = Passcode { address: "eve@x.de".into(), ..passcode };
    assert_eq!(tried(key, tenant, flow, login, elsewhere), Outcome::Wrong);
}

#[test]
fn a_record_without_an_owner_looks_the_same_and_fits_no_code() {
    let world = World::new();
    let mut unusable = Passcode::unusable(&world.random, Purpose::Login, "nobody@x.de", EXPIRY);
    let (code, usable) = world.issue(Charset::Numeric);
    assert_eq!(unusable.mac.len(), usable.mac.len());
    use Outcome::{Exhausted, Wrong};
    assert_eq!([(); 4].map(|()| world.answer(&mut unusable, &code, NOW)), [Wrong, Wrong, Exhausted, Exhausted]);
}

#[test]
fn nothing_is_trimmed_or_folded() {
    let world = World::new();
    let (code, passcode) = loop {
        let (code, passcode) = world.issue(Charset::Alphanumeric);
        if code.expose().bytes().any(|byte| byte.is_ascii_alphabetic()) {
            break (code, passcode);
        }
    };
    let text = code.expose();
    let swapped = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let folded: String = text.chars().map(swapped).collect();
    for answer in [format!(" {text}"), format!("{text} "), folded, String::new(), format!("{text}0")] {
        assert_eq!(
            world.answer(&mut passcode.clone(), &Secret::new(answer.clone()), NOW),
            Outcome::Wrong,
            "{answer:?}"
        );
    }
}

#[test]
fn codes_have_six_characters_of_their_alphabet() {
    let world = World::new();
    let mut seen = std::collections::BTreeSet::new();
    for (charset, alphabet) in [(Charset::Numeric, DIGITS), (Charset::Alphanumeric, LETTERS)] {
        for _ in 0..2_000 {
            let (code, _) = world.issue(charset);
            assert_eq!(code.expose().len(), 6);
            assert!(code.expose().bytes().all(|byte| alphabet.contains(&byte)), "{}", code.expose());
            seen.insert((charset == Charset::Numeric, code.expose().as_bytes()[0]));
        }
    }
    assert_eq!(seen.len(), DIGITS.len() + LETTERS.len(), "every character can come first");
}

#[test]
fn the_record_does_not_hold_the_code() {
    let world = World::new();
    let (code, passcode) = world.issue(Charset::Numeric);
    let shown = format!("{passcode:?} {}", serde_json::to_string(&passcode).unwrap());
    assert!(!shown.contains(code.expose().as_str()), "{shown}");
}

proptest! {
    #[test]
    fn only_the_code_itself_is_right(answer in "[0-9]{0,7}") {
        let world = World::new();
        let (code, mut passcode) = world.issue(Charset::Numeric);
        let right = matches!(world.answer(&mut passcode, &Secret::new(answer.clone()), NOW), Outcome::Correct(_));
        prop_assert_eq!(right, *code.expose() == answer);
    }
}

use hanko_domain::{FlowId, TenantId, UserId};
use proptest::prelude::*;

use super::*;
use crate::Factor;

/// `Bärenfuß`: composed, and decomposed as some platforms send it.
const COMPOSED: &str = "B\u{e4}renfu\u{df}";
const DECOMPOSED: &str = "Ba\u{308}renfu\u{df}";

struct World {
    hasher: Hasher,
    subject: Subject,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        let hasher = Hasher::new(NonZeroUsize::new(2).unwrap(), Duration::from_secs(60), random);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        Self { hasher, subject, runtime }
    }

    fn hash(&self, password: &str) -> PasswordHash {
        let password = NewPassword::parse(&secret(password), 0).unwrap();
        self.runtime.block_on(self.hasher.hash(&password)).unwrap()
    }

    fn verify(&self, stored: &str, password: &str) -> Result<Option<Verified>, HashError> {
        let stored = PasswordHash::stored(stored.to_owned());
        self.runtime.block_on(self.hasher.verify(Some(&stored), &secret(password), self.subject, Timestamp(5)))
    }

    /// `Some(needs_rehash)` if it fits.
    fn fits(&self, stored: &str, password: &str) -> Option<bool> {
        self.verify(stored, password).unwrap().map(|verified| verified.needs_rehash)
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn a_new_hash_is_argon2id_with_the_documented_cost_and_its_own_salt() {
    let world = World::new();
    let (one, other) = (world.hash("correct horse"), world.hash("correct horse"));
    assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
    assert_ne!(one, other);
    assert_eq!(world.fits(one.as_str(), "correct horse"), Some(false));
    assert_eq!(world.fits(one.as_str(), "correct horse "), None, "blanks are part of a password");
    assert_eq!(world.fits(one.as_str(), ""), None);
}

#[test]
fn a_right_password_is_a_proof() {
    let world = World::new();
    let hash = world.hash("correct horse");
    let proof = world.verify(hash.as_str(), "correct horse").unwrap().unwrap().proof;
    assert_eq!((proof.factor(), *proof.subject(), proof.at()), (Factor::Password, world.subject, Timestamp(5)));
    assert!(!proof.is_enrolment());
    let new = NewPassword::parse(&secret("correct horse"), 8).unwrap();
    let (hash, proof) = world.runtime.block_on(world.hasher.enrol(&new, world.subject, Timestamp(6))).unwrap();
    assert!(proof.is_enrolment());
    assert_eq!(world.fits(hash.as_str(), "correct horse"), Some(false));
}

#[test]
fn nobody_s_password_is_never_right() {
    let world = World::new();
    let password = secret("correct horse");
    let nobody = world.hasher.verify(None, &password, world.subject, Timestamp(5));
    assert_eq!(world.runtime.block_on(nobody), Ok(None));
}

#[test]
fn an_unknown_user_costs_about_as_much_as_a_wrong_password() {
    let hash = World::new().hash("correct horse");
    let unknown_format = PasswordHash::stored("$1$abc$def".into());
    // The fastest of several runs: what the machine does besides only makes runs longer.
    let fastest = |stored: Option<&PasswordHash>, password: &str| {
        let run = |_| {
            let started = std::time::Instant::now();
            assert!(!matches!(compare(stored, &secret(password), &mut Memory::default()), Ok(Some(_))));
            started.elapsed()
        };
        (0..9).map(run).min().unwrap()
    };
    let wrong = fastest(Some(&hash), "wrong horse");
    for (name, elapsed) in [
        ("unknown user", fastest(None, "wrong horse")),
        ("too long", fastest(Some(&hash), &"x".repeat(500))),
        ("unknown format", fastest(Some(&unknown_format), "wrong horse")),
    ] {
        assert!(elapsed * 3 > wrong && elapsed < wrong * 3, "{name}: {elapsed:?}, wrong password: {wrong:?}");
    }
}

#[test]
fn passwords_are_compared_after_normalisation() {
    let world = World::new();
    for set in [COMPOSED, DECOMPOSED] {
        let hash = world.hash(set);
        for typed in [COMPOSED, DECOMPOSED] {
            assert_eq!(world.fits(hash.as_str(), typed), Some(false));
        }
        assert_eq!(world.fits(hash.as_str(), "Barenfu\u{df}"), None);
    }
}

#[test]
fn a_hash_of_the_bytes_as_sent_fits_and_is_to_be_replaced() {
    let world = World::new();
    let imported = formats::hash(DECOMPOSED, &[7; 16], &mut Memory::default()).unwrap();
    assert_eq!(world.fits(&imported, DECOMPOSED), Some(true));
    assert_eq!(world.fits(&imported, COMPOSED), None);
}

#[test]
fn an_imported_bcrypt_hash_fits_and_is_to_be_replaced() {
    let world = World::new();
    for password in ["correct horse", &"x".repeat(72), DECOMPOSED] {
        let hash = bcrypt::hash(password, 4).unwrap();
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = hash.replacen("$2b$", prefix, 1);
            assert_eq!(world.fits(&hash, password), Some(true), "{hash}");
            assert_eq!(world.fits(&hash, "wrong"), None);
        }
    }
    // Made elsewhere: the test vector of the crypt_blowfish distribution.
    assert_eq!(world.fits("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"), Some(true));
}

#[test]
fn nothing_beyond_72_bytes_is_cut_off() {
    let world = World::new();
    let long = "x".repeat(73);
    assert_eq!(world.fits(&bcrypt::hash(&long, 4).unwrap(), &long), None);
    assert_eq!(world.fits(world.hash(&"x".repeat(72)).as_str(), &long), None);
}

#[test]
fn an_imported_argon2id_hash_of_another_cost_is_to_be_replaced() {
    let world = World::new();
    let params = argon2::Params::new(7 * 1024, 5, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let hash: argon2::password_hash::phc::PasswordHash =
        argon2::PasswordHasher::hash_password_with_salt(&argon2, b"correct horse", &[7; 16]).unwrap();
    assert_eq!(world.fits(&hash.to_string(), "correct horse"), Some(true));
    assert_eq!(world.fits(&hash.to_string(), "wrong"), None);
}

/// FC-42
#[test]
fn an_imported_firebase_hash_fits_in_either_alphabet_and_is_to_be_replaced() {
    const SIGNER: &str = "f0Pl6dDRtfxKvgUGoO/OrURv9p5/3/9FNkGYN9fyotXAarWogkGqmfaZTQFgKEYowFFr2PliTmBk22/AWWJ//g==";
    let world = World::new();
    let stored = |separator: &str, salt: &str, hash: &str| {
        format!("$fbscrypt$v=1,n=14,r=8,p=1,ss={separator},sk={SIGNER}${salt}${hash}")
    };
    let standard = "cM7lEHL/dOXBS1SB8rIyhdcnCjuQk63KRcVsLTnuJcwTC19cbw9rMM04BsK4gK/t8hGbpBUGnewEV+DOHBMQog==";
    let url_safe = "pgz1CwXKlDLKcSK0Ns4UhSXXGpfANDk_HKXLacLTiI8IEWBO8Qejv3WR7WW2vFcEqdIuy6ovVhnNIelDkkA0gQ==";
    let hash = stored("Bw==", "++++Pn/QobLD", standard);
    assert_eq!(world.fits(&hash, "indigo-vole-27"), Some(true));
    assert_eq!(world.fits(&hash, "indigo-vole-28"), None);
    let hash = stored("Bw==", "_-_-AQIDBAUG", url_safe);
    assert_eq!(world.fits(&hash, "umber-crane-95"), Some(true));
    let twin = stored("CA==", "++++Pn/QobLD", standard);
    assert_eq!(world.fits(&twin, "indigo-vole-27"), None, "another salt separator");
}

#[test]
fn a_firebase_hash_that_is_incomplete_or_would_starve_the_process_is_reported() {
    let world = World::new();
    let verify = |settings: &str, rest: &str| world.verify(&format!("$fbscrypt${settings}${rest}"), "");
    assert_eq!(verify("v=1,n=1,r=1,p=1,sk=AAAA", "AAAA$AAAA"), Ok(None), "the twin that is in order");
    for (settings, rest) in [
        ("v=1,n=1,r=1,p=1", "AAAA$"), // without a key the empty hash would fit every password
        ("v=1,n=1,r=1,p=1,sk=", "AAAA$"),
        ("v=1,n=1,r=1,p=1,sk=AAAA", "AAAA$"),
        ("v=1,n=1,r=1,p=1,sk=AAAA", "AAAA$AAA="),
        ("v=1,n=1,r=1,p=1,sk=AAAA", "AAAA"),
        ("v=1,n=1,r=1,p=1,sk=AAAA", "AAAA$AAAA$AAAA"),
        ("v=1,n=1,r=1,p=1,sk=A*AA", "AAAA$AAAA"),
        ("v=1,n=1,r=1,p=1,ss=*,sk=AAAA", "AAAA$AAAA"),
        ("v=2,n=1,r=1,p=1,sk=AAAA", "AAAA$AAAA"),
        ("n=1,r=1,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=0,r=1,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=1,r=0,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=1,r=1,p=0,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=1,r=1,p=5,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=17,r=8,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=63,r=8,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=4294967295,r=4294967295,p=1,sk=AAAA", "AAAA$AAAA"),
        ("v=1,n=-1,r=8,p=1,sk=AAAA", "AAAA$AAAA"),
    ] {
        assert_eq!(verify(settings, rest), Err(HashError::UnknownFormat), "{settings}${rest}");
    }
}

#[test]
fn unknown_formats_and_costs_that_would_starve_the_process_are_reported() {
    let world = World::new();
    let salt_and_hash = "BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for stored in [
        String::new(),
        "correct horse".into(),
        "$1$abc$def".into(),
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".into(),
        "$2a$05$CCCC".into(),
        "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".into(),
        "$argon2id$v=19$m=19456,t=2,p=1$".into(),
        format!("$argon2i$v=19$m=19456,t=2,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=1048576,t=2,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=19456,t=4000,p=1${salt_and_hash}"),
    ] {
        assert_eq!(world.verify(&stored, "correct horse"), Err(HashError::UnknownFormat), "{stored:?}");
    }
}

#[test]
fn a_new_password_is_measured_after_normalisation_in_characters_and_bytes() {
    let parse =
        |text: &str, minimum| NewPassword::parse(&secret(text), minimum).map(|password| password.0.expose().len());
    assert_eq!(parse("7 chars", 8), Err(Unacceptable::TooShort { minimum: 8 }));
    assert_eq!(parse("8 chars!", 8), Ok(8));
    assert_eq!(
        parse("\u{e4}\u{e4}\u{e4}\u{e4}", 8),
        Err(Unacceptable::TooShort { minimum: 8 }),
        "8 bytes, 4 characters"
    );
    assert_eq!(parse(&"a\u{308}".repeat(36), 36), Ok(72), "108 bytes as sent");
    assert_eq!(parse(&"x".repeat(72), 8), Ok(72));
    assert_eq!(parse(&"x".repeat(73), 8), Err(Unacceptable::TooLong { maximum: 72 }));
    let told = Unacceptable::TooLong { maximum: MAX_BYTES }.to_string();
    assert!(told.contains("72 bytes"), "{told}");
}

/// FC-83
#[test]
fn a_crowd_of_known_unknown_and_overlong_logins_is_answered_completely() {
    let world = World::new();
    let hash = world.hash("correct horse");
    let long = "x".repeat(1_000);
    let right = world.runtime.block_on(async {
        let mut logins = Vec::new();
        for number in 0..300 {
            let (hasher, hash, subject) = (world.hasher.clone(), hash.clone(), world.subject);
            let password = secret(if number % 3 == 2 { &long } else { "correct horse" });
            let stored = (number % 3 != 1).then_some(hash);
            logins.push(tokio::spawn(
                async move { hasher.verify(stored.as_ref(), &password, subject, Timestamp(5)).await },
            ));
        }
        let mut right = 0;
        for login in logins {
            right += usize::from(login.await.unwrap().unwrap().is_some());
        }
        right
    });
    assert_eq!(right, 100);
}

#[test]
fn a_hash_is_not_printed() {
    assert_eq!(format!("{:?}", PasswordHash::stored("$argon2id$secret".into())), "PasswordHash(…)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_password_that_was_set_fits_however_its_letters_are_composed(text in "\\PC{1,12}") {
        let world = World::new();
        if NewPassword::parse(&secret(&text), 0).is_ok() {
            let hash = world.hash(&text);
            let composed: String = text.nfc().collect();
            let decomposed: String = text.nfd().collect();
            for typed in [&text, &composed, &decomposed] {
                prop_assert_eq!(world.fits(hash.as_str(), typed), Some(false));
            }
        }
    }
}

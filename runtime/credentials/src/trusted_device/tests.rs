use hanko_domain::{FlowId, TenantId};
use proptest::prelude::*;

use super::*;
use crate::Factor;

const NOW: Timestamp = Timestamp(1_719_826_800_000_000);

struct World {
    random: Random,
    subject: Subject,
}

impl World {
    fn new() -> Self {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        Self { random, subject }
    }

    /// A token of `user`: its entry in the cookie and its row.
    fn trusted(&self, user: UserId) -> (String, StoredDevice) {
        let (token, hash) = issue(&self.random);
        let expires_at = Timestamp(NOW.0 + 1);
        (format!("{user}:{}", token.expose()), StoredDevice { hash, user, expires_at })
    }
}

fn cookie(text: impl Into<String>) -> TrustedDevices {
    TrustedDevices::parse(&Secret::new(text.into()))
}

#[test]
fn a_token_has_88_characters_and_is_known_by_its_hash() {
    let (token, hash) = issue(&Random::system());
    assert_eq!((token.expose().len(), base64url::decode(token.expose()).unwrap().len()), (88, 64));
    let digest = digest::digest(&digest::SHA256, token.expose().as_bytes());
    assert_eq!(digest.as_ref(), hash);
}

#[test]
fn a_device_that_shows_its_token_is_trusted_by_its_user_until_it_expires() {
    let world = World::new();
    let (entry, stored) = world.trusted(world.subject.user);
    let device = cookie(entry);
    assert_eq!(device.hashes_for(world.subject.user), [stored.hash]);
    let proof = device.verify(&stored, world.subject, NOW).unwrap();
    assert_eq!((proof.factor(), *proof.subject(), proof.at()), (Factor::TrustedDevice, world.subject, NOW));
    assert_eq!(device.verify(&stored, world.subject, stored.expires_at), None);
}

#[test]
fn a_token_is_worth_nothing_for_another_user_or_row() {
    let world = World::new();
    let other = UserId::random(&world.random);
    let (entry, stored) = world.trusted(world.subject.user);
    let (others, row_of_other) = world.trusted(other);
    let device = cookie(format!("{entry}|{others}"));
    assert_eq!(device.verify(&row_of_other, world.subject, NOW), None, "the row is another user's");
    assert_eq!(device.verify(&StoredDevice { user: other, ..stored }, world.subject, NOW), None);
    let not_shown = StoredDevice { hash: [0; 32], ..stored };
    assert_eq!(device.verify(&not_shown, world.subject, NOW), None, "the token was not shown");
    assert_eq!(cookie(others).verify(&stored, world.subject, NOW), None);
    assert_eq!(TrustedDevices::default().verify(&stored, world.subject, NOW), None);
}

#[test]
fn a_bare_token_of_old_is_accepted_if_it_belongs_to_the_user() {
    let world = World::new();
    let (entry, stored) = world.trusted(world.subject.user);
    let device = cookie(entry.split_once(':').unwrap().1);
    assert_eq!(device.hashes_for(world.subject.user), [stored.hash]);
    assert!(device.verify(&stored, world.subject, NOW).is_some());
    let someone = StoredDevice { user: UserId::random(&world.random), ..stored };
    assert_eq!(device.verify(&someone, world.subject, NOW), None);
    let (token, _) = issue(&world.random);
    let (value, dropped) = device.with(world.subject.user, &token, 20);
    assert_eq!(*value.expose(), format!("{}:{}", world.subject.user, token.expose()));
    assert_eq!(dropped, [stored.hash]);
}

#[test]
fn malformed_entries_are_skipped() {
    let world = World::new();
    let user = world.subject.user;
    let (entry, stored) = world.trusted(user);
    let token = entry.split_once(':').unwrap().1;
    for mangled in [
        format!("{entry}|"),
        format!("|||{entry}"),
        format!("{user}:|{entry}"),
        format!(":{token}|{entry}"),
        format!("nobody:{token}|{entry}"),
        format!("{user}:{}|{entry}", &token[1..]),
        format!("{user}:{token}x|{entry}"),
        format!("{token}|{entry}"),
        format!("ü€|{entry}"),
        format!("{user}:{}|{entry}", "*".repeat(88)),
    ] {
        assert_eq!(cookie(mangled.as_str()).hashes_for(user), [stored.hash], "{mangled}");
    }
    for nothing in ["", "|", ":", "bare", &format!("{user}:"), &"é".repeat(100_000)] {
        assert!(cookie(nothing).0.is_empty(), "{nothing:.50}");
    }
}

#[test]
fn only_the_beginning_of_an_enormous_cookie_is_read() {
    let world = World::new();
    let entries: Vec<String> = (0..200).map(|_| world.trusted(UserId::random(&world.random)).0).collect();
    assert_eq!(cookie(entries.join("|")).0.len(), LONGEST_COOKIE / 126);
}

#[test]
fn the_newest_comes_first_and_replaces_the_user_s_older_one() {
    let world = World::new();
    let user = world.subject.user;
    let (others, _) = world.trusted(UserId::random(&world.random));
    let (older, row) = world.trusted(user);
    let (oldest, first_row) = world.trusted(user);
    let (token, _) = issue(&world.random);
    let (value, dropped) = cookie(format!("{others}|{older}|{oldest}")).with(user, &token, 20);
    assert_eq!(*value.expose(), format!("{user}:{}|{others}", token.expose()));
    assert_eq!(dropped, [row.hash, first_row.hash]);
}

#[test]
fn a_device_keeps_the_newest_users_and_its_cookie_fits_a_browser() {
    let world = World::new();
    let (token, _) = issue(&world.random);
    let known: Vec<(String, StoredDevice)> = (0..50).map(|_| world.trusted(UserId::random(&world.random))).collect();
    let value = known.iter().map(|(entry, _)| entry.as_str()).collect::<Vec<_>>().join("|");
    for (most, kept) in [(0, 1), (1, 1), (3, 3), (20, 20), (1_000, 30)] {
        let (value, dropped) = cookie(value.as_str()).with(world.subject.user, &token, most);
        let entries: Vec<&str> = value.expose().split('|').collect();
        assert_eq!(entries.len(), kept, "{most}");
        assert!(entries.iter().skip(1).zip(&known).all(|(entry, (known, _))| entry == known));
        assert_eq!(dropped, known[kept - 1..].iter().map(|(_, row)| row.hash).collect::<Vec<_>>());
        assert!(value.expose().len() < 4_000);
    }
}

proptest! {
    #[test]
    fn any_cookie_can_be_read_and_rewritten(text in "[0-9a-f:|=_A-Z-]{0,300}|\\PC{0,100}") {
        let world = World::new();
        let (token, hash) = issue(&world.random);
        let (value, _) = cookie(text).with(world.subject.user, &token, 20);
        prop_assert_eq!(cookie(value.expose().as_str()).hashes_for(world.subject.user), vec![hash]);
    }
}

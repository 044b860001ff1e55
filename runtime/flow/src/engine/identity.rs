//! Ids of runs that are not stored yet. A flow that has seen no action costs no row: its id carries when and where it began and
//! a MAC over that, inside a UUID v4's random bits, and its first CSRF token follows from the id.

use aws_lc_rs::hmac;
use hanko_domain::{FlowId, Random, Secret, Timestamp, random::ALPHANUMERIC};
use uuid::Uuid;

/// Bits of a UUID v4 that are free.
const FREE_BITS: u32 = 122;
/// MAC bits; guessing one buys an attacker a fresh flow, which anybody can have for the asking.
const MAC_BITS: u32 = 40;
/// Random bits, so that the runs begun in one second do not meet.
const NONCE_BITS: u32 = FREE_BITS - 32 - MAC_BITS;

/// The id of a run of `flow` that begins now.
pub(crate) fn begin(key: &Secret<[u8; 32]>, flow: &str, random: &Random, now: Timestamp) -> FlowId {
    let seconds = u128::from(u32::try_from(now.seconds()).unwrap_or(u32::MAX));
    let nonce = u128::from_be_bytes(random.bytes()) & ones(NONCE_BITS);
    let head = seconds << NONCE_BITS | nonce;
    FlowId(spread(head << MAC_BITS | mac(key, flow, head)))
}

/// When a run began, if its id was made here for this flow. The answer says nothing about whether it is stored.
pub(crate) fn began(key: &Secret<[u8; 32]>, flow: &str, id: FlowId) -> Option<Timestamp> {
    let bits = gather(id.0)?;
    let head = bits >> MAC_BITS;
    let seconds = i64::try_from(head >> NONCE_BITS).ok()?;
    (bits & ones(MAC_BITS) == mac(key, flow, head)).then(|| Timestamp::from_seconds(seconds))
}

/// The CSRF token of a run before its first action.
pub(crate) fn first_csrf_token(key: &Secret<[u8; 32]>, id: FlowId) -> String {
    let tag = hmac::sign(&hmac_key(key), &[b"csrf".as_slice(), id.as_bytes()].concat());
    tag.as_ref()
        .iter()
        .filter_map(|byte| ALPHANUMERIC.get(usize::from(*byte) % ALPHANUMERIC.len()))
        .map(|c| char::from(*c))
        .collect()
}

fn mac(key: &Secret<[u8; 32]>, flow: &str, head: u128) -> u128 {
    let tag = hmac::sign(&hmac_key(key), &[b"id".as_slice(), flow.as_bytes(), &head.to_be_bytes()].concat());
    tag.as_ref().iter().take(16).fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte)) & ones(MAC_BITS)
}

fn hmac_key(key: &Secret<[u8; 32]>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

const fn ones(count: u32) -> u128 {
    (1 << count) - 1
}

/// Puts 122 bits around the version and variant bits of a UUID v4 (RFC 9562 §5.4).
fn spread(bits: u128) -> Uuid {
    let (high, middle, low) = (bits >> 74, bits >> 62 & ones(12), bits & ones(62));
    Uuid::from_u128(high << 80 | 0x4 << 76 | middle << 64 | 0b10 << 62 | low)
}

fn gather(id: Uuid) -> Option<u128> {
    let bits = id.as_u128();
    (id.get_version_num() == 4 && bits >> 62 & 0b11 == 0b10)
        .then(|| bits >> 80 << 74 | (bits >> 64 & ones(12)) << 62 | bits & ones(62))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_tells_when_its_run_began_to_its_own_flow_and_key_only() {
        let (key, other) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let now = Timestamp::from_seconds(1_800_000_000);
        let id = begin(&key, "login", &Random::system(), now);
        assert_eq!(id.0.get_version_num(), 4);
        assert_eq!(began(&key, "login", id), Some(now));
        assert_eq!(began(&key, "registration", id), None);
        assert_eq!(began(&other, "login", id), None);
        assert_eq!(began(&key, "login", FlowId(Random::system().uuid_v4())), None);
    }

    #[test]
    fn the_first_csrf_token_has_32_characters_and_follows_from_the_id() {
        let key = Secret::new([1; 32]);
        let id = begin(&key, "login", &Random::system(), Timestamp(0));
        let token = first_csrf_token(&key, id);
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(token, first_csrf_token(&key, id));
    }

    proptest! {
        #[test]
        fn bits_survive_the_uuid(bits in 0u128..(1 << 122)) {
            prop_assert_eq!(gather(spread(bits)), Some(bits));
        }
    }
}

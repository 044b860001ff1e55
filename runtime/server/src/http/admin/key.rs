//! The text of an API key. Only its hash is kept and compared.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use hanko_domain::{Random, Secret};

/// What every generated key begins with, so that one that leaks can be found by a search.
const PREFIX: &str = "hk_";
/// Characters of a key that a project names itself.
const OWN: std::ops::RangeInclusive<usize> = 32..=256;

/// A new key: 32 random bytes.
pub(crate) fn generate(random: &Random) -> Secret<String> {
    let bytes = Secret::new(random.bytes::<32>());
    Secret::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(bytes.expose())))
}

/// What stands for a key where it is stored.
pub(crate) fn hash(key: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    hash
}

/// Whether a text may have been made by [`generate`]. Others are in no database.
pub(crate) fn is_generated(key: &str) -> bool {
    let bytes =
        key.strip_prefix(PREFIX).map(|rest| Secret::new(BASE64URL_NOPAD.decode(rest.as_bytes()).unwrap_or_default()));
    bytes.is_some_and(|bytes| bytes.expose().len() == 32)
}

/// What is wrong with a key from a Secret, and what to do.
pub(crate) fn fault(key: &str) -> Option<&'static str> {
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some(
            "the key has blanks, line breaks or other characters that cannot stand in a header; write it as one line of printable ASCII",
        )
    } else if !OWN.contains(&key.len()) {
        Some("the key must have 32 to 256 characters; take a new one, as from `openssl rand -base64 32`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_known_by_its_form_and_good_enough_for_a_project() {
        let key = generate(&Random::system());
        assert_eq!(key.expose().len(), 46);
        assert!(is_generated(key.expose()));
        assert_eq!(fault(key.expose()), None);
        for other in ["", "hk_", &key.expose()[1..], &key.expose()[..45], &format!("{}A", key.expose()), "hk_\u{e9}"] {
            assert!(!is_generated(other), "{other}");
        }
    }

    #[test]
    fn the_hash_of_a_key_is_its_sha_256() {
        let hash: String = hash("abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_key_that_is_short_long_or_no_header_is_refused_with_what_to_do() {
        for (key, good) in [
            ("x".repeat(31), false),
            ("x".repeat(32), true),
            ("x".repeat(256), true),
            ("x".repeat(257), false),
            (format!("{} x", "x".repeat(32)), false),
            (format!("{}\n", "x".repeat(32)), false),
            (format!("{}é", "x".repeat(32)), false),
            (String::new(), false),
        ] {
            assert_eq!(fault(&key).is_none(), good, "{}", key.len());
        }
    }
}

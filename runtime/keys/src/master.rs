//! Master keys: several by name, the one that sorts last seals new values.

use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hanko_domain::{Random, Secret};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why keys or sealed values are of no use. No variant holds a secret.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// The Secret has no entry.
    #[error("the key Secret is empty; it needs at least one entry of 32 random bytes in base64")]
    NoKeys,
    /// An entry is not what it should be.
    #[error(
        "entry {id:?} of the key Secret is not the base64 text of 32 bytes; make one with `head -c32 /dev/urandom | base64`"
    )]
    NotAKey {
        /// Name of the entry.
        id: String,
    },
    /// An entry has an unusable name.
    #[error("entry {id:?} of the key Secret must be named with 1 to 32 of a-z, 0-9 and -")]
    BadName {
        /// Name of the entry.
        id: String,
    },
    /// A value was sealed with a key that is not there any more.
    #[error(
        "a stored value was sealed with master key {id:?}, which the key Secret does not hold any more; put it back"
    )]
    UnknownKey {
        /// Name of the key.
        id: String,
    },
    /// A value does not open: changed, moved, or sealed by another key of the same name.
    #[error(
        "a stored value does not open: it was changed, moved from its place, or sealed with another key of the same name"
    )]
    DoesNotOpen,
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Sealing values at rest.
    Seal,
    /// Marking the ids of flows that are not stored yet.
    FlowId,
    /// Hashing passcodes.
    Passcode,
    /// Hashing the buckets of limits.
    Limit,
    /// Chaining the rows of the audit log.
    Audit,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Seal => b"hanko v1 seal",
            Self::FlowId => b"hanko v1 flow id",
            Self::Passcode => b"hanko v1 passcode",
            Self::Limit => b"hanko v1 limit",
            Self::Audit => b"hanko v1 audit",
        }
    }
}

/// The master keys of a tenant.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    keys: BTreeMap<String, Secret<[u8; 32]>>,
    active: (String, Secret<[u8; 32]>),
}

impl MasterKeys {
    /// Reads the entries of the key Secret.
    pub fn from_entries(entries: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for (id, content) in entries {
            let content = Zeroizing::new(content);
            let named = (1..=32).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !named {
                return Err(KeyError::BadName { id });
            }
            let text = content.trim_ascii();
            let bytes = STANDARD.decode(text).map(Zeroizing::new);
            match bytes.as_deref().map(|bytes| <[u8; 32]>::try_from(bytes.as_slice())) {
                Ok(Ok(key)) => keys.insert(id, Secret::new(key)),
                _ => return Err(KeyError::NotAKey { id }),
            };
        }
        let active = keys.last_key_value().map(|(id, key)| (id.clone(), key.clone())).ok_or(KeyError::NoKeys)?;
        Ok(Self { keys, active })
    }

    /// A new first key: the entry's name and its content.
    pub fn generate(random: &Random) -> (String, String) {
        let key = Zeroizing::new(random.bytes::<32>());
        ("k1".to_owned(), STANDARD.encode(key.as_slice()))
    }

    /// The key that seals new values.
    pub fn active(&self) -> (&str, &Secret<[u8; 32]>) {
        (&self.active.0, &self.active.1)
    }

    /// A key of its own for one purpose, from the active master key (RFC 5869).
    pub fn derive(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        derive(&self.active.1, purpose)
    }

    /// The same from every master key, by name.
    pub(crate) fn derive_all(&self, purpose: Purpose) -> impl Iterator<Item = (&str, Secret<[u8; 32]>)> {
        self.keys.iter().map(move |(id, key)| (id.as_str(), derive(key, purpose)))
    }

    pub(crate) fn sealing_keys(&self) -> Result<BTreeMap<String, LessSafeKey>, KeyError> {
        self.keys
            .iter()
            .map(|(id, key)| {
                UnboundKey::new(&AES_256_GCM, derive(key, Purpose::Seal).expose())
                    .map(|unbound| (id.clone(), LessSafeKey::new(unbound)))
                    .map_err(|_| KeyError::NotAKey { id: id.clone() })
            })
            .collect()
    }
}

struct ThirtyTwo;

impl KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}

fn derive(key: &Secret<[u8; 32]>, purpose: Purpose) -> Secret<[u8; 32]> {
    let mut out = [0; 32];
    let info = [purpose.label()];
    let filled = Salt::new(HKDF_SHA256, b"hanko-runtime")
        .extract(key.expose())
        .expand(&info, ThirtyTwo)
        .and_then(|okm| okm.fill(&mut out));
    // HKDF-SHA256 fails only above 8160 bytes of output.
    if filled.is_err() {
        std::process::abort();
    }
    Secret::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, byte: u8) -> (String, Vec<u8>) {
        (id.to_owned(), STANDARD.encode([byte; 32]).into_bytes())
    }

    #[test]
    fn the_key_that_sorts_last_is_active() {
        let keys = MasterKeys::from_entries([entry("k2", 2), entry("k1", 1)]).unwrap();
        assert_eq!(keys.active().0, "k2");
        assert_eq!(keys.active().1.expose(), &[2; 32]);
    }

    #[test]
    fn a_trailing_newline_in_the_file_does_not_matter() {
        let (id, mut content) = entry("k1", 1);
        content.push(b'\n');
        assert!(MasterKeys::from_entries([(id, content)]).is_ok());
    }

    #[test]
    fn entries_that_are_no_keys_are_named_in_the_error() {
        assert_eq!(MasterKeys::from_entries([]).unwrap_err(), KeyError::NoKeys);
        let short = ("k1".to_owned(), STANDARD.encode([0; 31]).into_bytes());
        assert_eq!(MasterKeys::from_entries([short]).unwrap_err(), KeyError::NotAKey { id: "k1".into() });
        assert_eq!(MasterKeys::from_entries([entry("K1", 1)]).unwrap_err(), KeyError::BadName { id: "K1".into() });
    }

    #[test]
    fn purposes_do_not_share_a_key() {
        let keys = MasterKeys::from_entries([entry("k1", 1)]).unwrap();
        assert!(keys.derive(Purpose::FlowId) != keys.derive(Purpose::Passcode));
        assert!(keys.derive(Purpose::FlowId) == keys.derive(Purpose::FlowId));
    }
}

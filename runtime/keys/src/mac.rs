//! Keyed hashes of what stands in the database in clear and must not be changed: HMAC-SHA-256, a key for each master key.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::hmac;

use crate::{KeyError, MasterKeys, Purpose};

/// Makes and checks the MACs of one purpose. New ones are made with the active master key.
#[derive(Clone)]
pub struct Macs {
    keys: Arc<BTreeMap<String, hmac::Key>>,
    active: Arc<str>,
}

impl std::fmt::Debug for Macs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Macs").field("active", &self.active).finish_non_exhaustive()
    }
}

impl Macs {
    /// For a purpose and the master keys of a tenant.
    pub fn new(master: &MasterKeys, purpose: Purpose) -> Self {
        let key = |secret: &[u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, secret);
        let keys = master.derive_all(purpose).map(|(id, secret)| (id.to_owned(), key(secret.expose()))).collect();
        Self { keys: Arc::new(keys), active: master.active().0.into() }
    }

    /// Name of the master key that new MACs are made with.
    pub fn active(&self) -> &str {
        &self.active
    }

    /// The MAC of a message under a master key.
    pub fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32], KeyError> {
        let tag = hmac::sign(self.key(key)?, message);
        tag.as_ref().try_into().map_err(|_| KeyError::DoesNotOpen)
    }

    /// Whether a message has this MAC under a master key, in constant time.
    pub fn verify(&self, key: &str, message: &[u8], mac: &[u8]) -> Result<bool, KeyError> {
        Ok(hmac::verify(self.key(key)?, message, mac).is_ok())
    }

    fn key(&self, id: &str) -> Result<&hmac::Key, KeyError> {
        self.keys.get(id).ok_or_else(|| KeyError::UnknownKey { id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    fn macs(ids: &[(&str, u8)]) -> Macs {
        let entries = ids.iter().map(|(id, byte)| ((*id).to_owned(), STANDARD.encode([*byte; 32]).into_bytes()));
        Macs::new(&MasterKeys::from_entries(entries).unwrap(), Purpose::Audit)
    }

    #[test]
    fn a_mac_proves_its_message_under_its_key_alone() {
        let both = macs(&[("k1", 1), ("k2", 2)]);
        assert_eq!(both.active(), "k2");
        let mac = both.mac("k1", b"message").unwrap();
        assert_eq!(both.verify("k1", b"message", &mac), Ok(true));
        assert_eq!(both.verify("k1", b"another", &mac), Ok(false));
        assert_eq!(both.verify("k2", b"message", &mac), Ok(false));
        assert_eq!(both.verify("k1", b"message", &mac[..31]), Ok(false));
        assert_eq!(macs(&[("k1", 1)]).mac("k1", b"message").unwrap(), mac, "the key says it all");
    }

    #[test]
    fn a_key_that_is_gone_proves_nothing() {
        let gone = Err(KeyError::UnknownKey { id: "k1".into() });
        assert_eq!(macs(&[("k2", 2)]).verify("k1", b"message", &[0; 32]), gone);
    }
}

//! Values at rest: `v1.<key id>.<nonce, ciphertext, tag>`, AES-256-GCM, bound to tenant, table, row and column.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hanko_domain::{Random, TenantId};

use crate::{KeyError, MasterKeys};

/// Where a value stands. A sealed value opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table.
    pub table: &'static str,
    /// Primary key of the row, without the tenant.
    pub row: &'a [u8],
    /// Column.
    pub column: &'static str,
}

/// Seals and opens the values of one tenant.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<BTreeMap<String, LessSafeKey>>,
    active: Arc<str>,
    tenant: TenantId,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("active", &self.active).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Sealer {
    /// For a tenant and its master keys.
    pub fn new(master: &MasterKeys, tenant: TenantId) -> Result<Self, KeyError> {
        Ok(Self { keys: Arc::new(master.sealing_keys()?), active: master.active().0.into(), tenant })
    }

    /// Seals a value with the active key.
    pub fn seal(&self, place: &Place<'_>, plain: &[u8], random: &Random) -> Result<String, KeyError> {
        let unknown = || KeyError::UnknownKey { id: self.active.to_string() };
        let key = self.keys.get(&*self.active).ok_or_else(unknown)?;
        let nonce = random.bytes::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (_, body) = sealed.split_at_mut(NONCE_LEN);
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.additional_data(place)),
                body,
            )
            .map_err(|_| KeyError::DoesNotOpen)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(format!("v1.{}.{}", self.active, URL_SAFE_NO_PAD.encode(&sealed)))
    }

    /// Opens a value that was sealed for this place.
    pub fn open(&self, place: &Place<'_>, sealed: &str) -> Result<Vec<u8>, KeyError> {
        let (id, body) =
            sealed.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).ok_or(KeyError::DoesNotOpen)?;
        let key = self.keys.get(id).ok_or_else(|| KeyError::UnknownKey { id: id.to_owned() })?;
        let mut bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| KeyError::DoesNotOpen)?;
        let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(KeyError::DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::DoesNotOpen)?;
        let plain = key
            .open_in_place(nonce, Aad::from(self.additional_data(place)), body)
            .map_err(|_| KeyError::DoesNotOpen)?;
        Ok(plain.to_vec())
    }

    /// Each part with its length, so that no two places read the same.
    fn additional_data(&self, place: &Place<'_>) -> Vec<u8> {
        let mut data = Vec::with_capacity(96);
        for part in [self.tenant.as_bytes().as_slice(), place.table.as_bytes(), place.row, place.column.as_bytes()] {
            data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    fn master(ids: &[(&str, u8)]) -> MasterKeys {
        MasterKeys::from_entries(
            ids.iter().map(|(id, byte)| ((*id).to_owned(), STANDARD.encode([*byte; 32]).into_bytes())),
        )
        .unwrap()
    }

    const PLACE: Place<'_> = Place { table: "flows", row: b"1", column: "data" };

    #[test]
    fn a_value_opens_only_at_its_place_and_for_its_tenant() {
        let random = Random::system();
        let (tenant, other) = (TenantId(random.uuid_v4()), TenantId(random.uuid_v4()));
        let sealer = Sealer::new(&master(&[("k1", 1)]), tenant).unwrap();
        let sealed = sealer.seal(&PLACE, b"secret", &random).unwrap();
        assert_eq!(sealer.open(&PLACE, &sealed).unwrap(), b"secret");
        for elsewhere in [
            Place { table: "events", ..PLACE },
            Place { row: b"2", ..PLACE },
            Place { column: "payload", ..PLACE },
            Place { table: "flow", row: b"s1", ..PLACE },
        ] {
            assert_eq!(sealer.open(&elsewhere, &sealed), Err(KeyError::DoesNotOpen));
        }
        let foreign = Sealer::new(&master(&[("k1", 1)]), other).unwrap();
        assert_eq!(foreign.open(&PLACE, &sealed), Err(KeyError::DoesNotOpen));
    }

    #[test]
    fn a_value_of_an_older_key_opens_while_that_key_is_there() {
        let random = Random::system();
        let tenant = TenantId(random.uuid_v4());
        let old = Sealer::new(&master(&[("k1", 1)]), tenant).unwrap().seal(&PLACE, b"x", &random).unwrap();
        let both = Sealer::new(&master(&[("k1", 1), ("k2", 2)]), tenant).unwrap();
        assert_eq!(both.open(&PLACE, &old).unwrap(), b"x");
        assert!(both.seal(&PLACE, b"x", &random).unwrap().starts_with("v1.k2."));
        let without = Sealer::new(&master(&[("k2", 2)]), tenant).unwrap();
        assert_eq!(without.open(&PLACE, &old), Err(KeyError::UnknownKey { id: "k1".into() }));
    }

    #[test]
    fn what_was_never_sealed_does_not_open() {
        let random = Random::system();
        let sealer = Sealer::new(&master(&[("k1", 1)]), TenantId(random.uuid_v4())).unwrap();
        for text in ["", "v1", "v1.k1", "v1.k1.", "v1.k1.AAAA", "v2.k1.AAAA", "v1.k1.!!"] {
            assert_eq!(sealer.open(&PLACE, text), Err(KeyError::DoesNotOpen), "{text}");
        }
    }
}

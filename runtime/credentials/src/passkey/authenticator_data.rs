//! What the authenticator signs (WebAuthn L3 §6.1).

use serde::Deserialize;
use serde_cbor_2::{Deserializer, Value};
use uuid::Uuid;

use super::{Refusal, UserVerification};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// L3 §5.8.3.
const LONGEST_ID: usize = 1023;

#[derive(Debug)]
pub(super) struct AuthenticatorData {
    flags: u8,
    pub(super) counter: u32,
    pub(super) attested: Option<Attested>,
}

/// The new credential.
#[derive(Debug)]
pub(super) struct Attested {
    pub(super) aaguid: Uuid,
    pub(super) id: Vec<u8>,
    /// As sent.
    pub(super) public_key: Vec<u8>,
    /// COSE label 3.
    pub(super) algorithm: i128,
}

impl AuthenticatorData {
    /// Reads all of it; leftover bytes are a broken encoding (FC-03).
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed("authenticatorData");
        let (_rp_id_hash, rest) = bytes.split_at_checked(32).ok_or_else(|| malformed.clone())?;
        let (head, mut rest) = rest.split_first_chunk::<5>().ok_or_else(|| malformed.clone())?;
        let [flags, counter @ ..] = *head;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (credential, after) = Attested::parse(rest)?;
            (attested, rest) = (Some(credential), after);
        }
        if flags & EXTENSIONS != 0 {
            let (_extensions, length) = cbor(rest).ok_or_else(|| malformed.clone())?;
            rest = rest.get(length..).unwrap_or_default();
        }
        if !rest.is_empty() {
            return Err(Refusal::Malformed("authenticatorData has leftover bytes"));
        }
        Ok(Self { flags, counter: u32::from_be_bytes(counter), attested })
    }

    pub(super) fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn backup_state(&self) -> bool {
        self.flags & BACKUP_STATE != 0
    }

    /// Presence, verification where it is required, and the one combination of backup flags that makes no sense.
    pub(super) fn check_flags(&self, user_verification: UserVerification) -> Result<(), Refusal> {
        if self.flags & USER_PRESENT == 0 {
            return Err(Refusal::UserNotPresent);
        }
        if user_verification == UserVerification::Required && !self.user_verified() {
            return Err(Refusal::UserNotVerified);
        }
        if self.backup_state() && !self.backup_eligible() {
            return Err(Refusal::BackupFlags);
        }
        Ok(())
    }
}

impl Attested {
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), Refusal> {
        let malformed = Refusal::Malformed("attestedCredentialData");
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or_else(|| malformed.clone())?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(|| malformed.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > LONGEST_ID {
            return Err(malformed);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or_else(|| malformed.clone())?;
        let (key, length) = cbor(rest).ok_or_else(|| Refusal::Key("not CBOR".to_owned()))?;
        let (public_key, rest) = rest.split_at_checked(length).ok_or(malformed)?;
        let algorithm = algorithm(&key)?;
        let attested =
            Self { aaguid: Uuid::from_bytes(*aaguid), id: id.to_vec(), public_key: public_key.to_vec(), algorithm };
        Ok((attested, rest))
    }
}

/// A key's algorithm, COSE label 3.
pub(super) fn algorithm(key: &Value) -> Result<i128, Refusal> {
    match key {
        Value::Map(members) => match members.get(&Value::Integer(3)) {
            Some(Value::Integer(algorithm)) => Ok(*algorithm),
            _ => Err(Refusal::Key("no algorithm".to_owned())),
        },
        _ => Err(Refusal::Key("not a map".to_owned())),
    }
}

/// The first CBOR item and its length in bytes.
pub(super) fn cbor(bytes: &[u8]) -> Option<(Value, usize)> {
    let mut deserializer = Deserializer::from_slice(bytes);
    let value = Value::deserialize(&mut deserializer).ok()?;
    Some((value, deserializer.byte_offset()))
}

//! A WebAuthn credential as it is kept for good, in neutral fields and never as a library's type (`spec/decisions.md` 21).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{CredentialId, Timestamp, UserId};

/// A stored passkey or security key: one field for each column. Serialisable because a registration keeps new ones in its
/// sealed flow row until the account exists.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Passkey {
    /// The authenticator's id for it.
    pub id: CredentialId,
    /// Its owner.
    pub user: UserId,
    /// The handle it was issued for: the user id's bytes, except for imported ones.
    pub user_handle: Vec<u8>,
    /// The public key as the authenticator sent it (COSE_Key, RFC 9052 §7).
    pub public_key: Vec<u8>,
    /// The last signature counter; 0 where the authenticator has none.
    pub counter: u32,
    /// User verification was seen at least once.
    pub user_verified: bool,
    /// It may be copied to other devices (BE).
    pub backup_eligible: bool,
    /// It has been (BS).
    pub backup_state: bool,
    /// The model of its authenticator, all zero if unknown.
    pub aaguid: Uuid,
    /// Hints how to reach the authenticator, without duplicates.
    pub transports: Vec<String>,
    /// The RP ID it was made for. Under another one it is dead (FC-07).
    pub rp_id: String,
    /// `none`, `packed`, …
    pub attestation_format: String,
    /// A security key: never a first factor.
    pub mfa_only: bool,
    /// Shown to its owner; at first the product name of the authenticator, where known.
    pub name: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Registration counts as use.
    pub last_used_at: Option<Timestamp>,
}

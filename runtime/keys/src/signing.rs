//! The signing keys of a tenant: made once, stored sealed, published as a JWK set.

use std::time::Duration;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hanko_domain::{Clock, Random, Secret};
use hanko_store::{StoreError, TenantStore, signing_keys::SigningKeyRow};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{Jwk, PublicKeyUse},
};
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

use crate::{KeyError, Place, Sealer};

/// The state of the key that signs.
const ACTIVE: &str = "active";
/// Held while keys are made; long enough for a 4096-bit key on a busy machine.
const LEASE: Duration = Duration::from_secs(60);
/// How often a process looks whether the one that holds the lease is done.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why a tenant has no usable signing key.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The active key does not open.
    #[error("the active signing key cannot be used: {0}")]
    Sealed(#[from] KeyError),
    /// A key could not be made or read.
    #[error("a signing key could not be made or read")]
    Unusable,
}

/// One key, ready to sign and verify.
pub(crate) struct SigningKey {
    pub(crate) kid: Uuid,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    jwk: Value,
}

/// The keys of a tenant. Verification knows them all, signing takes the active one.
pub struct SigningKeys {
    pub(crate) keys: Vec<SigningKey>,
    active: usize,
    jwks: Bytes,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| key.kid)).finish()
    }
}

impl SigningKeys {
    /// Reads the tenant's keys, or makes the first one. Of several processes that start at once one makes it, the others wait.
    ///
    /// `loss_accepted`: the master key that sealed the active key is lost and its owner has said so; the key is then given up
    /// and a new one made, which ends every session. TOTP secrets under the lost master key go with it, else their users could
    /// never sign in again.
    pub async fn load_or_create(
        store: &TenantStore,
        sealer: &Sealer,
        bits: u32,
        loss_accepted: bool,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self, KeysError> {
        let holder = random.uuid_v4();
        let usable = async || {
            let rows = store.signing_keys().await?;
            let lost = loss_accepted && rows.iter().any(|row| row.state == ACTIVE && lost_under(row, sealer).is_some());
            Ok::<_, KeysError>(if rows.is_empty() || lost { Err(rows) } else { Ok(rows) })
        };
        loop {
            if let Ok(rows) = usable().await? {
                return Self::open(rows, sealer);
            }
            if store.take_lease("signing-keys", holder, LEASE, clock.now()).await? {
                // Another process may have made the key between the look and the lease.
                if let Err(lost) = usable().await? {
                    let row = generate(sealer, bits, clock, random).await?;
                    let mut work = store.begin().await?;
                    for lost in lost.iter().filter(|row| row.state == ACTIVE) {
                        work.give_up_signing_key(lost.kid).await?;
                        tracing::warn!(tenant = %store.tenant(), kid = %lost.kid, "gave up a signing key that cannot be read");
                        if let Some(master_key) = lost_under(lost, sealer) {
                            let otp_secrets = work.delete_otp_secrets_under(&master_key).await?;
                            tracing::warn!(tenant = %store.tenant(), master_key, otp_secrets, "gave up TOTP secrets that cannot be read");
                        }
                    }
                    work.insert_signing_key(&row).await?;
                    work.commit().await?;
                    tracing::info!(tenant = %store.tenant(), kid = %row.kid, bits, "made a signing key");
                }
                store.give_back_lease("signing-keys", holder).await?;
            } else {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// The published key set, `{"keys":[…]}`, by `kid`.
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    pub(crate) fn active(&self) -> Option<&SigningKey> {
        self.keys.get(self.active)
    }

    fn open(rows: Vec<SigningKeyRow>, sealer: &Sealer) -> Result<Self, KeysError> {
        let mut keys = Vec::with_capacity(rows.len());
        let mut active = None;
        for row in rows {
            match read(&row, sealer) {
                Ok(key) => {
                    if row.state == ACTIVE {
                        active = Some(keys.len());
                    }
                    keys.push(key);
                }
                // An unreadable old key only invalidates its own tokens; an unreadable active one stops the tenant.
                Err(error) if row.state != ACTIVE => {
                    tracing::error!(kid = %row.kid, %error, "skipped a signing key that cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        let set: Vec<&Value> = keys.iter().map(|key| &key.jwk).collect();
        let jwks = Bytes::from(json!({ "keys": set }).to_string());
        Ok(Self { active: active.ok_or(KeysError::Unusable)?, keys, jwks })
    }
}

/// The id of the master key that sealed it, if that is gone. A key that is merely damaged is not lost.
fn lost_under(row: &SigningKeyRow, sealer: &Sealer) -> Option<String> {
    match sealer.open(&place(&row.kid), &row.sealed) {
        Err(KeyError::UnknownKey { id }) => Some(id),
        _ => None,
    }
}

fn place(kid: &Uuid) -> Place<'_> {
    Place { table: "signing_keys", row: kid.as_bytes(), column: "sealed" }
}

async fn generate(sealer: &Sealer, bits: u32, clock: &Clock, random: &Random) -> Result<SigningKeyRow, KeysError> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        _ => return Err(KeysError::Unusable),
    };
    let der = tokio::task::spawn_blocking(move || {
        let pair = KeyPair::generate(size).map_err(|_| KeysError::Unusable)?;
        let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| KeysError::Unusable)?;
        Ok::<_, KeysError>(Secret::new(der.as_ref().to_vec()))
    })
    .await
    .map_err(|_| KeysError::Unusable)??;
    let kid = random.uuid_v4();
    let sealed = sealer.seal(&place(&kid), der.expose(), random)?;
    Ok(SigningKeyRow { kid, algorithm: "RS256".into(), state: ACTIVE.into(), sealed, created_at: clock.now() })
}

fn read(row: &SigningKeyRow, sealer: &Sealer) -> Result<SigningKey, KeysError> {
    let der = Secret::new(sealer.open(&place(&row.kid), &row.sealed)?);
    // jsonwebtoken takes PKCS#8 only in PEM.
    let pem = Secret::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.expose())
    ));
    let encoding = EncodingKey::from_rsa_pem(pem.expose().as_bytes()).map_err(|_| KeysError::Unusable)?;
    let mut jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(|_| KeysError::Unusable)?;
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| KeysError::Unusable)?;
    jwk.common.key_id = Some(row.kid.to_string());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    let jwk = serde_json::to_value(&jwk).map_err(|_| KeysError::Unusable)?;
    Ok(SigningKey { kid: row.kid, encoding, decoding, jwk })
}

//! Signing keys, sealed.

use hanko_domain::Timestamp;
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    ALL = "SELECT kid, algorithm, state, sealed, created_at FROM signing_keys WHERE tenant_id = $1 ORDER BY kid";
    INSERT = "INSERT INTO signing_keys (tenant_id, kid, algorithm, state, sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    GIVE_UP = "UPDATE signing_keys SET state = 'lost' WHERE tenant_id = $1 AND kid = $2";
}

/// A signing key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningKeyRow {
    /// Its `kid`.
    pub kid: Uuid,
    /// JWS algorithm, as `RS256`.
    pub algorithm: String,
    /// `active`, or `lost` when its master key is.
    pub state: String,
    /// The private key, sealed.
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
}

type Row = (Uuid, String, String, String, i64);

impl TenantStore {
    /// The tenant's keys, by `kid`.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(&self.store.pool, ALL, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await)?;
        Ok(rows
            .into_iter()
            .map(|(kid, algorithm, state, sealed, created_at)| SigningKeyRow {
                kid,
                algorithm,
                state,
                sealed,
                created_at: Timestamp(created_at),
            })
            .collect())
    }
}

impl Work {
    /// Adds a key.
    pub async fn insert_signing_key(&mut self, key: &SigningKeyRow) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(key.kid)
                .bind(key.algorithm.as_str())
                .bind(key.state.as_str())
                .bind(key.sealed.as_str())
                .bind(key.created_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Marks a key whose master key is lost; it neither signs nor verifies any more.
    pub async fn give_up_signing_key(&mut self, kid: Uuid) -> Result<(), StoreError> {
        on_work!(self, GIVE_UP, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(kid).execute(db).await?;
        });
        Ok(())
    }
}

//! Devices that may leave out the second factor, known by the SHA-256 of the token they hold.

use hanko_domain::{Timestamp, UserId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    BY_HASH = "SELECT user_id, expires_at FROM trusted_devices WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3";
    INSERT = "INSERT INTO trusted_devices (tenant_id, token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    DELETE = "DELETE FROM trusted_devices WHERE tenant_id = $1 AND token_hash = $2";
    DELETE_OF_USER = "DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2";
}

/// Whom a device is trusted with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedDevice {
    /// The user whose second factor it may leave out.
    pub user: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

impl TenantStore {
    /// The trust that a token stands for, while it lasts. `hash` is the token's SHA-256.
    pub async fn trusted_device(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<TrustedDevice>, StoreError> {
        let row: Option<(Uuid, i64)> = on_pool!(&self.store.pool, BY_HASH, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(hash.as_slice()).bind(now.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(user, expires_at)| TrustedDevice { user: UserId(user), expires_at: Timestamp(expires_at) }))
    }
}

impl Work {
    /// Trusts the device that holds a token. `hash` is the token's SHA-256.
    pub async fn insert_trusted_device(
        &mut self,
        user: UserId,
        hash: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(hash.as_slice())
                .bind(user.0)
                .bind(now.0)
                .bind(expires_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Trusts a device no more. `false` when it was not trusted.
    pub async fn delete_trusted_device(&mut self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(hash.as_slice()).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }

    /// Trusts no device with this user any more, and says how many were.
    pub async fn delete_trusted_devices_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(on_work!(self, DELETE_OF_USER, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        }))
    }
}

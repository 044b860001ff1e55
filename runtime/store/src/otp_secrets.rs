//! TOTP secrets, sealed. A user has one at most.

use hanko_domain::{OtpSecretId, Timestamp, UserId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    OF_USER = "SELECT id, sealed, last_step, created_at FROM otp_secrets WHERE tenant_id = $1 AND user_id = $2";
    INSERT = "INSERT INTO otp_secrets (tenant_id, user_id, id, sealed, last_step, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A step is used once, and none before it afterwards (RFC 6238 §5.2).
    USE_STEP = "UPDATE otp_secrets SET last_step = $1, updated_at = $2 WHERE tenant_id = $3 AND user_id = $4 AND id = $5 \
        AND (last_step IS NULL OR last_step < $6)";
    DELETE_OF_USER = "DELETE FROM otp_secrets WHERE tenant_id = $1 AND user_id = $2";
    DELETE_UNDER_KEY = "DELETE FROM otp_secrets WHERE tenant_id = $1 AND sealed LIKE $2";
}

/// A user's TOTP secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtpSecret {
    /// Its id.
    pub id: OtpSecretId,
    /// Whose it is.
    pub user: UserId,
    /// The secret, sealed.
    pub sealed: String,
    /// The time step of the newest code that was accepted.
    pub last_step: Option<i64>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// That a user has a TOTP secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtpInfo {
    /// Its id.
    pub id: OtpSecretId,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl TenantStore {
    /// A user's secret.
    pub async fn otp_secret(&self, user: UserId) -> Result<Option<OtpSecret>, StoreError> {
        let row: Option<(Uuid, String, Option<i64>, i64)> = on_pool!(&self.store.pool, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(id, sealed, last_step, created_at)| OtpSecret {
            id: OtpSecretId(id),
            user,
            sealed,
            last_step,
            created_at: Timestamp(created_at),
        }))
    }
}

impl Work {
    /// Stores a secret. [`StoreError::Conflict`] when the user has one.
    pub async fn insert_otp_secret(&mut self, secret: &OtpSecret) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(secret.user.0)
                .bind(secret.id.0)
                .bind(secret.sealed.as_str())
                .bind(secret.last_step)
                .bind(secret.created_at.0)
                .bind(secret.created_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Spends the time step of an accepted code. `false` when it or a later one was spent before, or the secret is gone.
    pub async fn use_otp_step(
        &mut self,
        user: UserId,
        id: OtpSecretId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = on_work!(self, USE_STEP, |sql, db| {
            sqlx::query(sql)
                .bind(step)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.0)
                .bind(id.0)
                .bind(step)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Removes a user's secret. `true` when there was one.
    pub async fn delete_otp_secret_of(&mut self, user: UserId) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE_OF_USER, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        Ok(deleted > 0)
    }

    /// Removes every secret that was sealed with a master key, by its id; returns how many. For a key whose loss was accepted:
    /// nobody could ever confirm a sign-in with them again.
    pub async fn delete_otp_secrets_under(&mut self, key_id: &str) -> Result<u64, StoreError> {
        let sealed = format!("v1.{key_id}.%");
        Ok(on_work!(self, DELETE_UNDER_KEY, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(sealed).execute(db).await?.rows_affected()
        }))
    }
}

//! Stored passwords.

use hanko_domain::{PasswordId, Secret, Timestamp, UserId};

use crate::{StoreError, TenantStore, Work};

statements! {
    OF_USER = "SELECT hash FROM passwords WHERE tenant_id = $1 AND user_id = $2";
    INSERT = "INSERT INTO passwords (tenant_id, user_id, id, hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)";
    REPLACE = "UPDATE passwords SET hash = $1, updated_at = $2 WHERE tenant_id = $3 AND user_id = $4";
    UPGRADE = "UPDATE passwords SET hash = $1, updated_at = $2 WHERE tenant_id = $3 AND user_id = $4 AND hash = $5";
    DELETE = "DELETE FROM passwords WHERE tenant_id = $1 AND user_id = $2";
}

/// That a user has a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasswordInfo {
    /// Its id.
    pub id: PasswordId,
    /// When the user first set one.
    pub created_at: Timestamp,
    /// When it was last changed or hashed anew.
    pub updated_at: Timestamp,
}

impl TenantStore {
    /// A user's password hash in PHC or modular-crypt form.
    pub async fn password_of(&self, user: UserId) -> Result<Option<Secret<String>>, StoreError> {
        let row: Option<(String,)> = on_pool!(&self.store.pool, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(hash,)| Secret::new(hash)))
    }
}

impl Work {
    /// Sets or replaces a user's password. `true` when there was none.
    pub async fn put_password(
        &mut self,
        id: PasswordId,
        user: UserId,
        hash: &Secret<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let replaced = on_work!(self, REPLACE, |sql, db| {
            sqlx::query(sql)
                .bind(hash.expose().as_str())
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        if replaced > 0 {
            return Ok(false);
        }
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(user.0)
                .bind(id.0)
                .bind(hash.expose().as_str())
                .bind(now.0)
                .bind(now.0)
                .execute(db)
                .await?;
        });
        Ok(true)
    }

    /// Stores a better hash of the same password, unless it was changed meanwhile.
    pub async fn upgrade_password(
        &mut self,
        user: UserId,
        old: &Secret<String>,
        new: &Secret<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_work!(self, UPGRADE, |sql, db| {
            sqlx::query(sql)
                .bind(new.expose().as_str())
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.0)
                .bind(old.expose().as_str())
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Removes a user's password. `true` when there was one.
    pub async fn delete_password(&mut self, user: UserId) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        Ok(deleted > 0)
    }
}

//! Usernames. A user has one at most, and it belongs to one user of a tenant.

use hanko_domain::{Timestamp, UserId, Username, UsernameId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Unique, Work};

statements! {
    BY_KEY = "SELECT id, user_id, username, created_at, updated_at FROM usernames WHERE tenant_id = $1 AND username_key = $2";
    INSERT = "INSERT INTO usernames (tenant_id, user_id, id, username, username_key, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    UPDATE = "UPDATE usernames SET username = $1, username_key = $2, updated_at = $3 WHERE tenant_id = $4 AND user_id = $5";
    DELETE = "DELETE FROM usernames WHERE tenant_id = $1 AND user_id = $2";
}

/// A username of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredUsername {
    /// Its id.
    pub id: UsernameId,
    /// Whose it is.
    pub user: UserId,
    /// As shown.
    pub username: String,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

type Row = (Uuid, Uuid, String, i64, i64);

pub(crate) fn stored((id, user, username, created_at, updated_at): Row) -> StoredUsername {
    StoredUsername {
        id: UsernameId(id),
        user: UserId(user),
        username,
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
    }
}

impl TenantStore {
    /// Who has this username.
    pub async fn username(&self, username: &Username) -> Result<Option<StoredUsername>, StoreError> {
        let row: Option<Row> = on_pool!(&self.store.pool, BY_KEY, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(username.key()).fetch_optional(db).await
        })?;
        Ok(row.map(stored))
    }
}

impl Work {
    /// Gives a user its username. [`StoreError::Taken`] when somebody has it, or the user has one.
    pub async fn insert_username(
        &mut self,
        id: UsernameId,
        user: UserId,
        username: &Username,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let listed = self.hold(user).await?;
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(user.0)
                .bind(id.0)
                .bind(username.as_str())
                .bind(username.key())
                .bind(now.0)
                .bind(now.0)
                .execute(db)
                .await
                .map_err(|error| Unique::Username.refused(error))?;
        });
        if listed == Some(false) {
            self.list(user).await?;
        }
        Ok(())
    }

    /// Changes a user's username. `false` when the user has none; [`StoreError::Taken`] when somebody else has this one.
    pub async fn update_username(
        &mut self,
        user: UserId,
        username: &Username,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = on_work!(self, UPDATE, |sql, db| {
            sqlx::query(sql)
                .bind(username.as_str())
                .bind(username.key())
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.0)
                .execute(db)
                .await
                .map_err(|error| Unique::Username.refused(error))?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Removes a user's username. `false` when the user had none.
    pub async fn delete_username(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.hold(user).await?;
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        if deleted == 1 {
            self.unlist(user).await?;
        }
        Ok(deleted == 1)
    }
}

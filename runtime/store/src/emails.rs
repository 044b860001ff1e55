//! E-mail addresses of users.

use hanko_domain::{EmailAddress, EmailId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::{
    Store, StoreError, TenantStore, Unique, Work, batch,
    built::{Bound, Built},
};

statements! {
    OF_USER = "SELECT id, user_id, address, verified, created_at, updated_at FROM emails WHERE tenant_id = $1 AND user_id = $2 \
        ORDER BY created_at, id";
    OF_USERS = "SELECT id, user_id, address, verified, created_at, updated_at FROM emails WHERE tenant_id = $1 AND user_id IN \
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
        ORDER BY created_at, id";
    BY_KEY = "SELECT id, user_id, address, verified, created_at, updated_at FROM emails \
        WHERE tenant_id = $1 AND address_key = $2";
    BY_ID = "SELECT id, user_id, address, verified, created_at, updated_at FROM emails WHERE tenant_id = $1 AND id = $2";
    /// An index range of one row: the address itself, or the next one.
    BY_KEY_OR_NEXT = "SELECT id, user_id, address, verified, created_at, updated_at, address_key FROM emails \
        WHERE tenant_id = $1 AND address_key >= $2 ORDER BY address_key LIMIT 1";
    INSERT = "INSERT INTO emails (tenant_id, id, user_id, address, address_key, verified, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    VERIFY = "UPDATE emails SET verified = $1, updated_at = $2 WHERE tenant_id = $3 AND id = $4 AND verified <> $5";
    DELETE = "DELETE FROM emails WHERE tenant_id = $1 AND id = $2 AND user_id = $3";
}

/// An address of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Email {
    /// Its id.
    pub id: EmailId,
    /// Whose it is.
    pub user: UserId,
    /// As shown.
    pub address: String,
    /// Whether its owner has proven it.
    pub verified: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was proven, or else added.
    pub updated_at: Timestamp,
}

type Row = (Uuid, Uuid, String, bool, i64, i64);

fn email((id, user, address, verified, created_at, updated_at): Row) -> Email {
    Email {
        id: EmailId(id),
        user: UserId(user),
        address,
        verified,
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
    }
}

/// The addresses of at most [`batch::SIZE`] users, oldest first.
pub(crate) async fn of_users(store: &Store, tenant: TenantId, users: &[UserId]) -> Result<Vec<Email>, StoreError> {
    let rows: Vec<Row> = on_pool!(&store.pool, OF_USERS, |sql, db| {
        let mut query = sqlx::query_as(sql).bind(tenant.0);
        for user in batch::places(users) {
            query = query.bind(user.0);
        }
        query.fetch_all(db).await
    })?;
    Ok(rows.into_iter().map(email).collect())
}

/// The addresses of some users, oldest first.
pub(crate) async fn of_many(store: &Store, tenant: TenantId, users: &[UserId]) -> Result<Vec<Email>, StoreError> {
    let select = "SELECT id, user_id, address, verified, created_at, updated_at FROM emails WHERE tenant_id = ";
    let built = Built::new(store, select).value(Bound::Id(tenant.0)).words(" AND user_id IN ");
    let built = built.list(users.iter().map(|user| Bound::Id(user.0))).words(" ORDER BY created_at, id");
    let rows: Vec<Row> = fetch_built!(store, built)?;
    Ok(rows.into_iter().map(email).collect())
}

impl TenantStore {
    /// A user's addresses, oldest first.
    pub async fn emails_of(&self, user: UserId) -> Result<Vec<Email>, StoreError> {
        let rows: Vec<Row> = on_pool!(&self.store.pool, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(email).collect())
    }

    /// Who has this address.
    pub async fn email(&self, address: &EmailAddress) -> Result<Option<Email>, StoreError> {
        let row: Option<Row> = on_pool!(&self.store.pool, BY_KEY, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(address.key()).fetch_optional(db).await
        })?;
        Ok(row.map(email))
    }

    /// One address, by its id.
    pub async fn email_by_id(&self, id: EmailId) -> Result<Option<Email>, StoreError> {
        let row: Option<Row> = on_pool!(&self.store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(id.0).fetch_optional(db).await
        })?;
        Ok(row.map(email))
    }

    /// Who has this address, and whether it is this one and not just the next in order. For callers to whom a stranger's address must
    /// cost as much as a known one.
    pub async fn email_or_next(&self, address: &EmailAddress) -> Result<Option<(Email, bool)>, StoreError> {
        type Keyed = (Uuid, Uuid, String, bool, i64, i64, String);
        let row: Option<Keyed> = on_pool!(&self.store.pool, BY_KEY_OR_NEXT, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(address.key()).fetch_optional(db).await
        })?;
        Ok(row.map(|(id, user, text, verified, created_at, updated_at, key)| {
            (email((id, user, text, verified, created_at, updated_at)), key == address.key())
        }))
    }
}

impl Work {
    /// Adds an address. [`StoreError::Taken`] when somebody has it.
    pub async fn insert_email(
        &mut self,
        id: EmailId,
        user: UserId,
        address: &EmailAddress,
        verified: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let listed = self.hold(user).await?;
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(user.0)
                .bind(address.as_str())
                .bind(address.key())
                .bind(verified)
                .bind(now.0)
                .bind(now.0)
                .execute(db)
                .await
                .map_err(|error| Unique::Email.refused(error))?;
        });
        if listed == Some(false) {
            self.list(user).await?;
        }
        Ok(())
    }

    /// Marks an address as proven. `false` when it was proven before.
    pub async fn verify_email(&mut self, id: EmailId, now: Timestamp) -> Result<bool, StoreError> {
        let changed = on_work!(self, VERIFY, |sql, db| {
            sqlx::query(sql)
                .bind(true)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(true)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Removes an address of a user, who must not have it as the main one any more. `false` when the user has no such address.
    pub async fn delete_email(&mut self, user: UserId, id: EmailId) -> Result<bool, StoreError> {
        self.hold(user).await?;
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0).bind(user.0).execute(db).await?.rows_affected()
        });
        if deleted == 1 {
            self.unlist(user).await?;
        }
        Ok(deleted == 1)
    }
}

//! What applications keep about a user, read with its account.

pub use hanko_domain::metadata::Metadata;
use hanko_domain::{Timestamp, UserId};

use crate::{StoreError, Work};

statements! {
    OF_USER = "SELECT public_metadata, private_metadata, unsafe_metadata FROM user_metadata WHERE tenant_id = $1 AND user_id = $2",
        mysql = "SELECT public_metadata, private_metadata, unsafe_metadata FROM user_metadata WHERE tenant_id = ? AND user_id = ? FOR UPDATE";
    /// A row to hold: in MariaDB a row that is not there is held together with its neighbours' place.
    EMPTY = "INSERT INTO user_metadata (tenant_id, user_id, created_at, updated_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, user_id) DO NOTHING",
        mysql = "INSERT INTO user_metadata (tenant_id, user_id, created_at, updated_at) VALUES (?, ?, ?, ?) \
        ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)";
    PUT = "INSERT INTO user_metadata (tenant_id, user_id, public_metadata, private_metadata, unsafe_metadata, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, user_id) DO UPDATE SET \
        public_metadata = excluded.public_metadata, private_metadata = excluded.private_metadata, \
        unsafe_metadata = excluded.unsafe_metadata, updated_at = excluded.updated_at",
        mysql = "INSERT INTO user_metadata (tenant_id, user_id, public_metadata, private_metadata, unsafe_metadata, created_at, updated_at) \
        VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
        public_metadata = VALUES(public_metadata), private_metadata = VALUES(private_metadata), \
        unsafe_metadata = VALUES(unsafe_metadata), updated_at = VALUES(updated_at)";
}

impl Work {
    /// What applications keep about a user, to be changed and put back: nobody else who asks this way comes in between. `None` when
    /// there is no such user.
    pub async fn metadata_for_update(&mut self, user: UserId, now: Timestamp) -> Result<Option<Metadata>, StoreError> {
        if self.hold(user).await?.is_none() {
            return Ok(None);
        }
        on_work!(self, EMPTY, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).bind(now.0).bind(now.0).execute(db).await?;
        });
        let (public, private, unsafe_) = on_work!(self, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_one(db).await?
        });
        Ok(Some(Metadata { public, private, unsafe_ }))
    }

    /// Stores all of what applications keep about a user, in the place of what was there.
    pub async fn put_metadata(&mut self, user: UserId, metadata: &Metadata, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, PUT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(user.0)
                .bind(metadata.public.as_deref())
                .bind(metadata.private.as_deref())
                .bind(metadata.unsafe_.as_deref())
                .bind(now.0)
                .bind(now.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }
}

//! What applications keep about a user, read with its account.

use hanko_domain::{Timestamp, UserId};

use crate::{StoreError, Work};

statements! {
    PUT = "INSERT INTO user_metadata (tenant_id, user_id, public_metadata, private_metadata, unsafe_metadata, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, user_id) DO UPDATE SET \
        public_metadata = excluded.public_metadata, private_metadata = excluded.private_metadata, \
        unsafe_metadata = excluded.unsafe_metadata, updated_at = excluded.updated_at",
        mysql = "INSERT INTO user_metadata (tenant_id, user_id, public_metadata, private_metadata, unsafe_metadata, created_at, updated_at) \
        VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
        public_metadata = VALUES(public_metadata), private_metadata = VALUES(private_metadata), \
        unsafe_metadata = VALUES(unsafe_metadata), updated_at = VALUES(updated_at)";
}

/// What applications keep about a user: JSON texts as they were stored, unread (`spec/storage.md` §3.18). A user without a row
/// has none of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// For everybody to read, for the backend to write.
    pub public: Option<String>,
    /// For the backend alone.
    pub private: Option<String>,
    /// For everybody to read and the user to write.
    pub unsafe_: Option<String>,
}

impl Work {
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

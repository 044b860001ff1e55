//! One-time tokens, known by the SHA-256 of what the client holds. Spent by one conditional delete.

use std::fmt;

use hanko_domain::{Timestamp, UserId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    BY_HASH = "SELECT user_id, is_flow, link_user, verifier, created_at, expires_at FROM one_time_tokens \
        WHERE tenant_id = $1 AND token_hash = $2";
    INSERT = "INSERT INTO one_time_tokens (tenant_id, token_hash, user_id, is_flow, link_user, verifier, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE = "DELETE FROM one_time_tokens WHERE tenant_id = $1 AND token_hash = $2";
}

/// A token that a client exchanges once (`spec/storage.md` §3.15).
#[derive(Clone, Eq, PartialEq)]
pub struct OneTimeToken {
    /// The token's SHA-256.
    pub hash: [u8; 32],
    /// Whom it signs in.
    pub user: UserId,
    /// Whether a flow takes it, instead of the endpoint that answers with a session at once.
    pub is_flow: bool,
    /// Whether it links an identity to the account of whoever is signed in.
    pub link_user: bool,
    /// What the client must prove to know besides.
    pub verifier: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl fmt::Debug for OneTimeToken {
    /// Without the hash and the verifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTimeToken")
            .field("user", &self.user)
            .field("is_flow", &self.is_flow)
            .field("link_user", &self.link_user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl TenantStore {
    /// A token that was not spent, also when it has expired: whether it has is for the caller to tell. Spending it is
    /// [`Work::spend_token`]'s.
    pub async fn token(&self, hash: &[u8; 32]) -> Result<Option<OneTimeToken>, StoreError> {
        type Row = (Uuid, bool, bool, Option<String>, i64, i64);
        let row: Option<Row> = on_pool!(&self.store.pool, BY_HASH, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(hash.as_slice()).fetch_optional(db).await
        })?;
        Ok(row.map(|(user, is_flow, link_user, verifier, created_at, expires_at)| OneTimeToken {
            hash: *hash,
            user: UserId(user),
            is_flow,
            link_user,
            verifier,
            created_at: Timestamp(created_at),
            expires_at: Timestamp(expires_at),
        }))
    }
}

impl Work {
    /// Stores a token.
    pub async fn insert_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(token.hash.as_slice())
                .bind(token.user.0)
                .bind(token.is_flow)
                .bind(token.link_user)
                .bind(token.verifier.as_deref())
                .bind(token.created_at.0)
                .bind(token.expires_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Spends a token. `false` when it is unknown or was spent: of many callers one is told `true`.
    pub async fn spend_token(&mut self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(hash.as_slice()).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }
}

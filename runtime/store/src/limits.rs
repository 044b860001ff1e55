//! Fixed windows that protect accounts (`spec/decisions.md` 24). They live in the database, so two replicas count as one.

use std::time::Duration;

use hanko_domain::Timestamp;

use crate::{StoreError, TenantStore, work::on_writer};

statements! {
    TAKE = "INSERT INTO limits (tenant_id, bucket, used, window_ends_at) VALUES ($1, $2, 1, $3) \
        ON CONFLICT (tenant_id, bucket) DO UPDATE SET \
        used = CASE WHEN limits.window_ends_at <= $4 THEN 1 ELSE limits.used + 1 END, \
        window_ends_at = CASE WHEN limits.window_ends_at <= $5 THEN excluded.window_ends_at ELSE limits.window_ends_at END",
        mysql = "INSERT INTO limits (tenant_id, bucket, used, window_ends_at) VALUES (?, ?, 1, ?) \
        ON DUPLICATE KEY UPDATE \
        used = CASE WHEN window_ends_at <= ? THEN 1 ELSE used + 1 END, \
        window_ends_at = CASE WHEN window_ends_at <= ? THEN VALUES(window_ends_at) ELSE window_ends_at END";
    READ = "SELECT used, window_ends_at FROM limits WHERE tenant_id = $1 AND bucket = $2";
}

/// The answer to asking for a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// There was one.
    Allowed,
    /// The window is used up.
    Exhausted {
        /// Until the window ends.
        retry_after: Duration,
    },
}

impl TenantStore {
    /// Takes one of `tokens` from the window of `bucket`, a SHA-256 of what is limited. The window begins with its first token
    /// and lasts `interval`. Not part of any unit of work: a token stays taken whatever becomes of the request.
    pub async fn take(
        &self,
        bucket: &[u8; 32],
        tokens: u32,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let (tenant, ends_at) = (self.tenant.0, now + interval);
        let (used, window_ends_at): (i64, i64) = on_writer(&self.store, async |work| {
            on_work!(work, TAKE, |sql, db| {
                sqlx::query(sql)
                    .bind(tenant)
                    .bind(bucket.as_slice())
                    .bind(ends_at.0)
                    .bind(now.0)
                    .bind(now.0)
                    .execute(db)
                    .await?;
            });
            Ok(on_work!(work, READ, |sql, db| {
                sqlx::query_as(sql).bind(tenant).bind(bucket.as_slice()).fetch_one(db).await?
            }))
        })
        .await?;
        Ok(if used <= i64::from(tokens) {
            Taken::Allowed
        } else {
            Taken::Exhausted { retry_after: Timestamp(window_ends_at).since(now) }
        })
    }
}

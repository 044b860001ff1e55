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

/// A limit to take a token from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// A SHA-256 of what is limited.
    pub bucket: [u8; 32],
    /// Tokens of a window.
    pub tokens: u32,
    /// How long a window lasts from its first token on.
    pub interval: Duration,
}

/// A window that had no token left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exhausted {
    /// Its place in the list.
    pub window: usize,
    /// Until it ends.
    pub retry_after: Duration,
    /// Whether this is the first refusal of the window: the one to tell of.
    pub first: bool,
}

impl TenantStore {
    /// How many tokens were taken from a window that has not ended, and until when.
    pub async fn taken(&self, bucket: &[u8; 32], now: Timestamp) -> Result<Option<(u64, Timestamp)>, StoreError> {
        let row: Option<(i64, i64)> = on_pool!(&self.store.pool, READ, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(bucket.as_slice()).fetch_optional(db).await
        })?;
        let open = row.map(|(used, ends_at)| (used.unsigned_abs(), Timestamp(ends_at)));
        Ok(open.filter(|(_, ends_at)| *ends_at > now))
    }

    /// Takes a token from each window in turn; the first that has none left ends it, later ones are not touched. Not part of
    /// any unit of work: a token stays taken whatever becomes of the request. Callers list windows of different kinds in one
    /// and the same order, so that two of them never wait for each other.
    pub async fn take(&self, windows: &[Window], now: Timestamp) -> Result<Option<Exhausted>, StoreError> {
        if windows.is_empty() {
            return Ok(None);
        }
        let tenant = self.tenant.0;
        on_writer(&self.store, async |work| {
            for (place, window) in windows.iter().enumerate() {
                let bucket = window.bucket.as_slice();
                let ends_at = now + window.interval;
                on_work!(work, TAKE, |sql, db| {
                    sqlx::query(sql)
                        .bind(tenant)
                        .bind(bucket)
                        .bind(ends_at.0)
                        .bind(now.0)
                        .bind(now.0)
                        .execute(db)
                        .await?;
                });
                let (used, window_ends_at): (i64, i64) = on_work!(work, READ, |sql, db| {
                    sqlx::query_as(sql).bind(tenant).bind(bucket).fetch_one(db).await?
                });
                let tokens = i64::from(window.tokens);
                if used > tokens {
                    let retry_after = Timestamp(window_ends_at).since(now);
                    return Ok(Some(Exhausted { window: place, retry_after, first: used == tokens + 1 }));
                }
            }
            Ok(None)
        })
        .await
    }
}

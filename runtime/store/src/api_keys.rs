//! Keys of the Admin API. The keys themselves are known to their holders; here are their SHA-256.

use hanko_domain::{ApiKeyId, ApiScope, Timestamp};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    ALL = "SELECT id, name, scopes, created_by, created_at, expires_at, previous_until FROM api_keys WHERE tenant_id = $1 \
        ORDER BY created_at, id";
    BY_HASH = "SELECT id, name, scopes, created_by, created_at, expires_at, previous_until FROM api_keys WHERE tenant_id = $1 \
        AND (hash = $2 OR (previous_hash = $3 AND previous_until > $4)) AND (expires_at IS NULL OR expires_at > $5)";
    INSERT = "INSERT INTO api_keys (tenant_id, id, name, hash, scopes, created_by, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// MariaDB and MySQL assign from left to right, and the others know only what was there before.
    ROTATE = "UPDATE api_keys SET previous_hash = hash, previous_until = $1, hash = $2 WHERE tenant_id = $3 AND id = $4";
    DELETE = "DELETE FROM api_keys WHERE tenant_id = $1 AND id = $2";
    FORGET_USE = "DELETE FROM api_key_uses WHERE tenant_id = $1 AND key_id = $2";
    USES = "SELECT key_id, last_used_at FROM api_key_uses WHERE tenant_id = $1";
    NOTE_USE = "INSERT INTO api_key_uses (tenant_id, key_id, last_used_at) VALUES ($1, $2, $3) \
        ON CONFLICT (tenant_id, key_id) DO UPDATE SET last_used_at = excluded.last_used_at \
        WHERE api_key_uses.last_used_at < excluded.last_used_at",
        mysql = "INSERT INTO api_key_uses (tenant_id, key_id, last_used_at) VALUES (?, ?, ?) \
        ON DUPLICATE KEY UPDATE last_used_at = GREATEST(last_used_at, VALUES(last_used_at))";
}

/// A key of the database, without what would let anybody in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What audit rows call it.
    pub name: String,
    /// What it may do; what only a newer release knows is left out.
    pub scopes: Vec<ApiScope>,
    /// The name of the key, or the command, that made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Until when the value before the last rotation is good.
    pub previous_until: Option<Timestamp>,
}

type Row = (Uuid, String, String, String, i64, Option<i64>, Option<i64>);

fn api_key((id, name, scopes, created_by, created_at, expires_at, previous_until): Row) -> ApiKey {
    ApiKey {
        id: ApiKeyId(id),
        name,
        scopes: scopes.split(',').filter_map(ApiScope::parse).collect(),
        created_by,
        created_at: Timestamp(created_at),
        expires_at: expires_at.map(Timestamp),
        previous_until: previous_until.map(Timestamp),
    }
}

impl TenantStore {
    /// All keys, oldest first, those that have ended included.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(&self.store.pool, ALL, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(api_key).collect())
    }

    /// The key whose SHA-256 this is, or was before a rotation whose overlap lasts. One that has ended is none.
    pub async fn api_key_by_hash(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let hash = hash.as_slice();
        let row: Option<Row> = on_pool!(&self.store.pool, BY_HASH, |sql, db| {
            sqlx::query_as(sql)
                .bind(self.tenant.0)
                .bind(hash)
                .bind(hash)
                .bind(now.0)
                .bind(now.0)
                .fetch_optional(db)
                .await
        })?;
        Ok(row.map(api_key))
    }

    /// When each key was last used, as far as that was noted; keys that the database does not hold included.
    pub async fn api_key_uses(&self) -> Result<Vec<(ApiKeyId, Timestamp)>, StoreError> {
        let rows: Vec<(Uuid, i64)> =
            on_pool!(&self.store.pool, USES, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, at)| (ApiKeyId(id), Timestamp(at))).collect())
    }

    /// Notes that a key was used, whoever holds it. Of several moments the last one stays.
    pub async fn note_api_key_use(&self, key: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let tenant = self.tenant.0;
        crate::work::on_writer(&self.store, async |work| {
            on_work!(work, NOTE_USE, |sql, db| {
                sqlx::query(sql).bind(tenant).bind(key.0).bind(now.0).execute(db).await?;
            });
            Ok(())
        })
        .await
    }
}

impl Work {
    /// Adds a key by its SHA-256. [`StoreError::Conflict`] when there is one with this hash or id.
    pub async fn insert_api_key(&mut self, key: &ApiKey, hash: &[u8; 32]) -> Result<(), StoreError> {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(key.id.0)
                .bind(key.name.as_str())
                .bind(hash.as_slice())
                .bind(scopes.join(","))
                .bind(key.created_by.as_str())
                .bind(key.created_at.0)
                .bind(key.expires_at.map(|time| time.0))
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Gives a key another value; the one it had is good until then, and the one before that no more. `false` when there is no such
    /// key.
    pub async fn rotate_api_key(
        &mut self,
        id: ApiKeyId,
        hash: &[u8; 32],
        previous_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = on_work!(self, ROTATE, |sql, db| {
            sqlx::query(sql)
                .bind(previous_until.0)
                .bind(hash.as_slice())
                .bind(self.tenant.0)
                .bind(id.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Removes a key and when it was used. `false` when there was none.
    pub async fn delete_api_key(&mut self, id: ApiKeyId) -> Result<bool, StoreError> {
        let mut deleted = 0;
        for statement in [FORGET_USE, DELETE] {
            deleted = on_work!(self, statement, |sql, db| {
                sqlx::query(sql).bind(self.tenant.0).bind(id.0).execute(db).await?.rows_affected()
            });
        }
        Ok(deleted == 1)
    }
}

//! Sessions. A token is valid only while its row exists and has not expired.

use std::collections::HashMap;

use hanko_domain::{SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::{Store, StoreError, SystemStore, TenantStore, Work, batch};

statements! {
    BY_ID = "SELECT id, user_id, user_agent, ip_address, created_at, last_used, expires_at, ends_at FROM sessions \
        WHERE tenant_id = $1 AND id = $2 AND expires_at > $3";
    BY_IDS = "SELECT id, user_id, user_agent, ip_address, created_at, last_used, expires_at, ends_at FROM sessions \
        WHERE tenant_id = $1 AND expires_at > $2 AND id IN \
        ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    OF_USER = "SELECT id, user_id, user_agent, ip_address, created_at, last_used, expires_at, ends_at FROM sessions \
        WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1000";
    /// All but the newest so many; MySQL knows no OFFSET without a LIMIT.
    SURPLUS = "SELECT id, user_id, user_agent, ip_address, created_at, last_used, expires_at, ends_at FROM sessions \
        WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET $4";
    ACTIVE = "SELECT COUNT(*) FROM sessions WHERE expires_at > $1";
    FROM_ADDRESS = "SELECT id FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 AND ip_address = $4 LIMIT 1";
    INSERT = "INSERT INTO sessions (tenant_id, id, user_id, user_agent, ip_address, created_at, last_used, expires_at, ends_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    TOUCH = "UPDATE sessions SET last_used = $1 WHERE tenant_id = $2 AND id = $3 AND last_used < $4";
    /// Clocks of two processes differ a little: the last use never moves back.
    USE = "UPDATE sessions SET last_used = CASE WHEN last_used < $1 THEN $2 ELSE last_used END \
        WHERE tenant_id = $3 AND id = $4 AND expires_at > $5";
    EXTEND = "UPDATE sessions SET expires_at = $1 WHERE tenant_id = $2 AND id = $3 AND expires_at < $4";
    DELETE = "DELETE FROM sessions WHERE tenant_id = $1 AND id = $2";
    DELETE_OF_USER = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2";
}

/// A session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The `session_id` claim.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// User agent at its beginning, if stored.
    pub user_agent: Option<String>,
    /// Client address at its beginning, if stored.
    pub ip_address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used: Timestamp,
    /// When its newest token expires.
    pub expires_at: Timestamp,
    /// When no renewal helps any more.
    pub ends_at: Timestamp,
}

type Row = (Uuid, Uuid, Option<String>, Option<String>, i64, i64, i64, i64);

fn session((id, user, user_agent, ip_address, created_at, last_used, expires_at, ends_at): Row) -> Session {
    Session {
        id: SessionId(id),
        user: UserId(user),
        user_agent,
        ip_address,
        created_at: Timestamp(created_at),
        last_used: Timestamp(last_used),
        expires_at: Timestamp(expires_at),
        ends_at: Timestamp(ends_at),
    }
}

impl TenantStore {
    /// A session that has not expired.
    pub async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let (store, tenant) = (self.store.clone(), self.tenant);
        let query = move |ids: Vec<SessionId>| {
            let store = store.clone();
            async move { by_ids(&store, tenant, &ids, now).await }
        };
        match self.batches.sessions.read(id, query).await {
            Ok(found) => Ok(found.filter(|session| session.expires_at > now)),
            Err(()) => Ok(by_ids(&self.store, tenant, &[id], now).await?.remove(&id)),
        }
    }

    /// A user's sessions that have not expired, newest first, a thousand at most.
    pub async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<Row> = on_pool!(&self.store.pool, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).bind(now.0).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(session).collect())
    }

    /// Whether a session of the user that has not expired was begun from this client address.
    pub async fn has_session_from(&self, user: UserId, ip: &str, now: Timestamp) -> Result<bool, StoreError> {
        let row: Option<(Uuid,)> = on_pool!(&self.store.pool, FROM_ADDRESS, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).bind(now.0).bind(ip).fetch_optional(db).await
        })?;
        Ok(row.is_some())
    }
}

async fn by_ids(
    store: &Store,
    tenant: TenantId,
    ids: &[SessionId],
    now: Timestamp,
) -> Result<HashMap<SessionId, Session>, StoreError> {
    if let [id] = ids {
        let row: Option<Row> = on_pool!(&store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(tenant.0).bind(id.0).bind(now.0).fetch_optional(db).await
        })?;
        return Ok(row.map(session).map(|session| (session.id, session)).into_iter().collect());
    }
    let rows: Vec<Row> = on_pool!(&store.pool, BY_IDS, |sql, db| {
        let mut query = sqlx::query_as(sql).bind(tenant.0).bind(now.0);
        for id in batch::places(ids) {
            query = query.bind(id.0);
        }
        query.fetch_all(db).await
    })?;
    Ok(rows.into_iter().map(session).map(|session| (session.id, session)).collect())
}

impl SystemStore {
    /// Sessions that have not expired, of all tenants. Walks an index: a tenth of a second for a million.
    pub async fn active_sessions(&self, now: Timestamp) -> Result<i64, StoreError> {
        let (count,): (i64,) =
            on_pool!(&self.store.pool, ACTIVE, |sql, db| sqlx::query_as(sql).bind(now.0).fetch_one(db).await)?;
        Ok(count)
    }
}

impl Work {
    /// Ends the user's oldest sessions, so that at most `keep` remain. Returns those that this call ended, oldest first. One
    /// statement when there is room, a second for the one session that a new one usually displaces.
    pub async fn make_room(&mut self, user: UserId, keep: u32, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let surplus: Vec<Row> = on_work!(self, SURPLUS, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).bind(now.0).bind(i64::from(keep)).fetch_all(db).await?
        });
        let mut ended = Vec::with_capacity(surplus.len());
        for session in surplus.into_iter().rev().map(session) {
            if self.delete_session(session.id).await? {
                ended.push(session);
            }
        }
        Ok(ended)
    }

    /// Adds a session.
    pub async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(session.id.0)
                .bind(session.user.0)
                .bind(session.user_agent.as_deref())
                .bind(session.ip_address.as_deref())
                .bind(session.created_at.0)
                .bind(session.last_used.0)
                .bind(session.expires_at.0)
                .bind(session.ends_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Records a use.
    pub async fn touch_session(&mut self, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, TOUCH, |sql, db| {
            sqlx::query(sql).bind(now.0).bind(self.tenant.0).bind(id.0).bind(now.0).execute(db).await?;
        });
        Ok(())
    }

    /// Records the use that this unit of work makes of a session. `true` when the session exists and has not expired; then it
    /// cannot end before the unit of work does. Who also takes the user's row takes that first, as everybody does who ends
    /// sessions: otherwise the two could wait for each other.
    pub async fn use_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let used = on_work!(self, USE, |sql, db| {
            sqlx::query(sql)
                .bind(now.0)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(now.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(used == 1)
    }

    /// Moves the expiry of a session forward, never back. Not a use: a client that polls must not keep an idle session alive.
    pub async fn extend_session(&mut self, id: SessionId, until: Timestamp) -> Result<(), StoreError> {
        on_work!(self, EXTEND, |sql, db| {
            sqlx::query(sql).bind(until.0).bind(self.tenant.0).bind(id.0).bind(until.0).execute(db).await?;
        });
        Ok(())
    }

    /// Ends a session. `false` when it had ended before.
    pub async fn delete_session(&mut self, id: SessionId) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }

    /// Ends all sessions of a user and says how many.
    pub async fn delete_sessions_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(on_work!(self, DELETE_OF_USER, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        }))
    }
}

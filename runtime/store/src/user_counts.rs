//! Which users are listed, and how many: those who have an address or a username. The number is known without counting
//! (`spec/decisions.md` 27).

use hanko_domain::UserId;

use crate::{StoreError, TenantStore, Work};

statements! {
    /// Whoever adds or removes what a user is listed for waits here, so that no two who remove the last one miss each other.
    HOLD = "SELECT listed FROM users WHERE tenant_id = $1 AND id = $2",
        postgres = "SELECT listed FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
        mysql = "SELECT listed FROM users WHERE tenant_id = ? AND id = ? FOR UPDATE";
    LIST = "UPDATE users SET listed = TRUE WHERE tenant_id = $1 AND id = $2 AND listed = FALSE";
    UNLIST = "UPDATE users SET listed = FALSE WHERE tenant_id = $1 AND id = $2 AND listed = TRUE \
        AND NOT EXISTS (SELECT 1 FROM emails WHERE emails.tenant_id = users.tenant_id AND emails.user_id = users.id) \
        AND NOT EXISTS (SELECT 1 FROM usernames WHERE usernames.tenant_id = users.tenant_id AND usernames.user_id = users.id)";
    ADD = "INSERT INTO user_counts (tenant_id, shard, listed) VALUES ($1, $2, $3) \
        ON CONFLICT (tenant_id, shard) DO UPDATE SET listed = user_counts.listed + excluded.listed",
        mysql = "INSERT INTO user_counts (tenant_id, shard, listed) VALUES (?, ?, ?) \
        ON DUPLICATE KEY UPDATE listed = listed + VALUES(listed)";
    SUM = "SELECT CAST(COALESCE(SUM(listed), 0) AS BIGINT) FROM user_counts WHERE tenant_id = $1",
        mysql = "SELECT CAST(COALESCE(SUM(listed), 0) AS SIGNED) FROM user_counts WHERE tenant_id = ?";
}

/// Rows that hold one tenant's number together.
const SHARDS: u8 = 16;

/// How many more users are listed by a unit of work, and the shard it tells that to: any will do, since only the sum counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) users: i64,
    shard: u8,
}

impl Change {
    pub(crate) fn add(&mut self, users: i64, last: UserId) {
        self.users += users;
        self.shard = last.as_bytes().last().map_or(0, |byte| byte % SHARDS);
    }
}

impl Work {
    /// Holds a user until the end of this unit of work, for whoever adds or removes what it is listed for. Whether it is listed;
    /// `None` when there is no such user.
    pub(crate) async fn hold(&mut self, user: UserId) -> Result<Option<bool>, StoreError> {
        let row: Option<(bool,)> = on_work!(self, HOLD, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_optional(db).await?
        });
        Ok(row.map(|(listed,)| listed))
    }

    /// After a held user was given an address or a username.
    pub(crate) async fn list(&mut self, user: UserId) -> Result<(), StoreError> {
        self.relist(LIST, user, 1).await
    }

    /// After an address or the username of a held user was removed.
    pub(crate) async fn unlist(&mut self, user: UserId) -> Result<(), StoreError> {
        self.relist(UNLIST, user, -1).await
    }

    async fn relist(
        &mut self,
        statement: crate::statement::Statement,
        user: UserId,
        users: i64,
    ) -> Result<(), StoreError> {
        let changed = on_work!(self, statement, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        if changed == 1 {
            self.listed.add(users, user);
        }
        Ok(())
    }

    /// The last thing a unit of work does: the shard is held for as short as can be, and never before another lock.
    pub(crate) async fn count_listed(&mut self) -> Result<(), StoreError> {
        let Change { users, shard } = self.listed;
        if users != 0 {
            on_work!(self, ADD, |sql, db| {
                sqlx::query(sql).bind(self.tenant.0).bind(i16::from(shard)).bind(users).execute(db).await?;
            });
        }
        Ok(())
    }
}

impl TenantStore {
    /// How many users are listed.
    pub async fn listed_users(&self) -> Result<u64, StoreError> {
        let (sum,): (i64,) =
            on_pool!(&self.store.pool, SUM, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_one(db).await)?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }
}

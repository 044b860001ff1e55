//! Which users are listed, and how many: those who have an address or a username. The number is known without counting
//! (`spec/decisions.md` 27).

use std::time::Duration;

use hanko_domain::UserId;

use crate::{StoreError, TenantStore, Work, statement::Statement, users::User};

statements! {
    /// Whoever adds or removes what a user is listed for waits here, so that no two who remove the last one miss each other.
    HOLD = "SELECT listed FROM users WHERE tenant_id = $1 AND id = $2",
        postgres = "SELECT listed FROM users WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
        mysql = "SELECT listed FROM users WHERE tenant_id = ? AND id = ? FOR UPDATE";
    LIST = "UPDATE users SET listed = TRUE WHERE tenant_id = $1 AND id = $2 AND listed = FALSE";
    UNLIST = "UPDATE users SET listed = FALSE WHERE tenant_id = $1 AND id = $2 AND listed = TRUE \
        AND NOT EXISTS (SELECT 1 FROM emails WHERE emails.tenant_id = users.tenant_id AND emails.user_id = users.id) \
        AND NOT EXISTS (SELECT 1 FROM usernames WHERE usernames.tenant_id = users.tenant_id AND usernames.user_id = users.id)";
    ADD = "INSERT INTO user_counts (tenant_id, shard, listed, moved) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, shard) DO UPDATE SET listed = user_counts.listed + excluded.listed, \
        moved = user_counts.moved + excluded.moved",
        mysql = "INSERT INTO user_counts (tenant_id, shard, listed, moved) VALUES (?, ?, ?, ?) \
        ON DUPLICATE KEY UPDATE listed = listed + VALUES(listed), moved = moved + VALUES(moved)";
    SUM = "SELECT CAST(COALESCE(SUM(listed), 0) AS BIGINT), CAST(COALESCE(SUM(moved), 0) AS BIGINT) \
        FROM user_counts WHERE tenant_id = $1",
        mysql = "SELECT CAST(COALESCE(SUM(listed), 0) AS SIGNED), CAST(COALESCE(SUM(moved), 0) AS SIGNED) \
        FROM user_counts WHERE tenant_id = ?";
}

/// Rows that hold one tenant's number together.
const SHARDS: u8 = 16;
/// How long a registration takes at most, from the time it gives the user to its commit.
const REGISTRATION: Duration = Duration::from_secs(60);

/// What a unit of work changes in the list, and the shard it tells that to: any will do, since only the sums count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// The user that was made just now, and comes after all others.
    newest: Option<UserId>,
    listed: i64,
    moved: i64,
    shard: u8,
}

impl Change {
    pub(crate) fn made(&mut self, user: &User) {
        let just_now = user.created_at <= user.updated_at && user.updated_at.since(user.created_at) < REGISTRATION;
        self.newest = just_now.then_some(user.id);
    }

    /// So many more users are listed, the last one of them this.
    pub(crate) fn add(&mut self, users: i64, last: UserId) {
        self.listed += users;
        self.moved += i64::from(users != 1 || self.newest != Some(last));
        self.shard = last.as_bytes().last().map_or(0, |byte| byte % SHARDS);
    }
}

/// A tenant's list of users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Listed {
    /// How many there are.
    pub(crate) users: u64,
    /// Another number whenever somebody was put into the list or taken from it anywhere but at its newest end.
    pub(crate) moved: i64,
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

    async fn relist(&mut self, statement: Statement, user: UserId, users: i64) -> Result<(), StoreError> {
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
        let Change { listed, moved, shard, .. } = self.listed;
        if listed != 0 || moved != 0 {
            on_work!(self, ADD, |sql, db| {
                sqlx::query(sql)
                    .bind(self.tenant.0)
                    .bind(i16::from(shard))
                    .bind(listed)
                    .bind(moved)
                    .execute(db)
                    .await?;
            });
        }
        Ok(())
    }
}

impl TenantStore {
    /// How many users are listed.
    pub(crate) async fn listed_users(&self) -> Result<Listed, StoreError> {
        let (users, moved): (i64, i64) =
            on_pool!(&self.store.pool, SUM, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_one(db).await)?;
        Ok(Listed { users: u64::try_from(users).unwrap_or(0), moved })
    }
}

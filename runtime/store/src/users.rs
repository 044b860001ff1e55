//! Users, and the account read as a whole.

use std::collections::HashMap;

use hanko_domain::{EmailId, OtpSecretId, Passkey, PasswordId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::{
    Store, StoreError, TenantStore, Work, batch,
    emails::{self, Email},
    metadata::Metadata,
    otp_secrets::OtpInfo,
    passkeys,
    passwords::PasswordInfo,
    usernames::{self, StoredUsername},
};

statements! {
    BY_ID = "SELECT id, primary_email_id, created_at, updated_at FROM users WHERE tenant_id = $1 AND id = $2";
    /// With what a user has one of at most.
    BY_IDS = "SELECT u.id, u.primary_email_id, u.created_at, u.updated_at, n.id, n.username, n.created_at, n.updated_at, \
        p.id, p.created_at, p.updated_at, o.id, o.created_at, m.public_metadata, m.private_metadata, m.unsafe_metadata \
        FROM users u \
        LEFT JOIN usernames n ON n.tenant_id = u.tenant_id AND n.user_id = u.id \
        LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id \
        LEFT JOIN otp_secrets o ON o.tenant_id = u.tenant_id AND o.user_id = u.id \
        LEFT JOIN user_metadata m ON m.tenant_id = u.tenant_id AND m.user_id = u.id \
        WHERE u.tenant_id = $1 AND u.id IN \
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    INSERT = "INSERT INTO users (tenant_id, id, primary_email_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)";
    /// Always forward, also when the clock stands still: the time is also the version that `AS_READ` compares.
    TOUCH = "UPDATE users SET updated_at = CASE WHEN updated_at < $1 THEN $2 ELSE updated_at + 1 END WHERE tenant_id = $3 AND id = $4";
    /// Waits for a transaction that touches the user and sees what it has left: PostgreSQL evaluates again after the wait,
    /// MariaDB's locking reads see the newest version, SQLite has one writer.
    AS_READ = "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 AND updated_at = $3",
        postgres = "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 AND updated_at = $3 FOR NO KEY UPDATE",
        mysql = "SELECT id FROM users WHERE tenant_id = ? AND id = ? AND updated_at = ? FOR UPDATE";
    SET_PRIMARY_EMAIL = "UPDATE users SET primary_email_id = $1, \
        updated_at = CASE WHEN updated_at < $2 THEN $3 ELSE updated_at + 1 END WHERE tenant_id = $4 AND id = $5";
    CLEAR_PRIMARY_EMAIL = "UPDATE users SET primary_email_id = NULL, \
        updated_at = CASE WHEN updated_at < $1 THEN $2 ELSE updated_at + 1 END WHERE tenant_id = $3 AND id = $4";
    /// Whatever belongs to the user refers to it and goes by that (`ON DELETE CASCADE`); audit rows do not refer to it.
    DELETE = "DELETE FROM users WHERE tenant_id = $1 AND id = $2";
}

/// A user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Which of its addresses is the main one.
    pub primary_email: Option<EmailId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its profile, or what proves it, last changed.
    pub updated_at: Timestamp,
}

/// A user with everything that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The user itself.
    pub user: User,
    /// Its addresses, oldest first.
    pub emails: Vec<Email>,
    /// Its WebAuthn credentials, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Its username.
    pub username: Option<StoredUsername>,
    /// That it has a password, never the password itself.
    pub password: Option<PasswordInfo>,
    /// That it has a TOTP secret, never the secret itself.
    pub otp: Option<OtpInfo>,
    /// What applications keep about it.
    pub metadata: Metadata,
}

impl Account {
    /// The main address.
    pub fn primary_email(&self) -> Option<&Email> {
        self.emails.iter().find(|email| Some(email.id) == self.user.primary_email)
    }
}

type Row = (Uuid, Option<Uuid>, i64, i64);
type AccountRow = (
    Uuid,
    Option<Uuid>,
    i64,
    i64,
    Option<Uuid>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn user((id, primary_email, created_at, updated_at): Row) -> User {
    User {
        id: UserId(id),
        primary_email: primary_email.map(EmailId),
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
    }
}

fn account(row: AccountRow) -> Account {
    let (
        id,
        primary_email,
        created_at,
        updated_at,
        username_id,
        username,
        username_created_at,
        username_updated_at,
        password_id,
        password_created_at,
        password_updated_at,
        otp_id,
        otp_created_at,
        public,
        private,
        unsafe_,
    ) = row;
    let username = username_id.zip(username).zip(username_created_at.zip(username_updated_at));
    let password = password_id.zip(password_created_at.zip(password_updated_at));
    Account {
        user: user((id, primary_email, created_at, updated_at)),
        emails: Vec::new(),
        passkeys: Vec::new(),
        username: username.map(|((own, username), times)| usernames::stored((own, id, username, times.0, times.1))),
        password: password.map(|(id, (created_at, updated_at))| PasswordInfo {
            id: PasswordId(id),
            created_at: Timestamp(created_at),
            updated_at: Timestamp(updated_at),
        }),
        otp: otp_id
            .zip(otp_created_at)
            .map(|(id, created_at)| OtpInfo { id: OtpSecretId(id), created_at: Timestamp(created_at) }),
        metadata: Metadata { public, private, unsafe_ },
    }
}

impl TenantStore {
    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = on_pool!(&self.store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(id.0).fetch_optional(db).await
        })?;
        Ok(row.map(user))
    }

    /// One user with everything that belongs to it.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let (store, tenant) = (self.store.clone(), self.tenant);
        let query = move |ids: Vec<UserId>| {
            let store = store.clone();
            async move { accounts(&store, tenant, &ids).await }
        };
        match self.batches.accounts.read(id, query).await {
            Ok(found) => Ok(found),
            Err(()) => Ok(accounts(&self.store, tenant, &[id]).await?.remove(&id)),
        }
    }
}

/// The users come first: their `updated_at` is the version that [`Work::is_as_read`] compares, so nothing that goes with it may be
/// older.
async fn accounts(store: &Store, tenant: TenantId, ids: &[UserId]) -> Result<HashMap<UserId, Account>, StoreError> {
    let users: Vec<AccountRow> = on_pool!(&store.pool, BY_IDS, |sql, db| {
        let mut query = sqlx::query_as(sql).bind(tenant.0);
        for id in batch::places(ids) {
            query = query.bind(id.0);
        }
        query.fetch_all(db).await
    })?;
    let (emails, passkeys) =
        tokio::try_join!(emails::of_users(store, tenant, ids), passkeys::of_users(store, tenant, ids))?;
    let mut accounts: HashMap<UserId, Account> = users.into_iter().map(|row| (UserId(row.0), account(row))).collect();
    for email in emails {
        if let Some(account) = accounts.get_mut(&email.user) {
            account.emails.push(email);
        }
    }
    for passkey in passkeys {
        if let Some(account) = accounts.get_mut(&passkey.user) {
            account.passkeys.push(passkey);
        }
    }
    Ok(accounts)
}

impl Work {
    /// Adds a user.
    pub async fn insert_user(&mut self, user: &User) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(user.id.0)
                .bind(user.primary_email.map(|id| id.0))
                .bind(user.created_at.0)
                .bind(user.updated_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Notes that what the user is known or proven by has changed. To be called before the change: whoever relies on the account
    /// as it was read waits for the end of this unit of work.
    pub async fn touch_user(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, TOUCH, |sql, db| {
            sqlx::query(sql).bind(now.0).bind(now.0).bind(self.tenant.0).bind(user.0).execute(db).await?;
        });
        Ok(())
    }

    /// Whether the user still is as it was read, and stays so until the end of this unit of work.
    pub async fn is_as_read(&mut self, user: &User) -> Result<bool, StoreError> {
        let row: Option<(Uuid,)> = on_work!(self, AS_READ, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.id.0).bind(user.updated_at.0).fetch_optional(db).await?
        });
        Ok(row.is_some())
    }

    /// Makes an address the main one.
    pub async fn set_primary_email(&mut self, user: UserId, email: EmailId, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, SET_PRIMARY_EMAIL, |sql, db| {
            sqlx::query(sql).bind(email.0).bind(now.0).bind(now.0).bind(self.tenant.0).bind(user.0).execute(db).await?;
        });
        Ok(())
    }

    /// Leaves a user without a main address.
    pub async fn clear_primary_email(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, CLEAR_PRIMARY_EMAIL, |sql, db| {
            sqlx::query(sql).bind(now.0).bind(now.0).bind(self.tenant.0).bind(user.0).execute(db).await?;
        });
        Ok(())
    }

    /// Removes a user with everything that belongs to it; audit rows and what waits in the outbox stay. `false` when it was gone.
    pub async fn delete_user(&mut self, user: UserId) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }
}

//! Users, and the account read as a whole.

use std::collections::HashMap;

use hanko_domain::{EmailId, OtpSecretId, Passkey, PasswordId, TenantId, Timestamp, UserId};
use sqlx::{ColumnIndex, Decode, Row, Type};
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
    BY_ID = "SELECT id, primary_email_id, created_at, updated_at, last_login_at, name, given_name, family_name, picture \
        FROM users WHERE tenant_id = $1 AND id = $2";
    /// With what a user has one of at most.
    BY_IDS = "SELECT u.id, u.primary_email_id, u.created_at, u.updated_at, u.last_login_at, u.name, u.given_name, u.family_name, \
        u.picture, n.id, n.username, n.created_at, n.updated_at, \
        p.id, p.created_at, p.updated_at, o.id, o.created_at, m.public_metadata, m.private_metadata, m.unsafe_metadata \
        FROM users u \
        LEFT JOIN usernames n ON n.tenant_id = u.tenant_id AND n.user_id = u.id \
        LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id \
        LEFT JOIN otp_secrets o ON o.tenant_id = u.tenant_id AND o.user_id = u.id \
        LEFT JOIN user_metadata m ON m.tenant_id = u.tenant_id AND m.user_id = u.id \
        WHERE u.tenant_id = $1 AND u.id IN \
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    INSERT = "INSERT INTO users (tenant_id, id, primary_email_id, created_at, updated_at, last_login_at, name, given_name, \
        family_name, picture) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Always forward, also when the clock stands still: the time is also the version that `AS_READ` compares.
    TOUCH = "UPDATE users SET updated_at = CASE WHEN updated_at < $1 THEN $2 ELSE updated_at + 1 END WHERE tenant_id = $3 AND id = $4";
    /// Waits for a transaction that touches the user and sees what it has left: PostgreSQL evaluates again after the wait,
    /// MariaDB's locking reads see the newest version, SQLite has one writer.
    AS_READ = "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 AND updated_at = $3",
        postgres = "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 AND updated_at = $3 FOR NO KEY UPDATE",
        mysql = "SELECT id FROM users WHERE tenant_id = ? AND id = ? AND updated_at = ? FOR UPDATE";
    /// Waits and sees as `AS_READ` does.
    LOG_IN = "UPDATE users SET last_login_at = $1 WHERE tenant_id = $2 AND id = $3 AND updated_at = $4";
    PUT_PROFILE = "UPDATE users SET name = $1, given_name = $2, family_name = $3, picture = $4, \
        updated_at = CASE WHEN updated_at < $5 THEN $6 ELSE updated_at + 1 END WHERE tenant_id = $7 AND id = $8";
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
    /// When it last signed in.
    pub last_login_at: Option<Timestamp>,
    /// What it is called and looks like.
    pub profile: Profile,
}

/// What a user is called and looks like (`spec/admin-api.md` §5.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Profile {
    /// The whole name.
    pub name: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
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

    /// Whether nobody has changed or deleted the user between the statements that read it: its main address is one of its addresses.
    pub(crate) fn is_whole(&self) -> bool {
        self.user.primary_email.is_none() || self.primary_email().is_some()
    }
}

/// A user's columns, first in the row and in the order of the statements.
fn user<'r, R: Row>(row: &'r R) -> Result<User, sqlx::Error>
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(User {
        id: UserId(row.try_get(0)?),
        primary_email: row.try_get::<Option<_>, _>(1)?.map(EmailId),
        created_at: Timestamp(row.try_get(2)?),
        updated_at: Timestamp(row.try_get(3)?),
        last_login_at: row.try_get::<Option<_>, _>(4)?.map(Timestamp),
        profile: Profile {
            name: row.try_get(5)?,
            given_name: row.try_get(6)?,
            family_name: row.try_get(7)?,
            picture: row.try_get(8)?,
        },
    })
}

/// A user with its username, whose columns come next. Nothing else is known of it yet.
pub(crate) fn named<'r, R: Row>(row: &'r R) -> Result<Account, sqlx::Error>
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let user = user(row)?;
    let username = match row.try_get::<Option<Uuid>, _>(9)? {
        Some(own) => Some(usernames::stored((own, user.id.0, row.try_get(10)?, row.try_get(11)?, row.try_get(12)?))),
        None => None,
    };
    Ok(Account {
        user,
        username,
        emails: Vec::new(),
        passkeys: Vec::new(),
        password: None,
        otp: None,
        metadata: Metadata::default(),
    })
}

/// With the rest of what a user has one of at most.
fn account<'r, R: Row>(row: &'r R) -> Result<Account, sqlx::Error>
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let password = match row.try_get::<Option<_>, _>(13)? {
        Some(id) => Some(PasswordInfo {
            id: PasswordId(id),
            created_at: Timestamp(row.try_get(14)?),
            updated_at: Timestamp(row.try_get(15)?),
        }),
        None => None,
    };
    let otp = match row.try_get::<Option<_>, _>(16)? {
        Some(id) => Some(OtpInfo { id: OtpSecretId(id), created_at: Timestamp(row.try_get(17)?) }),
        None => None,
    };
    let metadata = Metadata { public: row.try_get(18)?, private: row.try_get(19)?, unsafe_: row.try_get(20)? };
    Ok(Account { password, otp, metadata, ..named(row)? })
}

impl TenantStore {
    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(on_pool!(&self.store.pool, BY_ID, |sql, db| {
            let row = sqlx::query(sql).bind(self.tenant.0).bind(id.0).fetch_optional(db).await?;
            row.as_ref().map(user).transpose()?
        }))
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

/// How often somebody who is being changed is read again.
const AGAIN: u32 = 3;

/// Whoever was changed between the statements is read again: nobody is shown half a user.
pub(crate) async fn accounts(
    store: &Store,
    tenant: TenantId,
    ids: &[UserId],
) -> Result<HashMap<UserId, Account>, StoreError> {
    let mut accounts = read(store, tenant, ids).await?;
    for _ in 0..AGAIN {
        let halves: Vec<UserId> = accounts.values().filter(|one| !one.is_whole()).map(|one| one.user.id).collect();
        if halves.is_empty() {
            break;
        }
        accounts.retain(|id, _| !halves.contains(id));
        accounts.extend(read(store, tenant, &halves).await?);
    }
    Ok(accounts)
}

/// The users come first: their `updated_at` is the version that [`Work::is_as_read`] compares, so nothing that goes with it may be
/// older.
async fn read(store: &Store, tenant: TenantId, ids: &[UserId]) -> Result<HashMap<UserId, Account>, StoreError> {
    let users: Vec<Account> = on_pool!(&store.pool, BY_IDS, |sql, db| {
        let mut query = sqlx::query(sql).bind(tenant.0);
        for id in batch::places(ids) {
            query = query.bind(id.0);
        }
        query.fetch_all(db).await?.iter().map(account).collect::<Result<_, _>>()?
    });
    let (emails, passkeys) =
        tokio::try_join!(emails::of_users(store, tenant, ids), passkeys::of_users(store, tenant, ids))?;
    let mut accounts: HashMap<UserId, Account> = users.into_iter().map(|account| (account.user.id, account)).collect();
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
                .bind(user.last_login_at.map(|time| time.0))
                .bind(user.profile.name.as_deref())
                .bind(user.profile.given_name.as_deref())
                .bind(user.profile.family_name.as_deref())
                .bind(user.profile.picture.as_deref())
                .execute(db)
                .await?;
        });
        self.listed.made(user);
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

    /// The same, and notes that the user signs in now. That is no change to the user: others who have read it go on.
    pub async fn log_in_as_read(&mut self, user: &User, now: Timestamp) -> Result<bool, StoreError> {
        let changed = on_work!(self, LOG_IN, |sql, db| {
            sqlx::query(sql)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.id.0)
                .bind(user.updated_at.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Changes what a user is called and looks like.
    pub async fn put_profile(&mut self, user: UserId, profile: &Profile, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, PUT_PROFILE, |sql, db| {
            sqlx::query(sql)
                .bind(profile.name.as_deref())
                .bind(profile.given_name.as_deref())
                .bind(profile.family_name.as_deref())
                .bind(profile.picture.as_deref())
                .bind(now.0)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(user.0)
                .execute(db)
                .await?;
        });
        Ok(())
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
        let listed = self.hold(user).await?;
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        });
        if deleted == 1 && listed == Some(true) {
            self.listed.add(-1, user);
        }
        Ok(deleted == 1)
    }
}

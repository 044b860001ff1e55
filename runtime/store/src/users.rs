//! Users, and the account read as a whole.

use hanko_domain::{EmailId, Passkey, Timestamp, UserId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work, emails::Email};

statements! {
    BY_ID = "SELECT id, primary_email_id, created_at, updated_at FROM users WHERE tenant_id = $1 AND id = $2";
    INSERT = "INSERT INTO users (tenant_id, id, primary_email_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)";
    SET_PRIMARY_EMAIL = "UPDATE users SET primary_email_id = $1, updated_at = $2 WHERE tenant_id = $3 AND id = $4";
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
    /// When its profile last changed.
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
}

impl Account {
    /// The main address.
    pub fn primary_email(&self) -> Option<&Email> {
        self.emails.iter().find(|email| Some(email.id) == self.user.primary_email)
    }
}

impl TenantStore {
    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row: Option<(Uuid, Option<Uuid>, i64, i64)> = on_pool!(&self.store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(id.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(id, primary_email, created_at, updated_at)| User {
            id: UserId(id),
            primary_email: primary_email.map(EmailId),
            created_at: Timestamp(created_at),
            updated_at: Timestamp(updated_at),
        }))
    }

    /// One user with addresses and credentials.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let Some(user) = self.user(id).await? else { return Ok(None) };
        let (emails, passkeys) = tokio::try_join!(self.emails_of(id), self.passkeys_of(id))?;
        Ok(Some(Account { user, emails, passkeys }))
    }
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

    /// Makes an address the main one.
    pub async fn set_primary_email(&mut self, user: UserId, email: EmailId, now: Timestamp) -> Result<(), StoreError> {
        on_work!(self, SET_PRIMARY_EMAIL, |sql, db| {
            sqlx::query(sql).bind(email.0).bind(now.0).bind(self.tenant.0).bind(user.0).execute(db).await?;
        });
        Ok(())
    }
}

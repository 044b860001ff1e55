//! Passwords (`spec/admin-api.md` §9).

use hanko_credentials::{NewPassword, PasswordHash, password::MAX_BYTES};
use hanko_domain::{AuditKind, PasswordId, Secret, UserId};
use hanko_store::{passwords::PasswordInfo, users::Account};

use super::{Admin, Outcome, bad_request, not_found};
use crate::{
    effect::{Effect, preview},
    rest::refusal::{internal, refuse},
};

/// What an administrator sets.
#[derive(Clone, Debug)]
pub enum NewSecret {
    /// A password; its length is not the project's to judge (§18 Q26).
    Password(Secret<String>),
    /// A hash of it, made elsewhere.
    Hash(PasswordHash),
}

impl Admin<'_> {
    /// That a user has a password.
    pub async fn password(self, user: UserId) -> Outcome<PasswordInfo> {
        self.account(user, not_found()).await?.password.ok_or_else(not_found)
    }

    /// Sets the first password of a user; 409 when there is one.
    pub async fn create_password(self, user: UserId, secret: NewSecret) -> Outcome<PasswordInfo> {
        self.set_password(user, secret, |account| match account.password {
            None => Ok(()),
            Some(_) => Err(refuse(409)),
        })
        .await
    }

    /// Replaces the password of a user; 404 when there is none.
    pub async fn update_password(self, user: UserId, secret: NewSecret) -> Outcome<PasswordInfo> {
        self.set_password(user, secret, |account| match account.password {
            Some(_) => Ok(()),
            None => Err(not_found()),
        })
        .await
    }

    async fn set_password(
        self,
        user: UserId,
        secret: NewSecret,
        allowed: impl Fn(&Account) -> Outcome<()>,
    ) -> Outcome<PasswordInfo> {
        // A hash is work: none for a user who gets no password.
        allowed(&self.account(user, not_found()).await?)?;
        let call = self.call();
        let imported = matches!(secret, NewSecret::Hash(_));
        let hash = match secret {
            NewSecret::Hash(hash) => hash,
            NewSecret::Password(password) => {
                let too_long = |_| bad_request(format!("password must not be longer than {MAX_BYTES} bytes"));
                call.inner().hasher.hash(&NewPassword::parse(&password, 0).map_err(too_long)?).await?
            }
        };
        let id = PasswordId::random(&call.inner().random);
        self.change(user, not_found, |call, account| {
            allowed(account)?;
            let entry = self.entry(AuditKind::AdminPasswordSet, user).with("imported", imported);
            let effects = vec![Effect::SetPassword { id, user, hash: hash.clone() }, Effect::Audit(entry)];
            let mut after = account.clone();
            preview(&mut after, &effects, call.now);
            Ok((after.password.ok_or_else(|| internal("a password that was set is missing"))?, effects))
        })
        .await
    }

    /// Removes the password of a user, also the last way in.
    pub async fn delete_password(self, user: UserId) -> Outcome<()> {
        self.change(user, not_found, |_, account| {
            account.password.as_ref().ok_or_else(not_found)?;
            let entry = Effect::Audit(self.entry(AuditKind::AdminPasswordDeleted, user));
            Ok(((), vec![Effect::RemovePassword(user), entry]))
        })
        .await
    }
}

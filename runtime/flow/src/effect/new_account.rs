//! An account that is about to be made.

use hanko_credentials::PasswordHash;
use hanko_domain::{EmailAddress, EmailId, Passkey, PasswordId, Secret, Timestamp, UserId, Username, UsernameId};
use hanko_store::{
    StoreError, Work,
    emails::Email,
    otp_secrets::{OtpInfo, OtpSecret},
    passwords::PasswordInfo,
    users::{Account, Profile, User},
};

use super::preview::stored_username;
use crate::engine::Failure;

/// An account that does not exist yet.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) user: UserId,
    /// The main one first; with whether its owner has proven it.
    pub(crate) emails: Vec<(EmailId, EmailAddress, bool)>,
    pub(crate) username: Option<(UsernameId, Username)>,
    pub(crate) otp: Option<OtpSecret>,
    pub(crate) password: Option<(PasswordId, PasswordHash)>,
    pub(crate) passkeys: Vec<Passkey>,
    pub(crate) created_at: Timestamp,
    /// A session follows at once.
    pub(crate) signs_in: bool,
}

impl NewAccount {
    /// Writes it down.
    pub(super) async fn create(&self, work: &mut Work, now: Timestamp) -> Result<(), Failure> {
        work.insert_user(&self.user(now)).await.map_err(|error| match error {
            // Somebody else has got the id that was free a moment ago.
            StoreError::Conflict => Failure::busy(error),
            other => other.into(),
        })?;
        for (id, address, verified) in &self.emails {
            work.insert_email(*id, self.user, address, *verified, now).await?;
        }
        for passkey in &self.passkeys {
            work.insert_passkey(passkey).await?;
        }
        if let Some((id, hash)) = &self.password {
            work.put_password(*id, self.user, &Secret::new(hash.as_str().to_owned()), now).await?;
        }
        if let Some(secret) = &self.otp {
            work.insert_otp_secret(secret).await?;
        }
        if let Some((id, username)) = &self.username {
            work.insert_username(*id, self.user, username, now).await?;
        }
        Ok(())
    }

    fn user(&self, now: Timestamp) -> User {
        User {
            id: self.user,
            primary_email: self.emails.first().map(|(id, ..)| *id),
            created_at: self.created_at,
            updated_at: now,
            last_login_at: self.signs_in.then_some(now),
            profile: Profile::default(),
        }
    }

    /// The account as it will be read back.
    pub(crate) fn preview(&self, now: Timestamp) -> Account {
        let emails = self.emails.iter().map(|(id, address, verified)| Email {
            id: *id,
            user: self.user,
            address: address.as_str().to_owned(),
            verified: *verified,
            created_at: now,
            updated_at: now,
        });
        Account {
            user: self.user(now),
            emails: emails.collect(),
            passkeys: self.passkeys.clone(),
            username: self.username.as_ref().map(|(id, username)| stored_username(*id, self.user, username, now)),
            password: self.password.as_ref().map(|(id, _)| PasswordInfo { id: *id, created_at: now, updated_at: now }),
            otp: self.otp.as_ref().map(|otp| OtpInfo { id: otp.id, created_at: otp.created_at }),
            metadata: Default::default(),
        }
    }
}

//! What an account will be once effects are applied.

use hanko_domain::{Timestamp, UserId, Username, UsernameId};
use hanko_store::{
    emails::Email, otp_secrets::OtpInfo, passwords::PasswordInfo, usernames::StoredUsername, users::Account,
};

use super::Effect;

pub(super) fn stored_username(id: UsernameId, user: UserId, username: &Username, now: Timestamp) -> StoredUsername {
    StoredUsername { id, user, username: username.as_str().to_owned(), created_at: now, updated_at: now }
}

/// Shows what an account will be once the effects are applied: the answer is written before the transaction.
pub(crate) fn preview(account: &mut Account, effects: &[Effect], now: Timestamp) {
    for effect in effects {
        match effect {
            Effect::VerifyEmail(id) => {
                account.emails.iter_mut().filter(|email| email.id == *id).for_each(|email| {
                    email.verified = true;
                    email.updated_at = now;
                });
            }
            Effect::RemoveUnproven { .. } => {
                account.user.updated_at = now;
                account.passkeys.clear();
                account.password = None;
                account.otp = None;
            }
            Effect::SetPassword { id, .. } => {
                account.user.updated_at = now;
                let info = account.password.take();
                let id = info.as_ref().map_or(*id, |info| info.id);
                let created_at = info.map_or(now, |info| info.created_at);
                account.password = Some(PasswordInfo { id, created_at, updated_at: now });
            }
            Effect::StorePasskey(passkey) => account.passkeys.push(passkey.clone()),
            Effect::UsePasskey { passkey, .. } => {
                account
                    .passkeys
                    .iter_mut()
                    .filter(|stored| stored.id == passkey.id)
                    .for_each(|stored| *stored = passkey.clone());
            }
            Effect::StoreOtp(secret) => account.otp = Some(OtpInfo { id: secret.id, created_at: secret.created_at }),
            Effect::SetPrimaryEmail { id, .. } => {
                account.user.updated_at = now;
                account.user.primary_email = Some(*id);
            }
            Effect::RemoveEmail { user, id, primary } if *user == account.user.id => {
                account.user.updated_at = now;
                if *primary {
                    account.user.primary_email = None;
                }
                account.emails.retain(|email| email.id != *id);
            }
            Effect::RemovePassword(_) => account.password = None,
            Effect::RenamePasskey { id, name, .. } => {
                account
                    .passkeys
                    .iter_mut()
                    .filter(|stored| stored.id == *id)
                    .for_each(|stored| stored.name = Some(name.clone()));
            }
            Effect::RemovePasskey { id, .. } => account.passkeys.retain(|stored| stored.id != *id),
            Effect::RemoveOtp(_) => account.otp = None,
            Effect::PutMetadata { metadata, .. } => account.metadata = metadata.clone(),
            Effect::ChangeUsername { username, .. } => {
                if let Some(stored) = &mut account.username {
                    username.as_str().clone_into(&mut stored.username);
                    stored.updated_at = now;
                }
            }
            Effect::RemoveUsername(_) => account.username = None,
            Effect::AddUsername { id, user, username } => {
                account.username = Some(stored_username(*id, *user, username, now));
            }
            Effect::AddEmail { id, user, address, verified, primary } if *user == account.user.id => {
                account.user.updated_at = now;
                if *primary {
                    account.user.primary_email = Some(*id);
                }
                account.emails.push(Email {
                    id: *id,
                    user: *user,
                    address: address.as_str().to_owned(),
                    verified: *verified,
                    created_at: now,
                    updated_at: now,
                });
            }
            _ => {}
        }
    }
}

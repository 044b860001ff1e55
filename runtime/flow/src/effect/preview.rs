//! What an account will be once effects are applied.

use hanko_domain::{Timestamp, UserId, Username, UsernameId};
use hanko_metadata::Schemas;
use hanko_store::{
    emails::Email, otp_secrets::OtpInfo, passwords::PasswordInfo, usernames::StoredUsername, users::Account,
};

use super::Effect;

pub(crate) fn stored_username(id: UsernameId, user: UserId, username: &Username, now: Timestamp) -> StoredUsername {
    StoredUsername { id, user, username: username.as_str().to_owned(), created_at: now, updated_at: now }
}

/// The time of the row only grows, as the store has it: it tells whoever read it before that it has changed.
fn touch(account: &mut Account, now: Timestamp) {
    let user = &mut account.user;
    user.updated_at = if user.updated_at < now { now } else { Timestamp(user.updated_at.0 + 1) };
}

/// Shows what an account will be once the effects are applied: the answer is written before the transaction.
pub(crate) fn preview(account: &mut Account, effects: &[Effect], now: Timestamp) {
    for effect in effects {
        if effect.touches() == Some(account.user.id) {
            touch(account, now);
        }
        match effect {
            Effect::VerifyEmail(id) => {
                account.emails.iter_mut().filter(|email| email.id == *id).for_each(|email| {
                    email.verified = true;
                    email.updated_at = now;
                });
            }
            Effect::RemoveUnproven { .. } => {
                account.passkeys.clear();
                account.password = None;
                account.otp = None;
            }
            Effect::SetPassword { id, .. } => {
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
            Effect::SetPrimaryEmail { user, id } if *user == account.user.id => {
                touch(account, now);
                account.user.primary_email = Some(*id);
            }
            Effect::RemoveEmail { user, id, primary } if *user == account.user.id => {
                if *primary {
                    touch(account, now);
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
            // Whoever decided has held it against the schemas.
            Effect::PutMetadata { patch, .. } => {
                if let Ok(after) = hanko_metadata::apply(&account.metadata, patch, &Schemas::default()) {
                    account.metadata = after;
                }
            }
            Effect::PutProfile { user, profile } if *user == account.user.id => {
                touch(account, now);
                account.user.profile = profile.clone();
            }
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
                if *primary {
                    touch(account, now);
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

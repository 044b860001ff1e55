//! Addresses (`spec/admin-api.md` §7).

use hanko_domain::{AuditKind, EmailAddress, EmailId, EventKind, UserId};
use hanko_store::{emails::Email, users::Account};

use super::{Admin, AdminError, Outcome, not_found};
use crate::{
    effect::{Effect, preview},
    rest::refusal::{refuse, refuse_saying},
    rules::{
        claim::{self, Holder},
        report,
    },
};

impl Admin<'_> {
    /// A user whose addresses are listed, oldest first; of an unknown user there are none.
    pub async fn emails(self, user: UserId) -> Outcome<Option<Account>> {
        Ok(self.tenant.store().account(user).await?)
    }

    /// A user and one of its addresses.
    pub async fn email(self, user: UserId, id: EmailId) -> Outcome<(Account, Email)> {
        let account = self.account(user, unknown_user(user)).await?;
        let email = account.emails.iter().find(|email| email.id == id).cloned().ok_or_else(|| unknown_email(id))?;
        Ok((account, email))
    }

    /// Adds an address; the first becomes the main one.
    pub async fn create_email(
        self,
        user: UserId,
        address: EmailAddress,
        is_verified: bool,
    ) -> Outcome<(Account, Email)> {
        let id = EmailId::random(&self.call().inner().random);
        let limit = usize::try_from(self.tenant.project().settings.email.limit).unwrap_or(usize::MAX);
        let known = self.account(user, not_found()).await?;
        if known.emails.len() >= limit {
            return Err(refuse(409));
        }
        // Whoever the caller says has proven an address takes it from an account that only claims it.
        let claimed = match claim::find(self.tenant.store(), address.clone()).await?.holder {
            Holder::Nobody => None,
            Holder::Claimed(email, claimant) if is_verified && claimant.user.id != user => Some((email, claimant)),
            Holder::Claimed(..) | Holder::Named(_) => return Err(refuse(400)),
        };
        let added = self.change(user, not_found, |call, account| {
            if account.emails.len() >= limit {
                return Err(refuse(409));
            }
            let at = self.occasion(call);
            let primary = account.emails.is_empty();
            let mut effects = Vec::new();
            if let Some((email, claimant)) = &claimed {
                effects.extend(claim::release(at, email, claimant));
            }
            let address = address.clone();
            effects.push(Effect::AddEmail { id, user, address: address.clone(), verified: is_verified, primary });
            let entry = self.entry(AuditKind::AdminEmailCreated, user).with("email", address.as_str());
            effects.push(Effect::Audit(entry.with("is_verified", is_verified)));
            let mut after = account.clone();
            preview(&mut after, &effects, call.now);
            effects.push(report::account(at, EventKind::UserUpdateEmailCreate, &after));
            Ok((after, effects))
        });
        let after = match added.await {
            // Somebody was faster, with the last place or with the address.
            Err(AdminError::Refused(refusal)) if refusal.status == 409 => {
                let is_full = self.account(user, not_found()).await?.emails.len() >= limit;
                return Err(refuse(if is_full { 409 } else { 400 }));
            }
            other => other?,
        };
        let email = after.emails.iter().find(|email| email.id == id).cloned().ok_or_else(|| unknown_email(id))?;
        Ok((after, email))
    }

    /// Takes an address off a user; 409 for the main one.
    pub async fn delete_email(self, user: UserId, id: EmailId) -> Outcome<()> {
        self.change(
            user,
            || unknown_user(user),
            |call, account| {
                let email = account.emails.iter().find(|email| email.id == id).ok_or_else(|| unknown_email(id))?;
                if account.user.primary_email == Some(id) {
                    return Err(refuse(409));
                }
                let entry = self.entry(AuditKind::AdminEmailDeleted, user).with("email", email.address.as_str());
                let mut effects = vec![Effect::RemoveEmail { user, id, primary: false }, Effect::Audit(entry)];
                let mut after = account.clone();
                preview(&mut after, &effects, call.now);
                effects.push(report::account(self.occasion(call), EventKind::UserUpdateEmailDelete, &after));
                Ok(((), effects))
            },
        )
        .await
    }

    /// Makes an address the main one; nothing happens when it is.
    pub async fn set_primary_email(self, user: UserId, id: EmailId) -> Outcome<()> {
        self.change(
            user,
            || unknown_user(user),
            |call, account| {
                let email = account.emails.iter().find(|email| email.id == id).ok_or_else(not_found)?;
                if account.user.primary_email == Some(id) {
                    return Ok(((), Vec::new()));
                }
                let entry = self.entry(AuditKind::AdminPrimaryEmailChanged, user).with("email", email.address.as_str());
                let mut effects = vec![Effect::SetPrimaryEmail { user, id }, Effect::Audit(entry)];
                let mut after = account.clone();
                preview(&mut after, &effects, call.now);
                effects.push(report::account(self.occasion(call), EventKind::UserUpdateEmailPrimary, &after));
                Ok(((), effects))
            },
        )
        .await
    }
}

fn unknown_user(id: UserId) -> AdminError {
    refuse_saying(404, format!("user with id '{id}' was not found"))
}

fn unknown_email(id: EmailId) -> AdminError {
    refuse_saying(404, format!("email with id '{id}' was not found"))
}

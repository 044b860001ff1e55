//! Whose an address is (`spec/decisions.md` 2). Every path that finds or adds an address asks here: flows, the deprecated endpoints.
//!
//! An address that was proven names its account. So does an unproven one while its account has proven none: whoever proves it then
//! gets the account and everything strangers attached to it goes. Next to a proven address an unproven one is only a claim: it signs
//! nobody in, and whoever proves it takes it from the account that claims it.

use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EventKind, UserId, audit::Actor};
use hanko_notify::mail::{Message, Template};
use hanko_store::{StoreError, TenantStore, emails::Email, users::Account};

use crate::{
    effect::{self, Effect},
    rules::report,
    sessions::Occasion,
};

/// Who has an address.
#[derive(Debug)]
pub(crate) enum Holder {
    Nobody,
    /// It names this account.
    Named(Box<Account>),
    /// This account claims it.
    Claimed(Email, Box<Account>),
}

/// An address and who has it.
#[derive(Debug)]
pub(crate) struct Found {
    /// As the account has it that it names, else as typed: two spellings with one key may be two mailboxes, and only one was proven.
    pub(crate) address: EmailAddress,
    pub(crate) holder: Holder,
}

impl Found {
    /// Nobody can add this address to an account: it names one, or nobody would have to prove that it is theirs.
    pub(crate) fn is_taken(&self, verification: bool) -> bool {
        match self.holder {
            Holder::Nobody => false,
            Holder::Named(_) => true,
            Holder::Claimed(..) => !verification,
        }
    }

    /// The account the address names.
    pub(crate) fn account(self) -> Option<Account> {
        match self.holder {
            Holder::Named(account) => Some(*account),
            Holder::Nobody | Holder::Claimed(..) => None,
        }
    }
}

/// Looks an address up. A stranger's loads the account of its neighbour and forgets it, so that both cost the same.
pub(crate) async fn find(store: &TenantStore, typed: EmailAddress) -> Result<Found, StoreError> {
    let found = store.email_or_next(&typed).await?;
    let user = found.as_ref().map_or(UserId(uuid::Uuid::nil()), |(email, _)| email.user);
    let account = store.account(user).await?;
    Ok(match (found, account) {
        (Some((email, true)), Some(account)) if names(&account, &email) => Found {
            address: EmailAddress::parse(&email.address).unwrap_or(typed),
            holder: Holder::Named(Box::new(account)),
        },
        (Some((email, true)), Some(account)) => {
            Found { address: typed, holder: Holder::Claimed(email, Box::new(account)) }
        }
        _ => Found { address: typed, holder: Holder::Nobody },
    })
}

/// Whether an address of an account names it.
pub(crate) fn names(account: &Account, email: &Email) -> bool {
    email.verified || !account.emails.iter().any(|other| other.verified)
}

/// Where a code that proves the account can be mailed: the main address if it names the account, else the oldest that does.
pub(crate) fn mailbox(account: &Account) -> Option<EmailAddress> {
    let primary = account.primary_email().filter(|email| names(account, email));
    let email = primary.or_else(|| account.emails.iter().find(|email| names(account, email)));
    email.and_then(|email| EmailAddress::parse(&email.address).ok())
}

/// Takes an address off the account that claims it; its owner is told.
pub(crate) fn release(at: Occasion<'_>, email: &Email, claimant: &Account) -> Vec<Effect> {
    let user = claimant.user.id;
    let primary = claimant.user.primary_email == Some(email.id);
    let entry = AuditEntry::new(AuditKind::EmailDeleted, Actor::user(user)).with("email", email.address.as_str());
    let mut effects = vec![
        Effect::RemoveEmail { user, id: email.id, primary },
        Effect::Audit(entry.with("reason", "somebody else has proven the address")),
    ];
    let left = claimant.emails.iter().find(|other| other.id != email.id && other.verified);
    if let (true, Some(left)) = (primary, left) {
        effects.push(Effect::SetPrimaryEmail { user, id: left.id });
    }
    let to = left.and_then(|left| EmailAddress::parse(&left.address).ok());
    if let (Some(to), Ok(gone)) = (to, EmailAddress::parse(&email.address)) {
        // Whoever took the address does not choose the language the owner reads.
        let service = at.tenant.project().settings.service_name.as_str();
        let message = Message::notice(Template::EmailDelete, to, "", service).about(user);
        effects.push(Effect::Mail(message.with_deleted_address(gone)));
    }
    let mut account = claimant.clone();
    effect::preview(&mut account, &effects, at.now);
    effects.push(report::account(at, EventKind::UserUpdateEmailDelete, &account));
    effects
}

#[cfg(test)]
mod tests {
    use hanko_domain::{EmailId, Timestamp};
    use hanko_store::users::{Profile, User};

    use super::*;

    fn account(emails: &[(&str, bool)], primary: usize) -> Account {
        let email = |(n, (address, verified)): (usize, &(&str, bool))| Email {
            id: EmailId(uuid::Uuid::from_u128(n as u128)),
            user: UserId(uuid::Uuid::nil()),
            address: (*address).to_owned(),
            verified: *verified,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let primary_email = Some(EmailId(uuid::Uuid::from_u128(primary as u128)));
        let user = User {
            id: UserId(uuid::Uuid::nil()),
            primary_email,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            last_login_at: None,
            profile: Profile::default(),
        };
        Account {
            user,
            emails: emails.iter().enumerate().map(email).collect(),
            passkeys: Vec::new(),
            username: None,
            password: None,
            otp: None,
            metadata: Default::default(),
        }
    }

    #[test]
    fn next_to_a_proven_address_an_unproven_one_names_nobody() {
        for (emails, named) in [
            (&[("a@x.test", true)][..], &[true][..]),
            (&[("a@x.test", false)], &[true]),
            (&[("a@x.test", false), ("b@x.test", false)], &[true, true]),
            (&[("a@x.test", true), ("b@x.test", false)], &[true, false]),
            (&[("a@x.test", false), ("b@x.test", true)], &[false, true]),
        ] {
            let account = account(emails, 0);
            let found: Vec<bool> = account.emails.iter().map(|email| names(&account, email)).collect();
            assert_eq!(found, named, "{emails:?}");
        }
    }

    #[test]
    fn codes_go_to_the_main_address_unless_it_is_only_a_claim() {
        let to = |emails: &[(&str, bool)], primary| mailbox(&account(emails, primary)).map(|to| to.as_str().to_owned());
        assert_eq!(to(&[("a@x.test", true), ("b@x.test", true)], 1).as_deref(), Some("b@x.test"));
        assert_eq!(to(&[("a@x.test", true), ("b@x.test", false)], 1).as_deref(), Some("a@x.test"));
        assert_eq!(to(&[("a@x.test", false)], 0).as_deref(), Some("a@x.test"));
        assert_eq!(to(&[], 0), None);
    }
}

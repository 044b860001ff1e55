//! What a decision changes, as data. Phase two applies it in one short transaction.

use hanko_credentials::PasswordHash;
use hanko_domain::{
    AuditEntry, AuditKind, EmailAddress, EmailId, Passkey, PasswordId, RequestMeta, Secret, Timestamp, UserId,
    audit::Actor,
};
use hanko_notify::mail::{self, Message, Template};
use hanko_store::{
    Work,
    emails::Email,
    users::{Account, User},
};

use crate::{engine::Failure, sessions::NewSession, tenant::Inner};

/// One change.
#[derive(Debug)]
pub(crate) enum Effect {
    Audit(AuditEntry),
    Mail(Message),
    /// The account of a registration.
    CreateAccount(Box<NewAccount>),
    /// An address was proven by its owner.
    VerifyEmail(EmailId),
    /// An address was proven that the account held unverified: what strangers attached goes (`spec/decisions.md` 2).
    RemoveUnproven {
        user: UserId,
        address: EmailAddress,
    },
    SetPassword {
        user: UserId,
        hash: PasswordHash,
    },
    UpgradePassword {
        user: UserId,
        old: Secret<String>,
        new: PasswordHash,
    },
    StorePasskey(Passkey),
    /// An assertion was accepted; `previous` is the counter it was checked against.
    UsePasskey {
        passkey: Passkey,
        previous: u32,
    },
    StartSession(Box<NewSession>),
}

/// An account that does not exist yet.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) user: UserId,
    pub(crate) email: Option<(EmailId, EmailAddress, bool)>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) passkeys: Vec<Passkey>,
}

/// Applies effects in order. `false`: somebody else was faster with something single-use; nothing must be committed.
pub(crate) async fn apply_all(
    effects: Vec<Effect>,
    work: &mut Work,
    tenant: &Inner,
    request: &RequestMeta,
    now: Timestamp,
) -> Result<bool, Failure> {
    for effect in effects {
        if !apply(effect, work, tenant, request, now).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn apply(
    effect: Effect,
    work: &mut Work,
    tenant: &Inner,
    request: &RequestMeta,
    now: Timestamp,
) -> Result<bool, Failure> {
    let random = &tenant.random;
    match effect {
        Effect::Audit(entry) => record(entry, work, tenant, request, now).await?,
        Effect::Mail(message) => {
            mail::enqueue(work, &tenant.sealer, &message, request, now, random).await.map_err(Failure::internal)?;
        }
        Effect::CreateAccount(account) => create(*account, work, tenant, now).await?,
        Effect::VerifyEmail(email) => {
            work.verify_email(email, now).await?;
        }
        Effect::RemoveUnproven { user, address } => {
            let password = work.delete_password(user).await?;
            let passkeys = work.delete_passkeys_of(user).await?;
            let sessions = work.delete_sessions_of(user).await?;
            if password || passkeys + sessions > 0 {
                let entry = AuditEntry::new(AuditKind::CredentialsPurged, Actor::user(user))
                    .with("password", password)
                    .with("passkeys", passkeys)
                    .with("sessions", sessions);
                record(entry, work, tenant, request, now).await?;
                let message = Message {
                    template: Template::CredentialsRemoved,
                    to: address,
                    language: request.language.clone(),
                    service_name: tenant.project.settings.service_name.clone(),
                    code: None,
                    ttl_seconds: 0,
                    valid_until: now,
                };
                mail::enqueue(work, &tenant.sealer, &message, request, now, random).await.map_err(Failure::internal)?;
            }
        }
        Effect::SetPassword { user, hash } => {
            let hash = Secret::new(hash.as_str().to_owned());
            work.put_password(PasswordId::random(random), user, &hash, now).await?;
        }
        Effect::UpgradePassword { user, old, new } => {
            work.upgrade_password(user, &old, &Secret::new(new.as_str().to_owned()), now).await?;
        }
        Effect::StorePasskey(passkey) => work.insert_passkey(&passkey).await?,
        Effect::UsePasskey { passkey, previous } => return Ok(work.use_passkey(&passkey, previous, now).await?),
        Effect::StartSession(session) => session.store(work, tenant, request, now).await?,
    }
    Ok(true)
}

/// Writes an audit entry, masked as the project wants.
pub(crate) async fn record(
    entry: AuditEntry,
    work: &mut Work,
    tenant: &Inner,
    request: &RequestMeta,
    now: Timestamp,
) -> Result<(), Failure> {
    let mask = tenant.project.settings.audit_mask;
    Ok(hanko_notify::audit::record(work, entry, request, mask, now, &tenant.random).await?)
}

async fn create(account: NewAccount, work: &mut Work, tenant: &Inner, now: Timestamp) -> Result<(), Failure> {
    let user = User {
        id: account.user,
        primary_email: account.email.as_ref().map(|(id, ..)| *id),
        created_at: now,
        updated_at: now,
    };
    work.insert_user(&user).await?;
    if let Some((id, address, verified)) = &account.email {
        work.insert_email(*id, account.user, address, *verified, now).await?;
    }
    for passkey in &account.passkeys {
        work.insert_passkey(passkey).await?;
    }
    if let Some(hash) = &account.password {
        let hash = Secret::new(hash.as_str().to_owned());
        work.put_password(PasswordId::random(&tenant.random), account.user, &hash, now).await?;
    }
    Ok(())
}

impl NewAccount {
    /// The account as it will be read back.
    pub(crate) fn preview(&self, now: Timestamp) -> Account {
        let emails = self.email.iter().map(|(id, address, verified)| Email {
            id: *id,
            user: self.user,
            address: address.as_str().to_owned(),
            verified: *verified,
            created_at: now,
            updated_at: now,
        });
        Account {
            user: User {
                id: self.user,
                primary_email: self.email.as_ref().map(|(id, ..)| *id),
                created_at: now,
                updated_at: now,
            },
            emails: emails.collect(),
            passkeys: self.passkeys.clone(),
            username: None,
            password: None,
            otp: None,
        }
    }
}

/// Shows what an account will be once the effects are applied: the answer is written before the transaction.
pub(crate) fn preview(account: &mut Account, effects: &[Effect]) {
    for effect in effects {
        match effect {
            Effect::VerifyEmail(id) => {
                account.emails.iter_mut().filter(|email| email.id == *id).for_each(|email| email.verified = true);
            }
            Effect::RemoveUnproven { .. } => account.passkeys.clear(),
            Effect::StorePasskey(passkey) => account.passkeys.push(passkey.clone()),
            Effect::UsePasskey { passkey, .. } => {
                account
                    .passkeys
                    .iter_mut()
                    .filter(|stored| stored.id == passkey.id)
                    .for_each(|stored| *stored = passkey.clone());
            }
            _ => {}
        }
    }
}

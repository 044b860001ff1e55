//! What a decision changes, as data. Phase two applies it in one short transaction.

use hanko_credentials::{PasswordHash, trusted_device::TokenHash};
use hanko_domain::{
    AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, OtpSecretId, Passkey, PasswordId, RequestMeta, Secret,
    Timestamp, UserId, Username, UsernameId, audit::Actor,
};
use hanko_notify::{
    events,
    mail::{self, Message, Template},
};
use hanko_store::{
    Work,
    emails::Email,
    otp_secrets::{OtpInfo, OtpSecret},
    passwords::PasswordInfo,
    usernames::StoredUsername,
    users::{Account, User},
};
use serde_json::Value;

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
    /// `id` is used when the account had none.
    SetPassword {
        id: PasswordId,
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
    AddUsername {
        id: UsernameId,
        user: UserId,
        username: Username,
    },
    /// A new address of an account that has none; it becomes the main one.
    AddEmail {
        id: EmailId,
        user: UserId,
        address: EmailAddress,
        verified: bool,
    },
    StoreOtp(OtpSecret),
    /// A code was accepted; its time step counts once.
    UseOtpStep {
        user: UserId,
        id: OtpSecretId,
        step: i64,
    },
    /// `dropped`: tokens that are in no cookie any more.
    TrustDevice {
        user: UserId,
        hash: TokenHash,
        expires_at: Timestamp,
        dropped: Vec<TokenHash>,
    },
    /// Everything that a password which someone else may know has opened is closed.
    EndSessions(UserId),
    StartSession(Box<NewSession>),
    /// Something others may want to be told.
    Event(EventKind, Value),
}

/// An account that does not exist yet.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) user: UserId,
    pub(crate) email: Option<(EmailId, EmailAddress, bool)>,
    pub(crate) username: Option<(UsernameId, Username)>,
    pub(crate) otp: Option<OtpSecret>,
    pub(crate) password: Option<(PasswordId, PasswordHash)>,
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
            mail::enqueue(work, &tenant.sealer, &tenant.project, &message, request, now, random)
                .await
                .map_err(Failure::internal)?;
        }
        Effect::CreateAccount(account) => create(*account, work, now).await?,
        Effect::VerifyEmail(email) => {
            work.verify_email(email, now).await?;
        }
        Effect::RemoveUnproven { user, address } => {
            work.touch_user(user, now).await?;
            let password = work.delete_password(user).await?;
            let passkeys = work.delete_passkeys_of(user).await?;
            let otp = work.delete_otp_secret_of(user).await?;
            let devices = work.delete_trusted_devices_of(user).await?;
            let sessions = work.delete_sessions_of(user).await?;
            if password || otp || passkeys + devices + sessions > 0 {
                let entry = AuditEntry::new(AuditKind::CredentialsPurged, Actor::user(user))
                    .with("password", password)
                    .with("passkeys", passkeys)
                    .with("otp_secret", otp)
                    .with("trusted_devices", devices)
                    .with("sessions", sessions);
                record(entry, work, tenant, request, now).await?;
                let (language, service) = (&request.language, &tenant.project.settings.service_name);
                let message = Message::notice(Template::CredentialsRemoved, address, language, service).about(user);
                mail::enqueue(work, &tenant.sealer, &tenant.project, &message, request, now, random)
                    .await
                    .map_err(Failure::internal)?;
            }
        }
        Effect::SetPassword { id, user, hash } => {
            work.touch_user(user, now).await?;
            work.put_password(id, user, &Secret::new(hash.as_str().to_owned()), now).await?;
        }
        Effect::UpgradePassword { user, old, new } => {
            work.upgrade_password(user, &old, &Secret::new(new.as_str().to_owned()), now).await?;
        }
        Effect::StorePasskey(passkey) => work.insert_passkey(&passkey).await?,
        Effect::UsePasskey { passkey, previous } => return Ok(work.use_passkey(&passkey, previous, now).await?),
        Effect::AddUsername { id, user, username } => work.insert_username(id, user, &username, now).await?,
        Effect::AddEmail { id, user, address, verified } => {
            work.insert_email(id, user, &address, verified, now).await?;
            work.set_primary_email(user, id, now).await?;
        }
        Effect::StoreOtp(secret) => work.insert_otp_secret(&secret).await?,
        Effect::UseOtpStep { user, id, step } => return Ok(work.use_otp_step(user, id, step, now).await?),
        Effect::TrustDevice { user, hash, expires_at, dropped } => {
            for hash in dropped {
                work.delete_trusted_device(&hash).await?;
            }
            work.insert_trusted_device(user, &hash, expires_at, now).await?;
        }
        Effect::EndSessions(user) => {
            work.delete_sessions_of(user).await?;
            work.delete_trusted_devices_of(user).await?;
        }
        Effect::StartSession(session) => return session.store(work, tenant, request, now).await,
        Effect::Event(kind, payload) => events::record(work, &tenant.sealer, kind, &payload, request, now, random)
            .await
            .map_err(Failure::internal)?,
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

async fn create(account: NewAccount, work: &mut Work, now: Timestamp) -> Result<(), Failure> {
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
    if let Some((id, hash)) = &account.password {
        work.put_password(*id, account.user, &Secret::new(hash.as_str().to_owned()), now).await?;
    }
    if let Some(secret) = &account.otp {
        work.insert_otp_secret(secret).await?;
    }
    if let Some((id, username)) = &account.username {
        work.insert_username(*id, account.user, username, now).await?;
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
            username: self.username.as_ref().map(|(id, username)| stored_username(*id, self.user, username, now)),
            password: self.password.as_ref().map(|(id, _)| PasswordInfo { id: *id, created_at: now, updated_at: now }),
            otp: self.otp.as_ref().map(|otp| OtpInfo { id: otp.id, created_at: otp.created_at }),
            metadata: Default::default(),
        }
    }
}

fn stored_username(id: UsernameId, user: UserId, username: &Username, now: Timestamp) -> StoredUsername {
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
            Effect::AddUsername { id, user, username } => {
                account.username = Some(stored_username(*id, *user, username, now));
            }
            Effect::AddEmail { id, user, address, verified } => {
                account.user.primary_email = Some(*id);
                account.user.updated_at = now;
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

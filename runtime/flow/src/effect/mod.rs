//! What a decision changes, as data. Phase two applies it in one short transaction.

mod new_account;
mod preview;

use hanko_credentials::{PasswordHash, trusted_device::TokenHash};
use hanko_domain::{
    AuditEntry, AuditKind, CredentialId, EmailAddress, EmailId, EventKind, OtpSecretId, Passkey, PasswordId,
    RequestMeta, Secret, Timestamp, UserId, Username, UsernameId, audit::Actor,
};
use hanko_metadata::Patch;
use hanko_notify::{
    events,
    mail::{self, Message, Template},
};
use hanko_store::{
    StoreError, Work,
    otp_secrets::OtpSecret,
    sessions::Session,
    users::{Account, Profile},
};
use serde_json::Value;

pub(crate) use self::{
    new_account::NewAccount,
    preview::{preview, stored_username},
};
use crate::{engine::Failure, rules::report, sessions::NewSession, tenant::Inner};

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
    RemovePassword(UserId),
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
    RenamePasskey {
        user: UserId,
        id: CredentialId,
        name: String,
    },
    RemovePasskey {
        user: UserId,
        id: CredentialId,
    },
    AddUsername {
        id: UsernameId,
        user: UserId,
        username: Username,
    },
    ChangeUsername {
        user: UserId,
        username: Username,
    },
    RemoveUsername(UserId),
    /// A new address of an account; `primary`: it becomes the main one.
    AddEmail {
        id: EmailId,
        user: UserId,
        address: EmailAddress,
        verified: bool,
        primary: bool,
    },
    SetPrimaryEmail {
        user: UserId,
        id: EmailId,
    },
    /// `primary`: the account has no main address afterwards.
    RemoveEmail {
        user: UserId,
        id: EmailId,
        primary: bool,
    },
    StoreOtp(OtpSecret),
    /// A code was accepted; its time step counts once.
    UseOtpStep {
        user: UserId,
        id: OtpSecretId,
        step: i64,
    },
    RemoveOtp(UserId),
    /// What devices were trusted for has changed.
    ForgetDevices(UserId),
    /// Merged into what is stored by then: no writer loses another's work.
    PutMetadata {
        user: UserId,
        patch: Patch,
    },
    PutProfile {
        user: UserId,
        profile: Profile,
    },
    /// With everything that belongs to it.
    DeleteAccount(UserId),
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
    /// A session is ended and told of, unless it has ended before.
    EndSession(Box<Session>, EventKind),
    /// Something others may want to be told.
    Event(EventKind, Value),
}

impl Effect {
    /// Whose row it moves on, so that whoever decided by what was read before decides again.
    fn touches(&self) -> Option<UserId> {
        match self {
            Self::StorePasskey(passkey) => Some(passkey.user),
            Self::StoreOtp(secret) => Some(secret.user),
            Self::RemovePassword(user) | Self::RemoveUsername(user) | Self::RemoveOtp(user) => Some(*user),
            Self::RemoveUnproven { user, .. }
            | Self::SetPassword { user, .. }
            | Self::RemovePasskey { user, .. }
            | Self::AddUsername { user, .. }
            | Self::ChangeUsername { user, .. }
            | Self::AddEmail { user, .. }
            | Self::RemoveEmail { user, .. } => Some(*user),
            _ => None,
        }
    }
}

/// Whether the account still is as it was read, and stays so until the end of the unit of work. With a login among the effects the
/// same statement writes down when it was.
pub(crate) async fn is_as_read(
    account: &Account,
    effects: &[Effect],
    work: &mut Work,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let user = &account.user;
    let is_login = |effect: &Effect| matches!(effect, Effect::StartSession(session) if session.is_login_of(user.id));
    if effects.iter().any(is_login) { work.log_in_as_read(user, now).await } else { work.is_as_read(user).await }
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
    if let Some(user) = effect.touches() {
        work.touch_user(user, now).await?;
    }
    match effect {
        Effect::Audit(entry) => record(entry, work, tenant, request, now).await?,
        Effect::Mail(message) => {
            mail::enqueue(work, &tenant.sealer, &tenant.project, &message, request, now, random)
                .await
                .map_err(Failure::internal)?;
        }
        Effect::CreateAccount(account) => account.create(work, now).await?,
        Effect::VerifyEmail(email) => {
            work.verify_email(email, now).await?;
        }
        Effect::RemoveUnproven { user, address } => {
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
            work.put_password(id, user, &Secret::new(hash.as_str().to_owned()), now).await?;
        }
        Effect::RemovePassword(user) => {
            work.delete_password(user).await?;
        }
        Effect::UpgradePassword { user, old, new } => {
            work.upgrade_password(user, &old, &Secret::new(new.as_str().to_owned()), now).await?;
        }
        Effect::StorePasskey(passkey) => {
            work.insert_passkey(&passkey).await?;
        }
        Effect::UsePasskey { passkey, previous } => return Ok(work.use_passkey(&passkey, previous, now).await?),
        Effect::RenamePasskey { user, id, name } => return Ok(work.rename_passkey(user, &id, &name).await?),
        Effect::RemovePasskey { user, id } => {
            return Ok(work.delete_passkey(user, &id).await?);
        }
        Effect::AddUsername { id, user, username } => {
            work.insert_username(id, user, &username, now).await?;
        }
        Effect::ChangeUsername { user, username } => {
            return Ok(work.update_username(user, &username, now).await?);
        }
        Effect::RemoveUsername(user) => {
            return Ok(work.delete_username(user).await?);
        }
        Effect::AddEmail { id, user, address, verified, primary } => {
            work.insert_email(id, user, &address, verified, now).await?;
            if primary {
                work.set_primary_email(user, id, now).await?;
            }
        }
        Effect::SetPrimaryEmail { user, id } => work.set_primary_email(user, id, now).await?,
        Effect::RemoveEmail { user, id, primary } => {
            if primary {
                work.clear_primary_email(user, now).await?;
            }
            return Ok(work.delete_email(user, id).await?);
        }
        Effect::StoreOtp(secret) => {
            work.insert_otp_secret(&secret).await?;
        }
        Effect::RemoveOtp(user) => {
            work.delete_otp_secret_of(user).await?;
        }
        Effect::ForgetDevices(user) => {
            work.delete_trusted_devices_of(user).await?;
        }
        Effect::PutMetadata { user, patch } => {
            let Some(before) = work.metadata_for_update(user, now).await? else { return Ok(false) };
            let after = hanko_metadata::apply(&before, &patch, &tenant.metadata_schemas)?;
            work.put_metadata(user, &after, now).await?;
        }
        Effect::PutProfile { user, profile } => work.put_profile(user, &profile, now).await?,
        Effect::DeleteAccount(user) => return Ok(work.delete_user(user).await?),
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
        Effect::EndSession(session, kind) => {
            if work.delete_session(session.id).await? {
                let payload = report::session(&session);
                events::record(work, &tenant.sealer, kind, &payload, request, now, random)
                    .await
                    .map_err(Failure::internal)?;
            }
        }
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

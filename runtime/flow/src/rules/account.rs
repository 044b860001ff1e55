//! What a login keeps: proven addresses and new credentials (`spec/flow-login-registration.md` §3.10, §3.16, §3.17).

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, PasswordId, audit::Actor};
use hanko_store::{emails::Email, otp_secrets::OtpSecret};

use crate::{
    effect::Effect,
    engine::{Cx, Failure, FlowError, Hook},
    rules::{
        claim::{self, Holder},
        report,
    },
    stash::LoginMethod,
};

/// The owner of the flow's address has proven it by a code. What strangers attached to the account while it was unproven goes,
/// before anybody decides what to ask the user for next; see [`claim`].
pub(crate) async fn address_proven(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let Some(address) = cx.stash.email.clone() else { return Ok(()) };
    let account = match claim::find(cx.store(), address.clone()).await?.holder {
        Holder::Named(account) => account,
        Holder::Claimed(email, claimant) if cx.stash.adds_email => {
            let released = claim::release(cx.occasion(), &email, &claimant);
            cx.effects.extend(released);
            return add_email(cx, true).await;
        }
        Holder::Nobody if cx.stash.adds_email => return add_email(cx, true).await,
        Holder::Nobody => return Ok(()),
        Holder::Claimed(..) => return Err(Failure::refused(FlowError::NotPermitted)),
    };
    let email = account.emails.iter().find(|email| same(email, &address));
    let Some(email) = email.filter(|email| Some(email.user) == cx.stash.user) else {
        // It changed hands during the flow; another address may do.
        return Err(Failure::refused(FlowError::NotPermitted));
    };
    if !email.verified {
        cx.then(Effect::VerifyEmail(email.id));
        cx.then(Effect::RemoveUnproven { user: email.user, address: address.clone() });
        cx.stash.has_password = false;
        cx.stash.has_passkey = false;
        cx.stash.has_otp = false;
        cx.stash.has_security_key = false;
    }
    if cx.stash.login_method != Some(LoginMethod::Passcode) {
        let entry = AuditEntry::new(AuditKind::EmailVerified, Actor::user(email.user));
        cx.audit(entry.with("email", address.as_str()));
    }
    Ok(())
}

/// Whether a stored address is this one.
pub(crate) fn same(email: &Email, address: &EmailAddress) -> bool {
    EmailAddress::parse(&email.address).is_ok_and(|own| own.key() == address.key())
}

/// Adds the flow's address to the account; its first becomes the main one.
pub(crate) async fn add_email(cx: &mut Cx<'_>, verified: bool) -> Result<(), Failure> {
    let (Some(user), Some(address)) = (cx.stash.user, cx.stash.email.clone()) else {
        return Err(Failure::internal("an address without an account"));
    };
    let primary = cx.account(user).await?.is_none_or(|account| account.emails.is_empty());
    cx.stash.adds_email = false;
    cx.stash.has_email = true;
    let id = EmailId::random(&cx.inner().random);
    cx.audit(AuditEntry::new(AuditKind::EmailCreated, Actor::user(user)).with("email", address.as_str()));
    if verified {
        cx.audit(AuditEntry::new(AuditKind::EmailVerified, Actor::user(user)).with("email", address.as_str()));
    }
    cx.then(Effect::AddEmail { id, user, address, verified, primary });
    report::changed(cx, EventKind::UserUpdateEmailCreate, user).await
}

/// After `password_creation`: the password is stored.
pub(crate) struct SavePassword;

#[async_trait]
impl Hook for SavePassword {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        if let (Some(user), Some(hash)) = (cx.stash.user, cx.stash.new_password.take()) {
            let id = PasswordId::random(&cx.inner().random);
            cx.then(Effect::SetPassword { id, user, hash });
        }
        Ok(())
    }
}

/// After `onboarding_verify_passkey_attestation`: the passkey is stored.
pub(crate) struct SavePasskeys;

#[async_trait]
impl Hook for SavePasskeys {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        for passkey in std::mem::take(&mut cx.stash.new_passkeys) {
            let (kind, name) = if passkey.mfa_only {
                (AuditKind::SecurityKeyCreated, "security_key")
            } else {
                (AuditKind::PasskeyCreated, "passkey")
            };
            cx.audit(AuditEntry::new(kind, Actor::user(passkey.user)).with(name, passkey.id.to_string()));
            cx.then(Effect::StorePasskey(passkey));
        }
        Ok(())
    }
}

/// After `mfa_otp_secret_creation`: the TOTP secret is stored.
pub(crate) struct SaveOtp;

#[async_trait]
impl Hook for SaveOtp {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let confirmed = confirmed_otp(cx);
        cx.stash.new_otp = None;
        if let Some(secret) = confirmed {
            let entry = AuditEntry::new(AuditKind::OtpCreated, Actor::user(secret.user));
            cx.audit(entry.with("otp_secret", secret.id.to_string()));
            cx.then(Effect::StoreOtp(secret));
        }
        Ok(())
    }
}

/// The TOTP secret that was set up in this run, if a code has confirmed it.
pub(crate) fn confirmed_otp(cx: &Cx<'_>) -> Option<OtpSecret> {
    let (user, new) = (cx.stash.user?, cx.stash.new_otp.as_ref()?);
    new.step?;
    Some(OtpSecret { id: new.id, user, sealed: new.sealed.clone(), last_step: new.step, created_at: cx.now })
}

//! What a login keeps: proven addresses and new credentials (`spec/flow-login-registration.md` §3.10, §3.16, §3.17).

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, audit::Actor};

use crate::{
    effect::Effect,
    engine::{Cx, Failure, Hook},
    stash::LoginMethod,
};

/// The owner of the flow's address has proven it by a code. What strangers attached to the account while it was unproven goes
/// (`spec/decisions.md` 2), before anybody decides what to ask the user for next.
pub(crate) async fn address_proven(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let Some(address) = cx.stash.email.clone() else { return Ok(()) };
    let Some(email) = cx.store().email(&address).await? else { return Ok(()) };
    if Some(email.user) != cx.stash.user {
        return Err(Failure::internal("the proven address changed hands during the flow"));
    }
    if !email.verified {
        cx.then(Effect::VerifyEmail(email.id));
        cx.then(Effect::RemoveUnproven { user: email.user, address: address.clone() });
        cx.stash.has_password = false;
        cx.stash.has_passkey = false;
    }
    if cx.stash.login_method != Some(LoginMethod::Passcode) {
        let entry = AuditEntry::new(AuditKind::EmailVerified, Actor::user(email.user));
        cx.audit(entry.with("email", address.as_str()));
    }
    Ok(())
}

/// After `password_creation`: the password is stored.
pub(crate) struct SavePassword;

#[async_trait]
impl Hook for SavePassword {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        if let (Some(user), Some(hash)) = (cx.stash.user, cx.stash.new_password.take()) {
            cx.then(Effect::SetPassword { user, hash });
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
            let entry = AuditEntry::new(AuditKind::PasskeyCreated, Actor::user(passkey.user));
            cx.audit(entry.with("passkey", passkey.id.to_string()));
            cx.then(Effect::StorePasskey(passkey));
        }
        Ok(())
    }
}

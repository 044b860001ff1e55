//! One-time codes of an authenticator app (`spec/flow-login-registration.md` §3.19, §3.20, §4.4).

use async_trait::async_trait;
use hanko_credentials::totp::{Outcome, TotpSecret};
use hanko_domain::{AuditEntry, AuditKind, OtpSecretId, Secret, UserId, audit::Actor};
use hanko_keys::Place;

use crate::{
    effect::Effect,
    engine::{Cx, Failure, FlowError, Hook, InputError},
    rules::limit,
    stash::{MfaMethod, NewOtp},
};

/// Before `mfa_otp_secret_creation`: shows the secret to set up, the same one until the state is left.
pub(crate) struct OfferSecret;

#[async_trait]
impl Hook for OfferSecret {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let issuer = &cx.settings().service_name;
        let account = match (&cx.stash.email, &cx.stash.username) {
            (Some(email), _) => email.as_str().to_owned(),
            (None, Some(username)) => username.as_str().to_owned(),
            (None, None) => return Err(Failure::internal("a TOTP secret for an account without a name")),
        };
        let pending = cx.stash.new_otp.as_ref().filter(|_| cx.state == "mfa_otp_secret_creation");
        let (secret, new) = match pending {
            Some(pending) => (open(cx, pending.id, &pending.sealed)?, None),
            None => {
                let inner = cx.inner();
                let (id, secret) = (OtpSecretId::random(&inner.random), TotpSecret::generate(&inner.random));
                let sealed = inner.sealer.seal(&place(&id), secret.base32().expose().as_bytes(), &inner.random)?;
                (secret, Some(NewOtp { id, sealed, step: None }))
            }
        };
        let image = secret
            .qr_data_url(issuer, &account)
            .or_else(|_| secret.qr_data_url(&beginning(issuer), &beginning(&account)))
            .map_err(Failure::internal)?;
        cx.payload.insert("otp_secret".into(), secret.base32().expose().as_str().into());
        cx.payload.insert("otp_image_source".into(), image.expose().as_str().into());
        if new.is_some() {
            cx.stash.new_otp = new;
        }
        Ok(())
    }
}

/// What fits into the picture of a name that is too long for it; it is only what the app calls the entry.
fn beginning(name: &str) -> String {
    name.chars().take(32).collect()
}

/// Confirms the pending secret with a code of it.
pub(crate) async fn enrol(cx: &mut Cx<'_>, code: &Secret<String>) -> Result<(), Failure> {
    let (Some(user), Some(pending)) = (cx.stash.user, cx.stash.new_otp.clone()) else {
        return Err(Failure::internal("a code for a TOTP secret that was never shown"));
    };
    if let Some(seconds) = limit::totp_set_up(cx, user).await? {
        return Err(limit::exhausted(cx, "retry_after", seconds));
    }
    let secret = open(cx, pending.id, &pending.sealed)?;
    let Some((step, proof)) = secret.enrol(code, cx.subject(user), cx.now) else {
        if cx.signed_in() {
            return Err(Failure::input("otp_code", InputError::PasscodeInvalid));
        }
        return Err(refused(cx, user, "the code that should confirm the secret is wrong", InputError::PasscodeInvalid));
    };
    cx.stash.new_otp = Some(NewOtp { step: Some(step), ..pending });
    cx.stash.has_otp = true;
    cx.stash.proofs.push(proof);
    Ok(())
}

/// Checks a code as the second factor. A time step counts once, whatever comes at the same time: the row decides.
pub(crate) async fn verify(cx: &mut Cx<'_>, code: &Secret<String>) -> Result<(), Failure> {
    let user = cx.stash.user.ok_or_else(|| Failure::internal("a second factor of nobody"))?;
    if let Some(seconds) = limit::totp(cx, user).await? {
        return Err(limit::exhausted(cx, "retry_after", seconds));
    }
    let Some(stored) = cx.store().otp_secret(user).await? else {
        // Removed while the flow was under way (§7 Q5).
        return Err(Failure::refused(FlowError::NotPermitted));
    };
    let secret = open(cx, stored.id, &stored.sealed)?;
    match secret.verify(code, stored.last_step, cx.subject(user), cx.now) {
        Outcome::Accepted { step, proof } => {
            cx.then(Effect::UseOtpStep { user, id: stored.id, step });
            cx.stash.proofs.push(proof);
            cx.stash.mfa_method = Some(MfaMethod::Totp);
            Ok(())
        }
        Outcome::AlreadyUsed => Err(refused(cx, user, "the TOTP code was used before", InputError::OtpUsed)),
        Outcome::Wrong => Err(refused(cx, user, "TOTP code invalid", InputError::OtpInvalid)),
    }
}

fn refused(cx: &mut Cx<'_>, user: UserId, why: &str, error: InputError) -> Failure {
    let mut entry = AuditEntry::new(AuditKind::LoginFailure, Actor::user(user)).with("mfa_method", "totp");
    if let Some(method) = cx.stash.login_method {
        entry = entry.with("login_method", method.as_str());
    }
    cx.audit(entry.failed(why));
    Failure::input("otp_code", error)
}

fn open(cx: &Cx<'_>, id: OtpSecretId, sealed: &str) -> Result<TotpSecret, Failure> {
    let text = cx.inner().sealer.open(&place(&id), sealed)?;
    let text = String::from_utf8(text).map_err(|_| Failure::internal("a stored TOTP secret is no text"))?;
    TotpSecret::from_base32(&Secret::new(text)).ok_or_else(|| Failure::internal("a stored TOTP secret is malformed"))
}

pub(crate) fn place(id: &OtpSecretId) -> Place<'_> {
    Place { table: "otp_secrets", row: id.as_bytes(), column: "sealed" }
}

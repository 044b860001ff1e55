//! The user has proven the address and sets a new password.                    spec/flow-login-registration.md §2.7

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EventKind, PasswordId, Secret, audit::Actor};
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, FlowError, Input, State, Step},
    rules::{mfa, notice, password, report},
};

pub(crate) fn state() -> State {
    State::named("login_password_recovery", "credential_usage").on(PasswordRecovery)
}

struct PasswordRecovery;

#[derive(Deserialize)]
struct NewPassword {
    new_password: Secret<String>,
}

#[async_trait]
impl Action for PasswordRecovery {
    const NAME: &'static str = "password_recovery";
    const DESCRIPTION: &'static str = "Sets a new password.";
    const LEADS_TO: &'static [&'static str] =
        &["mfa_method_chooser", "onboarding_username", "onboarding_create_passkey", "device_trust", "success", "error"];
    type Input = NewPassword;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::password("new_password").required(true).min(cx.settings().password.min_length).max(72)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().password.enabled
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: NewPassword) -> Result<Step, Failure> {
        let Some(user) = cx.stash.user else { return Err(Failure::refused(FlowError::NotPermitted)) };
        let (hash, proof) = password::enrol(cx, user, "new_password", &input.new_password).await?;
        let id = PasswordId::random(&cx.inner().random);
        cx.then(Effect::SetPassword { id, user, hash });
        if cx.settings().password.recovery_ends_sessions {
            cx.then(Effect::EndSessions(user));
        }
        cx.audit(AuditEntry::new(AuditKind::PasswordChanged, Actor::user(user)).with("context", "recovery"));
        cx.stash.proofs.push(proof);
        cx.stash.has_password = true;
        cx.stash.recovery_pending = false;
        report::changed(cx, EventKind::UserUpdatePasswordUpdate, user).await?;
        if cx.settings().security_notifications.password_recovery {
            notice::send(cx, user, Template::PasswordRecovery).await?;
        }
        mfa::offer(cx);
        Ok(Step::onward().no_return())
    }
}

//! The user has named an account and types its password.                       spec/flow-login-registration.md §2.6

use async_trait::async_trait;
use hanko_credentials::{NewPassword, PasswordHash};
use hanko_domain::{AuditEntry, AuditKind, Secret, UserId, audit::Actor};
use serde::Deserialize;

use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, InputError, State, Step, declaration::Nothing},
    rules::{limit, mfa, passcode},
    stash::LoginMethod,
    states::{AFTER_FIRST_FACTOR, back::Back},
};

pub(crate) fn state() -> State {
    step_up().on(Recovery)
}

/// Whoever is signed in changes a forgotten password in the profile.
pub(crate) fn step_up() -> State {
    State::named("login_password", "credential_usage").on(PasswordLogin).on(Back)
}

struct PasswordLogin;

#[derive(Deserialize)]
struct Password {
    password: Secret<String>,
}

#[async_trait]
impl Action for PasswordLogin {
    const NAME: &'static str = "password_login";
    const DESCRIPTION: &'static str = "Signs in with a password.";
    const LEADS_TO: &'static [&'static str] = AFTER_FIRST_FACTOR;
    type Input = Password;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::password("password").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().password.enabled
    }

    /// An unknown user, a user without a password and a wrong password cost and say the same.
    async fn decide(&self, cx: &mut Cx<'_>, input: Password) -> Result<Step, Failure> {
        if let Some(seconds) = limit::password(cx).await? {
            return Err(limit::exhausted(cx, "retry_after", seconds));
        }
        let stored = match cx.stash.user {
            Some(user) => cx.store().password_of(user).await?,
            None => None,
        };
        let hash = stored.as_ref().map(|stored| PasswordHash::stored(stored.expose().clone()));
        // A stranger's attempt needs a subject for the same work; no proof comes of it.
        let subject = cx.subject(cx.stash.user.unwrap_or(UserId(uuid::Uuid::nil())));
        let hasher = cx.inner().hasher.clone();
        let verified = match hasher.verify(hash.as_ref(), &input.password, subject, cx.now).await {
            Err(hanko_credentials::password::HashError::UnknownFormat) => {
                tracing::warn!(user = ?cx.stash.user, "a stored password hash has an unknown format");
                None
            }
            other => other?,
        };
        let Some(verified) = verified else {
            let actor = Actor { user: cx.stash.user, email: None };
            let entry = AuditEntry::new(AuditKind::LoginFailure, actor).with("login_method", "password");
            cx.audit(entry.failed("password invalid"));
            return Err(Failure::input("password", InputError::Invalid));
        };
        if let (true, Some(old), Some(user), Ok(new)) =
            (verified.needs_rehash, stored, cx.stash.user, NewPassword::parse(&input.password, 0))
        {
            let new = hasher.hash(&new).await?;
            cx.then(Effect::UpgradePassword { user, old, new });
        }
        cx.stash.login_method = Some(LoginMethod::Password);
        cx.stash.proofs.push(verified.proof);
        mfa::offer(cx);
        Ok(Step::onward().no_return())
    }
}

struct Recovery;

#[async_trait]
impl Action for Recovery {
    const NAME: &'static str = "continue_to_passcode_confirmation_recovery";
    const DESCRIPTION: &'static str = "Sets a new password with a code sent by mail.";
    const LEADS_TO: &'static [&'static str] = &["passcode_confirmation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().password.recovery || cx.stash.email.is_none()
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        passcode::for_recovery(cx);
        Ok(Step::to("passcode_confirmation"))
    }
}

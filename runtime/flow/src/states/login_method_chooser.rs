//! The user chooses how to sign in.                                            spec/flow-login-registration.md §2.5

use async_trait::async_trait;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    rules::passcode,
    states::{back::Back, login_passkey::GenerateRequestOptions},
};

pub(crate) fn state() -> State {
    State::named("login_method_chooser", "credential_usage")
        .on(ContinueToPassword)
        .on(ContinueToPasscode)
        .on(GenerateRequestOptions)
        .on(Back)
}

/// Somebody signed in knows what they have.
pub(super) fn shows_only_actual(cx: &Cx<'_>) -> bool {
    cx.signed_in() || cx.settings().privacy.only_show_actual_login_methods
}

struct ContinueToPassword;

#[async_trait]
impl Action for ContinueToPassword {
    const NAME: &'static str = "continue_to_password_login";
    const DESCRIPTION: &'static str = "Signs in with a password.";
    const LEADS_TO: &'static [&'static str] = &["login_password"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        shows_only_actual(cx) && !(cx.stash.has_password && settings.password.enabled)
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("login_password"))
    }
}

struct ContinueToPasscode;

#[async_trait]
impl Action for ContinueToPasscode {
    const NAME: &'static str = "continue_to_passcode_confirmation";
    const DESCRIPTION: &'static str = "Signs in with a code sent by mail.";
    const LEADS_TO: &'static [&'static str] = &["passcode_confirmation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        shows_only_actual(cx)
            && !(cx.stash.email.is_some() && cx.stash.has_email && settings.email.use_for_authentication)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        passcode::for_login(cx);
        Ok(Step::to("passcode_confirmation"))
    }
}

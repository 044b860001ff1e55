//! The user chooses which credential to make.                                  spec/flow-login-registration.md §2.10

use async_trait::async_trait;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    rules::mfa,
    states::{AFTER_CREDENTIALS, back::Back},
};

pub(crate) fn state() -> State {
    State::named("credential_onboarding_chooser", "credential_onboarding")
        .on(ContinueToPasskey)
        .on(ContinueToPassword)
        .on(Skip)
        .on(Back)
}

struct ContinueToPasskey;

#[async_trait]
impl Action for ContinueToPasskey {
    const NAME: &'static str = "continue_to_passkey_registration";
    const DESCRIPTION: &'static str = "Makes a passkey.";
    const LEADS_TO: &'static [&'static str] = &["onboarding_create_passkey"];
    type Input = Nothing;

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("onboarding_create_passkey"))
    }
}

struct ContinueToPassword;

#[async_trait]
impl Action for ContinueToPassword {
    const NAME: &'static str = "continue_to_password_registration";
    const DESCRIPTION: &'static str = "Sets a password.";
    const LEADS_TO: &'static [&'static str] = &["password_creation"];
    type Input = Nothing;

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("password_creation"))
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without.";
    const LEADS_TO: &'static [&'static str] = AFTER_CREDENTIALS;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        let by_mail = settings.email.use_for_authentication && cx.stash.email.is_some();
        (cx.registering() && !by_mail) || (!settings.password.optional && !settings.passkey.optional)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        mfa::offer(cx);
        Ok(Step::onward().no_return())
    }
}

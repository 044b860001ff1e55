//! The user is offered a second factor.                                        spec/flow-login-registration.md §2.16

use async_trait::async_trait;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    rules::mfa,
    states::{AFTER_NEW_SECOND_FACTOR, back::Back},
};

pub(crate) fn state() -> State {
    State::named("mfa_method_chooser", "mfa_creation").on(ContinueToTotp).on(ContinueToSecurityKey).on(Skip).on(Back)
}

struct ContinueToTotp;

#[async_trait]
impl Action for ContinueToTotp {
    const NAME: &'static str = "continue_to_otp_secret_creation";
    const DESCRIPTION: &'static str = "Sets an authenticator app up.";
    const LEADS_TO: &'static [&'static str] = &["mfa_otp_secret_creation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().mfa.totp_enabled
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("mfa_otp_secret_creation"))
    }
}

struct ContinueToSecurityKey;

#[async_trait]
impl Action for ContinueToSecurityKey {
    const NAME: &'static str = "continue_to_security_key_creation";
    const DESCRIPTION: &'static str = "Sets a security key up.";
    const LEADS_TO: &'static [&'static str] = &["mfa_security_key_creation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = &cx.settings().mfa;
        !settings.enabled || !settings.security_keys.enabled || !mfa::security_keys_possible(cx)
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("mfa_security_key_creation"))
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without a second factor.";
    const LEADS_TO: &'static [&'static str] = AFTER_NEW_SECOND_FACTOR;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().mfa.optional
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::onward())
    }
}

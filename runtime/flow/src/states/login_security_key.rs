//! The second factor is a security key.                                        spec/flow-login-registration.md §2.19

use async_trait::async_trait;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    rules::passkey,
};

pub(crate) fn state() -> State {
    State::named("login_security_key", "mfa_usage").on(GenerateRequestOptions).on(ContinueToTotp)
}

struct GenerateRequestOptions;

#[async_trait]
impl Action for GenerateRequestOptions {
    const NAME: &'static str = "webauthn_generate_request_options";
    const DESCRIPTION: &'static str = "Gets the options for using a security key.";
    const LEADS_TO: &'static [&'static str] = &["login_passkey"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.stash.webauthn_available
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        passkey::offer_second_factor(cx).await?;
        Ok(Step::to("login_passkey"))
    }
}

struct ContinueToTotp;

#[async_trait]
impl Action for ContinueToTotp {
    const NAME: &'static str = "continue_to_login_otp";
    const DESCRIPTION: &'static str = "Uses a code of the authenticator app instead.";
    const LEADS_TO: &'static [&'static str] = &["login_otp"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().mfa.totp_enabled || !cx.stash.has_otp
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("login_otp"))
    }
}

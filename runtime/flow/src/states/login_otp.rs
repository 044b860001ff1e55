//! The second factor is a code of an authenticator app.                        spec/flow-login-registration.md §2.20

use async_trait::async_trait;
use hanko_domain::Secret;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, State, Step, declaration::Nothing},
    rules::{mfa, totp},
    stash::LoginMethod,
    states::AFTER_SECOND_FACTOR,
};

pub(crate) fn state() -> State {
    State::named("login_otp", "mfa_usage").on(ValidateCode).on(ContinueToSecurityKey)
}

struct ValidateCode;

#[derive(Deserialize)]
struct Code {
    otp_code: Secret<String>,
}

#[async_trait]
impl Action for ValidateCode {
    const NAME: &'static str = "otp_code_validate";
    const DESCRIPTION: &'static str = "Checks a code of the authenticator app.";
    const LEADS_TO: &'static [&'static str] = AFTER_SECOND_FACTOR;
    type Input = Code;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("otp_code").required(true)]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Code) -> Result<Step, Failure> {
        totp::verify(cx, &input.otp_code).await?;
        Ok(Step::onward().no_return())
    }
}

struct ContinueToSecurityKey;

#[async_trait]
impl Action for ContinueToSecurityKey {
    const NAME: &'static str = "continue_to_login_security_key";
    const DESCRIPTION: &'static str = "Uses a security key instead.";
    const LEADS_TO: &'static [&'static str] = &["login_security_key"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        // A passkey that was the first factor is not the second as well.
        let other_passkey = cx.stash.has_passkey && cx.stash.login_method != Some(LoginMethod::Passkey);
        let has_credential = cx.stash.has_security_key || other_passkey;
        !cx.settings().mfa.security_keys.enabled || !has_credential || !mfa::security_keys_possible(cx)
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::to("login_security_key"))
    }
}

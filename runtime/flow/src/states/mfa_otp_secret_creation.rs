//! The user confirms an authenticator app.                                     spec/flow-login-registration.md §2.17

use async_trait::async_trait;
use hanko_domain::Secret;
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, State, Step},
    rules::{notice, totp},
    states::{AFTER_NEW_SECOND_FACTOR, back::Back},
};

pub(crate) fn state() -> State {
    State::named("mfa_otp_secret_creation", "mfa_creation").on(VerifyCode).on(Back)
}

struct VerifyCode;

#[derive(Deserialize)]
struct Code {
    otp_code: Secret<String>,
}

#[async_trait]
impl Action for VerifyCode {
    const NAME: &'static str = "otp_code_verify";
    const DESCRIPTION: &'static str = "Confirms the secret with a code of the authenticator app.";
    const LEADS_TO: &'static [&'static str] = AFTER_NEW_SECOND_FACTOR;
    type Input = Code;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("otp_code").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().mfa.totp_enabled || cx.owner().is_ok_and(|account| account.otp.is_some())
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Code) -> Result<Step, Failure> {
        totp::enrol(cx, &input.otp_code).await?;
        if cx.signed_in() {
            notice::changed(cx, Template::MfaCreate, |message| message);
        }
        Ok(Step::onward().no_return())
    }
}

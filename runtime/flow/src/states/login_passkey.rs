//! The browser asks for a passkey.                                             spec/flow-login-registration.md §2.4

use async_trait::async_trait;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, State, Step, declaration::Nothing},
    rules::passkey,
    states::{AFTER_FIRST_FACTOR, back::Back, login_method_chooser::shows_only_actual},
};

pub(crate) fn state() -> State {
    State::named("login_passkey", "credential_usage").on(VerifyAssertion).on(Back)
}

/// Asks for any passkey, or for the named user's where the project shows only actual methods.
pub(super) struct GenerateRequestOptions;

#[async_trait]
impl Action for GenerateRequestOptions {
    const NAME: &'static str = "webauthn_generate_request_options";
    const DESCRIPTION: &'static str = "Gets the options for signing in with a passkey.";
    const LEADS_TO: &'static [&'static str] = &["login_passkey"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let only_actual = shows_only_actual(cx);
        !cx.stash.webauthn_available
            || !cx.settings().passkey.enabled
            || (only_actual && cx.stash.user.is_some() && !cx.stash.has_passkey)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        match cx.stash.user {
            Some(user) if shows_only_actual(cx) => {
                let passkeys = cx.store().passkeys_of(user).await?;
                passkey::offer_own(cx, passkeys)?;
            }
            _ => {
                // Whoever's passkey is shown decides, not the address typed before (§7 Q12).
                cx.stash.user = None;
                passkey::offer_any(cx)?;
            }
        }
        Ok(Step::to("login_passkey"))
    }
}

/// Checks what the authenticator answered.
pub(super) struct VerifyAssertion;

#[derive(Deserialize)]
pub(super) struct Assertion {
    assertion_response: String,
}

#[async_trait]
impl Action for VerifyAssertion {
    const NAME: &'static str = "webauthn_verify_assertion_response";
    const DESCRIPTION: &'static str = "Signs in with the answer of an authenticator.";
    const LEADS_TO: &'static [&'static str] = AFTER_FIRST_FACTOR;
    type Input = Assertion;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::json("assertion_response").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.stash.webauthn_available
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Assertion) -> Result<Step, Failure> {
        passkey::sign_in(cx, &input.assertion_response).await
    }
}

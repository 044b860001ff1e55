//! The user is offered a passkey.                                              spec/flow-login-registration.md §2.11

use async_trait::async_trait;
use hanko_model::spec::Acquire;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    rules::{
        mfa, onboarding,
        passkey::{self, Kind},
    },
    states::{AFTER_CREDENTIALS, back::Back},
};

pub(crate) fn state() -> State {
    State::named("onboarding_create_passkey", "credential_onboarding")
        .on(GenerateCreationOptions(Kind::Passkey))
        .on(Skip)
        .on(Back)
}

/// Gets the options for what is to be made.
pub(super) struct GenerateCreationOptions(pub(super) Kind);

#[async_trait]
impl Action for GenerateCreationOptions {
    const NAME: &'static str = "webauthn_generate_creation_options";
    const DESCRIPTION: &'static str = "Gets the options for making a credential.";
    const LEADS_TO: &'static [&'static str] = &["onboarding_verify_passkey_attestation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.stash.webauthn_available
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        passkey::offer_creation(cx, self.0).await?;
        Ok(Step::to("onboarding_verify_passkey_attestation"))
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without a passkey.";
    const LEADS_TO: &'static [&'static str] = AFTER_CREDENTIALS;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        onboarding::must_not_skip(
            cx,
            settings.passkey.optional,
            "password_creation",
            cx.stash.has_password,
            onboarding::password_acquisition(cx),
        )
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        if onboarding::password_acquisition(cx) == Acquire::Conditional && !cx.stash.has_password {
            return Ok(Step::to("password_creation"));
        }
        mfa::offer(cx);
        Ok(Step::onward())
    }
}

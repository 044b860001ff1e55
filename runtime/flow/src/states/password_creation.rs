//! The user is asked for a password.                                           spec/flow-login-registration.md §2.13

use async_trait::async_trait;
use hanko_domain::Secret;
use hanko_model::spec::Acquire;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, State, Step, declaration::Nothing},
    rules::{mfa, onboarding, password},
    states::{AFTER_CREDENTIALS, back::Back},
};

pub(crate) fn state() -> State {
    State::named("password_creation", "credential_onboarding").on(RegisterPassword).on(Skip).on(Back)
}

struct RegisterPassword;

#[derive(Deserialize)]
struct NewPassword {
    new_password: Secret<String>,
}

#[async_trait]
impl Action for RegisterPassword {
    const NAME: &'static str = "register_password";
    const DESCRIPTION: &'static str = "Sets a password.";
    const LEADS_TO: &'static [&'static str] = AFTER_CREDENTIALS;
    type Input = NewPassword;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let settings = &cx.settings().password;
        vec![Input::password("new_password").required(!settings.optional).min(settings.min_length)]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: NewPassword) -> Result<Step, Failure> {
        let user = cx.stash.user.ok_or_else(|| Failure::internal("a password without a user"))?;
        let (hash, proof) = password::enrol(cx, user, "new_password", &input.new_password).await?;
        cx.stash.new_password = Some(hash);
        cx.stash.proofs.push(proof);
        cx.stash.has_password = true;
        mfa::offer(cx);
        Ok(Step::onward().no_return())
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without a password.";
    const LEADS_TO: &'static [&'static str] = AFTER_CREDENTIALS;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        onboarding::must_not_skip(
            cx,
            settings.password.optional,
            "onboarding_create_passkey",
            cx.stash.has_passkey,
            onboarding::passkey_acquisition(cx),
        )
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        let wanted = onboarding::passkey_acquisition(cx) == Acquire::Conditional;
        if wanted && !cx.stash.has_passkey {
            return Ok(Step::to("onboarding_create_passkey"));
        }
        mfa::offer(cx);
        Ok(Step::onward())
    }
}

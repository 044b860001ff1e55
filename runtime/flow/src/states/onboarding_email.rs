//! A signed-in user without an address is asked for one.                       spec/flow-login-registration.md §2.15

use async_trait::async_trait;
use hanko_domain::EmailAddress;
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, InputError, State, Step, declaration::Nothing},
    rules::{account, claim},
    states::AFTER_EMAIL,
};

pub(crate) fn state() -> State {
    State::named("onboarding_email", "user_details").on(SetAddress).on(Skip)
}

struct SetAddress;

#[derive(Deserialize)]
struct NewAddress {
    email: String,
}

#[async_trait]
impl Action for SetAddress {
    const NAME: &'static str = "email_address_set";
    const DESCRIPTION: &'static str = "Sets the e-mail address.";
    const LEADS_TO: &'static [&'static str] = AFTER_EMAIL;
    type Input = NewAddress;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let settings = &cx.settings().email;
        vec![Input::trimmed("email").preserved().required(!settings.optional).max(settings.max_length)]
    }

    /// Checked like any other address, although the wire's type is `string` (§7 Q22).
    async fn decide(&self, cx: &mut Cx<'_>, input: NewAddress) -> Result<Step, Failure> {
        let Ok(address) = EmailAddress::parse(&input.email) else {
            return Err(Failure::input("email", InputError::Invalid));
        };
        let verification = cx.settings().email.require_verification;
        let found = claim::find(cx.store(), address).await?;
        let (taken, address) = (found.is_taken(verification), found.address);
        if taken && (!verification || cx.settings().privacy.show_account_existence_hints) {
            return Err(Failure::input("email", InputError::EmailExists));
        }
        cx.stash.email = Some(address);
        cx.stash.adds_email = !taken;
        if !verification {
            account::add_email(cx, false).await?;
            return Ok(Step::onward().no_return());
        }
        cx.stash.passcode_mail =
            Some(if taken { Template::EmailRegistrationAttempted } else { Template::EmailVerification });
        Ok(Step::to("passcode_confirmation"))
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without an address.";
    const LEADS_TO: &'static [&'static str] = AFTER_EMAIL;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().email.optional
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::onward())
    }
}

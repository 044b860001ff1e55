//! A visitor names the address of the account to be made.                      spec/flow-login-registration.md §2.3

use async_trait::async_trait;
use hanko_domain::{EmailAddress, UserId};
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, InputError, State, Step},
    rules::onboarding,
    states::remember_me::RememberMe,
};

pub(crate) fn state() -> State {
    State::named("registration_init", "root").on(RegisterIdentifier).on(RememberMe("registration_init"))
}

struct RegisterIdentifier;

#[derive(Deserialize)]
struct Identifier {
    email: String,
}

#[async_trait]
impl Action for RegisterIdentifier {
    const NAME: &'static str = "register_login_identifier";
    const DESCRIPTION: &'static str = "Names the e-mail address to register.";
    const LEADS_TO: &'static [&'static str] = &[
        "passcode_confirmation",
        "onboarding_create_passkey",
        "password_creation",
        "credential_onboarding_chooser",
        "success",
    ];
    type Input = Identifier;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::email("email").max(cx.settings().email.max_length).required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().allow_signup
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Identifier) -> Result<Step, Failure> {
        let Ok(address) = EmailAddress::parse(&input.email) else {
            return Err(Failure::input("email", InputError::Invalid));
        };
        let taken = cx.store().email(&address).await?.is_some();
        let (verification, hints) =
            (cx.settings().email.require_verification, cx.settings().privacy.show_account_existence_hints);
        if taken && (!verification || hints) {
            return Err(Failure::input("email", InputError::EmailExists));
        }
        cx.stash.email = Some(address);
        if taken {
            // Looks like any other registration; the owner of the address learns of it by mail.
            cx.stash.passcode_mail = Some(Template::EmailRegistrationAttempted);
            return Ok(Step::to("passcode_confirmation"));
        }
        cx.stash.passcode_mail = verification.then_some(Template::EmailVerification);
        let random = &cx.tenant.inner().random;
        cx.stash.user = Some(*cx.kept.new_user.get_or_insert_with(|| UserId::random(random)));
        let mut states = if verification { vec!["passcode_confirmation"] } else { Vec::new() };
        states.extend(onboarding::registration(cx.settings(), cx.stash.webauthn_available));
        states.push("success");
        Ok(Step::through(states))
    }
}

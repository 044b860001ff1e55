//! A visitor names the account to be made.                                      spec/flow-login-registration.md §2.3

use async_trait::async_trait;
use hanko_domain::{EmailAddress, UserId, Username};
use hanko_model::project::Settings;
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, FlowError, Input, InputError, State, Step},
    rules::{claim, mfa, onboarding},
    states::remember_me::RememberMe,
};

pub(crate) fn state() -> State {
    State::named("registration_init", "root").on(RegisterIdentifier).on(RememberMe("registration_init"))
}

struct RegisterIdentifier;

#[derive(Deserialize)]
struct Identifier {
    #[serde(default)]
    email: String,
    #[serde(default)]
    username: String,
}

#[async_trait]
impl Action for RegisterIdentifier {
    const NAME: &'static str = "register_login_identifier";
    const DESCRIPTION: &'static str = "Names the account to be made.";
    const LEADS_TO: &'static [&'static str] = &[
        "passcode_confirmation",
        "mfa_method_chooser",
        "onboarding_create_passkey",
        "password_creation",
        "credential_onboarding_chooser",
        "success",
        "error",
    ];
    type Input = Identifier;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let Settings { allow_signup, email, username, .. } = cx.settings();
        let mut inputs = Vec::new();
        if *allow_signup && email.acquire_on_registration {
            inputs.push(Input::email("email").max(email.max_length).required(!email.optional));
        }
        if *allow_signup && username.acquire_on_registration {
            let input = Input::trimmed("username").min(username.min_length).max(username.max_length);
            inputs.push(input.required(!username.optional));
        }
        inputs
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        self.inputs(cx).is_empty()
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Identifier) -> Result<Step, Failure> {
        // An account needs something it can be found by (§7 Q21).
        if input.email.is_empty() && input.username.is_empty() {
            let inputs = self.inputs(cx).iter().map(|input| (input.name, InputError::Invalid)).collect();
            return Err(Failure::Refused { error: FlowError::FormDataInvalid, inputs });
        }
        if !input.username.is_empty() {
            let Ok(username) = Username::parse(&input.username) else {
                return Err(Failure::input("username", InputError::InvalidUsername));
            };
            if cx.store().username(&username).await?.is_some() {
                return Err(Failure::input("username", InputError::UsernameExists));
            }
            cx.stash.username = Some(username);
            cx.stash.has_username = true;
        }
        let mut states = Vec::new();
        if !input.email.is_empty() {
            match address(cx, &input.email).await? {
                Address::Taken => return Ok(Step::to("passcode_confirmation")),
                Address::ToBeProven => states.push("passcode_confirmation"),
                Address::Accepted => {}
            }
        }
        let random = &cx.tenant.inner().random;
        cx.stash.user = Some(*cx.kept.new_user.get_or_insert_with(|| UserId::random(random)));
        states.extend(onboarding::registration(cx.settings(), cx.stash.webauthn_available));
        if states.is_empty() {
            mfa::offer(cx);
        }
        states.push("success");
        Ok(Step::through(states))
    }
}

enum Address {
    Accepted,
    ToBeProven,
    /// Looks like any other registration; the owner of the address learns of it by mail.
    Taken,
}

async fn address(cx: &mut Cx<'_>, typed: &str) -> Result<Address, Failure> {
    let Ok(address) = EmailAddress::parse(typed) else {
        return Err(Failure::input("email", InputError::Invalid));
    };
    let (verification, hints) =
        (cx.settings().email.require_verification, cx.settings().privacy.show_account_existence_hints);
    let found = claim::find(cx.store(), address).await?;
    let (taken, address) = (found.is_taken(verification), found.address);
    if taken && (!verification || hints) {
        return Err(Failure::input("email", InputError::EmailExists));
    }
    cx.stash.email = Some(address);
    if taken {
        cx.stash.passcode_mail = Some(Template::EmailRegistrationAttempted);
        return Ok(Address::Taken);
    }
    cx.stash.passcode_mail = verification.then_some(Template::EmailVerification);
    Ok(if verification { Address::ToBeProven } else { Address::Accepted })
}

//! The user names an account, or signs in with a passkey at once.              spec/flow-login-registration.md §2.2

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, audit::Actor};
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, FlowError, Input, InputError, State, Step},
    rules::{
        identify::{self, Destination, Facts},
        passcode, passkey,
    },
    states::{
        login_passkey::{GenerateRequestOptions, VerifyAssertion},
        remember_me::RememberMe,
    },
};

pub(crate) fn state() -> State {
    State::named("login_init", "credential_usage")
        .on(ContinueWithIdentifier)
        .on(GenerateRequestOptions)
        .on(VerifyAssertion)
        .on(RememberMe("login_init"))
}

struct ContinueWithIdentifier;

#[derive(Deserialize)]
struct Identifier {
    email: String,
}

#[async_trait]
impl Action for ContinueWithIdentifier {
    const NAME: &'static str = "continue_with_login_identifier";
    const DESCRIPTION: &'static str = "Names the account to sign in to.";
    const LEADS_TO: &'static [&'static str] =
        &["login_method_chooser", "login_password", "passcode_confirmation", "login_passkey", "error"];
    type Input = Identifier;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::email("email").min(3).max(cx.settings().email.max_length).required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        !settings.password.enabled && !settings.email.use_for_authentication
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Identifier) -> Result<Step, Failure> {
        let Ok(address) = EmailAddress::parse(&input.email) else {
            return Err(Failure::input("email", InputError::Invalid));
        };
        let facts = Facts::load(cx, &address).await?;
        if facts.is_none() && cx.settings().privacy.show_account_existence_hints {
            let entry = AuditEntry::new(AuditKind::LoginFailure, Actor::none());
            cx.audit(entry.failed("unknown_email_error - The email address is unknown."));
            return Err(Failure::input("email", InputError::UnknownEmail));
        }
        cx.stash.identification = Some(address.key().to_owned());
        cx.stash.email = Some(address);
        match identify::destination(cx.settings(), facts.as_ref()) {
            Destination::Choose => Ok(Step::to("login_method_chooser")),
            Destination::Password => Ok(Step::to("login_password")),
            Destination::Passcode => {
                passcode::for_login(cx);
                Ok(Step::to("passcode_confirmation"))
            }
            Destination::Passkey => {
                passkey::offer_own(cx, facts.map(|facts| facts.passkeys).unwrap_or_default())?;
                Ok(Step::to("login_passkey"))
            }
            Destination::DeadEnd => Err(Failure::refused(FlowError::Discontinuity)),
        }
    }
}

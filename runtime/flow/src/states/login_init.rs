//! The user names an account, or signs in with a passkey at once.              spec/flow-login-registration.md §2.2

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, Username, audit::Actor};
use hanko_model::project::Settings;
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
    #[serde(default)]
    identifier: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    username: String,
}

/// What the one input of this action is called, by the identifiers that sign in here.
fn input_name(settings: &Settings) -> Option<&'static str> {
    match (settings.email.use_as_login_identifier, settings.username.use_as_login_identifier) {
        (true, true) => Some("identifier"),
        (true, false) => Some("email"),
        (false, true) => Some("username"),
        (false, false) => None,
    }
}

#[async_trait]
impl Action for ContinueWithIdentifier {
    const NAME: &'static str = "continue_with_login_identifier";
    const DESCRIPTION: &'static str = "Names the account to sign in to.";
    const LEADS_TO: &'static [&'static str] =
        &["login_method_chooser", "login_password", "passcode_confirmation", "login_passkey", "error"];
    type Input = Identifier;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let Settings { email, username, .. } = cx.settings();
        let input = input_name(cx.settings()).map(|name| match name {
            "email" => Input::email(name).min(3).max(email.max_length),
            "username" => Input::trimmed(name).min(username.min_length).max(username.max_length),
            _ => Input::trimmed(name).max(255),
        });
        input.into_iter().map(|input| input.required(true)).collect()
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        input_name(settings).is_none() || (!settings.password.enabled && !settings.email.use_for_authentication)
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Identifier) -> Result<Step, Failure> {
        let name = input_name(cx.settings()).ok_or_else(|| Failure::refused(FlowError::NotPermitted))?;
        let address = match name {
            "email" => {
                Some(EmailAddress::parse(&input.email).map_err(|_| Failure::input("email", InputError::Invalid))?)
            }
            "username" => None,
            _ => EmailAddress::parse(&input.identifier).ok(),
        };
        let facts = match address {
            Some(address) => by_email(cx, address, name).await?,
            None => {
                let typed = if name == "username" { &input.username } else { &input.identifier };
                Some(by_username(cx, typed, name).await?)
            }
        };
        match identify::destination(cx.settings(), facts.as_ref(), cx.stash.email.is_some()) {
            Destination::Choose => Ok(Step::to("login_method_chooser")),
            Destination::Password => Ok(Step::to("login_password")),
            Destination::Passcode => {
                passcode::for_login(cx);
                Ok(Step::to("passcode_confirmation"))
            }
            Destination::Passkey if cx.stash.webauthn_available => {
                passkey::offer_own(cx, facts.map(|facts| facts.passkeys).unwrap_or_default())?;
                Ok(Step::to("login_passkey"))
            }
            Destination::Passkey | Destination::DeadEnd => Err(Failure::refused(FlowError::Discontinuity)),
        }
    }
}

/// Known and unknown addresses go on the same way, unless the project says which accounts exist.
async fn by_email(cx: &mut Cx<'_>, typed: EmailAddress, input: &'static str) -> Result<Option<Facts>, Failure> {
    let (address, facts) = Facts::of_email(cx, typed).await?;
    if facts.is_none() && cx.settings().privacy.show_account_existence_hints {
        let entry = AuditEntry::new(AuditKind::LoginFailure, Actor::none());
        cx.audit(entry.failed("unknown_email_error - The email address is unknown."));
        return Err(Failure::input(input, InputError::UnknownEmail));
    }
    if let Some(facts) = &facts {
        facts.note(cx);
        cx.stash.username = facts.username.clone();
    }
    cx.stash.identification = Some(address.key().to_owned());
    cx.stash.email = Some(address);
    Ok(facts)
}

/// A username says whether it exists, whatever the privacy settings (§3.2).
async fn by_username(cx: &mut Cx<'_>, typed: &str, input: &'static str) -> Result<Facts, Failure> {
    let username = Username::parse(typed).ok();
    let facts = match &username {
        Some(username) => Facts::of_username(cx, username).await?,
        None => None,
    };
    let (Some(username), Some(facts)) = (username, facts) else {
        let entry = AuditEntry::new(AuditKind::LoginFailure, Actor::none());
        cx.audit(entry.failed("unknown_username_error - The username is unknown."));
        return Err(Failure::input(input, InputError::UnknownUsername));
    };
    facts.note(cx);
    cx.stash.identification = Some(username.key().to_owned());
    cx.stash.username = Some(username);
    cx.stash.email = facts.email.clone();
    Ok(facts)
}

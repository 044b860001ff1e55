//! The user types the code that was mailed.                                    spec/flow-login-registration.md §2.8

use async_trait::async_trait;
use hanko_credentials::passcode::Outcome;
use hanko_domain::{AuditEntry, AuditKind, Secret, audit::Actor};
use hanko_notify::mail::Template;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, FlowError, Input, InputError, State, Step, declaration::Nothing},
    rules::{account, limit, mfa, passcode},
    states::{AFTER_FIRST_FACTOR, back::Back, profile_init::address_proven},
};

pub(crate) fn state() -> State {
    State::named("passcode_confirmation", "credential_usage").on(VerifyPasscode).on(ResendPasscode).on(Back)
}

struct VerifyPasscode;

#[derive(Deserialize)]
struct Code {
    code: Secret<String>,
}

#[async_trait]
impl Action for VerifyPasscode {
    const NAME: &'static str = "verify_passcode";
    const DESCRIPTION: &'static str = "Confirms the code that was sent by mail.";
    const LEADS_TO: &'static [&'static str] = AFTER_FIRST_FACTOR;
    type Input = Code;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("code").required(true)]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Code) -> Result<Step, Failure> {
        let (tenant, id, now) = (cx.tenant, cx.id, cx.now);
        let outcome = match (&mut cx.kept.passcode, cx.stash.passcode_mail) {
            (Some(passcode), Some(mail)) => {
                let key = &tenant.inner().passcode_key;
                Some(passcode.verify(key, tenant.id(), id, passcode::purpose(mail, passcode), &input.code, now))
            }
            _ => None,
        };
        let (error, failure) = match outcome {
            Some(Outcome::Correct(proof)) => {
                cx.kept.passcode = None;
                cx.stash.email_verified = true;
                cx.stash.has_email = true;
                cx.stash.proofs.push(proof);
                match (cx.signed_in(), cx.stash.passcode_mail) {
                    // The code was asked for as a fresh factor.
                    (true, Some(Template::Login)) => {}
                    (true, _) => address_proven(cx).await?,
                    (false, _) if cx.registering() => {}
                    (false, _) => account::address_proven(cx).await?,
                }
                mfa::offer(cx);
                return Ok(Step::onward().no_return());
            }
            Some(Outcome::Exhausted) => {
                ("the passcode was entered wrong too many times", Failure::refused(FlowError::PasscodeMaxAttempts))
            }
            Some(Outcome::Wrong) => ("passcode invalid", Failure::input("code", InputError::PasscodeInvalid)),
            Some(Outcome::Expired) => ("passcode is expired", Failure::input("code", InputError::PasscodeInvalid)),
            None => ("passcode not found", Failure::input("code", InputError::PasscodeInvalid)),
        };
        if cx.stash.login_method.is_some() {
            let actor = Actor { user: cx.stash.user, email: None };
            let entry = AuditEntry::new(AuditKind::LoginFailure, actor).with("login_method", "passcode");
            cx.audit(entry.failed(error));
        }
        Err(failure)
    }
}

struct ResendPasscode;

#[async_trait]
impl Action for ResendPasscode {
    const NAME: &'static str = "resend_passcode";
    const DESCRIPTION: &'static str = "Sends a new code by mail.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Nothing;

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        if let Some(seconds) = passcode::send(cx).await? {
            return Err(limit::exhausted(cx, "resend_after", seconds));
        }
        Ok(Step::to("passcode_confirmation"))
    }
}

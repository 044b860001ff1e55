//! The authenticator app.                                                      spec/flow-profile.md §6.2, §6.7

use async_trait::async_trait;
use hanko_notify::mail::Template;

use super::{done, owner};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, FlowError, Step, declaration::Nothing},
    rules::notice,
};

pub(super) struct Continue;

#[async_trait]
impl Action for Continue {
    const NAME: &'static str = "continue_to_otp_secret_creation";
    const DESCRIPTION: &'static str = "Adds an authenticator app.";
    const LEADS_TO: &'static [&'static str] = &["mfa_otp_secret_creation"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().mfa.totp_enabled || owner(cx, |account| account.otp.is_some())
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        if cx.stash.email.is_none() && cx.stash.username.is_none() {
            // The app could not say whose code it shows.
            return Err(Failure::refused(FlowError::NotPermitted));
        }
        Ok(Step::through(vec!["mfa_otp_secret_creation", "profile_init"]))
    }
}

pub(super) struct Delete;

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "otp_secret_delete";
    const DESCRIPTION: &'static str = "Removes the authenticator app.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let mfa = &cx.settings().mfa;
        let mandatory = mfa.enabled && !mfa.optional;
        let only_one =
            !owner(cx, |account| mfa.security_keys.enabled && account.passkeys.iter().any(|key| key.mfa_only));
        owner(cx, |account| account.otp.is_none()) || (mandatory && only_one)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        let user = cx.owner()?.user.id;
        cx.then(Effect::RemoveOtp(user));
        cx.then(Effect::ForgetDevices(user));
        notice::changed(cx, Template::MfaDelete, |message| message);
        Ok(done())
    }
}

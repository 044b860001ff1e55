//! Security keys.                                                              spec/flow-profile.md §6.12, §6.13

use async_trait::async_trait;
use hanko_domain::Passkey;
use hanko_notify::mail::Template;
use hanko_store::users::Account;
use serde::Deserialize;

use super::{done, owner, passkeys::offer};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, FlowError, Input, Step, declaration::Nothing},
    rules::{notice, passkey::Kind},
};

fn keys(account: &Account) -> impl Iterator<Item = &Passkey> {
    account.passkeys.iter().filter(|passkey| passkey.mfa_only)
}

fn enabled(cx: &Cx<'_>) -> bool {
    cx.settings().mfa.enabled && cx.settings().mfa.security_keys.enabled
}

/// Whether a security key can be removed: where a second factor is mandatory, one has to be left.
pub(super) fn one_can_go(cx: &Cx<'_>) -> bool {
    let mfa = &cx.settings().mfa;
    let another_left = |account: &Account| keys(account).count() > 1 || (mfa.totp_enabled && account.otp.is_some());
    enabled(cx) && owner(cx, |account| keys(account).next().is_some() && (mfa.optional || another_left(account)))
}

pub(super) struct Create;

#[async_trait]
impl Action for Create {
    const NAME: &'static str = "security_key_create";
    const DESCRIPTION: &'static str = "Gets the options for registering a security key.";
    const LEADS_TO: &'static [&'static str] = &["webauthn_credential_verification"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let limit = usize::try_from(cx.settings().mfa.security_keys.limit).unwrap_or(usize::MAX);
        !enabled(cx) || !cx.stash.webauthn_available || owner(cx, |account| keys(account).count() >= limit)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        offer(cx, Kind::SecurityKey).await
    }
}

pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Named {
    security_key_id: String,
}

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "security_key_delete";
    const DESCRIPTION: &'static str = "Removes a security key.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Named;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("security_key_id").required(true).hidden()]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !one_can_go(cx)
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let user = account.user.id;
        let named = keys(account).find(|key| key.id.to_string() == input.security_key_id);
        let id = named.map(|key| key.id.clone()).ok_or_else(|| Failure::refused(FlowError::NotFound))?;
        cx.then(Effect::RemovePasskey { user, id });
        cx.then(Effect::ForgetDevices(user));
        notice::changed(cx, Template::MfaDelete, |message| message);
        Ok(done())
    }
}

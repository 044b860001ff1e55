//! Passkeys, and the names of all credentials.                                 spec/flow-profile.md §6.17, §6.18, §6.20

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, CredentialId, Passkey, audit::Actor};
use hanko_model::project::Settings;
use hanko_store::users::Account;
use serde::Deserialize;

use super::{done, owner, security_keys};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, FlowError, Input, InputError, Step, declaration::Nothing},
    rules::{
        passkey::{self, Kind},
        profile::{Ways, usable},
    },
};

/// Characters of a credential's name, and of the database's column.
const LONGEST_NAME: usize = 255;

pub(super) struct Create;

#[async_trait]
impl Action for Create {
    const NAME: &'static str = "webauthn_credential_create";
    const DESCRIPTION: &'static str = "Gets the options for making a passkey.";
    const LEADS_TO: &'static [&'static str] = &["webauthn_credential_verification"];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = &cx.settings().passkey;
        let full =
            |account: &Account| passkeys(account).count() >= usize::try_from(settings.limit).unwrap_or(usize::MAX);
        !settings.enabled || !cx.stash.webauthn_available || owner(cx, full)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        offer(cx, Kind::Passkey).await
    }
}

/// Shows the options; an account without a name cannot be told apart on the authenticator.
pub(super) async fn offer(cx: &mut Cx<'_>, kind: Kind) -> Result<Step, Failure> {
    if cx.stash.email.is_none() && cx.stash.username.is_none() {
        return Err(Failure::refused(FlowError::NotPermitted));
    }
    passkey::offer_creation(cx, kind).await?;
    Ok(Step::to("webauthn_credential_verification"))
}

fn passkeys(account: &Account) -> impl Iterator<Item = &Passkey> {
    account.passkeys.iter().filter(|passkey| !passkey.mfa_only)
}

/// Whether the account can do without this passkey: another one is left that can sign in here, or passkeys are optional and there is
/// another way.
pub(crate) fn can_go(account: &Account, settings: &Settings, id: &CredentialId) -> bool {
    let mut others = passkeys(account).filter(|passkey| usable(passkey, settings) && passkey.id != *id);
    let was_usable = passkeys(account).any(|passkey| usable(passkey, settings) && passkey.id == *id);
    let ways = Ways::of(account, settings);
    !was_usable || others.next().is_some() || (settings.passkey.optional && (ways.password || ways.passcode))
}

pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Named {
    passkey_id: String,
}

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "webauthn_credential_delete";
    const DESCRIPTION: &'static str = "Removes a passkey.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Named;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("passkey_id").required(true).hidden()]
    }

    /// Also there for who has only security keys that can go: the official element offers their removal where it finds this action.
    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        let some = |account: &Account| passkeys(account).any(|passkey| can_go(account, settings, &passkey.id));
        !settings.passkey.enabled || !(owner(cx, some) || security_keys::one_can_go(cx))
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let named = passkeys(account).find(|passkey| passkey.id.to_string() == input.passkey_id);
        let id = named.map(|passkey| passkey.id.clone()).ok_or_else(|| Failure::refused(FlowError::NotFound))?;
        if !can_go(account, cx.settings(), &id) {
            return Err(Failure::refused(FlowError::NotPermitted));
        }
        let user = account.user.id;
        let entry = AuditEntry::new(AuditKind::PasskeyDeleted, Actor::user(user));
        cx.audit(entry.with("credential_id", id.to_string()));
        cx.then(Effect::RemovePasskey { user, id });
        Ok(done())
    }
}

pub(super) struct Rename;

#[derive(Deserialize)]
pub(super) struct NewName {
    passkey_id: String,
    passkey_name: String,
}

#[async_trait]
impl Action for Rename {
    const NAME: &'static str = "webauthn_credential_rename";
    const DESCRIPTION: &'static str = "Names a passkey or a security key.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = NewName;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::string("passkey_id").required(true).hidden(), Input::string("passkey_name").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().passkey.enabled || owner(cx, |account| account.passkeys.is_empty())
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: NewName) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let user = account.user.id;
        let named = account.passkeys.iter().find(|passkey| passkey.id.to_string() == input.passkey_id);
        let id = named.map(|passkey| passkey.id.clone()).ok_or_else(|| Failure::refused(FlowError::NotFound))?;
        if input.passkey_name.chars().count() > LONGEST_NAME {
            return Err(Failure::input("passkey_name", InputError::TooLong));
        }
        cx.then(Effect::RenamePasskey { user, id, name: input.passkey_name });
        Ok(done())
    }
}

//! The username.                                                               spec/flow-profile.md §6.14–§6.16

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EventKind, Username, UsernameId, audit::Actor};
use serde::Deserialize;

use super::{done, owner};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, InputError, Step, declaration::Nothing},
    rules::{profile::Ways, report},
};

#[derive(Deserialize)]
pub(super) struct Name {
    username: String,
}

fn input(cx: &Cx<'_>) -> Vec<Input> {
    let settings = &cx.settings().username;
    let input = Input::trimmed("username").preserved().required(true);
    vec![input.min(settings.min_length).max(settings.max_length)]
}

/// The name that is wanted, if nobody else has it.
async fn free(cx: &Cx<'_>, text: &str) -> Result<Username, Failure> {
    let username = Username::parse(text).map_err(|_| Failure::input("username", InputError::InvalidUsername))?;
    let user = cx.owner()?.user.id;
    match cx.store().username(&username).await? {
        Some(stored) if stored.user != user => Err(Failure::input("username", InputError::UsernameExists)),
        _ => Ok(username),
    }
}

async fn changed(cx: &mut Cx<'_>, username: &Username, event: EventKind) -> Result<(), Failure> {
    let user = cx.owner()?.user.id;
    let entry = AuditEntry::new(AuditKind::UsernameChanged, Actor::user(user));
    cx.audit(entry.with("username", username.as_str()));
    report::changed(cx, event, user).await
}

pub(super) struct Create;

#[async_trait]
impl Action for Create {
    const NAME: &'static str = "username_create";
    const DESCRIPTION: &'static str = "Sets a username.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Name;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        input(cx)
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().username.enabled || owner(cx, |account| account.username.is_some())
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Name) -> Result<Step, Failure> {
        let username = free(cx, &input.username).await?;
        let (user, id) = (cx.owner()?.user.id, UsernameId::random(&cx.inner().random));
        cx.then(Effect::AddUsername { id, user, username: username.clone() });
        changed(cx, &username, EventKind::UserUpdateUsernameCreate).await?;
        Ok(done())
    }
}

pub(super) struct Update;

#[async_trait]
impl Action for Update {
    const NAME: &'static str = "username_update";
    const DESCRIPTION: &'static str = "Replaces the username.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Name;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        input(cx)
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().username.enabled || owner(cx, |account| account.username.is_none())
    }

    /// The name one has already changes nothing (§15 Q3).
    async fn decide(&self, cx: &mut Cx<'_>, input: Name) -> Result<Step, Failure> {
        let username = free(cx, &input.username).await?;
        if owner(cx, |account| account.username.as_ref().is_some_and(|stored| stored.username == username.as_str())) {
            return Ok(done());
        }
        let user = cx.owner()?.user.id;
        cx.then(Effect::ChangeUsername { user, username: username.clone() });
        changed(cx, &username, EventKind::UserUpdateUsernameUpdate).await?;
        Ok(done())
    }
}

pub(super) struct Delete;

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "username_delete";
    const DESCRIPTION: &'static str = "Removes the username.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Nothing;

    /// Something has to be left that the account is found by.
    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        let found_by = |account: &hanko_store::users::Account| {
            let ways = Ways::of(account, settings);
            let left = Ways::of(&hanko_store::users::Account { username: None, ..account.clone() }, settings);
            (!account.emails.is_empty() || ways.passkey) && (left.any() || !ways.any())
        };
        !settings.username.enabled
            || !settings.username.optional
            || owner(cx, |account| account.username.is_none())
            || !owner(cx, found_by)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let (user, old) = (account.user.id, account.username.as_ref().map(|stored| stored.username.clone()));
        cx.then(Effect::RemoveUsername(user));
        let entry = AuditEntry::new(AuditKind::UsernameDeleted, Actor::user(user));
        cx.audit(entry.with("username", old.unwrap_or_default()));
        report::changed(cx, EventKind::UserUpdateUsernameDelete, user).await?;
        Ok(done())
    }
}

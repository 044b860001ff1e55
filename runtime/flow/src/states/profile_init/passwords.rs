//! The password.                                                               spec/flow-profile.md §6.8–§6.10

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EventKind, PasswordId, Secret, audit::Actor};
use hanko_notify::mail::Template;
use serde::Deserialize;

use super::{done, owner};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, Step, declaration::Nothing},
    rules::{notice, password, profile::Ways, report},
};

#[derive(Deserialize)]
pub(super) struct Password {
    password: Secret<String>,
}

/// The wire's type is `string` (§15 Q19).
fn input(cx: &Cx<'_>) -> Vec<Input> {
    vec![Input::string("password").required(true).min(cx.settings().password.min_length).max(72)]
}

async fn set(cx: &mut Cx<'_>, text: &Secret<String>) -> Result<(), Failure> {
    let user = cx.owner()?.user.id;
    let (hash, _) = password::enrol(cx, user, "password", text).await?;
    let id = PasswordId::random(&cx.inner().random);
    cx.then(Effect::SetPassword { id, user, hash });
    cx.then(Effect::ForgetDevices(user));
    cx.audit(AuditEntry::new(AuditKind::PasswordChanged, Actor::user(user)).with("context", "profile"));
    Ok(())
}

pub(super) struct Create;

#[async_trait]
impl Action for Create {
    const NAME: &'static str = "password_create";
    const DESCRIPTION: &'static str = "Creates a password.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Password;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        input(cx)
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().password.enabled || owner(cx, |account| account.password.is_some())
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Password) -> Result<Step, Failure> {
        set(cx, &input.password).await?;
        Ok(done())
    }
}

pub(super) struct Update;

#[async_trait]
impl Action for Update {
    const NAME: &'static str = "password_update";
    const DESCRIPTION: &'static str = "Replaces the password.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Password;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        input(cx)
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().password.enabled || owner(cx, |account| account.password.is_none())
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Password) -> Result<Step, Failure> {
        set(cx, &input.password).await?;
        notice::changed(cx, Template::PasswordUpdate, |message| message);
        let user = cx.owner()?.user.id;
        report::changed(cx, EventKind::UserUpdatePasswordUpdate, user).await?;
        Ok(done())
    }
}

pub(super) struct Delete;

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "password_delete";
    const DESCRIPTION: &'static str = "Removes the password.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        let other_way = |account: &_| {
            let ways = Ways::of(account, settings);
            ways.passkey || ways.passcode
        };
        !settings.password.enabled
            || !settings.password.optional
            || owner(cx, |account| account.password.is_none())
            || !owner(cx, other_way)
    }

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        let user = cx.owner()?.user.id;
        cx.then(Effect::RemovePassword(user));
        cx.audit(AuditEntry::new(AuditKind::PasswordDeleted, Actor::user(user)));
        Ok(done())
    }
}

//! `/emails` (§13.9).

use std::time::Duration;

use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, FlowId, RequestMeta, Timestamp, UserId};
use hanko_model::spec::StepUpAction;
use hanko_notify::mail::Template;
use hanko_store::users::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    call::{Call, Change, Signed, actor},
    kept::{Kept, keep},
    notice,
    refusal::{Outcome, refuse},
};
use crate::{
    effect::{self, Effect},
    rules::{claim, profile::Ways, report},
    tenant::Tenant,
    view,
};

/// How long an address waits for its code.
const WAITS: Duration = Duration::from_secs(24 * 3600);

/// An address that waits to be proven before it is added. Its row has the id the address will get.
#[derive(Deserialize, Serialize)]
pub(super) struct Addition {
    pub(super) user: UserId,
    pub(super) address: EmailAddress,
}

impl Kept for Addition {
    const KIND: &'static str = "rest/email";
}

/// An address that was added, or waits to be proven.
#[derive(Clone, Debug)]
pub struct AddedEmail {
    /// Its id; codes are asked for with it.
    pub id: EmailId,
    /// Its user, once it is the user's.
    pub user: Option<UserId>,
    /// As it will be shown.
    pub address: EmailAddress,
    /// Whether its owner has proven it.
    pub verified: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

/// The addresses of whoever is signed in, as answers show them; oldest first.
pub async fn emails(tenant: &Tenant, session: Signed<'_>, request: &RequestMeta) -> Outcome<Vec<Value>> {
    let account = Call::new(tenant, request).account(session).await?;
    Ok(account.emails.iter().map(|email| Value::Object(view::address(&account, email))).collect())
}

/// Adds an address, or lets it wait for its code where the project wants addresses proven.
pub async fn add_email(
    tenant: &Tenant,
    session: Signed<'_>,
    address: EmailAddress,
    request: &RequestMeta,
) -> Outcome<AddedEmail> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    call.fresh(session, &account, StepUpAction::EmailCreate)?;
    has_room(call, &account)?;
    let settings = call.settings();
    if address.as_str().chars().count() > usize::try_from(settings.email.max_length).unwrap_or(usize::MAX) {
        return Err(refuse(400));
    }
    let verification = settings.email.require_verification;
    let own = account.emails.iter().any(|email| crate::rules::account::same(email, &address));
    let taken = claim::find(&call.inner().store, address.clone()).await?.is_taken(verification);
    // Where the address has to be proven anyway, its owner learns of the attempt and nobody else does.
    if own || (taken && (!verification || settings.privacy.show_account_existence_hints)) {
        return Err(refuse(400));
    }
    let (id, user) = (EmailId::random(&call.inner().random), account.user.id);
    let mut effects = vec![audit(AuditKind::EmailCreated, &account, &address)];
    let mut spend = Vec::new();
    if verification {
        let waiting = Addition { user, address: address.clone() };
        spend.push(keep(call, FlowId(id.0), &waiting, call.now + WAITS)?);
    } else {
        effects.push(Effect::AddEmail { id, user, address: address.clone(), verified: false, primary: false });
        if settings.security_notifications.email_create
            && let Some(message) = notice::message(call, &account, Template::EmailCreate)
        {
            effects.push(Effect::Mail(message.with_new_address(address.clone())));
        }
        let mut after = account.clone();
        effect::preview(&mut after, &effects, call.now);
        let kind = if account.emails.is_empty() { EventKind::UserCreate } else { EventKind::UserUpdateEmailCreate };
        effects.push(report::account(call.occasion(FlowId(id.0)), kind, &after));
    }
    call.commit_alone(Change { spend, session: Some(&session.session), account: Some(&account), effects }).await?;
    let user = (!verification).then_some(user);
    Ok(AddedEmail { id, user, address, verified: false, created_at: call.now })
}

/// Makes an address the main one.
pub async fn set_primary_email(
    tenant: &Tenant,
    session: Signed<'_>,
    id: EmailId,
    request: &RequestMeta,
) -> Outcome<()> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    call.fresh(session, &account, StepUpAction::EmailSetPrimary)?;
    let email = account.emails.iter().find(|email| email.id == id).ok_or_else(|| refuse(404))?;
    if account.user.primary_email == Some(id) {
        return Ok(());
    }
    let address = EmailAddress::parse(&email.address).map_err(super::refusal::internal)?;
    let mut effects = vec![
        Effect::SetPrimaryEmail { user: account.user.id, id },
        audit(AuditKind::PrimaryEmailChanged, &account, &address),
    ];
    let before = account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok());
    if let (true, Some(before)) = (call.settings().security_notifications.primary_email_update, before)
        && let Some(message) = notice::message(call, &account, Template::PrimaryEmailUpdate)
    {
        effects.push(Effect::Mail(message.with_old_address(before).with_new_address(address)));
    }
    let mut after = account.clone();
    effect::preview(&mut after, &effects, call.now);
    effects.push(report::account(call.occasion(FlowId(id.0)), EventKind::UserUpdateEmailPrimary, &after));
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] }).await
}

/// Takes an address off the account. The main one stays.
pub async fn remove_email(tenant: &Tenant, session: Signed<'_>, id: EmailId, request: &RequestMeta) -> Outcome<()> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    call.fresh(session, &account, StepUpAction::EmailDelete)?;
    let email = account.emails.iter().find(|email| email.id == id).ok_or_else(|| refuse(404))?;
    if account.user.primary_email == Some(id) {
        return Err(refuse(409));
    }
    let address = EmailAddress::parse(&email.address).map_err(super::refusal::internal)?;
    let mut effects = vec![
        Effect::RemoveEmail { user: account.user.id, id, primary: false },
        audit(AuditKind::EmailDeleted, &account, &address),
    ];
    if call.settings().security_notifications.email_delete
        && let Some(message) = notice::message(call, &account, Template::EmailDelete)
    {
        effects.push(Effect::Mail(message.with_deleted_address(address)));
    }
    let mut after = account.clone();
    effect::preview(&mut after, &effects, call.now);
    if !Ways::of(&after, call.settings()).any() {
        return Err(refuse(409));
    }
    effects.push(report::account(call.occasion(FlowId(id.0)), EventKind::UserUpdateEmailDelete, &after));
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] }).await
}

/// 409 when the account has as many addresses as the project allows.
pub(super) fn has_room(call: Call<'_>, account: &Account) -> Outcome<()> {
    let limit = usize::try_from(call.settings().email.limit).unwrap_or(usize::MAX);
    if account.emails.len() < limit { Ok(()) } else { Err(refuse(409)) }
}

/// An entry about an address.
pub(super) fn audit(kind: AuditKind, account: &Account, address: &EmailAddress) -> Effect {
    Effect::Audit(AuditEntry::new(kind, actor(account)).with("email", address.as_str()))
}

//! `/webauthn/credentials` (§13.8).

use hanko_domain::{AuditEntry, AuditKind, CredentialId, Passkey, RequestMeta};
use hanko_model::spec::StepUpAction;
use hanko_notify::mail::Template;
use hanko_store::users::Account;
use serde_json::Value;

use super::{
    call::{Call, Change, Signed, actor},
    notice,
    refusal::{Outcome, refuse},
};
use crate::{
    effect::{self, Effect},
    rules::profile::Ways,
    tenant::Tenant,
    view,
};

/// The passkeys and security keys of whoever is signed in; oldest first.
pub async fn credentials(tenant: &Tenant, session: Signed<'_>, request: &RequestMeta) -> Outcome<Vec<Value>> {
    let account = Call::new(tenant, request).account(session).await?;
    Ok(account.passkeys.iter().map(view::credential).collect())
}

/// Gives a credential another name; `None` leaves it.
pub async fn rename_credential(
    tenant: &Tenant,
    session: Signed<'_>,
    id: &CredentialId,
    name: Option<String>,
    request: &RequestMeta,
) -> Outcome<()> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    call.fresh(session, &account, StepUpAction::WebauthnCredentialRename)?;
    own(&account, id)?;
    let (user, entry) = (account.user.id, entry(AuditKind::WebauthnCredentialUpdated, &account, id));
    let mut effects: Vec<Effect> =
        name.map(|name| Effect::RenamePasskey { user, id: id.clone(), name }).into_iter().collect();
    effects.push(Effect::Audit(entry));
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] }).await
}

/// Removes a credential. 409 when the account would be left without a way to sign in, or without the second factor it must have.
pub async fn remove_credential(
    tenant: &Tenant,
    session: Signed<'_>,
    id: &CredentialId,
    request: &RequestMeta,
) -> Outcome<()> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    let mfa_only = own(&account, id)?.mfa_only;
    let action = if mfa_only { StepUpAction::SecurityKeyDelete } else { StepUpAction::WebauthnCredentialDelete };
    call.fresh(session, &account, action)?;
    let user = account.user.id;
    let mut effects = vec![
        Effect::RemovePasskey { user, id: id.clone() },
        Effect::Audit(entry(AuditKind::WebauthnCredentialDeleted, &account, id)),
    ];
    let mut after = account.clone();
    effect::preview(&mut after, &effects, call.now);
    let mfa = &call.settings().mfa;
    let second_factor_left =
        (mfa.totp_enabled && after.otp.is_some()) || after.passkeys.iter().any(|passkey| passkey.mfa_only);
    if !Ways::of(&after, call.settings()).any() || (mfa_only && mfa.enabled && !mfa.optional && !second_factor_left) {
        return Err(refuse(409));
    }
    if mfa_only {
        effects.push(Effect::ForgetDevices(user));
        if call.settings().security_notifications.mfa_delete {
            effects.extend(notice::notice(call, &account, Template::MfaDelete));
        }
    }
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] }).await
}

fn own<'a>(account: &'a Account, id: &CredentialId) -> Outcome<&'a Passkey> {
    account.passkeys.iter().find(|passkey| passkey.id == *id).ok_or_else(|| refuse(404))
}

fn entry(kind: AuditKind, account: &Account, id: &CredentialId) -> AuditEntry {
    AuditEntry::new(kind, actor(account)).with("credential_id", id.to_string())
}

//! `/password` and `/password/login` (§13.6, §13.7).

use hanko_credentials::{
    NewPassword, PasswordHash, Subject,
    password::{HashError, MAX_BYTES, Unacceptable},
};
use hanko_domain::{AuditEntry, AuditKind, FlowId, PasswordId, RequestMeta, Secret, UserId, audit::Actor};
use hanko_model::spec::StepUpAction;
use hanko_notify::mail::Template;

use super::{
    call::{Call, Change, Signed, actor},
    limit::{self, Quota},
    notice,
    refusal::{Outcome, refuse, refuse_saying},
    users,
};
use crate::{effect::Effect, sessions::NewToken, tenant::Tenant};

const TOO_LONG: &str = "password must not be longer than 72 bytes";

/// Sets the password of whoever is signed in; says whether it is the first one.
pub async fn set_password(
    tenant: &Tenant,
    session: Signed<'_>,
    user: UserId,
    password: &Secret<String>,
    request: &RequestMeta,
) -> Outcome<bool> {
    let call = Call::new(tenant, request);
    let account = call.account(session).await?;
    let failed = AuditKind::PasswordSetFailed;
    let minimum = call.settings().password.min_length;
    let new = match NewPassword::parse(password, usize::try_from(minimum).unwrap_or(usize::MAX)) {
        Ok(new) => new,
        Err(Unacceptable::TooShort { .. }) => {
            call.refused(failed, actor(&account), "password too short").await?;
            return Err(refuse_saying(400, format!("password must be at least {minimum} characters long")));
        }
        Err(Unacceptable::TooLong { .. }) => {
            call.refused(failed, actor(&account), "password too long").await?;
            return Err(refuse_saying(400, TOO_LONG));
        }
    };
    if user != account.user.id {
        if call.inner().store.user(user).await?.is_none() {
            call.refused(failed, actor(&account), format!("unknown user: {user}")).await?;
            return Err(refuse(401));
        }
        let why = format!("wrong user: expected {} -> got {user}", account.user.id);
        call.refused(failed, actor(&account), why).await?;
        return Err(refuse(403));
    }
    let first = account.password.is_none();
    let action = if first { StepUpAction::PasswordCreate } else { StepUpAction::PasswordUpdate };
    call.fresh(session, &account, action)?;
    let hash = call.inner().hasher.hash(&new).await?;
    let mut effects = vec![
        Effect::SetPassword { id: PasswordId::random(&call.inner().random), user, hash },
        Effect::ForgetDevices(user),
        Effect::Audit(AuditEntry::new(AuditKind::PasswordSetSucceeded, actor(&account))),
    ];
    if !first && call.settings().security_notifications.password_update {
        effects.extend(notice::notice(call, &account, Template::PasswordUpdate));
    }
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] })
        .await?;
    Ok(first)
}

/// Signs in with a password. An unknown user, one without a password and a wrong password cost and say the same.
pub async fn log_in_with_password(
    tenant: &Tenant,
    user: UserId,
    password: &Secret<String>,
    request: &RequestMeta,
) -> (Option<Quota>, Outcome<NewToken>) {
    let call = Call::new(tenant, request);
    let account = match call.inner().store.account(user).await {
        Ok(account) => account,
        Err(error) => return (None, Err(error.into())),
    };
    match limit::password(call, user, account.as_ref()).await {
        Ok(Some(quota)) if quota.exceeded => (Some(quota), Err(refuse(429))),
        Ok(quota) => (quota, log_in(call, user, password, account).await),
        Err(error) => (None, Err(error)),
    }
}

async fn log_in(
    call: Call<'_>,
    user: UserId,
    password: &Secret<String>,
    account: Option<hanko_store::users::Account>,
) -> Outcome<NewToken> {
    let who = account.as_ref().map_or_else(Actor::none, actor);
    let failed = AuditKind::PasswordLoginFailed;
    // Before anything is known of the user: it says nothing about one.
    if password.expose().len() > MAX_BYTES {
        call.refused(failed, who, "password too long").await?;
        return Err(refuse_saying(400, TOO_LONG));
    }
    let stored = call.inner().store.password_of(user).await?;
    let hash = stored.as_ref().map(|stored| PasswordHash::stored(stored.expose().clone()));
    let run = FlowId::random(&call.inner().random);
    let subject = Subject { tenant: call.tenant.id(), user, flow: run };
    let hasher = &call.inner().hasher;
    let verified = match hasher.verify(hash.as_ref(), password, subject, call.now).await {
        Err(HashError::UnknownFormat) => {
            tracing::warn!(%user, "a stored password hash has an unknown format");
            None
        }
        other => other?,
    };
    let (Some(account), Some(verified)) = (&account, verified) else {
        let why = match (&account, &stored) {
            (None, _) => format!("unknown user: {user}"),
            (Some(_), None) => "user has no password credential".to_owned(),
            (Some(_), Some(_)) => "password hash not equal".to_owned(),
        };
        call.refused(failed, who, why).await?;
        return Err(refuse(401));
    };
    let mut effects = Vec::new();
    if let (true, Some(old), Ok(new)) = (verified.needs_rehash, stored, NewPassword::parse(password, 0)) {
        effects.push(Effect::UpgradePassword { user, old, new: hasher.hash(&new).await? });
    }
    let entry = AuditEntry::new(AuditKind::PasswordLoginSucceeded, who);
    let (token, begun) = users::begin_session(call, account, &[verified.proof], entry).await?;
    effects.extend(begun);
    call.commit_alone(Change { account: Some(account), effects, ..Change::default() }).await?;
    Ok(token)
}

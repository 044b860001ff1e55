//! `POST /token` (§13.14).

use hanko_credentials::{Subject, one_time_token};
use hanko_domain::{AuditEntry, AuditKind, FlowId, RequestMeta, Secret, UserId, audit::Actor};
use hanko_store::one_time_tokens::OneTimeToken;

use super::{
    call::{Call, Change, Committed},
    limit::{self, Quota},
    refusal::{Outcome, Refusal, RestError, refuse, refuse_saying},
    users,
};
use crate::{sessions::NewToken, tenant::Tenant};

/// Exchanges a one-time token for a session. `value` is the token, or what is wrong with the request: that is audited as well.
pub async fn exchange_token(
    tenant: &Tenant,
    value: Result<Secret<String>, Refusal>,
    request: &RequestMeta,
) -> (Option<Quota>, Outcome<(UserId, NewToken)>) {
    let call = Call::new(tenant, request);
    match limit::token(call).await {
        Ok(Some(quota)) if quota.exceeded => (Some(quota), Err(refuse(429))),
        Ok(quota) => {
            let outcome = match value {
                Ok(value) => exchange(call, &value).await,
                Err(refusal) => Err(RestError::Refused(refusal)),
            };
            (quota, audited(call, outcome).await)
        }
        Err(error) => (None, Err(error)),
    }
}

async fn audited<T>(call: Call<'_>, outcome: Outcome<T>) -> Outcome<T> {
    if let Err(RestError::Refused(Refusal { status, message })) = &outcome {
        let why = format!("code={status}, message={}", message.as_deref().unwrap_or("refused"));
        call.refused(AuditKind::TokenExchangeFailed, Actor::none(), why).await?;
    }
    outcome
}

async fn exchange(call: Call<'_>, value: &Secret<String>) -> Outcome<(UserId, NewToken)> {
    let hash = one_time_token::hash(value);
    let token = call.inner().store.token(&hash).await?.filter(is_for_this).ok_or_else(not_found)?;
    if call.now >= token.expires_at {
        return Err(refuse_saying(422, "token has expired"));
    }
    let run = FlowId::random(&call.inner().random);
    let subject = Subject { tenant: call.tenant.id(), user: token.user, flow: run };
    let stored = one_time_token::StoredToken { hash, user: token.user, expires_at: token.expires_at };
    let proof = stored.verify(value, subject, call.now).ok_or_else(not_found)?;
    let account = call.inner().store.account(token.user).await?.ok_or_else(not_found)?;
    let entry = AuditEntry::new(AuditKind::TokenExchangeSucceeded, Actor::user(token.user));
    let (new, effects) = users::begin_session(call, &account, &[proof], entry).await?;
    let change =
        Change { spend: vec![super::kept::Spend::Token(hash)], account: Some(&account), effects, session: None };
    match call.commit(change).await? {
        Committed::Yes => Ok((token.user, new)),
        Committed::Spent => Err(not_found()),
    }
}

/// Tokens for flows, those with a verifier and those that link an identity are not for this endpoint (quirk Q9).
fn is_for_this(token: &OneTimeToken) -> bool {
    !token.is_flow && !token.link_user && token.verifier.is_none()
}

fn not_found() -> RestError {
    refuse_saying(404, "token not found")
}

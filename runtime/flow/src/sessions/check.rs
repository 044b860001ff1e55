//! Checking a session: signature, then row, then idleness; renewing its token in the second half of its life
//! (`spec/sessions-and-public-rest.md` §6–§8, `spec/decisions.md` 18).

use std::time::Duration;

use hanko_domain::{EventKind, RequestMeta, Secret, SessionId, Timestamp, UserId};
use hanko_keys::VerifiedToken;
use hanko_notify::events;
use hanko_store::sessions::Session;
use serde_json::{Map, Value};

use crate::{
    rules::report,
    sessions::{NewToken, SessionError, claims::shown},
    tenant::Tenant,
};

/// A use is written down at most so often, and never later than a tenth of the idle timeout.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Why a session is checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// A client looks whether it is still signed in; that keeps no idle session alive.
    Check,
    /// It is used.
    Touch,
}

/// The outcome of a check.
#[derive(Debug)]
pub enum Checked {
    /// It holds.
    Valid(Box<Valid>),
    /// No token, a bad one, or no session.
    Invalid,
    /// It was idle too long and has just been ended.
    IdleExpired,
}

/// A session that holds.
#[derive(Debug)]
pub struct Valid {
    /// The session's row.
    pub session: Session,
    /// The token's claims as clients read them.
    pub claims: Map<String, Value>,
    /// When the presented token expires.
    pub expires_at: Timestamp,
    /// When the session ends if it is not used.
    pub idle_expires_at: Option<Timestamp>,
    /// A newer token of the same session.
    pub renewed: Option<NewToken>,
}

impl Valid {
    /// Whose session it is.
    pub fn user(&self) -> UserId {
        self.session.user
    }

    /// How its user has proven who they are (`amr`).
    pub(crate) fn methods(&self) -> Vec<String> {
        let methods = self.claims.get("amr").and_then(Value::as_array);
        methods.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Two factors were shown (`acr`).
    pub(crate) fn is_aal2(&self) -> bool {
        self.claims.get("acr").and_then(Value::as_str) == Some("aal2")
    }

    /// When its user last proved anything (`auth_time`); of a token that does not say so, long ago.
    pub(crate) fn proven_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.claims.get("auth_time").and_then(Value::as_i64).unwrap_or(0))
    }
}

/// Checks a token.
pub async fn validate(
    tenant: &Tenant,
    token: &str,
    purpose: Use,
    request: &RequestMeta,
) -> Result<Checked, SessionError> {
    let inner = tenant.inner();
    let now = inner.clock.now();
    let Ok(verified) = inner.signing_keys.verify(token, now) else { return Ok(Checked::Invalid) };
    let (Some(id), Some(subject)) = (verified.uuid("session_id"), verified.uuid("sub")) else {
        return Ok(Checked::Invalid);
    };
    let Some(mut session) = inner.store.session(SessionId(id), now).await? else { return Ok(Checked::Invalid) };
    if session.user.0 != subject {
        return Ok(Checked::Invalid);
    }
    let settings = &inner.project.settings.session;
    if settings.idle_timeout.is_some_and(|timeout| now.since(session.last_used) > timeout) {
        let mut work = inner.store.begin().await?;
        if work.delete_session(session.id).await? {
            let (kind, payload) = (EventKind::SessionDeletePassiveExpire, report::session(&session));
            events::record(&mut work, &inner.sealer, kind, &payload, request, now, &inner.random).await?;
        }
        work.commit().await?;
        return Ok(Checked::IdleExpired);
    }
    if purpose == Use::Touch {
        let pause = settings.idle_timeout.map_or(TOUCH_EVERY, |timeout| TOUCH_EVERY.min(timeout / 10));
        if now.since(session.last_used) >= pause {
            let mut work = inner.store.begin().await?;
            work.touch_session(session.id, now).await?;
            work.commit().await?;
            session.last_used = now;
        }
    }
    let renewed = renew(tenant, &verified, &mut session, now).await?;
    let idle_expires_at = settings.idle_timeout.map(|timeout| (session.last_used + timeout).min(session.expires_at));
    Ok(Checked::Valid(Box::new(Valid {
        claims: shown(&verified.claims),
        expires_at: verified.expires_at,
        idle_expires_at,
        renewed,
        session,
    })))
}

/// A token in the second half of its life is replaced, up to the session's end. Its claims stay a snapshot of the login.
async fn renew(
    tenant: &Tenant,
    verified: &VerifiedToken,
    session: &mut Session,
    now: Timestamp,
) -> Result<Option<NewToken>, SessionError> {
    let inner = tenant.inner();
    let settings = &inner.project.settings.session;
    if settings.renewed_until.is_none() || verified.expires_at.since(now) * 2 > settings.lifespan {
        return Ok(None);
    }
    let issued_at = now.whole_seconds();
    let expires_at = (issued_at + settings.lifespan).min(session.ends_at).whole_seconds();
    if expires_at <= verified.expires_at {
        return Ok(None);
    }
    let mut claims = verified.claims.clone();
    claims.insert("iat".into(), issued_at.seconds().into());
    claims.insert("exp".into(), expires_at.seconds().into());
    let keys = inner.signing_keys.clone();
    let signed = tokio::task::spawn_blocking(move || keys.sign(&claims)).await;
    let token = signed.map_err(|_| hanko_keys::TokenError::NotSigned)??;
    let mut work = inner.store.begin().await?;
    work.extend_session(session.id, expires_at).await?;
    work.commit().await?;
    session.expires_at = session.expires_at.max(expires_at);
    let persistent = settings.cookie.retention == hanko_model::spec::Retention::Persistent;
    Ok(Some(NewToken { token: Secret::new(token), lifetime: expires_at.since(issued_at), persistent }))
}

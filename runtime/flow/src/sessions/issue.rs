//! The one door: a session is made here and nowhere else.

use hanko_credentials::{Evidence, Proof, proof::Factor};
use hanko_domain::{AuditEntry, AuditKind, EventKind, RequestMeta, Secret, SessionId, Timestamp, audit::Actor};
use hanko_model::spec::Retention;
use hanko_notify::events;
use hanko_store::{Work, sessions::Session, users::Account};
use serde_json::{Map, Value};

use crate::{
    effect,
    engine::{Cx, Failure, FlowError},
    rules::{mfa, report, standing},
    sessions::{
        NewToken,
        claims::{Claims, shown},
    },
    tenant::Inner,
};

/// What a session is made from.
pub(crate) struct Login<'a> {
    /// Whose session it will be, as it will be once the request's effects are applied.
    pub(crate) account: &'a Account,
    /// What was proven in this run.
    pub(crate) proofs: &'a [Proof],
    /// The token's `amr`.
    pub(crate) amr: Vec<&'static str>,
    /// The user chose to stay signed in.
    pub(crate) remember: bool,
    /// Written with the session, where the contract wants an entry.
    pub(crate) audit: Option<AuditEntry>,
}

/// A session that is about to begin. Only [`issue`] makes one.
#[derive(Debug)]
pub(crate) struct NewSession {
    session: Session,
    limit: u32,
    audit: Option<AuditEntry>,
}

/// Checks the proofs and prepares the session: its token, its claims as the client sees them, and the row to store.
pub(crate) async fn issue(
    cx: &Cx<'_>,
    login: Login<'_>,
) -> Result<(NewSession, NewToken, Map<String, Value>), Failure> {
    let tenant = cx.inner();
    let user = login.account.user.id;
    let proven = login.proofs.iter().filter(|proof| !proof.is_enrolment());
    let sound = |proof: &Proof| proof.tenant() == cx.tenant.id() && proof.user() == user && proof.flow() == cx.id;
    if login.proofs.is_empty() || !login.proofs.iter().all(sound) || proven.clone().next().is_none() {
        return Err(Failure::internal("a session was asked for without a proof of its own user in this flow"));
    }
    let first_factor = |proof: &&Proof| !proof.is_second_factor();
    let two = proven.clone().any(|proof| proof.is_second_factor() || mfa::is_two_factors(proof));
    let required = mfa::required(&tenant.project.settings, login.account, login.proofs);
    let stand = login.proofs.iter().all(|proof| standing::stands(proof, login.account));
    if !proven.clone().any(|proof| first_factor(&proof)) || (required && !two) || !stand {
        // A second factor that was set up elsewhere while this flow was under way was never asked for.
        return Err(Failure::refused(FlowError::NotPermitted));
    }

    let settings = &tenant.project.settings.session;
    let now = cx.now.whole_seconds();
    let expires_at = (now + settings.lifespan).whole_seconds();
    let id = SessionId::random(&tenant.random);
    let claims = Claims {
        user,
        session: id,
        issued_at: now,
        expires_at,
        email: login.account.primary_email(),
        amr: login.amr,
        auth_time: proven.map(Proof::at).max().unwrap_or(now),
        acr: if login.proofs.iter().any(is_aal2) { "aal2" } else { "aal1" },
        username: login.account.username.as_ref().map(|stored| stored.username.as_str()),
    }
    .build(settings);
    let view = shown(&claims);
    let token = sign(tenant, claims).await?;
    let session = Session {
        id,
        user,
        user_agent: settings.acquire_user_agent.then(|| cx.request.user_agent.clone()),
        ip_address: cx.request.ip.filter(|_| settings.acquire_ip_address).map(|ip| ip.to_string()),
        created_at: cx.now,
        last_used: cx.now,
        expires_at,
        ends_at: cx.now + settings.renewed_until.unwrap_or(settings.lifespan),
    };
    let persistent = match settings.cookie.retention {
        Retention::Persistent => true,
        Retention::Session => false,
        Retention::Prompt => login.remember,
    };
    Ok((
        NewSession { session, limit: settings.limit, audit: login.audit },
        NewToken { token, lifetime: settings.lifespan, persistent },
        view,
    ))
}

impl NewSession {
    /// Writes the session, ends the oldest ones above the limit, and its audit entry. The user's row is referenced, so a
    /// user deleted meanwhile gets none.
    pub(crate) async fn store(
        self,
        work: &mut Work,
        tenant: &Inner,
        request: &RequestMeta,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let evicted = work.make_room(self.session.user, self.limit.saturating_sub(1), now).await?;
        work.insert_session(&self.session).await?;
        let ended = evicted.iter().map(|session| (EventKind::SessionDeletePassiveLimit, session));
        for (kind, session) in ended.chain([(EventKind::SessionCreateFlow, &self.session)]) {
            let payload = report::session(session);
            events::record(work, &tenant.sealer, kind, &payload, request, now, &tenant.random)
                .await
                .map_err(Failure::internal)?;
        }
        if let Some(entry) = self.audit {
            effect::record(entry, work, tenant, request, now).await?;
        }
        Ok(())
    }
}

/// Signs on a blocking thread: an RSA signature takes a millisecond.
pub(super) async fn sign(tenant: &Inner, claims: Map<String, Value>) -> Result<Secret<String>, Failure> {
    let keys = tenant.signing_keys.clone();
    let signed = tokio::task::spawn_blocking(move || keys.sign(&claims)).await.map_err(Failure::internal)?;
    signed.map(Secret::new).map_err(Failure::internal)
}

/// Two factors in this flow. A trusted device is one of an earlier flow.
fn is_aal2(proof: &Proof) -> bool {
    mfa::is_two_factors(proof)
        || matches!(
            proof.evidence(),
            Evidence::Totp | Evidence::SecurityKey { .. } | Evidence::PasskeyCreated { user_verified: true, .. }
        )
}

impl Login<'_> {
    /// The `amr` of a registration: how the address was proven, then what was enrolled (§4.13).
    pub(crate) fn registration_amr(proofs: &[Proof]) -> Vec<&'static str> {
        let mut methods = Vec::new();
        for factor in [Factor::Passcode, Factor::Password, Factor::Passkey, Factor::Totp, Factor::SecurityKey] {
            if proofs.iter().any(|proof| proof.factor() == factor) {
                methods.extend(factor.amr());
            }
        }
        methods
    }

    /// The entry of a login.
    pub(crate) fn success_entry(user: hanko_domain::UserId, method: &str) -> AuditEntry {
        AuditEntry::new(AuditKind::LoginSuccess, Actor::user(user)).with("login_method", method)
    }
}

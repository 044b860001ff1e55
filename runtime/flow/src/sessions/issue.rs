//! The one door: a session is made here and nowhere else.

use hanko_credentials::{Evidence, Proof, proof::Factor};
use hanko_domain::{
    AuditEntry, AuditKind, EventKind, FlowId, RequestMeta, Secret, SessionId, Timestamp, UserId, audit::Actor,
};
use hanko_model::spec::Retention;
use hanko_notify::events;
use hanko_store::{Work, sessions::Session, users::Account};
use serde_json::{Map, Value};

use crate::{
    effect,
    engine::{Failure, FlowError},
    rules::{mfa, report, standing},
    sessions::{
        NewToken, Valid,
        claims::{Claims, custom, shown},
    },
    tenant::{Inner, Tenant},
};

/// Where something was proven and when a session begins.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    pub(crate) tenant: &'a Tenant,
    /// The run of a flow, or of a ceremony of a deprecated endpoint.
    pub(crate) run: FlowId,
    pub(crate) request: &'a RequestMeta,
    pub(crate) now: Timestamp,
}

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

/// Where the user of a session is, as an administrator says who makes it for them.
#[derive(Clone, Debug, Default)]
pub struct Whereabouts {
    /// The user agent.
    pub user_agent: Option<String>,
    /// The client address.
    pub ip_address: Option<String>,
}

/// A session that is about to begin. Only [`issue`], [`raise`] and [`impersonate`] make one.
#[derive(Debug)]
pub(crate) struct NewSession {
    session: Session,
    /// The session that goes on under the new id.
    replaces: Option<Session>,
    limit: u32,
    /// What others are told of its beginning.
    told: EventKind,
    audit: Option<AuditEntry>,
}

/// A prepared session: the row to store, its token, and the claims as clients read them.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) session: NewSession,
    pub(crate) token: NewToken,
    pub(crate) claims: Map<String, Value>,
}

/// Checks the proofs and prepares the session.
pub(crate) async fn issue(at: Occasion<'_>, login: Login<'_>) -> Result<Issued, Failure> {
    let settings = &at.tenant.project().settings;
    check(at, login.account, login.proofs)?;
    let proven = login.proofs.iter().filter(|proof| !proof.is_enrolment());
    let two = proven.clone().any(|proof| proof.is_second_factor() || mfa::is_two_factors(proof));
    let required = mfa::required(settings, login.account, login.proofs);
    if !proven.clone().any(|proof| !proof.is_second_factor()) || (required && !two) {
        // A second factor that was set up elsewhere while this flow was under way was never asked for.
        return Err(Failure::refused(FlowError::NotPermitted));
    }
    let ends_at = at.now + settings.session.renewed_until.unwrap_or(settings.session.lifespan);
    let persistent = match settings.session.cookie.retention {
        Retention::Persistent => true,
        Retention::Session => false,
        Retention::Prompt => login.remember,
    };
    let amr = login.amr.iter().map(|method| (*method).to_owned()).collect();
    let aal2 = login.proofs.iter().any(is_aal2);
    let (session, token, claims) = prepare(at, login.account, login.proofs, (amr, aal2), ends_at).await?;
    let session = NewSession {
        session,
        replaces: None,
        limit: settings.session.limit,
        told: EventKind::SessionCreateFlow,
        audit: login.audit,
    };
    Ok(Issued { session, token: NewToken { persistent, ..token }, claims })
}

/// Prepares a session that an administrator makes for a user who has shown nothing (`spec/admin-api.md` §10.4). Its token names no
/// method and no time of a proof, so that whatever needs a fresh factor asks for one.
pub(crate) async fn impersonate(
    at: Occasion<'_>,
    account: &Account,
    at_place: Whereabouts,
    audit: AuditEntry,
) -> Result<Issued, Failure> {
    let settings = &at.tenant.project().settings.session;
    let ends_at = at.now + settings.renewed_until.unwrap_or(settings.lifespan);
    let (mut session, token, claims) = prepare(at, account, &[], (Vec::new(), false), ends_at).await?;
    session.user_agent = at_place.user_agent.filter(|_| settings.acquire_user_agent);
    session.ip_address = at_place.ip_address.filter(|_| settings.acquire_ip_address);
    let told = EventKind::SessionCreateAdmin;
    let session = NewSession { session, replaces: None, limit: settings.limit, told, audit: Some(audit) };
    Ok(Issued { session, token, claims })
}

/// Raises a session whose user has shown a factor again. It goes on under a new id, so that whoever has learnt the old one gains
/// nothing by it, and ends when it would have ended anyway.
pub(crate) async fn raise(
    at: Occasion<'_>,
    current: &Valid,
    account: &Account,
    proofs: &[Proof],
) -> Result<Issued, Failure> {
    check(at, account, proofs)?;
    if current.user() != account.user.id {
        return Err(Failure::internal("a session was to be raised by somebody else's proof"));
    }
    let mut amr = current.methods();
    let mut shown: Vec<&str> = Vec::new();
    for method in proofs.iter().filter(|proof| !proof.is_enrolment()).filter_map(|proof| proof.factor().amr()) {
        shown.push(method);
        if !amr.iter().any(|known| known == method) {
            amr.push(method.to_owned());
        }
    }
    let entry = AuditEntry::new(AuditKind::SessionSteppedUp, Actor::user(account.user.id));
    let audit = entry.with("method", shown.join(",")).with("flow_id", at.run.to_string());
    let aal2 = proofs.iter().any(is_aal2) || current.is_aal2();
    let (mut session, token, claims) = prepare(at, account, proofs, (amr, aal2), current.session.ends_at).await?;
    // Where the user signed in does not change.
    session.user_agent.clone_from(&current.session.user_agent);
    session.ip_address.clone_from(&current.session.ip_address);
    session.created_at = current.session.created_at;
    let settings = &at.tenant.project().settings.session;
    let session = NewSession {
        session,
        replaces: Some(current.session.clone()),
        limit: settings.limit,
        told: EventKind::SessionCreateFlow,
        audit: Some(audit),
    };
    let persistent = settings.cookie.retention == Retention::Persistent;
    Ok(Issued { session, token: NewToken { persistent, ..token }, claims })
}

/// Every proof is one of this account in this run and still stands, and one of them shows something.
fn check(at: Occasion<'_>, account: &Account, proofs: &[Proof]) -> Result<(), Failure> {
    let (tenant, user) = (at.tenant.id(), account.user.id);
    let sound = |proof: &Proof| proof.tenant() == tenant && proof.user() == user && proof.flow() == at.run;
    if !proofs.iter().all(sound) || proofs.iter().all(Proof::is_enrolment) {
        return Err(Failure::internal("a session was asked for without a proof of its own user in this flow"));
    }
    if !proofs.iter().all(|proof| standing::stands(proof, account)) {
        return Err(Failure::refused(FlowError::NotPermitted));
    }
    Ok(())
}

async fn prepare(
    at: Occasion<'_>,
    account: &Account,
    proofs: &[Proof],
    (amr, aal2): (Vec<String>, bool),
    ends_at: Timestamp,
) -> Result<(Session, NewToken, Map<String, Value>), Failure> {
    let tenant = at.tenant.inner();
    let settings = &tenant.project.settings.session;
    let now = at.now.whole_seconds();
    let expires_at = (now + settings.lifespan).min(ends_at).whole_seconds();
    let (id, user) = (SessionId::random(&tenant.random), account.user.id);
    let shown_at = proofs.iter().filter(|proof| !proof.is_enrolment()).map(Proof::at);
    let claims = Claims {
        user,
        session: id,
        issued_at: now,
        expires_at,
        email: account.primary_email(),
        amr,
        auth_time: (!proofs.is_empty()).then(|| shown_at.max().unwrap_or(now)),
        acr: (!proofs.is_empty()).then_some(if aal2 { "aal2" } else { "aal1" }),
        username: account.username.as_ref().map(|stored| stored.username.as_str()),
    }
    .build(settings, custom(tenant, account));
    let view = shown(&claims);
    let token = sign(tenant, claims).await?;
    let session = Session {
        id,
        user,
        user_agent: settings.acquire_user_agent.then(|| at.request.user_agent.clone()),
        ip_address: at.request.ip.filter(|_| settings.acquire_ip_address).map(|ip| ip.to_string()),
        created_at: at.now,
        last_used: at.now,
        expires_at,
        ends_at,
    };
    Ok((session, NewToken { token, lifetime: expires_at.since(now), persistent: false }, view))
}

impl NewSession {
    /// The row as it will be.
    pub(crate) fn row(&self) -> &Session {
        &self.session
    }

    /// Whether the user has signed in to make it: neither raised an older one nor was it made for them.
    pub(crate) fn is_login_of(&self, user: UserId) -> bool {
        self.session.user == user && self.replaces.is_none() && self.told == EventKind::SessionCreateFlow
    }

    /// Writes the session and its audit entry. A login ends the oldest sessions above the limit; a session that goes on under a new id
    /// has ended under the old one. The user's row is referenced, so a user deleted meanwhile gets none. `false`: the session to
    /// replace is gone.
    pub(crate) async fn store(
        self,
        work: &mut Work,
        tenant: &Inner,
        request: &RequestMeta,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let (ended, kind) = match self.replaces {
            Some(old) if !work.delete_session(old.id).await? => {
                tracing::debug!(session = %old.id, "the session to raise has ended");
                return Ok(false);
            }
            Some(old) => (vec![old], EventKind::SessionDeleteExplicitRevoke),
            None => {
                let room = work.make_room(self.session.user, self.limit.saturating_sub(1), now).await?;
                (room, EventKind::SessionDeletePassiveLimit)
            }
        };
        work.insert_session(&self.session).await?;
        let ended = ended.iter().map(|session| (kind, session));
        for (kind, session) in ended.chain([(self.told, &self.session)]) {
            let payload = report::session(session);
            events::record(work, &tenant.sealer, kind, &payload, request, now, &tenant.random)
                .await
                .map_err(Failure::internal)?;
        }
        if let Some(entry) = self.audit {
            effect::record(entry, work, tenant, request, now).await?;
        }
        Ok(true)
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

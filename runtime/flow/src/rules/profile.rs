//! The account of a signed-in user in the profile flow (`spec/flow-profile.md` §1.4, §4, §5).

use async_trait::async_trait;
use hanko_credentials::Proof;
use hanko_domain::{EmailAddress, Passkey, SessionId, Username, user_agent};
use hanko_model::project::Settings;
use hanko_store::{sessions::Session, users::Account};
use serde_json::{Map, Value};

use crate::{
    effect::{self, Effect},
    engine::{Cx, Failure, FlowError, Hook},
    sessions,
    stash::Stash,
    view,
};

/// Whose profile it is.
pub(crate) struct Profile {
    pub(crate) account: Account,
    /// Those that have not expired, newest first; empty outside `profile_init`.
    pub(crate) sessions: Vec<Session>,
    /// The one of this request.
    pub(crate) current: SessionId,
}

impl Profile {
    /// The sessions the user may end here.
    pub(crate) fn other_sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(|session| session.id != self.current)
    }
}

/// Before each action: the account is read again, and the run belongs to whoever began it (§15 Q2).
pub(crate) struct ReadOwner;

#[async_trait]
impl Hook for ReadOwner {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let session = cx.session.ok_or_else(|| Failure::refused(FlowError::Unauthorized))?;
        let user = session.user();
        if cx.stash.user.is_some_and(|owner| owner != user) {
            return Err(Failure::refused(FlowError::NotPermitted));
        }
        let account = cx.store().account(user).await?.ok_or_else(|| Failure::refused(FlowError::NotPermitted))?;
        let sessions = match cx.state.as_str() {
            "profile_init" => read_sessions(cx, &account).await?,
            _ => Vec::new(),
        };
        if matches!(cx.state.as_str(), "preflight" | "profile_init") {
            cx.stash = fresh(&cx.stash, &account);
        }
        cx.as_read = Some(account.clone());
        cx.profile = Some(Profile { account, sessions, current: session.session.id });
        Ok(())
    }
}

async fn read_sessions(cx: &Cx<'_>, account: &Account) -> Result<Vec<Session>, Failure> {
    let settings = &cx.settings().session;
    if !settings.show_on_profile && !settings.allow_revocation {
        return Ok(Vec::new());
    }
    Ok(cx.store().sessions_of(account.user.id, cx.now).await?)
}

/// Nothing is left of what was done before in this run but what the client can do.
fn fresh(stash: &Stash, account: &Account) -> Stash {
    Stash {
        webauthn_available: stash.webauthn_available,
        conditional_mediation_available: stash.conditional_mediation_available,
        platform_authenticator_available: stash.platform_authenticator_available,
        user: Some(account.user.id),
        email: account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok()),
        username: account.username.as_ref().and_then(|stored| Username::parse(&stored.username).ok()),
        ..Stash::default()
    }
}

/// Before `profile_init`: shows the user as they will be. A session whose user has shown a factor again goes on under a new id.
pub(crate) struct ShowProfile;

#[async_trait]
impl Hook for ShowProfile {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let (Some(session), Some(mut account)) = (cx.session, cx.as_read.clone()) else {
            return Err(Failure::internal("a profile of nobody"));
        };
        effect::preview(&mut account, &cx.effects, cx.now);
        let mut sessions = read_sessions(cx, &account).await?;
        let mut current = session.session.id;
        if cx.stash.proofs.iter().any(|proof| !Proof::is_enrolment(proof) && shows_the_user(proof)) {
            let issued = sessions::raise(cx.occasion(), session, &account, &cx.stash.proofs).await?;
            current = issued.session.row().id;
            for listed in sessions.iter_mut().filter(|listed| listed.id == session.session.id) {
                listed.clone_from(issued.session.row());
            }
            cx.then(Effect::StartSession(Box::new(issued.session)));
            cx.token = Some(issued.token);
            cx.stash.proofs.clear();
        }
        for ended in &cx.effects {
            if let Effect::EndSession(ended, _) = ended {
                sessions.retain(|session| session.id != ended.id);
            }
        }
        if cx.settings().session.show_on_profile {
            let sessions: Vec<Value> = sessions.iter().map(|session| shown(session, current)).collect();
            cx.payload.insert("sessions".into(), sessions.into());
        }
        cx.payload.insert("user".into(), view::view(&account, cx.settings()));
        cx.profile = Some(Profile { account, sessions, current });
        Ok(())
    }
}

/// A code that proves an address of somebody signed in says nothing about whose account it is.
fn shows_the_user(proof: &Proof) -> bool {
    use hanko_credentials::{Evidence, Purpose};
    !matches!(proof.evidence(), Evidence::Passcode { purpose: Purpose::EmailVerification, .. })
}

/// A session as its user sees it (§4.9).
fn shown(session: &Session, current: SessionId) -> Value {
    let mut wire = Map::new();
    wire.insert("id".into(), session.id.to_string().into());
    if let Some(raw) = &session.user_agent {
        wire.insert("user_agent_raw".into(), raw.as_str().into());
        wire.insert("user_agent".into(), user_agent::readable(raw).into());
    }
    if let Some(ip) = &session.ip_address {
        wire.insert("ip_address".into(), ip.as_str().into());
    }
    wire.insert("current".into(), (session.id == current).into());
    wire.insert("created_at".into(), session.created_at.rfc3339().into());
    wire.insert("expires_at".into(), session.expires_at.rfc3339().into());
    wire.insert("last_used".into(), session.last_used.rfc3339().into());
    Value::Object(wire)
}

/// The ways an account can be signed in to (§5). Passkeys of another relying party are none, and a security key never is one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ways {
    pub(crate) passkey: bool,
    pub(crate) password: bool,
    pub(crate) passcode: bool,
}

impl Ways {
    /// Those of an account under a project's settings.
    pub(crate) fn of(account: &Account, settings: &Settings) -> Self {
        let by_mail = settings.email.use_as_login_identifier && !account.emails.is_empty();
        let by_name = settings.username.use_as_login_identifier && account.username.is_some();
        Self {
            passkey: settings.passkey.enabled && account.passkeys.iter().any(|passkey| usable(passkey, settings)),
            password: settings.password.enabled && account.password.is_some() && (by_mail || by_name),
            passcode: settings.email.use_for_authentication && !account.emails.is_empty() && (by_mail || by_name),
        }
    }

    /// At least one.
    pub(crate) fn any(self) -> bool {
        self.passkey || self.password || self.passcode
    }
}

/// A passkey that can sign in here.
pub(crate) fn usable(passkey: &Passkey, settings: &Settings) -> bool {
    !passkey.mfa_only && passkey.rp_id == settings.webauthn.relying_party_id
}

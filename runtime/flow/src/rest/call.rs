//! One request, its decisions and its one transaction.

use hanko_domain::{AuditEntry, AuditKind, FlowId, RequestMeta, Timestamp, audit::Actor};
use hanko_model::{project::Settings, spec::StepUpAction};
use hanko_store::{Work, sessions::Session, users::Account};

use super::{
    kept::Spend,
    refusal::{Outcome, RestError, refuse, refuse_saying},
};
use crate::{
    effect::{self, Effect},
    rules::step_up,
    sessions::{Occasion, Valid},
    tenant::{Inner, Tenant},
};

/// The circumstances of a request.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) request: &'a RequestMeta,
    pub(crate) now: Timestamp,
}

/// What becomes true at once, if nobody was faster.
#[derive(Default)]
pub(crate) struct Change<'a> {
    /// Spent or written first.
    pub(crate) spend: Vec<Spend>,
    /// The session that asks; one that has ended meanwhile changes nothing.
    pub(crate) session: Option<&'a Session>,
    /// The account that was decided on; once it has changed, the decision is void.
    pub(crate) account: Option<&'a Account>,
    pub(crate) effects: Vec<Effect>,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Committed {
    Yes,
    /// Somebody else has spent it; nothing happened.
    Spent,
}

/// Who asks, for endpoints that need a session.
pub type Signed<'a> = &'a Valid;

impl<'a> Call<'a> {
    pub(crate) fn new(tenant: &'a Tenant, request: &'a RequestMeta) -> Self {
        Self { tenant, request, now: tenant.clock().now() }
    }

    pub(crate) fn inner(self) -> &'a Inner {
        self.tenant.inner()
    }

    pub(crate) fn settings(self) -> &'a Settings {
        &self.tenant.project().settings
    }

    pub(crate) fn occasion(self, run: FlowId) -> Occasion<'a> {
        Occasion { tenant: self.tenant, run, request: self.request, now: self.now }
    }

    /// The account of a session. 404 when it was deleted meanwhile.
    pub(crate) async fn account(self, session: &Valid) -> Outcome<Account> {
        self.inner().store.account(session.user()).await?.ok_or_else(|| refuse(404))
    }

    /// 403 where the project wants a fresh factor for what the profile calls `action`.
    pub(crate) fn fresh(self, session: &Valid, account: &Account, action: StepUpAction) -> Outcome<()> {
        if step_up::is_needed(self.settings(), action, account, session, self.now) {
            return Err(refuse_saying(403, "a recent sign-in is required"));
        }
        Ok(())
    }

    /// The one transaction.
    pub(crate) async fn commit(self, change: Change<'_>) -> Outcome<Committed> {
        let mut work = self.inner().store.begin().await?;
        match self.apply(change, &mut work).await {
            Ok(Committed::Yes) => {
                work.commit().await?;
                Ok(Committed::Yes)
            }
            other => {
                work.rollback().await?;
                other
            }
        }
    }

    /// A transaction that nobody else can have been faster with.
    pub(crate) async fn commit_alone(self, change: Change<'_>) -> Outcome<()> {
        match self.commit(change).await? {
            Committed::Yes => Ok(()),
            Committed::Spent => Err(RestError::Busy("somebody else was faster".to_owned())),
        }
    }

    async fn apply(self, change: Change<'_>, work: &mut Work) -> Outcome<Committed> {
        for spend in &change.spend {
            let first = match spend {
                Spend::Write(id, version, row) => work.write_flow(*id, *version, row).await?,
                Spend::Delete(id, version) => work.delete_flow(*id, *version).await?,
                Spend::Token(hash) => work.spend_token(hash).await?,
            };
            if !first {
                return Ok(Committed::Spent);
            }
        }
        // The user's row before the session's, as in every other transaction: two never wait for each other.
        let as_read = match change.account {
            Some(account) => effect::is_as_read(account, &change.effects, work, self.now).await?,
            None => true,
        };
        if let Some(session) = change.session
            && !work.use_session(session.id, self.now).await?
        {
            return Err(refuse(401));
        }
        if !as_read {
            return Err(RestError::Busy("the account has changed meanwhile".to_owned()));
        }
        let all = effect::apply_all(change.effects, work, self.inner(), self.request, self.now).await?;
        if all { Ok(Committed::Yes) } else { Err(RestError::Busy("something has changed meanwhile".to_owned())) }
    }

    /// Writes down that something was refused, whatever else becomes of the request.
    pub(crate) async fn refused(self, kind: AuditKind, actor: Actor, why: impl Into<String>) -> Outcome<()> {
        let effects = vec![Effect::Audit(AuditEntry::new(kind, actor).failed(why))];
        self.commit_alone(Change { effects, ..Change::default() }).await
    }
}

/// The full actor of an audit entry.
pub(crate) fn actor(account: &Account) -> Actor {
    Actor { user: Some(account.user.id), email: account.primary_email().map(|email| email.address.clone()) }
}

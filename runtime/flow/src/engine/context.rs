//! What an action or a hook sees: a working copy of the run, and no unit of work.

use hanko_credentials::Subject;
use hanko_domain::{AuditEntry, FlowId, RequestMeta, Timestamp, UserId};
use hanko_model::project::Settings;
use hanko_store::{TenantStore, users::Account};
use serde_json::{Map, Value};

use crate::{
    effect::Effect,
    engine::{Failure, Flow, FlowError, TrustedDevice},
    rules::profile::Profile,
    sessions::{NewToken, Occasion, Valid},
    stash::{Kept, Stash},
    tenant::{Inner, Tenant},
};

/// The working copy. What is changed here becomes true with the row's conditional write, or not at all.
pub(crate) struct Cx<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) flow: &'a Flow,
    pub(crate) id: FlowId,
    pub(crate) request: &'a RequestMeta,
    pub(crate) now: Timestamp,
    /// The state whose action runs; before-hooks still see the one that is left.
    pub(crate) state: String,
    /// The state before it.
    pub(crate) previous: Option<String>,
    /// What is scheduled in the stored row, next first.
    pub(crate) queue: Vec<String>,
    /// What this request schedules, next first (the contract's list N).
    pub(crate) scheduled: Vec<&'static str>,
    pub(crate) stash: Stash,
    pub(crate) kept: Kept,
    /// What this request's answer carries.
    pub(crate) payload: Map<String, Value>,
    /// What becomes true with it.
    pub(crate) effects: Vec<Effect>,
    /// An error that is told although the run goes onward (§1.9.1 step 12), or the one that refused the action.
    pub(crate) error: Option<FlowError>,
    pub(crate) token: Option<NewToken>,
    pub(crate) trusted_device: Option<TrustedDevice>,
    /// The account as it was read for this request's decisions: when its user has changed until they are applied, they are not.
    pub(crate) as_read: Option<Account>,
    /// Whether `back` is possible: the newest snapshot can be returned to.
    pub(crate) can_go_back: bool,
    /// The states that led here, oldest first; those that `back` undid are not among them.
    pub(crate) visited: Vec<String>,
    /// The action that was called; empty while a run begins.
    pub(crate) action: &'static str,
    /// The session of the request, where the flow is one for signed-in users.
    pub(crate) session: Option<&'a Valid>,
    /// Its user, as they will be once the effects so far are applied.
    pub(crate) profile: Option<Profile>,
    /// The browser should forget the session.
    pub(crate) signed_out: bool,
}

impl Cx<'_> {
    pub(crate) fn inner(&self) -> &Inner {
        self.tenant.inner()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner().project.settings
    }

    pub(crate) fn store(&self) -> &TenantStore {
        &self.inner().store
    }

    /// An account; the one this request's decisions are made on is not read again.
    pub(crate) async fn account(&self, user: UserId) -> Result<Option<Account>, Failure> {
        match &self.as_read {
            Some(account) if account.user.id == user => Ok(Some(account.clone())),
            _ => Ok(self.store().account(user).await?),
        }
    }

    /// Whose proofs this run can hold.
    pub(crate) fn subject(&self, user: UserId) -> Subject {
        Subject { tenant: self.tenant.id(), user, flow: self.id }
    }

    /// Where and when what is proven in this run was proven.
    pub(crate) fn occasion(&self) -> Occasion<'_> {
        Occasion { tenant: self.tenant, run: self.id, request: self.request, now: self.now }
    }

    /// Adds an effect.
    pub(crate) fn then(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds an audit entry; it names the flow.
    pub(crate) fn audit(&mut self, entry: AuditEntry) {
        let entry = entry.with("flow_id", self.id.to_string());
        self.then(Effect::Audit(entry));
    }

    /// The signed-in user, in a flow for such.
    pub(crate) fn owner(&self) -> Result<&Account, Failure> {
        self.profile.as_ref().map(|profile| &profile.account).ok_or_else(|| Failure::internal("a profile of nobody"))
    }

    /// Whether the running flow is one for signed-in users.
    pub(crate) fn signed_in(&self) -> bool {
        self.flow.for_users
    }

    /// Whether the running flow is the registration.
    pub(crate) fn registering(&self) -> bool {
        self.flow.name == "registration"
    }
}

//! What administrators do with users (`spec/admin-api.md` §5–§11).
//!
//! An administrator is a key of the Admin API; [`Admin`] carries its name, which stands in every audit entry. Each call decides by
//! the account as it is, then one short transaction applies the same effects as the flows do; when somebody else was faster it
//! decides again. An administrator is bound by what must be true of an account, not by what the project allows its users.

pub mod api_keys;
mod audit_logs;
mod credentials;
mod emails;
pub mod import;
mod metadata;
mod otp;
mod passwords;
mod sessions;
mod users;
pub mod view;
pub mod webhooks;

use std::time::{Duration, Instant};

use hanko_domain::{AuditEntry, AuditKind, FlowId, RequestMeta, UserId, audit::Actor};
use hanko_store::users::Account;

pub use crate::rest::{Refusal, RestError as AdminError};
pub use crate::sessions::Whereabouts;
pub use passwords::NewSecret;
pub use users::{NewEmail, NewUser, UserPatch};

use crate::{
    effect::Effect,
    rest::{
        call::{Call, Change},
        refusal::{self, refuse},
    },
    sessions::Occasion,
    tenant::Tenant,
};

/// What a call comes to.
pub type Outcome<T> = Result<T, AdminError>;

/// How often a call decides at most before it asks the client to come back. Each time one of those who change a user at once has won.
const ATTEMPTS: u32 = 32;
/// A call that has waited so long for the database does not begin again.
const PATIENCE: Duration = Duration::from_secs(2);

/// A call of the Admin API.
#[derive(Clone, Copy, Debug)]
pub struct Admin<'a> {
    /// Whose users.
    pub tenant: &'a Tenant,
    /// The name of the key.
    pub key: &'a str,
    /// The circumstances of the request.
    pub request: &'a RequestMeta,
}

impl<'a> Admin<'a> {
    fn call(self) -> Call<'a> {
        Call::new(self.tenant, self.request)
    }

    /// A user with everything that belongs to it; 404 in the words of the endpoint.
    async fn account(self, id: UserId, absent: AdminError) -> Outcome<Account> {
        self.tenant.store().account(id).await?.ok_or(absent)
    }

    /// An entry about a user.
    fn entry(self, kind: AuditKind, user: UserId) -> AuditEntry {
        AuditEntry::new(kind, Actor::none()).by_key(self.key).about(user)
    }

    /// Where events of a call happen.
    fn occasion(self, call: Call<'a>) -> Occasion<'a> {
        call.occasion(FlowId::random(&call.inner().random))
    }

    /// Changes a user as `decide` says of the account; decides again when the account has changed meanwhile.
    async fn change<T>(
        self,
        user: UserId,
        absent: impl Fn() -> AdminError,
        decide: impl Fn(Call<'a>, &Account) -> Outcome<(T, Vec<Effect>)>,
    ) -> Outcome<T> {
        let mut attempts = Attempts::begin();
        loop {
            let (call, account) = (self.call(), self.account(user, absent()).await?);
            let (value, effects) = decide(call, &account)?;
            if effects.is_empty() {
                return Ok(value);
            }
            match call.commit_alone(Change { account: Some(&account), effects, ..Change::default() }).await {
                Ok(()) => return Ok(value),
                Err(AdminError::Busy(_)) if attempts.again() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether a call decides again when somebody else was faster.
struct Attempts {
    left: u32,
    began: Instant,
}

impl Attempts {
    fn begin() -> Self {
        Self { left: ATTEMPTS, began: Instant::now() }
    }

    fn again(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && self.began.elapsed() < PATIENCE
    }
}

/// 404 with the status' own phrase.
fn not_found() -> AdminError {
    refuse(404)
}

fn bad_request(message: impl Into<std::borrow::Cow<'static, str>>) -> AdminError {
    refusal::refuse_saying(400, message)
}

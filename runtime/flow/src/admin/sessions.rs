//! Sessions (`spec/admin-api.md` §10).

use hanko_domain::{AuditEntry, AuditKind, EventKind, SessionId, UserId};
use hanko_store::sessions::Session;

use super::{Admin, AdminError, Attempts, Outcome, Whereabouts, not_found};
use crate::{
    effect::Effect,
    rest::{
        call::{Change, actor},
        refusal::refuse_saying,
    },
    sessions::{NewToken, impersonate},
};

impl Admin<'_> {
    /// The sessions of a user that have not expired, newest first.
    pub async fn sessions(self, user: UserId) -> Outcome<Vec<Session>> {
        self.account(user, not_found()).await?;
        Ok(self.tenant.store().sessions_of(user, self.tenant.clock().now()).await?)
    }

    /// Ends a session of a user.
    pub async fn revoke_session(self, user: UserId, id: SessionId) -> Outcome<()> {
        let call = self.call();
        let own = self.sessions(user).await?.into_iter().find(|session| session.id == id).ok_or_else(not_found)?;
        let entry = self.entry(AuditKind::AdminSessionRevoked, user).with("session_id", id.to_string());
        let ended = Effect::EndSession(Box::new(own.clone()), EventKind::SessionDeleteAdminRevoke);
        let effects = vec![ended, Effect::Audit(entry)];
        match call.commit_alone(Change { session: Some(&own), effects, ..Change::default() }).await {
            // It has ended meanwhile.
            Err(AdminError::Refused(refusal)) if refusal.status == 401 => Err(not_found()),
            other => other,
        }
    }

    /// Makes a session for a user who has shown nothing.
    pub async fn create_session(self, user: UserId, at: Whereabouts) -> Outcome<NewToken> {
        let mut attempts = Attempts::begin();
        loop {
            let call = self.call();
            let account = self.account(user, refuse_saying(404, "user not found")).await?;
            let entry = AuditEntry::new(AuditKind::LoginSuccess, actor(&account)).by_key(self.key).about(user);
            let entry = entry.with("api", "admin");
            let issued = impersonate(self.occasion(call), &account, at.clone(), entry).await?;
            let effects = vec![Effect::StartSession(Box::new(issued.session))];
            match call.commit_alone(Change { account: Some(&account), effects, ..Change::default() }).await {
                Ok(()) => return Ok(issued.token),
                Err(AdminError::Busy(_)) if attempts.again() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

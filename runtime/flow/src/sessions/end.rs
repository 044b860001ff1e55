//! Ending a session by its owner's wish.

use hanko_domain::{AuditEntry, AuditKind, EventKind, RequestMeta, audit::Actor};
use hanko_notify::events;

use crate::{
    rules::report,
    sessions::{SessionError, Valid},
    tenant::Tenant,
};

/// Ends the session, audits it and tells of it (`spec/sessions-and-public-rest.md` §9.2).
pub async fn log_out(tenant: &Tenant, session: &Valid, request: &RequestMeta) -> Result<(), SessionError> {
    let inner = tenant.inner();
    let user = session.user();
    let emails = inner.store.emails_of(user).await?;
    let primary = inner.store.user(user).await?.and_then(|user| user.primary_email);
    let email = emails.into_iter().find(|email| Some(email.id) == primary).map(|email| email.address);
    let entry = AuditEntry::new(AuditKind::UserLoggedOut, Actor { user: Some(user), email });
    let now = inner.clock.now();
    let mut work = inner.store.begin().await?;
    if work.delete_session(session.session.id).await? {
        let mask = inner.project.settings.audit_mask;
        hanko_notify::audit::record(&mut work, entry, request, mask, now, &inner.random).await?;
        let (kind, payload) = (EventKind::SessionDeleteExplicitLogout, report::session(&session.session));
        events::record(&mut work, &inner.sealer, kind, &payload, request, now, &inner.random).await?;
    }
    work.commit().await?;
    Ok(())
}

//! The audit log as administrators read it (`spec/admin-api.md` §12).

use hanko_domain::{AuditEntry, AuditKind, audit::Actor};
use hanko_store::audit::{AuditQuery, AuditRow};

use super::{Admin, Outcome};
use crate::effect;

impl Admin<'_> {
    /// A page of rows, newest first, and how many there are in all.
    pub async fn audit_rows(self, query: &AuditQuery, offset: u64, limit: u32) -> Outcome<(Vec<AuditRow>, u64)> {
        let store = self.tenant.store();
        let total = store.count_audit_rows(query).await?;
        Ok((store.audit_rows(query, offset, limit).await?, total))
    }

    /// Writes down that rows are taken out; before the first one goes.
    pub async fn audit_taken_out(self, format: &str) -> Outcome<()> {
        let inner = self.tenant.inner();
        let entry = AuditEntry::new(AuditKind::AuditExported, Actor::none()).by_key(self.key).with("format", format);
        let mut work = inner.store.begin().await?;
        effect::record(entry, &mut work, inner, self.request, inner.clock.now()).await?;
        Ok(work.commit().await?)
    }
}

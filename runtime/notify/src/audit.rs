//! Writing entries of the audit log (`spec/webhooks-and-audit.md` §7).

use hanko_domain::{AuditEntry, AuditId, Random, RequestMeta, Timestamp};
use hanko_store::{StoreError, Work};

/// Adds an entry to the unit of work whose change it reports. With `mask` (the project's `auditLog.mask`) personal data is
/// cut to its first characters; this is the only place that decides it.
pub async fn record(
    work: &mut Work,
    entry: AuditEntry,
    request: &RequestMeta,
    mask: bool,
    now: Timestamp,
    random: &Random,
) -> Result<(), StoreError> {
    let entry = if mask { entry.masked() } else { entry };
    work.insert_audit(AuditId::ordered(random, now), &entry, request, now).await
}

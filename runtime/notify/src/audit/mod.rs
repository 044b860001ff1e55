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

#[cfg(test)]
mod tests {
    use hanko_domain::{Actor, AuditKind, TenantId};
    use hanko_store::{DatabaseUrl, PoolSize, Store};

    use super::*;

    #[tokio::test]
    async fn personal_data_is_masked_when_the_project_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("test.db")), PoolSize(1)).unwrap();
        store.migrate().await.unwrap();
        let random = Random::system();
        let tenant = store.tenant(TenantId::random(&random));
        for (mask, expected) in [(true, "k*****@fern.example"), (false, "kim@fern.example")] {
            let actor = Actor { user: None, email: Some("kim@fern.example".into()) };
            let entry = AuditEntry::new(AuditKind::LoginSuccess, actor).with("email", "kim@fern.example");
            let now = Timestamp::from_seconds(if mask { 1 } else { 2 });
            let mut work = tenant.begin().await.unwrap();
            record(&mut work, entry, &RequestMeta::default(), mask, now, &random).await.unwrap();
            work.commit().await.unwrap();
            let row = tenant.newest_audit_rows(1).await.unwrap().remove(0);
            assert_eq!(row.actor_email.as_deref(), Some(expected));
            assert_eq!(row.details["email"], expected);
        }
    }
}

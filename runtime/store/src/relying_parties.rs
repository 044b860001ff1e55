//! The RP ID a tenant is served under, and the credentials that belong to another one (`spec/decisions.md` 4).

use crate::{StoreError, TenantStore, Work};

statements! {
    OF_TENANT = "SELECT rp_id FROM relying_parties WHERE tenant_id = $1";
    PUT = "INSERT INTO relying_parties (tenant_id, rp_id) VALUES ($1, $2) \
        ON CONFLICT (tenant_id) DO UPDATE SET rp_id = excluded.rp_id",
        mysql = "INSERT INTO relying_parties (tenant_id, rp_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE rp_id = VALUES(rp_id)";
    /// Two ranges of an index around the RP ID's own credentials, which may be a million and are not read.
    ELSEWHERE = "SELECT rp_id, mfa_only, COUNT(*) FROM webauthn_credentials WHERE tenant_id = $1 AND rp_id < $2 \
        GROUP BY rp_id, mfa_only UNION ALL \
        SELECT rp_id, mfa_only, COUNT(*) FROM webauthn_credentials WHERE tenant_id = $3 AND rp_id > $4 \
        GROUP BY rp_id, mfa_only";
}

/// How many credentials belong to an RP ID.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    /// The RP ID they were made for.
    pub rp_id: String,
    /// Those that can sign in by themselves.
    pub passkeys: u64,
    /// Those that are second factors only.
    pub security_keys: u64,
}

impl TenantStore {
    /// The RP ID under which the tenant was last served.
    pub async fn relying_party(&self) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = on_pool!(&self.store.pool, OF_TENANT, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(rp_id,)| rp_id))
    }

    /// What belongs to other RP IDs than this one, by RP ID.
    pub async fn credentials_elsewhere(&self, rp_id: &str) -> Result<Vec<Credentials>, StoreError> {
        let mut rows: Vec<(String, bool, i64)> = on_pool!(&self.store.pool, ELSEWHERE, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(rp_id).bind(self.tenant.0).bind(rp_id).fetch_all(db).await
        })?;
        rows.sort_unstable();
        let mut all: Vec<Credentials> = Vec::new();
        for (rp_id, mfa_only, count) in rows {
            let count = count.unsigned_abs();
            let (passkeys, security_keys) = if mfa_only { (0, count) } else { (count, 0) };
            match all.last_mut().filter(|last| last.rp_id == rp_id) {
                Some(last) => {
                    (last.passkeys, last.security_keys) = (last.passkeys + passkeys, last.security_keys + security_keys)
                }
                None => all.push(Credentials { rp_id, passkeys, security_keys }),
            }
        }
        Ok(all)
    }
}

impl Work {
    /// Remembers the RP ID under which the tenant is served from now on.
    pub async fn put_relying_party(&mut self, rp_id: &str) -> Result<(), StoreError> {
        on_work!(self, PUT, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(rp_id).execute(db).await?;
        });
        Ok(())
    }
}

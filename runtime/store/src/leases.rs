//! Leases: who does what only one process may do at a time.

use std::time::Duration;

use hanko_domain::Timestamp;
use uuid::Uuid;

use crate::{StoreError, TenantStore, work::on_writer};

statements! {
    TAKE = "INSERT INTO leases (tenant_id, name, holder, held_until) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant_id, name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
        WHERE leases.held_until <= $5 OR leases.holder = $6",
        mysql = "INSERT INTO leases (tenant_id, name, holder, held_until) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
        holder = IF(held_until <= ? OR holder = ?, VALUES(holder), holder), \
        held_until = IF(holder = VALUES(holder), VALUES(held_until), held_until)";
    HOLDER = "SELECT holder FROM leases WHERE tenant_id = $1 AND name = $2";
    GIVE_BACK = "DELETE FROM leases WHERE tenant_id = $1 AND name = $2 AND holder = $3";
}

impl TenantStore {
    /// Takes or prolongs a lease. `false` while another holds it.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, until) = (self.tenant.0, now + lease);
        let (held_by,): (Uuid,) = on_writer(&self.store, async |work| {
            on_work!(work, TAKE, |sql, db| {
                sqlx::query(sql)
                    .bind(tenant)
                    .bind(name)
                    .bind(holder)
                    .bind(until.0)
                    .bind(now.0)
                    .bind(holder)
                    .execute(db)
                    .await?;
            });
            Ok(on_work!(work, HOLDER, |sql, db| sqlx::query_as(sql).bind(tenant).bind(name).fetch_one(db).await?))
        })
        .await?;
        Ok(held_by == holder)
    }

    /// Gives a lease back before its time.
    pub async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError> {
        let tenant = self.tenant.0;
        on_writer(&self.store, async |work| {
            on_work!(work, GIVE_BACK, |sql, db| {
                sqlx::query(sql).bind(tenant).bind(name).bind(holder).execute(db).await?;
            });
            Ok(())
        })
        .await
    }
}

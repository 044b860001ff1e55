//! Rows of the audit log, written in the transaction of the change they report.

use hanko_domain::{AuditEntry, AuditId, RequestMeta, Timestamp};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work};

statements! {
    INSERT = "INSERT INTO audit_logs (tenant_id, id, type, error, request_id, source_ip, user_agent, actor_user_id, \
        actor_email, details, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    NEWEST = "SELECT type, error, actor_user_id, actor_email, details, created_at FROM audit_logs WHERE tenant_id = $1 \
        ORDER BY created_at DESC, id DESC LIMIT $2";
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// The type as stored; readers treat it as open.
    pub kind: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Acting user.
    pub actor_user: Option<Uuid>,
    /// Its address, possibly masked.
    pub actor_email: Option<String>,
    /// Further members.
    pub details: Map<String, Value>,
    /// When.
    pub created_at: Timestamp,
}

type Row = (String, Option<String>, Option<Uuid>, Option<String>, Json<Map<String, Value>>, i64);

impl Work {
    /// Adds an entry as it is; masking has happened before.
    pub async fn insert_audit(
        &mut self,
        id: AuditId,
        entry: &AuditEntry,
        request: &RequestMeta,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(entry.kind.as_str())
                .bind(entry.error.as_deref())
                .bind(request.id.as_str())
                .bind(request.ip.map(|ip| ip.to_string()))
                .bind(request.user_agent.as_str())
                .bind(entry.actor.user.map(|user| user.0))
                .bind(entry.actor.email.as_deref())
                .bind(Json(&entry.details))
                .bind(now.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }
}

impl TenantStore {
    /// The newest entries.
    pub async fn newest_audit_rows(&self, count: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows: Vec<Row> = on_pool!(&self.store.pool, NEWEST, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(i64::from(count)).fetch_all(db).await
        })?;
        Ok(rows
            .into_iter()
            .map(|(kind, error, actor_user, actor_email, details, created_at)| AuditRow {
                kind,
                error,
                actor_user,
                actor_email,
                details: details.0,
                created_at: Timestamp(created_at),
            })
            .collect())
    }
}

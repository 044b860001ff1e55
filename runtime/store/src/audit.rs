//! Rows of the audit log, written in the transaction of the change they report.
//!
//! A row is inserted unsealed, at the cost of one insert. Numbering and chaining follow ([`chain`]); what a row says is never
//! changed again. Reading is by [`query`].

pub mod chain;
pub mod query;

pub use chain::{Checkpoint, End, Ends, Link};
pub use query::AuditQuery;

use hanko_domain::{AuditEntry, AuditId, RequestMeta, Timestamp};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Store, StoreError, TenantStore, Work, built::Built};

statements! {
    INSERT = "INSERT INTO audit_logs (tenant_id, id, type, error, request_id, source_ip, user_agent, actor_user_id, \
        actor_email, actor_api_key, subject_user_id, details, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
}

/// Characters of a text column (`spec/webhooks-and-audit.md` §7.2); what is longer is cut, never refused.
const LONGEST: usize = 255;

/// A stored entry.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Which.
    pub id: AuditId,
    /// The type as stored; readers treat it as open.
    pub kind: String,
    /// Why it failed.
    pub error: Option<String>,
    /// The request that caused it.
    pub request_id: String,
    /// Where that came from.
    pub source_ip: Option<String>,
    /// What sent it.
    pub user_agent: Option<String>,
    /// Acting user.
    pub actor_user: Option<Uuid>,
    /// Its address, possibly masked.
    pub actor_email: Option<String>,
    /// Name of the acting key of the Admin API.
    pub api_key: Option<String>,
    /// The user it was done to, where that is not the actor.
    pub subject: Option<Uuid>,
    /// Further members: an object. A text that is none stands here as it is; only a stranger's hand can have written it.
    pub details: Value,
    /// When.
    pub created_at: Timestamp,
    /// Its place in the tenant's chain; `None` until it is sealed.
    pub sequence: Option<i64>,
    /// What proves it and everything before it.
    pub mac: Option<Vec<u8>>,
    /// The master key of the MAC.
    pub mac_key: Option<String>,
}

type Row = (
    Uuid,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<Uuid>,
    String,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
    Option<String>,
);

impl From<Row> for AuditRow {
    fn from(row: Row) -> Self {
        let (id, kind, error, request_id, source_ip, user_agent, actor_user, actor_email, api_key, subject, ..) = row;
        let (.., details, created_at, sequence, mac, mac_key) = row;
        Self {
            id: AuditId(id),
            kind,
            error,
            request_id,
            source_ip,
            user_agent,
            actor_user,
            actor_email,
            api_key,
            subject,
            details: serde_json::from_str(&details).unwrap_or(Value::String(details)),
            created_at: Timestamp(created_at),
            sequence,
            mac,
            mac_key,
        }
    }
}

/// The beginning of a statement that reads rows of the table `a`.
fn select(store: &Store) -> Built {
    // As text: what is no JSON must not keep the other rows from being read.
    Built::new(
        store,
        "SELECT a.id, a.type, a.error, a.request_id, a.source_ip, a.user_agent, a.actor_user_id, a.actor_email, \
        a.actor_api_key, a.subject_user_id, ",
    )
    .words_of("a.details", "a.details::text", "a.details")
    .words(", a.created_at, a.sequence, a.mac, a.mac_key")
}

impl TenantStore {
    async fn audit_rows_of(&self, built: Built) -> Result<Vec<AuditRow>, StoreError> {
        let rows: Vec<Row> = fetch_built!(&self.store, built)?;
        Ok(rows.into_iter().map(AuditRow::from).collect())
    }
}

impl Work {
    /// Adds an entry as it is; masking has happened before. Texts are cut to 255 characters.
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
                .bind(entry.error.as_deref().map(cut))
                .bind(cut(&request.id))
                .bind(request.ip.map(|ip| ip.to_string()))
                .bind(cut(&request.user_agent))
                .bind(entry.actor.user.map(|user| user.0))
                .bind(entry.actor.email.as_deref().map(cut))
                .bind(entry.api_key.as_deref().map(cut))
                .bind(entry.subject.map(|user| user.0))
                .bind(Json(&entry.details))
                .bind(now.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }
}

/// At most [`LONGEST`] characters of a text.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

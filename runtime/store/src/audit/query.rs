//! Reading the audit log: newest first, by page or onwards from a row, and counted.

use hanko_domain::{AuditId, Timestamp, UserId};
use uuid::Uuid;

use super::{AuditRow, select};
use crate::{
    StoreError, TenantStore,
    built::{Bound, Built},
};

statements! {
    /// What is sealed is counted by its numbers, so that the count costs the same however long the log is.
    COUNT = "SELECT COALESCE((SELECT sequence FROM audit_checkpoints WHERE tenant_id = $1 AND kind = 'head'), 0) \
        - COALESCE((SELECT sequence FROM audit_checkpoints WHERE tenant_id = $2 AND kind = 'floor'), 0) \
        + (SELECT COUNT(*) FROM audit_logs WHERE tenant_id = $3 AND sequence IS NULL)";
}

/// Which rows; every condition given must hold. Texts are substrings in which `%` and `_` stand for anything.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Of one of these types, if any are given.
    pub types: Vec<String>,
    /// By this user or about it.
    pub user: Option<UserId>,
    /// Within the acting user's id.
    pub actor_user_id: Option<String>,
    /// Within the acting user's address, as it is stored.
    pub actor_email: Option<String>,
    /// Within the name of the acting key of the Admin API.
    pub api_key: Option<String>,
    /// Within the address of the request.
    pub source_ip: Option<String>,
    /// Within the acting user's address or id, or the address of the request.
    pub q: Option<String>,
    /// After this moment.
    pub start: Option<Timestamp>,
    /// Before this moment.
    pub end: Option<Timestamp>,
}

impl AuditQuery {
    /// Whether it asks for every row.
    fn is_empty(&self) -> bool {
        let Self { types, user, actor_user_id, actor_email, api_key, source_ip, q, start, end } = self;
        let texts = [actor_user_id, actor_email, api_key, source_ip, q];
        types.is_empty() && user.is_none() && texts.iter().all(|text| text.is_none()) && start.or(*end).is_none()
    }
}

impl TenantStore {
    /// A page of rows, newest first.
    pub async fn audit_rows(&self, query: &AuditQuery, offset: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        // Which rows is found by an index alone; only those of the page are read. Numbers and the order of the join are said, so that a
        // plan that is made once knows how few rows there will be.
        let page = select(&self.store).words(" FROM (SELECT a.id FROM audit_logs a WHERE a.tenant_id = ");
        let page = conditions(page.value(Bound::Id(self.tenant.0)), query)
            .words(&format!(" ORDER BY a.created_at DESC, a.id DESC LIMIT {limit}"));
        let page = match i64::try_from(offset).unwrap_or(i64::MAX) {
            0 => page,
            offset => page.words(&format!(" OFFSET {offset}")).unprepared(),
        };
        let page = page
            .words(") page ")
            .words_of("CROSS JOIN", "JOIN", "JOIN")
            .words(" audit_logs a ON a.id = page.id AND a.tenant_id = ")
            .value(Bound::Id(self.tenant.0))
            .words(" ORDER BY a.created_at DESC, a.id DESC");
        self.audit_rows_of(page).await
    }

    /// Rows older than `before`, newest first: page by page it goes through a log of any length at the same speed.
    pub async fn audit_rows_before(
        &self,
        query: &AuditQuery,
        before: Option<(Timestamp, AuditId)>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = select(&self.store).words(" FROM audit_logs a WHERE a.tenant_id = ").value(Bound::Id(self.tenant.0));
        let mut rows = conditions(rows, query);
        if let Some((at, id)) = before {
            rows = rows
                .words(" AND a.created_at <= ")
                .value(Bound::Number(at.0))
                .words(" AND (a.created_at < ")
                .value(Bound::Number(at.0))
                .words(" OR a.id < ")
                .value(Bound::Id(id.0))
                .words(")");
        }
        let rows = rows.words(" ORDER BY a.created_at DESC, a.id DESC LIMIT ").value(Bound::Number(limit.into()));
        self.audit_rows_of(rows).await
    }

    /// The newest entries.
    pub async fn newest_audit_rows(&self, count: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.audit_rows_before(&AuditQuery::default(), None, count).await
    }

    /// How many rows there are. Without a condition that costs the same however many there are.
    pub async fn count_audit_rows(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        let own = self.tenant.0;
        let count: (i64,) = if query.is_empty() {
            on_pool!(&self.store.pool, COUNT, |sql, db| {
                sqlx::query_as(sql).bind(own).bind(own).bind(own).fetch_one(db).await
            })?
        } else {
            let rows = Built::new(&self.store, "SELECT COUNT(*) FROM audit_logs a WHERE a.tenant_id = ");
            let rows: Vec<(i64,)> = fetch_built!(&self.store, conditions(rows.value(Bound::Id(own)), query))?;
            rows.first().copied().unwrap_or_default()
        };
        Ok(u64::try_from(count.0).unwrap_or(0))
    }
}

fn conditions(mut built: Built, query: &AuditQuery) -> Built {
    for (n, kind) in query.types.iter().enumerate() {
        built = built.words(if n == 0 { " AND a.type IN (" } else { ", " }).value(Bound::Text(kind.clone()));
    }
    if !query.types.is_empty() {
        built = built.words(")");
    }
    if let Some(user) = query.user {
        built = built
            .words(" AND (a.actor_user_id = ")
            .value(Bound::Id(user.0))
            .words(" OR a.subject_user_id = ")
            .value(Bound::Id(user.0))
            .words(")");
    }
    if let Some(id) = &query.actor_user_id {
        built = match id.parse::<Uuid>() {
            // A whole id, as it is written, is found by its index.
            Ok(id) if id.hyphenated().to_string() == *query.actor_user_id.as_deref().unwrap_or_default() => {
                built.words(" AND a.actor_user_id = ").value(Bound::Id(id))
            }
            _ => within(id_text(built.words(" AND ")), id),
        };
    }
    for (column, text) in [
        (" AND a.actor_email", &query.actor_email),
        (" AND a.actor_api_key", &query.api_key),
        (" AND a.source_ip", &query.source_ip),
    ] {
        if let Some(text) = text {
            built = within(built.words(column), text);
        }
    }
    if let Some(q) = &query.q {
        built = within(built.words(" AND (a.actor_email"), q);
        built = within(built.words(" OR a.source_ip"), q);
        built = within(id_text(built.words(" OR ")), q).words(")");
    }
    for (condition, moment) in [(" AND a.created_at > ", query.start), (" AND a.created_at < ", query.end)] {
        if let Some(moment) = moment {
            built = built.words(condition).value(Bound::Number(moment.0));
        }
    }
    built
}

/// A backslash is a backslash everywhere: as an escape it would make some patterns errors.
fn within(built: Built, text: &str) -> Built {
    built.words(" LIKE ").value(Bound::Text(format!("%{text}%"))).words_of("", " ESCAPE ''", " ESCAPE ''")
}

/// The acting user's id as it is written.
fn id_text(built: Built) -> Built {
    built.words_of(
        "(lower(substr(hex(a.actor_user_id), 1, 8) || '-' || substr(hex(a.actor_user_id), 9, 4) || '-' || \
         substr(hex(a.actor_user_id), 13, 4) || '-' || substr(hex(a.actor_user_id), 17, 4) || '-' || \
         substr(hex(a.actor_user_id), 21)))",
        "a.actor_user_id::text",
        "LOWER(CONCAT_WS('-', SUBSTR(HEX(a.actor_user_id), 1, 8), SUBSTR(HEX(a.actor_user_id), 9, 4), \
         SUBSTR(HEX(a.actor_user_id), 13, 4), SUBSTR(HEX(a.actor_user_id), 17, 4), SUBSTR(HEX(a.actor_user_id), 21)))",
    )
}

//! `/audit_logs`: what happened (`spec/admin-api.md` §12), in pages or as a whole.

mod export;

use axum::response::{IntoResponse, Response};
use hanko_domain::UserId;
use hanko_flow::admin::Admin;
use hanko_store::audit::{AuditQuery, AuditRow};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::http::{
    admin::{
        by::{Audit, By},
        ids,
        page::Page,
        query::Query,
    },
    error::ApiError,
    json::Json,
};

pub(crate) fn router() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(export::export))
}

fn admin(by: &By<Audit>) -> Admin<'_> {
    Admin { tenant: &by.served.tenant, key: &by.key, request: &by.meta }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
struct Entry {
    id: Uuid,
    /// New types may come at any time.
    #[serde(rename = "type")]
    #[schema(example = "login_success")]
    kind: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    error: Option<String>,
    meta_http_request_id: String,
    meta_source_ip: String,
    meta_user_agent: String,
    /// The user who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    actor_user_id: Option<Uuid>,
    /// Its address, masked unless the project says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "j*****@acme.test")]
    actor_email: Option<String>,
    /// The name of the API key that acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    actor_api_key: Option<String>,
    /// The user it was done to, where that is not the one who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    subject_user_id: Option<Uuid>,
    details: Value,
    /// Its place in the chain that proves the log; absent for a second or so, until it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    sequence: Option<i64>,
    #[serde(rename = "TenantID")]
    tenant_id: Uuid,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

impl Entry {
    fn of(row: AuditRow, tenant_id: Uuid) -> Self {
        let at = row.created_at.rfc3339();
        Self {
            id: row.id.0,
            kind: row.kind,
            error: row.error,
            meta_http_request_id: row.request_id,
            meta_source_ip: row.source_ip.unwrap_or_default(),
            meta_user_agent: row.user_agent.unwrap_or_default(),
            actor_user_id: row.actor_user,
            actor_email: row.actor_email,
            actor_api_key: row.api_key,
            subject_user_id: row.subject,
            details: row.details,
            sequence: row.sequence,
            tenant_id,
            created_at: at.clone(),
            updated_at: at,
        }
    }
}

/// What a query asks for. An empty text is no condition.
fn wanted(query: &Query) -> Result<AuditQuery, ApiError> {
    let user = query.text("user_id").map(|text| {
        let bad = || ApiError::saying(StatusCode::BAD_REQUEST, "failed to parse user_id as uuid");
        ids::lenient(text).map(UserId).ok_or_else(bad)
    });
    let text = |name: &str| query.text(name).map(str::to_owned);
    Ok(AuditQuery {
        types: query.all("type").map(str::to_owned).collect(),
        user: user.transpose()?,
        actor_user_id: text("actor_user_id"),
        actor_email: text("actor_email"),
        api_key: text("api_key"),
        source_ip: text("meta_source_ip"),
        q: text("q"),
        start: query.time("start_time")?,
        end: query.time("end_time")?,
    })
}

/// What happened, newest first.
///
/// All conditions must hold. Texts match any part of a value, `%` any characters, `_` any one. Addresses are stored masked unless
/// the project says otherwise, and are found as they are stored.
#[utoipa::path(
    get,
    path = "/audit_logs",
    tag = "audit",
    params(
        ("page" = Option<i64>, Query, description = "Default 1."),
        ("per_page" = Option<i64>, Query, description = "Default 20, at most 1000."),
        ("start_time" = Option<String>, Query, description = "After this moment (RFC 3339)."),
        ("end_time" = Option<String>, Query, description = "Before this moment (RFC 3339)."),
        ("type" = Option<Vec<String>>, Query, description = "Of one of these types; may be given several times."),
        ("user_id" = Option<Uuid>, Query, description = "By this user or about it."),
        ("actor_user_id" = Option<String>, Query, description = "A part of the acting user's id."),
        ("actor_email" = Option<String>, Query, description = "A part of the acting user's address."),
        ("api_key" = Option<String>, Query, description = "A part of the name of the acting API key."),
        ("meta_source_ip" = Option<String>, Query, description = "A part of the request's address."),
        ("q" = Option<String>, Query, description = "A part of the acting user's address or id, or of the request's address."),
    ),
    responses(
        (status = 200, body = Vec<Entry>, headers(
            ("X-Total-Count" = u64, description = "How many there are in all."),
            ("Link" = String, description = "The first, last, next and previous page."),
        )),
        (status = 400, description = "A parameter is none."),
    ),
)]
async fn list(by: By<Audit>, query: Query, page: Page) -> Result<Response, ApiError> {
    let (tenant, wanted) = (&by.served.tenant, wanted(&query)?);
    let (rows, total) = admin(&by).audit_rows(&wanted, page.offset(), page.limit()).await?;
    let entries: Vec<Entry> = rows.into_iter().map(|row| Entry::of(row, tenant.id().0)).collect();
    Ok((page.headers(total), Json(entries)).into_response())
}

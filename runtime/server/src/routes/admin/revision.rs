//! `GET /-/revision`: what each tenant really serves, and what was not accepted. The operator asks before it says `Programmed`.

use axum::response::IntoResponse;
use serde::Serialize;

use crate::{extract::Process, http::json::Json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Revisions {
    version: &'static str,
    tenants: Vec<TenantRevision>,
    refused: Vec<RefusedRevision>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantRevision {
    namespace: String,
    name: String,
    tenant_id: String,
    document_revision: String,
    secrets_revision: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusedRevision {
    namespace: String,
    name: String,
    document_revision: String,
    reason: String,
}

pub(super) async fn revision(Process(app): Process) -> impl IntoResponse {
    let registry = app.registry();
    let tenants = registry.tenants().iter().map(|served| TenantRevision {
        namespace: served.configuration.project.namespace.clone(),
        name: served.configuration.project.name.clone(),
        tenant_id: served.tenant.id().to_string(),
        document_revision: served.configuration.document_revision.clone(),
        secrets_revision: served.secrets_revision.clone(),
    });
    let refused = registry.refused().iter().map(|bad| RefusedRevision {
        namespace: bad.namespace.clone(),
        name: bad.name.clone(),
        document_revision: bad.document_revision.clone(),
        reason: bad.reason.clone(),
    });
    Json(Revisions { version: env!("CARGO_PKG_VERSION"), tenants: tenants.collect(), refused: refused.collect() })
}

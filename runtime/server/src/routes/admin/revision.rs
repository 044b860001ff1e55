//! `GET /-/revision`: what each tenant really serves, and what was not accepted. The operator asks before it says `Programmed`.

use std::time::Duration;

use axum::response::IntoResponse;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::Process,
    http::{json::Json, openapi::admin::PROCESS},
    served::Served,
};

/// Who asks waits two seconds, and what is served does not depend on the database.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revisions {
    version: &'static str,
    tenants: Vec<TenantRevision>,
    refused: Vec<RefusedRevision>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantRevision {
    namespace: String,
    name: String,
    tenant_id: String,
    document_revision: String,
    secrets_revision: String,
    /// Passkeys and security keys of other RP IDs than the one that is served. Absent when the database does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    stranded_credentials: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusedRevision {
    namespace: String,
    name: String,
    document_revision: String,
    reason: String,
}

/// What each project is served as, and what was not accepted.
#[utoipa::path(get, path = "/-/revision", tag = PROCESS, responses((status = 200, body = Revisions)))]
pub(super) async fn revision(Process(app): Process) -> impl IntoResponse {
    let registry = app.registry();
    let tenants = join_all(registry.tenants().iter().map(async |served| TenantRevision {
        namespace: served.configuration.project.namespace.clone(),
        name: served.configuration.project.name.clone(),
        tenant_id: served.tenant.id().to_string(),
        document_revision: served.configuration.document_revision.clone(),
        secrets_revision: served.secrets_revision.clone(),
        stranded_credentials: stranded(served).await,
    }));
    let refused = registry.refused().iter().map(|bad| RefusedRevision {
        namespace: bad.namespace.clone(),
        name: bad.name.clone(),
        document_revision: bad.document_revision.clone(),
        reason: bad.reason.clone(),
    });
    Json(Revisions { version: env!("CARGO_PKG_VERSION"), tenants: tenants.await, refused: refused.collect() })
}

async fn stranded(served: &Served) -> Option<u64> {
    let rp_id = &served.configuration.project.settings.webauthn.relying_party_id;
    let counted = tokio::time::timeout(PATIENCE, served.tenant.store().credentials_elsewhere(rp_id)).await;
    Some(counted.ok()?.ok()?.iter().map(|of| of.passkeys + of.security_keys).sum())
}

//! `GET /health/dependencies`, on the admin listener alone and with a key: whether a project reaches what it needs.

use axum::response::{IntoResponse, Response};
use hanko_domain::ApiScope;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::answers;
use crate::{
    http::{
        admin::by::{By, Part},
        json::Json,
    },
    served::Served,
};

/// Needs `read`: it changes nothing, and belongs to no other part of the API.
pub(crate) struct Dependencies;

impl Part for Dependencies {
    const NEEDS: Option<ApiScope> = Some(ApiScope::Read);
}

/// What the project needs. Of others that the process serves nothing is told.
#[derive(Serialize, ToSchema)]
struct Report {
    /// Whether everything is reachable.
    ready: bool,
    database: Reached,
    /// The mail server; absent where the project has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Reached>,
    /// Services that sign users in; none can be configured yet.
    #[schema(example = json!([]))]
    providers: Vec<Reached>,
    webhooks: Webhooks,
}

/// Whether something was reached.
#[derive(Serialize, ToSchema)]
struct Reached {
    reachable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the mail server cannot be reached: connection error: Connection refused (os error 111)")]
    reason: Option<String>,
}

/// Receivers of events.
#[derive(Serialize, ToSchema)]
struct Webhooks {
    /// How many of the database are disabled, by hand or because deliveries failed; absent while the database does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<usize>,
}

impl From<Result<(), String>> for Reached {
    fn from(answer: Result<(), String>) -> Self {
        Self { reachable: answer.is_ok(), reason: answer.err() }
    }
}

/// Whether the project reaches its database and its mail server.
///
/// The mail server is greeted and signed in to, at most every 30 seconds, and gets no mail. The answer takes at most a few seconds.
#[utoipa::path(get, path = "/health/dependencies", tag = crate::http::openapi::admin::PROJECT, responses(
    (status = 200, description = "All is reachable.", body = Report,
        example = json!({"ready": true, "database": {"reachable": true}, "mail": {"reachable": true}, "providers": [],
            "webhooks": {"disabled": 0}})),
    (status = 503, description = "Something is not.", body = Report),
))]
pub(super) async fn dependencies(By { served, .. }: By<Dependencies>) -> Response {
    let ((database, webhooks), mail) = tokio::join!(database(&served), mail(&served));
    let ready = database.reachable && mail.as_ref().is_none_or(|mail| mail.reachable);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Report { ready, database, mail, providers: Vec::new(), webhooks })).into_response()
}

async fn database(served: &Served) -> (Reached, Webhooks) {
    if !answers(&served.database.store).await {
        return (Err("the database does not answer".to_owned()).into(), Webhooks { disabled: None });
    }
    let known = tokio::time::timeout(super::PATIENCE, served.tenant.store().webhooks()).await.ok().and_then(Result::ok);
    let disabled = known.map(|webhooks| webhooks.iter().filter(|webhook| !webhook.enabled).count());
    (Ok(()).into(), Webhooks { disabled })
}

async fn mail(served: &Served) -> Option<Reached> {
    let probed = served.mailer.as_ref()?.probe().await;
    Some(probed.map_err(|error| error.to_string()).into())
}

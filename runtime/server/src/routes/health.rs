//! `GET /livez`, `/health/alive`, `/readyz`, `/health/ready`, on both listeners.

mod dependencies;

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use hanko_store::Store;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    extract::Process,
    http::{
        json::Json,
        openapi::{HEALTH, also},
    },
};

/// A database that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For the platform: with every reason.
pub(super) fn detailed() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(also("/health/alive", routes!(alive)))
        .routes(also("/health/ready", routes!(ready_in_detail)))
        .routes(routes!(dependencies::dependencies))
}

/// For everybody.
pub(super) fn brief() -> OpenApiRouter {
    OpenApiRouter::default().routes(also("/health/alive", routes!(alive))).routes(also("/health/ready", routes!(ready)))
}

#[derive(Serialize, ToSchema)]
struct Alive {
    alive: bool,
}

#[derive(Serialize, ToSchema)]
struct Ready {
    ready: bool,
    /// What is not ready; only when something is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!([]))]
    reasons: Vec<String>,
}

/// The process lives.
#[utoipa::path(get, path = "/livez", tag = HEALTH, responses((status = 200, body = Alive)))]
async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Every project is served and its database answers.
///
/// Who cannot help learns that something is not ready, not what the database says.
#[utoipa::path(get, path = "/readyz", tag = HEALTH, responses(
    (status = 200, body = Ready, example = json!({"ready": true})),
    (status = 503, description = "Not yet, or not now.", body = Ready,
        example = json!({"ready": false, "reasons": ["a tenant or its database is not ready"]})),
))]
async fn ready(Process(app): Process) -> Response {
    let reasons = reasons(&app).await;
    answer(if reasons.is_empty() { reasons } else { vec!["a tenant or its database is not ready".into()] })
}

/// Every project is served and its database answers.
#[utoipa::path(get, path = "/readyz", tag = HEALTH, responses(
    (status = 200, body = Ready, example = json!({"ready": true})),
    (status = 503, description = "Not yet, or not now.", body = Ready,
        example = json!({"ready": false, "reasons": ["tenants/acme: the database does not answer"]})),
))]
async fn ready_in_detail(Process(app): Process) -> Response {
    answer(reasons(&app).await)
}

/// Why the process is not ready: every tenant has to be served and its database to answer.
async fn reasons(app: &App) -> Vec<String> {
    let registry = app.registry();
    let mut reasons: Vec<String> =
        registry.waiting().iter().map(|waiting| format!("{}: {}", waiting.label, waiting.reason)).collect();
    if app.stop.is_cancelled() {
        reasons.push("the process is shutting down".into());
    }
    let silent = join_all(registry.tenants().iter().map(async |served| {
        let label = served.configuration.label();
        (!answers(&served.database.store).await).then(|| format!("{label}: the database does not answer"))
    }));
    reasons.extend(silent.await.into_iter().flatten());
    reasons
}

fn answer(reasons: Vec<String>) -> Response {
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, reasons })).into_response()
}

/// Whether a database answers a trivial question soon.
pub(super) async fn answers(store: &Store) -> bool {
    matches!(tokio::time::timeout(PATIENCE, store.ping()).await, Ok(Ok(())))
}

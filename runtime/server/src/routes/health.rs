//! `GET /livez`, `/health/alive`, `/readyz`, `/health/ready`, on both listeners.

use std::time::Duration;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::future::join_all;
use hanko_store::Store;
use http::StatusCode;
use serde::Serialize;

use crate::{extract::Process, http::json::Json};

/// A database that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn router() -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/health/alive", get(alive))
        .route("/readyz", get(ready))
        .route("/health/ready", get(ready))
}

#[derive(Serialize)]
struct Alive {
    alive: bool,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Ready: every tenant is served and its database answers.
async fn ready(Process(app): Process) -> Response {
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
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, reasons })).into_response()
}

/// Whether a database answers a trivial question soon.
pub(super) async fn answers(store: &Store) -> bool {
    matches!(tokio::time::timeout(PATIENCE, store.ping()).await, Ok(Ok(())))
}

//! `GET /metrics`, in Prometheus's text format.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::{extract::Process, http::openapi::admin::PROCESS};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = PROCESS, responses(
    (status = 200, description = "Prometheus's text format.", body = String, content_type = "text/plain"),
))]
pub(super) async fn metrics(Process(app): Process) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], app.metrics.render(&app).await).into_response()
}

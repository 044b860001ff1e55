//! `GET /metrics`, in Prometheus's text format.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::extract::Process;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) async fn metrics(Process(app): Process) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], app.metrics.render(&app).await).into_response()
}

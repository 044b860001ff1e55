//! `GET /openapi.json`: this listener's description.

use axum::response::Response;

use crate::{extract::Process, http::json};

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "project", responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"),
))]
pub(super) async fn openapi(Process(app): Process) -> Response {
    json::raw(app.description.clone())
}

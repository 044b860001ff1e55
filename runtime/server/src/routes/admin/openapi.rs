//! `GET /openapi.json`: this listener's description.

use axum::response::Response;

use crate::{
    extract::Process,
    http::{
        admin::by::{Anything, By},
        json,
        openapi::admin::PROJECT,
    },
};

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = PROJECT, responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"),
))]
pub(super) async fn openapi(_: By<Anything>, Process(app): Process) -> Response {
    json::raw(app.admin_description.clone())
}

//! `GET /`: a page for the person who opens the API's address (`spec/admin-api.md` §4.1).

use axum::response::Response;

use crate::{extract::Tenant, http::openapi::admin::PROCESS, routes::public::status};

/// A page for the person who opens the API's address.
#[utoipa::path(get, path = "/", tag = PROCESS, responses(
    (status = 200, description = "The project is served.", body = String, content_type = "text/html"),
    (status = 421, description = "The host is none of this server."),
    (status = 500, description = "The database does not answer.", body = String, content_type = "text/html"),
))]
pub(super) async fn page(Tenant(served): Tenant) -> Response {
    status::of(&served).await
}

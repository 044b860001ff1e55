//! `GET /.well-known/webauthn`: which other sites' pages may use this project's passkeys (WebAuthn L3 §5.11.1).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::Tenant,
    http::{error::ApiError, json::Json},
};

const TEN_MINUTES: HeaderValue = HeaderValue::from_static("max-age=600");

/// Related origins.
#[derive(Serialize, ToSchema)]
pub(crate) struct RelatedOrigins<'a> {
    /// The project's https origins whose host neither is the RP ID nor lies below it.
    #[schema(example = json!(["https://shop.example"]))]
    origins: &'a [String],
}

/// The other sites whose pages may use this project's passkeys.
///
/// Browsers ask at the host that is the RP ID.
#[utoipa::path(get, path = "/.well-known/webauthn", tag = "project", responses(
    (status = 200, body = RelatedOrigins, headers(("Cache-Control" = String, description = "`max-age=600`"))),
    (status = 404, description = "There are none."),
))]
pub(crate) async fn webauthn(Tenant(served): Tenant) -> Response {
    match &*served.related_origins {
        [] => ApiError::of(StatusCode::NOT_FOUND).into_response(),
        origins => ([(header::CACHE_CONTROL, TEN_MINUTES)], Json(RelatedOrigins { origins })).into_response(),
    }
}

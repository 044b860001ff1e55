//! `POST /webauthn/registration/initialize` and `/finalize`.

use axum::response::{IntoResponse, Response};
use hanko_flow::rest::{confirm_attestation, credential_creation_options};

use super::{super::offers::Passkeys, Confirmed};
use crate::{
    extract::{BrowserMeta, Offered, SessionUser},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::JsonText,
        json::Json,
        openapi::DEPRECATED,
    },
};

/// Options for a new passkey of whoever is signed in.
#[utoipa::path(
    post,
    path = "/webauthn/registration/initialize",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "For `navigator.credentials.create`.", body = Object),
        (status = 400, description = "The user does not exist any more.", body = ErrorBody,
            example = json!({"code": 400, "message": "user not found"})),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 409, description = "The user has as many passkeys as the project allows."),
    ),
)]
pub(crate) async fn initialize(
    _: Offered<Passkeys>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
) -> Result<Response, ApiError> {
    let options = credential_creation_options(&served.tenant, &valid, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(options)).into_response())
}

/// Keeps the passkey that an authenticator has made.
#[utoipa::path(
    post,
    path = "/webauthn/registration/finalize",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    request_body(content = Object, description = "What `navigator.credentials.create` has answered, as JSON."),
    responses(
        (status = 200, body = Confirmed),
        (status = 400, description = "Malformed, refused, or an answer to nothing.", body = ErrorBody,
            example = json!({"code": 400, "message": "Stored challenge and received challenge do not match"})),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 409, description = "The credential is known already, or the user has as many as the project allows."),
        (status = 422, description = "The authenticator has not verified its user, which the project requires.", body = ErrorBody,
            example = json!({"code": 422, "message": "failed to validate attestation: User verification required but flag not set: the authenticator did not verify its user"})),
    ),
)]
pub(crate) async fn finalize(
    _: Offered<Passkeys>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    JsonText(answer): JsonText,
) -> Result<Response, ApiError> {
    let confirmed = confirm_attestation(&served.tenant, &valid, &answer, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(Confirmed::from(confirmed))).into_response())
}

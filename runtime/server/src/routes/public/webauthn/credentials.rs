//! `GET /webauthn/credentials`, `PATCH` and `DELETE /webauthn/credentials/{id}`.

use axum::response::{IntoResponse, Response};
use hanko_domain::CredentialId;
use hanko_flow::rest;
use http::StatusCode;
use utoipa::ToSchema;

use super::super::offers::Passkeys;
use crate::{
    extract::{BrowserMeta, Id, Offered, SessionUser},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::{DEPRECATED, user::Credential},
    },
};

/// Characters of a name.
const NAME: usize = 255;

/// A name for a credential.
#[derive(ToSchema)]
#[schema(as = CredentialName)]
pub(crate) struct Name {
    /// Without it nothing changes.
    #[schema(required = false, max_length = 255, example = "Laptop")]
    name: Option<String>,
}

impl Bind for Name {
    fn bind(fields: &mut Fields) -> Option<Self> {
        Some(Self { name: fields.optional_text("name", NAME) })
    }
}

/// The passkeys and security keys of whoever is signed in, oldest first.
#[utoipa::path(
    get,
    path = "/webauthn/credentials",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Credential>), (status = 401, description = "Nobody is signed in.")),
)]
pub(crate) async fn list(
    _: Offered<Passkeys>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
) -> Result<Response, ApiError> {
    let credentials = rest::credentials(&served.tenant, &valid, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(credentials)).into_response())
}

/// Gives a credential another name.
#[utoipa::path(
    patch,
    path = "/webauthn/credentials/{id}",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "The credential's id, base64url.")),
    request_body = Name,
    responses(
        (status = 200, description = "It has it. No body."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "Not a credential of this user."),
    ),
)]
pub(crate) async fn rename(
    _: Offered<Passkeys>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Id(id): Id,
    Input(Name { name }): Input<Name>,
) -> Result<Response, ApiError> {
    rest::rename_credential(&served.tenant, &valid, &credential(&id)?, name, &meta).await?;
    Ok((StatusCode::OK, deliver_only(&served, valid.renewed.as_ref()), ()).into_response())
}

/// Removes a credential.
#[utoipa::path(
    delete,
    path = "/webauthn/credentials/{id}",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "The credential's id, base64url.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "Not a credential of this user."),
        (status = 409, description = "The user could not sign in any more, or would lack the second factor that is mandatory."),
    ),
)]
pub(crate) async fn remove(
    _: Offered<Passkeys>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Id(id): Id,
) -> Result<Response, ApiError> {
    rest::remove_credential(&served.tenant, &valid, &credential(&id)?, &meta).await?;
    Ok((StatusCode::NO_CONTENT, deliver_only(&served, valid.renewed.as_ref()), ()).into_response())
}

fn credential(text: &str) -> Result<CredentialId, ApiError> {
    text.parse::<CredentialId>().map_err(|_| ApiError::of(StatusCode::NOT_FOUND))
}

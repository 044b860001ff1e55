//! `/emails` (`spec/sessions-and-public-rest.md` §13.9).

use axum::response::{IntoResponse, Response};
use hanko_domain::{EmailAddress, EmailId};
use hanko_flow::rest::{self, AddedEmail};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::Deprecated;
use crate::{
    extract::{BrowserMeta, Id, Offered, SessionUser},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::{DEPRECATED, user::EmailAddress as EmailAddressSchema},
    },
};

/// An address to add.
#[derive(ToSchema)]
pub(crate) struct NewEmail {
    #[schema(example = "jane@work.test")]
    address: String,
}

impl Bind for NewEmail {
    fn bind(fields: &mut Fields) -> Option<Self> {
        Some(Self { address: fields.text("address").unwrap_or_default() })
    }
}

/// An address that was added, or waits to be proven.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredEmail {
    /// Codes for it are asked for with this id.
    id: Uuid,
    /// Its user; absent while it waits to be proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    user_id: Option<Uuid>,
    #[schema(example = "jane@work.test")]
    address: String,
    verified: bool,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

impl From<AddedEmail> for StoredEmail {
    fn from(added: AddedEmail) -> Self {
        Self {
            id: added.id.0,
            user_id: added.user.map(|user| user.0),
            address: added.address.as_str().to_owned(),
            verified: added.verified,
            created_at: added.created_at.rfc3339(),
            updated_at: added.created_at.rfc3339(),
        }
    }
}

/// The addresses of whoever is signed in, oldest first.
#[utoipa::path(
    get,
    path = "/emails",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<EmailAddressSchema>), (status = 401, description = "Nobody is signed in.")),
)]
pub(super) async fn list(
    _: Offered<Deprecated>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
) -> Result<Response, ApiError> {
    let emails = rest::emails(&served.tenant, &valid, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(emails)).into_response())
}

/// Adds an address.
///
/// Where the project wants addresses proven, it is added once `/passcode/login/finalize` is shown the code that
/// `/passcode/login/initialize` has mailed to it. Unless the project shows whether accounts exist, an address of somebody else is
/// answered in the same way then; its owner is told, and no code is right.
#[utoipa::path(
    post,
    path = "/emails",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    request_body = NewEmail,
    responses(
        (status = 200, body = StoredEmail),
        (status = 400, description = "No address, or one that is taken."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 409, description = "The user has as many addresses as the project allows."),
    ),
)]
pub(super) async fn add(
    _: Offered<Deprecated>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Input(input): Input<NewEmail>,
) -> Result<Response, ApiError> {
    let address = EmailAddress::parse(&input.address).map_err(|_| ApiError::of(StatusCode::BAD_REQUEST))?;
    let added = rest::add_email(&served.tenant, &valid, address, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(StoredEmail::from(added))).into_response())
}

/// Makes an address the main one.
#[utoipa::path(
    method(post, put),
    path = "/emails/{id}/set_primary",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = Uuid, Path, description = "The address.")),
    responses(
        (status = 204, description = "It is."),
        (status = 400, description = "The id is none."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "Not an address of this user."),
    ),
)]
pub(super) async fn set_primary(
    _: Offered<Deprecated>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let id: EmailId = id.parse().map_err(|_| ApiError::of(StatusCode::BAD_REQUEST))?;
    rest::set_primary_email(&served.tenant, &valid, id, &meta).await?;
    Ok((StatusCode::NO_CONTENT, deliver_only(&served, valid.renewed.as_ref()), ()).into_response())
}

/// Takes an address off the account.
#[utoipa::path(
    delete,
    path = "/emails/{id}",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = Uuid, Path, description = "The address.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "Not an address of this user."),
        (status = 409, description = "It is the main one, or the user could not sign in any more."),
    ),
)]
pub(super) async fn remove(
    _: Offered<Deprecated>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let id: EmailId = id.parse().map_err(|_| ApiError::of(StatusCode::NOT_FOUND))?;
    rest::remove_email(&served.tenant, &valid, id, &meta).await?;
    Ok((StatusCode::NO_CONTENT, deliver_only(&served, valid.renewed.as_ref()), ()).into_response())
}

//! `/users/{user_id}/emails` (`spec/admin-api.md` §7).

use axum::response::{IntoResponse, Response};
use hanko_domain::{EmailAddress, EmailId, UserId};
use hanko_flow::admin::view;
use http::StatusCode;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    admin::{
        by::{By, Users},
        input::{Wrapped, WrappedPath},
    },
    error::{ApiError, Error as ErrorBody},
    input::{Bind, Fields},
    json::Json,
    openapi::admin::{USERS, user::Email},
};

/// Complaints call the parts of the path so here.
const USER_ID: &str = "UserId";

/// Whose addresses.
pub(crate) struct Owner(UserId);

impl Bind for Owner {
    fn bind(fields: &mut Fields) -> Option<Self> {
        fields.segment_uuid("user_id", USER_ID).map(|id| Self(UserId(id)))
    }
}

/// An address of a user.
pub(crate) struct Named {
    user: UserId,
    email: EmailId,
}

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (user, email) = (fields.segment_uuid("user_id", USER_ID), fields.segment_uuid4("email_id", "EmailId"));
        Some(Self { user: UserId(user?), email: EmailId(email?) })
    }
}

/// An address that is about to be added.
#[derive(ToSchema)]
pub(crate) struct Addition {
    #[schema(ignore)]
    user: Uuid,
    #[schema(value_type = String, example = "jane@acme.test")]
    address: EmailAddress,
    /// Its owner has proven it.
    #[schema(required = false)]
    is_verified: bool,
}

impl Bind for Addition {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (user, address) = (fields.segment_uuid("user_id", USER_ID), fields.email("address"));
        let is_verified = fields.flag("is_verified").unwrap_or(false);
        Some(Self { user: user?, address: address?, is_verified })
    }
}

/// The addresses of a user, oldest first. Nobody has none.
#[utoipa::path(
    get,
    path = "/users/{user_id}/emails",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, body = Vec<Email>),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserId must be a valid uuid"})),
    ),
)]
pub(super) async fn list(by: By<Users>, WrappedPath(Owner(user)): WrappedPath<Owner>) -> Result<Response, ApiError> {
    let account = by.admin().emails(user).await?;
    let emails = account.iter().flat_map(|account| account.emails.iter().map(|email| view::email(account, email)));
    Ok(Json(emails.collect::<Vec<_>>()).into_response())
}

/// Adds an address. The first becomes the main one.
#[utoipa::path(
    post,
    path = "/users/{user_id}/emails",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    request_body = Addition,
    responses(
        (status = 201, body = Email),
        (status = 400, description = "No id, no address, or somebody has it.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=address must be a valid email address"})),
        (status = 404, description = "No such user."),
        (status = 409, description = "The user has as many as the project allows."),
    ),
)]
pub(super) async fn create(
    by: By<Users>,
    Wrapped(Addition { user, address, is_verified }): Wrapped<Addition>,
) -> Result<Response, ApiError> {
    let (account, email) = by.admin().create_email(UserId(user), address, is_verified).await?;
    Ok((StatusCode::CREATED, Json(view::email(&account, &email))).into_response())
}

/// An address of a user.
#[utoipa::path(
    get,
    path = "/users/{user_id}/emails/{email_id}",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("email_id" = Uuid, Path)),
    responses(
        (status = 200, body = Email),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=EmailId must be a valid uuid4"})),
        (status = 404, description = "No such user, or no such address of it.", body = ErrorBody,
            example = json!({"code": 404, "message": "email with id '4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11' was not found"})),
    ),
)]
pub(super) async fn email(
    by: By<Users>,
    WrappedPath(Named { user, email }): WrappedPath<Named>,
) -> Result<Response, ApiError> {
    let (account, email) = by.admin().email(user, email).await?;
    Ok(Json(view::email(&account, &email)).into_response())
}

/// Takes an address off a user.
#[utoipa::path(
    delete,
    path = "/users/{user_id}/emails/{email_id}",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("email_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=EmailId must be a valid uuid4"})),
        (status = 404, description = "No such user, or no such address of it."),
        (status = 409, description = "It is the main one."),
    ),
)]
pub(super) async fn delete(
    by: By<Users>,
    WrappedPath(Named { user, email }): WrappedPath<Named>,
) -> Result<StatusCode, ApiError> {
    by.admin().delete_email(user, email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an address the main one.
#[utoipa::path(
    post,
    path = "/users/{user_id}/emails/{email_id}/set_primary",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("email_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=EmailId must be a valid uuid4"})),
        (status = 404, description = "No such user, or no such address of it."),
    ),
)]
pub(super) async fn set_primary(
    by: By<Users>,
    WrappedPath(Named { user, email }): WrappedPath<Named>,
) -> Result<StatusCode, ApiError> {
    by.admin().set_primary_email(user, email).await?;
    Ok(StatusCode::NO_CONTENT)
}

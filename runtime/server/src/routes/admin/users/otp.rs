//! `/users/{user_id}/otp` (`spec/admin-api.md` §11).

use axum::response::{IntoResponse, Response};
use hanko_flow::admin::view;
use http::StatusCode;

use super::Owner;
use crate::http::{
    admin::{
        by::{By, Users},
        input::WrappedPath,
    },
    error::{ApiError, Error as ErrorBody},
    json::Json,
    openapi::admin::{USERS, user::Otp},
};

/// That a user has an authenticator app.
#[utoipa::path(
    get,
    path = "/users/{user_id}/otp",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, body = Otp),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or it has none."),
    ),
)]
pub(super) async fn otp(by: By<Users>, WrappedPath(Owner(user)): WrappedPath<Owner>) -> Result<Response, ApiError> {
    Ok(Json(view::otp(&by.admin().otp(user).await?)).into_response())
}

/// Removes the authenticator app of a user.
#[utoipa::path(
    delete,
    path = "/users/{user_id}/otp",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or it has none."),
    ),
)]
pub(super) async fn delete(
    by: By<Users>,
    WrappedPath(Owner(user)): WrappedPath<Owner>,
) -> Result<StatusCode, ApiError> {
    by.admin().delete_otp(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

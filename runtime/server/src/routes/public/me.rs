//! `GET /me` (`spec/sessions-and-public-rest.md` §9.1).

use axum::response::{IntoResponse, Response};
use hanko_flow::account_view;
use http::StatusCode;

use crate::{
    extract::SessionUser,
    http::{delivery::deliver, error::ApiError, json::Json, openapi::user::User},
};

/// The signed-in user.
///
/// Counts as a use of the session; a token in the second half of its life is renewed beside the answer.
#[utoipa::path(
    get,
    path = "/me",
    tag = "sessions",
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = User),
        (status = 401, description = "Nobody is signed in."),
        (status = 404, description = "The user does not exist any more."),
    ),
)]
pub(super) async fn me(user: SessionUser) -> Result<Response, ApiError> {
    let SessionUser { served, valid } = user;
    match account_view(&served.tenant, valid.session.user).await? {
        Some(account) => Ok((deliver(&served, valid.renewed.as_ref()), Json(account)).into_response()),
        None => Err(ApiError::of(StatusCode::NOT_FOUND)),
    }
}

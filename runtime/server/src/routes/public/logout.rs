//! `POST` and `DELETE /logout` (`spec/sessions-and-public-rest.md` §9.2).

use axum::response::{IntoResponse, Response};
use hanko_flow::sessions::log_out;
use http::StatusCode;

use crate::{
    extract::{Meta, SessionUser},
    http::{delivery::forget, error::ApiError},
};

/// Ends the session.
#[utoipa::path(
    method(post, delete),
    path = "/logout",
    tag = "sessions",
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "The session is over; the browser is told to forget its cookie."),
        (status = 401, description = "Nobody is signed in."),
    ),
)]
pub(super) async fn logout(user: SessionUser, Meta(meta): Meta) -> Result<Response, ApiError> {
    let SessionUser { served, valid } = user;
    log_out(&served.tenant, &valid, &meta).await?;
    Ok((StatusCode::NO_CONTENT, forget(&served), ()).into_response())
}

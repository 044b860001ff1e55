//! `POST` and `DELETE /logout` (`spec/sessions-and-public-rest.md` §9.2).

use axum::response::{IntoResponse, Response};
use hanko_flow::sessions::log_out;
use http::StatusCode;

use crate::{
    extract::{Meta, SessionUser},
    http::{delivery::forget, error::ApiError},
};

pub(super) async fn logout(user: SessionUser, Meta(meta): Meta) -> Result<Response, ApiError> {
    let SessionUser { served, valid } = user;
    log_out(&served.tenant, &valid, &meta).await?;
    Ok((StatusCode::NO_CONTENT, forget(&served), ()).into_response())
}

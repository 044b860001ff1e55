//! What a client is told when something is wrong (`spec/sessions-and-public-rest.md` §1.5).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::Json;

/// A client that is told to come back waits so long, in seconds.
const COME_BACK: HeaderValue = HeaderValue::from_static("2");

/// The body of every error outside the flows.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"code": 404, "message": "Not Found"}))]
pub(crate) struct Error<'a> {
    /// The answer's HTTP status.
    code: u16,
    /// For a person who reads it; programs go by the status.
    message: &'a str,
}

/// An answer with an [`Error`]. Details belong into the log, never here.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: Cow<'static, str>,
}

impl ApiError {
    /// With the standard words for the status.
    pub(crate) fn of(status: StatusCode) -> Self {
        Self { status, message: status.canonical_reason().unwrap_or("Error").into() }
    }

    /// What went wrong here is for the log, not for the client.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::of(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// With words of its own.
    pub(crate) fn saying(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Error { code: self.status.as_u16(), message: &self.message };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, COME_BACK);
        }
        response
    }
}

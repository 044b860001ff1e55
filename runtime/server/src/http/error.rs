//! What a client is told when something is wrong (`spec/sessions-and-public-rest.md` §1.5).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use hanko_flow::rest::{Refusal, RestError};
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

    /// As the flows' crate refuses.
    pub(crate) fn of_refusal(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        refusal.message.map_or_else(|| Self::of(status), |message| Self::saying(status, message))
    }

    /// What a client is told.
    pub(crate) fn into_refusal(self) -> Refusal {
        Refusal { status: self.status.as_u16(), message: Some(self.message) }
    }

    /// As endpoints answer that bind path and body together: the words of an error within another one
    /// (`spec/admin-api.md` §1.6). What is no fault of the request's content stays as it is.
    pub(crate) fn wrapped(self) -> Self {
        match self.status {
            StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                let message = format!("code={}, message={}", self.status.as_u16(), self.message);
                Self::saying(StatusCode::BAD_REQUEST, message)
            }
            _ => self,
        }
    }

    /// With words of its own.
    pub(crate) fn saying(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<RestError> for ApiError {
    fn from(error: RestError) -> Self {
        match error {
            RestError::Refused(refusal) => Self::of_refusal(refusal),
            RestError::Limited(_) => Self::of(StatusCode::TOO_MANY_REQUESTS),
            RestError::Busy(cause) => {
                tracing::debug!(cause, "a request may be repeated");
                Self::of(StatusCode::SERVICE_UNAVAILABLE)
            }
            RestError::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                Self::of(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
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

//! Reading a request's body, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;

use super::error::ApiError;

/// No request of this API is bigger.
pub(crate) const MOST: usize = 64 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the head says about the body's form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// `application/json`.
    Json,
    /// A form: accepted, but none of its fields means anything.
    Fields,
    /// Anything else, or nothing said.
    Other,
}

impl Form {
    /// By `Content-Type`, parameters ignored.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            || essence.eq_ignore_ascii_case("multipart/form-data")
        {
            Self::Fields
        } else {
            Self::Other
        }
    }
}

/// Whether the head says that no body follows. A chunked body that turns out empty is another thing.
pub(crate) fn is_absent(body: &Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

/// The whole body, or 413 when it is too big, 408 when it does not arrive, 400 when it breaks off.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    let too_big = || ApiError::of(StatusCode::PAYLOAD_TOO_LARGE);
    if body.size_hint().lower() > MOST as u64 {
        return Err(too_big());
    }
    match tokio::time::timeout(PATIENCE, Limited::new(body, MOST).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_big()),
        Ok(Err(_)) => Err(ApiError::of(StatusCode::BAD_REQUEST)),
        Err(_) => Err(ApiError::of(StatusCode::REQUEST_TIMEOUT)),
    }
}

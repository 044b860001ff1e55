//! JSON answers: content type without a charset, a line feed at the end.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A value as an answer.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(mut text) => {
                text.push(b'\n');
                raw(Bytes::from(text))
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Text that is JSON already.
pub(crate) fn raw(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, APPLICATION_JSON)], text).into_response()
}

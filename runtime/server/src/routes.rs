//! One endpoint is one file; the folders mirror the URL space.

pub(crate) mod admin;
mod health;
pub(crate) mod public;

use axum::response::IntoResponse;
use http::StatusCode;

use crate::http::error::ApiError;

async fn unknown_path() -> impl IntoResponse {
    ApiError::of(StatusCode::NOT_FOUND)
}

/// The router adds `Allow`.
async fn unknown_method() -> impl IntoResponse {
    ApiError::of(StatusCode::METHOD_NOT_ALLOWED)
}

#[cfg(test)]
mod tests;

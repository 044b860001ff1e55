//! The admin listener: what the platform calls. Unauthenticated so far, so nothing secret is answered here.

mod metrics;
mod revision;

use axum::{Router, middleware::from_fn, routing::get};

use super::health;
use crate::pipeline::measure;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/-/revision", get(revision::revision))
        .route("/metrics", get(metrics::metrics))
        .merge(health::detailed())
        .fallback(super::unknown_path)
        .method_not_allowed_fallback(super::unknown_method)
        .layer(from_fn(measure))
}

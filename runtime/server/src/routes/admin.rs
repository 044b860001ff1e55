//! The admin listener: what an application's back end, its operators and the platform call (`spec/admin-api.md` §14).

pub(crate) mod api_keys;
mod audit_logs;
mod import;
mod metrics;
mod openapi;
mod revision;
mod sessions;
mod status;
mod users;
mod webhooks;

use axum::{Router, middleware::from_fn};
use bytes::Bytes;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::health;
use crate::{
    http::openapi::{admin::listener, document},
    pipeline::measure,
};

/// The router, and what it offers as an OpenAPI document. The prefix `/admin` is taken off before.
pub(crate) fn router() -> (Router, Bytes) {
    let (router, described) = OpenApiRouter::<()>::default()
        .merge(open())
        .routes(routes!(openapi::openapi))
        .merge(users::router())
        .merge(audit_logs::router())
        .merge(import::router())
        .merge(webhooks::router())
        .merge(api_keys::router())
        .routes(routes!(sessions::create))
        .split_for_parts();
    // A method that is not known there is answered as an unknown path (§1.9).
    let router =
        router.fallback(super::unknown_path).method_not_allowed_fallback(super::unknown_path).layer(from_fn(measure));
    (router, document(described, &listener()))
}

/// What answers without a key.
fn open() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(status::page))
        .routes(routes!(revision::revision))
        .routes(routes!(metrics::metrics))
        .merge(health::detailed())
}

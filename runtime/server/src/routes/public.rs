//! The public listener: what browsers, apps and their back ends call.

mod flow;
mod logout;
mod me;
mod openapi;
mod sessions;
mod status;
mod well_known;

use axum::{Router, middleware::from_fn, routing::post};
use bytes::Bytes;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::health;
use crate::{
    floods,
    http::openapi::{also, at, document, flow::flow as described},
    pipeline::measure,
};

/// The router, and what it offers as an OpenAPI document.
pub(crate) fn router() -> (Router, Bytes) {
    let flows = OpenApiRouter::default()
        .routes(described("/login", "Signs in.", post(flow::login)))
        .routes(described("/registration", "Signs up.", post(flow::registration)))
        .routes(described("/profile", "Shows and changes the account of a signed-in user.", post(flow::profile)))
        .routes(described("/flow/login", "Signs in.", post(flow::prefixed_login)))
        .routes(described("/flow/registration", "Signs up.", post(flow::prefixed_registration)))
        .routes(described(
            "/flow/profile",
            "Shows and changes the account of a signed-in user.",
            post(flow::prefixed_profile),
        ))
        .layer(from_fn(floods::limit_flow));
    let limited = OpenApiRouter::default().routes(routes!(logout::logout)).layer(from_fn(floods::limit));
    // Back ends ask at every request of theirs whether a session is valid, all from one address.
    let (router, described) = OpenApiRouter::<()>::default()
        .routes(routes!(status::page))
        .routes(routes!(sessions::validate::presented_token, sessions::validate::named_token))
        .routes(at("/session", routes!(sessions::validate::named_token)))
        .routes(routes!(me::me))
        .routes(also("/.well-known/jwks", routes!(well_known::jwks::jwks)))
        .routes(routes!(openapi::openapi))
        .merge(health::brief())
        .merge(flows)
        .merge(limited)
        .split_for_parts();
    let router =
        router.fallback(super::unknown_path).method_not_allowed_fallback(super::unknown_method).layer(from_fn(measure));
    (router, document(described))
}

#[cfg(test)]
mod tests;

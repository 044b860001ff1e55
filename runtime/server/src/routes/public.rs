//! The public listener: what browsers, apps and their back ends call.

mod emails;
mod flow;
mod logout;
mod me;
mod offers;
mod openapi;
mod passcode;
mod password;
mod sessions;
pub(super) mod status;
mod token;
mod users;
mod webauthn;
mod well_known;

use axum::{Router, middleware::from_fn, routing::post};
use bytes::Bytes;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::health;
use crate::{
    floods,
    http::openapi::{also, at, document, flow::flow as described, public::listener},
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
    let limited = OpenApiRouter::default()
        .routes(routes!(logout::logout))
        .routes(routes!(me::me, users::delete))
        .merge(deprecated())
        .layer(from_fn(floods::limit));
    // Back ends ask at every request of theirs whether a session is valid, all from one address.
    let (router, described) = OpenApiRouter::<()>::default()
        .routes(routes!(status::page))
        .routes(routes!(sessions::validate::presented_token, sessions::validate::named_token))
        .routes(at("/session", routes!(sessions::validate::named_token)))
        .routes(routes!(well_known::config::config))
        .routes(routes!(well_known::webauthn::webauthn))
        .routes(also("/.well-known/jwks", routes!(well_known::jwks::jwks)))
        .routes(routes!(openapi::openapi))
        .merge(health::brief())
        .merge(flows)
        .merge(limited)
        .split_for_parts();
    let router =
        router.fallback(super::unknown_path).method_not_allowed_fallback(super::unknown_method).layer(from_fn(measure));
    (router, document(described, &listener()))
}

/// The endpoints of earlier versions.
fn deprecated() -> OpenApiRouter {
    use webauthn::{credentials, login, registration};

    OpenApiRouter::default()
        .routes(routes!(users::sign_up))
        .routes(routes!(users::user))
        .routes(routes!(users::find, users::delete_deprecated))
        .routes(routes!(password::set))
        .routes(routes!(password::login))
        .routes(routes!(passcode::initialize))
        .routes(routes!(passcode::finalize))
        .routes(routes!(registration::initialize))
        .routes(routes!(registration::finalize))
        .routes(routes!(login::initialize))
        .routes(routes!(login::finalize))
        .routes(routes!(credentials::list))
        .routes(routes!(credentials::rename, credentials::remove))
        .routes(routes!(emails::list, emails::add))
        .routes(routes!(emails::remove))
        .routes(routes!(emails::set_primary))
        .routes(routes!(token::exchange))
}

//! The public listener: what browsers, apps and their back ends call.

mod flow;
mod logout;
mod me;
mod sessions;
mod status;
mod well_known;

use axum::{
    Router,
    middleware::from_fn,
    routing::{delete, get, post},
};

use super::health;
use crate::{floods, pipeline::measure};

pub(crate) fn router() -> Router {
    let flows = Router::new()
        .route("/login", post(flow::login))
        .route("/registration", post(flow::registration))
        .route("/flow/login", post(flow::prefixed_login))
        .route("/flow/registration", post(flow::prefixed_registration))
        .layer(from_fn(floods::limit_flow));
    let limited = Router::new()
        .route("/logout", post(logout::logout).merge(delete(logout::logout)))
        .layer(from_fn(floods::limit));
    // Back ends ask at every request of theirs whether a session is valid, all from one address.
    Router::new()
        .route("/", get(status::page))
        .route("/sessions/validate", get(sessions::validate::presented_token).post(sessions::validate::named_token))
        .route("/session", post(sessions::validate::named_token))
        .route("/me", get(me::me))
        .route("/.well-known/jwks.json", get(well_known::jwks::jwks))
        .route("/.well-known/jwks", get(well_known::jwks::jwks))
        .merge(health::brief())
        .merge(flows)
        .merge(limited)
        .fallback(super::unknown_path)
        .method_not_allowed_fallback(super::unknown_method)
        .layer(from_fn(measure))
}

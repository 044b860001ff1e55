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
use crate::pipeline::measure;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(status::page))
        .route("/login", post(flow::login))
        .route("/registration", post(flow::registration))
        .route("/flow/login", post(flow::prefixed_login))
        .route("/flow/registration", post(flow::prefixed_registration))
        .route("/sessions/validate", get(sessions::validate::presented_token).post(sessions::validate::named_token))
        .route("/session", post(sessions::validate::named_token))
        .route("/me", get(me::me))
        .route("/logout", post(logout::logout).merge(delete(logout::logout)))
        .route("/.well-known/jwks.json", get(well_known::jwks::jwks))
        .route("/.well-known/jwks", get(well_known::jwks::jwks))
        .merge(health::brief())
        .fallback(super::unknown_path)
        .method_not_allowed_fallback(super::unknown_method)
        .layer(from_fn(measure))
}

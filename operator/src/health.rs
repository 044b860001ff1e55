//! `/livez`, `/readyz` and `/metrics`. A standby is ready; what readiness waits for stands in the answer.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::metrics::Metrics;

/// What the process still waits for.
#[derive(Default)]
pub(crate) struct Health {
    waiting: Mutex<BTreeSet<String>>,
}

impl Health {
    /// From now on readiness waits for exactly these.
    pub(crate) fn wait_for(&self, things: impl IntoIterator<Item = String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = things.into_iter().collect();
    }

    /// Nothing more to wait for.
    pub(crate) fn ready(&self) {
        self.wait_for([]);
    }

    /// The thing is there.
    pub(crate) fn arrived(&self, thing: &str) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(thing);
    }

    fn answer(&self) -> Result<(), String> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return Ok(());
        }
        Err(format!("waiting for: {}", waiting.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
    }
}

/// Serves until `stop`.
///
/// # Errors
///
/// When the address cannot be bound.
pub(crate) async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router(health, metrics)).with_graceful_shutdown(stop).await
}

fn router(health: Arc<Health>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(readyz).with_state(health))
        .route("/metrics", get(scrape).with_state(metrics))
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    match health.answer() {
        Ok(()) => "ready".into_response(),
        Err(waiting) => (StatusCode::SERVICE_UNAVAILABLE, waiting).into_response(),
    }
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot encode the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_everything_it_waits_for() {
        let health = Health::default();
        assert_eq!(health.answer(), Ok(()));
        health.wait_for(["watch of services".to_owned(), "API server".to_owned()]);
        assert_eq!(health.answer(), Err("waiting for: API server, watch of services".to_owned()));
        health.arrived("API server");
        assert_eq!(health.answer(), Err("waiting for: watch of services".to_owned()));
        health.ready();
        assert_eq!(health.answer(), Ok(()));
    }
}

//! What every request and every background job of the process shares.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use bytes::Bytes;
use hanko_domain::{Clock, Random};
use tokio_util::sync::CancellationToken;

use crate::{activate::Ground, http::admin::counted::Counted, metrics::Metrics, registry::Registry, routes};

/// The process.
pub(crate) struct App {
    registry: ArcSwap<Registry>,
    pub(crate) ground: Ground,
    pub(crate) metrics: Metrics,
    /// Cancelled when the process drains.
    pub(crate) stop: CancellationToken,
    pub(crate) public: Router,
    pub(crate) admin: Router,
    /// The public listener's OpenAPI document.
    pub(crate) description: Bytes,
    /// The admin listener's OpenAPI document.
    pub(crate) admin_description: Bytes,
    /// Calls of the Admin API that are still to be written down.
    pub(crate) counted: Counted,
}

impl App {
    pub(crate) fn new(ground: Ground, registry: Registry, stop: CancellationToken) -> Arc<Self> {
        let (public, description) = routes::public::router();
        let (admin, admin_description) = routes::admin::router();
        Arc::new(Self {
            registry: ArcSwap::from_pointee(registry),
            ground,
            metrics: Metrics::new(),
            stop,
            public,
            admin,
            description,
            admin_description,
            counted: Counted::default(),
        })
    }

    /// The tenants as they are now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    pub(crate) fn replace(&self, registry: Registry) {
        self.registry.store(Arc::new(registry));
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.ground.clock
    }

    pub(crate) fn random(&self) -> &Random {
        &self.ground.random
    }
}

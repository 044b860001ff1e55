//! Floods by address (`spec/decisions.md` 24): how many requests one client address may send to a tenant in a window.
//!
//! What protects an account is counted in the database, by the flows; this only keeps one address from taking the service
//! from everybody else, so it may be wrong for a moment and may never be the reason why a login fails. The process counts by
//! itself, or several processes count together in a Valkey or Redis server and each by itself while that is away.
//!
//! Free are requests that change nothing, and the routes that are not layered with [`limit`] or [`limit_flow`].

mod local;
mod shared;

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hanko_domain::{RequestMeta, Secret, TenantId, Timestamp};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use self::{
    local::Local,
    shared::{BadUrl, Shared},
};
use crate::{
    http::{error::ApiError, json::Json},
    pipeline::Cx,
    registry::Found,
};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The counters of one tenant.
pub(crate) struct Floods {
    local: Arc<Local>,
    shared: Option<Arc<Shared>>,
}

/// A window, one request later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Counted {
    /// Requests of the window, this one included.
    used: u64,
    /// Until it ends.
    left: Duration,
}

/// Who counts the requests of a tenant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counter {
    /// This process, and that is what the project wants.
    Process,
    /// The server the project names.
    Shared,
    /// This process, while the server is away.
    Alone,
}

impl Floods {
    /// `url` names the server to count in. What `before` has counted goes on, whatever changes.
    pub(crate) fn new(tenant: TenantId, url: Option<&Secret<String>>, before: Option<&Self>) -> Result<Self, BadUrl> {
        let local = before.map_or_else(Arc::default, |before| before.local.clone());
        let shared = match (url, before.and_then(|before| before.shared.as_ref())) {
            (Some(url), Some(before)) if before.is_at(url) => Some(before.clone()),
            (Some(url), _) => Some(Arc::new(Shared::new(tenant, url)?)),
            (None, _) => None,
        };
        Ok(Self { local, shared })
    }

    /// Who counts now.
    pub(crate) fn counter(&self) -> Counter {
        match &self.shared {
            None => Counter::Process,
            Some(shared) if shared.is_connected() => Counter::Shared,
            Some(_) => Counter::Alone,
        }
    }

    async fn count(&self, client: &str, interval: Duration, now: Timestamp) -> Counted {
        if let Some(shared) = &self.shared
            && let Some(counted) = shared.count(client, interval).await
        {
            return counted;
        }
        self.local.count(client, interval, now)
    }
}

impl fmt::Debug for Floods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Floods").field("counter", &self.counter()).finish_non_exhaustive()
    }
}

/// For routes that answer errors as the API does.
pub(crate) async fn limit(request: Request, next: Next) -> Response {
    guard(request, next, || ApiError::of(StatusCode::TOO_MANY_REQUESTS).into_response()).await
}

/// For routes of flows: the refusal is their short form (`spec/flow-login-registration.md` §1.7).
pub(crate) async fn limit_flow(request: Request, next: Next) -> Response {
    guard(request, next, || {
        let error = json!({"code": "rate_limit_exceeded", "message": "The rate limit has been exceeded."});
        let status = StatusCode::TOO_MANY_REQUESTS;
        let document = json!({
            "name": "error", "status": status.as_u16(), "csrf_token": "", "actions": {}, "error": error, "links": null,
        });
        (status, Json(document)).into_response()
    })
    .await
}

async fn guard(request: Request, next: Next, refuse: impl FnOnce() -> Response) -> Response {
    let exceeded = match question(&request) {
        Some(question) => question.ask().await,
        None => None,
    };
    let Some(exceeded) = exceeded else { return next.run(request).await };
    let mut response = refuse();
    let headers = response.headers_mut();
    headers.insert(LIMIT, exceeded.tokens.into());
    headers.insert(REMAINING, HeaderValue::from_static("0"));
    headers.insert(RESET, exceeded.seconds.into());
    headers.insert(header::RETRY_AFTER, exceeded.seconds.into());
    response
}

/// A request that is counted.
struct Question {
    cx: Cx,
    client: String,
}

/// A client that has to wait.
struct Exceeded {
    tokens: u32,
    seconds: u64,
}

fn question(request: &Request) -> Option<Question> {
    let cx = request.extensions().get::<Cx>()?;
    let Found::Tenant(served) = &cx.found else { return None };
    if request.method().is_safe() {
        return None;
    }
    let ip = served.client_ip.of(cx.peer, request.headers());
    let client = RequestMeta { ip: Some(ip), ..RequestMeta::default() }.ip_key();
    Some(Question { cx: cx.clone(), client })
}

impl Question {
    async fn ask(self) -> Option<Exceeded> {
        let Found::Tenant(served) = &self.cx.found else { return None };
        let limit = served.configuration.project.settings.rate_limiter.flood?;
        let app = &self.cx.app;
        let counted = served.floods.count(&self.client, limit.interval, app.clock().now()).await;
        if counted.used <= u64::from(limit.tokens) {
            return None;
        }
        app.metrics.flood_refused();
        // At least one: a client that waits zero seconds comes at once and is refused again.
        Some(Exceeded { tokens: limit.tokens, seconds: counted.left.as_secs().max(1) })
    }
}

//! What happens to every request before and after its handler.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, OriginalUri, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::body::Body as _;
use tokio::time::Instant;
use tower::ServiceExt;
use tracing::{debug, error, warn};

use crate::{
    app::App,
    http::{
        admin::{self, pretty},
        cors,
        error::ApiError,
        request_id::{X_REQUEST_ID, request_id},
    },
    metrics::Asked,
    registry::Found,
};

/// No request may take longer; a login waits for a hash at most 10 seconds of it.
const LONGEST: Duration = Duration::from_secs(30);
/// What streams a body of any size watches over its client by itself; it ends at some time all the same.
const STREAMED: Duration = Duration::from_secs(3_600);
/// Routes of the admin listener that stream.
const STREAMS: [&str; 1] = ["/users/import"];
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What is known of a request before its handler runs.
#[derive(Clone)]
pub(crate) struct Cx {
    pub(crate) app: Arc<App>,
    /// Its `X-Request-Id`.
    pub(crate) id: HeaderValue,
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
    /// Whose host it names.
    pub(crate) found: Found,
}

/// A request to the public listener.
pub(crate) async fn public(app: Arc<App>, peer: IpAddr, request: Request) -> Response {
    let found = app.registry().find(host(&request));
    let cx = Cx { id: request_id(request.headers(), app.random()), app, peer, found };
    let (id, found, router) = (cx.id.clone(), cx.found.clone(), cx.app.public.clone());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let asked = if preflight { request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned() } else { None };

    let mut response = answer(router, cx, request, LONGEST).await;
    if preflight {
        response = no_content(&response);
    }
    cors::vary(preflight, response.headers_mut());
    if let Found::Tenant(served) = &found {
        if preflight {
            served.cors.preflight(origin.as_ref(), asked.as_ref(), response.headers_mut());
        } else {
            served.cors.answer(origin.as_ref(), response.headers_mut());
        }
    }
    finish(&mut response, id);
    response
}

/// A request to the admin listener: the tenant as on the public one, no cross-origin answers. Every path of the API is served below
/// `/admin` as well.
pub(crate) async fn admin(app: Arc<App>, peer: IpAddr, mut request: Request) -> Response {
    let found = app.registry().find(host(&request));
    let cx = Cx { id: request_id(request.headers(), app.random()), app, peer, found };
    let (id, router) = (cx.id.clone(), cx.app.admin.clone());
    let is_pretty = pretty::is_wanted(request.uri());
    if let Some(routed) = admin::routed(request.uri()) {
        let asked = std::mem::replace(request.uri_mut(), routed);
        request.extensions_mut().insert(OriginalUri(asked));
    }
    let longest = if STREAMS.contains(&request.uri().path()) { STREAMED } else { LONGEST };
    let mut response = answer(router, cx, request, longest).await;
    if is_pretty {
        response = pretty::indented(response).await;
    }
    finish(&mut response, id);
    response
}

async fn answer(router: Router, cx: Cx, mut request: Request, longest: Duration) -> Response {
    let id = cx.id.clone();
    request.extensions_mut().insert(cx);
    guarded(&id, longest, async {
        let Ok(response) = router.oneshot(request).await;
        response
    })
    .await
}

/// A handler's answer, whatever the handler does.
async fn guarded(id: &HeaderValue, longest: Duration, handler: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(longest, AssertUnwindSafe(handler).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            error!(id = text(id), "a handler panicked");
            ApiError::of(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Err(_) => {
            error!(id = text(id), ?longest, "a handler took too long");
            ApiError::of(StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    }
}

fn finish(response: &mut Response, id: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
}

/// Measures a route; unknown paths are measured together.
pub(crate) async fn measure(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let cx = request.extensions().get::<Cx>().cloned();
    let asked = cx.as_ref().map(|cx| Asked::of(&request, host(&request), &cx.found));
    let method = request.method().clone();
    let response = next.run(request).await;
    if let (Some(cx), Some(asked)) = (cx, asked) {
        let known = path.as_ref().map(MatchedPath::as_str);
        let (status, took, route) = (response.status(), begun.elapsed(), known.unwrap_or("unknown"));
        cx.app.metrics.request(&asked, known, status, response.body().size_hint().lower(), took);
        // Being asked to come back is no fault, and under overload there would be a line for each.
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            warn!(id = text(&cx.id), %method, route, status = status.as_u16(), ?took, "answered with an error");
        } else {
            debug!(id = text(&cx.id), %method, route, status = status.as_u16(), ?took, "answered");
        }
    }
    response
}

fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// Any preflight is answered so; the router only says which methods a known path has.
fn no_content(routed: &Response) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(allow) = routed.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

/// The host a request names, from its target or its `Host`.
fn host(request: &Request<Body>) -> &str {
    let named = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().authority().map(|authority| authority.as_str()).or_else(named).unwrap_or_default()
}

/// The context of a request; there is one in every request that [`public`] or [`admin`] passed on.
pub(crate) fn cx(parts: &Parts) -> Result<&Cx, ApiError> {
    parts.extensions.get::<Cx>().ok_or_else(|| ApiError::of(StatusCode::INTERNAL_SERVER_ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(handler: impl Future<Output = Response>) -> (u16, String) {
        let response = guarded(&HeaderValue::from_static("id"), Duration::from_millis(20), handler).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_and_an_endless_wait_are_answered_like_other_errors() {
        let panic = async { panic!("a secret that must not be told") };
        assert_eq!(told(panic).await, (500, "{\"code\":500,\"message\":\"Internal Server Error\"}\n".into()));
        let (status, body) = told(std::future::pending()).await;
        assert_eq!((status, body.as_str()), (503, "{\"code\":503,\"message\":\"Service Unavailable\"}\n"));
    }
}

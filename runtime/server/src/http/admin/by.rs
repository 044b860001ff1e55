//! Who calls: the one authorisation of the Admin API. A handler that does not ask for [`By`] can be called by anybody.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    response::{IntoResponse, Response},
};
use hanko_domain::{ApiScope, RequestMeta, UserId};
use hanko_flow::admin::Admin;
use hanko_store::StoreError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};

use super::{
    counted::{Call, Counted},
    ids, key,
};
use crate::{
    extract::{Meta, Tenant},
    http::error::ApiError,
    pipeline::cx,
    served::Served,
};

const API_KEY: HeaderName = HeaderName::from_static("apikey");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
/// Who calls where a project needs no key.
pub(crate) const ANYBODY: &str = "anonymous";

/// A part of the API, and the right its calls need.
pub(crate) trait Part {
    /// `None`: any key is enough.
    const NEEDS: Option<ApiScope>;
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident = $needs:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Part for $name {
            const NEEDS: Option<ApiScope> = $needs;
        }
    )*};
}

parts! {
    /// Belongs to no part: whoever has a key may know it.
    Anything = None;
    /// Users and whatever belongs to them.
    Users = Some(ApiScope::Users);
    /// The audit log.
    Audit = Some(ApiScope::Audit);
    /// Receivers of events and their deliveries.
    Webhooks = Some(ApiScope::Webhooks);
    /// Keys and whatever else only a key with every right may touch.
    All = Some(ApiScope::All);
}

/// A call with the right it needs. 401 without a good key, 403 when the key may not do this.
pub(crate) struct By<P> {
    pub(crate) served: Arc<Served>,
    /// The key's name.
    pub(crate) key: String,
    pub(crate) meta: RequestMeta,
    part: PhantomData<P>,
}

impl<P> By<P> {
    /// What administrators may do, in this call's name.
    pub(crate) fn admin(&self) -> Admin<'_> {
        Admin { tenant: &self.served.tenant, key: &self.key, request: &self.meta }
    }
}

impl<S: Sync, P: Part> FromRequestParts<S> for By<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Tenant(served) = Tenant::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Meta(meta) = Meta::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let app = &cx(parts).map_err(IntoResponse::into_response)?.app;
        let (counted, metrics) = (&app.counted, &app.metrics);
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let caller = caller(&served, &parts.headers, counted).await;
        let route = parts.extensions.get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
        let (tenant, user) = (served.tenant.id(), user(parts.uri.path()));
        let call = Call { tenant, method: &parts.method, route, user, meta: &meta };
        match caller {
            Ok(Caller { name, scopes }) if may::<P>(&scopes, reads) => {
                if reads {
                    counted.read(&call, &name);
                }
                Ok(Self { served, key: name, meta, part: PhantomData })
            }
            Ok(Caller { name, .. }) => {
                counted.refused(&call, Some(&name));
                metrics.call_refused(StatusCode::FORBIDDEN);
                Err(forbidden(P::NEEDS, reads).into_response())
            }
            Err(Unknown::Key(message)) => {
                counted.refused(&call, None);
                metrics.call_refused(StatusCode::UNAUTHORIZED);
                let refusal = ApiError::saying(StatusCode::UNAUTHORIZED, message);
                Err(([(header::WWW_AUTHENTICATE, BEARER)], refusal).into_response())
            }
            Err(Unknown::Unanswered(error)) => Err(ApiError::from(error).into_response()),
        }
    }
}

fn may<P: Part>(scopes: &[ApiScope], reads: bool) -> bool {
    P::NEEDS.is_none_or(|needed| scopes.iter().any(|scope| scope.allows(needed, reads)))
}

struct Caller {
    name: String,
    scopes: Vec<ApiScope>,
}

/// Why nobody is known to call.
enum Unknown {
    Key(&'static str),
    /// The database did not say.
    Unanswered(StoreError),
}

const NO_KEY: &str = "an API key is required: send the header `Authorization: Bearer <key>`";
const NOT_GOOD: &str = "the API key is not known here or has expired; take the project's present key";

async fn caller(served: &Served, headers: &HeaderMap, counted: &Counted) -> Result<Caller, Unknown> {
    if !served.configuration.project.admin_api.authentication_required {
        return Ok(Caller { name: ANYBODY.into(), scopes: vec![ApiScope::All] });
    }
    let presented = presented(headers).ok_or(Unknown::Key(NO_KEY))?;
    let (hash, now) = (key::hash(presented), served.tenant.clock().now());
    if let Some((name, scopes)) = served.configuration.admin_keys.find(&hash, now) {
        return Ok(Caller { name: name.to_owned(), scopes: scopes.to_vec() });
    }
    if key::is_generated(presented) {
        let stored = served.tenant.store().api_key_by_hash(&hash, now).await;
        if let Some(stored) = stored.map_err(Unknown::Unanswered)? {
            counted.used(served.tenant.id(), stored.id, now);
            return Ok(Caller { name: stored.name, scopes: stored.scopes });
        }
    }
    Err(Unknown::Key(NOT_GOOD))
}

/// `Authorization: Bearer`, else `apiKey`.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get_all(header::AUTHORIZATION).iter().find_map(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(key)
    });
    let own = || headers.get(API_KEY).and_then(|value| value.to_str().ok());
    bearer.or_else(own).map(str::trim).filter(|key| !key.is_empty())
}

fn forbidden(needed: Option<ApiScope>, reads: bool) -> ApiError {
    let needed = needed.map_or("", ApiScope::as_str);
    let message = match (needed, reads) {
        ("all", _) => "the API key may not do this; take one with the scope `all`".to_owned(),
        (needed, true) => format!("the API key may not read this; take one with the scope `read`, `{needed}` or `all`"),
        (needed, false) => format!("the API key may not do this; take one with the scope `{needed}` or `all`"),
    };
    ApiError::saying(StatusCode::FORBIDDEN, message)
}

/// The user whom a path is about.
fn user(path: &str) -> Option<UserId> {
    let id = path.strip_prefix("/users/")?.split('/').next()?;
    ids::lenient(id).map(UserId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_as_a_bearer_or_in_a_header_of_its_own() {
        for (given, expected) in [
            (&[("authorization", "Bearer k1")][..], Some("k1")),
            (&[("authorization", "bearer  k1 ")], Some("k1")),
            (&[("apikey", "k2")], Some("k2")),
            (&[("apikey", "k2"), ("authorization", "Bearer k1")], Some("k1")),
            (&[("apikey", "k2"), ("authorization", "Basic eA==")], Some("k2")),
            (&[("authorization", "Bearerk1")], None),
            (&[("authorization", "Bearer ")], None),
            (&[("apikey", "")], None),
            (&[], None),
        ] {
            let headers = given.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            let headers: HeaderMap = headers.collect();
            assert_eq!(presented(&headers), expected, "{given:?}");
        }
    }
}

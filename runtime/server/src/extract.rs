//! What handlers ask for. Authorisation is one of these: a route that needs a user says [`SessionUser`].

use std::{convert::Infallible, marker::PhantomData, sync::Arc};

use axum::{
    extract::{FromRequestParts, Path},
    response::{IntoResponse, Response},
};
use hanko_domain::RequestMeta;
use hanko_flow::sessions::{Checked, SessionError, Use, Valid, validate};
use hanko_model::project::Settings;
use hanko_store::StoreError;
use http::{HeaderMap, HeaderName, StatusCode, header, request::Parts};

use crate::{
    app::App,
    http::{delivery::forget, error::ApiError, token::candidates},
    pipeline::cx,
    registry::Found,
    served::Served,
};

const X_LANGUAGE: HeaderName = HeaderName::from_static("x-language");
/// Characters of a user agent that are kept.
const USER_AGENT: usize = 512;
/// Characters of a language that are looked at; real tags are shorter.
const LANGUAGE: usize = 64;

/// The process.
pub(crate) struct Process(pub(crate) Arc<App>);

impl<S: Sync> FromRequestParts<S> for Process {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        cx(parts).map(|cx| Self(cx.app.clone()))
    }
}

/// The tenant whose host was named. 421 for a host that is nobody's, 503 while it is not ready.
pub(crate) struct Tenant(pub(crate) Arc<Served>);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match &cx(parts)?.found {
            Found::Tenant(served) => Ok(Self(served.clone())),
            Found::Starting => Err(ApiError::of(StatusCode::SERVICE_UNAVAILABLE)),
            Found::Nothing => Err(ApiError::of(StatusCode::MISDIRECTED_REQUEST)),
        }
    }
}

/// The request's circumstances, for what is written down of it.
pub(crate) struct Meta(pub(crate) RequestMeta);

impl<S: Sync> FromRequestParts<S> for Meta {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(parts, X_LANGUAGE)
    }
}

/// The same, where mails go by the browser's own language (`spec/sessions-and-public-rest.md` §13.2).
pub(crate) struct BrowserMeta(pub(crate) RequestMeta);

impl<S: Sync> FromRequestParts<S> for BrowserMeta {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Meta::of(parts, header::ACCEPT_LANGUAGE).map(|Meta(meta)| Self(meta))
    }
}

impl Meta {
    fn of(parts: &Parts, language: HeaderName) -> Result<Self, ApiError> {
        let cx = cx(parts)?;
        let (ip, trusted_devices) = match &cx.found {
            Found::Tenant(served) => {
                (served.client_ip.of(cx.peer, &parts.headers), served.trusted_devices(&parts.headers))
            }
            _ => (cx.peer.to_canonical(), None),
        };
        Ok(Self(RequestMeta {
            id: cx.id.to_str().unwrap_or_default().to_owned(),
            ip: Some(ip),
            user_agent: text(&parts.headers, header::USER_AGENT, USER_AGENT),
            language: text(&parts.headers, language, LANGUAGE),
            trusted_devices,
        }))
    }
}

fn text(headers: &HeaderMap, name: HeaderName, most: usize) -> String {
    let bytes = headers.get(name).map_or(&[][..], |value| value.as_bytes());
    String::from_utf8_lossy(bytes).chars().take(most).collect()
}

/// The outcome of looking at every token a request carries.
pub(crate) enum Presented {
    /// The first that is valid.
    Valid(Box<Valid>),
    /// None is; `idle`: one of them was until its session ended for inactivity, so the browser should forget it.
    Nobody { idle: bool },
}

/// Checks the tokens of a request in their order.
pub(crate) async fn presented(
    served: &Served,
    headers: &HeaderMap,
    use_: Use,
    request: &RequestMeta,
) -> Result<Presented, SessionError> {
    let mut idle = false;
    for token in candidates(headers, &served.cookie) {
        match validate(&served.tenant, token, use_, request).await? {
            Checked::Valid(valid) => return Ok(Presented::Valid(valid)),
            Checked::IdleExpired => idle = true,
            Checked::Invalid => {}
        }
    }
    Ok(Presented::Nobody { idle })
}

/// A signed-in user; its session counts as used. 401 without one.
pub(crate) struct SessionUser {
    pub(crate) served: Arc<Served>,
    pub(crate) valid: Box<Valid>,
}

impl<S: Sync> FromRequestParts<S> for SessionUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Tenant(served) = Tenant::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Meta(meta) = Meta::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        match presented(&served, &parts.headers, Use::Touch, &meta).await {
            Ok(Presented::Valid(valid)) => Ok(Self { served, valid }),
            Ok(Presented::Nobody { idle }) => {
                let refusal = ApiError::of(StatusCode::UNAUTHORIZED);
                Err(if idle { (forget(&served), refusal).into_response() } else { refusal.into_response() })
            }
            Err(error) => Err(ApiError::from(error).into_response()),
        }
    }
}

/// Whoever is signed in, if anybody is; nothing counts as a use.
pub(crate) struct MaybeSession(pub(crate) Option<Box<Valid>>);

impl<S: Sync> FromRequestParts<S> for MaybeSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Tenant(served) = Tenant::from_request_parts(parts, state).await?;
        let Meta(meta) = Meta::from_request_parts(parts, state).await?;
        match presented(&served, &parts.headers, Use::Check, &meta).await? {
            Presented::Valid(valid) => Ok(Self(Some(valid))),
            Presented::Nobody { .. } => Ok(Self(None)),
        }
    }
}

/// When a project offers an endpoint (`spec/sessions-and-public-rest.md` §13.1).
pub(crate) trait Offer {
    /// Whether these settings do.
    fn is_made(settings: &Settings) -> bool;
}

/// 404 unless the project offers the endpoint. Decided for each request, before anything else of it is looked at.
pub(crate) struct Offered<O>(PhantomData<O>);

impl<S: Sync, O: Offer> FromRequestParts<S> for Offered<O> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Tenant(served) = Tenant::from_request_parts(parts, state).await?;
        let made = O::is_made(&served.configuration.project.settings);
        if made { Ok(Self(PhantomData)) } else { Err(ApiError::of(StatusCode::NOT_FOUND)) }
    }
}

/// The last part of a path. Where it is no text, there is nothing.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ApiError::of(StatusCode::NOT_FOUND))
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Busy(_) => Self::of(StatusCode::SERVICE_UNAVAILABLE),
            SessionError::Store(_) | SessionError::Token(_) | SessionError::Event(_) => Self::internal(&error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_temporary() { Self::of(StatusCode::SERVICE_UNAVAILABLE) } else { Self::internal(&error) }
    }
}

/// The `action` of a query, its first if there are several; decoded. An empty one is none.
pub(crate) struct Action(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Action {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let action = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "action");
        Ok(Self(action.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())))
    }
}

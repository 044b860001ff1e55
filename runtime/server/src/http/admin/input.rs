//! Paths and bodies that are bound to what a handler needs (`spec/admin-api.md` §§1.5–1.8). Of a body the first JSON value counts,
//! names of members mean the same in any case, and a member never stands for a part of the path.

use axum::{
    RequestExt,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use http::{Method, request::Parts};
use serde_json::Value;
use uuid::Uuid;

use super::ids;
use crate::http::{
    error::ApiError,
    input::{Bind, Fields, first, json},
};

/// Path and body, complaints as they are.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: Bind> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        bind(request).await.map(Self)
    }
}

/// Path and body, complaints as the text of an error within another one.
pub(crate) struct Wrapped<T>(pub(crate) T);

impl<S: Send + Sync, T: Bind> FromRequest<S> for Wrapped<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        bind(request).await.map(Self).map_err(ApiError::wrapped)
    }
}

/// The first JSON value of a body, whatever it is; `None` when the body is absent.
pub(crate) struct FirstValue(pub(crate) Option<Value>);

impl<S: Send + Sync> FromRequest<S> for FirstValue {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        first(&json(&parts.headers, body).await?.unwrap_or_default()).map(Self)
    }
}

/// The path alone, complaints as the text of an error within another one.
pub(crate) struct WrappedPath<T>(pub(crate) T);

impl<S: Send + Sync, T: Bind> FromRequestParts<S> for WrappedPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await.map_or_else(|_| Vec::new(), |Path(path)| path);
        Fields::default().of(path).bound().map(Self).map_err(ApiError::wrapped)
    }
}

async fn bind<T: Bind>(mut request: Request) -> Result<T, ApiError> {
    let path =
        request.extract_parts::<Path<Vec<(String, String)>>>().await.map_or_else(|_| Vec::new(), |Path(path)| path);
    let (parts, body) = request.into_parts();
    let fields = match parts.method {
        // A body there means nothing.
        Method::GET | Method::HEAD | Method::DELETE => Fields::default(),
        _ => Fields::first(&json(&parts.headers, body).await?.unwrap_or_default())?,
    };
    fields.of(path).bound()
}

impl Fields {
    /// A part of the path; `label` stands for it in complaints.
    pub(crate) fn segment(&mut self, name: &str, label: &str) -> Option<String> {
        let part = self.part(name);
        if part.is_none() {
            self.complain(&format!("{label} is a required field"));
        }
        part
    }

    /// A part of the path that is a UUID.
    pub(crate) fn segment_uuid(&mut self, name: &str, label: &str) -> Option<Uuid> {
        let id = ids::any(&self.segment(name, label)?);
        if id.is_none() {
            self.complain(&format!("{label} must be a valid uuid"));
        }
        id
    }

    /// A part of the path that is a UUID version 4.
    pub(crate) fn segment_uuid4(&mut self, name: &str, label: &str) -> Option<Uuid> {
        let id = ids::v4(&self.segment(name, label)?);
        if id.is_none() {
            self.complain(&format!("{label} must be a valid uuid4"));
        }
        id
    }
}

//! `GET` and `POST /sessions/validate`, `POST /session` (`spec/sessions-and-public-rest.md` §8).

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use hanko_flow::sessions::{Checked, Use, Valid, validate};
use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Meta, Presented, Process, Tenant, presented},
    http::{
        delivery::{deliver, forget},
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
    },
    metrics::Metrics,
    served::Served,
};

/// A token whose session is asked about.
#[derive(ToSchema)]
pub(crate) struct Named {
    session_token: String,
}

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let session_token = fields.text("session_token").filter(|token| !token.is_empty());
        if session_token.is_none() {
            // The doubled prefix is the contract's (§8.2).
            fields.complain("code=400, message=session_token is a required field");
        }
        session_token.map(|session_token| Self { session_token })
    }
}

/// Whether a session holds. An answer about one that does not has `is_valid` alone.
#[derive(Default, Serialize, ToSchema)]
#[schema(example = json!({
    "is_valid": true,
    "claims": {
        "subject": "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50", "session_id": "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11",
        "expiration": "2026-01-01T01:00:00Z", "issued_at": "2026-01-01T00:00:00Z", "audience": ["acme.test"], "amr": ["pwd"],
        "email": {"address": "jane@acme.test", "is_primary": true, "is_verified": true},
    },
    "expiration_time": "2026-01-01T01:00:00Z",
    "user_id": "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50",
}))]
pub(crate) struct Validity<'a> {
    is_valid: bool,
    /// The token's claims under their long names, the project's own ones beside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    claims: Option<&'a Map<String, Value>>,
    /// The same as `claims.expiration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    expiration_time: Option<String>,
    /// The same as `claims.subject`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    user_id: Option<Uuid>,
    /// When the session ends if it is not used; only where the project ends idle sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    idle_expires_at: Option<String>,
}

/// Whether the request's session holds.
///
/// A passive look, which keeps no idle session alive.
#[utoipa::path(
    get,
    path = "/sessions/validate",
    tag = "sessions",
    security(("cookie" = []), ("bearer" = []), ()),
    responses((status = 200, body = Validity)),
)]
pub(crate) async fn presented_token(
    Process(app): Process,
    Tenant(served): Tenant,
    Meta(meta): Meta,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(match presented(&served, &headers, Use::Check, &meta).await? {
        Presented::Valid(valid) => valid_answer(&app.metrics, &served, &valid),
        Presented::Nobody { idle } => invalid_answer(&app.metrics, &served, idle),
    })
}

/// Whether a token's session holds.
///
/// For back ends: headers and cookies are ignored. Counts as a use of the session.
#[utoipa::path(
    post,
    path = "/sessions/validate",
    tag = "sessions",
    request_body = Named,
    responses(
        (status = 200, body = Validity),
        (status = 400, description = "The body has no token.",
            body = ErrorBody, example = json!({"code": 400, "message": "code=400, message=session_token is a required field"})),
        (status = 415, description = "The body is not JSON."),
    ),
)]
pub(crate) async fn named_token(
    Process(app): Process,
    Tenant(served): Tenant,
    Meta(meta): Meta,
    Input(Named { session_token }): Input<Named>,
) -> Result<Response, ApiError> {
    Ok(match validate(&served.tenant, &session_token, Use::Touch, &meta).await? {
        Checked::Valid(valid) => valid_answer(&app.metrics, &served, &valid),
        Checked::IdleExpired => invalid_answer(&app.metrics, &served, true),
        Checked::Invalid => invalid_answer(&app.metrics, &served, false),
    })
}

fn valid_answer(metrics: &Metrics, served: &Arc<Served>, valid: &Valid) -> Response {
    metrics.session_validated(true);
    let body = Validity {
        is_valid: true,
        claims: Some(&valid.claims),
        expiration_time: Some(valid.expires_at.rfc3339()),
        user_id: Some(valid.session.user.0),
        idle_expires_at: valid.idle_expires_at.map(|at| at.rfc3339()),
    };
    (deliver(served, valid.renewed.as_ref()), Json(body)).into_response()
}

fn invalid_answer(metrics: &Metrics, served: &Arc<Served>, idle: bool) -> Response {
    metrics.session_validated(false);
    let body = Json(Validity::default());
    if idle { (forget(served), body).into_response() } else { body.into_response() }
}

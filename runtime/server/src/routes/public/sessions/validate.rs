//! `GET` and `POST /sessions/validate`, `POST /session` (`spec/sessions-and-public-rest.md` §8).

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hanko_flow::sessions::{Checked, Use, Valid, validate};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    extract::{Presented, Process, Tenant, presented},
    http::{
        body::{self, Form},
        delivery::{deliver, forget},
        error::ApiError,
        json::Json,
    },
    metrics::Metrics,
    served::Served,
};

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    session_token: Option<String>,
}

#[derive(Default, Serialize)]
struct Validity<'a> {
    is_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_expires_at: Option<String>,
}

/// `GET`: the tokens the request presents. A passive look, which keeps no idle session alive.
pub(crate) async fn presented_token(
    Process(app): Process,
    Tenant(served): Tenant,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(match presented(&served, &headers, Use::Check).await? {
        Presented::Valid(valid) => valid_answer(&app.metrics, &served, &valid),
        Presented::Nobody { idle } => invalid_answer(&app.metrics, &served, idle),
    })
}

/// `POST`: the token in the body, headers and cookies ignored. Counts as a use of the session.
pub(crate) async fn named_token(
    Process(app): Process,
    Tenant(served): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let token = read(&headers, body).await?;
    Ok(match validate(&served.tenant, &token, Use::Touch).await? {
        Checked::Valid(valid) => valid_answer(&app.metrics, &served, &valid),
        Checked::IdleExpired => invalid_answer(&app.metrics, &served, true),
        Checked::Invalid => invalid_answer(&app.metrics, &served, false),
    })
}

async fn read(headers: &HeaderMap, body: Body) -> Result<String, ApiError> {
    // The doubled prefix is the contract's (§8.2).
    let missing = || ApiError::saying(StatusCode::BAD_REQUEST, "code=400, message=session_token is a required field");
    if body::is_absent(&body) {
        return Err(missing());
    }
    if Form::of(headers) != Form::Json {
        return Err(ApiError::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let text = body::read(body).await?;
    if text.is_empty() {
        return Err(missing());
    }
    let named: Named = serde_json::from_slice(&text).map_err(|error| malformed(&error))?;
    named.session_token.filter(|token| !token.is_empty()).ok_or_else(missing)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    let offset = error.column();
    let message = match error.classify() {
        serde_json::error::Category::Data => {
            format!("Unmarshal type error: expected=string, field=session_token, offset={offset}")
        }
        _ => format!("Syntax error: offset={offset}, error=not a JSON document"),
    };
    ApiError::saying(StatusCode::BAD_REQUEST, message)
}

fn valid_answer(metrics: &Metrics, served: &Arc<Served>, valid: &Valid) -> Response {
    metrics.session_validated(true);
    let body = Validity {
        is_valid: true,
        claims: Some(&valid.claims),
        expiration_time: Some(valid.expires_at.rfc3339()),
        user_id: Some(valid.session.user.to_string()),
        idle_expires_at: valid.idle_expires_at.map(|at| at.rfc3339()),
    };
    (deliver(served, valid.renewed.as_ref()), Json(body)).into_response()
}

fn invalid_answer(metrics: &Metrics, served: &Arc<Served>, idle: bool) -> Response {
    metrics.session_validated(false);
    let body = Json(Validity::default());
    if idle { (forget(served), body).into_response() } else { body.into_response() }
}

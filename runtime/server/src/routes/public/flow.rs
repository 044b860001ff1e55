//! `POST /login`, `POST /registration`, each also below `/flow` (`spec/flow-login-registration.md` §1.1–1.3).

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hanko_flow::Body as FlowBody;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::{
    extract::{Action, Meta, Process, Tenant},
    http::{
        body::{self, Form},
        delivery::{deliver, trust},
        error::ApiError,
        json,
    },
};

/// The parts of a request every flow needs.
type Input = (Process, Tenant, Meta, Action, HeaderMap);

pub(super) async fn login(input: Input, body: Body) -> Result<Response, ApiError> {
    run("login", "", input, body).await
}

pub(super) async fn registration(input: Input, body: Body) -> Result<Response, ApiError> {
    run("registration", "", input, body).await
}

pub(super) async fn prefixed_login(input: Input, body: Body) -> Result<Response, ApiError> {
    run("login", "/flow", input, body).await
}

pub(super) async fn prefixed_registration(input: Input, body: Body) -> Result<Response, ApiError> {
    run("registration", "/flow", input, body).await
}

/// `prefix` stands before the addresses in the answer, so that a client stays where it began.
async fn run(flow: &'static str, prefix: &'static str, input: Input, body: Body) -> Result<Response, ApiError> {
    let (Process(app), Tenant(served), Meta(meta), Action(action), headers) = input;
    let body = flow_body(action.is_some(), &headers, body).await?;
    let Some(reply) = hanko_flow::run(&served.tenant, flow, prefix, action.as_deref(), body, &meta).await else {
        return Err(ApiError::of(StatusCode::NOT_FOUND));
    };
    if reply.token.is_some() {
        app.metrics.session_began(flow, &methods(&reply.body));
    }
    if let Some((action, reason)) = reply.refused {
        app.metrics.flow_refused(flow, action, reason);
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = (deliver(&served, reply.token.as_ref()), trust(&served, reply.trusted_device.as_ref()));
    let mut response = (status, headers.0, headers.1, json::raw(reply.body.into())).into_response();
    if let Some(pause) = reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, pause.as_secs().into());
    }
    Ok(response)
}

/// What proved the user (`amr`), as the document that ends a flow tells it.
fn methods(document: &[u8]) -> String {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let methods = document.pointer("/payload/claims/amr").and_then(Value::as_array);
    let methods: Vec<&str> = methods.into_iter().flatten().filter_map(Value::as_str).collect();
    methods.join("+")
}

/// A run that begins reads no body at all. What an empty or foreign one means is the flow's to say.
async fn flow_body(wanted: bool, headers: &HeaderMap, body: Body) -> Result<FlowBody, ApiError> {
    if !wanted || body::is_absent(&body) {
        return Ok(FlowBody::Empty);
    }
    match Form::of(headers) {
        Form::Json => body::read(body).await.map(|text| FlowBody::Json(text.into())),
        // Parses, but no field has a meaning.
        Form::Fields => Ok(FlowBody::Empty),
        Form::Other => Ok(FlowBody::UnsupportedContentType),
    }
}

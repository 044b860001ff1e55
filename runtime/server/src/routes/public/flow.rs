//! `POST /login`, `/registration` and `/profile`, each also below `/flow` (`spec/flow-login-registration.md` §1.1–1.3,
//! `spec/flow-profile.md` §1).

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hanko_flow::{
    Body as FlowBody, Reply,
    sessions::{Use, Valid},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::{
    extract::{Action, Meta, Presented, Process, Tenant, presented},
    http::{
        body::{self, Form},
        delivery::{deliver, forget, trust},
        error::ApiError,
        json,
    },
    served::Served,
};

/// The parts of a request every flow needs.
type Input = (Process, Tenant, Meta, Action, HeaderMap);

pub(super) async fn login(input: Input, body: Body) -> Result<Response, ApiError> {
    run("login", "", input, body, None).await
}

pub(super) async fn registration(input: Input, body: Body) -> Result<Response, ApiError> {
    run("registration", "", input, body, None).await
}

pub(super) async fn profile(input: Input, body: Body) -> Result<Response, ApiError> {
    run_signed_in("profile", "", input, body).await
}

pub(super) async fn prefixed_login(input: Input, body: Body) -> Result<Response, ApiError> {
    run("login", "/flow", input, body, None).await
}

pub(super) async fn prefixed_registration(input: Input, body: Body) -> Result<Response, ApiError> {
    run("registration", "/flow", input, body, None).await
}

pub(super) async fn prefixed_profile(input: Input, body: Body) -> Result<Response, ApiError> {
    run_signed_in("profile", "/flow", input, body).await
}

/// A flow for whoever the request's session belongs to.
async fn run_signed_in(
    flow: &'static str,
    prefix: &'static str,
    input: Input,
    body: Body,
) -> Result<Response, ApiError> {
    let (_, Tenant(served), Meta(meta), _, headers) = &input;
    let served = served.clone();
    match presented(&served, headers, Use::Touch, meta).await {
        Ok(Presented::Valid(valid)) => run(flow, prefix, input, body, Some(&valid)).await,
        Ok(Presented::Nobody { idle: false }) => run(flow, prefix, input, body, None).await,
        Ok(Presented::Nobody { idle: true }) => {
            let refusal = run(flow, prefix, input, body, None).await?;
            Ok((forget(&served), refusal).into_response())
        }
        Err(error) => {
            tracing::error!(request = meta.id, %error, "a session could not be checked");
            Ok(answer(&served, Reply::failed(&error), None))
        }
    }
}

/// `prefix` stands before the addresses in the answer, so that a client stays where it began.
async fn run(
    flow: &'static str,
    prefix: &'static str,
    input: Input,
    body: Body,
    session: Option<&Valid>,
) -> Result<Response, ApiError> {
    let (Process(app), Tenant(served), Meta(meta), Action(action), headers) = input;
    let body = flow_body(action.is_some(), &headers, body).await?;
    let reply = hanko_flow::run(&served.tenant, flow, prefix, action.as_deref(), body, &meta, session).await;
    let Some(reply) = reply else { return Err(ApiError::of(StatusCode::NOT_FOUND)) };
    // Whoever is signed in already goes on with the session they have.
    if reply.token.is_some() && session.is_none() {
        let methods = methods(&reply.body);
        match flow {
            "registration" => app.metrics.signed_up(flow, &methods),
            _ => app.metrics.logged_in(flow, &methods),
        }
    }
    if let Some(took) = reply.took {
        app.metrics.flow_ended(flow, took);
    }
    if let Some((action, reason)) = reply.refused {
        app.metrics.flow_refused(flow, action, reason);
    }
    Ok(answer(&served, reply, session))
}

fn answer(served: &Served, reply: Reply, session: Option<&Valid>) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let renewed = session.and_then(|session| session.renewed.as_ref());
    let token = reply.token.as_ref().or(renewed).filter(|_| !reply.signed_out);
    let headers = (deliver(served, token), trust(served, reply.trusted_device.as_ref()));
    let mut response = (status, headers.0, headers.1, json::raw(reply.body.into())).into_response();
    if reply.signed_out {
        response = (forget(served), response).into_response();
    }
    if let Some(pause) = reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, pause.as_secs().into());
    }
    response
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

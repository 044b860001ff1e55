//! `POST /token` (`spec/sessions-and-public-rest.md` §13.14).

use axum::response::{IntoResponse, Response};
use hanko_domain::Secret;
use hanko_flow::rest::exchange_token;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::Tokens;
use crate::{
    extract::{BrowserMeta, Offered, Process, Tenant},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::DEPRECATED,
        quota::QuotaHeaders,
    },
};

/// A one-time token.
#[derive(ToSchema)]
pub(crate) struct Token {
    /// The `hanko_token` of the address that a sign-in elsewhere has led back to.
    #[schema(value_type = String)]
    value: Secret<String>,
}

impl Bind for Token {
    fn bind(fields: &mut Fields) -> Option<Self> {
        Some(Self { value: fields.secret("value")? })
    }
}

/// Who is signed in now.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
}

/// Exchanges a one-time token for a session.
#[utoipa::path(
    post,
    path = "/token",
    tag = DEPRECATED,
    request_body = Token,
    responses(
        (status = 200, description = "Signed in; the session stands beside the answer.", body = SignedIn, headers(
            ("X-Session-Lifetime" = u64, description = "Seconds."),
            ("X-RateLimit-Limit" = u32, description = "Exchanges of a window."),
            ("X-RateLimit-Remaining" = u32, description = "Those that are left."),
            ("X-RateLimit-Reset" = u64, description = "Seconds until the window ends."),
        )),
        (status = 400, description = "Not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "value is a required field"})),
        (status = 403, description = "The account has a second factor, which this endpoint cannot ask for."),
        (status = 404, description = "No such token, or none for this endpoint.", body = ErrorBody,
            example = json!({"code": 404, "message": "token not found"})),
        (status = 422, description = "Too late.", body = ErrorBody, example = json!({"code": 422, "message": "token has expired"})),
        (status = 429, description = "Too many exchanges; `Retry-After` says how long to wait."),
    ),
)]
pub(super) async fn exchange(
    _: Offered<Tokens>,
    Process(app): Process,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    input: Result<Input<Token>, ApiError>,
) -> Response {
    let value = input.map(|Input(Token { value })| value).map_err(ApiError::into_refusal);
    let (quota, outcome) = exchange_token(&served.tenant, value, &meta).await;
    let answer = outcome.map_err(ApiError::from).map(|(user, token)| {
        app.metrics.logged_in("rest", "token");
        (deliver_only(&served, Some(&token)), Json(SignedIn { user_id: user.0 }))
    });
    (QuotaHeaders(quota), answer).into_response()
}

//! `POST /passcode/login/initialize` and `/finalize` (`spec/sessions-and-public-rest.md` §13.4, §13.5).

use axum::response::{IntoResponse, Response};
use hanko_domain::{EmailId, FlowId, Secret, UserId};
use hanko_flow::rest::{Recipient, Sent, confirm_passcode, send_passcode};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::Passcodes;
use crate::{
    extract::{BrowserMeta, MaybeSession, Offered, Process, Tenant},
    http::{
        cookie,
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::DEPRECATED,
        quota::QuotaHeaders,
    },
};

/// To whom a code is mailed.
#[derive(ToSchema)]
pub(crate) struct PasscodeRecipient {
    /// The user, as `POST /user` or `POST /users` names it.
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    /// Which of its addresses; the main one without it, and without a main one the address of the cookie that `POST /users` has set.
    #[schema(required = false, example = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11")]
    email_id: Option<Uuid>,
}

impl Bind for PasscodeRecipient {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (user_id, email_id) = (fields.uuid("user_id"), fields.optional_uuid("email_id"));
        Some(Self { user_id: user_id?, email_id })
    }
}

/// A code, as typed.
#[derive(ToSchema)]
pub(crate) struct PasscodeAnswer {
    /// The one that `initialize` has answered.
    id: Uuid,
    #[schema(value_type = String, example = "123456")]
    code: Secret<String>,
}

impl Bind for PasscodeAnswer {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (id, code) = (fields.uuid4("id"), fields.secret("code"));
        Some(Self { id: id?, code: code? })
    }
}

/// A code that is out.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11", "ttl": 300, "created_at": "2026-01-01T00:00:00.123456Z"}))]
pub(crate) struct PasscodeSent {
    /// To be sent with the code.
    id: Uuid,
    /// Seconds it is good for, from `created_at` on.
    ttl: u64,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Sent> for PasscodeSent {
    fn from(sent: Sent) -> Self {
        Self { id: sent.id.0, ttl: sent.ttl, created_at: sent.created_at.rfc3339() }
    }
}

/// Mails a code to sign in with.
///
/// Unless the project shows whether accounts exist, an id of nobody's that `POST /user` has answered behaves like a user's: what is
/// mailed then tells that somebody tried to sign in, and no code is right. An address that is taken behaves like one that can be
/// signed up with.
#[utoipa::path(
    post,
    path = "/passcode/login/initialize",
    tag = DEPRECATED,
    security((), ("cookie" = []), ("bearer" = [])),
    request_body = PasscodeRecipient,
    responses(
        (status = 200, body = PasscodeSent, headers(
            ("X-RateLimit-Limit" = u32, description = "Codes of a window."),
            ("X-RateLimit-Remaining" = u32, description = "Those that are left."),
            ("X-RateLimit-Reset" = u64, description = "Seconds until the window ends."),
        )),
        (status = 400, description = "Not what it should be, an unknown user (`Bad Request`), or no such address.", body = ErrorBody,
            example = json!({"code": 400, "message": "the specified emailId is not available"})),
        (status = 403, description = "The address is another user's, or somebody else is signed in."),
        (status = 429, description = "Too many codes; `Retry-After` says how long to wait."),
    ),
)]
pub(super) async fn initialize(
    _: Offered<Passcodes>,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    MaybeSession(session): MaybeSession,
    headers: HeaderMap,
    Input(input): Input<PasscodeRecipient>,
) -> Response {
    let cookie = cookie::values(&headers, cookie::EMAIL).next().filter(|value| !value.is_empty());
    let recipient = Recipient {
        user: UserId(input.user_id),
        email: input.email_id.map(EmailId),
        cookie: cookie.map(|value| value.parse().map_err(|_| ())),
    };
    let (quota, outcome) = send_passcode(&served.tenant, recipient, session.as_deref(), &meta).await;
    let answer = outcome.map(|sent| Json(PasscodeSent::from(sent))).map_err(ApiError::from);
    (QuotaHeaders(quota), answer).into_response()
}

/// Signs in, signs up, or proves an address, with a mailed code.
///
/// The third wrong answer ends the code. Whoever is signed in and proves a new address of their own goes on with the session they have.
#[utoipa::path(
    post,
    path = "/passcode/login/finalize",
    tag = DEPRECATED,
    security((), ("cookie" = []), ("bearer" = [])),
    request_body = PasscodeAnswer,
    responses(
        (status = 200, description = "The code was right; the session stands beside the answer.", body = PasscodeSent,
            headers(("X-Session-Lifetime" = u64, description = "Seconds."))),
        (status = 401, description = "The code is wrong (`Unauthorized`), or is not known (any more).", body = ErrorBody,
            example = json!({"code": 401, "message": "passcode not found"})),
        (status = 403, description = "Somebody else is signed in, or has proven the address meanwhile.", body = ErrorBody,
            example = json!({"code": 403, "message": "email address has been claimed by another user"})),
        (status = 408, description = "Too late.", body = ErrorBody,
            example = json!({"code": 408, "message": "passcode request timed out"})),
        (status = 409, description = "The user has as many addresses as the project allows."),
        (status = 410, description = "The third wrong answer.", body = ErrorBody,
            example = json!({"code": 410, "message": "max attempts reached"})),
    ),
)]
pub(super) async fn finalize(
    _: Offered<Passcodes>,
    Process(app): Process,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    MaybeSession(session): MaybeSession,
    Input(input): Input<PasscodeAnswer>,
) -> Result<Response, ApiError> {
    let confirmed = confirm_passcode(&served.tenant, FlowId(input.id), &input.code, session.as_deref(), &meta).await?;
    if confirmed.signed_up {
        app.metrics.signed_up("rest", "otp");
    } else if confirmed.token.is_some() {
        app.metrics.logged_in("rest", "otp");
    }
    let delivery = deliver_only(&served, confirmed.token.as_ref());
    Ok((delivery, Json(PasscodeSent::from(confirmed.sent))).into_response())
}

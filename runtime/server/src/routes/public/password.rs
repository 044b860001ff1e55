//! `PUT` and `POST /password`, `POST /password/login` (`spec/sessions-and-public-rest.md` §13.6, §13.7).

use axum::response::{IntoResponse, Response};
use hanko_domain::{Secret, UserId};
use hanko_flow::rest::{log_in_with_password, set_password};
use http::StatusCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use super::offers::Passwords;
use crate::{
    extract::{BrowserMeta, Offered, Process, SessionUser, Tenant},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::DEPRECATED,
        quota::QuotaHeaders,
    },
};

/// `null`.
pub(crate) struct Nothing;

impl PartialSchema for Nothing {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Null).into()
    }
}

impl ToSchema for Nothing {}

/// A user and a password.
#[derive(ToSchema)]
pub(crate) struct UserPassword {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    /// At most 72 bytes.
    #[schema(value_type = String, format = Password, example = "correct horse battery")]
    password: Secret<String>,
}

impl Bind for UserPassword {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (user_id, password) = (fields.uuid("user_id"), fields.secret("password"));
        Some(Self { user_id: user_id?, password: password? })
    }
}

/// Sets the password of whoever is signed in.
#[utoipa::path(
    method(put, post),
    path = "/password",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    request_body = UserPassword,
    responses(
        (status = 200, description = "It was replaced.", body = Nothing),
        (status = 201, description = "It is the first one.", body = Nothing),
        (status = 400, description = "Too short, too long, or not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "password must be at least 8 characters long"})),
        (status = 401, description = "Nobody is signed in, or the user does not exist."),
        (status = 403, description = "Another user than the signed-in one, or a recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
    ),
)]
pub(super) async fn set(
    _: Offered<Passwords>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Input(input): Input<UserPassword>,
) -> Result<Response, ApiError> {
    let first = set_password(&served.tenant, &valid, UserId(input.user_id), &input.password, &meta).await?;
    let status = if first { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, deliver_only(&served, valid.renewed.as_ref()), Json(())).into_response())
}

/// Signs in with a password.
///
/// An unknown user, one without a password and a wrong password cost and say the same.
#[utoipa::path(
    post,
    path = "/password/login",
    tag = DEPRECATED,
    request_body = UserPassword,
    responses(
        (status = 200, description = "Signed in; the session stands beside the answer.", body = Nothing, headers(
            ("X-Session-Lifetime" = u64, description = "Seconds."),
            ("X-RateLimit-Limit" = u32, description = "Attempts of a window."),
            ("X-RateLimit-Remaining" = u32, description = "Those that are left."),
            ("X-RateLimit-Reset" = u64, description = "Seconds until the window ends."),
        )),
        (status = 400, description = "Too long, or not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "password must not be longer than 72 bytes"})),
        (status = 401, description = "Wrong."),
        (status = 403, description = "The account has a second factor, which this endpoint cannot ask for."),
        (status = 429, description = "Too many attempts; `Retry-After` says how long to wait."),
    ),
)]
pub(super) async fn login(
    _: Offered<Passwords>,
    Process(app): Process,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    Input(input): Input<UserPassword>,
) -> Response {
    let (quota, outcome) = log_in_with_password(&served.tenant, UserId(input.user_id), &input.password, &meta).await;
    let answer = outcome.map_err(ApiError::from).map(|token| {
        app.metrics.logged_in("rest", "pwd");
        (deliver_only(&served, Some(&token)), Json(()))
    });
    (QuotaHeaders(quota), answer).into_response()
}

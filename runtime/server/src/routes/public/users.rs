//! `POST /users`, `GET /users/{id}`, `POST /user`, `DELETE /user` and `/me` (`spec/sessions-and-public-rest.md` §13.10–§13.13).

use axum::response::{IntoResponse, Response};
use hanko_domain::EmailAddress;
use hanko_flow::rest;
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::{Deletion, Deprecated, DeprecatedDeletion};
use crate::{
    extract::{BrowserMeta, Id, Offered, Process, SessionUser, Tenant},
    http::{
        delivery::{deliver_only, forget},
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input},
        json::Json,
        openapi::{DEPRECATED, user::DeprecatedUser},
    },
};

/// Whom it is about.
#[derive(ToSchema)]
pub(crate) struct ByEmail {
    #[schema(value_type = String, example = "jane@acme.test")]
    email: EmailAddress,
}

impl Bind for ByEmail {
    fn bind(fields: &mut Fields) -> Option<Self> {
        Some(Self { email: fields.email("email")? })
    }
}

/// An account that was made, or waits for its address to be proven.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewUser {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    id: Uuid,
    /// The same again.
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    #[schema(example = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11")]
    email_id: Uuid,
}

/// What is said of an address.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundUser {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    id: Uuid,
    #[schema(example = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11")]
    email_id: Uuid,
    verified: bool,
    has_webauthn_credential: bool,
}

/// Signs up with an address.
///
/// Where the project wants addresses proven, the account is made once `/passcode/login/finalize` is shown the code that
/// `/passcode/login/initialize` has mailed for both ids; until then, for at most 24 hours, nothing of it exists. Unless the project shows
/// whether accounts exist, a taken address is answered like a free one; its owner is told, and no code is right. Where addresses need no
/// proof the account is made at once, with a session beside the answer unless a second factor is mandatory.
#[utoipa::path(
    post,
    path = "/users",
    tag = DEPRECATED,
    request_body = ByEmail,
    responses(
        (status = 200, body = NewUser, headers(("Set-Cookie" = String, description = "`hanko_email_id`, for the passcode endpoints."))),
        (status = 400, description = "No address.", body = ErrorBody,
            example = json!({"code": 400, "message": "email must be a valid email address"})),
        (status = 403, description = "The project lets nobody sign up."),
        (status = 409, description = "The address is taken."),
    ),
)]
pub(super) async fn sign_up(
    _: Offered<Deprecated>,
    Process(app): Process,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    input: Result<Input<ByEmail>, ApiError>,
) -> Result<Response, ApiError> {
    if !served.configuration.project.settings.allow_signup {
        return Err(ApiError::of(StatusCode::FORBIDDEN));
    }
    let Input(ByEmail { email }) = input?;
    let new = rest::sign_up(&served.tenant, email, &meta).await?;
    if new.token.is_some() {
        app.metrics.signed_up("rest", "none");
    }
    let cookie = [(header::SET_COOKIE, served.cookie.email(new.email))];
    let body = NewUser { id: new.user.0, user_id: new.user.0, email_id: new.email.0 };
    let mut response = (cookie, Json(body)).into_response();
    // Two cookies: the session's beside this one.
    for (name, value) in (deliver_only(&served, new.token.as_ref()), ()).into_response().headers() {
        response.headers_mut().append(name, value.clone());
    }
    Ok(response)
}

/// The signed-in user, in the form of earlier versions.
#[utoipa::path(
    get,
    path = "/users/{id}",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = Uuid, Path, description = "The signed-in user's own id.")),
    responses(
        (status = 200, body = DeprecatedUser),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "Somebody else's id."),
        (status = 404, description = "The user does not exist any more."),
    ),
)]
pub(super) async fn user(
    _: Offered<Deprecated>,
    SessionUser { served, valid }: SessionUser,
    BrowserMeta(meta): BrowserMeta,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let user = rest::user(&served.tenant, &valid, &id, &meta).await?;
    Ok((deliver_only(&served, valid.renewed.as_ref()), Json(user)).into_response())
}

/// Finds a user by address.
///
/// Unless the project shows whether accounts exist, the same is said of every address: ids, `verified: true`,
/// `has_webauthn_credential: false`. The ids of an address that no account has behave like an account's everywhere else.
#[utoipa::path(
    post,
    path = "/user",
    tag = DEPRECATED,
    request_body = ByEmail,
    responses(
        (status = 200, body = FoundUser),
        (status = 400, description = "No address.", body = ErrorBody,
            example = json!({"code": 400, "message": "email is a required field"})),
        (status = 404, description = "No account has it, where the project shows that."),
    ),
)]
pub(super) async fn find(
    _: Offered<Deprecated>,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    Input(ByEmail { email }): Input<ByEmail>,
) -> Result<Response, ApiError> {
    let found = rest::find_user(&served.tenant, email, &meta).await?;
    let body = FoundUser {
        id: found.user.0,
        email_id: found.email.0,
        verified: found.verified,
        has_webauthn_credential: found.has_webauthn_credential,
    };
    Ok(Json(body).into_response())
}

/// Deletes the account of whoever is signed in.
#[utoipa::path(
    delete,
    path = "/me",
    tag = "sessions",
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "It is gone; the browser is told to forget its cookie."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "The project does not allow it, or the user does not exist any more."),
    ),
)]
pub(super) async fn delete(
    _: Offered<Deletion>,
    user: SessionUser,
    BrowserMeta(meta): BrowserMeta,
) -> Result<Response, ApiError> {
    let SessionUser { served, valid } = user;
    rest::delete_user(&served.tenant, &valid, &meta).await?;
    Ok((StatusCode::NO_CONTENT, forget(&served), ()).into_response())
}

/// Deletes the account of whoever is signed in.
#[utoipa::path(
    delete,
    path = "/user",
    tag = DEPRECATED,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "It is gone; the browser is told to forget its cookie."),
        (status = 401, description = "Nobody is signed in."),
        (status = 403, description = "A recent sign-in is required.", body = ErrorBody,
            example = json!({"code": 403, "message": "a recent sign-in is required"})),
        (status = 404, description = "The project does not allow it, or the user does not exist any more."),
    ),
)]
pub(super) async fn delete_deprecated(
    _: Offered<DeprecatedDeletion>,
    user: SessionUser,
    BrowserMeta(meta): BrowserMeta,
) -> Result<Response, ApiError> {
    let SessionUser { served, valid } = user;
    rest::delete_user(&served.tenant, &valid, &meta).await?;
    Ok((StatusCode::NO_CONTENT, forget(&served), ()).into_response())
}

//! `POST /webauthn/login/initialize` and `/finalize`.

use axum::response::{IntoResponse, Response};
use hanko_flow::rest::{confirm_assertion, credential_request_options};
use utoipa::ToSchema;

use super::{super::offers::PasskeyLogin, Confirmed};
use crate::{
    extract::{BrowserMeta, Offered, Process, Tenant},
    http::{
        delivery::deliver_only,
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields, Input, JsonText},
        json::Json,
        openapi::DEPRECATED,
    },
};

/// Whose passkeys are asked for.
#[derive(ToSchema)]
#[schema(as = PasskeyOwner)]
pub(crate) struct Owner {
    /// Without it, whoever holds a passkey.
    #[schema(format = Uuid, required = false)]
    user_id: Option<String>,
}

impl Bind for Owner {
    fn bind(fields: &mut Fields) -> Option<Self> {
        Some(Self { user_id: fields.text("user_id") })
    }
}

/// Options to sign in with a passkey.
///
/// A named user's passkeys are listed only where the project shows whether accounts exist; elsewhere the authenticator finds its own.
#[utoipa::path(
    post,
    path = "/webauthn/login/initialize",
    tag = DEPRECATED,
    request_body = Option<Owner>,
    responses(
        (status = 200, description = "For `navigator.credentials.get`.", body = Object),
        (status = 400, description = "The id is none, or nobody's.", body = ErrorBody,
            example = json!({"code": 400, "message": "user not found"})),
    ),
)]
pub(crate) async fn initialize(
    _: Offered<PasskeyLogin>,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    Input(Owner { user_id }): Input<Owner>,
) -> Result<Response, ApiError> {
    let user = user_id.map(|text| text.parse().map_err(|_| ()));
    let options = credential_request_options(&served.tenant, user, &meta).await?;
    Ok(Json(options).into_response())
}

/// Signs in with a passkey.
#[utoipa::path(
    post,
    path = "/webauthn/login/finalize",
    tag = DEPRECATED,
    request_body(content = Object, description = "What `navigator.credentials.get` has answered, as JSON."),
    responses(
        (status = 200, description = "Signed in; the session stands beside the answer.", body = Confirmed,
            headers(("X-Session-Lifetime" = u64, description = "Seconds."))),
        (status = 400, description = "Malformed, without a user handle, or of an authenticator that may have been cloned.", body = ErrorBody,
            example = json!({"code": 400, "message": "failed to parse userHandle as uuid"})),
        (status = 401, description = "Refused, or an answer to nothing.", body = ErrorBody,
            example = json!({"code": 401, "message": "failed to validate assertion"})),
        (status = 403, description = "The account has a second factor, which this passkey does not stand for."),
    ),
)]
pub(crate) async fn finalize(
    _: Offered<PasskeyLogin>,
    Process(app): Process,
    Tenant(served): Tenant,
    BrowserMeta(meta): BrowserMeta,
    JsonText(answer): JsonText,
) -> Result<Response, ApiError> {
    let (confirmed, token) = confirm_assertion(&served.tenant, &answer, &meta).await?;
    app.metrics.logged_in("rest", "passkey");
    Ok((deliver_only(&served, Some(&token)), Json(Confirmed::from(confirmed))).into_response())
}

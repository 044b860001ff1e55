//! `/users/{user_id}/webauthn_credentials` (`spec/admin-api.md` §8).

use axum::response::{IntoResponse, Response};
use hanko_domain::{CredentialId, UserId};
use hanko_flow::admin::view;
use http::StatusCode;

use super::Owner;
use crate::http::{
    admin::{
        by::{By, Users},
        input::WrappedPath,
    },
    error::{ApiError, Error as ErrorBody},
    input::{Bind, Fields},
    json::Json,
    openapi::{admin::USERS, user::Credential},
};

/// A credential of a user.
pub(crate) struct Named {
    user: UserId,
    credential: CredentialId,
}

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let user = fields.segment_uuid("user_id", "UserID");
        let credential = fields.segment("credential_id", "WebauthnCredentialID");
        // What no id can look like is the id of nothing.
        let credential = credential?.parse().unwrap_or(CredentialId(Vec::new()));
        Some(Self { user: UserId(user?), credential })
    }
}

/// The passkeys and security keys of a user, oldest first.
#[utoipa::path(
    get,
    path = "/users/{user_id}/webauthn_credentials",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, body = Vec<Credential>),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user."),
    ),
)]
pub(super) async fn list(by: By<Users>, WrappedPath(Owner(user)): WrappedPath<Owner>) -> Result<Response, ApiError> {
    let credentials = by.admin().credentials(user).await?;
    Ok(Json(credentials.iter().map(view::credential).collect::<Vec<_>>()).into_response())
}

/// A passkey or a security key of a user.
#[utoipa::path(
    get,
    path = "/users/{user_id}/webauthn_credentials/{credential_id}",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("credential_id" = String, Path, description = "base64url.")),
    responses(
        (status = 200, body = Credential),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or no such credential of it.", body = ErrorBody,
            example = json!({"code": 404, "message": "webauthn credential not found"})),
    ),
)]
pub(super) async fn credential(
    by: By<Users>,
    WrappedPath(Named { user, credential }): WrappedPath<Named>,
) -> Result<Response, ApiError> {
    Ok(Json(view::credential(&by.admin().credential(user, &credential).await?)).into_response())
}

/// Removes a passkey or a security key of a user, also the last way in.
#[utoipa::path(
    delete,
    path = "/users/{user_id}/webauthn_credentials/{credential_id}",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("credential_id" = String, Path, description = "base64url.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or no such credential of it.", body = ErrorBody,
            example = json!({"code": 404, "message": "webauthn credential not found"})),
    ),
)]
pub(super) async fn delete(
    by: By<Users>,
    WrappedPath(Named { user, credential }): WrappedPath<Named>,
) -> Result<StatusCode, ApiError> {
    by.admin().delete_credential(user, &credential).await?;
    Ok(StatusCode::NO_CONTENT)
}

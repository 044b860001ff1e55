//! `/users/{user_id}/password` (`spec/admin-api.md` §9). Ours: `hash` instead of `password` takes over one that was hashed elsewhere.

use axum::response::{IntoResponse, Response};
use hanko_domain::{Secret, UserId};
use hanko_flow::admin::{NewSecret, view};
use http::StatusCode;
use utoipa::ToSchema;

use super::{Owner, create::hash};
use crate::http::{
    admin::{
        by::{By, Users},
        input::{Wrapped, WrappedPath},
    },
    error::{ApiError, Error as ErrorBody},
    input::{Bind, Fields},
    json::Json,
    openapi::admin::{USERS, user::Password},
};

/// What a password is set to.
pub(crate) struct Setting {
    user: UserId,
    secret: NewSecret,
}

/// A password, or its hash.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct NewPassword {
    /// At most 72 bytes.
    #[schema(required = false, format = Password)]
    password: String,
    /// Its hash, made elsewhere, instead of the password: argon2id, bcrypt or Firebase scrypt.
    #[schema(required = false)]
    hash: String,
}

impl Bind for Setting {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let user = fields.segment_uuid("user_id", "UserID");
        let password = fields.text("password").filter(|text| !text.is_empty()).map(Secret::new);
        let is_hashed = password.is_none() && fields.has("hash");
        let hash = hash(fields, "hash");
        let secret = match (password, hash) {
            (Some(_), Some(_)) => {
                fields.complain("password and hash cannot both be set");
                None
            }
            (Some(password), None) => Some(NewSecret::Password(password)),
            (None, Some(hash)) => Some(NewSecret::Hash(hash)),
            (None, None) => {
                if !is_hashed {
                    fields.complain("password is a required field");
                }
                None
            }
        };
        Some(Self { user: UserId(user?), secret: secret? })
    }
}

/// That a user has a password.
#[utoipa::path(
    get,
    path = "/users/{user_id}/password",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, body = Password),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or it has no password."),
    ),
)]
pub(super) async fn password(
    by: By<Users>,
    WrappedPath(Owner(user)): WrappedPath<Owner>,
) -> Result<Response, ApiError> {
    let password = by.admin().password(user).await?;
    Ok(Json(view::password(&password, by.served.tenant.id())).into_response())
}

/// Sets the first password of a user. Its length is not judged by the project's rules.
#[utoipa::path(
    post,
    path = "/users/{user_id}/password",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    request_body = NewPassword,
    responses(
        (status = 200, body = Password),
        (status = 400, description = "No id, or nothing that can be a password.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=password is a required field"})),
        (status = 404, description = "No such user."),
        (status = 409, description = "It has one."),
    ),
)]
pub(super) async fn create(
    by: By<Users>,
    Wrapped(Setting { user, secret }): Wrapped<Setting>,
) -> Result<Response, ApiError> {
    let password = by.admin().create_password(user, secret).await?;
    Ok(Json(view::password(&password, by.served.tenant.id())).into_response())
}

/// Replaces the password of a user. Its sessions go on.
#[utoipa::path(
    put,
    path = "/users/{user_id}/password",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    request_body = NewPassword,
    responses(
        (status = 200, body = Password),
        (status = 400, description = "No id, or nothing that can be a password.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=password is a required field"})),
        (status = 404, description = "No such user, or it has no password."),
    ),
)]
pub(super) async fn update(
    by: By<Users>,
    Wrapped(Setting { user, secret }): Wrapped<Setting>,
) -> Result<Response, ApiError> {
    let password = by.admin().update_password(user, secret).await?;
    Ok(Json(view::password(&password, by.served.tenant.id())).into_response())
}

/// Removes the password of a user, also the last way in.
#[utoipa::path(
    delete,
    path = "/users/{user_id}/password",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user, or it has no password."),
    ),
)]
pub(super) async fn delete(
    by: By<Users>,
    WrappedPath(Owner(user)): WrappedPath<Owner>,
) -> Result<StatusCode, ApiError> {
    by.admin().delete_password(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

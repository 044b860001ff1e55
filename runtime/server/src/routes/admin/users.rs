//! Users and whatever belongs to them (`spec/admin-api.md` §5–§11).

mod create;
mod credentials;
mod emails;
mod list;
mod metadata;
mod otp;
mod password;
mod sessions;
mod user;

use hanko_domain::UserId;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::http::{
    admin::ids,
    error::ApiError,
    input::{Bind, Fields},
};

/// The routes.
pub(super) fn router() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(list::list, create::create))
        .routes(routes!(user::user, user::delete, user::patch))
        .routes(routes!(metadata::metadata, metadata::patch))
        .routes(routes!(emails::list, emails::create))
        .routes(routes!(emails::email, emails::delete))
        .routes(routes!(emails::set_primary))
        .routes(routes!(credentials::list))
        .routes(routes!(credentials::credential, credentials::delete))
        .routes(routes!(password::password, password::create, password::update, password::delete))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(otp::otp, otp::delete))
}

/// A user by its id in the path, whatever way that is written.
fn named(id: &str) -> Result<UserId, ApiError> {
    let id = ids::lenient(id).map(UserId);
    id.ok_or_else(|| ApiError::saying(StatusCode::BAD_REQUEST, "failed to parse userId as uuid"))
}

/// The user whom a path is about, where a complaint calls the part `UserID`.
pub(crate) struct Owner(UserId);

impl Bind for Owner {
    fn bind(fields: &mut Fields) -> Option<Self> {
        fields.segment_uuid("user_id", "UserID").map(|id| Self(UserId(id)))
    }
}

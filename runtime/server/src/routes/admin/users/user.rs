//! `GET`, `DELETE`, `PATCH /users/{id}` (`spec/admin-api.md` §5.6–§5.8).

use axum::response::{IntoResponse, Response};
use hanko_flow::admin::{UserPatch, view};
use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use super::named;
use crate::{
    extract::Id,
    http::{
        admin::{
            by::{By, Users},
            input::Body,
        },
        error::{ApiError, Error as ErrorBody},
        input::{Bind, Fields},
        json::Json,
        openapi::admin::{USERS, user::User},
    },
};

/// A user.
#[utoipa::path(
    get,
    path = "/users/{id}",
    tag = USERS,
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = User),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "failed to parse userId as uuid"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
    ),
)]
pub(super) async fn user(by: By<Users>, Id(id): Id) -> Result<Response, ApiError> {
    let account = by.admin().user(named(&id)?).await?;
    Ok(Json(view::user(&account, by.served.tenant.id())).into_response())
}

/// Deletes a user with everything that belongs to it.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    tag = USERS,
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "failed to parse userId as uuid"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
    ),
)]
pub(super) async fn delete(by: By<Users>, Id(id): Id) -> Result<StatusCode, ApiError> {
    by.admin().delete_user(named(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to change: absent stays, `null` goes.
#[derive(ToSchema)]
pub(crate) struct Patch {
    #[schema(value_type = Option<String>, required = false, example = "jane")]
    username: Option<Option<String>>,
    #[schema(value_type = Option<String>, required = false, example = "Jane Doe")]
    name: Option<Option<String>>,
    #[schema(value_type = Option<String>, required = false)]
    given_name: Option<Option<String>>,
    #[schema(value_type = Option<String>, required = false)]
    family_name: Option<Option<String>>,
    /// An http(s) URL of at most 2048 bytes.
    #[schema(value_type = Option<String>, required = false)]
    picture: Option<Option<String>>,
}

impl Bind for Patch {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let mut member = |name: &str| match fields.value(name)? {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text)),
            _ => {
                fields.complain(&format!("expected string or null: {name}"));
                None
            }
        };
        Some(Self {
            username: member("username"),
            name: member("name"),
            given_name: member("given_name"),
            family_name: member("family_name"),
            picture: member("picture"),
        })
    }
}

/// Changes username, names and picture.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    tag = USERS,
    params(("id" = Uuid, Path)),
    request_body = Patch,
    responses(
        (status = 200, body = User),
        (status = 400, description = "A member is not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "username is invalid"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
        (status = 409, description = "Somebody else has the username.", body = ErrorBody,
            example = json!({"code": 409, "message": "username already exists"})),
    ),
)]
pub(super) async fn patch(
    by: By<Users>,
    Id(id): Id,
    body: Result<Body<Patch>, ApiError>,
) -> Result<Response, ApiError> {
    let id = named(&id)?;
    let Body(Patch { username, name, given_name, family_name, picture }) = body?;
    let account = by.admin().patch_user(id, UserPatch { username, name, given_name, family_name, picture }).await?;
    Ok(Json(view::user(&account, by.served.tenant.id())).into_response())
}

//! `GET`, `PATCH /users/{id}/metadata` (`spec/admin-api.md` §6).

use axum::response::{IntoResponse, Response};
use hanko_domain::{Metadata, UserId};
use hanko_flow::admin::view;
use hanko_metadata::Patch;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::{
    extract::Id,
    http::{
        admin::{
            by::{By, Users},
            ids,
            input::FirstValue,
        },
        error::{ApiError, Error as ErrorBody},
        json::Json,
        openapi::admin::{USERS, user::Metadata as MetadataSchema},
    },
};

/// What applications keep about a user.
#[utoipa::path(
    get,
    path = "/users/{id}/metadata",
    tag = USERS,
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = MetadataSchema),
        (status = 204, description = "Nothing is kept."),
        (status = 400, description = "No id.", body = ErrorBody, example = json!({"code": 400, "message": "invalid user id"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
    ),
)]
pub(super) async fn metadata(by: By<Users>, Id(id): Id) -> Result<Response, ApiError> {
    Ok(answer(&by.admin().metadata(named(&id)?).await?))
}

/// Merges into what applications keep about a user.
///
/// Objects are merged member by member, at every depth; `null` removes a member, and for a whole category everything; `null` as the body
/// removes all categories. Everything else replaces what was there. A category has at most 3000 characters.
#[utoipa::path(
    patch,
    path = "/users/{id}/metadata",
    tag = USERS,
    params(("id" = Uuid, Path)),
    request_body = MetadataSchema,
    responses(
        (status = 200, body = MetadataSchema),
        (status = 204, description = "Nothing is kept any more."),
        (status = 400, description = "No id, no patch, too long, or not what the project's schema wants.", body = ErrorBody,
            example = json!({"code": 400, "message": "metadata limit exceeded: public metadata must not exceed 3000 characters"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
    ),
)]
pub(super) async fn patch(by: By<Users>, Id(id): Id, body: Result<FirstValue, ApiError>) -> Result<Response, ApiError> {
    let id = named(&id)?;
    let FirstValue(value) = body.map_err(ApiError::wrapped)?;
    let patch = Patch::parse(&value.unwrap_or_else(|| Value::Object(Map::new())))
        .map_err(|error| ApiError::saying(StatusCode::BAD_REQUEST, format!("{error}, internal={error}")).wrapped())?;
    Ok(answer(&by.admin().patch_metadata(id, &patch).await?))
}

fn named(id: &str) -> Result<UserId, ApiError> {
    let id = ids::lenient(id).map(UserId);
    id.ok_or_else(|| ApiError::saying(StatusCode::BAD_REQUEST, "invalid user id"))
}

fn answer(metadata: &Metadata) -> Response {
    view::metadata(metadata).map_or_else(|| StatusCode::NO_CONTENT.into_response(), |kept| Json(kept).into_response())
}

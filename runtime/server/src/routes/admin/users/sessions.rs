//! `/users/{user_id}/sessions` (`spec/admin-api.md` §10.2, §10.3).

use axum::response::{IntoResponse, Response};
use hanko_domain::{SessionId, UserId};
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
    openapi::admin::{USERS, user::Session},
};

/// A session of a user.
pub(crate) struct Named {
    user: UserId,
    session: SessionId,
}

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (user, session) =
            (fields.segment_uuid("user_id", "UserID"), fields.segment_uuid4("session_id", "SessionID"));
        Some(Self { user: UserId(user?), session: SessionId(session?) })
    }
}

/// The sessions of a user that have not expired, newest first.
#[utoipa::path(
    get,
    path = "/users/{user_id}/sessions",
    tag = USERS,
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, body = Vec<Session>),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=UserID must be a valid uuid"})),
        (status = 404, description = "No such user."),
    ),
)]
pub(super) async fn list(by: By<Users>, WrappedPath(Owner(user)): WrappedPath<Owner>) -> Result<Response, ApiError> {
    let sessions = by.admin().sessions(user).await?;
    Ok(Json(sessions.iter().map(view::session).collect::<Vec<_>>()).into_response())
}

/// Ends a session of a user.
#[utoipa::path(
    delete,
    path = "/users/{user_id}/sessions/{session_id}",
    tag = USERS,
    params(("user_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It has ended."),
        (status = 400, description = "No id.", body = ErrorBody,
            example = json!({"code": 400, "message": "code=400, message=SessionID must be a valid uuid4"})),
        (status = 404, description = "No such user, or no such session of it."),
    ),
)]
pub(super) async fn revoke(
    by: By<Users>,
    WrappedPath(Named { user, session }): WrappedPath<Named>,
) -> Result<StatusCode, ApiError> {
    by.admin().revoke_session(user, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

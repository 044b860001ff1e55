//! `POST /sessions` (`spec/admin-api.md` §10.4).

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use hanko_domain::UserId;
use hanko_flow::admin::Whereabouts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    admin::{
        by::{By, Users},
        ids,
        input::Body,
    },
    error::{ApiError, Error as ErrorBody},
    input::{Bind, Fields},
    json::Json,
    openapi::admin::USERS,
};

/// Whose session, and what is written down of its place.
#[derive(ToSchema)]
pub(crate) struct NewSession {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    #[schema(required = false)]
    user_agent: Option<String>,
    #[schema(required = false, example = "192.0.2.1")]
    ip_address: Option<String>,
}

impl Bind for NewSession {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.required("user_id").and_then(|text| {
            let id = ids::any(&text);
            if id.is_none() {
                fields.complain("user_id must be a valid uuid");
            }
            id
        });
        let user_agent = fields.text("user_agent").filter(|text| !text.is_empty());
        if user_agent.as_ref().is_some_and(|text| text.contains('\0')) {
            fields.complain("user_agent must not contain NUL characters");
        }
        let ip_address = fields.text("ip_address").filter(|text| !text.is_empty());
        if ip_address.as_ref().is_some_and(|text| text.parse::<IpAddr>().is_err()) {
            fields.complain("ip_address must be a valid ip address (v4 or v6)");
        }
        Some(Self { user_id: user_id?, user_agent, ip_address })
    }
}

/// A session that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token<'a> {
    /// The session token, a JWT.
    session_token: &'a str,
}

/// Makes a session for a user who has shown nothing.
#[utoipa::path(
    post,
    path = "/sessions",
    tag = USERS,
    request_body = NewSession,
    responses(
        (status = 200, body = Token),
        (status = 400, description = "A member is not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "user_id must be a valid uuid"})),
        (status = 404, description = "No such user.", body = ErrorBody, example = json!({"code": 404, "message": "user not found"})),
    ),
)]
pub(super) async fn create(by: By<Users>, Body(new): Body<NewSession>) -> Result<Response, ApiError> {
    let at = Whereabouts { user_agent: new.user_agent, ip_address: new.ip_address };
    let made = by.admin().create_session(UserId(new.user_id), at).await?;
    Ok(Json(Token { session_token: made.token.expose() }).into_response())
}

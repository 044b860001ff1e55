//! `POST /users` (`spec/admin-api.md` §5.5).

use axum::response::{IntoResponse, Response};
use hanko_credentials::PasswordHash;
use hanko_domain::{Timestamp, UserId};
use hanko_flow::admin::{self, view};
use utoipa::ToSchema;

use crate::http::{
    admin::{
        by::{By, Users},
        ids,
        input::Body,
    },
    error::{ApiError, Error as ErrorBody},
    input::{Bind, Fields},
    json::Json,
    openapi::admin::{USERS, user::User},
};

/// A user who is about to be made; at least an address or a username.
#[derive(ToSchema)]
pub(crate) struct NewUser {
    /// Random without one.
    #[schema(value_type = Option<Uuid>, required = false)]
    id: Option<UserId>,
    /// Exactly one of them is the main one.
    #[schema(value_type = Vec<NewEmail>, required = false)]
    emails: Vec<admin::NewEmail>,
    #[schema(required = false, example = "jane")]
    username: Option<String>,
    /// A password hashed elsewhere: argon2id, bcrypt or Firebase scrypt.
    #[schema(value_type = Option<String>, required = false)]
    password_hash: Option<PasswordHash>,
    /// When the account was made, if not now.
    #[schema(value_type = Option<String>, required = false, format = DateTime)]
    created_at: Option<Timestamp>,
}

/// An address of a user who is about to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct NewEmail {
    #[schema(example = "jane@acme.test")]
    address: String,
    #[schema(required = false)]
    is_primary: bool,
    #[schema(required = false)]
    is_verified: bool,
}

impl Bind for NewUser {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let id = fields.text("id").map(|text| ids::lenient(&text));
        if id == Some(None) {
            fields.complain("id must be a valid uuid");
        }
        let mut emails = Vec::new();
        if fields.repeats("emails", "address") {
            fields.complain("emails entries are not unique");
        } else {
            emails = fields.each("emails", |email| {
                let (is_primary, is_verified) = (email.flag("is_primary"), email.flag("is_verified"));
                Some(admin::NewEmail {
                    address: email.email("address")?,
                    is_primary: is_primary.unwrap_or(false),
                    is_verified: is_verified.unwrap_or(false),
                })
            });
        }
        Some(Self {
            id: id.flatten().filter(|id| !id.is_nil()).map(UserId),
            emails,
            username: fields.text("username"),
            password_hash: hash(fields, "password_hash"),
            created_at: fields.time("created_at"),
        })
    }
}

/// A hash made elsewhere, if there is one.
pub(super) fn hash(fields: &mut Fields, name: &str) -> Option<PasswordHash> {
    let imported = PasswordHash::import(&fields.text(name)?);
    imported.map_err(|error| fields.complain(&format!("{name}: {error}"))).ok()
}

/// Makes a user.
#[utoipa::path(
    post,
    path = "/users",
    tag = USERS,
    request_body = NewUser,
    responses(
        (status = 200, body = User),
        (status = 400, description = "A member is not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "at least one of [Emails, Username] must be set"})),
        (status = 409, description = "The id, an address or the username is taken.", body = ErrorBody,
            example = json!({"code": 409, "message": "failed to create email 'jane@acme.test' for user 'f2882293-f1d6-4a9d-91a2-b3b28f6a4c50': email already exists"})),
    ),
)]
pub(super) async fn create(by: By<Users>, Body(new): Body<NewUser>) -> Result<Response, ApiError> {
    let NewUser { id, emails, username, password_hash, created_at } = new;
    let account = by.admin().create_user(admin::NewUser { id, emails, username, created_at, password_hash }).await?;
    Ok(Json(view::user(&account, by.served.tenant.id())).into_response())
}

//! A user and what belongs to it as administrators see them (`spec/admin-api.md` §5.1–§5.3, §6, §9–§11). The flows' crate builds
//! the values; here are their schemas.
#![expect(dead_code, reason = "only the schemas are used")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::openapi::user::{Credential, Username};

/// A user. Of a list's users only credentials, addresses, username and names are told.
#[derive(ToSchema)]
pub(crate) struct User {
    /// The `sub` of its tokens.
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    id: Uuid,
    /// Passkeys and security keys; absent when there are none.
    #[schema(required = false)]
    webauthn_credentials: Vec<Credential>,
    /// Absent when there are none.
    #[schema(required = false)]
    emails: Vec<Email>,
    #[schema(required = false)]
    username: Username,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
    /// When it last signed in; absent before the first time.
    #[schema(required = false, format = DateTime, example = "2026-01-01T00:00:00Z")]
    last_login_at: String,
    #[schema(required = false)]
    password: Password,
    #[schema(required = false)]
    otp: Otp,
    #[schema(required = false)]
    metadata: Metadata,
    #[schema(required = false, example = "Jane Doe")]
    name: String,
    #[schema(required = false, example = "Jane")]
    given_name: String,
    #[schema(required = false, example = "Doe")]
    family_name: String,
    /// URL of a picture.
    #[schema(required = false, example = "https://acme.test/jane.png")]
    picture: String,
}

/// An address of a user.
#[derive(ToSchema)]
pub(crate) struct Email {
    #[schema(example = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11")]
    id: Uuid,
    #[schema(example = "jane@acme.test")]
    address: String,
    /// Its owner has proven it.
    is_verified: bool,
    /// It is the main one.
    is_primary: bool,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

/// That there is a password; never the password or its hash.
#[derive(ToSchema)]
pub(crate) struct Password {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

/// That there is an authenticator app; never its secret.
#[derive(ToSchema)]
pub(crate) struct Otp {
    id: Uuid,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
}

/// What applications keep about a user. A category without content is absent.
#[derive(ToSchema)]
pub(crate) struct Metadata {
    /// For everybody to read, for the back end to write.
    #[schema(required = false)]
    public_metadata: BTreeMap<String, Value>,
    /// For the back end alone.
    #[schema(required = false)]
    private_metadata: BTreeMap<String, Value>,
    /// For the user to write.
    #[schema(required = false)]
    unsafe_metadata: BTreeMap<String, Value>,
}

/// A session of a user.
#[derive(ToSchema)]
pub(crate) struct Session {
    id: Uuid,
    user_id: Uuid,
    user_agent: Option<String>,
    #[schema(example = "192.0.2.1")]
    ip_address: Option<String>,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
    #[schema(format = DateTime, example = "2026-01-01T12:00:00Z")]
    expires_at: Option<String>,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    last_used: String,
}

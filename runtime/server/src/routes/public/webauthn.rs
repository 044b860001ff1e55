//! Below `/webauthn` (`spec/sessions-and-public-rest.md` §13.8).

pub(super) mod credentials;
pub(super) mod login;
pub(super) mod registration;

use hanko_flow::rest;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A ceremony that ended well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// The credential's id, base64url.
    #[schema(example = "Y3JlZGVudGlhbC1pZA")]
    credential_id: String,
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
}

impl From<rest::Confirmed> for Confirmed {
    fn from(confirmed: rest::Confirmed) -> Self {
        Self { credential_id: confirmed.credential.to_string(), user_id: confirmed.user.0 }
    }
}

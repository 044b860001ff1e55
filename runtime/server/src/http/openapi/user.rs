//! A user as answers show it (`spec/flow-profile.md` §4). The flows build it; here are its schemas.
#![expect(dead_code, reason = "only the schemas are used")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// The signed-in user.
#[derive(ToSchema)]
pub(crate) struct User {
    /// The user's id, the `sub` of its tokens.
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    id: Uuid,
    /// The same again, for older clients.
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    /// Its passkeys, oldest first; absent when there are none or passkeys are off.
    #[schema(required = false)]
    passkeys: Vec<Credential>,
    /// Its security keys, oldest first; absent when there are none or security keys are off.
    #[schema(required = false)]
    security_keys: Vec<Credential>,
    mfa_config: MfaConfig,
    /// Its addresses, oldest first; absent when there are none.
    #[schema(required = false)]
    emails: Vec<EmailAddress>,
    #[schema(required = false)]
    username: Username,
    /// When the account was made.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    /// When the account last changed.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
    #[schema(required = false)]
    metadata: Metadata,
}

/// The signed-in user, in the form of earlier versions.
#[derive(ToSchema)]
pub(crate) struct DeprecatedUser {
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    id: Uuid,
    #[schema(example = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    user_id: Uuid,
    /// The main address.
    #[schema(required = false, example = "jane@acme.test")]
    email: String,
    #[schema(required = false, example = "jane")]
    username: String,
    /// Passkeys and security keys as rows; `null` when there are none.
    webauthn_credentials: Option<Vec<BTreeMap<String, Value>>>,
    #[schema(required = false)]
    passkeys: Vec<Credential>,
    #[schema(required = false)]
    security_keys: Vec<Credential>,
    mfa_config: MfaConfig,
    #[schema(required = false)]
    emails: Vec<EmailAddress>,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
    #[schema(required = false)]
    metadata: Metadata,
}

/// An address of a user.
#[derive(ToSchema)]
pub(crate) struct EmailAddress {
    #[schema(example = "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11")]
    id: Uuid,
    #[schema(example = "jane@acme.test")]
    address: String,
    /// Its owner has proven it.
    is_verified: bool,
    /// It is the main one.
    is_primary: bool,
}

/// A username.
#[derive(ToSchema)]
pub(crate) struct Username {
    id: Uuid,
    #[schema(example = "jane")]
    username: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

/// Second factors.
#[derive(ToSchema)]
pub(crate) struct MfaConfig {
    /// The user has an authenticator app.
    auth_app_set_up: bool,
    /// The project offers authenticator apps.
    totp_enabled: bool,
    /// The project offers security keys.
    security_keys_enabled: bool,
}

/// What the project keeps about the user and shows to it.
#[derive(ToSchema)]
pub(crate) struct Metadata {
    /// Written by administrators only.
    #[schema(required = false)]
    public_metadata: BTreeMap<String, Value>,
    /// Written by the user.
    #[schema(required = false)]
    unsafe_metadata: BTreeMap<String, Value>,
}

/// A passkey or a security key.
#[derive(ToSchema)]
pub(crate) struct Credential {
    /// The credential's id, base64url.
    #[schema(example = "Y3JlZGVudGlhbC1pZA")]
    id: String,
    #[schema(required = false, example = "iCloud Keychain")]
    name: String,
    /// COSE key, base64url.
    public_key: String,
    /// Format of the attestation statement.
    #[schema(example = "none")]
    attestation_type: String,
    /// Model of the authenticator; all zeros when unknown.
    aaguid: Uuid,
    #[schema(format = DateTime, required = false, example = "2026-01-01T00:00:00Z")]
    last_used_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(example = json!(["internal", "hybrid"]))]
    transports: Vec<String>,
    backup_eligible: bool,
    backup_state: bool,
    /// It is a security key: good next to another factor only.
    mfa_only: bool,
}

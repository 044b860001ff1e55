//! Accounts, and what their owners may do to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Accounts.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSpec {
    /// Whether strangers may register. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_signup: Option<bool>,
    /// Whether users may delete their account. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_deletion: Option<bool>,
    /// A fresh proof of who is there, before somebody changes how to get into the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_up: Option<StepUpSpec>,
}

/// Step-up: some actions of the profile ask for a fresh sign-in before they run.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepUpSpec {
    /// The actions below ask for a fresh sign-in. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Which actions. Default: those that change how somebody gets into the account: all but `email_verify`, `patch_metadata`,
    /// `session_delete`, `username_create`, `username_delete`, `username_update` and `webauthn_credential_rename`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "set"))]
    pub actions: Option<Vec<StepUpAction>>,
    /// How long ago the user may have signed in, as `5m`, `30s` to `24h`. Default: `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub max_age: Option<String>,
}

/// An action of the profile, by the name it has in the flow.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepUpAction {
    /// Delete the account.
    AccountDelete,
    /// Add an authenticator app.
    ContinueToOtpSecretCreation,
    /// Add an address.
    EmailCreate,
    /// Remove an address.
    EmailDelete,
    /// Make an address the primary one.
    EmailSetPrimary,
    /// Confirm an address.
    EmailVerify,
    /// Remove the authenticator app.
    OtpSecretDelete,
    /// Create a password.
    PasswordCreate,
    /// Remove the password.
    PasswordDelete,
    /// Change the password.
    PasswordUpdate,
    /// Change the user's own metadata.
    PatchMetadata,
    /// Add a security key.
    SecurityKeyCreate,
    /// Remove a security key.
    SecurityKeyDelete,
    /// End another session.
    SessionDelete,
    /// Add a username.
    UsernameCreate,
    /// Remove the username.
    UsernameDelete,
    /// Change the username.
    UsernameUpdate,
    /// Add a passkey.
    WebauthnCredentialCreate,
    /// Remove a passkey.
    WebauthnCredentialDelete,
    /// Rename a passkey or a security key.
    WebauthnCredentialRename,
}

impl StepUpAction {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::AccountDelete,
        Self::ContinueToOtpSecretCreation,
        Self::EmailCreate,
        Self::EmailDelete,
        Self::EmailSetPrimary,
        Self::EmailVerify,
        Self::OtpSecretDelete,
        Self::PasswordCreate,
        Self::PasswordDelete,
        Self::PasswordUpdate,
        Self::PatchMetadata,
        Self::SecurityKeyCreate,
        Self::SecurityKeyDelete,
        Self::SessionDelete,
        Self::UsernameCreate,
        Self::UsernameDelete,
        Self::UsernameUpdate,
        Self::WebauthnCredentialCreate,
        Self::WebauthnCredentialDelete,
        Self::WebauthnCredentialRename,
    ];

    /// Its name in the flow and in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountDelete => "account_delete",
            Self::ContinueToOtpSecretCreation => "continue_to_otp_secret_creation",
            Self::EmailCreate => "email_create",
            Self::EmailDelete => "email_delete",
            Self::EmailSetPrimary => "email_set_primary",
            Self::EmailVerify => "email_verify",
            Self::OtpSecretDelete => "otp_secret_delete",
            Self::PasswordCreate => "password_create",
            Self::PasswordDelete => "password_delete",
            Self::PasswordUpdate => "password_update",
            Self::PatchMetadata => "patch_metadata",
            Self::SecurityKeyCreate => "security_key_create",
            Self::SecurityKeyDelete => "security_key_delete",
            Self::SessionDelete => "session_delete",
            Self::UsernameCreate => "username_create",
            Self::UsernameDelete => "username_delete",
            Self::UsernameUpdate => "username_update",
            Self::WebauthnCredentialCreate => "webauthn_credential_create",
            Self::WebauthnCredentialDelete => "webauthn_credential_delete",
            Self::WebauthnCredentialRename => "webauthn_credential_rename",
        }
    }
}

//! Behaviour of a tenant. Sections and names are upstream's.

mod account;
mod audit_log;
mod identifiers;
mod limits;
mod metadata;
mod mfa;
mod notifications;
mod session;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use account::*;
pub use audit_log::*;
pub use identifiers::*;
pub use limits::*;
pub use metadata::*;
pub use mfa::*;
pub use notifications::*;
pub use session::*;

/// Behaviour of the tenant, upstream's names.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsSpec {
    /// Accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountSpec>,
    /// E-mail addresses and passcodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSpec>,
    /// Usernames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<UsernameSpec>,
    /// Passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordSpec>,
    /// Passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeySpec>,
    /// Second factors and trusted devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<MfaSpec>,
    /// Sessions, their tokens and cookies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSpec>,
    /// The service as users see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
    /// What strangers may learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacySpec>,
    /// The relying party of passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<WebauthnSpec>,
    /// Limits that protect accounts, mailboxes and the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limiter: Option<RateLimiterSpec>,
    /// Mails about what happened to an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_notifications: Option<SecurityNotificationsSpec>,
    /// The deprecated endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_api: Option<LegacyApiSpec>,
    /// Audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_log: Option<AuditLogSpec>,
    /// Metadata of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<MetadataSpec>,
}

/// When a credential is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Acquire {
    /// Always.
    Always,
    /// When the user has no other one.
    Conditional,
    /// Never.
    Never,
}

/// Passwords.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSpec {
    /// Passwords sign a user in, and may be created. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether creation may be skipped. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Whether registration asks for one. Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<Acquire>,
    /// Whether login asks those who have none for one. Default: `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<Acquire>,
    /// Offers recovery by passcode. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<bool>,
    /// A recovered password ends all sessions and forgets the trusted devices of its user. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_ends_sessions: Option<bool>,
    /// Shortest accepted password, in characters, 1 to 72. Default: 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 72))]
    pub min_length: Option<u32>,
}

/// Passkeys.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeySpec {
    /// Passkeys sign a user in, and may be created. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether creation may be skipped. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Whether registration asks for one. Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<Acquire>,
    /// Whether login asks those who have none for one. Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<Acquire>,
    /// How much is asked of the authenticator's origin. Default: `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation_preference: Option<AttestationPreference>,
    /// Whether the authenticator verifies its user. Default: `preferred`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<UserVerification>,
    /// Passkeys per user, 1 to 100; the profile offers no more. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
}

/// How much the relying party wants to know of the authenticator (WebAuthn L3 §5.4.7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AttestationPreference {
    /// The authenticator's own statement.
    Direct,
    /// Possibly anonymised.
    Indirect,
    /// None.
    None,
}

/// Whether the authenticator verifies its user (WebAuthn L3 §5.8.6).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UserVerification {
    /// Must.
    Required,
    /// Should.
    Preferred,
    /// Should not.
    Discouraged,
}

/// The service as users see it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// Name in mails and authenticator dialogs. Default: the project's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub name: Option<String>,
}

/// What strangers may learn.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivacySpec {
    /// Says whether an address has an account. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_account_existence_hints: Option<bool>,
    /// Offers only the methods the user has. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_show_actual_login_methods: Option<bool>,
}

/// The relying party of passkeys. Its origins are `spec.origins` and the public URL.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnSpec {
    /// The relying party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relying_party: Option<RelyingPartySpec>,
    /// Ceremony timeouts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsSpec>,
    /// Origins of foreign pages that may show the login in a frame and use passkeys there, as `https://shop.example`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 300)), extend("x-kubernetes-list-type" = "set"))]
    pub top_origins: Vec<String>,
}

/// The relying party.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelyingPartySpec {
    /// The RP ID: the public URL's host or a domain above it. Passkeys and security keys work under the one they were made for and no
    /// other. Default: the longest domain that all hosts and origins share and that is not a public suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub id: Option<String>,
    /// Name that authenticators show. Default: the service name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub display_name: Option<String>,
}

/// Ceremony timeouts.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeoutsSpec {
    /// Time to create a passkey, in milliseconds, 10000 to 3600000. Default: 600000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10000, max = 3600000))]
    pub registration: Option<u32>,
    /// Time to sign in with one, in milliseconds, 10000 to 3600000. Default: 600000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10000, max = 3600000))]
    pub login: Option<u32>,
}

/// The deprecated endpoints: those of Hanko 2 beside the flows, such as `/passcode/login/initialize`, `/users` and `/emails`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LegacyApiSpec {
    /// They are served, each where its way to sign in is on. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

//! Behaviour of a tenant.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::{
    host::is_within,
    spec::{
        Acquire, AttestationPreference, AuditOutput, AuthenticatorAttachment, DeviceTrustPolicy, PasscodeCharset,
        Retention, SameSite, SecretKeyRef, StepUpAction, UserVerification,
    },
};

/// Behaviour of the tenant, all defaults applied.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// `account.allow_signup`.
    pub allow_signup: bool,
    /// `account.allow_deletion`.
    pub allow_deletion: bool,
    /// `account.stepUp`, ours.
    pub step_up: StepUp,
    /// `email.*`.
    pub email: Email,
    /// `username.*`.
    pub username: Username,
    /// `password.*`.
    pub password: Password,
    /// `passkey.*`.
    pub passkey: Passkey,
    /// `mfa.*`.
    pub mfa: Mfa,
    /// `session.*`.
    pub session: Session,
    /// `service.name`.
    pub service_name: String,
    /// `privacy.*`.
    pub privacy: Privacy,
    /// `webauthn.*`.
    pub webauthn: Webauthn,
    /// `rate_limiter.*`.
    pub rate_limiter: RateLimiter,
    /// `security_notifications.*`.
    pub security_notifications: SecurityNotifications,
    /// `legacyApi.enabled`, ours: the deprecated endpoints are served.
    pub legacy_api: bool,
    /// `audit_log.mask`.
    pub audit_mask: bool,
    /// `audit_log.console_output`; `None`: rows stand in the database only.
    pub audit_console: Option<AuditOutput>,
    /// `audit_log.retention`: how long rows are kept.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub audit_retention: Duration,
    /// `metadata.schemas`, ours.
    pub metadata_schemas: MetadataSchemas,
}

/// A JSON schema for each category of metadata, always an object; `None`: any object will do.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataSchemas {
    /// Of what users read and the Admin API writes.
    pub public: Option<Value>,
    /// Of what only the Admin API reads and writes.
    pub private: Option<Value>,
    /// Of what users read and write.
    #[serde(rename = "unsafe")]
    pub unsafe_: Option<Value>,
}

/// Which actions of the profile ask for a fresh sign-in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepUp {
    /// On.
    pub enabled: bool,
    /// At least one when enabled, else none.
    pub actions: BTreeSet<StepUpAction>,
    /// Age from which a sign-in is no longer fresh.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub max_age: Duration,
}

/// E-mail addresses and passcodes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// Accounts have addresses; when not, everything below but the lengths and the passcode is false.
    pub enabled: bool,
    /// An account may do without one.
    pub optional: bool,
    /// Registration asks for one.
    pub acquire_on_registration: bool,
    /// Login asks those who have none.
    pub acquire_on_login: bool,
    /// An address names the account at login.
    pub use_as_login_identifier: bool,
    /// New addresses are confirmed by a passcode.
    pub require_verification: bool,
    /// Passcodes sign a user in.
    pub use_for_authentication: bool,
    /// Addresses per user.
    pub limit: u32,
    /// In characters.
    pub max_length: u32,
    /// Lifetime of a passcode.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub passcode_ttl: Duration,
    /// Characters of a passcode.
    pub passcode_charset: PasscodeCharset,
}

/// Usernames.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Username {
    /// Accounts have usernames; when not, nothing acquires one and none signs in.
    pub enabled: bool,
    /// An account may do without one.
    pub optional: bool,
    /// Registration asks for one.
    pub acquire_on_registration: bool,
    /// Login asks those who have none.
    pub acquire_on_login: bool,
    /// A username names the account at login.
    pub use_as_login_identifier: bool,
    /// In characters.
    pub min_length: u32,
    /// In characters.
    pub max_length: u32,
}

/// Passwords.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// On.
    pub enabled: bool,
    /// Creation may be skipped.
    pub optional: bool,
    /// `never` when not enabled.
    pub acquire_on_registration: Acquire,
    /// `never` when not enabled.
    pub acquire_on_login: Acquire,
    /// Recovery by passcode.
    pub recovery: bool,
    /// A recovered password ends all sessions of its user and forgets the trusted devices.
    pub recovery_ends_sessions: bool,
    /// In characters.
    pub min_length: u32,
}

/// Passkeys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// On.
    pub enabled: bool,
    /// Creation may be skipped.
    pub optional: bool,
    /// `never` when not enabled.
    pub acquire_on_registration: Acquire,
    /// `never` when not enabled.
    pub acquire_on_login: Acquire,
    /// Attestation asked for.
    pub attestation_preference: AttestationPreference,
    /// User verification asked for.
    pub user_verification: UserVerification,
    /// Passkeys per user.
    pub limit: u32,
}

/// Second factors.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mfa {
    /// On; when not, none is acquired, asked for or remembered.
    pub enabled: bool,
    /// Creation may be skipped.
    pub optional: bool,
    /// Registration offers creation.
    pub acquire_on_registration: bool,
    /// Login offers creation to those who have none.
    pub acquire_on_login: bool,
    /// Codes of authenticator apps; as written, even when not `enabled`.
    pub totp_enabled: bool,
    /// Security keys.
    pub security_keys: SecurityKeys,
    /// Trusted devices.
    pub device_trust: DeviceTrust,
}

/// Security keys as second factor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityKeys {
    /// On; as written, even when `mfa` is not.
    pub enabled: bool,
    /// User verification asked for.
    pub user_verification: UserVerification,
    /// Authenticators asked for.
    pub authenticator_attachment: AuthenticatorAttachment,
    /// Attestation asked for.
    pub attestation_preference: AttestationPreference,
    /// Security keys per user.
    pub limit: u32,
}

/// Trusted devices.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTrust {
    /// Whether a device becomes one.
    pub policy: DeviceTrustPolicy,
    /// How long it stays one.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub duration: Duration,
    /// Name of its cookie, another one than the session's.
    pub cookie_name: String,
    /// Accounts remembered by one device.
    pub max_users_per_device: u32,
}

/// Sessions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Lifetime of a token.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub lifespan: Duration,
    /// `Some`: tokens are renewed in the second half of their life, up to this age of the session.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub renewed_until: Option<Duration>,
    /// Inactivity that ends a session.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub idle_timeout: Option<Duration>,
    /// Concurrent sessions per user.
    pub limit: u32,
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`, at least one.
    pub audience: Vec<String>,
    /// Store the client's address.
    pub acquire_ip_address: bool,
    /// Store the user agent.
    pub acquire_user_agent: bool,
    /// `X-Auth-Token` instead of a cookie.
    pub enable_auth_token_header: bool,
    /// Users may end their other sessions in the profile.
    pub allow_revocation: bool,
    /// The profile lists the sessions.
    pub show_on_profile: bool,
    /// Claims of the tenant's own, by name: none that the server sets itself. Each text in a value is a template.
    pub jwt_template: BTreeMap<String, Value>,
    /// The cookie.
    pub cookie: Cookie,
}

/// The session cookie.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// `None`: host-only.
    pub domain: Option<String>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Secure`: the public URL is https.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: SameSite,
    /// Whether it outlives the browser.
    pub retention: Retention,
}

/// What strangers may learn.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Privacy {
    /// Says whether an address has an account.
    pub show_account_existence_hints: bool,
    /// Offers only the methods the user has.
    pub only_show_actual_login_methods: bool,
}

/// The relying party.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Webauthn {
    /// RP ID.
    pub relying_party_id: String,
    /// The author has accepted that credentials of the RP ID before stop working.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub acknowledged: bool,
    /// RP name.
    pub relying_party_name: String,
    /// Accepted origins of client data.
    pub origins: Vec<String>,
    /// Origins of pages that may frame a ceremony.
    pub top_origins: Vec<String>,
    /// Registration timeout.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub registration_timeout: Duration,
    /// Login timeout.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub login_timeout: Duration,
}

impl Webauthn {
    /// The https origins whose host neither is the RP ID nor lies below it: their pages may use its passkeys only where the RP ID's
    /// own host says so (WebAuthn L3 §5.11).
    pub fn related_origins(&self) -> Vec<String> {
        let is_related = |origin: &&String| {
            Url::parse(origin).is_ok_and(|url| {
                url.scheme() == "https" && url.host_str().is_some_and(|host| !is_within(host, &self.relying_party_id))
            })
        };
        self.origins.iter().filter(is_related).cloned().collect()
    }
}

/// Limits that protect accounts, mailboxes and the service; `None`: off.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiter {
    /// Password attempts per account and client address.
    pub password: Option<Limit>,
    /// Passcode mails per recipient and client address.
    pub passcode: Option<Limit>,
    /// Attempts with codes of authenticator apps per account and client address.
    pub otp: Option<Limit>,
    /// Exchanges of one-time tokens per client address.
    pub token: Option<Limit>,
    /// Attempts per account whatever the client address; one window for passwords, one for codes of authenticator apps.
    pub account: Option<Limit>,
    /// Mails per recipient whatever the client address.
    pub recipient: Option<Limit>,
    /// Mails per client address whatever the recipient.
    pub mail_client: Option<Limit>,
    /// Requests to the public API that may change something, per client address.
    pub flood: Option<Limit>,
    /// Where the URL of the server stands that counts `flood` for all processes; `None`: each counts for itself.
    pub redis: Option<SecretKeyRef>,
}

/// So many in a fixed window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// Tokens per window.
    pub tokens: u32,
    /// Length of the window.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub interval: Duration,
}

/// Which mails tell the owner of an account what happened to it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityNotifications {
    /// The password was reset with a passcode.
    pub password_recovery: bool,
    /// Somebody signed in.
    pub new_session: bool,
    /// Too many wrong passwords.
    pub password_limit: bool,
    /// The password was changed in the profile.
    pub password_update: bool,
    /// Another address became the primary one.
    pub primary_email_update: bool,
    /// An address was added.
    pub email_create: bool,
    /// An address was removed.
    pub email_delete: bool,
    /// A passkey was added.
    pub passkey_create: bool,
    /// An authenticator app or a security key was added.
    pub mfa_create: bool,
    /// An authenticator app or a security key was removed.
    pub mfa_delete: bool,
}

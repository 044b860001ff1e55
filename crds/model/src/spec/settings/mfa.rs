//! Second factors and trusted devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{AttestationPreference, UserVerification};

/// Second factors. They are asked for after a password or a passcode; a passkey is both factors.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MfaSpec {
    /// Second factors are offered, and asked of those who have one. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Creation of a second factor may be skipped. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Login offers creation to those who have none. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<bool>,
    /// Registration offers creation. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<bool>,
    /// Codes of authenticator apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<TotpSpec>,
    /// Security keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_keys: Option<SecurityKeysSpec>,
    /// Whether a device that has passed the second factor is spared it the next time. Default: `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_trust_policy: Option<DeviceTrustPolicy>,
    /// How long a device is trusted, as `720h`, at least one second. Default: `720h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub device_trust_duration: Option<String>,
    /// Name of the cookie of a trusted device. Default: `hanko-device-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub device_trust_cookie_name: Option<String>,
    /// Accounts that one device can be trusted for, 1 to 100; the oldest go. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub device_trust_max_users_per_device: Option<u32>,
}

/// Time-based one-time passwords (RFC 6238).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotpSpec {
    /// Codes of authenticator apps are a second factor. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Security keys as second factor.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityKeysSpec {
    /// Security keys are a second factor. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the key verifies its user. Default: `discouraged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<UserVerification>,
    /// Which authenticators may become one. Default: `crossPlatform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator_attachment: Option<AuthenticatorAttachment>,
    /// How much is asked of the key's origin. Default: `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation_preference: Option<AttestationPreference>,
    /// Security keys per user, 1 to 100; the profile offers no more. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
}

/// Which authenticators may become a security key (WebAuthn L3 §5.4.5).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticatorAttachment {
    /// Those built into the device.
    Platform,
    /// Those that move between devices.
    CrossPlatform,
    /// All of them.
    NoPreference,
}

/// Whether a device becomes a trusted one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeviceTrustPolicy {
    /// Yes, without asking.
    Always,
    /// The user is asked.
    Prompt,
    /// No, and what was trusted before is not believed.
    Never,
}

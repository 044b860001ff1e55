//! How often something may be tried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::SecretKeyRef;

/// Limits that protect accounts.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiterSpec {
    /// Limits hold; `false` turns all of them off. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Password attempts per account and address. Default: 5 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_limits: Option<LimitSpec>,
    /// Passcode mails per recipient and address. Default: 3 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode_limits: Option<LimitSpec>,
    /// Attempts with a code of an authenticator app, per account and address. Default: 3 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otp_limits: Option<LimitSpec>,
    /// Exchanges of one-time tokens for a session, from one address. Default: 3 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_limits: Option<LimitSpec>,
    /// Attempts per account whatever the address, counted apart for passwords and for codes of authenticator apps.
    /// Reached, passkeys and recovery still work. Default: 30 in `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_limits: Option<LimitSpec>,
    /// Mails to one recipient whatever the address they are asked for from. Default: 20 in `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_limits: Option<LimitSpec>,
    /// Mails asked for from one address whatever the recipient. Default: 100 in `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_client_limits: Option<LimitSpec>,
    /// Requests to the public API that may change something, from one address. Default: 1200 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flood_limits: Option<LimitSpec>,
    /// A Valkey or Redis server in which all pods count `floodLimits` together. Default: each pod counts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisSpec>,
}

/// A Valkey or Redis server.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisSpec {
    /// Where its URL stands (`redis://user:password@host:6379/0`, or `rediss://` for TLS).
    pub url_ref: SecretKeyRef,
}

/// So many in a fixed window.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitSpec {
    /// At least 1.
    #[schemars(range(min = 1, max = 1000000))]
    pub tokens: u32,
    /// Length of the window, as `1m`, at least one second.
    #[schemars(length(max = 32))]
    pub interval: String,
}

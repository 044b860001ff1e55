//! What names an account: e-mail addresses and usernames.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// E-mail addresses and passcodes.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailSpec {
    /// Accounts have e-mail addresses. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// An account may do without an address. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Registration asks for an address. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<bool>,
    /// Login asks those who have none for an address. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<bool>,
    /// An address names the account at login. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_as_login_identifier: Option<bool>,
    /// New addresses are confirmed by a passcode. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_verification: Option<bool>,
    /// Passcodes by mail sign a user in. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_for_authentication: Option<bool>,
    /// Addresses per user, 1 to 100; the profile takes no more. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// Longest accepted address, in characters, 3 to 254. Default: 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3, max = 254))]
    pub max_length: Option<u32>,
    /// Lifetime of a passcode in seconds, 30 to 86400. Default: 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 30, max = 86400))]
    pub passcode_ttl: Option<u32>,
    /// Characters of a passcode. Default: `numeric`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode_charset: Option<PasscodeCharset>,
}

/// Characters of a passcode.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PasscodeCharset {
    /// Six digits.
    #[default]
    Numeric,
    /// Six letters and digits without look-alikes, case-sensitive.
    Alphanumeric,
}

/// Usernames: letters without accents, digits and `_`, compared without regard to case.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsernameSpec {
    /// Accounts have usernames. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// An account may do without a username. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Registration asks for a username. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<bool>,
    /// Login asks those who have none for a username. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<bool>,
    /// A username names the account at login. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_as_login_identifier: Option<bool>,
    /// Shortest accepted username, in characters, 1 to 128. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 128))]
    pub min_length: Option<u32>,
    /// Longest accepted username, in characters, 1 to 128. Default: 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 128))]
    pub max_length: Option<u32>,
}

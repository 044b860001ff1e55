//! Who may call the Admin API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::SecretKeyRef;

/// The Admin API, on its own port. Beside the keys named here it knows those made by itself and by the command line.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminApiSpec {
    /// Whether a call needs a key. Default: `Required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// The key that is made for the project, with every right, in the Secret `<project>-admin-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_key: Option<GeneratedKeySpec>,
    /// Keys of your own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub keys: Vec<AdminKeySpec>,
}

/// Whether a call of the Admin API needs a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Authentication {
    /// It does.
    Required,
    /// It does not: whoever reaches the admin port may do everything. No key is generated.
    Disabled,
}

/// The key that is made for the project.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GeneratedKeySpec {
    /// It is made. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How long the key before stays good after a rotation, as `24h`; `0` ends it at once. Default: `24h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub overlap: Option<String>,
}

/// A key of your own.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminKeySpec {
    /// Name in the audit log: lower-case letters, digits and dashes; not `generated`.
    #[schemars(length(max = 63))]
    pub name: String,
    /// What it may do. Default: `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "set"))]
    pub scopes: Option<Vec<ApiScopeSpec>>,
    /// Where the key stands: 32 to 256 printable ASCII characters without blanks.
    pub key_ref: SecretKeyRef,
    /// When it ends, as `2027-01-31T00:00:00Z` (RFC 3339). Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub expires_at: Option<String>,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ApiScopeSpec {
    /// Everything that changes nothing.
    Read,
    /// Users and whatever belongs to them.
    Users,
    /// The audit log.
    Audit,
    /// Receivers of events and their deliveries.
    Webhooks,
    /// Everything, keys included.
    All,
}

impl ApiScopeSpec {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Users, Self::Audit, Self::Webhooks, Self::All];

    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Users => "users",
            Self::Audit => "audit",
            Self::Webhooks => "webhooks",
            Self::All => "all",
        }
    }
}

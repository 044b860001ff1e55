//! What users' metadata may look like.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Metadata of users.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataSpec {
    /// What it may look like. Default: like any JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemas: Option<MetadataSchemasSpec>,
}

/// A JSON schema (2020-12) for each category, 16 KiB at most. Whoever writes metadata is held to it, users and the Admin API alike.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataSchemasSpec {
    /// Of what users read and the Admin API writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"x-kubernetes-preserve-unknown-fields": true}))]
    pub public: Option<Map<String, Value>>,
    /// Of what only the Admin API reads and writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"x-kubernetes-preserve-unknown-fields": true}))]
    pub private: Option<Map<String, Value>>,
    /// Of what users read and write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"x-kubernetes-preserve-unknown-fields": true}))]
    pub r#unsafe: Option<Map<String, Value>>,
}

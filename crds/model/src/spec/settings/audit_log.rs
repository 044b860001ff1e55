//! The audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The audit log.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogSpec {
    /// Mask addresses in audit rows. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
    /// Every row is written as a line of JSON too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_output: Option<ConsoleOutputSpec>,
    /// How long rows are kept, as `720h`, at least `1h`. Default: `720h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub retention: Option<String>,
}

/// The audit log on the console.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleOutputSpec {
    /// It is written. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Where. Default: `stdout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<AuditOutput>,
}

/// Where the audit log is written beside the database.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AuditOutput {
    /// Standard output.
    Stdout,
    /// Standard error, where the log goes.
    Stderr,
}

//! Who may call the Admin API.

use std::time::Duration;

use serde::Serialize;

use crate::spec::{ApiScopeSpec, SecretKeyRef};

/// The Admin API.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminApi {
    /// A call needs a key; when not, whoever reaches the port may do everything.
    pub authentication_required: bool,
    /// The author's keys, each with a name and a value's place of its own.
    pub keys: Vec<AdminKey>,
    /// The key that is made for the project; `None`: none is.
    pub generated: Option<GeneratedKey>,
}

/// A key of the author's.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminKey {
    /// 1 to 63 lower-case letters, digits and dashes; never [`GENERATED_KEY_NAME`].
    pub name: String,
    /// At least one.
    pub scopes: Vec<ApiScopeSpec>,
    /// Where it stands.
    pub key_ref: SecretKeyRef,
    /// When it ends, in Unix seconds.
    pub expires_at: Option<i64>,
}

/// The key that is made for the project. It may do everything.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GeneratedKey {
    /// Name of its Secret, which is read as a whole: [`GENERATED_KEY`] and perhaps [`GENERATED_KEY_PREVIOUS`].
    pub secret: String,
    /// How long the key before stays good after a rotation.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub overlap: Duration,
}

/// Name of the generated key in audit rows.
pub const GENERATED_KEY_NAME: &str = "generated";
/// Entry of the generated key's Secret: the key.
pub const GENERATED_KEY: &str = "key";
/// Entry of the generated key's Secret: the key before the last rotation, while it is still good.
pub const GENERATED_KEY_PREVIOUS: &str = "previous";
